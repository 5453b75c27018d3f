"""Intermittency: an item is sold less often than it was, or more often, though the level may be the same.

The same demand in fewer, larger orders needs another stock than many small ones.
"""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.residuals import exposure_of, read_weeks
from skuwise.core.monitoring.stakes import spread_stake_minor
from skuwise.core.steps import step

#: Evidence [nats] from which another interval between sales is taken for true, and below which it is over.
SURE_NATS, OVER_NATS = 6.5, 3.5
#: The interval must change by this ratio.
RATIO_MIN = 1.5
#: Windows that are compared with what came before them, and the least that must have come [weeks].
WINDOWS_WEEKS = (8, 10, 13, 17, 21, 26, 34, 42, 52)
KNOWN_WEEKS_MIN = 26
#: How far back what was usual is remembered, and how long a change is told after it was sure [weeks].
MEMORY_WEEKS = 156
STANDS_WEEKS = 26
#: Out of season nobody buys: such periods do not count.
SEASON_INDEX_MIN = 0.5
#: So many silent periods are no change of the interval, and chance alone could bring them.
SILENT_MIN = 3
#: A change of level so near tells the same.
SAME_CHANGE_DAYS = 91

SALES_KINDS = ("none", "sold less often", "sold more often")
NONE, LESS_OFTEN, MORE_OFTEN = range(len(SALES_KINDS))

_TEXT = "It was sold every {0:.1f} weeks and now every {1:.1f}, for {2:.0f} weeks"
_ADVICE = "Look whether a large customer came or went. The pattern is judged anew with each plan."
_FALSE_ALARMS = "at most one in 25 years of a steady SKU"
SOLD_LESS_OFTEN = register(Kind("sold_less_often", "item", "Sold less often", _TEXT, _ADVICE, _FALSE_ALARMS, 4))
SOLD_MORE_OFTEN = register(Kind("sold_more_often", "item", "Sold more often", _TEXT, _ADVICE, _FALSE_ALARMS, 4))
#: No rule is proposed: smoothing follows both by itself.
LEARN_FROM_KINDS: tuple[str, ...] = ()


def intermittency(seen: Seen) -> Alarms:
    """An alarm for each item that is sold less or more often than before, unless a change of level tells it already.

    ``facts``: interval between sales before and now [weeks], weeks since. Money: that of the spread which the same
    demand in orders of another size has.
    """
    columns = seen.columns
    code, day = np.asarray(columns["sales_change_kind"]), np.asarray(columns["sales_change_day"])
    before, now = (np.asarray(columns[name]) for name in ("interval_before_weeks", "interval_now_weeks"))
    level = np.asarray(columns["level_now_units_per_week"])
    # Of the same demand in a share p of the weeks the variance of occurrence is level² × (1 − p) ÷ p.
    spread = [level * np.sqrt(np.maximum(weeks - 1.0, 0.0)) for weeks in (before, now)]
    money = spread_stake_minor(seen, spread[1] - spread[0])
    away = np.abs((np.asarray(columns["change_day"]) - day).astype("timedelta64[D]").astype(np.float64))
    told = (np.asarray(columns["change_kind"]) != 0) & (away <= SAME_CHANGE_DAYS)
    found = []
    for kind_code, kind in ((LESS_OFTEN, SOLD_LESS_OFTEN), (MORE_OFTEN, SOLD_MORE_OFTEN)):
        rows = np.flatnonzero((code == kind_code) & ~told)
        if len(rows):
            weeks = (seen.as_of - day[rows]).astype("timedelta64[D]").astype(np.int64) / 7
            strength = np.asarray(columns["sales_change_nats"])[rows]
            found.append(
                Alarms.of_items(kind.name, rows, day[rows], strength, money[rows], before[rows], now[rows], weeks)
            )
    return Alarms.joined(found)


@step(
    out=("sales_change_kind", "sales_change_day", "sales_change_nats", "interval_before_weeks", "interval_now_weeks"),
    formula="ratio of likelihoods of two shares of periods with demand against one [nats] over windows of 8 to 52 "
    "weeks against up to 156 weeks before, one silent period forgiven; from 6.5 nats and 1.5 times the interval; told "
    "for 26 weeks while 3.5 nats are left; periods with a season index below 0.5 do not count",
    source="likelihood ratio of two binomials; lines set by simulation",
    codes={"sales_change_kind": SALES_KINDS},
)
def change_of_interval(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, np.ndarray, FloatArray, FloatArray, FloatArray]:
    """Change of the interval between sales [(n,) each]: kind, first day, evidence [nats], interval before and now.

    >>> sales = np.array([[2.0, 0, 3, 1] * 20 + [0, 0, 0, 8] * 6])
    >>> found = change_of_interval(sales, sales < 0, np.array([0]), np.ones((1, 52)), 20000, 7)
    >>> SALES_KINDS[found[0][0]], round(float(found[3][0]), 1), round(float(found[4][0]), 1)
    ('sold less often', 1.3, 3.4)
    """
    weeks = read_weeks(demand_units, censored, first_period, grid_start_day, period_days)
    code, change, nats, before, now = _changes(
        weeks.demand,
        weeks.shown,
        weeks.first,
        season_index,
        weeks.start_day,
        weeks.days,
        np.unique(np.array([weeks.in_weeks(width) for width in WINDOWS_WEEKS])),
        weeks.in_weeks(KNOWN_WEEKS_MIN),
        weeks.in_weeks(STANDS_WEEKS),
        weeks.in_weeks(MEMORY_WEEKS),
    )
    day = np.where(code != NONE, weeks.day_of(change), np.datetime64("NaT", "D"))
    return code, day, nats, before * weeks.days / 7, now * weeks.days / 7


