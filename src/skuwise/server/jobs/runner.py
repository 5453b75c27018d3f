"""The runner: takes job after job, each in a process of its own, and looks after what is due from time to time.

``python -m skuwise.server.jobs.runner`` runs until it is told to stop. Several may run beside each other.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from threading import Event
from types import FrameType

LOOK_EVERY_SECONDS = 1.0
#: After a request to stop a job has this long to end by itself.
GRACE_SECONDS = 15.0
log = logging.getLogger("skuwise.jobs")


def run(stopped: Event, *, once: bool = False) -> int:
    """Take jobs until ``stopped`` is set (or, with ``once``, until none is left); returns how many ran."""
    from django.db import OperationalError, close_old_connections

    from skuwise.server.jobs import queue

    name, done, looked_at = f"{socket.gethostname()}:{os.getpid()}", 0, 0.0
    while not stopped.is_set():
        close_old_connections()
        try:
            if time.monotonic() - looked_at >= LOOK_EVERY_SECONDS:
                looked_at = time.monotonic()
                queue.give_back_lost()
                do_duties()
            job = queue.claim(name)
        except OperationalError:
            log.warning("the database is busy or away; trying again")
            job = None
        if job is not None:
            _in_child(job.pk, stopped)
            done += 1
        elif once:
            break
        else:
            stopped.wait(LOOK_EVERY_SECONDS)
    return done


def do_duties() -> None:
    """What is due now. Of several runners one does it: whoever moves the time of the last look."""
    from django.db.models import Q
    from django.utils import timezone

    from skuwise.server.jobs.handlers import DUTIES
    from skuwise.server.jobs.models import DutyDone

    now = timezone.now()
    for duty in DUTIES.values():
        DutyDone.objects.get_or_create(name=duty.name)
        due = DutyDone.objects.filter(name=duty.name).filter(Q(done_at=None) | Q(done_at__lte=now - duty.every))
        if due.update(done_at=now):
            duty.do(now)


def _in_child(job_id: int, stopped: Event) -> None:
    from skuwise.server.jobs import queue
    from skuwise.server.jobs.models import Job

    child = subprocess.Popen([sys.executable, "-m", "skuwise.server.jobs.child", str(job_id)])
    log.info("job started", extra={"job": job_id, "child": child.pid})
    asked_at = 0.0
    while child.poll() is None:
        time.sleep(0.1)
        if asked_at and time.monotonic() - asked_at > GRACE_SECONDS:
            child.kill()
        elif not asked_at and (stopped.is_set() or _cancel_asked(job_id)):
            asked_at = time.monotonic()
            if stopped.is_set():
                child.terminate()
    job = Job.objects.get(pk=job_id)
    if job.state == "running":
        how = (
            f"its process ended with signal {-child.returncode}" if child.returncode < 0 else "its process ended early"
        )
        queue.give_back(job, how)
    log.info("job ended", extra={"job": job_id, "code": child.returncode})


def _cancel_asked(job_id: int) -> bool:
    from skuwise.server.jobs.models import Job

    return bool(Job.objects.filter(pk=job_id).values_list("cancel_asked", flat=True).first())


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skuwise.server.settings")
    import django

    django.setup()
    stopped = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    run(stopped)
    return 0


if __name__ == "__main__":
    sys.exit(main())
