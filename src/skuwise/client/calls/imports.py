"""Imports of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class ImportsRow(TypedDict):
    id: int
    source: str
    state: str
    as_of: str
    quarantined_rows: int
    staged_by: str
    staged_at: str
    committed_at: str | None


class ImportsPage(TypedDict):
    rows: list[ImportsRow]
    next_cursor: str
    count: NotRequired[int | None]


class Batch(TypedDict):
    """One delivery: what it holds and what it would change or has changed, table by table."""

    id: int
    source: str
    state: str
    version: int
    files: list[str]
    as_of: str
    whole: bool
    tables: dict[str, dict[str, Any]]
    findings: list[dict[str, Any]]
    quarantined_rows: int
    held_reasons: list[str]


class QuarantinedRowsRow(TypedDict):
    id: int
    batch_id: int
    table: str
    file: str
    row: int
    code: str
    reason: str
    line: str


class QuarantinedRowsPage(TypedDict):
    rows: list[QuarantinedRowsRow]
    next_cursor: str
    count: NotRequired[int | None]


class Why(TypedDict):
    reason: NotRequired[str]


class ImportsCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_imports(self, **query: Unpack[ListQuery]) -> ImportsPage:
        """Imports, the newest first."""
        answer: ImportsPage = self._ask("GET", "/imports", query=query)
        return answer

    def stage_import(self, files: Sequence[tuple[str, bytes]], source: str = "api", whole: bool = False) -> Batch:
        """Send files (CSV, TSV, XLSX, Parquet, or a ZIP of them) and see what they would change."""
        answer: Batch = self._ask(
            "POST", "/imports",
            files=[("files", one) for one in files],
            body={"source": source, "whole": str(whole).lower()},
        )
        return answer

    def list_quarantined_rows(self, **query: Unpack[ListQuery]) -> QuarantinedRowsPage:
        """Lines that were refused, each with its reason."""
        answer: QuarantinedRowsPage = self._ask("GET", "/quarantined-rows", query=query)
        return answer

    def get_import(self, batch_id: int) -> Batch:
        """One import: counts, examples of differences, findings."""
        answer: Batch = self._ask("GET", f"/imports/{part(batch_id)}")
        return answer

    def commit_import(self, batch_id: int, *, etag: str | None = None) -> Batch:
        """Write the import in one transaction."""
        answer: Batch = self._ask("POST", f"/imports/{part(batch_id)}/commit", headers={"If-Match": etag})
        return answer

    def reverse_import(self, batch_id: int, body: Why, *, etag: str | None = None) -> Batch:
        """Put everything back as it was before the import."""
        answer: Batch = self._ask(
            "POST", f"/imports/{part(batch_id)}/reverse",
            body=body,
            headers={"If-Match": etag},
        )
        return answer

    def release_import(self, batch_id: int, body: Why, *, etag: str | None = None) -> Batch:
        """Let an import go on that was held back."""
        answer: Batch = self._ask(
            "POST", f"/imports/{part(batch_id)}/release",
            body=body,
            headers={"If-Match": etag},
        )
        return answer

    def discard_import(self, batch_id: int, body: Why, *, etag: str | None = None) -> Batch:
        """Throw away an import that was not committed."""
        answer: Batch = self._ask(
            "POST", f"/imports/{part(batch_id)}/discard",
            body=body,
            headers={"If-Match": etag},
        )
        return answer
