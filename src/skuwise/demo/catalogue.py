"""The catalogue of the demo shop: products, their variants, lives, prices, suppliers and bundles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuwise.demo.assortment import (
    BRAND,
    CATEGORIES,
    COLOURS,
    HOUSE_BRANDS,
    SERIES,
    SIZES,
    SUPPLIERS,
    WEAR_SIZES,
    Noun,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SINGLE_SKU_COUNT = 1160
BUNDLE_COUNT = 40
LOCATIONS = ("EAST", "WEST")
NEVER = 1_000_000
#: Bundles whose recipe changes once in the history.
CHANGED_RECIPES = 2


@dataclass(frozen=True, slots=True)
class Product:
    """A parent. Days count from the first day of the history; NEVER means no such day, -1 no successor."""

    name: str
    category: int
    noun: Noun
    brand: str
    supplier: int
    criticality: str
    price_minor: int
    cost_minor: int
    launch_day: int
    end_day: int
    growth_per_year: float
    decline_from_day: int
    popularity: float = 0.0
    successor: int = -1


class Products(tuple[Product, ...]):
    """The products in order; ``column`` gives one attribute of all of them as an array (p,)."""

    def column(self, name: str) -> NDArray[Any]:
        return np.array([getattr(product, name) for product in self])

    def product_id(self, index: int) -> str:
        return f"{CATEGORIES[self[index].category].code}-{index + 1:03d}"


@dataclass(frozen=True, slots=True)
class Skus:
    """One row a sellable variant (s,); ``share`` is its part of the product's demand, ``east_share`` of each SKU's."""

    sku_id: list[str]
    name: list[str]
    product: Ints
    variant: Ints
    share: Floats
    east_share: Floats


@dataclass(frozen=True, slots=True)
class Recipes:
    """One row a recipe (r,): up to three components (SKU row, -1 where there is none) and the days it holds.

    No SKU is a component of two recipes that hold on the same day.
    """

    bundle: Ints
    component: Ints
    units: Ints
    from_day: Ints
    until_day: Ints


@dataclass(frozen=True, slots=True)
class Bundles:
    sku_id: list[str]
    name: list[str]
    price_minor: Ints
    launch_day: Ints
    recipes: Recipes


@dataclass(frozen=True, slots=True)
class Catalogue:
    products: Products
    skus: Skus
    bundles: Bundles


def make_catalogue(rng: np.random.Generator, day_count: int) -> Catalogue:
    """Draw products until their variants make up ``SINGLE_SKU_COUNT`` SKUs, then bundles of them."""
    products, variants = _draw_products(rng, day_count)
    skus = _draw_skus(rng, products, variants)
    return Catalogue(products, skus, _draw_bundles(rng, products, skus, day_count))


def variants_of(noun: Noun, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Name and code of each variant of a product.

    >>> variants_of(Noun("Hook Rail", 18, 44, "one"), np.random.default_rng(1))
    [('', 'STD')]
    """
    if noun.variants == "one":
        return [("", "STD")]
    colour_count = {"colour": int(rng.integers(2, 6)), "size": int(rng.integers(1, 3)), "wear": int(rng.integers(1, 3))}
    picked = np.sort(rng.choice(len(COLOURS), colour_count[noun.variants], replace=False))
    colours = [COLOURS[int(i)] for i in picked]
    if noun.variants == "colour":
        return list(colours)
    sizes = WEAR_SIZES if noun.variants == "wear" else SIZES
    return [(f"{colour}, {size}", f"{code}-{size}") for colour, code in colours for size in sizes]


def _draw_products(rng: np.random.Generator, day_count: int) -> tuple[Products, list[list[tuple[str, str]]]]:
    products: list[Product] = []
    variants: list[list[tuple[str, str]]] = []
    taken: set[tuple[str, str]] = set()
    weights = np.array([category.weight for category in CATEGORIES])
    left = SINGLE_SKU_COUNT
    while left > 0:
        product = _draw_product(rng, int(rng.choice(len(CATEGORIES), p=weights / weights.sum())), taken, day_count)
        made = variants_of(product.noun, rng)[:left]
        left -= len(made)
        is_followed = product.end_day < day_count + 30 and rng.random() < 0.6 and len(made) <= left
        products.append(replace(product, successor=len(products) + 1 if is_followed else -1))
        variants.append(made)
        if is_followed:
            products.append(_successor_of(product, rng))
            variants.append(made)
            left -= len(made)
    return _ranked_by_popularity(rng, products), variants


