"""Imports: what came, what it would change, and whether it did."""

from __future__ import annotations

from django.db import models


class BatchState(models.TextChoices):
    PREVIEWED = "previewed"  # read and compared with what is there; nothing is changed yet
    HELD = "held"  # rows or totals jumped: waits for a person, the last good feed stays in force
    COMMITTED = "committed"
    REVERSED = "reversed"
    DISCARDED = "discarded"


class ImportBatch(models.Model):
    """One delivery of files from one source. Files, rows and images of what it replaced lie in ``folder``."""

    source = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=BatchState.choices)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64, db_index=True)
    folder = models.CharField(max_length=200)
    files = models.JSONField(default=list)
    as_of = models.DateField()
    whole = models.BooleanField(default=False)
    tables = models.JSONField(default=dict)  # table → counts, totals, sample differences
    findings = models.JSONField(default=list)
    quarantined_rows = models.BigIntegerField(default=0)
    held_reasons = models.JSONField(default=list)
    staged_by = models.CharField(max_length=200)
    staged_at = models.DateTimeField(auto_now_add=True)
    committed_by = models.CharField(max_length=200, blank=True, default="")
    committed_at = models.DateTimeField(null=True)
    reversed_by = models.CharField(max_length=200, blank=True, default="")
    reversed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["source", "state", "id"], name="imports_source_state")]


class QuarantinedRow(models.Model):
    """A line that was refused: where it stood, why, and the line itself so that it can be mended."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="quarantined")
    table = models.CharField(max_length=32)
    file = models.CharField(max_length=400)
    row = models.BigIntegerField()
    code = models.CharField(max_length=32)
    reason = models.TextField()
    line = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["batch", "id"], name="imports_quarantined")]
