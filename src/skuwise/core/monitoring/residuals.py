"""What tests of demand stand on: counts beside what their level and season let expect, and how sure a difference is.

Demand of a period is a count with mean λ × exposure, its exposure being the season index, and with variance
mean + dispersion × mean². A stretch of periods is told by three running sums: demand, exposure and exposure².
Two stretches are compared by a likelihood ratio of negative binomials, in nats. Of counts it keeps what it promises
however few they are: under chance alone it exceeds h with a probability below about e^−h.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray, kernel

#: An index below this leaves a period without a say: nothing is sold then, whatever the level.
EXPOSURE_MIN = 0.2
#: Dispersion before anything is seen, and the periods of evidence that it is worth.
DISPERSION_FIRST = 0.1
DISPERSION_PERIODS = 4.0
#: Variance has so many degrees of freedom per difference of successive periods (von Neumann, 1941: 2 of 3).
FREEDOM_SHARE = 2.0 / 3.0
#: A lone period counts as if it lay at most so many deviations from the level, on the root scale of counts.
CLIP_DEVIATIONS = 2.5
_TINY = 1e-12


class Weeks(NamedTuple):
    """Demand as the tests read it: a column is a week, or a planning period where that is longer.

    ``demand`` (n, T) counts only what was seen whole, ``shown`` (n, T) is the share of the period in which it was.
    ``first`` (n,) is the first column on sale, -1 where there is none. ``start_day`` opens the first column, each
    has ``days``.
    """

    demand: FloatArray
    shown: FloatArray
    first: IntArray
    start_day: int
    days: int

    def in_weeks(self, weeks: float) -> int:
        """Whole columns that are nearest to a number of weeks, at least one."""
        return max(1, round(weeks * 7 / self.days))

    def day_of(self, column: IntArray) -> DateArray:
        """First day of each column."""
        return (self.start_day + column * self.days).astype("datetime64[D]")


def read_weeks(
    demand_units: FloatArray, censored: BoolArray, first_period: IntArray, grid_start_day: int, period_days: int
) -> Weeks:
    """Join periods shorter than a week to weeks that end at the as-of day; a part of a week before them is left out.

    >>> days = read_weeks(np.ones((1, 16)), np.zeros((1, 16), bool), np.array([3]), 20000, 1)
    >>> days.demand.tolist(), days.first.tolist(), days.start_day
    ([[7.0, 7.0]], [1], 20002)
    """
    group = max(1, round(7 / period_days))
    n, periods = demand_units.shape
    seen = ~censored
    if group == 1:
        return Weeks(
            np.where(seen, demand_units, 0.0), seen.astype(np.float64), first_period, grid_start_day, period_days
        )
    columns = periods // group
    left_out = periods - columns * group
    shape = (n, columns, group)
    demand = np.where(seen, demand_units, 0.0)[:, left_out:].reshape(shape).sum(axis=2)
    shown = seen[:, left_out:].reshape(shape).mean(axis=2)
    first = np.where(first_period < 0, -1, np.maximum(0, -((left_out - first_period) // group)))
    return Weeks(demand, shown, first, grid_start_day + left_out * period_days, group * period_days)


@kernel
def exposure_of(
    shown: FloatArray, season_index: FloatArray, parts_of: IntArray, first: int, exposure: FloatArray
) -> None:
    """Fill the exposure of one item's periods [(T,)]: season index × share seen; 0 where a period tells nothing."""
    for t in range(len(shown)):
        index = season_index[parts_of[t]]
        tells = first >= 0 and t >= first and index >= EXPOSURE_MIN
        exposure[t] = index * shown[t] if tells else 0.0


