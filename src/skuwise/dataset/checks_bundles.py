"""Recipes that can be exploded: no bundle inside itself, neither directly nor through others."""

from __future__ import annotations

import polars as pl

from skuwise.dataset.quarantine import Ledger


def check_bundles(bundles: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Refuse lines whose component is the bundle itself, and lines on a circle of bundles."""
    itself = pl.col("bundle_sku_id") == pl.col("component_sku_id")
    bundles = ledger.refuse("bundles", bundles, itself, "BUN-SELF", pl.format("{} contains itself", "bundle_sku_id"))
    circle = _on_circle(bundles)
    reason = pl.format("{} contains {}, which contains it in turn", "bundle_sku_id", "component_sku_id")
    return ledger.refuse("bundles", bundles, pl.lit(circle), "BUN-CYCLE", reason) if circle.any() else bundles


def _on_circle(bundles: pl.DataFrame) -> pl.Series:
    """Lines left when lines that lead to no bundle, or from no component, are peeled off again and again.

    A line between two circles stays too; it could not be exploded either. One turn for each level of nesting.
    """
    left = bundles.select("bundle_sku_id", "component_sku_id").with_row_index("at")
    while True:
        inner = left.filter(
            pl.col("component_sku_id").is_in(left["bundle_sku_id"].unique().implode())
            & pl.col("bundle_sku_id").is_in(left["component_sku_id"].unique().implode())
        )
        if len(inner) == len(left):
            break
        left = inner
    return pl.int_range(len(bundles), eager=True).is_in(left["at"].cast(pl.Int64).implode())
