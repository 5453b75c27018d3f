"""The charts of a replay. Every policy keeps its ink in all of them; the one the report is about is drawn last."""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.quantities import currency_decimals
from skuwise.replaying.result import Replay, Segment
from skuwise.reports.charts import (
    DEMAND_INK,
    Dot,
    Said,
    Series,
    grouped_bars,
    over_time,
    small_run,
    stacked_bars,
    trade_off,
)
from skuwise.reports.replay_words import (
    amount,
    called,
    figure,
    grouped_by,
    headline_policy,
    money_known,
    share,
)
from skuwise.reports.svg import INKS, shortened

_GROUPS_SHOWN = 12


def inks(replay: Replay) -> list[int]:
    """The ink of each policy: the first of all for the one the report is about; demand's own is never used."""
    ours = headline_policy(replay)
    free = [number for number in range(1, len(INKS)) if number != DEMAND_INK]
    others = [place for place in range(len(replay.names)) if place != ours]
    given = {place: free[turn % len(free)] for turn, place in enumerate(others)} | {ours: 0}
    return [given[place] for place in range(len(replay.names))]


def _series(replay: Replay, values: np.ndarray) -> list[Series]:
    """Values (K, ...) as one series a policy, the report's own last so that it lies on top."""
    ours = headline_policy(replay)
    order = [place for place in range(len(replay.names)) if place != ours] + [ours]
    used = inks(replay)
    return [Series(called(replay.names[place]), used[place], values[place]) for place in order]


def stock_chart(replay: Replay) -> str:
    run = replay.run_of_time
    described = (
        "Units in stock at the end of each period under each policy, all items together. The table below holds it."
    )
    return over_time(
        Said("chart-stock", "Stock over time", described),
        run.starts,
        _series(replay, run.on_hand_units.astype(float)),
        "units in stock, all items",
    )


def lost_chart(replay: Replay) -> str:
    run = replay.run_of_time
    described = "Units asked for and not served at once, added up since the start. The table below holds each period."
    return over_time(
        Said("chart-lost", "Lost units so far", described),
        run.starts,
        _series(replay, np.cumsum(run.lost_units, axis=1).astype(float)),
        "units lost since the start",
    )


def cost_chart(replay: Replay) -> str:
    total, decimals = replay.total, currency_decimals(replay.currency)
    parts = (
        ("being short", 4, total.shortage_cost_minor),
        ("holding stock", 5, total.holding_cost_minor),
        ("placing orders", 6, total.order_cost_minor),
    )
    said = Said(
        "chart-cost",
        "Cost of each policy in its parts",
        "What being short, holding stock and placing orders cost under each policy. The table below holds the figures.",
    )
    return stacked_bars(
        said,
        [called(name) for name in replay.names],
        [Series(name, number, values[:, 0] / 10**decimals) for name, number, values in parts],
        lambda value: amount(value, replay.currency),
    )


def _round_share(value: float) -> str:
    """A share on an axis: with decimals only where the steps have them."""
    return share(value, 0 if abs(100 * value - round(100 * value)) < 1e-6 else 1)


def trade_off_chart(replay: Replay) -> str:
    total = replay.total
    known = bool((total.capital_minor_mean >= 0).all())
    decimals = currency_decimals(replay.currency)
    held = total.capital_minor_mean[:, 0] / 10**decimals if known else total.stock_units_mean[:, 0]
    title = f"mean capital in stock, {replay.currency}" if known else "mean stock, units"
    dots = []
    for place, (name, number) in enumerate(zip(replay.names, inks(replay), strict=True)):
        told = amount(float(held[place]), replay.currency) if known else f"{figure(float(held[place]))} units"
        rate = float(total.fill_rate[place, 0])
        dots.append(Dot(called(name), number, float(held[place]), rate, f"{called(name)}: {share(rate)} with {told}"))
    said = Said(
        "chart-trade-off",
        "Service against capital",
        "One mark a policy: share of demand served against the stock it took. Up and to the left is better.",
    )
    return trade_off(said, dots, title, "share of demand served (fill rate)", shortened, _round_share)


def groups_shown(segment: Segment, most: int) -> list[int]:
    """The groups of a segment in their own order; where they are too many, those with the most demand."""
    groups = len(segment.names)
    if groups <= most:
        return list(range(groups))
    largest: list[int] = np.argsort(-segment.measures.demanded_units[0], kind="stable")[:most].tolist()
    return largest


def segment_chart(replay: Replay, segment: Segment) -> str:
    """Share of demand that was missed, group by group, from nought on: a cut axis would make small gaps look large."""
    shown = groups_shown(segment, _GROUPS_SHOWN)
    said = Said(
        f"chart-segment-{segment.by.replace('_', '-')}",
        f"Share of demand missed by {grouped_by(segment.by)}",
        "For each group the share of the units asked for that was not served at once, under each policy.",
    )
    missed = 1 - segment.measures.fill_rate[:, shown]
    return grouped_bars(
        said, [segment.names[group] or "(none)" for group in shown], _series(replay, missed), share, _round_share
    )


def item_chart(replay: Replay, row: int, place: int) -> str:
    """Demand and stock of one item under the reference and the policy of the report; the replay must hold counts."""
    if replay.counts is None:
        raise ValueError("the replay was made without the counts of its periods")
    ours, base = headline_policy(replay), replay.names.index(replay.reference)
    used, on_hand = inks(replay), replay.counts.on_hand_units
    lines = [
        Series(f"stock, {called(replay.names[k])}", used[k], on_hand[k, row].astype(float))
        for k in dict.fromkeys((base, ours))
    ]
    sku = str(replay.judged.sku_id[row])
    said = Said(
        f"chart-item-{place}", f"Demand and stock of {sku}", "Demand as bars, stock at the ends of the periods."
    )
    demand = Series("demand", DEMAND_INK, replay.demand_units[row].astype(float))
    return small_run(said, replay.run_of_time.starts, lines, demand)


def gains(replay: Replay) -> tuple[np.ndarray, str]:
    """What each item gains by the report's policy against the reference [(n,)], and what it is counted in.

    Cost in minor currency where money is known, else lost units; NaN where the item cannot be judged.
    """
    ours, base = headline_policy(replay), replay.names.index(replay.reference)
    items = replay.items
    if money_known(replay.total):
        known = (items.cost_minor[ours] >= 0) & (items.cost_minor[base] >= 0)
        return np.where(known, (items.cost_minor[base] - items.cost_minor[ours]).astype(float), math.nan), "cost"
    return (items.lost_units[base] - items.lost_units[ours]).astype(float), "lost units"
