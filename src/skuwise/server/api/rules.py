"""Rules over the API: the rulebook and its versions, overrides, and writes that are shown before they are done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import Id, MaybeName, Name, Text, Whole, endpoint
from skuwise.server.api.lists import list_endpoint
from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.operations.previews import ACTIONS, commit, preview, undo
from skuwise.server.rules import looking
from skuwise.server.rules.models import RulebookVersion
from skuwise.server.rules.overrides import add, end, visible
from skuwise.server.rules.rulebook import version

router = Router(tags=["rules"])

OVERRIDES = ListSpec(
    "overrides",
    (
        Column("id", "Override", "count"),
        Column("kind", "Kind", "choice", sortable=False),
        Column("sku_id", "SKU", sortable=False),
        Column("location_id", "Location", "choice", sortable=False),
        Column("brand", "Brand", "choice", sortable=False),
        Column("field", "Field", "choice", sortable=False),
        Column("value", "Value", sortable=False),
        Column("valid_from", "From", "day", nullable=True),
        Column("valid_until", "Until", "day", nullable=True),
        Column("author", "By", "choice", sortable=False),
        Column("reason", "Reason", sortable=False),
        Column("created_at", "Made", "time"),
        Column("ended_at", "Ended", "time", nullable=True),
    ),
    "-id",
    search=lambda rows, text: rows.filter(sku_id__startswith=text),
)
VERSIONS = ListSpec(
    "rulebook_versions",
    (
        Column("number", "Version", "count"),
        Column("author", "By"),
        Column("reason", "Reason", sortable=False),
        Column("created_at", "Written", "time"),
        Column("back_to", "Back to", "count", nullable=True),
    ),
    "-number",
    key="number",
)


class RuleField(Schema):
    field: str
    dtype: str
    unit: str
    default: Any
    range: Any
    description: str


class Rulebook(Schema):
    """A version of the rulebook; number 0 and no text where none was written."""

    number: int
    text: str
    author: str
    reason: str
    created_at: datetime | None


class HistoryLine(Schema):
    on: str
    what: str
    by: str
    why: str


class RuleRecord(Schema):
    layer: str
    rule: str
    fields: list[str]
    items: int


class TriedRecord(Schema):
    """A rule that speaks of the field; ``why_not`` says what keeps it away, blank where it matches."""

    layer: str
    rule: str
    value: str
    why_not: str
    holds: bool


class OverrideRow(Schema):
    """``order_units`` as the field sets the quantity to order instead of the proposed one."""

    sku_id: Name
    field: Name
    value: Annotated[str, Field(max_length=200)] | Whole | bool | float
    reason: Text
    location_id: MaybeName = ""
    unit: MaybeName = ""
    valid_from: date | None = None
    valid_until: date | None = None


class OverrideRows(Schema):
    rows: Annotated[list[OverrideRow], Field(min_length=1, max_length=12_000)]


class Added(Schema):
    ids: list[int]


class EndOverrides(Schema):
    ids: Annotated[list[Id], Field(min_length=1, max_length=12_000)]
    reason: Text


class Ended(Schema):
    ended: int


class ActionRecord(Schema):
    name: str
    title: str
    permission: str
    can_be_undone: bool


class AskedPreview(Schema):
    """``parameters`` are those of the action: see the list of actions."""

    action: Name
    parameters: dict[str, Any] = {}


class Shown(Schema):
    """What would happen. The token commits it."""

    token: str
    summary: str
    counts: dict[str, int]
    money_minor: int | None
    rows: list[dict[str, Any]]
    expires_at: datetime


class Why(Schema):
    reason: Text = ""


def _versions(actor: Actor) -> Any:
    return RulebookVersion.objects.all() if actor.may("look") else RulebookVersion.objects.none()


list_endpoint(router, "/overrides", "look", OVERRIDES, visible, "list_overrides", "Overrides, the newest first.")
list_endpoint(
    router, "/rulebook/versions", "look", VERSIONS, _versions, "list_rulebook_versions", "Versions of the rulebook."
)


@endpoint(router, "GET", "/rule-fields", "look", list[RuleField])
def list_rule_fields(request: HttpRequest) -> Any:  # noqa: ARG001
    """Every field that a rule can set."""
    return looking.fields()


@endpoint(router, "GET", "/rulebook", "look", Rulebook)
def get_rulebook(request: HttpRequest) -> Any:  # noqa: ARG001
    """The rulebook in force."""
    newest = RulebookVersion.objects.order_by("-number").first()
    return _told(newest or RulebookVersion(number=0, text="", author="", reason=""))


@endpoint(router, "GET", "/rulebook/versions/{number}", "look", Rulebook)
def get_rulebook_version(request: HttpRequest, number: Id) -> Any:  # noqa: ARG001
    """One version of the rulebook."""
    return _told(version(number))


@endpoint(router, "GET", "/rules/history", "look", list[HistoryLine])
def list_rule_history(request: HttpRequest, sku_id: Name, field: MaybeName = "") -> Any:
    """What happened to the rules of a SKU."""
    return looking.history(request.actor, sku_id, field)


@endpoint(router, "GET", "/rules", "look", list[RuleRecord])
def list_rules_in_force(request: HttpRequest) -> Any:
    """Every rule of the plan in force, with how many items it decides something for."""
    return looking.counted(request.actor)


@endpoint(router, "GET", "/rules/explanation", "look", list[TriedRecord])
def explain_rule(request: HttpRequest, sku_id: Name, location_id: Name, field: Name) -> Any:
    """Every layer tried for one field of one item, and the rule that holds."""
    return looking.explained(request.actor, sku_id, location_id, field)


@endpoint(router, "POST", "/overrides", "edit_rules", Added, status=201)
def add_overrides(request: HttpRequest, given: OverrideRows) -> Any:
    """Add overrides, all of them or none."""
    rows = []
    for row in given.rows:
        told = row.dict()
        told["from"], told["until"] = told.pop("valid_from"), told.pop("valid_until")
        rows.append(told)
    return {"ids": [one.pk for one in add(request.actor, rows)]}


@endpoint(router, "POST", "/overrides/end", "edit_rules", Ended)
def end_overrides(request: HttpRequest, given: EndOverrides) -> Any:
    """End overrides before their time."""
    return {"ended": end(request.actor, given.ids, given.reason)}


@endpoint(router, "GET", "/actions", "look", list[ActionRecord])
def list_actions(request: HttpRequest) -> Any:  # noqa: ARG001
    """Writes that are shown before they are done."""
    return [
        {"name": one.name, "title": one.title, "permission": one.permission, "can_be_undone": one.undo is not None}
        for one in ACTIONS.values()
    ]


@endpoint(router, "POST", "/previews", "look", Shown, status=201)
def show_preview(request: HttpRequest, asked: AskedPreview) -> Any:
    """Show what an action would do; nothing changes."""
    made, effect = preview(request.actor, asked.action, asked.parameters)
    return {
        "token": made.token,
        "summary": effect.summary,
        "counts": effect.counts,
        "money_minor": effect.money_minor,
        "rows": effect.rows,
        "expires_at": made.expires_at,
    }


@endpoint(router, "POST", "/previews/{token}/commit", "look", Any)
def commit_preview(request: HttpRequest, token: Name) -> Any:
    """Do what was shown, if it still is what was shown."""
    return commit(request.actor, token)


@endpoint(router, "POST", "/previews/{token}/undo", "look", Any)
def undo_preview(request: HttpRequest, token: Name, why: Why) -> Any:
    """Take back what was done, where the world allows."""
    undo(request.actor, token, why.reason)
    return {"undone": True}


def _told(one: RulebookVersion) -> dict[str, Any]:
    return {
        "number": one.number,
        "text": one.text,
        "author": one.author,
        "reason": one.reason,
        "created_at": one.created_at,
    }
