"""Stages on generated worlds: they hold where nothing changes, and tell in time where something does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from benchmarks.stages import Measured, justified, measure_world

from skuwise.core.lifecycle.stage import DECLINING, GROWING, MATURE, RETIRING
from skuwise.simulate.worlds import make_world

#: Neither the seed on which defaults were set nor the one that is reported.
SEED = 411


@cache
def world(name: str) -> Measured:
    return measure_world(name, seed=SEED, items=60)


@pytest.mark.parametrize("name", ["stationary_poisson", "fast_stationary", "intermittent", "lumpy", "spike", "hole"])
def test_where_nothing_lasts_stages_hardly_change(name: str) -> None:
    # 120 SKU-years: 0.1 is expected at most, and twice that would still be chance.
    assert world(name).changes <= 0.2
    assert world(name).wrong <= 0.04


def test_a_year_of_seasons_is_no_growth_and_no_decline() -> None:
    assert world("seasonal").changes <= 0.5
    assert world("seasonal").wrong <= 0.04


@pytest.mark.parametrize(
    ("name", "stage", "weeks"),
    [
        ("shift_up_100", "growing", 6),
        ("fast_shift_up_50", "growing", 7),
        ("smooth_shift_up_50", "growing", 6),
        ("shift_down_100", "declining", 4),
        ("smooth_shift_down_50", "declining", 6),
        ("decline", "declining", 16),
        ("shift_down_100", "retiring", 9),
        ("decline", "retiring", 10),
    ],
)
def test_a_change_is_told_in_time(name: str, stage: str, weeks: float) -> None:
    median, _, share = world(name).delays[stage]
    assert median <= weeks
    assert share >= 0.95


def test_the_truth_calls_a_shift_growth_for_a_while_and_an_end_over() -> None:
    shift = make_world("shift_up_100", np.arange(1, dtype=np.uint64), 120, seed=SEED, change_period=60)
    allowed = justified(shift)[0]
    assert allowed[60, MATURE]
    assert not allowed[60, GROWING]
    assert allowed[61, GROWING]
    assert not allowed[61, MATURE]
    assert allowed[100, MATURE]
    assert not allowed[100, GROWING]
    end = justified(make_world("shift_down_100", np.arange(1, dtype=np.uint64), 120, seed=SEED, change_period=60))[0]
    assert end[61, RETIRING]
    assert not end[61, DECLINING]
