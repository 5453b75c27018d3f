"""Launches by hand: what earlier ones tell of the next, how demand goes on after them, and the first buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from skuwise.core.forecast.analogues import ANALOGUES
from skuwise.core.forecast.launch import FIRST_BUYS
from skuwise.core.plan import Plan, plan
from skuwise.core.policy.proposals import NEED_REASONS
from tests.builders import AS_OF, Item, inputs_of, plain_rules, row

WEEKS = 40
#: Money tells nothing of these items: the first buy is the middle of what launches sold.
NO_PRICE = {"price_minor": -1, "cost_minor": -1}


def in_days(days: int) -> str:
    return str(date.fromisoformat(AS_OF) + timedelta(days=days))


def launched(sku: str, first: Sequence[int], category: str = "toys", price: int = 2_000) -> Item:
    """An item that sold ``first`` from its launch on."""
    return Item(sku, list(first), category=category, price_minor=price)


def steady(units: int, count: int, category: str = "toys", weeks: int = 20) -> list[Item]:
    return [launched(f"{category}-{units:03}-{k:02}", [units] * weeks, category) for k in range(count)]


def planned(items: Sequence[Item], **rules: object) -> Plan:
    return plan(inputs_of(items, periods=WEEKS), plain_rules(**rules))


def awaited(days: int, **terms: object) -> Item:
    return replace(Item("NEW", [], category="toys", launch=in_days(days), on_hand=0), **NO_PRICE | terms)  # type: ignore[arg-type]


def test_a_category_pulls_the_first_guess_towards_its_own_launches_the_more_it_has() -> None:
    def level(count: int) -> float:
        shop = [*steady(4, 12, "books"), *steady(25, count)]
        return float(row(planned([*shop, awaited(7)]), "NEW")["analogue_level_units_per_period"])

    few, some, many = level(1), level(4), level(12)
    assert 4 < few < some < many < 25
    # The shop: (12 × 2 + 4 × 5) ÷ 16 = 2.75; drawn to the category: (3 × 2.75 + 4 × 5) ÷ 7 = 4.0357.
    assert some == pytest.approx(4.0357**2, rel=1e-3)


def test_the_group_is_named_with_its_launches_and_the_three_nearest_in_price() -> None:
    toys = [launched(f"T{price}", [9] * 20, price=price) for price in (500, 900, 1_100, 1_300, 9_000)]
    found = row(planned([*steady(4, 6, "books"), *toys, awaited(7, price_minor=1_000)]), "NEW")
    assert (found["analogue_source"], found["analogue_launches"]) == ("launches in its category", 5)
    assert found["analogue_nearest"] == "T1100, T900, T1300"


def test_an_items_own_launch_is_no_analogue_of_it() -> None:
    items = [*steady(4, 3), launched("LUCKY", [100] * 10)]
    found = row(planned(items), "LUCKY")
    assert found["analogue_launches"] == 3
    assert found["analogue_level_units_per_period"] == pytest.approx(4)


def test_cheaper_launches_sell_more_where_the_shop_shows_it() -> None:
    shop = [launched(f"P{price}", [units] * 20, price=price) for price, units in
            zip(range(1_000, 12_000, 1_000), (49, 36, 30, 25, 20, 16, 12, 9, 7, 6, 4), strict=True)]  # fmt: skip
    cheap, dear = (
        row(planned([*shop, awaited(7, price_minor=price)]), "NEW")["analogue_level_units_per_period"]
        for price in (1_500, 10_000)
    )
    assert cheap > 1.3 * dear


def test_where_launches_differ_much_the_spread_says_so() -> None:
    alike, unlike = steady(16, 6), [launched(f"U{k}", [units] * 20) for k, units in enumerate((1, 1, 9, 25, 36, 49))]
    narrow, wide = (row(planned([*shop, awaited(7)]), "NEW") for shop in (alike, unlike))
    assert narrow["analogue_sd_units_per_period"] == pytest.approx(0, abs=1e-6)
    assert wide["analogue_sd_units_per_period"] > 0.5 * wide["analogue_level_units_per_period"]


def test_after_a_rush_at_launch_the_next_item_is_expected_to_fall_off_too() -> None:
    rush = [30, 24, 24, 15, 15, 15, *[10] * 24]
    old = [launched(f"R{k:03}", rush) for k in range(100)]
    third_week = row(planned([*old, launched("NEW", [30, 24, 24])]), "NEW")
    assert third_week["mean_units"][12] < 17  # 30, 24, 24 seen; 100 launches say more than half of the fall
    assert third_week["mean_units"][0] > third_week["mean_units"][12]
    flat = row(planned([*steady(10, 100), launched("NEW", [30, 24, 24])]), "NEW")
    assert flat["mean_units"][12] > 20


def test_after_launches_that_rise_the_next_item_is_expected_to_rise() -> None:
    rise = [2, 4, 5, 8, 8, 9, *[20] * 24]
    old = [launched(f"R{k:03}", rise) for k in range(100)]
    found = row(planned([*old, launched("NEW", [2, 4, 5])]), "NEW")
    assert found["mean_units"][0] > 5  # more than it ever sold
    assert found["mean_units"][9] > 9


def test_nothing_is_wanted_before_the_launch() -> None:
    found = row(planned([*steady(16, 6), awaited(35, lead_days=14.0)]), "NEW")
    assert found["mean_units"][:5].tolist() == [0] * 5
    assert found["mean_units"][5] == pytest.approx(16, rel=0.05)
    assert (found["lead_mean_units"], found["protection_mean_units"]) == (0, 0)
    half = row(planned([*steady(16, 6), awaited(10, lead_days=14.0)]), "NEW")
    assert half["lead_mean_units"] == pytest.approx(16 * 4 / 7, rel=0.05)


def test_the_first_buy_is_what_launches_sold_over_lead_time_and_review_in_whole_lots() -> None:
    shop = steady(16, 6)
    found = row(planned([*shop, awaited(14, lead_days=14.0)]), "NEW")
    # Three weeks of 16, as money says nothing the middle of it; four dozen are whole.
    assert found["first_buy_units"] == 48
    assert (found["order_quantity_units"], found["need_reason"]) == (48, "first buy for the launch")
    dozens = row(planned([*shop, awaited(14, lead_days=14.0, multiple=36)]), "NEW")
    assert dozens["order_quantity_units"] == 72
    minimum = row(planned([*shop, awaited(14, lead_days=14.0, moq=100)]), "NEW")
    assert minimum["order_quantity_units"] == 100


def test_a_long_lead_time_makes_no_large_first_buy() -> None:
    found = row(planned([*steady(16, 6), awaited(84, lead_days=84.0)]), "NEW")
    assert found["first_buy_units"] == 6 * 16  # first_buy_supply_days_max: six weeks


def test_more_is_bought_where_a_unit_missed_costs_more_than_one_left_over() -> None:
    shop = [launched(f"U{k}", [units] * 20) for k, units in enumerate((4, 9, 16, 25, 36, 49))]
    rich, poor = (
        row(planned([*shop, awaited(14, price_minor=price, cost_minor=1_000)]), "NEW")["first_buy_units"]
        for price in (4_000, 1_100)
    )
    assert rich > 1.3 * poor
    feared = planned([*shop, awaited(14, price_minor=4_000, cost_minor=1_000)], first_buy_leftover_cost_share=5.0)
    assert row(feared, "NEW")["first_buy_units"] == poor


@pytest.mark.parametrize(
    ("days", "case"), [(60, "its day to order is still ahead"), (20, "to be ordered now"), (13, FIRST_BUYS[4])]
)
def test_the_first_buy_is_ordered_by_the_last_review_that_brings_it_in_time(days: int, case: str) -> None:
    made = planned([*steady(16, 6), awaited(days, lead_days=14.0)])
    found = row(made, "NEW")
    assert found["first_buy_case"] == case
    assert str(found["first_buy_order_on"]) == in_days(days - 14)
    assert (found["order_quantity_units"] > 0) == (days < 60)
    assert found["days_until_order"] == (46 if days == 60 else 0)
    assert ("POL-011" in {finding.code for finding in made.findings}) == (days == 13)


def test_what_is_there_or_on_order_for_the_launch_is_not_bought_again() -> None:
    part = row(planned([*steady(16, 6), awaited(14, on_hand=10, due=[(20, 7)])]), "NEW")
    assert part["order_quantity_units"] == 18
    full = row(planned([*steady(16, 6), awaited(14, on_hand=60)]), "NEW")
    assert (full["order_quantity_units"], full["need_reason"]) == (0, "what the launch needs is there or on order")


def test_where_no_launch_is_known_a_person_is_asked_and_may_say_it() -> None:
    made = planned([Item("OLD", [5] * WEEKS), awaited(14)])
    found = row(made, "NEW")
    assert (found["order_quantity_units"], found["need_reason"]) == (0, NEED_REASONS[-1])
    assert ANALOGUES[0] == found["analogue_source"]
    assert "POL-012" in {finding.code for finding in made.findings}
    told = planned([Item("OLD", [5] * WEEKS), awaited(14)], first_buy_units_ruled=30)
    assert row(told, "NEW")["order_quantity_units"] == 30
    assert "POL-012" not in {finding.code for finding in told.findings}


def test_days_and_months_have_no_ramp() -> None:
    old = [launched(f"R{k:03}", [30, 20, *[10] * 28]) for k in range(12)]
    for period_days in (1, 30):
        made = plan(inputs_of(old, period_days=period_days, periods=WEEKS), plain_rules())
        assert np.array_equal(made.columns["launch_ramp"], np.ones((12, 13)))


def test_launches_that_share_an_attribute_count_for_more() -> None:
    shop = [*steady(4, 8, "blue"), *steady(36, 8, "red")]
    inputs = inputs_of([*(replace(item, category="toys") for item in shop), awaited(7)], periods=WEEKS)
    colour = np.array([[0]] * 8 + [[1]] * 8 + [[1]])

    def level(codes: np.ndarray | None) -> float:
        told = replace(inputs, attributes=replace(inputs.attributes, attribute_codes=codes))
        return float(row(plan(told, plain_rules()), "NEW")["analogue_level_units_per_period"])

    # Roots 2 and 6, mean 4. To each red one the other 15 told 58 ÷ 15; eight of them lay above it, of 5 + 8.
    assert level(None) == pytest.approx(16)
    assert level(colour) == pytest.approx((4 + 8 * (6 - 58 / 15) / 13) ** 2)
