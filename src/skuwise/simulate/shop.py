"""What a simulated shop is: its terms, what it opens with, and what is counted in it.

Arrays are (n,) over items, (n, T) over items and periods, and (K, n) or (K, n, T) where K policies run side by side.
Units are int64 throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.simulate.supply import NEVER

#: Every report of a simulation prints this.
SEQUENCE_OF_EVENTS = (
    "In each period: (1) receipts that are due arrive; (2) where a review is due, an order is placed, seeing the stock "
    "after receipts and every order outstanding; an order with lead time 0 is on the shelf at once; (3) waiting "
    "backorders are served, then the period's demand occurs and is met from stock, and what is short is lost or "
    "backordered; (4) the stock that is left is counted. An order placed in period t with lead time L can be sold from "
    "the start of period t + L. An order that never arrives counts as outstanding until it is written off."
)


@dataclass(frozen=True, slots=True)
class ShopTerms:
    """How each item is supplied and sold. Build it with ``shop_terms``, which checks and fills it.

    ``lead_time_periods`` is (n, 1) where fixed, else (n, T): of the order placed in that period, ``NEVER`` for none.
    ``review_periods`` (n,): an order may be placed in periods ``first_review_period``, + review_periods, ...; 1 is
    continuous review. ``backorders`` (n,): shortages wait instead of being lost. ``written_off_after_periods`` (n,):
    an order that never arrives leaves the buyer's books at the receipts of that many periods after it was placed.
    ``order_periods``: orders are placed in periods 0 to ``order_periods`` − 1 only; −1 for all.
    """

    lead_time_periods: IntArray
    moq_units: IntArray
    order_multiple_units: IntArray
    review_periods: IntArray
    first_review_period: IntArray
    backorders: BoolArray
    written_off_after_periods: IntArray
    order_periods: int = -1

    def __len__(self) -> int:
        return len(self.moq_units)

    @property
    def longest_wait_periods(self) -> int:
        """The most periods that an order can stay on the books."""
        return int(max(self.lead_time_periods.max(initial=0), self.written_off_after_periods.max(initial=1)))

    def lead_time_in(self, period: int) -> IntArray:
        """Lead time of the orders placed in a period [(n,) periods]."""
        return self.lead_time_periods[:, 0 if self.lead_time_periods.shape[1] == 1 else period]

    def may_order_in(self, period: int) -> BoolArray:
        """Where a review is due in a period [(n,)]."""
        since = period - self.first_review_period
        open_books = self.order_periods < 0 or period < self.order_periods
        due: BoolArray = (since >= 0) & (since % self.review_periods == 0) & open_books
        return due


def shop_terms(
    items: int,
    *,
    lead_time_periods: IntArray | int,
    moq_units: IntArray | int = 0,
    order_multiple_units: IntArray | int = 1,
    review_periods: IntArray | int = 1,
    first_review_period: IntArray | int = 0,
    backorders: BoolArray | bool = False,
    written_off_after_periods: IntArray | int | None = None,
    order_periods: int | None = None,
) -> ShopTerms:
    """Terms of n items from scalars or (n,) arrays; ``lead_time_periods`` may be (n, T), one for each order.

    By default an order that never arrives is written off when it has waited as long as the item's longest finite lead
    time, at least one period: from then on the buyer can know.

    Raises:
        ValueError: a shape that does not fit, or a value out of range.
    """
    lead = as_units(lead_time_periods)
    lead = np.broadcast_to(lead[:, None] if lead.ndim == 1 else lead, (items, lead.shape[1] if lead.ndim == 2 else 1))
    waits = lead.max(axis=1, initial=1) if written_off_after_periods is None else written_off_after_periods
    terms = ShopTerms(
        np.ascontiguousarray(lead),
        _per_item(items, moq_units),
        np.maximum(_per_item(items, order_multiple_units), 1),
        _per_item(items, review_periods),
        _per_item(items, first_review_period),
        np.array(np.broadcast_to(np.asarray(backorders, dtype=np.bool_), (items,))),
        _per_item(items, waits),
        -1 if order_periods is None else order_periods,
    )
    for name, least in (
        ("lead_time_periods", NEVER),
        ("moq_units", 0),
        ("review_periods", 1),
        ("first_review_period", 0),
        ("written_off_after_periods", 1),
    ):
        if getattr(terms, name).min(initial=least) < least:
            raise ValueError(f"{name} must be {least} or more")
    return terms


@dataclass(frozen=True, slots=True)
class Opening:
    """What a run starts with, the same for every policy, before the receipts of period 0.

    ``on_hand_units`` (n,); ``due_units`` (n, P): column p arrives at the start of period p; ``backlog_units`` (n,).
    """

    on_hand_units: IntArray
    due_units: IntArray
    backlog_units: IntArray


def opening_stock(
    items: int,
    on_hand_units: IntArray | int = 0,
    due_units: IntArray | None = None,
    backlog_units: IntArray | int = 0,
) -> Opening:
    """An opening of n items; nothing is due where ``due_units`` is not given.

    Raises:
        ValueError: a shape that does not fit, or a negative count.
    """
    due = np.zeros((items, 1), dtype=np.int64) if due_units is None else as_units(due_units)
    if due.ndim != 2 or len(due) != items:
        raise ValueError(f"due_units must be ({items}, P), got {due.shape}")
    due = np.ascontiguousarray(due) if due.shape[1] else np.zeros((items, 1), dtype=np.int64)
    opening = Opening(_per_item(items, on_hand_units), due, _per_item(items, backlog_units))
    for field in fields(opening):
        if getattr(opening, field.name).min(initial=0) < 0:
            raise ValueError(f"{field.name} must not be negative")
    return opening


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """Units counted in one period [(K, n) each] or in each period of a run [(K, n, T) each].

    ``filled_units`` were met from stock when asked for, ``missed_units`` were not: lost, or backordered where the terms
    say so. ``sold_units`` left the shelf: filled plus backlog served. The last two are at the end of the period.
    """

    received_units: IntArray
    ordered_units: IntArray
    filled_units: IntArray
    missed_units: IntArray
    sold_units: IntArray
    on_hand_units: IntArray
    backlog_units: IntArray


def stack_periods(counts: Sequence[UnitCounts]) -> UnitCounts:
    """The counts of successive periods [(K, n) each] as one run [(K, n, T) each]."""
    return UnitCounts(*(np.stack([getattr(c, f.name) for c in counts], axis=-1) for f in fields(UnitCounts)))


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Totals of a run [(K, n) int64 each], exact.

    A cycle runs from one receipt to the next, the first from the opening, the last to the end of the run.
    ``stockout_periods`` had demand that was missed; ``empty_periods`` ended without stock. ``stock_unit_periods`` and
    ``backlog_unit_periods`` sum the counts at the ends of the periods. ``in_transit_units`` will arrive after the end;
    ``never_arrived_units`` were ordered and will not. ``counts`` holds the items of ``traced_items``, period by period.
    """

    demanded_units: IntArray
    filled_units: IntArray
    sold_units: IntArray
    lost_units: IntArray
    backordered_units: IntArray
    stockout_periods: IntArray
    empty_periods: IntArray
    cycles: IntArray
    cycles_with_stockout: IntArray
    stock_unit_periods: IntArray
    backlog_unit_periods: IntArray
    orders_placed: IntArray
    ordered_units: IntArray
    received_units: IntArray
    never_arrived_units: IntArray
    in_transit_units: IntArray
    closing_on_hand_units: IntArray
    closing_backlog_units: IntArray
    periods: int
    traced_items: IntArray | None = None
    counts: UnitCounts | None = None


