"""Life stages of hand-made histories, each with the evidence it rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skuwise.core.lifecycle.words import stage_in_words
from skuwise.core.plan import plan
from skuwise.core.rules import parse_rulebook
from skuwise.core.trace import explain, render
from tests.builders import Item, inputs_of, plain_rules, row


def of(item: Item, *others: Item, as_of: str = "2026-03-02", periods: int | None = None) -> dict[str, Any]:
    made = plan(inputs_of([item, *others], as_of=as_of, periods=periods), plain_rules())
    return row(made, item.sku)


def stage(item: Item, *others: Item, as_of: str = "2026-03-02", periods: int | None = None) -> tuple[str, str]:
    found = of(item, *others, as_of=as_of, periods=periods)
    return found["stage"], found["stage_evidence"]


def test_a_steady_item_is_mature() -> None:
    assert stage(Item("A", [10, 12, 9, 11] * 26)) == ("mature", "level holds")


def test_an_item_launched_within_thirteen_weeks_is_new_since_its_launch() -> None:
    found = of(Item("A", [10] * 12, launch="2025-12-08"), periods=104)
    assert (found["stage"], found["stage_evidence"]) == ("new", "launched not long ago")
    assert str(found["stage_since"]) == "2025-12-08"


@pytest.mark.parametrize(("weeks", "expected"), [(13, "new"), (14, "mature")])
def test_new_ends_after_the_thirteenth_week(weeks: int, expected: str) -> None:
    assert stage(Item("A", [10] * weeks), periods=104)[0] == expected


def test_an_announced_item_without_a_sale_is_new() -> None:
    assert stage(Item("A", [0] * 104, launch="2026-03-20")) == ("new", "no sale yet")
    assert stage(Item("A", [0] * 104, launch="2026-02-20")) == ("new", "no sale yet")


def test_an_item_that_sells_since_the_data_begin_is_not_called_new() -> None:
    # Eight weeks of data are no proof of a launch; with a launch date in the catalogue they are.
    assert stage(Item("A", [10] * 8))[0] == "mature"
    assert stage(Item("A", [10] * 8, launch="2026-01-05")) == ("new", "launched not long ago")


def test_too_short_a_history_says_that_age_and_level_are_unknown() -> None:
    assert stage(Item("A", [10] * 5))[1] == "on sale since before the history begins, level unknown"


def test_a_slow_item_whose_first_sale_comes_late_may_be_older_than_the_data() -> None:
    assert stage(Item("A", [0] * 5 + [1] + [0] * 6))[0] == "mature"


def test_a_level_that_doubled_and_stayed_is_growing_since_then() -> None:
    found = of(Item("A", [20] * 60 + [40] * 8))
    assert (found["stage"], found["stage_evidence"]) == ("growing", "level rises")
    assert found["change_weeks"] >= 3
    assert found["level_ratio"] > 1.25


def test_a_level_that_halved_and_stayed_is_declining() -> None:
    found = of(Item("A", [40] * 60 + [20] * 10))
    assert (found["stage"], found["stage_evidence"]) == ("declining", "level falls")
    assert found["level_ratio"] < 0.75


def test_one_good_week_is_no_growth() -> None:
    assert stage(Item("A", [20] * 90 + [60]))[0] == "mature"


def test_a_change_must_have_held_for_three_weeks_and_then_goes_back_to_its_first_day() -> None:
    changed = [20] * 60 + [45] * 6
    told = [of(Item("A", changed[: 60 + weeks]), periods=60 + weeks)["stage"] for weeks in range(1, 7)]
    assert told == ["mature", "mature", "growing", "growing", "growing", "growing"]
    found = of(Item("A", changed))
    assert (found["change_weeks"], str(found["stage_since"])) == (6, "2026-01-19")


def test_a_step_is_growth_while_it_is_recent_and_then_the_new_level_holds() -> None:
    told = [stage(Item("A", [20] * 60 + [40] * weeks), periods=60 + weeks)[0] for weeks in range(1, 60)]
    assert told[2] == "growing"
    last = max(week for week, name in enumerate(told, start=1) if name == "growing")
    assert 13 <= last <= 26
    assert set(told[last:]) == {"mature"}
    assert of(Item("A", [20] * 60 + [40] * 59))["level_before_units_per_period"] == pytest.approx(40)


def test_a_change_that_is_taken_back_is_left_by_easier_bounds_and_not_flapped_into_its_contrary() -> None:
    for later in range(1, 40):
        item = Item("A", [20] * 60 + [32] * 8 + [20] * later)
        assert stage(item, periods=68 + later)[0] in {"growing", "mature"}
    assert stage(Item("A", [20] * 60 + [32] * 8 + [20] * 30))[0] == "mature"


def test_a_state_once_entered_is_kept_for_thirteen_weeks() -> None:
    sales = [20] * 60 + [40] * 3
    assert stage(Item("A", [*sales, *[24] * 9]), periods=72)[0] == "growing"
    assert stage(Item("A", [*sales, *[24] * 14]), periods=77)[0] == "mature"


@pytest.mark.parametrize("odd", [0, 100])
def test_one_odd_week_never_moves_a_steady_item(odd: int) -> None:
    for after in range(20):
        assert stage(Item("A", [20] * 90 + [odd] + [20] * after), periods=91 + after) == ("mature", "level holds")


def test_a_run_down_is_declining_before_it_is_over_and_then_retiring() -> None:
    sales = [20] * 80 + [round(20 - week) for week in range(1, 21)] + [0] * 30
    told = [stage(Item("A", sales[:end], on_hand=5), periods=end)[0] for end in range(80, len(sales) + 1)]
    order = [name for number, name in enumerate(told) if number == 0 or told[number - 1] != name]
    assert order == ["mature", "declining", "retiring"]
    assert told.index("declining") <= 11
    assert told.index("retiring") == 20 + 7  # the last of the 20 weeks sells nothing: 8 weeks of silence


def test_few_units_are_too_little_to_prove_a_change() -> None:
    # 4 units in 13 weeks after 8 in 13: half, and well within chance.
    assert stage(Item("A", [1, 0, 1, 1] * 20 + [1, 0, 0] * 4 + [0]))[0] == "mature"


def test_eight_weeks_of_silence_with_stock_are_retiring_and_half_a_year_without_it_retired() -> None:
    def after(weeks: int, on_hand: int, **more: Any) -> tuple[str, str]:
        return stage(Item("A", [5] * 60 + [0] * weeks, on_hand=on_hand, **more))

    assert after(8, 9) == ("retiring", "silent for longer than usual, stock left")
    assert after(7, 9)[0] == "declining"
    # Without stock it may have been sold out unseen; where availability is known it was not.
    assert after(25, 0)[0] != "retired"
    assert after(26, 0) == ("retired", "silent for longer than usual, no stock left")
    assert after(8, 0, in_stock=[1.0] * 68)[0] == "retired"


def test_silence_must_be_longer_than_is_usual_for_the_item() -> None:
    every_tenth_week = [1] + [0] * 9
    assert stage(Item("A", every_tenth_week * 12 + [0] * 30, on_hand=9))[0] == "mature"
    assert stage(Item("A", every_tenth_week * 12 + [0] * 80, on_hand=9))[0] == "retiring"
    assert stage(Item("A", [1, 0] * 50 + [0] * 20, on_hand=9))[0] == "retiring"


def test_few_sales_tell_too_little_of_what_is_usual() -> None:
    # Two sales in two weeks, then half a year of nothing: it may be an item that sells twice a year.
    assert stage(Item("A", [0] * 20 + [1, 1] + [0] * 24, on_hand=9))[0] == "mature"
    assert stage(Item("A", [0] * 20 + [1] * 8 + [0] * 24, on_hand=9))[0] == "retiring"


def test_one_sale_after_a_long_silence_is_no_return_and_a_second_is() -> None:
    silent = [5] * 60 + [0] * 12
    once = of(Item("A", [*silent, 1], on_hand=9))
    assert once["stage"] == "retiring"
    assert str(once["stage_since"]) == "2025-12-01"  # still the first day of the silence
    assert stage(Item("A", [*silent, 1, 0, 2], on_hand=9))[0] != "retiring"


def test_weeks_without_stock_are_no_silence() -> None:
    sales = [5] * 60 + [0] * 40
    found = of(Item("A", sales, in_stock=[1.0] * 60 + [0.0] * 40))
    assert found["weeks_since_sale"] == 0
    assert (found["stage"], found["stage_evidence"]) == ("mature", "level holds")


def test_end_of_life_dates_decide_before_anything_else() -> None:
    steady = [10] * 60
    passed = of(Item("A", steady, end_of_life="2026-03-01"))
    assert (passed["stage"], passed["stage_evidence"]) == ("retired", "end-of-life date has passed")
    assert str(passed["stage_since"]) == "2026-03-01"
    assert stage(Item("A", steady, end_of_life="2026-03-02")) == ("retiring", "end-of-life date is near")
    assert stage(Item("A", steady, end_of_life="2026-06-01"))[0] == "retiring"  # 91 days: 13 weeks
    assert stage(Item("A", steady, end_of_life="2026-06-02"))[0] == "mature"


def test_an_item_retires_when_its_successor_sells_at_the_same_place() -> None:
    old = Item("A", [10] * 60, successor="A2")
    assert stage(old, Item("A2", [3])) == ("retiring", "successor is on sale")
    assert stage(old, Item("A2", [0]))[0] == "mature"
    assert stage(old, Item("A2", [3], location="ELSEWHERE"))[0] == "mature"


# --- seasonal items: out of season is neither silence nor decline


def summer_item(as_of: str, months: tuple[int, ...] = (5, 6, 7, 8), years: int = 4) -> Item:
    weeks = years * 52
    days = np.datetime64(as_of) - np.arange(weeks, 0, -1) * 7
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    drawn = np.random.default_rng(1).poisson(20, weeks)
    return Item("SUMMER", np.where(np.isin(month, months), drawn, 0).tolist(), on_hand=5, lead_days=42)


EVERY_SECOND_MONTH = ["2025-07-07", "2025-09-01", "2025-11-03", "2026-01-05", "2026-03-02", "2026-05-04"]


@pytest.mark.parametrize("as_of", EVERY_SECOND_MONTH)
def test_a_summer_item_is_mature_all_the_year_round(as_of: str) -> None:
    assert stage(summer_item(as_of), as_of=as_of) == ("mature", "level holds")


@pytest.mark.parametrize("as_of", EVERY_SECOND_MONTH)
def test_the_winter_does_not_teach_a_summer_item_to_forget_its_summers(as_of: str) -> None:
    level = of(summer_item(as_of), as_of=as_of)["level_units_per_period"]
    assert level == pytest.approx(20 * 4 / 12, rel=0.25)


def test_the_summer_is_bought_before_it_begins() -> None:
    found = of(summer_item("2026-04-06"), as_of="2026-04-06")
    assert found["weeks_since_sale"] > 26
    assert found["order_quantity_units"] >= 20


def test_a_summer_item_that_missed_one_summer_is_not_given_up_and_one_that_missed_two_is() -> None:
    item = summer_item("2025-10-06", years=5)
    missed_one = Item("SUMMER", [*item.sales[:-30], *[0] * 30], on_hand=5)
    missed_two = Item("SUMMER", [*item.sales[:-82], *[0] * 82], on_hand=5)
    # With stock on the shelf for a whole summer there is no doubt; without, the summer may have been sold out unseen.
    assert stage(missed_one, as_of="2025-10-06") == ("retiring", "silent for longer than usual, stock left")
    unseen_one, unseen_two = (replace(missed, on_hand=0) for missed in (missed_one, missed_two))
    assert stage(unseen_one, as_of="2025-10-06")[0] != "retired"
    assert stage(unseen_two, as_of="2025-10-06") == ("retired", "silent for longer than usual, no stock left")


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [("2025-07-07", "in season"), ("2025-12-01", "out of season"), ("2026-03-02", "out of season")],
)
def test_the_season_state_says_when_it_changes(as_of: str, expected: str) -> None:
    found = of(summer_item(as_of), as_of=as_of)
    assert found["season_state"] == expected
    month = (np.datetime64(as_of) + np.timedelta64(round(7 * found["weeks_to_season"]), "D")).astype("datetime64[M]")
    assert int(month.astype(np.int64)) % 12 + 1 in ((8, 9) if expected == "in season" else (4, 5))


def test_an_item_without_a_season_is_never_out_of_it() -> None:
    found = of(Item("A", [10, 12, 9, 11] * 26))
    assert found["season_state"] == "no season"
    assert np.isnan(found["weeks_to_season"])


# --- how sure


def test_confidence_follows_the_evidence() -> None:
    steady, doubled = of(Item("A", [20, 22, 18, 20] * 26)), of(Item("A", [20, 22, 18, 20] * 15 + [40] * 8))
    assert steady["stage_confidence_share"] > 0.9
    assert doubled["stage_confidence_share"] > 0.99
    short = of(Item("A", [5] * 60 + [0] * 8, on_hand=9))["stage_confidence_share"]
    # 12 sales in 12 weeks, 8 weeks of silence: 12 × ln(1 + 8 ÷ 12) = 6.13 gaps; odds 0.03 × e^6.13 = 13.8.
    assert short == pytest.approx(0.932, abs=0.001)
    assert of(Item("A", [5] * 60 + [0] * 20, on_hand=9))["stage_confidence_share"] > short
    assert of(Item("A", [10] * 60, end_of_life="2026-03-01"))["stage_confidence_share"] == 1.0
    assert of(Item("A", [10] * 5))["stage_confidence_share"] == 0.5


def test_a_stage_is_told_with_its_figures() -> None:
    made = plan(inputs_of([Item("A", [40] * 60 + [20] * 10)]), plain_rules())
    assert stage_in_words(made.columns, 0) == (
        "declining since 2025-12-22: sells 50% less than before (9.3 standard errors), for 10 weeks now; 100% sure"
    )
    made = plan(inputs_of([Item("A", [5] * 60 + [0] * 12, on_hand=9)]), plain_rules())
    assert stage_in_words(made.columns, 0) == (
        "retiring since 2025-12-08: silent for longer than usual, stock left: 12 weeks where 1.0 are usual; 99% sure"
    )
    assert "for 10 weeks now" in render(
        explain(plan(inputs_of([Item("A", [40] * 60 + [20] * 10)]), plain_rules()), "A", field="stage")
    )


def test_a_rule_may_ask_for_the_season_and_for_the_weeks_to_its_change() -> None:
    rules = parse_rulebook(
        """[[rule]]
name = "Before the season: look every week"
layer = "segment"
when = { season_state = "out of season", weeks_to_season = { max = 10 } }
set = { review_period_days = 7, max_supply_days = 99 }
reason = "the season is bought before it begins"
"""
    )
    caps = {
        as_of: row(plan(inputs_of([summer_item(as_of)], as_of=as_of), rules), "SUMMER")["max_supply_days"]
        for as_of in ("2025-12-01", "2026-03-02", "2025-07-07")
    }
    assert {as_of: cap == 99 for as_of, cap in caps.items()} == {
        "2025-12-01": False,
        "2026-03-02": True,
        "2025-07-07": False,
    }
