"""The replay command: from a folder to policies re-lived, shown in plain words and written as a report."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console

from skuwise._version import __version__
from skuwise.cli.planning import RULES_FILE, portable, read_dataset, refuse_empty
from skuwise.cli.screen import heading, refused, say, screen, short_path, show_table, user_errors, watched
from skuwise.core.rules import Rulebook
from skuwise.core.trace.words import counted, nearest
from skuwise.dataset import Dataset
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.replaying.checking import checked_policies
from skuwise.replaying.choose import CHOSEN_BY, DEFAULT, Choice, choose_policy
from skuwise.replaying.policies import DEFAULTS, STANDARD, PolicySpec
from skuwise.replaying.result import Replay
from skuwise.replaying.run import replay
from skuwise.replaying.window import ReplayError
from skuwise.reports.replay_folder import PICTURE_FILE, REPORT_FILE, WORKBOOK_FILE, refuse_taken_by_other, write_replay
from skuwise.reports.replay_folder import RULES_FILE as RULES_TO_USE
from skuwise.reports.replay_page import Origin, title_of
from skuwise.reports.replay_words import (
    amount_minor,
    beside_what_was_done,
    called,
    comparison_of,
    count,
    figure,
    grouped_by,
    headline,
    headline_policy,
    money_known,
    sentence,
    share,
    verdict,
)

#: More of what a replay cannot judge stands in the report.
_LIMITS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command as they were typed."""

    policies: Sequence[str]
    reference: str
    start: str
    end: str
    rules: Sequence[Path]
    cost_share: float | None
    choose: bool
    by: str
    target: float | None
    seed: int


def replay_folder(folder: Path, out: Path, asked: Asked, *, overwrite: bool) -> None:
    console = screen()
    with user_errors(), _replay_errors():
        rulebooks = _rulebooks(folder, asked.rules)
        _check_choice(asked, rulebooks)
        specs = _specs(asked.policies, rulebooks)
        base = _reference(specs, asked.reference)
        first, after = _day("--from", asked.start), _day("--to", asked.end)
        refuse_taken_by_other(out, overwrite=overwrite)
        dataset = read_dataset(folder, "")
        refuse_empty(dataset, folder, "replay")
        choice = None
        with watched() as tell:
            tell("read the history", 0, 0)
            rules = rulebooks[0][1]
            if asked.choose:
                choice = choose_policy(
                    dataset,
                    by=asked.by or CHOSEN_BY[0],
                    fill_rate_target=asked.target,
                    rulebook=rules,
                    start=first,
                    end=after,
                    seed=asked.seed,
                    unit_cost_share_assumed=asked.cost_share,
                    progress=tell,
                )
                made = choice.late
            else:
                made = replay(
                    dataset,
                    specs,
                    rulebook=rules,
                    start=first,
                    end=after,
                    seed=asked.seed,
                    reference=base,
                    unit_cost_share_assumed=asked.cost_share,
                    keep_periods=True,
                    progress=tell,
                )
            tell("write the report", 0, 0)
            began = choice.early.start if choice is not None else made.start
            origin = _origin(folder, dataset, rulebooks, _words(asked, str(began), str(made.grid.as_of)), out)
            write_replay(made, out, origin, choice=choice, overwrite=overwrite)
        if choice is not None:
            _show_choice(console, choice, out)
        show_replay(console, made, origin, out)


def _check_choice(asked: Asked, rulebooks: Sequence[tuple[str, Rulebook]]) -> None:
    """A choice tries settings of Skuwise itself, under one rulebook."""
    if not asked.choose and (asked.by or asked.target is not None):
        raise refused("--by and --target say how to choose: give --choose too")
    if asked.choose and (asked.policies or asked.reference or len(rulebooks) > 1):
        raise refused(
            "--choose tries settings of Skuwise beside the rulebook as it is and the textbook: leave out --policy and "
            "--reference, and give one --rules at most"
        )
    if asked.target is not None and not 0 < asked.target < 1:
        raise refused(f"--target {asked.target:g} is no share of demand: write it between 0 and 1, such as 0.95")


