"""Levels: lead time, lot, safety stock, reorder point and order-up-to level."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray
from skuwise.core.dictionary import fields_of
from skuwise.core.periods import DAYS_PER_YEAR
from skuwise.core.policy.distribution import (
    exceedance,
    expected_shortage,
    point_for_chance,
    point_for_shortage,
    quantile,
)
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import step

SERVICE_MEASURES = fields_of("rules")["service_measure"].choices
FILL_RATE = SERVICE_MEASURES.index("fill_rate")
COST = SERVICE_MEASURES.index("cost")
UNMET_DEMAND = fields_of("rules")["unmet_demand"].choices
LOST = UNMET_DEMAND.index("lost")
#: A share of the units, a share of the cycles, or the least of shortage and holding cost.
UNITS, CYCLES, MONEY = 0, 1, 2
#: Money never asks for more than this share of cycles without a stockout: holding for nothing would ask for no end.
CRITICAL_RATIO_MAX = 0.9999
HALF_UNIT = 0.5


@step(
    out=("lead_time_days_mean", "lead_time_days_sd", "lead_time_known", "protection_interval_days"),
    formula="as supply terms or receipts tell, else lead_time_days_assumed and its share; lead_time_days_ruled where "
    "it is at least 0, and the deviation keeps its share of the mean; protection = lead time + review period",
    source="Silver, Pyke & Thomas: (R, S) systems protect lead time + review period",
)
def lead_time(
    lead_time_days_given: FloatArray,
    lead_time_sd_days_given: FloatArray,
    lead_time_days_assumed: FloatArray,
    lead_time_sd_share_assumed: FloatArray,
    lead_time_days_ruled: FloatArray,
    review_period_days: IntArray,
) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray]:
    """Mean and deviation of the lead time, whether it is known, and the protection interval [(n,) days].

    Terms of 20 days ± 4 and a rule that says 30: the deviation grows with the mean.

    >>> one = lambda value: np.array([value])
    >>> mean, sd, known, protection = lead_time(one(20.0), one(4.0), one(14.0), one(0.3), one(30.0), one(7))
    >>> float(mean[0]), float(sd[0]), bool(known[0]), float(protection[0])
    (30.0, 6.0, True, 37.0)
    """
    known = ~np.isnan(lead_time_days_given)
    told = np.where(known, lead_time_days_given, lead_time_days_assumed)
    sd = np.where(np.isnan(lead_time_sd_days_given), lead_time_sd_share_assumed * told, lead_time_sd_days_given)
    ruled = lead_time_days_ruled >= 0
    mean = np.where(ruled, lead_time_days_ruled, told)
    scaled = np.where(told > 0, sd / np.where(told > 0, told, 1.0), lead_time_sd_share_assumed) * mean
    return mean, np.where(ruled, scaled, sd), known | ruled, mean + review_period_days


@step(
    out="lot_units",
    formula="√(2 × order cost × yearly demand ÷ (holding share × unit cost)), at most lot_days_max of demand; 0 where "
    "ordering costs nothing or the cost is unknown",
    source="Harris (1913), economic order quantity; Snyder & Shen, problem 3.1",
)
def economic_lot(
    daily_mean_units: FloatArray,
    order_cost_minor: IntArray,
    unit_cost_minor: IntArray,
    holding_cost_share_per_year: FloatArray,
    lot_days_max: FloatArray,
) -> IntArray:
    """Economic lot [(n,) units].

    Snyder & Shen, example 3.1: order cost 8, yearly demand 1,300, holding cost 0.225: lot 304.1.

    >>> day = np.array([1300 / DAYS_PER_YEAR])
    >>> economic_lot(day, np.array([800]), np.array([75]), np.array([0.30]), np.array([365.0])).tolist()
    [304]
    """
    holding = holding_cost_share_per_year * unit_cost_minor
    useful = (order_cost_minor > 0) & (holding > 0)
    lot = np.sqrt(2 * order_cost_minor * daily_mean_units * DAYS_PER_YEAR / np.where(useful, holding, 1))
    return np.floor(np.where(useful, np.minimum(lot, lot_days_max * daily_mean_units), 0) + 0.5).astype(np.int64)


@step(
    out="cycle_quantity_units",
    formula="the largest of lot, MOQ, order multiple and the demand of a review period",
    source="Silver, Pyke & Thomas: the more a cycle serves, the less safety stock a fill rate needs",
)
def cycle_quantity(
    lot_units: IntArray, moq_units: IntArray, order_multiple_units: IntArray, review_mean_units: FloatArray
) -> FloatArray:
    """Units that one cycle serves [(n,) units]."""
    # A multiple of 1 is no lot: it would promise slow movers a cycle that they do not have.
    multiple = np.where(order_multiple_units > 1, order_multiple_units, 0)
    return np.maximum(np.maximum(lot_units, moq_units), np.maximum(multiple, review_mean_units)).astype(np.float64)


@step(
    out=("undershoot_mean_units", "undershoot_sd_units", "cover_mean_units", "cover_sd_units"),
    formula="lot within the demand of a review period: cover = protection interval demand. Lot beyond it: cover = lead "
    "time demand + undershoot, whose moments are m₂ ÷ 2m₁ and m₃ ÷ 3m₁ of the demand of a review period. Where supply "
    "terms say that a share u of the orders never arrives, cover has u ÷ (1 − u) waits more, with the variance "
    "(u ÷ (1 − u)² + u ÷ (1 − u) × lead time ÷ wait) of a wait's demand squared; a wait is a review period, with a lot "
    "the lead time too",
    source="Silver, Pyke & Thomas: (R, s, S) undershoot; renewal theory; gamma moments; orders lost in a row",
)
def demand_to_cover(
    lot_units: IntArray,
    review_mean_units: FloatArray,
    lead_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    protection_mean_units: FloatArray,
    protection_sd_units: FloatArray,
    error_sd_units_per_period: FloatArray,
    daily_mean_units: FloatArray,
    lead_time_days_mean: FloatArray,
    undelivered_share_given: FloatArray,
    review_period_days: IntArray,
    period_days: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Undershoot and the demand that the reorder point covers [(n,) units each].

    Between two reviews the position falls past the reorder point by what a whole review period sells. Where every
    review orders, that is inside the protection interval; where a lot makes orders rare, lumpy demand undershoots by
    more than a review period's mean, and lead time demand comes on top.

    After an order that never arrives the next one has to come: a review later, or with a lot when its lead time is
    over, because until then it counts as under way. Orders under way may be lost too.
    """
    mean = np.maximum(review_mean_units, 1e-12)
    variance = np.maximum(review_period_days / period_days * error_sd_units_per_period**2, mean)
    second = variance + mean**2
    # A gamma of mean m and variance v has third moment (m² + v)(m² + 2v) ÷ m.
    third = second * (mean**2 + 2 * variance) / mean
    under_mean = second / (2 * mean)
    under_variance = np.maximum(third / (3 * mean) - under_mean**2, 0)
    lots = lot_units > review_mean_units
    under_mean = np.where(lots & (review_mean_units > 0), under_mean, 0.0)
    under_sd = np.where(under_mean > 0, np.sqrt(under_variance), 0.0)
    cover_mean = np.where(under_mean > 0, lead_mean_units + under_mean, protection_mean_units)
    cover_sd = np.where(under_mean > 0, np.sqrt(lead_sd_units**2 + under_sd**2), protection_sd_units)
    lost = np.nan_to_num(undelivered_share_given)
    wait_days = review_period_days + np.where(under_mean > 0, lead_time_days_mean, 0.0)
    wait_mean = daily_mean_units * wait_days
    under_way = lead_time_days_mean / wait_days
    lost_variance = wait_mean**2 * (lost / (1 - lost) ** 2 + lost / (1 - lost) * under_way)
    cover_sd = np.where(lost > 0, np.sqrt(cover_sd**2 + lost_variance), cover_sd)
    return under_mean, under_sd, cover_mean + wait_mean * lost / (1 - lost), cover_sd


