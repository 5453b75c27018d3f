"""Commands that read a dataset: plan, check and demo."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from rich.console import Console

from skuwise.cli.screen import heading, refused, screen, show_table, user_errors, watched
from skuwise.cli.summary import show_summary
from skuwise.core.findings import Severity
from skuwise.core.plan import Plan
from skuwise.core.trace import explain, render
from skuwise.dataset import Dataset, load_dataset
from skuwise.demo import AS_OF, generate_demo_shop
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan
from skuwise.snapshot import write_plan
from skuwise.snapshot.spreadsheet import write_csv

RULES_FILE = "rules.toml"
_READING_STEPS = 30


def plan_folder(folder: Path, out: Path, *, as_of: str, rules: Path | None, seed: int, overwrite: bool) -> None:
    console = screen()
    with user_errors():
        dataset, made = _plan(folder, out, as_of, rules, seed, overwrite)
        show_summary(console, made, dataset, folder, out)


def check_folder(folder: Path, *, as_of: str, quarantine: Path | None, strict: bool) -> None:
    console = screen()
    with user_errors():
        dataset = _read(folder, as_of)
        show_findings(console, dataset)
        if quarantine is not None:
            write_csv(dataset.quarantine, quarantine)
            console.print(f"\n{len(dataset.quarantine):,} refused lines written to {quarantine}")
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
        dataset, made = _plan(shop, plan_path, str(AS_OF), None, 0, overwrite=True)
        show_summary(console, made, dataset, shop, plan_path)
        dearest = int(made.columns["order_cost_total_minor"].argmax())
        heading(console, "Why that many? The dearest order, explained")
        console.print(render(explain(made, str(made.columns["sku_id"][dearest])), width=console.width))


def _plan(folder: Path, out: Path, as_of: str, rules: Path | None, seed: int, overwrite: bool) -> tuple[Dataset, Plan]:
    beside = folder / RULES_FILE
    rulebook = load_rulebook(rules or (beside if beside.exists() else None))
    dataset = _read(folder, as_of)
    with watched() as tell:
        made = plan(dataset, rulebook, seed=seed, progress=tell)
        tell("write the plan", 0, 1)
        write_plan(made, out, dataset=dataset, overwrite=overwrite)
    return dataset, made


def _read(folder: Path, as_of: str) -> Dataset:
    if not folder.is_dir():
        raise refused(f"there is no folder {folder}: name the folder that holds sales.csv and the other tables")
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
    heading(console, f"Lines read from {dataset.source}, as of {dataset.as_of}")
    rows = [(c.table, f"{c.lines_in:,}", f"{c.lines_used:,}", f"{c.lines_quarantined:,}") for c in dataset.counts]
    show_table(console, ("table", "in", "used", "quarantined"), rows)
    for severity in Severity:
        told = [finding for finding in dataset.findings if finding.severity is severity]
        if not told:
            continue
        heading(console, f"{severity.value.capitalize()}s: {len(told)}")
        for finding in told:
            place = f"{finding.where}  " if finding.where else ""
            console.print(f"{place}{finding.code}: {finding.message}", soft_wrap=False)
            console.print(f"    Why it matters: {finding.why}")
            console.print(f"    How to mend it: {finding.mend}")
