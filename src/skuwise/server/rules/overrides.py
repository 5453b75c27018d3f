"""Overrides: what a person decides for single SKUs, instead of a rule or of a proposed quantity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from skuwise.core.dictionary import fields_of
from skuwise.server.accounts.actor import SYSTEM, Actor
from skuwise.server.audit.record import Happened, record_all
from skuwise.server.catalog.models import Sku
from skuwise.server.errors import NotFoundError, RefusedError
from skuwise.server.jobs.handlers import duty
from skuwise.server.operations.previews import Action, Effect, Parameters, register
from skuwise.server.rules.models import Override, OverrideKind
from skuwise.server.rules.rulebook import rules_of

ORDER_UNITS = "order_units"
ROWS_MAX = 12_000
NAMES_PER_QUERY = 400
UNITS_MAX = 2**53


def add(actor: Actor, rows: Sequence[dict[str, Any]]) -> list[Override]:
    """Add overrides, all of them or none: one that speaks of the same SKU, location and field ends the one before.

    A row holds ``sku_id``, ``field``, ``value``, ``reason`` and, where wanted, ``location_id``, ``unit``, ``from``,
    ``until``. The field ``order_units`` is the quantity to order instead of the proposed one. The author is the actor.
    """
    made = _checked(actor, rows)
    with transaction.atomic():
        ended = _end_same(actor, made)
        saved = Override.objects.bulk_create(made, batch_size=NAMES_PER_QUERY)
        record_all(
            actor,
            "override.added",
            "override",
            (Happened(one.pk, ended.get(_about(one)), _told(one), one.reason, one.brand) for one in saved),
        )
    return saved


def end(actor: Actor, override_ids: Sequence[int], reason: str) -> int:
    """End overrides before their time; returns how many still held."""
    with transaction.atomic():
        rows = list(visible(actor, "edit_rules").select_for_update().filter(pk__in=list(override_ids)))
        if len(rows) != len(set(override_ids)):
            raise NotFoundError("OVR-UNKNOWN", "one of these overrides does not exist", "look at the list of overrides")
        holding = [row for row in rows if row.ended_at is None]
        for row in holding:
            row.ended_at, row.ended_by, row.end_reason = timezone.now(), actor.name, reason
        Override.objects.bulk_update(holding, ["ended_at", "ended_by", "end_reason"], batch_size=NAMES_PER_QUERY)
        record_all(
            actor,
            "override.ended",
            "override",
            (Happened(row.pk, _told(row), None, reason, row.brand) for row in holding),
        )
    return len(holding)


def visible(actor: Actor, permission: str = "look") -> QuerySet[Override]:
    """The overrides of the actor's brands."""
    return actor.scope(Override.objects.all(), permission, brand="brand")


def expiring(days: int = 7, today: date | None = None) -> QuerySet[Override]:
    """Overrides that end within so many days."""
    day = today or timezone.localdate()
    return Override.objects.filter(
        ended_at=None, valid_until__gt=day, valid_until__lte=day + timedelta(days=days)
    ).order_by("valid_until", "id")


@duty("overrides ending", timedelta(hours=1))
def tell_ending(_now: datetime) -> None:
    """Tell once of each override that ends within a week: an entry of the audit, which webhooks may be told of."""
    with transaction.atomic():
        ending = list(expiring().filter(told_at=None).select_for_update()[:ROWS_MAX])
        Override.objects.filter(pk__in=[one.pk for one in ending]).update(told_at=timezone.now())
        record_all(
            SYSTEM,
            "override.expiring",
            "override",
            (Happened(one.pk, None, _told(one) | {"author": one.author}, "", one.brand) for one in ending),
        )


def proposal_units(day: date | None = None) -> dict[tuple[str, str], int]:
    """Quantities that people set instead of the proposed ones, by SKU and location, for orders of the day."""
    today = day or timezone.localdate()
    rows = (
        Override.objects.filter(kind=OverrideKind.PROPOSAL, ended_at=None)
        .filter(Q(valid_from=None) | Q(valid_from__lte=today))
        .filter(Q(valid_until=None) | Q(valid_until__gt=today))
    )
    return {(sku, location): int(value) for sku, location, value in rows.values_list("sku_id", "location_id", "value")}


