"""Outlook: how likely the shelf is to run empty before help can come, and when the next order falls due."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.forecast.launch import NOT_YET
from skuwise.core.policy.distribution import exceedance, expected_shortage
from skuwise.core.policy.levels import LOST
from skuwise.core.steps import step


@step(
    out=("stockout_risk_share", "expected_short_units"),
    formula="P and E of lead time demand beyond on hand − reserved − backlog + orders due before the lead time ends; "
    "where unmet demand is lost and orders are due on the way, what the demand paths lose if that is more",
    source="Silver, Pyke & Thomas; gamma distributed demand; our choice",
)
def stockout_risk(
    on_hand_units: IntArray,
    reserved_units: IntArray,
    backlog_units: IntArray,
    stock_known: BoolArray,
    awaited_units: IntArray,
    lead_time_days_mean: FloatArray,
    lead_mean_units: FloatArray,
    lead_sd_units: FloatArray,
    unmet_demand: CodeArray,
    lost_before_receipt_units: FloatArray,
    loss_before_receipt_share: FloatArray,
    period_days: int,
) -> tuple[FloatArray, FloatArray]:
    """Chance of a stockout [(n,) share] and units missed [(n,) units] before an order placed today arrives.

    Both are NaN where no stock is known and 0 where no demand is expected. An order due on the way counts as there
    from the start; a stockout before its arrival is seen by the paths, which only walk where unmet demand is lost.
    """
    starts = np.arange(awaited_units.shape[1]) * period_days
    due = np.where(starts[None, :] < lead_time_days_mean[:, None], awaited_units, 0).sum(axis=1)
    there = (on_hand_units - reserved_units - backlog_units + due).astype(np.float64)
    risk = np.where(lead_mean_units > 0, exceedance(there, lead_mean_units, lead_sd_units), 0.0)
    short = np.where(lead_mean_units > 0, expected_shortage(there, lead_mean_units, lead_sd_units), 0.0)
    on_the_way = (unmet_demand == LOST) & (due > awaited_units[:, 0])
    risk = np.where(on_the_way, np.maximum(risk, np.minimum(loss_before_receipt_share, 1.0)), risk)
    short = np.where(on_the_way, np.maximum(short, lost_before_receipt_units), short)
    return np.where(stock_known, risk, np.nan), np.where(stock_known, short, np.nan)


@step(
    out="days_until_order",
    formula="first day on which position + relief − expected demand is at or below the reorder point; before a launch "
    "whose first buy is still to come, first_buy_order_on",
    source="our choice; the reorder point of today is held",
)
def days_until_order(
    inventory_position_units: IntArray,
    position_relief_units: IntArray,
    reorder_point_units: IntArray,
    reorder_allowed: BoolArray,
    is_bundle: BoolArray,
    stock_known: BoolArray,
    first_buy_case: CodeArray,
    first_buy_order_on: DateArray,
    mean_units: FloatArray,
    as_of_day: int,
    period_days: int,
) -> IntArray:
    """Days until the item is to be ordered [(n,) days]: 0 today, −1 beyond the horizon or never."""
    spare = (inventory_position_units + position_relief_units - reorder_point_units).astype(np.float64)
    used = np.cumsum(mean_units, axis=1)
    reached = used >= spare[:, None]
    period = reached.argmax(axis=1)
    rows = np.arange(len(spare))
    before = np.where(period > 0, used[rows, np.maximum(period - 1, 0)], 0.0)
    within = mean_units[rows, period]
    # Beyond the horizon the quotient means nothing and may be huge: it is kept within its period.
    part = np.clip(np.where(within > 0, (spare - before) / np.where(within > 0, within, 1), 0.0), 0.0, 1.0)
    days = np.floor((period + part) * period_days).astype(np.int64)
    days = np.where(spare <= 0, 0, np.where(reached.any(axis=1), days, -1))
    days = np.where(reorder_point_units > 0, days, -1)
    first = np.where(first_buy_case == NOT_YET, first_buy_order_on, np.datetime64(as_of_day, "D"))
    days = np.where(first_buy_case == NOT_YET, first.astype("datetime64[D]").astype(np.int64) - as_of_day, days)
    return np.where(reorder_allowed & ~is_bundle & stock_known, days, -1)
