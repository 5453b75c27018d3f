"""The command that watches the shop: one run, shown as a digest and sent where it is wanted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.text import Text

from skuwise.cli.planning import RULES_FILE, portable, read_dataset, refuse_empty
from skuwise.cli.screen import heading, refused, say, say_command, screen, short_path, user_errors, watched
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.snapshot import write_plan
from skuwise.snapshot.folder import refuse_taken
from skuwise.watching.digest import Digest, Line, as_record, digest_of
from skuwise.watching.journal import beside
from skuwise.watching.notify import addresses, send
from skuwise.watching.run import Watched, monitor

_ABOUT_MAX = 30
_STAKE_MIN = 12
_WORDS_MIN = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """What `skuwise monitor` was asked for."""

    rules: Path | None
    journal: Path | None
    as_of: str
    since: str
    preview: bool
    out: Path | None
    overwrite: bool
    notify: tuple[str, ...]
    notify_always: bool
    as_json: bool
    top: int


def watch_folder(folder: Path, asked: Asked) -> None:
    console = screen()
    with user_errors():
        journal = asked.journal or beside(folder)
        beside_rules = folder / RULES_FILE
        rulebook = portable(load_rulebook(asked.rules or (beside_rules if beside_rules.exists() else None)))
        since = day_of(asked.since, "--since") if asked.since else None
        if asked.out is not None:
            refuse_taken(asked.out, overwrite=asked.overwrite)
        dataset = read_dataset(folder, asked.as_of)
        refuse_empty(dataset, folder, "watch")
        with watched() as tell:
            run = monitor(dataset, rulebook, journal, since=since, apply=not asked.preview, progress=tell)
            if asked.out is not None:
                tell("write the plan", 0, 1)
                write_plan(run.plan, asked.out, dataset=dataset, overwrite=asked.overwrite)
        digest = digest_of(run, shlex.quote(short_path(journal)), asked.top)
        if asked.as_json:
            record = as_record(digest) | {"as_of": str(run.as_of), "journal": short_path(journal), "kept": run.kept}
            console.print(json.dumps(record, ensure_ascii=False, indent=1), soft_wrap=True)
        else:
            show_digest(console, digest)
            _show_next(console, run, journal, asked.out)
        problems = _notify(console, digest, asked)
    if problems:
        raise SystemExit(1)


def show_digest(console: Console, digest: Digest) -> None:
    """The digest on a screen, a line for each thing."""
    heading(console, digest.title)
    for sentence in digest.lead:
        say(console, sentence)
    for section in digest.sections:
        heading(console, section.heading)
        if section.kinds:
            say(console, section.kinds, "  ", "  ", style="dim")
        show_lines(console, section.lines)
        if section.more:
            say(console, f"… and {section.more:,} more:", "  ", "  ", style="dim")
            say_command(console, f"  {section.command}")


def show_lines(console: Console, lines: Sequence[Line]) -> None:
    """A line each: id, what is at stake, what it is about and, cut to the window, what is told."""
    about = min(_ABOUT_MAX, max((len(line.about) for line in lines), default=0))
    stake = max([_STAKE_MIN, *(len(line.stake) for line in lines)])
    for line in lines:
        start = f"  {line.id}  {line.stake:>{stake}}  {_cut(line.about, about):<{about}}  "
        room = console.width - len(start)
        if room >= _WORDS_MIN:
            console.print(Text(start + _cut(line.told, room)), soft_wrap=True)
        else:
            console.print(Text(start.rstrip()), soft_wrap=True)
            console.print(Text(f"      {_cut(line.told, console.width - 6)}", style="dim"), soft_wrap=True)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 1)].rstrip()}…"


def _show_next(console: Console, run: Watched, journal: Path, out: Path | None) -> None:
    heading(console, "Where to look next")
    place = shlex.quote(short_path(journal))
    if not run.kept:
        say(console, "This was a preview: nothing was written. Without --preview the changes above hold from now on.")
        return
    say(console, f"The journal is in {short_path(journal)}: alarms.csv, changes.csv and log.csv.")
    if out is not None:
        say(console, f"The plan with the changes in force is in {short_path(out)}.")
    if len(run.open_alarms):
        say_command(console, f"skuwise alarms show {run.open_alarms.alarm_id[0]} --journal {place}")
    if run.waiting:
        waiting = run.waiting[-1].change_id
        say_command(console, f"skuwise changes approve {waiting} --by NAME --why TEXT --journal {place}")
    changed = (*run.applied, *run.stage_moves)
    if changed:
        say_command(console, f"skuwise changes undo {changed[0].change_id} --by NAME --why TEXT --journal {place}")
        say_command(console, f"skuwise rules history {shlex.quote(changed[0].sku_id)} --journal {place}")


def _notify(console: Console, digest: Digest, asked: Asked) -> int:
    """Send the digest; how many addresses could not be reached. What was found is in the journal all the same."""
    urls = addresses(asked.notify)
    if not urls or asked.preview:
        return 0
    if not digest.has_news and not asked.notify_always:
        if not asked.as_json:
            say(console, "Nothing has happened since last time, so no message was sent.", style="dim")
        return 0
    with watched() as tell:
        tell("send the digest", 0, 1)
        results = send(digest, urls)
    failed = [one for one in results if one.problem]
    for one in failed:
        refused(f"{one.service}: {one.problem}. The journal holds everything; nothing is lost")
    if not asked.as_json and len(failed) < len(results):
        say(console, f"The digest went to {', '.join(one.service for one in results if not one.problem)}.", style="dim")
    return len(failed)


def day_of(text: str, option: str) -> date:
    """The day that was typed for an option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(f"{option} {text} is not a date: write it as YYYY-MM-DD, such as 2026-03-02") from None
