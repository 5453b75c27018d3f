"""What the lines of the sales table mean: sales, returns, cancellations, corrections, and lines that come twice.

Decisions
- ``kind`` wins over sign and invoice number. Without it an order number ``C`` + digits is a cancellation, other
  negative units are a return. A ``kind`` of sale with negative units contradicts itself: it is read as a return and
  told; returns and cancellations written with positive units are turned negative and told.
- A line of zero units is used: it says that nothing was sold.
- A price below zero is book-keeping, not a sale: refused. A price of exactly zero in an order with a paid line is a
  gift: it took stock, so it is used as demand and told. In an order in which nothing was paid it is a correction of
  stock (found, damaged, lost): refused, unless ``kind`` says what it is.
- The same order and line number again is a duplicate and refused. Without line numbers an identical line of the same
  order may be a true second line: it is told and used; from another file it is an overlap of two exports and refused.
- Day totals (no order number) of the same day are added up, both are used; where they stand in two files it is told.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from skuwise.dataset.quarantine import Ledger

TABLE = "sales"
_REVERSED = ("return", "cancellation")
_CONTENT = ["date", "sku_id", "units", "location_id", "channel_id", "order_id", "kind", "unit_price_minor"]


def check_sales(sales: pl.DataFrame, as_of: date, ledger: Ledger) -> pl.DataFrame:
    """Settle the kind of each line and refuse what is no demand; the order of lines stays."""
    sales = ledger.refuse(
        TABLE,
        sales,
        pl.col("date") >= as_of,
        "SAL-FUTURE",
        pl.format("{} is not before the as-of day {}", "date", pl.lit(str(as_of))),
    )
    has_orders = sales["order_id"].null_count() < len(sales)
    sales = _refuse_bookkeeping(sales, ledger) if has_orders else sales
    sales = _settle_kind(sales, has_orders, ledger)
    sales = _refuse_duplicates(sales, ledger) if has_orders else sales
    _tell_overlapping_totals(sales, ledger)
    return _check_requested(sales, ledger)


def _refuse_bookkeeping(sales: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    price = pl.col("unit_price_minor")
    if sales["unit_price_minor"].null_count() == len(sales):
        return sales
    sales = ledger.refuse(
        TABLE,
        sales,
        price < 0,
        "SAL-NEGATIVE-PRICE",
        pl.format("price {} in minor currency of order {}", price, pl.col("order_id").fill_null("(none)")),
    )
    cancelled = pl.col("order_id").str.contains(r"^[Cc]\d+$")
    free = (price == 0) & pl.col("kind").is_null() & ~cancelled & (pl.col("units") != 0)
    lines = sales.filter(free)
    if lines.is_empty():
        return sales
    paid = sales.filter(price > 0)["order_id"].unique()
    given_away = pl.col("order_id").is_in(paid.implode()) & (pl.col("units") > 0)
    sales = ledger.refuse(
        TABLE,
        sales,
        free & ~given_away,
        "SAL-CORRECTION",
        pl.format("{} units of {} at no price in order {}, in which nothing was paid", "units", "sku_id", "order_id"),
    )
    told = pl.format("{} units of {} at no price in order {}", "units", "sku_id", "order_id")
    ledger.remark(TABLE, sales, free, "SAL-FREE", told)
    return sales


def _settle_kind(sales: pl.DataFrame, has_orders: bool, ledger: Ledger) -> pl.DataFrame:
    given = sales["kind"].null_count() < len(sales)
    negative = pl.col("units") < 0
    if not given and not has_orders and not (sales["units"] < 0).any():
        return sales.with_columns(pl.lit("sale").alias("kind"))
    by_rule = (
        pl.when(pl.col("order_id").str.contains(r"^[Cc]\d+$"))
        .then(pl.lit("cancellation"))
        .when(negative)
        .then(pl.lit("return"))
        .otherwise(pl.lit("sale"))
    )
    sales = sales.with_columns(pl.coalesce("kind", by_rule).alias("kind"))
    reversed_kind = pl.col("kind").is_in(_REVERSED)
    told = pl.format("a {} of {} units in order {}", "kind", "units", pl.col("order_id").fill_null("(none)"))
    against = (reversed_kind & (pl.col("units") > 0)) | (~reversed_kind & negative)
    if not ledger.remark(TABLE, sales, against, "SAL-SIGN", told):
        return sales
    return sales.with_columns(
        pl.when(~reversed_kind & negative).then(pl.lit("return")).otherwise("kind").alias("kind"),
        pl.when(reversed_kind & ~negative).then(-pl.col("units")).otherwise("units").alias("units"),
    )


def _refuse_duplicates(sales: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    if sales["line_id"].null_count() < len(sales):
        # Goods can come back twice from one line: returns are the same only on one day and in one number.
        returned = pl.col("kind").is_in(_REVERSED)
        key = pl.struct(
            "order_id",
            "line_id",
            "kind",
            pl.when(returned).then("date").alias("d"),
            pl.when(returned).then("units").alias("u"),
        )
        sales = ledger.refuse(
            TABLE,
            sales,
            pl.col("order_id").is_not_null() & pl.col("line_id").is_not_null() & ~key.is_first_distinct(),
            "SAL-DUPLICATE",
            pl.format("line {} of order {} was read before", "line_id", "order_id"),
        )
    # A hash finds the few candidates fast; they are compared by content.
    hashes = sales.select(_CONTENT).hash_rows()
    open_lines = sales["order_id"].is_not_null() & sales["line_id"].is_null()
    candidates = sales.filter(hashes.is_duplicated() & open_lines)
    if candidates.is_empty():
        return sales
    first_file = pl.col("_file_no").min().over(_CONTENT)
    twice = pl.len().over(_CONTENT) > 1
    judged = candidates.with_columns((pl.col("_file_no") > first_file).alias("overlap"), twice.alias("twice"))
    overlap = judged.filter("overlap").select("_file_no", "_row")
    if len(overlap):
        keyed = sales.join(
            overlap.with_columns(pl.lit(True).alias("overlap")),
            on=["_file_no", "_row"],
            how="left",
            maintain_order="left",
        )
        reason = pl.format("order {} with the same line of {} stands in an earlier file", "order_id", "sku_id")
        sales = ledger.refuse(TABLE, keyed, pl.col("overlap"), "SAL-DUPLICATE", reason).drop("overlap")
    again = judged.filter(pl.col("twice") & ~pl.col("overlap") & ~pl.struct(*_CONTENT).is_first_distinct())
    told = pl.format("order {} holds {} units of {} twice at the same price", "order_id", "units", "sku_id")
    ledger.remark(TABLE, again, pl.lit(True), "SAL-SAME-LINE", told)
    return sales


def _tell_overlapping_totals(sales: pl.DataFrame, ledger: Ledger) -> None:
    """Day totals of one SKU, day and place in two files: added up, but perhaps exported twice."""
    if sales["_file_no"].n_unique() < 2:
        return
    totals = sales.filter(pl.col("order_id").is_null())
    key = ["sku_id", "date", "location_id", "channel_id", "kind"]
    again = totals.filter(pl.col("_file_no") > pl.col("_file_no").min().over(key)) if len(totals) else totals
    told = pl.format("the total of {} on {} stands in an earlier file too: they are added up", "sku_id", "date")
    ledger.remark(TABLE, again, pl.lit(True), "SAL-OVERLAP", told)


def _check_requested(sales: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Nobody ships more than was asked for."""
    less = (pl.col("requested_units") < pl.col("units")).fill_null(False)
    told = pl.format("{} units asked for but {} sold: requested_units is left out", "requested_units", "units")
    if ledger.remark(TABLE, sales, less, "SAL-REQUESTED", told):
        return sales.with_columns(pl.when(~less).then("requested_units").alias("requested_units"))
    return sales
