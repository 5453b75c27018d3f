"""Weeks and days of supply, excess, dead stock and the three sell-throughs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.metrics.sell_through import (
    BASIS_NAMES,
    receipt_cohorts,
    sell_through_amazon_90d,
    sell_through_available_share,
    sell_through_receipt_share,
    units_for_sale_90d,
)
from skuwise.core.metrics.supply import (
    days_of_supply_historical_30d,
    days_of_supply_historical_90d,
    days_of_supply_historical_greater,
    dead_stock_value_minor,
    excess_units_90d,
    excess_value_minor,
    stock_value_minor,
    weeks_in_stock_without_sale,
    weeks_of_supply_forward,
    weeks_of_supply_trailing,
)
from skuwise.core.metrics.windows import available_units, daily_shipped_units, units_of_the_quarter


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_amazon_example_of_historical_days_of_supply() -> None:
    month = days_of_supply_historical_30d(floats(243.6), floats(5.8))
    quarter = days_of_supply_historical_90d(floats(220.5), floats(12.6))
    assert (month.round(9).tolist(), quarter.round(9).tolist()) == ([42.0], [17.5])
    assert days_of_supply_historical_greater(month, quarter).round(9).tolist() == [42.0]


def test_the_greater_days_of_supply_is_null_where_one_of_them_is() -> None:
    assert np.isnan(days_of_supply_historical_greater(floats(np.nan), floats(17.5))).all()


def test_daily_shipped_units_leave_out_the_days_before_the_launch() -> None:
    sales = np.array([[0] * 18 + [14, 28]])
    month, quarter = daily_shipped_units(sales, ints(18), 7)
    assert (month.tolist(), quarter.tolist()) == ([3.0], [3.0])
    month, quarter = daily_shipped_units(sales, ints(0), 7)
    assert (month.tolist(), quarter.tolist()) == ([1.5], [42 / 91])


def test_available_stock_leaves_out_what_is_promised_and_what_is_on_order() -> None:
    stock = available_units(ints(100, 5, 7), ints(20, 9, 0), ints(5, 0, 0), np.array([True, True, False]))
    assert stock.tolist() == [75, 0, -1]


@pytest.mark.parametrize(
    ("available", "weeks"),
    [(0, 0.0), (5, 0.5), (10, 1.0), (25, 2.25), (40, 3.0), (40 + 20, 3 + 20 / (40 / 3)), (-1, np.nan)],
)
def test_forward_weeks_of_supply_step_through_the_forecast_and_beyond_it(available: int, weeks: float) -> None:
    forecast = np.array([[10.0, 10.0, 20.0]])
    assert weeks_of_supply_forward(ints(available), forecast, 7)[0] == pytest.approx(weeks, nan_ok=True)


def test_forward_weeks_of_supply_are_null_where_the_stock_never_runs_out() -> None:
    forecast = np.vstack([np.zeros(26), np.r_[5.0, np.zeros(25)], np.r_[5.0, np.zeros(25)]])
    weeks = weeks_of_supply_forward(ints(8, 8, 4), forecast, 7)
    assert np.isnan(weeks).tolist() == [True, True, False]
    assert weeks[2] == 0.8


def test_stock_that_is_used_up_covers_no_week_after_that_even_one_without_demand() -> None:
    forecast = np.array([[10.0, 0.0, 10.0], [0.0, 10.0, 10.0]])
    assert weeks_of_supply_forward(ints(10, 0), forecast, 7).tolist() == [1.0, 0.0]


def test_forward_weeks_of_supply_are_weeks_whatever_the_length_of_a_period() -> None:
    assert weeks_of_supply_forward(ints(30), np.full((1, 10), 20.0), 14).tolist() == [3.0]


def test_trailing_weeks_of_supply_divide_by_past_weekly_sales() -> None:
    _, quarter = daily_shipped_units(np.full((3, 26), 10), ints(0, 0, 0), 7)
    assert weeks_of_supply_trailing(ints(60, 0, -1), quarter).tolist()[:2] == [pytest.approx(6.0), 0.0]
    assert np.isnan(weeks_of_supply_trailing(ints(60, -1), floats(0.0, 1.0))).all()


def test_excess_is_what_lies_above_90_days_of_demand() -> None:
    # 7 a week is 90 units in 90 days, although 13 whole weeks are 91 days.
    assert excess_units_90d(ints(90, 91, 200, -1), np.full((4, 26), 7.0), 7).tolist() == [0, 1, 110, -1]


def test_excess_of_a_short_forecast_goes_on_at_its_mean() -> None:
    assert excess_units_90d(ints(100), np.full((1, 4), 7.0), 7).tolist() == [10]


def test_all_stock_is_excess_where_no_demand_is_expected() -> None:
    excess = excess_units_90d(ints(12), np.zeros((1, 26)), 7)
    assert excess.tolist() == [12]
    assert excess_value_minor(excess, ints(250)).tolist() == [3000]
    assert excess_value_minor(excess, ints(-1)).tolist() == [-1]


def quiet_weeks(sales: np.ndarray, share: np.ndarray, on_sale: np.ndarray, received: np.ndarray) -> list[float]:
    counts = np.full(sales.shape, np.nan, dtype=np.float32)
    return weeks_in_stock_without_sale(sales, share.astype(np.float32), on_sale, received, counts, 7).tolist()


def test_stock_is_dead_after_26_weeks_in_stock_without_a_sale() -> None:
    sales = np.zeros((4, 60), np.int64)
    sales[0, 33] = sales[1, 34] = sales[2, 33] = sales[3, 59] = 1
    share = np.ones((4, 60))
    share[2, 50] = 0  # a week out of stock says nothing against the item
    weeks = quiet_weeks(sales, share, np.ones((4, 60), np.bool_), np.zeros((4, 60), np.int64))
    assert weeks == [26.0, 25.0, 25.0, 0.0]
    value = stock_value_minor(ints(9, 9, 9, 9), np.array([True] * 4), ints(100, 100, 100, 100))
    assert dead_stock_value_minor(value, np.array(weeks)).tolist() == [900, 0, 0, 0]


def test_an_item_that_never_sold_is_quiet_since_its_receipt_or_else_for_an_unknown_time() -> None:
    nothing, never = np.zeros((2, 60), np.int64), np.zeros((2, 60), np.bool_)
    received = nothing.copy()
    received[0, 20] = 50
    weeks = quiet_weeks(nothing, np.ones((2, 60)), never, received)
    assert weeks[0] == 40.0
    assert np.isnan(weeks[1])
    assert dead_stock_value_minor(ints(500, 500), np.array(weeks)).tolist() == [500, -1]


def test_stock_value_is_null_without_a_count_or_a_cost() -> None:
    value = stock_value_minor(ints(3, 3, 0), np.array([True, False, True]), ints(-1, 100, 100))
    assert value.tolist() == [-1, -1, 0]


def cohort(sales: list[int], received: list[int], on_hand: int, known: bool = True) -> tuple[int, int, str]:
    bought, sold, basis = receipt_cohorts(
        np.array([sales]),
        np.zeros((1, len(sales)), np.int64),
        np.array([received]),
        ints(on_hand),
        np.array([known]),
        7,
    )
    return int(bought[0]), int(sold[0]), BASIS_NAMES[int(basis[0])]


def test_a_receipt_sells_first_in_first_out_within_90_days() -> None:
    # 40 lie there already and are sold in weeks 0 to 4; 100 arrive in week 5 and go at 6 a week for 16 weeks.
    sales, received = [8] * 5 + [6] * 16 + [0] * 9, [0] * 5 + [100] + [0] * 24
    assert cohort(sales, received, on_hand=40 + 100 - sum(sales)) == (100, 6 * 13, "sold_within_90_days")


def test_opening_stock_is_sold_before_the_receipt() -> None:
    # As above, but 30 more lay there at the start: they are the first to go.
    sales, received = [8] * 5 + [6] * 16 + [0] * 9, [0] * 5 + [100] + [0] * 24
    assert cohort(sales, received, on_hand=70 + 100 - sum(sales)) == (100, 6 * 13 - 30, "sold_within_90_days")


def test_two_receipts_queue_behind_each_other() -> None:
    # 50 in week 0 and 50 in week 1, then 4 a week: the first sells 50 of its 50 in 13 weeks, the second 6.
    sales, received = [4] * 20, [50, 50] + [0] * 18
    assert cohort(sales, received, on_hand=100 - 80) == (100, 50 + 6, "sold_within_90_days")


def test_opening_stock_is_at_least_what_the_sales_needed_where_no_count_exists() -> None:
    # 10 were sold before anything arrived.
    assert cohort([10] + [0] * 4 + [1] * 15, [0, 20] + [0] * 18, on_hand=0, known=False) == (
        20,
        9,
        "sold_within_90_days",
    )


def test_a_receipt_younger_than_90_days_counts_with_what_it_sold_so_far() -> None:
    assert cohort([0] * 17 + [5, 5, 5], [0] * 17 + [60, 0, 0], on_hand=45) == (60, 15, "sold_so_far")


def test_receipts_before_the_year_of_the_cohorts_are_left_out() -> None:
    received = [100] + [0] * 63 + [10] + [0] * 35
    assert cohort([1] * 100, received, on_hand=10) == (10, 0, "sold_within_90_days")


def test_sell_through_of_receipts_is_null_where_nothing_arrived() -> None:
    assert cohort([1] * 20, [0] * 20, on_hand=5) == (0, 0, "no_receipts")
    assert np.isnan(sell_through_receipt_share(ints(0), ints(0))).all()


def test_a_unit_that_came_back_has_not_been_sold() -> None:
    bought, sold, _ = receipt_cohorts(
        np.array([[10] * 20]),
        np.array([[0] * 5 + [30] + [0] * 14]),
        np.array([[200] + [0] * 19]),
        ints(30),
        np.array([True]),
        7,
    )
    assert (bought.tolist(), sold.tolist()) == ([200], [130 - 30])


def test_sell_through_of_the_available_units() -> None:
    # Opening stock 40, receipts 60; 75 are sold and 25 are left. Nobody needs to know the 40 and the 60.
    sales = np.array([[0] * 10 + [25, 25, 25]])
    shipped, net = units_of_the_quarter(sales, np.zeros_like(sales), 7)
    assert sell_through_available_share(net, units_for_sale_90d(ints(25), net, np.array([True]))).tolist() == [0.75]
    assert shipped.tolist() == [75]


def test_sell_through_of_available_units_is_null_without_a_count_or_stock() -> None:
    for_sale = units_for_sale_90d(ints(5, 0), ints(5, 0), np.array([False, True]))
    assert np.isnan(sell_through_available_share(ints(5, 0), for_sale)).all()


def test_amazon_sell_through_may_exceed_one() -> None:
    assert sell_through_amazon_90d(ints(70), floats(50)).tolist() == [1.4]
    assert np.isnan(sell_through_amazon_90d(ints(70, 70), floats(0, np.nan))).all()
