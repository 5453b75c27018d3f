"""A shop of three items, added up by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.core.metrics import STEPS_IN_ORDER, portfolio_metrics
from skuwise.core.steps import run

LABELS = {"category": ("bags", "hats")}


def three_items() -> dict[str, Any]:
    """A year of weeks: two bags with cost and price, and a hat of which neither cost nor stock is known.

    Item 0 sells 10 a week from 130 in stock, costs 2.00, sells at 5.00; item 1 sells 1 a week from 26, costs 30.00,
    sells at 50.00; item 2 sells 100 a week.
    """
    weekly = np.array([10, 1, 100])
    shape = (3, 52)
    sales = np.repeat(weekly[:, None], 52, axis=1)
    zeros, nothing = np.zeros(shape, np.int64), np.zeros(3, np.int64)
    counts = np.array([130, 26, np.nan], np.float32)
    columns: dict[str, Any] = {
        "period_days": 7,
        "sales_units": sales,
        "own_demand_units": sales.astype(np.float64),
        "censored": np.zeros(shape, np.bool_),
        "in_stock_share": np.ones(shape, np.float32),
        "returned_units": zeros,
        "received_units": zeros,
        "on_hand_units_mean": np.repeat(counts[:, None], 52, axis=1),
        "on_sale": np.ones(shape, np.bool_),
        "first_period": nothing,
        "own_first_period": nothing,
        "unit_cost_minor": np.array([200, 3000, -1]),
        "unit_price_minor": np.array([500, 5000, 900]),
        "on_hand_units": np.array([120, 30, 0]),
        "reserved_units": nothing,
        "backlog_units": nothing,
        "stock_known": np.array([True, True, False]),
        "availability_known": np.array([True, False, False]),
        "mean_units": np.repeat(weekly[:, None].astype(np.float64), 26, axis=1),
        "category": np.array([0, 0, 1]),
        "orders": 0,
        "orders_filled": 0,
    }
    for name in ("requested_units", "shipped_units", "lines", "lines_filled", "item_orders", "item_orders_filled"):
        columns[f"fill_{name}"] = nothing
    columns["own_demand_units"][0, 40:] += 10
    columns["censored"][0, 40:] = True
    columns["in_stock_share"][0, 40:] = 0.5
    for function in STEPS_IN_ORDER:
        run(function, columns)
    return columns


def test_the_shop_divides_sums_over_the_items_of_which_all_parts_are_known() -> None:
    shop = {name: values[0] for name, values in portfolio_metrics(three_items(), LABELS).items()}
    # 520 × 2 + 52 × 30 = 2,600.00 at cost, from 130 × 2 + 26 × 30 = 1,040.00; the mean of 4 and 2 turns would be 3.
    assert shop["inventory_turnover_cost_per_year"] == 2.5
    assert shop["inventory_turnover_units_per_year"] == pytest.approx(572 / 156)
    assert shop["gmroi_per_year"] == (520 * 3 + 52 * 20) / 1040
    assert shop["weeks_of_supply_forward"] == pytest.approx(150 / 11)
    assert shop["weeks_of_supply_trailing"] == pytest.approx(150 / 11)
    assert shop["days_of_supply_historical_greater"] == pytest.approx(156 / (11 / 7))
    assert shop["sell_through_amazon_90d"] == 143 / 156
    assert shop["sell_through_available_share"] == 143 / (143 + 150)
    # Of the stockouts of items 1 and 2 nothing is known: their sales stay out of the rate.
    assert shop["lost_units_52w"] == 120
    assert shop["unit_fill_rate_demand_based"] == 520 / 640
    assert shop["in_stock_rate_52w"] == pytest.approx(1 - 6 / 52)
    assert np.isnan([shop["sell_through_receipt_share"], shop["unit_fill_rate_order_based"]]).all()


def test_totals_are_exact_and_the_coverage_is_told() -> None:
    shop = {name: values[0] for name, values in portfolio_metrics(three_items(), LABELS).items()}
    assert shop["group"] == "(all)"
    assert (shop["shipped_units_52w"], shop["on_hand_units"], shop["stock_value_minor"]) == (5772, 150, 114_000)
    assert (shop["cogs_minor_52w"], shop["net_revenue_minor_52w"]) == (260_000, 520 * 500 + 52 * 5000 + 5200 * 900)
    assert (shop["lost_sales_minor_52w"], shop["lost_margin_minor_52w"]) == (60_000, 36_000)
    assert (shop["excess_units_90d"], shop["excess_value_minor"]) == (17, 51_000)  # 30 less 90 ÷ 7 rounded up
    assert [shop[f"items_{what}"] for what in ("stock_known", "stock_counted", "cost_known")] == [2, 2, 2]
    assert (shop["items"], shop["items_stockouts_known"]) == (3, 1)


def test_a_group_of_which_no_stock_is_known_is_null_and_not_zero() -> None:
    table = portfolio_metrics(three_items(), LABELS, "category")
    assert table["group"].tolist() == ["bags", "hats"]
    assert table["inventory_turnover_cost_per_year"].tolist()[0] == 2.5
    for name in ("on_hand_units", "available_units", "stock_value_minor", "excess_units_90d", "dead_stock_value_minor"):
        assert table[name][1] == -1, name
    for name in ("weeks_of_supply_forward", "gmroi_per_year", "lost_units_52w", "sell_through_available_share"):
        assert np.isnan(table[name][1]), name
    assert table["shipped_units_52w"].tolist() == [572, 5200]
