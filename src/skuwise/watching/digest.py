"""The digest of a run: one structure, told as plain text, Markdown or HTML.

A person reads it on a Monday: what changed since last time in words and money, then what to do, group by group, the
most money first.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from skuwise.core.monitoring.alarm import KINDS
from skuwise.core.monitoring.change import Change
from skuwise.core.monitoring.guard import DOUBT
from skuwise.core.monitoring.life import AlarmLives
from skuwise.core.trace.words import counted, money
from skuwise.watching.run import Watched

#: What to do about a kind of alarm, in the order in which the digest tells it.
WHAT_TO_DO = {
    "feed": "Check the feed first, nothing changes by itself while it is in doubt",
    "order": "Order or hurry now",
    "waits": "Waits for you",
    "supplier": "Ask the supplier",
    "look": "Look at",
}
_ORDER_KINDS = ("stockout_order_now", "stockout_too_late")
LINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: what is at stake in words (blank where unknown), what it is about, what is told, and its id."""

    id: str
    stake: str
    about: str
    told: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs to one thing to do: the first lines, how many more there are, and the command that shows all.

    ``kinds`` counts them by kind in words, blank where all are of one.
    """

    name: str
    heading: str
    kinds: str
    lines: tuple[Line, ...]
    more: int
    command: str


@dataclass(frozen=True, slots=True)
class Digest:
    """``has_news`` is false where nothing has happened since last time."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    has_news: bool


def todo_of(kind: str) -> str:
    """What to do about an alarm of a kind: a key of ``WHAT_TO_DO``."""
    if kind in _ORDER_KINDS:
        return "order"
    subject = KINDS[kind].subject if kind in KINDS else "item"
    return "look" if subject == "item" else subject


def digest_of(watched: Watched, journal: str = "", shown: int = LINES_SHOWN) -> Digest:
    """The digest of a run; ``journal`` is the folder that its commands name, ``shown`` the lines of each section."""
    command = f" --journal {journal}" if journal else ""
    stakes = _Stakes.of(watched)
    sections = [*_alarm_sections(watched, stakes, command, shown), *_change_sections(watched, stakes, command, shown)]
    order = [*WHAT_TO_DO, "applied", "stages", "ended"]
    sections.sort(key=lambda section: order.index(section.name))
    new_waiting = any(stakes.is_new(one) for one in watched.waiting)
    happened = (watched.new_alarms, watched.ended_alarms, watched.applied, watched.stage_moves)
    has_news = new_waiting or any(len(some) > 0 for some in happened)
    return Digest(_title(watched), tuple(_lead(watched, stakes)), tuple(sections), has_news)


@dataclass(frozen=True, slots=True)
class _Stakes:
    """Money and novelty of what is told."""

    watched: Watched
    by_alarm: dict[str, int]

    @classmethod
    def of(cls, watched: Watched) -> _Stakes:
        every = watched.state.every_alarm
        return cls(watched, dict(zip(every.alarm_id.tolist(), every.money_minor.tolist(), strict=True)))

    def words(self, amount: int) -> str:
        return money(amount, self.watched.plan.currency) if amount >= 0 else ""

    def of_change(self, change: Change) -> int:
        return self.by_alarm.get(change.alarm_id, -1)

    def total(self, amounts: Iterable[int]) -> str:
        known = [amount for amount in amounts if amount >= 0]
        return self.words(sum(known)) if known else ""

    def at_stake(self, lives: AlarmLives) -> str:
        total = self.total(lives.money_minor.tolist())
        return f", with {total} at stake" if total else ""

    def is_new(self, change: Change) -> bool:
        return self.watched.is_first or bool(np.datetime64(change.proposed_on) > self.watched.last_time)


def _title(watched: Watched) -> str:
    parts = [
        counted(len(watched.new_alarms), "new alarms"),
        f"{counted(len(watched.applied) + len(watched.stage_moves), 'changes')} by itself",
        f"{counted(len(watched.waiting), 'changes')} waiting",
    ]
    return f"Stock watch {watched.as_of}: {', '.join(parts)}"


