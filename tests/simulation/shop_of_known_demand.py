"""A shop whose demand is known as a distribution and not as draws: what is tested is the policy and not the forecast.

Each week the steps of ``plan`` that decide run on the stock and the orders of that week; then the week is lived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skuwise.core.forecast import interval
from skuwise.core.plan import ORDER, plan
from skuwise.core.steps import run
from skuwise.simulate.shop import opening_stock, shop_terms, stack_periods
from skuwise.simulate.stepwise import open_shop, step
from skuwise.simulate.supply import NEVER
from tests.builders import Item, inputs_of, plain_rules

ITEMS = 100
WARM_UP, WEEKS = 20, 80


@dataclass(frozen=True)
class Demand:
    """``weeks`` (n, WARM_UP + WEEKS) drawn from the distribution with ``mean`` and ``sd`` (n,)."""

    mean: np.ndarray
    sd: np.ndarray
    weeks: np.ndarray


@dataclass(frozen=True)
class Life:
    """What was counted after the warm-up, each item's sum [(n,) units, stock in unit-weeks]."""

    asked: np.ndarray
    missed: np.ndarray
    stock: np.ndarray

    @property
    def fill_rate(self) -> float:
        return float(1 - self.missed.sum() / self.asked.sum())

    def cost(self, shortage: float, holding: float) -> np.ndarray:
        """Shortage × missed + holding × stock at the ends of the weeks [(n,)]."""
        cost: np.ndarray = shortage * self.missed + holding * self.stock
        return cost


def demand_of(kind: str, items: int = ITEMS) -> Demand:
    """Poisson, three times as uneven, in one week of four, or that and of very uneven size."""
    rng = np.random.default_rng([7, len(kind)])
    shape = (items, WARM_UP + WEEKS)
    fast = np.exp(rng.uniform(np.log(2), np.log(40), items))
    slow = rng.uniform(0.25, 2, items)
    if kind == "Poisson":
        return Demand(fast, np.sqrt(fast), rng.poisson(fast[:, None], shape))
    if kind == "negative binomial":
        return Demand(fast, np.sqrt(3 * fast), rng.negative_binomial(fast[:, None] / 2, 1 / 3, shape))
    if kind == "lumpy":
        weeks = rng.negative_binomial(0.25, 0.25 / (0.25 + slow[:, None]), shape)
        return Demand(slow, np.sqrt(slow + slow**2 / 0.25), weeks)
    more = np.maximum(slow / 0.25, 1) - 1
    weeks = np.where(rng.random(shape) < 0.25, 1 + rng.poisson(more[:, None], shape), 0)
    mean = 0.25 * (1 + more)
    return Demand(mean, np.sqrt(0.25 * ((1 + more) ** 2 + more) - mean**2), weeks)


def live(
    demand: Demand,
    lead_weeks: int,
    *,
    waits: bool = False,
    order_cost_minor: int = 0,
    never_share: float = 0.0,
    told_share: float = float("nan"),
    **rules: Any,
) -> Life:
    """Decide and live week by week. ``waits``: unmet demand is backordered instead of lost.

    ``never_share`` of the orders never arrive; ``told_share`` is what the supply table says of it. Such an order is
    taken off the books a week after it was due.
    """
    n = len(demand.mean)
    items = [
        Item(
            f"SKU-{k:03d}",
            [1] * 30,
            lead_days=7.0 * lead_weeks,
            order_cost_minor=order_cost_minor,
            undelivered=told_share,
        )
        for k in range(n)
    ]
    columns = dict(plan(inputs_of(items), plain_rules(**rules)).columns)
    columns |= {
        "level_units_per_period": demand.mean,
        "trend_units_per_period": np.zeros(n),
        "season_index": np.ones_like(columns["season_index"]),
        "error_sd_units_per_period": demand.sd,
        "mean_units": np.repeat(demand.mean[:, None], columns["mean_units"].shape[1], axis=1),
    }
    for made in (interval.interval_demand, interval.interval_spread, *ORDER):
        run(made, columns)
    luck = np.random.default_rng(5).random(demand.weeks.shape)
    terms = shop_terms(
        n,
        lead_time_periods=np.where(luck < never_share, NEVER, lead_weeks) if never_share else lead_weeks,
        backorders=waits,
        written_off_after_periods=lead_weeks + 1,
    )
    full = columns["order_up_to_level_units"] - np.round(columns["lead_mean_units"]).astype(np.int64)
    state = open_shop(terms, opening_stock(n, np.maximum(full, 0)))
    counts = []
    for week in range(demand.weeks.shape[1]):
        # What leaves the books in a week was due a week before it, if it comes at all.
        due = np.concatenate([np.zeros((n, 1), np.int64), state.due_units[0]], axis=1)
        if never_share:
            missing = state.leaving_units[0] - state.due_units[0]
            due[:, : missing.shape[1]] += missing
        columns |= {
            "on_hand_units": state.on_hand_units[0],
            "backlog_units": state.backlog_units[0],
            "due_units": due,
            "overdue_units": np.zeros((n, 1), np.int64),
        }
        for made in ORDER:
            run(made, columns)
        state, counted = step(state, columns["order_quantity_units"][None], demand.weeks[:, week], terms)
        counts.append(counted)
    after = stack_periods(counts[WARM_UP:])
    return Life(
        demand.weeks[:, WARM_UP:].sum(axis=1), after.missed_units[0].sum(axis=1), after.on_hand_units[0].sum(axis=1)
    )
