"""A backup of everything in one file, taken while others work, and its restoring on an empty machine.

SQLite is copied by its online backup; of PostgreSQL every table is copied out of one transaction, so that no other
program is needed. Files are copied after the database: what it speaks of is written before it speaks of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from skuwise import __version__
from skuwise.server.audit.models import AuditHead
from skuwise.server.audit.record import broken_link
from skuwise.server.config import DATABASE_FILE, SECRET_FILE
from skuwise.server.errors import RefusedError
from skuwise.server.planning.models import PlanRun
from skuwise.server.stock import ledger

FORMAT = 1
MANIFEST = "manifest.json"
FOLDERS = ("plans", "imports", "replays")
#: Tables that hold nothing worth keeping: who is signed in just now.
LEFT_OUT = frozenset({"django_session", "django_migrations"})


def back_up(target: Path, *, with_secret: bool = True) -> dict[str, Any]:
    """Write a backup file; returns its manifest. The file appears whole or not at all."""
    if target.exists():
        raise RefusedError("OPS-BACKUP-TAKEN", f"{target} is there already", "name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".skuwise-backup-", dir=target.parent) as folder:
        draft = Path(folder)
        manifest = _copy_database(draft)
        for path, name in _files(with_secret):
            manifest["files"][name] = _hash(path)
        packed = draft / "packed"
        with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
            for path, name in _files(with_secret):
                if name in manifest["files"]:
                    archive.add(path, name, recursive=False)
            for path in sorted((draft / "database").iterdir()):
                archive.add(path, f"database/{path.name}", recursive=False)
            (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, default=str), encoding="utf-8")
            archive.add(draft / MANIFEST, MANIFEST)
        with packed.open("rb") as handle:
            os.fsync(handle.fileno())
        packed.rename(target)
    _sync_folder(target.parent)
    return manifest


def restore(source: Path, *, force: bool = False) -> dict[str, Any]:
    """Put a backup in place of an empty data folder and database; returns what was checked.

    Raises ``RefusedError`` where something is there already (unless ``force``), where the file is damaged, or where it
    is of a newer Skuwise.
    """
    root = Path(settings.CONFIG.data_folder)
    with tempfile.TemporaryDirectory(prefix=".skuwise-restore-", dir=root) as folder:
        draft = Path(folder)
        manifest = unpacked(source, draft)
        _refuse_unfit(manifest, force)
        _put_database(manifest, draft)
        for name in FOLDERS:
            shutil.rmtree(root / name, ignore_errors=True)
            if (draft / name).exists():
                (draft / name).rename(root / name)
        if (draft / SECRET_FILE).exists() and not os.environ.get("SKUWISE_SECRET_KEY"):
            (draft / SECRET_FILE).replace(root / SECRET_FILE)
    call_command("migrate", verbosity=0, interactive=False)
    return verified(manifest)


def verified(manifest: dict[str, Any]) -> dict[str, Any]:
    """That what is there is what the backup held: chain of the audit, ledger, plan. Raises ``RefusedError`` if not."""
    run = PlanRun.objects.filter(in_force=True).first()
    head = AuditHead.objects.filter(id=1).first()
    found = {
        "plan_id": run.plan_id if run else "",
        "audit_head": head.last_hash if head else "",
        "audit_broken_at": broken_link(),
        "ledger_differences": ledger.differences().height,
    }
    expected = {
        "plan_id": manifest["plan_id"],
        "audit_head": manifest["audit_head"],
        "audit_broken_at": None,
        "ledger_differences": 0,
    }
    if found != expected:
        raise RefusedError(
            "OPS-RESTORE-DIFFERS", f"the restored state is {found}, not {expected}", "use another backup"
        )
    return found


def migrations() -> dict[str, list[str]]:
    """What of the database's structure is applied, and what the program knows beyond it."""
    loader = MigrationLoader(connection)
    applied = set(MigrationRecorder(connection).applied_migrations())
    known = set(loader.disk_migrations)
    return {
        "applied": sorted(f"{app}.{name}" for app, name in applied),
        "pending": sorted(f"{app}.{name}" for app, name in known - applied),
        "unknown": sorted(f"{app}.{name}" for app, name in applied - known),
    }


def copy_before_upgrade(name: str) -> Path:
    """A copy of the SQLite database beside it, named after the moment."""
    source = Path(settings.CONFIG.data_folder) / name
    target = source.with_name(f"{source.stem}-before-{timezone.now():%Y%m%d-%H%M%S}{source.suffix}")
    _copy_sqlite(source, target)
    return target


def _copy_database(draft: Path) -> dict[str, Any]:
    """Copy the database as of one moment, and note what it says of itself at that moment."""
    (draft / "database").mkdir()
    if connection.vendor == "sqlite":
        copy = draft / "database" / DATABASE_FILE
        _copy_sqlite(Path(str(settings.DATABASES["default"]["NAME"])), copy)
        told = _of_sqlite(copy)
    else:
        told = _copy_postgresql(draft / "database")
    hashes = {f"database/{path.name}": _hash(path) for path in sorted((draft / "database").iterdir())}
    return {
        "format": FORMAT,
        "version": __version__,
        "created_at": timezone.now().isoformat(),
        "vendor": connection.vendor,
        "migrations": migrations()["applied"],
        **told,
        "files": hashes,
    }


def _copy_sqlite(source: Path, target: Path) -> None:
    kept = sqlite3.connect(target)
    # The path as it is, also where Django's own connection is to a file named otherwise (a test's).
    with_own = (
        connection.connection.execute("PRAGMA database_list").fetchone()[2] if connection.connection else str(source)
    )
    reader = sqlite3.connect(f"file:{with_own or source}?mode=ro", uri=True, timeout=60)
    try:
        reader.backup(kept)
        kept.execute("DELETE FROM django_session")
        kept.commit()
        kept.execute("PRAGMA journal_mode=DELETE")
    finally:
        reader.close()
        kept.close()


