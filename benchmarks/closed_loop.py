"""The closed loop beside shops that tune by hand: generated worlds with known changes, and a real shop, lived again.

Every world is a shop of 200 items: three years of history and two years that are judged. An eighth of the items has
each mix of lead time (2 or 4 weeks), lot (none or four weeks of demand) and shortage cost (4 or 19 times the cost of
holding a unit for a week). Changes fall at eight moments of the judged years. All policies are the same plan under the
same rules; they differ in what is made anew, and when.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

import skuwise
from skuwise import Dataset, PolicySpec
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.replaying.result import Replay
from skuwise.simulate.scores import Difference, bootstrap_ratio_difference
from skuwise.simulate.worlds import WORLDS, World, make_world

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
GIFT_SHOP = DATA / "online_retail" / "order_lines_2009-12-01_2011-09-04.parquet"
AS_OF = date(2026, 3, 2)
ITEMS, HISTORY_WEEKS, JUDGED_WEEKS = 200, 156, 104
SEED = 2026
#: Weeks of the judged years in which the changes of a world begin.
TURNS = (4, 10, 16, 22, 28, 36, 44, 52)
LEAD_WEEKS, LOT_WEEKS, RATIOS = (2, 4), (0, 4), (4, 19)
UNIT_COST_MINOR, HOLDING_SHARE = 2_000, 2.0
HOLDING_MINOR_PER_WEEK = UNIT_COST_MINOR * HOLDING_SHARE * 7 / 365
STATIONARY = (
    *("stationary_poisson", "stationary", "stationary_erratic", "fast_stationary", "intermittent", "lumpy"),
    *("seasonal", "spike", "hole"),
)
#: Worlds in which items end: what is left over counts.
ENDING = ("decline", "shift_down_100", "trend_down")

LOOP, PLAN = "loop", "plan alone"
RULES_FROZEN, RULES_YEARLY = "rules frozen", "rules yearly"
LEVELS_FROZEN, LEVELS_YEARLY = "levels frozen", "levels yearly"
MATURE, TEXTBOOK = "always mature", "textbook"

#: The shop's own rules: money decides how much stock there is; stages and classes keep their caps and reviews.
MONEY = f"""[defaults]
service_measure = "cost"
holding_cost_share_per_year = {HOLDING_SHARE}
"""
PINNED = MONEY + 'stage_pinned = "mature"\n'


def policies(rules: Rulebook, pinned: Rulebook) -> list[PolicySpec]:
    """The loop, the same plan without it, the shops that tune by hand, and the textbook."""
    yearly = {"retune_weeks": 52.0}
    return [
        PolicySpec(LOOP, "skuwise", {"loop": 1}),
        PolicySpec(PLAN, "skuwise"),
        PolicySpec(RULES_FROZEN, "skuwise", {"frozen_rules": 1}),
        PolicySpec(RULES_YEARLY, "skuwise", {"frozen_rules": 1, **yearly}),
        PolicySpec(LEVELS_FROZEN, "skuwise", {"frozen_levels": 1}),
        PolicySpec(LEVELS_YEARLY, "skuwise", {"frozen_levels": 1, **yearly}),
        PolicySpec(MATURE, "skuwise", rulebook=pinned),
        PolicySpec(TEXTBOOK, "textbook", rulebook=rules),
    ]


@dataclass(frozen=True)
class Figures:
    """What one policy came to in one world; ``against`` is its cost over the loop's, less one, with its band."""

    policy: str
    cost: float
    against: Difference
    fill_rate: float
    stock_units: float
    left_units: int
    left_value: float
    moves: float
    changes: float


