"""Succession: an item whose successor sells has nothing left to prove."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray, TextArray
from skuwise.core.demand.inheritance import heirs
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
    source, heir = heirs(sku_id, location_id, successor_sku_id)
    result[source] = last_sale_period[heir] >= 0
    return result
