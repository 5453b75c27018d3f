"""From when on an item's demand is learned from, and what is remembered of the time before.

A rule may say that the demand before a day is not learned from (``learn_from``): the level or the item has changed.
What came after is a short history, and is read like one. The old level is not thrown away: it stays as one of two
guesses, that nothing has changed, beside the guess that a new level began. The demand since decides between them:
within two or three periods where the change is large; where there was none, the old level wins and little is lost.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import deseasonalised
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.forecast.shifting import DISPERSION_FIRST, dispersion_of
from skuwise.core.steps import step

#: Periods before the day that the old level is the mean of, and those that tell how much demand varies around a level.
CARRIED_PERIODS = 26
DISPERSION_CARRIED_PERIODS = 52
#: With fewer periods than this before the day there is no old level worth remembering.
CARRIED_PERIODS_MIN = 5


@step(
    out=("first_learned_period", "carried_level_units_per_period", "carried_dispersion"),
    formula="first_period, or where it is later the first period that begins on learn_from or after it; of the time "
    "before: the mean deseasonalised demand of its last 26 periods and (variance − mean) ÷ mean² of its last 52, from "
    "squared successive differences; NaN where learn_from is not set, not yet reached, or fewer than 5 periods before "
    "it were seen whole",
    source="our choice; von Neumann (1941) for the variance",
)
def memory(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    learn_from: DateArray,
    grid_start_day: int,
    as_of_day: int,
    period_days: int,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """First period that the level learns from [(n,), −1 where there is none], old level and dispersion [(n,) each].

    >>> demand, nothing = np.tile([6.0, 6.0, 6.0, 6.0, 6.0, 9.0, 9.0], (2, 1)), np.zeros((2, 7), bool)
    >>> told = np.array(["2026-02-16", "NaT"], "datetime64[D]")  # the as-of day is Monday 2026-03-02
    >>> first, level, _ = memory(demand, nothing, np.zeros(2, int), np.ones((2, 52)), told, 20465, 20514, 7)
    >>> first.tolist(), level.tolist()
    ([5, 0], [6.0, nan])
    """
    n, periods = demand_units.shape
    level, dispersion = np.full(n, np.nan), np.full(n, np.nan)
    told = ~np.isnat(learn_from)
    day = np.where(told, learn_from, np.datetime64(0, "D")).astype("datetime64[D]").astype(np.int64)
    period = -((grid_start_day - day) // period_days)
    rows = np.flatnonzero(told & (day <= as_of_day) & (first_period >= 0) & (period > first_period))
    first = np.array(first_period)
    first[rows] = np.minimum(period[rows], periods)
    if len(rows):
        parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
        _remember(demand_units, censored, first_period, season_index, first, rows, parts_of, level, dispersion)
    return first, level, dispersion


@kernel
def _remember(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    until: IntArray,
    rows: IntArray,
    parts_of: IntArray,
    level: FloatArray,
    dispersion: FloatArray,
) -> None:
    """Fill old level and dispersion of the rows, from the periods before ``until`` that were seen whole."""
    for i in rows:
        start = max(first_period[i], until[i] - DISPERSION_CARRIED_PERIODS)
        flat = deseasonalised(demand[i, : until[i]], season_index[i], parts_of, start)
        weight, bound = np.empty(len(flat)), np.full(len(flat), np.nan)
        total, seen, whole = 0.0, 0.0, 0
        for k in range(len(flat)):
            weight[k] = 0.0 if censored[i, start + k] else min(1.0, season_index[i, parts_of[start + k]])
            if weight[k] > 0.0 and k >= len(flat) - CARRIED_PERIODS:
                total += weight[k] * flat[k]
                seen += weight[k]
                whole += 1
        if whole >= CARRIED_PERIODS_MIN:
            level[i] = total / seen
            dispersion[i] = dispersion_of(flat, weight, bound, DISPERSION_FIRST)