@step(
    out="critical_ratio_share",
    formula="shortage ÷ (shortage + holding): shortage of a unit = shortage_cost_minor, or where that is below 0 the "
    "share shortage_cost_share_of_margin of price − cost; holding = cost × holding share a year × days ÷ 365, for the "
    "review period or, where a lot lasts longer, cycle quantity ÷ daily demand. Where unmet demand is lost and the "
    "lead time outlasts the cycle, shortage = (shortage + holding) × P(the cycle after an empty one has enough) where "
    "less, as often as a review orders. Unknown where a part is unknown, nothing is earned, or money does not decide",
    source="Snyder & Shen: newsvendor and base stock; Hadley & Whitin (1963): (Q, r) with lost sales; Morton (1971)",
)
def critical_ratio(
    service_measure: CodeArray,
    unmet_demand: CodeArray,
    unit_price_minor: IntArray,
    unit_cost_minor: IntArray,
    shortage_cost_minor: IntArray,
    shortage_cost_share_of_margin: FloatArray,
    holding_cost_share_per_year: FloatArray,
    cycle_quantity_units: FloatArray,
    daily_mean_units: FloatArray,
    review_period_days: IntArray,
    lead_time_days_mean: FloatArray,
    review_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    protection_sd_units: FloatArray,
) -> FloatArray:
    """Share of the cycles that begin with stock and should end with some, as money has it [(n,) share; NaN unknown].

    One more unit of stock earns its shortage cost b in the cycles that would run out, and waits for the length of a
    cycle in the others, which costs h. A lot longer than the review period means fewer cycles to run out in:
    h Q ÷ (b D + h Q) of them.

    Price 30, cost 20, a quarter of the cost a year, review each week: 1000 ÷ (1000 + 2000 × 0.25 × 7 ÷ 365) = 0.9905.

    >>> one = lambda *values: [np.array([value]) for value in values]
    >>> terms = one(3000, 2000, -1, 1.0, 0.25, 7.0, 1.0, 7, 14.0, 7.0, 4.0, 5.0)
    >>> ratios = [critical_ratio(*one(COST, UNMET_DEMAND.index(unmet)), *terms) for unmet in ("backordered", "lost")]
    >>> [round(float(ratio[0]), 4) for ratio in ratios]
    [0.9905, 0.9832]
    """
    margin = np.where((unit_price_minor >= 0) & (unit_cost_minor >= 0), unit_price_minor - unit_cost_minor, 0)
    shortage = np.where(shortage_cost_minor >= 0, shortage_cost_minor, shortage_cost_share_of_margin * margin)
    demand = np.where(daily_mean_units > 0, daily_mean_units, 1.0)
    cycle_days = np.maximum(np.where(daily_mean_units > 0, cycle_quantity_units / demand, 0.0), review_period_days)
    holding = unit_cost_minor * holding_cost_share_per_year * cycle_days / DAYS_PER_YEAR
    known = (shortage > 0) & (unit_cost_minor >= 0) & (service_measure == COST)
    ratio = np.full(len(known), np.nan)
    at = np.flatnonzero(known)
    ratio[at] = np.minimum(shortage[at] / (shortage[at] + holding[at]), CRITICAL_RATIO_MAX)
    at = np.flatnonzero(known & (unmet_demand == LOST) & (review_mean_units > 0))
    mean = review_mean_units[at]
    sd = np.sqrt(np.maximum(protection_sd_units[at] ** 2 - lead_sd_units[at] ** 2, mean))
    # Only an order that is placed can be one less: none is after a review period without demand.
    unseen = np.minimum(lead_time_days_mean[at] / cycle_days[at], 1.0) * exceedance(
        np.full(len(at), HALF_UNIT), mean, sd
    )
    least = np.minimum((shortage[at] + holding[at]) * _recovery(ratio[at], mean, sd), shortage[at])
    worth = unseen * least + (1 - unseen) * shortage[at]
    ratio[at] = np.minimum(worth / (worth + holding[at]), CRITICAL_RATIO_MAX)
    return ratio


