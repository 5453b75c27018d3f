"""Imports over the API: send files, look, commit, take back."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import IF_MATCH, Id, Text, endpoint, if_match, with_etag
from skuwise.server.api.lists import list_endpoint
from skuwise.server.errors import RefusedError
from skuwise.server.imports import committing
from skuwise.server.imports.models import ImportBatch, QuarantinedRow
from skuwise.server.imports.staging import READABLE, stage
from skuwise.server.listing.spec import Column, ListSpec

router = Router(tags=["imports"])
#: Files of one import, unpacked.
BYTES_MAX = 2 * 1024**3
FILES_MAX = 100

BATCHES = ListSpec(
    "imports",
    (
        Column("id", "Import", "count"),
        Column("source", "Source"),
        Column("state", "State", "choice"),
        Column("as_of", "As of", "day"),
        Column("quarantined_rows", "Refused lines", "count"),
        Column("staged_by", "By"),
        Column("staged_at", "Staged", "time"),
        Column("committed_at", "Committed", "time", nullable=True),
    ),
    "-id",
)
QUARANTINED = ListSpec(
    "quarantined_rows",
    (
        Column("id", "Number", "count"),
        Column("batch_id", "Import", "count"),
        Column("table", "Table", "choice"),
        Column("file", "File"),
        Column("row", "Row", "count"),
        Column("code", "Code", "choice"),
        Column("reason", "Reason", sortable=False),
        Column("line", "Line", sortable=False),
    ),
    "id",
)


class Batch(Schema):
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


class Why(Schema):
    reason: Text = ""


def batches(actor: Actor) -> Any:
    """The imports; who may not import sees none."""
    return (
        ImportBatch.objects.all()
        if actor.may("import") and actor.brands("import") is None
        else ImportBatch.objects.none()
    )


def told(batch: ImportBatch) -> dict[str, Any]:
    """A batch as a record."""
    return {
        "id": batch.pk,
        "source": batch.source,
        "state": batch.state,
        "version": batch.version,
        "files": batch.files,
        "as_of": str(batch.as_of),
        "whole": batch.whole,
        "tables": {name: counts for name, counts in batch.tables.items() if not name.startswith("_")},
        "findings": batch.findings,
        "quarantined_rows": batch.quarantined_rows,
        "held_reasons": batch.held_reasons,
    }


list_endpoint(router, "/imports", "import", BATCHES, batches, "list_imports", "Imports, the newest first.")
list_endpoint(
    router, "/quarantined-rows", "import", QUARANTINED,
    lambda actor: QuarantinedRow.objects.filter(batch__in=batches(actor)),
    "list_quarantined_rows", "Lines that were refused, each with its reason.",
)  # fmt: skip


@endpoint(router, "POST", "/imports", "import", Batch, status=201)
def stage_import(
    request: HttpRequest, files: File[list[UploadedFile]], source: Form[str] = "api", whole: Form[bool] = False
) -> Any:
    """Send files (CSV, TSV, XLSX, Parquet, or a ZIP of them) and see what they would change."""
    request.actor.require_everywhere("import")
    if len(source) > 200:
        raise RefusedError("IMP-SOURCE", "the name of the source is too long", "give at most 200 characters")
    with tempfile.TemporaryDirectory(prefix="skuwise-upload-") as folder:
        for file in files:
            keep_upload(file, Path(folder))
        return told(stage(request.actor, Path(folder), source or "api", whole=whole))


@endpoint(router, "GET", "/imports/{batch_id}", "import", Batch)
def get_import(request: HttpRequest, batch_id: Id) -> Any:
    """One import: counts, examples of differences, findings."""
    return with_etag(told(committing.get(request.actor, batch_id)))


@endpoint(router, "POST", "/imports/{batch_id}/commit", "import", Batch, parameters=IF_MATCH)
def commit_import(request: HttpRequest, batch_id: Id) -> Any:
    """Write the import in one transaction."""
    return with_etag(told(committing.commit(request.actor, batch_id, if_match(request))))


@endpoint(router, "POST", "/imports/{batch_id}/reverse", "import", Batch, parameters=IF_MATCH)
def reverse_import(request: HttpRequest, batch_id: Id, why: Why) -> Any:
    """Put everything back as it was before the import."""
    return with_etag(told(committing.reverse(request.actor, batch_id, why.reason, if_match(request))))


@endpoint(router, "POST", "/imports/{batch_id}/release", "import", Batch, parameters=IF_MATCH)
def release_import(request: HttpRequest, batch_id: Id, why: Why) -> Any:
    """Let an import go on that was held back."""
    return with_etag(told(committing.release(request.actor, batch_id, why.reason, if_match(request))))


@endpoint(router, "POST", "/imports/{batch_id}/discard", "import", Batch, parameters=IF_MATCH)
def discard_import(request: HttpRequest, batch_id: Id, why: Why) -> Any:
    """Throw away an import that was not committed."""
    return with_etag(told(committing.discard(request.actor, batch_id, why.reason, if_match(request))))


def keep_upload(file: Any, folder: Path) -> None:
    """Write a file under its plain name; a ZIP is unpacked, as far as its size is bounded."""
    name = _plain_name(str(file.name))
    if not name.lower().endswith(".zip"):
        with (folder / name).open("wb") as target:
            shutil.copyfileobj(file.file, target)
        return
    try:
        with zipfile.ZipFile(file.file) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > FILES_MAX or sum(one.file_size for one in members) > BYTES_MAX:
                raise RefusedError("IMP-TOO-BIG", "the archive unpacks to too much", "send it in parts")
            for member in members:
                if member.filename.lower().endswith(READABLE):
                    _unpack(archive, member, folder / _plain_name(member.filename))
    except (zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise RefusedError("IMP-ZIP", f"{name} cannot be unpacked", "pack it again, without a password") from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """No more than the archive says of itself: a bomb lies about its size."""
    with archive.open(member) as source, target.open("wb") as kept:
        left = member.file_size
        while piece := source.read(min(left + 1, 1024 * 1024)):
            left -= len(piece)
            if left < 0:
                raise RefusedError("IMP-TOO-BIG", "the archive unpacks to too much", "send it in parts")
            kept.write(piece)


def _plain_name(given: str) -> str:
    name = Path(given.replace("\\", "/")).name
    if not name or name.startswith(".") or len(name.encode()) > 200 or "\0" in name:
        raise RefusedError(
            "IMP-FILE-NAME", f"{given[:100]!r} is no name of a file", "name it after its table: sales.csv"
        )
    return name
