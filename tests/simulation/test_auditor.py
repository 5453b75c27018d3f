"""The auditor catches a run that was tampered with, and says which item, which period and both counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from skuwise.simulate.auditor import AuditError, audit_counts, audit_decisions, audit_totals
from skuwise.simulate.engine import simulate
from skuwise.simulate.shop import UnitCounts, opening_stock, shop_terms

ITEMS, PERIODS = 3, 12
DEMAND = np.random.default_rng(1).poisson(4, (ITEMS, PERIODS))
LEVEL = np.array([[18, 18, 18], [9, 9, 9]])
TERMS = shop_terms(
    ITEMS, lead_time_periods=2, moq_units=4, order_multiple_units=2, backorders=np.array([False, False, True])
)
OPENING = opening_stock(ITEMS, 9, np.array([[0, 3]] * ITEMS))
RESULT = simulate(DEMAND, LEVEL, LEVEL, TERMS, OPENING, trace_items=np.arange(ITEMS), audit=True)
COUNTS = RESULT.counts
assert COUNTS is not None


def tampered(**changes: tuple[int, int, int, int]) -> UnitCounts:
    """The counts with units added: field = (policy, item, period, units)."""
    altered = {}
    for name, (policy, item, period, units) in changes.items():
        values = getattr(COUNTS, name).copy()
        values[policy, item, period] += units
        altered[name] = values
    return replace(COUNTS, **altered)


def audit(counts: UnitCounts) -> None:
    audit_counts(counts, DEMAND, TERMS, OPENING)
    audit_decisions(counts, LEVEL[:, :, None], LEVEL[:, :, None], TERMS, OPENING)


def test_a_run_in_order_passes() -> None:
    audit(COUNTS)
    audit_totals(RESULT, COUNTS, DEMAND, TERMS, OPENING)


@pytest.mark.parametrize("name", list(UnitCounts.__dataclass_fields__))
@pytest.mark.parametrize("units", [1, -1])
@pytest.mark.parametrize("item", [0, 2])
def test_one_unit_more_or_less_anywhere_is_found(name: str, units: int, item: int) -> None:
    for period in range(PERIODS):
        with pytest.raises(AuditError, match=f"item {item}, period"):
            audit(tampered(**{name: (1, item, period, units)}))


def test_the_error_names_item_period_policy_and_both_counts() -> None:
    with pytest.raises(AuditError) as caught:
        audit_counts(tampered(on_hand_units=(1, 2, 5, 7)), DEMAND, TERMS, OPENING)
    there = int(COUNTS.on_hand_units[1, 2, 4] + COUNTS.received_units[1, 2, 5])
    said = "opening + received = sold + closing: item 2, period 5, policy 1"
    assert str(caught.value) == f"{said}: expected {there}, the run counted {there + 7}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"filled_units": (0, 0, 3, -1), "missed_units": (0, 0, 3, 1)}, "sold|stock left|backlog"),
        ({"ordered_units": (0, 1, 11, 1)}, "whole multiples"),
        ({"ordered_units": (0, 1, 11, 2)}, "the order that the levels ask for"),
        ({"ordered_units": (0, 1, 3, 2)}, "received = what was due or ordered"),
        ({"backlog_units": (0, 0, 3, 1)}, "backlog"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, tuple[int, int, int, int]], words: str) -> None:
    with pytest.raises(AuditError, match=words):
        audit(tampered(**changes))


def test_customers_are_not_sent_away_from_a_full_shelf() -> None:
    last = PERIODS - 1
    assert COUNTS.filled_units[0, 0, last] > 0
    kept = {"filled_units": -1, "sold_units": -1, "missed_units": 1, "on_hand_units": 1}
    with pytest.raises(AuditError, match="stock left while customers go without: item 0, period 11, policy 0"):
        audit(tampered(**{name: (0, 0, last, units) for name, units in kept.items()}))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (replace(TERMS, order_periods=1), "orders only at a review"),
        (replace(TERMS, review_periods=np.array([4, 4, 4])), "orders only at a review"),
        (replace(TERMS, moq_units=np.array([10, 10, 10])), "orders reach the MOQ"),
        (replace(TERMS, lead_time_periods=np.array([[3], [3], [3]])), "received = what was due or ordered"),
    ],
)
def test_a_run_under_other_terms_is_found_out(terms: object, words: str) -> None:
    with pytest.raises(AuditError, match=words):
        audit_counts(COUNTS, DEMAND, terms, OPENING)


def test_a_total_that_is_not_the_sum_of_its_periods_is_found() -> None:
    spoil: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
        ("stock_unit_periods", lambda v: v + 1),
        ("cycles", lambda v: v - 1),
        ("in_transit_units", lambda v: v + 2),
        ("closing_on_hand_units", lambda v: v + 1),
    ]
    for name, change in spoil:
        wrong = replace(RESULT, **{name: change(getattr(RESULT, name))})
        with pytest.raises(AuditError, match=f"{name}: item 0, period {PERIODS}, policy 0"):
            audit_totals(wrong, COUNTS, DEMAND, TERMS, OPENING)


def test_counts_of_another_shape_are_refused() -> None:
    with pytest.raises(AuditError, match="shape"):
        audit_counts(COUNTS, DEMAND[:, 1:], TERMS, OPENING)
