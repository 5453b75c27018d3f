"""The engine: n items × T periods × K policies in one pass, in whole units, for policies that are known as levels.

Where a policy is asked anew each period, see ``stepwise``. Both follow ``shop.SEQUENCE_OF_EVENTS``. An order is placed
where the position (on hand + outstanding − backlog) is at or below the reorder point s, for what is missing up to the
level S, raised to the MOQ, then to whole multiples. s = S is the (R, S) policy; S = s + 1 with multiple Q is (s, nQ).
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray, kernel
from skuwise.simulate.auditor import audit_counts, audit_decisions, audit_totals
from skuwise.simulate.shop import (
    Opening,
    ShopTerms,
    SimulationResult,
    UnitCounts,
    as_units,
)

_COUNTS = len(fields(UnitCounts))
#: How many sums ``_run_item`` returns; ``_result`` names them.
_TOTALS = 14


def simulate(
    demand_units: IntArray,
    reorder_point_units: IntArray,
    order_up_to_level_units: IntArray,
    terms: ShopTerms,
    opening: Opening,
    *,
    trace_items: IntArray | None = None,
    audit: bool = False,
) -> SimulationResult:
    """Run K policies over n items and T periods.

    Args:
        demand_units: what customers ask for [(n, T) units].
        reorder_point_units: s of each policy, (K, n), or (K, n, T) where it changes with time [units].
        order_up_to_level_units: S, likewise [units]; a level below every position orders nothing.
        terms: how items are supplied and sold.
        opening: the stock to start with.
        trace_items: rows whose counts are kept period by period.
        audit: recount everything by another road and raise where it differs; keeps the counts of all items meanwhile.

    Raises:
        ValueError: a shape that does not fit, or negative demand.
        AuditError: the recount found another number.

    One item, no lead time, S = 5, demand 3 then 7: after the first period 2 are left, then 3 come and 2 are lost.

    >>> from skuwise.simulate.shop import opening_stock, shop_terms
    >>> level = np.array([[5]])
    >>> run = simulate(np.array([[3, 7]]), level, level, shop_terms(1, lead_time_periods=0), opening_stock(1))
    >>> run.sold_units.tolist(), run.lost_units.tolist(), run.stock_unit_periods.tolist()
    ([[8]], [[2]], [[2]])
    """
    demand = as_units(demand_units)
    reorder_point, level = _levels(reorder_point_units, demand), _levels(order_up_to_level_units, demand)
    if len(reorder_point) != len(level):
        raise ValueError(f"{len(reorder_point)} policies have a reorder point, {len(level)} an order-up-to level")
    _check_shop(demand, terms, opening)
    items, periods = demand.shape
    asked = np.zeros(0, dtype=np.int64) if trace_items is None else as_units(trace_items)
    kept = np.arange(items) if audit else asked
    row = np.full(items, -1, dtype=np.int64)
    row[kept] = np.arange(len(kept))
    totals = np.zeros((_TOTALS, len(level), items), dtype=np.int64)
    counts = np.zeros((_COUNTS, len(level), len(kept), periods), dtype=np.int64)
    ring = _ring_size(terms, opening)
    _run(
        np.ascontiguousarray(demand),
        reorder_point,
        level,
        terms.lead_time_periods,
        terms.moq_units,
        terms.order_multiple_units,
        terms.review_periods,
        terms.first_review_period,
        terms.backorders,
        terms.written_off_after_periods,
        periods if terms.order_periods < 0 else terms.order_periods,
        opening.on_hand_units,
        opening.due_units,
        opening.backlog_units,
        ring,
        row,
        totals,
        counts,
    )
    result = _result(totals, demand, terms, opening)
    run = UnitCounts(*counts)
    if audit:
        audit_counts(run, demand, terms, opening)
        audit_decisions(run, reorder_point, level, terms, opening)
        audit_totals(result, run, demand, terms, opening)
    if trace_items is None:
        return result
    return replace(result, traced_items=asked, counts=UnitCounts(*counts[:, :, asked]) if audit else run)


def _result(totals: IntArray, demand: IntArray, terms: ShopTerms, opening: Opening) -> SimulationResult:
    (
        missed,
        sold,
        stockouts,
        empties,
        cycles,
        spoilt,
        stock,
        backlog,
        orders,
        ordered,
        received,
        never,
        left,
        waiting,
    ) = totals
    demanded = np.broadcast_to(demand.sum(axis=1), missed.shape).copy()
    return SimulationResult(
        demanded_units=demanded,
        filled_units=demanded - missed,
        sold_units=sold,
        lost_units=np.where(terms.backorders, 0, missed),
        backordered_units=np.where(terms.backorders, missed, 0),
        stockout_periods=stockouts,
        empty_periods=empties,
        cycles=cycles,
        cycles_with_stockout=spoilt,
        stock_unit_periods=stock,
        backlog_unit_periods=backlog,
        orders_placed=orders,
        ordered_units=ordered,
        received_units=received,
        never_arrived_units=never,
        in_transit_units=opening.due_units.sum(axis=1) + ordered - received - never,
        closing_on_hand_units=left,
        closing_backlog_units=waiting,
        periods=demand.shape[1],
    )


def _levels(values: IntArray, demand: IntArray) -> IntArray:
    """Levels as (K, n, T), or (K, n, 1) where they are constant."""
    array = as_units(values)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[1] != len(demand) or array.shape[2] not in {1, demand.shape[1]}:
        raise ValueError(f"levels must be (K, n) or (K, n, T) for demand {demand.shape}, got {values.shape}")
    return np.ascontiguousarray(array)


def _check_shop(demand: IntArray, terms: ShopTerms, opening: Opening) -> None:
    if demand.ndim != 2 or not len(demand) == len(terms) == len(opening.on_hand_units):
        raise ValueError(
            f"demand must be (n, T) for the {len(terms)} items of the terms and {len(opening.on_hand_units)} of the "
            f"opening, got {demand.shape}"
        )
    if terms.lead_time_periods.shape[1] not in {1, demand.shape[1]}:
        raise ValueError(f"lead times for {terms.lead_time_periods.shape[1]} periods, demand for {demand.shape[1]}")
    if demand.min(initial=0) < 0:
        raise ValueError("demand must not be negative")


def _ring_size(terms: ShopTerms, opening: Opening) -> int:
    """A power of two, so that the slot of a period is a bit mask, above every wait on the books."""
    longest = max(terms.longest_wait_periods, int(opening.due_units.shape[1]))
    return 1 << longest.bit_length()


@kernel
def fulfil(on_hand: int, backlog: int, asked: int, waits: bool) -> tuple[int, int, int, int, int]:
    """One item's customers in one period: on hand and backlog afterwards, units filled, missed and sold."""
    served = min(backlog, on_hand)
    filled = min(asked, on_hand - served)
    missed = asked - filled
    backlog -= served
    if waits:
        backlog += missed
    return on_hand - served - filled, backlog, filled, missed, served + filled


