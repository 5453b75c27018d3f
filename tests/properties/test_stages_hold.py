"""Stages hold: data that fit what is known move nothing, and what is known later does not change what was seen."""

from __future__ import annotations

import numpy as np
from benchmarks.stages import as_of_period
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.lifecycle.stage import GROWING, MATURE
from skuwise.core.plan import understand
from skuwise.core.rules import built_in_rulebook
from tests.builders import Item, inputs_of

SETTINGS = built_in_rulebook().settings


def stages_of(histories: list[list[int]]) -> np.ndarray:
    items = [Item(f"SKU-{row:03d}", sales, on_hand=5) for row, sales in enumerate(histories)]
    stages: np.ndarray = understand(inputs_of(items), SETTINGS)[0]["stage_seen"]
    return stages


@settings(max_examples=60, deadline=None)
@given(mean=st.integers(3, 60), seed=st.integers(0, 10_000), share=st.floats(0.1, 0.9))
def test_another_week_that_fits_the_level_leaves_a_steady_item_mature(mean: int, seed: int, share: float) -> None:
    weeks = np.random.Generator(np.random.Philox(seed)).poisson(mean, 104).tolist()
    next_week = int(np.quantile(weeks, share))
    before, after = stages_of([weeks])[0], stages_of([[*weeks, next_week]])[0]
    if before == MATURE:
        assert after == MATURE


@settings(max_examples=40, deadline=None)
@given(mean=st.integers(2, 60), odd=st.integers(0, 600), at=st.integers(60, 100))
def test_no_single_week_moves_an_even_item_whenever_it_comes(mean: int, odd: int, at: int) -> None:
    weeks = [mean] * at + [odd] + [mean] * (103 - at)
    assert stages_of([weeks]).tolist() == [MATURE]


@settings(max_examples=20, deadline=None)
@given(scale=st.integers(2, 5), seed=st.integers(0, 1000))
def test_an_item_that_sells_by_the_case_is_in_the_stage_of_one_that_sells_steadily(scale: int, seed: int) -> None:
    weeks = np.random.Generator(np.random.Philox(seed)).poisson(30, 90)
    doubled = np.concatenate([weeks, np.full(6, 60)])
    assert stages_of([doubled.tolist(), (scale * doubled).tolist()]).tolist() == [GROWING, GROWING]


def test_a_plan_of_a_past_day_sees_what_was_seen_that_day() -> None:
    sales = [20] * 60 + [40] * 30 + [0] * 14
    inputs = inputs_of([Item("A", sales, on_hand=5)])
    for periods in (60, 66, 90, 96, 104):
        then = understand(as_of_period(inputs, periods), SETTINGS)[0]["stage_seen"]
        whole = inputs_of([Item("A", sales[:periods], on_hand=5)], as_of=str(as_of_period(inputs, periods).grid.as_of))
        assert then.tolist() == understand(whole, SETTINGS)[0]["stage_seen"].tolist()
