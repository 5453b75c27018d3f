"""Calibration: widening what the items' own errors say by as much as the shop's past sums ask for.

An item's past errors are few, and its model was weighed by the same errors: the spread made of them is too narrow, the
more so the rarer and lumpier the demand. The shop has many items. Over all of them the last sums that are over are
compared with what had been foretold of them, and the spread of each demand pattern is widened by one factor.

The factor is the one with the least quantile loss and not the one that covers best: where the shape of the distribution
is off, as for few large orders, covering what is named takes a spread far beyond the true one, and far too much stock.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from skuwise.core.arrays import CodeArray, Float32Array, FloatArray, KeyArray
from skuwise.core.forecast.level import SHIFTING
from skuwise.core.steps import step

#: Quantiles whose loss is least with the right factor: the middle, and those that stock is kept for.
LOSS_SHARES = np.array([0.5, 0.8, 0.9, 0.95, 0.975])
#: Factors tried. Steps this wide hold still: one item more hardly ever moves the factor of a pattern.
FACTORS = np.round(np.arange(0.9, 2.01, 0.1), 1)
#: A wider spread must lower the loss by more than this share: chance should not widen anything.
LOSS_TOLERANCE = 0.005
#: Weights and season were chosen with a view of the sums that are checked: the next ones are missed by this much more.
HINDSIGHT = 0.1
#: Where nothing is learnt the item's own errors stand.
NOTHING_KNOWN = 1.0 - HINDSIGHT
#: Items looked at in a pattern, the ones with the smallest keys; sums that a pattern needs for a factor of its own.
ITEMS_MAX = 300
SUMS_MIN = 200
#: Expected units below which a sum tells nothing of the spread.
MEAN_MIN = 0.01


@step(
    out="spread_factor",
    formula="of 0.9, 1.0 … 2.0 the smallest whose quantile loss ÷ deviation at .5, .8, .9, .95 and .975, over the past "
    "sums of all items of the pattern, is within 0.5% of the least; of the whole shop where the pattern has fewer"
    " than 200 past sums; + 0.1 for hindsight, but not for items with a shifting level, which are compared for "
    "themselves; at least 1, and 1 where the shop has too few",
    source="Gneiting & Raftery, JASA 102 (2007) 359: minimum score estimation; quantile score",
    scope="shop",
)
def spread_factor(
    past_sum_units: Float32Array,
    past_sum_mean_units: Float32Array,
    past_sum_sd_units: Float32Array,
    pattern: CodeArray,
    forecast_model: CodeArray,
    item_key: KeyArray,
) -> FloatArray:
    """Factor on the error of each item [(n,)], the same within a pattern."""
    usable = (past_sum_sd_units > 0) & (past_sum_mean_units > MEAN_MIN)
    sums = (usable, past_sum_units, past_sum_mean_units, past_sum_sd_units)
    factor = np.full(len(pattern), NOTHING_KNOWN)
    # A level that may have just shifted tells its own uncertainty: the errors of the others say nothing of it.
    for of_model in (forecast_model == SHIFTING, forecast_model != SHIFTING):
        known = of_model & usable[:, 0]
        for code in np.unique(pattern[of_model]):
            own = _factor_of(np.flatnonzero(known & (pattern == code)), item_key, *sums)
            found = own or _factor_of(np.flatnonzero(known), item_key, *sums) or NOTHING_KNOWN
            factor[of_model & (pattern == code)] = found
    widened: FloatArray = np.maximum(1.0, factor + np.where(forecast_model == SHIFTING, 0.0, HINDSIGHT))
    return widened


def _factor_of(
    rows: np.ndarray,
    item_key: KeyArray,
    usable: np.ndarray,
    units: Float32Array,
    mean: Float32Array,
    sd: Float32Array,
) -> float:
    """The best factor for some items, or 0 where they have too few past sums."""
    if len(rows) > ITEMS_MAX:
        # By their keys: another item changes hardly any of those that are looked at.
        rows = np.sort(rows[np.argpartition(item_key[rows], ITEMS_MAX)[:ITEMS_MAX]])
    at = usable[rows]
    if at.sum() < SUMS_MIN:
        return 0.0
    seen, expected, spread = (column[rows][at].astype(np.float64) for column in (units, mean, sd))
    losses: list[float] = []
    for factor in FACTORS:
        losses.append(quantile_loss(seen, expected, spread, factor))
        # The loss falls and then rises: beyond its least nothing is left to find.
        if losses[-1] > (1 + LOSS_TOLERANCE) * min(losses):
            break
    good = np.flatnonzero(np.array(losses) <= (1 + LOSS_TOLERANCE) * min(losses))
    return float(FACTORS[good[0]])


def quantile_loss(units: FloatArray, mean: FloatArray, sd: FloatArray, factor: float) -> float:
    """Mean pinball loss ÷ deviation at ``LOSS_SHARES`` of gamma distributions whose deviation is widened."""
    shape, scale = (mean / (factor * sd)) ** 2, (factor * sd) ** 2 / mean
    error = units - gammaincinv(shape, LOSS_SHARES[:, None]) * scale
    return float((np.maximum(LOSS_SHARES[:, None] * error, (LOSS_SHARES[:, None] - 1) * error) / sd).mean())


@step(
    out="error_sd_units_per_period",
    formula="the item's own error sd × spread factor",
    source="our choice",
)
def calibrated_error(own_error_sd_units_per_period: FloatArray, spread_factor: FloatArray) -> FloatArray:
    """Deviation of the error of one period of flat demand [(n,) units/period]."""
    return own_error_sd_units_per_period * spread_factor
