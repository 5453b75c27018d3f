"""The auditor: counts a run again, period by period, in plain NumPy and by another road than the engine's.

It knows only the demand, the terms, the opening and what the run says that it counted.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.simulate.shop import (
    TOTALS,
    Opening,
    ShopTerms,
    SimulationResult,
    UnitCounts,
    result_of_counts,
)
from skuwise.simulate.supply import NEVER


class AuditError(Exception):
    """The recount differs from the run: it names the item, the period, the policy and both counts."""


def audit_counts(counts: UnitCounts, demand_units: IntArray, terms: ShopTerms, opening: Opening) -> None:
    """Recount units and orders of a run, all its items [(K, n, T)].

    Checks, for each policy, item and period: no count is negative; opening + received = sold + closing; demand = filled
    + missed; sold = filled + backlog served, and backlog only where the terms allow it; nothing is missed while stock
    is left; every unit that arrived was due or ordered, and every one that was due arrived, then; orders are whole
    lots, at a review, inside the ordering periods.

    Raises:
        AuditError: at the first period and item that differ.
    """
    _same_shape(counts, demand_units)
    for field in fields(counts):
        values = getattr(counts, field.name)
        _agree(f"{field.name} is not negative", np.maximum(values, 0), values)
    _audit_stock(counts, demand_units, terms, opening)
    _agree(
        "received = what was due or ordered for this period",
        _arrivals(counts.ordered_units, terms, opening),
        counts.received_units,
    )
    _audit_lots(counts.ordered_units, terms)


def audit_decisions(
    counts: UnitCounts,
    reorder_point_units: IntArray,
    order_up_to_level_units: IntArray,
    terms: ShopTerms,
    opening: Opening,
) -> None:
    """Recount the position at each decision and decide anew; levels (K, n, T) or (K, n, 1).

    Raises:
        AuditError: where another quantity should have been ordered.
    """
    ordered, periods = counts.ordered_units, counts.ordered_units.shape[-1]
    outstanding = _outstanding(ordered, terms, opening)
    point = np.broadcast_to(reorder_point_units, ordered.shape)
    level = np.broadcast_to(order_up_to_level_units, ordered.shape)
    lead = np.broadcast_to(terms.lead_time_periods, ordered.shape[1:])
    for t in range(periods):
        before = counts.on_hand_units[..., t - 1] if t else opening.on_hand_units
        waiting = counts.backlog_units[..., t - 1] if t else opening.backlog_units
        at_once = np.where(lead[:, t] == 0, ordered[..., t], 0)
        position = before + counts.received_units[..., t] - at_once + outstanding[..., t] - waiting
        missing = np.maximum(level[..., t] - position, 0)
        wanted = missing > 0
        wanted &= (position <= point[..., t]) & terms.may_order_in(t)
        least = np.maximum(missing, terms.moq_units)
        lots = np.ceil(least / terms.order_multiple_units).astype(np.int64) * terms.order_multiple_units
        _agree("the order that the levels ask for", np.where(wanted, lots, 0), ordered[..., t], period=t)


def audit_totals(
    result: SimulationResult, counts: UnitCounts, demand_units: IntArray, terms: ShopTerms, opening: Opening
) -> None:
    """The totals of a run are those of its periods, and no unit is made or lost between opening and close.

    Raises:
        AuditError: at the first total that differs.
    """
    for name in TOTALS:
        if getattr(result, name).shape != counts.ordered_units.shape[:2]:
            raise AuditError(f"{name} has shape {getattr(result, name).shape}")
    if result.periods:
        again = result_of_counts(counts, demand_units, terms, opening)
        for name in TOTALS:
            _agree(name, getattr(again, name), getattr(result, name), period=result.periods)
    _agree(
        "opening + received = sold + closing",
        opening.on_hand_units + result.received_units,
        result.sold_units + result.closing_on_hand_units,
        period=result.periods,
    )
    _agree(
        "due at the opening + ordered = received + never arrived + in transit",
        opening.due_units.sum(axis=1) + result.ordered_units,
        result.received_units + result.never_arrived_units + result.in_transit_units,
        period=result.periods,
    )


def _audit_stock(counts: UnitCounts, demand: IntArray, terms: ShopTerms, opening: Opening) -> None:
    stock, waiting = (
        np.concatenate([np.broadcast_to(first[:, None], (*closing.shape[:2], 1)), closing], axis=-1)
        for first, closing in (
            (opening.on_hand_units, counts.on_hand_units),
            (opening.backlog_units, counts.backlog_units),
        )
    )
    _agree(
        "opening + received = sold + closing",
        stock[..., :-1] + counts.received_units,
        counts.sold_units + stock[..., 1:],
    )
    _agree(
        "demand = filled + missed",
        np.broadcast_to(demand, stock[..., 1:].shape),
        counts.filled_units + counts.missed_units,
    )
    waits = np.where(terms.backorders[:, None], counts.missed_units, 0)
    _agree(
        "backlog = backlog before − served + missed that waits",
        waiting[..., :-1] - (counts.sold_units - counts.filled_units) + waits,
        waiting[..., 1:],
    )
    short = (counts.missed_units > 0) | (counts.backlog_units > 0)
    _agree("stock left while customers go without", np.zeros_like(waits), np.where(short, counts.on_hand_units, 0))
    served = counts.sold_units - counts.filled_units
    _agree("backlog served before new demand", np.maximum(served, 0), served)
    first = np.where(counts.filled_units > 0, waiting[..., :-1] - served, 0)
    _agree("backlog served before new demand", np.zeros_like(first), first)


def _arrivals(ordered: IntArray, terms: ShopTerms, opening: Opening) -> IntArray:
    """Units that must arrive in each period [(K, n, T)], by sending each period's orders on their way."""
    items, periods = ordered.shape[1:]
    arrivals = np.zeros_like(ordered)
    pipeline = min(periods, opening.due_units.shape[1])
    arrivals[..., :pipeline] += opening.due_units[:, :pipeline]
    lead = np.broadcast_to(terms.lead_time_periods, (items, periods))
    for t in range(periods):
        lands = (lead[:, t] != NEVER) & (t + lead[:, t] < periods)
        row = np.flatnonzero(lands)
        arrivals[:, row, t + lead[row, t]] += ordered[:, row, t]
    return arrivals


