"""Whether an item's level holds, rises or falls: a state that moves only on evidence that lasts.

The demand of each period, without season, is judged beside the *base*: the level that held so far. Two sums of
evidence run along, one for a rise and one for a fall (Page, 1954); where one falls back to nothing, the change it
stood for never was, and its start moves on. A state is entered when the change has lasted, when the sum says so, and
when the level since its start differs from the base by ratio and by standard errors. It is left by easier bounds that
must have held for their own time. Then the new level is the base; where it turns out that it hardly differs from the
old one, the change is forgotten and both are the base.

One period cannot move anything: what lies far above the base counts only up to a bound, and a change needs two.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, kernel

HOLDS, RISES, FALLS, UNKNOWN = range(4)

#: Changes that the sums of evidence look for, as a ratio to the base; twice or half as strong ones are found as well.
RISE_RATIO = 1.5
FALL_RATIO = 0.4
#: Evidence (logarithm of a likelihood ratio) from which a change is believed; e^-6.4 is 1 in 600.
EVIDENCE_MIN = 6.4
#: Demand so many deviations above the base counts as no more than that.
ABOVE_DEVIATIONS_MAX = 2.6
#: Dispersion before anything is seen, and the periods of evidence that it is worth.
DISPERSION_FIRST = 0.1
DISPERSION_PERIODS = 18.0
#: Evidence that has gathered for longer than this without being enough is dropped: the base has moved.
GATHERED_WEEKS = 26
#: Weeks from which a base is known, and weeks after a launch that are no base yet.
BASE_WEEKS_MIN = 13
LAUNCH_WEEKS = 4

# Places in the state of one item: whole numbers (periods, and the state itself) and figures.
_STATE, _SINCE, _START, _FORMER, _UP, _DOWN, _ENTERED, _HELD = range(8)
_RISE, _FALL, _SQUARES, _WEIGHT, _LAST, _DISPERSION = range(6)


class Limits(NamedTuple):
    """When a state is entered and left. Lengths in periods."""

    recent: int
    base: int
    base_min: int
    launch: int
    confirm: int
    dwell: int
    left: int
    gathered: int
    growth_min: float
    growth_left: float
    decline_max: float
    decline_left: float
    z_min: float
    z_left: float


class Sums(NamedTuple):
    """Running sums before each period [(T + 1,)]: demand, its bounded part, season index and its square."""

    demand: FloatArray
    bounded: FloatArray
    index: FloatArray
    square: FloatArray


@kernel
def follow(
    demand: FloatArray, censored: BoolArray, first: int, index: FloatArray, limits: Limits, sums: Sums
) -> tuple[int, int, int, float, float, float, float]:
    """Live through one item's periods; O(T).

    ``demand`` (T,) units, ``index`` (T,) season of each period. Returns the state, the period since when it is in
    force, the period in which its change began, the level before and now [units a period], z, and the dispersion.
    """
    at = np.zeros(8, np.int64)
    sure = np.zeros(6)
    start = first + limits.launch if first > limits.launch else first
    at[_START], at[_FORMER], at[_UP], at[_DOWN], at[_SINCE], at[_ENTERED] = start, start, start, start, start, -1
    sure[_DISPERSION] = DISPERSION_FIRST
    for t in range(first, len(demand)):
        bounded = demand[t]
        counts = not censored[t]
        if counts and t >= start:
            bounded = _judge(demand[t], index[t], t, at, sure, limits, sums)
        _add(sums, t, demand[t], bounded, index[t], counts)
        if counts and t >= start:
            _move(t + 1, at, sure, limits, sums)
    return _told(len(demand), at, sure, limits, sums)


@kernel
def _add(sums: Sums, t: int, demand: float, bounded: float, index: float, counts: bool) -> None:
    use = 1.0 if counts else 0.0
    sums.demand[t + 1] = sums.demand[t] + use * demand
    sums.bounded[t + 1] = sums.bounded[t] + use * bounded
    sums.index[t + 1] = sums.index[t] + use * index
    sums.square[t + 1] = sums.square[t] + use * index * index


@kernel
def _judge(demand: float, index: float, t: int, at: IntArray, sure: FloatArray, limits: Limits, sums: Sums) -> float:
    """Learn from one period's demand; returns as much of it as counts for the level.

    Demand has variance mean + dispersion × mean². The dispersion comes from the differences of successive errors, which
    a change of level enters only once (von Neumann, 1941). The evidence is the logarithm of the likelihood ratio of two
    normal distributions with this variance.
    """
    end = min(at[_UP], at[_DOWN])
    begin = max(at[_START], end - limits.base)
    known = sums.index[end] - sums.index[begin]
    level = (sums.bounded[end] - sums.bounded[begin]) / known if known > 0 else 0.0
    mean = level * index
    if mean <= 0:
        at[_UP], at[_DOWN] = t + 1, t + 1
        return demand
    error = demand - mean
    if sure[_WEIGHT] > 0:
        sure[_SQUARES] += 0.5 * (error - sure[_LAST]) ** 2 - mean
    sure[_WEIGHT] += mean * mean
    sure[_LAST] = error
    first_guess = DISPERSION_PERIODS * level * level
    dispersion = (DISPERSION_FIRST * first_guess + sure[_SQUARES]) / (first_guess + sure[_WEIGHT])
    sure[_DISPERSION] = max(0.0, dispersion)
    if end - begin < limits.base_min:
        at[_UP], at[_DOWN] = t + 1, t + 1
        return demand
    variance = mean + sure[_DISPERSION] * mean * mean
    if error > 0 and error * error > ABOVE_DEVIATIONS_MAX**2 * variance:
        error = ABOVE_DEVIATIONS_MAX * math.sqrt(variance)
    worth = mean / variance
    rise, fall = RISE_RATIO - 1.0, FALL_RATIO - 1.0
    sure[_RISE] += worth * rise * (error - 0.5 * rise * mean)
    sure[_FALL] += worth * fall * (error - 0.5 * fall * mean)
    if sure[_RISE] <= 0 or t - at[_UP] > limits.gathered:
        sure[_RISE], at[_UP] = 0.0, t + 1
    if sure[_FALL] <= 0 or t - at[_DOWN] > limits.gathered:
        sure[_FALL], at[_DOWN] = 0.0, t + 1
    return mean + error


@kernel
def _move(end: int, at: IntArray, sure: FloatArray, limits: Limits, sums: Sums) -> None:
    """Enter a state or leave it after the periods before ``end``."""
    if at[_STATE] == HOLDS or end - at[_ENTERED] > limits.dwell:
        rises = sure[_RISE] >= EVIDENCE_MIN and end - at[_UP] >= limits.confirm
        if rises and _differs(at[_UP], end, at, sure, limits, sums):
            _enter(RISES, at[_UP], end, at, sure)
            return
        falls = sure[_FALL] >= EVIDENCE_MIN and end - at[_DOWN] >= limits.confirm
        if falls and _differs(at[_DOWN], end, at, sure, limits, sums):
            _enter(FALLS, at[_DOWN], end, at, sure)
            return
    if at[_STATE] == HOLDS:
        return
    middle = max(at[_FORMER], end - limits.recent)
    before, known_before = _level(sums.bounded, sums, max(at[_FORMER], middle - limits.base_min), middle)
    now, known_now = _level(sums.bounded, sums, middle, end)
    goes_on = now >= limits.growth_left * before if at[_STATE] == RISES else now <= limits.decline_left * before
    at[_HELD] = 0 if goes_on or known_before <= 0 or known_now <= 0 else at[_HELD] + 1
    if at[_HELD] >= limits.left and end - at[_ENTERED] >= limits.dwell:
        z = _z(max(at[_FORMER], at[_START] - limits.base), at[_START], end, sure[_DISPERSION], sums)
        if abs(z) < limits.z_left:
            at[_START] = at[_FORMER]
        _reset(end, at, sure)
        at[_STATE], at[_SINCE] = HOLDS, end


@kernel
def _enter(state: int, start: int, end: int, at: IntArray, sure: FloatArray) -> None:
    at[_FORMER], at[_START] = at[_START], start
    at[_STATE], at[_SINCE], at[_ENTERED] = state, start, end
    _reset(end, at, sure)


@kernel
def _reset(end: int, at: IntArray, sure: FloatArray) -> None:
    sure[_RISE], sure[_FALL], at[_UP], at[_DOWN], at[_HELD] = 0.0, 0.0, end, end, 0


@kernel
def _differs(start: int, end: int, at: IntArray, sure: FloatArray, limits: Limits, sums: Sums) -> bool:
    """Whether the level since ``start`` differs from the base by ratio and by standard errors."""
    begin = max(at[_START], start - limits.base)
    before, _ = _level(sums.bounded, sums, begin, start)
    now, _ = _level(sums.bounded, sums, max(start, end - limits.recent), end)
    z = _z(begin, start, end, sure[_DISPERSION], sums)
    if z > 0:
        return z >= limits.z_min and now >= limits.growth_min * before
    return z <= -limits.z_min and now <= limits.decline_max * before


@kernel
def _level(demand: FloatArray, sums: Sums, begin: int, end: int) -> tuple[float, float]:
    """Σ demand ÷ Σ index of the uncensored periods of ``[begin, end)``, and Σ index."""
    known = sums.index[end] - sums.index[begin]
    return ((demand[end] - demand[begin]) / known if known > 0 else 0.0), known


@kernel
def _z(begin: int, middle: int, end: int, dispersion: float, sums: Sums) -> float:
    """Standard errors between the levels of ``[middle, end)`` and ``[begin, middle)``, did nothing change.

    A window out of season has a small Σ index, hence a large variance: its silence proves nothing.
    """
    before, known_before = _level(sums.bounded, sums, begin, middle)
    now, known_now = _level(sums.bounded, sums, middle, end)
    if known_before <= 0 or known_now <= 0 or before + now <= 0:
        return 0.0
    # A base that sold nothing still varies: it is taken to be as large as both together.
    level = before if before > 0 else (before * known_before + now * known_now) / (known_before + known_now)
    variance = level / known_now + level / known_before
    for begins, ends, known in ((middle, end, known_now), (begin, middle, known_before)):
        variance += dispersion * level * level * (sums.square[ends] - sums.square[begins]) / (known * known)
    return (now - before) / math.sqrt(variance)


@kernel
def _told(
    periods: int, at: IntArray, sure: FloatArray, limits: Limits, sums: Sums
) -> tuple[int, int, int, float, float, float, float]:
    """The state at the end. While the level holds, its newest weeks are compared with the base before them."""
    state, middle, base_start = at[_STATE], at[_START], at[_FORMER]
    if state == HOLDS:
        middle, base_start = max(at[_START], periods - limits.recent), at[_START]
    begin = max(base_start, middle - limits.base)
    before, known_before = _level(sums.demand, sums, begin, middle)
    now, known_now = _level(sums.demand, sums, max(middle, periods - limits.recent), periods)
    if known_before <= 0 or known_now <= 0 or (state == HOLDS and middle - begin < limits.recent):
        return UNKNOWN, at[_SINCE], middle, np.nan, now if known_now > 0 else np.nan, 0.0, sure[_DISPERSION]
    z = _z(begin, middle, periods, sure[_DISPERSION], sums)
    return state, at[_SINCE], middle, before, now, z, sure[_DISPERSION]
