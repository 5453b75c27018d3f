"""Demand that is not learned from, and a factor on what is expected: what they move and what they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from skuwise.core.forecast.memory import memory
from skuwise.core.forecast.shifting import CARRIED_CHANCE, shifting_level
from skuwise.core.plan import Plan, plan
from skuwise.core.rules import parse_rulebook
from tests.builders import AS_OF, Item, inputs_of, integers

BEFORE, ITEMS = 150, 40


def planned(before: float, after: float, weeks: int, rules: str = "", *, poisoned: bool = False) -> Plan:
    """Items that sold ``before`` units a week for three years and ``after`` in the newest weeks."""
    rng = np.random.Generator(np.random.Philox(7))
    items = []
    for number in range(ITEMS):
        old = rng.poisson(before, BEFORE)
        sales = np.concatenate([old * (3 if poisoned else 1), rng.poisson(after, weeks)])
        items.append(Item(f"SKU-{number:02d}", sales.tolist(), lead_days=21))
    return plan(inputs_of(items), parse_rulebook(rules))


def learning_from(weeks_ago: int) -> str:
    day = np.datetime64(AS_OF) - 7 * weeks_ago
    return f"[defaults]\nlearn_from = {day}\n"


def level(made: Plan) -> float:
    return float(made.columns["level_units_per_period"].mean())


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_three_weeks_after_a_change_most_of_the_way_to_the_new_level_is_gone(factor: float) -> None:
    told, untold = (level(planned(12, 12 * factor, 3, rules)) for rules in (learning_from(3), ""))
    whole_way = 12 * factor - 12
    assert 0.7 < (told - 12) / whole_way < 1.1
    assert 0 < (untold - 12) / whole_way < 0.35


@pytest.mark.parametrize("weeks", [1, 3, 6, 26, 60])
def test_a_change_that_was_none_moves_the_level_little(weeks: int) -> None:
    told, untold = (planned(12, 12, weeks, rules).columns for rules in (learning_from(weeks), ""))
    names = "level_units_per_period", "own_error_sd_units_per_period"
    moved = np.abs(told[names[0]] - untold[names[0]]) / 12
    assert moved.mean() < 0.1  # two standard errors of a mean of one week alone would be 0.58
    assert told[names[1]].mean() < 2 * untold[names[1]].mean()


def test_after_sixty_weeks_nothing_of_what_was_before_is_left_in_level_and_error() -> None:
    once, other = (planned(12, 20, 61, learning_from(61), poisoned=poisoned).columns for poisoned in (False, True))
    for name in ("level_units_per_period", "own_error_sd_units_per_period", "past_sum_units", "past_sum_mean_units"):
        np.testing.assert_allclose(once[name], other[name], rtol=1e-9, err_msg=name)


def test_season_class_and_stage_go_on_learning_from_everything() -> None:
    told, untold = (planned(12, 30, 8, rules).columns for rules in (learning_from(8), ""))
    for name in ("season_index", "abc_class", "xyz_class", "stage_seen", "stage_since", "demand_units"):
        np.testing.assert_array_equal(told[name], untold[name], name)
    assert (told["level_units_per_period"] != untold["level_units_per_period"]).all()


@pytest.mark.parametrize("day", ["2020-01-06", "2026-03-03", "2030-01-07"])
def test_a_day_before_the_first_sale_or_still_to_come_changes_nothing(day: str) -> None:
    told, untold = (integers(planned(12, 12, 10, rules)) for rules in (f"[defaults]\nlearn_from = {day}\n", ""))
    assert told.keys() == untold.keys()
    for name in told:
        np.testing.assert_array_equal(told[name], untold[name], name)


def test_the_old_level_stays_a_guess_until_the_new_weeks_speak() -> None:
    nothing = np.empty(0)
    found, level_variance, _ = shifting_level(nothing, nothing, nothing, 10.0, np.empty(1), True)
    assert found == pytest.approx(10)
    # Either it holds, and is known as well as from 20 periods; or it is new, and drawn within half of it.
    holds, is_new = (10 + 0.1 * 100) / 20, (0.5 * 10) ** 2 + 0.05
    assert level_variance == pytest.approx(CARRIED_CHANCE * holds + (1 - CARRIED_CHANCE) * is_new)


def old_level(sales: Sequence[float], sold_out: Sequence[int] = ()) -> tuple[int, float]:
    """First period learned from and old level of an item, told three periods before the as-of day."""
    demand = np.array([sales], np.float64)
    censored = np.zeros(demand.shape, np.bool_)
    censored[0, list(sold_out)] = True
    start = 20_514 - 7 * demand.shape[1]
    day = np.array([20_514 - 21], "datetime64[D]")
    first, carried, _ = memory(demand, censored, np.zeros(1, np.int64), np.ones((1, 52)), day, start, 20_514, 7)
    return int(first[0]), float(carried[0])


def test_the_old_level_is_the_mean_of_half_a_year_before() -> None:
    assert old_level([100.0] * 20 + [4.0, 8.0] * 13 + [50.0] * 3) == (46, 6.0)


def test_sold_out_weeks_tell_nothing_of_the_old_level() -> None:
    assert old_level([6.0] * 10 + [0.0] * 4 + [50.0] * 3, sold_out=range(10, 14)) == (14, 6.0)


def test_four_weeks_make_no_old_level() -> None:
    first, carried = old_level([6.0] * 4 + [50.0] * 3)
    assert first == 4 and np.isnan(carried)


def test_a_demand_factor_moves_what_is_expected_and_its_spread_and_not_the_level() -> None:
    plain, twice = (planned(12, 12, 10, rules).columns for rules in ("", "[defaults]\ndemand_factor = 2.0\n"))
    for name in ("mean_units", "lead_mean_units", "protection_mean_units", "review_mean_units", "daily_mean_units"):
        np.testing.assert_allclose(twice[name], 2 * plain[name], err_msg=name)
    np.testing.assert_array_equal(twice["level_units_per_period"], plain["level_units_per_period"])
    np.testing.assert_allclose(twice["protection_sd_units"], 2 * plain["protection_sd_units"])
    assert (twice["reorder_point_units"] > 1.8 * plain["reorder_point_units"]).all()


def test_nothing_is_bought_of_what_a_person_expects_no_demand_for() -> None:
    none = planned(12, 12, 10, "[defaults]\ndemand_factor = 0.0\n")
    assert (none.columns["mean_units"] == 0).all() and (none.columns["order_quantity_units"] == 0).all()
