"""What the learned model sees of an item on a day: its recent past, the same weeks a year ago, and its group's.

Everything that has a size is told as a share of the item's own scale, so that items of every size teach each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.behaviour.seasonality import DAYS_PER_YEAR, part_of_year, season_parts
from skuwise.core.catalog.inputs import PlanInputs

#: Periods whose means are seen.
WINDOWS = (1, 2, 4, 8, 13, 26, 52)
#: Single periods seen, counted back.
LAGS = (1, 2, 3, 4)
#: A period that was in stock for less than this share of its time says nothing of demand.
IN_STOCK_MIN = 0.7
#: Added to an item's scale, so that a silent item does not divide by nought.
SCALE_MIN_UNITS = 0.1

GROUPS = ("product", "category", "brand", "location")
NAMES = (
    *(f"mean of {k} periods" for k in WINDOWS),
    *(f"{k} periods ago" for k in LAGS),
    "share of periods without a sale",
    "deviation",
    "scale",
    "out of stock lately",
    "age",
    *(f"{group}: {what}" for group in GROUPS for what in ("2 against 13 periods", "8 against 26 periods")),
    "periods ahead",
    "part of the year",
    "category",
    "location",
    "same period last year",
    "weeks around it last year",
    "change from now to then, last year",
    *(f"{group}: change from now to then, last year" for group in GROUPS),
)


@dataclass(frozen=True, slots=True)
class Past:
    """A shop's demand prepared for looking back. Sums are (n, T + 1): column t sums what is before t."""

    units: FloatArray
    known: FloatArray
    unit_sums: FloatArray
    square_sums: FloatArray
    zero_sums: FloatArray
    known_sums: FloatArray
    first_period: IntArray
    groups: tuple[tuple[IntArray, int], ...]
    codes: tuple[IntArray, IntArray]
    parts_of: IntArray
    year_periods: int


def past_of(inputs: PlanInputs, horizon: int) -> Past:
    """The past of the plan's items; ``horizon`` future periods have their part of the year too."""
    history, grid = inputs.history, inputs.grid
    share = np.clip(history.in_stock_share.astype(np.float64), 0.0, 1.0)
    known = (share >= IN_STOCK_MIN).astype(np.float64)
    units = np.maximum(history.sales_units, 0) / np.where(known > 0, share, 1.0)
    seen = units * known
    sold = units > 0
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), units.shape[1])
    _, location = np.unique(inputs.index.location_id, return_inverse=True)
    attributes = inputs.attributes
    groups = [attributes.product.codes, attributes.category.codes, attributes.brand.codes, location]
    start = int(grid.start.astype("datetime64[D]").astype(np.int64))
    parts = season_parts(grid.period_days)
    days = start + (np.arange(grid.period_count + horizon) + 0.5) * grid.period_days
    return Past(
        units,
        known,
        _sums(seen),
        _sums(seen * units),
        _sums(known * (units == 0)),
        _sums(known),
        first,
        tuple((codes.astype(np.int64), int(codes.max(initial=0)) + 1) for codes in groups),
        (attributes.category.codes.astype(np.int64), location.astype(np.int64)),
        np.array([part_of_year(day, parts) for day in days]),
        round(DAYS_PER_YEAR / grid.period_days),
    )


def scale_at(past: Past, origin: int) -> FloatArray:
    """The size of each item as its recent demand tells it [(n,) units a period], never nought."""
    return 0.5 * _mean(past, origin, 8) + 0.5 * _mean(past, origin, 26) + SCALE_MIN_UNITS


def seen_at(past: Past, origin: int) -> FloatArray:
    """What does not depend on the period ahead [(n, F) float64]; nothing at or after ``origin`` enters."""
    scale = scale_at(past, origin)
    means = {k: _mean(past, origin, k) for k in WINDOWS}
    columns = [means[k] / scale for k in WINDOWS]
    columns += [past.units[:, origin - k] / scale if origin >= k else np.zeros_like(scale) for k in LAGS]
    count = np.maximum(_window(past.known_sums, origin, 26), 1.0)
    variance = _window(past.square_sums, origin, 26) / count - (_window(past.unit_sums, origin, 26) / count) ** 2
    columns += [
        _window(past.zero_sums, origin, 26) / count,
        np.sqrt(np.maximum(variance, 0.0)) / scale,
        np.log(scale),
        1.0 - _window(past.known_sums, origin, 8) / min(8, max(origin, 1)),
        np.maximum(origin - past.first_period, 0).astype(np.float64),
    ]
    for codes, groups in past.groups:
        columns.append(_ratio(means[2], means[13], codes, groups))
        columns.append(_ratio(means[8], means[26], codes, groups))
    return np.stack(columns, axis=1)


def ahead_of(past: Past, origin: int, ahead: int) -> FloatArray:
    """What depends on the period ahead, ``ahead`` periods after ``origin`` [(n, G) float64; NaN before a year]."""
    n = len(past.first_period)
    scale = scale_at(past, origin)
    category, location = past.codes
    columns = [np.full(n, float(ahead)), np.full(n, float(past.parts_of[origin + ahead]))]
    columns += [category.astype(np.float64), location.astype(np.float64)]
    then = origin + ahead - past.year_periods
    base = origin - past.year_periods
    if then < 4 or base < 8:
        return np.column_stack([*columns, np.full((n, 3 + len(GROUPS)), np.nan)])
    # From one year back everything is known: the periods around the same one may lie after it.
    around = _mean(past, min(then + 5, origin), 9)
    before = _mean(past, base, 8)
    near = _mean(past, min(then + 2, origin), 3)
    columns += [past.units[:, then] / scale, _mean(past, min(then + 3, origin), 5) / scale]
    columns.append(around / (before + SCALE_MIN_UNITS))
    columns += [_ratio(near, before, codes, groups) for codes, groups in past.groups]
    return np.column_stack(columns)


def _sums(values: FloatArray) -> FloatArray:
    total: FloatArray = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _window(sums: FloatArray, origin: int, periods: int) -> FloatArray:
    """Sum over the ``periods`` before ``origin`` [(n,)]."""
    window: FloatArray = sums[:, origin] - sums[:, max(0, origin - periods)]
    return window


def _mean(past: Past, origin: int, periods: int) -> FloatArray:
    """Mean demand of the known ones of the ``periods`` before ``origin`` [(n,) units]; 0 where none is known."""
    count = _window(past.known_sums, origin, periods)
    return np.where(count > 0, _window(past.unit_sums, origin, periods) / np.maximum(count, 1.0), 0.0)


def _ratio(top: FloatArray, bottom: FloatArray, codes: IntArray, groups: int) -> FloatArray:
    """Ratio of the group's sums, to each of its items [(n,)]."""
    above = np.bincount(codes, weights=top, minlength=groups)
    below = np.bincount(codes, weights=bottom, minlength=groups)
    ratio: FloatArray = (above / (below + SCALE_MIN_UNITS))[codes]
    return ratio
