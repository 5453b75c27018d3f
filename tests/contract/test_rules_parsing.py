"""What a rulebook may say, and what it is told where it says something else."""

from __future__ import annotations

from datetime import date

import pytest

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import LAYERS, RulebookError, built_in_rulebook, parse_overrides, parse_rulebook
from skuwise.core.rules.toml_lines import lines_of

WHOLE = """
# a comment
[settings]
adi_cutoff_periods = 1.5

[defaults]
service_target = 0.94

[[rule]]
name = "A items, smooth demand"
layer = "class"
when = { abc_class = "A", pattern = ["smooth", "erratic"] }
set = { service_measure = "fill_rate", service_target = 0.985 }
from = 2026-01-01
until = 2026-12-31
reason = "margin review"
"""
HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason\n"


def problems_of(text: str) -> list[str]:
    with pytest.raises(RulebookError) as raised:
        parse_rulebook(text)
    return [str(problem) for problem in raised.value.problems]


def problem_of_rule(when: str = '{ stage = "new" }', layer: str = "stage", rest: str = "") -> str:
    (problem,) = problems_of(
        f'[[rule]]\nname = "r"\nlayer = "{layer}"\nwhen = {when}\n' + (rest or "set = { lot_days_max = 7 }")
    )
    return problem


def problem_of_default(line: str) -> str:
    (problem,) = problems_of(f"[defaults]\n{line}\n")
    return problem


def problems_of_overrides(*lines: str) -> list[str]:
    with pytest.raises(RulebookError) as raised:
        parse_overrides(HEADER + "\n".join(lines))
    return [str(problem) for problem in raised.value.problems]


def test_a_rule_keeps_what_was_written_and_where() -> None:
    rule = next(rule for rule in parse_rulebook(WHOLE, "shop.toml").rules if not rule.builtin and rule.when)
    assert (rule.name, rule.layer, rule.where) == ("A items, smooth demand", "class", "shop.toml:9")
    assert rule.values == {"service_measure": "fill_rate", "service_target": 0.985}
    assert (rule.valid_from, rule.valid_until, rule.reason) == (date(2026, 1, 1), date(2026, 12, 31), "margin review")
    assert rule.description == 'rule "A items, smooth demand" (class layer, shop.toml:9)'


def test_a_rule_holds_from_its_first_day_until_the_day_before_its_end() -> None:
    rule = parse_rulebook(WHOLE).rules[-1]
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 30), date(2026, 12, 31)]
    assert [rule.holds_on(day) for day in days] == [False, True, True, False]


def test_settings_that_are_not_written_have_the_value_of_the_dictionary() -> None:
    book = parse_rulebook(WHOLE)
    assert set(book.settings) == set(fields_of("settings"))
    assert book.settings["adi_cutoff_periods"] == 1.5
    assert book.settings["period_days"] == 7 and isinstance(book.settings["period_days"], int)
    assert book.settings_where == {"adi_cutoff_periods": "rules.toml:4"}


def test_an_empty_file_says_what_the_built_in_rules_say() -> None:
    assert parse_rulebook("").rules == built_in_rulebook().rules
    assert parse_rulebook("").rulebook_hash == built_in_rulebook().rulebook_hash


def test_every_rule_of_the_shop_lies_above_every_built_in_rule_and_layers_keep_their_order() -> None:
    rules = parse_rulebook(WHOLE).rules
    builtin = [rule.builtin for rule in rules]
    assert builtin == sorted(builtin, reverse=True)
    for kind in (True, False):
        layers = [LAYERS.index(rule.layer) for rule in rules if rule.builtin is kind]
        assert layers == sorted(layers)
    assert rules[0].name == "dictionary default" and set(rules[0].values) == set(fields_of("rules"))


