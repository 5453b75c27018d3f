"""Commands that read a dataset: plan, check and demo."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from skuwise.cli.screen import heading, refused, say, say_command, screen, short_path, show_table, user_errors, watched
from skuwise.cli.summary import dearest_order, show_summary
from skuwise.core.findings import Severity
from skuwise.core.plan import Plan
from skuwise.core.rules import Rulebook
from skuwise.core.trace import explain, render
from skuwise.core.trace.words import counted
from skuwise.dataset import Dataset, load_dataset
from skuwise.demo import AS_OF, generate_demo_shop
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan
from skuwise.snapshot import write_plan
from skuwise.snapshot.folder import PLAN_FILE, refuse_taken
from skuwise.snapshot.spreadsheet import write_csv
from skuwise.watching.journal import with_journal

RULES_FILE = "rules.toml"
DEMO_SEED = 7
_READING_STEPS = 30
_SEVERITIES = {
    Severity.ERROR: ("errors", "the line, file or result is not used"),
    Severity.WARNING: ("warnings", "used with care"),
    Severity.INFO: ("notes", "good to know"),
}


def plan_folder(
    folder: Path,
    out: Path,
    *,
    as_of: str,
    rules: Path | None,
    journal: Path | None,
    seed: int,
    learn: bool,
    overwrite: bool,
) -> None:
    console = screen()
    with user_errors():
        dataset, made = _plan(folder, out, as_of, rules, seed, learn, overwrite, journal)
        show_summary(console, made, dataset, folder, out)


def check_folder(folder: Path, *, as_of: str, quarantine: Path | None, strict: bool) -> None:
    console = screen()
    with user_errors():
        dataset = read_dataset(folder, as_of)
        show_findings(console, dataset)
        if quarantine is not None:
            write_csv(dataset.quarantine, quarantine)
            console.print()
            say(console, f"{counted(len(dataset.quarantine), 'refused lines')} written to {short_path(quarantine)}")
        if strict and any(finding.severity is Severity.ERROR for finding in dataset.findings):
            raise SystemExit(1)


def run_demo(out: Path, seed: int) -> None:
    console = screen()
    shop, plan_path = out / "shop", out / "plan"
    with user_errors():
        if out.exists() and any(out.iterdir()) and not (shop / RULES_FILE).exists():
            raise refused(f"{out} exists and is no demo shop, so it is left alone: name another folder with --out")
        shutil.rmtree(shop, ignore_errors=True)
        with watched() as tell:
            generate_demo_shop(shop, seed=seed, progress=lambda text, share: tell(f"demo shop: {text}", share, 1))
        dataset, made = _plan(shop, plan_path, str(AS_OF), None, 0, learn=False, overwrite=True)
        show_summary(console, made, dataset, shop, plan_path)
        dearest = dearest_order(made)
        heading(console, "Why that many? The dearest order, explained")
        sku, location = (str(made.columns[name][dearest]) for name in ("sku_id", "location_id"))
        console.print()
        console.print(render(explain(made, sku, location), width=console.width), soft_wrap=True)
        heading(console, "Is it any better than what planners do by hand? Re-live the last year and see")
        shop_named, out_named = (shlex.quote(short_path(path)) for path in (shop, out / "replay"))
        say_command(console, f"skuwise replay {shop_named} --to {AS_OF} --out {out_named}")
        heading(console, "What has changed, what may be changed for it, and what waits for you?")
        say_command(console, f"skuwise monitor {shop_named} --as-of {AS_OF}")


def _plan(
    folder: Path,
    out: Path,
    as_of: str,
    rules: Path | None,
    seed: int,
    learn: bool,
    overwrite: bool,
    journal: Path | None = None,
) -> tuple[Dataset, Plan]:
    beside = folder / RULES_FILE
    _refuse_no_dataset(folder)
    rulebook = portable(load_rulebook(rules or (beside if beside.exists() else None)))
    if journal is not None:
        rulebook = with_journal(rulebook, journal)
    refuse_taken(out, overwrite=overwrite)
    dataset = read_dataset(folder, as_of)
    refuse_empty(dataset, folder)
    with watched() as tell:
        made = plan(dataset, rulebook, seed=seed, learn=learn, progress=tell)
        tell("write the plan", 0, 1)
        write_plan(made, out, dataset=dataset, overwrite=overwrite)
    return dataset, made


def portable(rulebook: Rulebook) -> Rulebook:
    """The rulebook naming its files without the folders of this machine: a plan may be read on another one."""

    def named(where: str) -> str:
        return Path(where).name

    rules, overrides = (
        tuple(rule if rule.builtin else replace(rule, file=named(rule.file)) for rule in group)
        for group in (rulebook.rules, rulebook.overrides)
    )
    return replace(
        rulebook,
        rules=rules,
        overrides=overrides,
        sources=tuple(named(source) for source in rulebook.sources),
        settings_where={name: named(where) for name, where in rulebook.settings_where.items()},
    )


def _refuse_no_dataset(folder: Path) -> None:
    if not folder.is_dir():
        what = "is a file and no folder" if folder.exists() else "does not exist"
        raise refused(f"{folder} {what}: name the folder that holds sales.csv and the other tables")
    if (folder / PLAN_FILE).exists():
        raise refused(f"{folder} is a plan, not a dataset: name the folder that holds sales.csv and the other tables")


def refuse_empty(dataset: Dataset, folder: Path, doing: str = "plan") -> None:
    """Say that a folder holds nothing to work on, and which table to begin with."""
    if not any(count.lines_used for count in dataset.counts):
        name = short_path(folder)
        raise refused(
            f"there is nothing to {doing} in {name}: no table that can be used was found. `skuwise check {name}` tells "
            "what was read; the sales table (date, sku_id, units) is the one to begin with"
        )


def read_dataset(folder: Path, as_of: str) -> Dataset:
    _refuse_no_dataset(folder)
    day = _day(as_of) if as_of else None
    with watched() as tell:
        seen = 0

        def read_on(text: str) -> None:
            nonlocal seen
            seen += 1
            tell(f"dataset: {text}", min(seen, _READING_STEPS), _READING_STEPS)

        dataset: Dataset = load_dataset(folder, as_of=day, progress=read_on)
    return dataset


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(f"--as-of {text} is not a date: write it as YYYY-MM-DD, such as 2026-03-02") from None


def show_findings(console: Console, dataset: Dataset) -> None:
    """Lines in = used + refused of every table, then every finding with its place, why it matters and the mend."""
    heading(console, f"Lines read from {short_path(Path(dataset.source))}, as of {dataset.as_of}")
    rows = [(c.table, f"{c.lines_in:,}", f"{c.lines_used:,}", f"{c.lines_quarantined:,}") for c in dataset.counts]
    if rows:
        show_table(console, ("table", "read", "used", "quarantined"), rows)
    else:
        say(console, "No file there is named after a table: sales.csv, stock.xlsx, supply.parquet and so on.")
    for severity in Severity:
        told = [finding for finding in dataset.findings if finding.severity is severity]
        if not told:
            continue
        noun, meaning = _SEVERITIES[severity]
        heading(console, f"{counted(len(told), noun)}: {meaning}")
        for finding in told:
            place = f"{finding.where}  " if finding.where else ""
            say(console, f"{place}{finding.code}  {finding.message}", "", "    ")
            say(console, f"Why it matters: {finding.why}", "    ", "      ", style="dim")
            say(console, f"How to mend it: {finding.mend}", "    ", "      ")
    if not dataset.findings:
        heading(console, "No findings")
