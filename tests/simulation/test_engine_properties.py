"""What holds in every shop: units are conserved, luck is shared, and no item minds who else is in the run."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from benchmarks.simulation import cases, engine_costs, plain_loop, stepwise_costs
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.simulate.auditor import audit_counts
from skuwise.simulate.engine import simulate
from skuwise.simulate.shop import (
    TOTALS,
    Opening,
    ShopTerms,
    SimulationResult,
    opening_stock,
    result_of_counts,
    shop_terms,
    stack_periods,
)
from skuwise.simulate.stepwise import open_shop, order_up_to, step
from skuwise.simulate.supply import NEVER, draw_lead_times

QUICK = settings(max_examples=40, deadline=None)
Shop = tuple[np.ndarray, np.ndarray, np.ndarray, ShopTerms, Opening]


@st.composite
def shops(draw: Any) -> Shop:
    """Up to 4 items, 3 policies and 14 periods, with any terms."""
    items, policies, periods = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lead = rng.integers(0, 6, items)
    if draw(st.booleans()):
        lead = rng.choice([NEVER, 0, 1, 2, 5], (items, periods))
    terms = shop_terms(
        items,
        lead_time_periods=lead,
        moq_units=rng.integers(0, 12, items),
        order_multiple_units=rng.integers(1, 8, items),
        review_periods=rng.integers(1, 5, items),
        first_review_period=rng.integers(0, 3, items),
        backorders=rng.random(items) < 0.5,
        written_off_after_periods=draw(st.sampled_from([None, 1, 4])),
        order_periods=draw(st.sampled_from([None, 0, 5])),
    )
    due = rng.integers(0, 9, (items, draw(st.integers(0, 8))))
    opening = opening_stock(items, rng.integers(0, 30, items), due, rng.integers(0, 4, items))
    level = rng.integers(-3, 50, (policies, items, draw(st.sampled_from([1, periods]))))
    point = level - rng.integers(0, 10, level.shape)
    return rng.poisson(rng.uniform(0, 9), (items, periods)), point, level, terms, opening


def rows(terms: ShopTerms, chosen: np.ndarray) -> ShopTerms:
    values = {f.name: getattr(terms, f.name)[chosen] for f in fields(terms) if f.name != "order_periods"}
    return replace(terms, **values)


def totals(result: SimulationResult) -> np.ndarray:
    return np.stack([getattr(result, name) for name in TOTALS])


@QUICK
@given(shops())
def test_the_auditor_finds_every_run_in_order(shop: Shop) -> None:
    result = simulate(*shop, audit=True)
    demand, opening = shop[0], shop[4]
    closed = result.sold_units + result.closing_on_hand_units
    assert (opening.on_hand_units + result.received_units == closed).all()
    assert (result.demanded_units == demand.sum(axis=1)).all()
    assert (result.filled_units + result.lost_units + result.backordered_units == result.demanded_units).all()


@QUICK
@given(shops())
def test_living_step_by_step_gives_the_run_at_once(shop: Shop) -> None:
    demand, point, level, terms, opening = shop
    state, lived = open_shop(terms, opening, policies=len(level)), []
    for t in range(demand.shape[1]):
        column = t if level.shape[2] > 1 else 0
        order = order_up_to(state, point[..., column], level[..., column], terms)
        state, counts = step(state, order, demand[:, t], terms)
        lived.append(counts)
    counts = stack_periods(lived)
    audit_counts(counts, demand, terms, opening)
    by_step = result_of_counts(counts, demand, terms, opening)
    at_once = simulate(*shop, trace_items=np.arange(len(demand)))
    assert (totals(by_step) == totals(at_once)).all()
    for field in fields(counts):
        assert (getattr(counts, field.name) == getattr(at_once.counts, field.name)).all(), field.name


@QUICK
@given(shops(), st.randoms(use_true_random=False))
def test_items_in_another_order_or_left_out_keep_their_numbers(shop: Shop, random: Any) -> None:
    demand, point, level, terms, opening = shop
    chosen = np.array(random.sample(range(len(demand)), random.randint(1, len(demand))))
    part = simulate(
        demand[chosen],
        point[:, chosen],
        level[:, chosen],
        rows(terms, chosen),
        Opening(opening.on_hand_units[chosen], opening.due_units[chosen], opening.backlog_units[chosen]),
        audit=True,
    )
    assert (totals(part) == totals(simulate(*shop))[:, :, chosen]).all()


@QUICK
@given(shops())
def test_a_policy_does_the_same_alone_as_beside_others(shop: Shop) -> None:
    demand, point, level, terms, opening = shop
    together = totals(simulate(*shop))
    for k in range(len(level)):
        alone = simulate(demand, point[[k]], level[[k]], terms, opening)
        assert (totals(alone)[:, 0] == together[:, k]).all()


@QUICK
@given(st.integers(0, 2**63), st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=6, unique=True))
def test_an_added_item_or_an_earlier_start_changes_no_lead_time(seed: int, names: list[int]) -> None:
    keys = np.array(names, dtype=np.uint64)
    seen, count = np.tile([1, 2, 3, NEVER], (len(keys), 1)), np.full(len(keys), 4)
    whole = draw_lead_times(seen, count, keys, 30, seed)
    assert (draw_lead_times(seen[1:], count[1:], keys[1:], 30, seed) == whole[1:]).all()
    assert (draw_lead_times(seen, count, keys, 10, seed, first_period=20) == whole[:, 20:]).all()


def test_two_policies_that_order_in_a_period_meet_the_same_supplier() -> None:
    """Without demand both order at once in period 0, and again only what never came, in the same periods."""
    key = np.arange(500, dtype=np.uint64)
    lead = draw_lead_times(np.tile([1, 2, 3, NEVER], (500, 1)), np.full(500, 4), key, 12, seed=5)
    level = np.stack([np.full(500, 10), np.full(500, 40)])
    demand = np.zeros((500, 12), dtype=np.int64)
    terms = shop_terms(500, lead_time_periods=lead)
    run = simulate(demand, level, level, terms, opening_stock(500), trace_items=np.arange(500))
    received = run.counts.received_units
    assert (received[1] == 4 * received[0]).all()
    assert set(np.argmax(received[0] > 0, axis=1)) > {1, 2, 3}


def test_more_stock_never_sells_less_where_every_order_is_the_same_lot_for_lot() -> None:
    rng = np.random.default_rng(4)
    demand = rng.poisson(6, (300, 60))
    level = np.arange(10, 60, 5)[:, None] * np.ones((1, 300), dtype=np.int64)
    run = simulate(demand, level, level, shop_terms(300, lead_time_periods=3), opening_stock(300, 10), audit=True)
    assert (np.diff(run.lost_units.sum(axis=1)) <= 0).all()
    assert (np.diff(run.stock_unit_periods.sum(axis=1)) >= 0).all()


def test_a_plain_loop_counts_the_same_cost_for_every_item() -> None:
    for case in cases(40, periods=40, policies=2):
        at_once, by_step = engine_costs(case), stepwise_costs(case)
        for policy in range(2):
            assert at_once[policy].tolist() == plain_loop(case, policy), case.name
        assert (at_once == by_step).all()


def test_a_step_leaves_the_state_before_it_as_it_was() -> None:
    terms, opening = shop_terms(2, lead_time_periods=2), opening_stock(2, 5)
    state = open_shop(terms, opening)
    step(state, np.array([[3, 3]]), np.array([1, 9]), terms)
    assert state.on_hand_units.tolist() == [[5, 5]]
    assert state.on_order_units.tolist() == [[0, 0]]
    assert state.due_units.sum() == 0
