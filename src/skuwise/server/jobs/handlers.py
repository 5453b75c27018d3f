"""What background jobs there are: each kind of job is one function, named where it lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from skuwise.server.accounts.actor import SYSTEM, Actor, actor_of
from skuwise.server.accounts.models import User
from skuwise.server.jobs.models import Job, JobState

#: Progress is written no more often.
TOLD_EVERY = timedelta(seconds=0.5)


class JobCancelledError(Exception):
    """Somebody asked the job to stop; what it had begun is undone by its own transaction."""


class JobContext:
    """What a running job knows of itself: for whom it runs, and where it tells how far it is."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._told_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """Who asked for it, with what that person may now."""
        if self.job.user_id is None:
            return SYSTEM
        return actor_of(User.objects.get(pk=self.job.user_id))

    def progress(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Tell how far it is. Raises ``JobCancelledError`` where somebody asked to stop."""
        now = timezone.now()
        same_phase = phase == self.job.phase
        if same_phase and self._told_at is not None and now - self._told_at < TOLD_EVERY and done < total:
            return
        self._told_at = now
        self.job.phase, self.job.progress_done, self.job.progress_total = phase, done, total
        if connection.in_atomic_block:
            return  # it would be seen by nobody before the end
        told = {"phase": phase[:200], "progress_done": done, "progress_total": total, "seen_alive_at": now}
        try:
            Job.objects.filter(pk=self.job.pk).update(**told)
            asked = Job.objects.filter(pk=self.job.pk).values_list("cancel_asked", flat=True).first()
        except OperationalError:
            return  # another holds the one write lock of SQLite: the next telling will do
        if asked:
            raise JobCancelledError


Run = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Handler:
    kind: str
    title: str
    permission: str
    run: Run
    attempts_max: int


HANDLERS: dict[str, Handler] = {}


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that is due from time to time: asked with the time, it does what is due, in short."""

    name: str
    every: timedelta
    do: Callable[[datetime], None]


DUTIES: dict[str, Duty] = {}


def job(kind: str, title: str, permission: str, attempts_max: int = 3) -> Callable[[Run], Run]:
    """Name a function as a kind of job."""

    def named(run: Run) -> Run:
        HANDLERS[kind] = Handler(kind, title, permission, run, attempts_max)
        return run

    return named


def duty(name: str, every: timedelta) -> Callable[[Callable[[datetime], None]], Callable[[datetime], None]]:
    """Name a function as a duty that the runner looks at so often."""

    def named(do: Callable[[datetime], None]) -> Callable[[datetime], None]:
        DUTIES[name] = Duty(name, every, do)
        return do

    return named


def run_now(job_row: Job) -> Job:
    """Run a job in this process, to its end."""
    handler = HANDLERS[job_row.kind]
    started = {"state": JobState.RUNNING, "started_at": timezone.now(), "seen_alive_at": timezone.now()}
    Job.objects.filter(pk=job_row.pk).update(**started)
    job_row.refresh_from_db()
    try:
        result = handler.run(JobContext(job_row), **job_row.parameters)
    except JobCancelledError:
        return finished(job_row, JobState.CANCELLED)
    return finished(job_row, JobState.DONE, result=result)


def finished(job_row: Job, state: str, *, result: Any = None, error: str = "") -> Job:
    """Write how a job ended."""
    ended = {"state": state, "ended_at": timezone.now(), "result": result, "error": error[:20_000]}
    Job.objects.filter(pk=job_row.pk).update(**ended)
    job_row.refresh_from_db()
    return job_row