def _show_choice(console: Console, choice: Choice, out: Path) -> None:
    heading(console, f"What was chosen on {choice.early.start} to {choice.late.start - np.timedelta64(1, 'D')}")
    picked = [(group or "(none)", "as it is" if name == DEFAULT else name) for group, name in choice.picked.items()]
    show_table(console, (grouped_by(choice.by), "picked"), picked, left=2)
    console.print()
    say(console, sentence(choice.verdict))
    if choice.better:
        say(console, f"The rules to put it to use: {short_path(out)}/{RULES_TO_USE}")


@contextmanager
def _replay_errors() -> Iterator[None]:
    """A window or a policy that cannot be lived, as one message with its reason and its mend."""
    try:
        yield
    except ReplayError as error:
        raise refused("\n".join(f"{line}." for line in (error.what, error.why, error.mend))) from None


def show_replay(console: Console, made: Replay, origin: Origin, out: Path) -> None:
    """The plain words, the table of policies, and where the report is."""
    heading(console, title_of(made, origin))
    say(console, headline(made))
    compared = comparison_of(made, made.names[headline_policy(made)])
    if compared is not None:
        say(console, verdict(compared, made.currency).sentence)
    said = beside_what_was_done(made)
    if said:
        say(console, said)
    heading(console, f"{counted(len(made.judged), 'items')}, each decision taken with what was known then")
    total, currency = made.total, made.currency
    priced = money_known(total)
    rows = []
    for place, name in enumerate(made.names):
        one = comparison_of(made, name)
        row = [called(name), share(float(total.fill_rate[place, 0])), count(float(total.lost_units[place, 0]))]
        if priced:
            values = (total.cost_minor, total.lost_margin_minor, total.capital_minor_mean)
            row[2:2] = [amount_minor(float(value[place, 0]), currency) for value in values]
        row += [figure(float(total.stock_units_mean[place, 0])), count(float(total.orders_placed[place, 0]))]
        row.append(verdict(one, currency).short if one else "reference")
        rows.append(row)
    money = ("cost", "lost margin", "mean capital") if priced else ()
    left_out = show_table(
        console, ("policy", "fill rate", *money, "lost units", "mean stock", "orders", "beside reference"), rows
    )
    if left_out:
        say(console, f"A wider window also shows: {', '.join(left_out)}.", style="dim")
    if made.as_it_was is None and made.as_it_was_absent:
        say(console, made.as_it_was_absent, style="dim")
    heading(console, "What it cannot judge")
    for limit in made.cannot_judge[:_LIMITS_SHOWN]:
        say(console, limit, "- ", "  ")
    if len(made.cannot_judge) > _LIMITS_SHOWN:
        say(console, f"… and {len(made.cannot_judge) - _LIMITS_SHOWN} more in the report", style="dim")
    heading(console, "Where to look next")
    there = short_path(out)
    say(console, f"The report, which needs no network: {there}/{REPORT_FILE}")
    say(console, f"As a picture: {there}/{PICTURE_FILE}")
    say(console, f"The figures: {there}/{WORKBOOK_FILE}, and each table as CSV and Parquet")


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(f"{option} {text} is not a date: write it as YYYY-MM-DD, such as 2026-03-02") from None


def _rulebooks(folder: Path, rules: Sequence[Path]) -> list[tuple[str, Rulebook]]:
    """The rulebooks by the names of their files; the first is the replay's own."""
    beside = folder / RULES_FILE
    files = list(rules) or ([beside] if beside.exists() else [])
    if not files:
        return [("built-in rules", load_rulebook(None))]
    return [(path.name, portable(load_rulebook(path))) for path in files]


