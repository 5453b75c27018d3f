"""Launches: how demand goes on after the first weeks, when an item still to come starts, and what to buy for it first.

Launches of a shop tend to rise, or to fall off after a first rush, in much the same way. The ramp is that way, over
the first periods and relative to the level after them: an item in its third week is read and foretold by it. An item
whose launch is ahead wants nothing before its day. What is bought for that day is small and cautious: nobody knows yet
how it will sell, and what sold is bought again.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import part_of_year
from skuwise.core.forecast.analogues import LEADING_PERIODS, demand_since_launch, launches_seen, root_moments
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import step

#: Periods after a launch in which demand may still rise or fall off; those that tell the level after them.
RAMP_PERIODS = 13
LEVEL_FROM = 6
#: Neighbouring periods share one figure: a single period of few launches is noise.
RAMP_BLOCKS = ((0, 1), (1, 3), (3, 6), (6, 9), (9, 13))
#: A curve is drawn towards the wider one by so many launches: of a category to the shop's, of a shop to flat.
RAMP_WORTH_LAUNCHES = 100.0
#: A launch weighs by its mean demand to the power of 1 − these: one best seller is not to speak for all the others. In
#: the first period large ones count more: a slow item seems to begin with a rush because it begins with a sale.
SIZE_POWER_FIRST, SIZE_POWER = 0.5, 0.75
SIZE_MIN = 0.2
RAMP_LEAST, RAMP_MOST = 0.2, 5.0
#: Periods of so many days have a ramp: of days the weekday says more, of months the rush lies within the first.
RAMP_PERIOD_DAYS = (7, 14)
#: Periods since a launch of which nothing is known: long ago.
LONG_AGO = -1e6
#: The chance that a first buy suffices lies between these, whatever money says.
CHANCE_LEAST, CHANCE_MOST = 0.5, 0.9

FIRST_BUYS = (
    "no launch ahead",
    "nothing tells how much to buy",
    "its day to order is still ahead",
    "to be ordered now",
    "to be ordered now, arrives after the launch",
)
NO_LAUNCH, NOTHING_KNOWN, NOT_YET, DUE, TOO_LATE = range(len(FIRST_BUYS))


@step(
    out="launch_ramp",
    formula="Σ w × demand ÷ season index of each of the first 13 periods ÷ Σ w × its mean over the last 7 of them, "
    "over the launches of the item's category with 13 periods since; w = 1 ÷ √mean demand in the first and 1 ÷ mean "
    "demand^0.75 in the others; periods 1, 2–3, 4–6, 7–9, 10–13 share a figure. Of n launches in the category: (n × "
    "their curve + 100 × the shop's) ÷ (n + 100), the shop's in the same way towards 1; between 0.2 and 5; 1 for items "
    "without a known launch and where a period is no week or fortnight",
    source="our choice; Bühlmann credibility",
    scope="shop",
)
def launch_ramp(
    demand_units: FloatArray,
    first_period: IntArray,
    launch_known: BoolArray,
    is_bundle: BoolArray,
    category: CodeArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> Float32Array:
    """Demand of the periods after a launch relative to the level after them [(n, 13) ratio].

    >>> demand = np.zeros((101, 20)); demand[:100, 6:7] = 30.0; demand[:100, 7:] = 10.0
    >>> one, first = np.ones(101, bool), np.array([6] * 100 + [-1])
    >>> ramp = launch_ramp(demand, first, one, ~one, np.zeros(101, np.int16), np.ones((101, 52)), 20000, 7)
    >>> ramp[100, :3].round(2).tolist()  # half of the way for the shop, half of the rest for its category
    [2.5, 1.0, 1.0]
    """
    n, periods = demand_units.shape
    of_week = RAMP_PERIOD_DAYS[0] <= period_days <= RAMP_PERIOD_DAYS[1]
    row = launches_seen(first_period, launch_known, is_bundle, periods - RAMP_PERIODS)
    if not len(row) or not of_week:
        return np.broadcast_to(np.ones((1, RAMP_PERIODS), np.float32), (n, RAMP_PERIODS))
    seen = demand_since_launch(demand_units, first_period, season_index, row, RAMP_PERIODS, grid_start_day, period_days)
    shop = _curves(seen, np.zeros(len(row), np.int64), 1, np.ones((1, RAMP_PERIODS)))
    of_category = _curves(seen, category[row].astype(np.int64), int(category.max()) + 1, shop)
    ramp = np.clip(of_category, RAMP_LEAST, RAMP_MOST).astype(np.float32)[category]
    launched = (first_period < 0) | (first_period > LEADING_PERIODS) | (launch_known & (first_period > 0))
    ramp[~launched] = 1.0
    return ramp


def _curves(seen: FloatArray, group: IntArray, groups: int, wider: FloatArray) -> FloatArray:
    """Curve of each group drawn towards the wider one by its launches [(groups, 13) ratio]."""

    def total(values: FloatArray) -> FloatArray:
        sums: FloatArray = np.bincount(group, weights=values, minlength=groups).astype(np.float64)
        return sums

    size, after = np.maximum(seen.mean(axis=1), SIZE_MIN), seen[:, LEVEL_FROM:].mean(axis=1)
    sold = total(after) > 0
    curve = np.ones((groups, RAMP_PERIODS))
    for start, end in RAMP_BLOCKS:
        weight = size ** -(SIZE_POWER_FIRST if start == 0 else SIZE_POWER)
        level = np.where(sold, total(weight * after), 1.0)
        curve[:, start:end] = (total(weight * seen[:, start:end].mean(axis=1)) / level)[:, None]
    count = np.where(sold, np.bincount(group, minlength=groups), 0)[:, None]
    drawn: FloatArray = (count * curve + RAMP_WORTH_LAUNCHES * wider) / (count + RAMP_WORTH_LAUNCHES)
    return drawn


@step(
    out="periods_to_launch",
    formula="days from the as-of day to launch_date ÷ days of a period where there was no sale yet; else "
    "own_first_period − periods of the history; long ago where the launch is not known",
    source="our choice",
)
def periods_to_launch(
    sales_units: IntArray,
    own_first_period: IntArray,
    launch_known: BoolArray,
    launch_date: DateArray,
    as_of_day: int,
    period_days: int,
) -> FloatArray:
    """Periods until the launch [(n,)]: positive ahead, negative since.

    >>> day = np.array(["2024-10-18", "NaT", "NaT"], "datetime64[D]")  # the as-of day is 2024-10-04
    >>> sales = np.zeros((3, 9), int)
    >>> periods_to_launch(sales, np.array([-1, 6, 0]), ~np.isnat(day), day, 20000, 7).tolist()
    [2.0, -3.0, -1000000.0]
    """
    day = np.where(launch_known, launch_date, np.datetime64(0, "D")).astype("datetime64[D]").astype(np.int64)
    ahead = np.where(launch_known, (day - as_of_day) / period_days, LONG_AGO)
    since = np.where(own_first_period > 0, own_first_period - sales_units.shape[1], LONG_AGO)
    periods: FloatArray = np.where(own_first_period < 0, ahead, since).astype(np.float64)
    return periods


@kernel
def launch_index(h: int, part: float, to_launch: float, ramp: Float32Array) -> float:
    """Ramp of the period that begins h periods ahead, times the share of it (at most ``part``) after the launch."""
    since = h - to_launch
    if since >= len(ramp):
        return part
    if since >= 0.0:
        return part * float(ramp[int(since)])
    return max(0.0, part + since) * float(ramp[0])


@step(
    out=("first_buy_case", "first_buy_units", "first_buy_most_units", "first_buy_order_on"),
    formula="items whose launch is ahead: (m × √P + z × √(P × v + ¼))²; m and v = mean and variance of the roots of "
    "what launches like it sold at first, P = ramp × season × demand factor over lead time + review period from the "
    "launch on, at most first_buy_supply_days_max; z = normal quantile of shortage ÷ (shortage + leftover), between .5 "
    "and .9, shortage = shortage_cost_minor or its share of price − cost, leftover = first_buy_leftover_cost_share × "
    "cost; .5 where money is not known; first_buy_units_ruled where a rule says it. Day to order = launch − lead time "
    "mean − its deviation; ordered by the last review before that day; most = max_supply_days of that demand, or the "
    "first buy where more",
    source="newsvendor (Arrow, Harris & Marschak, 1951) on the root scale of counts (Anscombe, 1948); our choice",
    codes={"first_buy_case": FIRST_BUYS},
)
def first_buy(
    analogue_level_units_per_period: FloatArray,
    analogue_sd_units_per_period: FloatArray,
    periods_to_launch: FloatArray,
    inherited_periods: IntArray,
    launch_ramp: Float32Array,
    season_index: FloatArray,
    demand_factor: FloatArray,
    lead_time_days_mean: FloatArray,
    lead_time_days_sd: FloatArray,
    review_period_days: IntArray,
    max_supply_days: FloatArray,
    first_buy_supply_days_max: FloatArray,
    first_buy_leftover_cost_share: FloatArray,
    first_buy_units_ruled: IntArray,
    unit_price_minor: IntArray,
    unit_cost_minor: IntArray,
    shortage_cost_minor: IntArray,
    shortage_cost_share_of_margin: FloatArray,
    as_of_day: int,
    period_days: int,
) -> tuple[CodeArray, IntArray, IntArray, DateArray]:
    """What is to be done for the launch [(n,) code of ``FIRST_BUYS``], what to have there on its day, the most that an
    order may bring [(n,) units each, 0 where no launch is ahead], and the day to order [(n,) date]."""
    n = len(periods_to_launch)
    case, units, most = np.zeros(n, np.int16), np.zeros(n, np.int64), np.zeros(n, np.int64)
    order_on = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    # A successor takes its predecessors' demand over: it is ordered by that and not by what other launches sold.
    at = np.flatnonzero((periods_to_launch > 0) & (inherited_periods == 0))
    if not len(at):
        return case, units, most, order_on
    launch_day = as_of_day + np.round(periods_to_launch[at] * period_days)
    shape = (np.ascontiguousarray(launch_ramp[at]), season_index[at], launch_day, period_days)
    days = np.minimum(lead_time_days_mean[at] + review_period_days[at], first_buy_supply_days_max[at])
    covered = demand_factor[at] * _weeks_after_launch(days / period_days, *shape)
    longest = demand_factor[at] * _weeks_after_launch(max_supply_days[at] / period_days, *shape)
    root, variance = root_moments(analogue_level_units_per_period[at], analogue_sd_units_per_period[at])
    chance = _chance_wanted(
        unit_price_minor[at],
        unit_cost_minor[at],
        shortage_cost_minor[at],
        shortage_cost_share_of_margin[at],
        first_buy_leftover_cost_share[at],
    )
    wanted = np.maximum(root * np.sqrt(covered) + ndtri(chance) * np.sqrt(covered * variance + 0.25), 0.0) ** 2
    ruled, known = first_buy_units_ruled[at] >= 0, ~np.isnan(root)
    wanted = np.where(ruled, first_buy_units_ruled[at], np.where(known, wanted, 0.0))
    units[at] = ceil_units(wanted)
    most[at] = np.maximum(ceil_units(np.where(known, root**2 + variance, 0.0) * longest), units[at])
    latest = launch_day - np.ceil(lead_time_days_mean[at] + lead_time_days_sd[at] - 1e-9)
    order_on[at] = latest.astype(np.int64).astype("datetime64[D]")
    arrives = as_of_day + np.ceil(lead_time_days_mean[at] - 1e-9)
    case[at] = np.select(
        [~ruled & ~known, arrives > launch_day, latest - as_of_day < review_period_days[at]],
        [NOTHING_KNOWN, TOO_LATE, DUE],
        NOT_YET,
    )
    return case, units, most, order_on


def _chance_wanted(
    price: IntArray, cost: IntArray, shortage_minor: IntArray, shortage_share: FloatArray, leftover_share: FloatArray
) -> FloatArray:
    """Chance with which a first buy should suffice: shortage against leftover [(k,) share]."""
    priced = (price >= 0) & (cost >= 0)
    shortage = np.where(shortage_minor >= 0, shortage_minor, shortage_share * np.where(priced, price - cost, 0))
    leftover = leftover_share * np.maximum(cost, 0)
    told = (shortage > 0) & (cost >= 0)
    chance = np.where(told, shortage / np.where(told, shortage + leftover, 1.0), CHANCE_LEAST)
    return np.clip(chance, CHANCE_LEAST, CHANCE_MOST)


@kernel
def _weeks_after_launch(
    periods: FloatArray, ramp: Float32Array, season_index: FloatArray, launch_day: FloatArray, period_days: int
) -> FloatArray:
    """Ramp × season summed over the periods from the launch on [(k,)]."""
    total = np.zeros(len(periods))
    for i in range(len(periods)):
        h = 0
        while h < periods[i]:
            part = launch_index(h, min(1.0, periods[i] - h), 0.0, ramp[i])
            day = launch_day[i] + (h + 0.5) * period_days
            total[i] += part * season_index[i, part_of_year(day, season_index.shape[1])]
            h += 1
    return total
