"""Look at rules: what a new rulebook would change, where a value comes from, what happened to a SKU's rules."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

import skuwise
from skuwise.core.dictionary import fields_of
from skuwise.core.rules import Rulebook
from skuwise.core.rules.explain import explain_field
from skuwise.core.rules.resolve import deciding_counts
from skuwise.core.trace.explain import find_item
from skuwise.server.accounts.actor import Actor
from skuwise.server.catalog.models import Sku
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import NotFoundError
from skuwise.server.operations.previews import Action, Effect, Parameters, register
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.reading import item, snapshot
from skuwise.server.planning.run import in_force, journal_of
from skuwise.server.rules.models import Override, RulebookVersion
from skuwise.server.rules.overrides import visible
from skuwise.server.rules.rulebook import (
    overrides_in_force,
    parsed,
    version,
    with_rules_of,
    write_version,
    written_rulebook,
)
from skuwise.watching.history import history_of
from skuwise.watching.journal import read_journal


def fields() -> list[dict[str, Any]]:
    """Every rule field: what it means, its type, unit, range and default."""
    return [
        {
            "field": name,
            "dtype": one.dtype,
            "unit": one.unit,
            "default": one.default,
            "range": one.range,
            "description": one.description,
        }
        for name, one in fields_of("rules").items()
    ]


def moved_by(text: str) -> dict[str, Any]:
    """What a rulebook would change if it were in force today: the shop is planned with it and without it.

    Items whose value of a field differs, by field; orders and their value before and after, in minor units. It costs
    two plans of the shop, without the watch.
    """
    new = parsed(text).with_overrides(overrides_in_force(), "overrides")
    old = written_rulebook().with_overrides(overrides_in_force(), "overrides")
    dataset = shop_dataset()
    if "sales" not in dataset.tables:
        return {"fields": {}, "items": 0, "orders": [0, 0], "order_cost_minor": [0, 0]}
    before, after = (skuwise.plan(dataset, _with_automatic(rules)) for rules in (old, new))
    changed = {
        name: int(np.sum(before.columns[name] != after.columns[name]))
        for name in fields_of("rules")
        if name in before.columns and before.columns[name].dtype.kind != "M"
    }
    quantity, cost = "order_quantity_units", "order_cost_total_minor"
    return {
        "fields": {name: count for name, count in changed.items() if count},
        "items": int(np.sum(before.columns[quantity] != after.columns[quantity])),
        "orders": [int((one.columns[quantity] > 0).sum()) for one in (before, after)],
        "order_cost_minor": [int(one.columns[cost].sum()) for one in (before, after)],
    }


def history(actor: Actor, sku_id: str, field: str = "") -> list[dict[str, Any]]:
    """What happened to the rules of a SKU, oldest first: overrides and changes of the watch."""
    sku = Sku.objects.filter(sku_id=sku_id).first()
    if sku is None or not actor.may("look", brand=sku.brand or ""):
        raise NotFoundError("RBK-SKU", f"there is no SKU {sku_id!r}", "look it up in the catalogue")
    rows = visible(actor).filter(sku_id=sku_id)
    told = [_told_override(one) for one in (rows.filter(field=field) if field else rows)]
    run = PlanRun.objects.filter(in_force=True).first()
    journal = journal_of(run) if run else None
    if journal is not None:
        told += [
            {"on": str(line.on), "what": line.what, "by": "", "why": line.why}
            for line in history_of(read_journal(journal), sku_id, field)
        ]
    return sorted(told, key=lambda line: line["on"])


def explained(actor: Actor, sku_id: str, location_id: str, field: str) -> list[dict[str, Any]]:
    """Every rule that speaks of a field, tried on one item of the plan in force, by rising precedence; one holds."""
    item(actor, sku_id, location_id)
    if field not in fields_of("rules"):
        raise NotFoundError("RBK-FIELD", f"there is no rule field {field!r}", "look at the list of rule fields")
    plan = snapshot(in_force())
    row, _ = find_item(plan, sku_id, location_id, "order_quantity_units")
    return [
        {
            "layer": one.layer,
            "rule": one.rule.description or one.rule.where,
            "value": str(one.value),
            "why_not": one.why_not,
            "holds": one.holds,
        }
        for one in explain_field(plan.rulebook, plan.columns, plan.labels, plan.as_of, row, field)
    ]


def counted(actor: Actor) -> list[dict[str, Any]]:
    """Every rule of the plan in force but those about single SKUs, with the items for which it decides something."""
    actor.require_everywhere("look")
    plan = snapshot(in_force())
    rules = plan.rulebook.in_order
    counts = deciding_counts(plan.given_by, len(rules)).tolist()
    return [
        {"layer": rule.layer, "rule": rule.description or rule.where, "fields": sorted(rule.values), "items": count}
        for rule, count in zip(rules, counts, strict=True)
        if rule.layer not in ("automatic", "override")
    ]


def _told_override(one: Override) -> dict[str, Any]:
    where = f" at {one.location_id}" if one.location_id else ""
    until = f" until {one.valid_until}" if one.valid_until else ""
    ended = f"; ended by {one.ended_by}: {one.end_reason}" if one.ended_at else ""
    what = f"{one.field} = {one.value}{where}{until}{ended}"
    return {"on": f"{one.created_at:%Y-%m-%d}", "what": what, "by": one.author, "why": one.reason}


def _with_automatic(rules: Rulebook) -> Rulebook:
    run = PlanRun.objects.filter(in_force=True).first()
    return with_rules_of(rules, journal_of(run) if run else None)


def _look_rulebook(actor: Actor, parameters: Parameters) -> Effect:
    actor.require_everywhere("edit_rules")
    text = _text_of(parameters)
    newest = RulebookVersion.objects.order_by("-number").first()
    moved = moved_by(text)
    cost = moved["order_cost_minor"][1] - moved["order_cost_minor"][0]
    lines = list(
        difflib.unified_diff((newest.text if newest else "").splitlines(), text.splitlines(), lineterm="", n=1)
    )
    return Effect(
        f"{moved['items']:,} items would be ordered otherwise; {len(moved['fields'])} fields change",
        counts={"items": moved["items"], "orders_before": moved["orders"][0], "orders_after": moved["orders"][1]},
        money_minor=cost,
        rows=[{"field": name, "items": count} for name, count in sorted(moved["fields"].items())]
        + [{"line": line} for line in lines[2:200]],
        fingerprint_of=[text, newest.number if newest else 0, moved["fields"]],
    )


def _do_rulebook(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    newest = RulebookVersion.objects.order_by("-number").first()
    back_to = parameters.get("back_to")
    made = write_version(
        actor, _text_of(parameters), str(parameters.get("reason", "")), newest.number if newest else 0, back_to
    )
    return {"version": made.number, "before": made.number - 1}


def _undo_rulebook(actor: Actor, result: dict[str, Any], reason: str) -> None:
    newest = RulebookVersion.objects.order_by("-number").first()
    text = version(result["before"]).text if result["before"] else ""
    write_version(actor, text, reason or "taken back", newest.number if newest else 0, result["before"] or None)


def _text_of(parameters: Parameters) -> str:
    back_to = parameters.get("back_to")
    return version(int(back_to)).text if back_to else str(parameters.get("text", ""))


register(Action("rulebook.write", "writing the rulebook", "edit_rules", _look_rulebook, _do_rulebook, _undo_rulebook))
