"""Delimited text as people export it: encodings, delimiters, quotes, ragged lines.

Every cell stays text, so that the leading zeros of a SKU survive. Rows count as a spreadsheet counts: a record
whose quoted cell holds line breaks is one row, a blank line takes a row but is no line of data. A line that cannot be
cut into the cells of the header is kept as a broken line with its reason.
"""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass

import polars as pl

from skuwise.dataset.headers import known_header_count, unique_headers

DELIMITERS = (",", ";", "\t", "|")
#: A quoted cell may run over this many lines; what is longer is a quote that somebody forgot to close.
QUOTED_LINES_MAX = 200

BROKEN_SCHEMA = {"row": pl.Int64, "line": pl.String, "code": pl.String, "reason": pl.String}


@dataclass(frozen=True, slots=True)
class TextTable:
    """Cells as text with their rows, the lines that could not be cut, and how the file was understood."""

    frame: pl.DataFrame
    rows: pl.Series
    broken: pl.DataFrame
    encoding: str
    delimiter: str


def read_text_table(content: bytes, table: str, delimiter: str = "") -> TextTable:
    """Cut a delimited file into cells.

    Parameters: the bytes of the file, the table whose headers are expected (they tell the delimiter where it is not
    given). An empty file gives a frame without columns.
    """
    text, encoding = decode(content)
    lines = _lines_of(text)
    filled = lines.str.strip_chars() != ""
    first = int(filled.arg_max() or 0)
    if not filled.any():
        return _nothing(encoding, delimiter)
    told = re.fullmatch(r"sep=(.)", lines[first].strip())
    if told:  # a spreadsheet's own hint of the delimiter
        delimiter, first = told.group(1), first + 1
        if first >= len(lines):
            return _nothing(encoding, delimiter)
    delimiter = delimiter or _find_delimiter(lines[first], table)
    records, broken_quotes = _records(lines.slice(first), delimiter)
    headers = unique_headers(_split(records["line"][0], delimiter))
    body = records.slice(1).filter(pl.col("line").str.strip_chars() != "")
    body = body.with_columns(pl.col("row") + first)
    frame, rows, ragged = _cut(body, headers, delimiter)
    broken = pl.concat([broken_quotes.with_columns(pl.col("row") + first), ragged]).sort("row")
    return TextTable(frame, rows, broken, encoding, delimiter)


def decode(content: bytes) -> tuple[str, str]:
    """Text of a file and the name of its encoding: a byte-order mark wins, then UTF-8, then Windows-1252.

    >>> decode("Größe".encode("cp1252"))
    ('Größe', 'cp1252')
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding
    if b"\x00" in content[:200]:  # UTF-16 whose mark was lost: every second byte of plain text is zero
        encoding = "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"
        return content.decode(encoding, errors="replace"), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:  # five bytes have no meaning in cp1252
        return content.decode("latin-1"), "latin-1"


def _nothing(encoding: str, delimiter: str) -> TextTable:
    return TextTable(
        pl.DataFrame(), pl.Series([], dtype=pl.Int64), pl.DataFrame(schema=BROKEN_SCHEMA), encoding, delimiter
    )


def _lines_of(text: str) -> pl.Series:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return pl.Series("line", [text], dtype=pl.String).str.split("\n").explode()


def _find_delimiter(header: str, table: str) -> str:
    """The delimiter that makes the most known headers, then the most cells, of the header line."""

    def score(delimiter: str) -> tuple[int, int]:
        cells = unique_headers(_split(header, delimiter))
        return known_header_count(table, cells), len(cells)

    return max(DELIMITERS, key=score)


def _records(lines: pl.Series, delimiter: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Join the lines of quoted cells that hold line breaks; a quote that is never closed breaks its own line only.

    Rows count from 1 at the header. Only lines with an odd number of quotes are looked at one by one.
    """
    quotes = lines.str.count_matches('"', literal=True)
    odd = (quotes % 2 == 1).arg_true().to_list()
    if not odd:
        numbered = lines.to_frame("line").with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
        return numbered, pl.DataFrame(schema=BROKEN_SCHEMA)
    cell_count = len(_split(lines[0], delimiter))
    joined: dict[int, str] = {}
    swallowed: list[int] = []
    broken: list[int] = []
    position = 0
    while position < len(odd):
        start = odd[position]
        position += 1
        if not _opens_quote(lines[start], delimiter):
            continue  # an inch sign inside a cell
        end = odd[position] if position < len(odd) else None
        if end is not None and end - start <= QUOTED_LINES_MAX:
            record = "\n".join(lines[start : end + 1].to_list())
            cells = len(_split(record, delimiter, strict=True))
            # A header may run over lines only where more columns follow: it must not swallow the lines below it.
            if cells > cell_count if start == 0 else cells == cell_count:
                cell_count = cells
                joined[start] = record
                swallowed.extend(range(start + 1, end + 1))
                position += 1
                continue
        if start > 0:  # the header is read as well as it can be
            broken.append(start)
    frame = lines.to_frame("line").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    if joined:
        whole = pl.DataFrame({"at": list(joined), "record": list(joined.values())})
        frame = frame.join(whole, on="at", how="left", maintain_order="left")
        frame = frame.with_columns(pl.coalesce("record", "line").alias("line")).drop("record")
    frame = frame.filter(~pl.col("at").is_in(swallowed)).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row")
    )
    refused = frame.filter(pl.col("at").is_in(broken)).select(
        "row",
        "line",
        pl.lit("DAT-QUOTE").alias("code"),
        pl.lit("a quote is opened and never closed").alias("reason"),
    )
    return frame.filter(~pl.col("at").is_in(broken)).select("row", "line"), refused


