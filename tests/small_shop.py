"""A small shop in arrays: enough of everything to make a plan without reading a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skuwise.core.catalog.inputs import (
    FillCounts,
    History,
    ItemAttributes,
    ItemIndex,
    Labels,
    OpenOrders,
    PlanInputs,
    StockState,
    SupplyTerms,
)
from skuwise.core.periods import PeriodGrid
from skuwise.core.plan import Plan, plan

AS_OF = np.datetime64("2026-03-02", "D")


def small_inputs(items: int = 24, periods: int = 110, seed: int = 3) -> PlanInputs:
    """``items`` SKUs, every third at two locations, with slow and fast, young and old, dear and cheap ones."""
    rng = np.random.default_rng(seed)
    digits = max(3, len(str(items)))
    skus = np.array([f"SKU-{number // 3 * 2 + min(number % 3, 1):0{digits}d}" for number in range(items)])
    locations = np.array(["WEST" if number % 3 == 2 else "EAST" for number in range(items)])
    rate = rng.gamma(1.2, 6.0, items)
    sales = rng.poisson(rate[:, None], (items, periods)).astype(np.int64)
    launch = rng.integers(0, periods // 2, items) * (rng.random(items) < 0.4)
    sales[np.arange(periods)[None, :] < launch[:, None]] = 0
    share = np.where(rng.random((items, periods)) < 0.05, 0.4, 1.0).astype(np.float32)
    grid = PeriodGrid(AS_OF, 7, periods)
    dates = np.full(items, np.datetime64("NaT"), "datetime64[D]")
    launch_dates = np.where(launch > 0, grid.start + (launch * 7).astype("timedelta64[D]"), dates)
    lead = rng.integers(7, 60, items).astype(np.float64)
    lead[::7] = np.nan
    ordered = rng.choice(items, 5, replace=False)
    unknown = np.full(items, -1, np.int64)
    return PlanInputs(
        index=ItemIndex(skus, locations, rng.integers(1, 2**62, items).astype(np.uint64)),
        attributes=ItemAttributes(
            product=_labels([sku[:6] for sku in skus]),
            name=np.array([f"Thing {sku[4:]}" for sku in skus]),
            category=_labels([("mugs", "tees")[number % 2] for number in range(items)]),
            brand=_labels(["=Acme"] * items),
            supplier=_labels([("ADA", "BO", "(none)")[number % 3] for number in range(items)]),
            criticality=_labels([("standard", "critical")[number % 5 == 0] for number in range(items)]),
            unit_price_minor=np.where(np.arange(items) % 11 == 3, unknown, rng.integers(500, 9000, items)),
            launch_date=launch_dates,
            end_of_life_date=dates,
            successor_sku_id=np.full(items, ""),
            is_bundle=np.arange(items) % 13 == 12,
        ),
        history=History(
            grid=grid,
            sales_units=sales,
            in_stock_share=share,
            availability_known=np.ones(items, bool),
            promotion_share=np.broadcast_to(np.float32(0), (items, periods)),
            returned_units=rng.poisson(0.1, (items, periods)).astype(np.int64),
            received_units=np.broadcast_to(np.int64(0), (items, periods)),
            on_hand_units_mean=np.broadcast_to(np.float32("nan"), (items, periods)),
        ),
        supply=SupplyTerms(
            lead_time_days_mean=lead,
            lead_time_days_sd=lead * 0.2,
            lead_time_observations=np.zeros(items, np.int64),
            moq_units=rng.choice([0, 12, 50], items).astype(np.int64),
            order_multiple_units=rng.choice([1, 6, 24], items).astype(np.int64),
            unit_cost_minor=np.where(np.arange(items) % 11 == 4, unknown, rng.integers(100, 4000, items)),
            order_cost_minor=np.full(items, 2500, np.int64),
            undelivered_share=np.where(np.arange(items) % 7 == 3, 0.1, np.nan),
            source_row=np.arange(items) + 2,
        ),
        stock=StockState(
            on_hand_units=rng.integers(0, 60, items),
            reserved_units=rng.integers(0, 3, items),
            backlog_units=np.zeros(items, np.int64),
            known=np.arange(items) % 10 != 9,
            source_row=np.arange(items) + 2,
        ),
        open_orders=OpenOrders(
            item=np.sort(ordered),
            units=rng.integers(10, 100, 5),
            due_days=np.array([-3, 0, 6, 20, 90]),
            ordered_days_ago=np.full(5, 30, np.int64),
            order_id=np.array([f"PO-{number}" for number in range(5)]),
            source_row=np.arange(5) + 2,
        ),
        fill=FillCounts(*(np.zeros(items, np.int64) for _ in range(6)), orders=0, orders_filled=0),
        currency="USD",
    )


def small_plan(items: int = 24, **changes: object) -> Plan:
    """The plan of the small shop; ``changes`` replace whole groups of its inputs."""
    return plan(replace(small_inputs(items), **changes))


def _labels(words: list[str]) -> Labels:
    names = tuple(sorted(set(words)))
    return Labels(np.array([names.index(word) for word in words], dtype=np.int64), names)
