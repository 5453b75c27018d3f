"""The history of a SKU's rules: what changed by itself, what people decided, and overrides past and present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from skuwise.core.monitoring.change import BY_ITSELF, PIN, STAGE, Change
from skuwise.core.rules import Rule
from skuwise.core.rules.conditions import AnyOf
from skuwise.core.rules.values import told
from skuwise.watching.journal import Journal


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What happened on a day, and why."""

    on: date
    what: str
    why: str


def history_of(journal: Journal, sku_id: str, field: str = "", location_id: str = "") -> list[HistoryLine]:
    """Everything about the rules of a SKU, oldest first; of one field or location where they are named.

    Overrides are those of the rulebook as it was when the journal was last advanced.
    """
    fields = {STAGE: (STAGE, PIN), PIN: (STAGE, PIN)}.get(field, (field,) if field else ())
    lines = [*_of_changes(journal, sku_id, location_id, fields), *_of_overrides(journal, sku_id, location_id, fields)]
    return sorted(lines, key=lambda line: line.on)


def _of_changes(journal: Journal, sku_id: str, location_id: str, fields: tuple[str, ...]) -> Iterator[HistoryLine]:
    mine = {
        change.change_id: change
        for change in journal.state.changes
        if change.sku_id == sku_id
        and location_id in ("", change.location_id)
        and (not fields or change.field in fields)
    }
    for event in journal.state.log:
        change = mine.get(event.about)
        if change is not None:
            by = "by itself" if event.by == BY_ITSELF else f"by {event.by}"
            what = f"{change.location_id}: {change.told}; {event.what} {by} ({change.change_id})"
            yield HistoryLine(event.on, what, _why(change, event.what, event.why))


def _why(change: Change, what: str, why: str) -> str:
    if what == "applied":
        return change.reason
    return f"{change.reason}; {why}" if what == "waiting" else why


def _of_overrides(journal: Journal, sku_id: str, location_id: str, fields: tuple[str, ...]) -> Iterator[HistoryLine]:
    if journal.rulebook is None:
        return
    today = journal.state.as_of.astype(date)
    for rule in journal.rulebook.overrides:
        if not _is_about(rule, sku_id, location_id):
            continue
        for name, value in rule.values.items():
            if fields and name not in fields:
                continue
            where = str(rule.when["location_id"]) if "location_id" in rule.when else "everywhere"
            begins = rule.valid_from or journal.state.begun_on.astype(date)
            what = f"{where}: {name} = {told(value)} by {rule.author}'s override, {rule.end}"
            if begins > today:
                what += " (not yet in force)"
            yield HistoryLine(begins, what, rule.reason)
            if rule.valid_until is not None and rule.valid_until <= today:
                yield HistoryLine(rule.valid_until, f"{where}: {rule.author}'s override of {name} ended", "")


def _is_about(rule: Rule, sku_id: str, location_id: str) -> bool:
    sku, place = rule.when.get("sku_id"), rule.when.get("location_id")
    named = isinstance(sku, AnyOf) and sku_id in sku.options
    here = not location_id or not isinstance(place, AnyOf) or location_id in place.options
    return named and here
