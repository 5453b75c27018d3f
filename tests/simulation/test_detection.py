"""On worlds with known turning points the monitors find changes in time and keep quiet where nothing changes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from skuwise.core.monitoring import intermittency, level_shift, volatility
from skuwise.simulate.worlds import make_world

ITEMS, PERIODS, TURN, SEED = 250, 160, 110, 77
YEARS_WATCHED = ITEMS * (TURN - 60) / 52


@cache
def first_told(name: str, change_period: int = TURN) -> np.ndarray:
    """Weeks [(k, 3)] of newly told shifts: item, week, kind of change; judged each week with what was known then."""
    world = make_world(name, np.arange(ITEMS, dtype=np.uint64), PERIODS, SEED, change_period=change_period)
    units = world.demand_units.astype(np.float64)
    first = np.argmax(units > 0, axis=1)
    stood, told = np.zeros(ITEMS, bool), []
    for end in range(60, min(PERIODS, change_period + 27)):
        kind = level_shift.change_of_demand(units[:, :end], units[:, :end] < 0, first, np.ones((ITEMS, 52)), 0, 7)[0]
        if end > 60:
            told += [(item, end, kind[item]) for item in np.flatnonzero((kind > 0) & ~stood)]
        stood = kind > 0
    return np.array(told, np.int64).reshape(-1, 3)


def delay(name: str, kinds: tuple[int, ...]) -> np.ndarray:
    told = first_told(name)
    weeks = np.full(ITEMS, np.inf)
    for item, week, kind in told[::-1]:
        if week > TURN and kind in kinds:
            weeks[item] = week - TURN
    return weeks


UP, DOWN = (level_shift.SHIFT_UP, level_shift.RAMP_UP), (level_shift.SHIFT_DOWN, level_shift.RAMP_DOWN)


@pytest.mark.parametrize(
    "name", ["smooth_stationary", "stationary", "stationary_erratic", "intermittent", "lumpy", "slow_poisson"]
)
def test_steady_demand_of_every_pattern_is_told_to_have_shifted_less_than_once_in_five_years(name: str) -> None:
    told = first_told(name)
    assert (told[:, 1] <= TURN).sum() / YEARS_WATCHED < 0.2


def test_half_as_much_again_is_found_within_four_weeks_on_median_for_a_smooth_item() -> None:
    weeks = delay("smooth_shift_up_50", UP)
    assert np.median(weeks) <= 4
    assert np.mean(weeks <= 13) > 0.95


@pytest.mark.parametrize(
    ("name", "kinds", "median"),
    [("smooth_shift_down_50", DOWN, 3), ("shift_down_100", DOWN, 4), ("shift_up_100", UP, 6)],
)
def test_large_changes_are_found_within_weeks(name: str, kinds: tuple[int, ...], median: float) -> None:
    assert np.median(delay(name, kinds)) <= median


@pytest.mark.parametrize("name", ["spike", "smooth_hole"])
def test_one_week_is_hardly_ever_taken_for_a_shift(name: str) -> None:
    told = first_told(name)
    near = (told[:, 1] > TURN) & (told[:, 1] <= TURN + 8)
    assert len(np.unique(told[near, 0])) / ITEMS < 0.08


def test_the_day_of_a_clear_shift_is_told_to_the_week() -> None:
    world = make_world("smooth_shift_up_50", np.arange(ITEMS, dtype=np.uint64), TURN + 12, SEED, change_period=TURN)
    units = world.demand_units.astype(np.float64)
    found = level_shift.change_of_demand(units, units < 0, np.zeros(ITEMS, np.int64), np.ones((ITEMS, 52)), 0, 7)
    shifted = found[0] == level_shift.SHIFT_UP
    off = np.abs((found[1][shifted] - np.datetime64(TURN * 7, "D")).astype(np.int64))
    assert shifted.mean() > 0.9
    assert np.median(off) <= 7
    assert np.mean(off <= 14) > 0.85


def test_most_changes_of_spread_and_of_interval_are_found_within_a_year() -> None:
    more = make_world("volatility_up", np.arange(ITEMS, dtype=np.uint64), TURN + 26, SEED, change_period=TURN)
    units = more.demand_units.astype(np.float64)
    start, season = np.zeros(ITEMS, np.int64), np.ones((ITEMS, 52))
    kind = volatility.change_of_spread(units, units < 0, start, season, start, 0, 7)[0]
    assert np.mean(kind == volatility.MORE) > 0.6
    less = make_world("sold_less_often", np.arange(ITEMS, dtype=np.uint64), TURN + 52, SEED, change_period=TURN)
    units = less.demand_units.astype(np.float64)
    kind = intermittency.change_of_interval(units, units < 0, start, season, 0, 7)[0]
    assert np.mean(kind == intermittency.LESS_OFTEN) > 0.6
    assert np.mean(kind == intermittency.MORE_OFTEN) < 0.02


def test_what_is_told_of_an_item_does_not_hang_on_the_others() -> None:
    units = make_world("shift_up_50", np.arange(50, dtype=np.uint64), 140, SEED).demand_units.astype(np.float64)
    start, season = np.zeros(50, np.int64), np.ones((50, 52))
    whole = level_shift.change_of_demand(units, units < 0, start, season, 0, 7)
    part = level_shift.change_of_demand(units[7:20], units[7:20] < 0, start[7:20], season[7:20], 0, 7)
    for of_whole, of_part in zip(whole, part, strict=True):
        assert np.array_equal(of_whole[7:20], of_part, equal_nan=of_part.dtype.kind in "fM")
