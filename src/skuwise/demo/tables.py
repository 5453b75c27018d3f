"""The ledger as tables of the contract: what the files of the demo shop say when nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from skuwise.demo.assortment import BRAND, CATEGORIES, SUPPLIERS
from skuwise.demo.catalogue import LOCATIONS, NEVER, Catalogue
from skuwise.demo.demand import Series, WantedLines
from skuwise.demo.ledger import Ledger
from skuwise.demo.pricing import CHANNELS, EVERY_CHANNEL, Pricing, line_prices
from skuwise.demo.replenishment import PurchaseLines, item_terms, moq_size_of_products

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TIME_ZONE = "America/New_York"
#: Lines of the shop that could not ship one unit are kept with this chance: it takes the order and cancels the line.
UNSHIPPED_KEPT_SHARE = 0.3
LONGEST_AVAILABILITY_ROW_DAYS = 31
#: This supplier's portal writes days as month/day/year.
US_DATES_SUPPLIER = "SUMMIT-GEAR"


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything that happened in the shop, before it is written down."""

    as_of: date
    day_count: int
    catalogue: Catalogue
    pricing: Pricing
    series: Series
    lines: WantedLines
    ledger: Ledger

    def dates(self, days: Ints) -> pl.Series:
        """Days of the history as dates; NEVER and beyond become null."""
        first = self.as_of.toordinal() - date(1970, 1, 1).toordinal() - self.day_count
        known = pl.Series(np.abs(days) < NEVER)
        return pl.Series((first + days).astype(np.int32)).set(~known, None).cast(pl.Date)

    def sku_of(self, series: Ints) -> pl.Series:
        """Names of the SKUs or bundles of some demand streams."""
        skus, bundles = self.catalogue.skus.sku_id, self.catalogue.bundles.sku_id
        number = np.where(self.series.sku >= 0, self.series.sku, len(skus) + self.series.bundle)
        return labels([*skus, *bundles], number[series])

    def location_of(self, series: Ints) -> pl.Series:
        """Warehouses of some demand streams."""
        return labels(LOCATIONS, self.series.location[series])


def labels(names: Sequence[str], codes: Ints) -> pl.Series:
    """Names by number; negative numbers become null.

    >>> labels(["EAST", "WEST"], np.array([1, -1])).to_list()
    ['WEST', None]
    """
    known = pl.Series(np.asarray(codes) >= 0)
    return pl.Series(list(names), dtype=pl.String).gather(np.maximum(codes, 0)).set(~known, None)


