"""Where unmet demand is lost: less stock for the same promise, which is kept, and least cost where money decides."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from skuwise.core.periods import DAYS_PER_YEAR
from skuwise.simulate.scores import bootstrap_difference
from tests.simulation.shop_of_known_demand import Demand, Life, demand_of, live

KINDS = ["Poisson", "negative binomial", "intermittent", "lumpy"]
#: Holding a unit for a week, where it costs 1,000 and holding costs five times that a year.
HOLDING = 1_000 * 5 * 7 / DAYS_PER_YEAR


@cache
def known(kind: str) -> Demand:
    return demand_of(kind)


@cache
def promised(kind: str, lead_weeks: int, target: float, unmet_demand: str) -> Life:
    return live(known(kind), lead_weeks, service_target=target, unmet_demand=unmet_demand)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead_weeks", [2, 4])
@pytest.mark.parametrize("target", [0.90, 0.95, 0.98])
def test_the_fill_rate_is_reached_though_what_is_lost_is_not_ordered(kind: str, lead_weeks: int, target: float) -> None:
    reached = promised(kind, lead_weeks, target, "lost").fill_rate
    assert target - 0.01 <= reached <= target + 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead_weeks", [2, 4])
def test_it_takes_less_stock_than_ordering_what_was_lost_again(kind: str, lead_weeks: int) -> None:
    with_losses = promised(kind, lead_weeks, 0.95, "lost")
    base_stock = promised(kind, lead_weeks, 0.95, "backordered")
    difference = bootstrap_difference(with_losses.stock, base_stock.stock, seed=0)
    assert difference.real
    assert difference.mean < 0


def by_money(kind: str, lead_weeks: int, ratio: float, factor: float = 1.0, **more: Any) -> Life:
    """The shop that decides by money, with a shortage cost ``factor`` times the true one."""
    shortage = round(factor * ratio / (1 - ratio) * HOLDING)
    rules = {"service_measure": "cost", "holding_cost_share_per_year": 5.0, "shortage_cost_minor": shortage}
    return live(known(kind), lead_weeks, **(rules | more))


def cost(life: Life, ratio: float) -> np.ndarray:
    return life.cost(ratio / (1 - ratio) * HOLDING, HOLDING)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead_weeks", [2, 4])
@pytest.mark.parametrize("ratio", [0.75, 0.9])
def test_counting_the_losses_costs_less_than_base_stock(kind: str, lead_weeks: int, ratio: float) -> None:
    with_losses = cost(by_money(kind, lead_weeks, ratio), ratio)
    base_stock = cost(by_money(kind, lead_weeks, ratio, unmet_demand="backordered"), ratio)
    if kind in ("Poisson", "negative binomial"):
        assert bootstrap_difference(with_losses, base_stock, seed=0).real
        assert with_losses.sum() < 0.97 * base_stock.sum()
    # Slow movers lose little on the way, so there is little to gain.
    assert with_losses.sum() < 1.02 * base_stock.sum()


@pytest.mark.parametrize("kind", ["Poisson", "negative binomial", "intermittent"])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("never", [0.1, 0.25])
def test_the_promise_is_near_and_money_is_saved_though_orders_are_lost_on_the_way(
    kind: str, waits: bool, never: float
) -> None:
    shop = {"waits": waits, "unmet_demand": "backordered" if waits else "lost", "never_share": never}
    reached = live(known(kind), 2, told_share=never, service_target=0.95, **shop).fill_rate
    assert 0.92 <= reached <= 0.99
    costs = [cost(by_money(kind, 2, 0.9, told_share=told, **shop), 0.9).sum() for told in (never, 0.0)]
    assert costs[0] < costs[1]


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ratio", [0.75, 0.9, 0.97])
def test_no_other_price_of_a_shortage_finds_a_much_cheaper_policy(kind: str, ratio: float, waits: bool) -> None:
    unmet = "backordered" if waits else "lost"
    lives = {
        factor: cost(by_money(kind, 4, ratio, factor, waits=waits, unmet_demand=unmet), ratio).sum()
        for factor in (0.25, 0.5, 0.75, 1.0, 1.5, 2.5)
    }
    assert lives[1.0] <= 1.03 * min(lives.values()), lives