def test_the_hash_ignores_comments_layout_file_and_order_but_nothing_that_is_said() -> None:
    base = parse_rulebook(WHOLE).rulebook_hash
    other_layout = """
[[rule]]
reason = "margin review"   # why
until = 2026-12-31
from = 2026-01-01
layer = "class"
name = 'A items, smooth demand'
[rule.set]
service_target = 0.9850
service_measure = "fill_rate"
[rule.when]
pattern = ["erratic",
  "smooth", "smooth"]
abc_class = ["A"]
[defaults]
service_target = 0.94
[settings]
adi_cutoff_periods = 1.50
"""
    assert parse_rulebook(other_layout, "elsewhere.toml").rulebook_hash == base
    for old, new in [("0.985", "0.98"), ("1.5", "1.6"), ('"A"', '"B"'), ("12-31", "12-30"), ("review", "look")]:
        assert parse_rulebook(WHOLE.replace(old, new)).rulebook_hash != base
    row = "TEE,MAIN,lot_days_max,7,days,,2026-12-31,Ana,sale"
    assert parse_rulebook(WHOLE).with_overrides(parse_overrides(HEADER + row)).rulebook_hash != base


def test_every_problem_of_a_file_is_told_at_once_with_its_line() -> None:
    text = WHOLE.replace("adi_cutoff_periods", "adi_cutof").replace("0.94", "94").replace('"A"', '"AA"')
    with pytest.raises(RulebookError) as raised:
        parse_rulebook(text, "shop.toml")
    message = str(raised.value)
    assert "3 problems" in message
    for place in ("shop.toml:4: ", "shop.toml:7: ", "shop.toml:12: "):
        assert place in message


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("service_taget = 0.9", 'unknown field "service_taget". Did you mean "service_target"?'),
        ("review_period_weeks = 2", 'Did you mean "review_period_days"?'),
        ("service_target = 95", "95 % is written 0.95"),
        ("service_target = true", "service_target = true is not a number"),
        ("service_target = nan", "out of range"),
        ("review_period_days = 7.5", "is not a whole number. Write whole days"),
        ('review_period_days = "7 days"', "of days without quotes, unit or thousands separator"),
        ("review_period_days = 0", "out of range. Write days from 1 to 365"),
        ("reorder_allowed = 1", "is not true or false"),
        ('service_measure = "fillrate"', 'Did you mean "fill_rate"?'),
        ("adi_cutoff_periods = 1.4", "is a setting of the whole shop, not of an item. Write it below [settings]"),
    ],
)
def test_a_value_that_cannot_stand_is_refused_with_its_mend(line: str, told: str) -> None:
    problem = problem_of_default(line)
    assert problem.startswith("rules.toml:2: ")
    assert told in problem


def test_whole_numbers_and_ends_of_ranges_are_allowed() -> None:
    rules = parse_rulebook("[defaults]\nmax_supply_days = 3650\nlot_days_max = 0").rules
    assert {name: value for rule in rules[-2:] for name, value in rule.values.items()} == {
        "max_supply_days": 3650.0,
        "lot_days_max": 0.0,
    }


def test_settings_that_contradict_each_other_are_refused() -> None:
    (problem,) = problems_of("[settings]\nxyz_x_cv_max = 2\n")
    assert "xyz_x_cv_max lies above xyz_y_cv_max" in problem and problem.startswith("rules.toml:2:")


