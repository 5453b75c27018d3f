"""The sales lines that a plan sees, as arrays, and the grid of periods they span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.findings import Finding, found
from skuwise.core.periods import PeriodGrid
from skuwise.planning.columns import column, day_numbers, has_values, sum_by, whole_numbers
from skuwise.planning.names import Names
from skuwise.planning.seen import not_seen

#: Lines are summed into periods this many at a time, so that the work arrays stay small.
LINES_AT_ONCE = 2_000_000
KINDS = pl.Enum(["sale", "promotion", "return", "cancellation"])
SALE, PROMOTION, RETURN, CANCELLATION = range(4)


@dataclass(frozen=True, eq=False)
class SalesLines:
    """One row a line, in the order of the table; all lie within the grid.

    ``pair`` is the line's SKU and location as one number (see ``Names.pairs``), ``day`` counts from 1970-01-01.
    ``kind`` is None where every line is an ordinary sale. ``rows`` are the lines' places in the sales table, None
    where all of them are seen. ``older_pairs`` are the items of the lines before the grid.
    """

    grid: PeriodGrid
    frame: pl.DataFrame
    rows: IntArray | None
    sku: np.ndarray
    pair: np.ndarray
    day: np.ndarray
    units: IntArray
    kind: np.ndarray | None
    older_pairs: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def sold(self) -> BoolArray | None:
        """Lines that left the shop; None where all of them did."""
        return None if self.kind is None else (self.kind <= PROMOTION) & (self.units >= 0)

    @cached_property
    def cancelled(self) -> IntArray:
        """Lines that undo a sale: cancellations, and sales with negative units."""
        if self.kind is None:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero((self.kind == CANCELLATION) | ((self.kind <= PROMOTION) & (self.units < 0)))

    @cached_property
    def returned(self) -> IntArray:
        """Lines of goods that came back."""
        return np.empty(0, dtype=np.int64) if self.kind is None else np.flatnonzero(self.kind == RETURN)

    @cached_property
    def promotions(self) -> BoolArray | None:
        """Lines that the sales table itself calls a promotion; None where there are none."""
        if self.kind is None:
            return None
        marked: BoolArray = (self.kind == PROMOTION) & (self.units > 0)
        return marked if marked.any() else None

    def values(self, name: str) -> pl.Series:
        """Another column of the sales table for these lines."""
        values = column(self.frame, name)
        return values if self.rows is None else values.gather(self.rows)


def read_lines(
    sales: pl.DataFrame | None,
    names: Names,
    sku: np.ndarray,
    location: np.ndarray,
    *,
    as_of: date,
    period_days: int,
    history_periods_max: int,
) -> tuple[SalesLines, list[Finding]]:
    """Pick the lines before ``as_of`` and within the longest history, and lay the grid from the first of them on.

    ``sku`` and ``location`` are the codes of all sales lines. Lines too new are not seen, lines too old not read;
    both are counted in a finding.
    """
    last = np.datetime64(as_of, "D")
    if sales is None:
        nothing = np.empty(0, dtype=np.int32)
        grid = PeriodGrid(last, period_days, 1)
        lines = SalesLines(
            grid, pl.DataFrame(), None, nothing, nothing, nothing, nothing.astype(np.int64), None, nothing
        )
        return lines, [found("PLN-070", "there is no sales table: no demand is known", table="sales")]
    as_of_day = int(last.astype(np.int64))
    day = sales["date"].cast(pl.Date).to_physical().to_numpy()
    units = whole_numbers(sales, "units", 0)
    kind = _kinds(sales, units)
    first = int(day.min(where=_speaking(sales, units), initial=as_of_day))
    periods = min(max(-(-(as_of_day - first) // period_days), 1), history_periods_max)
    grid = PeriodGrid(last, period_days, periods)
    pair = names.pairs(sku, location)
    new, old = day >= as_of_day, day < as_of_day - periods * period_days
    older_pairs = np.unique(pair[old])
    findings = _told(int(new.sum()), int(old.sum()), as_of, grid)
    rows = np.flatnonzero(~(new | old)) if findings else None
    if rows is not None:
        sku, pair, day, units = sku[rows], pair[rows], day[rows], units[rows]
        kind = None if kind is None else kind[rows]
    if not len(day):
        findings.append(found("PLN-070", f"no sale is dated before {as_of}: no demand is known", table="sales"))
    return SalesLines(grid, sales, rows, sku, pair, day, units, kind, older_pairs), findings


def add_to_periods(totals: IntArray, item: np.ndarray, day: np.ndarray, amounts: IntArray, grid: PeriodGrid) -> None:
    """Add whole numbers to the periods of their days, in place [totals (n, T) int64]."""
    flat = totals.reshape(-1)
    for first in range(0, len(item), LINES_AT_ONCE):
        part = slice(first, first + LINES_AT_ONCE)
        np.add.at(flat, cells(item[part], day[part], grid), amounts[part])


def cells(item: np.ndarray, day: np.ndarray, grid: PeriodGrid) -> IntArray:
    """Place of each item and day in a flattened (n, T) array [(rows,) int64]; days must lie within the grid."""
    offset = day - day.dtype.type(grid.start.astype(np.int64))
    place = item.astype(np.int64) * grid.period_count
    place += offset // day.dtype.type(grid.period_days)
    return place


def net_of_cancellations(sold: IntArray, cancelled: IntArray) -> tuple[IntArray, IntArray]:
    """Take cancelled units out of the sales they undo [(n, T) each]; also the units that undo nothing [(n,)].

    A cancellation undoes a sale of its own period first; what is left is carried back, newest period first, since
    a sale comes before its cancellation. No period falls below zero.

    >>> net, unmatched = net_of_cancellations(np.array([[5, 1, 4], [1, 0, 0]]), np.array([[0, 3, 1], [0, 0, 2]]))
    >>> net.tolist(), unmatched.tolist()
    ([[3, 0, 3], [0, 0, 0]], [0, 1])
    """
    net = sold.copy()
    carried = np.zeros(len(sold), dtype=np.int64)
    for period in range(sold.shape[1] - 1, -1, -1):
        left = sold[:, period] - cancelled[:, period] - carried
        net[:, period] = np.maximum(left, 0)
        carried = np.maximum(-left, 0)
    return net, carried


def periods_of(rows: np.ndarray, day: np.ndarray, amounts: IntArray, count: int, grid: PeriodGrid) -> IntArray:
    """Sum whole numbers by row and period [(count, T) int64]."""
    summed = sum_by(cells(rows, day, grid), amounts, count * grid.period_count)
    return summed.reshape(count, grid.period_count)


def days_in_grid(frame: pl.DataFrame, name: str, grid: PeriodGrid) -> tuple[IntArray, BoolArray]:
    """Day numbers of a column, and which of them lie within the grid."""
    day = day_numbers(frame, name)
    first = int(grid.start.astype(np.int64))
    return day, (day >= first) & (day < int(grid.as_of.astype(np.int64)))


def _kinds(sales: pl.DataFrame, units: IntArray) -> np.ndarray | None:
    kinds = column(sales, "kind")
    if kinds.dtype == pl.String and bool((kinds == "sale").all()) and (not len(units) or units.min() >= 0):
        return None
    codes = kinds.cast(KINDS, strict=False).to_physical().cast(pl.Int8).fill_null(SALE).to_numpy()
    return codes if codes.any() or (len(units) and units.min() < 0) else None


def _speaking(sales: pl.DataFrame, units: IntArray) -> BoolArray:
    """Lines that say something: the first of them opens the history, zeros in day totals before it do not."""
    speaking: BoolArray = units != 0
    if has_values(sales, "requested_units"):
        speaking = speaking | (whole_numbers(sales, "requested_units", 0) > 0)
    return speaking


def _told(new: int, old: int, as_of: date, grid: PeriodGrid) -> list[Finding]:
    findings = [not_seen("sales", new, as_of)] if new else []
    if old:
        text = f"{old} sales lines before {grid.start} are older than the history and not read"
        findings.append(found("PLN-002", text, table="sales", count=old))
    return findings
