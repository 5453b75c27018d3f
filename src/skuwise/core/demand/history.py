"""From sales to demand: when an item could be bought, when it could not, and what was missed meanwhile.

Sales are the smaller of demand and stock. A period that was out of stock for part of its time is *censored*: its
sales are a lower bound. Reading it as the demand itself makes the next order too small and the stockout return.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.steps import step

#: Uncensored periods looked for on each side of a censored one, and how far away they may lie.
NEIGHBOURS_EACH_SIDE = 4
NEIGHBOURS_WITHIN_PERIODS = 26
#: A lone period so many robust deviations above the median is a one-off (on the logarithms of the sales).
ONE_OFF_DEVIATIONS = 2.5
ONE_OFF_SPREAD_MIN = 0.55
ONE_OFF_SALES_MIN = 4
ONE_OFF_SUSPECT = 4.0
#: Fewer units in a period are never bulk.
ONE_OFF_UNITS_MIN = 10.0
#: Where fewer sales than that tell of no spread: one so many times the mean of the others, with this long a silence
#: after the last of them, is a one-off.
FEW_SALES_TIMES = 10.0
FEW_SALES_SILENT_PERIODS = 4


@step(
    out=("own_first_period", "last_sale_period"),
    formula="own_first_period = the earlier of launch and first sale; last_sale_period = newest period with a sale",
    source="our choice",
)
def sale_periods(sales_units: IntArray, launch_known: BoolArray, launch_period: IntArray) -> tuple[IntArray, IntArray]:
    """First period on sale and newest period with a sale [(n,) each; -1 where there is none].

    >>> sales = np.array([[0, 2, 0, 1, 0], [0, 0, 0, 0, 0]])
    >>> first, last = sale_periods(sales, np.array([False, True]), np.array([0, 3]))
    >>> first.tolist(), last.tolist()
    ([1, 3], [3, -1])
    """
    sold = sales_units > 0
    any_sale = sold.any(axis=1)
    periods = sales_units.shape[1]
    first_sale = np.where(any_sale, sold.argmax(axis=1), periods)
    last_sale = np.where(any_sale, periods - 1 - sold[:, ::-1].argmax(axis=1), -1)
    first = np.minimum(first_sale, np.where(launch_known, launch_period, periods))
    return np.where(first < periods, first, -1), last_sale


@step(
    out="on_sale",
    formula="every period from own_first_period on",
    source="our choice",
)
def periods_on_sale(sales_units: IntArray, own_first_period: IntArray) -> BoolArray:
    """True from the first period on sale [(n, T) bool]; false everywhere for an item that never was."""
    periods = np.arange(sales_units.shape[1])
    on_sale: BoolArray = (periods[None, :] >= own_first_period[:, None]) & (own_first_period >= 0)[:, None]
    return on_sale


@step(
    out="censored",
    formula="on sale, and in stock for less than censoring_in_stock_share_min of the period",
    source="S&S: sales = min(demand, stock)",
)
def censored_periods(
    on_sale: BoolArray, in_stock_share: Float32Array, censoring_in_stock_share_min: float
) -> BoolArray:
    """Periods whose sales are only a lower bound of demand [(n, T) bool]."""
    censored: BoolArray = on_sale & (in_stock_share < np.float32(censoring_in_stock_share_min))
    return censored


@step(
    out=("own_demand_units", "one_off_units"),
    formula="sales, and in censored periods sales + (1 − in-stock share) × mean of the nearest uncensored periods; a "
    "lone period beyond exp(median + 2.5 × 1.4826 × MAD) of the logarithms of the item's sales, and beyond 10 units, "
    "is cut to that; of fewer than 4 sales one beyond 10 × the mean of the others, if 4 periods of silence followed",
    source="our choice; Hampel (1974) identifier on the logarithms",
)
def demand_from_sales(
    sales_units: IntArray, in_stock_share: Float32Array, censored: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Estimated demand [(n, T) units], equal to sales wherever nothing was missed, and what was cut [(n,) units].

    A period flagged as wholly out of stock that has sales all the same (flags taken at its end) gets the larger
    of its sales and the local rate. One bulk order is no demand to plan for: it is cut unless a period beside it is as
    large, because two in a row may be a new level.

    >>> sales = np.array([[10, 10, 5, 10, 10, 0]])
    >>> share = np.array([[1, 1, 0.5, 1, 1, 0]], dtype=np.float32)
    >>> demand_from_sales(sales, share, share < 0.95)[0].tolist()
    [[10.0, 10.0, 10.0, 10.0, 10.0, 10.0]]
    >>> bulk = np.array([[3, 4, 5, 900, 4, 3]])
    >>> demand, cut = demand_from_sales(bulk, np.ones((1, 6), np.float32), bulk < 0)
    >>> round(float(demand[0, 3])), round(float(cut[0]))
    (16, 884)
    """
    demand = sales_units.astype(np.float64)
    one_off = _cut_one_offs(demand, censored)
    touched = np.flatnonzero(censored.any(axis=1))
    if len(touched):
        demand[touched] = _fill_censored(demand[touched], in_stock_share[touched], censored[touched])
    return demand, one_off


