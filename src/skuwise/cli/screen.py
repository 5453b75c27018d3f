"""What every command shares: one console, calm tables, progress, and errors that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

#: Wider lines than this are hard to read, however wide the window.
WIDTH_MAX = 120


def screen() -> Console:
    """The standard output, plain where it is not a terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH_MAX)
    return console


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn what a person can mend into one message on standard error and exit code 2; the rest is our mistake."""
    from skuwise.core.rules import RulebookError
    from skuwise.core.trace import UnknownNameError
    from skuwise.snapshot import SnapshotError

    try:
        yield
    except (RulebookError, UnknownNameError, SnapshotError) as error:
        raise refused(str(error)) from None
    except OSError as error:
        raise refused(f"{error.filename or 'file'}: {error.strerror or error}") from None


def refused(message: str) -> typer.Exit:
    """Say what is wrong on standard error; raise what this returns to leave with exit code 2."""
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(f"Error: {message}")
    return typer.Exit(2)


def heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def calm_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, shrink: int = 0) -> Table:
    """A table without lines: the first ``left`` columns are words, the others figures at the right.

    Column number ``shrink`` gives way where the window is narrow; figures are never cut.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for place, header in enumerate(headers):
        gives_way = place == shrink
        table.add_column(
            header,
            justify="left" if place < left else "right",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if gives_way else max([len(header), *(len(row[place]) for row in rows)], default=0),
        )
    for row in rows:
        table.add_row(*row)
    return table


def show_table(
    console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, shrink: int = 0
) -> None:
    console.print(calm_table(headers, rows, left=left, shrink=shrink))


@contextmanager
def watched() -> Iterator[Callable[[str, float, float], None]]:
    """A progress bar on standard error while the block runs; gives ``tell(phase, done, total)``.

    Where standard error is no terminal nothing is printed.
    """
    console = Console(stderr=True)
    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, Any] = {}

        def tell(phase: str, done: float, total: float) -> None:
            if phase not in tasks:
                for earlier in tasks.values():
                    progress.update(earlier, visible=False)
                tasks[phase] = progress.add_task(phase, total=total or None)
            progress.update(tasks[phase], completed=done, total=total or None)

        yield tell
