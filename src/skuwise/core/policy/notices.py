"""What a plan had to assume or could not decide, told once for all the items it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray
from skuwise.core.findings import Finding, found
from skuwise.core.forecast.launch import NOTHING_KNOWN
from skuwise.core.forecast.launch import TOO_LATE as LAUNCH_TOO_LATE
from skuwise.core.lifecycle.stage import RETIRED
from skuwise.core.policy.levels import COST
from skuwise.core.policy.proposals import MOQ_REFUSED, MULTIPLE_REFUSED

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
            (columns["moq_reason"] == MOQ_REFUSED[0]) | (columns["multiple_reason"] == MULTIPLE_REFUSED[0]),
            "the MOQ or order multiple would buy more than max_supply_days allows, so nothing is proposed",
        ),
        (
            "POL-009",
            (columns["moq_reason"] == MOQ_REFUSED[1]) | (columns["multiple_reason"] == MULTIPLE_REFUSED[1]),
            "the MOQ or order multiple is more than will still be sold, so nothing is proposed",
        ),
        (
            "POL-011",
            columns["reorder_allowed"] & (columns["first_buy_case"] == LAUNCH_TOO_LATE),
            "the launch is nearer than the lead time, so the first buy arrives after it",
        ),
        (
            "POL-012",
            columns["reorder_allowed"] & ~columns["is_bundle"] & (columns["first_buy_case"] == NOTHING_KNOWN),
            "a launch is ahead and no earlier launch tells how much to buy for it, so nothing is proposed",
        ),
        (
            "POL-010",
            (columns["stage"] == RETIRED) & (columns["leftover_units"] > 0),
            "the life of the item is over and stock is left",
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
