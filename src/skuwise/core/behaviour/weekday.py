"""The shape of the week, for plans by the day: what a weekday sells beside the others.

A single item sells too little for its Mondays to speak. Its profile is drawn towards its category's, which is drawn
towards the shop's, which is drawn towards a flat week: each as far as the chance in its own sales goes.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import level_of
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.steps import step

WEEK = 7
#: 1970-01-01, day 0, was a Thursday: days are counted from Monday.
WEEKDAY_OF_DAY_0 = 3
#: Days in stock that tell an item's level well enough to set its weekdays against it.
DAYS_MIN = 14
#: Days that count: older ones say little of today's week.
MEMORY_DAYS = 364
#: How far profiles deviate from those that they are drawn towards: the shop's from a flat week, a category's from the
#: shop's, an item's from its category's.
SHOP_DEVIATION, CATEGORY_DEVIATION, ITEM_DEVIATION = 0.5, 0.2, 0.1


@kernel
def weekday_of(day: int) -> int:
    """0 for a Monday, from the days since 1970-01-01."""
    return (day + WEEKDAY_OF_DAY_0) % WEEK


@step(
    out="weekday_index",
    formula="where a period is a day: (Σ demand on the weekday + k × index above) ÷ (Σ level × season index + k) over "
    "the uncensored days of the last 364, for shop, category and item in turn, each scaled to mean 1; k = variance ÷ "
    "mean of the demand ÷ squared usual deviation from the index above; the index above the shop's is 1; else all ones",
    source="our choice; shrinkage by a normal prior",
    scope="shop",
)
def weekday_profile(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    category: IntArray,
    grid_start_day: int,
    period_days: int,
) -> FloatArray:
    """Index of each weekday from Monday on [(n, 7)], mean 1; all ones where a period is not a day.

    A shop that is closed on Sundays:

    >>> week = np.array([[4.0, 4, 4, 4, 4, 4, 0]])
    >>> shop = weekday_profile(np.tile(np.repeat(week, 2000, axis=0), 8), np.zeros((2000, 56), bool),
    ...     np.zeros(2000, np.int64), np.ones((2000, 52)), np.zeros(2000, np.int64), 20_001 - 20_001 % 7 + 4, 1)
    >>> shop[0].round(2).tolist()
    [1.17, 1.17, 1.17, 1.17, 1.17, 1.17, 0.0]
    """
    n, periods = demand_units.shape
    if period_days != 1 or n == 0:
        return np.ones((n, WEEK))
    parts_of = parts_of_periods(grid_start_day, periods, 1, season_index.shape[1])
    taken, expected, noise = _weekday_sums(demand_units, censored, first_period, season_index, parts_of, grid_start_day)
    of_category = np.zeros((int(category.max()) + 1, 2, WEEK))
    noise_of_category = np.zeros(len(of_category))
    np.add.at(of_category, category, np.stack((taken, expected), axis=1))
    np.add.at(noise_of_category, category, noise)
    of_shop = of_category.sum(axis=0, keepdims=True)
    flat = np.ones((1, WEEK))
    shop = _drawn(of_shop[:, 0], of_shop[:, 1], noise_of_category.sum(keepdims=True), flat, SHOP_DEVIATION)
    by_category = _drawn(of_category[:, 0], of_category[:, 1], noise_of_category, shop, CATEGORY_DEVIATION)
    return _drawn(taken, expected, noise, by_category[category], ITEM_DEVIATION)


def _drawn(
    taken: FloatArray, expected: FloatArray, noise: FloatArray, above: FloatArray, deviation: float
) -> FloatArray:
    """Ratios of what each weekday took to what a flat week would have, drawn towards ``above`` [(g, 7)].

    ``noise`` [(g,) units²] is the variance of all the demand: what is taken of it is at least a Poisson count's.
    """
    units = expected.sum(axis=1)
    dispersion = np.maximum(1.0, noise / np.maximum(units, 1e-9))
    prior = (dispersion / deviation**2)[:, None]
    index = (taken + prior * above) / (expected + prior)
    mean = index.mean(axis=1, keepdims=True)
    return np.where(mean > 0, index / np.where(mean > 0, mean, 1.0), 1.0)


@kernel
def _weekday_sums(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    parts_of: IntArray,
    grid_start_day: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Demand and level × season by weekday [(n, 7) each], and the squares that the level leaves [(n,)]."""
    n, periods = demand.shape
    taken = np.zeros((n, WEEK))
    expected = np.zeros((n, WEEK))
    noise = np.zeros(n)
    for i in range(n):
        if first_period[i] < 0:
            continue
        start = max(first_period[i], periods - MEMORY_DAYS)
        level, _, count, squares = level_of(demand[i], censored[i], season_index[i], parts_of, start, periods)
        if count < DAYS_MIN or level <= 0:
            continue
        noise[i] = squares
        for t in range(start, periods):
            if not censored[i, t]:
                weekday = weekday_of(grid_start_day + t)
                taken[i, weekday] += demand[i, t]
                expected[i, weekday] += level * season_index[i, parts_of[t]]
    return taken, expected, noise
