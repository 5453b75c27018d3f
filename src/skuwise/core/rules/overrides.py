"""Dated overrides: what a person decided for one SKU, with name, reason and end date.

They are a table, ``sku_id,location_id,field,value,unit,from,until,author,reason``, so that a spreadsheet can hold
many. A blank location means every location; an override for one location holds against one for all of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache

from skuwise.core.dictionary import Field, fields_of
from skuwise.core.rules.conditions import AnyOf
from skuwise.core.rules.problems import Problems, UnfitError, suggestion
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.values import fit_text

COLUMNS = ("sku_id", "location_id", "field", "value", "unit", "from", "until", "author", "reason")
#: Columns that every row must fill. An override without an end is let pass and told by a finding.
_NEEDED = ("sku_id", "field", "value", "author", "reason")


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