def _checked(actor: Actor, rows: Sequence[dict[str, Any]]) -> list[Override]:
    if not rows or len(rows) > ROWS_MAX:
        raise RefusedError("OVR-COUNT", f"{len(rows)} overrides at once", f"give between 1 and {ROWS_MAX:,}")
    brands = _brands({str(row.get("sku_id", "")) for row in rows})
    for row in rows:
        sku = str(row.get("sku_id", ""))
        if sku not in brands or not actor.may("edit_rules", brand=brands[sku]):
            raise NotFoundError("OVR-SKU", f"there is no SKU {sku!r}", "look it up in the catalogue")
    actor.require("edit_rules")
    plain = [row for row in rows if row.get("field") != ORDER_UNITS]
    rules_of([{**_row(row), "author": actor.name} for row in plain])
    return [_override(actor, row, brands[str(row["sku_id"])]) for row in rows]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    columns = ("sku_id", "location_id", "field", "value", "unit", "from", "until", "reason")
    unknown = set(row) - set(columns)
    if unknown:
        raise RefusedError(
            "OVR-WRONG", f"{sorted(unknown)[0]!r} is no column of an override", f"known: {', '.join(columns)}"
        )
    told = {name: "" if row.get(name) is None else row[name] for name in columns}
    known = fields_of("rules").get(str(told["field"]))
    # Whoever names no unit means that of the field.
    return told if told["unit"] or known is None else told | {"unit": known.unit}


def _override(actor: Actor, row: dict[str, Any], brand: str) -> Override:
    told = _row(row)
    is_proposal = told["field"] == ORDER_UNITS
    if is_proposal:
        _check_units(told)
    return Override(
        kind=OverrideKind.PROPOSAL if is_proposal else OverrideKind.RULE,
        sku_id=told["sku_id"],
        location_id=told["location_id"],
        brand=brand,
        field=told["field"],
        value=_text(told["value"]),
        unit=told["unit"],
        valid_from=_day(told["from"]),
        valid_until=_day(told["until"]),
        author=actor.name,
        reason=told["reason"],
    )


def _check_units(row: dict[str, Any]) -> None:
    if not str(row["value"]).isdecimal() or int(row["value"]) > UNITS_MAX:
        raise RefusedError(
            "OVR-WRONG", f"{row['value']!r} is no quantity to order", "give a whole number, zero for none"
        )
    if not row["location_id"]:
        raise RefusedError("OVR-WRONG", "a quantity to order is for one location", "name the location")
    if not str(row["reason"]).strip():
        raise RefusedError("OVR-WRONG", "an override needs a reason", "say why in a sentence")
    _day(row["from"]), _day(row["until"])


def _day(value: Any) -> date | None:
    if isinstance(value, date) or not value:
        return value or None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise RefusedError("OVR-WRONG", f"{value!r} is not a day", "write it as 2026-03-31") from error


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _brands(skus: set[str]) -> dict[str, str]:
    ordered = sorted(skus)
    found: dict[str, str] = {}
    for start in range(0, len(ordered), NAMES_PER_QUERY):
        part = ordered[start : start + NAMES_PER_QUERY]
        found |= {sku: brand or "" for sku, brand in Sku.objects.filter(sku_id__in=part).values_list("sku_id", "brand")}
    return found


def _end_same(actor: Actor, made: Sequence[Override]) -> dict[tuple[str, str, str], dict[str, Any]]:
    wanted = {_about(one) for one in made}
    ended: dict[tuple[str, str, str], dict[str, Any]] = {}
    skus = sorted({sku for sku, _, _ in wanted})
    for start in range(0, len(skus), NAMES_PER_QUERY):
        rows = Override.objects.select_for_update().filter(
            sku_id__in=skus[start : start + NAMES_PER_QUERY], ended_at=None
        )
        same = [row for row in rows if _about(row) in wanted]
        for row in same:
            ended[_about(row)] = _told(row)
            row.ended_at, row.ended_by, row.end_reason = timezone.now(), actor.name, "another took its place"
        Override.objects.bulk_update(same, ["ended_at", "ended_by", "end_reason"], batch_size=NAMES_PER_QUERY)
    return ended


def _about(override: Override) -> tuple[str, str, str]:
    return override.sku_id, override.location_id, override.field


def _told(override: Override) -> dict[str, Any]:
    return {
        "sku_id": override.sku_id,
        "location_id": override.location_id,
        "field": override.field,
        "value": override.value,
        "from": override.valid_from,
        "until": override.valid_until,
    }


def _look(actor: Actor, parameters: Parameters) -> Effect:
    made = _checked(actor, parameters.get("rows", []))
    fields = sorted({one.field for one in made})
    skus = len({one.sku_id for one in made})
    return Effect(
        f"{len(made):,} override{'s' if len(made) > 1 else ''} of {', '.join(fields)} for {skus:,} "
        f"SKU{'s' if skus > 1 else ''}",
        counts={"overrides": len(made), "skus": skus},
        rows=[_told(one) for one in made[:50]],
    )


register(
    Action(
        "overrides.add",
        "adding overrides",
        "edit_rules",
        _look,
        lambda actor, parameters: {"ids": [one.pk for one in add(actor, parameters["rows"])]},
        lambda actor, result, reason: (end(actor, result["ids"], reason), None)[1],
    )
)
