"""Whether an item's level holds, rises or falls: a state that moves only on evidence that lasts.

The demand of each period, without season, is judged beside the *base*: the level that held so far. Two sums of
evidence run along, one for a rise and one for a fall (Page, 1954); where one falls back to nothing, the change it
stood for never was, and its start moves on. A state is entered when the change has lasted, when the sum says so, and
when the level since its start differs from the base by ratio and by standard errors. It is left by easier bounds that
must have held for their own time. Then the new level is the base; where it turns out that it hardly differs from the
old one, the change is forgotten and both are the base.

Demand has variance mean + dispersion × mean². The dispersion comes from the differences of successive errors, which a
change of level enters only once (von Neumann, 1941). The evidence is the logarithm of the likelihood ratio of two
normal distributions with this variance.

One period cannot move anything: what lies far above the base counts only up to a bound, and a change needs two.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel

HOLDS, RISES, FALLS, UNKNOWN = range(4)

#: Changes that the sums of evidence look for, as a ratio to the base; twice or half as strong ones are found as well.
RISE_RATIO = 1.5
FALL_RATIO = 0.4
#: Evidence (logarithm of a likelihood ratio) from which a change is believed; e^-6.6 is 1 in 700.
EVIDENCE_MIN = 6.6
#: Demand so many deviations above the base counts as no more than that.
ABOVE_DEVIATIONS_MAX = 2.6
#: Dispersion before anything is seen, and the periods of evidence that it is worth.
DISPERSION_FIRST = 0.1
DISPERSION_PERIODS = 18.0
#: What is left of the evidence of the dispersion after each further period: it changes, too.
KEPT = 0.987
#: Evidence that has gathered for longer than this without being enough is dropped: the base has moved.
GATHERED_WEEKS = 26
#: Weeks from which a base is known, and weeks after a launch that are no base yet.
BASE_WEEKS_MIN = 13
LAUNCH_WEEKS = 4

#: A season may open or close this much earlier or later than usual; so many errors of the index then come together.
EDGE_PARTS = 2
EDGE_PERIODS = 4.0

# Columns of the running sums: demand, its bounded part, season index, its square, the squared edge of the season.
_DEMAND, _BOUNDED, _SEASON, _SQUARE, _EDGE = range(5)
SUMS = 5
# Places in the state of one item: the state, the period since when, the first of its base, that of the base before,
# the one from which it may move on, and for how many periods the new level has held.
_STATE, _SINCE, _START, _FORMER, _ENTERED, _HELD = range(6)


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


@kernel
def follow_all(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    parts_of: IntArray,
    limits: Limits,
) -> tuple[CodeArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
    """Live through every item's periods, whose parts of the year are ``parts_of`` (T,).

    The same figures as of :func:`follow`, (n,) each; the state is unknown where an item never was on sale.
    """
    n, periods = demand.shape
    state = np.full(n, UNKNOWN, np.int16)
    since, began = np.full(n, -1), np.full(n, -1)
    before, now, z = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    season, edge = np.empty(periods), np.empty(periods)
    sums = np.zeros((periods + 1, SUMS))
    for i in range(n):
        first = first_period[i]
        if first < 0 or first >= periods:
            continue
        edge_of = edges(season_index[i])
        for t in range(first, periods):
            season[t], edge[t] = season_index[i, parts_of[t]], edge_of[parts_of[t]]
        told = follow(demand[i], censored[i], first, season, edge, limits, sums)
        state[i], since[i], began[i], before[i], now[i], z[i] = told[0], told[1], told[2], told[3], told[4], told[5]
    return state, since, began, before, now, z


@kernel
def follow(
    demand: FloatArray,
    censored: BoolArray,
    first: int,
    season: FloatArray,
    edge: FloatArray,
    limits: Limits,
    sums: FloatArray,
) -> tuple[int, int, int, float, float, float]:
    """Live through one item's periods; O(T).

    ``demand`` (T,) units, ``season`` (T,) index of each period, ``edge`` (T,) how far it may be wrong; ``sums``
    (T + 1, 5) is room for running sums. Returns the state, the period since when it is in force, the period in which
    its change began, the level before and now [units a period] and z.
    """
    start = first + limits.launch if first > limits.launch else first
    at = np.array([HOLDS, start, start, start, -1, 0])
    up, down, rise, fall = start, start, 0.0, 0.0
    squares, weight, last, dispersion = 0.0, 0.0, 0.0, DISPERSION_FIRST
    sums[first] = 0.0
    for t in range(first, len(demand)):
        units = demand[t]
        learning, miss, mean, level = True, 0.0, 0.0, 0.0
        if not censored[t] and t >= start:
            end = min(up, down)
            begin = max(at[_START], end - limits.base)
            known = sums[end, _SEASON] - sums[begin, _SEASON]
            level = (sums[end, _BOUNDED] - sums[begin, _BOUNDED]) / known if known > 0.0 else 0.0
            mean = level * season[t]
            if mean > 0.0:
                error = units - mean
                learning = end - begin < limits.base_min
                miss = error
            if not learning:
                variance = mean + dispersion * mean * mean + level * level * edge[t] * edge[t]
                if error > 0.0 and error * error > ABOVE_DEVIATIONS_MAX**2 * variance:
                    error = ABOVE_DEVIATIONS_MAX * math.sqrt(variance)
                    units = mean + error
                worth = mean / variance
                rise += worth * (RISE_RATIO - 1.0) * (error - 0.5 * (RISE_RATIO - 1.0) * mean)
                fall += worth * (FALL_RATIO - 1.0) * (error - 0.5 * (FALL_RATIO - 1.0) * mean)
            if mean > 0.0:
                # Learned after the judgement: a period does not bear on its own yardstick.
                if weight > 0.0:
                    squares = KEPT * squares + 0.5 * (miss - last) * (miss - last) - mean
                weight = KEPT * weight + mean * mean
                last = miss
                guess = DISPERSION_PERIODS * level * level
                dispersion = max(0.0, (DISPERSION_FIRST * guess + squares) / (guess + weight))
        if censored[t]:
            for k in range(SUMS):
                sums[t + 1, k] = sums[t, k]
            continue
        sums[t + 1, _DEMAND] = sums[t, _DEMAND] + demand[t]
        sums[t + 1, _BOUNDED] = sums[t, _BOUNDED] + units
        sums[t + 1, _SEASON] = sums[t, _SEASON] + season[t]
        sums[t + 1, _SQUARE] = sums[t, _SQUARE] + season[t] * season[t]
        sums[t + 1, _EDGE] = sums[t, _EDGE] + edge[t] * edge[t]
        # Choices without a jump: which way they go is chance, and a wrongly guessed jump costs more than all sums.
        over = learning | (rise <= 0.0) | (t - up > limits.gathered)
        rise, up = (0.0 if over else rise), (t + 1 if over else up)
        over = learning | (fall <= 0.0) | (t - down > limits.gathered)
        fall, down = (0.0 if over else fall), (t + 1 if over else down)
        if max(rise, fall) < EVIDENCE_MIN and at[_STATE] == HOLDS:
            continue
        if _moves(t + 1, up, down, rise, fall, dispersion, at, limits, sums):
            up, down, rise, fall = t + 1, t + 1, 0.0, 0.0
    return _told(len(demand), dispersion, at, limits, sums)


@kernel
def edges(season_index: FloatArray) -> FloatArray:
    """How far a year's index (S,) may be wrong in each part: half its change from two parts before to two after.

    >>> edges(np.array([0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0])).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    parts = len(season_index)
    result = np.empty(parts)
    for s in range(parts):
        after = s + EDGE_PARTS if s + EDGE_PARTS < parts else s + EDGE_PARTS - parts
        result[s] = 0.5 * abs(season_index[after] - season_index[s - EDGE_PARTS])
    return result


