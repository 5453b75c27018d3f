"""Items beside each other: neither their order, nor the size of a block, nor one SKU more changes what is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core import plan as core_plan
from skuwise.core.plan import Plan, plan
from tests.builders import Item, inputs_of, integers

QUICK = settings(max_examples=15, deadline=None)
WEEKS = 110


def shop(size: int, seed: int) -> list[Item]:
    """Items of every kind in four categories, sorted by SKU: seasonal, young, slow, with stockouts and open orders."""
    rng = np.random.default_rng(seed)
    items = []
    for k in range(size):
        weeks = int(rng.choice([WEEKS, WEEKS, 60, 20, 3]))
        wave = 1 + 0.5 * np.sin(np.arange(WEEKS)[-weeks:] / 52.18 * 2 * np.pi) * (k % 2)
        share = np.where(rng.random(weeks) < 0.05, rng.random(weeks), 1.0)
        sales = rng.poisson(np.exp(rng.normal(1, 1.5)) * wave * rng.gamma(2, 0.5, weeks) * share)
        items.append(
            Item(
                f"SKU-{k:03d}",
                sales.tolist(),
                in_stock=share.tolist(),
                category=f"category {k % 4}",
                lead_days=float(rng.integers(3, 60)),
                lead_sd_days=float(rng.integers(0, 9)),
                moq=int(rng.choice([0, 10])),
                multiple=int(rng.choice([1, 6])),
                order_cost_minor=int(rng.choice([0, 800])),
                on_hand=int(rng.integers(0, 60)),
                due=[(int(rng.integers(1, 40)), int(rng.integers(-9, 90)))] if k % 3 == 0 else [],
            )
        )
    return items


def assert_same_items(one: Plan, other: Plan) -> None:
    """Every decided number of the SKUs in common is the same."""
    where_one = {sku: at for at, sku in enumerate(one.columns["sku_id"].tolist())}
    where_other = {sku: at for at, sku in enumerate(other.columns["sku_id"].tolist())}
    common = sorted(where_one.keys() & where_other.keys())
    assert common
    rows_one, rows_other = [where_one[sku] for sku in common], [where_other[sku] for sku in common]
    decided = integers(other)
    for name, column in integers(one).items():
        np.testing.assert_array_equal(column[rows_one], decided[name][rows_other], err_msg=name)


@QUICK
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_the_items_changes_no_number_of_any(seed: int, shuffle: Any) -> None:
    items = shop(24, seed)
    mixed = items.copy()
    shuffle.shuffle(mixed)
    assert_same_items(plan(inputs_of(items)), plan(inputs_of(mixed)))


@pytest.mark.parametrize("block", [1, 5, 23, 24])
def test_the_size_of_a_block_changes_no_number(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = inputs_of(shop(24, 1))
    whole = plan(inputs)
    monkeypatch.setattr(core_plan, "BLOCK_ITEMS", block)
    in_blocks = plan(inputs)
    assert whole.columns.keys() == in_blocks.columns.keys()
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(column, in_blocks.columns[name], err_msg=name)


@pytest.mark.parametrize("seed", range(6))
def test_one_young_sku_more_changes_no_number_of_the_others(seed: int) -> None:
    # Young, in a category of its own and of little value: it enters no season profile, and the value cut-offs, which
    # hold still in steps of two digits, do not move by a whole one. A SKU with full years of sales may move both.
    items = shop(60, seed)
    added = Item("SKU-030-NEW", [1, 0, 2], category="category of its own", price_minor=100)
    assert_same_items(plan(inputs_of(items, periods=WEEKS)), plan(inputs_of([*items, added], periods=WEEKS)))


def test_the_same_inputs_make_the_same_plan_and_another_seed_another_one() -> None:
    inputs = inputs_of(shop(12, 2))
    one, again, other = plan(inputs), plan(inputs), plan(inputs, seed=1)
    assert one.plan_id == again.plan_id != other.plan_id
    assert_same_items(one, again)
    assert_same_items(one, other)


@QUICK
@given(st.integers(0, 10_000))
def test_planning_changes_none_of_its_inputs(seed: int) -> None:
    inputs = inputs_of(shop(8, seed))
    before = {name: column.copy() for name, column in vars_of(inputs).items()}
    plan(inputs)
    for name, column in vars_of(inputs).items():
        np.testing.assert_array_equal(column, before[name], err_msg=name)


def vars_of(inputs: Any) -> dict[str, np.ndarray]:
    parts = (inputs.history, inputs.supply, inputs.stock, inputs.open_orders)
    return {
        name: getattr(part, name)
        for part in parts
        for name in part.__dataclass_fields__
        if isinstance(getattr(part, name), np.ndarray)
    }


def test_a_planning_period_may_be_a_day_a_week_or_a_month() -> None:
    for period_days in (1, 7, 30):
        made = plan(inputs_of([replace(item, category="one") for item in shop(6, 3)], period_days=period_days))
        assert (made.columns["order_quantity_units"] >= 0).all()
