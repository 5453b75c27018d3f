"""What may be changed by itself today: the shop's guard-rails, a person's word, and whether the feed can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from skuwise.core.arrays import FloatArray
from skuwise.core.dictionary import fields_of
from skuwise.core.monitoring.alarm import KINDS, Seen
from skuwise.core.monitoring.change import PIN, STAGE, Change
from skuwise.core.monitoring.life import ACKNOWLEDGED, ANSWERED, AlarmLives
from skuwise.core.rules import Rule, Rulebook
from skuwise.core.rules.conditions import Items
from skuwise.core.rules.guard_rails import allowed_changes
from skuwise.core.rules.values import Value, as_number

#: What a person has undone or refused is not done by itself again for a quarter of a year.
REST_DAYS = 91
ALLOWED = "within the guard-rails"
#: How the reason begins where nothing is changed because the feed may be wrong.
DOUBT = "the feed is in doubt"
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that an alarm or a move of the stage asks for; ``item`` is the row of its item in the plan."""

    sku_id: str
    location_id: str
    field: str
    item: int
    kind: str
    alarm_id: str
    before: Value
    after: Value
    reason: str
    valid_days: int

    @property
    def key(self) -> Key:
        return self.sku_id, self.location_id, self.field


@dataclass(frozen=True, slots=True)
class Guard:
    """The day's answer to every change that is asked for.

    By item and field, ``rested`` holds the changes that a person took back and ``applied_on`` the day of the newest.
    """

    rulebook: Rulebook
    seen: Seen
    doubt: str
    rested: Mapping[Key, Change]
    applied_on: Mapping[Key, date]

    @classmethod
    def of(
        cls,
        rulebook: Rulebook,
        seen: Seen,
        live: AlarmLives,
        rested: Mapping[Key, Change],
        applied_on: Mapping[Key, date],
    ) -> Guard:
        return cls(rulebook, seen, feed_doubt(live), rested, applied_on)

    @property
    def day(self) -> date:
        day: date = self.seen.as_of.astype("datetime64[D]").astype(date)
        return day

    def decide(self, asked: Sequence[Asked]) -> list[tuple[bool, str]]:
        """For each whether it may be applied by itself, and why or why not. The order counts: the dearest first."""
        answers: list[tuple[bool, str]] = [(False, self.doubt)] * len(asked)
        if self.doubt:
            return answers
        items = Items(self.seen.columns, self.seen.labels)
        for field in sorted({one.field for one in asked}):
            places = [at for at, one in enumerate(asked) if one.field == field]
            holding = self._holding(field, items)
            open_to_rails = []
            for at in places:
                kept = self._kept_by_a_person(asked[at], holding)
                answers[at] = (False, kept)
                if not kept:
                    open_to_rails.append(at)
            for at, answer in zip(
                open_to_rails, self._by_rails(field, [asked[a] for a in open_to_rails], items), strict=True
            ):
                answers[at] = answer
        return answers

    def _by_rails(self, field: str, asked: Sequence[Asked], items: Items) -> list[tuple[bool, str]]:
        if not asked:
            return []
        rows = np.array([one.item for one in asked], np.int64)
        day = self.day
        since = [(day - self.applied_on[one.key]).days if one.key in self.applied_on else np.nan for one in asked]
        before, after = self._numbers(field, asked, rows)
        allowed, why = allowed_changes(
            self.rulebook.guard_rails, items, field, rows, before, after, np.array(since, np.float64)
        )
        return [(may, ALLOWED if may else reason) for may, reason in zip(allowed.tolist(), why.tolist(), strict=True)]

    def _numbers(self, field: str, asked: Sequence[Asked], rows: Any) -> tuple[FloatArray, FloatArray]:
        """Values before and after as the guard-rails measure them: a lead time against what terms or receipts tell."""
        if field == STAGE:
            return np.zeros(len(asked)), np.zeros(len(asked))
        described = fields_of("rules")[field]
        before, after = (
            np.array([as_number(described, getattr(one, name)) for one in asked], np.float64)
            for name in ("before", "after")
        )
        if field == "lead_time_days_ruled":
            columns = self.seen.columns
            told = np.asarray(columns["lead_time_days_given"])[rows]
            before = np.where(np.isnan(told), np.asarray(columns["lead_time_days_assumed"])[rows], told)
        return before, after

    def _kept_by_a_person(self, asked: Asked, holding: Mapping[int, Rule]) -> str:
        """Why a person's word keeps the change waiting; blank where none does."""
        rule = holding.get(asked.item)
        if rule is not None and rule.layer == "override":
            return f"{rule.author}'s override holds {rule.end}: {rule.reason}"
        if rule is not None:
            return f"the rulebook sets it for this SKU: {rule}"
        back = self.rested.get(asked.key)
        if back is not None and self.day < back.state_on + timedelta(days=REST_DAYS):
            rests = back.state_on + timedelta(days=REST_DAYS)
            return f"{back.by} has {back.state} a change of it on {back.state_on}: not by itself again before {rests}"
        return ""

    def _holding(self, field: str, items: Items) -> dict[int, Rule]:
        """Row of the item → the person's rule for this SKU that decides the field today, overrides above rules."""
        name = PIN if field == STAGE else field
        holding: dict[int, Rule] = {}
        for rule in self.rulebook.rules:
            about_one_sku = rule.layer in ("sku", "sku_location") and not rule.builtin
            if about_one_sku and name in rule.values and rule.holds_on(self.day):
                rows = items.rows_where(rule.when)
                holding |= dict.fromkeys(np.arange(len(items))[rows].tolist(), rule)
        for _, rules, table in self.rulebook.tables:
            if rules is self.rulebook.overrides:
                which, rows = table.matched(items, self.seen.as_of)
                of_field = table.field_name[which] == name
                holding |= {
                    row: rules[number]
                    for number, row in zip(which[of_field].tolist(), rows[of_field].tolist(), strict=True)
                }
        return holding


def feed_doubt(live: AlarmLives) -> str:
    """Why the feed is doubted today; blank where it is not, or where a person has said that it is right."""
    doubted = [
        row
        for row in np.flatnonzero((live.state != ACKNOWLEDGED) & (live.state != ANSWERED)).tolist()
        if (kind := KINDS.get(str(live.kind[row]))) is not None and kind.subject == "feed"
    ]
    if not doubted:
        return ""
    words = f"{live.about(doubted[0])}: {live.words(doubted[0])}"
    return f"{DOUBT} ({words}); acknowledge alarm {live.alarm_id[doubted[0]]} where it is right"