@kernel
def _moves(
    end: int,
    up: int,
    down: int,
    rise: float,
    fall: float,
    dispersion: float,
    at: IntArray,
    limits: Limits,
    sums: FloatArray,
) -> bool:
    """Enter a state or leave it after the periods before ``end``, in ``at``; whether it did."""
    if at[_STATE] == HOLDS or end - at[_ENTERED] > limits.dwell:
        if rise >= EVIDENCE_MIN and end - up >= limits.confirm and _differs(up, end, dispersion, at, limits, sums):
            _enter(RISES, up, end, at)
            return True
        if fall >= EVIDENCE_MIN and end - down >= limits.confirm and _differs(down, end, dispersion, at, limits, sums):
            _enter(FALLS, down, end, at)
            return True
    if at[_STATE] == HOLDS:
        return False
    middle = max(at[_FORMER], end - limits.recent)
    before, known_before = _level(_BOUNDED, sums, max(at[_FORMER], middle - limits.base_min), middle)
    now, known_now = _level(_BOUNDED, sums, middle, end)
    goes_on = now >= limits.growth_left * before if at[_STATE] == RISES else now <= limits.decline_left * before
    at[_HELD] = 0 if goes_on or known_before <= 0 or known_now <= 0 else at[_HELD] + 1
    if at[_HELD] < limits.left or end - at[_ENTERED] < limits.dwell:
        return False
    z = _z(max(at[_FORMER], at[_START] - limits.base), at[_START], end, dispersion, sums)
    if abs(z) < limits.z_left:
        at[_START] = at[_FORMER]
    at[_STATE], at[_SINCE], at[_HELD] = HOLDS, end, 0
    return True


