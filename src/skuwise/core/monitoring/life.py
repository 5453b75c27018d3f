"""The life of alarms across weeks: one alarm for one thing, however often it is seen.

An alarm is known by its kind and its subject. It opens when it is first seen, may be acknowledged or snoozed by a
person, is *answered* when the change that it proposed is applied, and resolves by itself when it has not been seen for
as long as its kind says. What comes back after that is a new alarm with a new id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray, TextArray
from skuwise.core.monitoring.alarm import FACTS_MAX, KINDS, Alarms, Seen

STATES = ("open", "acknowledged", "snoozed", "answered", "resolved")
OPEN, ACKNOWLEDGED, SNOOZED, ANSWERED, RESOLVED = range(len(STATES))

NO_DAY = np.datetime64("NaT", "D")
_BETWEEN = "\x1f"
_ID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class AlarmLives:
    """Alarms with their life, m rows.

    ``sku_id`` and ``location_id`` (m,) are blank where the alarm is about the supplier or feed named in ``subject``.
    ``state`` (m,) codes of ``STATES``. ``snoozed_until`` (m,) is NaT where it is not snoozed. ``since`` is the first
    day of what is told, ``first_seen`` and ``last_seen`` the days of the runs that saw it, ``times_seen`` how many.
    ``strength``, ``money_minor`` and ``facts`` (m, FACTS_MAX) are those of the newest time. ``closed_on`` is the day
    on which it was answered, acknowledged or resolved, NaT before.
    """

    alarm_id: TextArray
    kind: TextArray
    sku_id: TextArray
    location_id: TextArray
    subject: TextArray
    state: CodeArray
    snoozed_until: DateArray
    since: DateArray
    first_seen: DateArray
    last_seen: DateArray
    times_seen: IntArray
    strength: FloatArray
    money_minor: IntArray
    facts: FloatArray
    closed_on: DateArray

    def __len__(self) -> int:
        return len(self.alarm_id)

    @classmethod
    def none(cls) -> AlarmLives:
        text, number, day = np.empty(0, "U1"), np.empty(0, np.int64), np.empty(0, "datetime64[D]")
        return cls(
            *(text,) * 5,
            np.empty(0, np.int16),
            *(day,) * 4,
            number,
            np.empty(0),
            number,
            np.empty((0, FACTS_MAX)),
            day,
        )

    @classmethod
    def joined(cls, *parts: AlarmLives) -> AlarmLives:
        """All of them below each other."""
        filled = [part for part in parts if len(part)]
        if len(filled) < 2:
            return filled[0] if filled else cls.none()
        return cls(*(np.concatenate([getattr(part, name) for part in filled]) for name in cls.__slots__))

    def of(self, rows: IntArray | BoolArray) -> AlarmLives:
        """Some of them, by their rows."""
        return AlarmLives(*(getattr(self, name)[rows] for name in AlarmLives.__slots__))

    @property
    def keys(self) -> TextArray:
        """Kind and subject in one text [(m,)]: two alarms of one key are one alarm."""
        return _keys(self.kind, self.sku_id, self.location_id, self.subject)

    def about(self, row: int) -> str:
        """What one alarm is about, as people say it."""
        if self.sku_id[row]:
            return f"{self.sku_id[row]} @ {self.location_id[row]}"
        return str(self.subject[row]) or "the whole shop"

    def words(self, row: int) -> str:
        """What one alarm says."""
        kind = KINDS.get(str(self.kind[row]))
        return kind.text.format(*self.facts[row]) if kind else str(self.kind[row])

    def with_values(self, **columns: Any) -> AlarmLives:
        return replace(self, **columns)


@dataclass(frozen=True, slots=True)
class Lived:
    """The alarms after one day: those that live, those that ended on it, and which of the living are new on it."""

    live: AlarmLives
    ended: AlarmLives
    seen_row: IntArray
    """(m,) for each living alarm its row among the alarms of the day, -1 where it was not seen."""


def live_on(before: AlarmLives, alarms: Alarms, seen: Seen, dated: Collection[str] = ()) -> Lived:
    """Carry the living alarms over one day on which ``alarms`` were seen, the most important first.

    The same day may be lived twice: nothing is counted twice then. An alarm that was answered or acknowledged and is
    seen again tells of the same, unless its kind is one of the ``dated``, whose first day is that of an event, and the
    event came after the answer: then that is a new alarm.
    """
    day = seen.as_of.astype("datetime64[D]")
    every = _as_lives(alarms, seen)
    rows = _first_of_each(every)
    today = every.of(rows)
    old_row = _match(before.keys, today.keys)
    at = np.flatnonzero(old_row >= 0)
    old = old_row[at]
    begun_anew = np.isin(before.state[old], (ANSWERED, ACKNOWLEDGED)) & np.isin(today.kind[at], sorted(dated))
    begun_anew &= (today.since[at] >= before.closed_on[old]) & (before.closed_on[old] < day)
    replaced, at, old = old[begun_anew], at[~begun_anew], old[~begun_anew]
    carried = _seen_again(before, old, today, at, day)
    row_today = np.full(len(before), -1, np.int64)
    row_today[old] = rows[at]

    quiet = row_today < 0
    quiet[quiet] = (day - before.last_seen[quiet]).astype(np.int64) >= _quiet_days(before.kind[quiet])
    quiet[replaced] = True
    ended = carried.of(quiet)
    ended = set_state(ended, np.arange(len(ended)), RESOLVED, closed_on=day)
    fresh = np.setdiff1d(np.arange(len(today)), at)
    live = AlarmLives.joined(carried.of(~quiet), today.of(fresh))
    return Lived(live, ended, np.concatenate([row_today[~quiet], rows[fresh]]))


def _as_lives(alarms: Alarms, seen: Seen) -> AlarmLives:
    """Every alarm of the day as if it were new."""
    count = len(alarms)
    if not count:
        return AlarmLives.none()
    of_item = alarms.item >= 0
    item = np.where(of_item, alarms.item, 0)
    day = np.full(count, seen.as_of, "datetime64[D]")
    sku, location = (
        np.where(of_item, np.asarray(seen.columns[name])[item], "") if len(seen) else np.full(count, "")
        for name in ("sku_id", "location_id")
    )
    subject = np.where(of_item, "", alarms.subject)
    identity = _keys(alarms.kind, sku, location, subject)
    ids = np.array([_id_of(str(key), str(seen.as_of)) for key in identity.tolist()])
    return AlarmLives(
        ids,
        alarms.kind,
        sku,
        location,
        subject,
        np.full(count, OPEN, np.int16),
        np.full(count, NO_DAY),
        alarms.since.astype("datetime64[D]"),
        day,
        day,
        np.ones(count, np.int64),
        alarms.strength,
        alarms.money_minor,
        alarms.facts,
        np.full(count, NO_DAY),
    )


def _id_of(key: str, day: str) -> str:
    return "a-" + hashlib.sha256(f"{key}{_BETWEEN}{day}".encode()).hexdigest()[:_ID_DIGITS]


def _keys(*parts: TextArray) -> TextArray:
    keys = parts[0]
    for part in parts[1:]:
        keys = np.strings.add(np.strings.add(keys, _BETWEEN), part)
    return keys


def _first_of_each(today: AlarmLives) -> IntArray:
    """Rows of the first alarm of each kind about each thing, in the order in which they came."""
    _, first = np.unique(today.keys, return_index=True)
    return np.sort(first)


def _match(known: TextArray, wanted: TextArray) -> IntArray:
    """Row of each wanted key among the known ones, -1 where it is not there."""
    if not len(known) or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    row = order[place]
    return np.where(known[row] == wanted, row, -1)


def _seen_again(before: AlarmLives, old: IntArray, today: AlarmLives, at: IntArray, day: np.datetime64) -> AlarmLives:
    """Living alarms with what the day says of those that it sees again; a snooze that is over ends."""
    changed: dict[str, Any] = {}
    for name in ("since", "strength", "money_minor", "facts"):
        column = getattr(before, name).copy()
        column[old] = getattr(today, name)[at]
        changed[name] = column
    times, last, state = before.times_seen.copy(), before.last_seen.copy(), before.state.copy()
    times[old] += before.last_seen[old] < day
    last[old] = np.maximum(last[old], day)
    over = (state == SNOOZED) & (before.snoozed_until <= day)
    state[over] = OPEN
    until = np.where(over, NO_DAY, before.snoozed_until)
    return before.with_values(**changed, times_seen=times, last_seen=last, state=state, snoozed_until=until)


def _quiet_days(kinds: TextArray) -> FloatArray:
    """Days without being seen after which an alarm resolves [(k,)]; never on the day on which it was seen."""
    names, place = np.unique(kinds, return_inverse=True)
    days = np.array([7 * KINDS[name].quiet_weeks_to_resolve if name in KINDS else 0 for name in names.tolist()])
    return np.maximum(days, 1.0)[place] if len(names) else np.empty(0)


def set_state(
    lives: AlarmLives, rows: IntArray | int, state: int, *, closed_on: Any = NO_DAY, until: Any = NO_DAY
) -> AlarmLives:
    """The same alarms with some of them in another state."""
    states, closed, snoozed = lives.state.copy(), lives.closed_on.copy(), lives.snoozed_until.copy()
    states[rows], closed[rows], snoozed[rows] = state, closed_on, until
    return lives.with_values(state=states, closed_on=closed, snoozed_until=snoozed)


LIFE_COLUMNS = tuple(field.name for field in fields(AlarmLives))