def money(minor: Ints | pl.Series) -> pl.Series:
    """Minor currency as text with two decimals.

    >>> money(np.array([1995, 5])).to_list()
    ['19.95', '0.05']
    """
    amount = pl.Series(minor).cast(pl.Int64)
    cents = (amount % 100).cast(pl.String).str.zfill(2)
    return (amount // 100).cast(pl.String) + "." + cents


def sales_table(rng: np.random.Generator, shop: Shop) -> pl.DataFrame:
    """Order lines with what came back later as lines of their own, in order of time."""
    lines, ledger = shop.lines, shop.ledger
    series, product = lines.series, shop.series.product[lines.series]
    price, is_promotion = line_prices(shop.catalogue, shop.pricing, product, lines.day, lines.channel, shop.day_count)
    is_bundle = shop.series.sku[series] < 0
    price = np.where(is_bundle, shop.catalogue.bundles.price_minor[shop.series.bundle[series]], price)
    is_kept = (lines.channel == 0) & (rng.random(len(series)) < UNSHIPPED_KEPT_SHARE)
    frame = pl.DataFrame(
        {
            "day": lines.day,
            "second": lines.second,
            "order": lines.order,
            "channel": lines.channel,
            "location_id": shop.location_of(series),
            "sku_id": shop.sku_of(series),
            "units": ledger.shipped_units,
            "requested_units": lines.requested_units,
            "unit_price": money(price),
            "is_promotion": is_promotion & ~is_bundle,
            "back_units": ledger.back_units,
            "back_day": ledger.back_day,
            "is_cancelled": ledger.is_cancelled,
        }
    ).filter(pl.Series((ledger.shipped_units > 0) | is_kept))
    frame = frame.with_columns(
        (pl.int_range(pl.len()).over("order") + 1).alias("line_id"), _order_ids().alias("order_id")
    )
    sold = frame.with_columns(
        pl.when(pl.col("requested_units") > pl.col("units")).then("requested_units").alias("requested_units"),
        pl.when("is_promotion").then(pl.lit("promotion")).alias("kind"),
    )
    everything = pl.concat([sold, _lines_back(frame, shop.day_count)], how="diagonal_relaxed")
    everything = everything.sort("day", "second", maintain_order=True)
    return everything.select(
        _moments(shop, everything).alias("date"),
        "order_id",
        "line_id",
        "sku_id",
        "units",
        "requested_units",
        "unit_price",
        pl.Series("channel_id", labels(CHANNELS, everything["channel"].to_numpy())),
        "location_id",
        "kind",
    )


def _order_ids() -> pl.Expr:
    """Numbers as the three channels write them."""
    number = pl.col("order")
    shop = pl.format("SH-{}", (number + 100_000).cast(pl.String))
    head = (number * 7919 % 10_000_000).cast(pl.String).str.zfill(7)
    amazon = pl.format("113-{}-{}", head, number.cast(pl.String).str.zfill(7))
    walmart = pl.format("2000{}", number.cast(pl.String).str.zfill(9))
    return pl.when(pl.col("channel") == 0).then(shop).when(pl.col("channel") == 1).then(amazon).otherwise(walmart)


def _lines_back(frame: pl.DataFrame, day_count: int) -> pl.DataFrame:
    """Cancellations as ``C…`` orders (marked as such by the shop only) and returns as ``R…`` orders."""
    back = frame.filter((pl.col("back_units") > 0) & (pl.col("back_day") < day_count))
    same_day = pl.col("day") == pl.col("back_day")
    cancelled = pl.col("is_cancelled")
    return back.with_columns(
        pl.col("back_day").alias("day"),
        pl.when(same_day).then(pl.min_horizontal(pl.col("second") + 1800, 86_399)).otherwise("second").alias("second"),
        (-pl.col("back_units")).alias("units"),
        pl.lit(None, dtype=pl.Int64).alias("requested_units"),
        (pl.when(cancelled).then(pl.lit("C")).otherwise(pl.lit("R")) + pl.col("order_id")).alias("order_id"),
        pl.when(~cancelled)
        .then(pl.lit("return"))
        .when(pl.col("channel") == 0)
        .then(pl.lit("cancellation"))
        .alias("kind"),
    )


def _moments(shop: Shop, frame: pl.DataFrame) -> pl.Series:
    """The shop writes its own time with the offset, the marketplaces write UTC."""
    day = shop.dates(frame["day"].to_numpy()).cast(pl.Datetime("ms"))
    local = (day + pl.Series(frame["second"] * 1000).cast(pl.Duration("ms"))).dt.replace_time_zone(TIME_ZONE)
    own = local.dt.to_string("%Y-%m-%dT%H:%M:%S%:z")
    utc = local.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    return own.zip_with(frame["channel"] == 0, utc)


def skus_table(rng: np.random.Generator, shop: Shop) -> pl.DataFrame:
    """Catalogue of SKUs and bundles. The launch date of a third of the old products is not known any more."""
    skus, products, bundles = shop.catalogue.skus, shop.catalogue.products, shop.catalogue.bundles
    product = skus.product
    launch = products.column("launch_day")
    launch = np.where((launch < 0) & (rng.random(len(launch)) < 0.33), -NEVER, launch)[product]
    successor = products.column("successor")[product]
    first_sku = np.searchsorted(product, np.arange(len(products)))
    follower = np.where(successor >= 0, first_sku[successor] + skus.variant, -1)
    single = pl.DataFrame(
        {
            "sku_id": skus.sku_id,
            "product_id": [products.product_id(int(p)) for p in product],
            "name": skus.name,
            "category": [CATEGORIES[products[p].category].name for p in product],
            "brand": [products[p].brand for p in product],
            "supplier_id": [SUPPLIERS[products[p].supplier].supplier_id for p in product],
            "criticality": [products[p].criticality for p in product],
            "unit_price": money(shop.pricing.new_price_minor[product]),
            "launch_date": shop.dates(launch),
            "end_of_life_date": shop.dates(products.column("end_day")[product]),
            "successor_sku_id": labels(skus.sku_id, follower),
        }
    )
    first_part = product[bundles.recipes.component[: len(bundles.sku_id), 0]]
    sets = pl.DataFrame(
        {
            "sku_id": bundles.sku_id,
            "product_id": bundles.sku_id,
            "name": bundles.name,
            "category": [CATEGORIES[products[p].category].name for p in first_part],
            "brand": [BRAND] * len(bundles.sku_id),
            "criticality": ["standard"] * len(bundles.sku_id),
            "unit_price": money(bundles.price_minor),
            "launch_date": shop.dates(bundles.launch_day),
        }
    )
    return pl.concat([single, sets], how="diagonal")


def stock_table(rng: np.random.Generator, shop: Shop) -> pl.DataFrame:
    """Counts at the end of every planning week since the launch, the opening stock first, the current count last."""
    items = shop.series.item_count
    product = shop.series.product[:items]
    launch, end = (shop.catalogue.products.column(name)[product] for name in ("launch_day", "end_day"))
    counted = np.concatenate([[-1], np.arange((shop.day_count - 1) % 7, shop.day_count, 7)])
    counted = np.unique(counted)
    on_hand = np.vstack([shop.ledger.opening_units, shop.ledger.on_hand_units])[counted + 1]
    is_last = counted == shop.day_count - 1
    spoken_of = (counted[:, None] >= launch - 7) & ((counted[:, None] <= end) | (on_hand > 0)) | is_last[:, None]
    week, item = np.nonzero(spoken_of)
    units = on_hand[week, item]
    reserved = np.where(
        is_last[week] & (units > 8) & (rng.random(len(units)) < 0.05), rng.integers(1, 7, len(units)), 0
    )
    return pl.DataFrame(
        {
            "sku_id": shop.sku_of(item),
            "location_id": shop.location_of(item),
            "date": shop.dates(counted[week]),
            "on_hand_units": units,
            "reserved_units": reserved.astype(np.int64),
        }
    )


def supply_table(shop: Shop) -> pl.DataFrame:
    """Terms per SKU. Some suppliers never told their lead time; landed cost is always known."""
    skus, products = shop.catalogue.skus, shop.catalogue.products
    terms = item_terms(shop.catalogue, skus.product, moq_size_of_products(shop.catalogue)[skus.product])
    chosen = [SUPPLIERS[int(s)] for s in terms.supplier]
    return pl.DataFrame(
        {
            "sku_id": skus.sku_id,
            "supplier_id": [one.supplier_id for one in chosen],
            "lead_time_days_mean": [one.lead_time_days_mean if one.terms_known else None for one in chosen],
            "lead_time_days_sd": [
                round(one.lead_time_days_mean * one.lead_time_cv, 1) if one.terms_known else None for one in chosen
            ],
            "moq_units": terms.moq_units,
            "order_multiple_units": terms.multiple_units,
            "unit_cost": products.column("cost_minor")[skus.product] / 100.0,
            "order_cost": [one.order_cost / 10.0 for one in chosen],
        }
    )


def _purchase_rows(shop: Shop, purchases: PurchaseLines) -> pl.DataFrame:
    """Deliveries with order numbers: what goes to one supplier and warehouse on one day is one order."""
    products = shop.catalogue.products
    product = shop.series.product[purchases.item]
    supplier, location = products.column("supplier")[product], shop.series.location[purchases.item]
    key = ((purchases.ordered_day + 1000) * len(SUPPLIERS) + supplier) * 2 + location
    number = np.unique(key, return_inverse=True)[1]
    return pl.DataFrame(
        {
            "order_id": pl.Series(number + 10_001).cast(pl.String).str.replace("^", "PO-"),
            "sku_id": shop.sku_of(purchases.item),
            "location_id": shop.location_of(purchases.item),
            "supplier_id": [SUPPLIERS[int(s)].supplier_id for s in supplier],
            "units": purchases.units,
            "ordered_on": shop.dates(purchases.ordered_day),
            "promised_on": shop.dates(purchases.promised_day),
            "arrives_on": shop.dates(purchases.arrival_day),
            "unit_cost": money(products.column("cost_minor")[product]),
        }
    )


def receipts_table(shop: Shop) -> pl.DataFrame:
    """What arrived within the history. One supplier's promises are written month/day/year."""
    rows = _purchase_rows(shop, shop.ledger.purchases).filter(pl.col("arrives_on") < shop.as_of)
    american = pl.col("promised_on").dt.to_string("%m/%d/%Y")
    is_american = pl.col("supplier_id") == US_DATES_SUPPLIER
    return rows.sort("arrives_on", "order_id", "sku_id", maintain_order=True).select(
        "order_id",
        "sku_id",
        "location_id",
        "supplier_id",
        "units",
        "ordered_on",
        pl.when(is_american)
        .then(american)
        .otherwise(pl.col("promised_on").dt.to_string("%Y-%m-%d"))
        .alias("promised_on"),
        pl.col("arrives_on").alias("received_on"),
        "unit_cost",
    )


def open_orders_table(rng: np.random.Generator, shop: Shop) -> pl.DataFrame:
    """What is still to come, with rows that do not count: a few drafts, a cancelled one and the newest received.

    Suppliers corrected the expected day of half of the overdue orders. Large quantities have a thousands separator.
    """
    rows = _purchase_rows(shop, shop.ledger.purchases).sort("ordered_on", "order_id", "sku_id", maintain_order=True)
    coming = rows.filter((pl.col("arrives_on") >= shop.as_of) & (pl.col("ordered_on") < shop.as_of))
    corrected = pl.Series(rng.random(coming.height) < 0.5) & (coming["promised_on"] < shop.as_of)
    age = (pl.lit(shop.as_of) - pl.col("ordered_on")).dt.total_days()
    transit = pl.when(age > 0.4 * (pl.col("promised_on") - pl.col("ordered_on")).dt.total_days())
    coming = coming.with_columns(
        coming["arrives_on"].zip_with(corrected, coming["promised_on"]).alias("expected_on"),
        transit.then(pl.lit("in_transit")).otherwise(pl.lit("open")).alias("status"),
    )
    done = rows.filter(pl.col("arrives_on") < shop.as_of).sort("arrives_on", maintain_order=True).tail(30)
    done = done.with_columns(pl.col("promised_on").alias("expected_on"), pl.lit("received").alias("status"))
    planned = coming.tail(9).with_columns(
        pl.Series("order_id", [f"PO-DRAFT-{number}" for number in range(1, 10)]),
        pl.lit(None, dtype=pl.Date).alias("ordered_on"),
        pl.lit(None, dtype=pl.Date).alias("expected_on"),
        pl.Series("status", ["draft"] * 8 + ["cancelled"]),
    )
    text = pl.col("units").cast(pl.String)
    thousands = text.str.replace(r"^(\d+)(\d{3})$", "$1,$2")
    return pl.concat([done, coming, planned]).select(
        "order_id", "sku_id", "location_id", "supplier_id", thousands, "ordered_on", "expected_on", "status"
    )


def bundles_table(shop: Shop) -> pl.DataFrame:
    recipes = shop.catalogue.bundles.recipes
    recipe, part = np.nonzero(recipes.component >= 0)
    from_day = np.where(recipes.from_day == recipes.from_day[-1], recipes.from_day, -NEVER)[recipe]
    return pl.DataFrame(
        {
            "bundle_sku_id": [shop.catalogue.bundles.sku_id[int(b)] for b in recipes.bundle[recipe]],
            "component_sku_id": [shop.catalogue.skus.sku_id[int(s)] for s in recipes.component[recipe, part]],
            "component_units": recipes.units[recipe, part],
            "valid_from": shop.dates(from_day),
            "valid_until": shop.dates(recipes.until_day[recipe]),
        }
    )


def prices_table(shop: Shop) -> pl.DataFrame:
    """Regular prices, the price change and the promotions, per SKU."""
    products, pricing = shop.catalogue.products, shop.pricing
    old, new, change = products.column("price_minor"), pricing.new_price_minor, pricing.change_day
    launch = np.maximum(products.column("launch_day"), 0)
    rows = [(p, int(launch[p]), NEVER, int(old[p]), EVERY_CHANNEL, "regular") for p in range(len(products))]
    changed = np.flatnonzero(old != new)
    rows += [(int(p), max(change, int(launch[p])), NEVER, int(new[p]), EVERY_CHANNEL, "regular") for p in changed]
    rows = [row for row in rows if not (row[1] >= change and row[3] != new[row[0]])]
    for one in pricing.promotions:
        if one.until_day <= launch[one.product]:
            continue
        regular = int(new[one.product] if one.from_day >= change else old[one.product])
        price = round(regular * (1.0 - one.discount_share))
        rows.append((one.product, one.from_day, one.until_day, price, one.channel, "promotion"))
    product, start, stop, price_minor, channel, kind = (np.array(column) for column in zip(*rows, strict=True))
    by_product = pl.DataFrame(
        {
            "product": product,
            "valid_from": shop.dates(start),
            "unit_price": money(price_minor),
            "channel_id": labels(CHANNELS, channel),
            "valid_until": shop.dates(stop),
            "kind": kind,
        }
    )
    skus = pl.DataFrame({"sku_id": shop.catalogue.skus.sku_id, "product": shop.catalogue.skus.product})
    joined = skus.join(by_product, on="product", maintain_order="left_right")
    return joined.sort("sku_id", "valid_from", "kind", maintain_order=True).drop("product")


def availability_table(shop: Shop) -> pl.DataFrame:
    """Days on which an item could not be bought for all or part of the day; every other day it could."""
    items = shop.series.item_count
    product = shop.series.product[:items]
    launch, end = (shop.catalogue.products.column(name)[product] for name in ("launch_day", "end_day"))
    day = np.arange(shop.day_count)[:, None]
    share = np.round(np.where((day >= launch) & (day <= end), shop.ledger.in_stock_share, 1.0), 2).T
    item, first = np.nonzero(share < 1)
    values = share[item, first]
    continues = np.zeros(len(item), dtype=bool)
    continues[1:] = (np.diff(item) == 0) & (np.diff(first) == 1) & (values[1:] == 0) & (values[:-1] == 0)
    index = np.arange(len(item))
    run_start = np.maximum.accumulate(np.where(continues, 0, index))
    is_row = (index - run_start) % LONGEST_AVAILABILITY_ROW_DAYS == 0
    starts = np.flatnonzero(is_row)
    return pl.DataFrame(
        {
            "sku_id": shop.sku_of(item[starts]),
            "location_id": shop.location_of(item[starts]),
            "date": shop.dates(first[starts]),
            "in_stock_share": values[starts],
            "days": np.diff(np.append(starts, len(item))),
        }
    )
