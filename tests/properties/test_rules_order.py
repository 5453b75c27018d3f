"""What must hold of every rulebook, whatever its rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.rules import (
    Resolved,
    Rule,
    RulebookError,
    automatic_rule,
    parse_overrides,
    parse_rulebook,
    resolve,
)
from skuwise.core.rules.record import from_record, to_record
from skuwise.core.steps import take_rows
from tests.contract.rules_shop import AS_OF, LABELS, columns

LAYER_CONDITIONS = {
    "supplier": ['supplier_id = "S1"', 'supplier_id = "S2"'],
    "category": ['category = "Shoes"', 'brand = "Bolt"'],
    "class": ['abc_class = ["A", "B"]', 'xyz_class = "X"', 'criticality = "critical"'],
    "stage": ['stage = "mature"', 'stage = ["new", "growing"]'],
    "segment": ['location_id = "MAIN"', "cv = { min = 0.3, max = 1.3 }", "annual_units = { max = 100 }"],
    "sku": ['sku_id = ["TEE", "BOOT"]', 'sku_id = "HAT"'],
    "sku_location": ['sku_id = "TEE", location_id = "EAST"', 'sku_id = ["SOCK", "TEE"], location_id = "MAIN"'],
}
VALUES = {
    "service_target": ["0.9", "0.97"],
    "lot_days_max": ["5", "30"],
    "reorder_allowed": ["true", "false"],
    "review_period_days": ["3", "9"],
}
HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason"
UNITS = {"service_target": "share", "lot_days_max": "days", "reorder_allowed": "", "review_period_days": "days"}

spoken = st.tuples(
    st.sampled_from(sorted(LAYER_CONDITIONS)), st.integers(0, 2), st.sampled_from(sorted(VALUES)), st.integers(0, 1)
)
override = st.tuples(
    st.sampled_from(["TEE", "HAT", "NONE"]),
    st.sampled_from(["", "MAIN", "EAST"]),
    st.sampled_from(sorted(VALUES)),
    st.integers(0, 1),
)


automatic = st.tuples(
    st.sampled_from(["TEE", "HAT", "NONE"]),
    st.sampled_from(["", "MAIN", "EAST"]),
    st.sampled_from(sorted(VALUES)),
    st.integers(0, 1),
    st.sampled_from(["2026-01-05", "2026-02-02", "2026-03-30"]),
)


def rule_text(number: int, layer: str, condition: int, field: str, value: int) -> str:
    when = LAYER_CONDITIONS[layer][condition % len(LAYER_CONDITIONS[layer])]
    return (
        f'[[rule]]\nname = "rule {number}"\nlayer = "{layer}"\nwhen = {{ {when} }}\n'
        f"set = {{ {field} = {VALUES[field][value]} }}\n"
    )


def override_text(sku_id: str, location_id: str, field: str, value: int) -> str:
    return f"{sku_id},{location_id},{field},{VALUES[field][value]},{UNITS[field]},,2027-01-01,Ana,why"


def change_of(sku_id: str, location_id: str, field: str, value: int, begin: str) -> Rule:
    told = json.loads(VALUES[field][value])
    return automatic_rule(sku_id, location_id, field, told, np.datetime64(begin), reason="why", change_id=begin)


def outcome(
    rules: list[str], overrides: list[str], shop: dict[str, Any], changes: Sequence[Rule] = ()
) -> Resolved | str:
    """What the rulebook resolves to, or what it contradicts itself in."""
    book = parse_rulebook("\n".join(rules)).with_overrides(parse_overrides("\n".join([HEADER, *overrides])))
    book = book.with_automatic(changes)
    try:
        return resolve(book, shop, LABELS, AS_OF)
    except RulebookError as error:
        return ", ".join(sorted({problem.what.split(" for ")[0] for problem in error.problems}))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(spoken, max_size=7),
    st.lists(override, max_size=3),
    st.lists(automatic, max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rules_in_the_file_changes_nothing(spoken: Any, overriding: Any, moved: Any, random: Any) -> None:
    rules = [rule_text(number, *said) for number, said in enumerate(spoken)]
    overrides = [override_text(*said) for said in overriding]
    changes = [change_of(*said) for said in moved]
    first = outcome(rules, overrides, columns(), changes)
    random.shuffle(rules)
    random.shuffle(overrides)
    random.shuffle(changes)
    second = outcome(rules, overrides, columns(), changes)
    if isinstance(first, str) or isinstance(second, str):
        assert first == second
        return
    for name, values in first.values.items():
        np.testing.assert_array_equal(values, second.values[name])
        assert np.array_equal(first.given_by[name], second.given_by[name])
    assert [rule.name for rule in first.rules] == [rule.name for rule in second.rules]


@settings(max_examples=150, deadline=None)
@given(st.lists(spoken, max_size=7), st.lists(override, max_size=3), st.lists(automatic, max_size=4))
def test_the_rule_that_decides_is_of_the_highest_layer_that_matches(spoken: Any, overriding: Any, moved: Any) -> None:
    """Against a plain reading of the layers, one item and one rule at a time."""
    result = outcome(
        [rule_text(number, *said) for number, said in enumerate(spoken)],
        [override_text(*said) for said in overriding],
        columns(),
        [change_of(*said) for said in moved],
    )
    if isinstance(result, str):
        return
    shop = columns()
    for field in VALUES:
        for row in range(5):
            speaking = [rule for rule in result.rules if field in rule.values and rule.holds_on(date(2026, 3, 2))]
            matching = [rule for rule in speaking if plainly_matches(rule, shop, row)]
            highest = max(rule.precedence for rule in matching)
            assert result.rule_of(field, row).precedence == highest
            said = {rule.values[field] for rule in matching if rule.precedence == highest}
            assert said == {result.values[field][row].item()}


def plainly_matches(rule: Any, shop: dict[str, Any], row: int) -> bool:
    for column, condition in rule.when.items():
        value = shop[column][row]
        value = LABELS[column][value] if column in LABELS else value.item()
        kind, *bounds = condition.key
        if not (value in bounds if kind == "any of" else bounds[0] <= value < bounds[1]):
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(st.lists(spoken, max_size=7), st.lists(override, max_size=3), st.sets(st.integers(0, 4), min_size=1))
def test_resolving_some_rows_gives_those_rows_of_resolving_all(spoken: Any, overriding: Any, chosen: Any) -> None:
    rules = [rule_text(number, *said) for number, said in enumerate(spoken)]
    overrides = [override_text(*said) for said in overriding]
    rows = np.array(sorted(chosen))
    whole, part = outcome(rules, overrides, columns()), outcome(rules, overrides, take_rows(columns(), rows))
    if isinstance(whole, str) or isinstance(part, str):
        assert isinstance(whole, str)  # a part contradicts itself only where the whole does
        return
    for name, values in whole.values.items():
        np.testing.assert_array_equal(values[rows], part.values[name])
        assert np.array_equal(whole.given_by[name][rows], part.given_by[name])


@settings(max_examples=100, deadline=None)
@given(st.lists(spoken, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_rules(spoken: Any, random: Any) -> None:
    rules = [rule_text(number, *said) for number, said in enumerate(spoken)]
    before = parse_rulebook("\n".join(rules)).rulebook_hash
    random.shuffle(rules)
    assert parse_rulebook("\n".join(["# shuffled", *rules])).rulebook_hash == before
    assert parse_rulebook("\n".join(rules[1:])).rulebook_hash != before


@settings(max_examples=100, deadline=None)
@given(st.lists(spoken, max_size=5), st.lists(automatic, max_size=4))
def test_taking_out_every_change_gives_the_first_rulebook_and_its_values(spoken: Any, moved: Any) -> None:
    book = parse_rulebook("\n".join(rule_text(number, *said) for number, said in enumerate(spoken)))
    changed = book.with_automatic([change_of(*said) for said in moved])
    assert (changed.rulebook_hash == book.rulebook_hash) == (not moved)
    assert changed.with_automatic([]) == book


@settings(max_examples=100, deadline=None)
@given(st.lists(spoken, max_size=5), st.lists(automatic, max_size=4), st.lists(override, max_size=2))
def test_a_rulebook_comes_back_from_its_record(spoken: Any, moved: Any, overriding: Any) -> None:
    book = parse_rulebook("\n".join(rule_text(number, *said) for number, said in enumerate(spoken)))
    book = book.with_automatic([change_of(*said) for said in moved])
    book = book.with_overrides(parse_overrides("\n".join([HEADER, *(override_text(*said) for said in overriding)])))
    assert from_record(to_record(book)) == book