def _draw_product(rng: np.random.Generator, category: int, taken: set[tuple[str, str]], day_count: int) -> Product:
    nouns = CATEGORIES[category].nouns
    free = [(series, noun) for noun in nouns for series in SERIES if (series, noun.name) not in taken]
    series, noun = free[int(rng.integers(len(free)))]
    taken.add((series, noun.name))
    suppliers = [i for i, supplier in enumerate(SUPPLIERS) if CATEGORIES[category].code in supplier.categories.split()]
    price_minor = round(float(rng.uniform(noun.price_low, noun.price_high))) * 100 - 5
    life = rng.random()
    is_young, is_ending, is_declining, is_growing = life < 0.2, 0.2 <= life < 0.3, 0.3 <= life < 0.45, life >= 0.9
    launched_before = -int(rng.integers(60, 1500))
    return Product(
        name=f"{series} {noun.name}",
        category=category,
        noun=noun,
        brand=str(rng.choice(HOUSE_BRANDS, p=[0.7, 0.2, 0.1])),
        supplier=suppliers[int(rng.integers(len(suppliers)))],
        criticality=str(rng.choice(["standard", "low", "high", "critical"], p=[0.82, 0.08, 0.07, 0.03])),
        price_minor=price_minor,
        cost_minor=round(price_minor * float(rng.uniform(0.28, 0.5))),
        launch_day=int(rng.integers(40, day_count + 25)) if is_young else launched_before,
        end_day=int(rng.integers(day_count - 480, day_count + 85)) if is_ending else NEVER,
        growth_per_year=(
            -float(rng.uniform(0.8, 1.8)) if is_declining else float(rng.normal(0.04, 0.15)) + 0.55 * is_growing
        ),
        decline_from_day=int(rng.integers(day_count // 3, day_count - 150)) if is_declining else -NEVER,
    )


def _successor_of(product: Product, rng: np.random.Generator) -> Product:
    """The product that takes over: a little dearer, on sale from some weeks before the end of the old one."""
    price_minor = product.price_minor + 100 * int(rng.integers(1, 5))
    return replace(
        product,
        name=f"{product.name} II",
        price_minor=price_minor,
        cost_minor=round(price_minor * float(rng.uniform(0.28, 0.45))),
        launch_day=product.end_day - int(rng.integers(15, 45)),
        end_day=NEVER,
        growth_per_year=float(rng.normal(0.1, 0.1)),
    )


def _ranked_by_popularity(rng: np.random.Generator, products: list[Product]) -> Products:
    """Zipf-like demand over products; a successor is about as popular as what it replaces."""
    popularity = (rng.permutation(len(products)) + 6.0) ** -1.0
    for index, product in enumerate(products):
        if product.successor >= 0:
            popularity[product.successor] = 1.1 * popularity[index]
    return Products(replace(product, popularity=float(popularity[i])) for i, product in enumerate(products))


def _draw_skus(rng: np.random.Generator, products: Products, variants: list[list[tuple[str, str]]]) -> Skus:
    ids, names, product, variant, share = [], [], [], [], []
    for index, made in enumerate(variants):
        parts = rng.dirichlet(np.full(len(made), 1.6))
        for number, ((text, code), part) in enumerate(zip(made, parts, strict=True)):
            ids.append(f"{products.product_id(index)}-{code}")
            names.append(f"{products[index].name}, {text}" if text else products[index].name)
            product.append(index)
            variant.append(number)
            share.append(float(part))
    product_rows = np.array(product, dtype=np.int64)
    shares = np.array(share)
    east_share = np.clip(rng.normal(0.58, 0.08, len(ids)), 0.3, 0.85)
    # The tail is kept in one warehouse only, the head in both.
    popularity = products.column("popularity")[product_rows] * shares
    is_tail = popularity < np.quantile(popularity, 0.45)
    only_one = is_tail & (rng.random(len(ids)) < 0.8)
    east_share = np.where(only_one, rng.random(len(ids)) < 0.6, east_share).astype(np.float64)
    return Skus(ids, names, product_rows, np.array(variant, dtype=np.int64), shares, east_share)


def _draw_bundles(rng: np.random.Generator, products: Products, skus: Skus, day_count: int) -> Bundles:
    lasting = (products.column("launch_day") < 0) & (products.column("end_day") == NEVER)
    fit = np.flatnonzero(lasting[skus.product] & (skus.east_share > 0) & (skus.east_share < 1))
    popularity = products.column("popularity")[skus.product] * skus.share
    strong = fit[np.argsort(-popularity[fit], kind="stable")]
    pool = rng.permutation(strong[20 : 20 + 4 * BUNDLE_COUNT])
    size = np.where(rng.random(BUNDLE_COUNT) < 0.6, 2, 3)
    ends = np.cumsum(size)
    component = np.full((BUNDLE_COUNT + CHANGED_RECIPES, 3), -1, dtype=np.int64)
    units = np.ones((BUNDLE_COUNT + CHANGED_RECIPES, 3), dtype=np.int64)
    for bundle in range(BUNDLE_COUNT):
        component[bundle, : size[bundle]] = pool[ends[bundle] - size[bundle] : ends[bundle]]
    units[:BUNDLE_COUNT, 0] = np.where(rng.random(BUNDLE_COUNT) < 0.25, 2, 1)
    launch_day = np.where(np.arange(BUNDLE_COUNT) < 25, -30, rng.integers(60, day_count - 60, BUNDLE_COUNT))
    from_day = np.concatenate([launch_day, np.full(CHANGED_RECIPES, day_count - 200)])
    until_day = np.full(BUNDLE_COUNT + CHANGED_RECIPES, NEVER)
    for changed in range(CHANGED_RECIPES):
        until_day[changed] = day_count - 200
        component[BUNDLE_COUNT + changed] = component[changed]
        component[BUNDLE_COUNT + changed, size[changed] - 1] = pool[ends[-1] + changed]
        units[BUNDLE_COUNT + changed] = units[changed]
    bundle_of = np.concatenate([np.arange(BUNDLE_COUNT), np.arange(CHANGED_RECIPES)])
    part_price = np.where(component >= 0, products.column("price_minor")[skus.product[component]] * units, 0)
    price_minor = np.round(part_price[:BUNDLE_COUNT].sum(axis=1) * 0.88 / 100).astype(np.int64) * 100 - 5
    ids = [f"SET-{number:03d}" for number in range(1, BUNDLE_COUNT + 1)]
    names = [f"{BRAND} Set: {products[skus.product[component[b, 0]]].name} & more" for b in range(BUNDLE_COUNT)]
    return Bundles(ids, names, price_minor, launch_day, Recipes(bundle_of, component, units, from_day, until_day))
