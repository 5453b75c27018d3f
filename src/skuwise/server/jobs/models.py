"""The queue of background work, kept in the database so that it survives a restart and everyone sees its progress."""

from __future__ import annotations

from django.db import models


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(models.Model):
    """One piece of work: what, for whom, how far, how it ended.

    Of the jobs with the same ``lock`` one runs at a time. A running job whose ``seen_alive_at`` stands still was
    killed: it goes back to the queue while attempts are left.
    """

    kind = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    lock = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    requested_by = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seen_alive_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_max = models.PositiveSmallIntegerField(default=3)
    cancel_asked = models.BooleanField(default=False)
    phase = models.CharField(max_length=200, blank=True, default="")
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")
    runner = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["state", "id"], name="jobs_state"),
            models.Index(fields=["kind", "id"], name="jobs_kind"),
        ]


class DutyDone(models.Model):
    """When a duty that is due from time to time was last looked at."""

    name = models.CharField(primary_key=True, max_length=64)
    done_at = models.DateTimeField(null=True)
