"""Profiles of the year that items may borrow: their category's, the shop's, or the mean of both.

A category pools many items, so its single weeks can speak: an event week stands out that smoothing would blur. How
much to smooth, and whether the category tells its years better than the shop does, is decided by what explains each
year from the others. Where there is one full year, the part of a year before it stands in for another: the weeks that
the two share tell how far the season comes again, and how fast sales grow meanwhile.
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
#: Trust in a profile that rests on a single year: nothing can confirm it.
ONE_YEAR_TRUST = 0.25
#: Smoothing of a profile with weeks that only one year has seen.
ONE_YEAR_WIDTH = 2
#: Weeks of an older part of a year below which it tells nothing.
PART_WEEKS_MIN = 4
#: Growth from one year to the next is drawn towards none as if so many weeks more had seen none.
GROWTH_PRIOR_WEEKS = 8


@step(
    out=("category_season_index", "category_season_source"),
    formula="demand of the items with a full year (of all below two full years), each weighted by the root of its "
    "volume, without growth (the same weeks a year apart), ÷ its year's mean, by part of the year; of category, shop "
    "and their mean, each unsmoothed, 1-2-1 and 1-2-3-2-1 (1-2-3-2-1 below two full years), the one with which the "
    "other years tell each of the category's years best, in the weeks that they share; rounded to 0.05; all ones where "
    "none does or fewer than three items have a full year",
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
    whole = min(YEARS_MAX, periods // length)
    groups = int(category.max()) + 1 if n else 0
    profile = np.ones((max(groups, 1), parts))
    source = np.zeros(max(groups, 1), np.int16)
    if not whole or not n:
        return profile[category], source[category]
    # A single full year cannot confirm itself: what is left of a year before it can. Two full ones need no such help.
    rest = min(periods, (whole + 1) * length) - whole * length
    years = whole + (1 if whole == 1 and rest * period_days >= PART_WEEKS_MIN * 7 else 0)
    used = min(periods, years * length)
    age = np.where((first_period >= 0) & ~is_bundle, periods - first_period, 0)
    full_year_items = np.bincount(category[age >= length], minlength=groups)
    # Those launched replace those that end, while any fixed set of items fades. Where two years lie side by side that
    # does no harm, and young items are left out: they should change nobody else's numbers.
    age = np.where(age >= (length if whole > 1 else 1), age, 0)
    own = _totals(demand_units[:, periods - used :], age, category, groups, length)
    shop = _totals(demand_units[:, periods - used :], age, np.zeros(n, np.int64), 1, length)[0]
    start = grid_start_day + (periods - years * length) * period_days
    parts_of = parts_of_periods(start, years * length, period_days, parts).reshape(years, length)
    seen = (np.arange(years * length) >= years * length - used).reshape(years, length)
    for g in range(groups):
        if full_year_items[g] >= CATEGORY_ITEMS_MIN:
            profile[g], source[g] = _profile(_by_year(own[g], seen), _by_year(shop, seen), parts_of, seen, parts)
        elif full_year_items.sum() >= CATEGORY_ITEMS_MIN:
            profile[g], source[g] = _profile(_by_year(shop, seen), _by_year(shop, seen), parts_of, seen, parts)
            source[g] = SHOP if source[g] else NONE
    return profile[category], source[category]


def _totals(demand: FloatArray, age: IntArray, group: IntArray, groups: int, length: int) -> FloatArray:
    """Demand of each group without its growth [(groups, T)], items weighted by the root of their volume.

    Items of age 0 do not count.
    """
    level = demand.sum(axis=1) / np.maximum(age, 1)
    rows = np.flatnonzero((age > 0) & (level > 0))
    rows = rows[np.argsort(group[rows], kind="stable")]
    totals = np.zeros((groups, demand.shape[1]))
    if not len(rows):
        return totals
    starts = np.flatnonzero(np.r_[True, group[rows][1:] != group[rows][:-1]])
    weighted = demand[rows] / np.sqrt(level[rows])[:, None]
    totals[group[rows][starts]] = np.add.reduceat(weighted, starts, axis=0)
    shared = demand.shape[1] - length
    if shared <= 0:
        return totals
    before, after = totals[:, :shared].sum(axis=1), totals[:, length:].sum(axis=1)
    known = (before > 0) & (after > 0)
    growth = np.log(np.where(known, after, 1.0) / np.where(known, before, 1.0)) * shared / (shared + GROWTH_PRIOR_WEEKS)
    without: FloatArray = totals * np.exp(-growth[:, None] * np.arange(demand.shape[1]) / length)
    return without


def _by_year(totals: FloatArray, seen: BoolArray) -> FloatArray:
    """The periods [(T,)] in rows of a year [(Y, L)]; 0 where the oldest year was not seen."""
    years = np.zeros(seen.shape)
    years[seen] = totals
    return years


def _ratios(years: FloatArray, parts_of: IntArray, seen: BoolArray, parts: int) -> FloatArray:
    """Demand ÷ its year's mean; a part of a year ÷ what the full years have in the same parts [(Y, L)]."""
    full = seen.all(axis=1)
    mean = years.mean(axis=1)
    ratios = years / np.where(full & (mean > 0), mean, 1.0)[:, None]
    if full.all():
        return ratios
    sums = np.bincount(parts_of[full].ravel(), weights=ratios[full].ravel(), minlength=parts).astype(np.float64)
    counts = np.bincount(parts_of[full].ravel(), minlength=parts).astype(np.float64)
    others = smooth_index(sums, counts, ONE_YEAR_WIDTH)
    level = years[0, seen[0]].sum() / max(1e-12, others[parts_of[0, seen[0]]].sum())
    ratios[0] = years[0] / level if level > 0 else 0.0
    return ratios


