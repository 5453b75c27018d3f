"""Write an import in one transaction, take it back exactly, let a held one go, or throw it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from django.db import transaction
from django.utils import timezone

from skuwise.server import bulk
from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.catalog.models import ShopSettings
from skuwise.server.catalog.shop import locked_settings
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.imports import comparing
from skuwise.server.imports.models import BatchState, ImportBatch
from skuwise.server.imports.registry import KEPT, Kept
from skuwise.server.imports.staging import folder_of, staged_rows, write_kept
from skuwise.server.stock import ledger

BATCH = comparing.BATCH
#: Told the table, the rows written and all rows of it.
Progress = Callable[[str, int, int], None]


def commit(actor: Actor, batch_id: int, version: int | None = None, progress: Progress | None = None) -> ImportBatch:
    """Write every row of the batch, move the ledger to what was counted, all of it or nothing. Twice is once."""
    actor.require_everywhere("import")
    with transaction.atomic():
        shop = locked_settings()
        batch = _batch(batch_id, version)
        if batch.state == BatchState.COMMITTED:
            return batch
        _require_state(batch, BatchState.PREVIEWED)
        written = {
            table: _write_table(batch, KEPT[table], rows, progress) for table, rows in staged_rows(batch).items()
        }
        _count_stock(actor, batch)
        _take_settings(shop, batch)
        batch.state, batch.committed_by, batch.committed_at = BatchState.COMMITTED, actor.name, timezone.now()
        _save(batch)
        record(actor, "import.committed", "import", batch.pk, after={"source": batch.source, "tables": written})
    return batch


def reverse(actor: Actor, batch_id: int, reason: str, version: int | None = None) -> ImportBatch:
    """Put everything back as it was before the batch. Refused where a later change stands on it, naming the rows."""
    actor.require_everywhere("import")
    with transaction.atomic():
        locked_settings()
        batch = _batch(batch_id, version)
        if batch.state == BatchState.REVERSED:
            return batch
        _require_state(batch, BatchState.COMMITTED)
        images = _images(batch)
        _refuse_changed_since(batch, images)
        for table, before in images.items():
            kept = KEPT[table]
            bulk.upsert(kept.model, before, list(kept.key))
        for kept in KEPT.values():
            kept.model._default_manager.filter(batch_id=batch.pk).delete()
        ledger.reverse(actor, batch.pk, reason)
        batch.state, batch.reversed_by, batch.reversed_at, batch.reason = (
            BatchState.REVERSED, actor.name, timezone.now(), reason,
        )  # fmt: skip
        _save(batch)
        record(actor, "import.reversed", "import", batch.pk, reason=reason)
    return batch


def release(actor: Actor, batch_id: int, reason: str, version: int | None = None) -> ImportBatch:
    """Let a feed go on that was held back: it can then be committed."""
    return _moved(actor, batch_id, version, BatchState.HELD, BatchState.PREVIEWED, "import.released", reason)


def discard(actor: Actor, batch_id: int, reason: str = "", version: int | None = None) -> ImportBatch:
    """Throw a batch away that was not committed. Its files stay for whoever asks what came."""
    batch = get(actor, batch_id)
    frm = BatchState.HELD if batch.state == BatchState.HELD else BatchState.PREVIEWED
    return _moved(actor, batch_id, version, frm, BatchState.DISCARDED, "import.discarded", reason)


def get(actor: Actor, batch_id: int) -> ImportBatch:
    """One batch."""
    actor.require_everywhere("import")
    return _batch(batch_id, None, lock=False)


def _moved(
    actor: Actor, batch_id: int, version: int | None, frm: str, to: str, action: str, reason: str
) -> ImportBatch:
    actor.require_everywhere("import")
    with transaction.atomic():
        batch = _batch(batch_id, version)
        _require_state(batch, frm)
        batch.state, batch.reason = to, reason
        _save(batch)
        record(actor, action, "import", batch.pk, before={"state": frm}, after={"state": to}, reason=reason)
    return batch


def _batch(batch_id: int, version: int | None, *, lock: bool = True) -> ImportBatch:
    rows = ImportBatch.objects.select_for_update() if lock else ImportBatch.objects.all()
    batch = rows.filter(pk=batch_id).first()
    if batch is None:
        raise NotFoundError("IMP-UNKNOWN", f"there is no import {batch_id}", "look at the list of imports")
    if version is not None and batch.version != version:
        raise ConflictError(
            "IMP-CHANGED", f"import {batch_id} has changed since it was read", "look at it again", version=batch.version
        )
    return batch


def _save(batch: ImportBatch) -> None:
    batch.version += 1
    batch.save()


def _require_state(batch: ImportBatch, state: str) -> None:
    if batch.state == state:
        return
    mend = {
        BatchState.HELD: "release it first, with the reason",
        BatchState.REVERSED: "import the files again",
        BatchState.DISCARDED: "import the files again",
    }.get(BatchState(batch.state), "look at the list of imports")
    raise ConflictError("IMP-STATE", f"import {batch.pk} is {batch.state}, not {state}", mend, version=batch.version)


def _write_table(batch: ImportBatch, kept: Kept, rows: pl.DataFrame, progress: Progress | None) -> dict[str, int]:
    told = batch.tables[kept.table]
    new, changed, now = comparing.changes(kept, rows, only_new=told["derived"])
    takes_away = comparing.takes_away(kept, batch.whole, told["derived"])
    away = comparing.gone(kept, rows, batch.source) if takes_away else now.clear()
    before = pl.concat([now, away.select(now.columns)])
    if before.height:
        (folder_of(batch) / "before").mkdir(exist_ok=True)
        write_kept(before, folder_of(batch) / "before" / f"{kept.table}.parquet")
    tell = (lambda done, total: progress(kept.table, done, total)) if progress else None
    mark = pl.lit(batch.pk, dtype=pl.Int64).alias(BATCH)
    bulk.insert(kept.model, new.with_columns(mark), tell)
    bulk.upsert(kept.model, changed.with_columns(mark), list(kept.key), tell, update=comparing.told_columns(kept, rows))
    bulk.delete(kept.model, away.select(kept.key))
    told["written"] = {"new": new.height, "changed": changed.height, "gone": away.height}
    written: dict[str, int] = told["written"]
    return written


def _count_stock(actor: Actor, batch: ImportBatch) -> None:
    """Counts that this batch brought and that are the newest of their item move the ledger."""
    newest = bulk.read(
        "SELECT s.sku_id, s.location_id, s.date, s.on_hand_units, s.reserved_units, s.backlog_units, "
        "s.unsellable_units FROM stock_stocksnapshot AS s JOIN (SELECT sku_id, location_id, MAX(date) AS newest "
        "FROM stock_stocksnapshot GROUP BY sku_id, location_id) AS n ON n.sku_id = s.sku_id "
        "AND n.location_id = s.location_id AND n.newest = s.date WHERE s.batch_id = %s",
        [batch.pk],
        {"sku_id": pl.String, "location_id": pl.String, "date": pl.Date, **dict.fromkeys(ledger.COUNTED, pl.Int64)},
    )
    if newest.height:
        ledger.count(actor, batch.pk, newest, reference=f"import {batch.pk}")


def _take_settings(shop: ShopSettings, batch: ImportBatch) -> None:
    """The first files that name the shop's currency and zone set them; later ones must agree, which staging tells."""
    told: dict[str, Any] = batch.tables["_settings"]
    if ImportBatch.objects.filter(state=BatchState.COMMITTED).exists():
        return
    for name, value in told.items():
        setattr(shop, name, value)
    shop.save(update_fields=list(told))


