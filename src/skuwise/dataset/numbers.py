"""Numbers as people write them: 1,234 · 1.234,50 · 1 234 · 1'234 · (5) · 5- · $5.00 · 95%.

A cell that can be read in one way only is read for itself. ``1,234`` can be read in two: what its comma means is
decided by the other cells of the column, and said. Nothing goes through binary floating point: a price of 1.005 is
rounded from its digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

#: Larger counts and amounts are refused: sums over a shop must stay inside int64.
LIMIT = 10**15
#: Cells that say that nothing is known. Zero is never one of them.
MISSING_MARKS = (
    "", "-", "--", "–", "—", "n/a", "#n/a", "na", "nan", "null", "none", "inf", "-inf", "+inf", "infinity", "-infinity",
)  # fmt: skip
_CURRENCY = (
    r"(?:USD|EUR|GBP|CAD|AUD|NZD|JPY|CHF|SEK|NOK|DKK|PLN|CZK|HUF|INR|CNY|HKD|SGD|BRL|MXN|ZAR|TRY|KWD|BHD|OMR"
    r"|US\$|C\$|A\$|R\$|kr|zł|[$€£¥₹])"
)
_SHAPE = (
    r"(?i)^(?<lead>[+\-−]?)\s*" + _CURRENCY + r"?\s*(?<sign>[+\-−]?)\s*(?<body>[0-9.,'’\s]*?[0-9][0-9.,'’\s]*?"
    r"(?:e[+\-]?\d+)?)\s*(?<percent>%?)\s*" + _CURRENCY + r"?\s*(?<trail>[+\-−]?)$"
)


class Parsed(NamedTuple):
    """Values by row (null where missing or wrong), the code of what is wrong by row, and what was decided."""

    values: pl.Series
    problems: pl.Series | None
    notes: tuple[str, ...] = ()


def over_distinct(cells: pl.Series, parse: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Parse each different cell once and give every row its result."""
    distinct = cells.drop_nulls().unique().to_frame("cell")
    return cells.to_frame("cell").join(parse(distinct), on="cell", how="left", maintain_order="left")


def text_to_units(cells: pl.Series, *, points_are_decimal: bool = False) -> Parsed:
    """Whole numbers from text; 2.0 is 2, 2.5 is refused.

    >>> text_to_units(pl.Series(["12", "1,234", "(5)", "2.5", "n/a"])).values.to_list()
    [12, 1234, -5, None, None]
    """
    fast = cells.cast(pl.Int64, strict=False)
    slow = fast.is_null() & cells.is_not_null()
    if not slow.any():
        return _limited(fast)
    notes: list[str] = []

    def parse(distinct: pl.DataFrame) -> pl.DataFrame:
        digits = _digits(distinct, notes, whole_numbers=True, points_are_decimal=points_are_decimal)
        not_whole = pl.col("fraction").str.strip_chars("0") != ""
        value = pl.col("whole").cast(pl.Int64, strict=False) * pl.when("negative").then(-1).otherwise(1)
        return _judged(
            digits.with_columns(
                pl.when(pl.col("problem").is_null() & pl.col("percent"))
                .then(pl.lit("DAT-NUMBER"))
                .when(pl.col("problem").is_null() & not_whole)
                .then(pl.lit("DAT-NOT-WHOLE"))
                .otherwise("problem")
                .alias("problem")
            ),
            value,
        )

    return _read(cells, parse, notes)


def text_to_minor(cells: pl.Series, decimals: int, *, points_are_decimal: bool = False) -> Parsed:
    """Money in major currency to whole minor units, rounded half away from zero on its digits.

    >>> text_to_minor(pl.Series(["1.005", "-1.005", "$1,234.50"]), 2).values.to_list()
    [101, -101, 123450]
    """
    notes: list[str] = []

    def parse(distinct: pl.DataFrame) -> pl.DataFrame:
        digits = _digits(distinct, notes, whole_numbers=False, points_are_decimal=points_are_decimal)
        # One digit more than is kept decides: 5 and up is rounded away from zero.
        scaled = (pl.col("whole") + pl.col("fraction").str.pad_end(decimals + 1, "0").str.slice(0, decimals + 1)).cast(
            pl.Int64, strict=False
        )
        value = (scaled + 5) // 10 * pl.when("negative").then(-1).otherwise(1)
        return _judged(
            digits.with_columns(
                pl.when(pl.col("problem").is_null() & pl.col("percent"))
                .then(pl.lit("DAT-NUMBER"))
                .otherwise("problem")
                .alias("problem")
            ),
            value,
        )

    return _read(cells, parse, notes)


