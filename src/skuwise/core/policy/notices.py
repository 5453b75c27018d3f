"""What a plan had to assume or could not decide, told once for all the items it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray
from skuwise.core.findings import Finding, found
from skuwise.core.policy.levels import COST

#: An order is told where nothing sold for so many weeks and for so many of the item's usual intervals.
SILENT_WEEKS = 13
SILENT_GAPS = 3


def plan_findings(columns: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings about active items: assumed lead times, unknown stock, late cover, lots refused or too large,
    orders for what does not sell, money that cannot decide.
    """
    sku = columns["sku_id"]
    active = columns["reorder_allowed"] & ~columns["is_bundle"] & (columns["daily_mean_units"] > 0)
    cases = (
        ("POL-001", active & ~columns["lead_time_known"], "the lead time is not known and was assumed by rule"),
        ("POL-002", active & ~columns["stock_known"], "no stock count is known, so nothing is proposed"),
        (
            "POL-003",
            active & (columns["awaited_units"].sum(axis=1) > columns["on_order_in_time_units"]),
            "some units on order are due after the protection interval and are not counted as cover",
        ),
        (
            "POL-008",
            active & (columns["overdue_units"][:, 1:].sum(axis=1) > 0) & (columns["doubted_units"] >= 0.5),
            "units on order are so long overdue that most or all of them are not counted as cover",
        ),
        (
            "POL-004",
            (columns["moq_reason"] == 3) | (columns["multiple_reason"] == 4),
            "the MOQ or order multiple would buy more than max_supply_days allows, so nothing is proposed",
        ),
        (
            "POL-005",
            (columns["moq_reason"] == 4) | (columns["multiple_reason"] == 5),
            "the MOQ or order multiple buys more than max_supply_days of demand",
        ),
        (
            "POL-006",
            (columns["order_quantity_units"] > 0) & _strangely_silent(columns),
            "an order is proposed for what has not sold for long",
        ),
        (
            "POL-007",
            active & (columns["service_measure"] == COST) & np.isnan(columns["critical_ratio_share"]),
            "price or cost is unknown or nothing is earned, so service_target decides and not money",
        ),
    )
    for code, concerned, what in cases:
        rows = np.flatnonzero(concerned)
        if len(rows):
            first = str(sku[rows[0]])
            items = f"{len(rows):,} items, {first} among them" if len(rows) > 1 else first
            yield found(code, f"{what} ({items})", count=len(rows), sku_id=first)


def _strangely_silent(columns: Mapping[str, Any]) -> BoolArray:
    """Whether an item sold nothing for so long that somebody should look before it is bought again [(n,) bool]."""
    silent: BoolArray = columns["silent_weeks"] >= np.maximum(SILENT_WEEKS, SILENT_GAPS * columns["usual_gap_weeks"])
    return silent
