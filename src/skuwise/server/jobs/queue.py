"""Ask for background work, stop it, ask for it again, and take the next piece of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.errors import ConflictError, NotFoundError
from skuwise.server.jobs.handlers import HANDLERS
from skuwise.server.jobs.models import Job, JobState

#: A running job that was not seen for so long has lost its process.
LOST_AFTER = timedelta(seconds=90)
ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
CLAIM_LOCK = 5_381  # an arbitrary number that names the lock of the queue to PostgreSQL


def enqueue(
    actor: Actor,
    kind: str,
    parameters: dict[str, Any] | None = None,
    lock: str = "",
    not_before: datetime | None = None,
) -> Job:
    """Put a piece of work into the queue; of those with the same ``lock`` one runs at a time."""
    handler = HANDLERS[kind]
    actor.require(handler.permission)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            parameters=parameters or {},
            lock=lock,
            requested_by=actor.name,
            user_id=actor.user_id,
            not_before=not_before,
            attempts_max=handler.attempts_max,
        )
        record(actor, "job.asked", "job", job.pk, after={"kind": kind, "parameters": job.parameters})
    return job


def get(actor: Actor, job_id: int) -> Job:
    """One job, for those who may ask for its kind or whose it is."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not (actor.may("look") and (_is_own(actor, job) or actor.may(_permission(job)))):
        raise NotFoundError("JOB-UNKNOWN", f"there is no job {job_id}", "look at the list of jobs")
    return job


def cancel(actor: Actor, job_id: int) -> Job:
    """Stop a job: at once where it waits, at its next telling where it runs."""
    with transaction.atomic():
        job = get(actor, job_id)
        actor.require(_permission(job))
        if job.state in ENDED:
            return job
        Job.objects.filter(pk=job_id).update(cancel_asked=True)
        Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(state=JobState.CANCELLED, ended_at=timezone.now())
        record(actor, "job.cancelled", "job", job_id, before={"state": job.state})
    job.refresh_from_db()
    return job


def retry(actor: Actor, job_id: int) -> Job:
    """Put a failed or cancelled job into the queue again."""
    with transaction.atomic():
        job = get(actor, job_id)
        actor.require(_permission(job))
        again = Job.objects.filter(pk=job_id, state__in=(JobState.FAILED, JobState.CANCELLED)).update(
            state=JobState.QUEUED, cancel_asked=False, attempts=0, error="", ended_at=None, not_before=None,
            progress_done=0, progress_total=0, phase="", result=None,
        )  # fmt: skip
        if not again:
            raise ConflictError(
                "JOB-STATE", f"job {job_id} is {job.state}", "only a failed or cancelled job starts again"
            )
        record(actor, "job.retried", "job", job_id, before={"state": job.state})
    job.refresh_from_db()
    return job


def claim(runner: str) -> Job | None:
    """The oldest job that may run now, marked as this runner's; None where there is none. No job goes to two."""
    now = timezone.now()
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        held = Job.objects.filter(state=JobState.RUNNING).exclude(lock="").values("lock")
        waiting = Job.objects.filter(state=JobState.QUEUED).filter(Q(not_before=None) | Q(not_before__lte=now))
        job = waiting.exclude(lock__in=held).order_by("id").first()
        if job is None:
            return None
        taken = {"state": JobState.RUNNING, "runner": runner, "started_at": now, "seen_alive_at": now}
        if not Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(attempts=F("attempts") + 1, **taken):
            return None
    job.refresh_from_db()
    return job


def give_back_lost(now: datetime | None = None) -> int:
    """Jobs whose process is gone go back into the queue while they have attempts left; returns how many were lost."""
    before = (now or timezone.now()) - LOST_AFTER
    lost = Job.objects.filter(state=JobState.RUNNING, seen_alive_at__lt=before)
    return sum(give_back(job, "its process ended without a word") for job in lost)


def give_back(job: Job, why: str) -> int:
    """A job that did not end: again, or failed where it was tried often enough or was to be stopped."""
    running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING)
    job.refresh_from_db()
    if job.cancel_asked:
        return running.update(state=JobState.CANCELLED, ended_at=timezone.now())
    if job.attempts < job.attempts_max:
        return running.update(state=JobState.QUEUED, runner="", phase="", progress_done=0, progress_total=0)
    told = f"{why}, {job.attempts} times" if job.attempts > 1 else why
    return running.update(state=JobState.FAILED, ended_at=timezone.now(), error=told)


def _permission(job: Job) -> str:
    handler = HANDLERS.get(job.kind)
    return handler.permission if handler else "administer"


def _is_own(actor: Actor, job: Job) -> bool:
    return (job.requested_by, job.user_id) == (actor.name, actor.user_id)
