"""Columns of contract tables as NumPy arrays; a column that was not given reads as one of missing values."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import DateArray, FloatArray, IntArray, TextArray
from skuwise.core.catalog import inputs

#: Stands for a missing day in arrays of day numbers; no real day is that early.
NO_DAY = inputs.NO_DAY
#: Days counted from 1970-01-01 stay below this, so that ``code * DAY_SPAN + day`` is one sortable key.
DAY_SPAN = 2**20


def column(frame: pl.DataFrame, name: str) -> pl.Series:
    """The column, or as many nulls where the table does not have it."""
    return frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.Null, eager=True)


def has_values(frame: pl.DataFrame | None, name: str) -> bool:
    """Whether the table was given and the column says anything."""
    return frame is not None and name in frame.columns and frame[name].null_count() < frame.height


def text_of(frame: pl.DataFrame, name: str) -> pl.Series:
    """A text column, whichever way its text is kept."""
    return column(frame, name).cast(pl.String)


def whole_numbers(frame: pl.DataFrame, name: str, missing: int) -> IntArray:
    """A column of whole numbers [(rows,) int64]."""
    return column(frame, name).cast(pl.Int64).fill_null(missing).to_numpy()


def real_numbers(frame: pl.DataFrame, name: str) -> FloatArray:
    """A column of real numbers [(rows,) float64]; missing values are NaN."""
    return column(frame, name).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def day_numbers(frame: pl.DataFrame, name: str, missing: int = NO_DAY) -> IntArray:
    """A column of days, counted from 1970-01-01 [(rows,) int64]."""
    days = column(frame, name).cast(pl.Date).to_physical().cast(pl.Int64)
    return days.fill_null(missing).to_numpy()


def dates_from(days: IntArray) -> DateArray:
    """Day numbers as dates [(rows,) datetime64[D]]; missing ones are NaT."""
    dates = days.astype("datetime64[D]")
    dates[days == NO_DAY] = np.datetime64("NaT")
    return dates


def text_array(values: pl.Series) -> TextArray:
    """Text as a NumPy array of fixed width [(rows,) str]; missing text is empty."""
    if values.null_count() == len(values):
        return np.broadcast_to(np.array("", dtype=np.str_), (len(values),))
    return values.cast(pl.String).fill_null("").to_numpy().astype(np.str_)


def constant(value: float, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """An array of one value that takes no memory."""
    return np.broadcast_to(np.array(value, dtype=dtype), shape)


def sum_by(places: IntArray, amounts: IntArray, size: int) -> IntArray:
    """Sum whole numbers by place [(size,) int64]; the order of the rows does not matter.

    >>> sum_by(np.array([2, 0, 2]), np.array([5, 1, 6]), 3).tolist()
    [1, 0, 11]
    """
    totals = np.zeros(size, dtype=np.int64)
    np.add.at(totals, places, amounts)
    return totals
