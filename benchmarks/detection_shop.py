"""Plan inputs of weekly units and nothing else, and the weeks of real shops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import (
    FillCounts,
    History,
    ItemAttributes,
    ItemIndex,
    Labels,
    OpenOrders,
    PlanInputs,
    StockState,
    SupplyTerms,
)
from skuwise.core.periods import PeriodGrid

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FIRST_DAY = np.datetime64("2023-01-02")
#: Real items are judged from so many weeks with a sale on.
SOLD_WEEKS_MIN = 10
REAL_ITEMS_MAX = 300


def inputs_of_weeks(units: np.ndarray, keys: np.ndarray, in_stock: np.ndarray | None = None) -> PlanInputs:
    """Items whose weekly units (n, T) are all that is known; each is a category of its own, lead time two weeks."""
    n, periods = units.shape
    none = Labels(np.zeros(n, np.int64), ("(none)",))
    names = np.array([f"SKU-{key:06d}" for key in keys])
    own = Labels(np.arange(n), tuple(names.tolist()))
    nothing, blank, whole = np.zeros(n, np.int64), np.zeros((n, periods), np.int64), np.ones((n, periods), np.float32)
    no_day = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    empty = np.empty(0, np.int64)
    return PlanInputs(
        index=ItemIndex(names, np.full(n, "MAIN"), keys),
        attributes=ItemAttributes(
            own, names, none, none, none, none, np.full(n, 2000), no_day, no_day, np.full(n, ""), np.zeros(n, np.bool_)
        ),
        history=History(
            grid=PeriodGrid(FIRST_DAY + np.timedelta64(7 * periods, "D"), 7, periods),
            sales_units=units.astype(np.int64),
            in_stock_share=whole if in_stock is None else in_stock.astype(np.float32),
            availability_known=np.full(n, in_stock is not None),
            promotion_share=np.zeros((n, periods), np.float32),
            returned_units=blank,
            received_units=blank,
            on_hand_units_mean=np.full((n, periods), np.nan, np.float32),
        ),
        supply=SupplyTerms(
            np.full(n, 14.0),
            np.zeros(n),
            nothing,
            nothing,
            nothing + 1,
            np.full(n, 1000),
            nothing,
            np.full(n, np.nan),
            nothing,
        ),
        stock=StockState(nothing, nothing, nothing, np.zeros(n, np.bool_), nothing),
        open_orders=OpenOrders(empty, empty, empty, empty, np.empty(0, np.str_), empty),
        fill=FillCounts(nothing, nothing, nothing, nothing, nothing, nothing, 0, 0),
        currency="EUR",
    )


def real_weeks() -> Iterator[tuple[str, np.ndarray]]:
    """Name and weekly units [(n, T)] of the real shops that are there, about 300 items of each."""
    vn2 = DATA / "vn2" / "Week 0 - 2024-04-08 - Sales.csv"
    if vn2.exists():
        frame = pl.read_csv(vn2)
        yield "VN2", frame.select(frame.columns[2:]).fill_null(0).to_numpy().astype(np.int64)[::2]
    retail = DATA / "online_retail" / "order_lines_2009-12-01_2011-09-04.parquet"
    if retail.exists():
        yield "Online Retail", _retail_weeks(retail)


def _retail_weeks(path: Path) -> np.ndarray:
    """Items that sold in ten weeks or more, the first few hundred by name."""
    lines = pl.read_parquet(path).filter((pl.col("Quantity") > 0) & (pl.col("Price") > 0))
    day = pl.col("InvoiceDate").cast(pl.String).str.slice(0, 10).str.to_date()
    weekly = (
        lines.filter(pl.col("StockCode").str.contains(r"^\d{5}[A-Za-z]{0,2}$"))
        .with_columns(((day - pl.date(2009, 11, 30)).dt.total_days() // 7).alias("week"))
        .group_by("StockCode", "week")
        .agg(pl.col("Quantity").sum())
    )
    weeks = weekly.select(pl.col("week").max()).item() + 1
    kept = weekly.group_by("StockCode").len().filter(pl.col("len") >= SOLD_WEEKS_MIN).sort("StockCode")
    names = kept["StockCode"].to_list()[:: max(1, kept.height // REAL_ITEMS_MAX)][:REAL_ITEMS_MAX]
    rows = {name: row for row, name in enumerate(names)}
    units = np.zeros((len(names), weeks), np.int64)
    for code, week, quantity in weekly.filter(pl.col("StockCode").is_in(names)).iter_rows():
        units[rows[code], week] += quantity
    return units
