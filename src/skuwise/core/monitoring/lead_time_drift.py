"""Lead-time drift: do the newest deliveries take longer or shorter than the plan reckons with?

A supplier delivers three to ten times a year, so no long run can be waited for. Each delivery is compared with the lead
time in use for its items, as a ratio, so that all items of one supplier under the same kind of terms speak together.
The newest three to twelve deliveries are then asked whether their mean can still be that of the terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import NO_DAY, UNKNOWN, Deliveries
from skuwise.core.metrics.windows import DAYS_PER_WEEK
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, unit_margin_minor

LEAD_TIME_DRIFT = register(
    Kind(
        name="lead_time_drift",
        subject="item",
        title="Lead time has drifted",
        text="The plan reckons with {0:.0f} days; the newest {2:.0f} deliveries of this supplier say {1:.1f} days",
        advice="Let the measured lead time hold, or ask the supplier what has changed and when it ends.",
        false_alarms="at most one in 10 years of a steady supplier",
        quiet_weeks_to_resolve=4,
    )
)

#: Deliveries that are looked at together, and how sure they must be [standard errors].
DELIVERIES_MIN, DELIVERIES_MAX = 3, 12
SURE_Z = 3.0
#: Terms that are off by less than this are not tested against: suppliers are late by a little all the time.
TOLERATED_LOG = 0.1
#: A single delivery counts at most so many deviations: one lost container is no drift.
ODD_DELIVERY_SDS = 2.5
#: The spread is drawn towards that of the terms as by so many deliveries, and is never below this.
PRIOR_DELIVERIES, LOG_SD_MIN = 4.0, 0.1
#: A drift of less than this is not told, however sure it is.
DRIFT_DAYS_MIN = 2.0
#: Part of the drift that the newest deliveries alone must show: what is over is no drift.
NEWEST_SHARE_MIN = 0.5
#: Who has no name delivers to each item apart.
NO_SUPPLIER = "(none)"
#: Numbers of weeks counted from 1970 stay below this.
WEEKS_OF_ALL_TIME = 2**20
#: Deliveries older than this say nothing of today.
MEMORY_DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class Drift:
    """What the deliveries of each group say (G,): measured ÷ in use, standard errors, deliveries counted, first day."""

    ratio: FloatArray
    z: FloatArray
    deliveries: IntArray
    since_day: IntArray


def lead_time_drift(seen: Seen) -> Alarms:
    """One alarm for each item whose supplier's newest deliveries contradict the lead time in use.

    ``facts``: lead time in use and measured [days], deliveries counted. Money is the margin of what sells in the days
    that the plan does not reckon with; for a shorter lead time what holding the stock for them costs a year.
    """
    columns = seen.columns
    record = columns.get("deliveries")
    if record is None or not len(record):
        return Alarms.none()
    in_use = np.asarray(columns["lead_time_days_mean"], np.float64)
    group, groups = _groups(seen, in_use)
    drift = drift_of(seen, record, in_use, group, groups)
    measured = in_use * drift.ratio[group]
    found = _is_told(seen, drift, group, measured - in_use, in_use)
    rows = np.flatnonzero(found)
    if not len(rows):
        return Alarms.none()
    return Alarms.of_items(
        LEAD_TIME_DRIFT.name,
        rows,
        drift.since_day[group[rows]].astype("datetime64[D]"),
        np.abs(drift.z[group[rows]]),
        _at_stake(seen, measured - in_use)[rows],
        in_use[rows],
        measured[rows],
        drift.deliveries[group[rows]],
    )


def drift_of(seen: Seen, record: Deliveries, in_use: FloatArray, group: IntArray, groups: int) -> Drift:
    """The drift of each group of items that share supplier and terms; ``group`` (n,) numbers them."""
    as_of_day = int(seen.columns["as_of_day"])
    known = (record.ordered_day != NO_DAY) & (record.received_day >= record.ordered_day)
    known &= (record.received_day >= as_of_day - MEMORY_DAYS) & (in_use[record.item] > 0)
    rows = np.flatnonzero(known)
    item = record.item[rows]
    log_ratio = np.log(np.maximum(record.lead_time_days[rows], 1) / np.maximum(in_use[item], 1.0))
    events = _events(group[item], log_ratio, record.received_day[rows], record.ordered_day[rows])
    relative = np.asarray(seen.columns["lead_time_days_sd"], np.float64) / np.maximum(in_use, 1.0)
    terms_sd = np.bincount(group, weights=relative, minlength=groups) / np.maximum(np.bincount(group), 1)
    return newest_against_terms(*events, terms_sd, groups)


def _groups(seen: Seen, in_use: FloatArray) -> tuple[IntArray, int]:
    """Items that share a supplier and the kind of its terms [(n,)]: the same lead time, or one measured on receipts."""
    supplier = np.asarray(seen.columns["supplier_id"]).astype(np.int64)
    ruled = seen.columns.get("lead_time_days_ruled")
    measured = np.asarray(seen.columns["lead_time_observations"]) > 0
    if ruled is not None:
        measured = measured & (np.asarray(ruled) < 0)
    terms = np.where(measured, UNKNOWN, np.rint(in_use).astype(np.int64))
    names = seen.labels["supplier_id"]
    nobody = names.index(NO_SUPPLIER) if NO_SUPPLIER in names else UNKNOWN
    alone = np.where(supplier == nobody, np.arange(len(supplier)), UNKNOWN)
    key = (supplier * 4096 + np.clip(terms, -1, 4000) + 1) * (len(supplier) + 1) + alone + 1
    _, group = np.unique(key, return_inverse=True)
    return group.astype(np.int64), int(group.max(initial=-1)) + 1


def _events(
    group: IntArray, log_ratio: FloatArray, received: IntArray, ordered: IntArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """What a group received within one week is one delivery: its group, mean log ratio and first order day [(e,) each].

    Lines of one order, and orders that wait for one ship, come together and tell one thing. Sorted by group, then time.
    """
    key = group * WEEKS_OF_ALL_TIME + received // DAYS_PER_WEEK
    _, first, event, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    mean = np.bincount(event, weights=log_ratio, minlength=len(first)) / np.maximum(count, 1)
    began = received[first].copy()
    np.minimum.at(began, event, ordered)
    return group[first], mean, began


def newest_against_terms(
    who: IntArray, log_ratio: FloatArray, ordered: IntArray, terms_sd: FloatArray, groups: int
) -> Drift:
    """The run of newest deliveries that is surest to differ from the terms in each group.

    ``who``, ``log_ratio`` (log of days ÷ days in use) and ``ordered`` are deliveries (e,) sorted by group, then time;
    ``terms_sd`` (G,) is the spread of the terms as a share of the lead time.
    """
    end = np.searchsorted(who, np.arange(groups), side="right")
    have = end - np.searchsorted(who, np.arange(groups), side="left")
    if not len(who):
        nothing = np.zeros(groups, np.int64)
        return Drift(np.ones(groups), np.zeros(groups), nothing, nothing)
    sd = _spread(who, log_ratio, terms_sd, groups)[:, None]
    back = np.arange(DELIVERIES_MAX)
    there = back < have[:, None]
    # The mean of the terms is a mean of days; the mean of logarithms lies half a variance below its logarithm.
    off = np.where(there, log_ratio[np.maximum(end[:, None] - 1 - back, 0)] + sd**2 / 2.0, 0.0)
    centre = np.median(off[:, :DELIVERIES_MIN], axis=1)[:, None]
    odd = ODD_DELIVERY_SDS * sd
    tame = np.where(there, np.clip(off, np.minimum(centre, 0.0) - odd, np.maximum(centre, 0.0) + odd), 0.0)
    number = back + 1
    mean = np.cumsum(tame, axis=1) / number
    z = np.sign(mean) * np.maximum(np.abs(mean) - TOLERATED_LOG, 0.0) * np.sqrt(number) / sd
    # A drift that the newest ones do not bear out is over, or was answered by new terms.
    newest = mean[:, DELIVERIES_MIN - 1 : DELIVERIES_MIN]
    borne_out = (newest * np.sign(mean) >= NEWEST_SHARE_MIN * np.abs(mean)) & (off[:, :1] * np.sign(mean) > 0)
    allowed = there & (number >= DELIVERIES_MIN) & borne_out
    best = np.argmax(np.where(allowed, np.abs(z), -1.0), axis=1)
    rows, found = np.arange(groups), allowed.any(axis=1)
    return Drift(
        np.where(found, np.exp(mean[rows, best]), 1.0),
        np.where(found, z[rows, best], 0.0),
        np.where(found, best + 1, 0),
        ordered[np.maximum(end - 1 - best, 0)],
    )


def _spread(who: IntArray, log_ratio: FloatArray, terms_sd: FloatArray, groups: int) -> FloatArray:
    """Standard deviation of the logarithm of one delivery's lead time in each group [(G,)].

    From the differences of deliveries in a row, which a drift moves only once, drawn towards that of the terms.
    """
    same = who[1:] == who[:-1]
    squares = np.where(same, np.diff(log_ratio) ** 2 / 2.0, 0.0)
    pairs = np.bincount(who[1:][same], minlength=groups)
    prior = PRIOR_DELIVERIES * np.maximum(terms_sd, LOG_SD_MIN) ** 2
    variance = (prior + np.bincount(who[1:], weights=squares, minlength=groups)) / (PRIOR_DELIVERIES + pairs)
    return np.maximum(np.sqrt(variance), LOG_SD_MIN)


def _is_told(seen: Seen, drift: Drift, group: IntArray, days: FloatArray, in_use: FloatArray) -> BoolArray:
    sure = np.abs(drift.z) >= SURE_Z
    least = math.log1p(float(seen.columns["lead_time_drift_share_min"]))
    sure &= np.abs(np.log(drift.ratio)) >= least
    matters = (np.asarray(seen.columns["daily_mean_units"]) > 0) | (np.asarray(seen.columns["on_order_units"]) > 0)
    bought = matters & ~np.asarray(seen.columns["is_bundle"]) & (in_use > 0)
    told: BoolArray = sure[group] & bought & (np.abs(days) >= DRIFT_DAYS_MIN)
    return told


def _at_stake(seen: Seen, days: FloatArray) -> IntArray:
    columns = seen.columns
    units = np.asarray(columns["daily_mean_units"]) * np.abs(days)
    margin, cost = unit_margin_minor(seen), np.asarray(columns["unit_cost_minor"]).astype(np.float64)
    yearly = cost * np.asarray(columns["holding_cost_share_per_year"])
    each = np.where(days > 0, margin, np.where(cost >= 0, yearly, np.nan))
    return in_whole_minor(units * each)
