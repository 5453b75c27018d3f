"""CSV that a spreadsheet opens right and that cannot run anything.

Files are UTF-8 with a byte-order mark: without it Excel reads UTF-8 as the local code page and breaks every accent;
other readers, Polars and pandas among them, skip the mark.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

#: A text cell that begins with one of these is taken for a formula by spreadsheets (OWASP, CSV injection).
_FORMULA_START = r"^[=+\-@\t\r]"


def defuse(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text cells that a spreadsheet would run as a formula; numbers stay numbers.

    >>> defuse(pl.DataFrame({"name": ["=1+1", "Tee"], "brand": ["A", "@B"], "units": [-3, 4]})).rows()
    [("'=1+1", 'A', -3), ('Tee', "'@B", 4)]
    """
    text = pl.col(pl.String)
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA_START)).then(text.str.replace("^", "'")).otherwise(text)
    )


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a narrow table for people."""
    safe = defuse(frame) if any(dtype == pl.String for dtype in frame.dtypes) else frame
    safe.write_csv(path, include_bom=True, float_precision=6)
