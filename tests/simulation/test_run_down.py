"""Run-downs lived week by week: what the rules of declining and retiring items leave over, beside mature ones."""

from __future__ import annotations

import pytest
from benchmarks.end_of_life import Lived, compare

ITEMS, SEED = 12, 3


@pytest.fixture(scope="module")
def runs() -> dict[str, list[list[Lived]]]:
    """World → for each of its cases the run under the mature policy, the stage rules, and these where told in time."""
    found: dict[str, list[list[Lived]]] = {}
    for case, lived in compare(ITEMS, SEED, ("decline", "named end")):
        found.setdefault(case.world, []).append(lived)
    return found


def left(cases: list[list[Lived]], policy: int) -> int:
    return int(sum(case[policy].left_units.sum() for case in cases))


def served(cases: list[list[Lived]], policy: int) -> float:
    missed = sum(case[policy].missed_units.sum() for case in cases)
    return float(1 - missed / sum(case[policy].asked_units.sum() for case in cases))


def test_before_a_named_end_far_less_than_half_is_left(runs: dict[str, list[list[Lived]]]) -> None:
    cases = runs["named end"]
    assert left(cases, 1) < 0.25 * left(cases, 0)
    assert served(cases, 1) > served(cases, 0) - 0.03


def test_a_decline_that_is_known_in_time_leaves_about_half(runs: dict[str, list[list[Lived]]]) -> None:
    cases = runs["decline"]
    assert left(cases, 2) < 0.6 * left(cases, 0)
    assert served(cases, 2) > served(cases, 0) - 0.02


def test_the_stage_rules_leave_less_than_the_mature_policy_and_serve_as_well(
    runs: dict[str, list[list[Lived]]],
) -> None:
    cases = runs["decline"]
    assert left(cases, 1) < left(cases, 0)
    assert served(cases, 1) > served(cases, 0) - 0.02
