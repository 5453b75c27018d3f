"""Dated overrides: what a person decided for one SKU, with name, reason and end date.

They are a table, ``sku_id,location_id,field,value,unit,from,until,author,reason``, so that a spreadsheet can hold
many. A blank location means every location; an override for one location holds against one for all of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray, TextArray
from skuwise.core.dictionary import Field, fields_of
from skuwise.core.rules.conditions import AnyOf, Items, rows_in_ranges
from skuwise.core.rules.problems import Problems, UnfitError, suggestion
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.values import as_number, fit_text

COLUMNS = ("sku_id", "location_id", "field", "value", "unit", "from", "until", "author", "reason")
#: Columns that every row must fill. An override without an end is let pass and told by a finding.
_NEEDED = ("sku_id", "field", "value", "author", "reason")

FOREVER = np.datetime64("9999-12-31", "D")
ALWAYS = np.datetime64("0001-01-01", "D")


def parse_overrides(source: str | Iterable[Mapping[str, object]], file: str = "overrides.csv") -> tuple[Rule, ...]:
    """Overrides from CSV text or from rows by column name; ``line`` counts as a spreadsheet does (header = 1).

    Raises RulebookError with every problem: unknown column, field or unit, value of the wrong type or out of range,
    missing author or reason, bad dates.
    """
    problems = Problems(file)
    rows = _csv_rows(source, problems) if isinstance(source, str) else _given_rows(source, problems)
    overrides = []
    for line, row in rows:
        try:
            overrides.append(_override_of(row, file, line))
        except UnfitError as unfit:
            problems.add(line, unfit.what, unfit.mend)
    problems.raise_any()
    return tuple(overrides)


def _csv_rows(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not header:
                header = [cell.strip() for cell in cells]
                if not _header_stands(header, problems, line):
                    return
            elif any(cell.strip() for cell in cells):
                if len(cells) > len(header):
                    what = f"the row has {len(cells)} cells where the header has {len(header)}"
                    problems.add(line, what, "Put quotes around a text that holds a comma")
                else:
                    yield line, dict(zip(header, map(str.strip, cells), strict=False))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add(line, f"the table cannot be read: {error}", "Save it as CSV once more")


def _given_rows(rows: Iterable[Mapping[str, object]], problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    headers: dict[tuple[str, ...], bool] = {}
    for line, row in enumerate(rows, start=2):
        header = tuple(row)
        if header not in headers:
            headers[header] = _header_stands(header, problems, line)
        if headers[header]:
            yield line, {name: "" if cell is None else str(cell).strip() for name, cell in row.items()}


def _header_stands(header: Iterable[str], problems: Problems, line: int) -> bool:
    names = list(header)
    for name in names:
        if name not in COLUMNS:
            problems.add(line, f'unknown column "{name}"', suggestion(name, COLUMNS))
        elif names.count(name) > 1:
            problems.add(line, f'column "{name}" stands twice', "Keep one of them")
    missing = [name for name in (*_NEEDED, "unit", "until") if name not in names]
    for name in missing:
        problems.add(line, f'the column "{name}" is missing', f"The columns are {','.join(COLUMNS)}")
    return not missing and len(set(names)) == len(names) and set(names) <= set(COLUMNS)


def _override_of(row: Mapping[str, str], file: str, line: int) -> Rule:
    for name in _NEEDED:
        if not row.get(name):
            raise UnfitError(f"the override has no {name}", _NEEDED_MENDS.get(name, f"Fill in {name}"))
    field = _field_of(row["field"])
    if row.get("unit", "") != field.unit:
        given = row.get("unit") or "blank"
        raise UnfitError(
            f"the unit of {field.name} is {given}", f"{field.name} is given in {field.unit or 'no unit: blank'}"
        )
    begin, end = _day_of("from", row.get("from", "")), _day_of("until", row.get("until", ""))
    if begin and end and begin >= end:
        raise UnfitError(
            f"from {begin} is not before until {end}", "until is the first day on which it no longer holds"
        )
    when = {"sku_id": AnyOf((row["sku_id"],))}
    if row.get("location_id"):
        when["location_id"] = AnyOf((row["location_id"],))
    return Rule(
        name=f"{field.name} of {row['sku_id']}",
        layer="override",
        when=when,
        values={field.name: fit_text(field, row["value"])},
        valid_from=begin,
        valid_until=end,
        reason=row["reason"],
        file=file,
        line=line,
        author=row["author"],
    )


_NEEDED_MENDS = {
    "author": "Write who decided it",
    "reason": "Write why, so that the next person knows when it may go",
}


def _field_of(name: str) -> Field:
    fields = fields_of("rules")
    if name in fields:
        return fields[name]
    if name in fields_of("settings"):
        raise UnfitError(f"{name} is a setting of the whole shop", "Set it in [settings] of the rulebook")
    raise UnfitError(f'unknown field "{name}"', suggestion(name, fields))


@cache
def _day_of(column: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnfitError(f'{column} = "{text}" is not a day', "Write it as 2026-12-31") from None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two rules of one layer that give one field different values for ``count`` items; ``row`` is the first."""

    field: str
    first: int
    second: int
    count: int
    row: int


