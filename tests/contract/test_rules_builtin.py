"""The built-in rules do what product inventory management asks, sentence by sentence."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import Resolved, built_in_rulebook, resolve
from tests.contract.rules_shop import AS_OF, LABELS

CRITICALITIES = fields_of("skus")["criticality"].choices
RATES = (0.0, 0.5, 1.0, 6.9, 7.0, 500.0)
#: Days to a named end of life, and none.
ENDS = (60, 1_000_000)
EVERY = {"labels": LABELS | {"criticality": CRITICALITIES}}


@pytest.fixture(scope="module")
def shop() -> tuple[list[dict[str, Any]], Resolved]:
    """One item of every class, stage and velocity."""
    labels = EVERY["labels"]
    names = ("criticality", "abc_class", "xyz_class", "stage")
    items = [
        dict(zip((*names, "demand_rate_units_per_period", "days_to_end_of_life"), values, strict=True))
        for values in product(*(labels[name] for name in names), RATES, ENDS)
    ]
    columns: dict[str, Any] = {name: np.array([labels[name].index(item[name]) for item in items]) for name in names}
    columns["demand_rate_units_per_period"] = np.array([item["demand_rate_units_per_period"] for item in items])
    columns["days_to_end_of_life"] = np.array([item["days_to_end_of_life"] for item in items])
    columns["sku_id"] = np.array([f"{row:05}" for row in range(len(items))])
    columns["location_id"] = np.full(len(items), "MAIN")
    return items, resolve(built_in_rulebook(), columns, labels, AS_OF)


def values(shop: tuple[list[dict[str, Any]], Resolved], field: str, **like: Any) -> list[Any]:
    items, result = shop
    rows = [row for row, item in enumerate(items) if all(item[name] == value for name, value in like.items())]
    return list(result.values[field][rows].tolist())


NO_END = {"days_to_end_of_life": ENDS[1]}
STANDARD = {"criticality": "standard", "stage": "mature", "demand_rate_units_per_period": 7.0} | NO_END


def test_no_two_built_in_rules_contradict_each_other_for_any_item(shop: tuple[Any, Resolved]) -> None:
    items, result = shop
    assert len(items) == 4 * 4 * 4 * 6 * 6 * 2 and result.counts[0] > 0  # resolve raises where two contradict


def test_every_built_in_rule_decides_something_and_says_why(shop: tuple[Any, Resolved]) -> None:
    _, result = shop
    for rule, count in zip(result.rules, result.counts.tolist(), strict=True):
        assert count > 0, rule
        assert len(rule.reason.split()) >= 3, rule


def test_critical_items_have_more_buffer_whatever_their_class_and_stage(shop: tuple[Any, Resolved]) -> None:
    targets = [set(values(shop, "service_target", criticality=level, stage="mature")) for level in CRITICALITIES]
    low, standard, high, critical = targets
    assert max(low) < min(standard) <= max(standard) <= min(high) < min(critical)
    assert set(values(shop, "service_target", criticality="critical")) == {0.99}
    assert set(values(shop, "safety_stock_units_min", criticality="critical")) == {1}
    assert set(values(shop, "safety_stock_units_min", criticality="standard")) == {0}


def test_unpredictable_valuable_items_have_more_buffer_and_predictable_ones_less(shop: tuple[Any, Resolved]) -> None:
    (steady,) = values(shop, "service_target", **STANDARD, abc_class="A", xyz_class="X")
    (erratic,) = values(shop, "service_target", **STANDARD, abc_class="A", xyz_class="Z")
    assert erratic > steady
    (steady_days,) = values(shop, "safety_stock_days_max", **STANDARD, abc_class="A", xyz_class="X")
    (erratic_days,) = values(shop, "safety_stock_days_max", **STANDARD, abc_class="A", xyz_class="Z")
    assert erratic_days > steady_days


def test_small_sellers_do_not_absorb_the_capital_of_the_others(shop: tuple[Any, Resolved]) -> None:
    for field in ("service_target", "safety_stock_days_max", "max_supply_days"):
        (small,) = values(shop, field, **STANDARD, abc_class="C", xyz_class="Z")
        (large,) = values(shop, field, **STANDARD, abc_class="A", xyz_class="Z")
        assert small < large


def test_fast_movers_are_reviewed_every_week_and_the_slow_long_tail_every_month(shop: tuple[Any, Resolved]) -> None:
    tail = {"criticality": "standard", "stage": "mature", "abc_class": "C", "xyz_class": "Z"} | NO_END
    reviews = [values(shop, "review_period_days", **tail, demand_rate_units_per_period=rate)[0] for rate in RATES]
    assert reviews == [28, 28, 14, 14, 7, 7]
    assert set(values(shop, "review_period_days", criticality="critical")) == {7}
    assert set(values(shop, "review_period_days", abc_class="A")) == {7}


def test_new_items_are_bought_cautiously(shop: tuple[Any, Resolved]) -> None:
    assert set(values(shop, "max_supply_days", stage="new")) == {42.0}
    assert max(values(shop, "lot_days_max", stage="new")) < min(values(shop, "lot_days_max", stage="mature"))
    assert set(values(shop, "review_period_days", stage="new")) == {7}
    assert set(values(shop, "reorder_allowed", stage="new")) == {True}


def test_growing_items_are_protected_from_stockouts(shop: tuple[Any, Resolved]) -> None:
    for level in CRITICALITIES:
        growing = values(shop, "service_target", stage="growing", criticality=level)
        mature = values(shop, "service_target", stage="mature", criticality=level)
        assert min(growing) >= max(mature)
    assert set(values(shop, "review_period_days", stage="growing")) == {7}


def test_mature_items_are_bought_in_efficient_lots(shop: tuple[Any, Resolved]) -> None:
    assert set(values(shop, "lot_days_max", stage="mature")) == {91.0}
    assert set(values(shop, "lot_may_exceed_cap", stage="mature")) == {True}


def test_declining_items_are_run_down(shop: tuple[Any, Resolved]) -> None:
    assert max(values(shop, "max_supply_days", stage="declining")) < min(
        values(shop, "max_supply_days", stage="mature")
    )
    assert set(values(shop, "lot_may_exceed_cap", stage="declining")) == {False}
    assert max(values(shop, "safety_stock_days_max", stage="declining")) <= 28
    assert set(values(shop, "reorder_allowed", stage="declining")) == {True}


def test_retired_items_and_those_going_on_no_named_day_are_bought_no_more(shop: tuple[Any, Resolved]) -> None:
    for like in ({"stage": "retiring"} | NO_END, {"stage": "retired"}):
        assert set(values(shop, "reorder_allowed", **like)) == {False}
        assert set(values(shop, "safety_stock_days_max", **like)) == {0.0}


def test_an_item_that_retires_on_a_named_day_has_a_last_buy_and_a_small_buffer(shop: tuple[Any, Resolved]) -> None:
    going = {"stage": "retiring", "days_to_end_of_life": ENDS[0]}
    assert set(values(shop, "reorder_allowed", **going)) == set(values(shop, "last_buy_allowed", **going)) == {True}
    assert max(values(shop, "safety_stock_days_max", **going)) <= 28
    assert set(values(shop, "remaining_demand_share_max", **going)) == {1.0}
    assert set(values(shop, "last_buy_allowed", stage="mature")) == {False}
