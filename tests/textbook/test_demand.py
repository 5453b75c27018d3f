"""From sales to demand: when an item was on sale, when it could not be bought, and what was missed."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.demand.history import censored_periods, demand_from_sales, periods_on_sale, sale_periods
from skuwise.core.plan import plan
from tests.builders import Item, inputs_of, plain_rules, row


def recovered(sales: list[int], in_stock: list[float]) -> list[float]:
    share = np.array([in_stock], np.float32)
    demand: list[float] = demand_from_sales(np.array([sales]), share, share < 0.95)[0][0].tolist()
    return demand


def test_demand_is_what_was_sold_where_nothing_was_missed() -> None:
    assert recovered([3, 0, 7], [1, 1, 1]) == [3, 0, 7]


def test_an_empty_shelf_hides_the_demand_of_the_weeks_around_it() -> None:
    assert recovered([8, 10, 12, 0, 10, 10], [1, 1, 1, 0, 1, 1]) == [8, 10, 12, 10, 10, 10]


def test_half_a_week_without_stock_misses_half_a_week_of_demand() -> None:
    assert recovered([10, 10, 4, 10, 10], [1, 1, 0.5, 1, 1]) == [10, 10, 9, 10, 10]


def test_four_weeks_on_each_side_tell_the_rate_and_no_older_ones() -> None:
    # 100 lies five weeks before the gap: it has no say.
    assert recovered([100, 4, 4, 4, 4, 0, 8, 8, 8, 8, 100], [1] * 5 + [0] + [1] * 5)[5] == 6


def test_other_empty_weeks_do_not_tell_the_rate() -> None:
    assert recovered([10, 0, 0, 0, 10], [1, 0, 0, 0, 1]) == [10] * 5


def test_sales_in_a_week_flagged_as_wholly_empty_are_kept() -> None:
    # Flags taken at the end of the week: what was sold before stays, and the local rate is the least.
    assert recovered([10, 14, 10], [1, 0, 1])[1] == 14
    assert recovered([10, 3, 10], [1, 0, 1])[1] == 10


def test_weeks_before_the_first_sale_do_not_pull_the_rate_down() -> None:
    assert recovered([0, 0, 0, 10, 0, 10], [1, 1, 1, 1, 0, 1])[4] == 10


@pytest.mark.parametrize(("share", "hidden"), [(0.0, True), (0.94, True), (0.95, False), (1.0, False)])
def test_a_week_is_censored_below_the_cut_off_and_not_at_it(share: float, hidden: bool) -> None:
    on_sale = np.ones((1, 1), bool)
    assert bool(censored_periods(on_sale, np.array([[share]], np.float32), 0.95)[0, 0]) is hidden


def test_a_week_before_the_launch_is_not_a_stockout() -> None:
    share = np.zeros((1, 4), np.float32)
    on_sale = periods_on_sale(np.array([[0, 0, 5, 5]]), np.array([2]))
    assert censored_periods(on_sale, share, 0.95).tolist() == [[False, False, True, True]]


def test_an_item_is_on_sale_from_its_launch_or_from_its_first_sale_if_that_is_earlier() -> None:
    sales = np.array([[0, 0, 4, 0], [0, 0, 4, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    known, launch = np.array([True, True, True, False]), np.array([1, 3, 4, 0])
    first, last = sale_periods(sales, known, launch)
    assert first.tolist() == [1, 2, -1, -1]  # launch first, sale before the launch, launch to come, never seen
    assert last.tolist() == [2, 2, -1, -1]


def test_a_stockout_does_not_make_the_next_order_smaller() -> None:
    steady = Item("STEADY", [10] * 52)
    emptied = Item("EMPTIED", [10] * 40 + [0] * 12, in_stock=[1.0] * 40 + [0.0] * 12)
    made = plan(inputs_of([steady, emptied]), plain_rules())
    assert row(made, "EMPTIED")["level_units_per_period"] == pytest.approx(10)
    assert row(made, "EMPTIED")["order_quantity_units"] >= row(made, "STEADY")["order_quantity_units"]


def test_what_was_filled_in_does_not_confirm_itself() -> None:
    # Twelve empty weeks after a good month: the level stays where the seen weeks put it.
    made = plan(inputs_of([Item("A", [4, 6] * 10 + [0] * 12, in_stock=[1.0] * 20 + [0.0] * 12)]), plain_rules())
    found = row(made, "A")
    assert found["censored_periods"] == 12
    assert found["observed_periods"] == 20
    assert found["level_units_per_period"] == pytest.approx(5, abs=0.6)
