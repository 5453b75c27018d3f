"""What a forecast of demand is judged by: VN1's score, quantile loss and coverage; no error per item in percent."""

from __future__ import annotations

import numpy as np

from skuwise.core.policy.distribution import exceedance, quantile

#: Central intervals whose coverage is counted.
NOMINAL = (0.5, 0.8, 0.95)


def vn1_score(foretold: np.ndarray, seen: np.ndarray) -> float:
    """(Σ|error| over every cell + |Σ error|) ÷ Σ demand, the score of the VN1 competition."""
    error = foretold - seen
    return float((np.abs(error).sum() + abs(error.sum())) / seen.sum())


def quantile_loss(quantiles: np.ndarray, seen: np.ndarray, shares: np.ndarray) -> float:
    """Twice the pinball loss, mean over the quantiles (q, n), ÷ mean demand: at .5 it is the absolute error's share."""
    error = seen[None, :] - quantiles
    loss = np.maximum(shares[:, None] * error, (shares[:, None] - 1) * error)
    return float(2 * loss.mean() / seen.mean())


def own_quantiles(mean: np.ndarray, sd: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return np.array([quantile(np.full(len(mean), share), mean, sd) for share in shares])


def coverage(seen: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> tuple[list[float], list[float]]:
    """Share of sums inside the central intervals of ``NOMINAL``, by randomised PIT and as closed intervals.

    Demand comes in whole units: P(D ≤ k) is the gamma's at k + ½. The randomised PIT draws from [F(k − 1), F(k)], so
    that a true distribution of counts covers exactly what it names (Czado, Gneiting & Held, 2009); here its expectation
    is taken instead of a draw. A closed interval from ⌊quantile⌋ to ⌈quantile⌉ covers more, the more so the slower.
    """
    low = 1 - np.where(seen > 0, exceedance(seen - 0.5, mean, sd), 1.0)
    width = np.maximum(1 - exceedance(seen + 0.5, mean, sd) - low, 1e-12)
    drawn, closed = [], []
    for share in NOMINAL:
        first, last = 0.5 - share / 2, 0.5 + share / 2
        drawn.append(float((np.clip(np.minimum(low + width, last) - np.maximum(low, first), 0, None) / width).mean()))
        least, most = own_quantiles(mean, sd, np.array([first, last]))
        closed.append(float(((seen >= np.floor(least)) & (seen <= np.ceil(most))).mean()))
    return drawn, closed
