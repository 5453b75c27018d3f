"""Prices of the demo shop: regular prices, one price change, promotions, and what promotions do to demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from skuwise.demo.assortment import CATEGORIES
from skuwise.demo.catalogue import Catalogue

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CHANNELS = ("SHOPIFY", "AMAZON", "WALMART")
EVERY_CHANNEL = -1
#: The price change comes this many days before the as-of day and touches this share of the products.
PRICE_CHANGE_DAYS_AGO = 182
PRICE_CHANGE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Promotion:
    """A product sold cheaper on days ``from_day`` ≤ day < ``until_day`` in one channel, or in every one."""

    product: int
    from_day: int
    until_day: int
    discount_share: float
    channel: int
    uplift: float


@dataclass(frozen=True, slots=True)
class Pricing:
    """``new_price_minor`` (p,) holds from ``change_day``; it equals the old one where nothing changed."""

    new_price_minor: Ints
    change_day: int
    promotions: tuple[Promotion, ...]


def make_pricing(rng: np.random.Generator, catalogue: Catalogue, first_day: date, day_count: int) -> Pricing:
    """Draw the price change and the promotions: Black Friday week, a July sale, weeks of single products."""
    old = catalogue.products.column("price_minor")
    rises = rng.random(len(old)) < PRICE_CHANGE_SHARE
    raised = np.round(old * rng.uniform(1.06, 1.14, len(old)) / 100).astype(np.int64) * 100 - 5
    promotions = _seasonal_promotions(rng, catalogue, first_day, day_count)
    for product in range(len(old)):
        for _ in range(int(rng.poisson(0.5))):
            start = int(rng.integers(30, day_count - 15))
            length, discount = int(rng.integers(5, 11)), float(rng.choice([0.1, 0.15, 0.2]))
            promotions.append(Promotion(product, start, start + length, discount, EVERY_CHANNEL, 1.0 + 5 * discount))
    return Pricing(np.where(rises, raised, old), day_count - PRICE_CHANGE_DAYS_AGO, _without_overlap(promotions))


def _seasonal_promotions(
    rng: np.random.Generator, catalogue: Catalogue, first_day: date, day_count: int
) -> list[Promotion]:
    promotions = []
    codes = [CATEGORIES[product.category].code for product in catalogue.products]
    for year in range(first_day.year, (first_day + timedelta(days=day_count)).year + 1):
        black_friday = (date(year, 11, 22) - first_day).days
        july = (date(year, 7, 10) - first_day).days
        for product, code in enumerate(codes):
            joins_november, joins_july = rng.random() < 0.3, rng.random() < 0.25
            if joins_november and 0 <= black_friday < day_count - 10:
                promotions.append(Promotion(product, black_friday, black_friday + 9, 0.25, EVERY_CHANNEL, 2.4))
            if joins_july and code in ("GDN", "OUT", "WEA") and 0 <= july < day_count - 10:
                promotions.append(Promotion(product, july, july + 4, 0.2, CHANNELS.index("AMAZON"), 2.8))
    return promotions


def _without_overlap(promotions: list[Promotion]) -> tuple[Promotion, ...]:
    """Keep the earlier of two promotions of one product that overlap."""
    kept: list[Promotion] = []
    for promotion in sorted(promotions, key=lambda p: (p.product, p.from_day, p.channel)):
        last = kept[-1] if kept else None
        if last is None or last.product != promotion.product or last.until_day <= promotion.from_day:
            kept.append(promotion)
    return tuple(kept)


def promotion_uplift(pricing: Pricing, day_count: int, product_count: int, amazon_share: Floats) -> Floats:
    """Factor on a product's demand on each day (d, p); a promotion in one channel lifts only that channel's share."""
    factor = np.ones((day_count, product_count))
    for p in pricing.promotions:
        share = 1.0 if p.channel == EVERY_CHANNEL else float(amazon_share[p.product])
        factor[p.from_day : p.until_day, p.product] = 1.0 + (p.uplift - 1.0) * share
    return factor


def line_prices(
    catalogue: Catalogue, pricing: Pricing, product: Ints, day: Ints, channel: Ints, day_count: int
) -> tuple[Ints, NDArray[np.bool_]]:
    """Price paid per unit and whether it was a promotion, for lines (l,) of a product on a day in a channel."""
    old = catalogue.products.column("price_minor")
    discount = np.zeros((len(CHANNELS), day_count, len(old)))
    for p in pricing.promotions:
        channels = slice(None) if p.channel == EVERY_CHANNEL else slice(p.channel, p.channel + 1)
        discount[channels, p.from_day : p.until_day, p.product] = p.discount_share
    regular = np.where(day >= pricing.change_day, pricing.new_price_minor[product], old[product])
    off = discount[channel, np.minimum(day, day_count - 1), product]
    return np.round(regular * (1.0 - off)).astype(np.int64), off > 0
