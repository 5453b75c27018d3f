"""Watching a plan: the monitors look at it, and what they find is put in the order of the money at stake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skuwise.core.arrays import IntArray
from skuwise.core.monitoring import (
    dead_and_excess,
    feed,
    feed_days,
    forecast_bias,
    intermittency,
    lead_time_drift,
    level_shift,
    price_change,
    returns,
    season_drift,
    stock_record,
    stockout_ahead,
    supplier,
    volatility,
)
from skuwise.core.monitoring.alarm import Alarms, Monitor, Seen
from skuwise.core.plan import Progress, Steps, run_in_blocks

#: Statistics that the monitors rest on, as columns beside the plan's own.
WATCH: Steps = (
    level_shift.change_of_demand,
    volatility.change_of_spread,
    intermittency.change_of_interval,
    season_drift.change_of_season,
    forecast_bias.bias_of_forecasts,
)
MONITORS: tuple[Monitor, ...] = (
    level_shift.level_shift,
    volatility.volatility,
    intermittency.intermittency,
    season_drift.season_drift,
    forecast_bias.forecast_bias,
    stockout_ahead.stockout_ahead,
    dead_and_excess.dead_and_excess,
    price_change.price_change,
    returns.returns_jump,
    stock_record.stock_record,
    lead_time_drift.lead_time_drift,
    supplier.orders_overdue,
    supplier.late_supplier,
    supplier.short_supplier,
    feed.feed_jumps,
    feed_days.feed_days,
)


def watch(
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    as_of: np.datetime64,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Alarms]:
    """What the monitors find in a plan: its columns with those of ``WATCH`` beside them, and the alarms by rank.

    ``columns`` and ``labels`` are those of a plan, or of a replay's knowledge with the steps of ``core.plan`` run; they
    stay as they are.
    """
    watched = dict(columns)
    run_in_blocks(WATCH, watched, progress or _say_nothing, "watch")
    seen = Seen(watched, labels, as_of)
    return watched, ranked(Alarms.joined([found for found in (look(seen) for look in MONITORS) if len(found)]))


def ranked(alarms: Alarms) -> Alarms:
    """The most money first, unknown money last; what is equal follows kind, strength and subject.

    >>> day = np.array(["2026-01-05"] * 3, "datetime64[D]")
    >>> some = Alarms.of_items("excess", np.arange(3), day, np.ones(3), np.array([-1, 500, 900]))
    >>> ranked(some).item.tolist()
    [2, 1, 0]
    """
    return alarms.of(rank(alarms)) if len(alarms) > 1 else alarms


def rank(alarms: Alarms) -> IntArray:
    """Rows of the alarms [(k,)] in the order of ``ranked``."""
    return np.lexsort((alarms.subject, alarms.item, -alarms.strength, alarms.kind, -alarms.money_minor))


def _say_nothing(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
