"""What an alarm about an item puts at stake, from its price and cost."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import UNKNOWN
from skuwise.core.monitoring.alarm import Seen


def unit_margin_minor(seen: Seen) -> FloatArray:
    """Price less cost of a unit, at least 0 [(n,) minor]; the price where the cost is unknown, NaN without a price."""
    price = np.asarray(seen.columns["unit_price_minor"]).astype(np.float64)
    cost = np.asarray(seen.columns["unit_cost_minor"]).astype(np.float64)
    return np.where(price < 0, np.nan, np.maximum(price - np.maximum(cost, 0.0), 0.0))


def in_whole_minor(money: FloatArray) -> IntArray:
    """Money as whole numbers [(k,)]; -1 where it is unknown."""
    return np.where(np.isnan(money), UNKNOWN, np.floor(np.nan_to_num(money) + 0.5)).astype(np.int64)


def matters(seen: Seen, money_minor: IntArray) -> BoolArray:
    """Whether the money is worth an alarm, by ``alarm_money_minor_min``; unknown money is worth one [(k,)]."""
    enough: BoolArray = (money_minor >= int(seen.columns["alarm_money_minor_min"])) | (money_minor == UNKNOWN)
    return enough
