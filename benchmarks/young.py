"""Young and shifting demand: Skuwise beside base stock on generated worlds, with five periods of history.

Each item lives through every lead time and cost ratio with the same demand and the same luck of its suppliers. Both
policies are asked each period with what a shop would know by then; the profit of each item is taken as a share of that
of perfect foresight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

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
from skuwise.core.plan import plan
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.simulate.scores import perfect_foresight, profit_share
from skuwise.simulate.shop import (
    Opening,
    ShopTerms,
    SimulationResult,
    UnitCounts,
    opening_stock,
    result_of_counts,
    shop_terms,
    stack_periods,
)
from skuwise.simulate.stepwise import open_shop, step
from skuwise.simulate.supply import NEVER
from skuwise.simulate.worlds import make_world

HISTORY_PERIODS = 5
PERIODS = 50
STATIONARY = ("stationary_poisson", "stationary", "stationary_erratic", "fast_stationary", "intermittent", "lumpy")
SHIFTING = (
    *("shift_up_20", "shift_down_20", "shift_up_50", "shift_down_50", "shift_up_100", "shift_down_100"),
    *("several_shifts", "ramp_up", "decline", "launch", "fast_shift_up_50", "fast_shift_down_50"),
)
OTHER = ("trend_up", "trend_down", "seasonal", "spike", "hole")
#: Name of the lead time, what it may be, and what the supplier promises.
LEAD_TIMES = (("0", (0,), 0), ("4", (4,), 4), ("1, 2, 3, never", (1, 2, 3, NEVER), 2))
RATIOS = (1, 4, 19)
#: A buyer strikes an order off the books after so many periods: by default when it can no longer arrive.
WRITTEN_OFF_AFTER = 3
HOLDING_MINOR = 100
WEEK_DAYS = 7
FIRST_DAY = np.datetime64("2026-01-05")
#: Holding of one unit and period: its cost × its share a year × 7 ÷ 365.
UNIT_COST_MINOR = round(HOLDING_MINOR * 365 / WEEK_DAYS)


@dataclass(frozen=True)
class Known:
    """What a buyer knows when an order is due: (n, t) what was seen and ordered so far, (n,) what is there now.

    ``arrived`` (n, t): which of the orders placed came in. ``sold_out`` marks periods whose sales hide demand.
    """

    seen_units: np.ndarray
    sold_out: np.ndarray
    ordered_units: np.ndarray
    arrived: np.ndarray
    on_hand_units: np.ndarray
    on_order_units: np.ndarray


@dataclass(frozen=True)
class Shop:
    """One world: its items once for each lead time and ratio, in this order."""

    world: str
    demand_units: np.ndarray
    promised_periods: np.ndarray
    ratio: np.ndarray
    terms: ShopTerms
    opening: Opening
    periods: int
    items: int


Policy = Callable[[Shop, Known], np.ndarray]


def shop_of(
    world: str, items: int, periods: int = PERIODS, seed: int = 1, written_off_after: int = WRITTEN_OFF_AFTER
) -> Shop:
    """The shop of a world; the change of level falls into the middle of the run."""
    key = np.arange(items, dtype=np.uint64)
    total = HISTORY_PERIODS + periods
    worlds = [make_world(world, key, total, seed, lead_times=lead) for _, lead, _ in LEAD_TIMES for _ in RATIOS]
    lead = np.concatenate([made.lead_time_periods[:, HISTORY_PERIODS:] for made in worlds])
    promised = np.repeat([promise for _, _, promise in LEAD_TIMES], len(RATIOS) * items)
    random = np.repeat([NEVER in lead for _, lead, _ in LEAD_TIMES], len(RATIOS) * items)
    terms = shop_terms(
        len(lead),
        lead_time_periods=lead,
        written_off_after_periods=np.where(random, written_off_after, np.maximum(promised, 1)),
    )
    return Shop(
        world=world,
        demand_units=np.concatenate([made.demand_units for made in worlds]),
        promised_periods=promised,
        ratio=np.tile(np.repeat(RATIOS, items), len(LEAD_TIMES)),
        terms=terms,
        opening=opening_stock(len(lead)),
        periods=periods,
        items=items,
    )


def live(shop: Shop, policy: Policy, *, sees_demand: bool = True) -> np.ndarray:
    """Profit of each item as a share of perfect foresight's [(lead times, ratios, items)]; NaN where that is none."""
    run, _ = run_of(shop, policy, sees_demand=sees_demand)
    n = len(shop.demand_units)
    margin, holding = shop.ratio * HOLDING_MINOR, np.full(n, HOLDING_MINOR)
    best = perfect_foresight(shop.demand_units[:, HISTORY_PERIODS:], shop.terms, shop.opening, margin, holding)
    return profit_share(run, best, margin, holding)[0].reshape(len(LEAD_TIMES), len(RATIOS), shop.items)


