"""What customers asked for and got at first attempt, from order lines that record both.

The table is read as order-based only where it has ``requested_units``: a line without it got what it asked for. Unit,
line and order fill rates are made from these counts; demand that never became an order is not in them.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import FillCounts
from skuwise.planning.columns import constant, sum_by
from skuwise.planning.lines import SalesLines


def fill_counts(lines: SalesLines, item: np.ndarray, item_count: int) -> FillCounts:
    """Counts over the whole history of the plan [(n,) each]; zero where requests are not recorded.

    A line without an order number counts as an order of its own. Lines that asked for nothing (zeros in day totals)
    are no requests; cancellations and returns come after the first attempt. Both are left out.
    """
    requests = lines.values("requested_units")
    if requests.null_count() == len(requests):
        nothing = constant(0, (item_count,), np.int64)
        return FillCounts(nothing, nothing, nothing, nothing, nothing, nothing, 0, 0)
    shipped = np.maximum(lines.units, 0)
    requested = np.maximum(requests.cast(pl.Int64).fill_null(0).to_numpy(), shipped)
    asked = requested > 0 if lines.sold is None else lines.sold & (requested > 0)
    at = np.flatnonzero(asked)
    shipped, requested, where = shipped[at], requested[at], item[at]
    filled = shipped >= requested
    orders = pl.DataFrame(
        {"item": where, "order_id": lines.values("order_id").gather(at).cast(pl.String), "filled": filled}
    )
    alone = orders.filter(pl.col("order_id").is_null())
    named = orders.drop_nulls("order_id")
    by_item = named.group_by("item", "order_id").agg(pl.col("filled").all())
    by_order = named.group_by("order_id").agg(pl.col("filled").all())
    per_item = pl.concat([by_item.select("item", "filled"), alone.select("item", "filled")])
    counted, complete = per_item["item"].to_numpy(), per_item["filled"].to_numpy().astype(np.int64)
    return FillCounts(
        requested_units=sum_by(where, requested, item_count),
        shipped_units=sum_by(where, shipped, item_count),
        lines=np.bincount(where, minlength=item_count).astype(np.int64),
        lines_filled=sum_by(where, filled.astype(np.int64), item_count),
        item_orders=np.bincount(counted, minlength=item_count).astype(np.int64),
        item_orders_filled=sum_by(counted, complete, item_count),
        orders=by_order.height + alone.height,
        orders_filled=int(by_order["filled"].sum()) + int(alone["filled"].sum()),
    )
