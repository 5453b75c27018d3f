"""Volatility: the level holds, but demand scatters around it more, or less, than it did.

The safety stock was made for another spread: it is too small now, or too large.
"""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.residuals import CLIP_DEVIATIONS, dispersion_of, exposure_of, read_weeks
from skuwise.core.monitoring.stakes import spread_stake_minor
from skuwise.core.steps import step

#: Evidence [nats] from which a change of spread is taken for true, and below which it is over.
SURE_NATS, OVER_NATS = 7.0, 3.5
#: Deviations must differ by this ratio to move a safety stock.
RATIO_MIN = 1.4
#: Windows that are compared with what came before them, and the least that must have come [weeks].
WINDOWS_WEEKS = (8, 10, 13, 17, 21, 26)
KNOWN_WEEKS_MIN = 26
#: Before that a season that nobody knows yet looks like spread [weeks on sale].
SEASON_KNOWN_WEEKS = 104
#: A change is told if it was sure within so many weeks, and still is likely.
STANDS_WEEKS = 26
#: Below this many units a period, or with more silent periods, spread and interval between sales are one thing.
LEVEL_MIN = 2.0
SILENT_SHARE_MAX = 0.25

SPREAD_KINDS = ("none", "more volatile", "less volatile")
NONE, MORE, LESS = range(len(SPREAD_KINDS))

_TEXT = "Demand of a week now varies by {1:.1f} units around its level, it was {0:.1f}, for {2:.0f} weeks"
_FALSE_ALARMS = "at most one in 15 years of a steady SKU"
VOLATILITY_UP = register(
    Kind(
        "volatility_up",
        "item",
        "Demand has become more volatile",
        _TEXT,
        "The safety stock is too small. The spread is learned anew from the change on, unless you say otherwise.",
        _FALSE_ALARMS,
        4,
    )
)
VOLATILITY_DOWN = register(
    Kind(
        "volatility_down",
        "item",
        "Demand has become steadier",
        _TEXT,
        "The safety stock is larger than it needs. Its spread is learned anew from the change on.",
        _FALSE_ALARMS,
        4,
    )
)
#: Kinds for which the forecast should learn from the change on: ``learn_from`` = ``Alarms.since``.
LEARN_FROM_KINDS = (VOLATILITY_UP.name, VOLATILITY_DOWN.name)


def volatility(seen: Seen) -> Alarms:
    """An alarm for each item whose demand scatters otherwise than before.

    ``facts``: deviation of a week before and now [units], weeks since. Money: margin that chance lets be missed in a
    quarter for the larger spread, or the cost of what is held for the former one.
    """
    columns = seen.columns
    before, now = (np.asarray(columns[name]) for name in ("spread_before_units_per_week", "spread_now_units_per_week"))
    day, money = np.asarray(columns["spread_change_day"]), spread_stake_minor(seen, now - before)
    found = []
    for code, kind in ((MORE, VOLATILITY_UP), (LESS, VOLATILITY_DOWN)):
        rows = np.flatnonzero(np.asarray(columns["spread_change_kind"]) == code)
        if len(rows):
            weeks = (seen.as_of - day[rows]).astype("timedelta64[D]").astype(np.int64) / 7
            strength = np.asarray(columns["spread_change_nats"])[rows]
            found.append(
                Alarms.of_items(kind.name, rows, day[rows], strength, money[rows], before[rows], now[rows], weeks)
            )
    return Alarms.joined(found)


@step(
    out=(
        "spread_change_kind",
        "spread_change_day",
        "spread_change_nats",
        "spread_before_units_per_week",
        "spread_now_units_per_week",
    ),
    formula="deviations of counts from their level on the root scale, at most 2.5 each; ratio of normal likelihoods "
    "of two variances against one, × 2 ÷ (kurtosis − 1), over windows of 8 to 26 weeks against the weeks of the same "
    "level before; from 7 nats and a ratio of deviations of 1.4; told for 26 weeks while 3.5 nats are left; only from "
    "2 units a period, at most a quarter silent and two years on sale",
    source="Box (1953): tests of variances hang on the kurtosis; Anscombe (1948); lines set by simulation",
    codes={"spread_change_kind": SPREAD_KINDS},
)
def change_of_spread(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    level_since_period: IntArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, np.ndarray, FloatArray, FloatArray, FloatArray]:
    """Change of each item's volatility [(n,) each]: kind, first day, evidence [nats], deviation before and now.

    >>> sales = np.array([[20.0, 22, 19, 21] * 23 + [5, 38, 9, 31] * 4])
    >>> start, season = np.array([0]), np.ones((1, 52))
    >>> SPREAD_KINDS[change_of_spread(sales, sales < 0, start, season, start, 20000, 7)[0][0]]
    'more volatile'
    """
    weeks = read_weeks(demand_units, censored, first_period, grid_start_day, period_days)
    code, change, nats, before, now = _changes(
        weeks.demand,
        weeks.shown,
        np.where(weeks.demand.shape[1] - weeks.first >= weeks.in_weeks(SEASON_KNOWN_WEEKS), level_since_period, -1),
        season_index,
        weeks.start_day,
        weeks.days,
        np.unique(np.array([weeks.in_weeks(width) for width in WINDOWS_WEEKS])),
        weeks.in_weeks(KNOWN_WEEKS_MIN),
        weeks.in_weeks(STANDS_WEEKS),
    )
    day = np.where(code != NONE, weeks.day_of(change), np.datetime64("NaT", "D"))
    root = math.sqrt(7 / weeks.days)
    return code, day, nats, before * root, now * root


