"""Orders: whole lots, the minimum first, never more for having more, and no unit made or lost on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.plan import Plan, plan
from tests.builders import Item, inputs_of, plain_rules

QUICK = settings(max_examples=25, deadline=None)

histories = st.lists(st.integers(0, 40), min_size=1, max_size=60)
lots = st.fixed_dictionaries(
    {
        "moq": st.sampled_from([0, 1, 3, 10, 200]),
        "multiple": st.sampled_from([0, 1, 2, 7, 24]),
        "order_cost_minor": st.sampled_from([0, 500, 50_000]),
        "lead_days": st.sampled_from([0.0, 1.0, 9.5, 30.0, 100.0]),
        "lead_sd_days": st.sampled_from([0.0, 2.0, 9.0]),
    }
)
books = st.fixed_dictionaries(
    {
        "on_hand": st.integers(0, 300),
        "reserved": st.integers(0, 20),
        "backlog": st.integers(0, 20),
        "due": st.lists(st.tuples(st.integers(1, 90), st.integers(-20, 400)), max_size=3),
    }
)
rules = st.fixed_dictionaries(
    {
        "service_measure": st.sampled_from(["fill_rate", "cycle_service_level", "cost"]),
        "unmet_demand": st.sampled_from(["lost", "backordered"]),
        "service_target": st.sampled_from([0.5, 0.9, 0.95, 0.999]),
        "max_supply_days": st.sampled_from([0.0, 10.0, 60.0, 365.0]),
        "lot_may_exceed_cap": st.booleans(),
        "review_period_days": st.sampled_from([1, 7, 28]),
    }
)


def planned(items: list[Item], **rule_values: Any) -> Plan:
    return plan(inputs_of(items), plain_rules(**rule_values))


def series(sales: list[int], field: str, values: list[Any], **terms: Any) -> list[Item]:
    """The same item once for each value of one field, cheapest stock first; alone in its category."""
    return [Item(f"SKU-{k}", sales, category=f"only {k}", **(terms | {field: value})) for k, value in enumerate(values)]


@QUICK
@given(histories, lots, books, rules)
def test_an_order_is_nothing_or_at_least_the_minimum_and_whole_multiples(
    sales: list[int], lot: dict[str, Any], book: dict[str, Any], rule: dict[str, Any]
) -> None:
    item = Item("A", sales, **lot, **book)
    units = int(planned([item], **rule).columns["order_quantity_units"][0])
    assert units >= 0
    assert units == 0 or units >= item.moq
    assert units % max(item.multiple, 1) == 0


@QUICK
@given(histories, lots, books, rules)
def test_the_minimum_is_applied_before_the_multiple(
    sales: list[int], lot: dict[str, Any], book: dict[str, Any], rule: dict[str, Any]
) -> None:
    found = planned([Item("A", sales, **lot, **book)], **(rule | {"lot_may_exceed_cap": True})).columns
    need, units = int(found["capped_need_units"][0]), int(found["order_quantity_units"][0])
    case = max(lot["multiple"], 1)
    assert units == (0 if need == 0 else -(-max(need, lot["moq"]) // case) * case)


@QUICK
@given(histories, lots, books, rules)
def test_every_unit_is_counted_once(
    sales: list[int], lot: dict[str, Any], book: dict[str, Any], rule: dict[str, Any]
) -> None:
    item = Item("A", sales, **lot, **book)
    found = planned([item], **rule).columns
    on_order = sum(units for units, _ in item.due)
    assert int(found["due_units"].sum()) == int(found["on_order_units"][0]) == on_order
    late = int((found["on_order_units"] - found["on_order_in_time_units"])[0])
    assert 0 <= late <= on_order
    position = int(found["inventory_position_units"][0])
    assert position + late == item.on_hand + on_order - item.reserved - item.backlog
    need, level = int(found["need_units"][0]), int(found["order_up_to_level_units"][0])
    relief = int(found["position_relief_units"][0])
    assert need in (0, level - position - relief)
    # Nothing was missed, so nothing is added; a bulk sale is cut from the demand and counted apart.
    assert round(float(found["demand_units"].sum() + found["one_off_units"][0])) == sum(sales)
    assert int(found["reorder_point_units"][0]) <= level


@QUICK
@given(histories, lots, rules)
def test_more_stock_or_more_on_order_never_means_a_larger_order(
    sales: list[int], lot: dict[str, Any], rule: dict[str, Any]
) -> None:
    amounts = [0, 1, 2, 5, 10, 20, 40, 80, 160, 320]
    by_stock = planned(series(sales, "on_hand", amounts, **lot), **rule).columns["order_quantity_units"]
    assert (np.diff(by_stock) <= 0).all()
    on_order = [[(units, 0)] if units else [] for units in amounts]
    by_orders = planned(series(sales, "due", on_order, **lot), **rule).columns["order_quantity_units"]
    assert by_orders.tolist() == by_stock.tolist()  # overdue orders count as stock: once


@QUICK
@given(histories, lots, st.sampled_from(["fill_rate", "cycle_service_level"]))
def test_a_higher_service_target_never_means_less_stock(sales: list[int], lot: dict[str, Any], measure: str) -> None:
    made = [
        planned([Item("A", sales, **lot)], service_measure=measure, service_target=target).columns
        for target in (0.5, 0.7, 0.9, 0.95, 0.98, 0.999)
    ]
    for field in ("safety_stock_units", "reorder_point_units", "order_up_to_level_units", "order_quantity_units"):
        values = [float(columns[field][0]) for columns in made]
        assert (np.diff(values) >= -1e-5 * np.maximum(1, values[1:])).all(), (field, values)


@QUICK
@given(histories, st.integers(0, 5_000))
def test_what_a_cap_allows_is_never_exceeded_where_lots_may_not(sales: list[int], cap_days: int) -> None:
    item = Item("A", sales, moq=12, multiple=5)
    found = planned([item], max_supply_days=cap_days / 10, lot_may_exceed_cap=False).columns
    assert int(found["order_quantity_units"][0]) <= int(found["cap_units"][0])
