"""Real data sets as tables of the contract, for tests and benchmarks.

Each function takes the path of a data set and returns ``{table: frame}``; ``AS_OF`` and ``PERIOD_DAYS`` say with
which day and period it is planned; ``write_folder`` makes a dataset folder of it. Data sets that hold one cell a
period leave periods without a sale out, as an export of sales does; ``keep_zeros=True`` keeps every cell.

Supply terms, stock and open orders that a data set lacks are generated from ``SEED`` and nothing else. They are
there to make a plan possible, and no result that depends on them is a result about the real shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]

SEED = 20091201

AS_OF = {
    "online_retail_raw": date(2010, 12, 10),
    "online_retail_two_years": date(2011, 9, 5),
    "vn2": date(2024, 4, 15),
    "freshretailnet": date(2024, 6, 19),
    "carparts": date(2001, 4, 1),
    "auto": date(2011, 7, 1),
    "vn1": date(2024, 1, 8),
    "scms": date(2013, 1, 1),
}
PERIOD_DAYS = {name: 30 if name in ("carparts", "auto") else 7 for name in AS_OF}
CURRENCY = {"online_retail_raw": "GBP", "online_retail_two_years": "GBP", "vn2": "EUR", "vn1": "EUR"}

#: What looks like a product of the gift shop: five digits and at most two letters; POST, M, DOT, D … are not.
PRODUCT_CODE = r"^\d{5}[A-Za-z]{0,2}$"

#: VN2 charges 0.2 a week for a unit left over and 1.0 for a unit missed. At a holding cost of 0.25 of the unit cost a
#: year (the rule's default) this cost makes the week cost 0.2, and the price leaves a margin of exactly 1.0.
VN2_UNIT_COST = 41.74
VN2_UNIT_PRICE = 42.74
#: FreshRetailNet sells by weight: a unit here is a tenth of the data set's.
FRESHRETAILNET_UNITS_PER_SALE = 10
#: Hours from 6 to 22, in which a FreshRetailNet store is open.
OPENING_HOURS = 16


def write_folder(tables: Mapping[str, pl.DataFrame], folder: Path, *, currency: str = "USD") -> Path:
    """Write the tables as Parquet with a ``dataset.toml``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    (folder / "dataset.toml").write_text(f'currency = "{currency}"\ntime_zone = "UTC"\n', encoding="utf-8")
    return folder


def online_retail_raw(path: Path) -> Tables:
    """The gift shop's first year untouched: 525,461 lines with cancellations, postage, adjustments and bad rows.

    No catalogue is given; country stands for channel. Dates stay text as in the file.
    """
    return _online_retail(pl.read_parquet(path), AS_OF["online_retail_raw"])


def online_retail_two_years(path: Path) -> Tables:
    """Positive lines of the gift shop, 803,737 in 92 weeks."""
    return _online_retail(pl.read_parquet(path), AS_OF["online_retail_two_years"])


def _online_retail(raw: pl.DataFrame, as_of: date) -> Tables:
    sales = raw.select(
        pl.col("InvoiceDate").alias("date"),
        pl.col("StockCode").alias("sku_id"),
        pl.col("Quantity").alias("units"),
        pl.col("Invoice").alias("order_id"),
        pl.col("Price").alias("unit_price"),
        pl.col("Country").alias("channel_id"),
    )
    return {"sales": sales, **_generated_supply(sales, as_of)}


