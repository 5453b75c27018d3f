"""The changes of one day while they are decided, and what is written down of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.monitoring.change import BY_ITSELF, STAGE, Change, change_id
from skuwise.core.monitoring.guard import Asked, Guard, Key
from skuwise.core.monitoring.life import AlarmLives, Lived
from skuwise.core.monitoring.stages_in_force import StagesInForce


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the log: on which day of the journal what happened to a change or an alarm, by whom and why."""

    on: date
    what: str
    about: str
    by: str
    why: str


class Draft:
    """The changes of one day while they are decided."""

    def __init__(self, changes: Sequence[Change], current: Sequence[int] | None, day: date) -> None:
        self.changes = list(changes)
        self.day = day
        self.events: list[Event] = []
        self.applied_today: list[Change] = []
        #: By item and field: place of the change that waits, day of the newest that was applied, change taken back.
        self.waiting: dict[Key, int] = {}
        self.applied_on: dict[Key, date] = {}
        self.rested: dict[Key, Change] = {}
        #: Alarm, item and field of what has been decided: the same alarm does not ask for it twice.
        self.decided: set[tuple[str, str, str, str]] = set()
        self._current = list(range(len(self.changes)) if current is None else current)
        for at in self._current:
            self._note(at, self.changes[at])

    def _note(self, at: int, change: Change) -> None:
        key = (change.sku_id, change.location_id, change.field)
        if change.state == "waiting":
            self.waiting[key] = at
            return
        if change.alarm_id:
            self.decided.add((change.alarm_id, *key))
        if change.state == "applied":
            if change.state_on < self.day or change.by != BY_ITSELF:
                self.applied_on[key] = max(change.state_on, self.applied_on.get(key, change.state_on))
        elif change.state in ("refused", "undone"):
            other = self.rested.get(key)
            if other is None or change.state_on >= other.state_on:
                self.rested[key] = change

    def still_current(self, live: AlarmLives) -> tuple[int, ...]:
        """Places of the changes that the next day must look at: all but those that are settled for good.

        Settled are the ones withdrawn or over, and the ones applied before another one of the same item and field,
        where they cannot run out and their alarm lives no more.
        """
        alive = set(live.alarm_id.tolist())
        newest: dict[tuple[Key, bool], int] = {}
        kept = set()
        for at in self._current:
            change = self.changes[at]
            moved_today = change.field == STAGE and change.state_on == self.day
            if moved_today or change.state in ("waiting", "refused", "undone") or change.alarm_id in alive:
                kept.add(at)
            elif change.state == "applied":
                # What held this morning counts too: the day may be lived again.
                key = (change.sku_id, change.location_id, change.field), change.state_on < self.day
                other = newest.get(key)
                if other is None or change.state_on >= self.changes[other].state_on:
                    newest[key] = at
                if change.valid_until is not None:
                    kept.add(at)
        return tuple(sorted(kept.union(newest.values())))

    def put(self, at: int, change: Change, what: str) -> None:
        """Let a change have another state, and write that down."""
        self.changes[at] = change
        self.events.append(Event(self.day, what, change.change_id, change.by, change.why))
        if what == "applied":
            self.applied_today.append(change)

    def end_what_is_over(self) -> None:
        for at in self._current:
            change = self.changes[at]
            if change.state == "applied" and change.valid_until is not None and change.valid_until <= self.day:
                why = f"it held until {change.valid_until}"
                self.put(at, replace(change, state="over", state_on=self.day, by=BY_ITSELF, why=why), "over")

    def withdraw_without_reason(self, lived: Lived, stages: StagesInForce) -> None:
        """What waits for a reason that is gone waits no longer."""
        alive = set(lived.live.alarm_id.tolist()) if self.waiting else set()
        for key, at in list(self.waiting.items()):
            change = self.changes[at]
            if change.field == STAGE:
                row = stages.row_of(*change.item)
                gone = STAGES[stages.seen[row]] != change.after
                why = f"the data say {STAGES[stages.seen[row]]} now"
            else:
                gone, why = change.alarm_id not in alive, "its alarm ended by itself"
            if gone:
                self.put(at, replace(change, state="withdrawn", state_on=self.day, by=BY_ITSELF, why=why), "withdrawn")
                del self.waiting[key]

    def decide(self, guard: Guard, asked: Sequence[Asked]) -> None:
        """Apply what the guard-rails allow; let wait what they do not, each with the reason."""
        for one, (allowed, why) in zip(asked, guard.decide(asked), strict=True):
            at = self.waiting.pop(one.key, None)
            state = "applied" if allowed else "waiting"
            made = _change_of(one, state, why, self.day)
            if at is None:
                at = len(self.changes)
                self.changes.append(made)
                self._current.append(at)
                self.put(at, made, state)
            else:
                # It has waited: it keeps its name, and where it still waits it takes the newest value and reason.
                former = self.changes[at]
                made = replace(made, change_id=former.change_id, proposed_on=former.proposed_on)
                if allowed:
                    self.put(at, made, state)
                else:
                    self.changes[at] = replace(made, state_on=former.state_on)
            if not allowed:
                self.waiting[one.key] = at


def _change_of(asked: Asked, state: str, why: str, day: date) -> Change:
    identity = (asked.sku_id, asked.location_id, asked.field)
    cause = asked.alarm_id or str(asked.after)
    return Change(
        change_id=change_id(identity, cause, day),
        kind=asked.kind,
        alarm_id=asked.alarm_id,
        sku_id=asked.sku_id,
        location_id=asked.location_id,
        field=asked.field,
        before=asked.before,
        after=asked.after,
        reason=asked.reason,
        proposed_on=day,
        state=state,
        state_on=day,
        by=BY_ITSELF,
        why=why,
        valid_until=day + timedelta(days=asked.valid_days) if asked.valid_days else None,
    )
