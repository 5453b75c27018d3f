"""A generated panel of items with a realistic mix of rates, seasons, launches and stockouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

AS_OF = np.datetime64("2026-03-02")
PERIODS = 156


def sales_panel(items: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weekly units and in-stock shares [(n, T) each] of items whose rates follow a heavy-tailed distribution."""
    rng = np.random.Generator(np.random.Philox(seed))
    rate = np.exp(rng.normal(0.4, 1.5, items))
    seasonal = rng.random(items) < 0.4
    phase = 2 * np.pi * (np.arange(PERIODS) / 52.18)[None, :]
    wave = 1 + np.where(seasonal[:, None], 0.5 * np.sin(phase + rng.integers(0, 4, items)[:, None]), 0.0)
    drift = np.exp(np.cumsum(rng.normal(0, 0.01, (items, PERIODS)), axis=1))
    spread = rng.gamma(2.0, 0.5, (items, PERIODS))
    sales = rng.poisson(rate[:, None] * wave * drift * spread)
    launch = np.where(rng.random(items) < 0.25, rng.integers(0, PERIODS - 4, items), 0)
    sales[np.arange(PERIODS)[None, :] < launch[:, None]] = 0
    share = np.where(rng.random((items, PERIODS)) < 0.04, rng.random((items, PERIODS)), 1.0).astype(np.float32)
    return (sales * share).astype(np.int64), share


def write_folder(folder: Path, items: int, seed: int = 0) -> None:
    """The panel as a dataset folder of Parquet files: weekly day totals, catalogue, stock and supply terms."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.Philox(seed + 1))
    sales, share = sales_panel(items, seed)
    sku = np.array([f"SKU-{number:07d}" for number in range(items)])
    days = (AS_OF - np.arange(PERIODS, 0, -1) * np.timedelta64(7, "D")).astype("datetime64[D]")
    row, period = np.nonzero(sales)
    pl.DataFrame({"sku_id": sku[row], "date": days[period], "units": sales[row, period]}).write_parquet(
        folder / "sales.parquet"
    )
    row, period = np.nonzero(share < 1)
    pl.DataFrame(
        {"sku_id": sku[row], "date": days[period], "in_stock_share": share[row, period].astype(np.float64), "days": 7}
    ).write_parquet(folder / "availability.parquet")
    cost = rng.integers(100, 5000, items)
    pl.DataFrame(
        {
            "sku_id": sku,
            "category": [f"category {number}" for number in rng.integers(0, 40, items)],
            "unit_price_minor": cost * 2,
        }
    ).write_parquet(folder / "skus.parquet")
    lead = rng.gamma(4.0, 7.0, items) + 3
    pl.DataFrame(
        {
            "sku_id": sku,
            "supplier_id": [f"supplier {number}" for number in rng.integers(0, 200, items)],
            "lead_time_days_mean": lead,
            "lead_time_days_sd": lead * 0.25,
            "moq_units": rng.choice([0, 0, 10, 50], items),
            "order_multiple_units": rng.choice([1, 1, 6, 12], items),
            "unit_cost_minor": cost,
            "order_cost_minor": np.full(items, 500),
        }
    ).write_parquet(folder / "supply.parquet")
    on_hand = (sales[:, -13:].mean(axis=1) * rng.gamma(2.0, 3.0, items)).astype(np.int64)
    pl.DataFrame({"sku_id": sku, "on_hand_units": on_hand}).write_parquet(folder / "stock.parquet")
