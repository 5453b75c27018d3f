"""Seasonality: the shape of the year, from the item's own years or borrowed from its category or the shop.

The year is cut into parts of one planning period. An index multiplies the level in each part; its mean is 1. An own
index needs two full years, because one year cannot tell a season from a trend. It is believed as far as each year
is predicted by the others. Younger or noisier items borrow the profile of their category, taken on more or less
strongly depending on how well it fits what they have sold so far.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.steps import step

SEASON_SOURCES = ("none", "own history", "category", "shop")
NONE, OWN, CATEGORY, SHOP = range(4)

DAYS_PER_YEAR = 365.2425
YEARS_MAX = 4
#: Below this share of explained variance a profile is noise.
STRENGTH_MIN = 0.1
#: Smoothing of an item's own index: one item has too few sales for single weeks to speak.
OWN_WIDTH = 2
#: Prior deviation of the weight with which an item takes on a borrowed profile (prior mean 1).
WEIGHT_PRIOR_SD = 0.5
WEIGHT_MAX = 1.5
#: Share of a season's variance from which a straight line that the years' means confirm is taken out of it.
TREND_SHARE_MIN = 0.6


def season_parts(period_days: int) -> int:
    """Parts of the year: weeks, or planning periods where these are longer.

    >>> season_parts(7), season_parts(1), season_parts(30)
    (52, 52, 12)
    """
    return 52 if period_days <= 7 else round(DAYS_PER_YEAR / period_days)


@kernel
def part_of_year(day: float, parts: int) -> int:
    """Part of the year in which a day lies, counted in days since 1970-01-01."""
    return min(parts - 1, int((day % 365.2425) / 365.2425 * parts))


@kernel
def parts_of_periods(first_day: int, count: int, period_days: int, parts: int) -> IntArray:
    result = np.empty(count, np.int64)
    for t in range(count):
        result[t] = part_of_year(first_day + (t + 0.5) * period_days, parts)
    return result


@kernel
def smooth_index(sums: FloatArray, counts: FloatArray, width: int) -> FloatArray:
    """Ratios by part, smoothed round the year with triangular weights and scaled to mean 1.

    ``width`` 0 leaves the parts alone, 1 weighs 1-2-1, 2 weighs 1-2-3-2-1; a part without data takes its neighbours'.
    """
    parts = len(sums)
    index = np.ones(parts)
    for s in range(parts):
        reach = width
        while True:
            top = 0.0
            bottom = 0.0
            for offset in range(-reach, reach + 1):
                other = (s + offset) % parts
                weight = reach + 1.0 - abs(offset)
                top += weight * sums[other]
                bottom += weight * counts[other]
            if bottom > 0 or reach >= 3:
                break
            reach += 1
        if bottom > 0:
            index[s] = top / bottom
    mean = index.mean()
    return index / mean if mean > 0 else np.ones(parts)


@kernel
def _index_of_years(
    ratios: FloatArray, weights: FloatArray, parts_of: IntArray, parts: int
) -> tuple[FloatArray, float]:
    """Index from Y years of ratios to the year's mean (Y, L), and how well each year is told by the others.

    ``weights`` (Y, L) is 0 where a period is not to be counted. Returns the shrunken index and its strength.
    """
    years, length = ratios.shape
    sums = np.zeros((years, parts))
    counts = np.zeros((years, parts))
    for y in range(years):
        for k in range(length):
            s = parts_of[y * length + k]
            sums[y, s] += weights[y, k] * ratios[y, k]
            counts[y, s] += weights[y, k]
    total_sums = sums.sum(axis=0)
    total_counts = counts.sum(axis=0)
    square = 0.0
    product = 0.0
    variance = 0.0
    for y in range(years):
        others = smooth_index(total_sums - sums[y], total_counts - counts[y], OWN_WIDTH)
        for k in range(length):
            x = others[parts_of[y * length + k]] - 1.0
            z = ratios[y, k] - 1.0
            square += weights[y, k] * x * x
            product += weights[y, k] * x * z
            variance += weights[y, k] * z * z
    trust = min(1.0, max(0.0, product / square)) if square > 0 else 0.0
    strength = 0.0
    if variance > 0:
        strength = max(0.0, (2.0 * trust * product - trust * trust * square) / variance)
    return 1.0 + trust * (smooth_index(total_sums, total_counts, OWN_WIDTH) - 1.0), strength


@step(
    out=("own_season_index", "own_season_strength"),
    formula="demand ÷ its year's mean, averaged by part of the year and smoothed 1-2-3-2-1; where a steady trend is "
    "most of it, that is taken out first; shrunk by the slope and judged by the variance with which the other years "
    "tell each year; all ones below two full years",
    source="ratio to the year's mean; leave-one-year-out",
)
def own_season(
    demand_units: FloatArray, censored: BoolArray, first_period: IntArray, grid_start_day: int, period_days: int
) -> tuple[FloatArray, FloatArray]:
    """The item's own index [(n, S)] and strength [(n,) share]."""
    return _own_season(
        demand_units, censored, first_period, grid_start_day, period_days, season_parts(period_days), YEARS_MAX
    )