def text_to_float(cells: pl.Series, *, points_are_decimal: bool = False) -> Parsed:
    """Numbers with a fraction, for days and shares; 95% is 0.95.

    >>> text_to_float(pl.Series(["2,5", "95%", "-"])).values.to_list()
    [2.5, 0.95, None]
    """
    notes: list[str] = []

    def parse(distinct: pl.DataFrame) -> pl.DataFrame:
        digits = _digits(distinct, notes, whole_numbers=False, points_are_decimal=points_are_decimal)
        # Per cent moves the point in the text: a division by 100 would make 0.9500000000000001 of 95%.
        moved = pl.col("whole").str.zfill(3)
        hundredths = moved.str.head(-2) + "." + moved.str.tail(2) + pl.col("fraction")
        plain = pl.col("whole") + "." + pl.col("fraction") + "0"
        value = pl.when("percent").then(hundredths).otherwise(plain).cast(pl.Float64, strict=False)
        return _judged(digits, value * pl.when("negative").then(-1.0).otherwise(1.0))

    return _read(cells, parse, notes)


def number_to_units(values: pl.Series) -> Parsed:
    """Whole numbers from a numeric column; NaN and infinity are missing."""
    if values.dtype.is_integer():
        whole = values.cast(pl.Int64, strict=False)
        lost = whole.is_null() & values.is_not_null()
        return _limited(whole, lost)
    finite = pl.select(pl.when(values.is_finite()).then(values)).to_series()
    large = (finite.abs() > LIMIT).fill_null(False)
    uneven = ((finite != finite.round(0)) & ~large).fill_null(False)
    problems = None
    if large.any() or uneven.any():
        problems = pl.select(
            pl.when(large).then(pl.lit("DAT-TOO-LARGE")).when(uneven).then(pl.lit("DAT-NOT-WHOLE"))
        ).to_series()
    bad = large | uneven
    units = pl.select(pl.when(~bad).then(finite)).to_series().cast(pl.Int64, strict=False)
    return Parsed(units, problems)


def number_to_minor(values: pl.Series, decimals: int) -> Parsed:
    """Major currency from a numeric column, rounded half away from zero.

    A float such as 1.005 stands for its shortest decimal: the tolerance of 1e-7 minor units is far above its
    binary error and far below a digit that anybody wrote.
    """
    amount = values.cast(pl.Float64, strict=False)
    finite = pl.select(pl.when(amount.is_finite()).then(amount)).to_series()
    scaled = finite.abs() * 10**decimals
    large = (scaled > LIMIT).fill_null(False)
    rounded = pl.select(pl.when(~large).then((scaled + (0.5 + 1e-7)).floor() * finite.sign())).to_series()
    problems = pl.select(pl.when(large).then(pl.lit("DAT-TOO-LARGE"))).to_series() if large.any() else None
    return Parsed(rounded.cast(pl.Int64, strict=False), problems)


def number_to_float(values: pl.Series) -> Parsed:
    """Floats from a numeric column; NaN and infinity are missing."""
    amount = values.cast(pl.Float64, strict=False)
    return Parsed(pl.select(pl.when(amount.is_finite()).then(amount)).to_series(), None)


def _limited(values: pl.Series, lost: pl.Series | None = None) -> Parsed:
    """Refuse what is too large to be summed, and what an unsigned column holds beyond int64."""
    large = ((values > LIMIT) | (values < -LIMIT)).fill_null(False)
    if lost is not None:
        large = large | lost
    if not large.any():
        return Parsed(values, None)
    kept = pl.select(pl.when(~large).then(values)).to_series()
    return Parsed(kept, pl.select(pl.when(large).then(pl.lit("DAT-TOO-LARGE"))).to_series())


