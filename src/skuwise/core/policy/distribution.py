"""Demand over an interval as a gamma distribution: never negative, right-skewed, sound for slow movers too.

The normal distribution puts weight below zero as soon as the deviation nears the mean, which is the rule and not the
exception for slow items; the gamma with the same mean and deviation does not (Burgin, Operational Research
Quarterly 26 (1975) 507).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammaincinv

from skuwise.core.arrays import BoolArray, FloatArray, IntArray

#: Newton steps end here; the step itself is a whole unit wide, so this is far below what matters.
TOLERANCE_UNITS = 1e-7
STEPS_MAX = 60


def _shape_and_scale(mean: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    variance = np.maximum(sd * sd, 1e-12)
    safe_mean = np.maximum(mean, 1e-12)
    return safe_mean * safe_mean / variance, variance / safe_mean


def quantile(share: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Demand that is not exceeded with probability ``share`` [(n,) units]; 0 where the mean is 0.

    With a small deviation the gamma is nearly normal: mean 100, sd 10, 95% is close to 100 + 1.645 × 10.

    >>> float(np.round(quantile(np.array([0.95]), np.array([100.0]), np.array([10.0])), 1)[0])
    117.0
    """
    shape, scale = _shape_and_scale(mean, sd)
    return np.where(mean > 0, gammaincinv(shape, share) * scale, 0.0)


def exceedance(units: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Probability that demand is larger than ``units`` [(n,) share].

    >>> one = np.ones(1)  # mean = sd is the exponential distribution: P(D > m) = 1/e
    >>> float(np.round(exceedance(5 * one, 5 * one, 5 * one), 4)[0])
    0.3679
    """
    shape, scale = _shape_and_scale(mean, sd)
    at = np.maximum(units, 0.0) / scale
    return np.where(mean > 0, np.where(units < 0, 1.0, gammaincc(shape, at)), (units < 0).astype(np.float64))


def expected_shortage(units: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Expected demand beyond ``units``: E[max(D − units, 0)] [(n,) units].

    For the gamma: m × P(D' > x) − x × P(D > x), where D' has shape k + 1 (Burgin 1975; Snyder & Shen, loss functions).

    >>> one = np.ones(1)  # exponential with mean 5: E[(D − x)+] = 5 e^(−x/5)
    >>> float(np.round(expected_shortage(10 * one, 5 * one, 5 * one), 4)[0])
    0.6767
    """
    shape, scale = _shape_and_scale(mean, sd)
    at = np.maximum(units, 0.0) / scale
    beyond = mean * gammaincc(shape + 1, at) - np.maximum(units, 0.0) * gammaincc(shape, at)
    return np.where(mean > 0, np.maximum(beyond, 0.0) - np.minimum(units, 0.0), np.maximum(-units, 0.0))


def point_for_shortage(
    allowed: FloatArray,
    start: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    earlier_mean: FloatArray,
    earlier_sd: FloatArray,
) -> FloatArray:
    """Smallest point ≥ ``start`` at which the shortage of one cycle is within ``allowed`` [(n,) units].

    The shortage of a cycle is that at its end (``mean``, ``sd``) less what was short already at its start
    (``earlier_*``). It falls and is convex beyond the mean, so Newton's method walks up to the point from the left; a
    bracket catches the step that leaves it. Each row is solved for itself.
    """
    point = start.astype(np.float64).copy()
    open_rows = np.flatnonzero((mean > 0) & (_cycle_shortage(point, mean, sd, earlier_mean, earlier_sd) > allowed))
    low = point.copy()
    high = np.maximum(start, mean + 60 * sd)
    for _ in range(STEPS_MAX):
        if not len(open_rows):
            break
        rows = open_rows
        at, m, s, em, es = point[rows], mean[rows], sd[rows], earlier_mean[rows], earlier_sd[rows]
        excess = _cycle_shortage(at, m, s, em, es) - allowed[rows]
        slope = exceedance(at, m, s) - exceedance(at, em, es)
        above = excess > 0
        low[rows] = np.where(above, at, low[rows])
        high[rows] = np.where(above, high[rows], at)
        step = at + excess / np.maximum(slope, 1e-12)
        middle = (low[rows] + high[rows]) / 2
        following = np.where((step > low[rows]) & (step < high[rows]), step, middle)
        point[rows] = following
        open_rows = rows[_unsettled(following, at)]
    return point


def point_for_chance(
    chance: FloatArray, mean: FloatArray, sd: FloatArray, earlier_mean: FloatArray, earlier_sd: FloatArray
) -> FloatArray:
    """Smallest point at which a cycle that begins with stock ends with some in ``chance`` of all cases [(n,) units].

    The demand up to the cycle's end (``mean``, ``sd``) is within the point given that the demand up to its start
    (``earlier_*``) is: P(end) = chance × P(start). It lies below the quantile of ``chance``; where nothing is wanted
    earlier it is that quantile. Each row is solved for itself, by regula falsi (Illinois) within that bracket.

    >>> one = np.ones(1)  # exponential demand, and as much again: the Erlang of both
    >>> point = point_for_chance(0.5 * one, 2 * one, np.sqrt(2) * one, one, one)
    >>> start, end = 1 - exceedance(point, one, one), 1 - exceedance(point, 2 * one, np.sqrt(2) * one)
    >>> bool(abs(end / start - 0.5) < 1e-7), bool(point < quantile(0.5 * one, 2 * one, np.sqrt(2) * one))
    (True, True)
    """
    high = quantile(chance, mean, sd)
    low = np.zeros(len(high))
    point = high.copy()
    open_rows = np.flatnonzero((earlier_mean > 0) & (high > 0))
    at_low = -chance[open_rows]
    at_high = _ratio_gap(high, chance, mean, sd, earlier_mean, earlier_sd, open_rows)
    for _ in range(STEPS_MAX):
        if not len(open_rows):
            break
        rows = open_rows
        following = (low[rows] * at_high - high[rows] * at_low) / (at_high - at_low)
        settled = np.abs(following - point[rows]) <= TOLERANCE_UNITS * np.maximum(1.0, following)
        point[rows] = following
        gap = _ratio_gap(point, chance, mean, sd, earlier_mean, earlier_sd, rows)
        above = gap > 0
        # The end that stays twice counts for half: else one end would hardly move.
        at_low, at_high = np.where(above, at_low / 2, gap), np.where(above, gap, at_high / 2)
        high[rows] = np.where(above, following, high[rows])
        low[rows] = np.where(above, low[rows], following)
        keep = ~(settled | (gap == 0))
        open_rows, at_low, at_high = rows[keep], at_low[keep], at_high[keep]
    return point


def _ratio_gap(
    point: FloatArray,
    chance: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    earlier_mean: FloatArray,
    earlier_sd: FloatArray,
    rows: IntArray,
) -> FloatArray:
    at = point[rows]
    end = 1.0 - exceedance(at, mean[rows], sd[rows])
    start = 1.0 - exceedance(at, earlier_mean[rows], earlier_sd[rows])
    return np.where(start > 0, end / np.where(start > 0, start, 1.0), 0.0) - chance[rows]


def _cycle_shortage(
    point: FloatArray, mean: FloatArray, sd: FloatArray, earlier_mean: FloatArray, earlier_sd: FloatArray
) -> FloatArray:
    return expected_shortage(point, mean, sd) - expected_shortage(point, earlier_mean, earlier_sd)


def _unsettled(following: FloatArray, at: FloatArray) -> BoolArray:
    unsettled: BoolArray = np.abs(following - at) > TOLERANCE_UNITS * np.maximum(1.0, at)
    return unsettled
