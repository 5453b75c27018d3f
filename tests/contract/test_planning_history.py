"""What a plan sees of the past: sales by period, cancellations, returns, promotions, bundles, arrivals and counts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from skuwise.planning.assemble import plan_inputs
from tests.contract.planning_shop import codes_of, dataset, finding_of, items_of, row_of


def line(day: str, units: int, sku: str = "A", **more: object) -> dict[str, object]:
    return {"date": day, "sku_id": sku, "units": units, **more}


def test_periods_are_the_weeks_before_the_as_of_day_from_the_first_sale_on() -> None:
    inputs = plan_inputs(dataset(sales=[line("2026-02-08", 1), line("2026-02-23", 2), line("2026-03-01", 4)]))
    assert inputs.grid.period_count == 4
    assert inputs.grid.starts().astype(str).tolist() == ["2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23"]
    assert inputs.history.sales_units.tolist() == [[1, 0, 0, 6]]
    assert inputs.history.sales_units.dtype == np.int64


def test_zeros_before_the_first_sale_do_not_make_the_history_longer() -> None:
    inputs = plan_inputs(dataset(sales=[line("2025-03-02", 0), line("2025-03-02", 0, "B"), line("2026-03-01", 4)]))
    assert inputs.history.sales_units.tolist() == [[4], [0]]


def test_periods_may_have_another_length() -> None:
    data = dataset(sales=[line("2026-02-26", 1), line("2026-02-28", 2), line("2026-03-01", 4)])
    assert plan_inputs(data, period_days=1).history.sales_units.tolist() == [[1, 0, 2, 4]]
    assert plan_inputs(data, period_days=2).history.sales_units.tolist() == [[1, 6]]


def test_sales_older_than_the_longest_history_are_counted_and_not_read() -> None:
    lines = [line("2025-01-01", 9), line("2026-02-10", 1), line("2026-03-01", 4)]
    inputs = plan_inputs(dataset(sales=lines), history_periods_max=3)
    assert inputs.history.sales_units.tolist() == [[1, 0, 4]]
    assert finding_of(inputs, "PLN-002").count == 1
    gone = plan_inputs(dataset(sales=[*lines, line("2025-01-01", 9, "GONE")]), history_periods_max=3)
    assert gone.history.sales_units[row_of(gone, "GONE")].tolist() == [0, 0, 0]


def test_a_cancellation_takes_from_its_own_period_then_from_the_newest_earlier_ones() -> None:
    lines = [
        line("2026-02-10", 5),
        line("2026-02-17", 2),
        line("2026-02-24", 3),
        line("2026-02-25", -4, kind="cancellation"),
    ]
    inputs = plan_inputs(dataset(sales=lines))
    assert inputs.history.sales_units.tolist() == [[5, 1, 0]]
    assert "PLN-010" not in codes_of(inputs)


def test_a_cancellation_without_a_sale_is_told_and_touches_no_other_item() -> None:
    lines = [line("2026-02-17", 2), line("2026-02-25", -6), line("2026-02-25", 3, "B"), line("2026-02-26", 1)]
    inputs = plan_inputs(dataset(sales=lines))
    assert inputs.history.sales_units.tolist() == [[0, 0], [0, 3]]
    told = finding_of(inputs, "PLN-010")
    assert (told.sku_id, told.count) == ("A", 1)
    assert "3 cancelled units" in told.message


def test_negative_units_of_a_line_called_a_sale_cancel_too() -> None:
    inputs = plan_inputs(dataset(sales=[line("2026-02-25", 6), line("2026-02-26", -2, kind="sale")]))
    assert inputs.history.sales_units.tolist() == [[4]]


def test_a_return_does_not_undo_demand() -> None:
    lines = [line("2026-02-17", 6), line("2026-02-25", -2, kind="return"), line("2026-02-26", 1)]
    inputs = plan_inputs(dataset(sales=lines))
    assert inputs.history.sales_units.tolist() == [[6, 1]]
    assert inputs.history.returned_units.tolist() == [[0, 2]]


def test_the_promotion_share_counts_marked_lines_and_days_with_a_promotion_price() -> None:
    lines = [
        line("2026-02-10", 4),
        line("2026-02-16", 3),
        line("2026-02-18", 1, kind="promotion"),
        line("2026-02-24", 2),
        line("2026-02-26", 6),
        line("2026-02-24", 5, "B"),
    ]
    prices = [
        {
            "sku_id": "A",
            "valid_from": "2026-02-23",
            "valid_until": "2026-02-26",
            "unit_price_minor": 5,
            "kind": "promotion",
        }
    ]
    inputs = plan_inputs(dataset(sales=lines, prices=prices))
    assert inputs.history.promotion_share.tolist() == [[0.0, 0.25, 0.25], [0.0, 0.0, 0.0]]
    assert inputs.history.promotion_share.dtype == np.float32


def test_a_promotion_price_without_an_end_holds_until_the_next_price() -> None:
    lines = [line(day, 1) for day in ("2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26")]
    prices = [
        {"sku_id": "A", "valid_from": "2026-02-24", "unit_price_minor": 5, "kind": "promotion"},
        {"sku_id": "A", "valid_from": "2026-02-26", "unit_price_minor": 9},
    ]
    assert plan_inputs(dataset(sales=lines, prices=prices)).history.promotion_share.tolist() == [[0.5]]
    del prices[1]
    assert plan_inputs(dataset(sales=lines, prices=prices)).history.promotion_share.tolist() == [[0.75]]


def test_a_promotion_price_of_one_channel_holds_there_only() -> None:
    lines = [
        line("2026-02-24", 1, channel_id="shop"),
        line("2026-02-24", 3, channel_id="market"),
        line("2026-02-24", 4),
    ]
    prices = [
        {"sku_id": "A", "valid_from": "2026-02-01", "unit_price_minor": 5, "kind": "promotion", "channel_id": "shop"}
    ]
    assert plan_inputs(dataset(sales=lines, prices=prices)).history.promotion_share.tolist() == [[0.125]]


def test_promoted_units_are_never_more_than_what_was_left_after_cancellations() -> None:
    lines = [line("2026-02-24", 4, kind="promotion"), line("2026-02-24", 2), line("2026-02-25", -3)]
    inputs = plan_inputs(dataset(sales=lines))
    assert inputs.history.sales_units.tolist() == [[3]]
    assert inputs.history.promotion_share.tolist() == [[1.0]]


def test_bundles_count_as_demand_for_their_components_at_the_same_location() -> None:
    inputs = plan_inputs(
        dataset(
            sales=[line("2026-02-24", 3, "KIT", location_id="W1"), line("2026-02-25", 10, "cup", location_id="W1")],
            bundles=[
                {"bundle_sku_id": "KIT", "component_sku_id": "cup", "component_units": 2},
                {"bundle_sku_id": "KIT", "component_sku_id": "tea", "component_units": 1},
            ],
        )
    )
    assert items_of(inputs) == [("KIT", "W1"), ("cup", "W1"), ("tea", "W1")]
    assert inputs.history.sales_units.tolist() == [[3], [16], [3]]
    assert inputs.attributes.is_bundle.tolist() == [True, False, False]


def test_a_recipe_holds_on_the_day_of_the_sale() -> None:
    recipes = [
        {"bundle_sku_id": "KIT", "component_sku_id": "old", "component_units": 1, "valid_until": "2026-02-24"},
        {
            "bundle_sku_id": "KIT",
            "component_sku_id": "new",
            "component_units": 2,
            "valid_from": "2026-02-24",
            "valid_until": "2026-02-27",
        },
    ]
    lines = [line("2026-02-23", 1, "KIT"), line("2026-02-24", 10, "KIT"), line("2026-02-27", 100, "KIT")]
    inputs = plan_inputs(dataset(sales=lines, bundles=recipes))
    assert inputs.history.sales_units[row_of(inputs, "old"), -1] == 1
    assert inputs.history.sales_units[row_of(inputs, "new"), -1] == 20
    assert inputs.history.sales_units[row_of(inputs, "KIT"), -1] == 111
    told = finding_of(inputs, "PLN-011")
    assert (told.sku_id, told.count) == ("KIT", 1)
    assert told.message.startswith("100 units")


def test_bundles_inside_bundles_are_opened_down_to_what_is_bought() -> None:
    recipes = [
        {"bundle_sku_id": "BOX", "component_sku_id": "KIT", "component_units": 2},
        {"bundle_sku_id": "BOX", "component_sku_id": "lid", "component_units": 1},
        {"bundle_sku_id": "KIT", "component_sku_id": "cup", "component_units": 3},
    ]
    inputs = plan_inputs(dataset(sales=[line("2026-02-24", 5, "BOX")], bundles=recipes))
    assert items_of(inputs) == [("BOX", "MAIN"), ("cup", "MAIN"), ("lid", "MAIN")]
    assert inputs.history.sales_units.tolist() == [[5], [30], [5]]


def test_cancelled_returned_and_promoted_bundles_reach_the_components() -> None:
    lines = [
        line("2026-02-17", 4, "KIT"),
        line("2026-02-24", 1, "KIT", kind="promotion"),
        line("2026-02-25", 1, "cup"),
        line("2026-02-26", -3, "KIT"),
        line("2026-02-26", -1, "KIT", kind="return"),
    ]
    recipes = [{"bundle_sku_id": "KIT", "component_sku_id": "cup", "component_units": 2}]
    inputs = plan_inputs(dataset(sales=lines, bundles=recipes))
    kit, cup = row_of(inputs, "KIT"), row_of(inputs, "cup")
    assert inputs.history.sales_units[kit].tolist() == [2, 0]
    assert inputs.history.sales_units[cup].tolist() == [4, 1]
    assert inputs.history.returned_units[cup].tolist() == [0, 2]
    assert inputs.history.promotion_share[cup].tolist() == [0.0, 0.0]
    without = plan_inputs(dataset(sales=lines[:3], bundles=recipes))
    assert without.history.promotion_share[row_of(without, "cup")].tolist() == [0.0, np.float32(2 / 3)]


def test_arrivals_are_summed_by_period_and_older_ones_left_out() -> None:
    receipts = [
        {"sku_id": "A", "received_on": day, "units": units}
        for day, units in [("2025-01-01", 100), ("2026-02-17", 5), ("2026-02-22", 6), ("2026-02-23", 7)]
    ]
    inputs = plan_inputs(dataset(sales=[line("2026-02-17", 1)], receipts=receipts))
    assert inputs.history.received_units.tolist() == [[11, 7]]


def test_counts_are_averaged_by_period_and_nan_where_nothing_was_counted() -> None:
    counts = [
        {"sku_id": "A", "date": day, "on_hand_units": units}
        for day, units in [("2026-02-10", 7), ("2026-02-23", 4), ("2026-02-25", 1)]
    ]
    inputs = plan_inputs(dataset(sales=[line("2026-02-10", 1), line("2026-02-10", 1, "B")], stock=counts))
    means = inputs.history.on_hand_units_mean
    assert means[0, [0, 2]].tolist() == [7.0, 2.5]
    assert np.isnan(means[0, 1])
    assert np.isnan(means[1]).all()


def test_tables_that_were_not_given_take_no_memory() -> None:
    history = plan_inputs(dataset(sales=[line("2026-01-10", 1)])).history
    for array in (
        history.in_stock_share,
        history.promotion_share,
        history.returned_units,
        history.received_units,
        history.on_hand_units_mean,
    ):
        assert array.shape == history.sales_units.shape
        assert set(array.strides) == {0}
    assert (history.in_stock_share == 1).all()
    assert np.isnan(history.on_hand_units_mean).all()


def test_availability_rows_cover_their_days_and_other_days_count_as_in_stock() -> None:
    availability = [
        {"sku_id": "A", "date": "2026-02-16", "in_stock_share": 0.0},
        {"sku_id": "A", "date": "2026-02-20", "in_stock_share": 0.5, "days": 6},
        {"sku_id": "B", "date": "2026-01-01", "in_stock_share": 0.0, "days": 2},
    ]
    lines = [line("2026-02-09", 1), line("2026-02-24", 1, "B"), line("2026-02-24", 1, "C")]
    inputs = plan_inputs(dataset(sales=lines, availability=availability))
    expected = [[1.0, 1 - (1 + 3 * 0.5) / 7, 1 - 3 * 0.5 / 7], [1.0] * 3, [1.0] * 3]
    np.testing.assert_array_equal(inputs.history.in_stock_share, np.array(expected, dtype=np.float32))
    assert inputs.history.availability_known.tolist() == [True, True, False]


def test_of_overlapping_availability_rows_the_one_that_starts_last_holds() -> None:
    availability = [
        {"sku_id": "A", "date": "2026-02-23", "in_stock_share": 0.0, "days": 7},
        {"sku_id": "A", "date": "2026-02-25", "in_stock_share": 1.0, "days": 2},
        {"sku_id": "B", "date": "2026-02-23", "in_stock_share": 0.0, "days": 2},
        {"sku_id": "B", "date": "2026-02-25", "in_stock_share": 0.0, "days": 1},
    ]
    inputs = plan_inputs(dataset(sales=[line("2026-02-23", 1), line("2026-02-23", 1, "B")], availability=availability))
    np.testing.assert_allclose(inputs.history.in_stock_share[:, 0], [2 / 7, 4 / 7], rtol=1e-6)
    told = finding_of(inputs, "PLN-062")
    assert (told.sku_id, told.count) == ("A", 1)


def test_availability_beyond_the_as_of_day_does_not_show() -> None:
    availability = [{"sku_id": "A", "date": "2026-02-28", "in_stock_share": 0.0, "days": 31}]
    inputs = plan_inputs(dataset(sales=[line("2026-02-23", 1)], availability=availability))
    np.testing.assert_allclose(inputs.history.in_stock_share, [[5 / 7]], rtol=1e-6)


def counts_of(sku: str, first: date, units: list[int], every: int) -> list[dict[str, object]]:
    days = [first + timedelta(days=every * k) for k in range(len(units))]
    return [{"sku_id": sku, "date": str(day), "on_hand_units": n} for day, n in zip(days, units, strict=True)]


def test_frequent_counts_tell_stockouts_where_no_availability_is_given() -> None:
    daily = counts_of("A", date(2026, 2, 16), [5, 4, 0, 0, 3, 2, 1, 9, 9, 9, 9, 9, 9, 0], 1)
    sparse = counts_of("B", date(2026, 1, 5), [0, 0, 0, 0], 14)
    inputs = plan_inputs(dataset(sales=[line("2026-02-16", 1), line("2026-02-16", 1, "B")], stock=daily + sparse))
    np.testing.assert_allclose(inputs.history.in_stock_share[0], [5 / 7, 6 / 7], rtol=1e-6)
    assert (inputs.history.in_stock_share[1] == 1).all()
    assert inputs.history.availability_known.tolist() == [True, False]
    assert finding_of(inputs, "PLN-060").sku_id == "A"


def test_a_known_arrival_ends_a_stockout_read_from_weekly_counts() -> None:
    weekly = counts_of("A", date(2026, 1, 4), [5, 5, 5, 5, 5, 5, 5, 0], 7)  # the zero is of 2026-02-22
    sales = [line("2026-02-16", 1)]
    without = plan_inputs(dataset(sales=sales, stock=weekly)).history.in_stock_share[0]
    np.testing.assert_allclose(without, [6 / 7, 0.0], atol=1e-6)
    receipts = [{"sku_id": "A", "received_on": "2026-02-25", "units": 9}]
    ended = plan_inputs(dataset(sales=sales, stock=weekly, receipts=receipts)).history.in_stock_share[0]
    np.testing.assert_allclose(ended, [6 / 7, 5 / 7], rtol=1e-6)


def test_an_availability_table_goes_before_stock_counts() -> None:
    daily = counts_of("A", date(2026, 2, 16), [0] * 14, 1)
    availability = [{"sku_id": "A", "date": "2026-02-16", "in_stock_share": 1.0}]
    inputs = plan_inputs(dataset(sales=[line("2026-02-16", 1)], stock=daily, availability=availability))
    assert (inputs.history.in_stock_share == 1).all()
    assert "PLN-060" not in codes_of(inputs)


def test_fill_counts_by_unit_line_and_order() -> None:
    asked = [("O1", "A", 70, 80), ("O1", "B", 40, 40), ("O2", "A", 10, None), ("O3", "B", 50, 80), (None, "B", 1, 1)]
    lines = [
        line("2026-02-24", units, sku, order_id=order, requested_units=wanted) for order, sku, units, wanted in asked
    ]
    lines += [line("2026-02-25", 5, "A", order_id="O2"), line("2026-02-25", -5, "A", order_id="O2")]
    fill = plan_inputs(dataset(sales=lines)).fill
    assert fill.requested_units.tolist() == [95, 121]
    assert fill.shipped_units.tolist() == [85, 91]
    assert (fill.lines.tolist(), fill.lines_filled.tolist()) == ([3, 3], [2, 2])
    assert (fill.item_orders.tolist(), fill.item_orders_filled.tolist()) == ([2, 3], [1, 2])
    assert (fill.orders, fill.orders_filled) == (4, 2)


def test_fill_counts_are_zero_where_no_request_is_recorded() -> None:
    fill = plan_inputs(dataset(sales=[line("2026-02-24", 1, order_id="O1")])).fill
    assert fill.requested_units.tolist() == [0]
    assert (fill.lines.tolist(), fill.orders) == ([0], 0)
