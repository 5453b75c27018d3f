"""What the lines of the other tables mean: one line for one thing, days in order, names that exist.

Where two lines speak of the same thing (a SKU in the catalogue, a count of one day) the last one holds and the others
are refused with the reason. Negative stock is what was sold and could not be delivered, as shops with overselling
write it: on hand 0 and the rest backlog, told. Where the shop gives a backlog of its own, it is an error of the count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from skuwise.dataset.quarantine import Ledger

#: Table → (columns that name the thing a line speaks of, code of a second line).
ONE_LINE_EACH: dict[str, tuple[tuple[str, ...], str]] = {
    "skus": (("sku_id",), "SKU-TWICE"),
    "stock": (("sku_id", "location_id", "date"), "STK-TWICE"),
    "supply": (("sku_id", "location_id", "supplier_id"), "SUP-TWICE"),
    "bundles": (("bundle_sku_id", "component_sku_id", "valid_from"), "BUN-TWICE"),
    "channels": (("channel_id",), "CHN-TWICE"),
    "locations": (("location_id",), "LOC-TWICE"),
    "prices": (("sku_id", "channel_id", "valid_from", "kind"), "PRC-TWICE"),
    "availability": (("sku_id", "location_id", "date"), "AVL-TWICE"),
}
#: Table → (column of the day on which the line was known, code of a line from on the as-of day).
KNOWN_ON = {
    "stock": ("date", "STK-FUTURE"),
    "availability": ("date", "AVL-FUTURE"),
    "receipts": ("received_on", "RCP-FUTURE"),
    "open_orders": ("ordered_on", "ORD-FUTURE"),
}
#: Table → code of an identical second line, which may be true and is used.
SAME_LINE = {"open_orders": "ORD-SAME-LINE", "receipts": "RCP-SAME-LINE"}
#: Table → columns that name a location or a channel.
PLACED = ("sales", "stock", "supply", "open_orders", "availability", "receipts")
SOLD_THROUGH = ("sales", "prices")


def keep_one_line_each(tables: dict[str, pl.DataFrame], ledger: Ledger) -> dict[str, pl.DataFrame]:
    """The last of several lines on the same thing holds."""
    kept = dict(tables)
    for name, (key, code) in ONE_LINE_EACH.items():
        if name in kept:
            shown = [pl.col(column).cast(pl.String).fill_null("any") for column in key]
            reason = pl.concat_str(pl.lit("a later line speaks of the same "), pl.concat_str(shown, separator=" / "))
            kept[name] = ledger.refuse(name, kept[name], ~pl.struct(key).is_last_distinct(), code, reason)
    for name, code in SAME_LINE.items():
        if name in kept:
            content = [column for column in kept[name].columns if not column.startswith("_")]
            again = ~pl.struct(content).is_first_distinct() & pl.col("order_id").is_not_null()
            told = pl.format("order {} holds {} units of {} twice: both are used", "order_id", "units", "sku_id")
            ledger.remark(name, kept[name], again, code, told)
    return kept


def refuse_unseen(tables: dict[str, pl.DataFrame], as_of: date, ledger: Ledger) -> dict[str, pl.DataFrame]:
    """What happened on or after the as-of day had not been seen when the plan is made."""
    kept = dict(tables)
    for name, (column, code) in KNOWN_ON.items():
        if name in kept:
            reason = pl.format("{} {} is not before the as-of day {}", pl.lit(column), column, pl.lit(str(as_of)))
            kept[name] = ledger.refuse(name, kept[name], pl.col(column) >= as_of, code, reason)
    return kept


def check_stock(stock: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Negative stock: an error where backlog is counted by itself, else backlog."""
    negative = pl.col("on_hand_units") < 0
    reason = pl.format("{} on hand of {} although backlog is counted by itself", "on_hand_units", "sku_id")
    if stock["backlog_units"].null_count() < len(stock):
        stock = ledger.refuse("stock", stock, negative & pl.col("backlog_units").is_not_null(), "STK-NEGATIVE", reason)
    told = pl.format("{} on hand of {} is read as 0 on hand and the rest as backlog", "on_hand_units", "sku_id")
    if not ledger.remark("stock", stock, negative, "STK-OVERSOLD", told):
        return stock
    return stock.with_columns(
        pl.when(negative).then(0).otherwise("on_hand_units").alias("on_hand_units"),
        pl.when(negative).then(-pl.col("on_hand_units")).otherwise("backlog_units").alias("backlog_units"),
    )


