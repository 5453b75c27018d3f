"""Commands that answer what the watch has found: alarms, changes and the history of a SKU's rules."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from skuwise.cli.screen import heading, refused, say, say_command, screen, short_path, user_errors
from skuwise.cli.watching import day_of, show_lines
from skuwise.core.monitoring import acts
from skuwise.core.monitoring.alarm import KINDS
from skuwise.core.monitoring.change import BY_ITSELF, CHANGE_STATES
from skuwise.core.monitoring.life import STATES, AlarmLives
from skuwise.core.monitoring.loop import LoopState
from skuwise.core.rules.problems import nearest, suggestion
from skuwise.core.trace.words import counted, money
from skuwise.watching.digest import WHAT_TO_DO, Line, todo_of, told_of
from skuwise.watching.history import history_of
from skuwise.watching.journal import HEAD_FILE, Journal, read_journal, writing

ALL = "all"
Step = Callable[[LoopState, date], LoopState]


def list_alarms(journal: Path | None, state: str, todo: str, kind: str, sku: str, top: int) -> None:
    console = screen()
    with _acting():
        folder, kept = _open(journal)
        lives = kept.state.every_alarm
        _refuse_unknown("--state", state, (*STATES, ALL))
        _refuse_unknown("--todo", todo, ("", *(name for name in WHAT_TO_DO if name != "waits")))
        _refuse_unknown("--kind", kind, ("", *sorted({*KINDS, *lives.kind.tolist()})))
        wanted = np.full(len(lives), True) if state == ALL else lives.state == STATES.index(state)
        if kind:
            wanted &= lives.kind == kind
        if sku:
            wanted &= lives.sku_id == sku
        if todo:
            wanted &= np.array([todo_of(one) == todo for one in lives.kind.tolist()], bool)
        some = lives.of(np.flatnonzero(wanted))
        some = some.of(np.lexsort((some.alarm_id, -some.money_minor)))
        what = "alarms" if state == ALL else f"{state} alarms"
        heading(console, f"{counted(len(some), what)} as of {kept.state.as_of}, the most money first")
        lines = [
            Line(str(some.alarm_id[row]), _stake(some, row, kept.currency), some.about(row), told_of(some, row), False)
            for row in range(min(top, len(some)))
        ]
        show_lines(console, lines)
        _say_rest(console, len(some), top, folder / "alarms.csv")


def show_alarm(journal: Path | None, given: str) -> None:
    console = screen()
    with _acting():
        _, kept = _open(journal)
        lives = kept.state.every_alarm
        alarm_id = acts.full_id(given, lives.alarm_id.tolist(), "alarm")
        row = int(np.flatnonzero(lives.alarm_id == alarm_id)[0])
        kind = KINDS.get(str(lives.kind[row]))
        heading(console, f"{kind.title if kind else lives.kind[row]}: {lives.about(row)}")
        say(console, f"{lives.words(row)}.")
        console.print()
        pairs = [
            ("alarm", f"{alarm_id} ({lives.kind[row]})"),
            ("state", _state_of(lives, row)),
            ("at stake", _stake(lives, row, kept.currency) or "not known"),
            ("began", str(lives.since[row])),
            ("first seen", str(lives.first_seen[row])),
            ("last seen", f"{lives.last_seen[row]}, {counted(int(lives.times_seen[row]), 'times')} in all"),
        ]
        if kind and kind.false_alarms:
            pairs.append(("false alarms", kind.false_alarms))
        _show_pairs(console, pairs)
        if kind:
            console.print()
            say(console, f"What to do: {kind.advice}")
        for change in (one for one in kept.state.changes if one.alarm_id == alarm_id):
            heading(console, f"Its change {change.change_id}: {change.told}")
            say(console, f"{change.decision.capitalize()} on {change.state_on}: {change.why}.", "  ", "  ")
        _show_log(console, kept, alarm_id)


def acknowledge_alarms(journal: Path | None, given: Sequence[str], by: str, why: str) -> None:
    with _acting():
        _act(journal, [_step(acts.acknowledge, one, by, why) for one in given])
        say(screen(), f"{counted(len(given), 'alarms')} acknowledged: told no more, and gone when the reason is gone.")


def snooze_alarms(journal: Path | None, given: Sequence[str], until: str, by: str, why: str) -> None:
    with _acting():
        day = day_of(until, "--until")
        _act(journal, [_step(partial(acts.snooze, until=day), one, by, why) for one in given])
        say(screen(), f"{counted(len(given), 'alarms')} snoozed until {day}.")


def list_changes(journal: Path | None, state: str, field: str, sku: str, top: int) -> None:
    console = screen()
    with _acting():
        folder, kept = _open(journal)
        changes = kept.state.changes
        _refuse_unknown("--state", state, (*CHANGE_STATES, ALL))
        _refuse_unknown("--field", field, ("", *sorted({change.field for change in changes})))
        some = [
            change
            for change in reversed(changes)
            if state in (ALL, change.state) and field in ("", change.field) and sku in ("", change.sku_id)
        ]
        what = "changes" if state == ALL else f"{state} changes"
        heading(console, f"{counted(len(some), what)} as of {kept.state.as_of}, newest first")
        every = kept.state.every_alarm
        amounts = dict(zip(every.alarm_id.tolist(), every.money_minor.tolist(), strict=True))
        lines = []
        for change in some[:top]:
            amount = amounts.get(change.alarm_id, -1)
            stake = money(amount, kept.currency) if amount >= 0 else ""
            told = f"{change.told}; {change.decision} on {change.state_on}: {change.reason}"
            lines.append(Line(change.change_id, stake, f"{change.sku_id} @ {change.location_id}", told, False))
        show_lines(console, lines)
        _say_rest(console, len(some), top, folder / "changes.csv")


def show_change(journal: Path | None, given: str) -> None:
    console = screen()
    with _acting():
        folder, kept = _open(journal)
        change = acts.find_change(kept.state, given)
        heading(console, change.sentence)
        say(console, f"{change.reason}.")
        console.print()
        pairs = [("change", f"{change.change_id} ({change.field})"), ("proposed", str(change.proposed_on))]
        pairs += [("state", f"{change.decision} on {change.state_on}"), ("why", change.why)]
        pairs += [("holds until", str(change.valid_until))] if change.valid_until else []
        pairs += [("alarm", change.alarm_id)] if change.alarm_id else []
        _show_pairs(console, pairs)
        _show_log(console, kept, change.change_id)
        console.print()
        place = shlex.quote(short_path(folder))
        doing = {"applied": "undo", "waiting": "approve", "undone": "approve", "refused": "approve"}.get(change.state)
        if doing:
            say_command(console, f"skuwise changes {doing} {change.change_id} --by NAME --why TEXT --journal {place}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which changes are decided: by their ids, or every one (of a field, kind of alarm or SKU) that can be."""

    ids: Sequence[str]
    every: bool = False
    field: str = ""
    kind: str = ""
    sku: str = ""

    def among(self, state: LoopState, states: Sequence[str]) -> list[str]:
        """Ids of the changes; refused where both ways or none are used, or none fits."""
        by_filter = self.every or any((self.field, self.kind, self.sku))
        if by_filter == bool(self.ids):
            raise refused("name changes by their ids, or choose them by --field, --kind, --sku or --all; not both")
        if self.ids:
            return list(self.ids)
        _refuse_unknown("--field", self.field, ("", *sorted({change.field for change in state.changes})))
        _refuse_unknown("--kind", self.kind, ("", *sorted({change.kind for change in state.changes})))
        chosen = [
            change.change_id
            for change in reversed(state.changes)
            if change.state in states
            and self.field in ("", change.field)
            and self.kind in ("", change.kind)
            and self.sku in ("", change.sku_id)
        ]
        if not chosen:
            raise refused(f"no change like that is {' or '.join(states)}")
        return chosen


