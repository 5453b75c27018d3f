"""What was shown before it was done, and what was asked once and answered again."""

from __future__ import annotations

from django.db import models


class Preview(models.Model):
    """A write that was looked at and may be committed: what would happen, for whom, until when."""

    token = models.CharField(primary_key=True, max_length=64)
    action = models.CharField(max_length=64)
    parameters = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    summary = models.TextField()
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    committed_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    undone_at = models.DateTimeField(null=True)


class AnsweredRequest(models.Model):
    """The answer to a write that named itself: asked again, it is given again."""

    actor = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="operations_answered_once")]
