"""Level, trend and error of deseasonalised demand: the model that would have served each item best so far.

Every candidate is run over the item's past and judged by what matters for an order: the error of the *sum* over the
protection interval, at every past origin. The same errors give the spread, so that autocorrelation and a drifting
level are in it and not assumed away.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import deseasonalised
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.steps import step

MODELS = (
    "no history",
    "running mean",
    "blended smoothing",
    "quick smoothing",
    "damped trend",
    "intermittent (TSB)",
)
NO_HISTORY, RUNNING_MEAN, BLEND, SMOOTHING, TREND, TSB = range(len(MODELS))

#: The blend: smoothing weights and how much each counts. Slow weights hold the level, quick ones follow a shift; their
#: mean does both better than a choice of one, because noise picks the wrong one half of the time.
BLEND_ALPHAS = np.array([0.02, 0.05, 0.1, 0.2, 0.35])
BLEND_SHARES = np.array([1.0, 1.0, 2.0, 2.0, 1.0]) / 7.0

#: Candidates, the one to beat first: model, weight of the level, weight of the trend (TSB: of the probability).
CANDIDATES = np.array(
    [
        [BLEND, float(BLEND_ALPHAS @ BLEND_SHARES), 0.0],
        [SMOOTHING, 0.5, 0.0],
        [TREND, 0.1, 0.05],
        [TREND, 0.3, 0.1],
        [TSB, 0.1, 0.05],
        [TSB, 0.1, 0.1],
    ]
)
#: Below this many periods nothing can be chosen: the running mean stands.
PERIODS_MIN = 8
RUNNING = np.array([RUNNING_MEAN, 0.0, 0.0])
#: Damping of the trend per period (Gardner & McKenzie, Management Science 31 (1985) 1237).
DAMPING = 0.9
#: No trend takes the forecast beyond this multiple of the level, or below its inverse.
TREND_REACH = 2.0
#: A candidate must beat a simpler one by this share of squared error: noise should not pick models.
ADVANTAGE = 0.03
#: Less than one unit in about twenty years of weeks is no demand: a long silence decays to it and never to nought.
LEVEL_MIN = 1e-3
#: Squared units below which two errors are one: rounding should not pick models either.
ROUNDING = 1e-9
#: Longest sum judged, in periods, and origins needed to judge by sums at all.
HORIZON_MAX = 13
ORIGINS_MIN = 6
#: Periods that feed a model: older demand says little about the level of today.
MEMORY_PERIODS = 156


@step(
    out=(
        "forecast_model",
        "smoothing_alpha",
        "level_units_per_period",
        "trend_units_per_period",
        "error_sd_units_per_period",
    ),
    formula="of blended smoothing (the mean of five weights), quick smoothing, damped trend and TSB the one with the "
    "smallest squared error in units of sums over the protection interval; error sd = root of Σ error² ÷ Σ (Σ index)² "
    "× periods; a period weighs in the level as its in-stock share (where censored) × its season index, at most 1",
    source="Hyndman et al. (2008); Teunter, Syntetos & Babai, EJOR 214 (2011) 606; Gardner & McKenzie (1985)",
    codes={"forecast_model": MODELS},
)
def level_and_error(
    demand_units: FloatArray,
    censored: BoolArray,
    in_stock_share: Float32Array,
    first_period: IntArray,
    season_index: FloatArray,
    protection_interval_days: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Chosen model [(n,) code of ``MODELS``] with its weight, level, trend per period and error [(n,) each].

    Censored periods pull the level only by their in-stock share: what was filled in must not confirm itself. Periods
    of low season pull it only by their index: the empty winter of a summer item says nothing of its summers.
    """
    return _choose(
        demand_units,
        censored,
        np.ascontiguousarray(in_stock_share),
        first_period,
        season_index,
        np.clip(np.round(protection_interval_days / period_days), 1, HORIZON_MAX).astype(np.int64),
        grid_start_day,
        period_days,
        CANDIDATES,
    )


@kernel
def _run_candidate(
    flat: FloatArray, weight: FloatArray, candidate: FloatArray, level: FloatArray, trend: FloatArray
) -> None:
    """Fill ``level[k]`` and ``trend[k]`` with the state after k periods of ``flat`` were seen."""
    model, alpha, beta = int(candidate[0]), candidate[1], candidate[2]
    seen = 0.0
    state = 0.0
    slope = 0.0
    size = 0.0
    chance = 0.0
    sizes = 0.0
    level[0] = 0.0
    trend[0] = 0.0
    for k in range(len(flat)):
        w = weight[k]
        if w > 0:
            seen += w
            # Each weight starts as a running mean: no later demand leaks into the start of the past.
            rate = w * max(alpha, 1.0 / seen)
            if model == TSB:
                happened = 1.0 if flat[k] > 0 else 0.0
                chance += w * max(beta, 1.0 / max(1.0, seen)) * (happened - chance)
                if happened:
                    sizes += 1.0
                    size += max(alpha, 1.0 / sizes) * (flat[k] - size)
                state = chance * size
            elif model == TREND:
                before = state
                state += DAMPING * slope
                state += rate * (flat[k] - state)
                if seen > 1:
                    slope = DAMPING * slope + beta * (state - before - DAMPING * slope)
            else:
                state += rate * (flat[k] - state)
        level[k + 1] = max(0.0, state)
        trend[k + 1] = slope


