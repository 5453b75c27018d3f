"""The engine on cases that a person can count by hand, each period by period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.simulate.engine import simulate
from skuwise.simulate.shop import SEQUENCE_OF_EVENTS, SimulationResult, opening_stock, shop_terms
from skuwise.simulate.supply import NEVER, draw_lead_times, lead_time_in_periods


def one_item(
    demand: list[int], *, s: int, level: int, on_hand: int = 0, due: list[int] | None = None, **terms: Any
) -> SimulationResult:
    pipeline = None if due is None else np.array([due])
    return simulate(
        np.array([demand]),
        np.array([[s]]),
        np.array([[level]]),
        shop_terms(1, **terms),
        opening_stock(1, on_hand, pipeline),
        trace_items=np.array([0]),
        audit=True,
    )


def trace(result: SimulationResult, name: str) -> list[int]:
    return getattr(result.counts, name)[0, 0].tolist()


def test_a_shortage_is_lost_or_waits() -> None:
    """Stock 5; demand 3, 6, 2; an order in period 0 comes in period 2.

    Position 5 is below 8, so 3 are ordered; period 1 has 2 left for 6, so 4 are missed. Lost: 3 arrive and 2 are sold.
    Waiting: the 3 that arrive serve the backlog of 4, so both of the new 2 wait as well.
    """
    lost = one_item([3, 6, 2], s=8, level=8, on_hand=5, lead_time_periods=2)
    assert trace(lost, "ordered_units") == [3, 3, 2]
    assert trace(lost, "filled_units") == [3, 2, 2]
    assert trace(lost, "missed_units") == [0, 4, 0]
    assert trace(lost, "on_hand_units") == [2, 0, 1]
    assert lost.lost_units.item() == 4
    assert lost.backordered_units.item() == 0

    waits = one_item([3, 6, 2], s=8, level=8, on_hand=5, lead_time_periods=2, backorders=True)
    assert trace(waits, "ordered_units") == [3, 3, 6]
    assert trace(waits, "filled_units") == [3, 2, 0]
    assert trace(waits, "sold_units") == [3, 2, 3]
    assert trace(waits, "backlog_units") == [0, 4, 3]
    assert waits.lost_units.item() == 0
    assert waits.backordered_units.item() == 6
    assert waits.backlog_unit_periods.item() == 7


def test_an_order_without_lead_time_is_on_the_shelf_for_the_demand_of_its_period() -> None:
    result = one_item([4, 9, 1], s=6, level=6, lead_time_periods=0)
    assert trace(result, "ordered_units") == [6, 4, 6]
    assert trace(result, "received_units") == [6, 4, 6]
    assert trace(result, "filled_units") == [4, 6, 1]
    assert trace(result, "on_hand_units") == [2, 0, 5]


def test_an_order_with_lead_time_two_is_sold_from_the_start_of_the_second_period_after() -> None:
    result = one_item([0, 0, 5, 0], s=0, level=5, lead_time_periods=2)
    assert trace(result, "ordered_units") == [5, 0, 0, 5]
    assert trace(result, "received_units") == [0, 0, 5, 0]
    assert trace(result, "filled_units") == [0, 0, 5, 0]


def test_the_opening_pipeline_arrives_in_its_periods_and_counts_as_outstanding() -> None:
    """Position at the first decision is 1 on hand + 2 received + 3 + 4 due = 10: nothing is missing."""
    result = one_item([1, 1, 1, 1], s=10, level=10, on_hand=1, due=[2, 0, 3, 4], lead_time_periods=9)
    assert trace(result, "received_units") == [2, 0, 3, 4]
    assert trace(result, "ordered_units") == [0, 1, 1, 1]
    assert result.in_transit_units.item() == 3


def test_the_minimum_comes_before_the_multiple() -> None:
    """One unit is missing: raised to the MOQ of 3, then to whole pairs: 4. The other way round gives 3."""
    result = one_item([0], s=1, level=1, lead_time_periods=1, moq_units=3, order_multiple_units=2)
    assert trace(result, "ordered_units") == [4]


def test_nothing_is_ordered_above_the_reorder_point() -> None:
    """Demand 2 a period from 9; s = 4, S = 10: position 9, 7, 5, 3, so 7 are ordered in the fourth period."""
    result = one_item([2] * 5, s=4, level=10, on_hand=9, lead_time_periods=3)
    assert trace(result, "ordered_units") == [0, 0, 0, 7, 0]


def test_a_level_one_above_the_reorder_point_with_a_multiple_is_an_order_of_fixed_lots() -> None:
    """(s, nQ) with s = 4, Q = 6: at position 3 one lot of 6 is enough to be above 4."""
    result = one_item([2] * 5, s=4, level=5, on_hand=9, lead_time_periods=3, order_multiple_units=6)
    assert trace(result, "ordered_units") == [0, 0, 0, 6, 0]


def test_an_item_is_ordered_only_at_its_reviews() -> None:
    result = one_item([2] * 7, s=50, level=50, on_hand=50, lead_time_periods=1, review_periods=3, first_review_period=1)
    assert trace(result, "ordered_units") == [0, 2, 0, 0, 6, 0, 0]


def test_no_order_is_placed_once_the_books_are_closed() -> None:
    result = one_item([2] * 5, s=10, level=10, on_hand=10, lead_time_periods=1, order_periods=3)
    assert trace(result, "ordered_units") == [0, 2, 2, 0, 0]


def test_a_later_order_may_overtake_an_earlier_one() -> None:
    result = one_item([2, 3, 0, 0], s=5, level=5, on_hand=5, lead_time_periods=np.array([[9, 3, 1, 9]]))
    assert trace(result, "ordered_units") == [0, 2, 3, 0]
    assert trace(result, "received_units") == [0, 0, 0, 3]
    assert result.in_transit_units.item() == 2


def test_an_order_that_never_arrives_is_waited_for_and_then_written_off() -> None:
    """The 4 ordered in period 0 never come; after 2 periods the buyer gives up and orders again."""
    lead = np.array([[NEVER, 2, 2, 2, 2]])
    result = one_item([0, 0, 0, 0, 3], s=4, level=4, lead_time_periods=lead, written_off_after_periods=2)
    assert trace(result, "ordered_units") == [4, 0, 4, 0, 0]
    assert trace(result, "received_units") == [0, 0, 0, 0, 4]
    assert result.never_arrived_units.item() == 4
    assert result.in_transit_units.item() == 0


def test_a_lost_order_is_given_up_when_it_has_waited_the_longest_lead_time_by_default() -> None:
    terms = shop_terms(2, lead_time_periods=np.array([[1, 3, NEVER], [NEVER, NEVER, NEVER]]))
    assert terms.written_off_after_periods.tolist() == [3, 1]


def test_cycles_run_from_receipt_to_receipt() -> None:
    """Receipts in periods 0, 2 and 4: cycles 0–1, 2–3, 4; demand is missed in the second alone."""
    result = one_item([1, 1, 9, 9, 1], s=-1, level=0, due=[5, 0, 5, 0, 5], lead_time_periods=1)
    assert result.cycles.item() == 3
    assert result.cycles_with_stockout.item() == 1
    assert result.stockout_periods.item() == 2
    assert result.empty_periods.item() == 2
    assert result.stock_unit_periods.item() == 4 + 3 + 0 + 0 + 4


def test_levels_may_change_with_time() -> None:
    levels = np.array([[[5, 5, 0]]])
    result = simulate(
        np.array([[5, 5, 5]]), levels, levels, shop_terms(1, lead_time_periods=0), opening_stock(1), audit=True
    )
    assert result.ordered_units.item() == 10
    assert result.lost_units.item() == 5


def test_a_run_of_no_periods_keeps_its_opening() -> None:
    level = np.array([[9]])
    opening = opening_stock(1, 3, np.array([[2]]))
    result = simulate(np.zeros((1, 0), np.int64), level, level, shop_terms(1, lead_time_periods=1), opening, audit=True)
    assert (result.closing_on_hand_units.item(), result.in_transit_units.item(), result.cycles.item()) == (3, 2, 1)


def test_only_the_items_asked_for_are_traced_audited_or_not() -> None:
    rng = np.random.default_rng(0)
    demand, level = rng.poisson(3, (5, 9)), np.full((2, 5), 12)
    terms, opening, asked = shop_terms(5, lead_time_periods=2), opening_stock(5, 6), np.array([3, 1])
    all_items = simulate(demand, level, level, terms, opening, trace_items=np.arange(5)).counts
    for audit in (False, True):
        some = simulate(demand, level, level, terms, opening, trace_items=asked, audit=audit)
        assert some.traced_items.tolist() == [3, 1]
        assert (some.counts.on_hand_units == all_items.on_hand_units[:, asked]).all()
    assert simulate(demand, level, level, terms, opening, audit=True).counts is None


def test_a_shop_without_items_can_be_run() -> None:
    nothing = np.zeros((0, 4), dtype=np.int64)
    level = np.zeros((2, 0), dtype=np.int64)
    result = simulate(nothing, level, level, shop_terms(0, lead_time_periods=1), opening_stock(0), audit=True)
    assert result.sold_units.shape == (2, 0)


def test_a_fraction_of_a_unit_is_refused() -> None:
    with pytest.raises(TypeError, match="integers"):
        one_item([1], s=1, level=1.5, lead_time_periods=1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lead_time_periods": -2}, "lead_time_periods must be -1 or more"),
        ({"lead_time_periods": 1, "review_periods": 0}, "review_periods must be 1 or more"),
        ({"lead_time_periods": 1, "moq_units": -1}, "moq_units must be 0 or more"),
        ({"lead_time_periods": np.array([[1, 2]])}, "lead times for 2 periods, demand for 3"),
        ({"lead_time_periods": 1, "on_hand": -1}, "on_hand_units must not be negative"),
    ],
)
def test_terms_out_of_range_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        one_item([1, 1, 1], s=1, level=1, **wrong)


def test_negative_demand_and_levels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="demand must not be negative"):
        one_item([1, -1], s=1, level=1, lead_time_periods=1)
    terms, opening = shop_terms(1, lead_time_periods=1), opening_stock(1)
    with pytest.raises(ValueError, match="levels must be"):
        simulate(np.array([[1, 1]]), np.array([[1, 1]]), np.array([[1, 1]]), terms, opening)
    with pytest.raises(ValueError, match="policies"):
        simulate(np.array([[1, 1]]), np.array([[1], [1]]), np.array([[1]]), terms, opening)


def test_the_sequence_of_events_says_when_an_order_can_be_sold() -> None:
    assert "can be sold from the start of period t + L" in SEQUENCE_OF_EVENTS


def test_days_become_the_first_period_that_starts_no_earlier_than_the_arrival() -> None:
    days = np.array([0.0, 0.1, 7.0, 7.1, 31.0, np.nan, np.inf, -3.0])
    assert lead_time_in_periods(days, 7).tolist() == [0, 1, 1, 2, 5, NEVER, NEVER, NEVER]


def test_lead_times_are_drawn_from_what_was_seen_for_the_item() -> None:
    seen, count = np.array([[1, 2, 3, NEVER], [5, 0, 0, 0]]), np.array([4, 1])
    drawn = draw_lead_times(seen, count, np.array([1, 2], dtype=np.uint64), 8000, seed=3)
    shares = [(drawn[0] == value).mean() for value in (1, 2, 3, NEVER)]
    assert np.allclose(shares, 0.25, atol=0.02)
    assert (drawn[1] == 5).all()
    follows = np.corrcoef(drawn[0, 1:], drawn[0, :-1])[0, 1]
    assert abs(follows) < 0.05


def test_an_item_without_a_lead_time_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="between one and M"):
        draw_lead_times(np.array([[1]]), np.array([0]), np.array([1], dtype=np.uint64), 3, seed=0)
