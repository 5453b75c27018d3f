"""Forecast: level, trend and error, and the demand of an interval when demand and lead time both vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.core.forecast.interval import expected_demand, interval_demand, interval_spread
from skuwise.core.plan import plan
from tests.builders import Item, inputs_of, plain_rules, row

FLAT_YEAR = np.ones((1, 52))
FLAT_WEEK = np.ones((1, 7))
NOT_LEARNED = np.ones((1, 1))
#: Launched long ago: no ramp bears on what is to come.
OLD = (np.array([-1e6]), np.ones((1, 13), np.float32))


def of(sales: list[int], **terms: Any) -> dict[str, Any]:
    return row(plan(inputs_of([Item("A", sales, **terms)]), plain_rules()), "A")


def spread(
    *, level: float, error_sd: float, lead_weeks: float, lead_sd_weeks: float, season: float = 1.0
) -> tuple[float, float]:
    """Deviation of demand over lead time and over lead time + one week; the level is per week."""
    mean = level * season
    columns = [level, error_sd, mean * lead_weeks, mean * (lead_weeks + 1), mean / 7]
    columns += [lead_weeks * 7, lead_sd_weeks * 7, (lead_weeks + 1) * 7]
    lead, protection = interval_spread(*(np.array([value]) for value in columns), 7)
    return float(lead[0]), float(protection[0])


# --- Silver, Pyke & Thomas; Snyder & Shen: Var = E[L] σ² + μ² Var[L]


def test_lead_time_demand_varies_with_demand_alone_where_the_lead_time_is_fixed() -> None:
    lead, protection = spread(level=100, error_sd=30, lead_weeks=4, lead_sd_weeks=0)
    assert lead == pytest.approx(2 * 30)
    assert protection == pytest.approx(np.sqrt(5) * 30)


def test_lead_time_demand_varies_with_the_lead_time_alone_where_demand_is_near_poisson() -> None:
    # √(E[L] σ² + μ² Var[L]) with μ = 50, σ² = 50, E[L] = 4, sd[L] = 2: √(200 + 10,000)
    assert spread(level=50, error_sd=np.sqrt(50), lead_weeks=4, lead_sd_weeks=2)[0] == pytest.approx(np.sqrt(10_200))


def test_both_sources_of_variation_add_as_variances() -> None:
    lead, _ = spread(level=100, error_sd=20, lead_weeks=4, lead_sd_weeks=1)
    assert lead == pytest.approx(np.sqrt(4 * 20**2 + 100**2 * 1**2))  # 107.7


def test_demand_never_varies_less_than_a_poisson_count() -> None:
    assert spread(level=9, error_sd=0, lead_weeks=4, lead_sd_weeks=0)[0] == pytest.approx(np.sqrt(36))


def test_the_error_grows_with_the_season() -> None:
    high, _ = spread(level=100, error_sd=40, lead_weeks=4, lead_sd_weeks=0, season=2)
    assert high == pytest.approx(2 * 2 * 40)


# --- means


def test_expected_demand_is_level_times_season() -> None:
    season = np.ones((1, 52))
    season[0, :26], season[0, 26:] = 1.5, 0.5
    first_of_january = 20_454.4  # 56 years of 365.2425 days after 1970-01-01
    mean = expected_demand(
        np.array([10.0]), np.zeros(1), season, FLAT_WEEK, NOT_LEARNED, np.ones(1), *OLD, int(first_of_january), 7, 52
    )
    assert mean[0, :25].tolist() == [15.0] * 25
    assert mean[0, 27:51].tolist() == [5.0] * 24


def test_a_trend_is_damped_by_nine_tenths_a_period() -> None:
    # Gardner & McKenzie (1985): level + (φ + φ² + …) × trend; 10 × 0.9 / 0.1 = 90 at last.
    mean = expected_demand(
        np.array([100.0]), np.array([10.0]), FLAT_YEAR, FLAT_WEEK, NOT_LEARNED, np.ones(1), *OLD, 20_000, 7, 156
    )[0]
    assert mean[:3] == pytest.approx([109, 117.1, 124.39])
    assert mean[-1] == pytest.approx(190, abs=0.01)


@pytest.mark.parametrize(("trend", "end"), [(-20.0, 5.0), (20.0, 20.0)])
def test_no_trend_leads_beyond_half_or_twice_the_level(trend: float, end: float) -> None:
    mean = expected_demand(
        np.array([10.0]), np.array([trend]), FLAT_YEAR, FLAT_WEEK, NOT_LEARNED, np.ones(1), *OLD, 20_000, 7, 26
    )
    assert mean.tolist() == [[end] * 26]


def test_interval_demand_takes_part_of_a_period_for_part_of_a_week() -> None:
    days = np.array([10.0]), np.array([17.0])
    lead, protection, review, daily = interval_demand(
        np.array([7.0]), np.zeros(1), FLAT_YEAR, FLAT_WEEK, NOT_LEARNED, np.ones(1), *OLD, *days, 20_000, 7
    )
    assert (lead[0], protection[0], review[0], daily[0]) == pytest.approx((10, 17, 7, 1))


def test_an_order_that_arrives_at_once_has_no_lead_time_demand() -> None:
    days = np.array([0.0]), np.array([7.0])
    lead, protection, review, _ = interval_demand(
        np.array([7.0]), np.zeros(1), FLAT_YEAR, FLAT_WEEK, NOT_LEARNED, np.ones(1), *OLD, *days, 20_000, 7
    )
    assert (lead[0], protection[0], review[0]) == pytest.approx((0, 7, 7))


# --- level and error


def test_constant_demand_is_forecast_as_it_is() -> None:
    found = of([12] * 60)
    assert found["forecast_model"] == "blended smoothing"
    assert found["level_units_per_period"] == pytest.approx(12)
    assert found["mean_units"].tolist() == pytest.approx([12] * 26)


def test_the_level_is_the_mean_where_demand_is_steady() -> None:
    sales = np.random.default_rng(2).poisson(30, 104)
    found = of(sales.tolist())
    assert found["level_units_per_period"] == pytest.approx(30, rel=0.08)
    # Independent Poisson weeks: the deviation is √30, and more for a level that follows each week a little.
    assert np.sqrt(30) <= found["error_sd_units_per_period"] <= 1.3 * np.sqrt(30)


def test_the_level_follows_a_shift() -> None:
    found = of([20] * 60 + [60] * 20)
    assert found["forecast_model"] in ("quick smoothing", "damped trend")
    assert found["level_units_per_period"] == pytest.approx(60, rel=0.1)


def test_a_line_that_rises_is_forecast_to_rise() -> None:
    found = of(list(range(10, 70)))
    assert found["forecast_model"] == "damped trend"
    assert found["mean_units"][0] > 66
    assert found["mean_units"][3] > found["mean_units"][0]


def test_intermittent_demand_is_forecast_by_its_rate() -> None:
    sales = (np.random.default_rng(8).random(156) < 0.2).astype(int) * 5
    assert of(sales.tolist())["level_units_per_period"] == pytest.approx(sales.mean(), rel=0.3)


def test_an_item_without_history_is_forecast_at_nothing_and_says_so() -> None:
    found = of([0] * 20)
    assert found["forecast_model"] == "no history"
    assert found["level_units_per_period"] == 0
    assert found["mean_units"].sum() == 0


def test_a_short_history_leaves_more_room_for_error() -> None:
    known, young = of([9, 11] * 40), of([9, 11])
    assert young["error_sd_units_per_period"] > known["error_sd_units_per_period"]


def test_errors_that_persist_widen_the_interval_more_than_errors_that_do_not() -> None:
    # The same weeks in another order: a slow wave misses the sum of a month, an alternation cancels in it.
    alternating = [40, 60] * 40
    wave = ([40] * 10 + [60] * 10) * 4
    by_order = [of(sales, lead_days=28)["protection_sd_units"] for sales in (alternating, wave)]
    assert by_order[1] > 1.5 * by_order[0]
