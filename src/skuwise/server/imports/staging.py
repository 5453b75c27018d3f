"""Take files in: copy them, read them with every check of the dataset, compare with what is there: no more."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from django.conf import settings
from django.db import transaction

from skuwise.dataset import Dataset, load_dataset
from skuwise.dataset.contract import Settings
from skuwise.dataset.settings import SETTINGS_FILE
from skuwise.dataset.sources import RULEBOOK_FILES
from skuwise.server import bulk
from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.errors import RefusedError
from skuwise.server.imports.comparing import compared
from skuwise.server.imports.models import BatchState, ImportBatch, QuarantinedRow
from skuwise.server.imports.registry import KEPT

#: Lines of quarantine kept in the database; all of them lie beside the files.
QUARANTINE_KEPT = 10_000
READABLE = (".csv", ".tsv", ".xlsx", ".parquet", ".toml")
Progress = bulk.Progress


def stage(
    actor: Actor,
    given: Path | Mapping[str, Any],
    source: str = "files",
    *,
    whole: bool = False,
    as_of: date | None = None,
    progress: Any = None,
) -> ImportBatch:
    """Read a folder, a file or tables in memory and say what they would change.

    ``source`` names who delivers: feeds are compared with the last good one of the same source, and with ``whole`` a
    row of that source that is missing now is gone. The same content of the same source that is committed already is
    not taken twice: its batch is returned. Raises ``RefusedError`` where nothing in it can be read.
    """
    actor.require_everywhere("import")
    tell = progress or _silent
    folder = settings.CONFIG.data_folder / "imports" / uuid4().hex
    batch = None
    try:
        files, content_hash = _taken_in(given, folder)
        known = ImportBatch.objects.filter(
            source=source, content_hash=content_hash, whole=whole, state=BatchState.COMMITTED
        ).first()
        if known is not None:
            return known
        tell("reading", 0, 0)
        dataset = load_dataset(
            folder / "files" if isinstance(given, Path) else given, as_of=as_of, settings=_settings_of(folder)
        )
        _refuse_empty(dataset)
        rows = _staged(dataset, folder)
        tell("comparing", 0, 0)
        with transaction.atomic():
            tables, held = compared(rows, dataset, source, whole)
            batch = _written(actor, dataset, source, whole, content_hash, folder, files, tables, held)
        return batch
    finally:
        if batch is None:
            shutil.rmtree(folder, ignore_errors=True)


def staged_rows(batch: ImportBatch) -> dict[str, pl.DataFrame]:
    """Rows of each table as they would be written."""
    found = {table: folder_of(batch) / "staged" / f"{table}.parquet" for table in KEPT}
    return {table: pl.read_parquet(path) for table, path in found.items() if path.exists()}


def folder_of(batch: ImportBatch) -> Path:
    return Path(settings.CONFIG.data_folder) / "imports" / batch.folder


def write_kept(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame so that it outlives a power cut from here on."""
    with path.open("wb") as handle:
        frame.write_parquet(handle)
        handle.flush()
        os.fsync(handle.fileno())


def _taken_in(given: Path | Mapping[str, Any], folder: Path) -> tuple[list[str], str]:
    """Copy what can be read; returns the names and a hash of the content."""
    target = folder / "files"
    target.mkdir(parents=True)
    if not isinstance(given, Path):
        return sorted(given), _hash_of_tables(given)
    if not given.exists():
        raise RefusedError("IMP-NO-FILES", f"{given} does not exist", "give a folder or a file of the data contract")
    sources = [given] if given.is_file() else sorted(path for path in given.iterdir() if path.is_file())
    wanted = [path for path in sources if path.suffix.lower() in READABLE and path.name not in RULEBOOK_FILES]
    for path in wanted:
        shutil.copyfile(path, target / path.name)
    return [path.name for path in wanted], _hash_of_files(sorted(target.iterdir()))


def _hash_of_files(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0")
        with path.open("rb") as handle:
            total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def _hash_of_tables(given: Mapping[str, Any]) -> str:
    total = hashlib.sha256()
    for name in sorted(given):
        table = given[name]
        frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(table, infer_schema_length=None)
        total.update(name.encode() + b"\0" + frame.write_json().encode())
    return total.hexdigest()


def _settings_of(folder: Path) -> Settings | None:
    """The shop's own currency, zone and date order, unless the files bring theirs."""
    if (folder / "files" / SETTINGS_FILE).exists():
        return None
    shop = shop_settings()
    return Settings(currency=shop.currency, time_zone=shop.time_zone, date_order=shop.date_order)


def _refuse_empty(dataset: Dataset) -> None:
    if any(counts.lines_used for counts in dataset.counts):
        return
    raise RefusedError(
        "IMP-NOTHING-READ",
        "no line of a table that Skuwise knows could be read",
        "name the files after the tables (sales.csv, stock.csv, skus.csv, supply.csv) and look at the findings",
        findings=[_finding(finding) for finding in dataset.findings[:100]],
    )


def _staged(dataset: Dataset, folder: Path) -> dict[str, pl.DataFrame]:
    (folder / "staged").mkdir()
    rows = {
        table: kept.rows(dataset.tables[table], dataset.as_of)
        for table, kept in KEPT.items()
        if table in dataset.tables
    }
    for table, frame in rows.items():
        write_kept(frame, folder / "staged" / f"{table}.parquet")
    write_kept(dataset.quarantine, folder / "quarantine.parquet")
    return rows


def _written(
    actor: Actor,
    dataset: Dataset,
    source: str,
    whole: bool,
    content_hash: str,
    folder: Path,
    files: list[str],
    tables: dict[str, Any],
    held: list[str],
) -> ImportBatch:
    batch = ImportBatch.objects.create(
        source=source,
        state=BatchState.HELD if held else BatchState.PREVIEWED,
        content_hash=content_hash,
        folder=folder.name,
        files=files,
        as_of=dataset.as_of,
        whole=whole,
        tables={**tables, "_settings": asdict(dataset.settings)},
        findings=[_finding(finding) for finding in dataset.findings],
        quarantined_rows=dataset.quarantine.height,
        held_reasons=held,
        staged_by=actor.name,
    )
    kept = dataset.quarantine.head(QUARANTINE_KEPT).fill_null("")
    QuarantinedRow.objects.bulk_create(
        [QuarantinedRow(batch=batch, **line) for line in kept.iter_rows(named=True)], batch_size=500
    )
    counts = {
        name: {"new": told["new"], "changed": told["changed"], "gone": told["gone"]} for name, told in tables.items()
    }
    record(
        actor,
        "import.held" if held else "import.staged",
        "import",
        batch.pk,
        after={"source": source, "tables": counts},
    )
    return batch


def _finding(finding: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(asdict(finding), default=str))
    return told


def _silent(*_: object) -> None:
    """Progress that nobody asked for."""
