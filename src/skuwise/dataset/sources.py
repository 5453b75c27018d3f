"""Where tables come from: files of a folder, sheets of a workbook, or tables in memory.

Nothing is interpreted here. Each source becomes a ``RawFile``: the cells as they stand, the row of each line as a
spreadsheet counts it, and the lines that could not even be cut into cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from skuwise.core.dictionary import CONTRACT_TABLES
from skuwise.core.findings import Finding, found
from skuwise.dataset.headers import unique_headers
from skuwise.dataset.settings import SETTINGS_FILE
from skuwise.dataset.text_files import BROKEN_SCHEMA, read_text_table

TEXT_SUFFIXES = {".csv": "", ".tsv": "\t"}
WORKBOOK_SUFFIX, PARQUET_SUFFIX = ".xlsx", ".parquet"
#: Files of the rulebook may lie in the same folder; the planning reads them.
RULEBOOK_FILES = ("rules.toml", "overrides.csv")
FIRST_DATA_ROW = 2  # the header is row 1, in memory too


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file, sheet or table in memory, before anything is read into it.

    ``rows`` has the spreadsheet row of each line of ``frame``; ``broken`` (row, line, code, reason) has the lines
    that are not in ``frame``. ``is_workbook``: numbers are a spreadsheet's own, written with a decimal point.
    """

    table: str
    name: str
    frame: pl.DataFrame
    rows: pl.Series
    broken: pl.DataFrame
    is_workbook: bool = False

    @property
    def line_count(self) -> int:
        return len(self.frame) + len(self.broken)


#: What a reader gives back: files and findings about them.
Sources = tuple[list[RawFile], list[Finding]]


def raw_frame(table: str, name: str, frame: pl.DataFrame) -> RawFile:
    """A frame whose lines stand one after another below their header."""
    rows = pl.int_range(FIRST_DATA_ROW, FIRST_DATA_ROW + len(frame), eager=True, dtype=pl.Int64)
    frame = frame.rename(dict(zip(frame.columns, unique_headers(frame.columns), strict=True)))
    return RawFile(table, name, frame, rows, pl.DataFrame(schema=BROKEN_SCHEMA))


def table_of(name: str) -> str:
    """The contract table a file name speaks of: its name, then nothing or ``_``, ``-``, ``.`` or a space.

    >>> table_of("sales_2024"), table_of("Open-Orders"), table_of("sales/part-0"), table_of("salesmen")
    ('sales', 'open_orders', 'sales', '')
    """
    plain = name.lower().replace("-", "_").replace(".", "_").replace(" ", "_").replace("/", "_") + "_"
    return next((table for table in CONTRACT_TABLES if plain.startswith(f"{table}_")), "")


def read_folder(folder: Path, tell: Callable[[str], None]) -> Sources:
    """Every file of a folder that a contract table can be read from, in the order of their names."""
    raw: list[RawFile] = []
    findings: list[Finding] = []
    for path, name in _files_of(folder):
        tell(f"reading {name}")
        try:
            more, told = _read_file(path, name)
        except (OSError, ValueError, pl.exceptions.PolarsError, _workbook_error()) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            more, told = [], [found("DAT-FILE-UNREADABLE", f"{name} cannot be read: {reason}", file=name)]
        raw += more
        findings += told
    return raw, findings


def read_memory(tables: Mapping[str, Any]) -> Sources:
    """Tables in memory by the name of their contract table."""
    raw: list[RawFile] = []
    findings: list[Finding] = []
    for name, given in tables.items():
        table = name if name in CONTRACT_TABLES else table_of(name)
        if given is None:
            continue
        if not table:
            findings.append(_unknown(name, f"table {name!r}"))
            continue
        raw.append(raw_frame(table, name, to_frame(given)))
    return raw, findings


def to_frame(given: Any) -> pl.DataFrame:
    """Anything tabular as a Polars frame, without losing a cell.

    Raises TypeError where it is not a table. Columns of mixed types become text.

    >>> to_frame([{"sku": 12}, {"sku": "A1", "qty": 2}]).rows()
    [('12', None), ('A1', 2)]
    """
    if isinstance(given, pl.DataFrame):
        return given
    if isinstance(given, pl.LazyFrame):
        return given.collect()
    if hasattr(given, "__arrow_c_stream__"):
        frame = pl.DataFrame(given)
        return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)
    if hasattr(given, "__dataframe__"):
        return pl.from_dataframe(given)
    if isinstance(given, Mapping):
        return pl.DataFrame([_column(str(name), list(cells)) for name, cells in given.items()])
    if (
        isinstance(given, Sequence)
        and not isinstance(given, str | bytes)
        and all(isinstance(r, Mapping) for r in given)
    ):
        names = list(dict.fromkeys(str(name) for line in given for name in line))
        by_text = [{str(name): cell for name, cell in line.items()} for line in given]
        return pl.DataFrame([_column(name, [line.get(name) for line in by_text]) for name in names])
    raise TypeError(f"a {type(given).__name__} is not a table: give a frame, a dict of lists or a list of dicts")


