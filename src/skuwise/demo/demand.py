"""What customers want on each day, before anyone asks whether it is there: order lines drawn in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from skuwise.demo.assortment import CATEGORIES
from skuwise.demo.catalogue import NEVER, Catalogue
from skuwise.demo.pricing import CHANNELS, Pricing, promotion_uplift

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Lines that customers would place over the whole history if nothing were ever out of stock.
WANTED_LINES = 345_000
#: Monday to Sunday.
WEEKDAY_FACTOR = np.array([1.12, 1.02, 0.97, 0.95, 0.93, 0.90, 1.11])
#: Chance that a line starts a new order, by channel: shop customers fill baskets, marketplace customers do not.
NEW_ORDER_SHARE = np.array([0.58, 0.88, 0.82])


@dataclass(frozen=True, slots=True)
class Series:
    """Demand streams (j,): a SKU at a warehouse, then a bundle at a warehouse. ``sku`` is -1 for a bundle."""

    sku: Ints
    bundle: Ints
    location: Ints
    product: Ints

    @property
    def item_count(self) -> int:
        """Streams of single SKUs; they come first and are the rows of the stock ledger."""
        return int((self.sku >= 0).sum())


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Order lines (l,) in order of time: what was asked for. ``order`` numbers the orders from 0."""

    day: Ints
    second: Ints
    series: Ints
    channel: Ints
    order: Ints
    requested_units: Ints


