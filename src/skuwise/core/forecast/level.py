"""Level, trend and error of deseasonalised demand: models combined by how well they would have served the item so far.

Three levels are run over the item's past: a blend, and a quick or a steady one, mixed into it in the proportion that
would have made the errors smallest. Where a damped trend would have done much better, it is used instead. They are
judged by what matters for an order: the error of the *sum* over the protection interval, at every past origin. The same
errors give the spread, so that autocorrelation and a drifting level are in it and not assumed away.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import deseasonalised
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.behaviour.weekday import weekday_of
from skuwise.core.forecast.judging import (
    DAMPING,
    ORIGINS_MIN,
    PAST_SUMS,
    ROUNDING,
    error_sd_of,
    judged_origins,
    past_sums,
    share_of_other,
    sum_errors,
)
from skuwise.core.steps import step

MODELS = (
    "no history",
    "running mean",
    "steady smoothing",
    "blended smoothing",
    "quick smoothing",
    "damped trend",
    "shifting level",
)
NO_HISTORY, RUNNING_MEAN, STEADY, BLEND, QUICK, TREND, SHIFTING = range(len(MODELS))

#: The blend: smoothing weights and how much each counts. Slow weights hold the level, quick ones follow a shift; their
#: mean does both better than a choice of one, because noise picks the wrong one half of the time.
BLEND_ALPHAS = np.array([0.02, 0.05, 0.1, 0.2, 0.35])
BLEND_SHARES = np.array([1.0, 1.0, 2.0, 2.0, 1.0]) / 7.0
BLEND_ALPHA = float(BLEND_ALPHAS @ BLEND_SHARES)
QUICK_ALPHA = 0.5
#: The steady level: the mean of the two slowest.
STEADY_SHARES = np.array([0.5, 0.5, 0.0, 0.0, 0.0])
STEADY_ALPHA = float(BLEND_ALPHAS @ STEADY_SHARES)
#: Damped trends: weight of the level, weight of the trend.
TRENDS = np.array([[0.1, 0.05], [0.3, 0.1]])
#: A trend must beat what is simpler by this share of squared error, and needs this long a past: most are noise.
TREND_ADVANTAGE = 0.2
TREND_PERIODS_MIN = 26
#: Below this many periods nothing can be weighed: the running mean stands.
PERIODS_MIN = 8
#: Less than one unit in about twenty years of weeks is no demand: a long silence decays to it and never to nought.
LEVEL_MIN = 1e-3
#: Longest sum judged, in periods.
HORIZON_MAX = 13
#: An index below this tells nothing of a level.
INDEX_MIN = 0.05
#: Periods that feed a model: older demand says little about the level of today.
MEMORY_PERIODS = 156


@step(
    out=(
        "forecast_model",
        "smoothing_alpha",
        "level_units_per_period",
        "trend_units_per_period",
        "own_error_sd_units_per_period",
        "past_sum_units",
        "past_sum_mean_units",
        "past_sum_sd_units",
    ),
    formula="young level and error where there are; else, from the first period learned from on, (1 − w) × blended "
    "smoothing (the mean of five weights) + w × quick smoothing, or where that is none steady smoothing; w = the "
    "share of least squared error in units of sums over the protection interval, drawn towards 0; a damped trend "
    "where its error is 20% smaller; error sd = root of Σ error² ÷ Σ (Σ index)² × periods; a period weighs in the "
    "level as its in-stock share (where censored) × its season index, at most 1; of days the censored ones are "
    "left out, and the level is that of demand ÷ (weekday × shop day × shared level index), brought back by the "
    "last; past sums = the last three protection intervals that are over, and what the model and its errors until "
    "then foretold of them",
    source="Bates & Granger, ORQ 20 (1969) 451; Hyndman et al. (2008); Gardner & McKenzie (1985)",
    codes={"forecast_model": MODELS},
)
def level_and_error(
    demand_units: FloatArray,
    censored: BoolArray,
    in_stock_share: Float32Array,
    first_learned_period: IntArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    shop_day_index: Float32Array,
    shared_level_index: Float32Array,
    protection_interval_days: FloatArray,
    young_level_units_per_period: FloatArray,
    young_error_sd_units_per_period: FloatArray,
    young_past_sum_units: Float32Array,
    young_past_sum_mean_units: Float32Array,
    young_past_sum_sd_units: Float32Array,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, FloatArray, FloatArray, FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    """Model with the most weight [(n,) code of ``MODELS``], smoothing weight, level, trend per period and error
    [(n,) each]; past sums with their forecast and its deviation, newest first [(n, 3) each; deviation 0 where none is].

    Censored periods pull the level only by their in-stock share: what was filled in must not confirm itself. Periods
    of low season pull it only by their index: the empty winter of a summer item says nothing of its summers.
    """
    return _fit(
        demand_units,
        censored,
        np.ascontiguousarray(in_stock_share),
        first_learned_period,
        season_index,
        weekday_index,
        np.ascontiguousarray(shop_day_index),
        np.ascontiguousarray(shared_level_index),
        np.clip(np.round(protection_interval_days / period_days), 1, HORIZON_MAX).astype(np.int64),
        young_level_units_per_period,
        young_error_sd_units_per_period,
        np.stack([young_past_sum_units, young_past_sum_mean_units, young_past_sum_sd_units], axis=1),
        grid_start_day,
        period_days,
    )


@kernel
def _weigh_down(weight: FloatArray, censored: BoolArray, share: Float32Array, by_day: bool) -> None:
    """Let censored periods weigh less in the level, in place.

    Of days, enough are seen whole to do without the others: what is filled in there rests on the level itself.
    """
    whole = len(censored) - censored.sum()
    for k in range(len(weight)):
        if censored[k]:
            weight[k] *= 0.0 if by_day and whole >= PERIODS_MIN else share[k]


@kernel
def _run_levels(flat: FloatArray, weight: FloatArray, levels: FloatArray) -> None:
    """Fill ``levels[:, k]`` with blend, quick and steady level after k periods of ``flat`` were seen.

    Each weight starts as a running mean: no later demand leaks into the start of the past.
    """
    states = np.zeros(len(BLEND_ALPHAS))
    fast = 0.0
    seen = 0.0
    levels[:, 0] = 0.0
    for k in range(len(flat)):
        w = weight[k]
        if w > 0:
            seen += w
            least = 1.0 / seen
            for a in range(len(states)):
                states[a] += w * max(BLEND_ALPHAS[a], least) * (flat[k] - states[a])
            fast += w * max(QUICK_ALPHA, least) * (flat[k] - fast)
        blend = 0.0
        steady = 0.0
        for a in range(len(states)):
            blend += BLEND_SHARES[a] * states[a]
            steady += STEADY_SHARES[a] * states[a]
        levels[0, k + 1] = blend
        levels[1, k + 1] = fast
        levels[2, k + 1] = steady


@kernel
def _mix_levels(
    sums: FloatArray, index_sums: FloatArray, judged: BoolArray, levels: FloatArray, horizon: int, first_origin: int
) -> tuple[int, float]:
    """Mix the quick level, or where it is of no use the steady one, into the blend; model and smoothing weight."""
    count = len(sums) - 1
    other, model, alpha = 1, QUICK, QUICK_ALPHA
    share = share_of_other(sums, index_sums, judged, levels[0], levels[1], horizon, first_origin)
    if share <= 0.0:
        other, model, alpha = 2, STEADY, STEADY_ALPHA
        share = share_of_other(sums, index_sums, judged, levels[0], levels[2], horizon, first_origin)
    levels[0, : count + 1] += share * (levels[other, : count + 1] - levels[0, : count + 1])
    return (model if share > 0.5 else BLEND), BLEND_ALPHA + share * (alpha - BLEND_ALPHA)


@kernel
def _run_trend(
    flat: FloatArray, weight: FloatArray, alpha: float, beta: float, level: FloatArray, trend: FloatArray
) -> None:
    """Fill ``level[k]`` and ``trend[k]`` with the damped trend after k periods."""
    seen = 0.0
    state = 0.0
    slope = 0.0
    level[0] = 0.0
    trend[0] = 0.0
    for k in range(len(flat)):
        w = weight[k]
        if w > 0:
            seen += w
            before = state
            state += DAMPING * slope
            state += w * max(alpha, 1.0 / seen) * (flat[k] - state)
            if seen > 1:
                slope = DAMPING * slope + beta * (state - before - DAMPING * slope)
        level[k + 1] = max(0.0, state)
        trend[k + 1] = slope


@kernel
def _try_trends(
    flat: FloatArray,
    weight: FloatArray,
    sums: FloatArray,
    index_sums: FloatArray,
    judged: BoolArray,
    horizon: int,
    first_origin: int,
    levels: FloatArray,
    trends: FloatArray,
    errors: FloatArray,
) -> tuple[int, float]:
    """Run the damped trends beside what lies in row 0 of the work arrays; the row of the best and its weight or 0."""
    at = len(sums) - horizon
    used = 0
    alpha = 0.0
    for c in range(len(TRENDS)):
        other = 1 - used
        _run_trend(flat, weight, TRENDS[c, 0], TRENDS[c, 1], levels[other], trends[other])
        sum_errors(sums, index_sums, judged, levels[other], trends[other], horizon, first_origin, errors[other])
        bar = (1.0 if alpha > 0 else 1.0 - TREND_ADVANTAGE) * errors[used, 0, at]
        if errors[other, 0, at] < bar - ROUNDING:
            used = other
            alpha = TRENDS[c, 0]
    return used, alpha


@kernel
def _running_sums(
    demand: FloatArray,
    season_index: FloatArray,
    parts_of: IntArray,
    day: FloatArray,
    weight: FloatArray,
    sums: FloatArray,
    index_sums: FloatArray,
) -> None:
    """Fill the running sums of demand and index [(T + 1,)], and how much a period counts by its index [(T,)]."""
    sums[0] = 0.0
    index_sums[0] = 0.0
    for k in range(len(demand)):
        index = season_index[parts_of[k]] * day[k]
        weight[k] = min(1.0, index)
        sums[k + 1] = sums[k] + demand[k]
        index_sums[k + 1] = index_sums[k] + index


@kernel
def _fit(
    demand: FloatArray,
    censored: BoolArray,
    share: Float32Array,
    first_learned: IntArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    shop_day: Float32Array,
    shared: Float32Array,
    horizons: IntArray,
    young_level: FloatArray,
    young_error_sd: FloatArray,
    young_past: Float32Array,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, FloatArray, FloatArray, FloatArray, FloatArray, Float32Array, Float32Array, Float32Array]:
    n, periods = demand.shape
    model, past = np.zeros(n, np.int16), np.zeros((n, 3, PAST_SUMS), np.float32)
    level, trend, alpha, error_sd = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
    levels, trends, errors = np.empty((3, periods + 1)), np.empty((2, periods + 1)), np.empty((2, 3, periods + 1))
    judged = np.empty(periods + 1, np.bool_)
    weight, day = np.empty(periods), np.ones(periods)
    sums, index_sums = np.empty(periods + 1), np.empty(periods + 1)
    for i in range(n):
        if not np.isnan(young_level[i]):
            model[i], level[i], error_sd[i] = SHIFTING, young_level[i], young_error_sd[i]
            past[i, :, 0] = young_past[i]
            continue
        if first_learned[i] < 0:
            continue
        start = max(first_learned[i], periods - MEMORY_PERIODS)
        flat = deseasonalised(demand[i], season_index[i], parts_of, start)
        count = len(flat)
        by_day = period_days == 1
        if by_day:
            for k in range(count):
                day[k] = weekday_index[i, weekday_of(grid_start_day + start + k)] * shop_day[i, start + k]
                flat[k] /= max(INDEX_MIN, day[k] * shared[i, start + k])
        _running_sums(demand[i, start:], season_index[i], parts_of[start:], day, weight, sums, index_sums)
        _weigh_down(weight[:count], censored[i, start:], share[i, start:], by_day)
        seen, seen_index = sums[: count + 1], index_sums[: count + 1]
        first_origin = max(2, min(13, count // 3))
        horizon = horizons[i] if count - horizons[i] - first_origin + 1 >= ORIGINS_MIN else 1
        judged_origins(censored[i, start:], horizon, first_origin, judged)
        _run_levels(flat, weight, levels)
        if by_day:
            levels[:, 1 : count + 1] *= shared[i, start:]
        model[i] = RUNNING_MEAN
        if count >= PERIODS_MIN:
            model[i], alpha[i] = _mix_levels(seen, seen_index, judged, levels, horizon, first_origin)
        trends[0, : count + 1] = 0.0
        sum_errors(seen, seen_index, judged, levels[0], trends[0], horizon, first_origin, errors[0])
        used = 0
        if count >= TREND_PERIODS_MIN and not by_day:
            used, alpha_of_trend = _try_trends(
                flat, weight, seen, seen_index, judged, horizon, first_origin, levels, trends, errors
            )
            if alpha_of_trend > 0:
                model[i], alpha[i] = TREND, alpha_of_trend
        if levels[used, count] >= LEVEL_MIN:
            level[i], trend[i] = levels[used, count], trends[used, count]
        error_sd[i] = error_sd_of(errors[used], max(0, count - horizon + 1), horizon, level[i], count)
        past_sums(seen, seen_index, judged, levels[used], trends[used], horizon, first_origin, errors[used], past[i])
    return model, alpha, level, trend, error_sd, past[:, 0], past[:, 1], past[:, 2]