def run_of(shop: Shop, policy: Policy, *, sees_demand: bool = True) -> tuple[SimulationResult, UnitCounts]:
    """The run of a shop under a policy, and what it counted in each period."""
    state, counts = open_shop(shop.terms, shop.opening), []
    n = len(shop.demand_units)
    seen = shop.demand_units[:, :HISTORY_PERIODS].copy()
    sold_out = np.zeros(seen.shape, dtype=bool)
    ordered = np.zeros((n, 0), dtype=np.int64)
    demand = shop.demand_units[:, HISTORY_PERIODS:]
    lead = shop.terms.lead_time_periods
    for t in range(shop.periods):
        arrived = (lead[:, :t] != NEVER) & (np.arange(t) + lead[:, :t] <= t)
        known = Known(seen, sold_out, ordered, arrived, state.on_hand_units[0], state.on_order_units[0])
        order = policy(shop, known)
        there = state.on_hand_units[0] + np.where(lead[:, t] == 0, order, 0)
        state, counted = step(state, order[None], demand[:, t], shop.terms)
        counts.append(counted)
        ordered = np.column_stack([ordered, order])
        seen = np.column_stack([seen, demand[:, t] if sees_demand else np.minimum(demand[:, t], there)])
        sold_out = np.column_stack([sold_out, (demand[:, t] >= there) & (not sees_demand)])
    all_counts = stack_periods(counts)
    return result_of_counts(all_counts, demand, shop.terms, shop.opening), all_counts


def base_stock(shop: Shop, known: Known) -> np.ndarray:
    """Order up to mean × (L + 1) + z × sd × √(L + 1): all that was seen, the promised lead time, z at the ratio."""
    interval = shop.promised_periods + 1
    mean, sd = known.seen_units.mean(axis=1), known.seen_units.std(axis=1, ddof=1)
    level = mean * interval + ndtri(shop.ratio / (shop.ratio + 1)) * sd * np.sqrt(interval)
    missing = np.ceil(level - known.on_hand_units - known.on_order_units - 1e-9)
    return np.maximum(missing, 0).astype(np.int64)


def skuwise(shop: Shop, known: Known) -> np.ndarray:
    """The plan's orders with the money measure; orders that did not arrive stay open, overdue."""
    return plan(inputs_of(shop, known), money_rules()).columns["order_quantity_units"]


def money_rules(settings: str = "") -> Rulebook:
    """Shortage cost by the item's ratio, kept as its brand; nothing else holds an order back."""
    rules = [
        f"""[[rule]]
name = "Shortage {ratio} times holding"
layer = "segment"
when = {{ brand = "{ratio}" }}
set = {{ service_measure = "cost", shortage_cost_minor = {ratio * HOLDING_MINOR}, holding_cost_share_per_year = 1.0, \
unmet_demand = "lost", review_period_days = 7, reorder_allowed = true, max_supply_days = 3650.0, \
safety_stock_days_max = 3650.0, safety_stock_units_min = 0{settings} }}
reason = "money decides"
"""
        for ratio in RATIOS
    ]
    return parse_rulebook("\n".join(rules))


