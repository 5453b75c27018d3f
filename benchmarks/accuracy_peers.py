"""The methods that Skuwise is held against: moving averages, the seasonal naive, and three models of statsforecast.

A point forecast has no quantiles. Each peer gets those of a normal distribution around its forecast, cut at nought,
with the deviation of its own past errors of the same sum: one for each item from every earlier origin, or, where an
item has fewer than four, the shop's errors ÷ √forecast, taken back by √forecast. Moving averages and the seasonal naive
are tried with the empirical quantiles of the item's own errors too (from eight on), and the better of both counts.
AutoETS gets the deviation that the library states for each step; the steps add as if independent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

YEAR_WEEKS = 52
FIRST_ORIGIN = 4
OWN_ERRORS_MIN = 4
EMPIRICAL_ERRORS_MIN = 8

#: Units seen (n, T), and how many periods of these are known → expected units of the next ``horizon`` periods (n, H).
Method = Callable[[np.ndarray, int, int], np.ndarray]


def moving_average(window: int) -> Method:
    def forecast(units: np.ndarray, known: int, horizon: int) -> np.ndarray:
        mean = units[:, max(0, known - window) : known].mean(axis=1)
        return np.repeat(mean[:, None], horizon, axis=1)

    return forecast


def seasonal_naive(units: np.ndarray, known: int, horizon: int) -> np.ndarray:
    """The same weeks a year ago; NaN below a year of history."""
    start = known - YEAR_WEEKS
    if start < 0:
        return np.full((len(units), horizon), np.nan)
    return units[:, start : start + horizon].astype(np.float64)


def of_statsforecast(name: str) -> Method:
    """CrostonSBA or TSB(0.1, 0.1): a flat forecast of each series by the library."""
    from statsforecast.models import TSB, CrostonSBA

    model = CrostonSBA() if name == "CrostonSBA" else TSB(alpha_d=0.1, alpha_p=0.1)

    def forecast(units: np.ndarray, known: int, horizon: int) -> np.ndarray:
        means = np.zeros(len(units))
        for row, series in enumerate(units[:, :known].astype(np.float64)):
            if series.any():
                means[row] = model.forecast(y=series, h=1)["mean"][0]
        return np.repeat(np.nan_to_num(means)[:, None], horizon, axis=1)

    return forecast


def auto_ets(units: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the sum of the next periods [(n,) units each] by AutoETS without a season."""
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=1)
    level = 80
    mean, variance = np.zeros(len(units)), np.zeros(len(units))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, series in enumerate(units.astype(np.float64)):
            made = model.forecast(y=series, h=horizon, level=[level])
            step = (made[f"hi-{level}"] - made["mean"]) / norm.ppf(0.5 + level / 200)
            mean[row], variance[row] = made["mean"].sum(), (step**2).sum()
    return np.maximum(np.nan_to_num(mean), 0), np.sqrt(np.nan_to_num(variance))


def past_errors(method: Method, units: np.ndarray, horizon: int) -> np.ndarray:
    """Sum seen − sum foretold at every earlier origin [(n, k) units]; NaN before an item's first sale."""
    known = units.shape[1]
    first = np.where(units.any(axis=1), (units > 0).argmax(axis=1), known)
    columns = []
    for at in range(FIRST_ORIGIN, known - horizon + 1):
        error = units[:, at : at + horizon].sum(axis=1) - method(units, at, horizon).sum(axis=1)
        columns.append(np.where(at > first, error, np.nan))
    return np.array(columns).T if columns else np.full((len(units), 0), np.nan)


def deviation(errors: np.ndarray, foretold: np.ndarray, units: np.ndarray, horizon: int) -> np.ndarray:
    """Root mean square of an item's errors, or the shop's scaled by √forecast; √(H × variance) where nobody has any."""
    seen = np.isfinite(errors)
    if not seen.any():
        return np.sqrt(horizon * units.var(axis=1))
    squares = np.where(seen, np.nan_to_num(errors) ** 2, 0.0)
    counts = seen.sum(axis=1)
    base = np.maximum(foretold, 1.0)
    shop = (squares / base[:, None]).sum() / counts.sum()
    own = squares.sum(axis=1) / np.maximum(counts, 1)
    return np.sqrt(np.where(counts >= OWN_ERRORS_MIN, own, shop * base))


def normal_quantiles(foretold: np.ndarray, sd: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles [(q, n) units]."""
    return np.maximum(0.0, foretold[None, :] + norm.ppf(shares)[:, None] * sd[None, :])


def empirical_quantiles(foretold: np.ndarray, sd: np.ndarray, errors: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Forecast + quantile of the item's own errors, normal where there are too few [(q, n) units]."""
    quantiles = normal_quantiles(foretold, sd, shares)
    enough = np.isfinite(errors).sum(axis=1) >= EMPIRICAL_ERRORS_MIN
    if enough.any():
        quantiles[:, enough] = np.maximum(0.0, foretold[enough] + np.nanquantile(errors[enough], shares, axis=1))
    return quantiles
