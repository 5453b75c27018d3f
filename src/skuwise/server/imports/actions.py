"""Imports as a job of the background and as a write that is shown before it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skuwise.server.accounts.actor import Actor
from skuwise.server.imports.committing import commit, get, reverse
from skuwise.server.imports.staging import stage
from skuwise.server.jobs.handlers import JobContext, job
from skuwise.server.operations.previews import Action, Effect, Parameters, register


@job("import", "Importing", "import")
def import_job(
    context: JobContext, folder: str, source: str = "files", whole: bool = False, commit_it: bool = True
) -> dict[str, Any]:
    """Stage a folder on the server's machine and, unless it is held, commit it."""
    batch = stage(context.actor, Path(folder), source, whole=whole, progress=context.progress)
    if commit_it and batch.state == "previewed":
        batch = commit(context.actor, batch.pk, progress=context.progress)
    return {"batch_id": batch.pk, "state": batch.state}


@job("import.commit", "Importing", "import")
def commit_job(context: JobContext, batch_id: int) -> dict[str, Any]:
    """Commit a batch that was looked at."""
    batch = commit(context.actor, batch_id, progress=context.progress)
    return {"batch_id": batch.pk, "state": batch.state}


def _look(actor: Actor, parameters: Parameters) -> Effect:
    batch = get(actor, int(parameters["batch_id"]))
    counts = {
        what: sum(int(told[what]) for name, told in batch.tables.items() if not name.startswith("_"))
        for what in ("new", "changed", "unchanged", "gone", "quarantined")
    }
    return Effect(
        f"{counts['new']:,} new rows, {counts['changed']:,} changed, {counts['gone']:,} gone",
        counts=counts,
        fingerprint_of=[batch.pk, batch.version],
    )


def _do(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    batch = commit(actor, int(parameters["batch_id"]))
    return {"batch_id": batch.pk, "state": batch.state}


def _undo(actor: Actor, result: dict[str, Any], reason: str) -> None:
    reverse(actor, int(result["batch_id"]), reason)


register(Action("imports.commit", "importing", "import", _look, _do, _undo))
