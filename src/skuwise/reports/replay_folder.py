"""A replay as a folder: the report as a page and a picture, the tables as CSV, Parquet and one workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl
import xlsxwriter

from skuwise.replaying.choose import Choice
from skuwise.replaying.result import Replay
from skuwise.reports import replay_figures as drawn
from skuwise.reports.choice_section import choice_tables
from skuwise.reports.png import one_below_the_other, png
from skuwise.reports.replay_page import Origin, replay_page, title_of
from skuwise.reports.replay_tables import replay_tables
from skuwise.reports.replay_words import comparison_of, headline, headline_policy, money_known, verdict
from skuwise.snapshot.folder import refuse_taken
from skuwise.snapshot.spreadsheet import write_csv
from skuwise.snapshot.whole import written_whole

REPLAY_FILE = "replay.json"
REPORT_FILE = "report.html"
PICTURE_FILE = "report.png"
RULES_FILE = "chosen_rules.toml"
WORKBOOK_FILE = "replay.xlsx"
#: A longer table is left out of the workbook: spreadsheets open it slowly or, beyond a million rows, not at all.
_SHEET_ROWS_MAX = 100_000
IN_MEMORY = Origin()


def refuse_taken_by_other(folder: Path, *, overwrite: bool) -> None:
    """Raise ``SnapshotError`` where a replay may not be written into the folder; cheap, so ask before replaying."""
    refuse_taken(folder, overwrite=overwrite, kind="replay", mark=REPLAY_FILE)


def write_replay(
    replay: Replay,
    folder: str | Path,
    origin: Origin = IN_MEMORY,
    *,
    choice: Choice | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the report and the tables into a new folder, whole or not at all, and return its path.

    With a ``choice``, whose later part ``replay`` is, what was tried and picked and the rules are written too.

    Raises ``SnapshotError`` where the folder is taken.
    """
    target = Path(folder).absolute()
    refuse_taken_by_other(target, overwrite=overwrite)
    with written_whole(target) as draft:
        tables = replay_tables(replay) | (choice_tables(choice) if choice is not None else {})
        for name, frame in tables.items():
            frame.write_parquet(draft / f"{name}.parquet", compression="zstd", statistics=False)
            write_csv(frame, draft / f"{name}.csv")
        _write_workbook(tables, draft / WORKBOOK_FILE)
        (draft / REPORT_FILE).write_text(replay_page(replay, origin, choice), encoding="utf-8")
        if choice is not None and choice.rules_text:
            (draft / RULES_FILE).write_text(choice.rules_text, encoding="utf-8")
        (draft / PICTURE_FILE).write_bytes(replay_picture(replay, origin))
        head = json.dumps(_head(replay, origin), ensure_ascii=False, indent=1, allow_nan=False)
        (draft / REPLAY_FILE).write_text(head + "\n", encoding="utf-8")
    return target


def replay_picture(replay: Replay, origin: Origin) -> bytes:
    """The plain words and the charts of the whole shop as one PNG, for a slide or a mail."""
    compared = comparison_of(replay, replay.names[headline_policy(replay)])
    words = headline(replay)
    if compared is not None:
        words += f" {verdict(compared, replay.currency).sentence}"
    charts = [("Service against capital: up and to the left is better", drawn.trade_off_chart(replay))]
    if money_known(replay.total):
        charts.append((f"Cost over the window, {replay.currency}", drawn.cost_chart(replay)))
    charts += [("Stock of all items", drawn.stock_chart(replay)), ("Units lost so far", drawn.lost_chart(replay))]
    return png(one_below_the_other(title_of(replay, origin), words, charts))


def _write_workbook(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    """One sheet a table; texts stay texts, whatever they begin with, and no cell leads to the web."""
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, plain) as workbook:
        for name, frame in tables.items():
            if len(frame) <= _SHEET_ROWS_MAX:
                frame.write_excel(workbook, name, autofit=True, freeze_panes=(1, 0))


def _head(replay: Replay, origin: Origin) -> dict[str, object]:
    """What the replay was made from, for programs and for repeating it."""
    return {
        **asdict(origin),
        "from": str(replay.start),
        "to": str(replay.grid.as_of),
        "period_days": replay.grid.period_days,
        "periods": replay.grid.period_count,
        "seed": replay.seed,
        "currency": replay.currency,
        "reference": replay.reference,
        "policies": [
            {"name": spec.name, "kind": spec.kind, "parameters": dict(spec.parameters)} for spec in replay.policies
        ],
        "items": len(replay.judged),
        "audited_periods": replay.audited_periods,
        "headline": headline(replay),
    }