def inputs_of(shop: Shop, known: Known) -> PlanInputs:
    """What is known, as a plan's inputs; a period is a week."""
    n, periods = known.seen_units.shape
    zero, unknown_day = np.zeros(n, dtype=np.int64), np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    nothing = np.broadcast_to(np.zeros((1, 1), dtype=np.int64), (n, periods))
    sku = np.array([f"{i:06d}" for i in range(n)])
    one = Labels(zero, ("(none)",))
    now = known.ordered_units.shape[1]
    item, placed = np.nonzero((known.ordered_units > 0) & ~known.arrived)
    age = now - placed
    return PlanInputs(
        ItemIndex(sku, np.full(n, "MAIN"), np.arange(n, dtype=np.uint64)),
        ItemAttributes(
            product=labels_of(sku),
            name=sku,
            category=one,
            brand=labels_of(shop.ratio.astype(str)),
            supplier=one,
            criticality=Labels(zero, ("standard",)),
            unit_price_minor=np.full(n, 4 * UNIT_COST_MINOR),
            launch_date=unknown_day,
            end_of_life_date=unknown_day,
            successor_sku_id=np.full(n, ""),
            is_bundle=np.zeros(n, dtype=bool),
        ),
        History(
            grid=PeriodGrid(FIRST_DAY + np.timedelta64(WEEK_DAYS * now, "D"), WEEK_DAYS, periods),
            sales_units=known.seen_units,
            in_stock_share=np.where(known.sold_out, 0, 1).astype(np.float32),
            availability_known=np.ones(n, dtype=bool),
            promotion_share=np.zeros((n, periods), dtype=np.float32),
            returned_units=nothing,
            received_units=nothing,
            on_hand_units_mean=np.full((n, periods), np.nan, dtype=np.float32),
        ),
        SupplyTerms(
            lead_time_days_mean=WEEK_DAYS * shop.promised_periods.astype(np.float64),
            lead_time_days_sd=np.zeros(n),
            lead_time_observations=zero,
            moq_units=zero,
            order_multiple_units=np.ones(n, dtype=np.int64),
            unit_cost_minor=np.full(n, UNIT_COST_MINOR),
            order_cost_minor=zero,
            undelivered_share=np.full(n, np.nan),
            source_row=zero,
        ),
        StockState(known.on_hand_units, zero, zero, np.ones(n, dtype=bool), zero),
        OpenOrders(
            item=item,
            units=known.ordered_units[item, placed],
            due_days=WEEK_DAYS * (shop.promised_periods[item] - age),
            ordered_days_ago=WEEK_DAYS * age,
            order_id=np.full(len(item), "PO"),
            source_row=np.zeros(len(item), dtype=np.int64),
        ),
        FillCounts(zero, zero, zero, zero, zero, zero, 0, 0),
        "USD",
    )


def labels_of(names: np.ndarray) -> Labels:
    distinct, codes = np.unique(names, return_inverse=True)
    return Labels(codes.astype(np.int64), tuple(str(name) for name in distinct))


def shares(
    worlds: Sequence[str], policy: Policy, items: int, periods: int, *, sees_demand: bool = True, **shop: int
) -> np.ndarray:
    """Mean profit share of each world, lead time and ratio [(worlds, lead times, ratios)]."""
    return np.array(
        [
            np.nanmean(live(shop_of(world, items, periods, **shop), policy, sees_demand=sees_demand), axis=2)
            for world in worlds
        ]
    )


def table(items: int = 40, periods: int = PERIODS, *, sees_demand: bool = True, every_row: bool = True) -> str:
    """Both policies on every world, lead time and ratio, and their means; Markdown."""
    shown = "demand" if sees_demand else "sales, and which periods sold out"
    lines = [
        f"### {periods} periods, the shop sees {shown}",
        "",
        "| world | lead time | shortage : holding | base stock | Skuwise |",
        "|---|---|--:|--:|--:|",
    ]
    for group, worlds in (("stationary", STATIONARY), ("shifting", SHIFTING), ("other", OTHER)):
        base, ours = (
            shares(worlds, policy, items, periods, sees_demand=sees_demand) for policy in (base_stock, skuwise)
        )
        for w, world in enumerate(worlds if every_row else ()):
            for index, (name, _, _) in enumerate(LEAD_TIMES):
                lines += [
                    f"| {world} | {name} | {ratio} | {base[w, index, r]:.3f} | {ours[w, index, r]:.3f} |"
                    for r, ratio in enumerate(RATIOS)
                ]
        for index, (name, _, _) in enumerate(LEAD_TIMES):
            lines.append(f"| **{group}** | {name} | all | {base[:, index].mean():.3f} | {ours[:, index].mean():.3f} |")
        for r, ratio in enumerate(RATIOS):
            lines.append(f"| **{group}** | all | {ratio} | {base[..., r].mean():.3f} | {ours[..., r].mean():.3f} |")
        lines.append(f"| **{group}** | all | all | **{base.mean():.3f}** | **{ours.mean():.3f}** |")
    return "\n".join(lines)


def section(items: int = 40) -> str:
    """The whole benchmark as a section of the results."""
    parts = [
        "## Young and shifting demand: mean profit as a share of perfect foresight",
        "",
        f"{HISTORY_PERIODS} periods of history, empty shelves, an order each period, unmet demand is lost; {items} "
        "items a world, the same for every lead time and ratio. Lead time 1, 2, 3 or never: 2 is promised; base stock "
        "strikes an order off its books when it can no longer arrive, Skuwise has to see that for itself. A share "
        "below zero is a loss.",
        "",
    ]
    for periods, sees_demand, every_row in ((PERIODS, True, True), (20, True, False), (PERIODS, False, False)):
        parts += [table(items, periods, sees_demand=sees_demand, every_row=every_row), ""]
    return "\n".join(parts).rstrip()


def main() -> None:
    print(section())


if __name__ == "__main__":
    main()
