"""Changes of rules: what an alarm proposes, from which value to which, and how a change becomes a rule.

A change is about one item and one rule field, or about the item's stage. It is applied by itself or by a person,
waits, is refused, undone, withdrawn when its reason is gone, or over when its time is. Changes are never edited away:
undoing the newest lets the one before it hold again, undoing all gives back the rulebook as the shop wrote it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.dictionary import Field, fields_of
from skuwise.core.monitoring.alarm import Alarms, Seen
from skuwise.core.monitoring.remedies import REMEDIES
from skuwise.core.rules import Rule, automatic_rule
from skuwise.core.rules.values import Value, of_number, told

CHANGE_STATES = ("applied", "waiting", "refused", "undone", "withdrawn", "over")
#: A move of the stage is a change of this name: it holds without a rule, and its undoing pins the former stage.
STAGE = "stage"
PIN = "stage_pinned"
LEARN_FROM = "learn_from"
BY_ITSELF = "skuwise"
_ID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``kind`` is that of its alarm, or ``stage``; ``reason`` says in words what it rests on.

    ``before`` is what was in force when it was proposed. ``state`` is one of ``CHANGE_STATES`` since ``state_on``; who
    decided is ``by`` (``skuwise`` by itself) and ``why`` is what the guard-rails or the person said. ``valid_until`` is
    the first day on which an applied change no longer holds.
    """

    change_id: str
    kind: str
    alarm_id: str
    sku_id: str
    location_id: str
    field: str
    before: Value
    after: Value
    reason: str
    proposed_on: date
    state: str
    state_on: date
    by: str
    why: str
    valid_until: date | None = None

    @property
    def item(self) -> tuple[str, str]:
        return self.sku_id, self.location_id

    @property
    def told(self) -> str:
        """From which value to which, as people say it."""
        before, after = _said(self.field, self.before), _said(self.field, self.after)
        return _TOLD.get((self.field, self.after), _TOLD.get((self.field, ""), "{field} {before} → {after}")).format(
            field=self.field, before=before, after=after
        )

    @property
    def waits_as_ruled(self) -> bool:
        """Whether it waits because the guard-rails leave changes of its field to people, and for no other reason."""
        return self.why.startswith("no guard-rail") or "leaves it to a person" in self.why

    @property
    def decision(self) -> str:
        """Who or what decided, as people read it."""
        return f"{self.state} by itself" if self.by == BY_ITSELF else f"{self.state} by {self.by}"

    @property
    def sentence(self) -> str:
        return f"{self.sku_id} @ {self.location_id}: {self.told}"


def change_id(identity: tuple[str, str, str], cause: str, day: date) -> str:
    """Id of a change: the same item, field, cause and day give the same."""
    text = "\x1f".join((*identity, cause, day.isoformat()))
    return "c-" + hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the alarms of one kind propose for one field, k rows, values as numbers of the rulebook.

    ``alarm`` (k,) rows of the day's alarms, ``item`` (k,) rows of the items, ``before`` and ``after`` (k,).
    """

    kind: str
    field: str
    alarm: IntArray
    item: IntArray
    before: FloatArray
    after: FloatArray
    valid_days: int

    def of(self, rows: IntArray) -> Proposals:
        """Some of them, by their rows."""
        return replace(
            self, alarm=self.alarm[rows], item=self.item[rows], before=self.before[rows], after=self.after[rows]
        )


def proposals(seen: Seen, alarms: Alarms) -> list[Proposals]:
    """What the alarms of each kind propose; where the rule already says so, nothing is proposed."""
    made = []
    for kind, remedy in REMEDIES.items():
        rows = np.flatnonzero((alarms.kind == kind) & (alarms.item >= 0))
        if not len(rows) or remedy.field not in seen.columns:
            continue
        item = alarms.item[rows]
        described = fields_of("rules")[remedy.field]
        before = numbers(described, np.asarray(seen.columns[remedy.in_force or remedy.field])[item])
        after = bounded(described, remedy.value(seen, alarms.of(rows)))
        news = ~np.isnan(after) & (after != before)
        if described.dtype == "date":
            news &= ~(after <= before)
        every = Proposals(kind, remedy.field, rows, item, before, after, remedy.valid_days)
        made.append(every.of(np.flatnonzero(news)))
    return made


def answered_already(seen: Seen, alarms: Alarms) -> IntArray:
    """Rows of the alarms that tell of a change which the forecast has left behind: it learns from a later day on."""
    learning = [kind for kind, remedy in REMEDIES.items() if remedy.field == LEARN_FROM]
    rows = np.flatnonzero(np.isin(alarms.kind, learning) & (alarms.item >= 0))
    if LEARN_FROM not in seen.columns:
        return rows[:0]
    in_force = np.asarray(seen.columns[LEARN_FROM])[alarms.item[rows]]
    return rows[alarms.since[rows] <= in_force]


def numbers(described: Field, column: Any) -> FloatArray:
    """A column of a rule field as the numbers that ``rules.values.as_number`` gives."""
    if described.dtype == "date":
        return np.where(np.isnat(column), np.nan, column.astype("datetime64[D]").astype(np.float64))
    return np.asarray(column, np.float64)


def bounded(described: Field, values: FloatArray) -> FloatArray:
    """Values inside the bounds of the dictionary, whole where the field is."""
    low, high = described.bounds
    inside = np.clip(values, low, high)
    return np.rint(inside) if described.dtype == "int64" else inside


def value_of(field: str, number: float) -> Value:
    """A number of a proposal as the rulebook writes it."""
    return of_number(fields_of("rules")[field], number)


def rule_of(change: Change) -> Rule:
    """The rule of layer ``automatic`` that an applied change is."""
    return automatic_rule(
        change.sku_id,
        change.location_id,
        change.field,
        change.after,
        change.state_on,
        change.valid_until,
        f"{change.reason} ({change.decision})",
        change.change_id,
    )


def pin_of(change: Change, stage: str) -> Rule:
    """The rule that keeps a stage in force although the data tell another: its move waits or was not wanted."""
    reason = f"the move to {change.after} {_PIN_REASONS[change.state]}: {change.why}"
    return automatic_rule(
        change.sku_id, change.location_id, PIN, stage, change.proposed_on, None, reason, change.change_id
    )


_PIN_REASONS = {
    "applied": "had not been applied",
    "waiting": "waits",
    "refused": "was refused",
    "undone": "was undone",
    "withdrawn": "was withdrawn",
}


#: How a change of a field is told, for one value or (blank) for all.
_TOLD: dict[tuple[str, Value], str] = {
    (STAGE, ""): "stage {before} → {after}",
    (LEARN_FROM, ""): "the forecast learns from {after} on",
    ("lead_time_days_ruled", ""): "lead time {before} → {after}",
    ("demand_factor", ""): "expected demand × {after} instead of × {before}",
    ("reorder_allowed", False): "buy no more",
    ("max_supply_days", ""): "supply for at most {after} instead of {before}",
}


def _said(field: str, value: Value) -> str:
    words = value.isoformat() if isinstance(value, date) else told(value)
    described = fields_of("rules").get(field)
    return f"{words} {described.unit}" if described and described.unit in ("days", "units") else words
