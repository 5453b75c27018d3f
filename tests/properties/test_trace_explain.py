"""An explanation is a proof: what it says was made anew equals the plan, and what is behind it is what it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skuwise.core.plan import Plan
from skuwise.core.steps import STEPS
from skuwise.core.trace import UnknownNameError, explain, reevaluate_all, render
from skuwise.snapshot.columns import kept_columns
from tests.small_shop import small_plan


@pytest.fixture(scope="module")
def made() -> Plan:
    return small_plan()


def named(plan: Plan, row: int) -> tuple[str, str]:
    return str(plan.columns["sku_id"][row]), str(plan.columns["location_id"][row])


def with_column(plan: Plan, name: str, column: Any) -> Plan:
    return replace(plan, columns={**plan.columns, name: column})


def test_every_explanation_of_every_item_agrees_with_the_plan(made: Plan) -> None:
    for row in range(len(made)):
        told = explain(made, *named(made, row))
        assert told.differing == ()
        assert sum(node.agrees is True for node in told.root.walk()) > 20
        assert told.root.value == made.columns["order_quantity_units"][row]


def test_every_column_of_an_item_can_be_explained(made: Plan) -> None:
    for name in kept_columns(made):
        told = explain(made, *named(made, 0), name)
        assert told.root.column == name
        assert told.differing == ()
        assert render(told, full=True, width=80)


def test_every_node_stands_on_the_stored_values_of_its_inputs(made: Plan) -> None:
    row = 5
    for node in explain(made, *named(made, row)).root.walk():
        stored = made.columns[node.column]
        expected = stored[row] if isinstance(stored, np.ndarray) and stored.ndim else stored
        np.testing.assert_array_equal(node.value, expected)
        if node.kind == "step":
            assert tuple(below.column for below in node.inputs) == STEPS[node.column].inputs


def test_a_number_that_its_step_does_not_make_is_pointed_out(made: Plan) -> None:
    wrong = made.columns["safety_stock_units"].copy()
    wrong[3] += 1
    told = explain(with_column(made, "safety_stock_units", wrong), *named(made, 3))
    assert "safety_stock_units" in {node.column for node in told.differing}
    assert "safety_stock_units" in render(told).splitlines()[-1] + render(told).splitlines()[-2]


def test_reevaluation_counts_the_rows_that_differ(made: Plan) -> None:
    assert set(reevaluate_all(made, STEPS).values()) == {0}
    wrong = made.columns["cv2"].copy()
    wrong[[1, 4]] += 0.25
    assert reevaluate_all(with_column(made, "cv2", wrong), STEPS)["cv2"] == 2


def test_missing_equals_missing_and_nothing_else(made: Plan) -> None:
    assert np.isnan(made.columns["lead_time_days_given"]).any()
    filled = np.nan_to_num(made.columns["stockout_risk_share"], nan=0.0)
    changed = reevaluate_all(with_column(made, "stockout_risk_share", filled), STEPS)["stockout_risk_share"]
    assert changed == int(np.isnan(made.columns["stockout_risk_share"]).sum()) > 0


def test_an_explanation_ends_at_rows_of_files_and_at_rules(made: Plan) -> None:
    row = int(np.flatnonzero(~np.isnan(made.columns["lead_time_days_given"]))[0])
    where = {node.column: node.where for node in explain(made, *named(made, row)).root.walk()}
    assert where["moq_units"] == f"supply row {made.columns['supply_source_row'][row]}"
    assert where["on_hand_units"] == f"stock row {made.columns['stock_source_row'][row]}"
    rule = made.rule_descriptions[made.given_by["service_target"][row]]
    assert where["service_target"] == rule
    assert where["period_days"] == "setting"
    assert all(node.where for node in explain(made, *named(made, row)).root.walk() if not node.inputs)


def test_open_orders_are_named_line_by_line(made: Plan) -> None:
    line = 1
    row = int(made.open_orders.item[line])
    due = next(node for node in explain(made, *named(made, row)).root.walk() if node.column == "due_units")
    assert f"{made.open_orders.order_id[line]}: {made.open_orders.units[line]} units due today" in due.where


def test_what_the_shop_makes_is_not_walked_further(made: Plan) -> None:
    told = explain(made, *named(made, 0), "abc_class")
    cutoff = next(node for node in told.root.walk() if node.column == "abc_a_value_minor_min")
    assert (cutoff.kind, cutoff.agrees, cutoff.inputs) == ("shop", None, ())


def test_depth_ends_the_walk(made: Plan) -> None:
    assert explain(made, *named(made, 0), depth=0).root.inputs == ()
    assert all(not node.inputs for node in explain(made, *named(made, 0), depth=1).root.inputs)


def test_without_a_location_the_larger_order_is_explained_and_the_other_named(made: Plan) -> None:
    skus, counts = np.unique(made.columns["sku_id"], return_counts=True)
    sku = str(skus[counts == 2][0])
    rows = np.flatnonzero(made.columns["sku_id"] == sku)
    told = explain(made, sku)
    assert told.root.value == made.columns["order_quantity_units"][rows].max()
    assert {told.location_id, *told.elsewhere} == {"EAST", "WEST"}


@pytest.mark.parametrize(
    ("sku", "location", "field", "nearest"),
    [
        ("sku-001", None, "order_quantity_units", "SKU-001"),
        ("SKU 001", None, "order_quantity_units", "SKU-001"),
        ("SKU-001", "NORTH", "order_quantity_units", "EAST"),
        ("SKU-001", None, "saftey_stock", "safety_stock_units"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest(
    made: Plan, sku: str, location: str | None, field: str, nearest: str
) -> None:
    with pytest.raises(UnknownNameError, match=nearest):
        explain(made, sku, location, field)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_short_story_fits_the_window_and_one_page(made: Plan, width: int) -> None:
    for row in range(len(made)):
        lines = render(explain(made, *named(made, row)), width=width).splitlines()
        assert max(map(len, lines)) <= width
        if width >= 100:
            assert len(lines) <= 48


def test_the_full_story_tells_every_column_once(made: Plan) -> None:
    told = explain(made, *named(made, 0))
    text = render(told, full=True, width=120)
    for node in told.root.walk():
        starts = [line for line in text.splitlines() if line.strip().startswith(f"{node.label}  ")]
        assert len(starts) >= 1 or f"{node.label}\n" in text, node.label
