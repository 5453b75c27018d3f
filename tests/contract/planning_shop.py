"""Small datasets in memory for the tests of planning: rows are written as dictionaries, days as ISO text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.dictionary import fields_of
from skuwise.core.findings import Finding
from skuwise.dataset.contract import QUARANTINE_SCHEMA, Dataset

#: First day not seen, a Monday; the weeks of the plan run from Monday to Sunday.
AS_OF = date(2026, 3, 2)

TYPES: dict[str, Any] = {
    "text": pl.String,
    "int64": pl.Int64,
    "float64": pl.Float64,
    "date": pl.Date,
    "instant": pl.Date,
}


def dataset(
    *, as_of: date = AS_OF, findings: tuple[Finding, ...] = (), **tables: Sequence[Mapping[str, Any]]
) -> Dataset:
    """A dataset as the reader hands it on: columns of the dictionary, typed, with ``_row`` and ``_file_no``."""
    frames = {name: frame(name, rows) for name, rows in tables.items()}
    return Dataset(frames, ("memory",), pl.DataFrame(schema=QUARANTINE_SCHEMA), (), findings, as_of)


def frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """One table; only the columns that some row names, and the required ones, are there."""
    fields = fields_of(table)
    named = {name for row in rows for name in row} | {name for name, field in fields.items() if field.required}
    if table == "sales":
        named.add("kind")
        rows = [{"kind": "sale" if row["units"] >= 0 else "cancellation", **row} for row in rows]
    columns = {}
    for name, field in fields.items():
        if name in named:
            values = [_day(row.get(name)) if field.dtype in ("date", "instant") else row.get(name) for row in rows]
            columns[name] = pl.Series(name, values, dtype=TYPES[field.dtype])
    columns["_row"] = pl.Series("_row", range(2, len(rows) + 2), dtype=pl.Int64)
    columns["_file_no"] = pl.Series("_file_no", [0] * len(rows), dtype=pl.Int32)
    return pl.DataFrame(columns)


def row_of(inputs: PlanInputs, sku: str, location: str = "MAIN") -> int:
    """Row of an item; the test fails where there is none."""
    rows = np.flatnonzero((inputs.index.sku_id == sku) & (inputs.index.location_id == location))
    assert len(rows) == 1, f"{sku} at {location} is {len(rows)} items"
    return int(rows[0])


def items_of(inputs: PlanInputs) -> list[tuple[str, str]]:
    """All items in the order of the plan."""
    return list(zip(inputs.index.sku_id.tolist(), inputs.index.location_id.tolist(), strict=True))


def codes_of(inputs: PlanInputs) -> set[str]:
    return {finding.code for finding in inputs.findings}


def finding_of(inputs: PlanInputs, code: str) -> Finding:
    """The one finding of a code."""
    (only,) = [finding for finding in inputs.findings if finding.code == code]
    return only


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
