"""Turnover, GMROI, fill rates, stockouts and lost sales, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.metrics import line_fill_rate_estimate, order_fill_rate_estimate
from skuwise.core.metrics.service import (
    in_stock_rate_52w,
    line_fill_rate_order_based,
    lost_money,
    lost_units_52w,
    order_fill_rate_order_based,
    returns_share_52w,
    stockout_days_52w,
    stockout_source,
    unit_fill_rate_demand_based,
    unit_fill_rate_order_based,
)
from skuwise.core.metrics.turnover import (
    cost_and_revenue,
    gmroi_per_year,
    inventory_turnover_cost_per_year,
    inventory_turnover_units_per_year,
    inventory_years,
)
from skuwise.core.metrics.windows import (
    average_on_hand_of_the_year,
    metric_window_weeks,
    units_of_the_year,
)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def turnover(sales: np.ndarray, counts: np.ndarray, first_period: int = 0) -> tuple[float, float, float]:
    """Units turnover, cost turnover and GMROI of one item that costs 2.00 and sells at 5.00."""
    on_sale = np.arange(sales.shape[1])[None, :] >= first_period
    _, _, net = units_of_the_year(sales, np.zeros_like(sales), 7)
    average, _ = average_on_hand_of_the_year(counts.astype(np.float32), on_sale, 7)
    window = metric_window_weeks(ints(first_period), sales, 7)
    cogs, revenue = cost_and_revenue(net, ints(200), ints(500))
    unit_years, cost_years = inventory_years(average, window, ints(200))
    return (
        float(inventory_turnover_units_per_year(net, unit_years)[0]),
        float(inventory_turnover_cost_per_year(cogs, cost_years)[0]),
        float(gmroi_per_year(revenue, cogs, cost_years)[0]),
    )


def test_a_year_of_ten_a_week_from_a_stock_of_130_turns_four_times() -> None:
    in_units, at_cost, gmroi = turnover(np.full((1, 52), 10), np.full((1, 52), 130.0))
    assert (in_units, at_cost) == (4.0, 4.0)
    assert gmroi == 6.0  # 520 × 3.00 of margin on 130 × 2.00 of stock


def test_only_the_last_52_weeks_count() -> None:
    sales = np.hstack([np.full((1, 52), 900), np.full((1, 52), 10)])
    counts = np.hstack([np.full((1, 52), 5.0), np.full((1, 52), 130.0)])
    assert turnover(sales, counts)[0] == 4.0


def test_an_item_on_sale_for_half_a_year_is_annualised() -> None:
    sales = np.hstack([np.zeros((1, 26), np.int64), np.full((1, 26), 10)])
    counts = np.hstack([np.zeros((1, 26)), np.full((1, 26), 130.0)])
    assert turnover(sales, counts, first_period=26) == (4.0, 4.0, 6.0)


def test_average_stock_is_that_of_all_counts_and_not_of_start_and_end() -> None:
    counts = np.full((1, 52), 100.0)
    counts[0, 0] = counts[0, -1] = 10.0
    # The mean of start and end would be 10, and turnover 52.
    assert turnover(np.full((1, 52), 10), counts)[0] == pytest.approx(520 / (5020 / 52))


def test_periods_without_a_count_are_left_out_of_the_average() -> None:
    counts = np.full((1, 52), np.nan, dtype=np.float32)
    counts[0, [3, 30]] = 40, 60
    average, counted = average_on_hand_of_the_year(counts, np.ones((1, 52), np.bool_), 7)
    assert (average.tolist(), counted.tolist()) == ([50.0], [2])


def test_turnover_is_null_where_nothing_was_counted_or_the_shelf_was_always_empty() -> None:
    assert np.isnan(turnover(np.full((1, 52), 10), np.full((1, 52), np.nan))).all()
    assert np.isnan(turnover(np.full((1, 52), 10), np.zeros((1, 52)))).all()


def test_turnover_at_cost_and_gmroi_are_null_without_cost_and_price() -> None:
    cogs, revenue = cost_and_revenue(ints(10, 10), ints(-1, 200), ints(500, -1))
    _, cost_years = inventory_years(floats(5, 5), floats(52, 52), ints(-1, 200))
    assert (cogs.tolist(), revenue.tolist()) == ([-1, 2000], [5000, -1])
    assert np.isnan(inventory_turnover_cost_per_year(cogs, cost_years)).tolist() == [True, False]
    assert np.isnan(gmroi_per_year(revenue, cogs, cost_years)).all()


def test_selling_below_cost_makes_gmroi_negative() -> None:
    assert gmroi_per_year(ints(900), ints(1000), floats(500)).tolist() == [-0.2]


def test_a_return_undoes_the_sale_but_never_more_than_was_sold() -> None:
    sales, returned = np.array([[10, 10], [1, 0]]), np.array([[0, 5], [0, 3]])
    shipped, back, net = units_of_the_year(sales, returned, 7)
    assert (shipped.tolist(), back.tolist(), net.tolist()) == ([20, 1], [5, 3], [15, 0])
    assert returns_share_52w(back, shipped).tolist() == [0.25, 3.0]


def test_rightchain_example_of_three_fill_rates() -> None:
    # Two orders, six lines, 200 units: 170 units and four lines are filled, and no order is whole.
    assert unit_fill_rate_order_based(ints(170), ints(200)).tolist() == [0.85]
    assert line_fill_rate_order_based(ints(4), ints(6)).round(2).tolist() == [0.67]
    assert order_fill_rate_order_based(ints(0), ints(2)).tolist() == [0.0]


def test_servigistics_example_seven_in_stock_ten_ordered() -> None:
    assert unit_fill_rate_order_based(ints(7), ints(10)).tolist() == [0.7]
    assert line_fill_rate_order_based(ints(0), ints(1)).tolist() == [0.0]


def test_fill_rates_are_null_where_nothing_asked_for_was_recorded() -> None:
    for rate in (unit_fill_rate_order_based, line_fill_rate_order_based, order_fill_rate_order_based):
        assert np.isnan(rate(ints(0), ints(0))).all()


def test_estimates_between_the_fill_rates() -> None:
    assert line_fill_rate_estimate(floats(0.95), floats(3)).round(6).tolist() == [0.857375]
    assert order_fill_rate_estimate(floats(0.9), floats(2)).round(2).tolist() == [0.81]


def test_demand_based_fill_rate_counts_the_units_that_were_missed() -> None:
    demand = np.array([[50.0, 50.0, 50.0, 50.0]])
    sales = np.array([[50, 50, 40, 30]])
    censored = np.array([[False, False, True, True]])
    lost = lost_units_52w(demand, sales, censored, np.array([True]), 7)
    assert lost.tolist() == [30.0]
    assert unit_fill_rate_demand_based(ints(170), lost).tolist() == [0.85]


def test_a_gap_between_demand_and_sales_is_lost_only_in_a_censored_period() -> None:
    demand, sales = np.array([[9.0, 9.0, 2.0]]), np.array([[4, 4, 5]])
    lost = lost_units_52w(demand, sales, np.array([[False, True, True]]), np.array([True]), 7)
    assert lost.tolist() == [5.0]


def test_what_is_unknown_of_stockouts_is_null_and_not_zero() -> None:
    unknown, ones = np.array([False]), np.ones((1, 3), np.float32)
    lost = lost_units_52w(np.ones((1, 3)), np.ones((1, 3), np.int64), np.zeros((1, 3), np.bool_), unknown, 7)
    days = stockout_days_52w(ones, np.ones((1, 3), np.bool_), unknown, 7)
    sales, margin = lost_money(lost, ints(100), ints(50))
    assert np.isnan([lost[0], days[0], in_stock_rate_52w(days, floats(3))[0]]).all()
    assert np.isnan(unit_fill_rate_demand_based(ints(3), lost)).all()
    assert (sales.tolist(), margin.tolist()) == ([-1], [-1])
    assert stockout_source(np.array([False, True])).tolist() == [0, 1]


def test_lost_units_are_worth_their_price_and_their_margin() -> None:
    sales, margin = lost_money(floats(30, 2.5, 4, 4), ints(500, 333, 500, 100), ints(200, 100, -1, 150))
    assert sales.tolist() == [15000, 832, 2000, 400]  # 832.5 goes to the even neighbour
    assert margin.tolist() == [9000, 582, -1, 0]  # cost unknown; sold below cost


def test_stockout_days_and_in_stock_rate_of_an_item_launched_four_weeks_ago() -> None:
    share = np.array([[0, 0, 1, 1, 0.5, 1]], dtype=np.float32)
    on_sale = np.array([[False, False, True, True, True, True]])
    days = stockout_days_52w(share, on_sale, np.array([True]), 7)
    assert days.tolist() == [3.5]
    assert in_stock_rate_52w(days, floats(4)).tolist() == [0.875]
