"""One period at a time: the state that a policy sees when it is asked, and the step that lives the period.

For policies that think anew each period: replay on history, a weekly game. The rules are the engine's, see
``shop.SEQUENCE_OF_EVENTS``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray, kernel
from skuwise.core.quantities import raise_to_moq, round_up_to_multiple
from skuwise.simulate.engine import fulfil
from skuwise.simulate.shop import Opening, ShopTerms, UnitCounts, as_units


@dataclass(frozen=True, slots=True)
class ShopState:
    """What a buyer sees at the moment of decision in ``period``: its receipts are in, its demand is still to come.

    ``on_hand_units``, ``backlog_units``, ``on_order_units`` (every outstanding order, lost ones too until written off)
    and ``received_units`` (of this period so far) are (K, n). ``due_units`` and ``leaving_units`` are (K, n, H): column
    h arrives, or leaves the books, h + 1 periods from now. The first holds what the buyer cannot know where lead times
    are random: a fair policy reads ``on_order_units``.
    """

    period: int
    on_hand_units: IntArray
    backlog_units: IntArray
    on_order_units: IntArray
    received_units: IntArray
    due_units: IntArray
    leaving_units: IntArray

    @property
    def position_units(self) -> IntArray:
        """Inventory position [(K, n) units]: on hand + on order − backlog."""
        return self.on_hand_units + self.on_order_units - self.backlog_units


def open_shop(terms: ShopTerms, opening: Opening, policies: int = 1) -> ShopState:
    """The state of K shops that open alike, at the decision of period 0."""
    items, pipeline = opening.due_units.shape
    horizon = max(terms.longest_wait_periods, pipeline - 1, 1)
    due = np.zeros((policies, items, horizon), dtype=np.int64)
    due[:, :, : pipeline - 1] = opening.due_units[None, :, 1:]
    shape = (policies, items)
    received = np.broadcast_to(opening.due_units[:, 0], shape).copy()
    return ShopState(
        period=0,
        on_hand_units=np.broadcast_to(opening.on_hand_units, shape) + received,
        backlog_units=np.broadcast_to(opening.backlog_units, shape).copy(),
        on_order_units=due.sum(axis=2),
        received_units=received,
        due_units=due,
        leaving_units=due.copy(),
    )


def order_up_to(
    state: ShopState, reorder_point_units: IntArray, order_up_to_level_units: IntArray, terms: ShopTerms
) -> IntArray:
    """What ``simulate`` would order in this state under levels (K, n) [(K, n) units]."""
    position = state.position_units
    missing = np.where(position <= reorder_point_units, np.maximum(order_up_to_level_units - position, 0), 0)
    units = round_up_to_multiple(raise_to_moq(missing, terms.moq_units), terms.order_multiple_units)
    return np.where(terms.may_order_in(state.period), units, 0)


def step(
    state: ShopState, order_units: IntArray, demand_units: IntArray, terms: ShopTerms
) -> tuple[ShopState, UnitCounts]:
    """Place orders (K, n), live the period's demand (n,), receive what is due: the next decision and what was counted.

    Orders are taken as they are; that they fit lot rules and reviews is for the policy (``order_up_to`` does it) and
    for the auditor: ``audit_counts(stack_periods(counts), ...)``. The given state is left as it was.

    Raises:
        ValueError: a shape that does not fit, a negative count, or no lead time for this period.
    """
    order, demand = as_units(order_units), as_units(demand_units)
    shape = state.on_hand_units.shape
    if order.shape != shape or demand.shape != shape[1:]:
        raise ValueError(f"orders must be {shape} and demand {shape[1:]}, got {order.shape} and {demand.shape}")
    if order.min(initial=0) < 0 or demand.min(initial=0) < 0:
        raise ValueError("orders and demand must not be negative")
    if state.period >= terms.lead_time_periods.shape[1] > 1:
        raise ValueError(f"the terms hold no lead time for period {state.period}")
    counts = np.zeros((len(fields(UnitCounts)), *shape), dtype=np.int64)
    counts[0], counts[1] = state.received_units, order
    due, leaving = np.zeros_like(state.due_units), np.zeros_like(state.leaving_units)
    after = np.zeros((4, *shape), dtype=np.int64)
    _live(
        state.on_hand_units,
        state.backlog_units,
        state.on_order_units,
        state.due_units,
        state.leaving_units,
        np.ascontiguousarray(order),
        demand,
        terms.lead_time_in(state.period),
        terms.backorders,
        terms.written_off_after_periods,
        after,
        due,
        leaving,
        counts,
    )
    on_hand, backlog, on_order, received = after
    following = ShopState(state.period + 1, on_hand, backlog, on_order, received, due, leaving)
    return following, UnitCounts(*counts)


@kernel
def _live(
    on_hand_before: IntArray,
    backlog_before: IntArray,
    on_order_before: IntArray,
    due_before: IntArray,
    leaving_before: IntArray,
    order: IntArray,
    demand: IntArray,
    lead_time: IntArray,
    backorders: BoolArray,
    written_off_after: IntArray,
    after: IntArray,
    due: IntArray,
    leaving: IntArray,
    counts: IntArray,
) -> None:
    policies, items, horizon = due.shape
    for k in range(policies):
        for i in range(items):
            on_hand, backlog = on_hand_before[k, i], backlog_before[k, i]
            on_order, units, lead = on_order_before[k, i], order[k, i], lead_time[i]
            if lead == 0:
                on_hand += units
                counts[0, k, i] += units
            else:
                on_order += units
            on_hand, backlog, filled, missed, sold = fulfil(on_hand, backlog, demand[i], backorders[i])
            counts[2, k, i] = filled
            counts[3, k, i] = missed
            counts[4, k, i] = sold
            counts[5, k, i] = on_hand
            counts[6, k, i] = backlog
            for h in range(horizon - 1):
                due[k, i, h] = due_before[k, i, h + 1]
                leaving[k, i, h] = leaving_before[k, i, h + 1]
            received, gone = due_before[k, i, 0], leaving_before[k, i, 0]
            wait = written_off_after[i] if lead < 0 else lead
            if lead == 1:
                received += units
            elif lead > 1:
                due[k, i, lead - 2] += units
            if wait == 1:
                gone += units
            elif wait > 1:
                leaving[k, i, wait - 2] += units
            after[0, k, i] = on_hand + received
            after[1, k, i] = backlog
            after[2, k, i] = on_order - gone
            after[3, k, i] = received
