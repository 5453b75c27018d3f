"""The closed loop beside shops that tune by hand: generated worlds with known changes, and a real shop, lived again.

Every world is a shop of 128 items: three years of history and two years that are judged. An eighth of the items has
each mix of lead time (2 or 4 weeks), lot (none or four weeks of demand) and shortage cost (4 or 19 times the cost of
holding a unit for a week). Changes fall at eight moments of the judged years. All policies are the same plan under the
same rules; they differ in what is made anew, and when.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from tests.realdata import adapters

import skuwise
from skuwise import Dataset, PolicySpec
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.replaying.result import Replay
from skuwise.simulate.scores import Difference, bootstrap_ratio_difference
from skuwise.simulate.worlds import World, make_world

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
GIFT_SHOP = DATA / "online_retail" / "order_lines_2009-12-01_2011-09-04.parquet"
AS_OF = date(2026, 3, 2)
ITEMS, HISTORY_WEEKS, JUDGED_WEEKS = 128, 156, 104
SEED = 2026
#: Weeks of the judged years in which the changes of a world begin.
TURNS = (4, 10, 16, 22, 28, 36, 44, 52)
LEAD_WEEKS, LOT_WEEKS, RATIOS = (2, 4), (0, 4), (4, 19)
UNIT_COST_MINOR, HOLDING_SHARE = 2_000, 2.0
HOLDING_MINOR_PER_WEEK = UNIT_COST_MINOR * HOLDING_SHARE * 7 / 365
#: The worlds by what is asked of them.
GROUPS = {
    "nothing changes": (
        *("stationary_poisson", "stationary", "stationary_erratic", "smooth_stationary"),
        *("intermittent", "lumpy", "slow_poisson", "seasonal", "spike"),
    ),
    "demand changes": (
        *("shift_up_20", "shift_down_20", "shift_up_50", "shift_down_50", "shift_up_100", "several_shifts"),
        *("ramp_up", "smooth_shift_up_50", "smooth_shift_down_50", "intermittent_shift_up_100", "season_moves"),
        *("volatility_up", "volatility_down", "trend_up"),
    ),
    "demand ends": ("slow_decline", "decline", "shift_down_100", "intermittent_end"),
    "items are launched": ("launch",),
}

LOOP, PLAN = "loop", "plan alone"
RULES_FROZEN, RULES_YEARLY = "rules frozen", "rules yearly"
LEVELS_FROZEN, LEVELS_YEARLY = "levels frozen", "levels yearly"
MATURE, TEXTBOOK = "always mature", "textbook"

#: The shop's own rules: money decides how much stock there is; stages and classes keep their caps and reviews.
MONEY = f"""[defaults]
service_measure = "cost"
holding_cost_share_per_year = {HOLDING_SHARE}
"""
#: Every item is taken for mature, and nothing is held back because its demand falls.
PINNED = 'stage_pinned = "mature"\nfalling_supply_days_max = 3650.0\n'


def policies(pinned: Rulebook) -> list[PolicySpec]:
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
        PolicySpec(TEXTBOOK, "textbook"),
    ]


@dataclass(frozen=True)
class Figures:
    """What one policy came to in one world; ``against`` is its cost over the loop's, less one, with its band."""

    policy: str
    cost: float
    against: Difference
    fill_rate: float
    left_value: float
    moves: float
    changes: float


