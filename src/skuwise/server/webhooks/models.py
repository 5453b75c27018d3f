"""Who is told of what, and every telling."""

from __future__ import annotations

from django.db import models


class Webhook(models.Model):
    """An address that is told of events. Its secret signs what is sent, so it must be kept as it is."""

    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=100)
    active = models.BooleanField(default=True)
    after_entry = models.BigIntegerField(default=0)  # entries of the audit trail up to here were looked at
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Delivery(models.Model):
    """One event on its way to one address."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    entry_id = models.BigIntegerField()
    event = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=400, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "entry_id"], name="webhooks_told_once")]
        indexes = [models.Index(fields=["state", "next_at"], name="webhooks_due")]
