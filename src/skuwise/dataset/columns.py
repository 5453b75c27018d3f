"""One file's columns into the types of the data dictionary, each cell with its own reason where it does not fit.

A bad cell in a required field refuses the line; so does one in the few optional fields whose default would turn the
line into something else (``DECISIVE``). Any other bad cell is set to missing, the line stays, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from skuwise.core.dictionary import Field, fields_of
from skuwise.core.findings import found
from skuwise.core.quantities import currency_decimals
from skuwise.dataset import dates, numbers
from skuwise.dataset.contract import Settings
from skuwise.dataset.headers import HeaderMatch, match_headers, nearest_header
from skuwise.dataset.numbers import MISSING_MARKS, Parsed
from skuwise.dataset.quarantine import Ledger, as_text
from skuwise.dataset.sources import RawFile

#: Instants are turned to days of the shop's zone: the planning knows no finer time.
DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "instant": pl.Date(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
}

#: Optional fields whose default would change what a line says: a stock count of an unreadable day is not today's.
DECISIVE = {
    ("stock", "date"),
    ("open_orders", "status"),
    ("bundles", "valid_from"),
    ("bundles", "valid_until"),
    ("prices", "valid_until"),
    ("availability", "days"),
}

#: Other words for the choices of the dictionary.
CHOICE_WORDS: dict[tuple[str, str], dict[str, str]] = {
    ("open_orders", "status"): {
        **dict.fromkeys(["ordered", "placed", "confirmed", "pending", "partial", "partially_received"], "open"),
        **dict.fromkeys(["shipped", "sent", "transit", "intransit"], "in_transit"),
        **dict.fromkeys(["closed", "complete", "completed", "done", "delivered", "fulfilled"], "received"),
        **dict.fromkeys(["canceled", "void", "voided"], "cancelled"),
    },
    ("sales", "kind"): {
        **dict.fromkeys(["sold", "order", "sales"], "sale"),
        **dict.fromkeys(["returned", "refund", "refunded"], "return"),
        **dict.fromkeys(["cancelled", "canceled", "cancel"], "cancellation"),
        "promo": "promotion",
    },
    ("prices", "kind"): {**dict.fromkeys(["promo", "sale"], "promotion"), "normal": "regular"},
}

#: What is wrong with a cell, in words; {} is the cell.
_REASONS = {
    "DAT-NUMBER": "'{}' is not a number",
    "DAT-NOT-WHOLE": "'{}' is not a whole number",
    "DAT-TOO-LARGE": "'{}' is too large to count with",
    "DAT-NUMBER-AMBIGUOUS": "'{}' may mean thousands or a fraction: the column writes both ways",
    "DAT-DATE": "'{}' is not a date",
    "DAT-DATE-AMBIGUOUS": "'{}' may have the day or the month first: nothing tells which",
    "DAT-DATE-ABSURD": "'{}' is not between 1990 and 2100",
    "DAT-RANGE": "'{}' is out of range",
    "DAT-CHOICE": "'{}' is none of the words allowed",
    "AVL-PERCENT": "'{}' is above 1 and looks like per cent: a share goes from 0 to 1",
}
#: Text cells that say that nothing is known; "NA" may be a SKU.
_TEXT_MISSING = tuple(
    mark for mark in MISSING_MARKS if mark not in ("na", "inf", "-inf", "+inf", "infinity", "-infinity")
)
_TRUE, _FALSE = ("true", "yes", "y", "t"), ("false", "no", "n", "f")


def read_columns(raw: RawFile, file_no: int, settings: Settings, ledger: Ledger) -> pl.DataFrame:
    """Give a raw file the columns of its table plus ``_row`` and ``_file_no``; refused lines go to the ledger."""
    marks = {"_row": pl.col("row"), "_file_no": pl.lit(file_no, dtype=pl.Int64)}
    broken = raw.broken.select("code", "reason", **marks)
    ledger.add(raw.table, broken, pl.col("code"), pl.col("reason"), refused=True)
    match = match_headers(raw.table, raw.frame.columns)
    _tell_headers(raw, match, ledger)
    place = pl.DataFrame({"_row": raw.rows, "_file_no": pl.repeat(file_no, len(raw.rows), dtype=pl.Int64, eager=True)})
    if match.missing:
        ledger.add(raw.table, place, "DAT-COLUMN-MISSING", pl.lit(_missing_columns(raw, match)), refused=True)
        return _typed({}, raw.table, place.clear())
    columns: dict[str, pl.Series] = {}
    refused: list[pl.DataFrame] = []
    dropped: list[tuple[str, pl.DataFrame]] = []
    for name, field in fields_of(raw.table).items():
        if name not in match.columns:
            continue
        cells = raw.frame[match.columns[name]]
        parsed = _in_range(field, _read_cells(field, cells, raw, settings, name in match.in_major_currency))
        columns[name] = parsed.values
        for note in parsed.notes:
            code = "DAT-DATE-ORDER" if DTYPES[field.dtype] == pl.Date else "DAT-NUMBER-STYLE"
            ledger.say(found(code, f"{name}: {note}", table=raw.table, file=raw.name))
        if parsed.problems is not None:
            bad = _bad_cells(match.columns[name], cells, parsed.problems, place)
            if field.required or (raw.table, name) in DECISIVE:
                refused.append(bad)
            else:
                dropped.append((name, bad))
        if field.required and parsed.values.null_count():
            blank = parsed.values.is_null()
            if parsed.problems is not None:
                blank = blank & parsed.problems.is_null()
            refused.append(place.filter(blank).with_columns(_said("DAT-BLANK", f"{match.columns[name]} is blank")))
    return _settle(raw.table, _typed(columns, raw.table, place), refused, dropped, ledger)


def _said(code: str, reason: str) -> list[pl.Expr]:
    return [pl.lit(code).alias("code"), pl.lit(reason).alias("reason")]


def _settle(
    table: str,
    frame: pl.DataFrame,
    refused: list[pl.DataFrame],
    dropped: list[tuple[str, pl.DataFrame]],
    ledger: Ledger,
) -> pl.DataFrame:
    """Take refused lines out, each for its first reason; tell of dropped cells in the lines that stay."""
    gone = pl.Series([], dtype=pl.Int64)
    if refused:
        lines = pl.concat(refused).unique("_row", keep="first", maintain_order=True)
        gone = lines["_row"]
        ledger.add(table, lines, pl.col("code"), pl.col("reason"), refused=True)
        frame = frame.filter(~pl.col("_row").is_in(gone.implode()))
    for name, bad in dropped:
        kept = bad.filter(~pl.col("_row").is_in(gone.implode()))
        if len(kept):
            reason = pl.format("{}: the cell is left out and the line is used", pl.col("reason"))
            ledger.add(table, kept, "DAT-CELL-DROPPED", reason, topic=name)
    return frame


def _bad_cells(header: str, cells: pl.Series, problems: pl.Series, place: pl.DataFrame) -> pl.DataFrame:
    """Lines with a bad cell and the reason in words."""
    at = problems.is_not_null()
    codes = problems.filter(at)
    shown = as_text(cells.filter(at)).fill_null("").str.slice(0, 60)
    before, after = zip(*(_REASONS[code].split("{}") for code in _REASONS), strict=True)
    known = list(_REASONS)
    reason = pl.concat_str(
        pl.lit(f"{header} "),
        codes.replace_strict(known, before),
        shown,
        codes.replace_strict(known, after),
    )
    return place.filter(at).with_columns(codes.alias("code"), reason.alias("reason"))


def _missing_columns(raw: RawFile, match: HeaderMatch) -> str:
    told = []
    for name in match.missing:
        near = nearest_header(name, raw.table, match.extra)
        told.append(f"no column {name}" + (f" (the nearest header is {near!r})" if near else ""))
    return f"{raw.name} cannot be used: it has {' and '.join(told)}"


def _tell_headers(raw: RawFile, match: HeaderMatch, ledger: Ledger) -> None:
    where: dict[str, Any] = {"table": raw.table, "file": raw.name}
    if match.missing and not raw.line_count:
        # Lines are refused under the same code; a file without lines would otherwise stay silent.
        ledger.say(found("DAT-COLUMN-MISSING", _missing_columns(raw, match), row=1, count=0, **where))
    for name, used, other in match.twice:
        told = f"columns {used!r} and {other!r} both mean {name}: the first is used"
        ledger.say(found("DAT-COLUMN-TWICE", told, row=1, **where))
    if match.extra:
        ledger.say(found("DAT-COLUMN-EXTRA", f"columns not used: {', '.join(match.extra)}", row=1, **where))


def _typed(columns: dict[str, pl.Series], table: str, place: pl.DataFrame) -> pl.DataFrame:
    """Every column of the dictionary in its order and type, absent ones null."""
    wanted: list[pl.Expr | pl.Series] = []
    for name, field in fields_of(table).items():
        dtype = DTYPES[field.dtype]
        wanted.append(columns[name].alias(name) if name in columns else pl.lit(None, dtype=dtype).alias(name))
    return place.with_columns(wanted).select(*fields_of(table), "_row", "_file_no")


def _read_cells(field: Field, cells: pl.Series, raw: RawFile, settings: Settings, major: bool) -> Parsed:
    """Dispatch on what the dictionary wants and what the column is."""
    if cells.dtype == pl.Null:
        return Parsed(pl.Series(cells.name, [None] * len(cells), dtype=DTYPES[field.dtype]), None)
    if field.dtype == "text":
        texts = _text_column(cells)
        return _choice(field, texts) if field.choices else Parsed(texts, None)
    if field.dtype in ("date", "instant"):
        return _date_column(cells, raw, settings)
    if cells.dtype == pl.Boolean:
        if field.unit == "share":
            return Parsed(cells.cast(pl.Float64), None)
        cells = as_text(cells)
    return _number_column(field, cells, raw, settings, major)


def _number_column(field: Field, cells: pl.Series, raw: RawFile, settings: Settings, major: bool) -> Parsed:
    decimals = currency_decimals(settings.currency)
    if cells.dtype.is_integer() or cells.dtype.is_float():
        if major:
            return numbers.number_to_minor(cells, decimals)
        return numbers.number_to_units(cells) if field.dtype == "int64" else numbers.number_to_float(cells)
    known_point = raw.is_workbook or cells.dtype != pl.String
    texts = as_text(cells)
    if field.unit == "share":
        texts = _words_to_share(texts)
    read: Callable[..., Parsed] = numbers.text_to_float
    if major:
        read = partial(numbers.text_to_minor, decimals=decimals)
    elif field.dtype == "int64":
        read = numbers.text_to_units
    return read(texts, points_are_decimal=known_point)


def _words_to_share(texts: pl.Series) -> pl.Series:
    plain = texts.str.strip_chars().str.to_lowercase()
    return pl.select(
        pl.when(plain.is_in(_TRUE)).then(pl.lit("1")).when(plain.is_in(_FALSE)).then(pl.lit("0")).otherwise(texts)
    ).to_series()


def _date_column(cells: pl.Series, raw: RawFile, settings: Settings) -> Parsed:
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        return dates.typed_to_days(cells, settings.time_zone)
    return dates.text_to_days(
        as_text(cells), time_zone=settings.time_zone, date_order=settings.date_order, serials=raw.is_workbook
    )


def _text_column(cells: pl.Series) -> pl.Series:
    """Names and numbers of things: trimmed, blanks null, 12345.0 from a float column as 12345."""
    if cells.dtype.is_float():
        whole = (cells.is_finite() & (cells == cells.round(0)) & (cells.abs() < 2**53)).fill_null(False)
        texts = pl.select(
            pl.when(whole).then(cells.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(cells.cast(pl.String))
        ).to_series()
    else:
        texts = as_text(cells)
    trimmed = texts.str.strip_chars(" \t\r\n\u00a0\u202f\ufeff\u200b")
    if trimmed.str.len_bytes().sum() == texts.str.len_bytes().sum():
        trimmed = texts  # nothing to trim: share the memory of what was given
    short = trimmed.str.len_bytes() <= 5  # the marks of missing values are short
    if not short.any():
        return trimmed
    missing = short & trimmed.str.to_lowercase().is_in(_TEXT_MISSING)
    return pl.select(pl.when(~missing).then(trimmed)).to_series() if missing.any() else trimmed


def _choice(field: Field, texts: pl.Series) -> Parsed:
    """A word of the dictionary's list, whatever its case, or one of its other words."""
    plain = texts.str.to_lowercase().str.replace_all(r"[\s\-]+", "_")
    other = CHOICE_WORDS.get((field.table, field.name), {})
    if other:
        plain = plain.replace(list(other), list(other.values()))
    bad = (plain.is_not_null() & ~plain.is_in(field.choices)).fill_null(False)
    if not bad.any():
        return Parsed(plain, None)
    kept = pl.select(pl.when(~bad).then(plain)).to_series()
    return Parsed(kept, pl.select(pl.when(bad).then(pl.lit("DAT-CHOICE"))).to_series())


def _in_range(field: Field, parsed: Parsed) -> Parsed:
    """Refuse numbers outside the dictionary's range."""
    if ":" not in field.range or field.dtype not in ("int64", "float64"):
        return parsed
    low, high = field.bounds
    out = ((parsed.values < low) | (parsed.values > high)).fill_null(False)
    if not out.any():
        return parsed
    per_cent = (parsed.values > 1) & (parsed.values <= 100) & pl.Series([field.unit == "share"])
    code = pl.when(per_cent).then(pl.lit("AVL-PERCENT")).otherwise(pl.lit("DAT-RANGE"))
    before = parsed.problems if parsed.problems is not None else pl.Series([None], dtype=pl.String)
    problems = pl.select(pl.when(out).then(code).otherwise(before)).to_series()
    return Parsed(pl.select(pl.when(~out).then(parsed.values)).to_series(), problems, parsed.notes)
