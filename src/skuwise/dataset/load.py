"""Read a dataset: cells, then types, then meaning; every line is used or quarantined, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from skuwise.core.dictionary import CONTRACT_TABLES
from skuwise.dataset.catalogue import keep_known_skus
from skuwise.dataset.checks_bundles import check_bundles
from skuwise.dataset.checks_sales import check_sales
from skuwise.dataset.checks_tables import (
    check_order_days,
    check_skus,
    check_spans,
    check_stock,
    keep_one_line_each,
    refuse_unseen,
    tell_unknown_places,
)
from skuwise.dataset.columns import read_columns
from skuwise.dataset.contract import Dataset, Settings
from skuwise.dataset.missing_tables import missing_tables
from skuwise.dataset.quarantine import Ledger
from skuwise.dataset.settings import check_settings, read_settings
from skuwise.dataset.sources import RawFile, read_folder, read_memory

#: Dates beyond a gap of so many days, in a table of so many lines, may be strays: see ``_newest_day``.
STRAY_GAP_DAYS = 14
STRAY_FROM_LINES = 1000
#: Plain defaults of the data dictionary; the others (such as "from receipts") are worked out by the planning.
DEFAULTS: dict[str, dict[str, str | int]] = {
    "skus": {"criticality": "standard"},
    "sales": {"location_id": "MAIN"},
    "stock": {"location_id": "MAIN", "reserved_units": 0, "backlog_units": 0},
    "supply": {"moq_units": 0, "order_multiple_units": 1, "order_cost_minor": 0},
    "open_orders": {"location_id": "MAIN", "status": "open"},
    "channels": {"kind": "other"},
    "locations": {"kind": "warehouse"},
    "prices": {"kind": "regular"},
    "availability": {"location_id": "MAIN", "days": 1},
    "receipts": {"location_id": "MAIN"},
}


def load_dataset(
    source: str | Path | Mapping[str, Any],
    *,
    as_of: date | str | None = None,
    settings: Settings | None = None,
    progress: Callable[[str], None] | None = None,
) -> Dataset:
    """Read, normalise and check a shop's tables.

    Parameters
    - source: a folder with files named after the tables of the data dictionary (CSV, TSV, XLSX, Parquet), or a
      mapping from table name to anything tabular: a Polars, Arrow or pandas table, a dict of lists, a list of dicts.
    - as_of: the first day that has not been seen. By default the day after the newest sale or stock count that is
      not after today; give it to get the same dataset on another day.
    - settings: currency, time zone and date order; by default those of the folder's ``dataset.toml``.
    - progress: called with a short text before each longer part.

    Bad data never raises: it becomes findings and quarantined lines. Raises FileNotFoundError where the folder does
    not exist, TypeError where a table in memory is none, ValueError for a wrong as_of or wrong settings.

    >>> data = load_dataset({"sales": [{"date": "2026-03-01", "sku": "A1", "qty": 2}]}, as_of="2026-03-02")
    >>> data.table("sales").select("sku_id", "units", "kind").rows(), data.counts[0].lines_used
    ([('A1', 2, 'sale')], 1)
    """
    tell = progress or _silent
    given_as_of = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    if settings is not None:
        check_settings(settings)
    if isinstance(source, Mapping):
        raw_files, told = read_memory(source)
        used_settings, name = settings or Settings(), "memory"
    else:
        folder = Path(source)
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{folder} is not a folder: give the folder that holds sales.csv and the other tables"
            )
        found_settings, told = read_settings(folder)
        used_settings, name = settings or found_settings, str(source)
        raw_files, more = read_folder(folder, tell)
        told = [*([] if settings else told), *more]
    ledger = Ledger(raw_files)
    for finding in told:
        ledger.say(finding)
    tables = _read_tables(raw_files, used_settings, ledger, tell)
    day = given_as_of or default_as_of(tables, used_settings)
    tables = _check_meaning(tables, day, ledger, tell)
    for finding in missing_tables(tables):
        ledger.say(finding)
    counts, counts_by_file = ledger.counts()
    return Dataset(
        tables={table: _with_defaults(table, tables[table]) for table in CONTRACT_TABLES if table in tables},
        files=tuple(raw.name for raw in raw_files),
        quarantine=ledger.quarantine(),
        counts=counts,
        findings=ledger.findings(),
        as_of=day,
        settings=used_settings,
        source=name,
        counts_by_file=counts_by_file,
    )


def _read_tables(
    raw_files: Iterable[RawFile], settings: Settings, ledger: Ledger, tell: Callable[[str], None]
) -> dict[str, pl.DataFrame]:
    """Typed lines of all files, by table. A table whose every file lacks a needed column is as good as not given."""
    parts: dict[str, list[pl.DataFrame]] = {}
    for file_no, raw in enumerate(raw_files):
        tell(f"checking the cells of {raw.name}")
        parts.setdefault(raw.table, []).append(read_columns(raw, file_no, settings, ledger))
    tables = {table: frames[0] if len(frames) == 1 else pl.concat(frames) for table, frames in parts.items()}
    return {table: frame for table, frame in tables.items() if len(frame) or table != "skus"}


def _check_meaning(
    tables: dict[str, pl.DataFrame], as_of: date, ledger: Ledger, tell: Callable[[str], None]
) -> dict[str, pl.DataFrame]:
    """Refuse or tell what is wrong between lines and tables. Defaults of keys are filled before lines are compared."""
    tell("checking the lines against each other")
    tables = {name: _with_key_defaults(name, frame) for name, frame in tables.items()}
    tables = refuse_unseen(tables, as_of, ledger)
    tables = keep_known_skus(tables, ledger)
    tables = keep_one_line_each(tables, ledger)
    if "skus" in tables:
        tables["skus"] = check_skus(tables["skus"], ledger)
    if "sales" in tables:
        tables["sales"] = check_sales(tables["sales"], as_of, ledger)
    if "stock" in tables:
        tables["stock"] = check_stock(tables["stock"], ledger)
    if "bundles" in tables:
        tables["bundles"] = check_bundles(check_spans("bundles", tables["bundles"], "BUN-DATES", ledger), ledger)
    if "prices" in tables:
        tables["prices"] = check_spans("prices", tables["prices"], "PRC-DATES", ledger)
    if "open_orders" in tables:
        tables["open_orders"] = check_order_days(
            "open_orders", tables["open_orders"], "expected_on", "expected_on", "ORD-DATES", ledger
        )
    if "receipts" in tables:
        tables["receipts"] = check_order_days(
            "receipts", tables["receipts"], "received_on", "ordered_on", "RCP-DATES", ledger
        )
    tell_unknown_places(tables, ledger)
    return tables


def _with_key_defaults(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill the defaults of columns that tell lines apart."""
    keys = {"location_id", "kind"} if table != "sales" else {"location_id"}
    return _filled(frame, {name: value for name, value in DEFAULTS.get(table, {}).items() if name in keys})