def world_of(name: str, items: int = ITEMS, seed: int = SEED) -> tuple[World, np.ndarray]:
    """Demand (n, T) and the true mean, changes spread over the moments of ``TURNS``; then each item's turn [(n,)]."""
    key, periods = np.arange(items, dtype=np.uint64), HISTORY_WEEKS + JUDGED_WEEKS
    turn = HISTORY_WEEKS + np.array(TURNS)[(np.arange(items) // 16) % len(TURNS)]
    whole = make_world(name, key, periods, seed, change_period=int(turn[0]))
    demand, mean = whole.demand_units.copy(), whole.mean_units.copy()
    for at in np.unique(turn):
        rows = np.flatnonzero(turn == at)
        part = make_world(name, key[rows], periods, seed, change_period=int(at))
        demand[rows], mean[rows] = part.demand_units, part.mean_units
    if name == "launch":
        # Half of the shop has been sold all along: a launch into an empty shop teaches nothing.
        old = np.flatnonzero(~_launched(np.arange(items)))
        steady = make_world("stationary", key[old], periods, seed)
        demand[old], mean[old] = steady.demand_units, steady.mean_units
    lead = whole.lead_time_periods
    return World(name, key, demand, mean, whole.change_periods, lead, whole.promised_lead_time_periods), turn


def _launched(number: np.ndarray) -> np.ndarray:
    """Which items of the world of launches are launched, by their number [(n,)]."""
    launched: np.ndarray = number % 16 < 8
    return launched


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
    asked = policies(parse_rulebook(MONEY + PINNED))
    return skuwise.replay(shop_of(world), asked, rulebook=rules, start=start, seed=seed, reference=PLAN)


def figures(made: Replay, rows: np.ndarray | slice = slice(None)) -> list[Figures]:
    """Every policy of a replay beside its first, the loop, over some of the items."""
    items = made.items
    cost = np.where(items.cost_minor < 0, 0, items.cost_minor).astype(np.float64)[:, rows]
    value = (items.closing_on_hand_units * np.maximum(made.judged.unit_cost_minor, 0) / 100)[:, rows]
    filled, demanded = items.filled_units[:, rows], items.demanded_units[:, rows]
    years = made.grid.period_count * made.grid.period_days / 365.25 * cost.shape[1]
    return [
        Figures(
            policy=name,
            cost=float(cost[k].sum()) / 100,
            against=bootstrap_ratio_difference((cost[0], cost[k]), (cost[k], cost[k]), made.seed),
            fill_rate=float(filled[k].sum() / demanded[k].sum()),
            left_value=float(value[k].sum()),
            moves=float(made.stage_moves[k, rows].sum() / years),
            changes=float(made.automatic_changes[k, rows].sum() / years),
        )
        for k, name in enumerate(made.names)
    ]


def gift_shop() -> Replay:
    """The wholesaler of gifts, under the built-in rules; what it pays and how long it waits is generated."""
    tables = adapters.online_retail_two_years(GIFT_SHOP)
    dataset = skuwise.load_dataset(tables, as_of=adapters.AS_OF["online_retail_two_years"])
    pinned = parse_rulebook(f"[defaults]\n{PINNED}")
    return skuwise.replay(dataset, policies(pinned), reference=PLAN)


def cost_table(worlds: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """The cost of the loop beside every other policy, one world a line."""
    others = [one.policy for one in next(iter(worlds.values()))[1:]]
    yield f"| world | cost of the loop | {' | '.join(others)} |"
    yield "|---|--:|" + "--:|" * len(others)
    for name, found in worlds.items():
        yield f"| {name} | {found[0].cost:,.0f} | {' | '.join(_band(one.against) for one in found[1:])} |"


SERVICE_OF = (LOOP, PLAN, RULES_FROZEN, MATURE, TEXTBOOK)


def service_table(worlds: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """Service, stock left over and how often something moved."""
    kept = [f"{what}: {name}" for what in ("fill rate", "left at cost") for name in SERVICE_OF]
    yield f"| world | {' | '.join(kept)} | stage moves a SKU-year: loop | plan alone | rules changed by the loop |"
    yield "|---|" + "--:|" * (len(kept) + 3)
    for name, found in worlds.items():
        by_name = {one.policy: one for one in found}
        cells = [f"{by_name[policy].fill_rate:.3f}" for policy in SERVICE_OF]
        cells += [f"{by_name[policy].left_value:,.0f}" for policy in SERVICE_OF]
        cells += [f"{by_name[policy].moves:.2f}" for policy in (LOOP, PLAN)]
        yield f"| {name} | {' | '.join(cells)} | {found[0].changes:.2f} |"


def summary(group: str, worlds: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """Mean and worst world of a group against each way of tuning."""
    for at, policy in enumerate(next(iter(worlds.values()))[1:], start=1):
        against = {name: found[at].against for name, found in worlds.items()}
        worst = max(against, key=lambda name: against[name].mean)
        mean = sum(one.mean for one in against.values()) / len(against)
        yield (
            f"| {group} | {policy.policy} | {_percent(mean)} | {sum(one.high < 0 for one in against.values())} | "
            f"{sum(one.low > 0 for one in against.values())} | {worst}: {_band(against[worst])} |"
        )


def of_world(name: str) -> list[Figures]:
    """The figures of a world; of the launches alone where it is theirs."""
    made = lived(name)
    if name != "launch":
        return figures(made)
    number = np.array([int(sku[1:]) for sku in made.judged.sku_id])
    return figures(made, np.flatnonzero(_launched(number)))


def measured(names: Sequence[str]) -> dict[str, list[Figures]]:
    """The figures of each world, told as they come."""
    found = {}
    for name in names:
        found[name] = of_world(name)
        _tell(f"{name}: " + ", ".join(f"{one.policy} {_percent(one.against.mean)}" for one in found[name][1:]))
    return found


def section(data: Path = GIFT_SHOP) -> str:
    """The whole benchmark as a section of the results."""
    by_group = {group: measured(names) for group, names in GROUPS.items()}
    every = {name: found for worlds in by_group.values() for name, found in worlds.items()}
    lines = [
        "## Closed loop: rules that change by themselves beside rules that are tuned by hand",
        "",
        f"{len(every)} generated worlds of {ITEMS} items, {HISTORY_WEEKS} weeks of history and {JUDGED_WEEKS} weeks "
        "judged by `skuwise.replay`; lead time 2 and 4 weeks, lots of none and four weeks of demand, a unit short "
        "costs 4 and 19 times what holding one for a week does. Changes begin at eight moments of the judged weeks. "
        "All policies but the textbook are the same plan under the same rules, and all but the two with frozen levels "
        "forecast anew each week. *plan alone* moves stages by itself and has no monitors; *rules frozen* keeps class, "
        "stage and rule values of the first day, *levels frozen* reorder points and order-up-to levels too, *yearly* "
        "sets them anew after 52 weeks; *always mature* knows no stages. Each figure is the cost of the loop (holding, "
        "lost margin, orders) less that of the other, as a share of the other's: minus is what the loop saves, in "
        "brackets the 95% band over items.",
        "",
        "| worlds | against | mean | loop cheaper, sure | dearer, sure | worst world of the loop |",
        "|---|---|--:|--:|--:|---|",
    ]
    for group, worlds in by_group.items():
        lines += summary(group, worlds)
    for group, worlds in by_group.items():
        lines += ["", f"### Worlds in which {group}: cost", "", *cost_table(worlds)]
    lines += ["", "### Service, stock left at the end, and what moved", "", *service_table(every)]
    if data.exists():
        made = gift_shop()
        shop = {"gift shop": figures(made)}
        lines += [
            "",
            f"### A real shop: {len(made.judged):,} gifts sold wholesale, {made.grid.period_count} weeks judged",
            "",
            "Built-in rules. Supply terms and costs are generated: only what the policies differ by says something.",
            "",
            *cost_table(shop),
            "",
            *service_table(shop),
        ]
    else:
        _tell(f"The real shop is left out: there is no {data}")
    return "\n".join(lines)


def _band(found: Difference) -> str:
    return f"{_percent(found.mean)} ({_percent(found.low)} to {_percent(found.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}%".replace("-", "−")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(names: Sequence[str]) -> None:
    """Some worlds by name, or everything."""
    if not names:
        print(section())
        return
    found = measured(names)
    print("\n".join([*cost_table(found), "", *service_table(found)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