#: The names of the totals.
TOTALS = tuple(
    field.name for field in fields(SimulationResult) if field.name not in {"periods", "traced_items", "counts"}
)


def result_of_counts(
    counts: UnitCounts, demand_units: IntArray, terms: ShopTerms, opening: Opening
) -> SimulationResult:
    """The totals of a run that was lived step by step, from its stacked counts [(K, n, T)], all items traced.

    Raises:
        ValueError: no period was lived.
    """
    periods = demand_units.shape[1]
    if periods == 0:
        raise ValueError("no period was lived")
    received, missed = counts.received_units, counts.missed_units
    cycles, spoilt = np.ones_like(received[..., 0]), np.zeros_like(received[..., 0])
    short = np.zeros(spoilt.shape, dtype=np.bool_)
    for t in range(periods):
        new = (received[..., t] > 0) if t else np.zeros_like(short)
        cycles, spoilt = cycles + new, spoilt + (new & short)
        short = (short & ~new) | (missed[..., t] > 0)
    lead = np.broadcast_to(terms.lead_time_periods, demand_units.shape)
    never = np.where(lead == NEVER, counts.ordered_units, 0).sum(axis=-1)
    ordered, got = counts.ordered_units.sum(axis=-1), received.sum(axis=-1)
    lost = np.where(terms.backorders, 0, missed.sum(axis=-1))
    totals: dict[str, Any] = {
        "demanded_units": np.broadcast_to(demand_units.sum(axis=1), ordered.shape).copy(),
        "lost_units": lost,
        "backordered_units": missed.sum(axis=-1) - lost,
        "stockout_periods": (missed > 0).sum(axis=-1),
        "empty_periods": (counts.on_hand_units == 0).sum(axis=-1),
        "cycles": cycles,
        "cycles_with_stockout": spoilt + short,
        "stock_unit_periods": counts.on_hand_units.sum(axis=-1),
        "backlog_unit_periods": counts.backlog_units.sum(axis=-1),
        "orders_placed": (counts.ordered_units > 0).sum(axis=-1),
        "never_arrived_units": never,
        "in_transit_units": opening.due_units.sum(axis=1) + ordered - got - never,
        "closing_on_hand_units": counts.on_hand_units[..., -1],
        "closing_backlog_units": counts.backlog_units[..., -1],
        "ordered_units": ordered,
        "received_units": got,
        "filled_units": counts.filled_units.sum(axis=-1),
        "sold_units": counts.sold_units.sum(axis=-1),
    }
    return SimulationResult(**totals, periods=periods, traced_items=np.arange(len(demand_units)), counts=counts)


def as_units(values: Any) -> IntArray:
    """An int64 array; a float is refused, since a cut-off fraction of a unit would go unseen.

    Raises:
        TypeError: not integers.
    """
    array = np.asarray(values)
    if not (np.issubdtype(array.dtype, np.integer) or array.size == 0):
        raise TypeError(f"units and periods are integers, got {array.dtype}")
    return array.astype(np.int64)


def _per_item(items: int, values: Any) -> IntArray:
    array = as_units(values)
    if array.shape not in {(), (items,)}:
        raise ValueError(f"expected one value or ({items},), got {array.shape}")
    return np.array(np.broadcast_to(array, (items,)))
