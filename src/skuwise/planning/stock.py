"""Stock at the as-of day, and the mean of the counts in each period."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import Float32Array
from skuwise.core.catalog.inputs import UNKNOWN, StockState
from skuwise.core.findings import Finding
from skuwise.core.periods import PeriodGrid
from skuwise.planning.columns import constant, day_numbers, sum_by, whole_numbers
from skuwise.planning.lines import cells, days_in_grid
from skuwise.planning.names import Items
from skuwise.planning.told import told

#: A count older than this is used, and told.
COUNT_AGE_DAYS_MAX = 31


def stock_state(
    stock: pl.DataFrame | None, rows: np.ndarray, items: Items, is_bundle: np.ndarray, grid: PeriodGrid
) -> tuple[StockState, list[Finding]]:
    """The latest count of each item before the as-of day; an item never counted has unknown stock.

    ``rows`` are the items of the stock rows. Two counts of one day (a dataset made by hand may hold them) are
    decided by the lower one.
    """
    n = len(items)
    if stock is None:
        nothing = constant(0, (n,), np.int64)
        never = constant(UNKNOWN, (n,), np.int64)
        state = StockState(nothing, nothing, nothing, constant(False, (n,), np.bool_), nothing, never)
        return state, told("PLN-040", items, ~is_bundle, "no stock table was given, so stock is unknown", table="stock")
    day = day_numbers(stock, "date")
    on_hand = whole_numbers(stock, "on_hand_units", 0)
    source_row = whole_numbers(stock, "_row", 0)
    latest = np.full(n, -1, dtype=np.int64)
    np.maximum.at(latest, rows, day)
    chosen = np.flatnonzero(day == latest[rows])
    chosen = chosen[np.lexsort((-source_row[chosen], -on_hand[chosen], rows[chosen]))]
    counts = {
        "on_hand": on_hand,
        "reserved": whole_numbers(stock, "reserved_units", 0),
        "backlog": whole_numbers(stock, "backlog_units", 0),
        "source_row": source_row,
    }
    placed = {name: np.zeros(n, dtype=np.int64) for name in counts}
    for name, values in counts.items():
        placed[name][rows[chosen]] = values[chosen]  # of several the last stays: the lowest count
    known = latest >= 0
    age = np.where(known, int(grid.as_of.astype(np.int64)) - latest, UNKNOWN)
    state = StockState(placed["on_hand"], placed["reserved"], placed["backlog"], known, placed["source_row"], age)
    old = age > COUNT_AGE_DAYS_MAX
    return state, [
        *told("PLN-040", items, ~known & ~is_bundle, "never counted before the as-of day", table="stock"),
        *told("PLN-041", items, old, f"counted last more than {COUNT_AGE_DAYS_MAX} days ago", table="stock"),
    ]


def on_hand_means(stock: pl.DataFrame | None, rows: np.ndarray, item_count: int, grid: PeriodGrid) -> Float32Array:
    """Mean of the counts in each period [(n, T) units]; NaN where nothing was counted."""
    shape = (item_count, grid.period_count)
    if stock is None:
        return constant(np.nan, shape, np.float32)
    day, within = days_in_grid(stock, "date", grid)
    if not within.any():
        return constant(np.nan, shape, np.float32)
    place = cells(rows[within], day[within], grid)
    counted, which = np.unique(place, return_inverse=True)
    total = sum_by(which, whole_numbers(stock, "on_hand_units", 0)[within], len(counted))
    mean = np.full(shape, np.nan, dtype=np.float32)
    mean.reshape(-1)[counted] = total / np.bincount(which)
    return mean
