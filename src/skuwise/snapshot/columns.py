"""Columns of a plan as Polars frames and back, without losing a bit: which table a column lives in and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import Deliveries, Feeds
from skuwise.core.dictionary import plan_fields
from skuwise.core.plan import Plan

#: Tables of a snapshot that hold columns of the plan: one row an item each.
COLUMN_TABLES = ("items", "history", "season", "forecast")
KEYS = ("sku_id", "location_id")
#: The rule that gave a rule value is kept beside it under this ending.
GIVEN_BY = "_given_by"


def table_of(plan: Plan, name: str) -> str:
    """Where a column is kept: ``settings`` for scalars, ``items`` for (n,), the dictionary's table for (n, T)."""
    column = plan.columns[name]
    if not isinstance(column, np.ndarray) or column.ndim == 0:
        return "settings"
    if column.ndim == 1:
        return "items"
    field = plan_fields().get(name)
    if field is not None:
        return field.table if field.table in ("history", "season") else "forecast"
    return "history" if column.shape[1] == plan.grid.period_count else "forecast"


def kept_columns(plan: Plan) -> list[str]:
    """Columns in their order; deliveries and feeds are what monitoring read, and are no columns of an item."""
    return [name for name, column in plan.columns.items() if not isinstance(column, Deliveries | Feeds)]


def is_constant_view(column: np.ndarray) -> bool:
    """A broadcast view of a table that was not given: one value, no memory."""
    return column.ndim == 2 and column.size > 0 and column.strides == (0, 0)


def series_of(name: str, column: np.ndarray, labels: tuple[str, ...] | None = None) -> pl.Series:
    """A column as a series; codes become their words and (n, T) becomes an array column that shares its memory."""
    if labels is not None and column.dtype.kind in "iu":
        return pl.Series(name, list(labels), dtype=pl.String).gather(np.ascontiguousarray(column, dtype=np.int64))
    if column.dtype.kind in "UO":
        return pl.Series(name, column.tolist(), dtype=pl.String)
    if column.dtype.kind == "M":
        return pl.Series(name, np.ascontiguousarray(column.astype("datetime64[D]")))
    if column.ndim == 2:
        inner = pl.Series(np.zeros(0, dtype=column.dtype)).dtype
        if column.size == 0:
            return pl.Series(name, [[] for _ in range(len(column))], dtype=pl.Array(inner, column.shape[1]))
        return pl.Series(name, np.ascontiguousarray(column), dtype=pl.Array(inner, column.shape[1]))
    return pl.Series(name, np.ascontiguousarray(column))


def array_of(series: pl.Series, dtype: str, labels: tuple[str, ...] | None = None) -> np.ndarray:
    """The column that ``series_of`` made the series from, with its old dtype."""
    kind = np.dtype(dtype)
    if labels is not None and kind.kind in "iu":
        return series.cast(pl.Enum(list(labels))).to_physical().to_numpy().astype(kind)
    if kind.kind == "U":
        return np.array(series.to_list(), dtype=kind)
    values = series.to_numpy()
    return values if values.dtype == kind else values.astype(kind)


def column_frame(plan: Plan, table: str) -> pl.DataFrame:
    """The frame of one column table, keyed by SKU and location; rule columns carry the number of their rule."""
    names = [name for name in plan.columns if table_of(plan, name) == table and name not in KEYS]
    series = [_labelled(plan, key) for key in KEYS]
    for name in names:
        if not is_constant_view(plan.columns[name]):
            series.append(_labelled(plan, name))
        if table == "items" and name in plan.given_by:
            series.append(series_of(name + GIVEN_BY, plan.given_by[name]))
    return pl.DataFrame(series)


def _labelled(plan: Plan, name: str) -> pl.Series:
    return series_of(name, plan.columns[name], plan.labels.get(name))


def scalar_to_json(value: Any) -> Any:
    """A setting as JSON; what JSON cannot say is tagged with its kind."""
    if isinstance(value, np.datetime64):
        return {"kind": "date", "value": str(value.astype("datetime64[D]"))}
    plain = value.item() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return {"kind": "float", "value": str(plain)}
    return plain


def scalar_from_json(value: Any) -> Any:
    """The inverse of ``scalar_to_json``."""
    if not isinstance(value, dict):
        return value
    return np.datetime64(value["value"], "D") if value["kind"] == "date" else float(value["value"])


class StoredColumns(Mapping[str, Any]):
    """The columns of a plan on disk, each read when it is first asked for.

    Explaining one number of a large plan reads the few columns behind it and not a gigabyte.
    """

    def __init__(
        self,
        order: Iterable[str],
        held: Mapping[str, Any],
        places: Mapping[str, tuple[Any, str]],
        labels: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._order = tuple(order)
        self._held = dict(held)
        self._places = dict(places)
        self._labels = labels

    def __getitem__(self, name: str) -> Any:
        if name not in self._held:
            path, dtype = self._places[name]
            series = pl.read_parquet(path, columns=[name]).to_series()
            self._held[name] = array_of(series, dtype, self._labels.get(name))
        return self._held[name]

    def __iter__(self) -> Any:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, name: object) -> bool:
        return name in self._held or name in self._places
