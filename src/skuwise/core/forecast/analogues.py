"""Analogues: what earlier launches like an item sold at first, how far they lay apart, and which they were.

Everything known of launches is drawn together from wide groups to narrow ones: the shop, the item's brand, its
category, the brand within the category, its product (other variants, other locations). Each narrower group pulls the
figure towards its own mean by the number of its launches, so that three launches never speak as loudly as a hundred.
Sales of launches are skewed: means are taken of the roots of demand, on which launches differ about evenly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, TextArray
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.steps import step

#: Leading periods without a sale belong to the history where nobody knows when the item was launched: dropping them
#: would start every slow item with a sale, and read its rate too high.
LEADING_PERIODS = 4
#: Periods after a launch that tell what launches sell.
FIRST_PERIODS = 5
#: Launches that make a group worth naming, and the shop worth asking.
LAUNCHES_MIN = 3
#: A group's mean counts like its launches against so many of what wider groups say; its spread against more.
MEAN_WORTH_LAUNCHES = 3.0
SPREAD_WORTH_LAUNCHES = 8.0
#: What an attribute adds is drawn towards nothing by so many launches.
ATTRIBUTE_WORTH_LAUNCHES = 5.0
#: The slope over prices is drawn towards none by this much spread of logarithms of prices.
PRICE_WORTH = 10.0
PRICED_LAUNCHES_MIN = 10
#: The nearest launches are named for items this young, in periods, and so many of them.
NAMED_FOR_PERIODS = 13
NAMED = 3
_SEARCHED_EACH_SIDE = 6
#: An index below this tells nothing of a level.
INDEX_MIN = 0.05

ANALOGUES = (
    "none",
    "launches in the shop",
    "launches of its brand",
    "launches in its category",
    "launches of its brand in its category",
    "launches of its product",
)
_SHOP, _BRAND, _CATEGORY, _BRAND_IN_CATEGORY, _PRODUCT = range(1, len(ANALOGUES))
#: Groups that hold all launches of a group: where it has as many, it is the same group and adds nothing.
_WIDER = {
    _SHOP: (),
    _BRAND: (_SHOP,),
    _CATEGORY: (_SHOP,),
    _BRAND_IN_CATEGORY: (_BRAND, _CATEGORY),
    _PRODUCT: (_SHOP, _BRAND, _CATEGORY, _BRAND_IN_CATEGORY),
}


class _Launches(NamedTuple):
    """Rows of the launched items, and root of the mean demand of their first periods at the shop's mean price [(m,)].

    ``price_effect`` [(n,)] is what an item's own price adds to the root.
    """

    row: IntArray
    root: FloatArray
    price_effect: FloatArray


@step(
    out=(
        "analogue_level_units_per_period",
        "analogue_sd_units_per_period",
        "analogue_launches",
        "analogue_source",
        "analogue_nearest",
    ),
    formula="r = root of the mean demand ÷ season index of the first 5 periods of each other item launched within the "
    "history, less slope × (log price − mean log price). From the shop over brand, category and brand in category to "
    "product: mean ← (3 × mean + Σ r) ÷ (3 + launches), variance ← (8 × variance + Σ (r − mean)²) ÷ (8 + launches); "
    "before the product + the mean over the item's attributes of Σ (r − mean) ÷ (5 + launches) of those that share it; "
    "at last + slope × (own log price − mean). Level = mean², sd = √(4 mean² variance + 2 variance²). Source = the "
    "narrowest group with 3 launches; nearest = its three launches nearest in price",
    source="forecasting by analogy (Green & Armstrong, 2007); Bühlmann credibility; root scale of counts (Anscombe, "
    "1948)",
    scope="shop",
    codes={"analogue_source": ANALOGUES},
)
def analogue_level(
    sku_id: TextArray,
    demand_units: FloatArray,
    first_period: IntArray,
    launch_known: BoolArray,
    is_bundle: BoolArray,
    product_id: CodeArray,
    category: CodeArray,
    brand: CodeArray,
    attribute_codes: IntArray,
    unit_price_minor: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, IntArray, CodeArray, TextArray]:
    """Demand a period that launches like this item had at first, its deviation between launches [(n,) units, NaN
    where none are known], the launches of the narrowest group, which group that is, and the nearest by name [(n,)].
    Launches are counted and named for items launched lately or still to come.

    The level is a cautious middle, near the median: few launches sell very much.

    >>> demand = np.zeros((4, 12)); demand[:3, 6:] = [[4.0], [9.0], [25.0]]
    >>> one, toys = np.zeros(4, np.int64), np.zeros(4, np.int16)
    >>> level, sd, launches, source, nearest = analogue_level(np.array(list("abcd")), demand, np.array([6, 6, 6, -1]),
    ...     one > 0, one > 0, np.arange(4), toys, toys, one[:, None] - 1, one - 1, np.ones((4, 52)), 20000, 7)
    >>> round(float(level[3]), 1), int(launches[3]), ANALOGUES[source[3]], str(nearest[3])
    (11.1, 3, 'launches in the shop', 'a, b, c')
    """
    n = len(first_period)
    level, sd, launches = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int64)
    source = np.zeros(n, np.int16)
    told = launches_seen(first_period, launch_known, is_bundle, demand_units.shape[1] - FIRST_PERIODS)
    first = demand_since_launch(
        demand_units, first_period, season_index, told, FIRST_PERIODS, grid_start_day, period_days
    )
    known = _launches_of(told, first.mean(axis=1), unit_price_minor)
    if len(known.row) < LAUNCHES_MIN:
        return level, sd, launches, source, np.full(n, "", "U1")
    groups = _groups(product_id, category, brand)
    mean, variance, launches, source = _drawn_together(known, groups, attribute_codes, n)
    of_any = source > 0
    root = np.maximum(mean + known.price_effect, 0.0)
    level[of_any] = root[of_any] ** 2
    sd[of_any] = np.sqrt(4 * root[of_any] ** 2 * variance[of_any] + 2 * variance[of_any] ** 2)
    young = of_any & ((first_period < 0) | (first_period > demand_units.shape[1] - NAMED_FOR_PERIODS))
    return (
        level,
        sd,
        np.where(young, launches, 0),
        source,
        _nearest(sku_id, np.flatnonzero(young), known.row, groups, source, unit_price_minor),
    )


def root_moments(level: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the root of launches' demand from level and deviation [(n,) each].

    >>> mean, variance = root_moments(np.array([9.0]), np.array([np.sqrt(4 * 9 * 2 + 2 * 4)]))
    >>> round(float(mean[0]), 6), round(float(variance[0]), 6)
    (3.0, 2.0)
    """
    return np.sqrt(level), np.sqrt(level**2 + sd**2 / 2) - level


