"""Short histories by hand: what a level is worth after five periods, a jump, a spike, a stockout, and a lost order."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.core.forecast.analogues import ANALOGUES
from skuwise.core.forecast.shifting import dispersion_of, shifting_level
from skuwise.core.plan import plan
from skuwise.core.policy.reliability import expected_arrivals
from tests.builders import AS_OF, Item, inputs_of, plain_rules


def read(sales: list[float], sold_out: tuple[int, ...] = ()) -> tuple[float, float, float]:
    """Level, its variance and the variance of a period; the bound is what sold in a sold-out period."""
    flat = np.array(sales, dtype=np.float64)
    bound = np.full(len(flat), np.nan)
    bound[list(sold_out)] = flat[list(sold_out)]
    return shifting_level(flat, np.ones(len(flat)), bound, float(flat[:5].mean()), np.empty(len(flat) + 1))


def test_a_steady_history_gives_its_mean_and_knows_it_the_better_the_longer_it_is() -> None:
    short, long = read([18, 22, 20, 19, 21]), read([18, 22, 20, 19, 21] * 5)
    assert short[0] == pytest.approx(20, rel=0.02)
    assert long[0] == pytest.approx(20, rel=0.02)
    assert long[1] < 0.7 * short[1]


def test_the_dispersion_is_half_the_mean_squared_difference_less_the_mean_over_its_square() -> None:
    # 10, 30, 10, 30, 10, 30: half of 400 is 200, less the mean 20 is 180, over 400 is 0.45; six periods of it and
    # three of the first guess 0.1: (6 × 0.45 + 3 × 0.1) ÷ 9.
    flat = np.array([10.0, 30.0] * 3)
    assert dispersion_of(flat, np.ones(6), np.full(6, np.nan)) == pytest.approx((6 * 0.45 + 3 * 0.1) / 9)


def test_a_jump_is_followed_within_three_periods() -> None:
    steady = [20, 18, 22, 21, 19, 20, 22, 18, 20, 21]
    assert read([*steady, 41, 39, 42])[0] > 36
    assert read([*steady, 9, 11, 10])[0] < 13.5


def test_a_single_odd_period_is_no_jump() -> None:
    steady = [20.0, 18.0, 22.0, 21.0, 19.0, 20.0, 22.0, 18.0, 20.0, 21.0]
    assert read([*steady, 100.0])[0] < 30
    assert read([*steady, 100.0, 20.0, 19.0, 21.0])[0] < 25


def test_where_demand_ends_the_level_goes_to_nothing() -> None:
    assert read([20, 18, 22, 21, 19, 0, 0, 0, 0])[0] < 3


def test_a_sold_out_period_can_raise_the_level_and_never_lowers_it() -> None:
    steady = [20.0, 18.0, 22.0, 21.0, 19.0]
    before = read(steady)[0]
    assert read([*steady, 3.0], sold_out=(5,))[0] == pytest.approx(before, rel=0.03)
    assert read([*steady, 30.0, 30.0, 30.0], sold_out=(5, 6, 7))[0] > 27


def test_what_nothing_foresaw_breaks_nothing() -> None:
    level, variance, of_period = read([0.0, 0.0, 1.0, 1e6])
    assert np.isfinite([level, variance, of_period]).all()


def test_a_launch_is_planned_with_what_launches_like_it_sold_at_first() -> None:
    launched = [Item(f"L{k}", [0] * 20 + [sold] * 10, category="toys") for k, sold in enumerate((4, 6, 20))]
    awaited = Item("NEW", [0] * 30, category="toys", launch=AS_OF)
    columns = plan(inputs_of([*launched, awaited]), plain_rules()).columns
    row = list(columns["sku_id"]).index("NEW")
    # ((√4 + √6 + √20) ÷ 3)², less than the mean of 10: 20 is one item's luck.
    assert columns["analogue_level_units_per_period"][row] == pytest.approx(8.84, abs=0.01)
    assert ANALOGUES[columns["analogue_source"][row]] == "launches in the shop"  # the category holds no other ones
    assert columns["level_units_per_period"][row] == pytest.approx(8.84, abs=0.01)


def arrivals(overdue: list[list[int]], due: list[list[int]], sold: int) -> tuple[float, list[int]]:
    one = np.ones(1)
    share, awaited, _ = expected_arrivals(
        np.array(due), np.array(overdue), np.array([[sold]]), one, 14 * one, 4.2 * one, 0.3 * one, np.nan * one, 7
    )
    return float(share[0]), awaited[0].tolist()


def test_an_order_in_time_counts_in_full() -> None:
    assert arrivals([[0]], [[0, 50]], 200)[1] == [0, 50]
    assert arrivals([[50]], [[50]], 200)[1] == [50]  # due today


def test_an_order_overdue_counts_the_less_the_longer_it_is() -> None:
    counted = [arrivals([[0] * weeks + [100]], [[100]], 400)[1][0] for weeks in (0, 1, 2, 3)]
    assert counted == sorted(counted, reverse=True)
    assert counted[0] == 100
    assert counted[3] == 0


def test_a_supplier_who_lost_orders_is_trusted_less_with_the_next() -> None:
    share, awaited = arrivals([[0, 0, 0, 100, 0, 0, 100]], [[200, 100]], 400)
    assert share == pytest.approx(200 / 628, rel=0.05)  # 200 lost of 400 sold, 200 overdue and 28 of prior
    assert awaited[0] == 0
    assert 60 < awaited[1] < 75
