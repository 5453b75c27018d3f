"""Guard-rails: what a shop may write, and which changes they let through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import GuardRail, RulebookError, allowed_changes, built_in_rulebook, parse_rulebook
from skuwise.core.rules.conditions import AnyOf, Items
from skuwise.core.rules.record import from_record, to_record
from tests.contract.rules_shop import LABELS, columns

ITEMS = Items(columns(), LABELS)
BOOT, HAT, SOCK, TEE_EAST, TEE_MAIN = range(5)
NEVER = float("nan")
WHOLE = """
[[guard_rail]]
name = "Lead times of S2"
field = "lead_time_days_ruled"
when = { supplier_id = "S2", unit_cost_minor = { min = 500 } }
automatic = true
change_share_max = 0.2
value_min = 10
value_max = 40
days_between_changes_min = 60
changes_per_run_max = 2
reason = "their dates have been right for years"
"""


def rails(text: str) -> tuple[GuardRail, ...]:
    return parse_rulebook(text).guard_rails


def rail(field: str, rest: str, name: str = "own") -> str:
    return f'[[guard_rail]]\nname = "{name}"\nfield = "{field}"\n{rest}\n'


def problems_of(text: str) -> list[str]:
    with pytest.raises(RulebookError) as raised:
        parse_rulebook(text)
    return [str(problem) for problem in raised.value.problems]


def asked(
    text: str, *proposals: tuple[int, float, float, float], field: str = "lead_time_days_ruled"
) -> list[tuple[bool, str]]:
    """Proposals are (row, value before, value proposed, days since the latest change)."""
    rows, before, proposed, since = (np.array(column) for column in zip(*proposals, strict=True))
    allowed, why = allowed_changes(rails(text), ITEMS, field, rows, before, proposed, since)
    assert ((why == "") == allowed).all()
    return list(zip(allowed.tolist(), why.tolist(), strict=True))


def test_everything_a_guard_rail_says_is_read() -> None:
    own = rails(WHOLE)[0]
    assert own.when == {"supplier_id": AnyOf(("S2",)), "unit_cost_minor": own.when["unit_cost_minor"]}
    assert (own.name, own.field, own.automatic) == ("Lead times of S2", "lead_time_days_ruled", True)
    assert (own.change_share_max, own.value_min, own.value_max) == (0.2, 10, 40)
    assert (own.days_between_changes_min, own.changes_per_run_max) == (60, 2)
    assert own.reason.startswith("their dates")
    assert own.where == "rules.toml:2"


def test_every_built_in_guard_rail_says_why_and_none_but_three_fields_change_by_themselves() -> None:
    built_in = built_in_rulebook().guard_rails
    assert {one.field for one in built_in} == {"stage", "learn_from", "lead_time_days_ruled"}
    for one in built_in:
        assert one.builtin and one.automatic and len(one.reason.split()) >= 8
    (lead,) = [one for one in built_in if one.field == "lead_time_days_ruled"]
    assert (lead.change_share_max, lead.days_between_changes_min) == (0.5, 28)


def test_guard_rails_travel_with_the_plan_and_are_no_part_of_the_hash() -> None:
    book = parse_rulebook(WHOLE)
    assert from_record(to_record(book)) == book
    assert book.guard_rails[1:] == built_in_rulebook().guard_rails
    assert book.rulebook_hash == built_in_rulebook().rulebook_hash


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "change_share_max = 0.2",
            "change_share_mx = 0.2",
            'rules.toml:7: unknown key "change_share_mx" of a guard-rail. Did you mean "change_share_max"?',
        ),
        (
            "change_share_max = 0.2",
            "change_share_max = 50",
            "change_share_max = 50 is out of range. Write share from 0 to 10; 50 % is written 0.5",
        ),
        ("change_share_max = 0.2", 'change_share_max = "20%"', "change_share_max = '20%' is not a number"),
        ("value_min = 10", "value_min = 50", "rules.toml:9: value_min 50 lies above value_max 40"),
        ("value_max = 40", "value_max = 4000", "value_max = 4000 is out of range. Write days from -1 to 730"),
        (
            "days_between_changes_min = 60",
            "days_between_changes_min = -1",
            "rules.toml:10: days_between_changes_min = -1",
        ),
        ("changes_per_run_max = 2", "changes_per_run_max = 2.5", "changes_per_run_max = 2.5 is not a whole number"),
        ("changes_per_run_max = 2", "changes_per_run_max = 0", "changes_per_run_max = 0 is out of range"),
        ('field = "lead_time_days_ruled"', 'field = "lead_time_ruled"', 'Did you mean "lead_time_days_ruled"?'),
        ('field = "lead_time_days_ruled"', 'field = "abc_a_share"', "abc_a_share is a setting of the whole shop"),
        ('field = "lead_time_days_ruled"', 'field = "stage_pinned"', 'Moves of the stage are field = "stage"'),
        ('field = "lead_time_days_ruled"', "", "rules.toml:2: the guard-rail has no field"),
        ('name = "Lead times of S2"', "", "the guard-rail has no name"),
        ("automatic = true", "", "the guard-rail does not say whether changes are automatic"),
        ("automatic = true", 'automatic = "yes"', "automatic = 'yes' is not true or false"),
        (
            'supplier_id = "S2"',
            'suplier_id = "S2"',
            'a guard-rail may not ask "suplier_id". Did you mean "supplier_id"?',
        ),
        ("{ min = 500 }", "{ min = 500, max = 5 }", "the range of unit_cost_minor from 500 to below 5 is empty"),
        ('reason = "their', 'until = 2027-01-01\nreason = "their', 'unknown key "until" of a guard-rail'),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_mend(old: str, new: str, told: str) -> None:
    assert old in WHOLE
    problems = problems_of(WHOLE.replace(old, new))
    assert any(told in problem for problem in problems), problems


def test_bounds_of_what_waits_for_a_person_are_a_contradiction() -> None:
    (problem,) = problems_of(rail("lead_time_days_ruled", "automatic = false\nchange_share_max = 0.2"))
    assert "change_share_max bounds what is not changed by itself" in problem


@pytest.mark.parametrize("field", ["stage", "learn_from", "reorder_allowed", "service_measure"])
def test_only_numbers_are_bounded_by_size(field: str) -> None:
    (problem,) = problems_of(rail(field, "automatic = true\nvalue_max = 3"))
    assert f"value_max bounds a number, and {field} has none" in problem
    assert rails(rail(field, "automatic = true\ndays_between_changes_min = 7"))[0].days_between_changes_min == 7


def test_two_guard_rails_of_one_name_are_refused() -> None:
    both = rail("stage", "automatic = true") + rail("learn_from", "automatic = true")
    (problem,) = problems_of(both)
    assert 'two guard-rails have the name "own"; the other stands in line 1' in problem


def test_a_guard_rail_in_single_brackets_is_told() -> None:
    (problem,) = problems_of(rail("stage", "automatic = true").replace("[[", "[").replace("]]", "]"))
    assert "Begin each guard-rail with [[guard_rail]]" in problem


def test_without_a_word_of_the_shop_the_built_in_ones_hold() -> None:
    (up, far, soon, at_bound) = asked(
        "", (BOOT, 20, 29, NEVER), (BOOT, 20, 31, NEVER), (HAT, 20, 25, 27), (SOCK, 20, 10, 28)
    )
    assert up == (True, "") and at_bound == (True, "")
    assert far == (False, 'guard-rail "Lead times follow receipts": a change by 55 % is more than 50 %')
    assert soon[1] == 'guard-rail "Lead times follow receipts": changed 27 days ago, 28 must lie between two changes'
    assert asked("", (BOOT, 2, 4, 0), field="stage") == [(True, "")]
    assert asked("", (BOOT, 1, 2, NEVER), field="demand_factor") == [
        (False, "no guard-rail lets demand_factor of this item change by itself")
    ]


def test_a_guard_rail_of_the_shop_holds_instead_of_the_built_in_one_where_it_matches() -> None:
    own = rail("lead_time_days_ruled", 'automatic = true\nwhen = { supplier_id = "S2" }\nchange_share_max = 2')
    (matched, other) = asked(own, (TEE_MAIN, 20, 60, 1), (BOOT, 20, 60, 1))
    assert matched == (True, "")
    assert not other[0] and "Lead times follow receipts" in other[1]
    keeps = rail("stage", 'automatic = false\nreason = "we decide that ourselves"')
    assert asked(keeps, (BOOT, 2, 3, NEVER), field="stage") == [
        (False, 'guard-rail "own" leaves it to a person: we decide that ourselves')
    ]


def test_where_two_of_the_shop_match_both_must_allow_it() -> None:
    both = rail("lead_time_days_ruled", "automatic = true\nvalue_max = 50", "most") + rail(
        "lead_time_days_ruled", 'automatic = true\nwhen = { sku_id = "TEE" }\nvalue_min = 5', "least"
    )
    answers = asked(both, (TEE_EAST, 20, 4, 0), (TEE_EAST, 20, 51, 0), (TEE_EAST, 20, 50, 0), (HAT, 20, 4, 0))
    assert [answer[0] for answer in answers] == [False, False, True, True]
    assert answers[0][1] == 'guard-rail "least": 4 is below 5' and answers[1][1] == 'guard-rail "most": 51 is above 50'


def test_only_so_many_changes_are_made_in_one_run_those_first_that_come_first() -> None:
    own = rail("lead_time_days_ruled", "automatic = true\nchanges_per_run_max = 2\nvalue_max = 50")
    answers = asked(own, (SOCK, 9, 99, 0), (TEE_MAIN, 9, 9, 0), (BOOT, 9, 9, 0), (HAT, 9, 9, 0), (TEE_EAST, 9, 99, 0))
    assert [answer[0] for answer in answers] == [False, True, True, False, False]
    assert answers[3][1] == 'guard-rail "own": this run has made its 2 changes'
    assert "99 is above 50" in answers[4][1]


def test_a_change_from_nothing_or_from_the_unknown_is_beyond_every_share() -> None:
    own = rail("lead_time_days_ruled", "automatic = true\nchange_share_max = 10")
    assert [answer[0] for answer in asked(own, (BOOT, 0, 1, 0), (BOOT, NEVER, 1, 0), (BOOT, 1, NEVER, 0))] == [
        False
    ] * 3


def test_braces_in_a_name_stay_as_they_are() -> None:
    own = rail("lead_time_days_ruled", "automatic = true\nvalue_max = 5", "{0} and {x}")
    assert asked(own, (BOOT, 1, 6, 0)) == [(False, 'guard-rail "{0} and {x}": 6 is above 5')]


def test_no_proposals_are_no_trouble() -> None:
    nothing = np.zeros(0)
    allowed, why = allowed_changes(rails(WHOLE), ITEMS, "stage", np.zeros(0, np.int64), nothing, nothing, nothing)
    assert len(allowed) == len(why) == 0


number = st.one_of(st.just(NEVER), st.floats(-10, 100))
proposal = st.tuples(st.integers(0, 4), number, number, st.one_of(st.just(NEVER), st.floats(0, 90)))
bounded = st.fixed_dictionaries(
    {},
    optional={
        "change_share_max": st.floats(0, 2),
        "value_min": st.floats(0, 50),
        "value_max": st.floats(50, 100),
        "days_between_changes_min": st.floats(0, 60),
    },
)
own_rail = st.builds(
    lambda number, automatic, skus, bounds: GuardRail(
        f"rail {number}", "demand_factor", automatic, {"sku_id": AnyOf(tuple(skus))} if skus else {}, **bounds
    ),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from([(), ("TEE",), ("BOOT", "HAT")]),
    bounded,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(own_rail, max_size=3), st.lists(proposal, min_size=1, max_size=6))
def test_a_change_passes_exactly_where_a_plain_reading_of_each_guard_rail_lets_it(own: Any, proposals: Any) -> None:
    rows, before, proposed, since = (np.array(column) for column in zip(*proposals, strict=True))
    allowed, _ = allowed_changes(own, ITEMS, "demand_factor", rows, before, proposed, since)
    for at, one in enumerate(proposals):
        speaking = [guard for guard in own if plainly_about(guard, one[0])]
        assert allowed[at] == (bool(speaking) and all(plainly_allows(guard, *one[1:]) for guard in speaking))


def plainly_about(guard: GuardRail, row: int) -> bool:
    return not guard.when or str(ITEMS.columns["sku_id"][row]) in guard.when["sku_id"].options  # type: ignore[union-attr]


def plainly_allows(guard: GuardRail, before: float, proposed: float, since: float) -> bool:
    checks = [guard.automatic]
    if guard.value_min is not None:
        checks.append(proposed >= guard.value_min)
    if guard.value_max is not None:
        checks.append(proposed <= guard.value_max)
    if guard.change_share_max is not None:
        known = abs(before) > 0
        checks.append(known and abs(proposed - before) / abs(before) <= guard.change_share_max * (1 + 1e-9))
    if guard.days_between_changes_min is not None:
        checks.append(not since < guard.days_between_changes_min)
    return all(checks)


def test_every_field_can_be_guarded() -> None:
    for field in ("stage", *fields_of("rules")):
        if field != "stage_pinned":
            assert rails(rail(field, "automatic = false"))[0].field == field
