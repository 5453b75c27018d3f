"""Purchase orders from the proposal to the last receipt, and orders that another program placed."""

from __future__ import annotations

from django.db import models


class OrderState(models.TextChoices):
    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    PARTLY_RECEIVED = "partly_received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


#: States in which goods are still expected.
OPEN_STATES = (OrderState.DRAFT, OrderState.APPROVED, OrderState.SENT, OrderState.PARTLY_RECEIVED)


class PurchaseOrder(models.Model):
    """One order to one supplier for one location.

    ``version`` grows with every change: who changes it says which version was read, and the slower of two is told.
    """

    number = models.CharField(max_length=40, unique=True)
    supplier_id = models.CharField(max_length=200, blank=True, default="")
    location_id = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16, choices=OrderState.choices, default=OrderState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    plan_id = models.CharField(max_length=64, blank=True, default="")
    expected_on = models.DateField(null=True)
    note = models.TextField(blank=True, default="")
    line_count = models.PositiveIntegerField(default=0)
    ordered_units = models.BigIntegerField(default=0)
    received_units = models.BigIntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)
    volume_litres = models.FloatField(null=True)
    weight_kg = models.FloatField(null=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    approved_by = models.CharField(max_length=200, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    second_approved_by = models.CharField(max_length=200, blank=True, default="")
    second_approved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "-id"], name="purchasing_state"),
            models.Index(fields=["supplier_id", "-id"], name="purchasing_supplier"),
        ]


class PurchaseOrderBrand(models.Model):
    """The brands of an order's lines: who may not see all of them does not see the order."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="brands")
    brand = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "brand"], name="purchasing_brand_once")]


class PurchaseOrderLine(models.Model):
    """So many units of a SKU. ``proposal`` names the item of the plan that it answers; one proposal is ordered once."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    sku_id = models.CharField(max_length=200, db_index=True)
    brand = models.CharField(max_length=200, blank=True, default="")
    units = models.BigIntegerField()
    received_units = models.BigIntegerField(default=0)  # good ones
    damaged_units = models.BigIntegerField(default=0)
    cancelled_units = models.BigIntegerField(default=0)
    unit_cost_minor = models.BigIntegerField(null=True)
    proposal = models.CharField(max_length=500, null=True, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sku_id"], name="purchasing_line_once"),
            models.CheckConstraint(
                condition=models.Q(units__gte=0, received_units__gte=0, damaged_units__gte=0, cancelled_units__gte=0),
                name="purchasing_line_units",
            ),
        ]

    @property
    def due_units(self) -> int:
        """What is still expected."""
        return max(self.units - self.received_units - self.damaged_units - self.cancelled_units, 0)


class ReceiptPosting(models.Model):
    """One delivery at the door. ``key`` makes it count once however often it is sent."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="postings")
    key = models.CharField(max_length=200)
    received_on = models.DateField()
    lines = models.JSONField()
    posted_by = models.CharField(max_length=200)
    posted_at = models.DateTimeField()
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "key"], name="purchasing_posting_once")]


class OutsideOrder(models.Model):
    """A line of an order that another program placed (contract table ``open_orders``).

    Where the number is that of an order of our own, our own holds.
    """

    line_key = models.CharField(max_length=32, unique=True)
    order_id = models.CharField(max_length=200, db_index=True)
    sku_id = models.CharField(max_length=200, db_index=True)
    units = models.BigIntegerField()
    location_id = models.CharField(max_length=200, default="MAIN")
    supplier_id = models.CharField(max_length=200, null=True)
    ordered_on = models.DateField(null=True)
    expected_on = models.DateField(null=True)
    status = models.CharField(max_length=16, default="open")
    batch_id = models.BigIntegerField(null=True, db_index=True)