def _outstanding(ordered: IntArray, terms: ShopTerms, opening: Opening) -> IntArray:
    """Units on the buyer's books at each decision [(K, n, T)]: entered when ordered, left when due or written off."""
    items, periods = ordered.shape[1:]
    flow = np.zeros((*ordered.shape[:2], periods + 1), dtype=np.int64)
    flow[..., 0] += opening.due_units.sum(axis=1)
    for p in range(min(opening.due_units.shape[1], periods)):
        flow[..., p] -= opening.due_units[:, p]
    lead = np.broadcast_to(terms.lead_time_periods, (items, periods))
    wait = np.where(lead == NEVER, terms.written_off_after_periods[:, None], lead)
    for t in range(periods):
        books = np.where(wait[:, t] > 0, ordered[..., t], 0)
        flow[..., t + 1] += books
        row = np.flatnonzero((wait[:, t] > 0) & (t + wait[:, t] < periods))
        flow[:, row, t + wait[row, t]] -= books[:, row]
    return np.cumsum(flow, axis=-1)[..., :periods]


def _audit_lots(ordered: IntArray, terms: ShopTerms) -> None:
    multiple, moq = terms.order_multiple_units[:, None], terms.moq_units[:, None]
    _agree("orders are whole multiples", ordered // multiple * multiple, ordered)
    _agree("orders reach the MOQ", np.where(ordered > 0, np.maximum(ordered, moq), 0), ordered)
    for t in range(ordered.shape[-1]):
        allowed: BoolArray = terms.may_order_in(t)
        _agree("orders only at a review", np.where(allowed, ordered[..., t], 0), ordered[..., t], period=t)


def _same_shape(counts: UnitCounts, demand: IntArray) -> None:
    for field in fields(counts):
        shape = getattr(counts, field.name).shape
        if len(shape) != 3 or shape[1:] != demand.shape:
            raise AuditError(f"{field.name} has shape {shape}, demand {demand.shape}")


def _agree(what: str, expected: IntArray, found: IntArray, period: int | None = None) -> None:
    """Raise at the earliest period that differs; arrays (K, n, T), or (K, n) of one period."""
    wrong = np.argwhere(expected != found)
    if not len(wrong):
        return
    at = tuple(wrong[0 if period is not None else np.argmin(wrong[:, 2])])
    when = f"period {at[2]}" if period is None else f"period {period}"
    raise AuditError(
        f"{what}: item {at[1]}, {when}, policy {at[0]}: expected {int(expected[at])}, the run counted {int(found[at])}"
    )
