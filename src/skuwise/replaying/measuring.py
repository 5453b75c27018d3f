"""What each policy reached: counts of a run to measures by item, segment and in total, and how far apart they are.

Units and money are summed as whole numbers, so a segment is exactly the sum of its items; shares and means are taken
from the sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.periods import DAYS_PER_YEAR, PeriodGrid
from skuwise.core.quantities import currency_decimals
from skuwise.replaying.result import Comparison, Measures, Replay, RunOfTime, Segment
from skuwise.simulate.scores import Difference, bootstrap_difference, bootstrap_ratio_difference, in_words
from skuwise.simulate.shop import Opening, ShopTerms, UnitCounts, result_of_counts

#: Columns by which items are divided, as they stood at the start of the window.
SEGMENTED_BY = ("abc_class", "pattern", "stage", "category", "supplier_id")
DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Money:
    """Price, unit cost and cost of an order line [(n,) minor; −1 unknown], of a unit short and of a unit held a period.

    ``shortage_minor`` is what the rules say that a unit short costs, else its margin; NaN where neither is known.
    """

    unit_price_minor: IntArray
    unit_cost_minor: IntArray
    order_cost_minor: IntArray
    shortage_minor: FloatArray
    holding_minor_per_period: FloatArray

    @property
    def known(self) -> BoolArray:
        """Where both sides of the cost can be told [(n,)]."""
        known: BoolArray = ~np.isnan(self.shortage_minor) & (self.unit_cost_minor >= 0)
        return known

    @property
    def margin_minor(self) -> IntArray:
        priced = (self.unit_price_minor >= 0) & (self.unit_cost_minor >= 0)
        return np.where(priced, np.maximum(self.unit_price_minor - self.unit_cost_minor, 0), 0)

    def of(self, rows: IntArray) -> Money:
        return Money(*(getattr(self, field.name)[rows] for field in fields(Money)))


def money_of(columns: Mapping[str, Any], unit_cost_share_assumed: float | None) -> Money:
    """Money as of the end of the window; an unknown cost may be assumed as a share of the price."""
    price, cost = columns["unit_price_minor"], columns["unit_cost_minor"]
    if unit_cost_share_assumed is not None:
        assumed = np.floor(price * unit_cost_share_assumed + 0.5).astype(np.int64)
        cost = np.where((cost < 0) & (price >= 0), assumed, cost)
    holding = columns["holding_cost_share_per_year"] * columns["period_days"] / DAYS_PER_YEAR
    margin = np.where((price >= 0) & (cost >= 0), np.maximum(price - cost, 0).astype(np.float64), np.nan)
    named = columns["shortage_cost_minor"]
    shortage = np.where(named >= 0, named, margin * columns["shortage_cost_share_of_margin"])
    return Money(price, cost, columns["order_cost_minor"], shortage, np.where(cost >= 0, holding * cost, 0.0))


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Whole numbers of K policies and n items over the window [(K, n) each] from which every measure is made."""

    demanded: IntArray
    estimated: IntArray
    filled: IntArray
    missed: IntArray
    sold: IntArray
    stock_unit_periods: IntArray
    orders: IntArray
    ordered: IntArray
    received: IntArray
    never_arrived: IntArray
    in_transit: IntArray
    closing: IntArray
    cycles: IntArray
    spoilt_cycles: IntArray

    def of(self, rows: IntArray) -> ItemCounts:
        return ItemCounts(*(getattr(self, field.name)[:, rows] for field in fields(ItemCounts)))

    def beside(self, other: ItemCounts) -> ItemCounts:
        """These policies and then the other's, over the same items."""
        return ItemCounts(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(ItemCounts))
        )


def item_counts(
    counts: UnitCounts, demand: IntArray, estimated: IntArray, terms: ShopTerms, opening: Opening
) -> ItemCounts:
    """Totals of each policy and item, policy by policy to keep memory small."""
    results = [
        result_of_counts(one_policy(counts, k), demand, terms, opening) for k in range(len(counts.on_hand_units))
    ]

    def of(name: str) -> IntArray:
        return np.concatenate([getattr(result, name) for result in results])

    demanded = of("demanded_units")
    return ItemCounts(
        demanded=demanded,
        estimated=np.broadcast_to(estimated.sum(axis=1), demanded.shape).astype(np.int64),
        filled=of("filled_units"),
        missed=of("lost_units") + of("backordered_units"),
        sold=of("sold_units"),
        stock_unit_periods=of("stock_unit_periods"),
        orders=of("orders_placed"),
        ordered=of("ordered_units"),
        received=of("received_units"),
        never_arrived=of("never_arrived_units"),
        in_transit=of("in_transit_units"),
        closing=of("closing_on_hand_units"),
        cycles=of("cycles"),
        spoilt_cycles=of("cycles_with_stockout"),
    )


def one_policy(counts: UnitCounts, policy: int) -> UnitCounts:
    """The counts of one policy alone, in the engine's own type [(1, n, T) each]."""
    return UnitCounts(*(getattr(counts, f.name)[policy : policy + 1].astype(np.int64) for f in fields(UnitCounts)))


