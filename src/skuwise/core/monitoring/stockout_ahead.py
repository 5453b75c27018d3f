"""Stockouts ahead: which items are likely to run dry before help can come, on which day, and whether to order or to
expedite.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, matters, unit_margin_minor

STOCKOUT_ORDER_NOW = register(
    Kind(
        name="stockout_order_now",
        subject="item",
        title="Order now or run dry",
        text="Expected to run dry in {0:.0f} days; an order placed today comes in {1:.0f}, a later one may not "
        "(risk {2:.0%}, {3:.0f} units missed)",
        advice="Place the order of the plan today.",
        quiet_weeks_to_resolve=0,
    )
)
STOCKOUT_TOO_LATE = register(
    Kind(
        name="stockout_too_late",
        subject="item",
        title="Runs dry before any order can come",
        text="Expected to run dry in {0:.0f} days; an order placed today comes in {1:.0f} (risk {2:.0%}, {3:.0f} units "
        "missed, {4:.0f} on order)",
        advice="Expedite what is on order, move stock from other locations, slow sales by price or channel; and order.",
        quiet_weeks_to_resolve=0,
    )
)


def stockout_ahead(seen: Seen) -> Alarms:
    """Items whose chance of a stockout before an order placed today arrives is ``stockout_alarm_share_min`` or more.

    ``facts``: days until dry at expected demand, days until an order placed today arrives, risk, units missed, units on
    order. Money is the margin of the units missed. Items that are to run down are left out.
    """
    columns = seen.columns
    risk = np.asarray(columns["stockout_risk_share"])
    short = np.asarray(columns["expected_short_units"])
    money = in_whole_minor(np.nan_to_num(short) * unit_margin_minor(seen))
    risky = np.nan_to_num(risk) >= float(columns["stockout_alarm_share_min"])
    risky &= np.asarray(columns["reorder_allowed"]) & ~np.asarray(columns["is_bundle"]) & matters(seen, money)
    rows = np.flatnonzero(risky)
    if not len(rows):
        return Alarms.none()
    dry = days_until_dry(seen, rows)
    lead = np.asarray(columns["lead_time_days_mean"])[rows]
    in_time = dry >= lead
    told = ~in_time | (np.asarray(columns["order_quantity_units"])[rows] > 0)
    facts = (dry, lead, risk[rows], short[rows], np.asarray(columns["on_order_units"])[rows])
    as_of = np.full(len(rows), seen.as_of, "datetime64[D]")

    def of(name: str, which: BoolArray) -> Alarms:
        some = np.flatnonzero(which & told)
        item = rows[some]
        return Alarms.of_items(name, item, as_of[some], risk[item], money[item], *(fact[some] for fact in facts))

    return Alarms.joined([of(STOCKOUT_ORDER_NOW.name, in_time), of(STOCKOUT_TOO_LATE.name, ~in_time)])


def days_until_dry(seen: Seen, rows: np.ndarray) -> FloatArray:
    """Days until expected demand has used up what is there and what has come by then [(k,)].

    What is due in a period is there from its first day on, and counts as far as it is believed to arrive. Where it
    lasts beyond the forecast these are the days of the forecast.
    """
    columns = seen.columns
    on_hand, reserved, backlog = (
        np.asarray(columns[name])[rows] for name in ("on_hand_units", "reserved_units", "backlog_units")
    )
    demand = np.asarray(columns["mean_units"])[rows]
    due = np.zeros(demand.shape)
    awaited = np.asarray(columns["awaited_units"])[rows]
    shared = min(due.shape[1], awaited.shape[1])
    due[:, :shared] = awaited[:, :shared]
    used = np.cumsum(demand, axis=1)
    left = (on_hand - reserved - backlog)[:, None] + np.cumsum(due, axis=1) - used
    dry = left < 0
    period = np.argmax(dry, axis=1)
    every = np.arange(len(rows))
    at_start = (left + demand)[every, period]
    pace = np.maximum(demand[every, period], 1e-12)
    days = (period + np.clip(at_start / pace, 0.0, 1.0)) * seen.period_days
    return np.where(dry.any(axis=1), np.floor(days), float(demand.shape[1] * seen.period_days))
