"""Calibration and what it rests on: past sums, the mix of levels, and the season of one year and a part of another."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.behaviour.season_profile import borrowed_season
from skuwise.core.demand.history import demand_from_sales
from skuwise.core.forecast.calibration import calibrated_error, spread_factor
from skuwise.core.forecast.level import BLEND, SHIFTING
from skuwise.core.plan import plan
from tests.builders import Item, inputs_of, plain_rules, row

ITEMS = 600
SMOOTH, LUMPY = 1, 4


def factors(
    true_factor: float, pattern: np.ndarray | None = None, model: int = BLEND, items: int = ITEMS
) -> np.ndarray:
    """Factors of items whose sums deviate from the forecast ``true_factor`` times as much as their errors say."""
    rng = np.random.default_rng(5)
    mean = rng.uniform(20, 200, (items, 3))
    sd = 0.3 * mean
    spread = true_factor * sd
    units = rng.gamma((mean / spread) ** 2, spread**2 / mean)
    columns = [column.astype(np.float32) for column in (units, mean, sd)]
    code = np.full(items, SMOOTH, np.int16) if pattern is None else pattern
    return spread_factor(*columns, code, np.full(items, model, np.int16), np.arange(items).astype(np.uint64))


def test_a_spread_that_was_right_is_hardly_widened() -> None:
    assert np.unique(factors(1.0)).tolist() == pytest.approx([1.0], abs=0.11)


@pytest.mark.parametrize("truth", [1.3, 1.6, 2.0])
def test_a_spread_that_was_too_narrow_is_widened_by_as_much(truth: float) -> None:
    assert np.unique(factors(truth)).tolist() == pytest.approx([truth], abs=0.21)


def test_a_spread_is_never_narrowed() -> None:
    assert (factors(0.5) == 1).all()


def test_each_pattern_has_its_own_factor_and_the_models_are_compared_apart() -> None:
    pattern = np.where(np.arange(ITEMS) < ITEMS // 2, SMOOTH, LUMPY).astype(np.int16)
    rng = np.random.default_rng(1)
    mean = np.full((ITEMS, 3), 100.0)
    spread = np.where(pattern == LUMPY, 60.0, 30.0)[:, None]
    units = rng.gamma((mean / spread) ** 2, spread**2 / mean)
    columns = [column.astype(np.float32) for column in (units, mean, np.full_like(mean, 30))]
    key = np.arange(ITEMS).astype(np.uint64)
    found = spread_factor(*columns, pattern, np.full(ITEMS, BLEND, np.int16), key)
    assert found[pattern == SMOOTH].max() < found[pattern == LUMPY].min()
    shifting = np.where(np.arange(ITEMS) % 10 == 0, SHIFTING, BLEND).astype(np.int16)
    apart = spread_factor(*columns, np.full(ITEMS, SMOOTH, np.int16), shifting, key)
    # 60 items have too few sums for a factor: they keep what they say themselves.
    assert (apart[shifting == SHIFTING] == 1).all()
    assert (apart[shifting == BLEND] > 1).all()


def test_a_shop_with_few_past_sums_keeps_the_items_own_errors() -> None:
    assert (factors(2.0, items=60) == 1).all()
    assert calibrated_error(np.array([3.0]), np.array([1.5])).tolist() == [4.5]


def test_past_sums_are_told_newest_first_and_do_not_overlap() -> None:
    sales = [10] * 80 + [20] * 3 + [30] * 3
    found = row(plan(inputs_of([Item("A", sales, lead_days=14)]), plain_rules()), "A")
    assert found["past_sum_units"].tolist() == [90, 60, 30]
    assert found["past_sum_mean_units"][2] == pytest.approx(30)
    assert found["past_sum_mean_units"][0] < 90
    assert (found["past_sum_sd_units"] > 0).all()


def test_a_sum_that_was_partly_filled_in_is_no_measure_of_the_error() -> None:
    rng = np.random.default_rng(3)
    sales = rng.poisson(40, 120)
    short = np.arange(120) % 10 == 0
    seen = np.where(short, 2, sales)
    share = np.where(short, 0.5, 1.0)
    whole, cut = (
        row(plan(inputs_of([Item("A", units.tolist(), in_stock=stock)]), plain_rules()), "A")
        for units, stock in ((sales, None), (seen, share.tolist()))
    )
    assert cut["own_error_sd_units_per_period"] < 1.3 * whole["own_error_sd_units_per_period"]


def test_steady_demand_is_held_by_the_steadiest_level() -> None:
    rng = np.random.default_rng(7)
    events = (rng.random((40, 150)) < 0.3) * (1 + rng.poisson(6, (40, 150)))
    columns = plan(inputs_of([Item(f"SKU-{k:02d}", sales.tolist()) for k, sales in enumerate(events)])).columns
    error = columns["level_units_per_period"] - events.mean(axis=1)
    alone = np.array([np.average(sales, weights=0.84 ** np.arange(150)[::-1]) for sales in events])
    assert np.sqrt((error**2).mean()) < 0.7 * np.sqrt(((alone - events.mean(axis=1)) ** 2).mean())


# --- the season of less than two years


def season_of(weeks: int, growth: float, swing: float) -> np.ndarray:
    """Profile that a shop of 200 items borrows after so many weeks; the truth swings by ``swing`` around the year."""
    time = np.arange(weeks)
    rng = np.random.default_rng(11)
    wave = (1 + swing * np.sin(2 * np.pi * time / 52.18)) * np.exp(growth * time / 52.18)
    demand = rng.poisson(np.exp(rng.normal(2, 1, (200, 1))) * wave).astype(np.float64)
    nothing, first = np.zeros(200, np.int64), np.zeros(200, np.int64)
    return borrowed_season(demand, first, np.zeros(200, bool), nothing, 20_454 - 7 * weeks, 7)[0][0]


def test_a_season_that_comes_again_is_believed_before_two_years_are_full() -> None:
    index = season_of(92, growth=0.0, swing=0.5)
    assert index.max() == pytest.approx(1.5, abs=0.12)
    assert index.min() == pytest.approx(0.5, abs=0.12)


def test_growth_is_not_taken_for_a_season() -> None:
    index = season_of(92, growth=0.5, swing=0.0)
    assert np.abs(index - 1).max() <= 0.1


def test_one_year_alone_is_hardly_believed() -> None:
    assert np.abs(season_of(53, growth=0.0, swing=0.5) - 1).max() <= 0.2


# --- one large sale among few


def test_a_launch_order_that_nothing_followed_is_cut() -> None:
    sales = np.array([[0, 0, 74_215, 0, 0, 0, 0], [0, 0, 74_215, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0, 74_215]])
    demand, cut = demand_from_sales(sales, np.ones((3, 7), np.float32), np.zeros((3, 7), bool))
    assert demand.sum(axis=1).tolist() == [10, 74_218, 74_215]
    assert cut.tolist() == [74_205, 0, 0]