def _recovery(ratio: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Chance that the cycle after an empty one has enough [(n,) share].

    A unit sold instead of lost is missing in the next cycle. Had it been left over, the order for that cycle would be
    one less; but that order is on its way already where the lead time outlasts a cycle. After an empty shelf the next
    cycle has only its own order, an average one: what a cycle sells.
    """
    sold = mean - expected_shortage(quantile(ratio, mean, sd), mean, sd)
    return 1.0 - exceedance(sold, mean, sd)


def aims(service_measure: CodeArray, critical_ratio_share: FloatArray) -> IntArray:
    """What is aimed at [(n,): UNITS, CYCLES or MONEY]; where money cannot say, units."""
    known = ~np.isnan(critical_ratio_share)
    named = np.where(service_measure == COST, MONEY, np.where(service_measure == FILL_RATE, UNITS, CYCLES))
    return np.where((named == MONEY) & ~known, UNITS, named)


@step(
    out="safety_stock_units",
    formula="cycle service: demand to cover not exceeded with the target's probability − expected demand to cover; "
    "cost: not exceeded with the critical ratio where lead time demand was not. Fill rate, and cost where the ratio is "
    "unknown: the least stock above it with which a cycle is short by at most (1 − target) × cycle quantity. Within "
    "safety_stock_units_min (for cost only where above 0) and safety_stock_days_max, of falling demand where it falls; "
    "demand is gamma distributed",
    source="Silver, Pyke & Thomas: P1 and P2 service; Burgin (1975)",
)
def safety_stock(
    service_measure: CodeArray,
    service_target: FloatArray,
    cover_mean_units: FloatArray,
    cover_sd_units: FloatArray,
    undershoot_mean_units: FloatArray,
    lead_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    cycle_quantity_units: FloatArray,
    daily_mean_units: FloatArray,
    safety_stock_units_min: IntArray,
    safety_stock_days_max: FloatArray,
    critical_ratio_share: FloatArray,
    falling_daily_units: FloatArray,
) -> FloatArray:
    """Safety stock [(n,) units]: net inventory expected just before a receipt. Only money may want it below zero."""
    stock = np.zeros(len(service_target))
    aim = np.where(cover_mean_units > 0, aims(service_measure, critical_ratio_share), -1)
    # Where a lot makes orders rare the stock is high at the start of a cycle: nothing is short yet.
    rare = undershoot_mean_units > 0
    earlier_mean, earlier_sd = np.where(rare, 0.0, lead_mean_units), np.where(rare, 0.0, lead_sd_units)
    at = np.flatnonzero(aim == CYCLES)
    stock[at] = quantile(service_target[at], cover_mean_units[at], cover_sd_units[at]) - cover_mean_units[at]
    at = np.flatnonzero(aim == MONEY)
    ratio, mean = critical_ratio_share[at], cover_mean_units[at]
    point = point_for_chance(ratio, mean, cover_sd_units[at], earlier_mean[at], earlier_sd[at])
    # Demand comes in whole units: the level S serves what a continuous demand has up to S + ½.
    stock[at] = np.maximum(point - HALF_UNIT, 0.0) - mean
    at = np.flatnonzero(aim == UNITS)
    mean = cover_mean_units[at]
    allowed, start = (1 - service_target[at]) * cycle_quantity_units[at], mean + safety_stock_units_min[at]
    point = point_for_shortage(allowed, start, mean, cover_sd_units[at], earlier_mean[at], earlier_sd[at])
    stock[at] = point - mean
    # A least of 0 is what stands where nobody asked for one. Money may then want less than the expected demand: where
    # holding costs more than a shortage, safety stock is negative. A least above 0 is a wish, and holds for money too.
    least = np.where((aim == MONEY) & (safety_stock_units_min <= 0), -np.inf, safety_stock_units_min)
    most = np.maximum(safety_stock_days_max * np.fmin(daily_mean_units, falling_daily_units), safety_stock_units_min)
    return np.minimum(np.maximum(stock, least), most)


@step(
    out=("reorder_point_units", "order_up_to_level_units"),
    formula="reorder point = ⌈demand to cover + safety stock⌉; order-up-to = reorder point + lot − undershoot",
    source="Silver, Pyke & Thomas: (R, s, S) and (R, S) systems",
)
def stock_levels(
    cover_mean_units: FloatArray, safety_stock_units: FloatArray, lot_units: IntArray, undershoot_mean_units: FloatArray
) -> tuple[IntArray, IntArray]:
    """Reorder point and order-up-to level [(n,) units each], both for the inventory position.

    Without a lot the two are one, the (R, S) system. With one, an order lifts the position by the lot on average.

    >>> s, S = stock_levels(np.array([78.4]), np.array([16.9]), np.array([0]), np.array([0.0]))
    >>> int(s[0]), int(S[0])
    (96, 96)
    """
    reorder_point = ceil_units(cover_mean_units + safety_stock_units)
    above = np.where(undershoot_mean_units > 0, np.maximum(lot_units - ceil_units(undershoot_mean_units), 0), 0)
    return reorder_point, reorder_point + above