@kernel
def _run_blend(flat: FloatArray, weight: FloatArray, level: FloatArray, trend: FloatArray) -> None:
    """The same for the weighted mean of smoothings of several weights."""
    states = np.zeros(len(BLEND_ALPHAS))
    seen = 0.0
    level[0] = 0.0
    trend[: len(flat) + 1] = 0.0
    for k in range(len(flat)):
        w = weight[k]
        if w > 0:
            seen += w
            for a in range(len(states)):
                states[a] += w * max(BLEND_ALPHAS[a], 1.0 / seen) * (flat[k] - states[a])
        mean = 0.0
        for a in range(len(states)):
            mean += BLEND_SHARES[a] * states[a]
        level[k + 1] = max(0.0, mean)


@kernel
def within_reach(level: float, change: float) -> float:
    """The level after a change by the trend, between half and twice the level: a trend is no cliff and no rocket."""
    return float(min(TREND_REACH * level, max(level / TREND_REACH, level + change)))


@kernel
def _sum_error(
    sums: FloatArray, index_sums: FloatArray, level: FloatArray, trend: FloatArray, horizon: int, first_origin: int
) -> float:
    """Sum of the squared errors, in units, of the next ``horizon`` periods over all origins."""
    periods = len(sums) - 1
    damped = 0.0
    factor = 0.0
    power = 1.0
    for _ in range(horizon):
        power *= DAMPING
        factor += power
        damped += factor
    squares = 0.0
    for k in range(first_origin, periods - horizon + 1):
        index = index_sums[k + horizon] - index_sums[k]
        expected = index * within_reach(level[k], damped / horizon * trend[k])
        error = sums[k + horizon] - sums[k] - expected
        squares += error * error
    return squares


@kernel
def _season_squares(index_sums: FloatArray, horizon: int, first_origin: int) -> float:
    """Sum over all origins of the squared season of the next ``horizon`` periods; its mean is horizon² without one."""
    squares = 0.0
    for k in range(first_origin, len(index_sums) - horizon):
        index = index_sums[k + horizon] - index_sums[k]
        squares += index * index
    return squares


@kernel
def _error_sd(squares: float, season_squares: float, horizon: int, origins: int, level: float, count: int) -> float:
    """Deviation of the error of one period of flat demand, from the squared errors of sums."""
    seen = np.sqrt(squares / season_squares * horizon) if origins >= 2 and season_squares > 0 else 0.0
    # Few origins know little; and an error can not be below that of independent single sales.
    floor = np.sqrt(level) * (1.0 + 1.0 / count)
    return float(max(seen * (1.0 + 1.0 / max(2, origins)), floor))


@kernel
def _choose(
    demand: FloatArray,
    censored: BoolArray,
    share: Float32Array,
    first_period: IntArray,
    season_index: FloatArray,
    horizons: IntArray,
    grid_start_day: int,
    period_days: int,
    candidates: FloatArray,
) -> tuple[CodeArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    n, periods = demand.shape
    model = np.zeros(n, np.int16)
    alpha = np.zeros(n)
    level = np.zeros(n)
    trend = np.zeros(n)
    error_sd = np.zeros(n)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
    levels = np.empty(periods + 1)
    trends = np.empty(periods + 1)
    weight = np.empty(periods)
    sums = np.empty(periods + 1)
    index_sums = np.empty(periods + 1)
    for i in range(n):
        if first_period[i] < 0:
            continue
        start = max(first_period[i], periods - MEMORY_PERIODS)
        flat = deseasonalised(demand[i], season_index[i], parts_of, start)
        count = len(flat)
        sums[0] = 0.0
        index_sums[0] = 0.0
        for k in range(count):
            index = season_index[i, parts_of[start + k]]
            weight[k] = min(1.0, index) * (share[i, start + k] if censored[i, start + k] else 1.0)
            sums[k + 1] = sums[k] + demand[i, start + k]
            index_sums[k + 1] = index_sums[k] + index
        horizon = horizons[i]
        first_origin = max(2, min(13, count // 3))
        if count - horizon - first_origin + 1 < ORIGINS_MIN:
            horizon = 1
        origins = max(0, count - horizon - first_origin + 1)
        best = np.inf
        chosen = 0
        for c in range(len(candidates) if count >= PERIODS_MIN else 1):
            if candidates[c, 0] == BLEND and count < PERIODS_MIN:
                _run_candidate(flat, weight[:count], RUNNING, levels[: count + 1], trends[: count + 1])
            elif candidates[c, 0] == BLEND:
                _run_blend(flat, weight[:count], levels[: count + 1], trends[: count + 1])
            else:
                _run_candidate(flat, weight[:count], candidates[c], levels[: count + 1], trends[: count + 1])
            squares = _sum_error(sums[: count + 1], index_sums, levels, trends, horizon, first_origin)
            if c == 0 or squares < best * (1.0 - ADVANTAGE) - ROUNDING:
                best = squares
                chosen = c
                level[i] = levels[count]
                trend[i] = trends[count]
        model[i] = int(candidates[chosen, 0]) if count >= PERIODS_MIN else RUNNING_MEAN
        alpha[i] = candidates[chosen, 1] if count >= PERIODS_MIN else 0.0
        if level[i] < LEVEL_MIN:
            level[i] = 0.0
            trend[i] = 0.0
        season_squares = _season_squares(index_sums[: count + 1], horizon, first_origin)
        error_sd[i] = _error_sd(best, season_squares, horizon, origins, level[i], count)
    return model, alpha, level, trend, error_sd
