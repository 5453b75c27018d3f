"""The stock ledger of the demo shop, day by day: sales are what was wanted and there, stock is what was left.

The shop reorders by a rule of thumb: last eight weeks' sales times the quoted lead time, blind to season, stockouts and
launches. It runs out of fast movers and drowns in slow ones, as shops do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skuwise.demo.assortment import CATEGORIES
from skuwise.demo.catalogue import NEVER, Catalogue
from skuwise.demo.demand import Series, WantedLines
from skuwise.demo.replenishment import Buyer, PurchaseLines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: A cancelled order goes back on the shelf today or tomorrow.
CANCELLED_SHARE = 0.011
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Ledger:
    """What happened. Arrays (d, i) for days and items, (l,) for the wanted lines.

    ``on_hand_units`` is the stock at the end of the day, ``in_stock_share`` the part of the day in which the item could
    be bought. ``back_units`` of a line came back on ``back_day`` (``is_cancelled``: it was never sent).
    """

    opening_units: Ints
    on_hand_units: Ints
    in_stock_share: Floats
    shipped_units: Ints
    back_units: Ints
    back_day: Ints
    is_cancelled: NDArray[np.bool_]
    purchases: PurchaseLines


@dataclass(slots=True)
class _Lines:
    """Lines of one kind (single SKUs or bundles) in order of time, with what the ledger needs of each."""

    row: Ints
    target: Ints
    requested: Ints
    before: Ints
    time_share: Floats
    bounds: Ints

    def of_day(self, day: int) -> slice:
        return slice(int(self.bounds[day]), int(self.bounds[day + 1]))


@dataclass(slots=True)
class _Returns:
    """What comes back: drawn before the days run, so that each line keeps its fate whatever the stock is."""

    back_day: Ints
    is_returned: NDArray[np.bool_]
    is_cancelled: NDArray[np.bool_]
    due_units: Ints = field(repr=False)


def run_ledger(
    rng: np.random.Generator,
    catalogue: Catalogue,
    series: Series,
    lines: WantedLines,
    rate: Floats,
    progress: Callable[[float], None],
) -> Ledger:
    """Walk through the days: receipts in the morning, sales in order of time, returns and orders in the evening."""
    day_count, item_count = len(rate), series.item_count
    is_single = lines.series < item_count
    singles, sets = _lines_of(lines, is_single, 0, day_count), _lines_of(lines, ~is_single, item_count, day_count)
    returns = _draw_returns(rng, catalogue, series, lines, day_count)
    recipes = _RecipesAtWarehouses(catalogue, series)
    buyer = Buyer(rng, catalogue, series, rate)
    stock = buyer.opening_units.copy()
    shipped = np.zeros(len(lines.day), dtype=np.int64)
    back = np.zeros(len(lines.day), dtype=np.int64)
    on_hand = np.zeros((day_count, item_count), dtype=np.int64)
    share = np.ones((day_count, item_count))
    for day in range(day_count):
        stock += buyer.arriving_units[day]
        morning = stock.copy()
        share[day] = (morning > 0).astype(np.float64)
        for kind in (singles, sets):
            at = kind.of_day(day)
            target, row = kind.target[at], kind.row[at]
            available = stock if kind is singles else recipes.available(stock, day)
            got = np.clip(available[target] - kind.before[at], 0, kind.requested[at])
            shipped[row] = got
            runs_out = kind.before[at] + kind.requested[at] >= available[target]
            taken = np.bincount(target, got, minlength=len(available)).astype(np.int64)
            if kind is singles:
                stock -= taken
                sold_out_at = np.ones(item_count)
                np.minimum.at(sold_out_at, target[runs_out], kind.time_share[at][runs_out])
            else:
                stock -= recipes.parts_of(taken, day)
            returned = row[(returns.is_returned[row] | returns.is_cancelled[row]) & (got > 0)]
            back[returned] = np.where(returns.is_cancelled[returned], shipped[returned], (shipped[returned] + 1) // 2)
            recipes.add_back(returns.due_units, returns.back_day[returned], lines.series[returned], back[returned])
        share[day] = np.where((stock == 0) & (morning > 0), sold_out_at, share[day])
        buyer.note_sales(day, morning - stock)
        stock += returns.due_units[day]
        on_hand[day] = stock
        buyer.place_orders(rng, day, stock)
        if day % 30 == 0:
            progress(day / day_count)
    return Ledger(
        buyer.opening_units,
        on_hand,
        share,
        shipped,
        back,
        returns.back_day,
        returns.is_cancelled,
        buyer.purchases(),
    )


def _lines_of(lines: WantedLines, chosen: NDArray[np.bool_], first_series: int, day_count: int) -> _Lines:
    row = np.flatnonzero(chosen)
    day, target, requested = lines.day[row], lines.series[row] - first_series, lines.requested_units[row]
    bounds = np.searchsorted(day, np.arange(day_count + 1))
    return _Lines(
        row, target, requested, _asked_before(day, target, requested), lines.second[row] / SECONDS_PER_DAY, bounds
    )


def _asked_before(day: Ints, target: Ints, requested: Ints) -> Ints:
    """Units asked for earlier on the same day of the same target (l,); lines are in order of time."""
    sequence = np.lexsort((np.arange(len(day)), target, day))
    total = np.cumsum(requested[sequence]) - requested[sequence]
    is_first = np.ones(len(day), dtype=bool)
    is_first[1:] = (np.diff(day[sequence]) != 0) | (np.diff(target[sequence]) != 0)
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(day)), 0))
    before = np.empty(len(day), dtype=np.int64)
    before[sequence] = total - total[start]
    return before


def _draw_returns(
    rng: np.random.Generator, catalogue: Catalogue, series: Series, lines: WantedLines, day_count: int
) -> _Returns:
    return_share = np.array([category.return_share for category in CATEGORIES])
    product = series.product[lines.series]
    chance = return_share[catalogue.products.column("category")[product]]
    # Bundles whose recipe changes are taken out: what comes back could not be told apart.
    recipe_bundle = catalogue.bundles.recipes.bundle
    changed = np.flatnonzero(np.bincount(recipe_bundle) > 1)
    fixed = ~np.isin(series.bundle[lines.series], changed)
    roll = rng.random(len(lines.day))
    is_cancelled = (roll < CANCELLED_SHARE) & fixed
    is_returned = (roll > 1.0 - chance) & fixed & ~is_cancelled
    lag = np.where(is_cancelled, rng.integers(0, 2, len(roll)), rng.integers(4, 29, len(roll)))
    return _Returns(
        lines.day + lag, is_returned, is_cancelled, np.zeros((day_count + 40, series.item_count), dtype=np.int64)
    )


class _RecipesAtWarehouses:
    """Turns bundles at a warehouse into their components there; on any day no two bundles share a component."""

    def __init__(self, catalogue: Catalogue, series: Series) -> None:
        recipes = catalogue.bundles.recipes
        item_of = np.full((len(catalogue.skus.sku_id), 2), -1, dtype=np.int64)
        items = slice(0, series.item_count)
        item_of[series.sku[items], series.location[items]] = np.arange(series.item_count)
        streams = np.arange(series.item_count, len(series.sku))
        row_of_bundle = {int(bundle): np.flatnonzero(recipes.bundle == bundle) for bundle in np.unique(recipes.bundle)}
        stream, recipe = zip(
            *((s - series.item_count, r) for s in streams for r in row_of_bundle[int(series.bundle[s])]), strict=True
        )
        self.stream, row = np.array(stream), np.array(recipe)
        self.stream_count, self.item_count = len(streams), series.item_count
        where = series.location[self.stream + series.item_count]
        component = recipes.component[row]
        self.item = np.where(component >= 0, item_of[component, where[:, None]], -1)
        self.units = recipes.units[row]
        self.from_day, self.until_day = recipes.from_day[row], recipes.until_day[row]

    def _holding(self, day: int) -> Ints:
        return np.flatnonzero((self.from_day <= day) & (day < self.until_day))

    def available(self, stock: Ints, day: int) -> Ints:
        """How many of each bundle the stock of its components allows (streams,)."""
        holding = self._holding(day)
        per_part = np.where(self.item[holding] >= 0, stock[self.item[holding]] // self.units[holding], NEVER)
        result = np.zeros(self.stream_count, dtype=np.int64)
        result[self.stream[holding]] = per_part.min(axis=1)
        return result

    def parts_of(self, bundle_units: Ints, day: int) -> Ints:
        """Component units of bundles sold on a day (items,)."""
        holding = self._holding(day)
        part = self.item[holding]
        units = bundle_units[self.stream[holding]][:, None] * self.units[holding]
        return np.bincount(part[part >= 0], units[part >= 0], minlength=self.item_count).astype(np.int64)

    def add_back(self, due_units: Ints, day: Ints, series: Ints, units: Ints) -> None:
        """Put what comes back into the plan of due units (d, items), bundles as their components."""
        single = series < self.item_count
        np.add.at(due_units, (day[single], series[single]), units[single])
        if not single.all():
            first_row = np.searchsorted(self.stream, series[~single] - self.item_count)
            for column in range(self.item.shape[1]):
                part = self.item[first_row, column]
                real = part >= 0
                count = units[~single] * self.units[first_row, column]
                np.add.at(due_units, (day[~single][real], part[real]), count[real])
