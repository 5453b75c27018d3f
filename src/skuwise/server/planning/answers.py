"""Answers of people to the watch: alarms seen or put off, changes approved, refused or undone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from skuwise.core.monitoring import acts
from skuwise.core.monitoring.acts import ActError
from skuwise.core.monitoring.loop import LoopState
from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import Happened, record_all
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.planning.mirror import mirror_journal
from skuwise.server.planning.models import Alarm, PlanRun, RuleChange
from skuwise.server.planning.run import journal_of
from skuwise.watching.journal import Journal, writing

Move = Callable[[LoopState, date], LoopState]


def alarms(actor: Actor) -> QuerySet[Alarm]:
    """The alarms of the plan in force about the actor's brands; those about the whole shop for whoever sees it all."""
    return _visible(actor, Alarm)


def changes(actor: Actor) -> QuerySet[RuleChange]:
    """The changes of rules of the plan in force about the actor's brands."""
    return _visible(actor, RuleChange)


def acknowledge(actor: Actor, alarm_ids: Sequence[str], why: str = "") -> int:
    """Say that alarms have been seen: they are told no more."""

    def move(state: LoopState, on: date) -> LoopState:
        for alarm_id in alarm_ids:
            state = acts.acknowledge(state, alarm_id, actor.name, why, on)
        return state

    return _answered(actor, alarms, "alarm_id", alarm_ids, "alarm.acknowledged", "alarm", move, why)


def snooze(actor: Actor, alarm_ids: Sequence[str], until: date, why: str = "") -> int:
    """Tell nothing of alarms before a day."""

    def move(state: LoopState, on: date) -> LoopState:
        for alarm_id in alarm_ids:
            state = acts.snooze(state, alarm_id, until, actor.name, why, on)
        return state

    return _answered(actor, alarms, "alarm_id", alarm_ids, "alarm.snoozed", "alarm", move, why)


def decide(actor: Actor, change_ids: Sequence[str], decision: str, why: str = "") -> int:
    """Approve or refuse changes that wait, or undo those that were applied (``approve``, ``refuse``, ``undo``)."""
    doing = {"approve": acts.approve, "refuse": acts.refuse, "undo": acts.undo}
    if decision not in doing:
        raise RefusedError("RUN-DECISION", f"{decision!r} is no decision", f"known are {', '.join(doing)}")
    past = {"approve": "approved", "refuse": "refused", "undo": "undone"}[decision]

    def move(state: LoopState, on: date) -> LoopState:
        return doing[decision](state, *change_ids, who=actor.name, why=why, on=on)

    return _answered(actor, changes, "change_id", change_ids, f"change.{past}", "change", move, why)


def _visible(actor: Actor, model: type[Alarm] | type[RuleChange]) -> QuerySet:
    run = PlanRun.objects.filter(in_force=True).first()
    rows = model._default_manager.filter(run_id=run.pk) if run else model._default_manager.none()
    return actor.scope(rows, "look", brand="brand")


def _answered(
    actor: Actor,
    listed: Callable[[Actor], QuerySet],
    key: str,
    ids: Sequence[str],
    action: str,
    kind: str,
    move: Move,
    why: str,
) -> int:
    """Write the journal anew beside the old one and let the run speak of the new one, with the audit in one piece."""
    with transaction.atomic():
        run = PlanRun.objects.select_for_update().filter(in_force=True).first()
        rows = {getattr(row, key): row for row in listed(actor).filter(**{f"{key}__in": list(ids)})}
        missing = [one for one in ids if one not in rows]
        if run is None or missing or not ids:
            raise NotFoundError(
                "RUN-NO-ANSWER", f"there is no {kind} {missing[0] if missing else ''}", f"look at the {kind}s"
            )
        for row in rows.values():
            actor.require("edit_rules", brand=row.brand)
        journal = _moved(run, move)
        PlanRun.objects.filter(pk=run.pk).update(journal=journal.name)
        mirror_journal(run.pk, journal, run.currency)
        record_all(
            actor, action, kind,
            (Happened(one, {"state": rows[one].state}, None, why, rows[one].brand) for one in dict.fromkeys(ids)),
        )  # fmt: skip
    return len(rows)


def _moved(run: PlanRun, move: Move) -> Path:
    former = journal_of(run)
    if former is None or run.as_of is None:
        raise ConflictError("RUN-NO-JOURNAL", "the watch has not run for this plan", "start a planning run")
    journal = Path(settings.CONFIG.data_folder) / "plans" / f"{run.pk:08d}-journal-{uuid4().hex[:8]}"
    shutil.copytree(former, journal)
    try:
        with writing(journal) as (kept, keep):
            keep(Journal(move(kept.state, run.as_of), kept.currency, kept.rulebook, kept.written_at))
    except ActError as error:
        shutil.rmtree(journal)
        raise ConflictError("RUN-ANSWER", str(error), "look at it again") from error
    return journal