@kernel
def _changes(
    demand: FloatArray,
    shown: FloatArray,
    since: IntArray,
    season_index: FloatArray,
    start_day: int,
    days: int,
    windows: IntArray,
    known: int,
    stands: int,
) -> tuple[CodeArray, IntArray, FloatArray, FloatArray, FloatArray]:
    n, periods = demand.shape
    code, change, nats = np.zeros(n, np.int16), np.full(n, -1, np.int64), np.zeros(n)
    before, now = np.zeros(n), np.zeros(n)
    parts_of = parts_of_periods(start_day, periods, days, season_index.shape[1])
    exposure, sums = np.empty(periods), np.empty((4, periods + 1))
    for i in range(n):
        start = since[i]
        if start < 0 or periods - start < known + windows[0]:
            continue
        exposure_of(shown[i], season_index[i], parts_of, start, exposure)
        level, spread = _sum_deviations(demand[i], exposure, start, sums)
        if level < LEVEL_MIN or spread <= 0.0:
            continue
        middle, direction, evidence = _newest(sums, start, windows, known, stands)
        if direction == 0:
            continue
        code[i], change[i], nats[i] = (MORE if direction > 0 else LESS), middle, evidence
        before[i] = math.sqrt(_variance(sums, start, middle)) * spread
        now[i] = math.sqrt(_variance(sums, middle, periods)) * spread
    return code, change, nats, before, now


@kernel
def _sum_deviations(demand: FloatArray, exposure: FloatArray, start: int, sums: FloatArray) -> tuple[float, float]:
    """Running sums of count, deviation, its square and fourth power from ``start`` on.

    Returns the level, 0 where too many periods are silent, and what one deviation is in units.
    """
    total, told, silent, periods = 0.0, 0.0, 0, 0
    for t in range(start, len(demand)):
        if exposure[t] > 0.0:
            total += demand[t]
            told += exposure[t]
            periods += 1
            silent += demand[t] == 0.0
    sums[:, : start + 1] = 0.0
    if periods == 0 or silent > SILENT_SHARE_MAX * periods:
        return 0.0, 0.0
    level = total / told
    dispersion = dispersion_of(demand, exposure)
    for t in range(start, len(demand)):
        sums[:, t + 1] = sums[:, t]
        if exposure[t] > 0.0:
            mean = level * exposure[t]
            unit = 0.5 * math.sqrt(1.0 + dispersion * mean)
            off = (math.sqrt(demand[t] + 0.375) - math.sqrt(mean + 0.375)) / unit
            off = min(CLIP_DEVIATIONS, max(-CLIP_DEVIATIONS, off))
            sums[0, t + 1] += 1.0
            sums[1, t + 1] += off
            sums[2, t + 1] += off * off
            sums[3, t + 1] += off**4
    return level, math.sqrt(level + dispersion * level * level)


@kernel
def _variance(sums: FloatArray, start: int, end: int) -> float:
    """Variance of the deviations around their own mean: a change of level is none of spread."""
    count = sums[0, end] - sums[0, start]
    if count < 2.0:
        return 0.0
    mean = (sums[1, end] - sums[1, start]) / count
    return float(max(1e-6, (sums[2, end] - sums[2, start]) / count - mean * mean) * count / (count - 1.0))


@kernel
def _newest(sums: FloatArray, start: int, windows: IntArray, known: int, stands: int) -> tuple[int, int, float]:
    """The change of spread that was sure within the time that an alarm stands and is likely still.

    Its period, direction (0: none) and evidence today.
    """
    periods = sums.shape[1] - 1
    count = sums[0, periods] - sums[0, start]
    kurtosis = 3.0
    if sums[2, periods] > sums[2, start]:
        kurtosis = max(2.0, count * (sums[3, periods] - sums[3, start]) / (sums[2, periods] - sums[2, start]) ** 2)
    share = 2.0 / (kurtosis - 1.0)
    best, most = -1, 0.0
    for end in range(periods, max(start + known + windows[0], periods - stands) - 1, -1):
        for width in windows:
            middle = end - width
            if middle - start < known:
                break
            evidence = share * _evidence(sums, start, middle, end)
            if evidence > SURE_NATS and evidence > most:
                best, most = middle, evidence
    if best < 0:
        return -1, 0, 0.0
    today = share * _evidence(sums, start, best, periods)
    ratio = _variance(sums, best, periods) / _variance(sums, start, best)
    if today < OVER_NATS or (1.0 / RATIO_MIN) ** 2 < ratio < RATIO_MIN**2:
        return -1, 0, 0.0
    return best, 1 if ratio > 1.0 else -1, today


@kernel
def _evidence(sums: FloatArray, start: int, middle: int, end: int) -> float:
    """Likelihood ratio of two variances of normal deviations against one [nats]."""
    count_before = sums[0, middle] - sums[0, start] - 1.0
    count_after = sums[0, end] - sums[0, middle] - 1.0
    if count_before < 4.0 or count_after < 4.0:
        return 0.0
    before, after = _variance(sums, start, middle), _variance(sums, middle, end)
    count = count_before + count_after
    both = (count_before * before + count_after * after) / count
    return float(0.5 * (count * math.log(both) - count_before * math.log(before) - count_after * math.log(after)))
