"""Life stages of hand-made histories, each with the evidence it rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.core.plan import plan
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


def test_a_change_must_have_held_for_three_weeks() -> None:
    changed = [20] * 60 + [45] * 6
    since = of(Item("A", changed))["change_weeks"]
    assert of(Item("A", changed[:-1]))["change_weeks"] == since - 1
    assert stage(Item("A", changed[: len(changed) - int(since) + 2]))[0] == "mature"
    assert stage(Item("A", changed[: len(changed) - int(since) + 3]))[0] == "growing"


def test_few_units_are_too_little_to_prove_a_change() -> None:
    # 4 units in 13 weeks after 8 in 13: half, and well within chance.
    assert stage(Item("A", [1, 0, 1, 1] * 20 + [1, 0, 0] * 4 + [0]))[0] == "mature"


def test_half_a_year_of_silence_with_stock_is_retiring_and_without_stock_retired() -> None:
    sales = [5] * 60 + [0] * 27
    assert stage(Item("A", sales, on_hand=9)) == ("retiring", "silent for longer than usual, stock left")
    assert stage(Item("A", sales)) == ("retired", "silent for longer than usual, no stock left")


def test_silence_must_be_longer_than_six_usual_gaps() -> None:
    every_tenth_week = [1] + [0] * 9
    assert stage(Item("A", every_tenth_week * 10 + [0] * 30, on_hand=9))[0] != "retiring"
    assert stage(Item("A", [1, 0] * 50 + [0] * 30, on_hand=9))[0] == "retiring"


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
    assert stage(missed_one, as_of="2025-10-06")[0] != "retiring"
    assert stage(missed_two, as_of="2025-10-06") == ("retiring", "silent for longer than usual, stock left")
