"""Stock records that cannot be right: negative, old, standing still while units are sold, or many times too large."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.metrics.windows import YEAR_DAYS, newest
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, matters

STOCK_NEGATIVE = register(
    Kind(
        name="stock_negative",
        subject="item",
        title="Negative stock",
        text="The record says {0:.0f} units on hand",
        advice="Count the item: units were sold that were never booked in.",
    )
)
COUNT_OLD = register(
    Kind(
        name="count_old",
        subject="item",
        title="Stock count is old",
        text="Counted last {0:.0f} days ago; about {1:.0f} units have been sold since",
        advice="Count the item, or look why it is missing in the stock feed.",
    )
)
STOCK_FROZEN = register(
    Kind(
        name="stock_frozen",
        subject="item",
        title="Stock stands still although it sells",
        text="The record says {0:.0f} units in each of the last {1:.0f} periods; {2:.0f} were sold, {3:.0f} came",
        advice="Look whether the item's stock is still kept up; count it.",
    )
)
STOCK_IMPLAUSIBLE = register(
    Kind(
        name="stock_implausible",
        subject="item",
        title="Stock is many times too large",
        text="The record says {0:.0f} units; the most it had before was {1:.0f}, and {2:.0f} were received since",
        advice="Look for cartons counted as pieces or a mistyped count, and count the item.",
    )
)

#: A count stands still over so many counted periods, in which at least so many units should have moved it.
FROZEN_PERIODS, FROZEN_UNITS = 6, 10
#: Stock is implausible from so many times what was there before and came since.
IMPLAUSIBLE_RATIO = 5.0
IMPLAUSIBLE_UNITS = 100
#: Counted periods that tell what an item had before.
COUNTED_MIN = 4


def stock_record(seen: Seen) -> Alarms:
    """All items whose stock record should be looked at before an order rests on it. Money is the stock at price."""
    found = (_negative(seen), _old(seen), _frozen(seen), _implausible(seen))
    return Alarms.joined([alarms for alarms in found if len(alarms)])


def _negative(seen: Seen) -> Alarms:
    on_hand = np.asarray(seen.columns["on_hand_units"])
    rows = np.flatnonzero(np.asarray(seen.columns["stock_known"]) & (on_hand < 0))
    return _told(seen, STOCK_NEGATIVE, rows, _value(seen, np.abs(on_hand)), on_hand[rows])


def _old(seen: Seen) -> Alarms:
    """Counts older than ``count_age_days_max``, where others of the shop are newer and the item still sells."""
    columns = seen.columns
    age = np.asarray(columns["counted_days_ago"])
    limit = int(columns["count_age_days_max"])
    if not ((age >= 0) & (age <= limit)).any():
        return Alarms.none()  # The whole feed is old: one alarm about the feed says so.
    sold = np.asarray(columns["daily_shipped_units_90d"]) * np.maximum(age, 0)
    rows = np.flatnonzero((age > limit) & (sold >= 1) & ~np.asarray(columns["is_bundle"]))
    return _told(seen, COUNT_OLD, rows, _value(seen, sold), age[rows], sold[rows])


def _frozen(seen: Seen) -> Alarms:
    counted = np.asarray(seen.columns["on_hand_units_mean"])
    if 0 in counted.strides or counted.shape[1] < FROZEN_PERIODS:
        return Alarms.none()
    last = counted[:, -FROZEN_PERIODS:]
    same: BoolArray = (last == last[:, :1]).all(axis=1) & (last[:, 0] > 0)
    rows = np.flatnonzero(same)
    sold = np.asarray(seen.columns["sales_units"])[rows, -FROZEN_PERIODS + 1 :].sum(axis=1)
    came = np.asarray(seen.columns["received_units"])[rows, -FROZEN_PERIODS + 1 :].sum(axis=1)
    still = np.flatnonzero(np.abs(came - sold) >= np.maximum(FROZEN_UNITS, last[rows, 0] * 0.1))
    rows, sold, came = rows[still], sold[still], came[still]
    units = last[rows, 0].astype(np.float64)
    periods = np.full(len(rows), float(FROZEN_PERIODS))
    return _told(
        seen, STOCK_FROZEN, rows, _value(seen, np.asarray(seen.columns["on_hand_units"])), units, periods, sold, came
    )


def _implausible(seen: Seen) -> Alarms:
    columns = seen.columns
    counted = newest(np.asarray(columns["on_hand_units_mean"]), YEAR_DAYS, seen.period_days)
    if 0 in counted.strides or counted.shape[1] < COUNTED_MIN + 1:
        return Alarms.none()
    on_hand = np.asarray(columns["on_hand_units"])
    rows = np.flatnonzero(on_hand >= IMPLAUSIBLE_UNITS)
    before = counted[rows, :-1]
    most = np.nan_to_num(before, nan=-1.0).max(axis=1, initial=-1.0).astype(np.float64)
    came = np.asarray(columns["received_units"])[rows, -2:].sum(axis=1)
    back = np.asarray(columns["returned_units"])[rows, -2:].sum(axis=1)
    known = (~np.isnan(before)).sum(axis=1) >= COUNTED_MIN
    odd = np.flatnonzero(known & (on_hand[rows] > IMPLAUSIBLE_RATIO * (most + came + back + 1.0)))
    return _told(seen, STOCK_IMPLAUSIBLE, rows[odd], _value(seen, on_hand), on_hand[rows[odd]], most[odd], came[odd])


def _value(seen: Seen, units: FloatArray | IntArray) -> IntArray:
    """Units at selling price [(n,) minor]; -1 where it is unknown."""
    price = np.asarray(seen.columns["unit_price_minor"]).astype(np.float64)
    return in_whole_minor(np.where(price < 0, np.nan, units * price))


def _told(seen: Seen, kind: Kind, rows: IntArray, money: IntArray, *facts: FloatArray | IntArray) -> Alarms:
    some = np.flatnonzero(matters(seen, money)[rows])
    item = rows[some]
    since = np.full(len(item), seen.as_of, "datetime64[D]")
    return Alarms.of_items(kind.name, item, since, np.ones(len(item)), money[item], *(fact[some] for fact in facts))
