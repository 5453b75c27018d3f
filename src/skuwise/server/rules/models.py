"""Rules as people set them: every version of the rulebook, and what was decided for single SKUs."""

from __future__ import annotations

from django.db import models


class RulebookVersion(models.Model):
    """The rulebook as text, and who wrote it why. The newest is in force; an older one comes back as a new one."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    author = models.CharField(max_length=200)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    back_to = models.PositiveIntegerField(null=True)


class OverrideKind(models.TextChoices):
    RULE = "rule"  # a field of the rulebook for a SKU, at one location or at all
    PROPOSAL = "proposal"  # the quantity to order instead of the proposed one


class Override(models.Model):
    """What a person decided for one SKU: who, why, from when until when.

    ``value`` is as the table of overrides writes it. A blank location means every one. An override is never changed:
    it is ended, and another takes its place.
    """

    kind = models.CharField(max_length=16, choices=OverrideKind.choices, default=OverrideKind.RULE)
    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200, blank=True, default="")
    brand = models.CharField(max_length=200, blank=True, default="")
    field = models.CharField(max_length=64)
    value = models.CharField(max_length=200)
    unit = models.CharField(max_length=32, blank=True, default="")
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)  # the first day on which it no longer holds
    author = models.CharField(max_length=200)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True, default="")
    end_reason = models.TextField(blank=True, default="")
    told_at = models.DateTimeField(null=True)  # when its coming end was told

    class Meta:
        indexes = [
            models.Index(fields=["sku_id", "field"], name="rules_override_sku"),
            models.Index(fields=["ended_at", "valid_until"], name="rules_override_end"),
        ]
