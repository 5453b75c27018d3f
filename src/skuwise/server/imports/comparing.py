"""What an import would change: new, changed, unchanged and gone rows; and whether the feed looks right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from skuwise.dataset import Dataset
from skuwise.server import bulk
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.imports.models import BatchState, ImportBatch
from skuwise.server.imports.registry import KEPT, LINE_KEY, Kept

EXAMPLES = 20
#: A feed of fewer rows jumps by itself.
ROWS_MIN = 20
BATCH = "batch_id"
Table = dict[str, Any]


def compared(
    rows: Mapping[str, pl.DataFrame], dataset: Dataset, source: str, whole: bool
) -> tuple[dict[str, Table], list[str]]:
    """Counts, totals and examples by table, and the reasons to hold the feed back."""
    derived = {table for table in rows if table not in {counts.table for counts in dataset.counts}}
    quarantined = {counts.table: counts.lines_quarantined for counts in dataset.counts}
    told = {
        table: _table(KEPT[table], frame, source, whole, table in derived) | {"quarantined": quarantined.get(table, 0)}
        for table, frame in rows.items()
    }
    return told, _jumps(told, source)


def changes(
    kept: Kept, frame: pl.DataFrame, *, only_new: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The new rows, the changed rows, and the changed ones as they are now (with their batch)."""
    key, values = list(kept.key), _told_columns(kept, frame)
    there = bulk.matching(kept.model, frame.select(key), [*kept.columns, BATCH], {**kept.schema, BATCH: pl.Int64})
    new = frame.join(there.select(key), on=key, how="anti", maintain_order="left")
    if only_new or there.is_empty():
        return new, frame.clear(), there.clear()
    both = frame.join(there.select([*key, *(pl.col(name).alias(f"{name}:now") for name in values)]), on=key)
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}:now")) for name in values] or [pl.lit(False)])
    changed = both.filter(differs).select(frame.columns)
    return new, changed, there.join(changed.select(key), on=key, how="semi")


def gone(kept: Kept, frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Rows that this source delivered before and that its file no longer holds."""
    quoted = ", ".join(f't."{name}"' for name in [*kept.columns, BATCH])
    there = bulk.read(
        f"SELECT {quoted} FROM {bulk.table_of(kept.model)} AS t JOIN imports_importbatch AS b ON b.id = t.batch_id "
        "WHERE b.source = %s",
        [source],
        {**kept.schema, BATCH: pl.Int64},
    )
    return there.join(frame.select(kept.key), on=list(kept.key), how="anti")


def takes_away(kept: Kept, whole: bool, derived: bool) -> bool:
    """Whether a row that is missing in the file is gone."""
    return (whole or kept.is_snapshot) and not derived


def _told_columns(kept: Kept, frame: pl.DataFrame) -> list[str]:
    """Columns that the file speaks of: one that holds nothing at all leaves what is there."""
    return [name for name in kept.columns if name not in kept.key and frame[name].null_count() < frame.height]


def told_columns(kept: Kept, frame: pl.DataFrame) -> list[str]:
    """The columns to write where a row is there already, and the batch."""
    return [*_told_columns(kept, frame), BATCH]


def _table(kept: Kept, frame: pl.DataFrame, source: str, whole: bool, derived: bool) -> Table:
    new, changed, now = changes(kept, frame, only_new=derived)
    away = gone(kept, frame, source) if takes_away(kept, whole, derived) else frame.clear()
    return {
        "rows": frame.height,
        "new": new.height,
        "changed": changed.height,
        "unchanged": frame.height - new.height - changed.height,
        "gone": away.height,
        "derived": derived,
        "total": int(frame[kept.measure].sum()) if kept.measure else frame.height,
        "examples": _examples(kept, changed, now),
    }


def _examples(kept: Kept, changed: pl.DataFrame, now: pl.DataFrame) -> list[Table]:
    key = list(kept.key)
    first = changed.head(EXAMPLES).join(now, on=key, suffix=":now")
    shown = [name for name in kept.columns if name != LINE_KEY]
    told = []
    for row in first.iter_rows(named=True):
        moved = {
            name: [_plain(row[f"{name}:now"]), _plain(row[name])]
            for name in shown
            if name not in key and row[name] != row[f"{name}:now"]
        }
        told.append(
            {"key": {name: _plain(row[name]) for name in shown if name in key or name == "sku_id"}, "from_to": moved}
        )
    return told


def _jumps(told: Mapping[str, Table], source: str) -> list[str]:
    """Compare each table with the last good feed of the same source that held it."""
    bound = shop_settings().feed_change_share_max
    last: dict[str, Table] = {}
    for batch in ImportBatch.objects.filter(source=source, state=BatchState.COMMITTED).order_by("-id")[:20]:
        for table, counts in batch.tables.items():
            last.setdefault(table, counts)
    reasons = []
    for table, now in told.items():
        before = last.get(table)
        if before is None or now["derived"] or max(before["rows"], now["rows"]) < ROWS_MIN:
            continue
        for measure, noun in (("rows", "rows"), ("total", f"{KEPT[table].measure.replace('_', ' ')} in all")):
            if measure == "total" and not KEPT[table].measure:
                continue
            share = abs(now[measure] - before[measure]) / max(abs(before[measure]), 1)
            if share > bound:
                reasons.append(
                    f"{table}: {now[measure]:,} {noun}, {before[measure]:,} in the last good feed; a change of more "
                    f"than {bound:.0%} is held back"
                )
    return reasons


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(value)