def make_series(catalogue: Catalogue) -> Series:
    """Streams of every SKU in the warehouses that keep it, and of every bundle in both."""
    skus = catalogue.skus
    at = np.stack([skus.east_share > 0, skus.east_share < 1], axis=1)
    sku, location = np.nonzero(at)
    bundle = np.repeat(np.arange(len(catalogue.bundles.sku_id)), 2)
    first_part = skus.product[catalogue.bundles.recipes.component[bundle, 0]]
    return Series(
        sku=np.concatenate([sku, np.full(len(bundle), -1)]),
        bundle=np.concatenate([np.full(len(sku), -1), bundle]),
        location=np.concatenate([location, np.tile([0, 1], len(bundle) // 2)]),
        product=np.concatenate([skus.product[sku], first_part]),
    )


def season_of_category(category: int, day_of_year: Ints) -> Floats:
    """Seasonal factor of each day, mean 1 over the days of a year.

    >>> days = np.arange(1, 366)
    >>> round(float(season_of_category(0, days).mean()), 6), int(season_of_category(0, days).argmax()) + 1
    (1.0, 128)
    """

    def curve(days: Ints) -> Floats:
        height = np.ones(len(days))
        for peak, width, size in CATEGORIES[category].season:
            away = (days - peak + 182.5) % 365 - 182.5
            height += size * np.exp(-0.5 * (away / width) ** 2)
        return height

    factor: Floats = curve(day_of_year) / curve(np.arange(1, 366)).mean()
    return factor


def expected_lines(
    rng: np.random.Generator, catalogue: Catalogue, series: Series, pricing: Pricing, dates: Ints
) -> Floats:
    """Expected order lines of each stream on each day (d, j), WANTED_LINES in all; ``dates`` are proleptic ordinals."""
    products, skus = catalogue.products, catalogue.skus
    day = np.arange(len(dates))
    calendar = [date.fromordinal(int(ordinal)) for ordinal in dates]
    weekday = WEEKDAY_FACTOR[[moment.weekday() for moment in calendar]]
    day_of_year = np.array([moment.timetuple().tm_yday for moment in calendar])
    seasons = np.stack([season_of_category(c, day_of_year) for c in range(len(CATEGORIES))], axis=1)
    life = _life_of_products(catalogue, day)
    shape = life * seasons[:, products.column("category")] * weekday[:, None]
    shape *= promotion_uplift(pricing, len(day), len(products), np.full(len(products), 0.3))
    sku_level = products.column("popularity")[skus.product] * skus.share
    location_share = np.stack([skus.east_share, 1 - skus.east_share], axis=1)
    is_item = series.sku >= 0
    level = np.where(is_item, sku_level[series.sku] * location_share[series.sku, series.location], 0.0)
    part = catalogue.bundles.recipes.component[series.bundle[~is_item], 0]
    level[~is_item] = 0.3 * sku_level[part] * location_share[part, series.location[~is_item]]
    rate = shape[:, series.product] * level
    on_sale = day[:, None] >= catalogue.bundles.launch_day[series.bundle[~is_item]]
    rate[:, series.item_count :] *= on_sale
    wanted: Floats = rate * _weekly_shocks(rng, len(day), len(level)) * (WANTED_LINES / rate.sum())
    return wanted


def _life_of_products(catalogue: Catalogue, day: Ints) -> Floats:
    """Launch ramp, growth, decline and end of each product (d, p)."""
    products = catalogue.products
    launch, end = products.column("launch_day"), products.column("end_day")
    growth, decline_from = products.column("growth_per_year"), products.column("decline_from_day")
    age = day[:, None] - launch
    ramp = np.where(age >= 0, 1.0 - np.exp(-(age + 7.0) / 32.0), 0.0)
    grown_days = np.where(decline_from > -NEVER, np.maximum(day[:, None] - decline_from, 0), day[:, None])
    fade = np.where(day[:, None] > end - 60, 0.55, 1.0) * (day[:, None] <= end)
    alive: Floats = ramp * np.exp(growth * grown_days / 365.25) * fade
    return alive


def _weekly_shocks(rng: np.random.Generator, day_count: int, series_count: int) -> Floats:
    """Gamma noise of mean 1 that holds for a week; a fifth of the streams is erratic."""
    shape = np.where(rng.random(series_count) < 0.2, 1.6, 18.0)
    weeks = rng.gamma(shape, 1.0 / shape, (day_count // 7 + 1, series_count))
    return np.repeat(weeks, 7, axis=0)[:day_count]


def draw_lines(rng: np.random.Generator, catalogue: Catalogue, series: Series, rate: Floats) -> WantedLines:
    """Poisson lines per stream and day, with units, channel, order and time of day."""
    counts = rng.poisson(rate)
    day, stream = np.nonzero(counts)
    repeats = counts[day, stream]
    day, stream = np.repeat(day, repeats), np.repeat(stream, repeats)
    units = _draw_units(rng, catalogue, series, stream)
    channel = _draw_channels(rng, catalogue, series, stream)
    order, second = _draw_orders(rng, day, series.location[stream], channel)
    sequence = np.lexsort((order, second, day))
    return WantedLines(*(column[sequence] for column in (day, second, stream, channel, order, units)))


def _draw_units(rng: np.random.Generator, catalogue: Catalogue, series: Series, stream: Ints) -> Ints:
    """Mostly one; more of napkins and mugs; cartons where an eighth of the products has trade customers."""
    products = catalogue.products
    mean = np.array([product.noun.units_per_line_mean for product in products])
    trade_share = np.where(rng.random(len(products)) < 0.125, rng.uniform(0.03, 0.12, len(products)), 0.0)
    is_item = series.sku[stream] >= 0
    product = series.product[stream]
    units = rng.geometric(np.where(is_item, 1.0 / mean[product], 0.95))
    carton = rng.integers(6, 37, len(stream))
    return np.where(is_item & (rng.random(len(stream)) < trade_share[product]), carton, units).astype(np.int64)


def _draw_channels(rng: np.random.Generator, catalogue: Catalogue, series: Series, stream: Ints) -> Ints:
    """The shop sells everything; Amazon lists seven products in ten and Walmart four."""
    count = len(catalogue.products)
    amazon = np.where(rng.random(count) < 0.7, rng.uniform(0.2, 0.55, count), 0.0)
    walmart = np.where(rng.random(count) < 0.4, rng.uniform(0.05, 0.25, count), 0.0)
    product = series.product[stream]
    roll = rng.random(len(stream))
    is_item = series.sku[stream] >= 0
    return np.where(roll < amazon[product], 1, np.where(roll < amazon[product] + walmart[product], 2, 0)) * is_item


def _draw_orders(rng: np.random.Generator, day: Ints, location: Ints, channel: Ints) -> tuple[Ints, Ints]:
    """Cut the lines of one day, warehouse and channel into orders; every order has one moment."""
    group = (day * 2 + location) * len(CHANNELS) + channel
    sequence = np.lexsort((rng.random(len(day)), group))
    is_first = np.ones(len(day), dtype=bool)
    is_first[1:] = (np.diff(group[sequence]) != 0) | (rng.random(len(day) - 1) < NEW_ORDER_SHARE[channel[sequence][1:]])
    order = np.empty(len(day), dtype=np.int64)
    order[sequence] = np.cumsum(is_first) - 1
    hour = 5.0 + 18.99 * rng.beta(2.4, 2.0, int(is_first.sum()))
    return order, (hour * 3600).astype(np.int64)[order]
