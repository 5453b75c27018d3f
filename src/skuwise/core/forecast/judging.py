"""How a model would have served so far: the errors of the sums that it would have foretold at every past origin.

A sum is the demand of the next periods, as many as the protection interval has. Sums that were partly filled in are no
measure of an error and are left out, where enough others are. Running sums make all of it one pass over the history.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, kernel

#: Damping of the trend per period (Gardner & McKenzie, Management Science 31 (1985) 1237).
DAMPING = 0.9
#: No trend takes the forecast beyond this multiple of the level, or below its inverse.
TREND_REACH = 2.0
#: Origins needed to judge by sums at all.
ORIGINS_MIN = 6
#: Squared units below which two errors are one: rounding should not pick models.
ROUNDING = 1e-9
#: A mix of two levels is drawn towards the first as if so many sums more had seen the other miss by as much again as
#: the first does: chance alone should not move it.
PRIOR_SUMS = 2.0
#: Past sums kept to check the spread by; they do not overlap. Each needs this many errors that were known before it.
PAST_SUMS = 3
PAST_ERRORS_MIN = 2


@kernel
def within_reach(level: float, change: float) -> float:
    """The level after a change by the trend, between half and twice the level: a trend is no cliff and no rocket."""
    return float(min(TREND_REACH * level, max(level / TREND_REACH, level + change)))


@kernel
def mean_damping(horizon: int) -> float:
    """Sum of the damped steps of a trend, in the mean of the next ``horizon`` periods."""
    total = 0.0
    factor = 0.0
    power = 1.0
    for _ in range(horizon):
        power *= DAMPING
        factor += power
        total += factor
    return total / horizon


@kernel
def judged_origins(censored: BoolArray, horizon: int, first_origin: int, judged: BoolArray) -> None:
    """Origins whose next ``horizon`` periods were seen whole: a sum that was partly filled in is no measure of error.

    Where fewer than ``ORIGINS_MIN`` are, all origins have to do.
    """
    count = len(censored)
    hidden = censored[: first_origin + horizon].sum() - censored[:first_origin].sum()
    whole = 0
    for k in range(first_origin, count - horizon + 1):
        judged[k] = hidden == 0
        whole += judged[k]
        if k + horizon < count:
            hidden += int(censored[k + horizon]) - int(censored[k])
    if whole < ORIGINS_MIN:
        judged[:] = True


@kernel
def share_of_other(
    sums: FloatArray,
    index_sums: FloatArray,
    judged: BoolArray,
    level: FloatArray,
    other: FloatArray,
    horizon: int,
    first_origin: int,
) -> float:
    """Share of another level with which the squared errors of all sums would have been least, drawn towards 0."""
    of_level = 0.0
    of_both = 0.0
    of_other = 0.0
    origins = 0
    for k in range(first_origin, len(sums) - horizon):
        if not judged[k]:
            continue
        origins += 1
        index = index_sums[k + horizon] - index_sums[k]
        demand = sums[k + horizon] - sums[k]
        error = demand - index * level[k]
        other_error = demand - index * other[k]
        of_level += error * error
        of_both += error * other_error
        of_other += other_error * other_error
    apart = of_level + of_other - 2.0 * of_both + PRIOR_SUMS * horizon * of_level / max(1, origins)
    return float(min(1.0, max(0.0, (of_level - of_both) / apart))) if apart > ROUNDING else 0.0


@kernel
def sum_errors(
    sums: FloatArray,
    index_sums: FloatArray,
    judged: BoolArray,
    level: FloatArray,
    trend: FloatArray,
    horizon: int,
    first_origin: int,
    squares: FloatArray,
) -> None:
    """Fill ``squares[0, k]`` with Σ error² of the next ``horizon`` periods over the origins before k, in units.

    ``squares[1, k]`` is the same of the season: its mean is horizon² where there is none. ``squares[2, k]`` counts
    the origins.
    """
    damped = mean_damping(horizon)
    squares[:, : first_origin + 1] = 0.0
    of_error, of_season, origins = 0.0, 0.0, 0.0
    for k in range(first_origin, len(sums) - horizon):
        if judged[k]:
            index = index_sums[k + horizon] - index_sums[k]
            error = sums[k + horizon] - sums[k] - index * within_reach(level[k], damped * trend[k])
            of_error += error * error
            of_season += index * index
            origins += 1.0
        squares[0, k + 1] = of_error
        squares[1, k + 1] = of_season
        squares[2, k + 1] = origins


@kernel
def error_sd_of(squares: FloatArray, at: int, horizon: int, level: float, count: int) -> float:
    """Deviation of the error of one period of flat demand, from the squared errors of sums before origin ``at``."""
    seen = 0.0
    origins = squares[2, at] if at > 0 else 0.0
    if origins >= 2 and squares[1, at] > 0:
        seen = np.sqrt(squares[0, at] / squares[1, at] * horizon)
    # Few origins know little; and an error can not be below that of independent single sales.
    floor = np.sqrt(level) * (1.0 + 1.0 / count)
    return float(max(seen * (1.0 + 1.0 / max(2.0, origins)), floor))


@kernel
def past_sums(
    sums: FloatArray,
    index_sums: FloatArray,
    judged: BoolArray,
    level: FloatArray,
    trend: FloatArray,
    horizon: int,
    first_origin: int,
    squares: FloatArray,
    past: Float32Array,
) -> None:
    """Fill ``past`` (3, PAST_SUMS) with sum, mean and deviation of the last sums that are over, newest first."""
    damped = mean_damping(horizon)
    k = len(sums) - 1 - horizon
    for j in range(PAST_SUMS):
        while k >= first_origin and not judged[k]:
            k -= 1
        # Only the errors of sums that were over by then were known.
        last = k - horizon + 1
        if last <= first_origin or squares[2, last] < PAST_ERRORS_MIN:
            return
        index = index_sums[k + horizon] - index_sums[k]
        mean = index * within_reach(level[k], damped * trend[k])
        error_sd = error_sd_of(squares, last, horizon, level[k], k)
        past[0, j] = sums[k + horizon] - sums[k]
        past[1, j] = mean
        past[2, j] = max(error_sd * index / np.sqrt(horizon), np.sqrt(mean))
        k -= horizon