def undo_changes(journal: Path | None, chosen: Chosen, by: str, why: str) -> None:
    _decide(journal, acts.undo, chosen, ("applied",), "undone", by, why)


def approve_changes(journal: Path | None, chosen: Chosen, by: str, why: str) -> None:
    _decide(journal, acts.approve, chosen, ("waiting",), "applied", by, why)


def refuse_changes(journal: Path | None, chosen: Chosen, by: str, why: str) -> None:
    _decide(journal, acts.refuse, chosen, ("waiting",), "refused", by, why)


_THEN = {
    "undone": "What held before holds again, in the next plan made with this journal.",
    "applied": "They hold in the next plan made with this journal.",
    "refused": "Their alarms ask for them no more.",
}


def _decide(
    journal: Path | None,
    act: Callable[..., LoopState],
    chosen: Chosen,
    states: Sequence[str],
    done: str,
    by: str,
    why: str,
) -> None:
    """Decide the chosen changes, all of them or none, and show them."""
    console = screen()
    with _acting():

        def step(state: LoopState, on: date) -> LoopState:
            return act(state, *chosen.among(state, states), who=by, why=why, on=on)

        _show_decided(console, *_act(journal, [step]), done)
        say(console, _THEN[done])


def show_history(journal: Path | None, sku: str, field: str, location: str) -> None:
    """Everything that was ever decided about the rules of a SKU, in the order of time."""
    console = screen()
    with _acting():
        folder, kept = _open(journal)
        lines = history_of(kept, sku, field, location)
        known = kept.state.stages.sku_id
        if not lines and not np.any(known == sku):
            near = nearest(sku, np.unique(known).tolist())
            hint = f'; did you mean "{near}"?' if near else ": none there is like it"
            raise refused(f'there is no SKU "{sku}" in {short_path(folder)}{hint}')
        title = f"Rules of {sku}" + (f" @ {location}" if location else "") + (f": {field}" if field else "")
        heading(console, f"{title}, until {kept.state.as_of}")
        if not lines:
            say(console, "Nothing has changed by itself, and no override names it.")
        for line in lines:
            say(console, f"{line.what}: {line.why}" if line.why else line.what, f"  {line.on}  ", " " * 14)