@kernel
def _cut_one_offs(demand: FloatArray, censored: BoolArray) -> FloatArray:
    """Cut lone periods of ``demand`` in place; returns the units cut."""
    n, periods = demand.shape
    cut = np.zeros(n)
    sizes = np.empty(periods)
    for i in range(n):
        count = 0
        total = 0.0
        largest = 0.0
        for t in range(periods):
            if demand[i, t] > 0 and not censored[i, t]:
                sizes[count] = demand[i, t]
                count += 1
                total += demand[i, t]
                largest = max(largest, demand[i, t])
        if 0 < count < ONE_OFF_SALES_MIN:
            cut[i] = _cut_among_few(demand[i], count, total, largest)
            continue
        # Most items need no sorting: their largest period is near the others.
        if count < ONE_OFF_SALES_MIN or largest < ONE_OFF_SUSPECT * (total - largest) / (count - 1):
            continue
        logs = np.log(sizes[:count])
        middle = np.median(logs)
        spread = max(ONE_OFF_SPREAD_MIN, 1.4826 * np.median(np.abs(logs - middle)))
        cap = max(ONE_OFF_UNITS_MIN, np.exp(middle + ONE_OFF_DEVIATIONS * spread))
        for t in range(periods):
            before = demand[i, t - 1] if t > 0 else 0.0
            after = demand[i, t + 1] if t + 1 < periods else 0.0
            if demand[i, t] > cap and max(before, after) < cap / 2:
                cut[i] += demand[i, t] - cap
                demand[i, t] = cap
    return cut


@kernel
def _cut_among_few(demand: FloatArray, count: int, total: float, largest: float) -> float:
    """The same where one to three sales tell of no spread: only once silence has followed."""
    others = (total - largest) / (count - 1) if count > 1 else 0.0
    cap = max(ONE_OFF_UNITS_MIN, FEW_SALES_TIMES * others)
    periods = len(demand)
    if largest <= cap or demand[max(0, periods - FEW_SALES_SILENT_PERIODS) :].any():
        return 0.0
    cut = 0.0
    for t in range(periods):
        if demand[t] > cap:
            cut += demand[t] - cap
            demand[t] = cap
    return cut


@kernel
def _fill_censored(sales: FloatArray, share: Float32Array, censored: BoolArray) -> FloatArray:
    n, periods = sales.shape
    filled = sales.copy()
    for i in range(n):
        for t in range(periods):
            if not censored[i, t]:
                continue
            total = 0.0
            count = 0
            for direction in (-1, 1):
                found = 0
                distance = 1
                while found < NEIGHBOURS_EACH_SIDE and distance <= NEIGHBOURS_WITHIN_PERIODS:
                    other = t + direction * distance
                    if other < 0 or other >= periods:
                        break
                    # Periods before the launch are uncensored zeros: they must not pull the rate down.
                    if not censored[i, other] and (sales[i, other] > 0 or _sold_before(sales, i, other)):
                        total += sales[i, other]
                        count += 1
                        found += 1
                    distance += 1
            local = total / count if count else sales[i, t]
            missing = 1.0 - float(share[i, t])
            if share[i, t] <= 0 and sales[i, t] > 0:
                filled[i, t] = max(sales[i, t], local)
            else:
                filled[i, t] = sales[i, t] + missing * local
    return filled


@kernel
def _sold_before(sales: FloatArray, i: int, t: int) -> bool:
    return bool(sales[i, :t].any())
