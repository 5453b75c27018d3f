"""A small shop in which things happen: levels jump and drop, one item stops selling, one has too much stock."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)
WEEKS = 112
AS_OF = FIRST + timedelta(weeks=WEEKS)
#: SKU → weekly demand from a week on.
LEVELS = {
    "STEADY-A": {0: 20.0},
    "STEADY-B": {0: 9.0},
    "STEADY-C": {0: 4.0},
    "JUMP": {0: 10.0, 98: 30.0},
    "DROP": {0: 30.0, 100: 9.0},
    "STOPPED": {0: 3.0, 60: 0.0},
    "LATE-JUMP": {0: 8.0, 104: 24.0},
    "=HYPERLINK": {0: 6.0},
}


def shop_tables(seed: int = 5) -> dict[str, pl.DataFrame]:
    """Sales of every day, stock at the end, and how each is bought."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[date, str, int]] = []
    for sku, levels in LEVELS.items():
        begins = sorted(levels)
        for week in range(WEEKS):
            level = levels[max(begin for begin in begins if begin <= week)]
            for day, units in enumerate(rng.poisson(level / 7, 7).tolist()):
                if units:
                    rows.append((FIRST + timedelta(weeks=week, days=day), sku, units))
    on_hand = {"STOPPED": 240, "STEADY-C": 900}
    skus = list(LEVELS)
    return {
        "sales": pl.DataFrame(rows, schema=["date", "sku_id", "units"], orient="row"),
        "stock": pl.DataFrame({"sku_id": skus, "on_hand_units": [on_hand.get(sku, 60) for sku in skus]}),
        "supply": pl.DataFrame(
            {
                "sku_id": skus,
                "supplier_id": ["ADA"] * len(skus),
                "lead_time_days_mean": [28.0] * len(skus),
                "lead_time_days_sd": [4.0] * len(skus),
                "unit_cost_minor": [700] * len(skus),
            }
        ),
        "open_orders": pl.DataFrame(
            {
                "order_id": ["PO-1"],
                "sku_id": ["STEADY-C"],
                "units": [300],
                "ordered_on": [AS_OF - timedelta(weeks=2)],
                "expected_on": [AS_OF + timedelta(weeks=2)],
            }
        ),
        "skus": pl.DataFrame({"sku_id": skus, "unit_price_minor": [1500] * len(skus)}),
    }


def write_shop(folder: Path, seed: int = 5) -> Path:
    """The shop as CSV files."""
    folder.mkdir(parents=True)
    for name, table in shop_tables(seed).items():
        table.write_csv(folder / f"{name}.csv")
    return folder
