"""The loop: what is remembered from week to week, one week's step, and the rules that hold because of it.

``advance`` is a pure function: the state, what the monitors saw and the rulebook give the next state. Stepping over the
same day twice gives the same state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from skuwise.core.arrays import IntArray, TextArray
from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.lifecycle.words import stage_in_words
from skuwise.core.monitoring.alarm import KINDS, Alarms, Seen
from skuwise.core.monitoring.change import (
    BY_ITSELF,
    LEARN_FROM,
    STAGE,
    Change,
    Proposals,
    answered_already,
    pin_of,
    proposals,
    rule_of,
    value_of,
)
from skuwise.core.monitoring.draft import Draft, Event
from skuwise.core.monitoring.guard import Asked, Guard
from skuwise.core.monitoring.life import ANSWERED, OPEN, SNOOZED, AlarmLives, Lived, live_on, set_state
from skuwise.core.monitoring.remedies import REMEDIES
from skuwise.core.monitoring.stages_in_force import StagesInForce, item_keys, met, with_moves
from skuwise.core.rules import Rule, Rulebook

NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True, slots=True)
class LoopState:
    """All that is remembered. ``as_of`` is the newest day lived, ``previous`` the one before; NaT where there is none.

    ``alarms`` live; ``past`` have ended, one block for each day on which some did. ``changes`` are in the order in
    which they were proposed, whatever became of them; ``log`` only grows. ``current`` are the places of the changes
    that the next day must look at, None where it must look at all.
    """

    as_of: np.datetime64 = NEVER
    previous: np.datetime64 = NEVER
    begun_on: np.datetime64 = NEVER
    alarms: AlarmLives = field(default_factory=AlarmLives.none)
    past: tuple[AlarmLives, ...] = ()
    changes: tuple[Change, ...] = ()
    stages: StagesInForce = field(default_factory=StagesInForce.none)
    log: tuple[Event, ...] = ()
    current: tuple[int, ...] | None = None

    @property
    def every_alarm(self) -> AlarmLives:
        """The living and the past."""
        return AlarmLives.joined(*self.past, self.alarms)


def advance(state: LoopState, seen: Seen, alarms: Alarms, rulebook: Rulebook) -> LoopState:
    """The state after one more day on which a plan was watched.

    ``rulebook`` is the shop's own, with its guard-rails and overrides. Raises ValueError for a day before the newest.
    """
    if state.as_of > seen.as_of:
        raise ValueError(f"the state has lived until {state.as_of}; {seen.as_of} is before")
    lived = live_on(state.alarms, alarms, seen, _dated_kinds())
    stages, item_row, moved = met(state.stages, seen)
    draft = Draft(state.changes, state.current, seen.as_of.astype(date))
    draft.end_what_is_over()
    draft.withdraw_without_reason(lived, stages)
    guard = Guard.of(rulebook, seen, lived.live, draft.rested, draft.applied_on)
    draft.decide(guard, _asked_by_alarms(seen, alarms, lived, draft))
    draft.decide(guard, _asked_by_stages(seen, stages, item_row, moved, draft))
    return LoopState(
        as_of=seen.as_of,
        previous=state.as_of if state.as_of < seen.as_of else state.previous,
        begun_on=seen.as_of if np.isnat(state.begun_on) else state.begun_on,
        alarms=_answered(lived, draft, answered_already(seen, alarms), seen.as_of),
        past=(*state.past, lived.ended) if len(lived.ended) else state.past,
        changes=tuple(draft.changes),
        stages=with_moves(stages, draft.applied_today),
        log=(*state.log, *draft.events),
        current=draft.still_current(lived.live),
    )


def automatic_rules(state: LoopState, before: np.datetime64 | None = None) -> tuple[Rule, ...]:
    """The rules of layer ``automatic`` that the state stands for: applied changes, and pins of former stages.

    With ``before`` those that held when that day began: what is watched on a day must not rest on what was decided by
    itself on that day, or living the day twice would not be the same.
    """
    today = None if before is None else before.astype(date)
    places = range(len(state.changes)) if state.current is None else state.current
    holding: dict[tuple[str, str, str], Change] = {}
    pins: dict[tuple[str, str], tuple[Change, str]] = {}
    for change in map(state.changes.__getitem__, places):
        of_today = change.by == BY_ITSELF and change.state_on == today
        if change.field == STAGE:
            if not (of_today and change.proposed_on == today):
                _note_pin(pins, change, of_today, state.stages)
        elif change.state == "applied" and not of_today:
            key = (*change.item, change.field)
            other = holding.get(key)
            if other is None or change.state_on >= other.state_on:
                holding[key] = change
    return (*map(rule_of, holding.values()), *(pin_of(change, stage) for change, stage in pins.values()))


def _note_pin(
    pins: dict[tuple[str, str], tuple[Change, str]], change: Change, of_today: bool, stages: StagesInForce
) -> None:
    """The stage that a move keeps in force because it waits or was not wanted; ``of_today``: because it waited."""
    row = stages.row_of(*change.item)
    seen, in_force = STAGES[stages.seen[row]], STAGES[stages.in_force[row]]
    if of_today and change.state in ("applied", "withdrawn"):
        in_force = str(change.before)
    elif change.state not in ("waiting", "refused", "undone"):
        return
    if in_force != seen:
        pins[change.item] = change, in_force


def _asked_by_alarms(seen: Seen, alarms: Alarms, lived: Lived, draft: Draft) -> list[Asked]:
    """What today's alarms ask for that has not been decided yet: one change an item and field, the dearest first."""
    ids = _alarm_ids(lived, len(alarms))
    skus, places = (np.asarray(seen.columns[name]) for name in ("sku_id", "location_id"))
    asked: dict[tuple[str, str, str], tuple[int, Asked]] = {}
    for block in proposals(seen, alarms):
        some = block.of(np.flatnonzero(ids[block.alarm] != ""))
        for row, alarm, item in zip(range(len(some.alarm)), some.alarm.tolist(), some.item.tolist(), strict=True):
            key = (str(skus[item]), str(places[item]), block.field)
            alarm_id = str(ids[alarm])
            if (alarm_id, *key) in draft.decided or (key in asked and asked[key][0] < alarm):
                continue
            waiting = draft.waiting.get(key)
            if waiting is not None and draft.changes[waiting].alarm_id != alarm_id:
                continue
            asked[key] = alarm, _one_asked(some, row, item, key, alarm_id, alarms.words(alarm))
    return [one for _, one in asked.values()]