@dataclass(frozen=True, slots=True)
class OverrideTable:
    """The overrides as arrays (k,), in the order of their precedence, to be matched against all items at once."""

    sku_id: TextArray
    location_id: TextArray
    located: BoolArray
    field_name: TextArray
    value: FloatArray
    valid_from: DateArray
    valid_until: DateArray

    @classmethod
    def of(cls, overrides: tuple[Rule, ...]) -> OverrideTable:
        fields = fields_of("rules")
        named = [next(iter(rule.values.items())) for rule in overrides]
        return cls(
            sku_id=np.array([_only(rule, "sku_id") for rule in overrides], dtype=np.str_),
            location_id=np.array([_only(rule, "location_id") for rule in overrides], dtype=np.str_),
            located=np.array(["location_id" in rule.when for rule in overrides], dtype=np.bool_),
            field_name=np.array([name for name, _ in named], dtype=np.str_),
            value=np.array([as_number(fields[name], value) for name, value in named], dtype=np.float64),
            valid_from=np.array([rule.valid_from or ALWAYS for rule in overrides], dtype="datetime64[D]"),
            valid_until=np.array([rule.valid_until or FOREVER for rule in overrides], dtype="datetime64[D]"),
        )

    def holding(self, as_of: np.datetime64) -> BoolArray:
        return np.asarray((self.valid_from <= as_of) & (as_of < self.valid_until))

    def matched(self, items: Items, as_of: np.datetime64) -> tuple[IntArray, IntArray]:
        """Pairs of (override, row) in which the override holds on the day, overrides ascending."""
        skus = items.columns["sku_id"]
        holding = np.flatnonzero(self.holding(as_of))
        wanted, place = np.unique(self.sku_id[holding], return_inverse=True)
        start = np.searchsorted(skus, wanted, side="left")[place]
        end = np.searchsorted(skus, wanted, side="right")[place]
        which, rows = rows_in_ranges(start, end)
        which = holding[which]
        here = ~self.located[which] | (self.location_id[which] == items.columns["location_id"][rows])
        return which[here], rows[here]

    def winners(self, which: IntArray, rows: IntArray) -> tuple[IntArray, IntArray, list[Clash]]:
        """Of the pairs of one field the one that holds in each row, and the pairs that contradict each other.

        Overrides stand in the order of precedence, so the greatest number wins; two of the same kind (both for the
        location or both for all of them) that differ are a clash.
        """
        order = np.lexsort((which, rows))
        which, rows = which[order], rows[order]
        same = (rows[1:] == rows[:-1]) & (self.located[which[1:]] == self.located[which[:-1]])
        differ = np.flatnonzero(same & (self.value[which[1:]] != self.value[which[:-1]]))
        clashes: dict[tuple[int, int], list[int]] = {}
        for at in differ.tolist():
            clashes.setdefault((int(which[at]), int(which[at + 1])), []).append(int(rows[at]))
        last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
        told = [
            Clash(str(self.field_name[first]), first, second, len(at), at[0]) for (first, second), at in clashes.items()
        ]
        return which[last], rows[last], told


def _only(rule: Rule, column: str) -> str:
    condition = rule.when.get(column)
    return str(condition.options[0]) if isinstance(condition, AnyOf) else ""
