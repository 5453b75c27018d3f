"""Findings: what is wrong with the data, said as a value and not as an exception.

A step returns ``(result, findings)``; the run always finishes and reports all of them. Codes are registered
here once, so that documentation, API and tests can list them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Severity(StrEnum):
    """How much a finding matters: an ERROR row is quarantined, a WARNING is used with care, an INFO is told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation about the data.

    ``count`` rows share the reason; ``row`` is the first of them, counted as a spreadsheet counts (the header
    is row 1), or 0 where the finding is about a whole table.
    """

    code: str
    severity: Severity
    message: str
    why: str
    mend: str
    table: str = ""
    file: str = ""
    row: int = 0
    count: int = 1
    sku_id: str = ""

    @property
    def where(self) -> str:
        """File and row in the form editors understand: ``sales.csv:17``."""
        place = self.file or self.table
        return f"{place}:{self.row}" if self.row else place


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A row of ``findings.csv``: what every finding of one code has in common."""

    code: str
    severity: Severity
    title: str
    why: str
    mend: str


@cache
def finding_kinds() -> dict[str, FindingKind]:
    """Every registered code. A code once published keeps its meaning."""
    text = (files("skuwise.core.dictionary") / "findings.csv").read_text(encoding="utf-8")
    return {
        row["code"]: FindingKind(row["code"], Severity(row["severity"]), row["title"], row["why"], row["mend"])
        for row in csv.DictReader(text.splitlines())
    }


def found(
    code: str,
    message: str,
    *,
    table: str = "",
    file: str = "",
    row: int = 0,
    count: int = 1,
    sku_id: str = "",
    mend: str = "",
) -> Finding:
    """A finding of a registered code; ``mend`` replaces the general advice where a better one is known."""
    kind = finding_kinds()[code]
    return Finding(code, kind.severity, message, kind.why, mend or kind.mend, table, file, row, count, sku_id)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The gravest severity among the findings, or None where there are none.

    >>> worst([Finding("X-1", Severity.INFO, "a", "b", "c"), Finding("X-2", Severity.ERROR, "a", "b", "c")])
    <Severity.ERROR: 'error'>
    """
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    present = {finding.severity for finding in findings}
    return next((severity for severity in order if severity in present), None)
