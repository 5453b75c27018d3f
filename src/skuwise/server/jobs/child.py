"""The process of one job: ``python -m skuwise.server.jobs.child ID``."""

from __future__ import annotations

import os
import sys
import traceback
from threading import Event, Thread


def main(job_id: int) -> int:
    """Run the job and write how it ended; 0 where that could be written."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skuwise.server.settings")
    import django

    django.setup()
    from skuwise.server.errors import RefusedError
    from skuwise.server.jobs.handlers import HANDLERS, JobCancelledError, JobContext, finished
    from skuwise.server.jobs.models import Job, JobState

    job = Job.objects.get(pk=job_id)
    ended = Event()
    Thread(target=_heartbeat, args=(job_id, ended), daemon=True).start()
    try:
        result = HANDLERS[job.kind].run(JobContext(job), **job.parameters)
    except JobCancelledError:
        finished(job, JobState.CANCELLED)
    except RefusedError as refused:
        finished(job, JobState.FAILED, error=f"{refused.message}. {refused.mend}".rstrip(". "))
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError):
        # A fault of the program: told whole, and not tried again, since it would end the same.
        finished(job, JobState.FAILED, error=traceback.format_exc())
    else:
        finished(job, JobState.DONE, result=result)
    finally:
        ended.set()
    return 0


def _heartbeat(job_id: int, ended: Event) -> None:
    """Say that the process lives, while SQLite's one writer lets it."""
    from django.db import OperationalError, connection
    from django.utils import timezone

    from skuwise.server.jobs.models import Job

    while not ended.wait(10):
        try:
            Job.objects.filter(pk=job_id).update(seen_alive_at=timezone.now())
        except OperationalError:
            continue
        finally:
            connection.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
