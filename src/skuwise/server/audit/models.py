"""The audit trail: entries that are only ever added, each carrying the hash of the one before."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """Who changed what from what to what and why."""

    id = models.BigIntegerField(primary_key=True)  # 1, 2, 3 … without a gap: a missing entry shows
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    actor_kind = models.CharField(max_length=16)
    user_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=400)
    brand = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="audit_subject"),
            models.Index(fields=["action", "id"], name="audit_action"),
            models.Index(fields=["actor", "id"], name="audit_actor"),
        ]


class AuditHead(models.Model):
    """One row: the newest entry. Whoever adds an entry locks it first, so that the chain has one order."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    last_id = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="")
