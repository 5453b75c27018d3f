"""Inheritance: a successor takes over the demand of what it replaces, so that its past is known on its first day.

Before its own first period its demand is a share of its predecessors' at the same location. From then on only its own
counts: while both sell, what the predecessor still sells is the predecessor's, and nothing is counted twice.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, TextArray
from skuwise.core.steps import step


@step(
    out=("demand_units", "first_period", "inherited_periods", "predecessors"),
    formula="own demand from own_first_period on (from the end of the history where the launch is still ahead); before "
    "it Σ successor_share × demand of the items at the same location that name it as successor, their own inheritance "
    "included; first period = the earliest of these; nothing goes round a circle of successors, and nothing to an item "
    "that neither sold nor has a launch date",
    source="our choice: demand follows the customer to the successor",
    scope="shop",
)
def inherited_demand(
    own_demand_units: FloatArray,
    own_first_period: IntArray,
    launch_known: BoolArray,
    sku_id: TextArray,
    location_id: TextArray,
    successor_sku_id: TextArray,
    successor_share: FloatArray,
) -> tuple[FloatArray, IntArray, IntArray, TextArray]:
    """Demand with what was inherited [(n, T) units], first period of it, periods inherited [(n,) each] and from whom
    [(n,) text].

    Half of A's customers go over to B, which sells since the third period:

    >>> demand = np.array([[8.0, 8.0, 2.0, 0.0], [0.0, 0.0, 3.0, 5.0]])
    >>> taken, first, periods, source = inherited_demand(
    ...     demand, np.array([0, 2]), np.zeros(2, bool), np.array(["A", "B"]), np.array(["X", "X"]),
    ...     np.array(["B", ""]), np.array([0.5, 1.0]))
    >>> taken[1].tolist(), first.tolist(), periods.tolist(), source.tolist()
    ([4.0, 4.0, 3.0, 5.0], [0, 0], [0, 2], ['', 'A'])
    """
    n, periods = own_demand_units.shape
    until = np.where(own_first_period >= 0, own_first_period, np.where(launch_known, periods, 0))
    source, heir = heirs(sku_id, location_id, successor_sku_id)
    wanted = (successor_share[source] > 0) & (until[heir] > 0)
    source, heir = source[wanted], heir[wanted]
    nothing = np.zeros(n, np.int64), np.broadcast_to(np.array("", sku_id.dtype), (n,))
    if not len(source):
        return own_demand_units, own_first_period, *nothing
    demand, first = own_demand_units.copy(), own_first_period.copy()
    taken: dict[int, list[str]] = {}
    at = np.arange(periods)
    for ready in rounds(source, heir):
        given, to = source[ready], heir[ready]
        known = first[given] >= 0
        given, to = given[known], to[known]
        before = at[None, :] < until[to, None]
        np.add.at(demand, to, np.where(before, successor_share[given, None] * demand[given], 0.0))
        for giver, taker in zip(given.tolist(), to.tolist(), strict=True):
            if first[giver] < until[taker]:
                first[taker] = first[giver] if first[taker] < 0 else min(first[taker], first[giver])
                taken.setdefault(taker, []).append(str(sku_id[giver]))
    inherited = np.where(first >= 0, np.maximum(until - first, 0), 0)
    told = np.array([", ".join(sorted(taken.get(row, ()))) for row in range(n)], dtype=np.str_)
    return demand, first, np.where(told == "", 0, inherited), told


def heirs(sku_id: TextArray, location_id: TextArray, successor_sku_id: TextArray) -> tuple[IntArray, IntArray]:
    """Rows that name a successor which is planned at the same location, and the rows of these successors [(k,) each].

    Rows come sorted by the successor, then the predecessor, so that sums are always made in the same order.
    """
    followed = np.flatnonzero((successor_sku_id != "") & (successor_sku_id != sku_id))
    # Only the locations of named successors are looked at: their number is small, the shop is not.
    candidates = np.flatnonzero(np.isin(sku_id, successor_sku_id[followed])) if len(followed) else followed
    if not len(candidates):
        return candidates, candidates
    named = np.char.add(np.char.add(sku_id[candidates], "\x1f"), location_id[candidates])
    wanted = np.char.add(np.char.add(successor_sku_id[followed], "\x1f"), location_id[followed])
    order = np.argsort(named, kind="stable")
    place = np.minimum(np.searchsorted(named[order], wanted), len(order) - 1)
    found = candidates[order[place]]
    there = named[order[place]] == wanted
    source, heir = followed[there], found[there]
    order = np.lexsort((source, heir))
    return source[order], heir[order]


def rounds(source: IntArray, heir: IntArray) -> list[IntArray]:
    """Places of the links in rounds: each giver has all that it inherits before it gives. Circles are left out.

    >>> [made.tolist() for made in rounds(np.array([0, 1, 5, 6]), np.array([1, 2, 6, 5]))]  # 0→1→2, 5⇄6
    [[0], [1]]
    """
    made = []
    open_links = np.arange(len(source))
    while len(open_links):
        ready = ~np.isin(source[open_links], heir[open_links])
        if not ready.any():
            break
        made.append(open_links[ready])
        open_links = open_links[~ready]
    return made
