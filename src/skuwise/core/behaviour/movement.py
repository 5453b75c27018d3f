"""What items share from day to day, for plans by the day: the days of the shop, and where each SKU stands in it.

A holiday or a storm moves every item of a shop for a day and is over; a price or a campaign moves one SKU at all its
locations, or one category, and stays. A single item's sales tell neither soon: its neighbours' do.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray, TextArray, kernel
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.behaviour.weekday import DAYS_MIN, MEMORY_DAYS, weekday_of
from skuwise.core.steps import step

#: The shop's own level is the mean of so many days: whole weeks, so that a weekday told wrongly weighs in each alike.
SHOP_DAYS = 21
#: Smoothing weight, per day, of where a SKU or a category stands beside the shop.
GROUP_ALPHA = 0.5
#: How far a category moves away from the shop, and a SKU from its category.
GROUP_DEVIATION = 0.2
#: Items that a group needs to tell one of them something that it does not tell itself.
GROUP_ITEMS_MIN = 5
#: An index below this tells nothing of a level.
INDEX_MIN = 0.05


@step(
    out=("shop_day_index", "shared_level_index"),
    formula="where a period is a day: effect = Σ demand ÷ (season × weekday index) ÷ Σ level of all items in stock; "
    "shop_day_index = effect ÷ its mean over the last 21 days; shared_level_index = that mean × the same ratio of the "
    "SKU's locations ÷ effect, smoothed by 0.5 a day on both sides and drawn towards the category's, which is drawn "
    "towards 1; ÷ its newest value; groups of at least 5 items; else all ones",
    source="our choice; shrinkage by a normal prior",
    scope="shop",
)
def shared_movement(
    sku_id: TextArray,
    category: IntArray,
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[Float32Array, Float32Array]:
    """How each day of the shop stood beside the days round it, and how the item's SKU stood then beside now [(n, T)].

    Both are 1 where a period is not a day, and where too few items share anything.
    """
    n, periods = demand_units.shape
    ones = np.broadcast_to(np.float32(1.0), (n, periods))
    if period_days != 1 or n < GROUP_ITEMS_MIN:
        return ones, ones
    start = max(0, periods - MEMORY_DAYS)
    parts_of = parts_of_periods(grid_start_day, periods, 1, season_index.shape[1])
    seen = (demand_units, censored, first_period, season_index, weekday_index, parts_of, grid_start_day, start)
    categories = _sums_of_groups(*seen, category, int(category.max()) + 1)
    effect = _ratio(categories[0].sum(axis=0), categories[1].sum(axis=0))
    shop_level = _mean_so_far(effect)
    of_category = _standing(*categories, effect, np.ones_like(categories[0]))
    # Only a SKU at several locations is a group of its own; the others stand where their category does.
    group, category_of_group = _groups_of_skus(sku_id, category)
    of_sku = _standing(*_sums_of_groups(*seen, group, len(category_of_group)), effect, of_category[category_of_group])
    moved = shop_level * np.concatenate((of_category, of_sku))
    moved = (moved / moved[:, -1:]).astype(np.float32)
    shared = np.ones((n, periods), np.float32)
    shared[:, start:] = moved[np.where(group >= 0, len(of_category) + group, category)]
    day = np.ones(periods, np.float32)
    day[start:] = effect / shop_level
    return np.broadcast_to(day, (n, periods)), shared


def _groups_of_skus(sku_id: TextArray, category: IntArray) -> tuple[IntArray, IntArray]:
    """Number of the item's group [(n,); -1 where its SKU has too few locations], and the category of each group."""
    first = np.flatnonzero(np.r_[True, sku_id[1:] != sku_id[:-1]])
    locations = np.diff(np.r_[first, len(sku_id)])
    large = locations >= GROUP_ITEMS_MIN
    number = np.where(large, np.cumsum(large) - 1, -1)
    return np.repeat(number, locations), category[first[large]]


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Effect of each day [(T,)]; 1 on a day that nothing is known of."""
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), 1.0)


def _mean_so_far(effect: FloatArray) -> FloatArray:
    """Mean of the last ``SHOP_DAYS`` up to each day [(T,)], of fewer at the start; never nought."""
    total = np.cumsum(np.r_[0.0, effect])
    until = np.arange(1, len(effect) + 1)
    since = np.maximum(until - SHOP_DAYS, 0)
    mean: FloatArray = np.maximum(INDEX_MIN, (total[until] - total[since]) / (until - since))
    return mean


def _standing(
    top: FloatArray, bottom: FloatArray, noise: FloatArray, items: IntArray, effect: FloatArray, above: FloatArray
) -> FloatArray:
    """Level of each group beside the shop on each day [(g, T)], drawn towards ``above`` [(g, T)]."""
    units = bottom.sum(axis=1)
    dispersion = np.maximum(1.0, noise / np.maximum(units, 1e-9))
    # So many units of the level are worth as much as the usual deviation; the smoothed sums are of 1 ÷ alpha days.
    prior = GROUP_ALPHA * dispersion / GROUP_DEVIATION**2
    taken = np.where(effect > INDEX_MIN, top / np.maximum(INDEX_MIN, effect), 0.0)
    sums = _smoothed(taken) + prior[:, None] * above
    levels = _smoothed(np.where(effect > INDEX_MIN, bottom, 0.0)) + prior[:, None]
    result = np.maximum(INDEX_MIN, sums / levels)
    return np.where((items >= GROUP_ITEMS_MIN)[:, None], result, above)


@kernel
def _smoothed(by_day: FloatArray) -> FloatArray:
    """Sum of the days before and after, the weight of each falling by ``GROUP_ALPHA`` a day [(g, T)].

    The newest day has only days before it. With these alone in the past too, a group that rises would always have stood
    too low, and its items' levels would come out too high.
    """
    groups, days = by_day.shape
    result = np.empty((groups, days))
    for g in range(groups):
        total = 0.0
        for t in range(days):
            total += GROUP_ALPHA * (by_day[g, t] - total)
            result[g, t] = total
        total = 0.0
        for t in range(days - 1, -1, -1):
            total *= 1.0 - GROUP_ALPHA
            result[g, t] += total
            total += GROUP_ALPHA * by_day[g, t]
    return result


@kernel
def _sums_of_groups(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    parts_of: IntArray,
    grid_start_day: int,
    start: int,
    group: IntArray,
    groups: int,
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Flat demand and level of the items in stock, by group and day [(g, T) each], with the squares that the levels
    leave [(g,)] and the number of items that are in it [(g,)].

    A day of low season counts by its index, as it does for the level of an item.
    """
    n, periods = demand.shape
    top = np.zeros((groups, periods - start))
    bottom = np.zeros((groups, periods - start))
    noise = np.zeros(groups)
    items = np.zeros(groups, np.int64)
    index = np.empty(periods)
    for i in range(n):
        g = group[i]
        if g < 0 or first_period[i] < 0:
            continue
        first = max(start, first_period[i])
        total = 0.0
        of_index = 0.0
        count = 0
        for t in range(first, periods):
            index[t] = season_index[i, parts_of[t]] * weekday_index[i, weekday_of(grid_start_day + t)]
            if not censored[i, t]:
                total += demand[i, t]
                of_index += index[t]
                count += 1
        if count < DAYS_MIN or total <= 0 or of_index <= 0:
            continue
        items[g] += 1
        level = total / of_index
        for t in range(first, periods):
            if not censored[i, t] and index[t] > INDEX_MIN:
                part = min(1.0, index[t])
                top[g, t - start] += part * demand[i, t] / index[t]
                bottom[g, t - start] += part * level
                noise[g] += (demand[i, t] - level * index[t]) ** 2
    return top, bottom, noise, items