@kernel
def dispersion_of(demand: FloatArray, exposure: FloatArray) -> float:
    """Dispersion from differences of successive periods, which a change of level enters only once (von Neumann, 1941).

    It is drawn towards ``DISPERSION_FIRST`` as if that had been seen in ``DISPERSION_PERIODS`` differences.
    """
    total, shown, count = 0.0, 0.0, 0
    for t in range(len(demand)):
        if exposure[t] > 0.0:
            total += demand[t]
            shown += exposure[t]
            count += 1
    if count < 2 or total <= 0.0:
        return DISPERSION_FIRST
    level, last, beyond, weight = total / shown, -1, 0.0, 0.0
    for t in range(len(demand)):
        if exposure[t] > 0.0:
            if last >= 0:
                excess, square = beyond_counts(demand[t], demand[last], exposure[t], exposure[last], level)
                beyond += excess
                weight += square
            last = t
    first = DISPERSION_PERIODS * weight / (count - 1)
    return float(max(0.0, (beyond + DISPERSION_FIRST * first) / (weight + first)))


@kernel
def beyond_counts(
    now: float, before: float, exposure: float, exposure_before: float, level: float
) -> tuple[float, float]:
    """How far a squared difference exceeds that of Poisson counts, and what multiplies the dispersion in it."""
    ratio = exposure / exposure_before
    difference = now - ratio * before
    mean = level * exposure
    return difference * difference - mean * (1.0 + ratio), 2.0 * mean * mean


@kernel
def clipped(units: float, mean: float, dispersion: float) -> float:
    """Demand of a period, brought to within ``CLIP_DEVIATIONS`` of its mean on the root scale (Anscombe, 1948)."""
    middle = math.sqrt(mean + 0.375)
    reach = CLIP_DEVIATIONS * 0.5 * math.sqrt(1.0 + dispersion * mean)
    high = (middle + reach) ** 2 - 0.375
    if units > high:
        return high
    if reach < middle:
        low = (middle - reach) ** 2 - 0.375
        if units < low:
            return low
    return units


@kernel
def split_evidence(
    before: float,
    shown_before: float,
    squares_before: float,
    after: float,
    shown_after: float,
    squares_after: float,
    dispersion: float,
    freedom: float,
) -> float:
    """How much better two levels explain two stretches than one level does [nats].

    Each stretch is its demand, Σ exposure and Σ exposure². Its sum is negative binomial of size
    (Σ exposure)² ÷ (dispersion × Σ exposure²). The dispersion is itself an estimate with ``freedom`` degrees of
    freedom: evidence ℓ becomes ½ freedom × log(1 + 2ℓ ÷ freedom), as a t test's does.

    >>> bool(split_evidence(40.0, 4.0, 4.0, 20.0, 4.0, 4.0, 0.0, 1e9) > 3.3)
    True
    """
    total, shown, squares = before + after, shown_before + shown_after, squares_before + squares_after
    if total <= 0.0 or shown_before <= 0.0 or shown_after <= 0.0:
        return 0.0
    # Where demand comes in lumps, silence is no more telling than a Poisson count of lumps: the weaker evidence counts.
    own = _likelihood(before, shown_before, squares_before, before / shown_before, dispersion)
    own += _likelihood(after, shown_after, squares_after, after / shown_after, dispersion)
    own -= _likelihood(before, shown_before, squares_before, total / shown, dispersion)
    own -= _likelihood(after, shown_after, squares_after, total / shown, dispersion)
    plain = _entropy(before, shown_before) + _entropy(after, shown_after) - _entropy(total, shown)
    plain /= 1.0 + dispersion * total * squares / (shown * shown)
    return student(max(0.0, min(own, plain)), freedom)


@kernel
def _entropy(units: float, shown: float) -> float:
    return units * math.log(units / shown) if units > 0.0 else 0.0


@kernel
def student(evidence: float, freedom: float) -> float:
    """Evidence [nats] once the variance in it counts as estimated with ``freedom`` degrees of freedom."""
    return float(0.5 * freedom * math.log(1.0 + 2.0 * evidence / freedom))


@kernel
def _likelihood(units: float, shown: float, squares: float, level: float, dispersion: float) -> float:
    """Logarithm of the likelihood of a stretch's demand, but for what does not hang on the level."""
    mean = level * shown
    if mean <= 0.0:
        return 0.0 if units <= 0.0 else -1e12
    spread = dispersion * squares / (shown * shown)
    if spread * mean < 1e-6:
        return float(units * math.log(mean) - mean)
    size = 1.0 / spread
    return float(units * math.log(mean / (mean + size)) - size * math.log((mean + size) / size))
