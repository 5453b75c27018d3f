"""How suppliers have delivered: on time, in full, how long and how evenly, from every receipt on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from django.db import connection
from django.utils import timezone

from skuwise.server import bulk
from skuwise.server.accounts.actor import Actor

DAYS_LOOKED_BACK = 365


def supplier_scores(actor: Actor, today: date | None = None) -> list[dict[str, Any]]:
    """One record a supplier over the last year, the worst first.

    - deliveries: order lines that were delivered; on_time_share: those delivered whole by the promised day, of those
      with one; in_full_share: those of which all ordered units came; lead_time_days_mean, _sd: from the order to the
      last unit; late_days_mean: of the late ones.
    """
    actor.require("look")
    first = (today or timezone.localdate()) - timedelta(days=DAYS_LOOKED_BACK)
    receipts = bulk.read(
        "SELECT r.supplier_id, r.order_id, r.sku_id, r.location_id, r.received_on, r.units, r.ordered_on, "
        "r.promised_on, r.ordered_units, s.brand FROM stock_receipt AS r "
        "LEFT JOIN catalog_sku AS s ON s.sku_id = r.sku_id "
        "WHERE r.received_on >= %s AND r.supplier_id IS NOT NULL",
        [first if connection.vendor == "postgresql" else str(first)],
        schema={
            **dict.fromkeys(["supplier_id", "order_id", "sku_id", "location_id", "brand"], pl.String),
            **dict.fromkeys(["received_on", "ordered_on", "promised_on"], pl.Date),
            **dict.fromkeys(["units", "ordered_units"], pl.Int64),
        },
    )
    brands = actor.brands()
    if brands is not None:
        receipts = receipts.filter(pl.col("brand").fill_null("").is_in(sorted(brands)))
    return _scored(receipts).to_dicts()


def _scored(receipts: pl.DataFrame) -> pl.DataFrame:
    lines = (
        receipts.with_row_index("row")
        .with_columns(order=pl.coalesce("order_id", pl.col("row").cast(pl.String)))
        .group_by("supplier_id", "order", "sku_id", "location_id", maintain_order=True)
        .agg(
            pl.col("units").sum(),
            pl.col("received_on").max(),
            pl.col("ordered_on").min(),
            pl.col("promised_on").min(),
            pl.col("ordered_units").max(),
        )
    )
    late = (pl.col("received_on") - pl.col("promised_on")).dt.total_days()
    lead = (pl.col("received_on") - pl.col("ordered_on")).dt.total_days()
    full = pl.when(pl.col("ordered_units").is_not_null()).then(pl.col("units") >= pl.col("ordered_units"))
    on_time = pl.when(late.is_not_null()).then((late <= 0) & full.fill_null(True))
    return (
        lines.group_by("supplier_id", maintain_order=True)
        .agg(
            deliveries=pl.len(),
            on_time_share=on_time.mean(),
            in_full_share=full.mean(),
            lead_time_days_mean=lead.mean(),
            lead_time_days_sd=lead.std(ddof=1),
            late_days_mean=late.filter(late > 0).mean(),
            units=pl.col("units").sum(),
        )
        .sort(pl.col("on_time_share").fill_null(2.0), "supplier_id")
    )
