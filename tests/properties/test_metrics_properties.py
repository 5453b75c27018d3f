"""What must hold of the metrics of any shop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.dictionary import fields_of
from skuwise.core.metrics import STEPS_IN_ORDER, metric_gaps, portfolio_metrics
from skuwise.core.metrics.portfolio import RATIOS, TOTALS
from skuwise.core.steps import CODE_NAMES, STEPS, run, take_rows

MADE = [name for name, declared in STEPS.items() if declared.function in STEPS_IN_ORDER]
RATIO_NAMES = [function.__name__ for function in RATIOS]
SHARES_UP_TO_ONE = (
    "sell_through_receipt_share",
    "sell_through_available_share",
    "unit_fill_rate_order_based",
    "line_fill_rate_order_based",
    "order_fill_rate_order_based",
    "unit_fill_rate_demand_based",
    "in_stock_rate_52w",
)
MAY_BE_NEGATIVE = ("gmroi_per_year",)
UNIT_COLUMNS = (
    "sales_units",
    "own_demand_units",
    "returned_units",
    "received_units",
    "on_hand_units_mean",
    "on_hand_units",
    "reserved_units",
    "backlog_units",
    "mean_units",
    "fill_requested_units",
    "fill_shipped_units",
)
LABELS = {"abc_class": ("A", "B", "C"), "category": ("bags", "hats")}

seeds = st.integers(0, 2**32 - 1)


def shop(seed: int, items: int = 40, periods: int = 90) -> dict[str, Any]:
    """A shop of everything that can be missing: counts, costs, prices, stockouts, sales, receipts, demand."""
    rng = np.random.default_rng(seed)
    shape = (items, periods)
    first = np.where(rng.random(items) < 0.1, -1, rng.integers(0, periods, items))
    on_sale = (np.arange(periods) >= first[:, None]) & (first >= 0)[:, None]
    pace = np.where(rng.random(items) < 0.2, 0.1, rng.gamma(1.0, 4.0, items))[:, None]
    share = np.where(rng.random(shape) < 0.8, 1.0, rng.integers(0, 5, shape) / 4).astype(np.float32)
    sales = rng.poisson(pace, shape) * on_sale - (rng.random(shape) < 0.01)
    counted = rng.random(shape) < rng.choice([0.0, 0.1, 0.9], items)[:, None]
    requested = rng.integers(0, 20, items) * (rng.random(items) < 0.7)
    lines = np.minimum(rng.integers(0, 9, items), requested)
    orders = np.minimum(rng.integers(0, 9, items), lines)
    return {
        "period_days": 7,
        "sales_units": sales,
        "own_demand_units": sales + np.where(share < 0.95, rng.gamma(1.0, 2.0, shape), 0.0),
        "censored": on_sale & (share < 0.95),
        "in_stock_share": share,
        "returned_units": rng.poisson(0.2, shape),
        "received_units": np.where(rng.random(shape) < 0.05, rng.integers(1, 60, shape), 0),
        "on_hand_units_mean": np.where(counted, rng.gamma(1.0, 20.0, shape), np.nan).astype(np.float32),
        "on_sale": on_sale,
        "first_period": first,
        "own_first_period": first,
        "unit_cost_minor": np.where(rng.random(items) < 0.1, -1, rng.integers(0, 3000, items)),
        "unit_price_minor": np.where(rng.random(items) < 0.1, -1, rng.integers(0, 5000, items)),
        "on_hand_units": rng.integers(0, 200, items),
        "reserved_units": rng.integers(0, 20, items),
        "backlog_units": rng.integers(0, 20, items),
        "stock_known": rng.random(items) < 0.9,
        "availability_known": rng.random(items) < 0.8,
        "mean_units": pace * rng.integers(0, 3, (items, 26)) * (rng.random(items) < 0.9)[:, None],
        "fill_requested_units": requested,
        "fill_shipped_units": rng.integers(0, requested + 1),
        "fill_lines": lines,
        "fill_lines_filled": rng.integers(0, lines + 1),
        "fill_item_orders": orders,
        "fill_item_orders_filled": rng.integers(0, orders + 1),
        "orders": int(orders.sum()),
        "orders_filled": int(orders.sum()) // 2,
        "abc_class": rng.integers(0, 3, items).astype(np.int16),
        "category": rng.integers(0, 2, items),
        "location_id": rng.choice(["EAST", "WEST"], items),
    }


def measured(columns: dict[str, Any]) -> dict[str, Any]:
    columns = dict(columns)
    for function in STEPS_IN_ORDER:
        run(function, columns)
    return columns


def assert_same(one: np.ndarray, other: np.ndarray, name: str, rtol: float = 0.0) -> None:
    np.testing.assert_allclose(other, one, rtol=rtol, err_msg=name)


def test_every_metric_stands_in_the_dictionary_and_every_row_of_it_is_made() -> None:
    assert sorted(MADE) == sorted(fields_of("metrics"))


def test_columns_have_the_type_that_the_dictionary_promises() -> None:
    columns = measured(shop(1))
    kinds = {"int64": np.int64, "float64": np.float64, "code": np.int16}
    for name, field in fields_of("metrics").items():
        assert columns[name].dtype == kinds[field.dtype], name
        assert columns[name].shape == (40,), name


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_metric_is_in_its_range_or_null_and_never_infinite(seed: int) -> None:
    columns = measured(shop(seed))
    for name in MADE:
        column = columns[name]
        if column.dtype.kind == "f":
            assert not np.isinf(column).any(), name
        if name not in MAY_BE_NEGATIVE:
            assert not (column < (0 if column.dtype.kind == "f" else -1)).any(), name
    for name in SHARES_UP_TO_ONE:
        assert not (columns[name] > 1 + 1e-12).any(), name
    assert (columns["metric_window_weeks"] <= 52).all()
    for name in ("sell_through_receipt_basis", "stockout_source"):
        assert set(columns[name].tolist()) <= set(range(len(CODE_NAMES[name])))


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([2, 4, 8]))
def test_more_units_of_everything_leave_the_ratios_as_they_were(seed: int, times: int) -> None:
    columns = shop(seed)
    bigger = columns | {name: (columns[name] * times).astype(columns[name].dtype) for name in UNIT_COLUMNS}
    small, large = measured(columns), measured(bigger)
    for name in [*RATIO_NAMES, "weeks_in_stock_without_sale"]:
        assert_same(small[name], large[name], name, rtol=1e-9)
    for name in ("net_units_52w", "stock_value_minor", "cogs_minor_52w", "receipt_cohort_sold_units"):
        known = small[name] >= 0
        assert (large[name][known] == times * small[name][known]).all(), name


@settings(max_examples=10, deadline=None)
@given(seeds, st.randoms(use_true_random=False))
def test_an_items_metrics_do_not_depend_on_its_neighbours_or_on_the_order_of_rows(seed: int, random: Any) -> None:
    columns = shop(seed)
    rows = np.array(random.sample(range(40), 17))
    whole, part = measured(columns), measured(take_rows(columns, rows))
    one = measured(take_rows(columns, slice(int(rows[0]), int(rows[0]) + 1)))
    for name in MADE:
        assert_same(whole[name][rows], part[name], name)
        assert_same(whole[name][rows[:1]], one[name], name)


@settings(max_examples=10, deadline=None)
@given(seeds, st.randoms(use_true_random=False))
def test_the_portfolio_does_not_depend_on_the_order_of_rows(seed: int, random: Any) -> None:
    columns = measured(shop(seed))
    shuffled = take_rows(columns, np.array(random.sample(range(40), 40)))
    for by in (None, "abc_class", "location_id"):
        one, other = portfolio_metrics(columns, LABELS, by), portfolio_metrics(shuffled, LABELS, by)
        assert one["group"].tolist() == other["group"].tolist()
        for name in list(one)[1:]:
            exact = one[name].dtype.kind == "i"
            assert_same(one[name], other[name], name, rtol=0.0 if exact else 1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from(["abc_class", "category", "location_id", "stockout_source"]))
def test_the_groups_add_up_to_the_shop(seed: int, by: str) -> None:
    columns = measured(shop(seed))
    total, groups = portfolio_metrics(columns, LABELS | CODE_NAMES), portfolio_metrics(columns, LABELS | CODE_NAMES, by)
    for name in ("items", "items_stock_known", "items_stock_counted", "items_cost_known", "items_stockouts_known"):
        assert groups[name].sum() == total[name][0], name
    for name in TOTALS:
        known = groups[name] >= 0  # false for NaN too
        if groups[name].dtype.kind == "i":
            assert groups[name][known].sum() == (total[name][0] if known.any() else 0), name
        elif known.any():
            assert groups[name][known].sum() == pytest.approx(total[name][0]), name


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_group_is_measured_as_if_it_were_the_whole_shop(seed: int) -> None:
    columns = measured(shop(seed))
    groups = portfolio_metrics(columns, LABELS, "abc_class")
    for place, name in enumerate(groups["group"].tolist()):
        rows = np.flatnonzero(columns["abc_class"] == LABELS["abc_class"].index(name))
        alone = portfolio_metrics(take_rows(columns, rows), LABELS)
        for metric in list(alone)[1:]:
            if metric != "order_fill_rate_order_based":
                assert_same(alone[metric], groups[metric][place : place + 1], metric)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_group_of_one_item_has_the_metrics_of_the_item(seed: int) -> None:
    columns = measured(shop(seed, items=12))
    each = portfolio_metrics(columns | {"sku_id": np.array([f"S{row:02}" for row in range(12)])}, {}, "sku_id")
    within_90_days = columns["sell_through_receipt_basis"] == CODE_NAMES["sell_through_receipt_basis"].index(
        "sold_within_90_days"
    )
    for name in RATIO_NAMES:
        if name == "order_fill_rate_order_based":
            continue  # orders are counted once a shop
        expected = (
            np.where(within_90_days, columns[name], np.nan) if name == "sell_through_receipt_share" else columns[name]
        )
        assert_same(expected, each[name], name, rtol=1e-12)


def test_a_ratio_of_a_group_is_the_ratio_of_sums_and_not_the_mean_of_ratios() -> None:
    columns = measured(shop(7))
    columns["net_units_90d"], columns["units_for_sale_90d"] = np.zeros(40, np.int64), np.zeros(40, np.int64)
    columns["net_units_90d"][:2] = 90, 1
    columns["units_for_sale_90d"][:2] = 100, 100
    assert portfolio_metrics(columns, LABELS)["sell_through_available_share"].tolist() == [91 / 200]


def test_order_fill_rate_counts_each_order_of_the_shop_once() -> None:
    columns = measured(shop(3)) | {"orders": 8, "orders_filled": 6}
    assert portfolio_metrics(columns, LABELS)["order_fill_rate_order_based"].tolist() == [0.75]
    assert np.isnan(portfolio_metrics(columns, LABELS, "abc_class")["order_fill_rate_order_based"]).all()
    assert np.isnan(portfolio_metrics(columns | {"orders": 0}, LABELS)["order_fill_rate_order_based"]).all()


def test_a_total_of_which_nothing_is_known_is_null() -> None:
    columns = shop(5)
    columns["unit_cost_minor"] = np.full(40, -1)
    columns["availability_known"] = np.zeros(40, np.bool_)
    table = portfolio_metrics(measured(columns), LABELS)
    assert table["stock_value_minor"].tolist() == [-1]
    assert table["items_cost_known"].tolist() == [0]
    assert np.isnan([table[name][0] for name in ("lost_units_52w", "stockout_days_52w", "gmroi_per_year")]).all()


def test_an_item_without_a_class_is_in_a_group_of_its_own() -> None:
    columns = measured(shop(5))
    columns["abc_class"] = np.where(np.arange(40) < 3, -1, 1)
    table = portfolio_metrics(columns, LABELS, "abc_class")
    assert (table["group"].tolist(), table["items"].tolist()) == (["(none)", "B"], [3, 37])


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_excess_means_more_than_90_days_of_forward_supply(seed: int) -> None:
    columns = measured(shop(seed))
    weeks, excess = columns["weeks_of_supply_forward"], columns["excess_units_90d"]
    assert (weeks[(excess > 0) & ~np.isnan(weeks)] > 90 / 7 - 1e-9).all()
    assert (excess[weeks < 90 / 7 - 1e-9] == 0).all()


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_more_stock_never_lasts_shorter_and_never_leaves_less_excess(seed: int) -> None:
    columns = shop(seed)
    less, more = measured(columns), measured(columns | {"on_hand_units": columns["on_hand_units"] + 5})
    both = ~np.isnan(less["weeks_of_supply_forward"]) & ~np.isnan(more["weeks_of_supply_forward"])
    assert (more["weeks_of_supply_forward"][both] >= less["weeks_of_supply_forward"][both]).all()
    assert (more["excess_units_90d"] >= less["excess_units_90d"]).all()
    assert (more["stock_value_minor"] >= less["stock_value_minor"]).all()


@pytest.mark.parametrize("periods", [1, 3, 12, 13, 14, 51, 52, 53])
def test_a_short_history_is_measured_as_far_as_it_goes(periods: int) -> None:
    columns = measured(shop(11, items=6, periods=periods))
    assert (columns["metric_window_weeks"] <= periods).all()
    for name in RATIO_NAMES:
        assert not np.isinf(columns[name]).any(), name


def test_a_shop_without_items_has_empty_columns_and_no_groups() -> None:
    columns = measured(take_rows(shop(1), slice(0, 0)))
    assert all(len(columns[name]) == 0 for name in MADE)
    assert portfolio_metrics(columns, LABELS)["items"].tolist() == [0]
    assert len(portfolio_metrics(columns, LABELS, "location_id")["group"]) == 0


def test_tables_that_were_not_given_may_be_broadcast_views() -> None:
    columns = shop(2)
    nothing = np.broadcast_to(np.int64(0), columns["sales_units"].shape)
    columns |= {"received_units": nothing, "returned_units": nothing}
    columns["on_hand_units_mean"] = np.broadcast_to(np.float32(np.nan), nothing.shape)
    columns["in_stock_share"] = np.broadcast_to(np.float32(1), nothing.shape)
    made = measured(columns)
    assert np.isnan(made["inventory_turnover_units_per_year"]).all()
    assert np.isnan(made["sell_through_receipt_share"]).all()
    assert (made["stockout_days_52w"][columns["availability_known"]] == 0).all()


def test_gaps_name_the_table_that_would_fill_them() -> None:
    columns = shop(4)
    nothing = np.zeros(40, np.int64)
    columns |= {"unit_cost_minor": nothing - 1, "fill_requested_units": nothing}
    columns["availability_known"] = np.zeros(40, np.bool_)
    columns["on_hand_units_mean"] = np.full((40, 90), np.nan, np.float32)
    made = measured(columns)
    sold = int((made["shipped_units_52w"] > 0).sum())
    gaps = metric_gaps(made)
    assert [(gap.code, gap.count) for gap in gaps] == [(f"MET-00{number}", sold) for number in (1, 2, 3, 4)]
    assert [gap.table for gap in gaps] == ["stock", "supply", "availability", "sales"]


def test_nothing_is_missing_where_everything_is_known() -> None:
    columns = shop(4)
    columns |= {"unit_cost_minor": np.full(40, 100), "availability_known": np.ones(40, np.bool_)}
    columns |= {"on_hand_units_mean": np.ones((40, 90), np.float32), "on_sale": np.ones((40, 90), np.bool_)}
    assert metric_gaps(measured(columns)) == ()
