"""A plan as rows of the database: its items, and their sums by dimension and brand."""

from __future__ import annotations

import re

import polars as pl

from skuwise.core.plan import Plan
from skuwise.server.planning.models import PlanItem, PlanSummary
from skuwise.snapshot import tables

#: An item is at risk from this chance of running out before the next receipt on.
RISK_FROM_SHARE = 0.2
DIMENSIONS = {
    "total": pl.lit(""),
    "brand": pl.col("brand"),
    "category": pl.col("category"),
    "supplier": pl.col("supplier_id"),
    "location": pl.col("location_id"),
    "stage": pl.col("stage"),
    "abc_xyz": pl.concat_str("abc_class", "xyz_class"),
}
_NOT_IN_PLAN = ("id", "run_id", "search", "reasons", "margin_at_risk_minor")
_WORD = re.compile(r"[^\W_]+")


def search_words(text: str) -> list[str]:
    """The words by which something is found: letters and digits of any script, in small letters.

    >>> search_words("TEE-001_red, Größe 7")
    ['tee', '001', 'red', 'größe', '7']
    """
    return _WORD.findall(text.lower())


def item_rows(plan: Plan, run_id: int) -> pl.DataFrame:
    """One row an item in the columns of ``PlanItem`` but ``id``, sorted by SKU and location."""
    made = tables(plan)
    frame = made["items"]
    wanted = [field.name for field in PlanItem._meta.fields if field.name not in _NOT_IN_PLAN]
    short = (pl.col("expected_short_units") * _margin()).round(0).fill_nan(0).fill_null(0)
    reasons = made["order_proposals"].select("sku_id", "location_id", "reasons")
    rows = (
        frame.select(*[_plain(frame, name) for name in wanted], short.cast(pl.Int64).alias("margin_at_risk_minor"))
        .join(reasons, on=["sku_id", "location_id"], how="left", maintain_order="left")
        .with_columns(pl.col("reasons").fill_null(""), run_id=pl.lit(run_id))
    )
    said = pl.concat_str("sku_id", "name", "brand", "supplier_id", separator=" ")
    words = said.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return rows.with_columns(words.alias("search"))


def summary_rows(plan: Plan, run_id: int) -> pl.DataFrame:
    """Sums by dimension, value and brand in the columns of ``PlanSummary``."""
    frame = tables_items(plan)
    sums = [field.name for field in PlanSummary._meta.fields][6:]
    counted = {
        "items_to_order": (pl.col("order_quantity_units") > 0).sum(),
        "items_at_risk": (pl.col("stockout_risk_share") >= RISK_FROM_SHARE).sum(),
    }
    parts = []
    for dimension, value in DIMENSIONS.items():
        parts.append(
            frame.with_columns(value=value.cast(pl.String).fill_null(""))
            .group_by("value", "brand", maintain_order=True)
            .agg(
                items=pl.len().cast(pl.Int64),
                **{
                    name: counted.get(name, pl.col(name).sum() if name in frame.columns else pl.lit(0)) for name in sums
                },
            )
            .with_columns(run_id=pl.lit(run_id), dimension=pl.lit(dimension))
        )
    whole = pl.concat(parts)
    floats = ("daily_mean_units", "inventory_cost_years_52w", "lost_units_52w")
    return whole.with_columns(pl.col(name).cast(pl.Float64 if name in floats else pl.Int64) for name in sums)


def tables_items(plan: Plan) -> pl.DataFrame:
    """Every item with its sums ready: unknown numbers count as nothing."""
    frame = tables(plan)["items"]
    short = (pl.col("expected_short_units") * _margin()).round(0).fill_nan(0).fill_null(0).cast(pl.Int64)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    texts = [name for name in ("brand", "category", "supplier_id") if name in frame.columns]
    return frame.with_columns(
        short.alias("margin_at_risk_minor"),
        *[pl.col(name).fill_nan(0).fill_null(0) for name in numbers],
        *[pl.col(name).cast(pl.String).fill_null("") for name in texts],
    )


def _margin() -> pl.Expr:
    known = (pl.col("unit_price_minor") > 0) & (pl.col("unit_cost_minor") >= 0)
    return (
        pl.when(known).then((pl.col("unit_price_minor") - pl.col("unit_cost_minor")).clip(lower_bound=0)).otherwise(0)
    )


def _plain(frame: pl.DataFrame, name: str) -> pl.Expr:
    """As the database keeps it: codes as text, what is not known as null or, where a number must stand, nothing."""
    field = PlanItem._meta.get_field(name)
    if name not in frame.columns:
        return pl.lit(
            None if field.null else ("" if field.get_internal_type() in ("CharField", "TextField") else 0)
        ).alias(name)
    dtype = frame.schema[name]
    column = pl.col(name)
    if field.get_internal_type() in ("CharField", "TextField"):
        return column.cast(pl.String).fill_null("")
    if dtype.is_float():
        column = column.fill_nan(None)
    if name in ("unit_price_minor", "unit_cost_minor"):
        column = pl.when(column >= 0).then(column)
    return column if field.null else column.fill_null(0)
