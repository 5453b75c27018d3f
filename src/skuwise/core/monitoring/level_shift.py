"""Level shifts and ramps: an item sells more or less than it did, and since when.

The test itself is in ``segments``. Here its changes become columns and alarms. Whether demand jumped or climbed is
judged until a quarter after the change was found: on the first days hardly anything tells one from the other, and a
jump is what is told then.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import DAYS_PER_YEAR, parts_of_periods
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.residuals import Weeks, exposure_of, read_weeks
from skuwise.core.monitoring.segments import (
    BEFORE,
    CHANGE,
    CHANGE_SHARE_MIN,
    DIRECTION,
    FOUND,
    RISE,
    best_split,
    evidence_of,
    walk,
)
from skuwise.core.monitoring.stakes import quarter_stake_minor
from skuwise.core.steps import step

#: How far back a change may lie when it is found, and for how long an item must be known before it [weeks].
WINDOW_WEEKS = 26
KNOWN_WEEKS_MIN = 13
#: The first weeks of an item's life are its launch: no level is learned from them.
LAUNCH_WEEKS = 8
#: An alarm stands for so long after the change was found; until then the change may be taken back [weeks].
STANDS_WEEKS = 26
#: A climb must explain demand better than a jump by this much [nats] to be called one.
RAMP_NATS_MIN = 2.0
#: A climb takes at least and at most so many periods.
RAMP_PERIODS_MIN, RAMP_PERIODS_MAX = 4, 52
#: Whether it was a jump or a climb is judged anew for so long after the change was found [weeks].
JUDGED_WEEKS = 13
#: With such a share of silent periods the size of the sales is looked at, too.
SILENT_SHARE_MIN = 0.3
#: The day of a change is sought anew as more is seen, so far around the day first found [periods].
SOUGHT_ANEW = 8
#: Changes that a history may hold.
CHANGES_MAX = 16

CHANGE_KINDS = ("none", "level shift up", "level shift down", "ramp up", "ramp down")
NONE, SHIFT_UP, SHIFT_DOWN, RAMP_UP, RAMP_DOWN = range(len(CHANGE_KINDS))

_ADVICE = "Look whether a cause is known. The level is learned anew from the change on, unless you say otherwise."
_TEXT = "from {0:.1f} to {1:.1f} units a week ({2:+.0%}), for {3:.0f} weeks"
_FALSE_ALARMS = "at most one in 12 years of a steady SKU"
LEVEL_SHIFT_UP = register(
    Kind("level_shift_up", "item", "Demand has jumped", f"Demand rose {_TEXT}", _ADVICE, _FALSE_ALARMS, 4)
)
LEVEL_SHIFT_DOWN = register(
    Kind("level_shift_down", "item", "Demand has dropped", f"Demand fell {_TEXT}", _ADVICE, _FALSE_ALARMS, 4)
)
RAMP_UP_KIND = register(
    Kind("ramp_up", "item", "Demand is climbing", f"Demand has climbed {_TEXT}", _ADVICE, _FALSE_ALARMS, 4)
)
RAMP_DOWN_KIND = register(
    Kind("ramp_down", "item", "Demand is sliding", f"Demand has slid {_TEXT}", _ADVICE, _FALSE_ALARMS, 4)
)
_KINDS = {
    SHIFT_UP: LEVEL_SHIFT_UP,
    SHIFT_DOWN: LEVEL_SHIFT_DOWN,
    RAMP_UP: RAMP_UP_KIND,
    RAMP_DOWN: RAMP_DOWN_KIND,
}
#: Kinds for which the forecast should learn from the change on: ``learn_from`` = ``Alarms.since``.
LEARN_FROM_KINDS = tuple(kind.name for kind in _KINDS.values())


def level_shift(seen: Seen) -> Alarms:
    """An alarm for each item whose level changed, found within the last half year and still borne out.

    ``facts``: level before and after [units a week], change [share], weeks since. Money: a quarter of the difference,
    in margin where demand rose, in cost where it fell.
    """
    columns = seen.columns
    code = np.asarray(columns["change_kind"])
    before, after = (np.asarray(columns[name]) for name in ("level_before_units_per_week", "level_now_units_per_week"))
    money = quarter_stake_minor(seen, after - before)
    day = np.asarray(columns["change_day"])
    found = []
    for kind_code, kind in _KINDS.items():
        rows = np.flatnonzero(code == kind_code)
        if len(rows):
            share = after[rows] / np.maximum(before[rows], 1e-9) - 1.0
            weeks = (seen.as_of - day[rows]).astype("timedelta64[D]").astype(np.int64) / 7
            strength = np.asarray(columns["change_nats"])[rows]
            found.append(
                Alarms.of_items(
                    kind.name, rows, day[rows], strength, money[rows], before[rows], after[rows], share, weeks
                )
            )
    return Alarms.joined(found)


@step(
    out=(
        "change_kind",
        "change_day",
        "change_found_day",
        "change_nats",
        "level_before_units_per_week",
        "level_now_units_per_week",
        "level_since_period",
    ),
    formula="each period: the largest ratio of negative binomial likelihoods, in nats, of two levels against one over "
    "every day of the last 26 weeks, with season index as exposure, dispersion from successive differences, each "
    "period within 2.5 deviations; a change from 4.6 nats up or 5.4 down and 15% of the level, if half is left without "
    "its oddest period and it beats a yearly wave by 2; where 30% of periods are silent also of the size of sales; "
    "dropped below 3 nats within 26 weeks; ramp where a line explains it better by 1 nat",
    source="Lai (1995), window-limited generalised likelihood ratio; lines set by simulation",
    codes={"change_kind": CHANGE_KINDS},
)
def change_of_demand(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[CodeArray, np.ndarray, np.ndarray, FloatArray, FloatArray, FloatArray, IntArray]:
    """Newest change of each item's level that was found in the last half year [(n,) each].

    Kind [code of ``CHANGE_KINDS``], its first day and the day on which it was known (NaT where there is none), its
    evidence today [nats], level before and now, and the first week of the present level [column of ``read_weeks``].

    >>> sales = np.array([[10.0, 12, 9, 11] * 10 + [22, 19, 21, 20]])
    >>> found = change_of_demand(sales, sales < 0, np.array([0]), np.ones((1, 52)), 20000, 7)
    >>> CHANGE_KINDS[found[0][0]], found[1][0] == np.datetime64(20000 + 40 * 7, "D"), round(float(found[5][0]), 1)
    ('level shift up', np.True_, 20.5)
    """
    weeks = read_weeks(demand_units, censored, first_period, grid_start_day, period_days)
    code, change, known_at, nats, before, now, since = _changes(
        weeks.demand,
        weeks.shown,
        weeks.first,
        season_index,
        weeks.start_day,
        weeks.days,
        weeks.in_weeks(WINDOW_WEEKS),
        weeks.in_weeks(KNOWN_WEEKS_MIN),
        weeks.in_weeks(LAUNCH_WEEKS),
        weeks.in_weeks(STANDS_WEEKS),
        weeks.in_weeks(JUDGED_WEEKS),
    )
    per_week = 7 / weeks.days
    return (
        code,
        _days(weeks, change, code),
        _days(weeks, known_at + 1, code),
        nats,
        before * per_week,
        now * per_week,
        since,
    )


def _days(weeks: Weeks, column: IntArray, code: CodeArray) -> np.ndarray:
    return np.where(code != NONE, weeks.day_of(column), np.datetime64("NaT", "D"))


@kernel
def _changes(
    demand: FloatArray,
    shown: FloatArray,
    first: IntArray,
    season_index: FloatArray,
    start_day: int,
    days: int,
    window: int,
    known: int,
    launch: int,
    stands: int,
    judged: int,
) -> tuple[CodeArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, IntArray]:
    n, periods = demand.shape
    code, nats = np.zeros(n, np.int16), np.zeros(n)
    change, known_at, since = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    before, now = np.zeros(n), np.zeros(n)
    parts_of = parts_of_periods(start_day, periods, days, season_index.shape[1])
    exposure, units, sums = np.empty(periods), np.empty(periods), np.empty((4, periods + 1))
    found, year = np.empty((CHANGES_MAX, 4), np.int64), np.empty((2, periods))
    for t in range(periods):
        angle = 2.0 * np.pi * (start_day + (t + 0.5) * days) / DAYS_PER_YEAR
        year[0, t], year[1, t] = np.cos(angle), np.sin(angle)
    for i in range(n):
        if first[i] < 0 or first[i] + launch >= periods:
            continue
        start = first[i] + launch if first[i] > 0 else 0
        exposure_of(shown[i], season_index[i], parts_of, start, exposure)
        count, since[i], dispersion, freedom = walk(
            demand[i], exposure, year, start, window, known, stands, units, sums, found
        )
        now[i] = _seen_level(demand[i], exposure, since[i], periods)
        if not _stands(found, count, periods, stands):
            # What is sold seldom tells its level by the size of the sales, long before their sum does.
            if not _only_sales(demand[i], exposure, start):
                continue
            count, _, dispersion, freedom = walk(
                demand[i], exposure, year, start, window, known, stands, units, sums, found
            )
            exposure_of(shown[i], season_index[i], parts_of, start, exposure)
            if not _stands(found, count, periods, stands) or not _level_agrees(demand[i], exposure, found[count - 1]):
                continue
        newest = found[count - 1]
        old = newest[BEFORE]
        middle = _sought_anew(sums, newest, periods, known, dispersion, freedom)
        at, ramp = _ramp(
            units, exposure, found[_first_of_chain(found, count, stands)], newest, known, window, judged, dispersion
        )
        rises = newest[DIRECTION] == RISE
        if ramp:
            code[i], middle = (RAMP_UP if rises else RAMP_DOWN), at
        else:
            code[i] = SHIFT_UP if rises else SHIFT_DOWN
        change[i], known_at[i] = middle, newest[FOUND]
        nats[i] = evidence_of(sums, old, newest[CHANGE], periods, dispersion, freedom)
        before[i] = _seen_level(demand[i], exposure, old, middle)
        now[i] = _seen_level(demand[i], exposure, newest[CHANGE], periods)
    return code, change, known_at, nats, before, now, since


@kernel
def _stands(found: IntArray, count: int, periods: int, stands: int) -> bool:
    return count > 0 and periods - 1 - found[count - 1, FOUND] < stands


@kernel
def _only_sales(demand: FloatArray, exposure: FloatArray, start: int) -> bool:
    """Leave only periods with demand, each of exposure 1, if many are silent; false where few are."""
    told, silent = 0, 0
    for t in range(start, len(demand)):
        if exposure[t] > 0.0:
            told += 1
            silent += demand[t] == 0.0
    if silent < SILENT_SHARE_MIN * told:
        return False
    for t in range(len(demand)):
        exposure[t] = 1.0 if exposure[t] > 0.0 and demand[t] > 0.0 else 0.0
    return True


@kernel
def _level_agrees(demand: FloatArray, exposure: FloatArray, change: IntArray) -> bool:
    """Whether the level moved with the size of the sales: fewer and larger ones may be the same demand."""
    before = _seen_level(demand, exposure, change[BEFORE], change[CHANGE])
    now = _seen_level(demand, exposure, change[CHANGE], len(demand))
    return bool((now - before) * change[DIRECTION] >= CHANGE_SHARE_MIN * before)


@kernel
def _seen_level(demand: FloatArray, exposure: FloatArray, start: int, end: int) -> float:
    """Units a period without season between two periods, odd ones with all they had."""
    total, told = 0.0, 0.0
    for t in range(max(start, 0), end):
        if exposure[t] > 0.0:
            total += demand[t]
            told += exposure[t]
    return total / told if told > 0.0 else 0.0


@kernel
def _sought_anew(
    sums: FloatArray, change: IntArray, periods: int, known: int, dispersion: float, freedom: float
) -> int:
    """The first period of the new level, with all that was seen since it was found."""
    start = change[BEFORE]
    earliest = max(start + known, change[CHANGE] - SOUGHT_ANEW)
    latest = min(change[FOUND], change[CHANGE] + SOUGHT_ANEW)
    middle, _ = best_split(sums, start, periods, earliest, latest, 0.5 * known, dispersion, freedom, 0.0, periods)
    return middle if middle >= 0 else change[CHANGE]


@kernel
def _first_of_chain(found: IntArray, count: int, stands: int) -> int:
    """The change with which a run of changes in one direction began: a climb is often found in two steps."""
    j = count - 1
    while j > 0 and found[j - 1, DIRECTION] == found[j, DIRECTION] and found[j, FOUND] - found[j - 1, FOUND] <= stands:
        j -= 1
    return j


@kernel
def _ramp(
    units: FloatArray,
    exposure: FloatArray,
    oldest: IntArray,
    newest: IntArray,
    known: int,
    window: int,
    judged: int,
    dispersion: float,
) -> tuple[int, bool]:
    """First period of a climb, and whether a climb explains demand better than a jump does.

    A climb goes from one level to another in a straight line over some periods; a jump takes one. Demand is looked at
    until ``judged`` periods after the newest change was found.
    """
    end = min(len(units), newest[FOUND] + 1 + judged)
    earliest = max(oldest[BEFORE] + known, oldest[FOUND] - window)
    start = max(oldest[BEFORE], earliest - 2 * window)
    best, least, jump, level = newest[CHANGE], np.inf, np.inf, 0.0
    for begin in range(earliest, newest[FOUND] + 1):
        squares, mean = _squares(units, exposure, start, begin, 1, end)
        if squares < jump:
            jump, level = squares, mean
    for begin in range(earliest, newest[FOUND] + 1, 2):
        length = RAMP_PERIODS_MIN
        while length <= RAMP_PERIODS_MAX:
            squares, _ = _squares(units, exposure, start, begin, length, end)
            if squares < least:
                best, least = begin, squares
            length += length // 2
    variance = max(level + dispersion * level * level, 1e-9)
    return best, bool((jump - least) / (2.0 * variance) > RAMP_NATS_MIN)


@kernel
def _squares(
    units: FloatArray, exposure: FloatArray, start: int, begin: int, length: int, end: int
) -> tuple[float, float]:
    """What two levels and a straight way from one to the other leave of the squares, and the mean level.

    Least squares of demand ÷ exposure, weighted by exposure.
    """
    w, x, y, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start, end):
        if exposure[t] > 0.0:
            way = min(1.0, max(0.0, (t - begin + 1.0) / length))
            w += exposure[t]
            x += exposure[t] * way
            xx += exposure[t] * way * way
            y += units[t]
            xy += units[t] * way
            yy += units[t] * units[t] / exposure[t]
    if w <= 0.0:
        return np.inf, 0.0
    inner = xx - x * x / w
    if inner <= 0.0:
        return np.inf, 0.0
    slope = (xy - x * y / w) / inner
    return yy - y * y / w - slope * slope * inner, y / w
