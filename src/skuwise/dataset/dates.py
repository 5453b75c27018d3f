"""Days as people write them, cell by cell, in the shop's own time zone.

A cell that can be read in one way only is read for itself, so two formats in one column are no trouble. 03/04/2024
can be read in two: whether the day comes first is decided by the cells of the column that leave no doubt, else by
the setting ``date_order``; else the line is refused.
"""

from __future__ import annotations

import polars as pl

from skuwise.dataset.numbers import MISSING_MARKS, Parsed, over_distinct

FIRST_YEAR, LAST_YEAR = 1990, 2100
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
#: An optional time of day with an optional zone or offset behind the date.
_TIME = (
    r"(?:[T\s,]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d+)?)?\s*(?<half>(?i:[ap]\.?m\.?))?"
    r"\s*(?<zone>Z|UTC|GMT|[+\-−]\d{2}(?::?\d{2})?)?)?$"
)
_SHAPES = {
    "iso": r"^(?<y>\d{4})[-/.](?<m>\d{1,2})[-/.](?<d>\d{1,2})" + _TIME,
    "compact": r"^(?<y>(?:19|20)\d{2})(?<m>\d{2})(?<d>\d{2})" + _TIME,
    "numeric": r"^(?<a>\d{1,2})(?<mark>[-/.])(?<b>\d{1,2})[-/.](?<y>\d{4}|\d{2})" + _TIME,
    "day_month": r"^(?<d>\d{1,2})(?:st|nd|rd|th)?[-/.\s]*(?<name>[A-Za-z]{3,9})\.?[-/.,\s]*(?<y>\d{4}|\d{2})" + _TIME,
    "month_day": r"^(?<name>[A-Za-z]{3,9})\.?[-/\s]*(?<d>\d{1,2})(?:st|nd|rd|th)?[-/.,\s]+(?<y>\d{4}|\d{2})" + _TIME,
}


def text_to_days(cells: pl.Series, *, time_zone: str, date_order: str, serials: bool = False) -> Parsed:
    """Days from text. ``serials``: numbers such as 45292 are a spreadsheet's days since 1899-12-30.

    >>> days = text_to_days(pl.Series(["2024-03-31", "31/12/2024", "3-Apr-24"]), time_zone="UTC", date_order="")
    >>> days.values.cast(str).to_list()
    ['2024-03-31', '2024-12-31', '2024-04-03']
    """
    notes: list[str] = []

    def parse(distinct: pl.DataFrame) -> pl.DataFrame:
        shaped = _shaped(distinct, serials)
        order = _day_first(shaped, date_order, notes)
        return _judged(_resolved(shaped, order), time_zone)

    frame = over_distinct(cells, parse)
    problems = frame["problem"]
    return Parsed(frame["value"], problems if problems.null_count() < len(problems) else None, tuple(notes))


def typed_to_days(values: pl.Series, time_zone: str) -> Parsed:
    """Days of a date or datetime column; instants with a zone are turned to the shop's zone first."""
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone is not None:
            values = values.dt.convert_time_zone(time_zone)
        values = values.dt.date()
    return absurd_refused(values)


def absurd_refused(days: pl.Series) -> Parsed:
    """Days outside 1990 to 2100 are slips of the pen or marks for "never"."""
    absurd = ((days.dt.year() < FIRST_YEAR) | (days.dt.year() > LAST_YEAR)).fill_null(False)
    if not absurd.any():
        return Parsed(days, None)
    kept = pl.select(pl.when(~absurd).then(days)).to_series()
    return Parsed(kept, pl.select(pl.when(absurd).then(pl.lit("DAT-DATE-ABSURD"))).to_series())


def _shaped(distinct: pl.DataFrame, serials: bool) -> pl.DataFrame:
    """Year, month, day (or the two numbers that may be either) and time of day of each cell, as text."""
    text = pl.col("cell").str.strip_chars().str.strip_chars("\u00a0\u202f\ufeff\u200b")
    matches = distinct.with_columns(text.alias("text")).with_columns(
        pl.col("text").str.extract_groups(pattern).alias(shape) for shape, pattern in _SHAPES.items()
    )

    def first_of(part: str, *shapes: str) -> pl.Expr:
        return pl.coalesce(pl.col(shape).struct.field(part) for shape in shapes)

    name = first_of("name", "day_month", "month_day").str.to_lowercase().str.slice(0, 3)
    month_named = name.replace_strict(_MONTHS, list(range(1, 13)), default=None, return_dtype=pl.Int32)
    numeric = pl.col("numeric").struct
    serial = pl.col("text").str.extract(r"^(\d{5})(?:\.\d+)?$") if serials else pl.lit(None, dtype=pl.String)
    return matches.select(
        "cell",
        pl.col("text").str.to_lowercase().is_in(MISSING_MARKS).alias("missing"),
        serial.cast(pl.Int32).alias("serial"),
        first_of("y", *_SHAPES).alias("year"),
        pl.coalesce(first_of("m", "iso", "compact").cast(pl.Int32), month_named).alias("month"),
        first_of("d", "iso", "compact", "day_month", "month_day").cast(pl.Int32).alias("day"),
        numeric.field("a").cast(pl.Int32).alias("a"),
        numeric.field("b").cast(pl.Int32).alias("b"),
        (numeric.field("mark") == ".").fill_null(False).alias("dotted"),
        *(first_of(part, *_SHAPES).alias(part) for part in ("hour", "minute", "second", "half", "zone")),
    )


