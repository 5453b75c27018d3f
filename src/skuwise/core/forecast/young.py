"""Items with a short history: what they say themselves, what earlier launches say of them, and what is not known yet.

A long history can be asked which model would have served it best (``level``). A short one cannot: five periods choose
noise. It is read with ``shifting``, whose spread says how little is known; the first guess comes from the item's
analogues, which is all that there is before its first sale.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import deseasonalised
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.forecast.shifting import shifting_level
from skuwise.core.steps import step

#: Fewer periods than this are a short history.
YOUNG_PERIODS = 60
#: Where a period is a day: after two weeks an item's neighbours say more (``behaviour.movement``).
YOUNG_DAYS = 14
#: Leading periods without a sale belong to the history where nobody knows when the item was launched: dropping them
#: would start every slow item with a sale, and read its rate too high.
LEADING_PERIODS = 4
#: Periods after a launch that tell what launches sell; the own first periods that the first guess listens to.
FIRST_PERIODS = 5
#: Launches that make a group worth asking.
LAUNCHES_MIN = 3
#: Periods before a sum that is over from which it could have been foretold.
PAST_PERIODS_MIN = 4
#: Price bands: thirds of the prices of a category.
PRICE_BANDS = 3

ANALOGUES = (
    "none",
    "launches in its category and price band",
    "launches in its category",
    "launches in the shop",
)


@step(
    out=("analogue_level_units_per_period", "analogue_source"),
    formula="median over the items launched within the history, with at least 5 periods since, of the mean demand of "
    "their first 5 periods; of the item's category and third of its prices, else its category, else the shop, "
    "whichever first has 3 such launches",
    source="forecasting by analogy (Green & Armstrong, 2007); the median is a cautious middle of a skewed lot",
    scope="shop",
    codes={"analogue_source": ANALOGUES},
)
def analogue_level(
    demand_units: FloatArray,
    first_period: IntArray,
    is_bundle: BoolArray,
    category: CodeArray,
    unit_price_minor: IntArray,
) -> tuple[FloatArray, CodeArray]:
    """Demand a period that launches like this item had at first [(n,) units, NaN where none are known], and which.

    >>> demand = np.zeros((4, 12)); demand[:3, 6:] = [[4.0], [6.0], [20.0]]
    >>> level, source = analogue_level(
    ...     demand, np.array([6, 6, 6, -1]), np.zeros(4, bool), np.zeros(4, np.int16), np.full(4, -1))
    >>> float(level[3]), ANALOGUES[source[3]]
    (6.0, 'launches in its category')
    """
    n, periods = demand_units.shape
    level, source = np.full(n, np.nan), np.zeros(n, np.int16)
    launched = np.flatnonzero((first_period > LEADING_PERIODS) & (first_period <= periods - FIRST_PERIODS) & ~is_bundle)
    if len(launched) < LAUNCHES_MIN:
        return level, source
    at_first = demand_units[launched[:, None], first_period[launched, None] + np.arange(FIRST_PERIODS)].mean(axis=1)
    band = _price_bands(category, unit_price_minor)
    within = np.where(band >= 0, category.astype(np.int64) * PRICE_BANDS + band, -1)
    for code, group in ((3, np.zeros(n, np.int64)), (2, category.astype(np.int64)), (1, within)):
        median = _group_medians(group[launched], at_first, max(1, int(group.max()) + 1))
        known = (group >= 0) & ~np.isnan(median[group])
        level = np.where(known, median[group], level)
        source = np.where(known, code, source).astype(np.int16)
    return level, source


def _price_bands(category: CodeArray, price: IntArray) -> IntArray:
    """Which third of its category's prices an item is in [(n,)]; -1 where the price is unknown."""
    order = np.lexsort((price, category))
    order = order[price[order] >= 0]
    band = np.full(len(price), -1, np.int64)
    starts = np.searchsorted(category[order], category[order], side="left")
    ends = np.searchsorted(category[order], category[order], side="right")
    band[order] = (np.arange(len(order)) - starts) * PRICE_BANDS // (ends - starts)
    return band


