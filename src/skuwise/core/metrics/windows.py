"""Windows on the past: what was shipped, returned and held, summed over the windows that the metrics look at.

These are the parts of every ratio. An item's metric divides its own parts, a group's metric divides the sums of the
parts, with the same formula. A window is a number of whole periods that end at the as-of day: 52 weeks are 52
periods of 7 days, 90 days are 13 (91 days), 30 days are 4 (28 days). A year has 52 weeks, as in the retail calendar,
so that a whole window is not scaled at all and a younger item's is scaled by its ``metric_window_weeks``.

Parts are never negative; a part that is not known is NaN in a float column and -1 in a whole number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray
from skuwise.core.steps import step

DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 52
YEAR_DAYS = WEEKS_PER_YEAR * DAYS_PER_WEEK
QUARTER_DAYS = 90
MONTH_DAYS = 30

UNKNOWN = -1


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> FloatArray:
    """Numerator ÷ denominator; NaN where the denominator is 0 or less, or a part is not known.

    >>> ratio([170, 1], [200, 0]).tolist()
    [0.85, nan]
    """
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    result = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def periods_in(days: float, period_days: int) -> int:
    """The whole number of periods nearest to a length in days, at least one.

    >>> periods_in(YEAR_DAYS, 7), periods_in(QUARTER_DAYS, 7), periods_in(MONTH_DAYS, 7)
    (52, 13, 4)
    """
    return max(int(days / period_days + 0.5), 1)


def newest(history: npt.NDArray[Any], days: float, period_days: int) -> npt.NDArray[Any]:
    """The newest columns of an (n, T) array that make up a window of that many days: a view, (n, ≤ T)."""
    return history[:, max(history.shape[1] - periods_in(days, period_days), 0) :]


def days_on_sale(first_period: IntArray, period_count: int, days: float, period_days: int) -> IntArray:
    """Days of the window in which the item was already on sale; 0 where it never was [(n,) days]."""
    since_launch = np.where(first_period >= 0, period_count - first_period, 0)
    periods: IntArray = np.minimum(since_launch, periods_in(days, period_days))
    return periods * period_days


def _shipped(sales_units: IntArray, days: float, period_days: int) -> IntArray:
    # Cancellations may fall into a later period than the sale; a window with more of them than sales has shipped none.
    shipped: IntArray = np.maximum(newest(sales_units, days, period_days).sum(axis=1), 0)
    return shipped


def _average_counted(on_hand_units_mean: Float32Array, on_sale: BoolArray, days: float, period_days: int) -> FloatArray:
    units = newest(on_hand_units_mean, days, period_days).astype(np.float64)
    counted = newest(on_sale, days, period_days) & ~np.isnan(units)
    # The cast comes first: a sum that casts in chunks would round differently from one block of items to another.
    return ratio(np.where(counted, units, 0.0).sum(axis=1), counted.sum(axis=1))


@step(
    out="metric_window_weeks",
    formula="the last 52 weeks; or the weeks since own_first_period where the item is younger",
    source="retail calendar of 52 weeks",
)
def metric_window_weeks(own_first_period: IntArray, sales_units: IntArray, period_days: int) -> FloatArray:
    """Length of the yearly window of each item [(n,) weeks]; 0 where it was never on sale."""
    return days_on_sale(own_first_period, sales_units.shape[1], YEAR_DAYS, period_days) / DAYS_PER_WEEK


@step(
    out=("shipped_units_52w", "returned_units_52w", "net_units_52w"),
    formula="Σ sales_units; Σ returned_units; max(Σ sales_units − Σ returned_units, 0) over the last 52 weeks",
    source="retail accounting: a return undoes the sale and its cost",
)
def units_of_the_year(
    sales_units: IntArray, returned_units: IntArray, period_days: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Units sold, returned and sold net of returns [(n,) units].

    Where more came back than was sold, the rest belongs to sales before the window: net is then 0.
    """
    shipped = _shipped(sales_units, YEAR_DAYS, period_days)
    returned = newest(returned_units, YEAR_DAYS, period_days).sum(axis=1)
    return shipped, returned, np.maximum(shipped - returned, 0)


