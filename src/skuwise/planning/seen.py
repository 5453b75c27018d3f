"""What could be known at the as-of day: later rows are not seen, which makes honest replays possible.

A replay plans a past Monday with the data of today. Whatever bears a later date (sales, counts, arrivals, orders)
must not reach that plan, or it would look better than it could have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from skuwise.core.findings import Finding, found
from skuwise.dataset.contract import Dataset
from skuwise.planning.columns import column


@dataclass(frozen=True, slots=True)
class Seen:
    """The tables as they stood at the as-of day; ``sales`` is still whole, its lines are picked while coding.

    ``later_receipts`` were ordered before the as-of day and arrived on it or later: on that day they were on order.
    """

    as_of: date
    tables: Mapping[str, pl.DataFrame]
    later_receipts: pl.DataFrame | None
    findings: tuple[Finding, ...]


def see(dataset: Dataset, as_of: date) -> Seen:
    """Cut every dated table at ``as_of``, the first day that is not seen; empty tables count as not given.

    A stock count without a day was made at the end of the dataset's last day. An open order without the day it was
    placed is open at the dataset's own as-of day: an earlier plan does not know it.
    """
    findings = [*_days_without_data(dataset, as_of)]
    tables = {name: frame for name, frame in dataset.tables.items() if frame.height}
    later_receipts = None
    for name, day in (("stock", "date"), ("receipts", "received_on"), ("availability", "date")):
        if name not in tables:
            continue
        frame = tables[name]
        if name == "stock":
            counted = column(frame, day).cast(pl.Date).fill_null(dataset.as_of - timedelta(days=1))
            frame = frame.with_columns(counted.alias(day))
        before = frame[day] < as_of
        if name == "receipts" and as_of < dataset.as_of:
            later_receipts = _on_order_then(frame.filter(~before), as_of)
        tables[name] = _cut(findings, name, frame, before, as_of)
    if "open_orders" in tables:
        ordered_on = column(tables["open_orders"], "ordered_on").cast(pl.Date)
        before = (ordered_on < as_of).fill_null(as_of >= dataset.as_of)
        tables["open_orders"] = _cut(findings, "open_orders", tables["open_orders"], before, as_of)
    kept = {name: frame for name, frame in tables.items() if frame.height}
    return Seen(as_of, kept, later_receipts, tuple(findings))


def not_seen(table: str, count: int, as_of: date) -> Finding:
    """The finding that tells how many rows of a table lie on the as-of day or later."""
    return found(
        "PLN-001", f"{count} rows of {table} are dated {as_of} or later and are not seen", table=table, count=count
    )


def _cut(findings: list[Finding], name: str, frame: pl.DataFrame, before: pl.Series, as_of: date) -> pl.DataFrame:
    if before.all():
        return frame
    findings.append(not_seen(name, frame.height - int(before.sum()), as_of))
    return frame.filter(before)


def _on_order_then(later: pl.DataFrame, as_of: date) -> pl.DataFrame | None:
    rows = later.filter(column(later, "ordered_on").cast(pl.Date) < as_of)
    return rows if rows.height else None


def _days_without_data(dataset: Dataset, as_of: date) -> list[Finding]:
    if as_of <= dataset.as_of:
        return []
    days = (as_of - dataset.as_of).days
    text = f"the data end before {dataset.as_of}: the {days} days until {as_of} count as days without sales"
    return [found("PLN-003", text, table="sales", count=days)]