@kernel
def _enter(state: int, start: int, end: int, at: IntArray) -> None:
    at[_FORMER], at[_START] = at[_START], start
    at[_STATE], at[_SINCE], at[_ENTERED], at[_HELD] = state, start, end, 0


@kernel
def _differs(start: int, end: int, dispersion: float, at: IntArray, limits: Limits, sums: FloatArray) -> bool:
    """Whether the level since ``start`` differs from the base by ratio and by standard errors."""
    begin = max(at[_START], start - limits.base)
    before, _ = _level(_BOUNDED, sums, begin, start)
    now, _ = _level(_BOUNDED, sums, max(start, end - limits.recent), end)
    z = _z(begin, start, end, dispersion, sums)
    if z > 0:
        return z >= limits.z_min and now >= limits.growth_min * before
    return z <= -limits.z_min and now <= limits.decline_max * before


@kernel
def _level(which: int, sums: FloatArray, begin: int, end: int) -> tuple[float, float]:
    """Σ demand ÷ Σ index of the uncensored periods of ``[begin, end)``, and Σ index."""
    known = sums[end, _SEASON] - sums[begin, _SEASON]
    return ((sums[end, which] - sums[begin, which]) / known if known > 0 else 0.0), known


@kernel
def _z(begin: int, middle: int, end: int, dispersion: float, sums: FloatArray) -> float:
    """Standard errors between the levels of ``[middle, end)`` and ``[begin, middle)``, did nothing change.

    A window out of season has a small Σ index, hence a large variance: its silence proves nothing.
    """
    before, known_before = _level(_BOUNDED, sums, begin, middle)
    now, known_now = _level(_BOUNDED, sums, middle, end)
    if known_before <= 0 or known_now <= 0 or before + now <= 0:
        return 0.0
    # A base that sold nothing still varies: it is taken to be as large as both together.
    level = before if before > 0 else (before * known_before + now * known_now) / (known_before + known_now)
    variance = level / known_now + level / known_before
    for begins, ends, known in ((middle, end, known_now), (begin, middle, known_before)):
        unsure = dispersion * (sums[ends, _SQUARE] - sums[begins, _SQUARE])
        unsure += EDGE_PERIODS * (sums[ends, _EDGE] - sums[begins, _EDGE])
        variance += level * level * unsure / (known * known)
    return (now - before) / math.sqrt(variance)


@kernel
def _told(
    periods: int, dispersion: float, at: IntArray, limits: Limits, sums: FloatArray
) -> tuple[int, int, int, float, float, float]:
    """The state at the end. While the level holds, its newest weeks are compared with the base before them."""
    state, middle, base_start = at[_STATE], at[_START], at[_FORMER]
    if state == HOLDS:
        # A launch a few weeks ago has no base yet: it would begin after the end.
        base_start = min(at[_START], periods)
        middle = max(base_start, periods - limits.recent)
    begin = max(base_start, middle - limits.base)
    before, known_before = _level(_DEMAND, sums, begin, middle)
    now, known_now = _level(_DEMAND, sums, max(middle, periods - limits.recent), periods)
    if known_before <= 0 or known_now <= 0 or (state == HOLDS and middle - begin < limits.recent):
        return UNKNOWN, at[_SINCE], middle, np.nan, now if known_now > 0 else np.nan, 0.0
    return state, at[_SINCE], middle, before, now, _z(begin, middle, periods, dispersion, sums)
