"""Answers to the watch hold, are kept to one's brands, and plans come by themselves at night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.audit.models import AuditEntry
from skuwise.server.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from skuwise.server.jobs.handlers import run_now
from skuwise.server.planning import answers, nightly, proofs
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.run import in_force, journal_of
from skuwise.watching.journal import read_journal
from tests.server.shops import END, OF_ALDER, PLANNER, VIEWER, imported, planned, tables

pytestmark = pytest.mark.django_db


def _jumped() -> dict[str, list[dict[str, Any]]]:
    """The shop, where one SKU of each brand has sold five times as much for ten weeks."""
    told = tables()
    for row in told["sales"]:
        if row["sku_id"] in ("TEE-RED", "CAP-1") and row["date"] >= END - timedelta(weeks=10):
            row["units"] *= 5
    return told


@pytest.fixture
def watched() -> PlanRun:
    imported(_jumped())
    return planned()


def _open(actor: Any) -> dict[str, str]:
    return {one.alarm_id: one.sku_id for one in answers.alarms(actor).filter(state="open")}


def test_an_alarm_is_acknowledged_and_put_off_and_the_next_run_remembers(watched: PlanRun) -> None:
    [first, second, *_] = sorted(_open(PLANNER))
    before = journal_of(watched)
    assert answers.acknowledge(PLANNER, [first], "we know") == 1
    assert answers.snooze(PLANNER, [second], date(2027, 1, 1)) == 1
    states = dict(answers.alarms(PLANNER).values_list("alarm_id", "state"))
    assert (states[first], states[second]) == ("acknowledged", "snoozed")
    assert AuditEntry.objects.filter(action="alarm.acknowledged", subject_id=first, reason="we know").exists()
    run = in_force()
    assert journal_of(run) != before
    assert read_journal(before).state != read_journal(journal_of(run)).state, "the former journal stays as it was"
    planned()
    states = dict(answers.alarms(PLANNER).values_list("alarm_id", "state"))
    assert (states[first], states[second]) == ("acknowledged", "snoozed")
    with pytest.raises(ConflictError):
        answers.snooze(PLANNER, [second], date(2020, 1, 1))


def test_a_change_that_waits_is_approved_and_undone(watched: PlanRun) -> None:
    waiting = answers.changes(PLANNER).filter(state="waiting").first()
    assert waiting is not None
    assert answers.decide(PLANNER, [waiting.change_id], "approve", "it will last") == 1
    told = answers.changes(PLANNER).get(change_id=waiting.change_id)
    assert (told.state, told.by, told.why) == ("applied", "pat", "it will last")
    assert answers.decide(PLANNER, [waiting.change_id], "undo", "not so") == 1
    assert answers.changes(PLANNER).get(change_id=waiting.change_id).state == "undone"
    with pytest.raises(ConflictError):
        answers.decide(PLANNER, [waiting.change_id], "refuse")
    with pytest.raises(RefusedError, match="no decision"):
        answers.decide(PLANNER, [waiting.change_id], "forget")


def test_answers_are_kept_to_ones_brands(watched: PlanRun) -> None:
    mine, every = _open(OF_ALDER), _open(PLANNER)
    assert set(mine.values()) <= {"TEE-RED", "TEE-BLUE"}
    other = next(alarm for alarm, sku in every.items() if sku == "CAP-1")
    with pytest.raises(NotFoundError):
        answers.acknowledge(OF_ALDER, [other])
    with pytest.raises(NotAllowedError):
        answers.acknowledge(VIEWER, [other])


def test_a_plan_is_made_once_a_night(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert nightly.due_since(noon) == datetime(2026, 3, 4, 3, tzinfo=UTC)
    assert nightly.due_since(noon.replace(hour=2)) == datetime(2026, 3, 3, 3, tzinfo=UTC)
    nightly.plan_tonight(timezone.now())
    assert not PlanRun.objects.exists(), "nothing is planned while there are no sales"
    imported()
    for _ in range(3):
        nightly.plan_tonight(timezone.now())
    assert PlanRun.objects.get().requested_by == "skuwise"


def test_a_replay_runs_in_the_background_and_its_report_is_kept() -> None:
    imported()
    job = proofs.start_replay(PLANNER, ["textbook", "skuwise"], date(2026, 1, 5), date(2026, 2, 23))
    ended = run_now(job)
    report = proofs.report_of(VIEWER, ended.pk)
    assert report.is_relative_to(Path(settings.CONFIG.data_folder))
    assert "<html" in report.read_text(encoding="utf-8")[:500]
    chosen = run_now(proofs.start_replay(PLANNER, choose_by="abc_class"))
    assert proofs.report_of(VIEWER, chosen.pk).exists()
    with pytest.raises(RefusedError, match="divides no items"):
        proofs.start_replay(PLANNER, choose_by="colour")
    with pytest.raises(RefusedError, match="kind of policy"):
        proofs.start_replay(PLANNER, ["magic"])
    with pytest.raises(NotFoundError):
        proofs.report_of(SYSTEM, ended.pk + 99)
