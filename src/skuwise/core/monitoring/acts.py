"""What people do to changes and alarms: undo, approve, refuse, acknowledge, snooze. Each act is a new state."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from skuwise.core.monitoring.change import STAGE, Change
from skuwise.core.monitoring.draft import Event
from skuwise.core.monitoring.life import ACKNOWLEDGED, ANSWERED, OPEN, SNOOZED, STATES, set_state
from skuwise.core.monitoring.loop import LoopState
from skuwise.core.monitoring.stages_in_force import put_in_force


class ActError(ValueError):
    """What a person asked for cannot be done; the message says why, and what could be meant."""


def undo(state: LoopState, *change_ids: str, who: str, why: str, on: date) -> LoopState:
    """Take applied changes back: what was in force before holds again.

    Their alarms, where they still live, are acknowledged: the same alarm asks for the same no more.
    """
    return _decided(state, _in_state(state, change_ids, ("applied",), "undo"), "undone", who, why, on)


def undo_all(state: LoopState, who: str, why: str, on: date) -> LoopState:
    """Take back every applied change: what is left is the rulebook as the shop wrote it, and the first stages."""
    applied = [change for change in reversed(state.changes) if change.state == "applied"]
    return _decided(state, applied, "undone", who, why, on)


def approve(state: LoopState, *change_ids: str, who: str, why: str, on: date) -> LoopState:
    """Apply changes that wait, or that were refused or undone after all."""
    changes = [
        change
        if change.valid_until is None
        else replace(change, valid_until=on + (change.valid_until - change.proposed_on))
        for change in _in_state(state, change_ids, ("waiting", "refused", "undone"), "approve")
    ]
    return _decided(state, changes, "applied", who, why, on)


def refuse(state: LoopState, *change_ids: str, who: str, why: str, on: date) -> LoopState:
    """Decide against changes that wait."""
    return _decided(state, _in_state(state, change_ids, ("waiting",), "refuse"), "refused", who, why, on)


def acknowledge(state: LoopState, alarm_id: str, who: str, why: str, on: date) -> LoopState:
    """Say that an alarm has been seen: it is told no more, and resolves when its reason is gone."""
    row = _live_row(state, alarm_id, "acknowledge")
    alarms = set_state(state.alarms, row, ACKNOWLEDGED, closed_on=np.datetime64(on))
    event = Event(on, "acknowledged", str(alarms.alarm_id[row]), who, why)
    return replace(state, alarms=alarms, log=(*state.log, event))


def snooze(state: LoopState, alarm_id: str, until: date, who: str, why: str, on: date) -> LoopState:
    """Tell nothing of an alarm before a day; it proposes nothing either until then."""
    row = _live_row(state, alarm_id, "snooze")
    if until <= on:
        raise ActError(f"an alarm is snoozed until a later day than {on}; {until} is none")
    alarms = set_state(state.alarms, row, SNOOZED, until=np.datetime64(until))
    event = Event(on, f"snoozed until {until}", str(alarms.alarm_id[row]), who, why)
    return replace(state, alarms=alarms, log=(*state.log, event))


def full_id(given: str, ids: Iterable[str], noun: str) -> str:
    """The id that a person means: the whole of it, or its beginning where that is enough."""
    every = list(ids)
    wanted = given.strip().lower()
    fitting = [one for one in every if one == wanted] or [
        one for one in every if wanted and (one.startswith(wanted) or one[2:].startswith(wanted))
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ActError(f"{given!r} may be {len(fitting)} {noun}s: {', '.join(fitting[:5])}; type one digit more")
    if not every:
        raise ActError(f"there is no {noun} {given!r}: there are no {noun}s yet")
    near = difflib.get_close_matches(wanted, every, n=3, cutoff=0.5)
    mend = f"did you mean {' or '.join(near)}?" if near else f"such an id looks like {every[0]}"
    raise ActError(f"there is no {noun} {given!r}; {mend}")


def find_change(state: LoopState, given: str) -> Change:
    """The change of an id, or of the beginning of one. Raises ActError with the nearest."""
    return _find_changes(state, [given])[0]


def _find_changes(state: LoopState, given: Sequence[str]) -> list[Change]:
    by_id = {change.change_id: change for change in state.changes}
    ids = [one if one in by_id else full_id(one, by_id, "change") for one in given]
    return [by_id[one] for one in dict.fromkeys(ids)]


def _in_state(state: LoopState, given: Sequence[str], states: tuple[str, ...], doing: str) -> list[Change]:
    changes = _find_changes(state, given)
    for change in changes:
        if change.state not in states:
            raise ActError(
                f"change {change.change_id} ({change.sentence}) is {change.state} since {change.state_on}; to {doing} "
                f"it, it would have to be {' or '.join(states)}"
            )
    return changes


def _decided(state: LoopState, some: Sequence[Change], what: str, who: str, why: str, on: date) -> LoopState:
    """The state with these changes decided by a person, and their alarms with them."""
    if not who.strip():
        raise ActError("nobody has decided that: say who")
    made = {change.change_id: replace(change, state=what, state_on=on, by=who, why=why) for change in some}
    changes = tuple(made.get(change.change_id, change) for change in state.changes)
    items = {change.item for change in some if change.field == STAGE}
    word = "approved" if what == "applied" else what
    events = [Event(on, word, change.change_id, who, why) for change in some]
    of_alarm = sorted({change.alarm_id for change in some if change.alarm_id})
    concerned = np.isin(state.alarms.alarm_id, of_alarm)
    if what == "applied":
        alarms = set_state(state.alarms, np.flatnonzero(concerned), ANSWERED, closed_on=np.datetime64(on))
    else:
        asking = np.isin(state.alarms.state, (OPEN, ANSWERED))
        told = np.flatnonzero(concerned & asking)
        alarms = set_state(state.alarms, told, ACKNOWLEDGED, closed_on=np.datetime64(on))
    stages = put_in_force(state.stages, changes, items) if items else state.stages
    return replace(state, alarms=alarms, changes=changes, stages=stages, log=(*state.log, *events), current=None)


def _live_row(state: LoopState, given: str, doing: str) -> int:
    every = state.every_alarm
    alarm_id = full_id(given, every.alarm_id.tolist(), "alarm")
    live = np.flatnonzero(state.alarms.alarm_id == alarm_id)
    if not len(live):
        row = int(np.flatnonzero(every.alarm_id == alarm_id)[0])
        raise ActError(
            f"alarm {alarm_id} ({every.about(row)}) is {STATES[every.state[row]]} since {every.closed_on[row]}: there "
            f"is nothing to {doing}"
        )
    return int(live[0])