def _of_sqlite(copy: Path) -> dict[str, Any]:
    told = sqlite3.connect(copy)
    try:
        run = told.execute("SELECT plan_id FROM planning_planrun WHERE in_force").fetchone()
        head = told.execute("SELECT last_hash FROM audit_audithead WHERE id = 1").fetchone()
    finally:
        told.close()
    return {"plan_id": run[0] if run else "", "audit_head": head[0] if head else ""}


def _copy_postgresql(target: Path) -> dict[str, Any]:
    from skuwise.server.bulk import one_glance

    with one_glance(), connection.connection.cursor() as cursor:
        for table, columns in _tables():
            with (target / f"{table}.csv").open("wb") as kept, cursor.copy(_copy(table, columns, "TO STDOUT")) as copy:
                for piece in copy:
                    kept.write(piece)
        cursor.execute("SELECT plan_id FROM planning_planrun WHERE in_force")
        run = cursor.fetchone()
        cursor.execute("SELECT last_hash FROM audit_audithead WHERE id = 1")
        head = cursor.fetchone()
    return {"plan_id": run[0] if run else "", "audit_head": head[0] if head else ""}


def _tables() -> list[tuple[str, list[str]]]:
    """Every table of the program with its columns, what others speak of first."""
    models = [model for config in apps.get_app_configs() for model in config.get_models(include_auto_created=True)]
    return [
        (model._meta.db_table, [field.column for field in model._meta.local_concrete_fields])
        for model in models
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in LEFT_OUT
    ]


def _copy(table: str, columns: list[str], way: str) -> str:
    return f'COPY "{table}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in columns)}) {way} (FORMAT csv)'


def _put_database(manifest: dict[str, Any], draft: Path) -> None:
    if manifest["vendor"] == "sqlite":
        connection.close()
        target = Path(str(settings.DATABASES["default"]["NAME"]))
        for left in (f"{target}-wal", f"{target}-shm"):
            Path(left).unlink(missing_ok=True)
        (draft / "database" / DATABASE_FILE).replace(target)
        return
    _migrate_to(manifest["migrations"])
    with transaction.atomic(), connection.cursor() as django_cursor:
        names = ", ".join(f'"{table}"' for table, _ in _tables())
        django_cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        with connection.connection.cursor() as cursor:
            for table, columns in _tables():
                with (
                    (draft / "database" / f"{table}.csv").open("rb") as kept,
                    cursor.copy(_copy(table, columns, "FROM STDIN")) as copy,
                ):
                    while piece := kept.read(1024 * 1024):
                        copy.write(piece)
        for table, columns in _tables():
            if "id" in columns:
                django_cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, 'id'), GREATEST((SELECT MAX(id) FROM \"{table}\"), 1)) "
                    "WHERE pg_get_serial_sequence(%s, 'id') IS NOT NULL",
                    [f'"{table}"', f'"{table}"'],
                )


def _migrate_to(applied: list[str]) -> None:
    """Bring the structure to where it was when the backup was taken."""
    newest: dict[str, str] = {}
    for one in applied:
        app, _, name = one.partition(".")
        newest[app] = max(newest.get(app, ""), name)
    for app, name in newest.items():
        call_command("migrate", app, name, verbosity=0, interactive=False)


def _refuse_unfit(manifest: dict[str, Any], force: bool) -> None:
    if manifest["format"] > FORMAT or set(manifest["migrations"]) - set(_known_migrations()):
        raise RefusedError(
            "OPS-BACKUP-NEWER",
            f"this backup is of Skuwise {manifest['version']}, newer than {__version__}",
            "upgrade first",
        )
    if manifest["vendor"] != connection.vendor:
        raise RefusedError(
            "OPS-BACKUP-OTHER", f"this backup is of {manifest['vendor']}, the server uses {connection.vendor}",
            "restore it to a server of the same database",
        )  # fmt: skip
    if force:
        return
    root = Path(settings.CONFIG.data_folder)
    tables = connection.introspection.table_names()
    if any((root / name).exists() for name in FOLDERS) or ("accounts_user" in tables and _has_users()):
        raise RefusedError(
            "OPS-NOT-EMPTY", f"{root} or its database is in use", "name an empty data folder, or use --force"
        )


def _has_users() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM accounts_user")
        return bool(cursor.fetchone()[0])


def _known_migrations() -> list[str]:
    return [f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations]


def unpacked(source: Path, draft: Path) -> dict[str, Any]:
    """Unpack into the draft and check every file by its hash."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(draft, filter="data")
        manifest: dict[str, Any] = json.loads((draft / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise RefusedError("OPS-BACKUP-DAMAGED", f"{source} cannot be read: {error}", "use another backup") from error
    wrong = [
        name for name, told in manifest["files"].items() if not (draft / name).is_file() or _hash(draft / name) != told
    ]
    if wrong:
        raise RefusedError(
            "OPS-BACKUP-DAMAGED", f"{wrong[0]} in {source} is not as it was written", "use another backup"
        )
    return manifest


def _files(with_secret: bool) -> Iterator[tuple[Path, str]]:
    root = Path(settings.CONFIG.data_folder)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and ".draft" not in path.name:
                yield path, str(path.relative_to(root))
    if with_secret and (root / SECRET_FILE).exists():
        yield root / SECRET_FILE, SECRET_FILE


def _hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
