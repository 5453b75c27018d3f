"""The database as a dataset: what the plan reads is what the team shares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
from django.db import connection

from skuwise.dataset import Dataset, load_dataset
from skuwise.dataset.contract import Settings
from skuwise.dataset.load import default_as_of
from skuwise.server import bulk
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.imports.registry import KEPT, Kept
from skuwise.server.purchasing.open_orders import open_orders_frame
from skuwise.server.stock import ledger

ITEM = ["sku_id", "location_id"]


def shop_dataset(as_of: date | None = None, progress: Callable[[str], None] | None = None) -> Dataset:
    """Every table of the data contract as it is now, read in one glance: what is written meanwhile is not in it.

    Stock is what was counted, and behind it what the ledger says where something moved after the last count. Open
    orders are those of the server and those that files brought. ``as_of`` is by default the day after the newest sale
    or count; what the server itself moved or ordered since then counts as done by that day, so that nothing is
    ordered twice.
    """
    shop = shop_settings()
    with bulk.one_glance():
        tables = {}
        for table, kept in KEPT.items():
            if progress is not None:
                progress(f"reading {table.replace('_', ' ')}")
            tables[table] = open_orders_frame() if table == "open_orders" else _read(kept)
        used = Settings(currency=shop.currency, time_zone=shop.time_zone, date_order=shop.date_order)
        newest = default_as_of(tables, used)
        day = as_of or newest
        tables["stock"] = _with_movements(tables["stock"], day if day >= newest else None)
    if day >= newest:
        tables["open_orders"] = tables["open_orders"].with_columns(_before(day, "ordered_on"))
    given = {table: frame for table, frame in tables.items() if frame.height}
    return load_dataset(
        given,
        as_of=day,
        settings=used,
        progress=progress,
    )


def _read(kept: Kept) -> pl.DataFrame:
    columns = [name for name in kept.columns if name in kept.schema and name != "line_key"]
    key = "line_key" if "line_key" in kept.key else ", ".join(f'"{name}"' for name in kept.key)
    selected = ", ".join(_selected(kept, name) for name in columns)
    rows = bulk.read(
        f"SELECT {selected} FROM {bulk.table_of(kept.model)} ORDER BY {key}",
        schema={name: kept.schema[name] for name in columns},
    )
    return kept.lines(rows)


def _selected(kept: Kept, name: str) -> str:
    """On SQLite a required day is read as text: twice as fast as through Django's converter."""
    field = kept.model._meta.get_field(name)
    if connection.vendor == "sqlite" and kept.schema[name] == pl.Date and not field.null:
        return f'"{name}" || \'\' AS "{name}"'
    return f'"{name}"'


def _before(day: date, column: str) -> pl.Expr:
    return pl.min_horizontal(pl.col(column), pl.lit(day - timedelta(days=1))).alias(column)


def _with_movements(stock: pl.DataFrame, day: date | None) -> pl.DataFrame:
    """The counts, and a line of the day of the last movement where the ledger says otherwise than the newest count."""
    believed = (
        ledger.levels_frame()
        .filter(pl.col("state").is_in([str(state) for state in ledger.COUNTED.values()]))
        .pivot("state", index=ITEM, values="units", aggregate_function="sum")
    )
    if believed.is_empty():
        return stock
    named = {str(state): column for column, state in ledger.COUNTED.items() if column in stock.columns}
    believed = believed.select(
        *ITEM,
        *(
            (pl.col(state) if state in believed.columns else pl.lit(None, dtype=pl.Int64)).fill_null(0).alias(column)
            for state, column in named.items()
        ),
    )
    newest = stock.sort("date").group_by(ITEM, maintain_order=True).last()
    both = believed.join(newest, on=ITEM, how="left", suffix=":counted")
    counts = list(named.values())
    moved = both.filter(
        pl.any_horizontal([pl.col(name) != pl.col(f"{name}:counted").fill_null(0) for name in counts])
    ).join(_last_days(), on=ITEM, how="left")
    lines = moved.select(
        pl.max_horizontal("date", "day").alias("date") if name == "date" else pl.col(name) for name in stock.columns
    )
    if day is not None:
        lines = lines.with_columns(_before(day, "date"))
    kept = stock.join(lines.select(*ITEM, "date"), on=[*ITEM, "date"], how="anti", maintain_order="left")
    return pl.concat([kept, lines.cast(dict(stock.schema))])  # type: ignore[arg-type]


def _last_days() -> pl.DataFrame:
    return bulk.read(
        "SELECT sku_id, location_id, MAX(day) AS day FROM stock_stockmovement GROUP BY sku_id, location_id",
        schema={"sku_id": pl.String, "location_id": pl.String, "day": pl.Date},
    )