def _day_first(shaped: pl.DataFrame, date_order: str, notes: list[str]) -> str:
    """Whether 03/04 is the third of April: "day_first", "month_first" or "unclear"."""
    slashed = shaped.filter(pl.col("a").is_not_null() & ~pl.col("dotted"))
    day_first = bool(((slashed["a"] > 12) & (slashed["b"] <= 12)).any())
    month_first = bool(((slashed["b"] > 12) & (slashed["a"] <= 12)).any())
    either = slashed.filter((pl.col("a") <= 12) & (pl.col("b") <= 12) & (pl.col("a") != pl.col("b")))
    if day_first == month_first:
        return date_order or "unclear"
    order = "day_first" if day_first else "month_first"
    if len(either):
        words = "day" if day_first else "month"
        notes.append(
            f"dates such as {either['cell'].sort()[0]} are read with the {words} first, as the column's other cells are"
        )
    return order


def _resolved(shaped: pl.DataFrame, order: str) -> pl.DataFrame:
    """Settle day and month, the century, and the twelve-hour clock."""
    a, b = pl.col("a"), pl.col("b")
    free = a.is_not_null() & (a <= 12) & (b <= 12) & (a != b) & ~pl.col("dotted")
    first_is_day = pl.col("dotted") | (a > 12) | (free & pl.lit(order == "day_first"))
    year = pl.col("year").cast(pl.Int32)
    century = pl.when(pl.col("year").str.len_chars() > 2).then(0).when(year <= 68).then(2000).otherwise(1900)
    hour = pl.col("hour").cast(pl.Int32)
    evening = pl.col("half").str.to_lowercase().str.starts_with("p")
    return shaped.with_columns(
        pl.coalesce("month", pl.when(first_is_day).then(b).otherwise(a)).alias("month"),
        pl.coalesce("day", pl.when(first_is_day).then(a).otherwise(b)).alias("day"),
        (year + century).alias("year"),
        (free & pl.lit(order == "unclear")).fill_null(False).alias("unclear"),
        pl.when(pl.col("half").is_null())
        .then(hour)
        .when((hour < 1) | (hour > 12))
        .then(99)
        .otherwise(hour % 12 + pl.when(evening).then(12).otherwise(0))
        .alias("hour"),
    )


def _judged(resolved: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The day in the shop's zone, or what is wrong."""
    day_text = pl.format(
        "{}-{}-{}",
        pl.col("year").cast(pl.String).str.zfill(4),
        pl.col("month").cast(pl.String).str.zfill(2),
        pl.col("day").cast(pl.String).str.zfill(2),
    )
    day = day_text.str.to_date("%Y-%m-%d", strict=False)
    clock = pl.format(
        "{} {}:{}:{}", day_text, pl.col("hour").cast(pl.String).str.zfill(2), "minute", pl.col("second").fill_null("00")
    ).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    sign = pl.when(pl.col("zone").str.contains(r"^[-−]")).then(-1).otherwise(1)
    minutes = pl.col("zone").str.extract(r"^[+\-−](\d{2})").cast(pl.Int64).fill_null(0) * 60 + pl.col(
        "zone"
    ).str.extract(r"^[+\-−]\d{2}:?(\d{2})$").cast(pl.Int64).fill_null(0)
    instant = (clock - pl.duration(minutes=minutes * sign)).dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
    serial_day = pl.lit("1899-12-30").str.to_date("%Y-%m-%d") + pl.duration(days=pl.col("serial"))
    value = (
        pl.when(pl.col("serial").is_not_null())
        .then(serial_day)
        .when(pl.col("zone").is_not_null())
        .then(instant.dt.date())
        .when(pl.col("hour").is_not_null())
        .then(clock.dt.date())
        .otherwise(day)
    )
    valued = resolved.with_columns(value.alias("value"))
    absurd = (pl.col("value").dt.year() < FIRST_YEAR) | (pl.col("value").dt.year() > LAST_YEAR)
    problem = (
        pl.when("missing")
        .then(None)
        .when(pl.col("value").is_null())
        .then(pl.lit("DAT-DATE"))
        .when("unclear")
        .then(pl.lit("DAT-DATE-AMBIGUOUS"))
        .when(absurd)
        .then(pl.lit("DAT-DATE-ABSURD"))
    )
    return valued.with_columns(problem.alias("problem")).select(
        "cell", pl.when(pl.col("problem").is_null() & ~pl.col("missing")).then("value").alias("value"), "problem"
    )
