"""Resolution: which rule decides which item, and what is told where rules contradict or miss."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import Resolved, Rulebook, RulebookError, built_in_rulebook, parse_overrides, parse_rulebook
from skuwise.core.rules import resolve as resolve_rules
from skuwise.core.rules.values import of_number
from tests.contract.rules_shop import AS_OF, LABELS, columns

HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason\n"
BOOT, HAT, SOCK, TEE_EAST, TEE_MAIN = range(5)
DAYS = [2, 3, 5, 7, 11, 13, 17, 19]


def rule(name: str, layer: str, when: str, values: str, rest: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\nlayer = "{layer}"\nwhen = {{ {when} }}\nset = {{ {values} }}\n{rest}\n'


def resolved(text: str, *overrides: str) -> Resolved:
    return resolve_rules(book(text, *overrides), columns(), LABELS, AS_OF)


def book(text: str, *overrides: str) -> Rulebook:
    rules = parse_rulebook(text)
    return rules.with_overrides(parse_overrides(HEADER + "\n".join(overrides))) if overrides else rules


def lots(text: str, *overrides: str) -> list[float]:
    return resolved("[defaults]\nlot_days_max = 1\n" + text, *overrides).values["lot_days_max"].tolist()


def codes(result: Resolved) -> list[str]:
    return [finding.code for finding in result.findings]


def test_each_layer_wins_over_the_layers_before_it() -> None:
    layers = [
        ("supplier", 'supplier_id = "S2"'),
        ("category", 'category = "T-shirts"'),
        ("class", 'abc_class = "A"'),
        ("stage", 'stage = "mature"'),
        ("segment", "annual_units = { min = 300 }"),
        ("sku", 'sku_id = "TEE"'),
        ("sku_location", 'sku_id = "TEE", location_id = "MAIN"'),
    ]
    text, expected = "", 1
    for days, (layer, when) in zip(DAYS, layers, strict=False):
        assert lots(text)[TEE_MAIN] == expected
        text, expected = rule(layer, layer, when, f"lot_days_max = {days}") + text, days
    assert lots(text)[TEE_MAIN] == expected
    assert lots(text, "TEE,,lot_days_max,99,days,,2027-01-01,Ana,x")[TEE_MAIN] == 99


def test_a_default_of_the_shop_wins_over_every_built_in_rule() -> None:
    assert set(resolved("[defaults]\nservice_target = 0.91").values["service_target"].tolist()) == {0.91}


@pytest.mark.parametrize(
    ("when", "rows"),
    [
        ('pattern = ["smooth", "lumpy"]', [BOOT, SOCK, TEE_EAST]),
        ('abc_class = "A", xyz_class = "X"', [BOOT, TEE_EAST]),
        ("demand_rate_units_per_period = { min = 2, max = 7 }", [BOOT, HAT]),
        ("demand_rate_units_per_period = { min = 7 }", [TEE_EAST, TEE_MAIN]),
        ("annual_units = [20, 40]", [HAT, SOCK]),
        ("lead_time_days_given = { max = 1000 }", [BOOT, SOCK, TEE_EAST, TEE_MAIN]),
        ("unit_cost_minor = { max = 1000 }", [HAT, TEE_EAST, TEE_MAIN]),
        ("unit_cost_minor = -1", []),
        ('location_id = ["EAST", "WEST"]', [TEE_EAST]),
        ('product_id = "TEE", season_source = "own history", stage = "growing"', [TEE_EAST]),
    ],
)
def test_a_condition_is_a_value_any_of_a_list_or_a_range_and_the_unknown_never_matches(
    when: str, rows: list[int]
) -> None:
    assert np.flatnonzero(np.array(lots(rule("r", "segment", when, "lot_days_max = 2"))) == 2).tolist() == rows


def test_a_code_that_is_unknown_matches_no_condition() -> None:
    shop = columns() | {"category": np.array([-1, -1, -1, -1, -1])}
    text = rule("r", "category", 'category = ["Shoes", "T-shirts"]', "lot_days_max = 2")
    assert resolve_rules(parse_rulebook(text), shop, LABELS, AS_OF).matched[-1] == 0


def test_values_have_the_type_of_the_dictionary() -> None:
    result = resolved("")
    kinds = {
        "float64": np.float64,
        "int64": np.int64,
        "flag": np.bool_,
        "choice": np.int16,
        "date": np.dtype("datetime64[D]"),
    }
    assert set(result.values) == set(result.given_by) == set(fields_of("rules"))
    for name, described in fields_of("rules").items():
        assert result.values[name].dtype == kinds[described.dtype]
        assert result.given_by[name].dtype == np.int16


def test_a_choice_is_its_position_among_the_choices() -> None:
    result = resolved('[defaults]\nservice_measure = "cycle_service_level"')
    choices = fields_of("rules")["service_measure"].choices
    assert {choices[code] for code in result.values["service_measure"].tolist()} == {"cycle_service_level"}


def test_the_deciding_rule_is_known_for_every_value() -> None:
    result = resolved(rule("cap", "sku", 'sku_id = "TEE"', "lot_days_max = 2"))
    assert result.rule_of("lot_days_max", TEE_MAIN).name == "cap"
    assert result.rule_of("holding_cost_share_per_year", TEE_MAIN).name == "dictionary default"
    for name, numbers in result.given_by.items():
        for row, number in enumerate(numbers.tolist()):
            stated = result.rules[number].values[name]
            assert stated == of_number(fields_of("rules")[name], result.values[name][row])


def test_counts_tell_for_how_many_items_a_rule_decides_anything() -> None:
    text = rule("both", "category", 'category = "T-shirts"', "lot_days_max = 2, max_supply_days = 9")
    text += rule("one", "sku", 'sku_id = "HAT"', "lot_days_max = 3, max_supply_days = 8")
    result = resolved(text)
    names = [known.name for known in result.rules]
    assert result.counts[names.index("both")] == 2 and result.matched[names.index("both")] == 3
    assert result.counts[names.index("one")] == 1 and result.matched[names.index("one")] == 1
    assert result.counts[0] == result.matched[0] == 5


def test_two_rules_of_one_layer_that_differ_are_an_error_that_names_both() -> None:
    text = rule("A", "class", 'abc_class = "A"', "service_target = 0.98")
    text += rule("smooth", "class", 'pattern = "smooth"', "service_target = 0.96")
    with pytest.raises(RulebookError) as raised:
        resolved(text)
    message = str(raised.value)
    assert '"A" (rules.toml:1) says 0.98' in message and '"smooth" (rules.toml:7) says 0.96' in message
    assert "for 2 items, such as BOOT @ MAIN" in message


def test_every_contradiction_is_told_at_once() -> None:
    text = rule("a", "stage", 'stage = "mature"', "lot_days_max = 2, reorder_allowed = true")
    text += rule("b", "stage", 'stage = ["mature", "new"]', "lot_days_max = 3, reorder_allowed = false")
    with pytest.raises(RulebookError) as raised:
        resolved(text, "TEE,,lot_days_max,8,days,,2027-01-01,Ana,x", "TEE,,lot_days_max,9,days,,2027-01-01,Bo,y")
    told = " ".join(problem.what for problem in raised.value.problems)
    assert len(raised.value.problems) == 3
    assert "reorder_allowed" in told and "says true" in told and 'layer "override"' in told
    assert "(overrides.csv:2) says 8" in told and "(overrides.csv:3) says 9" in told and "for 2 items" in told


def test_two_rules_of_one_layer_that_agree_or_do_not_meet_are_fine() -> None:
    text = rule("A", "class", 'abc_class = "A"', "service_target = 0.98")
    text += rule("smooth", "class", 'pattern = "smooth"', "service_target = 0.98")
    text += rule("lumpy", "class", 'pattern = "lumpy"', "service_target = 0.9")
    assert resolved(text).values["service_target"][SOCK] == 0.9


def test_two_rules_that_differ_on_other_days_are_fine() -> None:
    text = rule("spring", "stage", 'stage = "mature"', "lot_days_max = 2", "until = 2026-06-01")
    text += rule("summer", "stage", 'stage = "mature"', "lot_days_max = 3", "from = 2026-06-01")
    assert lots(text)[BOOT] == 2
    later = resolve_rules(parse_rulebook(text), columns(), LABELS, date(2026, 6, 1))
    assert later.values["lot_days_max"][BOOT] == 3


def test_an_override_with_a_blank_location_holds_everywhere() -> None:
    assert lots("", "TEE,,lot_days_max,8,days,,2027-01-01,Ana,x") == [1, 1, 1, 8, 8]


def test_an_override_for_one_location_holds_against_one_for_all_of_them() -> None:
    rows = ["TEE,EAST,lot_days_max,9,days,,2027-01-01,Ana,x", "TEE,,lot_days_max,8,days,,2027-01-01,Ana,x"]
    assert lots("", *rows) == lots("", *reversed(rows)) == [1, 1, 1, 9, 8]


def test_overrides_hold_only_between_their_days() -> None:
    assert lots("", "TEE,,lot_days_max,8,days,2026-03-02,2026-03-03,Ana,x")[TEE_MAIN] == 8
    assert lots("", "TEE,,lot_days_max,8,days,2026-03-03,2026-03-04,Ana,x")[TEE_MAIN] == 1
    assert lots("", "TEE,,lot_days_max,8,days,,2026-03-02,Ana,x")[TEE_MAIN] == 1


def test_overrides_set_fields_of_every_type() -> None:
    result = resolved(
        "",
        "TEE,,reorder_allowed,false,,,2027-01-01,Ana,x",
        "TEE,,service_measure,cycle_service_level,,,2027-01-01,Ana,x",
        "TEE,,safety_stock_units_min,12,units,,2027-01-01,Ana,x",
    )
    names = ("reorder_allowed", "service_measure", "safety_stock_units_min")
    assert [result.values[name][TEE_EAST].item() for name in names] == [False, 1, 12]
    assert result.rule_of("safety_stock_units_min", TEE_EAST).author == "Ana"


def test_more_rules_than_two_bytes_can_number_are_kept_apart() -> None:
    rows = [f"X{row:05},,lot_days_max,{row % 300},days,,2027-01-01,Ana,x" for row in range(33_000)]
    result = resolved("", *rows, "TEE,,lot_days_max,8,days,,2027-01-01,Ana,last")
    assert result.rule_of("lot_days_max", TEE_MAIN).reason == "last"


def test_a_rule_that_matches_nothing_is_told_with_the_name_that_may_be_meant() -> None:
    result = resolved(rule("tees", "category", 'category = "Tshirts"', "lot_days_max = 2"))
    (finding,) = result.findings
    assert finding.code == "RUL-001" and finding.where == "rules.toml:1"
    assert 'category "Tshirts" (did you mean "T-shirts"?)' in finding.message


def test_a_rule_of_an_unknown_sku_is_told_with_the_sku_that_may_be_meant() -> None:
    result = resolved(rule("socks", "sku", 'sku_id = ["TEE", "SOCKS"]', "lot_days_max = 2"))
    (finding,) = result.findings
    assert finding.code == "RUL-002" and 'sku_id "SOCKS" (did you mean "SOCK"?)' in finding.message


def test_built_in_rules_that_match_nothing_are_not_told() -> None:
    result = resolved("")
    assert (result.matched == 0).any() and result.findings == ()


def test_a_rule_that_is_over_is_told() -> None:
    text = rule("old", "sku", 'sku_id = "TEE"', "lot_days_max = 2", "until = 2026-03-02")
    text += rule("coming", "sku", 'sku_id = "TEE"', "lot_days_max = 3", "from = 2026-03-03")
    (finding,) = resolved(text).findings
    assert finding.code == "RUL-005" and "ended on 2026-03-02" in finding.message


def test_overrides_of_unknown_items_over_or_soon_over_are_told_once_each_kind() -> None:
    result = resolved(
        "",
        "TEE,WEST,lot_days_max,8,days,,2027-01-01,Ana,x",
        "NONE,,lot_days_max,8,days,,2027-01-01,Ana,x",
        "HAT,,lot_days_max,8,days,,2026-03-02,Ana,x",
        "BOOT,,lot_days_max,8,days,,2026-03-16,Ana,x",
        "SOCK,,lot_days_max,8,days,,2026-03-17,Ana,x",
    )
    assert codes(result) == ["RUL-003", "RUL-004", "RUL-006"]
    unknown, over, soon = result.findings
    assert (unknown.count, unknown.where) == (2, "overrides.csv:2")
    assert "HAT" in over.message and over.where == "overrides.csv:4"
    assert "BOOT" in soon.message and "SOCK" not in soon.message


def test_an_override_without_an_end_holds_and_is_told() -> None:
    result = resolved("", "TEE,,lot_days_max,8,days,,,Ana,x")
    assert result.values["lot_days_max"][TEE_MAIN] == 8
    (finding,) = result.findings
    assert finding.code == "RUL-007" and "by Ana without end" in finding.message


def test_a_shop_without_items_is_resolved() -> None:
    empty = {name: column[:0] for name, column in columns().items()}
    rules = book("", "TEE,,lot_days_max,8,days,,2027-01-01,Ana,x")
    assert len(resolve_rules(rules, empty, LABELS, AS_OF).values["lot_days_max"]) == 0


def test_the_day_may_be_a_date_or_a_numpy_day() -> None:
    first = resolve_rules(built_in_rulebook(), columns(), LABELS, date(2026, 3, 2))
    second = resolve_rules(built_in_rulebook(), columns(), LABELS, np.datetime64("2026-03-02T00:00:00"))
    for name, values in first.values.items():
        np.testing.assert_array_equal(values, second.values[name])