def measures(items: ItemCounts, money: Money, group: IntArray, groups: int, grid: PeriodGrid) -> Measures:
    """Measures of every group of items; ``group`` (n,) is the group of each."""
    policies = len(items.demanded)
    known = money.known

    def summed(values: IntArray, of: BoolArray | None = None) -> IntArray:
        total = np.zeros((policies, groups), dtype=np.int64)
        rows = slice(None) if of is None else np.flatnonzero(of)
        np.add.at(total.T, group[rows], np.broadcast_to(values, items.demanded.shape)[:, rows].T)
        return total

    lost_margin = items.missed * money.margin_minor
    shortage = np.floor(items.missed * np.nan_to_num(money.shortage_minor) + 0.5).astype(np.int64)
    holding = np.floor(items.stock_unit_periods * money.holding_minor_per_period + 0.5).astype(np.int64)
    order_cost = items.orders * money.order_cost_minor
    with_money = np.bincount(group[known], minlength=groups)

    def priced(values: IntArray) -> IntArray:
        return np.where(with_money > 0, summed(values, known), -1)

    demanded, filled, stock = summed(items.demanded), summed(items.filled), summed(items.stock_unit_periods)
    cycles, spoilt = summed(items.cycles), summed(items.spoilt_cycles)
    costed = money.unit_cost_minor >= 0
    with_cost = np.bincount(group[costed], minlength=groups)
    capital = summed(items.stock_unit_periods * np.maximum(money.unit_cost_minor, 0)) / grid.period_count
    weeks = grid.period_count * grid.period_days / DAYS_PER_WEEK
    return Measures(
        items=np.bincount(group, minlength=groups),
        items_with_money=with_money,
        demanded_units=demanded,
        demand_estimated_units=summed(items.estimated),
        filled_units=filled,
        lost_units=summed(items.missed),
        fill_rate=share(filled, demanded),
        lost_margin_minor=priced(lost_margin),
        stock_units_mean=stock / grid.period_count,
        capital_minor_mean=np.where(with_cost > 0, capital, -1.0),
        turnover_per_year=share(summed(items.sold), stock) * grid.periods_per_year,
        weeks_of_supply=share(stock, demanded) * weeks / grid.period_count,
        orders_placed=summed(items.orders),
        ordered_units=summed(items.ordered),
        received_units=summed(items.received),
        never_arrived_units=summed(items.never_arrived),
        in_transit_units=summed(items.in_transit),
        closing_on_hand_units=summed(items.closing),
        holding_cost_minor=priced(holding),
        order_cost_minor=priced(order_cost),
        shortage_cost_minor=priced(shortage),
        cost_minor=priced(shortage + holding + order_cost),
        cycles=cycles,
        cycles_with_stockout=spoilt,
        cycle_service_share=share(cycles - spoilt, cycles),
    )


def share(part: IntArray, whole: IntArray) -> FloatArray:
    """part ÷ whole; NaN where the whole is nothing."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def segments(
    items: ItemCounts,
    money: Money,
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    grid: PeriodGrid,
) -> tuple[Segment, ...]:
    """The items divided by each of ``SEGMENTED_BY``; ``columns`` (n,) are those of the first period."""
    found = []
    for by in SEGMENTED_BY:
        codes, group = np.unique(columns[by], return_inverse=True)
        group = group.astype(np.int64)
        names = tuple(labels[by][code] if code >= 0 else "(none)" for code in codes)
        found.append(Segment(by, names, group, measures(items, money, group, len(names), grid)))
    return tuple(found)


def run_of_time(counts: UnitCounts, demand: IntArray, estimated: IntArray, money: Money, grid: PeriodGrid) -> RunOfTime:
    """All items together, period by period."""

    def total(values: IntArray) -> IntArray:
        summed: IntArray = values.sum(axis=1, dtype=np.int64)
        return summed

    cost = np.maximum(money.unit_cost_minor, 0)
    capital = [cost @ of_policy.astype(np.int64) for of_policy in counts.on_hand_units]
    return RunOfTime(
        starts=grid.starts(),
        demand_units=demand.sum(axis=0),
        demand_estimated_units=estimated.sum(axis=0),
        on_hand_units=total(counts.on_hand_units),
        capital_minor=np.stack(capital),
        lost_units=total(counts.missed_units),
        ordered_units=total(counts.ordered_units),
        received_units=total(counts.received_units),
    )


def comparisons(
    items: Measures, names: Sequence[str], reference: int, currency: str, seed: int
) -> tuple[Comparison, ...]:
    """Every policy but the reference set against it, with bands over items."""
    return tuple(compare(items, names, k, reference, currency, seed) for k in range(len(names)) if k != reference)


def compare_policies(replay: Replay, policy: str, reference: str) -> Comparison:
    """Two policies of a replay by name, whichever its own reference is."""
    names = replay.names
    return compare(replay.items, names, names.index(policy), names.index(reference), replay.currency, replay.seed)


def compare(items: Measures, names: Sequence[str], a: int, b: int, currency: str, seed: int) -> Comparison:
    """Policy a − policy b in fill rate, stock, cost and capital, with 95% bands over items and in words.

    ``items`` are the measures of each item. Items without demand say nothing of the fill rate, items without price or
    cost nothing of money.
    """
    unit = 10 ** currency_decimals(currency)

    def in_major(values: IntArray | FloatArray) -> FloatArray:
        return np.where(values < 0, np.nan, values / unit)

    fill = bootstrap_ratio_difference(
        (items.filled_units[a], items.demanded_units[a]), (items.filled_units[b], items.demanded_units[b]), seed=seed
    )
    stock = bootstrap_difference(items.stock_units_mean[a], items.stock_units_mean[b], seed)
    sentences = [
        in_words(fill, names[a], names[b], "fill rate", decimals=4),
        in_words(stock, names[a], names[b], "mean stock an item in units", higher_is_better=False),
    ]
    money: list[Difference | None] = []
    for values, what in ((items.cost_minor, "cost"), (items.capital_minor_mean, "capital")):
        held = in_major(values)
        found = bootstrap_difference(held[a], held[b], seed) if not np.isnan(held[a]).all() else None
        money.append(found)
        if found is not None:
            told = f"{what} an item in {currency}"
            sentences.append(in_words(found, names[a], names[b], told, higher_is_better=False))
    return Comparison(names[a], names[b], fill, stock, money[0], money[1], tuple(sentences))
