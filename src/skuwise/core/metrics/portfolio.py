"""The same metrics for the whole shop and for groups of it.

A ratio of a group is the ratio of the sums of its parts, never a mean of ratios, and is computed by the step that
computes the item's. An item takes part where all parts are known; how many do is told beside the metrics.
Units and money are summed exactly; floats are added one row after the other in the order of the items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.metrics.sell_through import (
    BASIS_WITHIN_90_DAYS,
    sell_through_amazon_90d,
    sell_through_available_share,
    sell_through_receipt_share,
)
from skuwise.core.metrics.service import (
    in_stock_rate_52w,
    line_fill_rate_order_based,
    order_fill_rate_order_based,
    returns_share_52w,
    unit_fill_rate_demand_based,
    unit_fill_rate_order_based,
)
from skuwise.core.metrics.supply import (
    days_of_supply_historical_30d,
    days_of_supply_historical_90d,
    days_of_supply_historical_greater,
    weeks_of_supply_forward,
    weeks_of_supply_trailing,
)
from skuwise.core.metrics.turnover import (
    gmroi_per_year,
    inventory_turnover_cost_per_year,
    inventory_turnover_units_per_year,
)
from skuwise.core.metrics.windows import UNKNOWN, ratio
from skuwise.core.steps import STEPS, Columns

#: Group names and metrics by name, one entry a group: arrays (G,).
MetricTable = dict[str, npt.NDArray[Any]]

WHOLE_SHOP = "(all)"
NO_GROUP = "(none)"

#: Columns that a group adds up.
TOTALS = (
    "shipped_units_52w",
    "returned_units_52w",
    "net_units_52w",
    "net_revenue_minor_52w",
    "cogs_minor_52w",
    "on_hand_units",
    "available_units",
    "stock_value_minor",
    "excess_units_90d",
    "excess_value_minor",
    "dead_stock_value_minor",
    "stockout_days_52w",
    "lost_units_52w",
    "lost_sales_minor_52w",
    "lost_margin_minor_52w",
)
#: Steps that a group runs on the sums of their inputs.
RATIOS: tuple[Callable[..., Any], ...] = (
    inventory_turnover_cost_per_year,
    inventory_turnover_units_per_year,
    gmroi_per_year,
    sell_through_receipt_share,
    sell_through_available_share,
    sell_through_amazon_90d,
    weeks_of_supply_forward,
    weeks_of_supply_trailing,
    days_of_supply_historical_30d,
    days_of_supply_historical_90d,
    unit_fill_rate_order_based,
    line_fill_rate_order_based,
    order_fill_rate_order_based,
    unit_fill_rate_demand_based,
    in_stock_rate_52w,
    returns_share_52w,
)


def portfolio_metrics(columns: Columns, labels: Mapping[str, Sequence[str]], by: str | None = None) -> MetricTable:
    """Metrics of the whole shop, or of each group of a label.

    ``columns`` and ``labels`` are those of a plan: ``labels`` names the codes of the code columns. ``by`` is a column
    of codes (category, brand, supplier_id, abc_class, stage, …) or of text (location_id).

    Returns arrays (G,): ``group``; the counts ``items``, ``items_stock_known``, ``items_stock_counted``,
    ``items_cost_known`` and ``items_stockouts_known``; every column of ``TOTALS`` summed over the items where it is
    known (NaN or -1 where it is known of none); every metric of ``RATIOS`` (NaN where undefined). Groups come in the
    order of their codes or names; an item without one (code below 0) is in "(none)".

    Orders may span groups, so ``order_fill_rate_order_based`` is told for the whole shop only. Weeks of supply pool
    the group's stock against its summed forecast. Receipts that have not had their 90 days are left out of
    ``sell_through_receipt_share``.

    Raises KeyError where ``by`` is not a column.
    """
    names, group = _groups(columns, labels, by)
    columns = {
        **columns,
        **_whole_cohorts(columns),
        "on_hand_units": np.where(columns["stock_known"], columns["on_hand_units"], UNKNOWN),
    }
    table: MetricTable = {"group": np.array(names, dtype=np.str_)}
    table.update(_coverage(columns, group, len(names)))
    for name in TOTALS:
        known = _known(columns[name])
        total = _sum_by_group(np.where(known, columns[name], 0), group, len(names))
        null = np.nan if total.dtype.kind == "f" else UNKNOWN
        table[name] = np.where(np.bincount(group[known], minlength=len(names)) > 0, total, null)
    for function in RATIOS:
        table[function.__name__] = _on_sums(function, columns, group, len(names))
    table["days_of_supply_historical_greater"] = days_of_supply_historical_greater(
        table["days_of_supply_historical_30d"], table["days_of_supply_historical_90d"]
    )
    shop_orders = ratio(columns.get("orders_filled", 0), columns.get("orders", 0)) if by is None else np.nan
    table["order_fill_rate_order_based"] = np.full(len(names), shop_orders)
    return table


def _groups(columns: Columns, labels: Mapping[str, Sequence[str]], by: str | None) -> tuple[list[str], IntArray]:
    """Names of the groups that have items, and the group of each item."""
    if by is None:
        return [WHOLE_SHOP], np.zeros(len(columns["available_units"]), np.int64)
    present, group = np.unique(columns[by], return_inverse=True)
    if by not in labels:
        return [str(name) for name in present], group.astype(np.int64)
    names = labels[by]
    return [names[code] if code >= 0 else NO_GROUP for code in present.tolist()], group.astype(np.int64)


def _known(column: npt.NDArray[Any]) -> BoolArray:
    """Rows in which a part is known: not NaN, and not below 0 in whole numbers."""
    known: BoolArray = ~np.isnan(column) if column.dtype.kind == "f" else column >= 0
    return known if known.ndim == 1 else np.logical_and.reduce(known, axis=1)


def _whole_cohorts(columns: Columns) -> dict[str, IntArray]:
    whole = columns["sell_through_receipt_basis"] == BASIS_WITHIN_90_DAYS
    names = ("receipt_cohort_units", "receipt_cohort_sold_units")
    return {name: np.where(whole, columns[name], 0) for name in names}


def _coverage(columns: Columns, group: IntArray, count: int) -> MetricTable:
    flags = {
        "items": np.ones(len(group), np.bool_),
        "items_stock_known": columns["available_units"] >= 0,
        "items_stock_counted": columns["stock_counted_periods_52w"] > 0,
        "items_cost_known": columns["unit_cost_minor"] >= 0,
        "items_stockouts_known": columns["stockout_source"] > 0,
    }
    return {name: np.bincount(group[flag], minlength=count) for name, flag in flags.items()}


def _sum_by_group(values: npt.NDArray[Any], group: IntArray, count: int) -> npt.NDArray[Any]:
    """Sums (G,) or (G, H), row after row; whole numbers exactly."""
    if values.ndim > 1:
        return np.stack([_sum_by_group(values[:, period], group, count) for period in range(values.shape[1])], axis=1)
    if values.dtype.kind == "f":
        return np.bincount(group, weights=values, minlength=count)
    total = np.zeros(count, np.int64)
    np.add.at(total, group, values)
    return total


def _on_sums(function: Callable[..., Any], columns: Columns, group: IntArray, count: int) -> npt.NDArray[Any]:
    declared = STEPS[function.__name__]
    parts = {name: columns[name] for name in declared.inputs}
    arrays = {name: part for name, part in parts.items() if np.ndim(part)}
    known = np.logical_and.reduce([_known(part) for part in arrays.values()])
    sums = {name: _sum_by_group(part[known], group[known], count) for name, part in arrays.items()}
    result: npt.NDArray[Any] = function(**{**parts, **sums})
    return np.where(np.bincount(group[known], minlength=count) > 0, result, np.nan)
