"""Replays on the server: the past re-lived under several policies, in the background, kept as a report and tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

import skuwise
from skuwise.replaying.choose import CHOSEN_BY
from skuwise.reports.replay_folder import REPORT_FILE
from skuwise.server.accounts.actor import Actor
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import NotFoundError, RefusedError
from skuwise.server.jobs import queue
from skuwise.server.jobs.handlers import JobContext, job
from skuwise.server.jobs.models import Job, JobState
from skuwise.server.rules.rulebook import rulebook_in_force

KINDS = ("textbook", "min_max", "weeks_of_cover", "skuwise")
POLICIES = ("textbook", "skuwise")


def start_replay(
    actor: Actor,
    policies: Sequence[str] = POLICIES,
    start: date | None = None,
    end: date | None = None,
    choose_by: str = "",
) -> Job:
    """Ask for a replay of the shop's own history under these kinds of policy.

    With ``choose_by`` (one of ``CHOSEN_BY``) settings are picked per group on the earlier part of the window and shown
    on the later one, beside the rulebook as it is and the textbook.
    """
    actor.require_everywhere("plan")
    unknown = [kind for kind in policies if kind not in KINDS]
    if unknown or not policies:
        raise RefusedError("RUN-POLICY", f"{unknown[:1]} is no kind of policy", f"known are {', '.join(KINDS)}")
    if choose_by and choose_by not in CHOSEN_BY:
        raise RefusedError("RUN-CHOOSE", f"{choose_by!r} divides no items", f"known are {', '.join(CHOSEN_BY)}")
    days = {"start": start and start.isoformat(), "end": end and end.isoformat()}
    return queue.enqueue(actor, "replay", {"policies": list(policies), **days, "choose_by": choose_by}, lock="replay")


def report_of(actor: Actor, job_id: int) -> Path:
    """The HTML report of a replay that has ended."""
    actor.require_everywhere("look")
    done = Job.objects.filter(pk=job_id, kind="replay", state=JobState.DONE).first()
    path = _folder(job_id) / REPORT_FILE
    if done is None or not path.exists():
        raise NotFoundError("RUN-NO-REPLAY", f"there is no finished replay {job_id}", "look at the list of jobs")
    return path


@job("replay", "Replaying the past", "plan")
def replay_job(
    context: JobContext, policies: list[str], start: str | None = None, end: str | None = None, choose_by: str = ""
) -> dict[str, Any]:
    """Re-live the past; the report lies in the data folder."""
    dataset = shop_dataset(None, lambda what: context.progress(what, 0, 0))
    window: dict[str, Any] = {
        "rulebook": rulebook_in_force(),
        "start": date.fromisoformat(start) if start else None,
        "end": date.fromisoformat(end) if end else None,
        "progress": context.progress,
    }
    target = _folder(context.job.pk)
    if choose_by:
        choice = skuwise.choose_policy(dataset, by=choose_by, **window)
        skuwise.write_replay(choice.late, target, choice=choice, overwrite=True)
    else:
        skuwise.write_replay(skuwise.replay(dataset, policies, **window), target, overwrite=True)
    return {"folder": target.name}


def _folder(job_id: int) -> Path:
    return Path(settings.CONFIG.data_folder) / "replays" / f"{job_id:08d}"
