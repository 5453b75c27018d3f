"""Plans by the day of a shop with weekends, holidays and stockouts: explained, repeatable, and never out of range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.plan import COMPARE_DAYS, FORECAST, Plan, plan
from skuwise.core.steps import STEPS, evaluate, take_rows
from tests.builders import Item, inputs_of, plain_rules

QUICK = settings(max_examples=8, deadline=None)
BY_DAY = plain_rules({"period_days": 1}, review_period_days=3)


def planned(seed: int, days: int = 60, skus: int = 6, locations: int = 6) -> Plan:
    rng = np.random.default_rng(seed)
    week = rng.uniform(0, 2, 7)
    shop_day = np.where(rng.random(days) < 0.05, rng.uniform(0, 3, days), 1.0)
    items = []
    for sku in range(skus):
        rate = np.exp(rng.normal(0, 2))
        drift = np.exp(np.cumsum(rng.normal(0, 0.1, days)))
        for location in range(locations if sku % 2 else 1):
            share = np.where(rng.random(days) < 0.3, rng.random(days), 1.0)
            sales = rng.poisson(rate * drift * np.resize(week, days) * shop_day * share)
            known = share.tolist() if rng.random() < 0.8 else None
            items.append(
                Item(
                    f"SKU-{sku}",
                    sales.tolist(),
                    known,
                    f"L{location}",
                    category=f"C{sku % 2}",
                    lead_days=float(rng.integers(0, 5)),
                )
            )
    return plan(inputs_of(items, period_days=1), BY_DAY)


@QUICK
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 6, 15, 60, 400]))
def test_indexes_are_finite_and_scaled(seed: int, days: int) -> None:
    columns = planned(seed, days).columns
    week, day, shared = (columns[name] for name in ("weekday_index", "shop_day_index", "shared_level_index"))
    np.testing.assert_allclose(week.mean(axis=1), 1.0)
    assert (week >= 0).all()
    assert (day >= 0).all()
    assert np.isfinite(day).all()
    assert (shared > 0).all()
    assert np.isfinite(shared).all()
    np.testing.assert_allclose(shared[:, -1], 1.0)
    assert np.isfinite(columns["mean_units"]).all()
    assert (columns["mean_units"] >= 0).all()


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_a_daily_forecast_of_one_item_is_made_again_from_its_row(seed: int) -> None:
    made = planned(seed)
    for function in FORECAST:
        declared = next(step for step in STEPS.values() if step.function is function)
        if declared.scope == "shop":
            continue
        for row in (0, len(made) - 1):
            again = evaluate(declared, take_rows({n: made.columns[n] for n in declared.inputs}, slice(row, row + 1)))
            for name, values in again.items():
                np.testing.assert_array_equal(values[0], made.columns[name][row], err_msg=name)


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_the_same_shop_has_the_same_days_twice(seed: int) -> None:
    one, other = planned(seed), planned(seed)
    for function in COMPARE_DAYS:
        for name in next(step.outputs for step in STEPS.values() if step.function is function):
            np.testing.assert_array_equal(one.columns[name], other.columns[name])


def test_the_week_ahead_adds_up_to_seven_mean_days() -> None:
    made = planned(11)
    flat = made.columns["level_units_per_period"] * 7
    assert made.columns["trend_units_per_period"].tolist() == [0.0] * len(made)
    assert made.columns["mean_units"][:, :7].sum(axis=1) == pytest.approx(flat)
