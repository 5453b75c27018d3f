"""The weekly game of VN2 on its own history: eleven games of eight weeks inside the 157 weeks that were given.

The rules of the competition: six orders, each placed before the week's sales are seen and on the shelf from the start
of the week after next; unmet demand is lost; a unit left at the end of a week costs 0.2, a unit missed 1.0, counted in
weeks 3 to 8. Each game starts with the stock that the official benchmark policy would have left after eight weeks of
its own. The benchmark forecasts the mean of the last 13 weeks, without season, times the season of the whole data set,
and orders up to four weeks of it; its weeks out of stock are left out.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from skuwise.weekly_game import weekly_round

DATA = Path(__file__).parents[2] / "shared" / "data" / "vn2"
GAMES = 11
WEEKS, ORDERS, WARM_UP, FIRST_COUNTED = 8, 6, 8, 2
HOLDING, SHORTAGE = 0.2, 1.0
LEAD_WEEKS = 2

#: Asked in week t with stock on hand and what arrives next week (n,): orders (n,).
Policy = Callable[[int, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Shop:
    """What the competition gave: sales and in-stock flags (n, 157), the Monday of each week, what the items are."""

    sales_units: np.ndarray
    in_stock: np.ndarray
    mondays: np.ndarray
    skus: pl.DataFrame

    def starts(self, games: int = GAMES) -> list[int]:
        """First week of each game, the newest first; games do not overlap."""
        return list(range(self.sales_units.shape[1] - WEEKS, 60, -WEEKS))[:games]


def read_shop(folder: Path = DATA) -> Shop:
    sales = pl.read_csv(folder / "Week 0 - 2024-04-08 - Sales.csv")
    flags = pl.read_csv(folder / "Week 0 - In Stock (trimmed to 2024-04-08).csv")
    master = pl.read_csv(folder / "Week 0 - Master.csv")
    keys = ["Store", "Product"]
    weeks = [name for name in sales.columns if name not in keys]
    known = sales.select(keys).join(master, on=keys, how="left", maintain_order="left")
    skus = known.select(
        pl.format("{}-{}", "Product", "Store").alias("sku_id"),
        pl.col("Store").cast(pl.String).alias("location_id"),
        pl.col("Product").cast(pl.String).alias("product_id"),
        pl.col("Department").cast(pl.String).alias("category"),
        pl.col("ProductGroup").cast(pl.String).alias("brand"),
    )
    flagged = sales.select(keys).join(flags, on=keys, how="left", maintain_order="left")
    return Shop(
        sales.select(weeks).to_numpy().astype(np.int64),
        flagged.select(weeks).to_numpy().astype(bool),
        np.array(weeks, dtype="datetime64[D]"),
        skus,
    )


def skuwise(shop: Shop, *, learn: bool = True) -> Policy:
    """The weekly round as it ships."""

    def decide(week: int, on_hand: np.ndarray, next_week: np.ndarray) -> np.ndarray:
        return weekly_round(
            shop.sales_units[:, :week],
            on_hand,
            next_week[:, None],
            shortage_cost=SHORTAGE,
            holding_cost=HOLDING,
            lead_time_weeks=LEAD_WEEKS,
            in_stock=shop.in_stock[:, :week],
            skus=shop.skus,
            as_of=shop.mondays[week - 1].item() + timedelta(days=7),
            learn=learn,
        ).order_units

    return decide


def benchmark(shop: Shop, weeks_of_cover: float) -> Policy:
    """The official benchmark: order up to so many weeks of the seasonal moving average."""

    def decide(week: int, on_hand: np.ndarray, next_week: np.ndarray) -> np.ndarray:
        ahead = seasonal_moving_average(shop, week, 5)
        whole = int(weeks_of_cover)
        level = ahead[:, :whole].sum(axis=1) + (weeks_of_cover - whole) * ahead[:, whole]
        return np.maximum(np.ceil(level - on_hand - next_week), 0).astype(np.int64)

    return decide


def seasonal_moving_average(shop: Shop, week: int, ahead: int) -> np.ndarray:
    """13-week mean of demand without its season, times the season of the weeks ahead [(n, ahead) units]."""
    sold = np.where(shop.in_stock[:, :week], shop.sales_units[:, :week], np.nan)
    number = (shop.mondays[0].astype(np.int64) // 7 + np.arange(week + ahead)) % 52
    totals = np.nansum(sold, axis=0)
    seen = number[:week]
    season = np.array([totals[seen == k].mean() if (seen == k).any() else totals.mean() for k in range(52)])
    season /= season.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # 13 weeks out of stock: no mean, and nothing is foretold
        level = np.nan_to_num(np.nanmean((sold / season[seen])[:, -13:], axis=1))
    return level[:, None] * season[number[week:]]


def play(shop: Shop, policy: Policy, start: int) -> tuple[float, float]:
    """Holding and shortage cost of one game."""
    before = benchmark(shop, 4)
    first = start - WARM_UP
    on_hand = np.ceil(seasonal_moving_average(shop, first, 3).sum(axis=1)).astype(np.int64)
    next_week = np.zeros_like(on_hand)
    held = missed = 0
    for week in range(first, start + WEEKS):
        turn = week - start
        order = np.zeros_like(on_hand)
        if turn < ORDERS:
            order = (before if turn < 0 else policy)(week, on_hand, next_week)
        demand = shop.sales_units[:, week]
        sold = np.minimum(on_hand, demand)
        if turn >= FIRST_COUNTED:
            held += int((on_hand - sold).sum())
            missed += int((demand - sold).sum())
        on_hand = on_hand - sold + next_week
        next_week = order
    return HOLDING * held, SHORTAGE * missed


def rows(shop: Shop, policies: dict[str, Policy], starts: Sequence[int]) -> list[str]:
    """Cost of each policy in each game; Markdown."""
    names = [str(shop.mondays[start]) for start in starts]
    lines = ["| policy | mean | against benchmark | holding | " + " | ".join(names) + " |"]
    lines.append("|---|" + "--:|" * (3 + len(names)))
    reference = None
    for name, policy in policies.items():
        costs = np.array([play(shop, policy, start) for start in starts])
        total = costs.sum(axis=1)
        reference = total.mean() if reference is None else reference
        cells = " | ".join(f"{cost:,.0f}" for cost in (costs[:, 0].mean(), *total))
        lines.append(f"| {name} | {total.mean():,.0f} | {total.mean() / reference - 1:+.1%} | {cells} |")
    return lines


def section(games: int = GAMES) -> str:
    """The whole benchmark as a section of the results."""
    shop = read_shop()
    policies = {
        "benchmark: 13-week seasonal mean, 4 weeks": benchmark(shop, 4),
        "the same, 3.25 weeks": benchmark(shop, 3.25),
        "Skuwise without the learned model": skuwise(shop, learn=False),
        "Skuwise as it ships": skuwise(shop),
    }
    lines = rows(shop, policies, shop.starts(games))
    started = time.perf_counter()
    skuwise(shop)(shop.sales_units.shape[1], np.full(len(shop.skus), 5), np.zeros(len(shop.skus), dtype=np.int64))
    seconds = time.perf_counter() - started
    return "\n".join(
        [
            f"## VN2: {games} games of the competition inside its own history",
            "",
            "Cost of weeks 3 to 8, each game named by its first Monday; see `benchmarks/vn2.py` for the rules.",
            "",
            *lines,
            "",
            f"One round of {len(shop.skus)} items with {shop.sales_units.shape[1]} weeks, training included: "
            f"{seconds:.2f} s.",
        ]
    )


if __name__ == "__main__":
    print(section())
