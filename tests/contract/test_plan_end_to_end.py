"""One call from tables to a plan: the same whatever the order of rows, honest about time, and never on disk."""

from __future__ import annotations

import builtins
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import skuwise
from skuwise.core.plan import Plan

AS_OF = date(2026, 3, 2)
Tables = dict[str, pl.DataFrame]
DECIDED = (
    "order_quantity_units",
    "need_units",
    "reorder_point_units",
    "order_up_to_level_units",
    "inventory_position_units",
    "stage",
    "pattern",
    "abc_class",
    "xyz_class",
    "days_until_order",
    "order_cost_total_minor",
)


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


def decisions(plan: Plan) -> dict[str, dict[str, int]]:
    return {
        field: dict(zip(plan.columns["sku_id"].tolist(), plan.columns[field].tolist(), strict=True))
        for field in DECIDED
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
    assert decisions(again) == decisions(made)
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
    with_one_more = decisions(planned(extended))
    for field, values in decisions(made).items():
        assert with_one_more[field].pop("SKU-0100B") is not None
        assert with_one_more[field] == values, field


def test_arrow_tables_and_lists_are_tables_too(tables: Tables, made: Plan) -> None:
    arrow = {name: frame.to_arrow() for name, frame in tables.items()}
    lists = {name: frame.to_dict(as_series=False) for name, frame in tables.items()}
    assert decisions(skuwise.plan(skuwise.load_dataset(arrow, as_of=AS_OF))) == decisions(made)
    assert decisions(skuwise.plan(skuwise.load_dataset(lists, as_of=AS_OF))) == decisions(made)


def test_an_earlier_day_sees_only_what_was_known_then(tables: Tables) -> None:
    earlier = AS_OF - timedelta(days=70)
    known = {name: frame for name, frame in tables.items() if name in ("skus", "supply")}
    known["sales"] = tables["sales"].filter(pl.col("date") < earlier)
    whole = {**known, "sales": tables["sales"]}
    then = skuwise.plan(skuwise.load_dataset(known, as_of=earlier))
    looking_back = skuwise.plan(skuwise.load_dataset(whole, as_of=AS_OF), as_of=earlier)
    assert decisions(looking_back) == decisions(then)


def test_twenty_weeks_in_a_row_are_planned_without_touching_the_disk(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(tables)  # compiled loops are loaded from their cache once
    written: list[str] = []
    opened = builtins.open

    def watching(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if set(mode) & set("wax+"):
            written.append(str(file))
        return opened(file, mode, *rest, **more)

    monkeypatch.setattr(builtins, "open", watching)
    for week in range(20):
        day = AS_OF - timedelta(days=7 * (20 - week))
        seen = {**tables, "sales": tables["sales"].filter(pl.col("date") < day)}
        plan = skuwise.plan(skuwise.load_dataset(seen, as_of=day))
        assert plan.as_of == np.datetime64(day)
        assert (plan.columns["order_quantity_units"] >= 0).all()
    assert written == []
