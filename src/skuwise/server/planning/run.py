"""A planning run from its start to the moment in which it is in force; what ends it before leaves the one before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

import skuwise
from skuwise.core.plan import Plan
from skuwise.server import bulk
from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import NotFoundError, RefusedError
from skuwise.server.jobs import queue
from skuwise.server.jobs.handlers import JobContext, job
from skuwise.server.jobs.models import Job, JobState
from skuwise.server.planning.mirror import mirror_journal
from skuwise.server.planning.models import Alarm, PlanItem, PlanRun, PlanSummary, RuleChange, RunState
from skuwise.server.planning.rows import item_rows, summary_rows
from skuwise.server.planning.search import index_items, unindex_items
from skuwise.server.rules.rulebook import rulebook_in_force
from skuwise.snapshot import write_plan
from skuwise.watching.journal import JournalError

LOCK = "plan"
RUNS_KEPT = 30
ROWS_PER_DELETE = 50_000
Tell = Callable[[str, int, int], None]


def start(actor: Actor, as_of: date | None = None) -> PlanRun:
    """Ask for a plan of the whole shop; it runs in the background, one after the other."""
    actor.require_everywhere("plan")
    with transaction.atomic():
        run = PlanRun.objects.create(requested_by=actor.name, as_of_asked=as_of)
        asked = queue.enqueue(actor, "plan", {"run_id": run.pk}, lock=LOCK)
        PlanRun.objects.filter(pk=run.pk).update(job_id=asked.pk)
        run.job_id = asked.pk
    return run


def in_force() -> PlanRun:
    """The run whose plan holds. Raises ``NotFoundError`` ``RUN-NONE`` before the first."""
    run = PlanRun.objects.filter(in_force=True).first()
    if run is None:
        raise NotFoundError("RUN-NONE", "there is no plan yet", "import the shop's tables and start a planning run")
    return run


def folder_of(run: PlanRun) -> Path:
    """The snapshot of a run."""
    return Path(settings.CONFIG.data_folder) / "plans" / run.folder


def journal_of(run: PlanRun) -> Path | None:
    """The journal that belongs to a run, None where the watch did not run yet."""
    return Path(settings.CONFIG.data_folder) / "plans" / run.journal if run.journal else None


@job("plan", "Planning", "plan")
def plan_job(context: JobContext, run_id: int) -> dict[str, Any]:
    """The background job of a run."""
    run = PlanRun.objects.get(pk=run_id)
    if run.state == RunState.DONE:  # killed after the end, before it could be told
        return _result(run)
    return _result(make_plan(context.actor, run, context.progress))


def make_plan(actor: Actor, run: PlanRun, tell: Tell) -> PlanRun:
    """Plan, watch, write and put in force. Runs again after a crash as if it were the first time."""
    PlanRun.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    _drop_rows(run.pk)
    tell("reading the shop", 0, 0)
    dataset = shop_dataset(run.as_of_asked, lambda what: tell(what, 0, 0))
    if "sales" not in dataset.tables:
        raise RefusedError("RUN-NO-SALES", "there are no sales to plan from", "import them first")
    before = PlanRun.objects.filter(in_force=True).first()
    root = Path(settings.CONFIG.data_folder) / "plans"
    name = f"{run.pk:08d}"
    for left in (root / name, root / f"{name}-journal"):
        shutil.rmtree(left, ignore_errors=True)
    root.mkdir(exist_ok=True)
    journal = root / f"{name}-journal"
    former = journal_of(before) if before else None
    if former is not None and former.exists():
        shutil.copytree(former, journal)
    plan, notes = _planned(dataset, journal, tell)
    tell("writing the plan", 0, 0)
    write_plan(plan, root / name, dataset=dataset)
    _insert_rows(plan, run.pk, tell)
    return _put_in_force(actor, run, plan, name, journal if journal.exists() else None, notes, tell)


def sweep() -> int:
    """Take away what runs that never finished, and runs long past, have left; returns how many were swept."""
    swept = 0
    for run in PlanRun.objects.filter(state__in=(RunState.WAITING, RunState.RUNNING)):
        job_row = Job.objects.filter(pk=run.job_id).first()
        if job_row is not None and job_row.state in (JobState.QUEUED, JobState.RUNNING):
            continue
        ended = RunState.CANCELLED if job_row and job_row.state == JobState.CANCELLED else RunState.FAILED
        PlanRun.objects.filter(pk=run.pk).update(state=ended, finished_at=timezone.now())
        _drop_rows(run.pk)
        swept += 1
    kept = set(PlanRun.objects.filter(state=RunState.DONE).order_by("-id").values_list("pk", flat=True)[:RUNS_KEPT])
    for run in PlanRun.objects.filter(in_force=False, has_items=True):
        _drop_rows(run.pk)
    for run in PlanRun.objects.filter(in_force=False).exclude(folder="").exclude(pk__in=kept):
        shutil.rmtree(folder_of(run), ignore_errors=True)
        PlanRun.objects.filter(pk=run.pk).update(folder="")
        swept += 1
    return swept


def _planned(dataset: Any, journal: Path, tell: Tell) -> tuple[Plan, list[str]]:
    """The plan with what the watch changed for it, and what is to be said about that."""
    try:
        watched = skuwise.monitor(dataset, rulebook_in_force(), journal=journal, progress=tell)
    except JournalError as error:
        return skuwise.plan(dataset, rulebook_in_force(journal=journal), progress=tell), [
            f"The watch did not run: {error}"
        ]
    return watched.plan, []


def _insert_rows(plan: Plan, run_id: int, tell: Tell) -> None:
    """Rows of a run that is not in force are seen by nobody, so they are written piece by piece."""
    items = item_rows(plan, run_id)
    done = 0
    for chunk in items.iter_slices(bulk.CHUNK_ROWS):
        with transaction.atomic():
            bulk.insert(PlanItem, chunk)
        done += chunk.height
        tell("writing the items", done, items.height)
    index_items(run_id, tell)
    with transaction.atomic():
        bulk.insert(PlanSummary, summary_rows(plan, run_id))


def _put_in_force(
    actor: Actor, run: PlanRun, plan: Plan, name: str, journal: Path | None, notes: list[str], tell: Tell
) -> PlanRun:
    """The one moment in which the new plan holds and the old one does not."""
    tell("putting the plan in force", 0, 0)
    orders = plan.columns["order_quantity_units"] > 0
    if hasattr(os, "sync"):
        os.sync()  # the snapshot is on the disk before the database speaks of it
    with transaction.atomic():
        former = PlanRun.objects.select_for_update().filter(in_force=True).first()
        if former is not None:
            PlanRun.objects.filter(pk=former.pk).update(in_force=False)
        run.state, run.in_force, run.finished_at = RunState.DONE, True, timezone.now()
        run.as_of, run.plan_id, run.currency = plan.as_of.astype(date), plan.plan_id, plan.currency
        run.rulebook_hash = plan.rulebook_hash
        run.item_count, run.order_count = len(plan.columns["order_quantity_units"]), int(orders.sum())
        run.order_cost_minor = int(plan.columns["order_cost_total_minor"].sum())
        run.folder, run.journal, run.notes, run.has_items = name, journal.name if journal else "", notes, True
        run.save()
        mirror_journal(run.pk, journal, plan.currency)
        record(
            actor, "plan.in_force", "plan", run.plan_id,
            before={"plan_id": former.plan_id} if former else None,
            after={"plan_id": run.plan_id, "run": run.pk, "orders": run.order_count},
        )  # fmt: skip
    if former is not None:
        tell("tidying up", 0, 0)
        _drop_rows(former.pk)
    return run


def _drop_rows(run_id: int) -> None:
    """Rows of a run that is not in force, piece by piece so that nobody waits long."""
    unindex_items(run_id)
    for model in (PlanItem, PlanSummary, Alarm, RuleChange):
        while True:
            ids = list(model._default_manager.filter(run_id=run_id).values_list("pk", flat=True)[:ROWS_PER_DELETE])
            if not ids:
                break
            model._default_manager.filter(run_id=run_id, pk__gte=min(ids), pk__lte=max(ids)).delete()
    PlanRun.objects.filter(pk=run_id, has_items=True).update(has_items=False)


def _result(run: PlanRun) -> dict[str, Any]:
    return {"run_id": run.pk, "plan_id": run.plan_id, "orders": run.order_count, "items": run.item_count}
