"""Jobs of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class JobsRow(TypedDict):
    id: int
    kind: str
    state: str
    requested_by: str
    phase: str
    progress_done: int
    progress_total: int
    attempts: int
    created_at: str
    started_at: str | None
    ended_at: str | None
    error: str


class JobsPage(TypedDict):
    rows: list[JobsRow]
    next_cursor: str
    count: NotRequired[int | None]


class JobRecord(TypedDict):
    """A background job: how far it is, and how it ended."""

    id: int
    kind: str
    state: str
    phase: str
    progress_done: int
    progress_total: int
    attempts: int
    created_at: str
    ended_at: str | None
    result: Any
    error: str


class JobsCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_jobs(self, **query: Unpack[ListQuery]) -> JobsPage:
        """Background jobs, the newest first."""
        answer: JobsPage = self._ask("GET", "/jobs", query=query)
        return answer

    def get_job(self, job_id: int) -> JobRecord:
        """One job."""
        answer: JobRecord = self._ask("GET", f"/jobs/{part(job_id)}")
        return answer

    def cancel_job(self, job_id: int) -> JobRecord:
        """Stop a job; it takes the permission that asking for it takes."""
        answer: JobRecord = self._ask("POST", f"/jobs/{part(job_id)}/cancel")
        return answer

    def retry_job(self, job_id: int) -> JobRecord:
        """Put a failed or cancelled job into the queue again."""
        answer: JobRecord = self._ask("POST", f"/jobs/{part(job_id)}/retry")
        return answer
