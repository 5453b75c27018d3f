"""What changed between two plans, and what each cause is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skuwise.core.plan import Plan, plan
from skuwise.core.rules import parse_rulebook
from skuwise.core.trace import PlanDiff, diff, render_diff
from tests.small_shop import small_inputs, small_plan

INPUTS = small_inputs()


@pytest.fixture(scope="module")
def before() -> Plan:
    return small_plan()


def causes_of(compared: PlanDiff) -> set[str]:
    return {name for name, _, _ in compared.causes}


def test_a_plan_does_not_differ_from_itself(before: Plan) -> None:
    same = diff(before, small_plan())
    assert (same.changed_count, same.changes, same.causes, same.added, same.removed) == (0, (), (), (), ())
    assert "the same plan" in render_diff(same)


def test_one_changed_input_is_the_whole_cause(before: Plan) -> None:
    lead = INPUTS.supply.lead_time_days_mean
    after = small_plan(supply=replace(INPUTS.supply, lead_time_days_mean=lead + 21))
    compared = diff(before, after, top=100)
    assert compared.changed_count == len(compared.changes) > 3
    assert causes_of(compared) == {"lead time"}
    for change in compared.changes:
        (cause,) = change.causes
        assert cause.units == change.quantity_after_units - change.quantity_before_units
        assert change.together_units == 0
        assert "lead time" in cause.words
        assert cause.where.startswith("supply row")
    assert compared.units_after - compared.units_before == sum(units for _, _, units in compared.causes)


@pytest.mark.parametrize(
    ("group", "field", "value", "cause"),
    [
        ("stock", "on_hand_units", np.zeros(24, np.int64), "stock"),
        ("supply", "moq_units", np.full(24, 200), "MOQ"),
        ("supply", "order_multiple_units", np.full(24, 48), "order multiple"),
        ("history", "sales_units", INPUTS.history.sales_units * 2, "demand history"),
        ("open_orders", "units", INPUTS.open_orders.units * 20, "open orders"),
    ],
)
def test_each_kind_of_change_is_called_by_its_name(
    before: Plan, group: str, field: str, value: np.ndarray, cause: str
) -> None:
    after = small_plan(**{group: replace(getattr(INPUTS, group), **{field: value})})
    compared = diff(before, after, top=100)
    assert compared.changed_count > 0
    assert cause in causes_of(compared)
    assert any(cause == told.name for change in compared.changes for told in change.causes)


def test_causes_and_what_they_do_together_add_up_to_the_change(before: Plan) -> None:
    supply = replace(INPUTS.supply, lead_time_days_mean=INPUTS.supply.lead_time_days_mean * 1.5)
    stock = replace(INPUTS.stock, on_hand_units=INPUTS.stock.on_hand_units // 2)
    compared = diff(before, small_plan(supply=supply, stock=stock), top=100)
    assert {"lead time", "stock"} <= causes_of(compared)
    for change in compared.changes:
        told = sum(cause.units for cause in change.causes) + change.together_units
        assert told == change.quantity_after_units - change.quantity_before_units


def test_a_changed_rule_is_named_with_its_line(before: Plan) -> None:
    rules = parse_rulebook("[defaults]\nservice_measure = 'cycle_service_level'\nservice_target = 0.999\n", "mine.toml")
    compared = diff(before, plan(INPUTS, rules), top=100)
    assert compared.differs_in == ("rulebook",)
    assert "service target" in causes_of(compared)
    where = {cause.where for change in compared.changes for cause in change.causes}
    assert any("mine.toml:" in place for place in where)


def test_a_week_later_is_compared_item_by_item(before: Plan) -> None:
    grid = replace(INPUTS.history.grid, as_of=INPUTS.history.grid.as_of + np.timedelta64(7, "D"))
    later = small_plan(
        history=replace(INPUTS.history, grid=grid, sales_units=np.roll(INPUTS.history.sales_units, 5, 1))
    )
    compared = diff(before, later)
    assert (compared.before_as_of, compared.after_as_of) == ("2026-03-02", "2026-03-09")
    assert "as-of day" in compared.differs_in
    assert "demand history" in causes_of(compared)


def test_a_longer_history_can_be_compared_with_a_shorter_one(before: Plan) -> None:
    compared = diff(before, plan(small_inputs(periods=120)))
    assert compared.items_compared == 24
    assert compared.changed_count > 0


def test_items_that_came_and_went_are_listed(before: Plan) -> None:
    smaller = small_plan(items=21)
    grown = diff(smaller, before)
    shrunk = diff(before, smaller)
    assert [item[:2] for item in grown.added] == [item[:2] for item in shrunk.removed]
    assert (len(grown.added), len(grown.removed), grown.items_compared) == (3, 0, 21)


def test_codes_are_compared_by_their_words(before: Plan) -> None:
    # One more category name moves every code behind it; nothing else changes.
    category = INPUTS.attributes.category
    moved = replace(category, names=("aaa", *category.names), codes=category.codes + 1)
    after = small_plan(attributes=replace(INPUTS.attributes, category=moved))
    assert diff(before, after).changed_count == 0


def test_the_dearest_changes_come_first_and_only_so_many(before: Plan) -> None:
    after = small_plan(stock=replace(INPUTS.stock, on_hand_units=np.zeros(24, np.int64)))
    every = diff(before, after, top=100)
    money = [abs(change.cost_change_minor) for change in every.changes]
    assert money == sorted(money, reverse=True)
    some = diff(before, after, top=3)
    assert some.changes == every.changes[:3]
    assert some.causes == every.causes
    assert diff(before, after, top=0).changes == ()


@pytest.mark.parametrize("width", [80, 120])
def test_the_comparison_fits_the_window(before: Plan, width: int) -> None:
    after = small_plan(
        stock=replace(INPUTS.stock, on_hand_units=np.zeros(24, np.int64)),
        supply=replace(INPUTS.supply, lead_time_days_mean=INPUTS.supply.lead_time_days_mean + 14),
    )
    assert max(len(line) for line in render_diff(diff(before, after, top=100), width=width).splitlines()) <= width
