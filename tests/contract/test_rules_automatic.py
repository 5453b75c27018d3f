"""What the system changed by itself: between the shop's rules and a person's overrides, listed, explained, undone."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from skuwise.core.rules import (
    Resolved,
    Rule,
    Rulebook,
    RulebookError,
    automatic_rule,
    built_in_rulebook,
    explain_field,
    explanation,
    parse_overrides,
    parse_rulebook,
    resolve,
)
from skuwise.core.rules.record import from_record, to_record
from tests.contract.rules_shop import AS_OF, LABELS, columns

HEADER = "sku_id,location_id,field,value,unit,from,until,author,reason\n"
BOOT, HAT, SOCK, TEE_EAST, TEE_MAIN = range(5)
SHOP = parse_rulebook(
    '[defaults]\nlot_days_max = 1\n[[rule]]\nname = "own"\nlayer = "sku_location"\n'
    'when = { sku_id = "TEE", location_id = "MAIN" }\nset = { lot_days_max = 2 }\n'
)


def change(value: Any, sku: str = "TEE", location: str = "", **rest: Any) -> Rule:
    said: dict[str, Any] = {
        "field": "lot_days_max",
        "valid_from": date(2026, 2, 1),
        "reason": "level rose by half",
        "change_id": "12ab",
    }
    return automatic_rule(sku, location, value=value, **(said | rest))


def resolved(*rules: Rule, book: Rulebook = SHOP) -> Resolved:
    return resolve(book.with_automatic(rules), columns(), LABELS, AS_OF)


def lots(*rules: Rule, book: Rulebook = SHOP) -> list[float]:
    return resolved(*rules, book=book).values["lot_days_max"].tolist()


def overridden(row: str) -> Rulebook:
    return SHOP.with_overrides(parse_overrides(HEADER + row))


def test_a_change_wins_over_every_rule_of_the_shop_and_a_persons_override_wins_over_the_change() -> None:
    assert lots()[TEE_EAST:] == [1, 2]
    assert lots(change(5))[TEE_EAST:] == [5, 5]
    book = overridden("TEE,MAIN,lot_days_max,9,days,,2027-01-01,Ana,agreed")
    assert lots(change(5), change(6, location="MAIN"), book=book)[TEE_EAST:] == [5, 9]


def test_a_change_for_one_location_wins_over_one_for_all_of_them() -> None:
    assert lots(change(5), change(6, location="MAIN"))[TEE_EAST:] == [5, 6]


def test_of_two_changes_the_one_that_begins_later_holds_and_undoing_it_brings_back_the_one_before() -> None:
    first, second = change(5), change(6, valid_from=date(2026, 2, 20), change_id="34cd")
    assert lots(first, second) == lots(second, first)
    assert lots(first, second)[TEE_MAIN] == 6
    assert lots(first)[TEE_MAIN] == 5


def test_a_change_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    begins = change(5, valid_from=date(2026, 3, 2))
    assert lots(begins)[TEE_MAIN] == 5
    assert lots(change(5, valid_from=date(2026, 3, 3)))[TEE_MAIN] == 2
    assert lots(change(5, valid_until=date(2026, 3, 2)))[TEE_MAIN] == 2


def test_two_changes_of_one_day_that_contradict_each_other_are_refused_by_their_ids() -> None:
    with pytest.raises(RulebookError) as raised:
        resolved(change(5), change(6, change_id="34cd"))
    (problem,) = raised.value.problems
    assert 'layer "automatic" give lot_days_max different values' in str(problem)
    assert "12ab" in str(problem) and "34cd" in str(problem) and "Undo one of the two" in problem.mend
    assert lots(change(5), change(5, change_id="34cd"))[TEE_MAIN] == 5


def test_changes_replace_those_before_so_that_taking_all_out_gives_the_first_rulebook() -> None:
    book = SHOP.with_automatic([change(5)])
    assert book.with_automatic([change(6)]).automatic == (change(6),)
    assert book.with_automatic([]) == SHOP
    assert book.with_automatic([]).rulebook_hash == SHOP.rulebook_hash != book.rulebook_hash


def test_changes_and_overrides_stay_in_whichever_order_they_are_put_in() -> None:
    rows = parse_overrides(HEADER + "HAT,,lot_days_max,9,days,,2027-01-01,Ana,agreed")
    assert SHOP.with_automatic([change(5)]).with_overrides(rows) == SHOP.with_overrides(rows).with_automatic(
        [change(5)]
    )


@pytest.mark.parametrize(
    "other",
    [change(6), change(5, change_id="34cd"), change(5, reason="other"), change(5, valid_from=date(2026, 2, 2))],
)
def test_all_that_a_change_says_is_part_of_the_hash(other: Rule) -> None:
    assert SHOP.with_automatic([change(5)]).rulebook_hash != SHOP.with_automatic([other]).rulebook_hash


def test_the_order_of_changes_is_no_part_of_the_hash() -> None:
    rules = [change(5), change(6, sku="HAT"), change(7, sku="BOOT", location="MAIN")]
    assert SHOP.with_automatic(rules).rulebook_hash == SHOP.with_automatic(rules[::-1]).rulebook_hash


def test_a_change_describes_itself_with_day_reason_and_id() -> None:
    told = "changed by itself on 2026-02-01: level rose by half (change 12ab)"
    assert change(5).description == told
    assert resolved(change(5)).rule_of("lot_days_max", TEE_MAIN).description == told


def test_a_change_is_explained_beside_the_rules_it_replaces() -> None:
    book = overridden("TEE,,lot_days_max,9,days,,2026-02-15,Ana,agreed").with_automatic(
        [change(5), change(8, sku="HAT"), change(6, location="EAST", change_id="34cd")]
    )
    tried = explain_field(book, columns(), LABELS, AS_OF, TEE_MAIN, "lot_days_max")
    lines = explanation(tried, "lot_days_max", "TEE", "MAIN")
    (held,) = [line for line in lines if "← holds" in line]
    assert "automatic" in held and "level rose by half (change 12ab)" in held
    assert any("34cd" in line and "location_id is MAIN, not EAST" in line for line in lines)
    assert any("override" in line and "it ended on 2026-02-15" in line for line in lines)
    assert "HAT" not in "\n".join(lines)


def test_changes_travel_with_the_plan() -> None:
    rules = [change(5), change("2025-11-03", field="learn_from"), change("declining", field="stage_pinned")]
    book = overridden("HAT,,lot_days_max,9,days,,2027-01-01,Ana,agreed").with_automatic(rules)
    again = from_record(to_record(book))
    assert again == book and again.rulebook_hash == book.rulebook_hash


def test_the_rulebook_of_a_plan_from_before_there_were_changes_can_still_be_read_and_explained() -> None:
    record = json.loads(to_record(SHOP))
    del record["automatic"], record["guard_rails"]
    for rule in record["rules"]:
        del rule["change_id"]
        rule["values"].pop("learn_from", None)
    old = from_record(json.dumps(record))
    assert resolve(old, columns(), LABELS, AS_OF).values["lot_days_max"].tolist() == lots()
    assert np.isnat(resolve(old, columns(), LABELS, AS_OF).values["learn_from"]).all()


def test_a_change_of_an_item_that_is_gone_is_told_and_one_that_is_over_is_not() -> None:
    gone, over = change(5, sku="GONE"), change(5, valid_until=date(2026, 2, 20))
    result = resolved(gone, over)
    (finding,) = [finding for finding in result.findings if finding.code.startswith("RUL")]
    assert finding.code == "RUL-008" and "lot_days_max of GONE (change 12ab)" in finding.message


def test_the_number_of_items_a_change_decides_is_counted() -> None:
    result = resolved(change(5))
    assert result.rules[-1].change_id == "12ab"
    assert (result.counts[-1], result.matched[-1]) == (2, 2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.float64(5), 5.0),
        (np.int64(5), 5.0),
        (7, 7.0),
    ],
)
def test_numbers_of_arrays_become_plain_values(given: Any, kept: float) -> None:
    (value,) = change(given).values.values()
    assert value == kept and type(value) is float


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.datetime64("2026-01-05"), date(2026, 1, 5)),
        (np.datetime64("2026-01-05T00:00:00"), date(2026, 1, 5)),
        (np.datetime64("NaT"), "none"),
        (None, "none"),
        ("2026-01-05", date(2026, 1, 5)),
    ],
)
def test_days_of_arrays_become_plain_days(given: Any, kept: object) -> None:
    assert change(given, field="learn_from").values == {"learn_from": kept}
    assert change(5, valid_from=np.datetime64("2026-02-01")) == change(5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"field": "lot_day_max"}, 'Did you mean "lot_days_max"?'),
        ({"value": 400}, "lot_days_max = 400 is out of range"),
        ({"value": "soon"}, "lot_days_max = 'soon' is not a number"),
        ({"field": "learn_from", "value": 5}, "learn_from = 5 is not a day"),
        ({"sku": ""}, "a change of lot_days_max names no SKU"),
        ({"reason": ""}, "names no reason"),
        ({"change_id": ""}, "names no change"),
        ({"valid_until": date(2026, 2, 1)}, "from 2026-02-01 is not before until 2026-02-01"),
    ],
)
def test_a_change_that_cannot_stand_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(RulebookError) as raised:
        change(**({"value": 5} | wrong))
    assert told in str(raised.value) and "automatic changes: " in str(raised.value)


def test_no_other_rule_can_stand_among_the_changes() -> None:
    with pytest.raises(ValueError, match="only rules of layer automatic"):
        built_in_rulebook().with_automatic(SHOP.rules[-1:])


def test_a_rulebook_cannot_write_what_the_system_changes_by_itself() -> None:
    with pytest.raises(RulebookError) as raised:
        parse_rulebook(
            '[[rule]]\nname = "x"\nlayer = "automatic"\nwhen = { sku_id = "TEE" }\nset = { lot_days_max = 2 }'
        )
    (problem,) = raised.value.problems
    assert problem.line == 3 and "what the system changes by itself" in problem.what
    assert "[[guard_rail]]" in problem.mend


def test_twenty_thousand_changes_reach_their_items() -> None:
    shop = columns()
    n = 20_000
    many = {name: np.resize(column, n) for name, column in shop.items()}
    many["sku_id"] = np.array([f"S{row:05}" for row in range(n)])
    changes = [change(5 + row % 7, sku=f"S{row:05}", change_id=f"{row:x}") for row in range(n)]
    result = resolve(SHOP.with_automatic(changes), many, LABELS, AS_OF)
    assert result.values["lot_days_max"].tolist() == [5.0 + row % 7 for row in range(n)]
    assert result.rule_of("lot_days_max", 777).change_id == f"{777:x}"
