"""Background jobs over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router, Schema

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import Id, endpoint
from skuwise.server.api.lists import list_endpoint
from skuwise.server.jobs import queue
from skuwise.server.jobs.handlers import HANDLERS
from skuwise.server.jobs.models import Job
from skuwise.server.listing.spec import Column, ListSpec

router = Router(tags=["jobs"])

JOBS = ListSpec(
    "jobs",
    (
        Column("id", "Job", "count"),
        Column("kind", "Kind", "choice"),
        Column("state", "State", "choice"),
        Column("requested_by", "By"),
        Column("phase", "Phase", sortable=False),
        Column("progress_done", "Done", "count", sortable=False),
        Column("progress_total", "Of", "count", sortable=False),
        Column("attempts", "Tries", "count", sortable=False),
        Column("created_at", "Asked", "time"),
        Column("started_at", "Started", "time", sortable=False, nullable=True),
        Column("ended_at", "Ended", "time", sortable=False, nullable=True),
        Column("error", "Error", sortable=False),
    ),
    "-id",
)


class JobRecord(Schema):
    """A background job: how far it is, and how it ended."""

    id: int
    kind: str
    state: str
    phase: str
    progress_done: int
    progress_total: int
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    result: Any
    error: str


def told_job(job: Job) -> dict[str, Any]:
    """A job as a record."""
    names = (
        "kind",
        "state",
        "phase",
        "progress_done",
        "progress_total",
        "attempts",
        "created_at",
        "ended_at",
        "result",
        "error",
    )
    return {"id": job.pk, **{name: getattr(job, name) for name in names}}


def visible(actor: Actor) -> QuerySet[Job]:
    """Jobs of the kinds that the actor may ask for."""
    kinds = [kind for kind, handler in HANDLERS.items() if actor.may(handler.permission)]
    return Job.objects.filter(kind__in=kinds)


list_endpoint(router, "/jobs", "look", JOBS, visible, "list_jobs", "Background jobs, the newest first.")


@endpoint(router, "GET", "/jobs/{job_id}", "look", JobRecord)
def get_job(request: HttpRequest, job_id: Id) -> Any:
    """One job."""
    return told_job(queue.get(request.actor, job_id))


@endpoint(router, "POST", "/jobs/{job_id}/cancel", "look", JobRecord)
def cancel_job(request: HttpRequest, job_id: Id) -> Any:
    """Stop a job; it takes the permission that asking for it takes."""
    return told_job(queue.cancel(request.actor, job_id))


@endpoint(router, "POST", "/jobs/{job_id}/retry", "look", JobRecord)
def retry_job(request: HttpRequest, job_id: Id) -> Any:
    """Put a failed or cancelled job into the queue again."""
    return told_job(queue.retry(request.actor, job_id))