def launches_seen(first_period: IntArray, launch_known: BoolArray, is_bundle: BoolArray, latest: int) -> IntArray:
    """Rows of the items launched within the history and by the period ``latest``: by date, or by a first sale well
    after the beginning of the history."""
    launched = (first_period > LEADING_PERIODS) | (launch_known & (first_period > 0))
    return np.flatnonzero(launched & ~is_bundle & (first_period <= latest))


def demand_since_launch(
    demand: FloatArray,
    first_period: IntArray,
    season_index: FloatArray,
    row: IntArray,
    count: int,
    grid_start_day: int,
    period_days: int,
) -> FloatArray:
    """Deseasonalised demand of the first ``count`` periods of the items in ``row`` [(m, count) units]."""
    period = first_period[row, None] + np.arange(count)
    parts_of = parts_of_periods(grid_start_day, demand.shape[1], period_days, season_index.shape[1])
    index = season_index[row[:, None], parts_of[period]]
    flat: FloatArray = demand[row[:, None], period] / np.maximum(index, INDEX_MIN)
    return flat


def _launches_of(row: IntArray, first_demand: FloatArray, price: IntArray) -> _Launches:
    effect, root = np.zeros(len(price)), np.sqrt(first_demand)
    priced = price[row] > 0
    if priced.sum() >= PRICED_LAUNCHES_MIN:
        log_price = np.log(np.maximum(price, 1))
        middle = log_price[row][priced].mean()
        away = log_price[row][priced] - middle
        slope = float((away * (root[priced] - root[priced].mean())).sum() / ((away**2).sum() + PRICE_WORTH))
        effect = np.where(price > 0, slope * (log_price - middle), 0.0)
    return _Launches(row, root - effect[row], effect)


def _groups(product: CodeArray, category: CodeArray, brand: CodeArray) -> dict[int, IntArray]:
    """Number of the group of each item [(n,)] by the code of ``ANALOGUES``, the widest first."""
    brands = np.int64(brand.max(initial=0) + 1)
    return {
        _SHOP: np.zeros(len(product), np.int64),
        _BRAND: brand.astype(np.int64),
        _CATEGORY: category.astype(np.int64),
        _BRAND_IN_CATEGORY: np.unique(category.astype(np.int64) * brands + brand, return_inverse=True)[1],
        _PRODUCT: product.astype(np.int64),
    }