@step(
    out=("shipped_units_90d", "net_units_90d"),
    formula="Σ sales_units; max(Σ sales_units − Σ returned_units, 0) over the last 90 days in whole periods",
    source="Amazon Seller Central, inventory performance index",
)
def units_of_the_quarter(
    sales_units: IntArray, returned_units: IntArray, period_days: int
) -> tuple[IntArray, IntArray]:
    """Units sold, and sold net of returns, over 90 days [(n,) units]."""
    shipped = _shipped(sales_units, QUARTER_DAYS, period_days)
    returned = newest(returned_units, QUARTER_DAYS, period_days).sum(axis=1)
    return shipped, np.maximum(shipped - returned, 0)


@step(
    out=("daily_shipped_units_30d", "daily_shipped_units_90d"),
    formula="Σ sales_units ÷ days on sale; over the last 30 and 90 days in whole periods",
    source="Amazon Seller Central, historical days of supply",
)
def daily_shipped_units(
    sales_units: IntArray, own_first_period: IntArray, period_days: int
) -> tuple[FloatArray, FloatArray]:
    """Average daily units shipped [(n,) units/day]; days before the launch do not count."""
    rates = []
    for days in (MONTH_DAYS, QUARTER_DAYS):
        on_sale_days = days_on_sale(own_first_period, sales_units.shape[1], days, period_days)
        rates.append(_shipped(sales_units, days, period_days) / np.maximum(on_sale_days, period_days))
    return rates[0], rates[1]


@step(
    out=("average_on_hand_units_52w", "stock_counted_periods_52w"),
    formula="mean of on_hand_units_mean over the counted periods on sale of the last 52 weeks; how many they are",
    source="Shopify guide to inventory turnover; averaged over counts and not (start + end) ÷ 2",
)
def average_on_hand_of_the_year(
    on_hand_units_mean: Float32Array, on_sale: BoolArray, period_days: int
) -> tuple[FloatArray, IntArray]:
    """Average stock [(n,) units], NaN where nothing was counted, and the number of periods behind it."""
    counted = newest(on_sale, YEAR_DAYS, period_days) & ~np.isnan(newest(on_hand_units_mean, YEAR_DAYS, period_days))
    return _average_counted(on_hand_units_mean, on_sale, YEAR_DAYS, period_days), counted.sum(axis=1)


@step(
    out=("average_on_hand_units_30d", "average_on_hand_units_90d"),
    formula="mean of on_hand_units_mean over the counted periods on sale of the last 30 and 90 days",
    source="Amazon Seller Central, historical days of supply",
)
def average_on_hand_of_month_and_quarter(
    on_hand_units_mean: Float32Array, on_sale: BoolArray, period_days: int
) -> tuple[FloatArray, FloatArray]:
    """Average stock over 30 and over 90 days [(n,) units]; NaN where nothing was counted."""
    return (
        _average_counted(on_hand_units_mean, on_sale, MONTH_DAYS, period_days),
        _average_counted(on_hand_units_mean, on_sale, QUARTER_DAYS, period_days),
    )


@step(
    out="available_units",
    formula="max(on_hand_units − reserved_units − backlog_units, 0); -1 without a stock count",
    source="SPT; Streamline: on hand − pending sales orders",
)
def available_units(
    on_hand_units: IntArray, reserved_units: IntArray, backlog_units: IntArray, stock_known: BoolArray
) -> IntArray:
    """Stock that nobody has been promised [(n,) units]; what is on order does not count.

    >>> available_units(np.array([10, 2]), np.array([3, 0]), np.array([1, 5]), np.array([True, True])).tolist()
    [6, 0]
    """
    return np.where(stock_known, np.maximum(on_hand_units - reserved_units - backlog_units, 0), UNKNOWN)
