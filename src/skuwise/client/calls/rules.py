"""Rules of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class OverridesRow(TypedDict):
    id: int
    kind: str
    sku_id: str
    location_id: str
    brand: str
    field: str
    value: str
    valid_from: str | None
    valid_until: str | None
    author: str
    reason: str
    created_at: str
    ended_at: str | None


class OverridesPage(TypedDict):
    rows: list[OverridesRow]
    next_cursor: str
    count: NotRequired[int | None]


class OverrideRow(TypedDict):
    """``order_units`` as the field sets the quantity to order instead of the proposed one."""

    sku_id: str
    field: str
    value: str | int | bool | float
    reason: str
    location_id: NotRequired[str]
    unit: NotRequired[str]
    valid_from: NotRequired[str | None]
    valid_until: NotRequired[str | None]


class OverrideRows(TypedDict):
    rows: list[OverrideRow]


class Added(TypedDict):
    ids: list[int]


class RulebookVersionsRow(TypedDict):
    number: int
    author: str
    reason: str
    created_at: str
    back_to: int | None


class RulebookVersionsPage(TypedDict):
    rows: list[RulebookVersionsRow]
    next_cursor: str
    count: NotRequired[int | None]


class RuleField(TypedDict):
    field: str
    dtype: str
    unit: str
    default: Any
    range: Any
    description: str


class Rulebook(TypedDict):
    """A version of the rulebook; number 0 and no text where none was written."""

    number: int
    text: str
    author: str
    reason: str
    created_at: str | None


class HistoryLine(TypedDict):
    on: str
    what: str
    by: str
    why: str


class RuleRecord(TypedDict):
    layer: str
    rule: str
    fields: list[str]
    items: int


class TriedRecord(TypedDict):
    """A rule that speaks of the field; ``why_not`` says what keeps it away, blank where it matches."""

    layer: str
    rule: str
    value: str
    why_not: str
    holds: bool


class EndOverrides(TypedDict):
    ids: list[int]
    reason: str


class Ended(TypedDict):
    ended: bool


class ActionRecord(TypedDict):
    name: str
    title: str
    permission: str
    can_be_undone: bool


class AskedPreview(TypedDict):
    """``parameters`` are those of the action: see the list of actions."""

    action: str
    parameters: NotRequired[dict[str, Any]]


class Shown(TypedDict):
    """What would happen. The token commits it."""

    token: str
    summary: str
    counts: dict[str, int]
    money_minor: int | None
    rows: list[dict[str, Any]]
    expires_at: str


class Why(TypedDict):
    reason: NotRequired[str]


class RulesCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_overrides(self, **query: Unpack[ListQuery]) -> OverridesPage:
        """Overrides, the newest first."""
        answer: OverridesPage = self._ask("GET", "/overrides", query=query)
        return answer

    def add_overrides(self, body: OverrideRows) -> Added:
        """Add overrides, all of them or none."""
        answer: Added = self._ask("POST", "/overrides", body=body)
        return answer

    def list_rulebook_versions(self, **query: Unpack[ListQuery]) -> RulebookVersionsPage:
        """Versions of the rulebook."""
        answer: RulebookVersionsPage = self._ask("GET", "/rulebook/versions", query=query)
        return answer

    def list_rule_fields(self) -> list[RuleField]:
        """Every field that a rule can set."""
        answer: list[RuleField] = self._ask("GET", "/rule-fields")
        return answer

    def get_rulebook(self) -> Rulebook:
        """The rulebook in force."""
        answer: Rulebook = self._ask("GET", "/rulebook")
        return answer

    def get_rulebook_version(self, number: int) -> Rulebook:
        """One version of the rulebook."""
        answer: Rulebook = self._ask("GET", f"/rulebook/versions/{part(number)}")
        return answer

    def list_rule_history(self, *, sku_id: str, field: str = "") -> list[HistoryLine]:
        """What happened to the rules of a SKU."""
        answer: list[HistoryLine] = self._ask("GET", "/rules/history", query={"sku_id": sku_id, "field": field})
        return answer

    def list_rules_in_force(self) -> list[RuleRecord]:
        """Every rule of the plan in force, with how many items it decides something for."""
        answer: list[RuleRecord] = self._ask("GET", "/rules")
        return answer

    def explain_rule(self, *, sku_id: str, location_id: str, field: str) -> list[TriedRecord]:
        """Every layer tried for one field of one item, and the rule that holds."""
        answer: list[TriedRecord] = self._ask(
            "GET", "/rules/explanation",
            query={"sku_id": sku_id, "location_id": location_id, "field": field},
        )
        return answer

    def end_overrides(self, body: EndOverrides) -> Ended:
        """End overrides before their time."""
        answer: Ended = self._ask("POST", "/overrides/end", body=body)
        return answer

    def list_actions(self) -> list[ActionRecord]:
        """Writes that are shown before they are done."""
        answer: list[ActionRecord] = self._ask("GET", "/actions")
        return answer

    def show_preview(self, body: AskedPreview) -> Shown:
        """Show what an action would do; nothing changes."""
        answer: Shown = self._ask("POST", "/previews", body=body)
        return answer

    def commit_preview(self, token: str) -> Any:
        """Do what was shown, if it still is what was shown."""
        answer: Any = self._ask("POST", f"/previews/{part(token)}/commit")
        return answer

    def undo_preview(self, token: str, body: Why) -> Any:
        """Take back what was done, where the world allows."""
        answer: Any = self._ask("POST", f"/previews/{part(token)}/undo", body=body)
        return answer