def _profile(
    own: FloatArray, shop: FloatArray, parts_of: IntArray, seen: BoolArray, parts: int
) -> tuple[FloatArray, int]:
    """Rounded profile of one category and its source, from totals by year [(Y, L) each]."""
    own_ratios, shop_ratios = (_ratios(years, parts_of, seen, parts) for years in (own, shop))
    if len(own) == 1:
        sums = np.bincount(parts_of[0], weights=own_ratios[0], minlength=parts).astype(np.float64)
        counts = np.bincount(parts_of[0], minlength=parts).astype(np.float64)
        index = 1 + ONE_YEAR_TRUST * (smooth_index(sums, counts, ONE_YEAR_WIDTH) - 1)
        source = CATEGORY
    else:
        width_min = 0 if seen.all(axis=1).sum() > 1 else ONE_YEAR_WIDTH
        index, strength, lean = _best_of_years(own_ratios, shop_ratios, parts_of, seen, parts, width_min)
        if strength < STRENGTH_MIN:
            return np.ones(parts), NONE
        source = SHOP if lean == 1.0 else CATEGORY
    rounded = np.round(index / PROFILE_STEP) * PROFILE_STEP
    return rounded, source if (rounded != 1).any() else NONE


@kernel
def _sums_by_part(ratios: FloatArray, parts_of: IntArray, seen: BoolArray, parts: int) -> tuple[FloatArray, FloatArray]:
    years, length = ratios.shape
    sums = np.zeros((years, parts))
    counts = np.zeros((years, parts))
    for y in range(years):
        for k in range(length):
            if seen[y, k]:
                sums[y, parts_of[y, k]] += ratios[y, k]
                counts[y, parts_of[y, k]] += 1.0
    return sums, counts


@kernel
def _best_of_years(
    own: FloatArray, shop: FloatArray, parts_of: IntArray, seen: BoolArray, parts: int, width_min: int
) -> tuple[FloatArray, float, float]:
    """Shrunken index, its strength and its lean towards the shop (0, ½ or 1), chosen by leaving each year out."""
    years, length = own.shape
    own_sums, counts = _sums_by_part(own, parts_of, seen, parts)
    shop_sums, _ = _sums_by_part(shop, parts_of, seen, parts)
    own_total, shop_total, count_total = own_sums.sum(axis=0), shop_sums.sum(axis=0), counts.sum(axis=0)
    best = np.ones(parts)
    best_strength = -1.0
    best_lean = 0.0
    for lean in (0.0, 0.5, 1.0):
        for width in range(width_min, 3):
            square = 0.0
            product = 0.0
            variance = 0.0
            for y in range(years):
                mixed = (1.0 - lean) * (own_total - own_sums[y]) + lean * (shop_total - shop_sums[y])
                others = smooth_index(mixed, count_total - counts[y], width)
                for k in range(length):
                    # What no other year has seen can neither confirm nor refute.
                    if not seen[y, k] or count_total[parts_of[y, k]] <= counts[y, parts_of[y, k]]:
                        continue
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
