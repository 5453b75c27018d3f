"""The data dictionary: every field once, with its unit, default, description and source.

Tables of the contract (``skus`` … ``receipts``) are what a user gives; ``rules`` and ``settings`` are what a
rulebook may set; the other tables are what a plan holds: ``plan`` and ``metrics`` columns have shape (n,),
``history`` (n, T), ``season`` (n, S), ``due`` (n, P) and ``forecast`` (n, H); ``clock`` holds two scalars.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: The tables a user may give, the ones without which nothing can be planned first.
CONTRACT_TABLES = (
    "skus",
    "sales",
    "stock",
    "supply",
    "open_orders",
    "bundles",
    "channels",
    "locations",
    "prices",
    "availability",
    "receipts",
)
PLAN_TABLES = ("clock", "plan", "history", "season", "due", "forecast", "metrics")
#: Columns that watching a plan adds to it, of shape (n,).
WATCH_TABLES = ("watch",)


@dataclass(frozen=True, slots=True)
class Field:
    """One row of ``fields.csv``. ``range`` is ``low:high`` for numbers and ``a|b|c`` for choices."""

    table: str
    name: str
    dtype: str
    unit: str
    required: bool
    default: str
    range: str
    description: str
    source: str

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.range.split("|")) if "|" in self.range else ()

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value allowed; infinite where the dictionary names none."""
        low, _, high = self.range.partition(":") if ":" in self.range else ("", "", "")
        return float(low or "-inf"), float(high or "inf")


@cache
def all_fields() -> tuple[Field, ...]:
    """Every field in the order of the dictionary."""
    text = (files(__package__) / "fields.csv").read_text(encoding="utf-8")
    return tuple(
        Field(
            table=row["table"],
            name=row["field"],
            dtype=row["dtype"],
            unit=row["unit"],
            required=row["required"] == "yes",
            default=row["default"],
            range=row["range"],
            description=row["description"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def fields_of(table: str) -> dict[str, Field]:
    """The fields of one table by name, in the order of the dictionary.

    >>> fields_of("supply")["moq_units"].unit
    'units'
    """
    return {field.name: field for field in all_fields() if field.table == table}


@cache
def plan_fields() -> dict[str, Field]:
    """Every column a plan may hold, rule fields and settings among them; their names are unique."""
    tables = ("settings", "rules", *PLAN_TABLES, *WATCH_TABLES)
    return {field.name: field for table in tables for field in fields_of(table).values()}
