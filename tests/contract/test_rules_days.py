"""Fields whose value is a day, from the file and the table to the plan, its folder and its explanations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuwise.core.dictionary import fields_of
from skuwise.core.plan import plan
from skuwise.core.rules import (
    Rulebook,
    RulebookError,
    explain_field,
    explanation,
    parse_overrides,
    parse_rulebook,
    resolve,
)
from skuwise.core.rules.record import from_record, to_record
from skuwise.core.rules.values import array_type, as_column, as_number, of_number, told, told_in
from skuwise.core.trace import explain, render
from skuwise.snapshot import read_plan, write_plan
from tests.builders import Item, inputs_of
from tests.contract.rules_shop import AS_OF, LABELS, columns

HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason\n"
TEE_EAST = 3
FIELD = fields_of("rules")["learn_from"]


def book(value: str, *overrides: str) -> Rulebook:
    rules = parse_rulebook(f"[defaults]\nlearn_from = {value}")
    return rules.with_overrides(parse_overrides(HEADER + "\n".join(overrides))) if overrides else rules


def days(rulebook: Rulebook) -> list[str]:
    column = resolve(rulebook, columns(), LABELS, AS_OF).values["learn_from"]
    assert column.dtype == array_type(FIELD) == np.dtype("datetime64[D]")
    return [str(day) for day in column]


def test_a_day_is_written_as_toml_has_it_or_in_quotes() -> None:
    assert days(book("2025-11-03")) == days(book('"2025-11-03"')) == ["2025-11-03"] * 5
    assert book("2025-11-03").rulebook_hash == book('"2025-11-03"').rulebook_hash != book("2025-11-04").rulebook_hash


def test_where_nobody_names_a_day_there_is_none() -> None:
    assert days(parse_rulebook("")) == days(book('"none"')) == ["NaT"] * 5


def test_an_override_names_a_day_or_takes_it_back() -> None:
    rows = (
        "TEE,EAST,learn_from,2026-01-05,,,2027-01-01,Ana,moved",
        "BOOT,,learn_from,none,,,2027-01-01,Ana,it was right",
    )
    assert days(book("2025-11-03", *rows)) == ["NaT", "2025-11-03", "2025-11-03", "2026-01-05", "2025-11-03"]


def test_two_overrides_that_both_take_it_back_agree_and_a_day_against_none_does_not() -> None:
    nothing = "TEE,,learn_from,none,,,2027-01-01,{},moved"
    assert days(book("2025-11-03", nothing.format("Ana"), nothing.format("Bo")))[TEE_EAST] == "NaT"
    with pytest.raises(RulebookError, match=r"says none, .* says 2026-01-05|says 2026-01-05, .* says none"):
        days(book("2025-11-03", nothing.format("Ana"), "TEE,,learn_from,2026-01-05,,,2027-01-01,Bo,moved"))


def test_two_rules_of_one_layer_must_agree_on_the_day() -> None:
    rule = '[[rule]]\nname = "{}"\nlayer = "sku"\nwhen = {{ sku_id = "TEE" }}\nset = {{ learn_from = {} }}\n'
    same = rule.format("a", "2026-01-05") + rule.format("b", '"2026-01-05"')
    assert days(parse_rulebook(same))[TEE_EAST] == "2026-01-05"
    nothing = rule.format("a", '"none"') + rule.format("b", '"none"')
    assert days(parse_rulebook(nothing))[TEE_EAST] == "NaT"
    with pytest.raises(RulebookError, match=r'a" .* says 2026-01-05, .*b" .* says none'):
        days(parse_rulebook(rule.format("a", "2026-01-05") + rule.format("b", '"none"')))


@pytest.mark.parametrize(
    ("written", "told_of"),
    [
        ('"03.11.2025"', "learn_from = '03.11.2025' is not a day. Write a day such as 2026-12-31, or none"),
        ('"2025-11-31"', "learn_from = '2025-11-31' is not a day"),
        ('""', "learn_from = (blank) is not a day"),
        ("20251103", "learn_from = 20251103 is not a day"),
        ("true", "learn_from = true is not a day"),
        ("2025-11-03T08:00:00", "has a time of day"),
        ("08:00:00", "is not a day"),
        ("0225-11-03", "learn_from = 0225-11-03 is out of range. Write a day from 1900-01-01 to 2199-12-31"),
    ],
)
def test_what_is_no_day_is_refused_with_its_line(written: str, told_of: str) -> None:
    with pytest.raises(RulebookError) as raised:
        book(written)
    (problem,) = raised.value.problems
    assert problem.line == 2 and told_of in str(problem)


def test_a_day_where_another_value_belongs_is_refused() -> None:
    for field in ("lot_days_max", "reorder_allowed", "service_measure", "review_period_days"):
        with pytest.raises(RulebookError):
            parse_rulebook(f"[defaults]\n{field} = 2025-11-03")
    with pytest.raises(RulebookError, match="the override has no value"):
        book("2025-11-03", "TEE,,learn_from,,,,2027-01-01,Ana,moved")


def test_days_travel_with_the_rulebook() -> None:
    rules = book("2025-11-03", "TEE,,learn_from,none,,,2027-01-01,Ana,it was right")
    assert from_record(to_record(rules)) == rules
    assert {type(value) for value in from_record(to_record(rules)).rules[-1].values.values()} == {date}


def test_the_explanation_names_the_days() -> None:
    rules = book("2025-11-03", "TEE,,learn_from,2026-01-05,,,2027-01-01,Ana,moved")
    tried = explain_field(rules, columns(), LABELS, AS_OF, TEE_EAST, "learn_from")
    lines = explanation(tried, "learn_from", "TEE", "EAST")
    assert lines[0].startswith("learn_from = 2026-01-05")
    assert any("none" in line and "dictionary default" in line for line in lines)
    assert any("2025-11-03" in line and "— replaced" in line for line in lines)


def test_a_plan_keeps_and_explains_its_days(tmp_path: Path) -> None:
    items = inputs_of([Item("A", [10] * 104), Item("B", [10] * 104)])
    rules = parse_rulebook("").with_overrides(
        parse_overrides(HEADER + "A,,learn_from,2025-11-03,,,2027-01-01,Ana,moved")
    )
    made = plan(items, rules)
    write_plan(made, tmp_path / "plan")
    again = read_plan(tmp_path / "plan")
    column = again.columns["learn_from"]
    assert column.dtype == np.dtype("datetime64[D]")
    assert [str(day) for day in column] == ["2025-11-03", "NaT"]
    told_text = render(explain(again, "A", None, "learn_from"), full=True, width=100)
    assert "2025-11-03" in told_text and "override by Ana" in told_text
    assert "none" in render(explain(again, "B", None, "learn_from"), full=True, width=100)


@given(st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2199, 12, 31))))
def test_a_day_comes_back_from_its_number_its_column_and_its_words(day: date | None) -> None:
    value = day or "none"
    number = as_number(FIELD, value)
    assert of_number(FIELD, number) == value
    (cell,) = as_column(FIELD, np.array([number]))
    assert of_number(FIELD, cell) == value and np.isnat(cell) == (day is None)
    assert told_in(FIELD, cell) == told_in(FIELD, number) == told(value) == str(value)