def world_of(name: str, items: int = ITEMS, seed: int = SEED) -> tuple[World, np.ndarray]:
    """Demand (n, T) and the true mean, changes spread over the moments of ``TURNS``; then each item's turn [(n,)]."""
    key, periods = np.arange(items, dtype=np.uint64), HISTORY_WEEKS + JUDGED_WEEKS
    turn = HISTORY_WEEKS + np.array(TURNS)[(np.arange(items) // 8) % len(TURNS)]
    whole = make_world(name, key, periods, seed, change_period=int(turn[0]))
    demand, mean = whole.demand_units.copy(), whole.mean_units.copy()
    for at in np.unique(turn):
        rows = np.flatnonzero(turn == at)
        part = make_world(name, key[rows], periods, seed, change_period=int(at))
        demand[rows], mean[rows] = part.demand_units, part.mean_units
    lead = whole.lead_time_periods
    return World(name, key, demand, mean, whole.change_periods, lead, whole.promised_lead_time_periods), turn


def shop_of(world: World) -> Dataset:
    """The world as the tables of a shop. Launches of the world are launches of the catalogue."""
    items, weeks = world.demand_units.shape
    number, first = np.arange(items), np.datetime64(AS_OF) - 7 * weeks
    sku = np.array([f"S{row:04d}" for row in number])
    ratio, lead = np.array(RATIOS)[number % 2], np.array(LEAD_WEEKS)[number // 2 % 2]
    lot = np.array(LOT_WEEKS)[number // 4 % 2] * np.array([row[row > 0][:26].mean() for row in world.demand_units])
    margin = np.round(ratio * HOLDING_MINOR_PER_WEEK).astype(np.int64)
    item, week = np.nonzero(world.demand_units)
    catalogue = {"sku_id": sku, "category": ratio.astype(str), "unit_price": (UNIT_COST_MINOR + margin) / 100}
    if world.name.startswith("launch"):
        catalogue["launch_date"] = first + 7 * (world.demand_units > 0).argmax(axis=1)
    supply = {
        "sku_id": sku,
        "supplier_id": [f"SUP{weeks}" for weeks in lead],
        "unit_cost": np.full(items, UNIT_COST_MINOR / 100),
        "lead_time_days": 7.0 * lead,
        "moq_units": np.maximum(np.rint(lot), 1).astype(np.int64),
        "order_cost": np.zeros(items),
    }
    sales = {"date": first + 7 * week, "sku_id": sku[item], "units": world.demand_units[item, week]}
    tables = {"skus": pl.DataFrame(catalogue), "supply": pl.DataFrame(supply), "sales": pl.DataFrame(sales)}
    return skuwise.load_dataset(tables, as_of=AS_OF)


def lived(name: str, items: int = ITEMS, seed: int = SEED) -> Replay:
    """One world under every policy."""
    world, _ = world_of(name, items, seed)
    rules = parse_rulebook(MONEY)
    start = AS_OF - timedelta(weeks=JUDGED_WEEKS)
    asked = policies(rules, parse_rulebook(PINNED))
    return skuwise.replay(shop_of(world), asked, rulebook=rules, start=start, seed=seed, reference=PLAN)


def figures(made: Replay) -> list[Figures]:
    """Every policy of a replay beside its first, the loop."""
    years = made.grid.period_count * made.grid.period_days / 365.25 * len(made.judged)
    cost = np.where(made.items.cost_minor < 0, 0, made.items.cost_minor).astype(np.float64)
    value = made.items.closing_on_hand_units * np.maximum(made.judged.unit_cost_minor, 0) / 100
    return [
        Figures(
            policy=name,
            cost=float(cost[k].sum()) / 100,
            against=bootstrap_ratio_difference((cost[0], cost[k]), (cost[k], cost[k]), made.seed),
            fill_rate=float(made.total.fill_rate[k, 0]),
            stock_units=float(made.total.stock_units_mean[k, 0]),
            left_units=int(made.total.closing_on_hand_units[k, 0]),
            left_value=float(value[k].sum()),
            moves=float(made.stage_moves[k].sum() / years),
            changes=float(made.automatic_changes[k].sum() / years),
        )
        for k, name in enumerate(made.names)
    ]


def rows_of(name: str, found: Sequence[Figures]) -> Iterator[str]:
    """Lines of the table of one world."""
    for one in found:
        band = "" if one.policy == found[0].policy else _band(one.against)
        yield (
            f"| {name} | {one.policy} | {one.cost:,.0f} | {band} | {one.fill_rate:.3f} | {one.stock_units:,.0f} | "
            f"{one.left_value:,.0f} | {one.moves:.2f} | {one.changes:.2f} |"
        )


def _band(found: Difference) -> str:
    return f"{_percent(found.mean)} ({_percent(found.low)} to {_percent(found.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}%".replace("-", "−")


HEADER = (
    "| world | policy | cost | loop − this, share of this (95% band) | fill rate | mean stock, units | "
    "left at the end, at cost | stage moves a SKU-year | automatic changes a SKU-year |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|",
)


def main(names: Sequence[str]) -> None:
    print("\n".join(HEADER), flush=True)
    for name in names or WORLDS:
        print("\n".join(rows_of(name, figures(lived(name)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
