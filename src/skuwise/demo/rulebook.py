"""The sample rulebook of the demo shop: two rules of its own and three overrides that people left behind."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from skuwise.demo.tables import TIME_ZONE, Shop

RULES_TOML = """\
# Rules of the shop. They come on top of the built-in ones; `skuwise rules explain SKU FIELD` shows every layer.
overrides = "overrides.csv"

[defaults]
holding_cost_share_per_year = 0.3

[[rule]]
name = "Festive goods are worth nothing in January"
layer = "category"
when = { category = "Gifts & Festive" }
set = { max_supply_days = 120 }
reason = "What is left after Christmas is sold at half price"

[[rule]]
name = "Full containers from Ningbo"
layer = "supplier"
when = { supplier_id = "NINGBO-GARDEN" }
set = { review_period_days = 14 }
reason = "One container every two weeks is cheaper than loose freight every week"
"""

DATASET_TOML = f"""\
# What the files cannot say by themselves.
currency = "USD"
time_zone = "{TIME_ZONE}"
date_order = "month_first"
"""


def overrides_table(shop: Shop) -> pl.DataFrame:
    """A best seller promised more, a slow mover stopped, and a floor under another best seller's safety stock."""
    items = shop.series.item_count
    recent = (shop.lines.series < items) & (shop.lines.day >= shop.day_count - 90)
    sold = np.bincount(shop.lines.series[recent], shop.ledger.shipped_units[recent], minlength=items)
    by_sales = np.argsort(-sold, kind="stable")
    slow = int(np.argmax(shop.ledger.on_hand_units[-1] / (sold + 1.0)))
    until = shop.as_of + timedelta(days=90)
    best = int(by_sales[0])
    second = int(next(item for item in by_sales if shop.series.sku[item] != shop.series.sku[best]))
    chosen = np.array([best, slow, second])
    return pl.DataFrame(
        {
            "sku_id": shop.sku_of(chosen),
            "location_id": shop.location_of(chosen).set(pl.Series([False, False, True]), ""),
            "field": ["service_target", "reorder_allowed", "safety_stock_units_min"],
            "value": ["0.99", "false", "60"],
            "unit": ["share", "", "units"],
            "from": [shop.as_of - timedelta(days=14), date(shop.as_of.year, 1, 1), shop.as_of - timedelta(days=3)],
            "until": [until, None, until],
            "author": ["Maya Okafor", "Jonas Lind", "Maya Okafor"],
            "reason": [
                "Spring catalogue: this one is on the cover",
                "Sell through before we buy any more",
                "Wholesale customer wants sixty on the shelf at all times",
            ],
        }
    )
