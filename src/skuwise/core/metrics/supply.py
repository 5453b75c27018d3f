"""How long the stock lasts, and what of it is too much: weeks and days of supply, excess, dead stock, stock value."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray
from skuwise.core.metrics.windows import DAYS_PER_WEEK, QUARTER_DAYS, UNKNOWN, newest, ratio
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import step

#: Beyond the horizon demand goes on at the mean of the last forecast periods that make up this many days.
TAIL_DAYS = 91
#: Stock without a sale for this long, while it could be bought, is dead.
DEAD_WEEKS = 26


def _tail_units_per_period(mean_units: FloatArray, period_days: int) -> FloatArray:
    tail: FloatArray = newest(mean_units, TAIL_DAYS, period_days).mean(axis=1)
    return tail


@step(
    out="weeks_of_supply_forward",
    formula="time until available_units are used up by mean_units; period by period; the last one in part; beyond the "
    "horizon at the mean of its last 13 weeks",
    source="APICS weeks of supply; Netstock days of cover",
)
def weeks_of_supply_forward(available_units: IntArray, mean_units: FloatArray, period_days: int) -> FloatArray:
    """Weeks until what is available is sold [(n,) weeks]; null where it never is, or the stock is not known.

    25 units against a forecast of 10, 10, 20 a week: two whole weeks and a quarter of the third.

    >>> weeks_of_supply_forward(np.array([25]), np.array([[10.0, 10.0, 20.0]]), period_days=7).tolist()
    [2.25]
    """
    horizon = mean_units.shape[1]
    used = np.cumsum(mean_units, axis=1)
    whole = (used < available_units[:, None]).sum(axis=1)
    rows = np.arange(len(mean_units))
    used_before = np.where(whole > 0, used[rows, np.maximum(whole - 1, 0)], 0.0)
    within = whole < horizon
    pace = np.where(
        within, mean_units[rows, np.minimum(whole, horizon - 1)], _tail_units_per_period(mean_units, period_days)
    )
    last_part = np.where(available_units == 0, 0.0, ratio(available_units - used_before, pace))
    known = (available_units >= 0) & (used[:, -1] > 0)
    return np.where(known, (whole + last_part) * (period_days / DAYS_PER_WEEK), np.nan)


@step(
    out="weeks_of_supply_trailing",
    formula="available_units ÷ (7 × daily_shipped_units_90d)",
    source="APICS weeks of supply on past sales",
)
def weeks_of_supply_trailing(available_units: IntArray, daily_shipped_units_90d: FloatArray) -> FloatArray:
    """Available ÷ mean weekly sales of the last 90 days [(n,) weeks]; null where nothing sold.

    >>> weeks_of_supply_trailing(np.array([60]), np.array([10 / 7])).round(9).tolist()
    [6.0]
    """
    return np.where(available_units >= 0, ratio(available_units, DAYS_PER_WEEK * daily_shipped_units_90d), np.nan)


@step(
    out="days_of_supply_historical_30d",
    formula="average_on_hand_units_30d ÷ daily_shipped_units_30d",
    source="Amazon Seller Central, historical days of supply",
)
def days_of_supply_historical_30d(
    average_on_hand_units_30d: FloatArray, daily_shipped_units_30d: FloatArray
) -> FloatArray:
    """Average sellable units ÷ average daily shipped units [(n,) days].

    >>> days_of_supply_historical_30d(np.array([243.6]), np.array([5.8])).round(9).tolist()
    [42.0]
    """
    return ratio(average_on_hand_units_30d, daily_shipped_units_30d)


@step(
    out="days_of_supply_historical_90d",
    formula="average_on_hand_units_90d ÷ daily_shipped_units_90d",
    source="Amazon Seller Central, historical days of supply",
)
def days_of_supply_historical_90d(
    average_on_hand_units_90d: FloatArray, daily_shipped_units_90d: FloatArray
) -> FloatArray:
    """The same over 90 days [(n,) days].

    >>> days_of_supply_historical_90d(np.array([220.5]), np.array([12.6])).round(9).tolist()
    [17.5]
    """
    return ratio(average_on_hand_units_90d, daily_shipped_units_90d)


@step(
    out="days_of_supply_historical_greater",
    formula="max(days_of_supply_historical_30d, days_of_supply_historical_90d)",
    source="Amazon Seller Central, low-inventory-level fee: the greater of the two counts",
)
def days_of_supply_historical_greater(
    days_of_supply_historical_30d: FloatArray, days_of_supply_historical_90d: FloatArray
) -> FloatArray:
    """The greater of the two [(n,) days]; null where either is."""
    return np.maximum(days_of_supply_historical_30d, days_of_supply_historical_90d)


@step(
    out="excess_units_90d",
    formula="max(available_units − Σ mean_units over the next 90 days, 0); whole units",
    source="Amazon Seller Central, inventory performance index: excess is above 90 days of supply",
)
def excess_units_90d(available_units: IntArray, mean_units: FloatArray, period_days: int) -> IntArray:
    """Units above 90 days of expected demand [(n,) units]; -1 without a stock count.

    >>> excess_units_90d(np.array([100]), np.full((1, 26), 7.0), period_days=7).tolist()
    [10]
    """
    periods = QUARTER_DAYS / period_days
    whole = min(int(periods), mean_units.shape[1])
    demand = mean_units[:, :whole].cumsum(axis=1)[:, -1] if whole else np.zeros(len(mean_units))
    rest = mean_units[:, whole] if whole < mean_units.shape[1] else _tail_units_per_period(mean_units, period_days)
    excess = np.maximum(available_units - ceil_units(demand + (periods - whole) * rest), 0)
    return np.where(available_units >= 0, excess, UNKNOWN)


@step(
    out="excess_value_minor",
    formula="excess_units_90d × unit_cost_minor; -1 where stock or cost is unknown",
    source="stock at cost",
)
def excess_value_minor(excess_units_90d: IntArray, unit_cost_minor: IntArray) -> IntArray:
    """Money in the excess [(n,) minor currency]."""
    return np.where((excess_units_90d >= 0) & (unit_cost_minor >= 0), excess_units_90d * unit_cost_minor, UNKNOWN)


@step(
    out="stock_value_minor",
    formula="on_hand_units × unit_cost_minor; -1 where stock or cost is unknown",
    source="stock at cost",
)
def stock_value_minor(on_hand_units: IntArray, stock_known: BoolArray, unit_cost_minor: IntArray) -> IntArray:
    """Money in the stock [(n,) minor currency].

    >>> stock_value_minor(np.array([3, 3]), np.array([True, True]), np.array([250, -1])).tolist()
    [750, -1]
    """
    return np.where(stock_known & (unit_cost_minor >= 0), on_hand_units * unit_cost_minor, UNKNOWN)


@step(
    out="weeks_in_stock_without_sale",
    formula="Σ in_stock_share × period_days ÷ 7 over the periods after the newest sale (all where it never sold) in "
    "which it was on sale, counted above 0 or received; null where no period is known to have had it",
    source="our choice: time out of stock says nothing against an item",
)
def weeks_in_stock_without_sale(
    sales_units: IntArray,
    in_stock_share: Float32Array,
    on_sale: BoolArray,
    received_units: IntArray,
    on_hand_units_mean: Float32Array,
    period_days: int,
) -> FloatArray:
    """How long the item has been there to be bought since it last sold [(n,) weeks].

    An item that never sold counts from its launch, first receipt or first count above 0, whichever is known.
    """
    quiet = (newest(sales_units, QUARTER_DAYS, period_days) <= 0).all(axis=1)
    weeks = np.zeros(len(sales_units))
    # Most items sold of late: only the quiet ones need the long look back.
    for rows, days in ((~quiet, QUARTER_DAYS), (quiet, sales_units.shape[1] * period_days)):
        arrived = np.logical_or.accumulate(newest(received_units, days, period_days)[rows] > 0, axis=1)
        counted = newest(on_hand_units_mean, days, period_days)[rows] > 0
        there = newest(on_sale, days, period_days)[rows] | arrived | counted
        sold = newest(sales_units, days, period_days)[rows] > 0
        since_sale = ~np.logical_or.accumulate(sold[:, ::-1], axis=1)[:, ::-1]
        share = newest(in_stock_share, days, period_days)[rows].astype(np.float64)
        total = np.where(there & since_sale, share, 0.0).sum(axis=1) * (period_days / DAYS_PER_WEEK)
        weeks[rows] = np.where(there.any(axis=1), total, np.nan)
    return weeks


@step(
    out="dead_stock_value_minor",
    formula="stock_value_minor where weeks_in_stock_without_sale ≥ 26; else 0; -1 where a part is unknown",
    source="our choice: half a year on sale without a sale",
)
def dead_stock_value_minor(stock_value_minor: IntArray, weeks_in_stock_without_sale: FloatArray) -> IntArray:
    """Money in stock that no longer sells [(n,) minor currency]; -1 where stock, cost or time in stock is unknown.

    >>> dead_stock_value_minor(np.array([900, 900, -1]), np.array([26.0, 25.0, 30.0])).tolist()
    [900, 0, -1]
    """
    dead_value = np.where(weeks_in_stock_without_sale >= DEAD_WEEKS, stock_value_minor, 0)
    known = (stock_value_minor == 0) | ((stock_value_minor > 0) & ~np.isnan(weeks_in_stock_without_sale))
    return np.where(known, dead_value, UNKNOWN)
