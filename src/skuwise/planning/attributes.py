"""The catalogue by item, and the selling price: of the catalogue, the price list, or what customers paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import ItemAttributes, Labels
from skuwise.core.findings import Finding
from skuwise.planning.columns import (
    NO_DAY,
    column,
    constant,
    dates_from,
    day_numbers,
    has_values,
    real_numbers,
    text_array,
    text_of,
    whole_numbers,
)
from skuwise.planning.lines import PROMOTION, SalesLines
from skuwise.planning.names import Items, labels_of
from skuwise.planning.told import told

#: The price paid is read from this many days up to the SKU's newest priced sale.
PRICE_WINDOW_DAYS = 91
#: So many words of an item's attributes are looked at.
ATTRIBUTES_MAX = 12


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The ``skus`` table lined up with the items: one row an item, nulls where it says nothing."""

    items: Items
    frame: pl.DataFrame

    def text(self, name: str) -> pl.Series:
        return text_of(self.frame, name)

    def money(self, name: str) -> IntArray:
        return whole_numbers(self.frame, name, -1)


def line_up(skus: pl.DataFrame | None, items: Items) -> Catalogue:
    """Find the catalogue row of each item; of two rows for one SKU the later row of the file holds."""
    if skus is None:
        return Catalogue(items, pl.DataFrame({"sku_id": pl.repeat(None, len(items), dtype=pl.String, eager=True)}))
    place = np.full(len(items.names.skus), -1, dtype=np.int64)
    order = np.argsort(whole_numbers(skus, "_row", 0), kind="stable")
    place[items.names.skus.codes(skus["sku_id"])[order]] = order
    rows = pl.Series(place[items.sku]).replace(-1, None)
    return Catalogue(items, skus.select(pl.all().gather(rows)))


def item_attributes(
    catalogue: Catalogue, supplier: Labels, unit_price_minor: IntArray, is_bundle: BoolArray
) -> ItemAttributes:
    """The attributes of each item, with the defaults of the dictionary where the catalogue says nothing."""
    items = catalogue.items
    own_name = items.names.skus.names.gather(items.sku)
    return ItemAttributes(
        product=labels_of(catalogue.text("product_id").fill_null(own_name)),
        name=text_array(catalogue.text("name")),
        category=labels_of(catalogue.text("category").fill_null("(none)")),
        brand=labels_of(catalogue.text("brand").fill_null("(none)")),
        supplier=supplier,
        criticality=labels_of(catalogue.text("criticality").fill_null("standard")),
        unit_price_minor=unit_price_minor,
        launch_date=dates_from(day_numbers(catalogue.frame, "launch_date", NO_DAY)),
        end_of_life_date=dates_from(day_numbers(catalogue.frame, "end_of_life_date", NO_DAY)),
        successor_sku_id=text_array(catalogue.text("successor_sku_id")),
        is_bundle=is_bundle,
        successor_share=_successor_share(catalogue),
        attribute_codes=attribute_codes(catalogue.text("attributes")),
    )


def attribute_codes(described: pl.Series) -> IntArray | None:
    """What else describes each item as numbers of the sorted words [(n, A), -1 where it has fewer]; None if nothing.

    >>> attribute_codes(pl.Series(["Colour=Red; size=M", None, "size=m"])).tolist()
    [[0, 1], [-1, -1], [1, -1]]
    """
    words = (
        pl.DataFrame({"word": described.cast(pl.String).str.to_lowercase().str.split(";")})
        .with_row_index("row")
        .explode("word")
        .with_columns(pl.col("word").str.strip_chars())
        .filter(pl.col("word").str.len_chars() > 0)
        .unique()
        .sort("row", "word")
    )
    if words.is_empty():
        return None
    ranked = words.with_columns(
        (pl.col("word").rank("dense") - 1).cast(pl.Int64).alias("code"),
        pl.int_range(pl.len()).over("row").alias("place"),
    ).filter(pl.col("place") < ATTRIBUTES_MAX)
    place = ranked["place"].to_numpy()
    codes = np.full((len(described), place.max() + 1), -1, dtype=np.int64)
    codes[ranked["row"].to_numpy(), place] = ranked["code"].to_numpy()
    return codes