def _opens_quote(line: str, delimiter: str) -> bool:
    """Whether a cell begins with a quote that this line does not close."""
    mark = re.escape(delimiter)
    rest = re.sub(rf'(^|{mark})\s*"[^"]*(?:""[^"]*)*"(?={mark}|$)', r"\1", line)
    return re.search(rf'(^|{mark})\s*"', rest) is not None


def _split(record: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """Cells of one record by the standard library's reader; none where it cannot make sense of it."""
    try:
        return next(csv.reader(record.split("\n"), delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []


def _cut(body: pl.DataFrame, headers: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    """Cut records into cells; those with too many or too few become broken lines."""
    mark = re.escape(delimiter)
    quoted_cell = rf'(^|{mark})"[^"]*(?:""[^"]*)*"'
    quoted = body.filter(pl.col("line").str.contains('"', literal=True))
    plain = body if quoted.is_empty() else body.filter(~pl.col("line").str.contains('"', literal=True))
    parts = []
    ragged = []
    plain = plain.with_columns(pl.col("line").str.count_matches(delimiter, literal=True).alias("marks"))
    parts.append((plain, False))
    if not quoted.is_empty():
        bare = pl.col("line").str.replace_all(quoted_cell, "${1}\u0001")
        quoted = quoted.with_columns(bare.alias("bare")).with_columns(
            pl.col("bare").str.count_matches(delimiter, literal=True).alias("marks"),
            (pl.col("bare").str.contains('"', literal=True) | pl.col("bare").str.contains(rf"\x01[^{mark}]")).alias(
                "odd"
            ),
        )
        parts.append((quoted.filter(~pl.col("odd")), True))
        frame, bad = _cut_one_by_one(quoted.filter("odd"), headers, delimiter)
        cut = [frame]
        ragged.append(bad)
    else:
        cut = []
    for part, with_quotes in parts:
        # An export may end each line with one delimiter more than the header has.
        wrong = part.filter(pl.col("marks") != len(headers) - 1)
        ragged.append(_ragged(wrong, len(headers)))
        right = part if wrong.is_empty() else part.filter(pl.col("marks") == len(headers) - 1)
        cut.append(_cut_regular(right, headers, delimiter, with_quotes))
    whole = pl.concat(cut)
    if len(cut) > 1:
        whole = whole.sort("\u0001row")
    return whole.drop("\u0001row"), whole["\u0001row"], pl.concat(ragged)


def _ragged(wrong: pl.DataFrame, cell_count: int) -> pl.DataFrame:
    return wrong.select(
        pl.col("row").cast(pl.Int64),
        "line",
        pl.lit("DAT-RAGGED").alias("code"),
        pl.format("{} cells where the header has {}", pl.col("marks") + 1, pl.lit(cell_count)).alias("reason"),
    )


def _cut_regular(part: pl.DataFrame, headers: list[str], delimiter: str, with_quotes: bool) -> pl.DataFrame:
    schema = dict.fromkeys(headers, pl.String)
    if part.is_empty():
        return pl.DataFrame(schema={**schema, "\u0001row": pl.Int64})
    lines = part["line"]
    if len(headers) == 1:  # a lone blank cell would be skipped by the reader
        cells = lines.str.strip_chars('"').str.replace_all('""', '"', literal=True) if with_quotes else lines
        frame = cells.to_frame(headers[0])
    else:
        content = lines.str.join("\n").item().encode("utf-8") + b"\n"
        frame = pl.read_csv(
            content,
            has_header=False,
            separator=delimiter,
            quote_char='"' if with_quotes else None,
            infer_schema=False,
            new_columns=headers,
            n_rows=None,
            raise_if_empty=False,
        )
    return frame.with_columns(part["row"].cast(pl.Int64).alias("\u0001row"))


def _cut_one_by_one(odd: pl.DataFrame, headers: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with quotes in unusual places, cut by the standard library's more patient reader."""
    good: list[tuple[object, ...]] = []
    wrong: list[dict[str, object]] = []
    for row, line in odd.select("row", "line").iter_rows():
        cells = _split(line, delimiter)
        if len(cells) == len(headers):
            good.append((*cells, row))
        else:
            wrong.append({"row": row, "line": line, "marks": len(cells) - 1})
    schema = {**dict.fromkeys(headers, pl.String), "\u0001row": pl.Int64}
    bad = pl.DataFrame(wrong, schema={"row": pl.Int64, "line": pl.String, "marks": pl.Int64})
    return pl.DataFrame(good, schema=schema, orient="row"), _ragged(bad, len(headers))
