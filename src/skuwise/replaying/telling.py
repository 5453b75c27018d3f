"""How the replay was lived and what it cannot judge, in sentences with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.arrays import IntArray
from skuwise.replaying.living import COUNT_PERIODS_MAX, NEUTRAL, Past, Start
from skuwise.replaying.looping import Loop
from skuwise.replaying.measuring import Money
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.result import LEAD_TIME_SOURCES
from skuwise.replaying.shop import ASSUMED, Demand
from skuwise.replaying.window import REFRESH_PERIODS, Window


def assumptions(
    window: Window,
    start: Start,
    lead_time_source: IntArray,
    columns: Mapping[str, Any],
    judged_rows: IntArray,
    backorders: int,
    unit_cost_share_assumed: float | None,
) -> Iterator[str]:
    """What holds for every policy alike."""
    judged = len(judged_rows)
    yield (
        f"Judged: {judged} items over {window.periods} periods of {window.grid.period_days} days, "
        f"from {window.grid.start} to the day before {window.grid.as_of}."
    )
    if window.later_start:
        yield f"The window starts {window.later_start} days later than asked for, so that it holds whole periods."
    counted = int(start.counted[judged_rows].sum())
    yield (
        f"Every policy opens with the same stock and the same open orders: {counted} items with a count of the last "
        f"{COUNT_PERIODS_MAX} periods, {judged - counted} after {start.warm_up_periods} uncounted periods in which "
        f"everybody orders up to lead time demand + {NEUTRAL.parameter('cover_weeks'):g} weeks of cover."
    )
    yield (
        "A decision knows the sales, stockouts, promotions and receipts before its day, the stock and the open orders "
        "of its own shop, and for when these were promised. It sees the sales that were, not those that its own stock "
        "would have made."
    )
    yield (
        f"Lead times and costs measured on receipts and prices measured on sales are read anew every {REFRESH_PERIODS} "
        "periods from what had happened by then; terms, catalogue, end-of-life days, bundles and the rulebook are "
        "known from the start."
    )
    by_source = np.bincount(lead_time_source[judged_rows], minlength=len(LEAD_TIME_SOURCES))
    drawn = ", ".join(f"{name} {count}" for name, count in zip(LEAD_TIME_SOURCES, by_source, strict=True) if count)
    yield (
        "The lead time of each order is drawn by seed, item and calendar period, the same for every policy "
        f"({drawn}). Parts of a period are rounded up as often as their fraction says, so that the mean is kept."
    )
    if backorders:
        yield f"Customers of {backorders} items wait for what is short; of the others it is lost."
    else:
        yield "What is short is lost: no customer waits."
    shares = np.unique(columns["holding_cost_share_per_year"][judged_rows])
    told = " to ".join(f"{value:g}" for value in ([shares[0]] if len(shares) == 1 else [shares[0], shares[-1]]))
    yield (
        f"Cost = lost units × shortage cost + mean stock × unit cost × {told} a year + orders × order cost, at "
        "the prices and costs of the end. The shortage cost is the margin (price − unit cost) unless the rules name "
        "another."
    )
    if unit_cost_share_assumed is not None:
        yield f"Where the unit cost is unknown it was assumed to be {unit_cost_share_assumed:g} of the price."


def learning(specs: Sequence[PolicySpec], past: Past) -> Iterator[str]:
    """When the policies that learn from all items had something to learn from."""
    learn = [spec.name for spec in specs if spec.learns]
    if learn:
        trained = sum(lesson.model is not None for lesson in past.lessons.values())
        yield (
            f"For {', '.join(learn)} a model over all items was to be trained every {REFRESH_PERIODS} periods on what "
            f"was known then: {trained} of {len(past.lessons)} times there was enough to learn from. No other policy "
            "sees it."
        )


def changing(specs: Sequence[PolicySpec], loops: Sequence[Loop | None]) -> Iterator[str]:
    """What the policies with a loop changed by themselves."""
    for spec, loop in zip(specs, loops, strict=True):
        if loop is not None:
            told = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in loop.kinds.items())
            yield (
                f"The loop of {spec.name} begins on the first day and changed rules {sum(loop.kinds.values())} times "
                f"by itself{f' ({told})' if told else ''}. Nobody answers what waits for a person."
            )


def cannot_judge(
    window: Window, demand: Demand, money: Money, lead_time_source: IntArray, judged_rows: IntArray
) -> Iterator[str]:
    """What the figures do not say, and how much of them it touches. ``money`` is of the judged items."""
    judged = len(judged_rows)
    total, estimated = int(demand.units.sum()), int(demand.estimated_units.sum())
    known = window.inputs.history.availability_known[judged_rows]
    if estimated:
        yield (
            f"{estimated} of {total} units ({estimated / total:.1%}) are estimated demand of periods out of stock: "
            "nobody knows what would have been bought."
        )
    if not known.all():
        yield (
            f"Of {int((~known).sum())} items nothing is known of stockouts: demand that met an empty shelf is missing, "
            "so a policy that would have had stock is not credited with it."
        )
    yield "Customers who took another item instead, or never came back, are not in it: items are judged one by one."
    yield "Prices and promotions are taken as they were: a policy that would have sold off or held back is not judged."
    yield (
        "Suppliers deliver whatever is ordered in whole lots: shortages, capacity, price breaks, joint minimums and "
        "budgets are not in it."
    )
    if demand.bulk_units:
        yield (
            f"{demand.bulk_units} units were one-off bulk sales. They are judged as demand, though the shop may have "
            "bought for them on purpose."
        )
    launched = int((demand.judged_from[judged_rows] > 0).sum())
    if launched or demand.left_out_units:
        yield (
            f"{launched} items were launched inside the window. Their first buy is no decision from history: they are "
            "judged from the first reorder that could have arrived, and "
            f"{demand.left_out_units} units before it are left out."
        )
    assumed = int((lead_time_source[judged_rows] == ASSUMED).sum())
    if assumed:
        yield f"The lead time of {assumed} items is not known; it is what the rules assume, and so is its spread."
    without = judged - int(money.known.sum())
    if without:
        yield f"{without} of {judged} items have no price or no unit cost: lost margin and costs leave them out."
    if _has_cancellations(window):
        yield (
            "Cancellations are netted against the sales that they undo as known at the end, not on the day on which "
            "they came."
        )
    bundles = int(window.inputs.attributes.is_bundle.sum())
    if bundles:
        yield f"{bundles} bundles are judged through their components, whose demand holds the bundles' sales."


def _has_cancellations(window: Window) -> bool:
    sales = window.dataset.table("sales")
    if sales is None:
        return False
    if "kind" in sales.columns and bool((sales["kind"].cast(pl.String) == "cancellation").any()):
        return True
    return bool((sales["units"] < 0).any())
