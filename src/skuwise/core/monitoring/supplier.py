"""Suppliers: orders overdue, deliveries later than promised, deliveries with fewer units than ordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import NO_DAY, UNKNOWN, Deliveries
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, unit_margin_minor
from skuwise.core.monitoring.sequential import Runs, worse_than_usual

ORDERS_OVERDUE = register(
    Kind(
        name="orders_overdue",
        subject="supplier",
        title="Orders overdue",
        text="{0:.0f} units of {1:.0f} items are overdue, the oldest by about {2:.0f} days; {3:.0f} of the items are "
        "expected to miss sales",
        advice="Ask the supplier for a new day, put it into the open orders, or close orders that will not come.",
        quiet_weeks_to_resolve=0,
    )
)
LATE_SUPPLIER = register(
    Kind(
        name="late_supplier",
        subject="supplier",
        title="Supplier is late more often",
        text="{0:.0f} of the last {1:.0f} deliveries were late ({2:.0%} used to be), by {3:.0f} days on the mean",
        advice="Talk to the supplier; until it is in time again order earlier or raise the lead time by a rule.",
        false_alarms="at most one in 10 years of a steady supplier",
        quiet_weeks_to_resolve=4,
    )
)
SHORT_SUPPLIER = register(
    Kind(
        name="short_supplier",
        subject="supplier",
        title="Supplier delivers short",
        text="{0:.0f} of the last {1:.0f} deliveries were short ({2:.0%} used to be): {3:.0f} units did not come",
        advice="Claim the missing units, and order more or elsewhere while it lasts.",
        false_alarms="at most one in 10 years of a steady supplier",
        quiet_weeks_to_resolve=4,
    )
)

#: Deliveries of this time are judged, against those before it.
RECENT_DAYS = 273
YEAR_DAYS = 364
#: An order that is not whole yet may still be completed for so long.
COMPLETED_WITHIN_DAYS = 14
#: A delivery is late, or short, where at least this share of its lines is.
LINES_SHARE_MIN = 0.5


@dataclass(frozen=True, slots=True)
class _Events:
    """Deliveries, e rows sorted by the day they came: supplier code, day, whether bad, and by how much."""

    supplier: IntArray
    day: IntArray
    bad: BoolArray
    amount: FloatArray


def orders_overdue(seen: Seen) -> Alarms:
    """One alarm for each supplier with open orders overdue by ``orders_overdue_days_min`` or more.

    ``facts``: units, items, days since the oldest was due, items that are expected to miss sales. Money is the margin
    of what the plan expects to be missed of these items before an order placed today arrives.
    """
    columns, days = seen.columns, seen.period_days
    overdue = np.asarray(columns["overdue_units"])
    first = -(-int(columns["orders_overdue_days_min"]) // days)
    late = overdue[:, first:]
    item = np.flatnonzero(late.sum(axis=1) > 0)
    if not len(item):
        return Alarms.none()
    supplier = np.asarray(columns["supplier_id"]).astype(np.int64)[item]
    names = np.array(seen.labels["supplier_id"])
    units = late[item].sum(axis=1)
    oldest = (late.shape[1] - 1 - np.argmax(late[item][:, ::-1] > 0, axis=1) + first) * days
    short = np.nan_to_num(np.asarray(columns["expected_short_units"]))[item]
    money = short * unit_margin_minor(seen)[item]
    count = len(names)
    total = np.bincount(supplier, weights=units, minlength=count).astype(np.float64)
    age = np.zeros(count, np.int64)
    np.maximum.at(age, supplier, oldest)
    each = np.flatnonzero(np.bincount(supplier, minlength=count))
    return _of_suppliers(
        ORDERS_OVERDUE.name,
        names[each],
        int(columns["as_of_day"]) - age[each],
        total[each],
        _sum_known(supplier, money, count)[each],
        total[each],
        np.bincount(supplier, minlength=count)[each],
        age[each],
        np.bincount(supplier, weights=short >= 1, minlength=count)[each],
    )


def late_supplier(seen: Seen) -> Alarms:
    """One alarm for each supplier that is late more often than it used to be.

    ``facts``: late deliveries and deliveries of the run, usual share, mean days late.
    """
    return _worse(seen, LATE_SUPPLIER.name, late_events, _mean_of_bad)


def short_supplier(seen: Seen) -> Alarms:
    """One alarm for each supplier that delivers short more often than it used to.

    ``facts``: short deliveries and deliveries of the run, usual share, units that did not come.
    """
    return _worse(seen, SHORT_SUPPLIER.name, short_events, _sum_of_bad)


def late_events(seen: Seen, record: Deliveries) -> _Events:
    """Deliveries with the day they should have come: the promised one, else order day + lead time in use + its spread.

    Lines of one supplier that were ordered and due on the same days are one delivery.
    """
    columns = seen.columns
    usual = np.asarray(columns["lead_time_days_mean"]) + np.asarray(columns["lead_time_days_sd"])
    reckoned = record.ordered_day + np.ceil(np.nan_to_num(usual)).astype(np.int64)[record.item]
    promised = record.promised_day != NO_DAY
    due = np.where(promised, record.promised_day, reckoned)
    rows = np.flatnonzero(promised | (record.ordered_day != NO_DAY))
    days_late = (record.received_day - due)[rows]
    late = days_late > float(columns["supplier_late_grace_days"])
    key = (record.ordered_day[rows], due[rows])
    return _deliveries(record, rows, key, late, np.maximum(days_late, 0).astype(np.float64), mean=True)


def short_events(seen: Seen, record: Deliveries) -> _Events:
    """Deliveries of which it is known how many units were ordered, once they are whole or nothing more is to come."""
    columns = seen.columns
    known = record.ordered_units > 0
    # Lines of one order and item add up; a line without an order number stands alone.
    own = np.where(record.order >= 0, record.order, -1 - np.arange(len(record)))
    _, order = np.unique(own, return_inverse=True)
    lines = int(order.max(initial=-1)) + 1
    received = np.bincount(order, weights=record.units, minlength=lines)
    asked, last = np.zeros(lines, np.int64), np.full(lines, -1, np.int64)
    np.maximum.at(asked, order, record.ordered_units)
    np.maximum.at(last, order, np.arange(len(record)))
    newest = np.zeros(len(record), np.bool_)
    newest[last] = True
    missing = (asked - received)[order]
    over = (missing <= 0) | (record.received_day < int(columns["as_of_day"]) - COMPLETED_WITHIN_DAYS)
    rows = np.flatnonzero(known & newest & over)
    share = missing[rows] / np.maximum(asked[order][rows], 1)
    short = share > float(columns["short_delivery_share_min"])
    return _deliveries(record, rows, (record.ordered_day[rows],), short, np.maximum(missing[rows], 0.0), mean=False)


def _deliveries(
    record: Deliveries, rows: IntArray, key: tuple[IntArray, ...], bad: BoolArray, amount: FloatArray, *, mean: bool
) -> _Events:
    """Lines of one supplier and key as one event; ``amount`` is their mean or their sum."""
    if not len(rows):
        nothing = np.empty(0, np.int64)
        return _Events(nothing, nothing, np.empty(0, np.bool_), np.empty(0))
    parts = np.stack([record.supplier[rows], *key], axis=1)
    distinct, event = np.unique(parts, axis=0, return_inverse=True)
    event = event.reshape(-1)
    count = np.bincount(event)
    day = np.full(len(distinct), NO_DAY, np.int64)
    np.maximum.at(day, event, record.received_day[rows])
    total = np.bincount(event, weights=amount).astype(np.float64)
    share = np.bincount(event, weights=bad) / count
    order = np.lexsort((np.arange(len(distinct)), day))
    value = total / count if mean else total
    return _Events(distinct[order, 0], day[order], share[order] >= LINES_SHARE_MIN, value[order])


def _worse(
    seen: Seen,
    kind: str,
    events_of: Callable[[Seen, Deliveries], _Events],
    amount_of: Callable[[_Events, Runs, int], FloatArray],
) -> Alarms:
    record = seen.columns.get("deliveries")
    if record is None or not len(record):
        return Alarms.none()
    events = events_of(seen, record)
    count = len(record.suppliers)
    runs = supplier_runs(events.supplier, events.day, events.bad, int(seen.columns["as_of_day"]), count)
    each = np.flatnonzero(runs.alarmed)
    if not len(each):
        return Alarms.none()
    names = np.array(record.suppliers)[each]
    return _of_suppliers(
        kind,
        names,
        events.day[runs.first[each]],
        runs.evidence_nats[each],
        _margin_waiting(seen, names),
        runs.bad[each],
        runs.events[each],
        runs.usual_share[each],
        amount_of(events, runs, count)[each],
    )


def supplier_runs(supplier: IntArray, day: IntArray, bad: BoolArray, as_of_day: int, suppliers: int) -> Runs:
    """The test of each supplier over its deliveries of the last half year [(e,) sorted by day]."""
    recent = day >= as_of_day - RECENT_DAYS
    of_year = np.bincount(supplier[day >= as_of_day - YEAR_DAYS], minlength=suppliers).astype(np.float64)
    return worse_than_usual(supplier, bad, recent, of_year, suppliers)


def _bad_of_runs(events: _Events, runs: Runs) -> BoolArray:
    first = runs.first[events.supplier]
    of_run: BoolArray = events.bad & (first >= 0) & (np.arange(len(events.bad)) >= first)
    return of_run


def _sum_of_bad(events: _Events, runs: Runs, count: int) -> FloatArray:
    rows = np.flatnonzero(_bad_of_runs(events, runs))
    return _sum_known(events.supplier[rows], events.amount[rows], count)


def _mean_of_bad(events: _Events, runs: Runs, count: int) -> FloatArray:
    return _sum_of_bad(events, runs, count) / np.maximum(runs.bad, 1)


def _margin_waiting(seen: Seen, names: np.ndarray) -> FloatArray:
    """Margin that the plan expects to miss of the items that wait for each supplier [(k,) minor]."""
    columns = seen.columns
    of_items = np.array(seen.labels["supplier_id"])
    waiting = np.asarray(columns["on_order_units"]) > 0
    money = np.where(waiting, np.nan_to_num(np.asarray(columns["expected_short_units"])) * unit_margin_minor(seen), 0.0)
    total = _sum_known(np.asarray(columns["supplier_id"]).astype(np.int64), money, len(of_items))
    place = np.searchsorted(of_items, names).clip(max=max(len(of_items) - 1, 0))
    return np.where(of_items[place] == names, total[place], 0.0)


def _sum_known(group: IntArray, money: FloatArray, count: int) -> FloatArray:
    return np.bincount(group, weights=np.nan_to_num(money), minlength=count).astype(np.float64)


def _of_suppliers(
    kind: str,
    names: np.ndarray,
    since_day: IntArray,
    strength: FloatArray,
    money: FloatArray,
    *facts: FloatArray | IntArray,
) -> Alarms:
    nobody = np.full(len(names), UNKNOWN, np.int64)
    since = since_day.astype("datetime64[D]")
    return Alarms.of_items(kind, nobody, since, strength, in_whole_minor(money), *facts, subject=names)
