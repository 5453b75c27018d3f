"""A pinned stage: known before anything is computed, in force for every rule, and shown beside what the data tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.core.dictionary import fields_of
from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.plan import Plan, plan, under_rules, understand
from skuwise.core.rules import (
    Rulebook,
    RulebookError,
    automatic_rule,
    built_in_rulebook,
    parse_overrides,
    parse_rulebook,
    pinned_stages,
    resolve,
)
from skuwise.core.trace import explain, render
from skuwise.replaying.deciding import Knowledge
from tests.builders import Item, inputs_of, integers, row
from tests.contract.rules_shop import AS_OF, LABELS, columns

HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason\n"
STEADY = inputs_of([Item("A", [20] * 104, on_hand=10), Item("B", [20] * 104, on_hand=10, category="Shoes")])


def rule(when: str, stage: str = "declining", layer: str = "segment", name: str = "pin") -> str:
    return f'[[rule]]\nname = "{name}"\nlayer = "{layer}"\nwhen = {{ {when} }}\nset = {{ stage_pinned = "{stage}" }}\n'


def pinned(*rows: str, text: str = "") -> Rulebook:
    return parse_rulebook(text).with_overrides(parse_overrides(HEADER + "\n".join(rows)))


def shown(made: Plan, sku: str) -> tuple[Any, ...]:
    found = row(made, sku)
    return found["stage"], found["stage_seen"], bool(found["stage_is_pinned"])


def test_the_choices_are_the_stages_in_their_order_after_none() -> None:
    assert fields_of("rules")["stage_pinned"].choices == ("none", *STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_pinned_stage_is_in_force_and_what_the_data_tell_is_kept(stage: str) -> None:
    made = plan(STEADY, pinned(f"A,,stage_pinned,{stage},,,2027-01-01,Ana,we know"))
    assert shown(made, "A") == (stage, "mature", True)
    assert shown(made, "B") == ("mature", "mature", False)


def test_every_rule_about_the_stage_sees_the_pinned_one() -> None:
    free, held = plan(STEADY), plan(STEADY, pinned("A,,stage_pinned,declining,,,2027-01-01,Ana,we know"))
    assert row(free, "A")["max_supply_days"] == row(held, "B")["max_supply_days"] == 365
    assert row(held, "A")["max_supply_days"] == 56
    stopped = plan(STEADY, pinned("A,,stage_pinned,retired,,,2027-01-01,Ana,gone"))
    assert row(stopped, "A")["order_quantity_units"] == 0 < row(free, "A")["order_quantity_units"]


def test_a_pin_to_the_stage_that_the_data_tell_changes_no_figure() -> None:
    free, held = plan(STEADY), plan(STEADY, pinned("A,,stage_pinned,mature,,,2027-01-01,Ana,we know"))
    told = {"stage_pinned", "stage_is_pinned"}
    for name, column in integers(free).items():
        if name not in told:
            np.testing.assert_array_equal(column, held.columns[name], err_msg=name)


def test_a_pin_over_is_over() -> None:
    made = plan(STEADY, pinned("A,,stage_pinned,declining,,,2026-03-02,Ana,until spring"))
    assert shown(made, "A") == ("mature", "mature", False)


def test_an_undone_move_pins_the_stage_before_and_a_person_may_pin_another() -> None:
    change = automatic_rule("A", "MAIN", "stage_pinned", "growing", AS_OF, reason="move undone", change_id="12ab")
    assert shown(plan(STEADY, built_in_rulebook().with_automatic([change])), "A")[0] == "growing"
    both = pinned("A,,stage_pinned,new,,,2027-01-01,Ana,relaunch").with_automatic([change])
    made = plan(STEADY, both)
    assert shown(made, "A")[0] == "new"
    free = pinned("A,,stage_pinned,none,,,2027-01-01,Ana,let the data tell").with_automatic([change])
    assert shown(plan(STEADY, free), "A") == ("mature", "mature", False)


def test_a_rule_may_pin_by_what_the_catalogue_tells() -> None:
    made = plan(STEADY, parse_rulebook(rule('category = "Shoes"', layer="category")))
    assert [shown(made, sku)[0] for sku in "AB"] == ["mature", "declining"]


@pytest.mark.parametrize(
    "when",
    [
        'supplier_id = "S1"',
        'brand = "Bolt", location_id = "MAIN"',
        'criticality = "critical"',
        'product_id = "TEE"',
        "unit_cost_minor = { min = 800 }",
        "unit_price_minor = { max = 1900 }",
        "days_to_end_of_life = { max = 90 }",
    ],
)
def test_what_is_pinned_early_is_what_the_full_resolution_finds(when: str) -> None:
    book = parse_rulebook(rule(when)).with_overrides(
        parse_overrides(HEADER + "TEE,EAST,stage_pinned,new,,,2027-01-01,Ana,x")
    )
    known = {"sku_id", "location_id", "supplier_id", "category", "brand", "criticality", "product_id"}
    known |= {"unit_cost_minor", "unit_price_minor", "days_to_end_of_life"}
    early = pinned_stages(book, {name: columns()[name] for name in known}, LABELS, AS_OF)
    late = resolve(book, columns(), LABELS, AS_OF).values["stage_pinned"]
    assert early.dtype == late.dtype and early.tolist() == late.tolist()
    assert len(set(early.tolist())) >= 2


@pytest.mark.parametrize(
    ("when", "asked"),
    [
        ('stage = "mature"', "stage"),
        ('abc_class = "A"', "abc_class"),
        ('pattern = "lumpy"', "pattern"),
        ("demand_rate_units_per_period = { max = 1 }", "demand_rate_units_per_period"),
        ('supplier_id = "S1", weeks_on_sale = { min = 100 }', "weeks_on_sale"),
    ],
)
def test_a_pin_by_what_is_computed_later_is_refused_and_says_how_to_mend_it(when: str, asked: str) -> None:
    with pytest.raises(RulebookError) as raised:
        parse_rulebook(rule(when))
    (problem,) = raised.value.problems
    assert problem.line == 4
    assert (
        f"a rule that sets stage_pinned asks {asked}, which is computed after stage_pinned must be known"
        in problem.what
    )
    assert "Ask only supplier_id, category" in problem.mend


def test_two_rules_that_pin_one_item_to_different_stages_are_refused() -> None:
    text = rule('supplier_id = "S1"') + rule('brand = "Acme"', "new", name="other")
    with pytest.raises(RulebookError, match="give stage_pinned different values for 1 item, such as BOOT @ MAIN"):
        pinned_stages(parse_rulebook(text), columns(), LABELS, AS_OF)


def test_what_was_understood_is_shared_by_rulebooks_that_pin_differently() -> None:
    understood, labels = understand(STEADY, built_in_rulebook().settings)
    before = {name: np.copy(column) for name, column in understood.items() if isinstance(column, np.ndarray)}
    day = STEADY.grid.as_of
    for stage in ("declining", "new"):
        columns_of_one, _ = under_rules(pinned(f"A,,stage_pinned,{stage},,,2027-01-01,Ana,x"), understood, labels, day)
        assert [STAGES[code] for code in columns_of_one["stage"]] == [stage, "mature"]
    assert "stage" not in understood
    for name, column in before.items():
        np.testing.assert_array_equal(column, understood[name])


def test_a_replay_shares_what_was_understood_and_the_forecast_of_rulebooks_that_pin_differently() -> None:
    known = Knowledge(STEADY)
    free = built_in_rulebook()
    same, other = (pinned(f"A,,stage_pinned,{stage},,,2027-01-01,Ana,x") for stage in ("mature", "declining"))
    assert known.understood(free)[0] is known.understood(other)[0]
    assert known.ruled(free)["error_sd_units_per_period"] is known.ruled(same)["error_sd_units_per_period"]
    assert [STAGES[code] for code in known.ruled(other)["stage"]] == ["declining", "mature"]
    assert [STAGES[code] for code in known.ruled(free)["stage"]] == ["mature", "mature"]


def test_the_explanation_of_the_stage_names_the_pin_and_who_set_it() -> None:
    made = plan(STEADY, pinned("A,,stage_pinned,declining,,,2027-01-01,Ana,the last season"))
    told = render(explain(made, "A", None, "stage"), full=True, width=120)
    assert "declining" in told and "mature" in told and "override by Ana until 2027-01-01: the last season" in told


def test_a_ruled_lead_time_holds_with_the_share_of_its_deviation_and_is_explained() -> None:
    inputs = inputs_of([Item("A", [20] * 104, lead_days=20, lead_sd_days=4, on_hand=10)])
    free = row(plan(inputs), "A")
    assert (free["lead_time_days_mean"], free["lead_time_days_sd"]) == (20, 4)
    made = plan(inputs, pinned("A,,lead_time_days_ruled,30,days,,2027-01-01,Ana,the port is full"))
    found = row(made, "A")
    assert (found["lead_time_days_mean"], found["lead_time_days_sd"], found["lead_time_known"]) == (30, 6, True)
    assert found["reorder_point_units"] > free["reorder_point_units"] > 0
    told = render(explain(made, "A", None, "lead_time_days_mean"), full=False, width=120)
    assert "30 days" in told and "the port is full" in told


def test_a_ruled_lead_time_is_known_where_nothing_else_tells_it() -> None:
    unknown = inputs_of([Item("A", [20] * 104, lead_days=float("nan"), lead_sd_days=float("nan"))])
    found = row(plan(unknown, pinned("A,,lead_time_days_ruled,0,days,,2027-01-01,Ana,made here")), "A")
    assert (found["lead_time_days_mean"], found["lead_time_days_sd"], found["lead_time_known"]) == (0, 0, True)
    assert "POL-001" not in {
        finding.code for finding in plan(unknown, pinned("A,,lead_time_days_ruled,9,days,,2027-01-01,Ana,x")).findings
    }
    assert "POL-001" in {finding.code for finding in plan(unknown).findings}
