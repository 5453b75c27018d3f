"""Behaviour: pattern, value class, predictability, season and trend on numbers that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.behaviour.predictability import XYZ_CLASSES, predictability_class
from skuwise.core.behaviour.statistics import PATTERNS, demand_pattern, demand_statistics
from skuwise.core.behaviour.value_class import ABC_CLASSES, annual_value, value_class, value_cutoffs
from skuwise.core.plan import Plan, plan
from tests.builders import AS_OF, Item, inputs_of, plain_rules, row

WEEKS = 156


def month_of_week(weeks: int = WEEKS, as_of: str = AS_OF) -> np.ndarray:
    """Calendar month (1 to 12) in which each past week begins, oldest first."""
    days = np.datetime64(as_of) - np.arange(weeks, 0, -1) * 7
    return days.astype("datetime64[M]").astype(np.int64) % 12 + 1


def yearly_wave(weeks: int = WEEKS, as_of: str = AS_OF, peak: float = 0.6) -> np.ndarray:
    """A season 1 + peak × cos with its top in the middle of June."""
    day_of_year = (np.datetime64(as_of) - np.arange(weeks, 0, -1) * 7).astype("datetime64[D]").astype(
        np.int64
    ) % 365.2425
    return 1 + peak * np.cos(2 * np.pi * (day_of_year + 3.5 - 166) / 365.2425)


# --- pattern: Syntetos, Boylan & Croston (2005), cut-offs ADI 1.32 and CV² 0.49


@pytest.mark.parametrize(
    ("adi", "cv2", "pattern"),
    [
        (1.0, 0.0, "smooth"),
        (1.3199, 0.4899, "smooth"),
        (1.32, 0.4899, "intermittent"),
        (1.3199, 0.49, "erratic"),
        (1.32, 0.49, "lumpy"),
        (12.0, 4.0, "lumpy"),
        (np.nan, 0.0, "no demand"),
    ],
)
def test_pattern_by_interval_and_size_with_the_cut_offs_in_the_harder_class(
    adi: float, cv2: float, pattern: str
) -> None:
    assert PATTERNS[demand_pattern(np.array([adi]), np.array([cv2]), 1.32, 0.49)[0]] == pattern


def test_interval_and_size_variation_of_a_hand_made_history() -> None:
    # Demands 2, 4, 6 in 9 weeks: ADI = 9 ÷ 3; mean 4, sample variance 4, CV² = 4 ÷ 16.
    demand = np.array([[2.0, 0, 0, 4, 0, 0, 6, 0, 0]])
    on_sale, observed, hidden, rate, _, _, adi, cv2 = demand_statistics(demand, demand < 0, np.array([0]), 7)
    assert (on_sale[0], observed[0], hidden[0]) == (9, 9, 0)
    assert adi[0] == pytest.approx(3)
    assert cv2[0] == pytest.approx(0.25)
    assert rate[0] == pytest.approx(12 / 9)


def test_weeks_before_the_launch_and_weeks_without_stock_are_not_intervals() -> None:
    demand = np.array([[0.0, 0, 5, 5, 5, 5]])
    censored = np.array([[False, False, False, True, False, False]])
    *_, adi, cv2 = demand_statistics(demand, censored, np.array([2]), 7)
    assert adi[0] == 1
    assert cv2[0] == 0


def test_an_item_that_sold_only_while_stock_ran_short_is_not_without_demand() -> None:
    demand = np.array([[0.0, 4, 6, 5, 5]])
    *_, adi, cv2 = demand_statistics(demand, demand > 0, np.array([1]), 7)
    assert adi[0] == 1
    assert cv2[0] == pytest.approx((2 / 3) / 25)


def test_one_demand_has_no_variation_and_no_demand_no_interval() -> None:
    *_, adi, cv2 = demand_statistics(
        np.array([[0.0, 7, 0, 0], [0.0, 0, 0, 0]]), np.zeros((2, 4), bool), np.zeros(2, int), 7
    )
    assert adi[0] == 4
    assert np.isnan(adi[1])
    assert cv2.tolist() == [0, 0]


# --- value: Silver, Pyke & Thomas, distribution by value


def test_the_items_that_make_up_eighty_percent_of_the_value_are_a() -> None:
    value = np.array([500, 300, 100, 50, 30, 20, 0])  # cumulated 50, 80, 90, 95, 98, 100 %
    a, b = value_cutoffs(value, np.zeros(7, bool), 0.8, 0.95)
    assert [ABC_CLASSES[code] for code in value_class(value, a, b)] == ["A", "A", "B", "B", "C", "C", "none"]


def test_a_bundle_does_not_move_the_cut_offs_that_its_components_make() -> None:
    value = np.array([800, 150, 50, 10_000])
    a, b = value_cutoffs(value, np.array([False, False, False, True]), 0.8, 0.95)
    assert (a[0], b[0]) == (800, 120)


def test_a_shop_without_sales_has_no_class() -> None:
    value = np.zeros(3, np.int64)
    assert [ABC_CLASSES[code] for code in value_class(value, *value_cutoffs(value, value > 0, 0.8, 0.95))] == [
        "none"
    ] * 3


def test_annual_value_takes_price_then_cost_then_units() -> None:
    sales = np.full((3, 60), 2)  # 104 units in the last 52 weeks
    units, value = annual_value(
        sales,
        sales.astype(float),
        sales.astype(float),
        np.zeros(3, np.int64),
        np.array([300, -1, -1]),
        np.array([100, 100, -1]),
        7,
    )
    assert units.tolist() == [104] * 3
    assert value.tolist() == [31_200, 10_400, 104]


# --- predictability and trend


@pytest.mark.parametrize(("cv", "expected"), [(0.0, "X"), (0.5, "X"), (0.5001, "Y"), (1.0, "Y"), (1.0001, "Z")])
def test_predictability_class_with_the_cut_offs_in_the_easier_class(cv: float, expected: str) -> None:
    assert XYZ_CLASSES[predictability_class(np.array([cv]), 0.5, 1.0)[0]] == expected


def test_coefficient_of_variation_of_alternating_demand() -> None:
    found = row(plan(inputs_of([Item("A", [5, 15] * 26)]), plain_rules()), "A")
    assert found["cv"] == pytest.approx(0.5 * np.sqrt(52 / 51))  # mean 10, deviations of 5


def test_trend_of_a_straight_line() -> None:
    # From 100 up by 1 a week for 104 weeks: mean 151.5, 52.18 more a year.
    found = row(plan(inputs_of([Item("A", list(range(100, 204)))]), plain_rules()), "A")
    assert found["trend_share_per_year"] == pytest.approx(365.2425 / 7 / 151.5, rel=0.02)


def test_a_strong_season_that_repeats_is_not_unpredictable() -> None:
    wave = np.round(200 * yearly_wave(peak=0.9)).astype(int).tolist()
    found = row(plan(inputs_of([Item("A", wave)]), plain_rules()), "A")
    assert found["season_source"] == "own history"
    assert found["cv"] < 0.2
    assert abs(found["trend_share_per_year"]) < 0.05


# --- season


def seasonal_shop() -> Plan:
    """Three grown-up summer items, a young one, a young one without a category, a flat one, and a one-off."""
    rng = np.random.default_rng(4)
    wave = yearly_wave()
    grown = [Item(f"OLD-{k}", rng.poisson(40 * wave).tolist(), category="garden") for k in range(3)]
    flat = [Item(f"FLAT-{k}", rng.poisson(40, WEEKS).tolist(), category="soap") for k in range(3)]
    young = Item("YOUNG", rng.poisson(20 * wave[-20:]).tolist(), category="garden")
    alone = Item("ALONE", rng.poisson(20 * wave[-20:]).tolist(), category="novelty")
    return plan(inputs_of([*grown, *flat, young, alone], periods=WEEKS), plain_rules())


def test_a_season_is_recovered_from_three_years_of_noisy_sales() -> None:
    found = row(seasonal_shop(), "OLD-0")
    expected = 1 + 0.6 * np.cos(2 * np.pi * ((np.arange(52) + 0.5) / 52 - 166 / 365.2425))
    assert found["season_source"] in ("own history", "category")
    assert np.corrcoef(found["season_index"], expected)[0, 1] > 0.97
    assert np.abs(found["season_index"] - expected).max() < 0.25
    assert found["season_index"].mean() == pytest.approx(1)


def test_a_young_item_borrows_the_season_of_its_category_and_says_so() -> None:
    found = row(seasonal_shop(), "YOUNG")
    assert found["season_source"] == "category"
    assert 0.5 < found["season_weight"] <= 1.5
    assert found["season_index"].argmax() in range(20, 28)  # the weeks around the middle of June
    assert found["mean_units"][12:18].mean() > 1.5 * found["mean_units"][:4].mean()


def test_a_young_item_of_a_thin_category_borrows_the_season_of_the_shop_and_says_so() -> None:
    assert row(seasonal_shop(), "ALONE")["season_source"] == "shop"


def test_a_steady_item_has_no_season() -> None:
    found = row(seasonal_shop(), "FLAT-0")
    assert found["season_source"] == "none"
    assert found["season_index"].tolist() == [1.0] * 52


def test_one_year_cannot_tell_a_season_from_a_trend() -> None:
    wave = np.round(40 * yearly_wave()).astype(int)[-60:].tolist()
    found = row(plan(inputs_of([Item("A", wave)]), plain_rules()), "A")
    assert found["own_season_strength"] == 0
    assert found["season_source"] == "none"


@pytest.mark.parametrize("weekly_growth", [0.992, 1.008])
def test_steady_growth_or_decline_is_not_read_as_a_season(weekly_growth: float) -> None:
    # Within each year it looks like a season; between the years it does not come back.
    sales = np.round(200 * weekly_growth ** np.arange(WEEKS)).astype(int).tolist()
    found = row(plan(inputs_of([Item("A", sales)]), plain_rules()), "A")
    assert np.ptp(found["season_index"]) < 0.1
    assert found["mean_units"][:4].mean() == pytest.approx(sales[-1], rel=0.1)


def test_a_step_between_two_years_is_not_read_as_a_season() -> None:
    found = row(plan(inputs_of([Item("A", [50] * 52 + [100] * 52)]), plain_rules()), "A")
    assert found["season_source"] == "none"