def check_skus(skus: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """A successor must exist and be another SKU; a life must not end before it begins."""
    known = skus["sku_id"].unique().implode()
    successor = pl.col("successor_sku_id")
    wrong = ((successor == pl.col("sku_id")) | ~successor.is_in(known)).fill_null(False)
    told = pl.format("successor {} of {} is no other SKU of the catalogue: it is left out", successor, "sku_id")
    if ledger.remark("skus", skus, wrong, "SKU-SUCCESSOR", told):
        skus = skus.with_columns(pl.when(~wrong).then(successor).alias("successor_sku_id"))
    circle = pl.col("sku_id").is_in(_in_circles(skus))
    told = pl.format("{} and its successor {} succeed each other: the successor is left out", "sku_id", successor)
    if ledger.remark("skus", skus, circle, "SKU-SUCCESSOR-CIRCLE", told):
        skus = skus.with_columns(pl.when(~circle).then(successor).alias("successor_sku_id"))
    backwards = (pl.col("end_of_life_date") < pl.col("launch_date")).fill_null(False)
    told = pl.format(
        "{} ends on {} before its launch on {}: both days are left out", "sku_id", "end_of_life_date", "launch_date"
    )
    if ledger.remark("skus", skus, backwards, "SKU-DATES", told):
        skus = skus.with_columns(
            pl.when(~backwards).then(name).alias(name) for name in ("launch_date", "end_of_life_date")
        )
    return skus


def _in_circles(skus: pl.DataFrame) -> list[str]:
    """SKUs whose chain of successors leads back to themselves, sorted."""
    named = skus.filter(pl.col("successor_sku_id").is_not_null())
    follows = dict(zip(named["sku_id"].to_list(), named["successor_sku_id"].to_list(), strict=True))
    circling: set[str] = set()
    judged: set[str] = set()
    for start in follows:
        path: dict[str, int] = {}
        at = start
        while at in follows and at not in judged and at not in path:
            path[at] = len(path)
            at = follows[at]
        if at in path:
            circling.update(sku for sku, place in path.items() if place >= path[at])
        judged.update(path)
    return sorted(circling)


def check_spans(name: str, frame: pl.DataFrame, code: str, ledger: Ledger) -> pl.DataFrame:
    """A span that ends on or before its first day holds on no day."""
    reason = pl.format("valid until {} is not after valid from {}", "valid_until", "valid_from")
    return ledger.refuse(name, frame, pl.col("valid_until") <= pl.col("valid_from"), code, reason)


def check_order_days(
    name: str, frame: pl.DataFrame, later: str, cleared: str, code: str, ledger: Ledger
) -> pl.DataFrame:
    """Goods do not come before they were ordered; the day in column ``cleared`` is left out."""
    backwards = (pl.col(later) < pl.col("ordered_on")).fill_null(False)
    told = pl.format(
        "{} {} is before ordered_on {}: {} is left out", pl.lit(later), later, "ordered_on", pl.lit(cleared)
    )
    if ledger.remark(name, frame, backwards, code, told):
        frame = frame.with_columns(pl.when(~backwards).then(cleared).alias(cleared))
    return frame


def tell_unknown_places(tables: Mapping[str, pl.DataFrame], ledger: Ledger) -> None:
    """Locations and channels that their own table does not list are used and told."""
    for listing, column, users, code in (
        ("locations", "location_id", PLACED, "LOC-UNKNOWN"),
        ("channels", "channel_id", SOLD_THROUGH, "CHN-UNKNOWN"),
    ):
        if listing not in tables:
            continue
        known = tables[listing][column].unique()
        for name in users:
            if name not in tables:
                continue
            named = tables[name][column].unique().drop_nulls()
            unknown = named.filter(~named.is_in(known.implode()))
            if len(unknown):
                told = pl.format("{} {} is not in the {} table", pl.lit(column), column, pl.lit(listing))
                ledger.remark(name, tables[name], pl.col(column).is_in(unknown.implode()), code, told)