def _specs(policies: Sequence[str], rulebooks: Sequence[tuple[str, Rulebook]]) -> tuple[PolicySpec, ...]:
    """The policies asked for; with several rulebooks Skuwise is lived once under each."""
    asked = [_spec(text) for text in policies] or list(STANDARD)
    if len(rulebooks) > 1:
        others = [spec for spec in asked if spec.kind != "skuwise"]
        variants = [spec for spec in asked if spec.kind == "skuwise"] or [PolicySpec("skuwise", "skuwise")]
        ours = [
            PolicySpec(f"{spec.name} {Path(name).stem}", "skuwise", spec.parameters, rulebook)
            for spec in variants
            for name, rulebook in rulebooks
        ]
        asked = [*others, *ours]
    return checked_policies(asked, rulebooks[0][1])


def _spec(text: str) -> PolicySpec:
    """A policy from words: a kind, and settings of it after a colon.

    >>> _spec("min/max").name, _spec("weeks_of_cover:cover_weeks=6").name, _spec("skuwise:learn=1").name
    ('min/max', 'weeks of cover, cover_weeks 6', 'skuwise, learn 1')
    """
    kind, _, settings = text.partition(":")
    standard = next((spec for spec in STANDARD if _plain(spec.kind) == _plain(kind)), None)
    if standard is None:
        close = nearest(kind, DEFAULTS)
        mend = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(DEFAULTS)}"
        raise refused(f"there is no policy {kind!r}; {mend}")
    parameters = dict(_setting(standard.kind, part) for part in settings.split(",") if part.strip())
    if not parameters:
        return standard
    told = ", ".join(f"{name} {value:g}" for name, value in parameters.items())
    return PolicySpec(f"{standard.name}, {told}", standard.kind, parameters)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _setting(kind: str, text: str) -> tuple[str, float]:
    name, _, value = (part.strip() for part in text.partition("="))
    try:
        return name, float(value)
    except ValueError:
        raise refused(f"{kind}:{text.strip()} is not understood: write a number, as in {name}=4") from None


def _reference(specs: Sequence[PolicySpec], asked: str) -> str:
    """The policy to compare with: the one asked for, else the textbook, else the first."""
    names = [spec.name for spec in specs]
    if not asked:
        return next((spec.name for spec in specs if spec.kind == "textbook"), names[0])
    found = [name for name in names if _plain(name) == _plain(asked)]
    if not found:
        raise refused(f"--reference {asked!r} is none of the policies that are lived: {', '.join(names)}")
    return found[0]


def _words(asked: Asked, start: str, end: str) -> list[str]:
    """The options of the command that repeats a replay, its folder and output aside."""
    words = ["--from", start, "--to", end]
    words += [word for policy in asked.policies for word in ("--policy", policy)]
    words += ["--reference", asked.reference] if asked.reference else []
    words += [word for path in asked.rules for word in ("--rules", short_path(path))]
    words += ["--cost-share", f"{asked.cost_share:g}"] if asked.cost_share is not None else []
    words += ["--choose"] if asked.choose else []
    words += ["--by", asked.by] if asked.by else []
    words += ["--target", f"{asked.target:g}"] if asked.target is not None else []
    return words + (["--seed", str(asked.seed)] if asked.seed else [])


def _origin(
    folder: Path, dataset: Dataset, rulebooks: Sequence[tuple[str, Rulebook]], words: Sequence[str], out: Path
) -> Origin:
    return Origin(
        source=folder.resolve().name,
        dataset_hash=_files_hash(folder, dataset.files),
        rulebook_name=", ".join(name for name, _ in rulebooks),
        rulebook_hash=", ".join(rulebook.rulebook_hash for _, rulebook in rulebooks),
        code_version=__version__,
        command=shlex.join(["skuwise", "replay", short_path(folder), *words, "--out", short_path(out)]),
    )


def _files_hash(folder: Path, files: Sequence[str]) -> str:
    """A fingerprint of the files that were read: their names and what is in them."""
    whole = hashlib.sha256()
    for name in sorted(files):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                whole.update(f"{name}\n{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:16]
