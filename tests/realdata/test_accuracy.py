"""Forecasts of real shops against the field's usual methods, on a few of the windows of ``benchmarks/accuracy.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.accuracy import coverage_rows, weekly_shop_rows
from benchmarks.accuracy_sets import SETS, RealSet

pytestmark = pytest.mark.shared
SharedData = Callable[[str], Path]


def windows(name: str, shared_data: SharedData, *origins: int, lead: int | None = None) -> RealSet:
    real = next(one for one in SETS if one.name == name)
    shared_data(real.path)
    return replace(real, origins=origins or real.origins, leads=real.leads if lead is None else (lead,))


def test_thirteen_weeks_of_the_gift_shop_are_foretold_better_than_by_averages_and_by_last_year(
    shared_data: SharedData,
) -> None:
    rows = weekly_shop_rows(windows("online_retail_two_years", shared_data, 59, 72, 79))
    names = dict.fromkeys(row[1] for row in rows)
    score, loss = ({name: np.mean([row[at] for row in rows if row[1] == name]) for name in names} for at in (2, 4))
    assert len(names) == 5
    assert min(score, key=lambda name: score[name]) == "Skuwise", score
    # Quantiles are what stock is made of: there the lead is wide, at each origin.
    assert all(loss["Skuwise"] < 0.75 * other for name, other in loss.items() if name != "Skuwise"), loss


@pytest.mark.parametrize(
    ("name", "origin", "lead"), [("auto", 12, 2), ("vn2", 131, 12), ("freshretailnet", 69, 2), ("vn1", 9, 2)]
)
def test_intervals_cover_about_what_they_name(shared_data: SharedData, name: str, origin: int, lead: int) -> None:
    ((_, _, count, drawn, closed),) = coverage_rows(windows(name, shared_data, origin, lead=lead))
    assert count > 500
    # One window of one shop shares its luck: over all windows the benchmark tells, and there it is within three points.
    assert drawn == pytest.approx([0.5, 0.8, 0.95], abs=0.08)
    assert (np.array(closed) >= np.array(drawn)).all()
