"""Plans by the day: the week's profile by hand, days of the whole shop, and what the locations of a SKU share."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.behaviour.movement import shared_movement
from skuwise.core.behaviour.weekday import ITEM_DEVIATION, weekday_of, weekday_profile
from skuwise.core.plan import plan
from tests.builders import Item, inputs_of, plain_rules

MONDAY = 20_454  # 2026-01-01 is day 20,454, a Thursday: the Monday is four days later
MONDAY += 4
WEEKS = 8
BY_DAY = plain_rules({"period_days": 1}, review_period_days=7)


def profile(demand: np.ndarray, category: list[int] | None = None, censored: np.ndarray | None = None) -> np.ndarray:
    """Weekday index of items whose history starts on a Monday, in a year without seasons."""
    n = len(demand)
    return weekday_profile(
        demand.astype(np.float64),
        np.zeros(demand.shape, bool) if censored is None else censored,
        np.zeros(n, np.int64),
        np.ones((n, 52)),
        np.array(category or [0] * n),
        MONDAY,
        1,
    )


def movement(demand: np.ndarray, sku: list[str], category: list[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    n = len(demand)
    return shared_movement(
        np.array(sku),
        np.array(category or [0] * n),
        demand.astype(np.float64),
        np.zeros(demand.shape, bool),
        np.zeros(n, np.int64),
        np.ones((n, 52)),
        np.ones((n, 7)),
        MONDAY,
        1,
    )


def test_the_first_day_of_1970_was_a_thursday() -> None:
    assert [weekday_of(day) for day in range(5)] == [3, 4, 5, 6, 0]
    assert weekday_of(MONDAY) == int(np.datetime64("2026-01-05").astype(object).weekday()) == 0


def test_a_flat_week_has_a_flat_profile() -> None:
    np.testing.assert_allclose(profile(np.full((3, 7 * WEEKS), 6)), np.ones((3, 7)))


def test_many_items_that_agree_are_believed() -> None:
    week = np.array([8, 8, 8, 8, 8, 14, 16])
    found = profile(np.tile(week, (500, WEEKS)))
    np.testing.assert_allclose(found[0], week / 10, atol=0.01)


def test_a_single_item_is_drawn_towards_its_category_by_its_own_chance() -> None:
    """An item sells 20 on Mondays and 8⅓ on other days, mean 10; 500 others sell 10 every day, so the rest is flat.

    Variance ÷ mean of the first is (6 × (8⅓ − 10)² + (20 − 10)²) ÷ 7 ÷ 10 = 1⅔, so k = 1⅔ ÷ 0.1² = 166⅔ units. Its
    eight Mondays took 160 of an expected 80, hence (160 + 166⅔) ÷ (80 + 166⅔) = 1.324; the mean of the seven is 1.
    """
    own = np.tile([20.0, *[25 / 3] * 6], WEEKS)
    found = profile(np.vstack([own, np.full((500, 7 * WEEKS), 10.0)]))
    dispersion = (6 * (25 / 3 - 10) ** 2 + 10**2) / 7 / 10
    prior = dispersion / ITEM_DEVIATION**2
    assert prior == pytest.approx(500 / 3)
    assert found[0, 0] == pytest.approx((160 + prior) / (80 + prior), abs=0.005)
    assert found[0, 1] == pytest.approx((8 * 25 / 3 + prior) / (80 + prior), abs=0.005)


def test_categories_have_weeks_of_their_own() -> None:
    workdays, weekends = np.array([12, 12, 12, 12, 12, 5, 5]), np.array([7, 7, 7, 7, 7, 17.5, 17.5])
    demand = np.vstack([np.tile(workdays, (200, WEEKS)), np.tile(weekends, (200, WEEKS))])
    found = profile(demand, [0] * 200 + [1] * 200)
    np.testing.assert_allclose(found[0], workdays / 10, atol=0.02)
    np.testing.assert_allclose(found[-1], weekends / 10, atol=0.02)


def test_days_out_of_stock_say_nothing_of_their_weekday() -> None:
    demand = np.tile(np.full(7, 10.0), (500, WEEKS))
    censored = np.zeros(demand.shape, bool)
    censored[:, 0:14:7] = True  # the first two Mondays sold nothing, because there was nothing
    demand[censored] = 0
    np.testing.assert_allclose(profile(demand, censored=censored), 1.0, atol=1e-9)


def test_a_holiday_of_the_shop_is_a_day_and_not_a_level() -> None:
    demand = np.full((40, 56), 10.0)
    demand[:, 30] = 25
    day, shared = movement(demand, [f"A{k:02d}" for k in range(40)])
    assert day[0, 30] == pytest.approx(25 / np.mean([10] * 20 + [25]), rel=1e-5)
    assert day[0, 29] == pytest.approx(1)
    assert shared[0, 30] == pytest.approx(np.mean([10] * 20 + [25]) / 10, rel=0.01)


def test_a_sku_that_doubles_everywhere_stood_at_half_of_now() -> None:
    demand = np.full((220, 56), 10.0)
    demand[:20, 40:] = 20  # the first SKU, at its 20 locations
    skus = ["A"] * 20 + [f"B{k // 20}" for k in range(200)]
    _, shared = movement(demand, skus)
    assert shared[0, 20] == pytest.approx(0.5, abs=0.03)
    assert shared[-1, 20] == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(shared[:, -1], 1.0)


def test_a_sku_with_a_single_location_stands_where_its_category_does() -> None:
    demand = np.full((220, 56), 10.0)
    demand[:20, 40:] = 20
    _, shared = movement(demand, [f"A{k:03d}" for k in range(220)], [0] * 20 + [1] * 200)
    assert shared[0, 20] == pytest.approx(0.5, abs=0.05)
    assert np.ptp(shared[:20], axis=0).max() == 0


def test_nothing_is_shared_by_a_handful_of_items() -> None:
    day, shared = movement(np.arange(4 * 56).reshape(4, 56), list("ABCD"))
    assert (day == 1).all()
    assert (shared == 1).all()


def test_where_a_period_is_a_week_there_are_no_weekdays_and_nothing_is_shared() -> None:
    made = plan(inputs_of([Item(f"A{k}", list(range(30))) for k in range(6)]), plain_rules())
    for name in ("weekday_index", "shop_day_index", "shared_level_index"):
        assert (made.columns[name] == 1).all(), name


def test_the_days_ahead_follow_the_week() -> None:
    week = [8, 8, 8, 8, 8, 14, 16]
    items = [Item(f"A{k:03d}", week * WEEKS, lead_days=2.0) for k in range(200)]
    made = plan(inputs_of(items, as_of="2026-03-02", period_days=1), BY_DAY)  # a Monday
    assert made.columns["mean_units"][0, :14] == pytest.approx(week * 2, abs=0.2)
    # Lead time 2 days + review 7: a week and the Monday and Tuesday after it.
    assert made.columns["protection_mean_units"][0] == pytest.approx(70 + 16, abs=0.3)


def test_the_level_of_days_is_that_of_the_days_in_stock() -> None:
    share = ([1.0] * 6 + [0.5]) * WEEKS
    sales = ([10] * 6 + [8]) * WEEKS
    made = plan(inputs_of([Item("A", sales, in_stock=share)], period_days=1), BY_DAY)
    assert made.columns["demand_units"][0, 27] == 13  # 8 + half of 10
    assert made.columns["level_units_per_period"][0] == pytest.approx(10, rel=1e-6)