def _group_medians(group: np.ndarray, values: FloatArray, size: int) -> FloatArray:
    """Median of each group's values [(size,)]; NaN where a group has fewer than ``LAUNCHES_MIN``."""
    median = np.full(size, np.nan)
    usable = np.flatnonzero(group >= 0)
    order = usable[np.lexsort((values[usable], group[usable]))]
    names, first, count = np.unique(group[order], return_index=True, return_counts=True)
    middle = (values[order[first + (count - 1) // 2]] + values[order[first + count // 2]]) / 2
    enough = count >= LAUNCHES_MIN
    median[names[enough]] = middle[enough]
    return median


@step(
    out=(
        "young_level_units_per_period",
        "young_error_sd_units_per_period",
        "young_past_sum_units",
        "young_past_sum_mean_units",
        "young_past_sum_sd_units",
    ),
    formula="below 60 periods (14 where a period is a day): credibility means over every possible last change of "
    "level, weighed by how well each foretold the history; variance = mean + dispersion × mean²; error sd = √(variance "
    "of a period + periods of the protection interval × variance of the level). First guess = mean of the first 5 "
    "periods; before the first sale the analogue level, for items launched before an order of today arrives; NaN "
    "otherwise; past sum = the last protection interval that is over, as foretold from 4 periods before it or more",
    source="Adams & MacKay (2007); Bühlmann credibility; Tobin (1958) for sold-out periods",
)
def young_level(
    sales_units: IntArray,
    demand_units: FloatArray,
    censored: BoolArray,
    in_stock_share: Float32Array,
    first_period: IntArray,
    launch_known: BoolArray,
    launch_date: DateArray,
    season_index: FloatArray,
    analogue_level_units_per_period: FloatArray,
    lead_time_days_mean: FloatArray,
    protection_interval_days: FloatArray,
    grid_start_day: int,
    as_of_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    """Level and error of items with a short history or none [(n,) units/period each]; NaN where ``level`` decides.

    Then the demand of the last protection interval that is over, and what the same model would have foretold of it
    with its deviation [(n,) units each], for the calibration; 0 where too little was seen before it.

    A period that sold out is a lower bound; one that was sold out for a part of its time weighs by the rest of it.
    """
    days_to_launch = np.where(launch_known, launch_date.astype("datetime64[D]").astype(np.int64) - as_of_day, 0)
    awaited = launch_known & (first_period < 0) & (days_to_launch <= lead_time_days_mean)
    return _young_levels(
        sales_units,
        demand_units,
        censored,
        np.ascontiguousarray(in_stock_share),
        first_period,
        launch_known,
        awaited,
        season_index,
        analogue_level_units_per_period,
        protection_interval_days / period_days,
        YOUNG_DAYS if period_days == 1 else YOUNG_PERIODS,
        parts_of_periods(grid_start_day, demand_units.shape[1], period_days, season_index.shape[1]),
    )


@kernel
def _young_levels(
    sales: IntArray,
    demand: FloatArray,
    censored: BoolArray,
    share: Float32Array,
    first_period: IntArray,
    launch_known: BoolArray,
    awaited: BoolArray,
    season_index: FloatArray,
    analogue: FloatArray,
    protection_periods: FloatArray,
    young_periods: int,
    parts_of: IntArray,
) -> tuple[FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    n, periods = demand.shape
    level, error_sd = np.full(n, np.nan), np.full(n, np.nan)
    past = np.zeros((n, 3), np.float32)
    weight, bound, levels = np.empty(periods), np.empty(periods), np.empty(periods + 1)
    for i in range(n):
        start = first_period[i]
        if start < 0 and not (awaited[i] and analogue[i] > 0.0):
            continue
        if start < 0:
            start = periods
        elif sales[i].max() <= 0 and not analogue[i] > 0.0:
            continue
        elif not launch_known[i] and start <= LEADING_PERIODS:
            start = 0
        if periods - start >= young_periods:
            continue
        flat = deseasonalised(demand[i], season_index[i], parts_of, start)
        total, seen = 0.0, 0.0
        for t in range(start, periods):
            k = t - start
            index = season_index[i, parts_of[t]]
            weight[k] = min(1.0, index)
            bound[k] = np.nan
            if censored[i, t] and share[i, t] > 0.0:
                weight[k] *= share[i, t]
            elif censored[i, t]:
                bound[k] = sales[i, t] / max(0.05, index)
            if k < FIRST_PERIODS:
                total += flat[k] * weight[k]
                seen += weight[k]
        first = total / seen if seen > 0.0 else max(analogue[i], 0.0)
        found, level_variance, of_period = shifting_level(flat, weight, bound, first, levels)
        level[i] = found
        error_sd[i] = np.sqrt(of_period + protection_periods[i] * level_variance)
        # The last whole protection interval, as it would have been foretold: the spread is checked by it.
        horizon = max(1, int(np.round(protection_periods[i])))
        before = periods - start - horizon
        if before >= PAST_PERIODS_MIN:
            index = 0.0
            for t in range(periods - horizon, periods):
                index += season_index[i, parts_of[t]]
                past[i, 0] += demand[i, t]
            found, level_variance, of_period = shifting_level(flat[:before], weight, bound, first, levels)
            past[i, 1] = found * index
            past[i, 2] = index * np.sqrt(of_period / horizon + level_variance)
    return level, error_sd, past[:, 0], past[:, 1], past[:, 2]