@kernel
def _changes(
    demand: FloatArray,
    shown: FloatArray,
    first: IntArray,
    season_index: FloatArray,
    start_day: int,
    days: int,
    windows: IntArray,
    known: int,
    stands: int,
    memory: int,
) -> tuple[CodeArray, IntArray, FloatArray, FloatArray, FloatArray]:
    n, periods = demand.shape
    code, change, nats = np.zeros(n, np.int16), np.full(n, -1, np.int64), np.zeros(n)
    before, now = np.full(n, np.nan), np.full(n, np.nan)
    parts_of = parts_of_periods(start_day, periods, days, season_index.shape[1])
    exposure, sums = np.empty(periods), np.zeros((2, periods + 1))
    for i in range(n):
        start = max(first[i], periods - memory)
        if first[i] < 0 or periods - start < known + windows[0]:
            continue
        exposure_of(shown[i], season_index[i], parts_of, start, exposure)
        for t in range(periods):
            counts = exposure[t] >= SEASON_INDEX_MIN
            sums[0, t + 1] = sums[0, t] + (1.0 if counts else 0.0)
            sums[1, t + 1] = sums[1, t] + (1.0 if counts and demand[i, t] > 0.0 else 0.0)
        if sums[0, periods] - sums[1, periods] < SILENT_MIN:
            continue
        middle, direction, evidence = _newest(sums, start, windows, known, stands)
        if direction == 0:
            continue
        code[i], change[i], nats[i] = (LESS_OFTEN if direction < 0 else MORE_OFTEN), middle, evidence
        before[i] = _interval(sums, start, middle)
        now[i] = _interval(sums, middle, periods)
    return code, change, nats, before, now


@kernel
def _interval(sums: FloatArray, start: int, end: int) -> float:
    """Periods per period with demand; twice the periods where there was none."""
    return float((sums[0, end] - sums[0, start]) / max(0.5, sums[1, end] - sums[1, start]))


@kernel
def _newest(sums: FloatArray, start: int, windows: IntArray, known: int, stands: int) -> tuple[int, int, float]:
    """The change that was sure while an alarm stands and is likely still: period, direction (0: none), evidence."""
    periods = sums.shape[1] - 1
    best, most = -1, 0.0
    for end in range(periods, max(start + known + windows[0], periods - stands) - 1, -1):
        for width in windows:
            middle = end - width
            if middle - start < known:
                break
            evidence = _evidence(sums, start, middle, end)
            if evidence > SURE_NATS and evidence > most:
                best, most = middle, evidence
    if best < 0:
        return -1, 0, 0.0
    today = _evidence(sums, start, best, periods)
    ratio = _interval(sums, best, periods) / _interval(sums, start, best)
    if today < OVER_NATS or 1.0 / RATIO_MIN < ratio < RATIO_MIN:
        return -1, 0, 0.0
    return best, -1 if ratio > 1.0 else 1, today


@kernel
def _evidence(sums: FloatArray, start: int, middle: int, end: int) -> float:
    """Ratio of likelihoods of two shares against one [nats], with one silent period of the newer forgiven."""
    count_before, count_after = sums[0, middle] - sums[0, start], sums[0, end] - sums[0, middle]
    sold_before, sold_after = sums[1, middle] - sums[1, start], sums[1, end] - sums[1, middle]
    if count_before < 8.0 or count_after < 4.0:
        return 0.0
    if sold_after / count_after < sold_before / count_before and sold_after < count_after:
        count_after -= 1.0
        if sold_after / count_after >= sold_before / count_before:
            return 0.0
    return (
        _log_likelihood(sold_before, count_before)
        + _log_likelihood(sold_after, count_after)
        - _log_likelihood(sold_before + sold_after, count_before + count_after)
    )


@kernel
def _log_likelihood(sold: float, count: float) -> float:
    total = 0.0
    if sold > 0.0:
        total += sold * math.log(sold / count)
    if sold < count:
        total += (count - sold) * math.log((count - sold) / count)
    return total
