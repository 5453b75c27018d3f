"""A dataset that was read and checked: clean tables, what was refused and why, and the count of every line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from skuwise.core.findings import Finding

#: Every refused line: where it stood, the finding's code, the reason in words, and the line itself as JSON.
QUARANTINE_SCHEMA = {
    "table": pl.String,
    "file": pl.String,
    "row": pl.Int64,
    "code": pl.String,
    "reason": pl.String,
    "line": pl.String,
}


@dataclass(frozen=True, slots=True)
class LineCounts:
    """Nothing is lost: ``lines_in == lines_used + lines_quarantined`` for every table and for every file."""

    table: str
    lines_in: int
    lines_used: int
    lines_quarantined: int
    file: str = ""  # blank where the counts are those of the whole table


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file cannot say by itself; read from the optional ``dataset.toml`` of the folder."""

    currency: str = "USD"
    time_zone: str = "UTC"
    date_order: str = ""  # "day_first" or "month_first" where the column itself leaves it open


@dataclass(frozen=True, slots=True)
class Dataset:
    """The tables of the contract with the columns of the data dictionary, plus ``_row`` and ``_file_no``.

    ``tables`` holds a Polars frame for each table that was given. Every column of the dictionary is there with its
    type: null where nothing is known, the dictionary's default where that is a plain value (``MAIN``, ``sale``, 0).
    ``_row`` counts as a spreadsheet does (the header is row 1) and ``_file_no`` indexes ``files``. Where no ``skus``
    table was given, one is derived from the others with ``_row`` 0 and ``_file_no`` -1; it has no line counts.
    """

    tables: Mapping[str, pl.DataFrame]
    files: tuple[str, ...]
    quarantine: pl.DataFrame
    counts: tuple[LineCounts, ...]
    findings: tuple[Finding, ...]
    as_of: date
    settings: Settings = field(default_factory=Settings)
    source: str = "memory"
    counts_by_file: tuple[LineCounts, ...] = ()

    def table(self, name: str) -> pl.DataFrame | None:
        return self.tables.get(name)