def _lead(watched: Watched, stakes: _Stakes) -> Iterable[str]:
    new, ended, still = watched.new_alarms, watched.ended_alarms, watched.open_alarms
    since = "This is the first run." if watched.is_first else f"Since {watched.last_time}:"
    words = f"{since} {counted(len(new), 'alarms')} came up{stakes.at_stake(new)}"
    if not watched.is_first:
        words += f"; {len(ended):,} ended by themselves"
    if watched.passing_count:
        words += f"; {watched.passing_count:,} more came and went"
    yield f"{words}."
    changed = len(watched.applied) + len(watched.stage_moves)
    yield (
        f"{counted(changed, 'changes')} made by itself, {len(watched.waiting):,} waiting for you. "
        f"{counted(len(still), 'alarms')} open{stakes.at_stake(still)}."
    )


def _alarm_sections(watched: Watched, stakes: _Stakes, command: str, shown: int) -> Iterable[Section]:
    """Open alarms by what to do; those whose change waits for a person are told there."""
    waits = {change.alarm_id for change in watched.waiting}
    still = watched.open_alarms
    rows_of: dict[str, list[int]] = {}
    for row, (alarm_id, kind) in enumerate(zip(still.alarm_id.tolist(), still.kind.tolist(), strict=True)):
        if alarm_id not in waits:
            rows_of.setdefault(todo_of(kind), []).append(row)
    for name, rows in rows_of.items():
        lines = tuple(_alarm_line(still, row, stakes, watched) for row in rows[:shown])
        fresh = sum(1 for row in rows if watched.is_first or still.first_seen[row] > watched.last_time)
        heading = _heading(WHAT_TO_DO[name], len(rows), fresh, watched, stakes.total(still.money_minor[rows].tolist()))
        see = f"skuwise alarms list --todo {name}{command}"
        yield Section(name, heading, _kinds(still.kind[rows].tolist()), lines, len(rows) - len(lines), see)
    if len(ended := watched.ended_alarms):
        lines = tuple(_alarm_line(ended, row, stakes, watched) for row in range(min(shown, len(ended))))
        heading = f"Ended by themselves: {len(ended):,}"
        see = f"skuwise alarms list --state resolved{command}"
        yield Section("ended", heading, _kinds(ended.kind.tolist()), lines, len(ended) - len(lines), see)


def _change_sections(watched: Watched, stakes: _Stakes, command: str, shown: int) -> Iterable[Section]:
    told = (
        ("waits", WHAT_TO_DO["waits"], watched.waiting, f"skuwise changes list --state waiting{command}"),
        ("applied", "Changed by itself", watched.applied, f"skuwise changes list --state applied{command}"),
        ("stages", "Stages that moved", watched.stage_moves, f"skuwise changes list --field stage{command}"),
    )
    for name, title, changes, see in told:
        if not changes:
            continue
        dearest = sorted(changes, key=lambda one: (-stakes.of_change(one), one.change_id))
        lines = tuple(_change_line(one, stakes) for one in dearest[:shown])
        fresh = sum(1 for one in changes if stakes.is_new(one)) if name == "waits" else len(changes)
        amount = stakes.total(stakes.of_change(one) for one in changes) if name != "stages" else ""
        kinds = _kinds([one.kind for one in changes]) if name != "stages" else _moves(changes)
        heading = _heading(title, len(changes), fresh, watched, amount)
        yield Section(name, heading, kinds, lines, len(changes) - len(lines), see)


def _kinds(kinds: Sequence[str]) -> str:
    counts = Counter(KINDS[kind].title if kind in KINDS else "Stage moves" for kind in kinds)
    return _counted_words(counts) if len(counts) > 1 else ""


def _moves(changes: Sequence[Change]) -> str:
    return _counted_words(Counter(change.told.removeprefix("stage ") for change in changes))


