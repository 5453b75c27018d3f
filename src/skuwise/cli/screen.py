"""What every command shares: one console, calm tables, progress, and errors that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

#: Wider lines than this are hard to read, however wide the window.
WIDTH_MAX = 120
_GAP = 2
#: A column of words may be cut down to this, with an ellipsis, before columns of figures are left out.
_WORDS_MIN = 16


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
    from skuwise.core.trace.words import wrapped

    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    width = min(console.width, WIDTH_MAX)
    first, *more = message.splitlines() or [""]
    for line in wrapped(f"Error: {first}", width, "", "  "):
        console.print(line)
    for line in more:
        for part in wrapped(line.strip(), width, "  ", "    "):
            console.print(part)
    return typer.Exit(2)


def heading(console: Console, text: str) -> None:
    from skuwise.core.trace.words import wrapped

    console.print()
    for line in wrapped(text, console.width):
        console.print(Text(line, style="bold"))


def say(console: Console, text: str, first: str = "", then: str = "", style: str = "") -> None:
    """A sentence, wrapped between words; ``first`` and ``then`` stand before its lines."""
    from skuwise.core.trace.words import wrapped

    for line in wrapped(text, console.width, first, then):
        console.print(Text(line, style=style), soft_wrap=True)


def say_command(console: Console, command: str) -> None:
    """A command to copy: on a line of its own, never broken."""
    console.print(Text(f"  {command}"), soft_wrap=True)


def show_table(
    console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, shrink: int = 0
) -> tuple[str, ...]:
    """A table without lines: the first ``left`` columns are words, the others figures at the right.

    Figures are never cut. Where the window is narrow column number ``shrink`` gives way a little; if that is not
    enough the last columns are left out, and their headers returned.
    """
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]
    words_min = min(widths[shrink], _WORDS_MIN)
    kept = len(headers)
    while kept > left and sum(widths[:kept]) + _GAP * (kept - 1) - (widths[shrink] - words_min) > console.width:
        kept -= 1
    too_wide = sum(widths[:kept]) + _GAP * (kept - 1) - console.width
    widths[shrink] -= max(0, too_wide)
    for place, row in enumerate([headers, *rows]):
        cells = [
            _cut(cell, width).ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row[:kept], widths[:kept], strict=True))
        ]
        console.print(Text((" " * _GAP).join(cells).rstrip(), style="" if place else "dim"), soft_wrap=True)
    return tuple(headers[kept:])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 1)].rstrip()}…"


def short_path(path: Path) -> str:
    """The path as a person in this folder would type it."""
    resolved, here = path.absolute(), Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


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
