"""Items with a short history: what they say themselves, what earlier launches say of them, and what is not known yet.

A long history can be asked which model would have served it best (``level``). A short one cannot: five periods choose
noise. It is read with ``shifting``, whose spread says how little is known; the first guess comes from the item's
analogues, which is all that there is before its first sale.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import deseasonalised
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.forecast.analogues import FIRST_PERIODS, LEADING_PERIODS
from skuwise.core.forecast.shifting import DISPERSION_FIRST, shifting_level
from skuwise.core.steps import step

#: Fewer periods than this are a short history.
YOUNG_PERIODS = 60
#: Where a period is a day: after two weeks an item's neighbours say more (``behaviour.movement``).
YOUNG_DAYS = 14
#: Dispersion of a period's demand when the own first periods are weighed against what launches like it sold.
LAUNCH_DISPERSION = 0.5
#: Periods before a sum that is over from which it could have been foretold.
PAST_PERIODS_MIN = 4


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
    "of a period + periods of the protection interval × variance of the level), from the first period learned from on. "
    "Demand after a launch is divided by its ramp r and weighs by r or 1 ÷ r, whichever is less. First guess = the "
    "carried level, which still holds with a chance of 0.8 and then is worth 20 periods, else the mean of the first 5 "
    "periods, of a launch together with the analogue level a, which counts as (a + a² ÷ 2) ÷ its variance between "
    "launches periods; NaN where the history is long or nothing is known; past sum = the last protection interval "
    "that is over, as foretold from 4 periods before it or more",
    source="Adams & MacKay (2007); Bühlmann credibility; Tobin (1958) for sold-out periods",
)
def young_level(
    sales_units: IntArray,
    demand_units: FloatArray,
    censored: BoolArray,
    in_stock_share: Float32Array,
    first_period: IntArray,
    first_learned_period: IntArray,
    carried_level_units_per_period: FloatArray,
    carried_dispersion: FloatArray,
    launch_known: BoolArray,
    season_index: FloatArray,
    analogue_level_units_per_period: FloatArray,
    analogue_sd_units_per_period: FloatArray,
    launch_ramp: Float32Array,
    protection_interval_days: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    """Level and error of items with a short history or none [(n,) units/period each]; NaN where ``level`` decides.

    Then the demand of the last protection interval that is over, and what the same model would have foretold of it
    with its deviation [(n,) units each], for the calibration; 0 where too little was seen before it.

    A period that sold out is a lower bound; one that was sold out for a part of its time weighs by the rest of it.
    """
    return _young_levels(
        sales_units,
        demand_units,
        censored,
        np.ascontiguousarray(in_stock_share),
        first_period,
        first_learned_period,
        carried_level_units_per_period,
        carried_dispersion,
        launch_known,
        season_index,
        analogue_level_units_per_period,
        analogue_sd_units_per_period,
        np.ascontiguousarray(launch_ramp),
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
    first_learned: IntArray,
    carried_level: FloatArray,
    carried_dispersion: FloatArray,
    launch_known: BoolArray,
    season_index: FloatArray,
    analogue: FloatArray,
    analogue_sd: FloatArray,
    ramp: Float32Array,
    protection_periods: FloatArray,
    young_periods: int,
    parts_of: IntArray,
) -> tuple[FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    n, periods = demand.shape
    level, error_sd = np.full(n, np.nan), np.full(n, np.nan)
    past = np.zeros((n, 3), np.float32)
    weight, bound, levels = np.empty(periods), np.empty(periods), np.empty(periods + 1)
    for i in range(n):
        start = first_learned[i]
        if start < 0 and not (launch_known[i] and analogue[i] > 0.0):
            continue
        if start < 0:
            start = periods
        elif sales[i].max() <= 0 and not analogue[i] > 0.0:
            continue
        elif not launch_known[i] and start == first_period[i] and start <= LEADING_PERIODS:
            start = 0
        if periods - start >= young_periods:
            continue
        flat = deseasonalised(demand[i], season_index[i], parts_of, start)
        since = start - first_period[i]
        sold_out = (sales[i, start:], censored[i, start:], share[i, start:])
        total, seen = _read(flat, *sold_out, season_index[i], parts_of[start:], ramp[i], since, weight, bound)
        launched = first_period[i] < 0 or first_period[i] > LEADING_PERIODS or (launch_known[i] and first_period[i] > 0)
        first = _first_guess(total, seen, analogue[i], analogue_sd[i], ramp[i], launched)
        carried, dispersion = not np.isnan(carried_level[i]), DISPERSION_FIRST
        if carried:
            first, dispersion = carried_level[i], carried_dispersion[i]
        found, level_variance, of_period = shifting_level(flat, weight, bound, first, levels, carried, dispersion)
        level[i] = found
        error_sd[i] = np.sqrt(of_period + protection_periods[i] * level_variance)
        # The last whole protection interval, as it would have been foretold: the spread is checked by it.
        horizon = max(1, int(np.round(protection_periods[i])))
        before = periods - start - horizon
        if before >= PAST_PERIODS_MIN:
            index = 0.0
            for t in range(periods - horizon, periods):
                index += season_index[i, parts_of[t]] * _ramp_at(ramp[i], t - first_period[i])
                past[i, 0] += demand[i, t]
            found, level_variance, of_period = shifting_level(
                flat[:before], weight, bound, first, levels, carried, dispersion
            )
            past[i, 1] = found * index
            past[i, 2] = index * np.sqrt(of_period / horizon + level_variance)
    return level, error_sd, past[:, 0], past[:, 1], past[:, 2]


@kernel
def _read(
    flat: FloatArray,
    sales: IntArray,
    censored: BoolArray,
    share: Float32Array,
    season_index: FloatArray,
    parts_of: IntArray,
    ramp: Float32Array,
    since: int,
    weight: FloatArray,
    bound: FloatArray,
) -> tuple[float, float]:
    """Take the ramp out of ``flat``, fill weights and bounds; weighed sum of the first periods, and their weight."""
    total, seen = 0.0, 0.0
    for k in range(len(flat)):
        index = season_index[parts_of[k]]
        of_ramp = _ramp_at(ramp, since + k)
        flat[k] /= of_ramp
        weight[k] = min(1.0, index) * min(of_ramp, 1.0 / of_ramp)
        bound[k] = np.nan
        if censored[k] and share[k] > 0.0:
            weight[k] *= share[k]
        elif censored[k]:
            bound[k] = sales[k] / max(0.05, index * of_ramp)
        if k < FIRST_PERIODS:
            total += flat[k] * weight[k]
            seen += weight[k]
    return total, seen


@kernel
def _ramp_at(ramp: Float32Array, since: int) -> float:
    return float(ramp[since]) if 0 <= since < len(ramp) else 1.0


@kernel
def _first_guess(
    total: float, seen: float, analogue: float, analogue_sd: float, ramp: Float32Array, launched: bool
) -> float:
    """Level of the first periods, drawn towards what launches like it sold by how little these differ."""
    if launched and analogue > 0.0:
        worth = (analogue + LAUNCH_DISPERSION * analogue**2) / max(analogue_sd**2, 1e-9)
        if seen <= 0.0:
            total, seen, worth = 0.0, 0.0, 1.0
        return float((total + worth * analogue / ramp[:FIRST_PERIODS].mean()) / (seen + worth))
    return total / seen if seen > 0.0 else max(analogue, 0.0)
