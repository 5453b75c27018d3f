"""The end of an item's life: the last buy, the day on which the stock is gone, what is left and what would move it.

Until the last day on which an order still arrives early enough, ordinary orders go on, held below the remaining demand.
The order that is due when no later one would come in time is the last buy: a newsvendor's, because what is left at the
end is worth only its salvage.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.catalog.columns import NEVER_DAYS
from skuwise.core.lifecycle.stage import DECLINING, RETIRED, RETIRING
from skuwise.core.policy.distribution import expected_shortage, quantile
from skuwise.core.policy.levels import CRITICAL_RATIO_MAX, HALF_UNIT, LOST
from skuwise.core.policy.remaining import FALL_DAYS, SIGHT_DAYS, curve_of, walk
from skuwise.core.quantities import raise_to_moq, round_down_to_multiple, round_up_to_multiple
from skuwise.core.steps import step

LAST_BUYS = (
    "no end-of-life date",
    "no last buy is allowed",
    "an order would arrive too late",
    "a later order still arrives in time",
    "due today",
    "what is there lasts to the end",
    "it would lose money",
)
(NO_END, NOT_FORESEEN, TOO_LATE, LATER, DUE, LASTS, LOSES) = range(len(LAST_BUYS))
#: A leftover below this is chance and no reason to cut a price.
LEFTOVER_UNITS_MIN = 1.0


@step(
    out="last_buy_ratio_share",
    formula="(price − cost) ÷ (price − salvage_share_of_cost × cost); unknown where price or cost is, or nothing is "
    "earned",
    source="newsvendor: Snyder & Shen, §4.3",
)
def last_buy_ratio(
    unit_price_minor: IntArray, unit_cost_minor: IntArray, salvage_share_of_cost: FloatArray
) -> FloatArray:
    """With which probability the last buy should last to the end [(n,) share; NaN where money cannot say].

    Price 20, cost 10, worth a quarter of its cost at the end: 10 ÷ 17.5.

    >>> round(float(last_buy_ratio(np.array([2000]), np.array([1000]), np.array([0.25]))[0]), 4)
    0.5714
    """
    earned = unit_price_minor - unit_cost_minor
    at_stake = unit_price_minor - salvage_share_of_cost * unit_cost_minor
    known = (unit_price_minor >= 0) & (unit_cost_minor >= 0) & (earned > 0)
    ratio = np.where(known, earned / np.where(known & (at_stake > 0), at_stake, 1.0), np.nan)
    return np.where(known & (at_stake <= 0), CRITICAL_RATIO_MAX, np.minimum(ratio, CRITICAL_RATIO_MAX))


@step(
    out=("last_order_on", "last_buy_units", "last_buy_gain_minor", "last_buy"),
    formula="last order on = end-of-life date − lead time − last_buy_sale_days_min. Last buy = the quantity that earns "
    "most of: the remaining demand not exceeded with the last buy ratio (its mean where the ratio is unknown) − what "
    "is there, raised to MOQ and multiple or rounded down to the multiple; 0 where it earns no more than it costs to "
    "order. What is there = on hand + all awaited − reserved − backlog; where unmet demand is lost at least lead time "
    "demand. Gain = price × units more sold + salvage × units more left − cost × units. Due today where the next "
    "review is after the last order day",
    source="newsvendor: Snyder & Shen, §4.3; gamma distributed demand",
    codes={"last_buy": LAST_BUYS},
)
def last_buy(
    remaining_demand_units: FloatArray,
    remaining_sd_units: FloatArray,
    last_buy_ratio_share: FloatArray,
    on_hand_units: IntArray,
    awaited_units: IntArray,
    reserved_units: IntArray,
    backlog_units: IntArray,
    lead_mean_units: FloatArray,
    unmet_demand: CodeArray,
    unit_price_minor: IntArray,
    unit_cost_minor: IntArray,
    order_cost_minor: IntArray,
    salvage_share_of_cost: FloatArray,
    moq_units: IntArray,
    order_multiple_units: IntArray,
    days_to_end_of_life: IntArray,
    lead_time_days_mean: FloatArray,
    last_buy_sale_days_min: FloatArray,
    last_buy_allowed: BoolArray,
    review_period_days: IntArray,
    as_of_day: int,
) -> tuple[DateArray, IntArray, FloatArray, CodeArray]:
    """Last day to order [(n,) date; NaT without an end], the last buy were it placed today [(n,) units], what it is
    expected to earn [(n,) minor currency; NaN where unknown] and where it stands [(n,) code of ``LAST_BUYS``].

    The newsstand of Snyder & Shen, example 4.3: demand 50 ± 8, overage 0.18, underage 0.70: 56.6 of a normal
    demand, 56 whole ones of a gamma.

    >>> one = lambda *values: [np.array([value]) for value in values]
    >>> on, units, gain, state = last_buy(
    ...     *one(50.0, 8.0, 0.70 / 0.88, 0), np.zeros((1, 1), np.int64), *one(0, 0, 0.0, LOST, 100, 30, 0, 0.4, 0, 1),
    ...     *one(21, 7.0, 14.0, True, 7), 20000)
    >>> str(on[0]), int(units[0]), LAST_BUYS[state[0]]
    ('2024-10-04', 56, 'due today')
    """
    named = days_to_end_of_life <= SIGHT_DAYS
    left_days = days_to_end_of_life - np.ceil(lead_time_days_mean - 1e-9) - last_buy_sale_days_min
    days = np.floor(np.where(named, left_days, NEVER_DAYS)).astype(np.int64)
    on = np.where(named, (as_of_day + days).astype("datetime64[D]"), np.datetime64("NaT"))
    units, gain = np.zeros(len(days), np.int64), np.full(len(days), np.nan)
    earns = np.ones(len(days), np.bool_)
    rows = np.flatnonzero(named & last_buy_allowed & (days >= 0) & (remaining_demand_units > 0))
    if len(rows):
        there = on_hand_units[rows] + awaited_units[rows].sum(axis=1) - reserved_units[rows] - backlog_units[rows]
        gone_by_then = np.where(unmet_demand[rows] == LOST, np.ceil(lead_mean_units[rows]), -np.inf)
        there = np.maximum(there, gone_by_then).astype(np.int64)
        units[rows], gain[rows], earns[rows] = _best_buy(
            there,
            remaining_demand_units[rows],
            remaining_sd_units[rows],
            last_buy_ratio_share[rows],
            unit_price_minor[rows],
            unit_cost_minor[rows],
            salvage_share_of_cost[rows] * unit_cost_minor[rows],
            order_cost_minor[rows],
            moq_units[rows],
            order_multiple_units[rows],
        )
    state = np.select(
        [~named, days < 0, ~last_buy_allowed, days >= review_period_days, units > 0, earns],
        [NO_END, TOO_LATE, NOT_FORESEEN, LATER, DUE, LASTS],
        LOSES,
    )
    return on, units, gain, state.astype(np.int16)


def _best_buy(
    there: IntArray,
    mean: FloatArray,
    sd: FloatArray,
    ratio: FloatArray,
    price: IntArray,
    cost: IntArray,
    salvage: FloatArray,
    order_cost: IntArray,
    moq: IntArray,
    multiple: IntArray,
) -> tuple[IntArray, FloatArray, BoolArray]:
    """Units to buy, what they are expected to earn, and whether a lot, had one been wanted, would have paid."""
    known = ~np.isnan(ratio)
    point = np.where(known, quantile(np.where(known, ratio, 0.5), mean, sd), mean)
    # Demand comes in whole units: n of them serve what a continuous demand has up to n + ½.
    wanted = np.maximum(np.ceil(point - HALF_UNIT - 1e-9).astype(np.int64) - there, 0)
    more = round_up_to_multiple(raise_to_moq(wanted, moq), multiple)
    less = round_down_to_multiple(wanted, multiple)
    less = np.where(less >= moq, less, 0)

    def earned(units: IntArray) -> FloatArray:
        short = expected_shortage(there.astype(np.float64), mean, sd)
        sold = short - expected_shortage((there + units).astype(np.float64), mean, sd)
        found: FloatArray = price * sold + salvage * (units - sold) - cost * units - np.where(units > 0, order_cost, 0)
        return found

    by_more, by_less = earned(more), earned(less)
    # Where money cannot say, a lot is bought as far as it is wanted.
    best = np.where(known, np.where(by_more > by_less, more, less), np.where(more == wanted, more, less))
    gain = np.where(best == more, by_more, by_less)
    pays = ~known | (gain > 0)
    best = np.where(pays, best, 0)
    return best, np.where(known, np.where(best > 0, gain, 0.0), np.nan), (wanted == 0) | (best > 0)


@step(
    out=("sell_off_on", "leftover_units", "leftover_cost_minor", "lot_at_risk_minor"),
    formula="stock = on hand + all awaited + today's order − reserved − backlog, where an end is in sight. Sell-off on "
    "= the day on which expected demand has used it up, none where it lasts beyond the end. Leftover = expected stock "
    "beyond the remaining demand, rounded; its cost = × unit cost. Lot at risk = (stock + the MOQ or multiple that was "
    "refused − remaining demand) × unit cost",
    source="Snyder & Shen: expected overage; gamma distributed demand",
)
def run_out(
    remaining_demand_units: FloatArray,
    remaining_sd_units: FloatArray,
    falls: BoolArray,
    decay_share_per_week: FloatArray,
    run_down_level_units_per_period: FloatArray,
    mean_units: FloatArray,
    level_units_per_period: FloatArray,
    demand_factor: FloatArray,
    season_index: FloatArray,
    days_to_end_of_life: IntArray,
    on_hand_units: IntArray,
    awaited_units: IntArray,
    order_quantity_units: IntArray,
    reserved_units: IntArray,
    backlog_units: IntArray,
    stock_known: BoolArray,
    need_units: IntArray,
    moq_units: IntArray,
    order_multiple_units: IntArray,
    unit_cost_minor: IntArray,
    as_of_day: int,
    period_days: int,
) -> tuple[DateArray, IntArray, IntArray, IntArray]:
    """Day on which the stock is gone [(n,) date; NaT where it is not or no end is in sight], units expected to be left
    at the end and their cost [(n,) units and minor currency; −1 unknown, 0 where no end is in sight], and the money a
    refused lot would have put at risk [(n,) minor currency].
    """
    n = len(falls)
    gone, left = np.full(n, np.datetime64("NaT"), "datetime64[D]"), np.zeros(n, np.int64)
    at_risk = np.zeros(n, np.int64)
    rows = np.flatnonzero(~np.isnan(remaining_demand_units))
    mean, sd = remaining_demand_units[rows], remaining_sd_units[rows]
    stock = on_hand_units + awaited_units.sum(axis=1) + order_quantity_units - reserved_units - backlog_units
    there = np.maximum(stock[rows], 0).astype(np.float64)
    left[rows] = np.floor(there - mean + expected_shortage(there, mean, sd) + 0.5).astype(np.int64)
    level = level_units_per_period * demand_factor
    curve = curve_of(falls, decay_share_per_week, run_down_level_units_per_period, mean_units, level, season_index)
    named = days_to_end_of_life <= SIGHT_DAYS
    until = np.where(named, np.maximum(days_to_end_of_life + 1.0, 0.0), float(FALL_DAYS))
    _, day = walk(rows, *curve, until, np.maximum(stock, 0).astype(np.float64), as_of_day, period_days)
    ends = np.isfinite(day)
    gone[rows[ends]] = (as_of_day + np.floor(day[ends]).astype(np.int64)).astype("datetime64[D]")
    lot = round_up_to_multiple(np.maximum(moq_units, 1), order_multiple_units)[rows]
    refused = (need_units[rows] > 0) & (order_quantity_units[rows] == 0)
    beyond = np.where(refused, np.maximum(there + lot - mean, 0.0), 0.0)
    cost = unit_cost_minor[rows]
    at_risk[rows] = np.where(cost >= 0, np.floor(np.minimum(beyond, lot) * cost + 0.5), 0).astype(np.int64)
    left = np.where(stock_known | np.isnan(remaining_demand_units), left, -1)
    value = np.where((unit_cost_minor >= 0) & (left >= 0), left * unit_cost_minor, -1)
    return gone, left, np.where(left == 0, 0, value), at_risk


@step(
    out=("speed_up_ratio", "markdown_share"),
    formula="speed-up = stock ÷ remaining demand where more than a unit is expected to be left, else 1. Markdown = 1 − "
    "speed-up ^ (−1 ÷ price_elasticity), at most markdown_share_max, and no price below markdown_floor_share_of_cost × "
    "cost; 0 where nothing sells any more, or price or cost is unknown. Only declining, retiring and retired items",
    source="demand of constant elasticity; mean elasticities −1.76 (Tellis, 1988) and −2.62 (Bijmolt et al., 2005)",
)
def markdown(
    stage: CodeArray,
    remaining_demand_units: FloatArray,
    leftover_units: IntArray,
    on_hand_units: IntArray,
    awaited_units: IntArray,
    reserved_units: IntArray,
    backlog_units: IntArray,
    unit_price_minor: IntArray,
    unit_cost_minor: IntArray,
    price_elasticity: FloatArray,
    markdown_share_max: FloatArray,
    markdown_floor_share_of_cost: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """How much faster it would have to sell [(n,) ratio; NaN where nothing sells any more] and the price cut that
    is said to do it [(n,) share].

    Twice the remaining demand in stock, elasticity 2: 1 − 1 ÷ √2 = 29%, a price of 14.14 instead of 20.

    >>> one = lambda *values: [np.array([value]) for value in values]
    >>> speed, cut = markdown(
    ...     *one(DECLINING, 50.0, 50, 100), np.zeros((1, 1), np.int64), *one(0, 0, 2000, 1000, 2.0, 0.5, 1.0))
    >>> float(speed[0]), round(float(cut[0]), 3)
    (2.0, 0.293)
    """
    stock = np.maximum(on_hand_units + awaited_units.sum(axis=1) - reserved_units - backlog_units, 0)
    ending = (stage == DECLINING) | (stage == RETIRING) | (stage == RETIRED)
    beyond = ending & (leftover_units >= LEFTOVER_UNITS_MIN) & (stock > remaining_demand_units)
    sells = beyond & (remaining_demand_units > 0)
    speed = np.where(sells, stock / np.where(sells, remaining_demand_units, 1.0), np.where(beyond, np.nan, 1.0))
    cut = 1.0 - np.where(sells, speed, 1.0) ** (-1.0 / price_elasticity)
    floor = markdown_floor_share_of_cost * unit_cost_minor
    known = (unit_price_minor > 0) & (unit_cost_minor >= 0)
    deepest = np.where(known, np.maximum(1.0 - floor / np.where(known, unit_price_minor, 1), 0.0), 0.0)
    return speed, np.where(sells, np.minimum(cut, np.minimum(markdown_share_max, deepest)), 0.0)