def _counted_words(counts: Counter[str]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _heading(title: str, count: int, fresh: int, watched: Watched, amount: str) -> str:
    new = f", {fresh:,} new" if fresh and not watched.is_first and fresh < count else ""
    return f"{title}: {count:,}{new}" + (f", {amount} at stake" if amount else "")


def _alarm_line(lives: AlarmLives, row: int, stakes: _Stakes, watched: Watched) -> Line:
    fresh = watched.is_first or bool(lives.first_seen[row] > watched.last_time)
    stake = stakes.words(int(lives.money_minor[row]))
    return Line(str(lives.alarm_id[row]), stake, lives.about(row), told_of(lives, row), fresh)


def told_of(lives: AlarmLives, row: int) -> str:
    """What an alarm tells, its kind first."""
    kind = KINDS.get(str(lives.kind[row]))
    return f"{kind.title}: {lives.words(row)}" if kind else str(lives.kind[row])


def _change_line(change: Change, stakes: _Stakes) -> Line:
    told = f"{change.told.removeprefix('stage ')}: {change.reason}"
    if change.state == "waiting" and not change.waits_as_ruled and not change.why.startswith(DOUBT):
        told += f" (waits: {change.why})"
    stake = stakes.words(stakes.of_change(change))
    return Line(change.change_id, stake, f"{change.sku_id} @ {change.location_id}", told, stakes.is_new(change))


def as_text(digest: Digest) -> str:
    """Plain text, a line each."""
    lines = [*digest.lead]
    for section in digest.sections:
        lines += ["", section.heading, *([f"({section.kinds})"] if section.kinds else [])]
        lines += [f"- {_joined(line)} [{line.id}]" for line in section.lines]
        lines += [f"  … and {section.more:,} more: {section.command}"] if section.more else []
    return "\n".join([*lines, ""])


def as_markdown(digest: Digest) -> str:
    """Markdown as chat services show it."""
    lines = [*map(_marked, digest.lead)]
    for section in digest.sections:
        lines += ["", f"**{_marked(section.heading)}**", *([_marked(section.kinds), ""] if section.kinds else [])]
        lines += [f"- {_marked(_joined(line))} `{line.id}`" for line in section.lines]
        lines += [f"- … and {section.more:,} more: `{section.command}`"] if section.more else []
    return "\n".join([*lines, ""])


def as_html(digest: Digest) -> str:
    """HTML for mail: no script, no picture, nothing from the network."""
    parts = [f"<h2>{_safe(digest.title)}</h2>", *(f"<p>{_safe(one)}</p>" for one in digest.lead)]
    for section in digest.sections:
        parts.append(f"<h3>{_safe(section.heading)}</h3>")
        if section.kinds:
            parts.append(f"<p>{_safe(section.kinds)}</p>")
        parts.append('<table cellpadding="4" style="border-collapse:collapse">')
        for line in section.lines:
            cells = [line.stake, line.about, line.told]
            row = "".join(f'<td style="border-bottom:1px solid #ddd">{_safe(cell)}</td>' for cell in cells)
            parts.append(f"<tr>{row}<td><code>{_safe(line.id)}</code></td></tr>")
        parts.append("</table>")
        if section.more:
            parts.append(f"<p>… and {section.more:,} more: <code>{_safe(section.command)}</code></p>")
    return "\n".join([*parts, ""])


def as_record(digest: Digest) -> dict[str, object]:
    """The same for programs."""
    sections: Sequence[dict[str, object]] = [
        {
            "name": section.name,
            "heading": section.heading,
            "kinds": section.kinds,
            "lines": [{name: getattr(line, name) for name in Line.__slots__} for line in section.lines],
            "more": section.more,
            "command": section.command,
        }
        for section in digest.sections
    ]
    return {"title": digest.title, "has_news": digest.has_news, "lead": list(digest.lead), "sections": sections}


def _joined(line: Line) -> str:
    return "  ".join(part for part in (line.stake, f"{line.about}: {line.told}") if part)


def _marked(text: str) -> str:
    """Text in which no sign means anything to Markdown."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)


def _safe(text: str) -> str:
    return html.escape(text)
