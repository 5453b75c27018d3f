"""The shop that every policy lives: the demand it is judged on, what its suppliers do, and what it opens with.

All of this is hindsight, and none of it reaches a policy: it sees what ``window.known_at`` holds, its own stock and its
own orders. Randomness belongs to seed, item and calendar period, so a SKU more, a longer window or another policy
changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.dictionary import fields_of
from skuwise.core.policy.distribution import quantile
from skuwise.planning.lead_times import NO_SUPPLIER, OBSERVATIONS_MIN
from skuwise.planning.names import MAIN_LOCATION
from skuwise.replaying.result import LEAD_TIME_SOURCES
from skuwise.replaying.window import Window
from skuwise.simulate.draws import keyed_bits
from skuwise.simulate.shop import ShopTerms, shop_terms
from skuwise.simulate.supply import NEVER, draw_lead_times

#: Lead times that an item draws from: so many, each with equal weight.
LEAD_TIME_DRAWS = 32
(OWN_RECEIPTS, SUPPLIER_RECEIPTS, GIVEN, ASSUMED) = range(len(LEAD_TIME_SOURCES))


@dataclass(frozen=True, slots=True)
class Demand:
    """What policies are judged on [(n, T) units], the part that is an estimate, and which items are judged at all.

    ``before_units`` (n, W) is the demand of the warm-up, which is lived and not counted.
    ``judged_from`` (n,) is the first period of the window in which an item's demand counts: later than 0 where it was
    launched inside the window, since its first buy is no decision that a history can judge. ``left_out_units`` were
    sold before that. ``bulk_units`` are one-off bulk sales that forecasts do not learn from: they are judged.
    """

    units: IntArray
    before_units: IntArray
    estimated_units: IntArray
    judged: BoolArray
    judged_from: IntArray
    left_out_units: int
    bulk_units: int


def judged_demand(window: Window, hindsight: Mapping[str, Any], wait_periods: IntArray, warm_up: int) -> Demand:
    """Units sold, and in periods out of stock the larger of that and the estimate from both sides.

    ``hindsight`` holds the columns of a plan made at the end. ``wait_periods`` (n,): how long after its launch an item
    can first have been reordered and received. ``warm_up``: periods before the window that are lived uncounted.
    """
    span, before = slice(window.first, None), slice(window.first - warm_up, window.first)
    sales = window.inputs.history.sales_units
    censored, wanted = hindsight["censored"], hindsight["own_demand_units"]
    missed = np.where(censored, np.maximum(wanted - sales, 0.0), 0.0)
    # Fractions are carried on to the next estimate, so that slow items keep theirs.
    carried = np.floor(np.cumsum(missed, axis=1) + 0.5).astype(np.int64)
    estimated = np.diff(carried, axis=1, prepend=0)
    units = sales + estimated
    began = hindsight["own_first_period"] - window.first
    judged_from = np.where(began >= 0, np.minimum(began + wait_periods, window.periods), 0)
    judged = ~hindsight["is_bundle"] & (hindsight["own_first_period"] >= 0) & (judged_from < window.periods)
    counts = judged[:, None] & (np.arange(window.periods)[None, :] >= judged_from[:, None])
    left_out = np.where(counts | hindsight["is_bundle"][:, None], 0, sales[:, span]).sum()
    bulk = np.where(counts & ~censored[:, span], np.maximum(sales[:, span] - wanted[:, span], 0.0), 0.0).sum()
    return Demand(
        units=np.where(counts, units[:, span], 0),
        before_units=np.where(judged[:, None], units[:, before], 0),
        estimated_units=np.where(counts, estimated[:, span], 0),
        judged=judged,
        judged_from=judged_from,
        left_out_units=int(left_out),
        bulk_units=int(bulk),
    )


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Lead times in periods to draw from [(n, LEAD_TIME_DRAWS)] and where they come from [(n,) LEAD_TIME_SOURCES]."""

    periods: IntArray
    source: IntArray


def lead_times(window: Window, hindsight: Mapping[str, Any]) -> LeadTimes:
    """What each item's supplier does, from every receipt up to the end of the window, else from the terms.

    As in a plan, an item with fewer than three receipts of its own has its supplier's where these are more. Without
    receipts the lead time is gamma distributed with the mean and deviation of the terms, or as the rules assume.
    """
    item, days = _receipt_days(window)
    own_days, own_count = _even_quantiles(item, days, len(window.inputs.index))
    supplier = window.inputs.attributes.supplier
    of_item = supplier.codes[item]
    pool_days, pool_count = _even_quantiles(of_item, days, len(supplier.names))
    if NO_SUPPLIER in supplier.names:
        pool_count[supplier.names.index(NO_SUPPLIER)] = 0
    pool_count = pool_count[supplier.codes]
    from_pool = (own_count < OBSERVATIONS_MIN) & (pool_count > own_count)
    from_own = ~from_pool & (own_count > 0)
    share = (np.arange(LEAD_TIME_DRAWS) + 0.5) / LEAD_TIME_DRAWS
    mean, sd = hindsight["lead_time_days_mean"], hindsight["lead_time_days_sd"]
    drawn = np.repeat(mean[:, None], LEAD_TIME_DRAWS, axis=1)
    varies = np.flatnonzero((sd > 0) & (mean > 0))
    for column, at in enumerate(share):
        drawn[varies, column] = quantile(np.full(len(varies), at), mean[varies], sd[varies])
    drawn[from_own] = own_days[from_own]
    drawn[from_pool] = pool_days[supplier.codes[from_pool]]
    source = np.select(
        [from_own, from_pool, hindsight["lead_time_known"]], [OWN_RECEIPTS, SUPPLIER_RECEIPTS, GIVEN], ASSUMED
    )
    return LeadTimes(whole_periods(drawn, window.grid.period_days), source.astype(np.int64))


