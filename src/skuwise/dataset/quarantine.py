"""The ledger of a reading: which lines were refused or remarked on, by which code, and in which words.

A refused line leaves its frame at once, so it has exactly one reason. At the end the refused lines are looked up
in the raw files and kept as JSON, so that they can be mended and replayed; findings are gathered by code and file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from skuwise.core.dictionary import CONTRACT_TABLES
from skuwise.core.findings import Finding, found
from skuwise.dataset.contract import QUARANTINE_SCHEMA, LineCounts
from skuwise.dataset.sources import RawFile

REMARK_SCHEMA = {
    "table": pl.String,
    "file_no": pl.Int64,
    "row": pl.Int64,
    "code": pl.String,
    "reason": pl.String,
    "topic": pl.String,
    "refused": pl.Boolean,
}


class Ledger:
    """Collects remarks line by line; asked for its findings, counts and quarantine when all checks are done."""

    def __init__(self, raw_files: Sequence[RawFile]) -> None:
        self.raw_files = raw_files
        self._remarks: list[pl.DataFrame] = []
        self._findings: list[Finding] = []

    def say(self, finding: Finding) -> None:
        """A finding about a whole table or file."""
        self._findings.append(finding)

    def refuse(self, table: str, frame: pl.DataFrame, mask: pl.Expr, code: str, reason: pl.Expr) -> pl.DataFrame:
        """Quarantine the lines under the mask and return the others; null in the mask is no."""
        refused = frame.select(mask.fill_null(False).alias("refused")).to_series()
        if not refused.any():
            return frame
        self.add(table, frame.filter(refused), code, reason, refused=True)
        return frame.filter(~refused)

    def remark(
        self, table: str, frame: pl.DataFrame, mask: pl.Expr, code: str, reason: pl.Expr, topic: str = ""
    ) -> bool:
        """Tell of lines that stay in use; returns whether there are any."""
        lines = frame.filter(mask)
        if lines.is_empty():
            return False
        self.add(table, lines, code, reason, topic=topic)
        return True

    def add(
        self,
        table: str,
        lines: pl.DataFrame,
        code: str | pl.Expr,
        reason: pl.Expr,
        *,
        topic: str = "",
        refused: bool = False,
    ) -> None:
        """Note lines (``_file_no``, ``_row``) under a code; ``topic`` keeps findings of one code apart."""
        self._remarks.append(
            lines.select(
                pl.lit(table).alias("table"),
                pl.col("_file_no").cast(pl.Int64).alias("file_no"),
                pl.col("_row").cast(pl.Int64).alias("row"),
                (pl.lit(code) if isinstance(code, str) else code).alias("code"),
                reason.cast(pl.String).fill_null("").alias("reason"),
                pl.lit(topic).alias("topic"),
                pl.lit(refused).alias("refused"),
            )
        )

    def _all_remarks(self) -> pl.DataFrame:
        return pl.concat(self._remarks) if self._remarks else pl.DataFrame(schema=REMARK_SCHEMA)

    def findings(self) -> tuple[Finding, ...]:
        """Whole-file findings first, then the remarks gathered by table, code, topic and file."""
        keys = ["table", "file_no", "code", "topic"]
        gathered = (
            self._all_remarks()
            .sort("row")
            .group_by(keys, maintain_order=True)
            .agg(pl.len().alias("count"), pl.col("row").first(), pl.col("reason").first())
            .sort(keys)
        )
        told = list(self._findings)
        for table, file_no, code, _, count, row, reason in gathered.iter_rows():
            more = f" ({count - 1:,} more {'line' if count == 2 else 'lines'} like it)" if count > 1 else ""
            name = self.raw_files[file_no].name if file_no >= 0 else table
            told.append(found(code, f"{reason}{more}", table=table, file=name, row=row, count=count))
        order = {"error": 0, "warning": 1, "info": 2}
        return tuple(sorted(told, key=lambda finding: order[finding.severity.value]))

    def quarantine(self) -> pl.DataFrame:
        """Every refused line with its reason and its content, by table, file and row."""
        refused = self._all_remarks().filter("refused")
        if refused.is_empty():
            return pl.DataFrame(schema=QUARANTINE_SCHEMA)
        rank = {table: number for number, table in enumerate(CONTRACT_TABLES)}
        parts = []
        for (file_no,), lines in refused.group_by("file_no", maintain_order=True):
            raw = self.raw_files[int(str(file_no))]
            content = lines.select("row").join(_content(raw, lines["row"]), on="row", how="left", maintain_order="left")
            parts.append(
                lines.with_columns(
                    content["line"], pl.lit(raw.name).alias("file"), pl.lit(rank[raw.table]).alias("rank")
                )
            )
        return pl.concat(parts).sort("rank", "file_no", "row").select(*QUARANTINE_SCHEMA)

    def counts(self) -> tuple[tuple[LineCounts, ...], tuple[LineCounts, ...]]:
        """Lines in, used and refused of each table, and of each file."""
        refused_by_file = dict(self._all_remarks().filter("refused").group_by("file_no").len().iter_rows())
        by_file = []
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for number, raw in enumerate(self.raw_files):
            refused = refused_by_file.get(number, 0)
            lines = raw.line_count
            by_file.append(LineCounts(raw.table, lines, lines - refused, refused, raw.name))
            totals[raw.table][0] += lines
            totals[raw.table][1] += refused
        by_table = tuple(
            LineCounts(table, totals[table][0], totals[table][0] - totals[table][1], totals[table][1])
            for table in CONTRACT_TABLES
            if table in totals
        )
        return by_table, tuple(by_file)


def _content(raw: RawFile, rows: pl.Series) -> pl.DataFrame:
    """The refused lines of a file as JSON by row; a line that could not be cut is kept whole under ``line``."""
    wanted = rows.implode()
    whole = raw.broken.filter(pl.col("row").is_in(wanted)).select(
        "row", pl.struct("line").struct.json_encode().alias("line")
    )
    mask = raw.rows.is_in(wanted)
    picked = raw.frame.filter(mask)
    if not picked.width:
        return whole
    cells = picked.select(_encodable(column) for column in picked.iter_columns())
    lines = cells.select(pl.struct(pl.all()).struct.json_encode().alias("line")).to_series()
    return pl.concat([whole, pl.DataFrame({"row": raw.rows.filter(mask), "line": lines})])


def _encodable(column: pl.Series) -> pl.Series:
    """Types that JSON writing does not know are written as text."""
    plain = column.dtype.is_integer() or column.dtype.is_float() or column.dtype in (pl.String, pl.Boolean, pl.Date)
    return column if plain else as_text(column)


def as_text(column: pl.Series) -> pl.Series:
    """Any column as text."""
    if column.dtype == pl.String:
        return column
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(column.name, [None if cell is None else str(cell) for cell in column], dtype=pl.String)
    return column.cast(pl.String)