def _read(cells: pl.Series, parse: Callable[[pl.DataFrame], pl.DataFrame], notes: list[str]) -> Parsed:
    frame = over_distinct(cells, parse)
    problems = frame["problem"]
    return Parsed(frame["value"], problems if problems.null_count() < len(problems) else None, tuple(notes))


def _judged(digits: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """Values of cells without a problem; what does not fit becomes one."""
    valued = digits.with_columns(value.alias("value"))
    large = (
        pl.col("problem").is_null()
        & pl.col("whole").is_not_null()
        & (pl.col("value").is_null() | (pl.col("value").abs() > LIMIT))
    )
    return valued.select(
        "cell",
        pl.when(pl.col("problem").is_null() & ~large).then("value").alias("value"),
        pl.when(large).then(pl.lit("DAT-TOO-LARGE")).otherwise("problem").alias("problem"),
    )


def _digits(distinct: pl.DataFrame, notes: list[str], *, whole_numbers: bool, points_are_decimal: bool) -> pl.DataFrame:
    """Split cells into sign, whole digits and fraction digits, having decided what commas and points mean."""
    text = pl.col("cell").str.strip_chars().str.strip_chars("\u00a0\u202f\ufeff\u200b")
    brackets = text.str.contains(r"^\(.*\)$")
    shaped = distinct.with_columns(
        text.str.to_lowercase().is_in(MISSING_MARKS).alias("missing"),
        brackets.alias("brackets"),
        pl.when(brackets)
        .then(text.str.slice(1, text.str.len_chars().cast(pl.Int64) - 2))
        .otherwise(text)
        .alias("text"),
    ).with_columns(pl.col("text").str.strip_chars().str.extract_groups(_SHAPE).alias("shape"))
    shaped = shaped.unnest("shape").with_columns(
        pl.any_horizontal(pl.col("lead", "sign", "trail").is_in(["-", "−"]).fill_null(False)).alias("minus"),
        (pl.sum_horizontal(pl.col("lead", "sign", "trail").fill_null("") != "") > 1).alias("two_signs"),
        (pl.col("percent") == "%").fill_null(False).alias("percent"),
        pl.col("body").str.to_lowercase().str.strip_chars(),
    )
    shaped = _without_exponent(_without_gaps(shaped))
    kinds = _kinds(pl.col("body"))
    classed = shaped.with_columns(**kinds)
    seen = {name: bool(classed[name].any()) for name in kinds}
    comma, point = _meaning(seen, notes, whole_numbers=whole_numbers, points_are_decimal=points_are_decimal)
    classed = classed.with_columns(
        pl.when("comma_either").then(pl.lit(comma)).when("point_either").then(pl.lit(point)).alias("ruled")
    )
    decimal_point = pl.col("point_decimal") | (pl.col("point_either") & (pl.col("ruled") == "decimal"))
    decimal_comma = pl.col("comma_decimal") | (pl.col("comma_either") & (pl.col("ruled") == "decimal"))
    plain = (
        pl.when(decimal_comma)
        .then(pl.col("body").str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .when(decimal_point)
        .then(pl.col("body").str.replace_all(",", "", literal=True))
        .otherwise(pl.col("body").str.replace_all(r"[.,]", ""))
    )
    understood = pl.col("whole_only") | pl.any_horizontal(pl.col(*kinds))
    return classed.with_columns(plain.alias("plain")).select(
        "cell",
        "percent",
        (pl.col("minus") | pl.col("brackets")).alias("negative"),
        pl.when(~pl.col("missing")).then(pl.col("plain").str.extract(r"^(\d*)")).str.replace(r"^$", "0").alias("whole"),
        pl.col("plain").str.extract(r"\.(\d*)$").fill_null("").alias("fraction"),
        pl.when("missing")
        .then(None)
        .when(pl.col("body").is_null() | pl.col("two_signs") | ~understood.fill_null(False))
        .then(pl.lit("DAT-NUMBER"))
        .when(pl.col("ruled") == "unclear")
        .then(pl.lit("DAT-NUMBER-AMBIGUOUS"))
        .alias("problem"),
    )


def _without_gaps(shaped: pl.DataFrame) -> pl.DataFrame:
    """Spaces and apostrophes between groups of three digits go; what follows such groups is the decimal mark.

    >>> _without_gaps(pl.DataFrame({"body": ["1 234,500", "12 34"]}))["body"].to_list()
    ['1234,500', '12 34']
    """
    body = pl.col("body")
    grouped = body.str.contains(r"^\d{1,3}(?:[\s'’]\d{3})+(?:[.,]\d+)?$")
    closed = body.str.replace_all(r"[\s'’]", "")
    return shaped.with_columns(pl.when(grouped).then(closed).otherwise(body).alias("body"))


def _without_exponent(shaped: pl.DataFrame) -> pl.DataFrame:
    """1.5E+03, as spreadsheets write long numbers, to its digits."""
    body = pl.col("body")
    scientific = body.str.contains(r"^\d+(?:\.\d+)?e[+\-]?\d+$")
    value = body.cast(pl.Float64, strict=False)
    # Beyond the limit the cell is refused as too large; a long row of nines stands for it.
    digits = (
        pl.when(value > LIMIT).then(pl.lit("9" * 18)).otherwise(value.round(6).cast(pl.Decimal(38, 6)).cast(pl.String))
    )
    return shaped.with_columns(
        pl.when(scientific & value.is_finite())
        .then(digits)
        .when(scientific)
        .then(pl.lit("9" * 18))
        .otherwise(body)
        .alias("body")
    )


def _kinds(body: pl.Expr) -> dict[str, pl.Expr]:
    """What the marks in a cell can mean. At most one is true; ``either`` cells need the column to decide."""
    comma_either = body.str.contains(r"^[1-9]\d{0,2},\d{3}$")
    point_either = body.str.contains(r"^[1-9]\d{0,2}\.\d{3}$")
    point_decimal = body.str.contains(r"^(?:\d*\.\d+|\d+\.)$") & ~point_either
    comma_decimal = body.str.contains(r"^(?:\d*,\d+|\d+,)$") & ~comma_either
    return {
        "whole_only": body.str.contains(r"^\d+$"),
        "comma_either": comma_either,
        "point_either": point_either,
        "point_decimal": point_decimal | body.str.contains(r"^\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*$"),
        "comma_decimal": comma_decimal | body.str.contains(r"^\d{1,3}(?:\.\d{3})+,\d*$"),
        "comma_thousands": body.str.contains(r"^\d{1,3}(?:,\d{2,3})+,\d{3}$"),
        "point_thousands": body.str.contains(r"^\d{1,3}(?:\.\d{3}){2,}$"),
    }


def _meaning(
    seen: dict[str, bool], notes: list[str], *, whole_numbers: bool, points_are_decimal: bool
) -> tuple[str, str]:
    """What the comma of ``1,234`` and the point of ``1.234`` mean in this column.

    Each is "thousands", "decimal" or "unclear" where the column speaks with two tongues.
    """
    english = seen["point_decimal"] or seen["comma_thousands"] or points_are_decimal
    continental = seen["comma_decimal"] or seen["point_thousands"]
    if english and continental and not points_are_decimal:
        return "unclear", "unclear"
    if english:
        return "thousands", "decimal"
    if continental:
        return "decimal", "thousands"
    if seen["comma_either"] and seen["point_either"]:
        return "unclear", "unclear"
    if seen["comma_either"]:
        notes.append("numbers such as 1,234 are read as thousands: nothing in the column says otherwise")
        return "thousands", "decimal"
    if seen["point_either"] and whole_numbers:
        notes.append("numbers such as 1.234 are read as thousands: the column holds whole units")
        return "decimal", "thousands"
    if seen["point_either"]:
        notes.append("numbers such as 1.234 are read with a decimal point: nothing in the column says otherwise")
    return "thousands", "decimal"
