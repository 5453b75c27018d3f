"""How much each table brought day by day: what monitoring judges a feed by."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, IntArray, kernel
from skuwise.core.catalog.inputs import Feeds
from skuwise.core.periods import PeriodGrid
from skuwise.planning.columns import has_values
from skuwise.planning.lines import SalesLines, days_in_grid


def feeds(lines: SalesLines, stock: pl.DataFrame | None, receipts: pl.DataFrame | None) -> Feeds:
    """Rows, units and value of the sales and rows of stock and receipts for each day of the grid."""
    nothing = np.empty(0, dtype=np.int64)
    return Feeds(
        *_sales_by_day(lines),
        nothing if stock is None else _rows_by_day(stock, "date", lines.grid),
        nothing if receipts is None else _rows_by_day(receipts, "received_on", lines.grid),
    )


def _sales_by_day(lines: SalesLines) -> tuple[IntArray, IntArray, IntArray]:
    """Lines, units sold and their value by day [(D,) each]; empty where there are no sales."""
    nothing = np.empty(0, dtype=np.int64)
    if not len(lines):
        return nothing, nothing, nothing
    price = nothing
    if has_values(lines.frame, "unit_price_minor"):
        price = lines.values("unit_price_minor").cast(pl.Int64).fill_null(0).to_numpy()
    sold = np.ones(len(lines), dtype=bool) if lines.sold is None else lines.sold
    return _totals(lines.day, lines.units, sold, price, int(lines.grid.start.astype(np.int64)), _days_of(lines.grid))


@kernel
def _totals(
    day: np.ndarray, units: IntArray, sold: BoolArray, price: IntArray, start: int, days: int
) -> tuple[IntArray, IntArray, IntArray]:
    rows, total, value = np.zeros(days, np.int64), np.zeros(days, np.int64), np.zeros(days, np.int64)
    priced = len(price) > 0
    for line in range(len(day)):
        place = day[line] - start
        rows[place] += 1
        if sold[line]:
            total[place] += units[line]
            if priced:
                value[place] += units[line] * price[line]
    return rows, total, value


def _rows_by_day(frame: pl.DataFrame, name: str, grid: PeriodGrid) -> IntArray:
    day, within = days_in_grid(frame, name, grid)
    place = day[within] - int(grid.start.astype(np.int64))
    return np.bincount(place, minlength=_days_of(grid)).astype(np.int64)


def _days_of(grid: PeriodGrid) -> int:
    return grid.period_count * grid.period_days
