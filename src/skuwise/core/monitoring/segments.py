"""Stretches of one level: a sequential test that looks each period for the day on which demand changed.

An item's history is walked once, period by period. At each one every possible day of a change in the last half year is
tried: is demand since then explained much better by a level of its own? Where the evidence crosses a line, the change
is taken for true, and what came before it is no longer compared with. A change that later periods take back (a
promotion of some weeks, or chance) is dropped again. So the whole is a function of the history, and the walk that
ends today has passed through what was known on every day before.

One odd week is no change: each period counts at most so many deviations, and a change must hold without its most
extreme period. Nor is a yearly wave that is not known for a season yet: a jump must explain demand better than it.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray, kernel
from skuwise.core.monitoring.residuals import (
    DISPERSION_FIRST,
    DISPERSION_PERIODS,
    FREEDOM_SHARE,
    beyond_counts,
    clipped,
    dispersion_of,
    split_evidence,
)

#: Evidence [nats] from which a rise, or a fall, is taken for true: one false alarm in 12 years or more each, measured.
UP_NATS = 4.6
DOWN_NATS = 5.4
#: So much more is asked for a fall where more than a fifth of the periods are silent anyway.
SILENT_NATS, SILENT_SHARE_MIN = 0.8, 0.2
#: Part of it that must be left without the most extreme period, and below which a change found is dropped again.
WITHOUT_ODD_SHARE = 0.8
DROPPED_NATS = 3.0
#: Evidence [nats] from which demand is back at its old level.
RETURNED_NATS = 5.0
#: A change of less than this share of the level moves no order.
CHANGE_SHARE_MIN = 0.15
#: Periods with demand that tell a level against which another can be held.
SALES_MIN = 8
#: A jump must explain demand better than a yearly wave by this much [nats].
BETTER_THAN_WAVE_NATS = 2.0
#: Days of a change that are so many periods old, or twice, three times as many, are tried in steps of 2, 3, 4.
STEP_AGE = 8
#: Two periods are the least that can tell a new level.
PERIODS_MIN = 2
#: Degrees of freedom of the variance that the first guess is worth.
FREEDOM_FIRST = 4.0

#: Columns of a change: first period of the new level, period in which it was found, direction, and first period of the
#: level before.
CHANGE, FOUND, DIRECTION, BEFORE = range(4)
RISE, FALL = 1, -1


@kernel
def walk(
    demand: FloatArray,
    exposure: FloatArray,
    year: FloatArray,
    first: int,
    window: int,
    known: int,
    doubted: int,
    units: FloatArray,
    sums: FloatArray,
    found: IntArray,
) -> tuple[int, int, float, float]:
    """Walk one item's history from period ``first`` on.

    A change may lie ``window`` periods back when it is found, needs ``known`` periods before it, and may be dropped
    again for ``doubted`` periods. ``year`` (2, T) are cosine and sine of the day of the year. Filled are: ``units``
    (T,) with demand, each period brought to within reach of its level; ``sums`` (4, T + 1) with the running sums of
    units, exposure, exposure² and periods with demand; ``found`` (C, 4) with the changes, oldest first. Returns how
    many these are, the first period of the present level, dispersion and degrees of freedom. Periods of something
    that has passed lose their ``exposure``.
    """
    of_all = dispersion_of(demand, exposure)
    moments = np.zeros(5)
    dispersion, freedom = of_all, FREEDOM_FIRST
    start, count, last = first, 0, -1
    sums[:, 0] = 0.0
    for t in range(len(demand)):
        units[t] = demand[t]
        if t < first or exposure[t] <= 0.0:
            _sum_up(t, 0.0, 0.0, sums)
            continue
        seen = sums[1, t] - sums[1, start]
        level = (sums[0, t] - sums[0, start]) / seen if seen > 0.0 else demand[t] / exposure[t]
        if seen >= 0.5 * known:
            units[t] = clipped(demand[t], level * exposure[t], of_all)
        _sum_up(t, units[t], exposure[t], sums)
        if last >= 0:
            dispersion, freedom = _learn_spread(moments, units[t], units[last], exposure[t], exposure[last], level)
        last = t
        if count > 0 and t - found[count - 1, FOUND] < doubted:
            newest = found[count - 1]
            back = _day_of_return(sums, newest, t + 1, dispersion, freedom)
            if back > 0:
                _leave_out(exposure, sums, newest[CHANGE], back, t + 1, units)
            if back > 0 or _taken_back(newest, sums, t + 1, dispersion, freedom):
                start = newest[BEFORE]
                count -= 1
        change, direction = _new_change(units, exposure, year, sums, start, t + 1, window, known, dispersion, freedom)
        if direction == 0:
            continue
        count = _keep(found, count, change, t, direction, start)
        start = change
        _see_anew(demand, exposure, sums, change, t + 1, of_all, units)
    return count, start, dispersion, freedom


@kernel
def evidence_of(sums: FloatArray, start: int, middle: int, end: int, dispersion: float, freedom: float) -> float:
    """Evidence of a change at ``middle`` between ``start`` and ``end`` [nats]."""
    return float(
        split_evidence(
            sums[0, middle] - sums[0, start],
            sums[1, middle] - sums[1, start],
            sums[2, middle] - sums[2, start],
            sums[0, end] - sums[0, middle],
            sums[1, end] - sums[1, middle],
            sums[2, end] - sums[2, middle],
            dispersion,
            freedom,
        )
    )


@kernel
def level_between(sums: FloatArray, start: int, end: int) -> float:
    """Units a period of exposure 1 between two periods; 0 where nothing was seen."""
    shown = sums[1, end] - sums[1, start]
    return float((sums[0, end] - sums[0, start]) / shown) if shown > 0.0 else 0.0


@kernel
def best_split(
    sums: FloatArray,
    start: int,
    end: int,
    earliest: int,
    latest: int,
    shown_min: float,
    dispersion: float,
    freedom: float,
    need: float,
    step_age: int,
) -> tuple[int, float]:
    """The change between two periods that explains most [period, nats]; -1 where none comes near ``need``."""
    best, most = -1, 0.0
    total, shown = sums[0, end] - sums[0, start], sums[1, end] - sums[1, start]
    if shown <= 0.0 or total <= 0.0:
        return best, most
    level = total / shown
    variance = level + dispersion * level * level * (sums[2, end] - sums[2, start]) / shown
    line = need * variance * shown
    middle = latest + 1
    while middle > earliest:
        # The older a change, the less its very day matters: steps grow by one with each ``step_age`` periods.
        middle = max(earliest, middle - 1 - (end - middle) // step_age)
        shown_after = sums[1, end] - sums[1, middle]
        shown_before = shown - shown_after
        if shown_after < 0.5 or shown_before < shown_min or sums[3, middle] - sums[3, start] < SALES_MIN:
            continue
        after = sums[0, end] - sums[0, middle]
        gap = after * shown_before - (total - after) * shown_after
        # A cheap look first: what lies far below the line by its deviation alone need not be weighed.
        if gap * gap < line * shown_after * shown_before:
            continue
        evidence = evidence_of(sums, start, middle, end, dispersion, freedom)
        if evidence > most:
            best, most = middle, evidence
    return best, most


@kernel
def _new_change(
    units: FloatArray,
    exposure: FloatArray,
    year: FloatArray,
    sums: FloatArray,
    start: int,
    end: int,
    window: int,
    known: int,
    dispersion: float,
    freedom: float,
) -> tuple[int, int]:
    """A change that the newest period makes sure: its period and direction; direction 0 where there is none."""
    middle, evidence = best_split(
        sums,
        start,
        end,
        max(start + known, end - window),
        end - PERIODS_MIN,
        0.5 * known,
        dispersion,
        freedom,
        min(UP_NATS, DOWN_NATS),
        STEP_AGE,
    )
    if middle < 0:
        return -1, 0
    before, after = level_between(sums, start, middle), level_between(sums, middle, end)
    direction = RISE if after > before else FALL
    need = UP_NATS if direction == RISE else DOWN_NATS
    if direction == FALL and sums[3, middle] - sums[3, start] < (1.0 - SILENT_SHARE_MIN) * (middle - start):
        need += SILENT_NATS
    if evidence < need or abs(after - before) < CHANGE_SHARE_MIN * before:
        return -1, 0
    left = _without_odd(units, exposure, sums, start, middle, end, dispersion, freedom, direction)
    if left < WITHOUT_ODD_SHARE * need or _wave_explains(units, exposure, year, sums, start, middle, end, dispersion):
        return -1, 0
    return middle, direction


@kernel
def _wave_explains(
    units: FloatArray,
    exposure: FloatArray,
    year: FloatArray,
    sums: FloatArray,
    start: int,
    middle: int,
    end: int,
    dispersion: float,
) -> bool:
    """Whether a yearly sine wave explains demand ÷ exposure nearly as well as a jump at ``middle`` does."""
    inner, outer, of_all = np.zeros((3, 3)), np.zeros(3), 0.0
    row = np.ones(3)
    for t in range(start, end):
        if exposure[t] > 0.0:
            row[1], row[2] = year[0, t], year[1, t]
            of_all += units[t] * units[t] / exposure[t]
            for j in range(3):
                outer[j] += units[t] * row[j]
                for k in range(3):
                    inner[j, k] += exposure[t] * row[j] * row[k]
    jump = of_all
    jump -= (sums[0, middle] - sums[0, start]) ** 2 / (sums[1, middle] - sums[1, start])
    jump -= (sums[0, end] - sums[0, middle]) ** 2 / (sums[1, end] - sums[1, middle])
    for j in range(3):
        inner[j, j] += 1e-9
    wave = of_all - (outer * np.linalg.solve(inner, outer)).sum()
    level = level_between(sums, start, end)
    variance = level + dispersion * level * level
    return bool(wave - jump < 2.0 * variance * BETTER_THAN_WAVE_NATS)


@kernel
def _without_odd(
    units: FloatArray,
    exposure: FloatArray,
    sums: FloatArray,
    start: int,
    middle: int,
    end: int,
    dispersion: float,
    freedom: float,
    direction: int,
) -> float:
    """Evidence that is left without the period since the change that speaks most for it."""
    level = level_between(sums, start, middle)
    odd, most, told = -1, 0.0, 0
    for t in range(middle, end):
        if exposure[t] > 0.0:
            told += 1
            gap = (units[t] - level * exposure[t]) * direction
            if odd < 0 or gap > most:
                odd, most = t, gap
    if told < PERIODS_MIN:
        return 0.0
    after = sums[0, end] - sums[0, middle] - units[odd]
    shown = sums[1, end] - sums[1, middle] - exposure[odd]
    if (after - level * shown) * direction <= 0.0:
        return 0.0
    return float(
        split_evidence(
            sums[0, middle] - sums[0, start],
            sums[1, middle] - sums[1, start],
            sums[2, middle] - sums[2, start],
            after,
            shown,
            sums[2, end] - sums[2, middle] - exposure[odd] ** 2,
            dispersion,
            freedom,
        )
    )


@kernel
def _taken_back(change: IntArray, sums: FloatArray, end: int, dispersion: float, freedom: float) -> bool:
    """Whether what was seen since no longer bears a change out."""
    start, middle = change[BEFORE], change[CHANGE]
    gap = level_between(sums, middle, end) - level_between(sums, start, middle)
    return bool(
        gap * change[DIRECTION] <= 0.0 or evidence_of(sums, start, middle, end, dispersion, freedom) < DROPPED_NATS
    )


@kernel
def _day_of_return(sums: FloatArray, change: IntArray, end: int, dispersion: float, freedom: float) -> int:
    """First period since a change from which demand is back at the level before it; -1 where it is not."""
    start, begin = change[BEFORE], change[CHANGE]
    before = level_between(sums, start, begin)
    best, most = -1, RETURNED_NATS
    for middle in range(begin + PERIODS_MIN, end - PERIODS_MIN):
        passing, now = level_between(sums, begin, middle), level_between(sums, middle, end)
        if abs(now - before) < 0.5 * abs(passing - before) and (passing - before) * change[DIRECTION] > 0.0:
            evidence = evidence_of(sums, begin, middle, end, dispersion, freedom)
            if evidence >= most:
                best, most = middle, evidence
    return best


@kernel
def _leave_out(exposure: FloatArray, sums: FloatArray, begin: int, back: int, end: int, units: FloatArray) -> None:
    """Let the weeks of something that passed say nothing of the level."""
    exposure[begin:back] = 0.0
    for t in range(begin, end):
        _sum_up(t, units[t] if exposure[t] > 0.0 else 0.0, exposure[t], sums)


@kernel
def _learn_spread(
    moments: FloatArray, now: float, before: float, exposure: float, exposure_before: float, level: float
) -> tuple[float, float]:
    """Learn from one more difference; dispersion and its degrees of freedom.

    A variance of n values with kurtosis κ is known as well as that of 2n ÷ (κ − 1) normal ones: demand in lumps tells
    less of its spread than even demand.
    """
    excess, weight = beyond_counts(now, before, exposure, exposure_before, level)
    square = ((now - exposure / exposure_before * before) / level) ** 2 if level > 0.0 else 0.0
    moments[0] += excess
    moments[1] += weight
    moments[2] += 1.0
    moments[3] += square
    moments[4] += square * square
    first = DISPERSION_PERIODS * moments[1] / moments[2]
    dispersion = DISPERSION_FIRST
    if moments[1] > 0.0:
        dispersion = max(0.0, (moments[0] + DISPERSION_FIRST * first) / (moments[1] + first))
    kurtosis = 3.0
    if moments[3] > 0.0:
        kurtosis = max(3.0, moments[2] * moments[4] / moments[3] ** 2)
    return dispersion, FREEDOM_FIRST + FREEDOM_SHARE * moments[2] * (2.0 / (kurtosis - 1.0)) ** 1.5


@kernel
def _see_anew(
    demand: FloatArray, exposure: FloatArray, sums: FloatArray, change: int, end: int, of_all: float, units: FloatArray
) -> None:
    """Let the new level be learned from what was seen, not from what the old level made of it."""
    level = level_between(sums, change, end)
    for t in range(change, end):
        if exposure[t] > 0.0:
            units[t] = clipped(demand[t], level * exposure[t], of_all)
            _sum_up(t, units[t], exposure[t], sums)
        else:
            _sum_up(t, 0.0, 0.0, sums)


@kernel
def _keep(found: IntArray, count: int, change: int, period: int, direction: int, start: int) -> int:
    """Write down a change; where there is no room the oldest goes. Returns how many there are."""
    if count == len(found):
        for j in range(count - 1):
            found[j] = found[j + 1]
        count -= 1
    found[count, CHANGE], found[count, FOUND] = change, period
    found[count, DIRECTION], found[count, BEFORE] = direction, start
    return count + 1


@kernel
def _sum_up(t: int, units: float, exposure: float, sums: FloatArray) -> None:
    sums[0, t + 1] = sums[0, t] + units
    sums[1, t + 1] = sums[1, t] + exposure
    sums[2, t + 1] = sums[2, t] + exposure * exposure
    sums[3, t + 1] = sums[3, t] + (1.0 if units > 0.0 else 0.0)
