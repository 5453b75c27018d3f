"""What is on order, as the plan reads it: orders of the server beside those that files brought."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from django.utils import timezone

from skuwise.server import bulk
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.purchasing.models import OrderState

SCHEMA = {
    "order_id": pl.String,
    "sku_id": pl.String,
    "units": pl.Int64,
    "location_id": pl.String,
    "supplier_id": pl.String,
    "ordered_on": pl.Date,
    "expected_on": pl.Date,
    "status": pl.String,
}


def open_orders_frame() -> pl.DataFrame:
    """The contract's table ``open_orders``. An own order counts from the draft on, so that nothing is ordered twice;
    a draft that nobody approves counts for ``draft_days_max`` days. Of two orders with one number the own one holds.
    """
    oldest = timezone.now() - timedelta(days=shop_settings().draft_days_max)
    own = bulk.read(
        "SELECT o.number AS order_id, l.sku_id, "
        "l.units - l.received_units - l.damaged_units - l.cancelled_units AS units, "
        "o.location_id, o.supplier_id, COALESCE(o.approved_at, o.created_at) AS ordered_at, o.expected_on, o.state, "
        "o.created_at, o.shipped_at FROM purchasing_purchaseorder AS o "
        "JOIN purchasing_purchaseorderline AS l ON l.order_id = o.id "
        "WHERE o.state IN ('draft', 'approved', 'sent', 'partly_received') "
        "AND l.units > l.received_units + l.damaged_units + l.cancelled_units ORDER BY o.id, l.sku_id",
        schema={
            **SCHEMA,
            "state": pl.String,
            **dict.fromkeys(["ordered_at", "created_at", "shipped_at"], pl.Datetime("us", "UTC")),
        },
    )
    own = own.filter((pl.col("state") != str(OrderState.DRAFT)) | (pl.col("created_at") >= oldest)).with_columns(
        ordered_on=pl.col("ordered_at").dt.date(),
        status=pl.when(pl.col("shipped_at").is_not_null()).then(pl.lit("in_transit")).otherwise(pl.lit("open")),
        supplier_id=pl.when(pl.col("supplier_id") != "").then("supplier_id"),
    )
    outside = bulk.read(
        "SELECT order_id, sku_id, units, location_id, supplier_id, ordered_on, expected_on, status FROM "
        "purchasing_outsideorder AS x WHERE NOT EXISTS "
        "(SELECT 1 FROM purchasing_purchaseorder AS o WHERE o.number = x.order_id) ORDER BY line_key",
        schema=SCHEMA,
    )
    return pl.concat([outside, own.select(list(SCHEMA)).cast(SCHEMA)])  # type: ignore[arg-type]