@kernel
def _own_season(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    grid_start_day: int,
    period_days: int,
    parts: int,
    years_max: int,
) -> tuple[FloatArray, FloatArray]:
    n, periods = demand.shape
    index = np.ones((n, parts))
    strength = np.zeros(n)
    length = int(np.round(365.2425 / period_days))
    all_parts = parts_of_periods(grid_start_day, periods, period_days, parts)
    for i in range(n):
        if first_period[i] < 0:
            continue
        years = min(years_max, (periods - first_period[i]) // length)
        if years < 2:
            continue
        start = periods - years * length
        ratios = np.ones((years, length))
        weights = np.zeros((years, length))
        means = np.zeros(years)
        for y in range(years):
            total = 0.0
            count = 0
            for k in range(length):
                t = start + y * length + k
                if not censored[i, t]:
                    total += demand[i, t]
                    count += 1
            if total <= 0:
                continue
            means[y] = total / count
            for k in range(length):
                t = start + y * length + k
                if not censored[i, t]:
                    ratios[y, k] = demand[i, t] / means[y]
                    weights[y, k] = 1.0
        index[i], strength[i] = _index_of_years(ratios, weights, all_parts[start:], parts)
        slope = _shared_slope(ratios, weights, means)
        # The variance of a straight line is slope² ÷ 12: where it is most of the season, it is growth and no season.
        if slope * slope / 12.0 >= TREND_SHARE_MIN * ((index[i] - 1.0) ** 2).mean():
            for k in range(length):
                ratios[:, k] /= 1.0 + slope * ((k + 0.5) / length - 0.5)
            index[i], strength[i] = _index_of_years(ratios, weights, all_parts[start:], parts)
    return index, strength


@kernel
def _shared_slope(ratios: FloatArray, weights: FloatArray, means: FloatArray) -> float:
    """Slope per year that the ratios (Y, L) have within the years and their ``means`` (Y,) between them; else 0.

    Steady growth looks like a season that rises within each year and falls at its end, but for the years' means. The
    smaller of the two slopes is taken: a step between two years has none within, a true season none between.
    """
    years, length = ratios.shape
    within = 0.0
    between = 0.0
    for y in range(years):
        count = max(1.0, weights[y].sum())
        middle = (weights[y] * np.arange(length)).sum() / count
        top = 0.0
        bottom = 0.0
        for k in range(length):
            top += weights[y, k] * (k - middle) * ratios[y, k]
            bottom += weights[y, k] * (k - middle) * (k - middle)
        if bottom > 0:
            within += top / bottom * length / years
        between += (y - (years - 1) / 2.0) * means[y]
    between /= max(1e-12, (years * years - 1) / 12.0 * means.sum())
    if within * between <= 0:
        return 0.0
    return float(min(abs(within), abs(between), 1.5) * (1.0 if within > 0 else -1.0))


@step(
    out=("season_index", "season_strength", "season_source", "season_weight"),
    formula="own index where it explains at least 10% and more than the borrowed one; else "
    "1 + weight × (borrowed − 1), weight = regression of the item's demand on the profile, drawn towards 1; "
    "none where weight or fit is nil",
    source="our choice; shrinkage by a normal prior",
    codes={"season_source": SEASON_SOURCES},
)
def season_in_use(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    own_season_index: FloatArray,
    own_season_strength: FloatArray,
    category_season_index: FloatArray,
    category_season_source: CodeArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, CodeArray, FloatArray]:
    """Index in use [(n, S)], its strength, source and weight [(n,) each]."""
    return _season_in_use(
        demand_units,
        censored,
        first_period,
        own_season_index,
        own_season_strength,
        category_season_index,
        category_season_source,
        grid_start_day,
        period_days,
    )


@kernel
def _season_in_use(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    own_index: FloatArray,
    own_strength: FloatArray,
    borrowed: FloatArray,
    borrowed_source: CodeArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, CodeArray, FloatArray]:
    n, periods = demand.shape
    parts = own_index.shape[1]
    index = np.ones((n, parts))
    strength = np.zeros(n)
    source = np.zeros(n, np.int16)
    weight = np.zeros(n)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, parts)
    for i in range(n):
        fit = 0.0
        if borrowed_source[i] != 0:
            weight[i], fit = _borrow(demand[i], censored[i], first_period[i], borrowed[i], parts_of)
        if own_strength[i] >= STRENGTH_MIN and own_strength[i] > fit:
            index[i] = own_index[i]
            strength[i] = own_strength[i]
            source[i] = 1
            weight[i] = 0.0
        elif weight[i] > 0.05:
            for s in range(parts):
                index[i, s] = max(0.0, 1.0 + weight[i] * (borrowed[i, s] - 1.0))
            index[i] /= index[i].mean()
            strength[i] = fit
            source[i] = borrowed_source[i]
        else:
            weight[i] = 0.0
    return index, strength, source, weight


@kernel
def _borrow(
    demand: FloatArray, censored: BoolArray, first: int, profile: FloatArray, parts_of: IntArray
) -> tuple[float, float]:
    """Weight on a borrowed profile and the share of variance it explains; weight 1 where nothing was seen yet."""
    count = 0
    sum_x = 0.0
    sum_d = 0.0
    for t in range(max(first, 0), len(demand)):
        if not censored[t] and first >= 0:
            count += 1
            sum_x += profile[parts_of[t]] - 1.0
            sum_d += demand[t]
    if count < 2 or sum_d <= 0:
        return 1.0, 0.0
    mean_x = sum_x / count
    mean_d = sum_d / count
    xx = 0.0
    xd = 0.0
    dd = 0.0
    for t in range(first, len(demand)):
        if not censored[t]:
            x = profile[parts_of[t]] - 1.0 - mean_x
            d = demand[t] - mean_d
            xx += x * x
            xd += x * d
            dd += d * d
    level = mean_d / max(0.1, 1.0 + mean_x)
    precision = (dd / count) / (level * level) / (WEIGHT_PRIOR_SD * WEIGHT_PRIOR_SD)
    if xx + precision <= 0:
        return 1.0, 0.0
    weight = min(WEIGHT_MAX, max(0.0, (xd / level + precision) / (xx + precision)))
    slope = weight * level
    fit = max(0.0, (2.0 * slope * xd - slope * slope * xx) / dd) if dd > 0 else 0.0
    return weight, fit