def _column(name: str, cells: list[Any]) -> pl.Series:
    """A list as a column; where its cells are of several kinds they are kept as text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) <= 1 or kinds == {int, float}:
        try:
            return pl.Series(name, cells, strict=True)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            pass  # integers beyond 64 bits and objects Polars does not know: their text says it all
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)


def _files_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files of the folder and of sub-folders named after a table, with their names relative to the folder."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in (SETTINGS_FILE, *RULEBOOK_FILES):
            continue
        if path.is_file():
            yield path, path.name
        elif path.is_dir() and table_of(path.name):
            for part in sorted(path.rglob("*")):
                inside = part.relative_to(folder).as_posix()
                if part.is_file() and not any(piece.startswith((".", "_")) for piece in inside.split("/")):
                    yield part, inside


def _read_file(path: Path, name: str) -> Sources:
    suffix = path.suffix.lower()
    table = table_of(name[: -len(suffix)] if suffix else name)
    if suffix == WORKBOOK_SUFFIX:
        return _read_workbook(path, name, table)
    if not table or (suffix not in TEXT_SUFFIXES and suffix != PARQUET_SUFFIX):
        return [], [_unknown(name, name)]
    if suffix == PARQUET_SUFFIX:
        return [raw_frame(table, name, pl.read_parquet(path, hive_partitioning=False))], []
    text = read_text_table(path.read_bytes(), table, TEXT_SUFFIXES[suffix] if suffix == ".tsv" else "")
    findings = []
    if text.encoding not in ("utf-8", "utf-8-sig"):
        findings.append(found("DAT-ENCODING", f"{name} is read as {text.encoding}", table=table, file=name))
    return _kept(RawFile(table, name, text.frame, text.rows, text.broken), findings)


def _kept(raw: RawFile, findings: list[Finding]) -> Sources:
    """A file with columns; one without even a header is told."""
    if raw.frame.width or len(raw.broken):
        return [raw], findings
    return [], [*findings, found("DAT-FILE-EMPTY", f"{raw.name} holds nothing", table=raw.table, file=raw.name)]


def _read_workbook(path: Path, name: str, table: str) -> Sources:
    """Sheets named after tables; in a workbook named after a table whose sheets are not, its first sheet."""
    import fastexcel

    workbook = fastexcel.read_excel(path)
    sheets = [(sheet, table_of(sheet)) for sheet in workbook.sheet_names]
    wanted = [(sheet, of) for sheet, of in sheets if of]
    if table and not any(of == table for _, of in wanted):
        wanted = [(workbook.sheet_names[0], table)]
    if not wanted:
        return [], [_unknown(name, f"{name} with sheets {', '.join(workbook.sheet_names)}")]
    raw: list[RawFile] = []
    findings = []
    for sheet, of in wanted:
        whole = workbook.load_sheet(sheet, header_row=None, dtypes="string").to_polars()
        label = name if table and len(wanted) == 1 else f"{name}[{sheet}]"
        more, told = _kept(_sheet(of, label, whole), [])
        raw += more
        findings += told
    unused = [sheet for sheet, _ in sheets if sheet not in [used for used, _ in wanted]]
    if unused:
        findings.append(found("DAT-FILE-UNKNOWN", f"{name}: sheets not read: {', '.join(unused)}", file=name))
    return raw, findings


def _sheet(table: str, name: str, cells: pl.DataFrame) -> RawFile:
    """Cut a sheet at its header, the first row that is not blank; blank rows take a row but are no lines."""
    nothing = pl.DataFrame(schema=BROKEN_SCHEMA)
    if cells.is_empty():
        return RawFile(table, name, pl.DataFrame(), pl.Series([], dtype=pl.Int64), nothing, is_workbook=True)
    filled = cells.select(pl.any_horizontal(pl.all().cast(pl.String).str.strip_chars().fill_null("") != "")).to_series()
    first = int(filled.arg_max() or 0)
    headers = unique_headers([str(cell) if cell is not None else "" for cell in cells.row(first)])
    body = cells.rename(dict(zip(cells.columns, headers, strict=True))).with_columns(pl.all().cast(pl.String))
    keep = (filled & (pl.int_range(len(cells), eager=True) > first)).rename("keep")
    rows = pl.int_range(1, len(cells) + 1, eager=True, dtype=pl.Int64).filter(keep)
    return RawFile(table, name, body.filter(keep), rows, nothing, is_workbook=True)


def _unknown(name: str, what: str) -> Finding:
    near = get_close_matches(Path(name).stem.lower(), CONTRACT_TABLES, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return found("DAT-FILE-UNKNOWN", f"{what} is not read: its name is that of no table{hint}", file=name)


def _workbook_error() -> type[Exception]:
    import fastexcel

    return fastexcel.FastExcelError
