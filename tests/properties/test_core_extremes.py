"""Extremes: whatever the history, a plan is made, nothing is negative and nothing is NaN that should be a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.dictionary import plan_fields
from skuwise.core.plan import Plan, plan
from tests.builders import Item, inputs_of, plain_rules, row

QUICK = settings(max_examples=30, deadline=None)

#: Columns that say by -1 that something is unknown, or that may lie below nothing: a position with backlog, a date.
MAY_BE_NEGATIVE = {
    "silent_since_period",
    "level_state_period",
    "remaining_cap_units",
    "first_learned_period",
    "lead_time_days_ruled",
    "own_first_period",
    "attribute_codes",
    "periods_to_launch",
    "first_buy_units_ruled",
    "inventory_position_units",
    "days_to_end_of_life",
    "days_until_order",
    "counted_days_ago",
    "first_period",
    "last_sale_period",
    "trend_share_per_year",
    "trend_units_per_period",
    "level_z",
    "weeks_on_sale",
    "weeks_since_sale",
    "silent_weeks",
}
#: Steps from level to order: these may hold no NaN at all where stock is known.
NEVER_NAN = (
    "demand_units",
    "season_index",
    "level_units_per_period",
    "error_sd_units_per_period",
    "mean_units",
    "lead_mean_units",
    "lead_sd_units",
    "protection_mean_units",
    "protection_sd_units",
    "safety_stock_units",
    "cycle_quantity_units",
    "stockout_risk_share",
    "expected_short_units",
)


def assert_sound(made: Plan) -> None:
    fields = plan_fields()
    for name, column in made.columns.items():
        if not isinstance(column, np.ndarray) or column.dtype.kind not in "if":
            continue
        assert not np.isinf(column).any(), name
        if name in MAY_BE_NEGATIVE or fields[name].table == "metrics":
            continue
        unknown = -1 if name.endswith("_minor") else 0
        assert not (column < unknown).any(), name
    for name in NEVER_NAN:
        assert not np.isnan(made.columns[name]).any(), name
    assert (made.columns["order_up_to_level_units"] >= made.columns["reorder_point_units"]).all()
    assert (made.columns["stockout_risk_share"] <= 1).all()


def sound_row(item: Item, **rules: Any) -> dict[str, Any]:
    made = plan(inputs_of([item]), plain_rules(**rules))
    assert_sound(made)
    return row(made, item.sku)


def test_a_history_without_a_sale_orders_nothing() -> None:
    found = sound_row(Item("A", [0] * 80, on_hand=4))
    assert (found["order_quantity_units"], found["pattern"], found["forecast_model"]) == (0, "no demand", "no history")
    assert found["need_reason"] == "no demand is expected"


@pytest.mark.parametrize("units", [0, 1, 7])
def test_a_history_of_one_period(units: int) -> None:
    found = sound_row(Item("A", [units]))
    assert found["level_units_per_period"] == units
    assert (found["order_quantity_units"] > 0) == (units > 0)


def test_a_sale_in_the_newest_period_alone() -> None:
    found = sound_row(Item("A", [0] * 100 + [6]))
    assert (found["periods_on_sale"], found["adi_periods"], found["level_units_per_period"]) == (1, 1, 6)
    assert found["order_quantity_units"] > 0


def test_a_history_that_was_never_fully_in_stock() -> None:
    nothing = sound_row(Item("A", [0] * 60, in_stock=[0.0] * 60, launch="2025-03-03"))
    assert (nothing["order_quantity_units"], nothing["observed_periods"]) == (0, 0)
    some = sound_row(Item("A", [4] * 60, in_stock=[0.5] * 60))
    assert some["observed_periods"] == 0
    assert some["level_units_per_period"] >= 4  # what was sold in half the time is the least that was wanted


@pytest.mark.parametrize("measure", ["fill_rate", "cycle_service_level"])
def test_a_billion_units_a_week(measure: str) -> None:
    sales = (10**9 + np.random.default_rng(0).integers(-(10**8), 10**8, 80)).tolist()
    found = sound_row(Item("A", sales, lead_days=60, lead_sd_days=10, price_minor=1), service_measure=measure)
    weeks = 67 / 7
    assert weeks * 0.95e9 < found["reorder_point_units"] < weeks * 2e9


def test_a_single_billion_in_a_history_of_ones() -> None:
    sound_row(Item("A", [1] * 50 + [10**9] + [1] * 50, price_minor=1))


@pytest.mark.parametrize("lead", [(0.0, 0.0), (730.0, 365.0), (1.0, 60.0)])
def test_lead_times_at_the_ends_of_their_range(lead: tuple[float, float]) -> None:
    for target in (0.5, 0.9999):
        sound_row(Item("A", [3, 0, 1, 5] * 20, lead_days=lead[0], lead_sd_days=lead[1]), service_target=target)


def test_an_unknown_lead_time_is_assumed_and_said() -> None:
    made = plan(inputs_of([Item("A", [5] * 30, lead_days=np.nan, lead_sd_days=np.nan)]), plain_rules())
    assert_sound(made)
    found = row(made, "A")
    assert (found["lead_time_known"], found["lead_time_days_mean"]) == (False, 14)
    assert found["lead_time_days_sd"] == pytest.approx(0.3 * 14)
    assert "POL-001" in [finding.code for finding in made.findings]


@QUICK
@given(
    st.lists(st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10**9)), min_size=1, max_size=120),
    st.lists(st.sampled_from([0.0, 0.3, 0.95, 1.0]), min_size=120, max_size=120),
    st.floats(0, 730),
    st.sampled_from([1, 7, 30]),
)
def test_any_history_makes_a_sound_plan(sales: list[int], share: list[float], lead: float, period_days: int) -> None:
    items = [Item("A", sales, in_stock=share[: len(sales)], lead_days=lead, lead_sd_days=lead / 4, price_minor=1)]
    assert_sound(plan(inputs_of(items, period_days=period_days), plain_rules()))
