"""``rules explain``: every layer tried for one item, why each rule does not match, and the one that holds."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import Rulebook, explain_field, explanation, parse_overrides, parse_rulebook, resolve
from skuwise.core.rules.values import of_number
from tests.contract.rules_shop import AS_OF, LABELS, columns

HAT, TEE_MAIN = 1, 4
TEXT = """
[defaults]
service_target = 0.94
[[rule]]
name = "Shirts"
layer = "category"
when = { category = "T-shirts" }
set = { service_target = 0.96 }
reason = "spring campaign"
[[rule]]
name = "Fast new"
layer = "segment"
when = { stage = "new", demand_rate_units_per_period = { min = 10 } }
set = { service_target = 0.97 }
[[rule]]
name = "Over"
layer = "sku"
when = { sku_id = "TEE" }
set = { service_target = 0.9 }
until = 2026-01-01
"""
OVERRIDES = """sku_id,location_id,field,value,unit,from,until,author,reason
TEE,MAIN,service_target,0.985,share,,2027-01-01,Ana,margin review
TEE,EAST,service_target,0.98,share,,2027-01-01,Bo,other place
HAT,,service_target,0.5,share,,2027-01-01,Bo,other item
TEE,,lot_days_max,5,days,,2027-01-01,Bo,other field
"""


def book() -> Rulebook:
    return parse_rulebook(TEXT).with_overrides(parse_overrides(OVERRIDES))


def test_the_explanation_lists_every_layer_that_speaks_and_marks_the_one_that_holds() -> None:
    tried = explain_field(book(), columns(), LABELS, AS_OF, TEE_MAIN, "service_target")
    lines = explanation(tried, "service_target", "TEE", "MAIN")
    assert lines[0] == "service_target = 0.985 share   for TEE @ MAIN"
    assert lines[1].split() == ["built-in", "0.95", "dictionary", "default", "—", "replaced"]
    text = "\n".join(lines)
    assert "default    0.94    [defaults] (rules.toml:3)" in text
    assert '"Shirts" (rules.toml:4): spring campaign' in text
    assert (
        '"Fast new" (rules.toml:10) does not match: stage is mature, not new; '
        "demand_rate_units_per_period is 7, not at least 10" in text
    )
    assert '"Over" (rules.toml:15) does not match: it ended on 2026-01-01' in text
    assert "overrides.csv:2 by Ana until 2027-01-01: margin review" in text
    assert [line for line in lines if "← holds" in line] == [line for line in lines if "by Ana" in line]
    assert "location_id is MAIN, not EAST" in text
    assert "other item" not in text and "other field" not in text
    assert lines[-1] == "  nothing is said of it in: supplier, stage, sku_location, automatic"


def test_the_value_explained_is_the_value_resolved_for_every_item_and_field() -> None:
    result = resolve(book(), columns(), LABELS, AS_OF)
    for row in range(5):
        for name, described in fields_of("rules").items():
            tried = explain_field(book(), columns(), LABELS, AS_OF, row, name)
            (held,) = [one for one in tried if one.holds]
            assert held.matched and held == [one for one in tried if one.matched][-1]
            stored = result.values[name][row]
            assert held.value == of_number(described, stored)
            assert held.rule == result.rule_of(name, row)


def test_unknown_values_are_called_unknown() -> None:
    shop = columns() | {"stage": np.full(5, -1), "demand_rate_units_per_period": np.full(5, np.nan)}
    tried = explain_field(book(), shop, LABELS, AS_OF, TEE_MAIN, "service_target")
    (why,) = [one.why_not for one in tried if one.rule.name == "Fast new"]
    assert why == "stage is unknown, not new; demand_rate_units_per_period is unknown, not at least 10"


def test_of_very_many_rules_that_do_not_match_only_the_first_are_written_out() -> None:
    text = "".join(
        f'[[rule]]\nname = "s{n:02}"\nlayer = "supplier"\nwhen = {{ supplier_id = "T{n}" }}\n'
        f"set = {{ lot_days_max = {n} }}\n"
        for n in range(30)
    )
    tried = explain_field(parse_rulebook(text), columns(), LABELS, AS_OF, HAT, "lot_days_max")
    lines = explanation(tried, "lot_days_max", "HAT", "MAIN")
    assert sum(line.startswith("  supplier") for line in lines) == 9
    assert any("22 more rules of this layer do not match" in line for line in lines)


def test_a_field_that_does_not_exist_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(KeyError, match='Did you mean "service_target"'):
        explain_field(book(), columns(), LABELS, AS_OF, HAT, "service_targt")
