"""Typed values of rule fields and settings, checked against the data dictionary."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from skuwise.core.dictionary import Field
from skuwise.core.rules.problems import UnfitError, suggestion

#: A day is a date; where a field of days has none, its value is ``NO_DAY``.
Value = float | int | bool | str | date
NO_DAY = "none"
#: Days outside are slips of the pen.
DAY_MIN, DAY_MAX = date(1900, 1, 1), date(2199, 12, 31)
_EPOCH = date(1970, 1, 1)
#: Fields that are resolved before the stage is known, because the stage rests on them.
EARLY_FIELDS = ("stage_pinned",)

_TYPE_WORDS = {
    "int64": "a whole number",
    "float64": "a number",
    "flag": "true or false",
    "choice": "one of its choices",
    "date": "a day",
}
_ARRAY_TYPES = {
    "int64": np.dtype(np.int64),
    "float64": np.dtype(np.float64),
    "flag": np.dtype(np.bool_),
    "choice": np.dtype(np.int16),
    "date": np.dtype("datetime64[D]"),
}
_FLAGS = {"true": True, "false": False}


def fit_value(field: Field, raw: object) -> Value:
    """``raw`` as a value of the field, or UnfitError where type, choice or range do not allow it."""
    if field.dtype == "choice":
        return _fit_choice(field, raw)
    if field.dtype == "date":
        return _fit_day(field, raw)
    if field.dtype == "flag":
        if isinstance(raw, bool):
            return raw
        raise UnfitError(f"{field.name} = {_shown(raw)} is not true or false", "Write true or false without quotes")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise UnfitError(f"{field.name} = {_shown(raw)} is not {_TYPE_WORDS[field.dtype]}", _number_mend(field, raw))
    if field.dtype == "int64" and not isinstance(raw, int):
        raise UnfitError(f"{field.name} = {_shown(raw)} is not a whole number", f"Write whole {field.unit}")
    return _fit_range(field, raw)


def fit_text(field: Field, text: str) -> Value:
    """The value that a cell of a table holds as text, or UnfitError.

    >>> from skuwise.core.dictionary import fields_of
    >>> fit_text(fields_of("rules")["service_target"], "0.98"), fit_text(fields_of("rules")["reorder_allowed"], "false")
    (0.98, False)
    """
    raw: object = text
    try:
        if field.dtype == "int64":
            raw = int(text)
        elif field.dtype == "float64":
            raw = float(text)
        elif field.dtype == "flag":
            raw = _FLAGS.get(text.lower(), text)
    except ValueError:
        pass  # fit_value says what is wrong with the text
    return fit_value(field, raw)


def default_of(field: Field) -> Value:
    """The dictionary's default as a typed value."""
    return fit_text(field, field.default)


def as_number(field: Field, value: Value) -> float | int | bool:
    """The value as a number: a choice is its position among the choices, a day is counted from 1970, no day is NaN.

    >>> from skuwise.core.dictionary import fields_of
    >>> as_number(fields_of("rules")["learn_from"], date(1970, 1, 8))
    7.0
    """
    if field.dtype == "date":
        return float((value - _EPOCH).days) if isinstance(value, date) else math.nan
    assert not isinstance(value, date)  # fit_value lets a day pass only where the field has days
    return field.choices.index(value) if isinstance(value, str) else value


def of_number(field: Field, number: Any) -> Value:
    """The inverse of ``as_number``; takes a cell of the field's column as well."""
    if isinstance(number, np.datetime64):
        return NO_DAY if np.isnat(number) else date.fromisoformat(str(number.astype("datetime64[D]")))
    if field.dtype == "date":
        return NO_DAY if math.isnan(number) else _EPOCH + timedelta(days=int(number))
    if field.dtype == "choice":
        return field.choices[int(number)]
    if field.dtype == "flag":
        return bool(number)
    return int(number) if field.dtype == "int64" else float(number)


def array_type(field: Field) -> np.dtype[np.generic]:
    """What a column of the field's values holds."""
    return _ARRAY_TYPES[field.dtype]


def number_type(field: Field) -> np.dtype[np.generic]:
    """What holds the same values as ``as_number`` gives them."""
    return np.dtype(np.float64) if field.dtype == "date" else array_type(field)


def as_column(field: Field, numbers: Any) -> Any:
    """Numbers of ``as_number`` [(n,)] as the column of the field: days become dates, NaN becomes NaT."""
    if field.dtype != "date":
        return numbers
    days = np.asarray(numbers, dtype=np.float64)
    known = ~np.isnan(days)
    column = np.full(len(days), np.datetime64("NaT"), dtype="datetime64[D]")
    column[known] = days[known].astype(np.int64).astype("datetime64[D]")
    return column


def told(value: Value) -> str:
    """A value as people write it.

    >>> told(7.0), told(0.985), told(True), told(1_000_000.0)
    ('7', '0.985', 'true', '1000000')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def told_in(field: Field, number: Any) -> str:
    """A number of ``as_number``, or a cell of the field's column, in the words of the rulebook."""
    return told(of_number(field, number))


def _fit_choice(field: Field, raw: object) -> str:
    if isinstance(raw, str) and raw in field.choices:
        return raw
    raise UnfitError(f"{field.name} = {_shown(raw)} is none of its choices", suggestion(str(raw), field.choices))


def _fit_day(field: Field, raw: object) -> date | str:
    mend = f"Write a day such as 2026-12-31, or {NO_DAY}"
    if raw == NO_DAY:
        return NO_DAY
    if isinstance(raw, datetime):
        raise UnfitError(f"{field.name} = {raw} has a time of day", mend)
    day = raw
    if isinstance(raw, str):
        with suppress(ValueError):  # told below, as any other value that is no day
            day = date.fromisoformat(raw)
    if not isinstance(day, date):
        raise UnfitError(f"{field.name} = {_shown(raw)} is not a day", mend)
    if not DAY_MIN <= day <= DAY_MAX:
        raise UnfitError(f"{field.name} = {day} is out of range", f"Write a day from {DAY_MIN} to {DAY_MAX}")
    return day


def _fit_range(field: Field, number: float | int) -> float | int:
    low, high = field.bounds
    if not math.isfinite(number) or not low <= number <= high:
        raise UnfitError(f"{field.name} = {told(number)} is out of range", _range_mend(field, number))
    return float(number) if field.dtype == "float64" else number


def _range_mend(field: Field, number: float | int) -> str:
    low, high = field.bounds
    mend = f"Write {field.unit or 'a number'} from {told(low)} to {told(high)}"
    if field.unit.startswith("share") and number > 1 and low <= number / 100 <= high:
        mend += f"; {told(number)} % is written {told(number / 100)}"
    return mend


def _number_mend(field: Field, raw: object) -> str:
    mend = f"Write {_TYPE_WORDS[field.dtype]}" + (f" of {field.unit}" if field.unit else "")
    return mend + (" without quotes, unit or thousands separator" if isinstance(raw, str) else "")


def _shown(raw: object) -> str:
    return told(raw) if isinstance(raw, bool | int | float) else repr(raw) if raw != "" else "(blank)"