def whole_periods(days: FloatArray, period_days: int) -> IntArray:
    """Whole periods whose mean along a row is the mean of the days [(n, M) periods].

    An order counts from the start of a period. Always rounding up would make every supplier late by half a period;
    here the draws of a row are rounded up in as many cases as the fraction says.

    >>> whole_periods(np.full((1, 8), 10.5), 7).tolist()
    [[1, 2, 1, 2, 1, 2, 1, 2]]
    >>> whole_periods(np.full((1, 3), 14.0), 7).tolist()
    [[2, 2, 2]]
    """
    draws = days.shape[1]
    spread = _van_der_corput(draws) + 0.5 / (2 * draws)
    periods: IntArray = np.floor(days / period_days + spread[None, :]).astype(np.int64)
    return periods


def _van_der_corput(count: int) -> FloatArray:
    """0, 1/2, 1/4, 3/4, ...: evenly spread from 0 to below 1 for any count."""
    left, value, weight = np.arange(count), np.zeros(count), 0.5
    while left.any():
        value += weight * (left % 2)
        left, weight = left // 2, weight / 2
    return value


def terms_of_supply(
    window: Window, hindsight: Mapping[str, Any], times: LeadTimes, seed: int, warm_up: int
) -> ShopTerms:
    """Terms of the periods from ``warm_up`` before the window to its end; the draws carry the calendar in their name.

    Orders never arrive with the share that the supply terms say. Reviews are the policies' own, so every period is open
    here.
    """
    n = len(window.inputs.index)
    first, periods = window.absolute_first - warm_up, warm_up + window.periods
    key = window.inputs.index.item_key
    count = np.full(n, LEAD_TIME_DRAWS)
    lead = draw_lead_times(times.periods, count, key, periods, seed, first_period=first)
    undelivered = np.nan_to_num(hindsight["undelivered_share_given"])
    if (undelivered > 0).any():
        luck = keyed_bits(seed, "undelivered", key, periods, first) * 2.0**-64
        lead = np.where(luck < undelivered[:, None], NEVER, lead)
    return shop_terms(
        n,
        lead_time_periods=lead,
        moq_units=hindsight["moq_units"],
        order_multiple_units=hindsight["order_multiple_units"],
        backorders=backorders(hindsight),
        written_off_after_periods=np.maximum(times.periods.max(axis=1), 1),
    )


def backorders(columns: Mapping[str, Any]) -> BoolArray:
    """Where customers wait for what is short; elsewhere it is lost [(n,)]."""
    rule = fields_of("rules").get("unmet_demand")
    if rule is None or "unmet_demand" not in columns:
        return np.zeros(len(columns["sku_id"]), dtype=np.bool_)
    waits: BoolArray = columns["unmet_demand"] == rule.choices.index("backordered")
    return waits


def rows_of_table(frame: pl.DataFrame, inputs: PlanInputs) -> IntArray:
    """The item of each row of a table that names SKU and location; −1 where it is none [(rows,)]."""
    locations = np.unique(inputs.index.location_id)
    default = str(locations[0]) if len(locations) == 1 else MAIN_LOCATION
    items = pl.DataFrame(
        {
            "sku_id": inputs.index.sku_id.tolist(),
            "location_id": inputs.index.location_id.tolist(),
            "item": np.arange(len(inputs.index)),
        },
        schema_overrides={"sku_id": pl.String, "location_id": pl.String},
    )
    place = pl.col("location_id").cast(pl.String) if "location_id" in frame.columns else pl.lit(None, pl.String)
    named = frame.select(pl.col("sku_id").cast(pl.String), place.fill_null(default).alias("location_id"))
    found = named.join(items, on=["sku_id", "location_id"], how="left", maintain_order="left")
    return found["item"].fill_null(-1).to_numpy().astype(np.int64)


def _receipt_days(window: Window) -> tuple[IntArray, FloatArray]:
    """Item and lead time in days of each receipt before the end that knows when it was ordered."""
    nothing = np.empty(0, dtype=np.int64), np.empty(0)
    receipts = window.dataset.table("receipts")
    if receipts is None or "ordered_on" not in receipts.columns:
        return nothing
    end = pl.lit(window.inputs.grid.as_of.astype("datetime64[D]").astype(object))
    ordered, received = pl.col("ordered_on").cast(pl.Date), pl.col("received_on").cast(pl.Date)
    seen = receipts.filter(ordered.is_not_null() & (received >= ordered) & (received < end))
    item = rows_of_table(seen, window.inputs)
    days = seen.select((received - ordered).dt.total_days())["received_on"].to_numpy().astype(np.float64)
    return item[item >= 0], days[item >= 0]


def _even_quantiles(group: IntArray, days: FloatArray, groups: int) -> tuple[FloatArray, IntArray]:
    """Evenly spaced order statistics of each group [(groups, LEAD_TIME_DRAWS)] and how many it has; 0 where none."""
    count = np.bincount(group, minlength=groups).astype(np.int64)
    ordered = days[np.lexsort((days, group))]
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    share = (np.arange(LEAD_TIME_DRAWS) + 0.5) / LEAD_TIME_DRAWS
    place = start[:, None] + np.floor(share[None, :] * count[:, None]).astype(np.int64)
    values = np.append(ordered, 0.0)
    return np.where(count[:, None] > 0, values[np.minimum(place, len(ordered))], 0.0), count