def _images(batch: ImportBatch) -> dict[str, pl.DataFrame]:
    """What stood there before, by table."""
    found = {table: folder_of(batch) / "before" / f"{table}.parquet" for table in KEPT}
    return {table: pl.read_parquet(path) for table, path in found.items() if path.exists()}


def _refuse_changed_since(batch: ImportBatch, images: dict[str, pl.DataFrame]) -> None:
    for table, rows in staged_rows(batch).items():
        kept = KEPT[table]
        told = batch.tables[table]
        keys = rows.select(kept.key)
        there = bulk.matching(kept.model, keys, [*kept.key, BATCH], {**kept.schema, BATCH: pl.Int64})
        ours = there.filter(pl.col(BATCH).eq_missing(batch.pk)).height
        written = told["written"]["new"] + told["written"]["changed"]
        away = images.get(table, rows.clear()).select(kept.key).join(keys, on=list(kept.key), how="anti")
        back = bulk.matching(kept.model, away, list(kept.key), dict(kept.schema)) if away.height else away
        if ours == written and back.is_empty():
            continue
        other = there.filter(pl.col(BATCH).ne_missing(batch.pk))
        raise RefusedError(
            "IMP-CHANGED-SINCE",
            f"{max(written - ours, 0) + back.height:,} rows of {table} were changed after import {batch.pk}",
            "take back the later imports first, newest first",
            later_batches=sorted({value for value in other[BATCH].to_list() if value and value > batch.pk}),
            rows=told["rows"],
        )
