"""Stock walked through the lead time: what an empty shelf never sells is not bought again.

The inventory position counts every unit of demand as if it were met some day. With lost sales it is not: a shelf that
runs empty before the next receipt stops selling, and an order for all of the demand buys units that nobody took. So
demand paths are walked from today's stock, receipt by receipt, never below an empty shelf, to the day on which an order
placed today arrives. The order is then as small as it can be without missing more after its receipt than the level
would, were nothing lost: measured on the same paths, so that their coarseness cancels and the levels stay the
explanation.

The order that the state of the shelf asks for, and not one level for every state, is what does best where sales are
lost (Zipkin, Operations Research 56 (2008) 937; Bijvank & Vis, EJOR 215 (2011) 1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.forecast.paths import PathTables, fill_demand, fill_gamma, path_tables
from skuwise.core.policy.levels import LOST, MONEY, UNITS, aims
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import step

#: Spans of demand between receipts that are told apart; later receipts count with the last of them.
SPANS = 24
#: Sources of luck: the first span (0), the lead time, later spans, and which orders arrive.
LEAD, LATER, ARRIVALS = 1, 2, 2 + SPANS - 1
#: An item that needs no order is left out where stock exceeds demand by so many deviations and units all along.
SAFE_DEVIATIONS = 6.0
SAFE_UNITS = 2.0
#: Points are solved to this share of themselves, in so many steps at most.
TOLERANCE = 1e-9
STEPS_MAX = 120
#: What the walk of an item is wanted for: nothing, only what is lost, or the order too.
NOTHING, LOSSES, ORDER = 0, 1, 2


class Walk(NamedTuple):
    """What the walks need [(n,) each, ``due_units`` (n, P), ``mean_units`` (n, H)]; times are in periods.

    ``variance_rate`` × mean² ÷ length is the variance of a span of demand. ``tail_*`` is the demand that today's order
    serves beyond the lead time.
    ``aim``: whether the chance of a stockout counts (for money, of cycles that begin with stock) or the units missed.
    """

    wanted: IntArray
    shelf_units: FloatArray
    due_units: IntArray
    lead: FloatArray
    lead_sd: FloatArray
    protection: FloatArray
    mean_units: FloatArray
    lead_mean: FloatArray
    lead_sd_units: FloatArray
    variance_rate: FloatArray
    tail_mean: FloatArray
    tail_variance: FloatArray
    aim: IntArray
    lossy: BoolArray
    position_units: FloatArray
    level_units: FloatArray


class Spans(NamedTuple):
    """Spans of time from receipt to receipt: where each starts and ends, and what arrives at its start."""

    start: FloatArray
    end: FloatArray
    arriving: FloatArray


class Paths(NamedTuple):
    """What happened on each path up to the receipt [(P,) each]; ``values`` and ``sorted`` are room to work in."""

    values: FloatArray
    lead: FloatArray
    shelf: FloatArray
    demand: FloatArray
    missed: FloatArray
    later: FloatArray
    sorted: FloatArray


@step(
    out=("position_relief_units", "lost_before_receipt_units", "loss_before_receipt_share"),
    formula="what the order up to the level can be less by and leave no more to be missed after the receipt than "
    "without losses, on the same demand paths, as whole units of the level; 0 where the position is above the reorder "
    "point, a lot makes orders rare or unmet demand waits. Lost: mean over the paths by the receipt; share: paths that "
    "lose",
    source="Zipkin (2008); Bijvank & Vis (2011): lost sales; stratified paths, the levels as control variate",
)
def position_relief(
    on_hand_units: IntArray,
    reserved_units: IntArray,
    backlog_units: IntArray,
    stock_known: BoolArray,
    awaited_units: IntArray,
    inventory_position_units: IntArray,
    reorder_point_units: IntArray,
    unmet_demand: CodeArray,
    service_measure: CodeArray,
    critical_ratio_share: FloatArray,
    safety_stock_units: FloatArray,
    cover_mean_units: FloatArray,
    cover_sd_units: FloatArray,
    undershoot_mean_units: FloatArray,
    lead_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    daily_mean_units: FloatArray,
    lead_time_days_mean: FloatArray,
    lead_time_days_sd: FloatArray,
    protection_interval_days: FloatArray,
    mean_units: FloatArray,
    period_days: int,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Units by which the position counts for more [(n,) units], units lost before a receipt and the chance [(n,) each].

    The relief lowers the level in its unrounded form, so that position + relief against the levels gives the order
    that the paths ask for, rounded up once.
    """
    level = cover_mean_units + safety_stock_units
    lossy = unmet_demand == LOST
    # Where a lot makes orders rare, what is missed before the receipt is what the reorder point is there to bound: an
    # order put off because the shelf will be empty anyway would leave it empty for longer.
    orders = (inventory_position_units <= reorder_point_units) & (undershoot_mean_units <= 0)
    lead = lead_time_days_mean / period_days
    demand_variance = np.maximum(lead_sd_units**2 - (daily_mean_units * lead_time_days_sd) ** 2, 0)
    squared = np.maximum(lead_mean_units, 1e-9) ** 2
    tail = np.maximum(cover_mean_units - lead_mean_units, 0)
    raw, lost, share = _walk_items(
        Walk(
            wanted=np.where(stock_known & lossy & (lead_mean_units > 0), np.where(orders, ORDER, LOSSES), NOTHING),
            shelf_units=(on_hand_units - reserved_units - backlog_units).astype(np.float64),
            due_units=awaited_units,
            lead=lead,
            lead_sd=lead_time_days_sd / period_days,
            protection=protection_interval_days / period_days,
            mean_units=mean_units,
            lead_mean=lead_mean_units,
            lead_sd_units=lead_sd_units,
            variance_rate=demand_variance * lead / squared,
            tail_mean=tail,
            tail_variance=np.maximum(cover_sd_units**2 - lead_sd_units**2, tail),
            aim=aims(service_measure, critical_ratio_share),
            lossy=lossy,
            position_units=inventory_position_units.astype(np.float64),
            level_units=level,
        ),
        path_tables(),
    )
    # Points are solved to far less than a millionth of a unit, and often lie on a whole one.
    lowered = ceil_units(np.where(raw > 0, np.round(level - raw, 6), level))
    return np.maximum(ceil_units(level) - lowered, 0), lost, share