def _drawn_together(
    known: _Launches, groups: dict[int, IntArray], attribute_codes: IntArray, n: int
) -> tuple[FloatArray, FloatArray, IntArray, CodeArray]:
    """Mean and variance of the roots, launches of the narrowest group and its code [(n,) each]; an item's own launch
    is left out of all."""
    own, root = np.zeros(n), np.zeros(n)
    own[known.row], root[known.row] = 1.0, known.root
    mean, variance, source = np.zeros(n), np.zeros(n), np.zeros(n, np.int16)
    count: dict[int, FloatArray] = {}
    launches = np.zeros(n)
    for code, group in groups.items():
        if code == _PRODUCT:
            mean = mean + _attribute_effect(attribute_codes, known, own * (root - mean))
        size = int(group.max(initial=0)) + 1
        of, sums = group[known.row], []
        for power in (0, 1, 2):
            total = np.bincount(of, weights=known.root**power, minlength=size)
            sums.append(total[group] - own * root**power)
        count[code], first, second = sums
        same = np.zeros(n, np.bool_)
        for wider in _WIDER[code]:
            same |= count[code] == count[wider]
        adds = (count[code] > 0.5) & ~same
        worth, spread_worth = (MEAN_WORTH_LAUNCHES, SPREAD_WORTH_LAUNCHES) if code != _SHOP else (0.0, 0.0)
        divisor = np.where(adds, count[code], 1.0)
        around = mean if code != _SHOP else first / divisor
        squares = np.maximum(second - 2 * around * first + count[code] * around**2, 0.0)
        variance = np.where(adds, (spread_worth * variance + squares) / (spread_worth + divisor), variance)
        mean = np.where(adds, (worth * mean + first) / (worth + divisor), mean)
        named = adds & (count[code] > LAUNCHES_MIN - 0.5) & ((source > 0) | (code == _SHOP))
        source = np.where(named, code, source).astype(np.int16)
        launches = np.where(named, count[code], launches)
    return mean, variance, launches.astype(np.int64), source


def _attribute_effect(codes: IntArray, known: _Launches, rest: FloatArray) -> FloatArray:
    """Mean over an item's attributes of what launches that share one had above their groups [(n,) root].

    ``rest`` [(n,)] is what launches had above their groups, 0 for all other items; an item's own is left out.
    """
    words = int(codes.max(initial=-1)) + 1
    effect, count = np.zeros(len(codes)), np.zeros(len(codes))
    if not words:
        return effect
    launched = np.zeros(len(codes))
    launched[known.row] = 1.0
    row, place = np.nonzero(codes >= 0)
    word = codes[row, place]
    above = np.bincount(word, weights=rest[row], minlength=words)[word] - rest[row]
    seen = np.bincount(word, weights=launched[row], minlength=words)[word] - launched[row]
    np.add.at(effect, row, above / (seen + ATTRIBUTE_WORTH_LAUNCHES))
    np.add.at(count, row, 1.0)
    return effect / np.maximum(count, 1.0)


def _nearest(
    sku_id: TextArray,
    asked: IntArray,
    launched: IntArray,
    groups: dict[int, IntArray],
    source: CodeArray,
    price: IntArray,
) -> TextArray:
    """The SKUs of the launches nearest in price within the group that is the source, as text [(n,)]."""
    told = np.full(len(sku_id), "", "U1")
    parts = [_nearest_rows(asked[source[asked] == code], launched, group, price) for code, group in groups.items()]
    rows = np.concatenate([asked[source[asked] == code] for code in groups])
    if not len(rows):
        return told
    chosen = np.concatenate(parts)
    words = np.where(chosen[:, 0] >= 0, sku_id[chosen[:, 0]], "")
    for k in range(1, NAMED):
        more = np.char.add(np.char.add(words, ", "), sku_id[chosen[:, k]])
        words = np.where(chosen[:, k] >= 0, more, words)
    told = told.astype(words.dtype)
    told[rows] = words
    return told


def _nearest_rows(asked: IntArray, launched: IntArray, group: IntArray, price: IntArray) -> IntArray:
    """Rows of the launches of the same group nearest in price [(k, 3), -1 where there are fewer]."""
    found = np.full((len(asked), NAMED), -1, np.int64)
    if not len(asked):
        return found
    log_price = np.log(np.maximum(price, 1))
    order = launched[np.lexsort((launched, log_price[launched], group[launched]))]
    both = np.concatenate([order, asked])
    is_asked = np.arange(len(both)) >= len(order)
    ranked = np.lexsort((is_asked, log_price[both], group[both]))
    before = np.cumsum(~is_asked[ranked])
    place = np.empty(len(both), np.int64)
    place[ranked] = before
    near = place[len(order) :, None] + np.arange(-_SEARCHED_EACH_SIDE, _SEARCHED_EACH_SIDE)
    inside = (near >= 0) & (near < len(order))
    row = order[np.clip(near, 0, len(order) - 1)]
    usable = inside & (group[row] == group[asked, None]) & (row != asked[:, None])
    distance = np.where(usable, np.abs(log_price[row] - log_price[asked, None]), np.inf)
    each = np.arange(len(asked))
    for k in range(NAMED):
        best = distance.argmin(axis=1)
        found[:, k] = np.where(np.isfinite(distance[each, best]), row[each, best], -1)
        distance[each, best] = np.inf
    return found
