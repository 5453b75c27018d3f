"""Which metrics stay empty, for how many items, and which table would fill them."""

from __future__ import annotations

import numpy as np

from skuwise.core.findings import Finding, found
from skuwise.core.steps import Columns


def metric_gaps(columns: Columns) -> tuple[Finding, ...]:
    """What the metrics could not know, as findings; an item counts where it sold within the last 52 weeks."""
    sold = columns["shipped_units_52w"] > 0
    items = int(sold.sum())
    gaps = (
        ("MET-001", "stock", sold & (columns["stock_counted_periods_52w"] == 0), "no stock count of the last 52 weeks"),
        ("MET-002", "supply", sold & (columns["unit_cost_minor"] < 0), "no unit cost"),
        ("MET-003", "availability", sold & ~columns["availability_known"], "no record of when they were in stock"),
    )
    findings = [
        found(
            code,
            f"{int(rows.sum())} of {items} items sold in the last 52 weeks have {lack}",
            table=table,
            count=int(rows.sum()),
        )
        for code, table, rows, lack in gaps
        if rows.any()
    ]
    if items and not np.any(columns["fill_requested_units"] > 0):
        findings.append(found("MET-004", "no order says how many units were asked for", table="sales", count=items))
    return tuple(findings)
