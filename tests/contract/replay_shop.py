"""A shop of a few SKUs with two years of history, everything known of it, to be lived again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from skuwise.core.rules import Rulebook
from skuwise.dataset import Dataset
from tests.builders import plain_rules
from tests.contract.planning_shop import dataset

#: First day after the data, a Monday.
END = date(2026, 3, 2)
WEEKS = 90
Rows = list[dict[str, Any]]

#: One rule for every item: no class or stage bears on another SKU's settings.
PLAIN: Rulebook = plain_rules(service_target=0.95)


def week(number: int) -> date:
    """Monday of a week, counted from the first one of the history; ``WEEKS`` is the end."""
    return END - timedelta(weeks=WEEKS - number)


def shop(
    skus: int = 9,
    *,
    counts: bool = False,
    receipts: bool = True,
    launch_week: int | None = None,
    stockout: range | None = None,
    sold: Callable[[int, int, int], int] = lambda _sku, _week, units: units,
    unit_cost: bool = True,
    more: int = 0,
) -> Dataset:
    """``skus`` SKUs sold every week from their own seed, so that one more (``more``) changes none of the others.

    ``sold(sku, week, units)`` may alter what was sold. ``counts`` gives the stock on every Sunday and the availability
    table. ``stockout`` are weeks in which the first SKU was out of stock. ``launch_week`` is that of the last SKU.
    """
    tables: dict[str, Rows] = {
        name: []
        for name in ("skus", "sales", "supply", "receipts", "stock", "availability")
        if counts or name[:2] != "st"
    }
    for sku in range(skus + more):
        _add(tables, sku, skus, counts, receipts, launch_week, stockout, sold, unit_cost)
    return dataset(as_of=END, **{name: [_in_text(row) for row in rows] for name, rows in tables.items() if rows})


def _in_text(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _add(
    tables: dict[str, Rows],
    sku: int,
    skus: int,
    counts: bool,
    receipts: bool,
    launch_week: int | None,
    stockout: range | None,
    sold: Callable[[int, int, int], int],
    unit_cost: bool,
) -> None:
    rng = np.random.Generator(np.random.Philox(100 + sku))
    name, rate = f"SKU-{sku:02d}", [3.0, 12.0, 0.6][sku % 3]
    money = {"unit_cost_minor": 400} if unit_cost else {}
    category = "others" if sku >= skus else "mugs"
    tables["skus"].append({"sku_id": name, "category": category, "unit_price_minor": 1000 + 100 * sku})
    tables["supply"].append(
        {"sku_id": name, "supplier_id": f"SUP-{sku % 2}", "order_multiple_units": [1, 6, 1][sku % 3], **money}
    )
    launch = launch_week if launch_week is not None and sku == skus - 1 else 0
    for number in range(WEEKS):
        units = sold(sku, number, int(rng.poisson(rate)))
        out = stockout is not None and sku == 0 and number in stockout
        if number >= launch and units and not out:
            tables["sales"].append({"date": week(number), "sku_id": name, "units": units})
        if counts:
            share = 0.0 if out else 1.0
            tables["availability"].append({"sku_id": name, "date": week(number), "in_stock_share": share, "days": 7})
            tables["stock"].append(
                {
                    "sku_id": name,
                    "date": week(number) + timedelta(days=6),
                    "on_hand_units": 0 if out else 10 + (number + sku) % 5,
                }
            )
    for number in range(2, WEEKS, 5) if receipts else ():
        ordered, arrived = week(number) - timedelta(days=14 + sku % 7), week(number)
        tables["receipts"].append(
            {
                "sku_id": name,
                "ordered_on": ordered,
                "promised_on": arrived,
                "received_on": arrived,
                "units": 5 + sku,
                "order_id": f"PO-{sku}-{number}",
            }
        )
