"""The journal: what the loop remembers, as a folder that is written whole, read back equal, and open to one writer.

People read ``alarms.csv``, ``changes.csv`` and ``log.csv``; programs read the Parquet tables of the same names and
``stages.parquet``. ``journal.json`` names the format and the days.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from skuwise._version import __version__
from skuwise.core.monitoring.loop import LoopState, automatic_rules
from skuwise.core.rules import Rulebook
from skuwise.core.rules.record import from_record, to_record
from skuwise.snapshot.folder import SnapshotError
from skuwise.snapshot.spreadsheet import write_csv
from skuwise.snapshot.whole import written_whole
from skuwise.watching.journal_tables import (
    alarms_for_people,
    alarms_frame,
    alarms_of,
    changes_for_people,
    changes_frame,
    changes_of,
    events_of,
    log_frame,
    stages_frame,
    stages_of,
)

FORMAT_VERSION = 1
HEAD_FILE = "journal.json"
RULEBOOK_FILE = "rulebook.json"
_HEAD_DAYS = ("as_of", "previous", "begun_on")
_TABLES = ("alarms", "changes", "log", "stages")


class JournalError(SnapshotError):
    """A journal that cannot be read or written; the message says which, why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal folder holds. ``written_at`` is the clock's time of each line of the log (UTC, ISO 8601).

    ``rulebook`` is the shop's as it was when the journal was last advanced, None before.
    """

    state: LoopState = field(default_factory=LoopState)
    currency: str = ""
    rulebook: Rulebook | None = None
    written_at: tuple[str, ...] = ()


def beside(folder: Path) -> Path:
    """The journal of a dataset where none is named: ``shop`` has ``shop-journal`` beside it."""
    whole = folder.absolute()
    return whole.with_name(f"{whole.name}-journal")


def read_journal(folder: str | Path) -> Journal:
    """The journal of a folder; an empty one where there is no folder yet.

    Raises ``JournalError`` for a folder that is no journal, one of a newer Skuwise, or one whose files are not whole.
    """
    path = Path(folder).absolute()
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return Journal()
    head = _read_head(path)
    try:
        return _journal_of(path, head)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise JournalError(f"{path} is damaged ({error}): {_MEND}") from error


def with_journal(rulebook: Rulebook, folder: str | Path) -> Rulebook:
    """The rulebook with what the journal has changed by itself, or by a person's word, and with its pins of stages.

    Raises ``JournalError`` where there is no journal.
    """
    state = read_journal(folder).state
    if np.isnat(state.as_of):
        raise JournalError(f"there is no journal in {folder}: `skuwise monitor FOLDER --journal {folder}` writes one")
    return rulebook.with_automatic(automatic_rules(state))


_MEND = "put back a copy of it, or begin a new journal with --journal"


@contextmanager
def writing(folder: str | Path) -> Iterator[tuple[Journal, Callable[[Journal], None]]]:
    """The journal and what keeps its next version, while nobody else can write it.

    Raises ``JournalError`` where another run holds it.
    """
    path = Path(folder).absolute()
    with _locked(path):
        yield read_journal(path), lambda journal: _write(journal, path)


def _write(journal: Journal, path: Path) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new_lines = len(journal.state.log) - len(journal.written_at)
    journal = replace(journal, written_at=(*journal.written_at, *(now,) * new_lines))
    with written_whole(path) as draft:
        _write_files(journal, draft)


def _write_files(journal: Journal, draft: Path) -> None:
    state = journal.state
    frames = {
        "alarms": alarms_frame(state.every_alarm),
        "changes": changes_frame(state.changes),
        "log": log_frame(state.log, journal.written_at),
        "stages": stages_frame(state.stages),
    }
    for name, frame in frames.items():
        frame.write_parquet(draft / f"{name}.parquet", compression="zstd", statistics=False)
    write_csv(alarms_for_people(state.every_alarm, journal.currency), draft / "alarms.csv")
    write_csv(changes_for_people(state.changes), draft / "changes.csv")
    write_csv(frames["log"], draft / "log.csv")
    if journal.rulebook is not None:
        (draft / RULEBOOK_FILE).write_text(to_record(journal.rulebook) + "\n", encoding="utf-8")
    head = {
        "format": FORMAT_VERSION,
        "code_version": __version__,
        "currency": journal.currency,
        **{name: _day_text(getattr(state, name)) for name in _HEAD_DAYS},
        "bytes": {path.name: path.stat().st_size for path in sorted(draft.iterdir())},
    }
    (draft / HEAD_FILE).write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")


def _read_head(path: Path) -> dict[str, Any]:
    file = path / HEAD_FILE
    if not file.is_file():
        raise JournalError(f"{path} is no journal (it has no {HEAD_FILE}), so it is left alone: name another --journal")
    try:
        head = json.loads(file.read_text(encoding="utf-8"))
        version, sizes = int(head["format"]), dict(head["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"{file} cannot be read: {_MEND}") from error
    if version > FORMAT_VERSION:
        raise JournalError(
            f"{path} was written by Skuwise {head.get('code_version', 'unknown')} in format {version}; this version "
            f"reads up to format {FORMAT_VERSION}: upgrade Skuwise to use it"
        )
    for name, size in sizes.items():
        found = (path / name).stat().st_size if (path / name).exists() else None
        # The CSV tables are for people, who may open and save them; nothing is read from there.
        if not name.endswith(".csv") and found != size:
            state = "is missing" if found is None else f"has {found:,} bytes instead of {size:,}"
            raise JournalError(f"{path / name} {state}: {_MEND}")
    return dict(head)


def _journal_of(path: Path, head: dict[str, Any]) -> Journal:
    frames = {name: pl.read_parquet(path / f"{name}.parquet") for name in _TABLES}
    live, past = alarms_of(frames["alarms"])
    as_of, previous, begun_on = (np.datetime64(head[name] or "NaT", "D") for name in _HEAD_DAYS)
    state = LoopState(
        as_of=as_of,
        previous=previous,
        begun_on=begun_on,
        alarms=live,
        past=(past,) if len(past) else (),
        changes=changes_of(frames["changes"]),
        stages=stages_of(frames["stages"]),
        log=events_of(frames["log"]),
    )
    rulebook = None
    if (path / RULEBOOK_FILE).exists():
        rulebook = from_record((path / RULEBOOK_FILE).read_text(encoding="utf-8"))
    return Journal(state, head["currency"], rulebook, tuple(frames["log"]["written_at"].to_list()))


def _day_text(day: np.datetime64) -> str:
    return "" if np.isnat(day) else str(day.astype("datetime64[D]"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the journal for one writer; the system lets go of it when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("ab") as handle:
        try:
            _lock(handle)
        except OSError:
            raise JournalError(
                f"another run is writing {path}: wait until it has ended, or use another journal with --journal"
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                _unlock(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: BinaryIO) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(handle: BinaryIO) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: BinaryIO) -> None:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: BinaryIO) -> None:
        fcntl.flock(handle.fileno(), fcntl.LOCK_UN)
