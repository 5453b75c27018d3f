"""Where the rows of each table of the data contract are kept, and what tells one row from another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from django.db import models

from skuwise.core.dictionary import fields_of
from skuwise.dataset.columns import DTYPES
from skuwise.server.catalog.models import NO_DAY, BundleComponent, Channel, Location, Price, Sku, SupplyTerms
from skuwise.server.purchasing.models import OutsideOrder
from skuwise.server.sales.models import OrderLine
from skuwise.server.stock.models import Availability, Receipt, StockSnapshot

LINE_KEY = "line_key"
SEPARATOR = "\x1f"
REVERSED_KINDS = ("return", "cancellation")


@dataclass(frozen=True, slots=True)
class Kept:
    """A contract table in the database.

    ``measure`` is the column whose total tells a feed from half of one; ``is_snapshot``: a file says all there is, so
    that a row of the same source that is missing in it is gone.
    """

    table: str
    model: type[models.Model]
    key: tuple[str, ...]
    keyed: Callable[[pl.DataFrame], pl.DataFrame]
    measure: str = ""
    is_snapshot: bool = False

    @property
    def columns(self) -> list[str]:
        """Columns of the contract, and the key where it is another."""
        own = list(fields_of(self.table))
        return own if set(self.key) <= set(own) else [*self.key, *own]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column → type."""
        types = {name: DTYPES[field.dtype] for name, field in fields_of(self.table).items()}
        return {
            name: types.get(name, pl.Binary() if name == LINE_KEY and self.table == "sales" else pl.String())
            for name in self.columns
        }

    def rows(self, frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Lines of a dataset as rows of the database: keys filled, one row a key, the last one holds."""
        if self.table == "stock":  # a count without a day is one of the last day seen
            frame = frame.with_columns(pl.col("date").fill_null(as_of - timedelta(days=1)))
        keyed = self.keyed(frame).select(self.columns).cast(dict(self.schema))  # type: ignore[arg-type]
        rows = keyed.unique(list(self.key), keep="last", maintain_order=True)
        # Keys that are hashes lie anywhere in their index: in their order each part of it is touched once.
        return rows.sort(LINE_KEY) if LINE_KEY in self.key else rows

    def lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the database as lines of a dataset: what was filled for the key's sake is open again."""
        opened = [
            pl.when(pl.col(name) != (NO_DAY if rows.schema[name] == pl.Date else "")).then(pl.col(name)).alias(name)
            for name in self.key
            if name != LINE_KEY and rows.schema[name] in (pl.Date, pl.String)
        ]
        return rows.with_columns(opened).drop(LINE_KEY, strict=False)


def _blank(*columns: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def fill(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(
            pl.col(name).fill_null(NO_DAY if frame.schema[name] == pl.Date else pl.lit("")) for name in columns
        )

    return fill


def _sale(frame: pl.DataFrame) -> pl.DataFrame:
    """A line has a name of its own, or is what it says but for its units, and its place among equals."""
    back = pl.col("kind").is_in(REVERSED_KINDS)
    named = pl.concat_str(
        "order_id", "line_id", "kind", pl.when(back).then(pl.col("date").cast(pl.String)).otherwise(pl.lit("")),
        pl.when(back).then(pl.col("units").cast(pl.String)).otherwise(pl.lit("")), separator=SEPARATOR,
    )  # fmt: skip
    return _line_keys(
        frame.with_columns(_named=named),
        ["order_id", "line_id", "date", "sku_id", "location_id", "channel_id", "kind", "unit_price_minor"],
    ).with_columns(pl.col(LINE_KEY).map_batches(_digests, return_dtype=pl.Binary))


def _received(frame: pl.DataFrame) -> pl.DataFrame:
    told = ["order_id", "sku_id", "location_id", "received_on", "supplier_id", "ordered_on"]
    keyed = _line_keys(frame.with_columns(_named=pl.lit(None, dtype=pl.String)), told)
    return keyed.with_columns(pl.col(LINE_KEY).map_batches(_digests, return_dtype=pl.Binary).bin.encode("hex"))


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    told = ["order_id", "sku_id", "location_id", "supplier_id", "ordered_on", "expected_on"]
    keyed = _line_keys(frame.with_columns(_named=pl.lit(None, dtype=pl.String)), told)
    return keyed.with_columns(pl.col(LINE_KEY).map_batches(_digests, return_dtype=pl.Binary).bin.encode("hex"))


def _line_keys(frame: pl.DataFrame, told: list[str]) -> pl.DataFrame:
    """The text that names each line; equal ones are counted by rising units, so that their order does not matter."""
    said = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in told], separator=SEPARATOR)
    ordered = frame.with_columns(_said=said).sort("_said", "units", maintain_order=True)
    place = pl.int_range(pl.len()).over("_said").cast(pl.String)
    name = pl.coalesce("_named", pl.concat_str(pl.lit(SEPARATOR), "_said", place, separator=SEPARATOR))
    return ordered.with_columns(name.alias(LINE_KEY)).drop("_said", "_named")


def _digests(names: pl.Series) -> pl.Series:
    hashed = [hashlib.blake2b(name.encode(), digest_size=16).digest() for name in names]
    return pl.Series(names.name, hashed, dtype=pl.Binary)


def _as_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


#: In the order in which they are committed: what others speak of first.
KEPT: dict[str, Kept] = {
    kept.table: kept
    for kept in (
        Kept("channels", Channel, ("channel_id",), _as_is),
        Kept("locations", Location, ("location_id",), _as_is),
        Kept("skus", Sku, ("sku_id",), _as_is),
        Kept("bundles", BundleComponent, ("bundle_sku_id", "component_sku_id", "valid_from"), _blank("valid_from")),
        Kept("supply", SupplyTerms, ("sku_id", "location_id", "supplier_id"), _blank("location_id", "supplier_id")),
        Kept("prices", Price, ("sku_id", "channel_id", "valid_from", "kind"), _blank("channel_id")),
        Kept("sales", OrderLine, (LINE_KEY,), _sale, "units"),
        Kept("stock", StockSnapshot, ("sku_id", "location_id", "date"), _as_is, "on_hand_units"),
        Kept("availability", Availability, ("sku_id", "location_id", "date"), _as_is),
        Kept("receipts", Receipt, (LINE_KEY,), _received, "units"),
        Kept("open_orders", OutsideOrder, (LINE_KEY,), _ordered, "units", is_snapshot=True),
    )
}
