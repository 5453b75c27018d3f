"""The end of life: the plan with its stage rules beside the same plan that takes every item for mature.

Items sell steadily, then their demand falls to nothing. Both policies are asked each week with what a shop would know:
its sales, which weeks sold out, its stock and its orders. What is left when nobody buys any more is counted at cost,
beside the share of the demand that was served until then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.young import WEEK_DAYS, Known, Shop, inputs_of
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.periods import PeriodGrid
from skuwise.core.plan import plan
from skuwise.core.rules import Rulebook, built_in_rulebook, parse_rulebook
from skuwise.simulate.shop import opening_stock, result_of_counts, shop_terms, stack_periods
from skuwise.simulate.stepwise import open_shop, step
from skuwise.simulate.worlds import make_world

HISTORY_PERIODS = 70
PERIODS = 60
#: Weeks that are lived before demand turns, and weeks of history before the trend begins.
BEFORE = 10
TREND_FROM = 30
#: With a named end the last day of sale is the end of this week.
NAMED_END = 30
WORLDS = ("decline", "shift_down_100", "trend_down", "named end")
LEAD_TIMES = (2, 6)
#: MOQ as weeks of the first demand.
MOQ_WEEKS = (0, 4)
UNIT_COST_MINOR = 1_000
PRICE_MINOR = 2_000
FIRST_DAY = np.datetime64("2026-01-05")
#: Weeks after the turn in which somebody says that the item declines, for the third policy.
TOLD_AFTER = 8
#: Everything is mature, whatever the data say.
MATURE = '[defaults]\nstage_pinned = "mature"\nfalling_supply_days_max = 3650.0\n'
TOLD = '[defaults]\nstage_pinned = "declining"\n'


@dataclass(frozen=True)
class Case:
    """One world with one lead time and MOQ; ``rows`` are its items in the shop."""

    world: str
    lead: int
    moq_weeks: int
    rows: slice


@dataclass(frozen=True)
class Lived:
    """What was counted, of each item [(n,) each]."""

    asked_units: np.ndarray
    missed_units: np.ndarray
    left_units: np.ndarray
    stock_unit_weeks: np.ndarray


def demand_of(world: str, items: int, seed: int) -> np.ndarray:
    """Demand of history and life [(n, T) units]; of the named end a steady one that is cut off after its day."""
    key, total = np.arange(items, dtype=np.uint64), HISTORY_PERIODS + PERIODS
    if world == "named end":
        demand = make_world("stationary", key, total, seed).demand_units.copy()
        demand[:, HISTORY_PERIODS + NAMED_END :] = 0
        return demand
    if world == "trend_down":
        steady = make_world("stationary", key, TREND_FROM, seed).demand_units
        return np.concatenate([steady, make_world(world, key, total - TREND_FROM, seed).demand_units], axis=1)
    return make_world(world, key, total, seed, change_period=HISTORY_PERIODS + BEFORE).demand_units


def shop_of(items: int, seed: int, worlds: tuple[str, ...] = WORLDS) -> tuple[Shop, list[Case]]:
    """Every world with every lead time and MOQ as one shop, and which rows are which."""
    cases: list[Case] = []
    demands, leads, moqs = [], [], []
    for world in worlds:
        demand = demand_of(world, items, seed)
        first = np.maximum(demand[:, :TREND_FROM].mean(axis=1), 1.0)
        for lead_weeks in LEAD_TIMES:
            for weeks in MOQ_WEEKS:
                start = items * len(cases)
                cases.append(Case(world, lead_weeks, weeks, slice(start, start + items)))
                demands.append(demand)
                leads.append(np.full(items, lead_weeks))
                moqs.append(np.round(weeks * first).astype(np.int64))
    demand, lead = np.concatenate(demands), np.concatenate(leads)
    moq = np.concatenate(moqs)
    n = len(demand)
    recent = np.ceil(demand[:, HISTORY_PERIODS - 10 : HISTORY_PERIODS].mean(axis=1) * (lead + 2)).astype(np.int64)
    return Shop(
        world="all",
        demand_units=demand,
        promised_periods=lead,
        ratio=np.ones(n, dtype=np.int64),
        terms=shop_terms(n, lead_time_periods=lead, moq_units=moq),
        opening=opening_stock(n, recent),
        periods=PERIODS,
        items=items,
    ), cases


def known_inputs(shop: Shop, known: Known, ends: np.ndarray) -> PlanInputs:
    """What a shop knows; ``ends`` [(n,) date] are the named days of the end."""
    made = inputs_of(shop, known)
    n = len(ends)
    now = known.ordered_units.shape[1]
    return replace(
        made,
        attributes=replace(
            made.attributes, unit_price_minor=np.full(n, PRICE_MINOR), end_of_life_date=ends.astype("datetime64[D]")
        ),
        history=replace(
            made.history,
            grid=PeriodGrid(FIRST_DAY + np.timedelta64(WEEK_DAYS * now, "D"), WEEK_DAYS, known.seen_units.shape[1]),
        ),
        supply=replace(
            made.supply,
            unit_cost_minor=np.full(n, UNIT_COST_MINOR),
            moq_units=shop.terms.moq_units,
            lead_time_days_sd=np.zeros(n),
        ),
    )


def ends_of(shop: Shop, cases: list[Case], *, told: bool) -> np.ndarray:
    """The day of the end, where there is a named one and somebody told it [(n,) date]."""
    ends = np.full(len(shop.demand_units), np.datetime64("NaT"), dtype="datetime64[D]")
    for case in cases:
        if case.world == "named end" and told:
            ends[case.rows] = FIRST_DAY + np.timedelta64(WEEK_DAYS * NAMED_END - 1, "D")
    return ends


def live(shop: Shop, rulebook: Rulebook, ends: np.ndarray, then: Rulebook | None = None) -> Lived:
    """All weeks under one rulebook, or another one from ``TOLD_AFTER`` weeks after the turn on."""
    state, counts = open_shop(shop.terms, shop.opening), []
    n = len(shop.demand_units)
    seen = shop.demand_units[:, :HISTORY_PERIODS].copy()
    sold_out = np.zeros(seen.shape, dtype=bool)
    ordered = np.zeros((n, 0), dtype=np.int64)
    demand, lead = shop.demand_units[:, HISTORY_PERIODS:], shop.terms.lead_time_periods[:, 0]
    for t in range(shop.periods):
        arrived = np.arange(t)[None, :] + lead[:, None] <= t
        known = Known(seen, sold_out, ordered, arrived, state.on_hand_units[0], state.on_order_units[0])
        rules = then if then is not None and t >= BEFORE + TOLD_AFTER else rulebook
        order = plan(known_inputs(shop, known, ends), rules).columns["order_quantity_units"]
        there = state.on_hand_units[0]
        state, counted = step(state, order[None], demand[:, t], shop.terms)
        counts.append(counted)
        ordered = np.column_stack([ordered, order])
        seen = np.column_stack([seen, np.minimum(demand[:, t], there)])
        sold_out = np.column_stack([sold_out, demand[:, t] > there])
    every = stack_periods(counts)
    run = result_of_counts(every, demand, shop.terms, shop.opening)
    return Lived(
        demand.sum(axis=1),
        run.lost_units[0],
        run.closing_on_hand_units[0] + run.in_transit_units[0],
        run.stock_unit_periods[0],
    )


def compare(items: int, seed: int, worlds: tuple[str, ...] = WORLDS) -> list[tuple[Case, list[Lived]]]:
    """Each case under the mature policy, the built-in rules, and these where the decline is told."""
    shop, cases = shop_of(items, seed, worlds)
    ends = ends_of(shop, cases, told=True)
    runs = [
        live(shop, parse_rulebook(MATURE), ends_of(shop, cases, told=False)),
        live(shop, built_in_rulebook(), ends),
        live(shop, built_in_rulebook(), ends, parse_rulebook(TOLD)),
    ]
    # Where the catalogue names the end there is nothing more to tell.
    of_named = [runs[0], runs[1], runs[1]]
    return [
        (case, [Lived(*(getattr(run, name)[case.rows] for name in Lived.__dataclass_fields__)) for run in of_case])
        for case in cases
        for of_case in [of_named if case.world == "named end" else runs]
    ]


def line(name: str, cases: list[list[Lived]]) -> str:
    """One row of the table: what is left, the share that was served, and what both cost, under each policy."""
    left, served, cost = [], [], []
    for policy in range(3):
        lived = [case[policy] for case in cases]
        asked, missed, units = (
            float(sum(getattr(one, field).sum() for one in lived))
            for field in ("asked_units", "missed_units", "left_units")
        )
        items = sum(len(one.left_units) for one in lived)
        left.append(units * UNIT_COST_MINOR / 100 / items)
        served.append(1 - missed / asked)
        cost.append((missed * (PRICE_MINOR - UNIT_COST_MINOR) + units * UNIT_COST_MINOR) / 100 / items)
    ratios = [value / max(left[0], 1e-9) for value in left[1:]]
    cells = [f"{value:,.0f}" for value in left] + [f"{value:.2f}" for value in ratios]
    cells += [f"{100 * value:.1f}%" for value in served] + [f"{value:,.0f}" for value in cost]
    return f"| {name} | {' | '.join(cells)} |"


def table(items: int = 40, seed: int = 11) -> str:
    """Every world, lead time and MOQ, and the sums; Markdown."""
    policies = ("mature", "stage rules", "told")
    titles = [
        *("world", "lead time, weeks", "MOQ, weeks"),
        *(f"left, {name}" for name in policies),
        *(f"ratio, {name}" for name in policies[1:]),
        *(f"served, {name}" for name in policies),
        *(f"cost, {name}" for name in policies),
    ]
    lines = [f"| {' | '.join(titles)} |", f"|---|{'--:|' * (len(titles) - 1)}"]
    found = compare(items, seed)
    lines += [line(f"{case.world} | {case.lead} | {case.moq_weeks}", [runs]) for case, runs in found]
    for world in WORLDS:
        lines.append(line(f"**{world}** | all | all", [runs for case, runs in found if case.world == world]))
    lines.append(line("**all** | all | all", [runs for _, runs in found]))
    return "\n".join(lines)


def section(items: int = 40) -> str:
    """The whole benchmark as a section of the results."""
    return "\n".join(
        [
            "## End of life: what is left, and who was served",
            "",
            f"{items} items a case, {HISTORY_PERIODS} weeks of history and {PERIODS} weeks lived, asked each week; the "
            "shop sees sales and which weeks sold out; unmet demand is lost; price 20, cost 10. Demand falls to zero "
            f"over 20 weeks from week {BEFORE} on (decline), ends at once in week {BEFORE} (shift_down_100: nobody can "
            "know it before), falls by 60% of its first mean a year until nothing is left (trend_down), or is steady "
            f"until a day that the catalogue names, after week {NAMED_END} (named end; the mature policy is not told). "
            "The mature policy is the same plan with every item pinned to mature. Stage rules: the built-in rules, "
            "with the stage as the plan finds it. Told: the same, and a person pins the stage declining "
            f"{TOLD_AFTER} weeks after the turn, which parts what the rules do from how soon a decline is seen. "
            "Left: units on hand and on order at the end × cost, an item; ratio: to that of the mature policy; "
            "served: share of the units asked for; cost: lost margin + what is left at cost, an item.",
            "",
            table(items),
        ]
    )


def main() -> None:
    print(section())


if __name__ == "__main__":
    main()
