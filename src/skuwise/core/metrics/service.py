"""How well customers were served: fill rates, stockouts and what they cost.

Two kinds of fill rate stand side by side. *Order-based* ones count what was asked for on an order: where the shop
takes a product off the page when it is out, they are near 1 and say little. The *demand-based* one sets sales against
sales plus the units that a stockout is thought to have cost: an inference, and empty where nothing is known of
stockouts.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, Float32Array, FloatArray, IntArray
from skuwise.core.metrics.windows import DAYS_PER_WEEK, UNKNOWN, YEAR_DAYS, newest, ratio
from skuwise.core.steps import step

STOCKOUT_SOURCE_NAMES = ("unknown", "observed")


@step(
    out="unit_fill_rate_order_based",
    formula="fill_shipped_units ÷ fill_requested_units",
    source="RightChain: units shipped at first attempt ÷ units requested",
)
def unit_fill_rate_order_based(fill_shipped_units: IntArray, fill_requested_units: IntArray) -> FloatArray:
    """Share of the requested units that were shipped at first attempt [(n,) share]; null where not recorded.

    >>> unit_fill_rate_order_based(np.array([170]), np.array([200])).tolist()
    [0.85]
    """
    return ratio(fill_shipped_units, fill_requested_units)


@step(
    out="line_fill_rate_order_based",
    formula="fill_lines_filled ÷ fill_lines",
    source="RightChain: order lines filled whole ÷ order lines",
)
def line_fill_rate_order_based(fill_lines_filled: IntArray, fill_lines: IntArray) -> FloatArray:
    """Share of the order lines that were filled whole [(n,) share]; null where not recorded.

    >>> line_fill_rate_order_based(np.array([4]), np.array([6])).round(2).tolist()
    [0.67]
    """
    return ratio(fill_lines_filled, fill_lines)


@step(
    out="order_fill_rate_order_based",
    formula="fill_item_orders_filled ÷ fill_item_orders",
    source="RightChain: orders filled whole ÷ orders",
)
def order_fill_rate_order_based(fill_item_orders_filled: IntArray, fill_item_orders: IntArray) -> FloatArray:
    """Share of the orders that hold the item and were filled whole [(n,) share]; null where not recorded.

    >>> order_fill_rate_order_based(np.array([0]), np.array([2])).tolist()
    [0.0]
    """
    return ratio(fill_item_orders_filled, fill_item_orders)


def line_fill_rate_estimate(unit_fill_rate: FloatArray, units_per_line: FloatArray) -> FloatArray:
    """An estimate, where lines are not recorded: a line is filled when each of its units is there.

    unit_fill_rate ^ units_per_line, as if units were missing independently of each other. Source: RightChain.

    >>> line_fill_rate_estimate(np.array([0.9]), np.array([2.0])).round(2).tolist()
    [0.81]
    """
    return np.power(unit_fill_rate, units_per_line)


def order_fill_rate_estimate(line_fill_rate: FloatArray, lines_per_order: FloatArray) -> FloatArray:
    """An estimate, where orders are not recorded: line_fill_rate ^ lines_per_order. Source: RightChain.

    >>> order_fill_rate_estimate(np.array([0.67]), np.array([3.0])).round(2).tolist()
    [0.3]
    """
    return np.power(line_fill_rate, lines_per_order)


@step(
    out="stockout_source",
    formula="observed where availability_known; else unknown",
    source="our choice: a stockout nobody recorded is not a stockout that did not happen",
    codes={"stockout_source": STOCKOUT_SOURCE_NAMES},
)
def stockout_source(availability_known: BoolArray) -> CodeArray:
    """Whether the stockouts behind the figures were seen [(n,) code]."""
    return availability_known.astype(np.int16)


@step(
    out="stockout_days_52w",
    formula="Σ (1 − in_stock_share) × period_days over the periods on sale of the last 52 weeks; null where unknown",
    source="Inventory Planner: a day with sellable stock ≤ 0",
)
def stockout_days_52w(
    in_stock_share: Float32Array, on_sale: BoolArray, availability_known: BoolArray, period_days: int
) -> FloatArray:
    """Days on which the item could not be bought [(n,) days].

    >>> stockout_days_52w(np.float32([[1, 0.5, 0]]), np.array([[True] * 3]), np.array([True]), 7).tolist()
    [10.5]
    """
    out_share = 1.0 - newest(in_stock_share, YEAR_DAYS, period_days).astype(np.float64)
    out_days = np.where(newest(on_sale, YEAR_DAYS, period_days), out_share, 0.0).sum(axis=1) * period_days
    return np.where(availability_known, out_days, np.nan)


@step(
    out="in_stock_rate_52w",
    formula="1 − stockout_days_52w ÷ (7 × metric_window_weeks)",
    source="SPT: ready rate P3; weighted by time",
)
def in_stock_rate_52w(stockout_days_52w: FloatArray, metric_window_weeks: FloatArray) -> FloatArray:
    """Share of the time on sale in which the item could be bought [(n,) share].

    >>> in_stock_rate_52w(np.array([91.0]), np.array([52.0])).tolist()
    [0.75]
    """
    return 1.0 - ratio(stockout_days_52w, DAYS_PER_WEEK * metric_window_weeks)


@step(
    out="lost_units_52w",
    formula="Σ max(own_demand_units − sales_units, 0) over the censored periods of the last 52 weeks; null where "
    "unknown",
    source="inferred; datavations and Netstock: expected demand − sales while out of stock",
)
def lost_units_52w(
    own_demand_units: FloatArray,
    sales_units: IntArray,
    censored: BoolArray,
    availability_known: BoolArray,
    period_days: int,
) -> FloatArray:
    """Units that stockouts are thought to have cost [(n,) units].

    >>> demand, sales, censored = np.array([[5.0, 8.0]]), np.array([[5, 2]]), np.array([[False, True]])
    >>> lost_units_52w(demand, sales, censored, np.array([True]), 7).tolist()
    [6.0]
    """
    missed = newest(own_demand_units, YEAR_DAYS, period_days) - newest(sales_units, YEAR_DAYS, period_days)
    counts = newest(censored, YEAR_DAYS, period_days) & (missed > 0)
    return np.where(availability_known, np.where(counts, missed, 0.0).sum(axis=1), np.nan)


@step(
    out=("lost_sales_minor_52w", "lost_margin_minor_52w"),
    formula="lost_units_52w × unit_price_minor; lost_units_52w × max(unit_price_minor − unit_cost_minor, 0); rounded; "
    "-1 where a part is unknown",
    source="datavations: lost units × price or × margin",
)
def lost_money(
    lost_units_52w: FloatArray, unit_price_minor: IntArray, unit_cost_minor: IntArray
) -> tuple[IntArray, IntArray]:
    """Sales and margin that stockouts are thought to have cost [(n,) minor currency].

    A sale below cost that did not happen has lost no margin.
    """
    known = ~np.isnan(lost_units_52w) & (unit_price_minor >= 0)
    units = np.where(known, lost_units_52w, 0.0)
    sales = np.rint(units * unit_price_minor).astype(np.int64)
    margin = np.rint(units * np.maximum(unit_price_minor - unit_cost_minor, 0)).astype(np.int64)
    return np.where(known, sales, UNKNOWN), np.where(known & (unit_cost_minor >= 0), margin, UNKNOWN)


@step(
    out="unit_fill_rate_demand_based",
    formula="shipped_units_52w ÷ (shipped_units_52w + lost_units_52w)",
    source="SPT: fill rate P2; with inferred lost units",
)
def unit_fill_rate_demand_based(shipped_units_52w: IntArray, lost_units_52w: FloatArray) -> FloatArray:
    """Share of the demand of the last 52 weeks that was met [(n,) share]; null where stockouts are unknown.

    >>> unit_fill_rate_demand_based(np.array([170, 170]), np.array([30.0, np.nan])).tolist()
    [0.85, nan]
    """
    return ratio(shipped_units_52w, shipped_units_52w + lost_units_52w)


@step(
    out="returns_share_52w",
    formula="returned_units_52w ÷ shipped_units_52w",
    source="retail practice; by the date of the return",
)
def returns_share_52w(returned_units_52w: IntArray, shipped_units_52w: IntArray) -> FloatArray:
    """Units returned ÷ units sold [(n,) ratio]; above 1 where older sales came back; null where nothing sold.

    >>> returns_share_52w(np.array([12]), np.array([80])).tolist()
    [0.15]
    """
    return ratio(returned_units_52w, shipped_units_52w)
