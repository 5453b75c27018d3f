"""The words of the server's commands: serve, import, backup, restore, upgrade."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder; by default that of SKUWISE_DATA or of the user."),
]


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8765,
    data: DataFolder = None,
    runner: Annotated[bool, typer.Option("--runner/--no-runner", help="Do background work too.")] = True,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Requests answered at once.")] = 8,
) -> None:
    """Serve the shop: bring the database up to date, then answer at the address shown until stopped (Ctrl+C).

    The first start prints a link by which the first person makes an account. SKUWISE_DATABASE_URL chooses PostgreSQL.
    """
    from skuwise.cli import serving

    serving.serve(host, port, data, runner, threads)


def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The dataset: sales.csv, stock.csv …")],
    source: Annotated[str, typer.Option(metavar="NAME", help="Who delivers it.")] = "files",
    whole: Annotated[bool, typer.Option("--whole", help="What this source no longer lists is gone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Commit without asking.")] = False,
    data: DataFolder = None,
) -> None:
    """Import a folder into the server's database: show what would change, then commit it."""
    from skuwise.cli import serving

    serving.import_folder(folder, source, whole, yes, data)


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="New file for the backup.")],
    secret: Annotated[bool, typer.Option("--secret/--no-secret", help="Keep the secret key in it too.")] = True,
    data: DataFolder = None,
) -> None:
    """Write everything into one file, also while the server runs. Keep it as safe as the server itself."""
    from skuwise.cli import serving

    serving.backup(target, secret, data)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    data: DataFolder = None,
) -> None:
    """Put a backup into an empty data folder and database, and check that it is whole. Stop the server first."""
    from skuwise.cli import serving

    serving.restore(source, force, data)


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Only say what would be done.")] = False,
    data: DataFolder = None,
) -> None:
    """Bring the database up to date with the program; with --check say what is pending and whether all is whole."""
    from skuwise.cli import serving

    serving.upgrade(check, data)


def add_to(app: typer.Typer) -> None:
    """Give the commands to the command line."""
    app.command("serve", short_help="Serve the shop to the team: database, pages, API, background work.")(serve)
    app.command("import", short_help="Import a folder into the server's database.")(import_folder)
    app.command("backup", short_help="Write everything of the server into one file.")(backup)
    app.command("restore", short_help="Put a backup into an empty data folder.")(restore)
    app.command("upgrade", short_help="Bring the database up to date; --check only tells.")(upgrade)
