"""A list, declared once: what columns it has, what can be filtered, searched and sorted. Pages and the API share it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from skuwise.server.errors import RefusedError

#: Kind of a column → what its values are.
KINDS: dict[str, type] = {
    "text": str,
    "choice": str,
    "units": int,
    "money": int,
    "count": int,
    "days": float,
    "share": float,
    "number": float,
    "flag": bool,
    "day": date,
    "time": datetime,
}
INT_MAX = 2**63 - 1
OPERATORS = ("is", "not", "min", "max", "in", "empty")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. ``kind`` is one of ``KINDS``; numbers and days can be bounded, texts and choices named."""

    name: str
    label: str
    kind: str = "text"
    sortable: bool = True
    nullable: bool = False

    @property
    def is_number(self) -> bool:
        return KINDS[self.kind] in (int, float)

    def read(self, text: str) -> Any:
        """A value from its text. Raises ``RefusedError`` where it is none of the kind."""
        try:
            return _read(KINDS[self.kind], text)
        except (ValueError, OverflowError) as error:
            raise RefusedError(
                "API-FILTER", f"{text[:100]!r} is no value of {self.name}", f"give a {_WORDS[KINDS[self.kind]]}"
            ) from error


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list of one kind of thing. ``key`` is a unique column that breaks ties; ``search`` narrows rows by a text."""

    name: str
    columns: tuple[Column, ...]
    default_sort: str
    key: str = "id"
    search: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    by_name: dict[str, Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def column(self, name: str) -> Column:
        """The column of a name. Raises ``RefusedError`` with the known ones."""
        if name not in self.by_name:
            raise RefusedError(
                "API-COLUMN", f"{name[:100]!r} is no column of {self.name}", f"known are {', '.join(self.by_name)}"
            )
        return self.by_name[name]


_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "day such as 2026-03-31",
    datetime: "time such as 2026-03-31T08:00:00Z",
}


def _read(kind: type, text: str) -> Any:
    if "\0" in text:
        raise ValueError("a text holds no zero byte")
    if kind is str:
        return text
    if kind is bool:
        return (
            {"true": True, "1": True, "false": False, "0": False}[text.lower()] if text.lower() in _FLAGS else _fail()
        )
    if kind is int:
        value = int(text)
        return value if abs(value) <= INT_MAX else _fail()
    if kind is float:
        number = float(text)
        return number if math.isfinite(number) else _fail()
    if kind is date:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else _fail()


_FLAGS = ("true", "1", "false", "0")


def _fail() -> Any:
    raise ValueError("out of range")
