"""What people ask of a plan: one item explained, two plans compared, sums of what they may see."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db.models import QuerySet, Sum

import skuwise
from skuwise.core.plan import Plan
from skuwise.core.trace.explain import UnknownNameError
from skuwise.server.accounts.actor import Actor
from skuwise.server.errors import NotFoundError
from skuwise.server.planning.models import PlanItem, PlanRun, PlanSummary, RunState
from skuwise.server.planning.rows import DIMENSIONS
from skuwise.server.planning.run import folder_of, in_force

WEEK_DAYS = 7


def items(actor: Actor) -> QuerySet[PlanItem]:
    """The items of the plan in force that the actor may see."""
    run = PlanRun.objects.filter(in_force=True).first()
    rows = PlanItem.objects.filter(run_id=run.pk) if run else PlanItem.objects.none()
    return actor.scope(rows, "look", brand="brand")


def item(actor: Actor, sku_id: str, location_id: str) -> PlanItem:
    """One item of the plan in force."""
    found = items(actor).filter(sku_id=sku_id, location_id=location_id).first()
    if found is None:
        raise NotFoundError("RUN-NO-ITEM", f"{sku_id} at {location_id} is not in the plan", "look at the list of items")
    return found


def explained(actor: Actor, sku_id: str, location_id: str, field: str = "", *, full: bool = False) -> str:
    """Why a number of an item is what it is, in words, down to the rows that it comes from."""
    item(actor, sku_id, location_id)
    plan = snapshot(in_force())
    try:
        told = skuwise.explain(plan, sku_id, location_id, field or "order_quantity_units")
    except UnknownNameError as error:
        raise NotFoundError("RUN-NO-FIELD", str(error.args[0]), "name a field of the plan") from error
    return skuwise.render(told, full=full)


def compared(actor: Actor, before_run: int, after_run: int) -> str:
    """What changed between two plans and why, in words; for those who see the whole shop."""
    actor.require_everywhere("look")
    return skuwise.render_diff(skuwise.diff(snapshot(run(before_run)), snapshot(run(after_run))))


def run(run_id: int) -> PlanRun:
    """A finished run whose snapshot is kept."""
    found = PlanRun.objects.filter(pk=run_id, state=RunState.DONE).exclude(folder="").first()
    if found is None:
        raise NotFoundError("RUN-UNKNOWN", f"there is no plan of run {run_id}", "look at the list of runs")
    return found


def snapshot(of: PlanRun) -> Plan:
    """The plan of a run; the last few stay open."""
    return _opened(str(folder_of(of)))


@lru_cache(maxsize=4)
def _opened(folder: str) -> Plan:
    return skuwise.read_plan(folder)


def summaries(actor: Actor, dimension: str) -> list[dict[str, Any]]:
    """Sums by the values of a dimension over the actor's brands, and the rates that follow from them."""
    actor.require("look")
    if dimension not in DIMENSIONS:
        raise NotFoundError("RUN-DIMENSION", f"{dimension!r} is no dimension", f"known are {', '.join(DIMENSIONS)}")
    rows = actor.scope(PlanSummary.objects.filter(run_id=in_force().pk, dimension=dimension), "look", brand="brand")
    sums = [field.name for field in PlanSummary._meta.fields][5:]
    grouped = rows.values("value").annotate(**{f"sum_{name}": Sum(name) for name in sums}).order_by("value")
    return [_rated(row["value"], {name: row[f"sum_{name}"] or 0 for name in sums}) for row in grouped]


def _rated(value: str, sums: dict[str, Any]) -> dict[str, Any]:
    """Rates by their definitions in the data dictionary, from sums; None where nothing can be divided by."""

    def quotient(above: float, below: float) -> float | None:
        return above / below if below > 0 else None

    weekly = sums["daily_mean_units"] * WEEK_DAYS
    return {
        "value": value,
        **sums,
        "inventory_turnover_cost_per_year": quotient(sums["cogs_minor_52w"], sums["inventory_cost_years_52w"]),
        "sell_through_receipt_share": quotient(sums["receipt_cohort_sold_units"], sums["receipt_cohort_units"]),
        "weeks_of_supply": quotient(sums["on_hand_units"], weekly),
        "unit_fill_rate_demand_based": quotient(
            sums["shipped_units_52w"], sums["shipped_units_52w"] + sums["lost_units_52w"]
        ),
        "gmroi_per_year": quotient(
            sums["net_revenue_minor_52w"] - sums["cogs_minor_52w"], sums["inventory_cost_years_52w"]
        ),
    }
