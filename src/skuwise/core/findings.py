"""Findings: what is wrong with the data, said as a value and not as an exception.

A step returns ``(result, findings)``; the run always finishes and reports all of them. Codes are registered
here once, so that documentation, API and tests can list them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The gravest severity among the findings, or None where there are none.

    >>> worst([Finding("X-1", Severity.INFO, "a", "b"), Finding("X-2", Severity.ERROR, "a", "b")])
    <Severity.ERROR: 'error'>
    """
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    present = {finding.severity for finding in findings}
    return next((severity for severity in order if severity in present), None)
