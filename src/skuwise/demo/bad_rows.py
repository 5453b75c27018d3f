"""The rows that a real export would hold and nobody wants: planted by a table, so that tests can count them again.

Each bad row is a copy of a good one with some fields replaced. Besides these the files are awkward without being
wrong: the catalogue is cp1252, open orders begin with a byte-order mark and have thousands separators, one supplier
writes month/day/year, times come with two different zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class BadRows:
    """``count`` rows of one kind in one table. ``replaced`` gives, per field, values taken in turn.

    A timedelta stands for the as-of day plus that time. Where ``refused`` is false the row is odd but allowed.
    """

    table: str
    kind: str
    count: int
    refused: bool = True
    replaced: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


def _days(*numbers: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(days=number) for number in numbers)


#: Every kind of bad row in the demo shop, with its table and count.
BAD_ROWS: tuple[BadRows, ...] = (
    BadRows("sales", "duplicate line", 8),
    BadRows("sales", "unknown SKU", 4, replaced={"sku_id": ("GDN-999-SAG", "OLD-CATALOGUE-17")}),
    BadRows("sales", "code that is no product", 4, replaced={"sku_id": ("SHIPPING", "GIFT-CARD-50", "TIP")}),
    BadRows("sales", "future date", 4, replaced={"date": _days(1, 30, 365)}),
    BadRows("sales", "text in units", 4, replaced={"units": ("two", "one dozen", "?")}),
    BadRows("sales", "half units", 3, replaced={"units": ("1.5", "0.5")}),
    BadRows("sales", "date that does not exist", 4, replaced={"date": ("2025-02-30", "2025-13-01", "yesterday")}),
    BadRows("sales", "blank SKU", 3, replaced={"sku_id": ("",)}),
    BadRows("sales", "blank date", 2, replaced={"date": ("",)}),
    BadRows("skus", "blank SKU", 1, replaced={"sku_id": ("",)}),
    BadRows("skus", "duplicate SKU", 2),
    BadRows("stock", "unknown SKU", 2, replaced={"sku_id": ("SAMPLE-DESK", "PALLET")}),
    BadRows("stock", "negative stock", 2, refused=False, replaced={"date": _days(-40), "on_hand_units": (-3, -1)}),
    BadRows("supply", "unknown SKU", 2, replaced={"sku_id": ("GDN-999-SAG", "OLD-CATALOGUE-17")}),
    BadRows("supply", "text in MOQ", 1, replaced={"moq_units": ("one pallet",)}),
    BadRows("supply", "negative lead time", 1, replaced={"lead_time_days_mean": ("-14",)}),
    BadRows("supply", "order multiple of zero", 1, replaced={"order_multiple_units": ("0",)}),
    BadRows("open_orders", "unknown SKU", 1, replaced={"sku_id": ("OLD-CATALOGUE-17",)}),
    BadRows("open_orders", "negative units", 1, replaced={"units": ("-24",)}),
    BadRows("open_orders", "unknown status", 1, replaced={"status": ("lost at sea",)}),
    BadRows("bundles", "component missing", 2, replaced={"component_sku_id": ("INSERT-CARD", "RIBBON-RED")}),
    BadRows("bundles", "blank component", 1, replaced={"component_sku_id": ("",)}),
    BadRows("bundles", "no units of a component", 1, replaced={"component_units": ("0",)}),
    BadRows("prices", "unknown SKU", 1, replaced={"sku_id": ("GDN-999-SAG",)}),
    BadRows("prices", "negative price", 1, replaced={"unit_price": ("-5.00",)}),
    BadRows("receipts", "unknown SKU", 1, replaced={"sku_id": ("SAMPLE-DESK",)}),
    BadRows("receipts", "date that does not exist", 2, replaced={"received_on": ("2025-06-31", "0000-00-00")}),
    BadRows("receipts", "blank units", 1, replaced={"units": ("",)}),
    BadRows("availability", "share above one", 1, replaced={"in_stock_share": ("1.7",)}),
    BadRows("availability", "unknown SKU", 1, replaced={"sku_id": ("OLD-CATALOGUE-17",)}),
)


def planted(table: str, *, refused: bool = True) -> int:
    """How many bad rows of a table a reader has to refuse (or, with ``refused=False``, to use with care).

    >>> planted("stock"), planted("stock", refused=False)
    (2, 2)
    """
    return sum(kind.count for kind in BAD_ROWS if kind.table == table and kind.refused == refused)


def with_bad_rows(rng: np.random.Generator, table: str, frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The table with its bad rows between the good ones; columns that receive text become text."""
    parts = [frame.with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias("_place"))]
    for kind in (kind for kind in BAD_ROWS if kind.table == table):
        rows = np.sort(rng.choice(frame.height, kind.count, replace=False))
        copied = frame[rows]
        if "order_id" in frame.columns and kind.replaced:
            # A number of its own, so that the row has one fault and not two.
            copied = copied.with_columns(pl.format("BAD-{}", "order_id").alias("order_id"))
        for name, values in kind.replaced.items():
            turn = [_rendered(values[i % len(values)], as_of) for i in range(kind.count)]
            copied = copied.with_columns(_column(name, turn, frame.schema[name]))
        parts.append(copied.with_columns(pl.Series("_place", rows + 0.5)))
    text = {name for part in parts for name, dtype in part.schema.items() if dtype == pl.String}
    parts = [part.with_columns(pl.col(name).cast(pl.String) for name in text) for part in parts]
    return pl.concat(parts, how="vertical").sort("_place", maintain_order=True).drop("_place")


def _rendered(value: object, as_of: date) -> object:
    return as_of + value if isinstance(value, timedelta) else value


def _column(name: str, values: list[object], dtype: pl.DataType) -> pl.Series:
    """Text unless the values fit the column as they are."""
    if dtype == pl.Date and all(isinstance(value, date) for value in values):
        return pl.Series(name, values, dtype=pl.Date)
    if dtype.is_integer() and all(isinstance(value, int) for value in values):
        return pl.Series(name, values, dtype=dtype)
    return pl.Series(name, [str(value) for value in values], dtype=pl.String)
