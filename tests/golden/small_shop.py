"""Writes the input files of the golden case: some SKUs, each there for one reason. Run once; the files are kept.

python -m tests.golden.small_shop
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

CASE = Path(__file__).with_name("cases") / "small_shop"
AS_OF = date(2026, 3, 2)
WEEKS = 110


def weekly(
    rate: float, *, seed: int, first: int = 0, season: float = 0.0, growth: float = 0.0, until: int = WEEKS
) -> np.ndarray:
    """Units a week: a rate with a season that peaks in week 100, and growth in the last 30 weeks."""
    rng = np.random.default_rng(seed)
    week = np.arange(WEEKS)
    mean = rate * (1 + season * np.cos(2 * np.pi * (week - 100) / 52.18)) * np.exp(growth * np.maximum(week - 80, 0))
    return np.where((week < first) | (week >= until), 0, rng.poisson(mean))


SALES = {
    "BULK-ORDER": np.where(np.arange(WEEKS) == 60, 900, weekly(4, seed=1)),
    "CASE-OF-24": weekly(6, seed=2),
    "DECLINING": weekly(25, growth=-0.06, seed=3),
    "ENDS-SOON": weekly(8, seed=4),
    "FAST-MOVER": weekly(40, seed=5),
    "GONE-QUIET": weekly(4, until=94, seed=20),
    "GROWING": weekly(10, growth=0.05, seed=6),
    "LOT-FOR-YEARS": weekly(0.3, seed=16),
    "MOQ-OF-90": weekly(7, seed=17),
    "MOQ-REFUSED": weekly(12, growth=-0.07, seed=7),
    "NEW": weekly(9, first=102, seed=8),
    "NEW-MODEL": weekly(14, first=98, seed=18),
    "NO-COUNT": weekly(5, seed=9),
    "NOW-AND-THEN": weekly(0.3, seed=10),
    "OLD-MODEL": weekly(12, growth=-0.08, seed=19),
    "OVERDUE-PO": weekly(15, seed=11),
    "SEASONAL": weekly(20, season=0.8, seed=12),
    "SET-OF-TWO": weekly(3, seed=13),
    "SILENT": weekly(4, until=70, seed=14),
    "STOCKED-OUT": weekly(18, until=104, seed=15),
}
ON_HAND = {
    "BULK-ORDER": 30,
    "CASE-OF-24": 20,
    "DECLINING": 44,
    "ENDS-SOON": 30,
    "FAST-MOVER": 58,
    "GONE-QUIET": 0,
    "GROWING": 65,
    "LOT-FOR-YEARS": 0,
    "MOQ-OF-90": 12,
    "MOQ-REFUSED": 4,
    "NEW": 40,
    "NEW-MODEL": 25,
    "NOW-AND-THEN": 1,
    "OLD-MODEL": 6,
    "OVERDUE-PO": 40,
    "SEASONAL": 60,
    "SILENT": 107,
    "STOCKED-OUT": 0,
}


def write_inputs() -> None:
    CASE.mkdir(parents=True, exist_ok=True)
    names = list(SALES)
    rows = [
        (name, AS_OF - timedelta(days=7 * (WEEKS - week)), int(units))
        for name, series in SALES.items()
        for week, units in enumerate(series)
        if units
    ]
    pl.DataFrame(rows, schema=["sku_id", "date", "units"], orient="row").write_csv(CASE / "sales.csv")
    launched = {"NEW": 102, "NEW-MODEL": 98}
    pl.DataFrame(
        {
            "sku_id": names,
            "category": "all",
            "unit_price": [10.0 + 2 * n for n in range(len(names))],
            "criticality": ["high" if name == "FAST-MOVER" else "standard" for name in names],
            "launch_date": [
                AS_OF - timedelta(days=7 * (WEEKS - launched[name])) if name in launched else None for name in names
            ],
            "end_of_life_date": [AS_OF + timedelta(days=40) if name == "ENDS-SOON" else None for name in names],
            "successor_sku_id": ["NEW-MODEL" if name == "OLD-MODEL" else None for name in names],
        }
    ).write_csv(CASE / "skus.csv")
    pl.DataFrame({"sku_id": ON_HAND.keys(), "on_hand_units": ON_HAND.values()}).write_csv(CASE / "stock.csv")
    bought = [name for name in names if name != "SET-OF-TWO"]
    moq = {"MOQ-REFUSED": 500, "MOQ-OF-90": 90, "LOT-FOR-YEARS": 240}
    pl.DataFrame(
        {
            "sku_id": bought,
            "supplier_id": ["NORTH" if k % 2 else "SOUTH" for k in range(len(bought))],
            "lead_time_days": [14 + 7 * (k % 4) for k in range(len(bought))],
            "lead_time_sd": [3 + k % 3 for k in range(len(bought))],
            "moq": [moq.get(name, 0) for name in bought],
            "case_pack": [24 if name == "CASE-OF-24" else 1 for name in bought],
            "unit_cost": [4.0 + k for k in range(len(bought))],
            "order_cost": [15.0 if name == "FAST-MOVER" else 0.0 for name in bought],
        }
    ).write_csv(CASE / "supply.csv")
    pl.DataFrame(
        {
            "order_id": ["PO-1", "PO-2", "PO-3"],
            "sku_id": ["OVERDUE-PO", "SEASONAL", "GROWING"],
            "units": [60, 40, 500],
            "expected_on": [AS_OF - timedelta(days=9), AS_OF + timedelta(days=10), AS_OF + timedelta(days=150)],
        }
    ).write_csv(CASE / "open_orders.csv")
    pl.DataFrame(
        {"bundle_sku_id": ["SET-OF-TWO"], "component_sku_id": ["FAST-MOVER"], "component_units": [2]}
    ).write_csv(CASE / "bundles.csv")
    pl.DataFrame(
        {
            "sku_id": "STOCKED-OUT",
            "date": [AS_OF - timedelta(days=42), AS_OF - timedelta(days=11)],
            "in_stock_share": 0.0,
            "days": [31, 11],
        }
    ).write_csv(CASE / "availability.csv")
    (CASE / "rules.toml").write_text(
        'overrides = "overrides.csv"\n\n[[rule]]\nname = "South ships every fortnight"\nlayer = "supplier"\n'
        'when = { supplier_id = "SOUTH" }\nset = { review_period_days = 14 }\nreason = "one lorry every two weeks"\n',
        encoding="utf-8",
    )
    (CASE / "overrides.csv").write_text(
        "sku_id,location_id,field,value,unit,from,until,author,reason\n"
        "NOW-AND-THEN,,service_target,0.99,share,2026-02-01,2026-06-01,Ana,spare part of a service contract\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    write_inputs()
