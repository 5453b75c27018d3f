"""Background work is done once, seen while it runs, and survives whatever kills it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from skuwise.server.errors import ConflictError, NotAllowedError
from skuwise.server.jobs import handlers, queue, runner
from skuwise.server.jobs.handlers import JobCancelledError, JobContext, run_now
from skuwise.server.jobs.models import Job
from tests.server.shops import PLANNER, VIEWER

handlers.job("test.count", "Counting", "plan")(lambda context, upto=3: {"sum": sum(range(upto))})


@pytest.mark.django_db
def test_a_job_is_asked_for_run_and_its_result_kept() -> None:
    job = queue.enqueue(PLANNER, "test.count", {"upto": 5})
    assert (job.state, job.requested_by) == ("queued", "pat")
    assert (run_now(job).state, job.result) == ("done", {"sum": 10})
    with pytest.raises(NotAllowedError):
        queue.enqueue(VIEWER, "test.count")


@pytest.mark.django_db
def test_of_jobs_with_one_lock_one_runs_at_a_time_and_the_oldest_first() -> None:
    first, second = (queue.enqueue(PLANNER, "test.count", lock="plan") for _ in range(2))
    other = queue.enqueue(PLANNER, "test.count")
    later = queue.enqueue(PLANNER, "test.count", not_before=timezone.now() + timedelta(hours=1))
    assert [queue.claim("r").pk, queue.claim("r").pk, queue.claim("r")] == [first.pk, other.pk, None]
    handlers.finished(first, "done")
    assert queue.claim("r").pk == second.pk
    assert Job.objects.get(pk=later.pk).state == "queued"


@pytest.mark.django_db
def test_a_lost_job_runs_again_until_its_tries_are_used_up() -> None:
    job = queue.enqueue(PLANNER, "test.count")
    for attempt in range(1, 4):
        assert queue.claim("r").attempts == attempt
        assert queue.give_back_lost(timezone.now() + timedelta(minutes=5)) == 1
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "its process ended without a word, 3 times")
    assert queue.retry(PLANNER, job.pk).state == "queued"
    with pytest.raises(ConflictError, match="is queued"):
        queue.retry(PLANNER, job.pk)


@pytest.mark.django_db
def test_a_job_is_cancelled_at_once_while_it_waits_and_at_its_next_telling_while_it_runs() -> None:
    assert queue.cancel(PLANNER, queue.enqueue(PLANNER, "test.count").pk).state == "cancelled"
    queue.enqueue(PLANNER, "test.count")
    running = queue.claim("r")
    queue.cancel(PLANNER, running.pk)

    context = JobContext(running)
    inside, connection.in_atomic_block = connection.in_atomic_block, False
    try:
        with pytest.raises(JobCancelledError):
            context.progress("counting", 1, 2)
    finally:
        connection.in_atomic_block = inside


@pytest.mark.django_db(transaction=True)
def test_no_job_goes_to_two_of_many_runners() -> None:
    for _ in range(20):
        queue.enqueue(PLANNER, "test.count")
    start, taken = Barrier(8), []

    def take() -> None:
        start.wait()
        while (job := queue.claim("r")) is not None:
            taken.append(job.pk)
        connection.close()

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(Job.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_duty_that_is_due_is_done_by_one_of_many_runners(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    duty = handlers.Duty("test duty", timedelta(hours=1), lambda now: done.append("x"))
    monkeypatch.setattr(handlers, "DUTIES", {"test duty": duty})

    def look() -> None:
        runner.do_duties()
        connection.close()

    threads = [Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == ["x"]


def test_a_runner_takes_a_job_into_a_process_of_its_own_and_tells_how_it_ended(tmp_path: Any) -> None:
    """A whole server beside the test's own: its folder, its database file, its runner."""
    script = """
import os, sys, time, threading
import django
django.setup()
from django.core.management import call_command
from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.jobs import queue, runner
from skuwise.server.jobs.models import Job
call_command("migrate", verbosity=0)
job = queue.enqueue(SYSTEM, "import", {"folder": "/nowhere"})
runner.LOOK_EVERY_SECONDS = 0.1
runner.run(threading.Event(), once=True)
job.refresh_from_db()
print(job.state, job.attempts, job.error)
"""
    environment = {**os.environ, "SKUWISE_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "skuwise.server.settings"}
    environment.pop("SKUWISE_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith("failed 1 /nowhere does not exist"), done.stdout + done.stderr