@kernel
def _walk_items(walk: Walk, tables: PathTables) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, paths = len(walk.lead), tables.orders.shape[1]
    relief, lost, share = np.zeros(n), np.zeros(n), np.zeros(n)
    spans = Spans(np.empty(SPANS), np.empty(SPANS), np.empty(SPANS))
    room = Paths(
        np.empty(paths),
        np.empty(paths),
        np.empty(paths),
        np.empty(paths),
        np.empty(paths),
        np.empty(paths),
        np.empty(paths),
    )
    for i in range(n):
        if walk.wanted[i] == NOTHING:
            continue
        count = _find_spans(walk, i, spans)
        # Where an order is asked for every path is walked: a skipped one could make it larger than with less stock.
        if walk.wanted[i] == LOSSES and _is_safe(walk, i, spans, count):
            continue
        _walk_paths(walk, i, spans, count, tables, room)
        for p in range(paths):
            lost[i] += room.missed[p] / paths
            # A path stands for a stratum of demands: where it misses part of a unit, only part of them miss one.
            share[i] += min(room.missed[p], 1.0) / paths
        if walk.wanted[i] == ORDER and lost[i] > 0.0:
            fill_demand(walk.tail_mean[i], walk.tail_variance[i], tables.gamma_curves, room.values)
            without = walk.level_units[i] - walk.position_units[i]
            relief[i] = max(without - _order_with_losses(walk, i, room), 0.0)
    return relief, lost, share


