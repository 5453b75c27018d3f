"""What was sold, line by line."""

from __future__ import annotations

from django.db import models


class OrderLine(models.Model):
    """A line of an order (contract table ``sales``); no buyer's personal data is ever kept.

    ``line_key`` (16 bytes) tells one line from another: the order and line number where the file has them, else what
    the line says but for its units, and its place among equals.
    """

    line_key = models.BinaryField(primary_key=True, max_length=16)
    date = models.DateField()
    sku_id = models.CharField(max_length=200)
    units = models.BigIntegerField()
    location_id = models.CharField(max_length=200, default="MAIN")
    channel_id = models.CharField(max_length=200, null=True)
    order_id = models.CharField(max_length=200, null=True)
    line_id = models.CharField(max_length=200, null=True)
    kind = models.CharField(max_length=16, default="sale")
    unit_price_minor = models.BigIntegerField(null=True)
    requested_units = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["sku_id", "date"], name="sales_sku_date"),
            models.Index(fields=["batch_id"], name="sales_batch"),
        ]
