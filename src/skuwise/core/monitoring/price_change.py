"""Price changes that stayed: demand will follow, and the forecast does not know of it yet."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import Float32Array, FloatArray, IntArray, kernel
from skuwise.core.metrics.windows import DAYS_PER_WEEK, QUARTER_DAYS, newest, periods_in
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, matters

PRICE_CHANGE = register(
    Kind(
        name="price_change",
        subject="item",
        title="Price has changed",
        text="The price of a unit moved by {2:+.0%} and has stayed for {3:.0f} weeks; demand may move the other way",
        advice="Check that the new price is meant; where demand is sure to follow, set demand_factor until it has.",
        quiet_weeks_to_resolve=0,
    )
)

#: A change is news for so long; the price before it is read from as many days before.
NEWS_DAYS = QUARTER_DAYS
BEFORE_DAYS = 182
#: Periods with a price that the one before needs.
BEFORE_MIN = 3
#: Prices within this part of the told change are one price.
SAME_PART = 0.5
#: Share of the periods before it in which the price must have been one price.
STEADY_SHARE_MIN = 0.8


def price_change(seen: Seen) -> Alarms:
    """Items whose mean price outside promotions moved by ``price_change_share_min`` or more and stayed.

    ``facts``: price before and after [minor], change as a share, weeks since. Money is the change of the price on what
    is expected to be sold in the coming quarter.
    """
    columns, days = seen.columns, seen.period_days
    paid = np.asarray(columns["paid_price_minor"])
    if 0 in paid.strides:
        return Alarms.none()
    share_min = float(columns["price_change_share_min"])
    confirm = max(round(float(columns["price_change_confirm_weeks"]) * DAYS_PER_WEEK / days), 1)
    window = np.ascontiguousarray(newest(paid, NEWS_DAYS + BEFORE_DAYS, days))
    news = periods_in(NEWS_DAYS, days)
    before, after, first = prices_before_and_after(window, share_min, confirm, news)
    rows = np.flatnonzero(first >= 0)
    change = after[rows] / before[rows] - 1.0
    demand = newest(np.asarray(columns["mean_units"])[rows, : periods_in(QUARTER_DAYS, days)], QUARTER_DAYS, days)
    money = in_whole_minor(np.abs(after[rows] - before[rows]) * demand.sum(axis=1))
    told = np.flatnonzero(matters(seen, money))
    rows, change = rows[told], change[told]
    periods = window.shape[1] - first[rows]
    return Alarms.of_items(
        PRICE_CHANGE.name,
        rows,
        seen.as_of - (periods * days).astype("timedelta64[D]"),
        np.abs(change) / share_min if share_min > 0 else np.abs(change),
        money[told],
        before[rows],
        after[rows],
        change,
        periods * days / DAYS_PER_WEEK,
    )


@kernel
def prices_before_and_after(
    paid: Float32Array, share_min: float, confirm: int, news: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Price before and after [(n,)] and the period in which the new one began, -1 where none did.

    The newest prices that are one price are the new one; it must have shown in ``confirm`` periods and have begun
    within the ``news`` newest. Before it, prices must have been one price too: where they wander, nothing has changed.
    """
    n, periods = paid.shape
    before, after = np.zeros(n), np.zeros(n)
    first = np.full(n, -1, np.int64)
    run, old = np.empty(periods), np.empty(periods)
    same = share_min * SAME_PART
    for row in range(n):
        length, count, began = 0, 0, -1
        newest_price = 0.0
        for period in range(periods - 1, -1, -1):
            price = paid[row, period]
            if np.isnan(price) or price <= 0.0:
                continue
            if length == 0:
                newest_price = price
            if count == 0 and abs(price - newest_price) <= same * newest_price:
                run[length] = price
                length += 1
                began = period
                if period < periods - news:
                    break
            else:
                old[count] = price
                count += 1
        if length < confirm or count < BEFORE_MIN or began < periods - news:
            continue
        middle_old, middle_new = np.median(old[:count]), np.median(run[:length])
        if abs(middle_new / middle_old - 1.0) < share_min:
            continue
        steady = 0
        for place in range(count):
            steady += 1 if abs(old[place] - middle_old) <= same * middle_old else 0
        if steady < STEADY_SHARE_MIN * count:
            continue
        before[row], after[row], first[row] = middle_old, middle_new, began
    return before, after, first