def _with_defaults(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    frame = _filled(frame, DEFAULTS.get(table, {}))
    if table == "skus":
        frame = frame.with_columns(pl.col("product_id").fill_null(pl.col("sku_id")))
    return frame


def _filled(frame: pl.DataFrame, defaults: Mapping[str, str | int]) -> pl.DataFrame:
    """Fill holes; a column that nobody gave becomes one value that takes no memory for each line."""
    holes = {name: frame[name].null_count() for name in defaults}
    return frame.with_columns(
        (pl.lit(value, dtype=frame.schema[name]) if holes[name] == len(frame) else pl.col(name).fill_null(value)).alias(
            name
        )
        for name, value in defaults.items()
        if holes[name]
    )


def default_as_of(tables: Mapping[str, pl.DataFrame], settings: Settings) -> date:
    """The day after the newest sale or stock count that is not after today, in the shop's zone; else today."""
    today = datetime.now(UTC).astimezone(ZoneInfo(settings.time_zone)).date()
    seen = [tables[name]["date"].filter(tables[name]["date"] <= today) for name in ("sales", "stock") if name in tables]
    newest = [day for day in (_newest_day(days) for days in seen) if day is not None]
    return max(newest) + timedelta(days=1) if newest else today


def _newest_day(days: pl.Series) -> date | None:
    """The newest day that is no stray: mistyped dates after the end of a feed would move the plan into the void.

    In a table of at least ``STRAY_FROM_LINES`` lines, up to a thousandth of them that lie beyond a gap of more than
    ``STRAY_GAP_DAYS`` days are strays; they are then refused as lines after the as-of day.
    """
    counted = days.drop_nulls().value_counts(name="lines").sort("date")
    if counted.is_empty():
        return None
    dates, lines = counted["date"], counted["lines"]
    last = len(dates) - 1
    strays = 0
    for place in range(last, 0, -1):
        strays += int(lines[place])
        if len(days) < STRAY_FROM_LINES or strays > len(days) // 1000:
            break
        if (dates[place] - dates[place - 1]).days > STRAY_GAP_DAYS:
            last = place - 1
    newest: date = dates[last]
    return newest


def _silent(_: str) -> None:
    """Progress that nobody asked for."""
