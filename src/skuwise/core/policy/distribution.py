"""Demand over an interval as a gamma distribution: never negative, right-skewed, sound for slow movers too.

The normal distribution puts weight below zero as soon as the deviation nears the mean, which is the rule and not the
exception for slow items; the gamma with the same mean and deviation does not (Burgin, Operational Research
Quarterly 26 (1975) 507).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammaincinv

from skuwise.core.arrays import BoolArray, FloatArray

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


def _cycle_shortage(
    point: FloatArray, mean: FloatArray, sd: FloatArray, earlier_mean: FloatArray, earlier_sd: FloatArray
) -> FloatArray:
    return expected_shortage(point, mean, sd) - expected_shortage(point, earlier_mean, earlier_sd)


def _unsettled(following: FloatArray, at: FloatArray) -> BoolArray:
    unsettled: BoolArray = np.abs(following - at) > TOLERANCE_UNITS * np.maximum(1.0, at)
    return unsettled