@kernel
def _find_spans(walk: Walk, i: int, spans: Spans) -> int:
    """Cut the time up to the protection interval's end at each receipt; what is overdue arrives at once."""
    until = walk.lead[i] if walk.lead_sd[i] <= 0.0 else walk.protection[i]
    spans.start[0] = 0.0
    spans.arriving[0] = walk.due_units[i, 0]
    count = 1
    for h in range(1, walk.due_units.shape[1]):
        if h >= walk.protection[i]:
            break
        if walk.due_units[i, h] > 0 and count < SPANS:
            spans.start[count] = h
            spans.arriving[count] = walk.due_units[i, h]
            count += 1
        else:
            spans.arriving[count - 1] += walk.due_units[i, h]
    for k in range(count):
        following = spans.start[k + 1] if k + 1 < count else until
        spans.end[k] = max(spans.start[k], min(following, until))
    return count


@kernel
def _mean_until(mean_units: FloatArray, time: float) -> float:
    """Expected demand up to a time in periods; beyond the horizon its last period goes on."""
    horizon = len(mean_units)
    whole = min(int(time), horizon - 1)
    total = (time - whole) * mean_units[whole]
    for h in range(whole):
        total += mean_units[h]
    return float(total)


@kernel
def _scale(walk: Walk, i: int) -> float:
    """What makes the periods' expected demand add up to the lead time's."""
    periods = _mean_until(walk.mean_units[i], walk.lead[i])
    return float(walk.lead_mean[i] / periods) if periods > 0.0 else 0.0


@kernel
def _is_safe(walk: Walk, i: int, spans: Spans, count: int) -> bool:
    """Whether next to no path could run empty before a receipt."""
    there = walk.shelf_units[i] - SAFE_UNITS - SAFE_DEVIATIONS * walk.lead_sd_units[i]
    scale = _scale(walk, i)
    for k in range(count):
        there += spans.arriving[k]
        if spans.start[k] > 0.0 and spans.start[k] >= walk.lead[i]:
            break
        if there < scale * _mean_until(walk.mean_units[i], min(spans.end[k], walk.lead[i])):
            return False
    return True


@kernel
def _walk_paths(walk: Walk, i: int, spans: Spans, count: int, tables: PathTables, room: Paths) -> None:
    """Walk every path to its receipt of today's order: what is left on the shelf, was wanted, and was missed."""
    paths = len(room.shelf)
    room.shelf[:] = walk.shelf_units[i]
    room.demand[:] = 0.0
    room.missed[:] = 0.0
    room.later[:] = 0.0
    fill_gamma(walk.lead[i], walk.lead_sd[i], tables.gamma_curves, room.values)
    for p in range(paths):
        room.lead[p] = room.values[tables.orders[LEAD, p]]
    scale = _scale(walk, i)
    for k in range(count):
        start, length = spans.start[k], spans.end[k] - spans.start[k]
        last = k + 1 == count or spans.end[k + 1] <= spans.start[k + 1]
        if length > 0.0:
            mean = scale * (_mean_until(walk.mean_units[i], spans.end[k]) - _mean_until(walk.mean_units[i], start))
            fill_demand(mean, walk.variance_rate[i] * mean * mean / length, tables.gamma_curves, room.values)
        order = tables.orders[0 if k == 0 else LATER + k - 1]
        for p in range(paths):
            if k > 0 and room.lead[p] <= start:
                # Today's order is there before these units are.
                room.later[p] += spans.arriving[k]
                continue
            there = room.shelf[p] + spans.arriving[k]
            if length <= 0.0:
                room.shelf[p] = there
                continue
            part = (room.lead[p] - start) / length
            wanted = room.values[order[p]] * (part if last else min(part, 1.0))
            sold = min(wanted, max(there, 0.0)) if walk.lossy[i] else wanted
            room.shelf[p] = there - sold
            room.demand[p] += wanted
            room.missed[p] += wanted - sold


