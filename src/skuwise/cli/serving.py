"""What the server's commands do: serve, import, back up, restore, upgrade."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from skuwise.cli.screen import refused, say, screen

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(host: str, port: int, data: Path | None, runner: bool, threads: int) -> None:
    """Bring the database up to date, then answer until stopped."""
    if host not in LOOPBACK:
        os.environ.setdefault("SKUWISE_HOSTS", f"localhost,127.0.0.1,[::1],{host}" if host != "0.0.0.0" else "*")
    ready(data)
    from django.core.management import call_command

    from skuwise.server.accounts.people import first_run_token

    listening = _listening(host, port)
    console = screen()
    _bring_up_to_date(console)
    call_command("collectstatic", verbosity=0, interactive=False)
    from skuwise.server.wsgi import application  # finds the files that were just collected

    address = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    worker = subprocess.Popen([sys.executable, "-m", "skuwise.server.jobs.runner"]) if runner else None
    typer.echo(f"Skuwise answers at {address} (stop with Ctrl+C)")
    if host not in LOOPBACK:
        say(
            console,
            "It can be reached from other machines: put a proxy with HTTPS before it and set SKUWISE_BEHIND_TLS=1.",
        )
    token = first_run_token()
    if token:
        typer.echo(f"Make the first account: {address}/welcome/{token}")  # never broken into lines
    sys.stdout.flush()
    _answer(application, listening, threads, worker)


def import_folder(folder: Path, source: str, whole: bool, yes: bool, data: Path | None) -> None:
    """Import a folder into the server's database: show what would change, then commit it."""
    ready(data)
    from skuwise.server.accounts.actor import SYSTEM
    from skuwise.server.errors import RefusedError
    from skuwise.server.imports.committing import commit
    from skuwise.server.imports.staging import stage

    console = screen()
    _bring_up_to_date(console)
    try:
        batch = stage(SYSTEM, folder, source, whole=whole)
        for table, told in batch.tables.items():
            if not table.startswith("_"):
                counts = f"{told['new']:,} new, {told['changed']:,} changed, {told['unchanged']:,} as they are"
                say(console, f"  {table}: {counts}, {told['gone']:,} gone, {told['quarantined']:,} refused")
        for reason in batch.held_reasons:
            say(console, f"  held back: {reason}")
        if batch.state == "committed":
            say(console, f"Import {batch.pk} of the same content is committed already.")
        elif batch.state == "held":
            say(console, f"Import {batch.pk} waits for a person to release it.")
        elif yes or typer.confirm("Commit it?"):
            say(console, f"Import {commit(SYSTEM, batch.pk).pk} is committed.")
    except RefusedError as error:
        raise refused(f"{error.message}\n{error.mend}") from None


def backup(target: Path, secret: bool, data: Path | None) -> None:
    """Write everything into one file, also while the server runs. Keep it as safe as the server itself."""
    ready(data)
    from skuwise.server.errors import RefusedError
    from skuwise.server.operations.backups import back_up

    try:
        manifest = back_up(target.absolute(), with_secret=secret)
    except RefusedError as error:
        raise refused(f"{error.message}\n{error.mend}") from None
    size = target.stat().st_size / 1024**2
    say(screen(), f"{target}: {len(manifest['files']):,} files, {size:,.1f} MB, plan {manifest['plan_id'] or 'none'}")


def restore(source: Path, force: bool, data: Path | None) -> None:
    """Put a backup into an empty data folder and database, and check that it is whole. Stop the server first."""
    ready(data)
    from skuwise.server.errors import RefusedError
    from skuwise.server.operations.backups import restore as put_back

    try:
        found = put_back(source.absolute(), force=force)
    except RefusedError as error:
        raise refused(f"{error.message}\n{error.mend}") from None
    say(screen(), f"restored: plan {found['plan_id'] or 'none'}, audit chain and ledger whole")


def upgrade(check: bool, data: Path | None) -> None:
    """Bring the database up to date with the program; with --check say what is pending and whether all is whole."""
    ready(data)
    console = screen()
    if not check:
        _bring_up_to_date(console)
        return
    from skuwise.server.audit.record import broken_link
    from skuwise.server.operations.backups import migrations
    from skuwise.server.stock import ledger

    found = migrations()
    for word in ("pending", "unknown"):
        say(
            console,
            f"{len(found[word])} changes of the database {word}{': ' if found[word] else ''}{', '.join(found[word])}",
        )
    wrong = bool(found["unknown"])
    if not found["pending"] and not wrong:
        link, differing = broken_link(), ledger.differences().height
        say(
            console,
            f"audit chain {'whole' if link is None else f'broken at entry {link}'}; ledger differs at {differing}",
        )
        wrong = link is not None or differing > 0
    if wrong:
        raise typer.Exit(1)


def ready(data: Path | None) -> None:
    """Read the configuration and make Django ready."""
    if data is not None:
        os.environ["SKUWISE_DATA"] = str(data.absolute())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skuwise.server.settings")
    import django

    try:
        django.setup()
    except ValueError as error:
        raise refused(str(error)) from None


def _bring_up_to_date(console: Any) -> None:
    """Apply what is pending; an SQLite database that holds something is copied first."""
    from django.core.management import call_command
    from django.db import OperationalError, connection

    from skuwise.server.operations.backups import migrations

    try:
        found = migrations()
    except OperationalError as error:
        raise refused(f"the database cannot be reached: {error}") from None
    if found["unknown"]:
        raise refused(f"this database is of a newer Skuwise ({found['unknown'][0]})\nupgrade the program")
    if not found["pending"]:
        return
    if found["applied"] and connection.vendor == "sqlite":
        from skuwise.server.config import DATABASE_FILE
        from skuwise.server.operations.backups import copy_before_upgrade

        say(console, f"copied the database to {copy_before_upgrade(DATABASE_FILE)}")
    call_command("migrate", verbosity=0, interactive=False)
    say(console, f"the database is up to date ({len(found['pending'])} changes applied)")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        raise refused(f"cannot listen on {host}:{port}: {error.strerror}\nstop what uses it, or give --port") from None
    return made


def _answer(application: Any, listening: socket.socket, threads: int, worker: subprocess.Popen[bytes] | None) -> None:
    from waitress.server import create_server

    server = create_server(application, sockets=[listening], threads=threads, ident="skuwise")

    def stop(_number: int, _frame: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        server.close()
        if worker is not None:
            worker.terminate()
            worker.wait(30)