@kernel
def _order(position: int, reorder_point: int, level: int, moq: int, multiple: int) -> int:
    missing = level - position
    if missing <= 0 or position > reorder_point:
        return 0
    units = max(missing, moq)
    if multiple > 1:
        units = (units + multiple - 1) // multiple * multiple
    return units


@kernel
def _note(
    counts: IntArray, received: int, order: int, filled: int, missed: int, sold: int, on_hand: int, backlog: int
) -> None:
    """In the order of the fields of ``UnitCounts``."""
    counts[0] = received
    counts[1] = order
    counts[2] = filled
    counts[3] = missed
    counts[4] = sold
    counts[5] = on_hand
    counts[6] = backlog


@kernel
def _run_item(
    demand: IntArray,
    reorder_point: IntArray,
    level: IntArray,
    lead_time: IntArray,
    moq: int,
    multiple: int,
    review: int,
    first_review: int,
    waits: bool,
    written_off_after: int,
    order_periods: int,
    on_hand: int,
    backlog: int,
    due: IntArray,
    leaving: IntArray,
    row: int,
    counts: IntArray,
) -> tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int]:
    """One item under one policy. ``due`` and ``leaving`` are rings: the slot of period t is t & (size − 1)."""
    mask = len(due) - 1
    lead_step, point_step, level_step = int(len(lead_time) > 1), int(len(reorder_point) > 1), int(len(level) > 1)
    on_order = leaving.sum()
    missed_sum = sold_sum = ordered_sum = received_sum = never_sum = stock_sum = backlog_sum = 0
    orders = stockouts = empties = spoilt = short = 0
    cycles = 1
    next_review = first_review
    for t in range(len(demand)):
        slot = t & mask
        received = due[slot]
        on_order -= leaving[slot]
        due[slot] = leaving[slot] = 0
        on_hand += received
        order = 0
        if t == next_review:
            next_review += review
            if t < order_periods:
                position = on_hand + on_order - backlog
                order = _order(position, reorder_point[t * point_step], level[t * level_step], moq, multiple)
        if order > 0:
            orders += 1
            lead = lead_time[t * lead_step]
            if lead == 0:
                on_hand += order
                received += order
            else:
                on_order += order
                leaving[(t + (lead if lead > 0 else written_off_after)) & mask] += order
                if lead > 0:
                    due[(t + lead) & mask] += order
                else:
                    never_sum += order
        on_hand, backlog, filled, missed, sold = fulfil(on_hand, backlog, demand[t], waits)
        if received > 0 and t > 0:
            cycles += 1
            spoilt += short
            short = 0
        if missed > 0:
            stockouts += 1
            short = 1
        empties += on_hand == 0
        missed_sum += missed
        sold_sum += sold
        stock_sum += on_hand
        backlog_sum += backlog
        ordered_sum += order
        received_sum += received
        if row >= 0:
            _note(counts[:, row, t], received, order, filled, missed, sold, on_hand, backlog)
    return (
        missed_sum,
        sold_sum,
        stockouts,
        empties,
        cycles,
        spoilt + short,
        stock_sum,
        backlog_sum,
        orders,
        ordered_sum,
        received_sum,
        never_sum,
        on_hand,
        backlog,
    )


@kernel
def _run(
    demand: IntArray,
    reorder_point: IntArray,
    level: IntArray,
    lead_time: IntArray,
    moq: IntArray,
    multiple: IntArray,
    review: IntArray,
    first_review: IntArray,
    backorders: BoolArray,
    written_off_after: IntArray,
    order_periods: int,
    opening_on_hand: IntArray,
    opening_due: IntArray,
    opening_backlog: IntArray,
    ring: int,
    row: IntArray,
    totals: IntArray,
    counts: IntArray,
) -> None:
    """Items outside, policies inside, periods innermost: the state of a run stays in registers."""
    due = np.zeros(ring, dtype=np.int64)
    leaving = np.zeros(ring, dtype=np.int64)
    pipeline = opening_due.shape[1]
    for i in range(len(demand)):
        for k in range(len(level)):
            due[pipeline:] = 0
            due[:pipeline] = opening_due[i]
            leaving[:] = due
            found = _run_item(
                demand[i],
                reorder_point[k, i],
                level[k, i],
                lead_time[i],
                moq[i],
                multiple[i],
                review[i],
                first_review[i],
                backorders[i],
                written_off_after[i],
                order_periods,
                opening_on_hand[i],
                opening_backlog[i],
                due,
                leaving,
                row[i],
                counts[:, k],
            )
            for total in range(len(totals)):
                totals[total, k, i] = found[total]
