"""A plan as a folder: written whole or not at all, read back equal in every column."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import OpenOrders
from skuwise.core.findings import Finding, Severity
from skuwise.core.periods import PeriodGrid
from skuwise.core.plan import Plan
from skuwise.snapshot.columns import (
    COLUMN_TABLES,
    GIVEN_BY,
    KEYS,
    StoredColumns,
    array_of,
    column_frame,
    is_constant_view,
    kept_columns,
    scalar_from_json,
    scalar_to_json,
    series_of,
    table_of,
)
from skuwise.snapshot.spreadsheet import write_csv
from skuwise.snapshot.tables import people_tables
from skuwise.snapshot.whole import written_whole

if TYPE_CHECKING:
    from skuwise.dataset.contract import Dataset

#: Raised when a reader of the format before could no longer read the folder.
FORMAT_VERSION = 1
PLAN_FILE = "plan.json"
_HEAD = ("plan_id", "seed", "code_version", "inputs_hash", "rulebook_hash", "rulebook_text", "currency")


class SnapshotError(ValueError):
    """A plan folder that cannot be written or read; the message says which, why and how to mend it."""


def write_plan(plan: Plan, folder: str | Path, *, dataset: Dataset | None = None, overwrite: bool = False) -> Path:
    """Write the plan into a new folder and return its path.

    Everything is written beside the folder first and renamed into place, so that a failed write leaves no trace.
    With ``dataset`` the refused lines and the count of lines of every table are written too. A plan that is already
    there is replaced only with ``overwrite``; a folder that holds something else is never touched.

    Raises ``SnapshotError`` where the folder is taken.
    """
    target = Path(folder).absolute()
    refuse_taken(target, overwrite=overwrite)
    with written_whole(target) as draft:
        _write_files(plan, draft, dataset)
    return target


def refuse_taken(folder: Path, *, overwrite: bool = False, kind: str = "plan", mark: str = PLAN_FILE) -> None:
    """Raise ``SnapshotError`` where a plan may not be written into the folder; cheap, so ask before planning.

    The same for other kinds of result, which are known by the file ``mark``.
    """
    target = folder.absolute()
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / mark).exists():
        raise SnapshotError(f"{target} exists and is no {kind}, so it is left alone: name another folder with --out")
    if not overwrite:
        raise SnapshotError(f"{target} already holds a {kind}: name another folder, or replace it with --overwrite")


def _write_files(plan: Plan, draft: Path, dataset: Dataset | None) -> None:
    for table in COLUMN_TABLES:
        _write_parquet(column_frame(plan, table), draft / f"{table}.parquet")
    _write_parquet(_open_orders_frame(plan), draft / "open_orders.parquet")
    for name, frame in people_tables(plan, dataset).items():
        _write_parquet(frame, draft / f"{name}.parquet")
        write_csv(frame, draft / f"{name}.csv")
    sizes = {path.name: path.stat().st_size for path in sorted(draft.iterdir())}
    text = json.dumps(_head(plan, dataset, sizes), ensure_ascii=False, indent=1, allow_nan=False)
    (draft / PLAN_FILE).write_text(text + "\n", encoding="utf-8")


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd", compression_level=1, statistics=False)


def _head(plan: Plan, dataset: Dataset | None, sizes: dict[str, int]) -> dict[str, Any]:
    kept = kept_columns(plan)
    places = {name: table_of(plan, name) for name in kept}
    arrays = {name: plan.columns[name] for name, table in places.items() if table != "settings"}
    return {
        "format": FORMAT_VERSION,
        **{name: getattr(plan, name) for name in _HEAD},
        "as_of": str(plan.as_of),
        "period_days": plan.grid.period_days,
        "period_count": plan.grid.period_count,
        "items": len(plan),
        "lines": [asdict(count) for count in dataset.counts] if dataset else [],
        "source": dataset.source if dataset else "",
        "settings": {n: scalar_to_json(plan.columns[n]) for n, table in places.items() if table == "settings"},
        "rules": list(plan.rule_descriptions),
        "given_by": {name: str(column.dtype) for name, column in plan.given_by.items()},
        "columns": {name: [places[name], column.dtype.str, list(column.shape)] for name, column in arrays.items()},
        "constants": {
            name: scalar_to_json(column.flat[0]) for name, column in arrays.items() if is_constant_view(column)
        },
        "open_orders": {f.name: getattr(plan.open_orders, f.name).dtype.str for f in fields(OpenOrders)},
        "labels": {name: list(words) for name, words in plan.labels.items()},
        "order": kept,
        "bytes": sizes,
    }


def _open_orders_frame(plan: Plan) -> pl.DataFrame:
    orders = plan.open_orders
    keys = [series_of(key, plan.columns[key], plan.labels.get(key)).gather(orders.item) for key in KEYS]
    return pl.DataFrame([*keys, *(series_of(f.name, getattr(orders, f.name)) for f in fields(OpenOrders))])


def read_plan(folder: str | Path) -> Plan:
    """The plan that was written into the folder. Its columns are read when they are first asked for.

    Raises ``SnapshotError`` for a folder that is no plan, one of a newer Skuwise, or one whose files are not whole.
    """
    path = Path(folder).absolute()
    head = _read_head(path)
    try:
        return _plan_of(path, head)
    except (KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise SnapshotError(f"{path} is damaged ({error}): make the plan anew with `skuwise plan`") from error


def _read_head(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise SnapshotError(f"there is no folder {path}: make a plan with `skuwise plan FOLDER --out {path.name}`")
    file = path / PLAN_FILE
    if not file.exists():
        raise SnapshotError(f"{path} is no plan (it has no {PLAN_FILE}): name the folder given to `skuwise plan --out`")
    try:
        head = json.loads(file.read_text(encoding="utf-8"))
        version, sizes = int(head["format"]), dict(head.get("bytes", {}))
    except (ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{file} cannot be read: make the plan anew with `skuwise plan`") from error
    if version > FORMAT_VERSION:
        made_by = head.get("code_version", "unknown")
        raise SnapshotError(
            f"{path} was written by Skuwise {made_by} in format {version}; this version reads up to format "
            f"{FORMAT_VERSION}: upgrade Skuwise to read it"
        )
    if not sizes:
        raise SnapshotError(f"{file} is not whole: make the plan anew with `skuwise plan`")
    for name, size in sizes.items():
        found = (path / name).stat().st_size if (path / name).exists() else None
        if name.endswith(".parquet") and found != size:
            state = "is missing" if found is None else f"has {found:,} bytes instead of {size:,}"
            raise SnapshotError(f"{path / name} {state}: copy the folder again or make the plan anew")
    return dict(head)


def _plan_of(path: Path, head: dict[str, Any]) -> Plan:
    labels = {name: tuple(words) for name, words in head["labels"].items()}
    held: dict[str, Any] = {name: scalar_from_json(value) for name, value in head["settings"].items()}
    places = {}
    for name, (table, dtype, shape) in head["columns"].items():
        if name in head["constants"]:
            value = np.array(scalar_from_json(head["constants"][name]), dtype=dtype)
            held[name] = np.broadcast_to(value, shape)
        else:
            places[name] = (path / f"{table}.parquet", dtype)
    given = head["given_by"]
    given_frame = pl.read_parquet(path / "items.parquet", columns=[name + GIVEN_BY for name in given])
    orders = pl.read_parquet(path / "open_orders.parquet")
    grid = PeriodGrid(np.datetime64(head["as_of"], "D"), head["period_days"], head["period_count"])
    return Plan(
        **{name: head[name] for name in _HEAD},
        grid=grid,
        columns=StoredColumns(head["order"], held, places, labels),
        labels=labels,
        given_by={name: array_of(given_frame[name + GIVEN_BY], dtype) for name, dtype in given.items()},
        rule_descriptions=tuple(head["rules"]),
        open_orders=OpenOrders(**{name: array_of(orders[name], dtype) for name, dtype in head["open_orders"].items()}),
        findings=_findings_of(pl.read_parquet(path / "findings.parquet")),
    )


def _findings_of(frame: pl.DataFrame) -> tuple[Finding, ...]:
    return tuple(Finding(**{**row, "severity": Severity(row["severity"])}) for row in frame.iter_rows(named=True))
