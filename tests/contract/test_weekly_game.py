"""A round of a weekly game: arrays in, orders out, in the order of the arrays."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from skuwise import weekly_round

COSTS = {"shortage_cost": 1.0, "holding_cost": 0.2, "lead_time_weeks": 2}


def sold(items: int = 8, weeks: int = 30) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(5))
    return rng.poisson(np.linspace(1, 12, items)[:, None], (items, weeks))


def test_orders_come_back_in_the_order_of_the_arrays() -> None:
    history, nothing = sold(), np.zeros((8, 1), dtype=np.int64)
    on_hand = np.arange(8)
    forward = weekly_round(history, on_hand, nothing, **COSTS).order_units
    backward = weekly_round(history[::-1], on_hand[::-1], nothing, **COSTS).order_units
    assert forward.sum() > 0
    np.testing.assert_array_equal(forward, backward[::-1])


def test_names_that_sort_otherwise_change_nothing() -> None:
    history, nothing = sold(), np.zeros((8, 1), dtype=np.int64)
    named = pl.DataFrame({"sku_id": [f"{9 - number}-x" for number in range(8)], "location_id": list("abcdabcd")})
    plain = weekly_round(history, np.zeros(8), nothing, **COSTS).order_units
    np.testing.assert_array_equal(weekly_round(history, np.zeros(8), nothing, skus=named, **COSTS).order_units, plain)


def test_the_dearer_a_shortage_the_more_is_bought() -> None:
    history, nothing = np.tile(sold()[4], (3, 1)), np.zeros((3, 1), dtype=np.int64)
    orders = weekly_round(
        history, np.zeros(3), nothing, shortage_cost=np.array([1, 4, 19]), holding_cost=1.0, lead_time_weeks=1
    ).order_units
    assert orders[0] < orders[1] < orders[2]


def test_what_is_on_its_way_is_not_bought_again() -> None:
    history = sold()
    much = np.full((8, 1), 200)
    assert weekly_round(history, np.zeros(8), much, **COSTS).order_units.sum() == 0


def test_an_order_long_overdue_is_bought_again() -> None:
    history = np.full((2, 30), 5)
    orders = pl.DataFrame({"item": [0, 1], "units": [30, 30], "weeks_ago": [1, 9]})
    made = weekly_round(history, np.full(2, 5), np.zeros((2, 1)), open_orders=orders, **COSTS).order_units
    assert made[1] > made[0]


def test_five_weeks_of_history_are_enough() -> None:
    made = weekly_round(sold(weeks=5), np.zeros(8), np.zeros((8, 1)), as_of=date(2026, 3, 2), **COSTS)
    assert (made.order_units > 0).all()
    assert made.plan.as_of == np.datetime64("2026-03-02")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"due_units": np.zeros((7, 1))}, "due_units"),
        ({"in_stock": np.ones((8, 3))}, "in_stock"),
        ({"shortage_cost": np.ones(3)}, "8 items"),
        ({"skus": pl.DataFrame({"sku_id": ["A"] * 8})}, "once"),
    ],
)
def test_shapes_that_do_not_fit_are_named(change: dict[str, object], word: str) -> None:
    given = {"history_units": sold(), "on_hand_units": np.zeros(8), "due_units": np.zeros((8, 1))} | COSTS | change
    with pytest.raises(ValueError, match=word):
        weekly_round(**given)
