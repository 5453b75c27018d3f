"""The end of an item's life on hand-made items: remaining demand, last buy, caps, leftovers, markdown, successors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skuwise.core.demand.inheritance import inherited_demand, rounds
from skuwise.core.plan import plan
from skuwise.core.policy.distribution import expected_shortage
from skuwise.core.policy.end_of_life import LAST_BUYS, last_buy, last_buy_ratio, markdown
from skuwise.core.policy.levels import LOST
from skuwise.core.rules import parse_rulebook
from tests.builders import AS_OF, Item, inputs_of, plain_rules, row

STEADY = [10, 12, 9, 11] * 26
FALLING = [*[20] * 80, *(round(20 * 0.93**week) for week in range(24))]


def of(item: Item, *others: Item, rules: Any = None) -> dict[str, Any]:
    """The row of an item under the built-in rules or those given."""
    return row(plan(inputs_of([item, *others]), rules), item.sku)


def in_days(days: int) -> str:
    return str(np.datetime64(AS_OF) + np.timedelta64(days, "D"))


# --- remaining demand


def test_demand_until_a_named_end_is_the_forecast_until_and_with_that_day() -> None:
    found = of(Item("A", STEADY, end_of_life=in_days(27)))
    assert found["remaining_demand_units"] == pytest.approx(found["mean_units"][:4].sum())
    assert found["remaining_sd_units"] > np.sqrt(found["remaining_demand_units"])


def test_no_end_is_in_sight_of_a_mature_item() -> None:
    found = of(Item("A", STEADY))
    assert found["stage"] == "mature" and np.isnan(found["remaining_demand_units"])
    assert (found["leftover_units"], found["markdown_share"]) == (0, 0.0)


def test_what_falls_has_a_finite_future_near_the_true_one() -> None:
    found = of(Item("A", FALLING))
    assert found["stage"] == "declining"
    true = sum(20 * 0.93 ** (24 + week) for week in range(104))
    assert 0.5 * true < found["remaining_demand_units"] < 1.6 * true
    assert found["decay_share_per_week"] == pytest.approx(0.07, abs=0.03)


def test_a_steeper_fall_leaves_less_to_sell() -> None:
    steeper = [*[20] * 80, *(round(20 * 0.88**week) for week in range(24))]
    assert of(Item("A", steeper))["remaining_demand_units"] < of(Item("A", FALLING))["remaining_demand_units"]


def test_nothing_is_sold_after_the_end() -> None:
    found = of(Item("A", STEADY, end_of_life=in_days(-3), on_hand=7))
    assert (found["stage"], found["remaining_demand_units"]) == ("retired", 0.0)
    assert (found["leftover_units"], found["leftover_cost_minor"], found["order_quantity_units"]) == (7, 7_000, 0)


# --- the last buy


def test_the_last_buy_earns_most_of_all_quantities() -> None:
    one = lambda *values: [np.array([value]) for value in values]  # noqa: E731
    _, units, gain, state = last_buy(
        *one(50.0, 12.0), last_buy_ratio(*one(2000, 1000, 0.25)), *one(8), np.zeros((1, 1), np.int64),
        *one(0, 0, 0.0, LOST, 2000, 1000, 0, 0.25, 0, 1, 21, 7.0, 14.0, True, 7), 20000,
    )  # fmt: skip
    assert LAST_BUYS[state[0]] == "due today"

    def earned(quantity: int) -> float:
        short = [float(expected_shortage(*one(float(8 + bought), 50.0, 12.0))[0]) for bought in (0, quantity)]
        sold = short[0] - short[1]
        return 2000 * sold + 250 * (quantity - sold) - 1000 * quantity

    assert int(units[0]) == max(range(90), key=earned)
    assert float(gain[0]) == pytest.approx(earned(int(units[0])))


def test_the_better_a_leftover_sells_the_larger_is_the_last_buy() -> None:
    item = Item("A", STEADY, end_of_life=in_days(30), price_minor=1_500)
    bought = [
        of(item, rules=parse_rulebook(f"[defaults]\nsalvage_share_of_cost = {share}\n"))["order_quantity_units"]
        for share in (0.0, 0.5, 0.9)
    ]
    assert bought == sorted(bought) and bought[0] < bought[2]


def test_the_last_buy_falls_due_when_the_next_review_is_too_late() -> None:
    # Two weeks of lead time and two to sell it: four weeks before the end is the last day.
    due, later, late = (of(Item("A", STEADY, end_of_life=in_days(days))) for days in (30, 36, 27))
    assert due["need_reason"] == "the last buy: a later order would arrive too late"
    assert due["order_quantity_units"] == due["last_buy_units"] > 0
    assert str(due["last_order_on"]) == in_days(2)
    assert later["last_buy"] == "a later order still arrives in time" and later["order_quantity_units"] > 0
    assert late["need_reason"].startswith("an order would arrive too late") and late["order_quantity_units"] == 0


def test_no_last_buy_where_the_stock_lasts_or_the_lot_would_lose_money() -> None:
    item = Item("A", STEADY, end_of_life=in_days(30))
    assert of(replace(item, on_hand=60))["need_reason"].startswith("no last buy: what is there")
    trap = of(replace(item, moq=500))
    assert (trap["order_quantity_units"], trap["need_reason"]) == (0, "no last buy: it would lose money")
    assert of(replace(item, moq=30))["order_quantity_units"] == 30


def test_without_a_price_the_last_buy_is_what_is_expected() -> None:
    found = of(Item("A", STEADY, end_of_life=in_days(30), price_minor=-1))
    assert np.isnan(found["last_buy_ratio_share"]) and np.isnan(found["last_buy_gain_minor"])
    gone = np.ceil(found["lead_mean_units"])
    assert found["last_buy_units"] == np.ceil(found["remaining_demand_units"] - 0.5 - 1e-9) - gone


def test_a_successor_without_a_named_end_brings_no_last_buy() -> None:
    found = of(Item("A", STEADY, successor="B"), Item("B", [0] * 100 + [3, 4, 6, 5]))
    assert (found["stage"], found["need_reason"]) == ("retiring", "the rules allow no reorder")


# --- caps and lots


def test_no_order_lifts_a_declining_item_above_its_remaining_demand() -> None:
    generous = parse_rulebook(
        "[defaults]\nfalling_supply_days_max = 3650.0\nmax_supply_days = 3650.0\nsafety_stock_days_max = 3650.0\n"
    )
    found = of(Item("A", FALLING, lead_days=70.0, on_hand=20), rules=generous)
    position = found["inventory_position_units"] + found["order_quantity_units"]
    assert 0 < position <= found["remaining_demand_units"]
    assert found["cap_reason"] == "cut to the remaining demand"


def test_stock_due_late_counts_against_the_remaining_demand() -> None:
    found = of(Item("A", FALLING, due=[(400, 300)]))
    assert found["remaining_cap_units"] == 0 and found["order_quantity_units"] == 0


def test_a_lot_that_outlasts_the_remaining_demand_is_refused_and_its_risk_told() -> None:
    found = of(Item("A", FALLING, moq=400))
    assert (found["order_quantity_units"], found["moq_reason"]) == (
        0,
        "refused: the MOQ is more than will still be sold",
    )
    assert found["lot_at_risk_minor"] == pytest.approx((400 - found["remaining_demand_units"]) * 1_000, abs=1)
    allowed = of(Item("A", FALLING, moq=400), rules=parse_rulebook("[defaults]\nlot_may_exceed_cap = true\n"))
    assert allowed["order_quantity_units"] == 400
    assert allowed["moq_reason"] == "raised to the MOQ, which is more than will still be sold"


def test_a_lot_that_will_be_sold_is_no_trap() -> None:
    found = of(Item("A", FALLING, moq=20))
    assert found["cap_units"] < 20 <= found["remaining_cap_units"] and found["order_quantity_units"] == 20


def test_the_findings_tell_of_refused_lots_and_of_leftovers() -> None:
    made = plan(inputs_of([Item("A", FALLING, moq=400), Item("B", STEADY, end_of_life=in_days(-3), on_hand=7)]))
    told = {finding.code: finding for finding in made.findings}
    assert told["POL-009"].sku_id == "A" and told["POL-010"].sku_id == "B"


def test_safety_stock_is_bound_by_days_of_the_falling_demand() -> None:
    found = of(Item("A", FALLING, lead_sd_days=30.0))
    assert found["falling_daily_units"] < found["daily_mean_units"]
    assert found["safety_stock_units"] <= 28 * found["falling_daily_units"] + 1e-9


# --- sell-off, leftovers, markdown


def test_stock_in_hand_is_gone_when_expected_demand_has_used_it_up() -> None:
    found = of(Item("A", STEADY, end_of_life=in_days(60), on_hand=21), rules=plain_rules(reorder_allowed=False))
    used = np.cumsum(np.repeat(found["mean_units"], 7) / 7)
    assert str(found["sell_off_on"]) == in_days(int(np.searchsorted(used, 21)))
    too_much = of(Item("A", STEADY, end_of_life=in_days(60), on_hand=300))
    assert np.isnat(too_much["sell_off_on"])
    assert too_much["leftover_units"] == round(300 - too_much["remaining_demand_units"])


@pytest.mark.parametrize(("elasticity", "cut"), [(1.0, 0.5), (2.0, 0.2929), (4.0, 0.1591)])
def test_the_more_elastic_demand_is_the_smaller_is_the_cut(elasticity: float, cut: float) -> None:
    one = lambda *values: [np.array([value]) for value in values]  # noqa: E731
    speed, share = markdown(
        *one(4, 50.0, 50, 100), np.zeros((1, 1), np.int64), *one(0, 0, 3000, 1000, elasticity, 0.9, 1.0)
    )
    assert float(speed[0]) == 2.0 and float(share[0]) == pytest.approx(cut, abs=1e-4)


def test_no_cut_goes_below_the_floor_or_beyond_the_deepest() -> None:
    item = Item("A", STEADY, end_of_life=in_days(60), on_hand=3_000)
    assert of(item)["markdown_share"] == 0.5
    assert of(replace(item, price_minor=1_200))["markdown_share"] == pytest.approx(1 - 1_000 / 1_200)
    assert of(replace(item, price_minor=-1))["markdown_share"] == 0.0


# --- successors


def test_a_successor_that_is_still_to_come_knows_its_level_season_and_class() -> None:
    old = Item("A", STEADY, successor="B", on_hand=20)
    found = of(Item("B", [0], launch=in_days(10)), old)
    assert (found["predecessors"], found["inherited_periods"], found["stage"]) == ("A", len(STEADY), "new")
    assert found["level_units_per_period"] == pytest.approx(of(old)["level_units_per_period"])
    assert (found["abc_class"], found["xyz_class"]) == (of(old)["abc_class"], of(old)["xyz_class"])
    # Nothing is wanted of it before its day, and the order that arrives by then is cautious.
    assert found["mean_units"][0] == 0 and found["mean_units"][3] > 0
    assert 0 < found["order_quantity_units"] < 3 * found["level_units_per_period"]


def test_a_chosen_share_of_the_customers_goes_over() -> None:
    old = Item("A", STEADY, successor="B", successor_share=0.4)
    found = of(Item("B", [0], launch=in_days(10)), old)
    assert found["level_units_per_period"] == pytest.approx(0.4 * of(old)["level_units_per_period"], rel=1e-6)


def test_several_predecessors_add_up_and_chains_hand_on() -> None:
    first = Item("A", [10] * 60 + [0] * 40, successor="B")
    second = Item("B", [0] * 60 + [8] * 40, successor="C")
    other = Item("X", [5] * 100, successor="C")
    found = of(Item("C", [0], launch=in_days(7)), first, second, other)
    assert found["predecessors"] == "B, X"
    assert found["demand_units"][:60].tolist() == [15.0] * 60
    assert found["demand_units"][60:].tolist() == [13.0] * 40


def test_while_both_sell_nothing_is_counted_twice() -> None:
    old, new = Item("A", [10] * 90 + [4] * 10, successor="B"), Item("B", [0] * 90 + [6] * 10)
    made = plan(inputs_of([old, new]))
    both = made.columns["demand_units"][:, 90:].sum(axis=0)
    assert both.tolist() == [10.0] * 10
    assert row(made, "B")["own_first_period"] == 90


def test_a_successor_of_another_location_or_without_sale_and_launch_inherits_nothing() -> None:
    old = Item("A", STEADY, successor="B")
    assert of(Item("B", [0]), old)["inherited_periods"] == 0
    assert of(Item("B", [0], location="EAST", launch=in_days(10)), old)["inherited_periods"] == 0


def test_a_circle_of_successors_inherits_nothing_and_ends() -> None:
    assert [links.tolist() for links in rounds(np.array([0, 1]), np.array([1, 0]))] == []
    demand = np.array([[0.0, 4.0, 4.0], [0.0, 0.0, 6.0]])
    taken, *_ = inherited_demand(
        demand, np.array([1, 2]), np.zeros(2, bool), np.array(["A", "B"]), np.array(["X", "X"]),
        np.array(["B", "A"]), np.ones(2),
    )  # fmt: skip
    assert taken.tolist() == demand.tolist()
