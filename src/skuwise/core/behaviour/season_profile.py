"""Profiles of the year that items may borrow: their category's, the shop's, or the mean of both.

A category pools many items, so its single weeks can speak: an event week stands out that smoothing would blur. How much
to smooth, and whether the category tells its years better than the shop does, is decided by what explains each year
from the others.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import (
    CATEGORY,
    DAYS_PER_YEAR,
    NONE,
    SEASON_SOURCES,
    SHOP,
    STRENGTH_MIN,
    YEARS_MAX,
    parts_of_periods,
    season_parts,
    smooth_index,
)
from skuwise.core.steps import step

#: Items with a full year that a category needs before its profile is its own.
CATEGORY_ITEMS_MIN = 3
#: Shop-wide profiles hold still in steps of this size, so that one SKU more does not move every forecast.
PROFILE_STEP = 0.05
#: Trust in a profile that rests on a single year, and its smoothing: nothing can confirm it.
ONE_YEAR_TRUST = 0.25
ONE_YEAR_WIDTH = 2


@step(
    out=("category_season_index", "category_season_source"),
    formula="demand of the items with full years ÷ the year's mean, each item weighted by the root of its volume, by "
    "part of the year; of category, shop and their mean, each unsmoothed, 1-2-1 and 1-2-3-2-1, the one with which the "
    "other years tell each of the category's years best; rounded to 0.05; all ones where none does",
    source="our choice; leave-one-year-out",
    scope="shop",
    codes={"category_season_source": SEASON_SOURCES},
)
def borrowed_season(
    demand_units: FloatArray,
    first_period: IntArray,
    is_bundle: BoolArray,
    category: IntArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, CodeArray]:
    """Profile that an item may borrow [(n, S)] and whose it is [(n,) code of ``SEASON_SOURCES``].

    A category with fewer than three items with a full year takes the shop's.
    """
    parts = season_parts(period_days)
    n, periods = demand_units.shape
    length = round(DAYS_PER_YEAR / period_days)
    years = min(YEARS_MAX, periods // length)
    age = np.where((first_period >= 0) & ~is_bundle, periods - first_period, 0)
    groups = int(category.max()) + 1 if n else 0
    own, own_items = _totals(demand_units, age, category, groups, years, length)
    shop, shop_items = _totals(demand_units, age, np.zeros(n, np.int64), 1, years, length)
    start = grid_start_day + (periods - years * length) * period_days
    parts_of = parts_of_periods(start, years * length, period_days, parts).reshape(years, length)
    profile = np.ones((max(groups, 1), parts))
    source = np.zeros(max(groups, 1), np.int16)
    in_shop = shop_items[:, 0] >= CATEGORY_ITEMS_MIN
    for g in range(groups):
        full = own_items[:, g] >= CATEGORY_ITEMS_MIN
        if full.any():
            profile[g], source[g] = _profile(own[full, g], shop[full, 0], parts_of[full], parts)
        elif in_shop.any():
            profile[g], source[g] = _profile(shop[in_shop, 0], shop[in_shop, 0], parts_of[in_shop], parts)
            source[g] = SHOP if source[g] else NONE
    return profile[category], source[category]


def _totals(
    demand: FloatArray, age: IntArray, group: IntArray, groups: int, years: int, length: int
) -> tuple[FloatArray, IntArray]:
    """Weighted demand of each year's full items [(Y, groups, L)] and how many these are [(Y, groups)]."""
    periods = demand.shape[1]
    totals = np.zeros((years, groups, length))
    items = np.zeros((years, groups), np.int64)
    for y in range(years):
        start = periods - (years - y) * length
        rows = np.flatnonzero(age >= periods - start)
        block = demand[rows, start : start + length]
        mean = block.mean(axis=1)
        rows, block, mean = rows[mean > 0], block[mean > 0], mean[mean > 0]
        if not len(rows):
            continue
        order = np.argsort(group[rows], kind="stable")
        sorted_group = group[rows][order]
        starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]])
        totals[y, sorted_group[starts]] = np.add.reduceat((block / np.sqrt(mean)[:, None])[order], starts, axis=0)
        items[y, sorted_group[starts]] = np.diff(np.r_[starts, len(rows)])
    return totals, items


def _profile(own: FloatArray, shop: FloatArray, parts_of: IntArray, parts: int) -> tuple[FloatArray, int]:
    """Rounded profile of one category and its source, from the totals of its full years [(Y, L) each]."""
    own_ratios = own / own.mean(axis=1)[:, None]
    shop_ratios = shop / shop.mean(axis=1)[:, None]
    if len(own) == 1:
        sums = np.bincount(parts_of[0], weights=own_ratios[0], minlength=parts).astype(np.float64)
        counts = np.bincount(parts_of[0], minlength=parts).astype(np.float64)
        index = 1 + ONE_YEAR_TRUST * (smooth_index(sums, counts, ONE_YEAR_WIDTH) - 1)
        source = CATEGORY
    else:
        index, strength, lean = _best_of_years(own_ratios, shop_ratios, parts_of, parts)
        if strength < STRENGTH_MIN:
            return np.ones(parts), NONE
        source = SHOP if lean == 1.0 else CATEGORY
    rounded = np.round(index / PROFILE_STEP) * PROFILE_STEP
    return rounded, source if (rounded != 1).any() else NONE


@kernel
def _sums_by_part(ratios: FloatArray, parts_of: IntArray, parts: int) -> tuple[FloatArray, FloatArray]:
    years, length = ratios.shape
    sums = np.zeros((years, parts))
    counts = np.zeros((years, parts))
    for y in range(years):
        for k in range(length):
            sums[y, parts_of[y, k]] += ratios[y, k]
            counts[y, parts_of[y, k]] += 1.0
    return sums, counts


@kernel
def _best_of_years(
    own: FloatArray, shop: FloatArray, parts_of: IntArray, parts: int
) -> tuple[FloatArray, float, float]:
    """Shrunken index, its strength and its lean towards the shop (0, ½ or 1), chosen by leaving each year out."""
    years, length = own.shape
    own_sums, counts = _sums_by_part(own, parts_of, parts)
    shop_sums, _ = _sums_by_part(shop, parts_of, parts)
    own_total, shop_total, count_total = own_sums.sum(axis=0), shop_sums.sum(axis=0), counts.sum(axis=0)
    best = np.ones(parts)
    best_strength = -1.0
    best_lean = 0.0
    for lean in (0.0, 0.5, 1.0):
        for width in range(3):
            square = 0.0
            product = 0.0
            variance = 0.0
            for y in range(years):
                mixed = (1.0 - lean) * (own_total - own_sums[y]) + lean * (shop_total - shop_sums[y])
                others = smooth_index(mixed, count_total - counts[y], width)
                for k in range(length):
                    x = others[parts_of[y, k]] - 1.0
                    z = own[y, k] - 1.0
                    square += x * x
                    product += x * z
                    variance += z * z
            trust = min(1.0, max(0.0, product / square)) if square > 0 else 0.0
            strength = max(0.0, (2.0 * trust * product - trust * trust * square) / variance) if variance > 0 else 0.0
            if strength > best_strength + 1e-12:
                mixed = (1.0 - lean) * own_total + lean * shop_total
                best = 1.0 + trust * (smooth_index(mixed, count_total, width) - 1.0)
                best_strength = strength
                best_lean = lean
    return best, best_strength, best_lean