def _one_asked(some: Proposals, row: int, item: int, key: tuple[str, str, str], alarm_id: str, words: str) -> Asked:
    before, after = (value_of(some.field, float(values[row])) for values in (some.before, some.after))
    return Asked(*key, item, some.kind, alarm_id, before, after, words, some.valid_days)


def _alarm_ids(lived: Lived, count: int) -> TextArray:
    """Id of the living alarm of each of the day's alarms [(k,)]; blank where a person has snoozed it."""
    ids = np.full(count, "", dtype=lived.live.alarm_id.dtype if len(lived.live) else "U1")
    told = (lived.seen_row >= 0) & (lived.live.state != SNOOZED)
    ids[lived.seen_row[told]] = lived.live.alarm_id[told]
    return ids


def _asked_by_stages(seen: Seen, stages: StagesInForce, item_row: IntArray, moved: Any, draft: Draft) -> list[Asked]:
    """Moves of the stage: those of today, and those that wait."""
    waits = {change[:2] for change in draft.waiting if change[2] == STAGE}
    held_back = stages.held_back[item_row]
    skus, places = (np.asarray(seen.columns[name]) for name in ("sku_id", "location_id"))
    asked = []
    for item in np.flatnonzero(held_back & (moved | bool(waits))).tolist():
        key = (str(skus[item]), str(places[item]), STAGE)
        if not moved[item] and key[:2] not in waits:
            continue
        row = item_row[item]
        before, after = STAGES[stages.in_force[row]], STAGES[stages.seen[row]]
        asked.append(Asked(*key, item, STAGE, "", before, after, _evidence(seen, item), 0))
    return asked


def _evidence(seen: Seen, item: int) -> str:
    """What a stage rests on, in words."""
    columns, labels = seen.columns, seen.labels
    if "level_ratio" in columns:
        return stage_in_words(columns, item)
    words = labels["stage_evidence"][int(columns["stage_evidence"][item])]
    since = np.datetime64(columns["stage_since"][item], "D")
    if not np.isnat(since):
        words += f", since {since}"
    if "stage_confidence_share" in columns:
        words += f"; {100 * float(columns['stage_confidence_share'][item]):.0f}% sure"
    return words


def _dated_kinds() -> set[str]:
    """Kinds whose ``since`` is the day of an event: a rule may answer it, and another event needs another answer."""
    return set(REMEDIES) | {kind.name for kind in KINDS.values() if kind.subject == "feed"}


def _answered(lived: Lived, draft: Draft, already: IntArray, day: np.datetime64) -> AlarmLives:
    """The alarms with those answered whose change was applied today, or that the rules in force answer ``already``.

    Where the forecast of an item learns anew from today on, that answers every alarm that asked for it.
    """
    live = lived.live
    answered = np.isin(lived.seen_row, already) & (lived.seen_row >= 0)
    applied = draft.applied_today
    if applied:
        answered |= np.isin(live.alarm_id, sorted({change.alarm_id for change in applied} - {""}))
        learning = [kind for kind, remedy in REMEDIES.items() if remedy.field == LEARN_FROM]
        anew = [change.item for change in applied if change.field == LEARN_FROM]
        keys = item_keys(*(np.array([item[part] for item in anew], np.str_) for part in (0, 1)))
        answered |= np.isin(live.kind, learning) & np.isin(item_keys(live.sku_id, live.location_id), keys)
    answered &= live.state == OPEN
    return set_state(live, np.flatnonzero(answered), ANSWERED, closed_on=day) if answered.any() else live
