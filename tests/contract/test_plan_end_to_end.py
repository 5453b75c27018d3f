"""One call from tables to a plan: the same whatever the order of rows, honest about time, and never on disk."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import skuwise
from skuwise.core.plan import Plan

AS_OF = date(2026, 3, 2)
Tables = dict[str, pl.DataFrame]


def shop(skus: int = 400, weeks: int = 120, seed: int = 5) -> Tables:
    """Weekly day totals of a shop in eight categories, with catalogue, stock, supply terms and open orders."""
    rng = np.random.default_rng(seed)
    names = [f"SKU-{number:04d}" for number in range(skus)]
    rate = np.exp(rng.normal(1.0, 1.3, skus))
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(weeks) / 52.18)[None, :] * (np.arange(skus) % 2)[:, None]
    units = rng.poisson(rate[:, None] * wave)
    row, week = np.nonzero(units)
    days = np.datetime64(AS_OF) - np.arange(weeks, 0, -1) * np.timedelta64(7, "D")
    cost = rng.integers(100, 4000, skus)
    return {
        "skus": pl.DataFrame(
            {"sku_id": names, "category": [f"group {n % 8}" for n in range(skus)], "unit_price_minor": 2 * cost}
        ),
        "sales": pl.DataFrame({"sku_id": np.array(names)[row], "date": days[week], "units": units[row, week]}),
        "stock": pl.DataFrame({"sku_id": names, "on_hand_units": (rate * rng.gamma(2.0, 3.0, skus)).astype(int)}),
        "supply": pl.DataFrame(
            {
                "sku_id": names,
                "lead_time_days_mean": rng.integers(5, 60, skus).astype(float),
                "lead_time_days_sd": rng.integers(0, 9, skus).astype(float),
                "moq_units": rng.choice([0, 12, 50], skus),
                "order_multiple_units": rng.choice([1, 6], skus),
                "unit_cost_minor": cost,
                "order_cost_minor": np.full(skus, 300),
            }
        ),
        "open_orders": pl.DataFrame(
            {
                "order_id": [f"PO-{number}" for number in range(40)],
                "sku_id": names[:40],
                "units": rng.integers(1, 60, 40),
                "expected_on": [AS_OF + timedelta(days=int(d)) for d in rng.integers(-5, 90, 40)],
            }
        ),
    }


def planned(tables: Tables, **terms: Any) -> Plan:
    return skuwise.plan(skuwise.load_dataset(tables, as_of=AS_OF), **terms)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return shop()


@pytest.fixture(scope="module")
def made(tables: Tables) -> Plan:
    return planned(tables)


def whole_numbers(plan: Plan) -> dict[str, list[Any]]:
    """Every column of units, money, days, flags and codes; codes in words, because a new name moves their numbers."""
    return {
        name: (plan.text(name) if name in plan.labels else column).tolist()
        for name, column in plan.columns.items()
        if np.ndim(column) and column.dtype.kind in "iubM" and not name.endswith("source_row")
    }


def without(plan: Plan, sku_id: str) -> dict[str, list[Any]]:
    kept = plan.columns["sku_id"] != sku_id
    assert (~kept).sum() == 1
    return {
        name: [value for value, keep in zip(column, kept, strict=True) if keep]
        for name, column in whole_numbers(plan).items()
    }


def test_the_same_inputs_and_seed_give_the_same_plan(tables: Tables, made: Plan) -> None:
    again = planned(tables)
    assert again.plan_id == made.plan_id
    for name, column in made.columns.items():
        np.testing.assert_array_equal(again.columns[name], column)


def test_another_seed_is_another_plan(tables: Tables, made: Plan) -> None:
    assert planned(tables, seed=1).plan_id != made.plan_id


def test_another_order_of_rows_gives_the_same_plan(tables: Tables, made: Plan) -> None:
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.items()}
    again = planned(shuffled)
    for name, column in made.columns.items():
        if not name.endswith("source_row"):  # the row of a file moves with the file
            np.testing.assert_array_equal(again.columns[name], column)


def test_one_sku_more_leaves_every_decision_about_the_others(tables: Tables, made: Plan) -> None:
    weeks = [AS_OF - timedelta(days=7 * n) for n in range(1, 60)]
    more = {
        "skus": pl.DataFrame({"sku_id": ["SKU-0100B"], "category": ["something else"], "unit_price_minor": [900]}),
        "sales": pl.DataFrame({"sku_id": ["SKU-0100B"] * 59, "date": weeks, "units": [4] * 59}),
        "stock": pl.DataFrame({"sku_id": ["SKU-0100B"], "on_hand_units": [3]}),
    }
    extended = {
        name: pl.concat([frame, more[name]], how="diagonal_relaxed") if name in more else frame
        for name, frame in tables.items()
    }
    assert without(planned(extended), "SKU-0100B") == whole_numbers(made)


def test_arrow_tables_and_lists_are_tables_too(tables: Tables, made: Plan) -> None:
    arrow = {name: frame.to_arrow() for name, frame in tables.items()}
    lists = {name: frame.to_dict(as_series=False) for name, frame in tables.items()}
    for given in (arrow, lists):
        again = planned(given)
        assert again.plan_id == made.plan_id
        assert whole_numbers(again) == whole_numbers(made)


def counted_weekly(tables: Tables) -> Tables:
    """The shop with a stock count and a receipt of every SKU in each of the last 26 weeks."""
    skus = tables["skus"].select("sku_id")
    days = pl.DataFrame({"date": [AS_OF - timedelta(days=7 * week + 1) for week in range(26)]})
    rng = np.random.default_rng(9)
    counts = skus.join(days, how="cross").with_columns(
        pl.Series("on_hand_units", rng.integers(0, 40, len(skus) * len(days)))
    )
    receipts = counts.select(
        "sku_id", pl.col("on_hand_units").alias("units"), pl.col("date").alias("received_on")
    ).filter(pl.col("units") > 0)
    supply = tables["supply"].drop("lead_time_days_sd")
    return {"skus": tables["skus"], "sales": tables["sales"], "stock": counts, "receipts": receipts, "supply": supply}


def test_an_earlier_day_sees_only_what_was_known_then(tables: Tables) -> None:
    earlier = AS_OF - timedelta(days=70)
    whole = counted_weekly(tables)
    day_of = {"sales": "date", "stock": "date", "receipts": "received_on"}
    cut = {
        name: frame.filter(pl.col(day_of[name]) < earlier) if name in day_of else frame for name, frame in whole.items()
    }
    assert all(len(cut[name]) < len(whole[name]) for name in day_of)
    then = skuwise.plan(skuwise.load_dataset(cut, as_of=earlier))
    looking_back = skuwise.plan(skuwise.load_dataset(whole, as_of=AS_OF), as_of=earlier)
    refusing_later_rows = skuwise.plan(skuwise.load_dataset(whole, as_of=earlier))
    assert sum(whole_numbers(then)["order_quantity_units"]) > 0
    assert whole_numbers(looking_back) == whole_numbers(then)
    assert whole_numbers(refusing_later_rows) == whole_numbers(then)


class WriteWatch:
    """Hears of every file that Python opens for writing; audit hooks cannot be taken off, so it is switched."""

    def __init__(self) -> None:
        self.on = False
        self.written: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.written.append(str(arguments[0]))


def test_twenty_weeks_in_a_row_are_planned_without_touching_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = shop(skus=2000)
    planned(tables)  # compiled loops are loaded from their cache once
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    watch = WriteWatch()
    watch.on = True
    seconds = []
    for week in range(20):
        day = AS_OF - timedelta(days=7 * (20 - week))
        seen = {**tables, "sales": tables["sales"].filter(pl.col("date") < day)}
        started = time.perf_counter()
        made = skuwise.plan(skuwise.load_dataset(seen, as_of=day))
        seconds.append(time.perf_counter() - started)
        assert made.as_of == np.datetime64(day)
        assert len(made) == 2000
        assert (made.columns["order_quantity_units"] >= 0).all()
    watch.on = False
    assert watch.written == []
    assert list(tmp_path.iterdir()) == []
    assert np.median(seconds) < 2, seconds


def test_a_file_that_is_written_would_be_noticed(tmp_path: Path) -> None:
    watch = WriteWatch()
    watch.on = True
    (tmp_path / "seen.txt").write_text("x", encoding="utf-8")
    watch.on = False
    assert watch.written == [str(tmp_path / "seen.txt")]