@kernel
def _order_with_losses(walk: Walk, i: int, room: Paths) -> float:
    """The order that leaves as much to be missed after its receipt as the level would without losses.

    The demand after the receipt is independent of what came before: each path meets each stratum of it, so that rare
    pairs are seen too. What the level leaves is measured on the same paths, so that their coarseness cancels.
    """
    base, tail = room.sorted, room.values
    level = walk.level_units[i]
    base[:] = room.demand
    base.sort()
    by_units = walk.aim[i] == UNITS
    if by_units:
        allowed, _ = _short_beyond(base, tail, level, True)
    else:
        allowed, _ = _chance_beyond(base, tail, level)
        if walk.aim[i] == MONEY:
            begun = np.searchsorted(base, level, side="right") / len(base)
            allowed = max(0.0, 1.0 - (1.0 - allowed) / begun) if begun > 0.0 else 1.0
    most_wanted = base[-1] + tail[-1]
    for p in range(len(base)):
        base[p] = -room.shelf[p] - room.later[p]
    base.sort()
    if level >= most_wanted:
        # Above all that any path wants: as far above what any path needs.
        return float(base[-1] + tail[-1] + level - most_wanted)
    return _point(base, tail, by_units, allowed, level - walk.position_units[i])


@kernel
def _point(base: FloatArray, tail: FloatArray, by_units: bool, allowed: float, guess: float) -> float:
    """The least point beyond which only so much of base + tail lies: Newton's method within a bracket."""
    low, high = base[0] + tail[0], base[-1] + tail[-1]
    if by_units:
        # So low that all of the demand is missed on every path, and more than allowed.
        low = min(low, base.mean() + tail.mean() - allowed)
    point = min(max(guess, low), high)
    low_tried, high_tried = False, False
    for turn in range(STEPS_MAX):
        over, steep = _short_beyond(base, tail, point, False) if by_units else _chance_beyond(base, tail, point)
        if over > allowed:
            if point >= high:
                break
            low, low_tried = point, True
        else:
            if point <= low:
                break
            high, high_tried = point, True
        following = point + (over - allowed) / steep if steep > 0.0 else low
        if steep > 0.0 and abs(following - point) <= TOLERANCE * max(1.0, abs(point)):
            point = following
            break
        if not low < following < high:
            # An end of the bracket that was never looked at, else the middle.
            following = low if not low_tried else high if not high_tried else (low + high) / 2.0
        elif turn % 3 == 2:
            # A chance falls in jumps where demand is in whole units: there Newton would creep.
            following = (low + high) / 2.0
        if high - low <= TOLERANCE * max(1.0, abs(point)):
            point = high
            break
        point = following
    return float(point)


@kernel
def _short_beyond(base: FloatArray, tail: FloatArray, point: float, subtract: bool) -> tuple[float, float]:
    """Mean of (base + tail − point)⁺ over all pairs, less that of (base − point)⁺, and how steeply it falls."""
    paths = len(base)
    first = paths
    beyond, short, steep = 0.0, 0.0, 0.0
    for p in range(paths):
        gap = point - base[p]
        while first > 0 and tail[first - 1] > gap:
            first -= 1
            beyond += tail[first]
        short += beyond - (paths - first) * gap
        steep += paths - first
        if subtract and gap < 0.0:
            short += paths * gap
            steep -= paths
    return short / (paths * paths), steep / (paths * paths)


@kernel
def _chance_beyond(base: FloatArray, tail: FloatArray, point: float) -> tuple[float, float]:
    """Chance that base + tail exceeds the point, the tail taken as continuous between its strata; and its slope."""
    paths = len(base)
    first = paths
    chance, steep = 0.0, 0.0
    for p in range(paths):
        gap = point - base[p]
        while first > 0 and tail[first - 1] > gap:
            first -= 1
        if first == 0:
            chance += paths
        elif first < paths:
            width = tail[first] - tail[first - 1]
            chance += paths - first + 0.5 - (gap - tail[first - 1]) / width
            steep += 1.0 / width
    return chance / (paths * paths), steep / (paths * paths)
