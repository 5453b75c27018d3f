"""Lead times in periods: fixed, or drawn for each order from those that were seen, some of which never ended."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray, KeyArray
from skuwise.simulate.draws import keyed_bits

#: The lead time of an order that never arrives.
NEVER = -1


def lead_time_in_periods(lead_time_days: FloatArray, period_days: int) -> IntArray:
    """Whole periods until an order is sellable [as given, periods]; a negative or unknown time is ``NEVER``.

    An order is placed at the start of a period and counts from the first period that starts no earlier than its
    arrival: 8 days in weekly periods are 2.

    >>> lead_time_in_periods(np.array([0.0, 7.0, 8.0, np.nan]), 7).tolist()
    [0, 1, 2, -1]
    """
    known = np.nan_to_num(np.asarray(lead_time_days, dtype=np.float64), nan=-1.0, posinf=-1.0, neginf=-1.0)
    periods = np.ceil(np.maximum(known, 0.0) / period_days - 1e-9).astype(np.int64)
    return np.where(known < 0, NEVER, periods)


def draw_lead_times(
    seen_periods: IntArray,
    seen_count: IntArray,
    item_key: KeyArray,
    periods: int,
    seed: int,
    first_period: int = 0,
) -> IntArray:
    """The lead time of the order that an item would place in each period [(n, T) periods].

    Row i draws each time anew from ``seen_periods[i, :seen_count[i]]`` [(n, M) periods, ``NEVER`` allowed], all with
    equal weight; repeat a value to weigh it. The draw belongs to seed, item and period, so every policy that orders in
    that period gets the same one. Orders may overtake each other.

    >>> seen, key = np.array([[1, 2, 3, NEVER]]), np.array([5], dtype=np.uint64)
    >>> drawn = draw_lead_times(seen, np.array([4]), key, 100_000, seed=1)
    >>> [round(float((drawn == value).mean()), 2) for value in (1, 2, 3, NEVER)]
    [0.25, 0.25, 0.25, 0.25]

    Raises:
        ValueError: an item has no lead time to draw from, or one below ``NEVER``.
    """
    seen, count = np.asarray(seen_periods, dtype=np.int64), np.asarray(seen_count, dtype=np.int64)
    if seen.ndim != 2 or count.shape != seen.shape[:1] or len(item_key) != len(seen):
        raise ValueError(f"seen_periods (n, M), seen_count (n,), item_key (n,): got {seen.shape}, {count.shape}")
    if ((count < 1) | (count > seen.shape[1])).any():
        raise ValueError("each item needs between one and M lead times to draw from")
    if (seen < NEVER).any():
        raise ValueError("a lead time is a number of periods, or NEVER (-1)")
    bits = keyed_bits(seed, "lead time", item_key, periods, first_period) >> np.uint64(32)
    chosen = (bits * count.astype(np.uint64)[:, None]) >> np.uint64(32)
    return np.take_along_axis(seen, chosen.astype(np.int64), axis=1)
