"""What was really done, where the data tell it: sales against estimated demand, counted stock, receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from skuwise.core.arrays import IntArray
from skuwise.replaying.measuring import ItemCounts, Money, comparisons, measures
from skuwise.replaying.result import AsItWas, Measures
from skuwise.replaying.shop import Demand
from skuwise.replaying.window import Window

NAME = "as it was"
#: An item's stock is known where it was counted in at least this share of the periods.
COUNTED_SHARE_MIN = 0.5
UNKNOWN = -1


def as_it_was(
    window: Window,
    demand: Demand,
    lived: ItemCounts,
    judged_rows: IntArray,
    money: Money,
    names: Sequence[str],
    seed: int,
) -> tuple[AsItWas | None, str]:
    """What was done beside the policies on the same items, or None and the reason why it is not known.

    ``lived`` and ``money`` are of the judged items; ``judged_rows`` are these among all.
    """
    past = window.inputs.history
    span = slice(window.first, window.first + window.periods)
    counted = ~np.isnan(past.on_hand_units_mean[judged_rows, span])
    enough = counted.mean(axis=1) >= COUNTED_SHARE_MIN
    watched = past.availability_known[judged_rows]
    whole = demand.judged_from[judged_rows] == 0
    rows = np.flatnonzero(enough & watched & whole)
    if not len(rows):
        return None, _absent(bool(enough.any()), bool(watched.any()))
    has_receipts = "receipts" in window.dataset.tables
    done = _counts(window, demand, judged_rows[rows], has_receipts)
    beside = done.beside(lived.of(rows))
    priced, grid = money.of(rows), window.grid
    every = (NAME, *names)
    one = np.zeros(len(rows), dtype=np.int64)
    total = measures(beside, priced, one, 1, grid)
    each = np.arange(len(rows))
    items, all_items = measures(done, priced, each, len(rows), grid), measures(beside, priced, each, len(rows), grid)
    if not has_receipts:
        total, items = _without_orders(total), _without_orders(items)
    notes = [
        f"{len(rows)} of {len(judged_rows)} judged items have stockouts and stock counts that are known",
        "stock is the mean of the counts, filled is what was sold, and what was missed is an estimate",
        "each period with a receipt counts as one order"
        if has_receipts
        else "without receipts neither orders nor their cost are known, so its cost is understated",
    ]
    against = comparisons(all_items, every, 0, window.inputs.currency, seed)
    return AsItWas(rows, every, total, items, against, tuple(notes)), ""


def _absent(counted: bool, watched: bool) -> str:
    if not counted and not watched:
        missing = "neither stock counts nor stockouts of the window are known"
    elif not counted:
        missing = "stock was not counted in half of the periods of any item"
    elif not watched:
        missing = "nothing is known of stockouts"
    else:
        missing = "no item has both its stock counts and its stockouts known over the whole window"
    return f"What was done cannot be shown: {missing}. Give the history of stock counts and the availability table."


def _counts(window: Window, demand: Demand, rows: IntArray, has_receipts: bool) -> ItemCounts:
    past = window.inputs.history
    span = slice(window.first, window.first + window.periods)
    counts = past.on_hand_units_mean[rows, span].astype(np.float64)
    known = ~np.isnan(counts)
    mean = np.where(known, counts, 0.0).sum(axis=1) / known.sum(axis=1)
    newest = window.periods - 1 - known[:, ::-1].argmax(axis=1)
    received = past.received_units[rows, span]
    demanded, estimated = demand.units[rows].sum(axis=1), demand.estimated_units[rows].sum(axis=1)
    nothing = np.zeros(len(rows), dtype=np.int64)
    receipts = (received > 0).sum(axis=1) if has_receipts else nothing
    by_name = {
        "demanded": demanded,
        "estimated": estimated,
        "filled": demanded - estimated,
        "missed": estimated,
        "sold": demanded - estimated,
        "stock_unit_periods": np.floor(mean * window.periods + 0.5).astype(np.int64),
        "orders": receipts,
        "ordered": received.sum(axis=1),
        "received": received.sum(axis=1),
        "never_arrived": nothing,
        "in_transit": nothing,
        "closing": np.floor(counts[np.arange(len(rows)), newest] + 0.5).astype(np.int64),
        "cycles": nothing,
        "spoilt_cycles": nothing,
    }
    return ItemCounts(**{name: np.asarray(values, dtype=np.int64)[None, :] for name, values in by_name.items()})


def _without_orders(measured: Measures) -> Measures:
    """Orders of the first row, what was done, are not known."""
    changed = {}
    for name in ("orders_placed", "ordered_units", "received_units", "order_cost_minor"):
        values = getattr(measured, name).copy()
        values[0] = UNKNOWN
        changed[name] = values
    return replace(measured, **changed)
