"""Succession: an item whose successor sells has nothing left to prove."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray, TextArray
from skuwise.core.steps import step


@step(
    out="successor_on_sale",
    formula="the SKU named as successor has had a sale at the same location",
    source="our choice",
    scope="shop",
)
def successor_on_sale(
    sku_id: TextArray, location_id: TextArray, successor_sku_id: TextArray, last_sale_period: IntArray
) -> BoolArray:
    """Whether the item's successor sells [(n,) bool].

    >>> sku = np.array(["A", "A2"]); here = np.array(["MAIN", "MAIN"])
    >>> successor_on_sale(sku, here, np.array(["A2", ""]), np.array([3, 5])).tolist()
    [True, False]
    """
    result = np.zeros(len(sku_id), np.bool_)
    followed = np.flatnonzero(successor_sku_id != "")
    if len(followed):
        # Only the locations of named successors are looked at: their number is small, the shop is not.
        candidates = np.flatnonzero(np.isin(sku_id, successor_sku_id[followed]) & (last_sale_period >= 0))
        selling = np.char.add(np.char.add(sku_id[candidates], "\x1f"), location_id[candidates])
        wanted = np.char.add(np.char.add(successor_sku_id[followed], "\x1f"), location_id[followed])
        result[followed] = np.isin(wanted, selling)
    return result