@pytest.mark.parametrize(
    ("layer", "when", "told"),
    [
        ("stage", '{ abc_class = "A" }', 'layer "stage" may not ask abc_class. Use layer class or segment'),
        ("stage", '{ stag = "new" }', 'unknown column "stag" in when. Did you mean "stage"?'),
        ("stage", '{ stage = "matur" }', 'stage is never "matur". Did you mean "mature"?'),
        ("class", '{ criticality = "hi" }', 'criticality is never "hi"'),
        ("class", "{ abc_class = 1 }", "is not a text or a list of texts"),
        ("class", "{ abc_class = [] }", "is not a text or a list of texts"),
        ("segment", "{ reorder_point_units = 3 }", "not among the columns known before rules are resolved"),
        ("segment", '{ cv = "high" }', "is not a number, a list of numbers or a range"),
        ("segment", "{ cv = { over = 1 } }", "a range of cv has over"),
        ("segment", "{ cv = { min = 1, max = 1 } }", "from 1 to below 1 is empty"),
        ("clas", '{ stage = "new" }', 'unknown layer "clas". Did you mean "class"?'),
        ("default", '{ stage = "new" }', "What holds for every item goes below [defaults]"),
        ("override", '{ sku_id = "TEE" }', 'overrides = "overrides.csv"'),
        ("sku_location", '{ sku_id = "TEE" }', "the rule names no location_id"),
        ("sku", "{ }", "the rule has no when"),
    ],
)
def test_a_condition_that_its_layer_may_not_ask_is_refused_with_its_mend(layer: str, when: str, told: str) -> None:
    assert told in problem_of_rule(when, layer)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("reason = 'x'", "the rule has no set"),
        ("set = { lot_days_max = 7 }\nform = 2026-01-01", 'unknown key "form" of a rule. Did you mean "from"?'),
        ("set = { lot_days_max = 7 }\nservice_target = 0.9", "Write it inside set = {"),
        ("set = { lot_days_max = 7 }\nabc_class = 'A'", "Write it inside when = {"),
        ("set = { lot_days_max = 7 }\nfrom = '2026-01-01'", "is not a day. Write it without quotes"),
        ("set = { lot_days_max = 7 }\nfrom = 2026-01-01T08:00:00", "is not a day"),
        ("set = { lot_days_max = 7 }\nfrom = 2026-02-01\nuntil = 2026-02-01", "is not before until 2026-02-01"),
    ],
)
def test_a_rule_with_a_wrong_part_is_refused_with_its_mend(rest: str, told: str) -> None:
    assert told in problem_of_rule(rest=rest)


def test_two_rules_may_not_share_a_name() -> None:
    rule = '[[rule]]\nname = "same"\nlayer = "stage"\nwhen = { stage = "new" }\nset = { lot_days_max = 7 }\n'
    (problem,) = problems_of(rule + rule)
    assert problem.startswith("rules.toml:6: ") and "line 1" in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[rule]\nname = 'r'", "Begin each rule with [[rule]]"),
        ("defaults = 3", "Write [defaults] on a line of its own"),
        ("[setings]\na = 1", 'Did you mean "settings"?'),
        ("service_target = 0.9", "write it below [defaults]"),
        ("overrides = 3", 'Write overrides = "overrides.csv"'),
    ],
)
def test_a_misplaced_part_of_the_file_is_refused_with_its_mend(text: str, told: str) -> None:
    assert told in problems_of(text)[0]


def test_text_that_is_not_toml_is_told_with_its_line() -> None:
    (problem,) = problems_of("[defaults]\nservice_target = 0,95\n")
    assert problem.startswith("rules.toml:2: this is not TOML")


def test_lines_are_found_past_texts_and_lists_of_several_lines() -> None:
    text = '''a = """
[[rule]]
b = 1 """
[[rule]] # [[rule]]
"when" = { x = [
  "[[rule]]", 2,
] }
set.y = "a # b"
reason = \'\'\'it's
[[rule]]\'\'\'
[[rule]]
[rule.set]
z = "\\"["
name = "n"
'''
    assert lines_of(text) == {
        ("a",): 1,
        ("rule", 0): 4,
        ("rule", 0, "when"): 5,
        ("rule", 0, "set", "y"): 8,
        ("rule", 0, "reason"): 9,
        ("rule", 1): 11,
        ("rule", 1, "set"): 12,
        ("rule", 1, "set", "z"): 13,
        ("rule", 1, "set", "name"): 14,
    }


