"""What a unit cost the customer in each period, promotions left out: a change of it foretells a change of demand."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, Float32Array, IntArray, kernel
from skuwise.core.periods import PeriodGrid
from skuwise.planning.columns import day_numbers, has_values, text_of, whole_numbers
from skuwise.planning.lines import SalesLines
from skuwise.planning.names import Items

#: Items and periods are summed so many cells at a time, so that the work arrays stay small.
CELLS_AT_ONCE = 2**25


def paid_prices(
    lines: SalesLines, item: np.ndarray, promoted: BoolArray | None, prices: pl.DataFrame | None, items: Items
) -> Float32Array:
    """Mean price paid for a unit outside promotions [(n, T) minor; NaN where none is known].

    Where the sales name no price at all, the regular price of the price list that holds at the end of the period.
    ``item`` is the row of each sales line.
    """
    if len(lines) and has_values(lines.frame, "unit_price_minor"):
        return _of_sales(lines, item, promoted, len(items))
    unknown = np.broadcast_to(np.float32(np.nan), (len(items), lines.grid.period_count))
    return unknown if prices is None else _of_list(prices, items, lines.grid, unknown)


def _of_sales(lines: SalesLines, item: np.ndarray, promoted: BoolArray | None, item_count: int) -> Float32Array:
    price = lines.values("unit_price_minor").cast(pl.Int64).fill_null(-1).to_numpy()
    everything = np.ones(len(lines), dtype=bool)
    counts = everything if lines.sold is None else lines.sold
    if promoted is not None:
        counts = counts & ~promoted
    mean = np.empty((item_count, lines.grid.period_count), dtype=np.float32)
    block = max(CELLS_AT_ONCE // lines.grid.period_count, 1)
    start, days = int(lines.grid.start.astype(np.int64)), lines.grid.period_days
    for first in range(0, item_count, block):
        _means(mean[first : first + block], first, item, lines.day, lines.units, price, counts, start, days)
    return mean


@kernel
def _means(
    mean: Float32Array,
    first: int,
    item: np.ndarray,
    day: np.ndarray,
    units: IntArray,
    price: IntArray,
    counts: BoolArray,
    start: int,
    period_days: int,
) -> None:
    """Mean price by item and period into ``mean``, whose rows are the items from ``first`` on.

    Sums are whole numbers, so that the order of the lines does not show.
    """
    rows, periods = mean.shape
    value = np.zeros((rows, periods), np.int64)
    sold = mean.view(np.int32)  # Units are counted where the mean will stand: half of the memory to go through.
    sold[:] = 0
    for line in range(len(item)):
        row = item[line] - first
        if counts[line] and 0 <= row < rows and units[line] > 0 and price[line] > 0:
            period = (day[line] - start) // period_days
            value[row, period] += units[line] * price[line]
            sold[row, period] += units[line]
    for row in range(rows):
        for period in range(periods):
            count = sold[row, period]
            mean[row, period] = value[row, period] / count if count > 0 else np.nan


def _of_list(prices: pl.DataFrame, items: Items, grid: PeriodGrid, unknown: Float32Array) -> Float32Array:
    """The newest regular price that has begun by the end of each period; one for every channel goes before others."""
    sku = items.names.skus.codes(prices["sku_id"]).astype(np.int64)
    regular = (text_of(prices, "kind").fill_null("regular") == "regular").to_numpy() & (sku >= 0)
    everywhere = text_of(prices, "channel_id").is_null().to_numpy()
    general = np.zeros(len(items.names.skus), dtype=bool)
    general[sku[regular & everywhere]] = True
    of_regular = np.flatnonzero(regular)
    rows = of_regular[everywhere[of_regular] | ~general[sku[of_regular]]]
    start, value = day_numbers(prices, "valid_from")[rows], whole_numbers(prices, "unit_price_minor", -1)[rows]
    period = np.maximum((start - int(grid.start.astype(np.int64))) // grid.period_days, 0)
    use = np.flatnonzero((period < grid.period_count) & (value > 0))
    if not len(use):
        return unknown
    order = use[np.lexsort((value[use], start[use]))]
    listed = np.full((len(items.names.skus), grid.period_count), np.nan, dtype=np.float32)
    # The last of equal places stays: the newest, then the higher.
    listed[sku[rows[order]], period[order]] = value[order]
    newest = np.maximum.accumulate(np.where(np.isnan(listed), -1, np.arange(grid.period_count)), axis=1)
    held = np.take_along_axis(listed, np.maximum(newest, 0), axis=1)
    return held[items.sku]
