"""What is promised is reached: the levels that ``plan`` computes, run against demand drawn from the same process.

Each item is planned once on 130 weeks of history. Its levels then run for years of weekly reviews with backorders: at
the start of a week the position is raised to the order-up-to level where it is at or below the reorder point, the order
arrives after its lead time, and demand comes day by day. The promise holds over many items, not for each: a level
learned from a finite history is sometimes too low for one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from skuwise.core.plan import plan
from tests.builders import Item, inputs_of, plain_rules

ITEMS = 150
HISTORY_WEEKS = 130
WEEKS = 400
#: Weeks before the system has forgotten that it began full.
WARM_UP = 40
DAYS = 7 * WEEKS


@dataclass(frozen=True)
class Outcome:
    """Over all items and weeks after the warm-up."""

    fill_rate: float
    cycle_service: float
    on_hand_mean: float


def daily_demand(kind: str, rate: np.ndarray, days: int, rng: np.random.Generator) -> np.ndarray:
    """Independent days [(n, days) units] with a weekly mean of ``rate``: steady, clumped, or rare and larger."""
    day = np.repeat(rate[:, None] / 7, days, axis=1)
    if kind == "Poisson":
        return rng.poisson(day)
    if kind == "negative binomial":
        # Variance three times the mean, on every day and so in every sum of days.
        return rng.negative_binomial(day / 2, 1 / 3)
    events = rng.random(day.shape) < 0.05
    return np.where(events, 1 + rng.poisson(np.maximum(day / 0.05 - 1, 0)), 0)


def simulate(
    demand: np.ndarray, reorder_point: np.ndarray, level: np.ndarray, lead_days: np.ndarray, rng: np.random.Generator
) -> Outcome:
    """Run the levels. ``lead_days`` (n, WEEKS) is the lead time of an order placed in each week; nothing overtakes."""
    n = len(demand)
    arriving = np.zeros((n, DAYS + 400), np.int64)
    net, position = level.copy(), level.copy()
    last_arrival = np.zeros(n, np.int64)
    asked = met = cycles = good_cycles = 0
    stock_days = 0.0
    rows = np.arange(n)
    for day in range(DAYS):
        counted = day >= 7 * WARM_UP
        if counted and day % 7 == 0:
            # A review period ends here, just before a receipt: whoever is not short now was not short in it.
            cycles += n
            good_cycles += int((net >= 0).sum())
        net = net + arriving[:, day]
        if day % 7 == 0:
            order = np.where(position <= reorder_point, level - position, 0)
            last_arrival = np.maximum(last_arrival, day + lead_days[:, day // 7])
            arriving[rows, last_arrival] += order
            position = position + order
            # A lead time of nought: what is ordered in the morning is there before the customers.
            at_once = (last_arrival == day) & (order > 0)
            net = net + np.where(at_once, order, 0)
        wanted = demand[:, day]
        served = np.clip(net, 0, wanted)
        if counted:
            asked += int(wanted.sum())
            met += int(served.sum())
            stock_days += float(np.maximum(net - wanted, 0).sum())
        net, position = net - wanted, position - wanted
    return Outcome(met / asked, good_cycles / cycles, stock_days / n / (DAYS - 7 * WARM_UP))


def run(
    kind: str,
    *,
    lead: float,
    lead_sd: float = 0.0,
    lot_cost_minor: int = 0,
    without_safety_stock: bool = False,
    **rule: str | float | int,
) -> Outcome:
    rng = np.random.default_rng([20, len(kind), int(lead), int(lead_sd)])
    rate = np.exp(rng.uniform(np.log(2), np.log(40), ITEMS)) if kind != "intermittent" else rng.uniform(0.5, 4, ITEMS)
    past = daily_demand(kind, rate, 7 * HISTORY_WEEKS, rng).reshape(ITEMS, HISTORY_WEEKS, 7).sum(axis=2)
    items = [
        Item(f"SKU-{k:03d}", past[k].tolist(), lead_days=lead, lead_sd_days=lead_sd, order_cost_minor=lot_cost_minor)
        for k in range(ITEMS)
    ]
    columns = plan(inputs_of(items), plain_rules(**rule)).columns
    point, level = columns["reorder_point_units"], columns["order_up_to_level_units"]
    if without_safety_stock:
        less = np.floor(columns["safety_stock_units"]).astype(np.int64)
        point, level = point - less, level - less
    lead_days = (
        rng.gamma((lead / lead_sd) ** 2, lead_sd**2 / lead, (ITEMS, WEEKS))
        if lead_sd
        else np.full((ITEMS, WEEKS), lead)
    )
    return simulate(
        daily_demand(kind, rate, DAYS, rng), point, level, np.minimum(np.round(lead_days), 390).astype(np.int64), rng
    )


KINDS = ["Poisson", "negative binomial", "intermittent"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead", [7.0, 28.0])
@pytest.mark.parametrize("target", [0.90, 0.95, 0.98])
def test_the_fill_rate_is_reached(kind: str, lead: float, target: float) -> None:
    reached = run(kind, lead=lead, service_measure="fill_rate", service_target=target)
    assert target - 0.01 <= reached.fill_rate <= target + 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_the_fill_rate_is_reached_though_lead_times_vary(kind: str) -> None:
    reached = run(kind, lead=28.0, lead_sd=8.0, service_measure="fill_rate", service_target=0.95)
    assert 0.93 <= reached.fill_rate <= 1.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", [0.90, 0.95])
def test_the_cycle_service_level_is_reached(kind: str, target: float) -> None:
    reached = run(kind, lead=14.0, service_measure="cycle_service_level", service_target=target)
    assert target - 0.015 <= reached.cycle_service <= target + 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_the_fill_rate_is_reached_with_an_economic_lot_between_reorder_point_and_level(kind: str) -> None:
    reached = run(kind, lead=14.0, lot_cost_minor=2_000, service_measure="fill_rate", service_target=0.95)
    assert 0.93 <= reached.fill_rate <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_safety_stock_the_promise_would_be_broken(kind: str) -> None:
    terms: dict[str, str | float] = {"service_measure": "fill_rate", "service_target": 0.95}
    kept = run(kind, lead=14.0, **terms)
    dropped = run(kind, lead=14.0, without_safety_stock=True, **terms)
    assert kept.fill_rate >= 0.93
    assert dropped.fill_rate < 0.93
    assert dropped.on_hand_mean < kept.on_hand_mean


def test_the_simulation_serves_nothing_from_an_empty_shelf_and_all_from_an_endless_one() -> None:
    rng = np.random.default_rng(0)
    demand = rng.poisson(1.0, (3, DAYS))
    lead = np.full((3, WEEKS), 7)
    none = simulate(demand, np.full(3, -(10**6)), np.full(3, 0), lead, rng)
    everything = simulate(demand, np.full(3, 10**6), np.full(3, 10**6), lead, rng)
    assert (none.fill_rate, everything.fill_rate, everything.cycle_service) == (0, 1, 1)
