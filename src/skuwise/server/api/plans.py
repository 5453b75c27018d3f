"""Plans over the API: runs, items, sums, explanations; alarms and changes of the watch; replays."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import Id, MaybeName, Name, Text, endpoint
from skuwise.server.api.jobs import JobRecord, told_job
from skuwise.server.api.lists import list_endpoint
from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.planning import answers, proofs, reading
from skuwise.server.planning.lists import ALARMS, CHANGES, ITEMS
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.run import in_force, start

router = Router(tags=["plans"])

RUNS = ListSpec(
    "plan_runs",
    (
        Column("id", "Run", "count"),
        Column("state", "State", "choice"),
        Column("in_force", "In force", "flag"),
        Column("plan_id", "Plan"),
        Column("as_of", "As of", "day", nullable=True),
        Column("item_count", "Items", "count"),
        Column("order_count", "Orders", "count"),
        Column("order_cost_minor", "Order value", "money"),
        Column("requested_by", "By"),
        Column("requested_at", "Asked", "time"),
        Column("finished_at", "Finished", "time", nullable=True),
        Column("job_id", "Job", "count", nullable=True),
    ),
    "-id",
)


class Run(Schema):
    """A planning run; its job tells how far it is."""

    id: int
    state: str
    in_force: bool
    plan_id: str
    as_of: date | None
    job_id: int | None
    item_count: int
    order_count: int
    order_cost_minor: int
    currency: str
    notes: list[str]


class AskedPlan(Schema):
    as_of: date | None = None


class Told(Schema):
    text: str


class Summary(Schema):
    """Sums and rates of one value of a dimension; money in minor units, rates None where nothing can be divided by."""

    value: str
    items: int
    items_to_order: int
    order_cost_total_minor: int
    items_at_risk: int
    margin_at_risk_minor: int
    on_hand_units: int
    daily_mean_units: float
    stock_value_minor: int
    excess_value_minor: int
    dead_stock_value_minor: int
    annual_value_minor: int
    lost_margin_minor_52w: int
    inventory_turnover_cost_per_year: float | None
    sell_through_receipt_share: float | None
    weeks_of_supply: float | None
    unit_fill_rate_demand_based: float | None
    gmroi_per_year: float | None


Ids = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class Seen(Schema):
    ids: Ids
    why: Text = ""


class Snoozed(Seen):
    until: date


class Decided(Seen):
    decision: Literal["approve", "refuse", "undo"]


class Answered(Schema):
    answered: int


class AskedReplay(Schema):
    policies: Annotated[list[Name], Field(min_length=1, max_length=8)] = list(proofs.POLICIES)
    start: date | None = None
    end: date | None = None
    choose_by: MaybeName = ""


def _runs(actor: Actor) -> Any:
    """Runs are of the whole shop; their sums are shown to whoever sees all of it."""
    return PlanRun.objects.all() if actor.brands() is None else PlanRun.objects.none()


list_endpoint(router, "/plan-runs", "look", RUNS, _runs, "list_plan_runs", "Planning runs, the newest first.")
list_endpoint(router, "/items", "look", ITEMS, reading.items, "list_items", "Items of the plan in force.")
list_endpoint(router, "/alarms", "look", ALARMS, answers.alarms, "list_alarms", "What the watch has found.")
list_endpoint(
    router, "/changes", "look", CHANGES, answers.changes, "list_changes", "What the watch changed or asks for."
)


@endpoint(router, "POST", "/plan-runs", "plan", Run, status=202)
def start_plan_run(request: HttpRequest, asked: AskedPlan) -> Any:
    """Plan the whole shop in the background."""
    return _told(start(request.actor, asked.as_of))


@endpoint(router, "GET", "/plan-runs/in-force", "look", Run)
def get_plan_in_force(request: HttpRequest) -> Any:
    """The run whose plan holds now."""
    request.actor.require_everywhere("look")
    return _told(in_force())


@endpoint(router, "GET", "/plan-runs/{run_id}", "look", Run)
def get_plan_run(request: HttpRequest, run_id: Id) -> Any:
    """One finished run whose snapshot is kept."""
    request.actor.require_everywhere("look")
    return _told(reading.run(run_id))


@endpoint(router, "GET", "/plan-runs/{before}/diff/{after}", "look", Told)
def compare_plan_runs(request: HttpRequest, before: Id, after: Id) -> Any:
    """What changed between two plans, and why, in words."""
    return {"text": reading.compared(request.actor, before, after)}


@endpoint(router, "GET", "/items/{sku_id}/{location_id}/explanation", "look", Told)
def explain_item(
    request: HttpRequest,
    sku_id: Name,
    location_id: Name,
    field: Name = "order_quantity_units",
    full: bool = False,
) -> Any:
    """Why a number of an item is what it is, down to the rows that it comes from."""
    return {"text": reading.explained(request.actor, sku_id, location_id, field, full=full)}


@endpoint(router, "GET", "/summaries/{dimension}", "look", list[Summary])
def list_summaries(request: HttpRequest, dimension: Name) -> Any:
    """Sums and rates by total, brand, category, supplier, location, stage or abc_xyz."""
    return reading.summaries(request.actor, dimension)


@endpoint(router, "POST", "/alarms/acknowledge", "edit_rules", Answered)
def acknowledge_alarms(request: HttpRequest, seen: Seen) -> Any:
    """Say that alarms have been seen."""
    return {"answered": answers.acknowledge(request.actor, seen.ids, seen.why)}


@endpoint(router, "POST", "/alarms/snooze", "edit_rules", Answered)
def snooze_alarms(request: HttpRequest, snoozed: Snoozed) -> Any:
    """Tell nothing of alarms before a day."""
    return {"answered": answers.snooze(request.actor, snoozed.ids, snoozed.until, snoozed.why)}


@endpoint(router, "POST", "/changes/decide", "edit_rules", Answered)
def decide_changes(request: HttpRequest, decided: Decided) -> Any:
    """Approve or refuse changes that wait, or undo those that were applied."""
    return {"answered": answers.decide(request.actor, decided.ids, decided.decision, decided.why)}


@endpoint(router, "POST", "/replays", "plan", JobRecord, status=202)
def start_replay(request: HttpRequest, asked: AskedReplay) -> Any:
    """Re-live the shop's history under several policies, in the background."""
    return told_job(proofs.start_replay(request.actor, asked.policies, asked.start, asked.end, asked.choose_by))


@endpoint(router, "GET", "/replays/{job_id}/report", "look", Any)
def get_replay_report(request: HttpRequest, job_id: Id) -> Any:
    """The report of a replay, a page that needs nothing else."""
    answer = FileResponse(proofs.report_of(request.actor, job_id).open("rb"), content_type="text/html; charset=utf-8")
    # The report carries its own style and script: it may use them and nothing of this server.
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
        "sandbox allow-scripts"
    )
    return answer


def _told(run: PlanRun) -> dict[str, Any]:
    names = (
        "state",
        "in_force",
        "plan_id",
        "as_of",
        "job_id",
        "item_count",
        "order_count",
        "order_cost_minor",
        "currency",
    )
    return {"id": run.pk, "notes": run.notes, **{name: getattr(run, name) for name in names}}
