"""The demo shop: a home and outdoor brand that never existed, with two and a half years of consistent history.

``generate_demo_shop`` writes a folder that follows the dataset contract. Stock, receipts, availability, open orders
and sales come out of one simulated ledger, so that for every SKU and warehouse

    on hand = opening stock + receipts − sales − what bundles took + what came back.

The same seed and as-of day give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from skuwise.demo.bad_rows import BAD_ROWS, BadRows, planted, with_bad_rows
from skuwise.demo.catalogue import make_catalogue
from skuwise.demo.demand import draw_lines, expected_lines, make_series
from skuwise.demo.ledger import run_ledger
from skuwise.demo.pricing import make_pricing
from skuwise.demo.rulebook import DATASET_TOML, RULES_TOML, overrides_table
from skuwise.demo.tables import (
    Shop,
    availability_table,
    bundles_table,
    open_orders_table,
    prices_table,
    receipts_table,
    sales_table,
    skus_table,
    stock_table,
    supply_table,
)

__all__ = ["AS_OF", "BAD_ROWS", "BadRows", "generate_demo_shop", "planted", "simulate_shop"]

#: The day on which the demo's planner sits down; nothing of it has been seen.
AS_OF = date(2026, 3, 2)
#: 131 whole weeks: two and a half years.
HISTORY_DAYS = 917

#: Told how far the generation is: what is being done, and the share that is done (0–1).
Progress = Callable[[str, float], None]


def generate_demo_shop(folder: Path, *, seed: int = 7, as_of: date = AS_OF, progress: Progress | None = None) -> None:
    """Write the demo shop into ``folder``, which is made where it is missing; files of the same names are replaced."""
    tell = progress or _say_nothing
    shop = simulate_shop(seed=seed, as_of=as_of, progress=tell)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, shop, _random(seed, "files"), tell)
    tell("The demo shop is written", 1.0)


def simulate_shop(*, seed: int = 7, as_of: date = AS_OF, progress: Progress | None = None) -> Shop:
    """The shop before it is written down: catalogue, wanted lines and the ledger."""
    tell = progress or _say_nothing
    tell("Inventing products", 0.0)
    first_day = as_of - timedelta(days=HISTORY_DAYS)
    catalogue = make_catalogue(_random(seed, "catalogue"), HISTORY_DAYS)
    pricing = make_pricing(_random(seed, "pricing"), catalogue, first_day, HISTORY_DAYS)
    series = make_series(catalogue)
    tell("Customers make up their minds", 0.05)
    dates = first_day.toordinal() + np.arange(HISTORY_DAYS)
    rate = expected_lines(_random(seed, "rates"), catalogue, series, pricing, dates)
    lines = draw_lines(_random(seed, "lines"), catalogue, series, rate)
    ledger = run_ledger(
        _random(seed, "ledger"),
        catalogue,
        series,
        lines,
        rate,
        lambda share: tell("Two and a half years of trading", 0.15 + 0.35 * share),
    )
    return Shop(as_of, HISTORY_DAYS, catalogue, pricing, series, lines, ledger)


def _write(folder: Path, shop: Shop, rng: np.random.Generator, tell: Progress) -> None:
    (folder / "dataset.toml").write_text(DATASET_TOML, encoding="utf-8", newline="\n")
    (folder / "rules.toml").write_text(RULES_TOML, encoding="utf-8", newline="\n")
    overrides_table(shop).write_csv(folder / "overrides.csv")
    tell("Writing the catalogue", 0.5)
    skus = with_bad_rows(rng, "skus", skus_table(rng, shop), shop.as_of)
    (folder / "skus.csv").write_bytes(skus.write_csv().encode("cp1252"))
    bundles = with_bad_rows(rng, "bundles", bundles_table(shop), shop.as_of)
    bundles.write_csv(folder / "bundles.csv")
    _channels().write_csv(folder / "channels.csv")
    _locations().write_csv(folder / "locations.csv")
    with_bad_rows(rng, "prices", prices_table(shop), shop.as_of).write_csv(folder / "prices.csv")
    tell("Writing stock and supply", 0.6)
    with_bad_rows(rng, "stock", stock_table(rng, shop), shop.as_of).write_parquet(folder / "stock.parquet")
    _write_xlsx(with_bad_rows(rng, "supply", supply_table(shop), shop.as_of), folder / "supply.xlsx", shop.as_of)
    availability = with_bad_rows(rng, "availability", availability_table(shop), shop.as_of)
    availability.write_csv(folder / "availability.csv")
    with_bad_rows(rng, "receipts", receipts_table(shop), shop.as_of).write_csv(folder / "receipts.csv")
    orders = with_bad_rows(rng, "open_orders", open_orders_table(rng, shop), shop.as_of)
    orders.write_csv(folder / "open_orders.csv", include_bom=True)
    tell("Writing the order lines", 0.75)
    with_bad_rows(rng, "sales", sales_table(rng, shop), shop.as_of).write_csv(folder / "sales.csv")


def _channels() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "channel_id": ["SHOPIFY", "AMAZON", "WALMART"],
            "name": ["alderandtide.example", "Amazon Marketplace", "Walmart Marketplace"],
            "kind": ["shopify", "amazon", "walmart"],
        }
    )


def _locations() -> pl.DataFrame:
    names = {"EAST": "Allentown, Pennsylvania", "WEST": "Reno, Nevada"}
    return pl.DataFrame({"location_id": list(names), "name": list(names.values()), "kind": ["warehouse", "warehouse"]})


def _write_xlsx(frame: pl.DataFrame, path: Path, as_of: date) -> None:
    """A workbook as a supplier manager keeps it: numbers as numbers, whatever else as text, blanks left blank."""
    workbook = xlsxwriter.Workbook(path)
    workbook.set_properties({"title": "Supply terms", "created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001
    sheet = workbook.add_worksheet("supply")
    sheet.write_row(0, 0, frame.columns, workbook.add_format({"bold": True}))
    for column, name in enumerate(frame.columns):
        for row, value in enumerate(frame[name].to_list(), start=1):
            number = _as_number(value) if not name.endswith("_id") else None
            if number is not None:
                sheet.write_number(row, column, number)
            elif value is not None:
                sheet.write_string(row, column, str(value))
    sheet.freeze_panes(1, 1)
    sheet.autofit()
    workbook.close()


def _as_number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _random(seed: int, purpose: str) -> np.random.Generator:
    """One stream a purpose: a change in how files are written leaves the trading as it was."""
    streams = ("catalogue", "pricing", "rates", "lines", "ledger", "files")
    return np.random.Generator(np.random.Philox(key=np.array([seed, streams.index(purpose)], dtype=np.uint64)))


def _say_nothing(text: str, share_done: float) -> None:
    """Progress for callers that want none."""
