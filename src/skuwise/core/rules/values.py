"""Typed values of rule fields and settings, checked against the data dictionary."""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.dictionary import Field
from skuwise.core.rules.problems import UnfitError, suggestion

Value = float | int | bool | str

_TYPE_WORDS = {
    "int64": "a whole number",
    "float64": "a number",
    "flag": "true or false",
    "choice": "one of its choices",
}
_ARRAY_TYPES = {"int64": np.int64, "float64": np.float64, "flag": np.bool_, "choice": np.int16}
_FLAGS = {"true": True, "false": False}


def fit_value(field: Field, raw: object) -> Value:
    """``raw`` as a value of the field, or UnfitError where type, choice or range do not allow it."""
    if field.dtype == "choice":
        return _fit_choice(field, raw)
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
    """The value as its array holds it: a choice becomes its position among the choices."""
    return field.choices.index(value) if isinstance(value, str) else value


def array_type(field: Field) -> type[np.generic]:
    return _ARRAY_TYPES[field.dtype]


def told(value: Value) -> str:
    """A value as people write it.

    >>> told(7.0), told(0.985), told(True), told(1_000_000.0)
    ('7', '0.985', 'true', '1000000')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def told_in(field: Field, number: float | int | bool) -> str:
    """A value as its array holds it, in the words of the rulebook."""
    if field.dtype == "choice":
        return field.choices[int(number)]
    if field.dtype == "flag":
        return told(bool(number))
    return told(int(number) if field.dtype == "int64" else float(number))


def _fit_choice(field: Field, raw: object) -> str:
    if isinstance(raw, str) and raw in field.choices:
        return raw
    raise UnfitError(f"{field.name} = {_shown(raw)} is none of its choices", suggestion(str(raw), field.choices))


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
