"""A list as a file: exactly the rows and columns that are asked for, whatever their number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from skuwise.server.listing.spec import ListSpec

ROWS_PER_PIECE = 500
#: A spreadsheet takes a text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_pieces(spec: ListSpec, rows: Iterable[dict[str, Any]], columns: tuple[str, ...] = ()) -> Iterator[str]:
    """The lines of a CSV file, piece by piece, with a byte-order mark so that spreadsheets read it as UTF-8."""
    names = columns or tuple(spec.by_name)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    target.write("\ufeff")
    writer.writerow(names)
    for place, row in enumerate(rows):
        writer.writerow([_cell(row[name]) for name in names])
        if place % ROWS_PER_PIECE == ROWS_PER_PIECE - 1:
            yield target.getvalue()
            target.seek(0)
            target.truncate()
    yield target.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value
