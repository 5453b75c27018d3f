"""New items in generated worlds: what earlier launches tell saves stockouts, and does no harm where there were none."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.launches import lived, policy
from benchmarks.young import run_of, shop_of

ITEMS, PERIODS = 12, 40


def fared(world: str, *, launches: bool, first: bool = False, announce: bool = False) -> dict[str, float]:
    return lived(world, ITEMS, PERIODS, launches=launches, first=first, announce=announce)


def test_new_items_miss_less_and_cost_less_with_what_earlier_launches_tell() -> None:
    known, alone = (fared("launch", launches=told, first=True) for told in (True, False))
    assert known["missed"] < alone["missed"]
    assert known["cost"] < alone["cost"]


def test_an_announced_launch_misses_less_still() -> None:
    announced, surprising = (fared("launch", launches=True, first=True, announce=told) for told in (True, False))
    assert announced["missed"] < surprising["missed"]
    assert announced["cost"] < surprising["cost"]


def test_the_first_buy_of_an_announced_launch_is_there_on_its_day_once_earlier_ones_told_how_much() -> None:
    shop = shop_of("launch", ITEMS, PERIODS)
    start = (shop.demand_units > 0).argmax(axis=1) - (shop.demand_units.shape[1] - PERIODS)
    _, counts = run_of(shop, lambda at, known: policy(at, known, launches=True, announced=start))
    reliable = shop.promised_periods == 4
    later = reliable & (start > np.quantile(start, 0.7)) & (start < PERIODS)
    received = counts.received_units[0].cumsum(axis=1)
    rows = np.flatnonzero(later)
    there = received[rows, start[rows]] > 0
    assert there.all()
    # And not bought weeks before: a review at most too early.
    early = received[rows, np.maximum(start[rows] - 2, 0)] > 0
    assert not early.any()


@pytest.mark.parametrize("world", ["stationary", "trend_up"])
def test_where_nothing_is_launched_nothing_changes(world: str) -> None:
    assert fared(world, launches=True) == fared(world, launches=False)
