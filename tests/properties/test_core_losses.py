"""Losses: they only ever make an order smaller, and they are the item's own affair."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.plan import Plan, plan
from tests.builders import Item, inputs_of, plain_rules

QUICK = settings(max_examples=25, deadline=None)

histories = st.lists(st.integers(0, 40), min_size=1, max_size=60)
shelves = st.fixed_dictionaries(
    {
        "on_hand": st.integers(0, 300),
        "backlog": st.integers(0, 20),
        "due": st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), max_size=4),
        "lead_days": st.sampled_from([0.0, 1.0, 9.5, 30.0, 100.0]),
        "lead_sd_days": st.sampled_from([0.0, 2.0, 9.0]),
        "order_cost_minor": st.sampled_from([0, 500]),
    }
)
rules = st.fixed_dictionaries(
    {
        "service_measure": st.sampled_from(["fill_rate", "cycle_service_level", "cost"]),
        "service_target": st.sampled_from([0.5, 0.9, 0.98]),
        "review_period_days": st.sampled_from([1, 7, 28]),
    }
)
LOSSES = ("position_relief_units", "lost_before_receipt_units", "loss_before_receipt_share", "order_quantity_units")


def planned(items: list[Item], **rule: Any) -> Plan:
    return plan(inputs_of(items), plain_rules(**rule))


def losses_of(made: Plan, sku: str) -> list[float]:
    (at,) = np.flatnonzero(made.columns["sku_id"] == sku)
    return [float(made.columns[name][at]) for name in LOSSES]


@QUICK
@given(histories, shelves, rules)
def test_relief_is_never_negative_and_never_more_than_the_level(
    sales: list[int], shelf: dict[str, Any], rule: dict[str, Any]
) -> None:
    found = planned([Item("A", sales, **shelf)], **rule).columns
    assert found["position_relief_units"][0] >= 0
    assert 0 <= found["loss_before_receipt_share"][0] <= 1 + 1e-9
    assert found["lost_before_receipt_units"][0] >= -1e-9
    if found["lost_before_receipt_units"][0] == 0:
        assert found["position_relief_units"][0] == 0


@QUICK
@given(histories, shelves, rules)
def test_where_demand_waits_nothing_is_lost_or_relieved_and_no_less_is_ordered(
    sales: list[int], shelf: dict[str, Any], rule: dict[str, Any]
) -> None:
    # By money the level itself depends on what a shortage costs, which is less where the sale is lost.
    measure = {"service_measure": "fill_rate"} if rule["service_measure"] == "cost" else {}
    rule = rule | measure
    item = Item("A", sales, **shelf)
    waits = planned([item], unmet_demand="backordered", **rule)
    assert losses_of(waits, "A")[:3] == [0, 0, 0]
    assert losses_of(planned([item], **rule), "A")[3] <= losses_of(waits, "A")[3]


@QUICK
@given(histories, shelves, shelves, rules)
def test_another_item_and_the_order_of_the_items_change_nothing(
    sales: list[int], shelf: dict[str, Any], other: dict[str, Any], rule: dict[str, Any]
) -> None:
    # The other item has a history of its own length; both are alone in their category.
    first, second = Item("A", sales, category="a", **shelf), Item("B", sales[::-1], category="b", **other)
    together = planned([first, second], **rule)
    turned = planned([second, first], **rule)
    for sku in ("A", "B"):
        assert losses_of(together, sku) == losses_of(turned, sku)
    alone = planned([first], **rule)
    if alone.columns["level_units_per_period"][0] == together.columns["level_units_per_period"][0] and (
        alone.columns["error_sd_units_per_period"][0] == together.columns["error_sd_units_per_period"][0]
    ):
        assert losses_of(alone, "A") == losses_of(together, "A")


@QUICK
@given(histories, st.sampled_from([1.0, 9.5, 30.0]), st.integers(1, 200))
def test_units_that_come_earlier_never_lose_more(sales: list[int], lead: float, units: int) -> None:
    lost = []
    for due_day in (1, 8, 15, 22, 29):
        found = planned([Item("A", sales, lead_days=lead, on_hand=3, due=[(units, due_day)])]).columns
        lost.append(float(found["lost_before_receipt_units"][0]))
    # More spans of demand are drawn where a receipt cuts the time, so paths differ by their coarseness.
    assert (np.diff(lost) >= -0.03 * np.maximum(1, lost[1:])).all(), lost
