"""One run of the watch: plan, look, decide within the guard-rails, remember; or week by week from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from skuwise.core import plan as core
from skuwise.core.monitoring.alarm import Seen
from skuwise.core.monitoring.change import BY_ITSELF, STAGE, Change
from skuwise.core.monitoring.life import OPEN, AlarmLives
from skuwise.core.monitoring.loop import LoopState, advance, automatic_rules
from skuwise.core.monitoring.watch import watch
from skuwise.core.rules import Rulebook
from skuwise.dataset.contract import Dataset
from skuwise.planning.assemble import plan_inputs
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.watching.journal import Journal, JournalError, writing


@dataclass(frozen=True, slots=True)
class Watched:
    """What a run has found and done.

    ``plan`` is made with what was applied; ``columns`` are those of the plan that was watched with the monitors' own
    beside them. ``state`` is all that is remembered, ``days`` the days that were lived, and ``last_time`` the newest
    day of an earlier run, NaT where this was the first. ``kept`` says whether it was written into a journal.
    """

    plan: core.Plan
    columns: Mapping[str, Any]
    state: LoopState
    days: tuple[date, ...]
    last_time: np.datetime64
    kept: bool

    @property
    def as_of(self) -> np.datetime64:
        return self.plan.as_of

    @property
    def is_first(self) -> bool:
        return bool(np.isnat(self.last_time))

    @property
    def open_alarms(self) -> AlarmLives:
        """What asks for a person, the most money first: neither answered, nor snoozed, nor acknowledged."""
        return _by_money(self.state.alarms.of(self.state.alarms.state == OPEN))

    @property
    def new_alarms(self) -> AlarmLives:
        """What came up since last time and is still there, answered or not, the most money first."""
        return _by_money(self.state.alarms.of(self._since(self.state.alarms.first_seen)))

    @property
    def ended_alarms(self) -> AlarmLives:
        """What was there last time and has ended by itself: nothing was changed for it."""
        past = AlarmLives.joined(*self.state.past)
        answered = [change.alarm_id for change in self.state.changes if change.alarm_id and change.state != "withdrawn"]
        told = self._since(past.closed_on) & ~self._since(past.first_seen)
        return _by_money(past.of(told & ~np.isin(past.alarm_id, answered)))

    @property
    def passing_count(self) -> int:
        """How many alarms came and went since last time: more than one day has been lived then."""
        past = AlarmLives.joined(*self.state.past)
        return int((self._since(past.first_seen) & self._since(past.closed_on)).sum())

    @property
    def applied(self) -> tuple[Change, ...]:
        """Changes of rules made by themselves since last time that still hold, moves of the stage apart."""
        return tuple(one for one in self._made_by_itself if one.field != STAGE)

    @property
    def stage_moves(self) -> tuple[Change, ...]:
        """Moves of the stage put in force by themselves since last time."""
        return tuple(one for one in self._made_by_itself if one.field == STAGE)

    @property
    def waiting(self) -> tuple[Change, ...]:
        """Changes that wait for a person, the newest last."""
        return tuple(one for one in self.state.changes if one.state == "waiting")

    @property
    def _made_by_itself(self) -> list[Change]:
        last = None if self.is_first else self.last_time.astype(date)
        return [
            one
            for one in self.state.changes
            if one.state == "applied" and one.by == BY_ITSELF and (last is None or one.state_on > last)
        ]

    def _since(self, days: np.ndarray) -> np.ndarray:
        return np.asarray(~np.isnat(days) if self.is_first else days > self.last_time)


def monitor(
    dataset: Dataset,
    rulebook: Rulebook | str | Path | None = None,
    journal: str | Path | LoopState | None = None,
    as_of: date | None = None,
    since: date | None = None,
    apply: bool = True,
    progress: core.Progress | None = None,
) -> Watched:
    """Watch the shop: what changed, which rule changes by itself for it, and what waits for a person.

    ``journal`` is the folder that remembers from run to run, or a state (``Watched.state``) where nothing is to be
    written; None begins anew in memory. ``as_of`` is the first day not seen, by default the dataset's. With ``since``
    the weeks from that day on that the journal does not know are lived one after the other, each with what was known
    then. Without ``apply`` the run is a preview: it shows the same and writes nothing.

    Raises ``JournalError`` for a journal that cannot be used or that has lived beyond ``as_of``, ``RulebookError`` for
    a rulebook that cannot be used.
    """
    rules = rulebook if isinstance(rulebook, Rulebook) else load_rulebook(rulebook)
    newest = as_of or dataset.as_of
    if journal is None or isinstance(journal, LoopState):
        return _live(dataset, rules, journal or LoopState(), newest, since, progress)
    with writing(journal) as (kept, keep):
        watched = _live(dataset, rules, kept.state, newest, since, progress)
        if not apply:
            return watched
        keep(Journal(watched.state, watched.plan.currency, rules, kept.written_at))
    return replace(watched, kept=True)


def _live(
    dataset: Dataset,
    rules: Rulebook,
    state: LoopState,
    newest: date,
    since: date | None,
    progress: core.Progress | None,
) -> Watched:
    days = days_to_live(state, newest, _not_before_the_data(dataset, since), int(rules.settings["period_days"]))
    last_time = state.as_of if state.as_of < np.datetime64(days[0]) else state.previous
    for place, day in enumerate(days):
        tell = _of_weeks(progress, place, len(days)) if len(days) > 1 else progress
        inputs = plan_inputs(
            dataset,
            as_of=day,
            period_days=int(rules.settings["period_days"]),
            history_periods_max=int(rules.settings["history_periods_max"]),
        )
        ruled = rules.with_automatic(automatic_rules(state, before=np.datetime64(day)))
        made = core.plan(inputs, ruled, progress=tell)
        columns, alarms = watch(made.columns, made.labels, made.as_of, tell)
        state = advance(state, Seen(columns, made.labels, made.as_of), alarms, rules)
    after = rules.with_automatic(automatic_rules(state))
    if after.rulebook_hash != ruled.rulebook_hash:
        made = core.plan(inputs, after, progress=progress)
    return Watched(made, columns, state, days, last_time, kept=False)


def _not_before_the_data(dataset: Dataset, since: date | None) -> date | None:
    """The day from which to live: while nothing had been sold yet there was nothing to watch."""
    sales = dataset.tables.get("sales")
    if since is None or sales is None or not sales.height:
        return since
    first = sales["date"].cast(pl.Date).min()
    return max(since, first) if isinstance(first, date) else since


def days_to_live(state: LoopState, newest: date, since: date | None, period_days: int) -> tuple[date, ...]:
    """The days of the runs to make, the last of them ``newest``: that day alone, or every period from ``since`` on.

    Days that the state has lived already are left out, but for the newest, which may be lived again.
    """
    lived = None if np.isnat(state.as_of) else state.as_of.astype(date)
    if lived is not None and newest < lived:
        raise JournalError(
            f"the journal has lived until {lived} and cannot go back to {newest}: name another journal, or a later "
            "--as-of"
        )
    if since is not None and since > newest:
        raise JournalError(f"--since {since} lies after {newest}, the day up to which is watched")
    days = [newest]
    while since is not None and days[0] - timedelta(days=period_days) >= since:
        days.insert(0, days[0] - timedelta(days=period_days))
    return tuple(day for day in days if lived is None or day > lived or day == newest)


def _of_weeks(progress: core.Progress | None, place: int, count: int) -> core.Progress | None:
    """Progress over all weeks in the place of that over the steps of one."""
    if progress is None:
        return None
    progress(f"live {count} weeks", place, count)
    return lambda _phase, _done, _total: None


def _by_money(lives: AlarmLives) -> AlarmLives:
    return lives.of(np.lexsort((lives.alarm_id, -lives.money_minor)))