def _successor_share(catalogue: Catalogue) -> FloatArray | None:
    """Share of the demand that goes over to the successor [(n,) share]; None where the catalogue says nothing of it."""
    if not has_values(catalogue.frame, "successor_share"):
        return None
    share = real_numbers(catalogue.frame, "successor_share")
    return np.where(np.isnan(share), 1.0, share)


def bundle_flags(is_bundle_sku: BoolArray | None, items: Items) -> BoolArray:
    """Items that are bundles: any SKU with a recipe, also one whose recipe has ended."""
    return constant(False, (len(items),), np.bool_) if is_bundle_sku is None else is_bundle_sku[items.sku]


def selling_prices(
    catalogue: Catalogue, prices: pl.DataFrame | None, lines: SalesLines, as_of: date
) -> tuple[IntArray, list[Finding]]:
    """Selling price of each item and the findings on where it comes from [(n,) minor; -1 unknown].

    The catalogue's price, else the regular price that holds on the as-of day, else the median price that was paid.
    """
    items = catalogue.items
    price = catalogue.money("unit_price_minor")
    missing = price < 0
    listed = _regular_prices(prices, items, as_of)[items.sku] if missing.any() else price
    paid = _paid_prices(lines, items, missing & (listed < 0))[items.sku] if (missing & (listed < 0)).any() else price
    price = np.where(missing, np.where(listed >= 0, listed, paid), price)
    return price, [
        *told("PLN-030", items, missing & (listed >= 0), "selling price of the price list", table="prices"),
        *told(
            "PLN-031", items, missing & (listed < 0) & (price >= 0), "selling price is the median paid", table="sales"
        ),
        *told("PLN-032", items, price < 0, "selling price unknown", table="skus"),
    ]


def _regular_prices(prices: pl.DataFrame | None, items: Items, as_of: date) -> IntArray:
    """Regular price of each SKU on the as-of day [(SKUs,) minor; -1 unknown].

    Prices for every channel go before those of one; then the newest holds, and of two the higher.
    """
    result = np.full(len(items.names.skus), -1, dtype=np.int64)
    if prices is None:
        return result
    until = column(prices, "valid_until").cast(pl.Date)
    holds = (text_of(prices, "kind").fill_null("regular") == "regular") & (prices["valid_from"].cast(pl.Date) <= as_of)
    holds &= (until > as_of).fill_null(True)
    code = items.names.skus.codes(prices["sku_id"])
    every_channel = text_of(prices, "channel_id").is_null().to_numpy()
    start, value = day_numbers(prices, "valid_from"), whole_numbers(prices, "unit_price_minor", -1)
    chosen = np.flatnonzero(holds.to_numpy() & (code >= 0))
    order = chosen[np.lexsort((value[chosen], start[chosen], every_channel[chosen]))]
    result[code[order]] = value[order]  # the last of equal places stays
    return result


def _paid_prices(lines: SalesLines, items: Items, wanted: BoolArray) -> IntArray:
    """Lower median of the prices paid in the window up to the SKU's newest priced sale [(SKUs,) minor; -1 unknown].

    Sales marked as promotions count only where a SKU has no others.
    """
    result = np.full(len(items.names.skus), -1, dtype=np.int64)
    if not len(lines) or not has_values(lines.frame, "unit_price_minor"):
        return result
    of_wanted = np.zeros(len(result), dtype=bool)
    of_wanted[items.sku[wanted]] = True
    value = lines.values("unit_price_minor").cast(pl.Int64).fill_null(-1).to_numpy()
    chosen = np.flatnonzero(of_wanted[lines.sku] & (value > 0) & (lines.units > 0) & _sold(lines))
    frame = pl.DataFrame(
        {
            "sku": lines.sku[chosen],
            "day": lines.day[chosen].astype(np.int64),
            "price": value[chosen],
            "regular": np.ones(len(chosen), dtype=bool) if lines.kind is None else lines.kind[chosen] != PROMOTION,
        }
    )
    typical = (
        frame.lazy()
        .filter(pl.col("regular") | ~pl.col("regular").any().over("sku"))
        .filter(pl.col("day") > pl.col("day").max().over("sku") - PRICE_WINDOW_DAYS)
        .group_by("sku")
        .agg(pl.col("price").quantile(0.5, interpolation="lower").cast(pl.Int64))
        .collect()
    )
    result[typical["sku"].to_numpy()] = typical["price"].to_numpy()
    return result


def _sold(lines: SalesLines) -> BoolArray | bool:
    return True if lines.sold is None else lines.sold
