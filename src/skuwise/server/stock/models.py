"""Stock: a ledger of movements that only grows, the levels it sums to, counts by day, and what suppliers delivered."""

from __future__ import annotations

from django.db import models


class StockState(models.TextChoices):
    """Where a unit stands. What is available is on hand less committed: worked out, never kept."""

    ON_HAND = "on_hand"
    COMMITTED = "committed"  # on hand but promised (``reserved_units`` of the contract)
    BACKLOG = "backlog"  # sold and not yet delivered
    UNSELLABLE = "unsellable"
    INBOUND_PLANNED = "inbound_planned"
    INBOUND_SHIPPED = "inbound_shipped"
    INBOUND_RECEIVING = "inbound_receiving"


class MovementKind(models.TextChoices):
    COUNT = "count"  # a count says what lies there: the movement is the difference to what was believed
    RECEIPT = "receipt"
    ORDER = "order"  # a purchase order was placed, shipped, cut or cancelled
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"  # takes back another movement


class StockMovement(models.Model):
    """So many units more or fewer in a state; never changed, never deleted: a wrong one is taken back by another.

    ``key`` makes a movement happen once however often it is asked for.
    """

    at = models.DateTimeField()
    day = models.DateField()
    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=StockState.choices)
    units = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=MovementKind.choices)
    reference = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    key = models.CharField(max_length=200, unique=True)
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["sku_id", "location_id", "id"], name="stock_movement_item")]


class StockLevel(models.Model):
    """The sum of the movements of a SKU at a location in a state; kept beside them and checked against them."""

    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=StockState.choices)
    units = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku_id", "location_id", "state"], name="stock_level_once")]


class StockSnapshot(models.Model):
    """What lay there at the end of a day (contract table ``stock``)."""

    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200, default="MAIN")
    date = models.DateField()
    on_hand_units = models.BigIntegerField()
    reserved_units = models.BigIntegerField(default=0)
    backlog_units = models.BigIntegerField(default=0)
    unsellable_units = models.BigIntegerField(default=0, db_default=0)
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku_id", "location_id", "date"], name="stock_snapshot_once")]


class Availability(models.Model):
    """Share of some days in which it could be bought (contract table ``availability``)."""

    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200, default="MAIN")
    date = models.DateField()
    days = models.BigIntegerField(default=1)
    in_stock_share = models.FloatField()
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku_id", "location_id", "date"], name="stock_availability_once")
        ]


class Receipt(models.Model):
    """What arrived (contract table ``receipts``): lead times and suppliers' scores are learned from it.

    ``line_key`` tells one line from another where the file has no number for it.
    """

    line_key = models.CharField(max_length=64, unique=True)
    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200, default="MAIN")
    received_on = models.DateField()
    units = models.BigIntegerField()
    order_id = models.CharField(max_length=200, null=True)
    supplier_id = models.CharField(max_length=200, null=True)
    ordered_on = models.DateField(null=True)
    promised_on = models.DateField(null=True)
    ordered_units = models.BigIntegerField(null=True)
    unit_cost_minor = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["sku_id", "location_id", "received_on"], name="stock_receipt_item")]
