"""Sales lines to the panel of items and periods: net sales, promotions, returns and arrivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, Float32Array, IntArray
from skuwise.core.findings import Finding, found
from skuwise.planning.bundles import ComponentUnits
from skuwise.planning.columns import constant, whole_numbers
from skuwise.planning.lines import SalesLines, add_to_periods, days_in_grid, net_of_cancellations, periods_of
from skuwise.planning.names import Items


@dataclass(frozen=True, slots=True, eq=False)
class SalesPanel:
    """What was sold and came back by item and period [(n, T) each]."""

    sales_units: IntArray
    promotion_share: Float32Array
    returned_units: IntArray


def sales_panel(
    lines: SalesLines,
    item: np.ndarray,
    promoted: BoolArray | None,
    from_bundles: ComponentUnits | None,
    items: Items,
) -> tuple[SalesPanel, list[Finding]]:
    """Net sales with exploded bundles, the share sold on promotion, and the returns; ``item`` is the row of each line.

    Cancellations undo the item's own sales before the units from bundles (themselves net) are added. Of a period
    with cancellations the promoted units are taken to have stayed: the share is never above 1.
    """
    sales = np.zeros((len(items), lines.grid.period_count), dtype=np.int64)
    sold_units = lines.units if lines.sold is None else np.where(lines.sold, lines.units, 0)
    add_to_periods(sales, item, lines.day, sold_units, lines.grid)
    findings = _undo_cancelled(sales, lines, item, items)
    from_rows = None if from_bundles is None else items.rows_of(from_bundles.pair)
    if from_bundles is not None and from_rows is not None:
        add_to_periods(sales, from_rows, from_bundles.day, from_bundles.units, lines.grid)
    panel = SalesPanel(
        sales,
        _promotion_shares(sales, lines, item, promoted, from_bundles, from_rows),
        _returned(sales.shape, lines, item, from_bundles, from_rows),
    )
    return panel, findings


def received_panel(receipts: pl.DataFrame | None, rows: np.ndarray, items: Items, lines: SalesLines) -> IntArray:
    """Units that arrived [(n, T)]; arrivals before the grid are left out."""
    if receipts is None:
        return constant(0, (len(items), lines.grid.period_count), np.int64)
    day, within = days_in_grid(receipts, "received_on", lines.grid)
    units = whole_numbers(receipts, "units", 0)[within]
    return periods_of(rows[within], day[within], units, len(items), lines.grid)


def _undo_cancelled(sales: IntArray, lines: SalesLines, item: np.ndarray, items: Items) -> list[Finding]:
    """Net the items that had cancellations, in place; units that undo no sale are told."""
    undone = lines.cancelled
    if not len(undone):
        return []
    touched, row = np.unique(item[undone], return_inverse=True)
    cancelled = periods_of(row, lines.day[undone], np.abs(lines.units[undone]), len(touched), lines.grid)
    sales[touched], unmatched = net_of_cancellations(sales[touched], cancelled)
    rest = np.flatnonzero(unmatched)
    if not len(rest):
        return []
    sku = items.sku_name(int(touched[rest[0]]))
    text = f"{int(unmatched.sum())} cancelled units of {len(rest)} items ({sku} first) undo no sale within the history"
    return [found("PLN-010", text, table="sales", count=len(rest), sku_id=sku)]


def _promotion_shares(
    sales: IntArray,
    lines: SalesLines,
    item: np.ndarray,
    promoted: BoolArray | None,
    from_bundles: ComponentUnits | None,
    from_rows: np.ndarray | None,
) -> Float32Array:
    if promoted is None:
        return constant(0.0, sales.shape, np.float32)
    on = np.flatnonzero(promoted)
    units = periods_of(item[on], lines.day[on], lines.units[on], len(sales), lines.grid)
    if from_bundles is not None and from_rows is not None:
        add_to_periods(units, from_rows, from_bundles.day, from_bundles.promotion_units, lines.grid)
    np.minimum(units, sales, out=units)
    share = np.zeros(sales.shape, dtype=np.float32)
    np.divide(units, sales, out=share, where=sales > 0, casting="same_kind")
    return share


def _returned(
    shape: tuple[int, ...],
    lines: SalesLines,
    item: np.ndarray,
    from_bundles: ComponentUnits | None,
    from_rows: np.ndarray | None,
) -> IntArray:
    back = lines.returned
    if not len(back):
        return constant(0, shape, np.int64)
    returned = periods_of(item[back], lines.day[back], np.abs(lines.units[back]), shape[0], lines.grid)
    if from_bundles is not None and from_rows is not None:
        add_to_periods(returned, from_rows, from_bundles.day, from_bundles.returned_units, lines.grid)
    return returned