def test_an_override_keeps_name_reason_and_end_date() -> None:
    (rule,) = parse_overrides(HEADER + 'TEE,MAIN,service_target,0.98,share,,2027-01-01,Ana,"margin, reviewed"')
    assert rule.layer == "override" and rule.values == {"service_target": 0.98}
    assert rule.description == "override by Ana until 2027-01-01: margin, reviewed (overrides.csv:2)"


def test_overrides_are_read_from_rows_in_memory_as_from_text() -> None:
    row = {"sku_id": "TEE", "field": "reorder_allowed", "value": False, "unit": None, "until": date(2027, 1, 1)}
    row |= {"author": "Ana", "reason": "recall"}
    from_text = parse_overrides(HEADER + "TEE,,reorder_allowed,false,,,2027-01-01,Ana,recall")
    assert parse_overrides([row]) == from_text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "TEE,,servce_target,0.9,share,,2027-01-01,Ana,x",
            'unknown field "servce_target". Did you mean "service_targe',
        ),
        ("TEE,,service_target,0.9,percent,,2027-01-01,Ana,x", "unit of service_target is percent. service_target is"),
        ("TEE,,service_target,0.9,,,2027-01-01,Ana,x", "unit of service_target is blank"),
        ("TEE,,reorder_allowed,true,share,,2027-01-01,Ana,x", "is given in no unit: blank"),
        ("TEE,,service_target,95,share,,2027-01-01,Ana,x", "95 % is written 0.95"),
        ('TEE,,lot_days_max,"1,000",days,,2027-01-01,Ana,x', "thousands separator"),
        ("TEE,,review_period_days,7.5,days,,2027-01-01,Ana,x", "is not a whole number"),
        ("TEE,,reorder_allowed,no,,,2027-01-01,Ana,x", "is not true or false"),
        ("TEE,,service_target,0.9,share,,01.01.2027,Ana,x", 'until = "01.01.2027" is not a day'),
        ("TEE,,service_target,0.9,share,2027-01-01,2027-01-01,Ana,x", "is not before until"),
        ("TEE,,service_target,0.9,share,,2027-01-01,,x", "the override has no author"),
        ("TEE,,service_target,0.9,share,,2027-01-01,Ana,", "the override has no reason"),
        (",,service_target,0.9,share,,2027-01-01,Ana,x", "the override has no sku_id"),
        ("TEE,,adi_cutoff_periods,1.4,periods,,2027-01-01,Ana,x", "is a setting of the whole shop"),
        ("TEE,,service_target,0.9,share,,2027-01-01,Ana,x,y", "the row has 10 cells where the header has 9"),
    ],
)
def test_an_override_that_cannot_stand_is_refused_with_its_line_and_mend(line: str, told: str) -> None:
    good = "TEE,,service_target,0.9,share,,2027-01-01,Ana,x"
    (problem,) = problems_of_overrides(good, line)
    assert problem.startswith("overrides.csv:3: ")
    assert told in problem


def test_lines_of_overrides_are_counted_past_texts_of_several_lines() -> None:
    two_lines = 'TEE,,service_target,0.9,share,,2027-01-01,Ana,"x\ny"'
    assert [problem[:17] for problem in problems_of_overrides(two_lines, "", ",,,,,,,,x")] == ["overrides.csv:5: "]


def test_a_table_of_overrides_with_other_columns_is_refused() -> None:
    with pytest.raises(RulebookError) as raised:
        parse_overrides("sku,field,value,unit,until,author,reason\nTEE,service_target,0.9,share,2027-01-01,Ana,x")
    assert 'unknown column "sku". Did you mean "sku_id"?' in str(raised.value)
    assert 'the column "sku_id" is missing' in str(raised.value)


def test_a_long_list_of_problems_is_cut_in_the_message_but_kept_whole() -> None:
    with pytest.raises(RulebookError) as raised:
        parse_overrides(HEADER + ",,,,,,,,x\n" * 150)
    assert len(raised.value.problems) == 150
    assert "… and 50 more" in str(raised.value)