def _generated_supply(sales: pl.DataFrame, as_of: date) -> Tables:
    """Terms, stock and open orders of every product code, in order of the codes, from ``SEED``.

    Lead time uniform on 7–60 days with an SD of 10–40% of it; multiple 1, 6, 12, 24 or 48; MOQ 1–6 multiples; cost
    35–60% of the median price paid; on hand 0–10 weeks of mean sales; one order of 2–8 weeks for half of the products.
    """
    day = pl.col("date").cast(pl.String).str.slice(0, 10).str.to_date()
    weeks = (pl.lit(as_of) - pl.col("day").min()).dt.total_days() / 7
    products = (
        sales.filter(pl.col("sku_id").str.contains(PRODUCT_CODE))
        .with_columns(day.alias("day"))
        .group_by("sku_id")
        .agg(
            pl.col("unit_price").filter(pl.col("unit_price") > 0).median().alias("price"),
            (pl.col("units").clip(0).sum() / weeks.clip(4)).alias("weekly_units"),
        )
        .sort("sku_id")
    )
    count = products.height
    weekly, price = products["weekly_units"].to_numpy(), products["price"].to_numpy()
    rng = np.random.Generator(np.random.Philox(SEED))
    lead = rng.integers(7, 61, count)
    lead_sd = np.round(lead * rng.uniform(0.1, 0.4, count), 1)
    multiple = rng.choice([1, 6, 12, 24, 48], count)
    moq = multiple * rng.integers(1, 7, count)
    cost = pl.Series(np.round(price * rng.uniform(0.35, 0.6, count), 2)).fill_nan(None)
    on_hand = np.round(weekly * rng.uniform(0, 10, count)).astype(np.int64)
    needed = np.maximum(np.ceil(weekly * rng.uniform(2, 8, count)).astype(np.int64), moq)
    ordered_ago = np.ceil(lead * rng.uniform(0, 1, count)).astype(np.int64)
    is_ordered = pl.Series(rng.random(count) < 0.5)
    ordered_on = pl.Series([as_of - timedelta(days=int(days)) for days in ordered_ago])
    supply = pl.DataFrame(
        {
            "sku_id": products["sku_id"],
            "lead_time_days_mean": lead.astype(np.float64),
            "lead_time_days_sd": lead_sd,
            "moq_units": moq,
            "order_multiple_units": multiple,
            "unit_cost": cost,
        }
    )
    stock = pl.DataFrame({"sku_id": products["sku_id"], "on_hand_units": on_hand, "date": as_of - timedelta(days=1)})
    orders = pl.DataFrame(
        {
            "order_id": pl.Series(np.arange(count) + 1).cast(pl.String),
            "sku_id": products["sku_id"],
            "units": -(-needed // multiple) * multiple,
            "ordered_on": ordered_on,
            "expected_on": ordered_on + pl.Series(lead * 86_400_000).cast(pl.Duration("ms")),
        }
    )
    return {"supply": supply, "stock": stock, "open_orders": orders.filter(is_ordered)}


def vn2(folder: Path, *, keep_zeros: bool = False) -> Tables:
    """VN2 at week 0: 599 store-products × 157 weeks, in-stock flags, opening stock and pipeline.

    Sales are dated the Monday that opens their week, and the plan is made on Monday 2024-04-15 before the shop opens.
    What is due in week W+1 is sellable on that Monday and W+2 a week later. An order placed now is sellable two Mondays
    later: lead time 14 days without variation. See ``VN2_UNIT_COST`` for the prices.
    """
    as_of, keys = AS_OF["vn2"], {"Product": "sku_id", "Store": "location_id"}
    sales = _long(pl.read_csv(folder / "Week 0 - 2024-04-08 - Sales.csv"), keys, "units")
    flags = _long(pl.read_csv(folder / "Week 0 - In Stock (trimmed to 2024-04-08).csv"), keys, "in_stock_share")
    state = _keyed(pl.read_csv(folder / "Week 0 - 2024-04-08 - Initial State.csv"), keys)
    master = _keyed(pl.read_csv(folder / "Week 0 - Master.csv"), keys)
    due = [
        state.select(
            pl.format("{}/{}/{}", pl.lit(name), "location_id", "sku_id").alias("order_id"),
            "sku_id",
            "location_id",
            pl.col(name).alias("units"),
            pl.lit(as_of + timedelta(days=days - 14)).alias("ordered_on"),
            pl.lit(as_of + timedelta(days=days)).alias("expected_on"),
        )
        for name, days in (("In Transit W+1", 0), ("In Transit W+2", 7))
    ]
    skus = master.group_by("sku_id", maintain_order=True).first()
    return {
        "skus": skus.select(
            "sku_id",
            pl.format("Product {}", "sku_id").alias("name"),
            pl.col("ProductGroup").cast(pl.String).alias("category"),
            pl.lit(VN2_UNIT_PRICE).alias("unit_price"),
            pl.lit(VN2_UNIT_COST).alias("unit_cost"),
        ),
        "locations": master.group_by("location_id", maintain_order=True)
        .first()
        .select("location_id", pl.format("Store {}", "location_id").alias("name"), pl.lit("store").alias("kind")),
        "sales": _as_sales(sales, keep_zeros),
        "availability": flags.with_columns(pl.col("in_stock_share").cast(pl.Float64), pl.lit(7).alias("days")),
        "stock": state.select(
            "sku_id",
            "location_id",
            pl.lit(as_of - timedelta(days=1)).alias("date"),
            pl.col("End Inventory").alias("on_hand_units"),
        ),
        "open_orders": pl.concat(due).filter(pl.col("units") > 0),
        "supply": skus.select(
            "sku_id",
            pl.lit("central-warehouse").alias("supplier_id"),
            pl.lit(14.0).alias("lead_time_days_mean"),
            pl.lit(0.0).alias("lead_time_days_sd"),
            pl.lit(VN2_UNIT_COST).alias("unit_cost"),
        ),
    }


def freshretailnet(path: Path, series: int | None = None, *, keep_zeros: bool = False) -> Tables:
    """FreshRetailNet: 40,000 store-products × 83 days with the hours out of stock; ``series`` takes the first so many.

    Sales in tenths (``FRESHRETAILNET_UNITS_PER_SALE``), rounded. A day counts as in stock by the share of the 16
    opening hours. A day with a discount or a campaign is a promotion. Lead times of 1–3 days, the MOQ of one
    whole unit and a stock of 0–3 days of sales come from ``SEED``; nothing is known of prices and costs.
    """
    raw = pl.read_parquet(path)
    raw = raw if series is None else raw.head(series * 83)  # every series has its 83 rows in a run
    sale, day = pl.col("sale").cast(pl.Float64), pl.col("dt").dt.date()
    keyed = raw.select(
        pl.col("product_id").cast(pl.String).alias("sku_id"),
        pl.col("store_id").cast(pl.String).alias("location_id"),
        day.alias("date"),
        (sale * FRESHRETAILNET_UNITS_PER_SALE).round().cast(pl.Int64).alias("units"),
        pl.when((pl.col("discount") < 1) | (pl.col("activity_flag") == 1)).then(pl.lit("promotion")).alias("kind"),
        (1.0 - pl.col("stockout_h6_22").cast(pl.Float64) / OPENING_HOURS).alias("in_stock_share"),
    )
    skus = raw.group_by("product_id", maintain_order=True).first().sort("product_id")
    sku_ids = skus["product_id"].cast(pl.String)
    rng = np.random.Generator(np.random.Philox(SEED))
    lead = rng.integers(1, 4, len(sku_ids)).astype(np.float64)
    items = keyed.group_by("sku_id", "location_id", maintain_order=True).agg(pl.col("units").sum())
    on_hand = np.round(items["units"].to_numpy() / 83.0 * rng.uniform(0, 3, items.height)).astype(np.int64)
    return {
        "skus": pl.DataFrame(
            {
                "sku_id": sku_ids,
                "name": "Product " + sku_ids,
                "category": skus["third_category_id"].cast(pl.String),
                "brand": skus["management_group_id"].cast(pl.String),
            }
        ),
        "sales": _as_sales(keyed.drop("in_stock_share"), keep_zeros),
        "availability": keyed.select("sku_id", "location_id", "date", "in_stock_share"),
        "stock": items.select(
            "sku_id",
            "location_id",
            pl.lit(AS_OF["freshretailnet"] - timedelta(days=1)).alias("date"),
            pl.Series("on_hand_units", on_hand),
        ),
        "supply": pl.DataFrame(
            {
                "sku_id": sku_ids,
                "lead_time_days_mean": lead,
                "lead_time_days_sd": np.round(0.2 * lead, 1),
                "moq_units": FRESHRETAILNET_UNITS_PER_SALE,
                "order_multiple_units": 1,
            }
        ),
    }


def spare_parts(path: Path, name: str, *, keep_zeros: bool = False) -> Tables:
    """Monthly spare parts, ``name`` carparts or auto; missing cells (carparts) have no row.

    The k-th month from the end is dated k × 30 days before the as-of day, so that each month is one period of 30 days;
    the calendar drifts by up to 16 days over carparts' 39 months. Every part is on sale since the first month.
    """
    raw = pl.read_csv(path)
    months = raw.height
    starts = [AS_OF[name] - timedelta(days=30 * (months - month)) for month in range(months)]
    cells = raw.drop(raw.columns[0]).with_columns(pl.Series("date", starts))
    long = cells.unpivot(index="date", variable_name="sku_id", value_name="units").drop_nulls("units")
    sku_ids = long["sku_id"].unique(maintain_order=True)
    return {
        "skus": pl.DataFrame({"sku_id": sku_ids, "category": name, "launch_date": starts[0]}),
        "sales": _as_sales(long.with_columns(pl.col("units").cast(pl.Int64)), keep_zeros),
    }


def vn1(folder: Path, *, keep_zeros: bool = False) -> Tables:
    """VN1 phase 1: 15,053 client-warehouse-products × 13 weeks with the week's price where one was paid.

    A product belongs to one client, which stands as its brand. Weeks are dated their Monday. No stock, no supply.
    """
    keys = {"Product": "sku_id", "Warehouse": "location_id", "Client": "brand"}
    sales = _long(pl.read_csv(folder / "Phase 1 - Sales.csv"), keys, "units")
    prices = _long(pl.read_csv(folder / "Phase 1 - Price.csv"), keys, "unit_price")
    priced = sales.join(prices, on=[*keys.values(), "date"], how="left", maintain_order="left")
    return {
        "skus": sales.group_by("sku_id", maintain_order=True).first().select("sku_id", "brand"),
        "sales": _as_sales(priced.drop("brand"), keep_zeros),
    }


def scms(path: Path) -> Tables:
    """Deliveries of medicines before 2013 as receipts, 6,514 lines. Every field stays the text it is in the file.

    Dates come as ``2-Jun-06`` and as ``11/13/2006``; unknown ones as words such as "Date Not Captured".
    """
    raw = pl.read_csv(path, infer_schema=False)
    return {
        "receipts": raw.select(
            pl.col("item description").alias("sku_id"),
            pl.col("country").alias("location_id"),
            pl.col("vendor").alias("supplier_id"),
            pl.col("po / so #").alias("order_id"),
            pl.col("line item quantity").alias("units"),
            pl.col("po sent to vendor date").alias("ordered_on"),
            pl.col("scheduled delivery date").alias("promised_on"),
            pl.col("delivered to client date").alias("received_on"),
            pl.col("pack price").alias("unit_cost"),
        )
    }


def _keyed(wide: pl.DataFrame, keys: Mapping[str, str]) -> pl.DataFrame:
    """Key columns under their contract names, as text."""
    return wide.rename(dict(keys)).with_columns(pl.col(*keys.values()).cast(pl.String))


def _long(wide: pl.DataFrame, keys: Mapping[str, str], value: str) -> pl.DataFrame:
    """One row a key and week; column names are the weeks' Mondays."""
    long = _keyed(wide, keys).unpivot(index=list(keys.values()), variable_name="date", value_name=value)
    return long.with_columns(pl.col("date").str.to_date())


def _as_sales(cells: pl.DataFrame, keep_zeros: bool) -> pl.DataFrame:
    whole = cells.with_columns(pl.col("units").cast(pl.Int64))
    return whole if keep_zeros else whole.filter(pl.col("units") != 0)
