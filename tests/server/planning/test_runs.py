"""A plan is in force whole or not at all."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, transaction

import skuwise
from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.audit.models import AuditEntry
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import NotAllowedError, NotFoundError, RefusedError
from skuwise.server.jobs.handlers import run_now
from skuwise.server.jobs.models import Job
from skuwise.server.planning import run as planning
from skuwise.server.planning.models import PlanItem, PlanRun, PlanSummary
from skuwise.server.planning.search import matching
from tests.server.shops import OF_ALDER, PLANNER, VIEWER, imported, planned

pytestmark = pytest.mark.django_db


def test_a_run_leaves_the_same_plan_as_the_core_makes_of_the_same_tables() -> None:
    imported()
    run = planned()
    expected = skuwise.plan(shop_dataset())
    assert run.in_force
    assert run.plan_id == expected.plan_id == skuwise.read_plan(planning.folder_of(run)).plan_id
    rows = PlanItem.objects.filter(run_id=run.pk).order_by("sku_id").values_list("sku_id", "order_quantity_units")
    made = skuwise.tables(expected)["items"].sort("sku_id")
    assert list(rows) == list(zip(made["sku_id"], made["order_quantity_units"], strict=True))
    assert run.order_count == sum(units > 0 for _, units in rows) > 0
    assert AuditEntry.objects.filter(action="plan.in_force", subject_id=run.plan_id).exists()


def test_the_same_shop_planned_again_has_the_same_plan_id_and_one_run_is_in_force() -> None:
    imported()
    first, second = planned(), planned()
    assert first.plan_id == second.plan_id
    assert list(PlanRun.objects.filter(in_force=True)) == [second]
    assert not PlanItem.objects.filter(run_id=first.pk).exists()
    assert (planning.folder_of(second).parent / second.journal).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanRun.objects.filter(pk=first.pk).update(in_force=True)


@pytest.mark.parametrize("broken", ["write_plan", "_insert_rows", "mirror_journal", "record"])
def test_a_run_that_breaks_anywhere_leaves_the_plan_before_in_force(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported()
    first = planned()
    rows = PlanItem.objects.filter(run_id=first.pk).count()

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(planning, broken, fail)
        with pytest.raises(OSError, match="no space"):
            planned()
    assert planning.in_force().pk == first.pk
    assert PlanItem.objects.filter(run_id=first.pk).count() == rows
    planning.sweep()
    assert set(PlanItem.objects.values_list("run_id", flat=True)) == {first.pk}
    assert planned().in_force


def test_a_run_is_a_job_that_can_be_looked_at_and_is_made_once() -> None:
    imported()
    run = planning.start(PLANNER)
    job = Job.objects.get(pk=run.job_id)
    assert (job.kind, job.lock, job.state) == ("plan", "plan", "queued")
    ended = run_now(job)
    assert ended.state == "done"
    assert ended.result["plan_id"] == planning.in_force().plan_id
    assert run_now(job).result == ended.result
    with pytest.raises(NotAllowedError):
        planning.start(VIEWER)
    with pytest.raises(NotAllowedError, match="whole shop"):
        planning.start(OF_ALDER)


def test_summaries_are_the_sums_of_the_items() -> None:
    imported()
    run = planned()
    items = pl.DataFrame(list(PlanItem.objects.filter(run_id=run.pk).values()))
    for dimension, column in (("total", None), ("brand", "brand"), ("category", "category"), ("stage", "stage")):
        rows = PlanSummary.objects.filter(run_id=run.pk, dimension=dimension)
        assert sum(rows.values_list("items", flat=True)) == items.height
        for row in rows:
            part = items if column is None else items.filter(pl.col(column) == row.value)
            part = part.filter(pl.col("brand") == row.brand)
            assert row.stock_value_minor == part["stock_value_minor"].sum()
            assert row.order_cost_total_minor == part["order_cost_total_minor"].sum()
            assert row.items_to_order == (part["order_quantity_units"] > 0).sum()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("tee", 2),
        ("RED", 1),
        ("tee re", 1),
        ("cap-1", 1),
        ("ee", 0),
        ("", 4),
        ("'--", 0),
        ("birch mu", 1),
        ("sup alder", 2),
    ],
)
def test_items_are_found_by_the_beginnings_of_words(asked: str, found: int) -> None:
    imported()
    run = planned()
    assert matching(PlanItem.objects.filter(run_id=run.pk), asked).count() == found


def test_without_a_plan_or_without_sales_it_says_what_to_do() -> None:
    with pytest.raises(NotFoundError, match="no plan yet"):
        planning.in_force()
    with pytest.raises(RefusedError, match="no sales"):
        planned()
    assert SYSTEM.may("plan")