def _show_decided(console: Console, before: Journal, after: Journal, state: str) -> None:
    """The changes that an act has decided, the first of them one line each."""
    former = {change.change_id: change for change in before.state.changes}
    decided = [change for change in after.state.changes if former.get(change.change_id) != change]
    heading(console, f"{counted(len(decided), 'changes')} {state}")
    for change in decided[:_DECIDED_SHOWN]:
        say(console, f"{change.change_id}  {change.sentence}", "  ", "    ")
    if len(decided) > _DECIDED_SHOWN:
        say(console, f"… and {len(decided) - _DECIDED_SHOWN:,} more", "  ", "  ", style="dim")


_DECIDED_SHOWN = 10


@contextmanager
def _acting() -> Iterator[None]:
    """Errors of people, those of acts among them, as one message and exit code 2."""
    with user_errors():
        try:
            yield
        except acts.ActError as error:
            raise refused(str(error)) from None


def _open(journal: Path | None) -> tuple[Path, Journal]:
    """The journal that was named, or the only one of this folder; refused where nothing has been watched yet."""
    folder = journal or _journal_here()
    kept = read_journal(folder)
    if np.isnat(kept.state.as_of):
        raise refused(f"there is no journal in {short_path(folder)}: `skuwise monitor FOLDER` writes one")
    return folder, kept


def _journal_here() -> Path:
    here = Path.cwd()
    if (here / HEAD_FILE).exists():
        return here
    found = sorted(path.parent for path in here.glob(f"*/{HEAD_FILE}"))
    if len(found) == 1:
        return found[0]
    if found:
        raise refused(f"there are several journals here: name one with --journal: {', '.join(p.name for p in found)}")
    raise refused("there is no journal in this folder: name one with --journal; `skuwise monitor FOLDER` writes one")


def _act(journal: Path | None, steps: Iterable[Step]) -> tuple[Journal, Journal]:
    """Take the steps on the journal, all of them or none; the journal before and after.

    They happen on the journal's own day, the newest that it has lived: decisions and data are counted in the same time.
    """
    folder, _ = _open(journal)
    with writing(folder) as (kept, keep):
        state, on = kept.state, kept.state.as_of.astype(date)
        for step in steps:
            state = step(state, on)
        after = replace(kept, state=state)
        keep(after)
    return kept, after


def _step(act: Callable[..., LoopState], given: str, who: str, why: str) -> Step:
    return lambda state, on: act(state, given, who=who, why=why, on=on)


def _refuse_unknown(option: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise refused(f'{option} "{given}" is not known. {suggestion(given, [name for name in known if name])}')


def _say_rest(console: Console, count: int, top: int, table: Path) -> None:
    if count > top:
        say(console, f"… and {count - top:,} more; --top {count} shows all, as does {short_path(table)}", "  ", "  ")


def _state_of(lives: AlarmLives, row: int) -> str:
    state = STATES[lives.state[row]]
    if state == "snoozed":
        return f"snoozed until {lives.snoozed_until[row]}"
    return state if np.isnat(lives.closed_on[row]) else f"{state} since {lives.closed_on[row]}"


def _stake(lives: AlarmLives, row: int, currency: str) -> str:
    amount = int(lives.money_minor[row])
    return money(amount, currency) if amount >= 0 else ""


def _show_pairs(console: Console, pairs: Sequence[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        say(console, value, f"  {name:<{width}}  ", " " * (width + 4))


def _show_log(console: Console, kept: Journal, about: str) -> None:
    events = [event for event in kept.state.log if event.about == about]
    if events:
        heading(console, "What happened to it")
    for event in events:
        by = "by itself" if event.by == BY_ITSELF else f"by {event.by}"
        say(console, f"{event.what} {by}" + (f": {event.why}" if event.why else ""), f"  {event.on}  ", " " * 14)
