"""Levels: lead time, lot, safety stock, reorder point and order-up-to level."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray
from skuwise.core.dictionary import fields_of
from skuwise.core.periods import DAYS_PER_YEAR
from skuwise.core.policy.distribution import point_for_shortage, quantile
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import step

SERVICE_MEASURES = fields_of("rules")["service_measure"].choices
FILL_RATE = SERVICE_MEASURES.index("fill_rate")


@step(
    out=("lead_time_days_mean", "lead_time_days_sd", "lead_time_known", "protection_interval_days"),
    formula="as supply terms or receipts tell, else lead_time_days_assumed and its share; protection = lead time + "
    "review period",
    source="Silver, Pyke & Thomas: (R, S) systems protect lead time + review period",
)
def lead_time(
    lead_time_days_given: FloatArray,
    lead_time_sd_days_given: FloatArray,
    lead_time_days_assumed: FloatArray,
    lead_time_sd_share_assumed: FloatArray,
    review_period_days: IntArray,
) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray]:
    """Mean and deviation of the lead time, whether it is known, and the protection interval [(n,) days]."""
    known = ~np.isnan(lead_time_days_given)
    mean = np.where(known, lead_time_days_given, lead_time_days_assumed)
    sd = np.where(np.isnan(lead_time_sd_days_given), lead_time_sd_share_assumed * mean, lead_time_sd_days_given)
    return mean, sd, known, mean + review_period_days


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
    "time demand + undershoot, whose moments are m₂ ÷ 2m₁ and m₃ ÷ 3m₁ of the demand of a review period",
    source="Silver, Pyke & Thomas: (R, s, S) undershoot; renewal theory; gamma moments",
)
def demand_to_cover(
    lot_units: IntArray,
    review_mean_units: FloatArray,
    lead_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    protection_mean_units: FloatArray,
    protection_sd_units: FloatArray,
    error_sd_units_per_period: FloatArray,
    review_period_days: IntArray,
    period_days: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Undershoot and the demand that the reorder point covers [(n,) units each].

    Between two reviews the position falls past the reorder point by what a whole review period sells. Where every
    review orders, that is inside the protection interval; where a lot makes orders rare, lumpy demand undershoots by
    more than a review period's mean, and lead time demand comes on top.
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
    return under_mean, under_sd, cover_mean, cover_sd


@step(
    out="safety_stock_units",
    formula="cycle service: demand to cover not exceeded with the target's probability − expected demand to cover. "
    "Fill rate: the least stock above it with which a cycle is short by at most (1 − target) × cycle quantity. Within "
    "safety_stock_units_min and safety_stock_days_max; demand is gamma distributed",
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
) -> FloatArray:
    """Safety stock [(n,) units]: net inventory expected just before a receipt."""
    stock = np.zeros(len(service_target))
    by_cycle = np.flatnonzero((service_measure != FILL_RATE) & (cover_mean_units > 0))
    mean, sd = cover_mean_units[by_cycle], cover_sd_units[by_cycle]
    stock[by_cycle] = quantile(service_target[by_cycle], mean, sd) - mean
    by_fill = np.flatnonzero((service_measure == FILL_RATE) & (cover_mean_units > 0))
    mean = cover_mean_units[by_fill]
    # Where a lot makes orders rare the stock is high at the start of a cycle: nothing is short yet.
    rare = undershoot_mean_units[by_fill] > 0
    point = point_for_shortage(
        (1 - service_target[by_fill]) * cycle_quantity_units[by_fill],
        mean + safety_stock_units_min[by_fill],
        mean,
        cover_sd_units[by_fill],
        np.where(rare, 0.0, lead_mean_units[by_fill]),
        np.where(rare, 0.0, lead_sd_units[by_fill]),
    )
    stock[by_fill] = point - mean
    most = np.maximum(safety_stock_days_max * daily_mean_units, safety_stock_units_min)
    return np.minimum(np.maximum(stock, safety_stock_units_min), most)


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
