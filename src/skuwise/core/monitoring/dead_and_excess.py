"""Dead stock and excess: money that lies on the shelf, and what would bring it back."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from skuwise.core.metrics.windows import DAYS_PER_WEEK
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import matters
from skuwise.core.quantities import ceil_units

DEAD_STOCK = register(
    Kind(
        name="dead_stock",
        subject="item",
        title="Dead stock",
        text="{0:.0f} units have not sold for {1:.0f} weeks in stock; before, it sold every {2:.1f} weeks",
        advice="Buy no more; mark it down, bundle it, sell it to a clearer or write it off.",
        quiet_weeks_to_resolve=0,
    )
)
EXCESS = register(
    Kind(
        name="excess",
        subject="item",
        title="Too much stock",
        text="{0:.0f} units are beyond the {1:.0f} weeks that stock may last ({2:.0f} weeks in all); {3:.0f} of them "
        "are still on order, other locations need {4:.0f}",
        advice="Cancel or put off what is on order, move what another location needs, mark down the rest.",
        quiet_weeks_to_resolve=0,
    )
)
#: Stock that lasts longer than this is told as lasting so long.
WEEKS_TOLD_MAX = 520.0


def dead_and_excess(seen: Seen) -> Alarms:
    """Dead stock, and the excess of items that still sell; one item is never both."""
    dead = dead_items(seen)
    return Alarms.joined([_dead(seen, dead), _excess(seen, dead)])


def dead_items(seen: Seen) -> BoolArray:
    """Items with stock that has not sold for long, by the calendar and by the item's own interval between sales [(n,)].

    A slow item sells once in ten weeks and is well; one that sold every week and has stood for half a year is not.
    """
    columns = seen.columns
    weeks = np.nan_to_num(np.asarray(columns["weeks_in_stock_without_sale"]))
    gap = np.nan_to_num(np.asarray(columns["usual_gap_weeks"]))
    by_gaps = float(columns["dead_stock_gaps_min"]) * gap
    # Weeks out of season count little: a summer item is not dead in winter.
    silent = np.nan_to_num(np.asarray(columns["silent_weeks"]))
    there = np.asarray(columns["stock_known"]) & (np.asarray(columns["on_hand_units"]) > 0)
    long = (weeks >= float(columns["dead_stock_weeks_min"])) & (np.minimum(weeks, silent) >= by_gaps)
    dead: BoolArray = there & long & ~np.asarray(columns["is_bundle"])
    return dead


def _dead(seen: Seen, dead: BoolArray) -> Alarms:
    columns = seen.columns
    money = np.asarray(columns["stock_value_minor"])
    rows = np.flatnonzero(dead & matters(seen, money))
    weeks = np.asarray(columns["weeks_in_stock_without_sale"])[rows]
    gap = np.asarray(columns["usual_gap_weeks"])[rows]
    since = seen.as_of - (weeks * DAYS_PER_WEEK).astype(np.int64).astype("timedelta64[D]")
    usual = np.where(np.isnan(gap), 0.0, gap)
    units = np.asarray(columns["on_hand_units"])[rows]
    return Alarms.of_items(
        DEAD_STOCK.name, rows, since, weeks / np.maximum(usual, 1.0), money[rows], units, weeks, usual
    )


def _excess(seen: Seen, dead: BoolArray) -> Alarms:
    columns = seen.columns
    over, allowed, weeks_max = excess_units(seen)
    cost = np.asarray(columns["unit_cost_minor"])
    money = np.where(cost >= 0, over * np.maximum(cost, 0), -1)
    rows = np.flatnonzero((over > 0) & ~dead & matters(seen, money))
    on_order = np.asarray(columns["on_order_units"])[rows]
    weekly = _weekly_units(seen)[rows]
    in_all = np.maximum(np.asarray(columns["available_units"])[rows], 0) + on_order
    weeks = np.minimum(np.where(weekly > 0, in_all / np.where(weekly > 0, weekly, 1.0), np.inf), WEEKS_TOLD_MAX)
    return Alarms.of_items(
        EXCESS.name,
        rows,
        _too_much_since(seen, rows, allowed[rows]),
        weeks / weeks_max[rows],
        money[rows],
        over[rows],
        weeks_max[rows],
        weeks,
        np.minimum(on_order, over[rows]),
        np.minimum(_wanted_elsewhere(seen)[rows], over[rows]),
    )


def excess_units(seen: Seen) -> tuple[IntArray, IntArray, FloatArray]:
    """Units beyond what may lie there [(n,)], what may lie there [(n,)], and for how many weeks it may last [(n,)].

    Allowed is the demand of ``excess_weeks`` or of the rule's ``max_supply_days`` beyond the lead time, whichever is
    less, and never less than the level up to which the plan itself would order, and a lot.
    """
    columns = seen.columns
    lead = np.asarray(columns["lead_time_days_mean"], np.float64)
    cap = np.asarray(columns["max_supply_days"], np.float64) + lead
    weeks = np.minimum(float(columns["excess_weeks"]), cap / DAYS_PER_WEEK)
    weeks = np.maximum(weeks, np.asarray(columns["protection_interval_days"]) / DAYS_PER_WEEK)
    level = np.asarray(columns["order_up_to_level_units"]) + np.asarray(columns["order_multiple_units"]) - 1
    level = np.maximum(level, np.asarray(columns["reorder_point_units"]) + np.asarray(columns["moq_units"]))
    allowed = np.maximum(ceil_units(_demand_over(seen, weeks)), np.where(columns["reorder_allowed"], level, 0))
    there = np.asarray(columns["available_units"])
    known = (there >= 0) & ~np.asarray(columns["is_bundle"])
    over = np.where(known, np.maximum(there + np.asarray(columns["on_order_units"]) - allowed, 0), 0)
    return over, allowed, weeks


def _too_much_since(seen: Seen, rows: IntArray, allowed: IntArray) -> DateArray:
    """First day of the newest counted periods that all had too much [(k,)]; where only orders make it too much, the
    day on which an order still under way can have been placed."""
    columns, days = seen.columns, seen.period_days
    counted = np.asarray(columns["on_hand_units_mean"])[rows]
    enough = counted <= allowed[:, None]  # A period without a count says nothing.
    held = counted.shape[1] - 1 - np.argmax(enough[:, ::-1], axis=1)
    periods = counted.shape[1] - np.where(enough.any(axis=1), held + 1, 0)
    by_orders = np.asarray(columns["available_units"])[rows] <= allowed
    ago = np.where(by_orders, np.ceil(np.asarray(columns["lead_time_days_mean"])[rows]), periods * days)
    since: DateArray = seen.as_of - ago.astype(np.int64).astype("timedelta64[D]")
    return since


def _demand_over(seen: Seen, weeks: FloatArray) -> FloatArray:
    """Expected demand of the coming weeks [(n,) units]; beyond the horizon it goes on at its mean."""
    mean = np.asarray(seen.columns["mean_units"])
    horizon = mean.shape[1]
    periods = weeks * DAYS_PER_WEEK / seen.period_days
    used = np.concatenate([np.zeros((len(mean), 1)), np.cumsum(mean, axis=1)], axis=1)
    whole = np.minimum(np.floor(periods).astype(np.int64), horizon)
    rows = np.arange(len(mean))
    pace = np.where(whole < horizon, mean[rows, np.minimum(whole, horizon - 1)], used[:, -1] / horizon)
    demand: FloatArray = used[rows, whole] + (periods - whole) * pace
    return demand


def _weekly_units(seen: Seen) -> FloatArray:
    weekly: FloatArray = np.asarray(seen.columns["mean_units"]).mean(axis=1) * (DAYS_PER_WEEK / seen.period_days)
    return weekly


def _wanted_elsewhere(seen: Seen) -> IntArray:
    """Units that the plan would order for the same SKU at other locations [(n,)]."""
    columns = seen.columns
    sku = np.asarray(columns["sku_id"])
    # Items are sorted by SKU: those of one SKU stand together.
    group = np.concatenate([[0], np.cumsum(sku[1:] != sku[:-1])]) if len(sku) else np.empty(0, np.int64)
    order = np.asarray(columns["order_quantity_units"])
    total = np.zeros(len(sku), np.int64)
    np.add.at(total, group, order)
    wanted: IntArray = total[group] - order
    return wanted
