"""Receipts as deliveries: who brought what, when it was ordered and promised, and how much of it came."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import IntArray
from skuwise.core.catalog.inputs import UNKNOWN, Deliveries, Labels
from skuwise.planning.columns import day_numbers, text_of, whole_numbers


def deliveries(receipts: pl.DataFrame | None, rows: np.ndarray, supplier: Labels) -> Deliveries:
    """Every receipt line, sorted by the day it came; ``rows`` are the items of the receipts.

    A receipt that names no supplier was brought by the item's own.
    """
    if receipts is None:
        return Deliveries.none()
    own = pl.Series(supplier.names, dtype=pl.String).gather(supplier.codes[rows])
    names = text_of(receipts, "supplier_id").fill_null(own)
    known = names.unique().drop_nulls().sort()
    code = names.cast(pl.Enum(known)).to_physical().cast(pl.Int64).to_numpy()
    order = _orders(receipts, rows)
    received, units = day_numbers(receipts, "received_on"), whole_numbers(receipts, "units", 0)
    ordered, promised = day_numbers(receipts, "ordered_on"), day_numbers(receipts, "promised_on")
    asked = whole_numbers(receipts, "ordered_units", UNKNOWN)
    # By all that a line says, so that the order of the lines in the file does not matter.
    place = np.lexsort((asked, promised, ordered, code, units, order, rows, received))
    return Deliveries(
        item=rows[place].astype(np.int64),
        supplier=code[place],
        suppliers=tuple(known.to_list()),
        order=order[place],
        ordered_day=ordered[place],
        promised_day=promised[place],
        received_day=received[place],
        units=units[place],
        ordered_units=asked[place],
    )


def _orders(receipts: pl.DataFrame, rows: np.ndarray) -> IntArray:
    """A number for each order and item, by the sorted names of the orders [(k,)]; -1 where it has no number."""
    names = text_of(receipts, "order_id")
    if names.null_count() == len(names):
        return np.full(len(names), UNKNOWN, dtype=np.int64)
    code = names.cast(pl.Enum(names.unique().drop_nulls().sort())).to_physical().cast(pl.Int64)
    named: IntArray = code.fill_null(UNKNOWN).to_numpy()
    width = int(rows.max(initial=0)) + 1
    return np.where(named < 0, UNKNOWN, named * width + rows)
