"""What monitoring reads besides the plan: deliveries, prices paid, what each feed brought, and the age of counts."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.catalog.columns import columns_of
from skuwise.core.catalog.fingerprint import inputs_hash
from skuwise.core.catalog.inputs import NO_DAY
from skuwise.core.rules import built_in_rulebook
from skuwise.planning.assemble import plan_inputs
from skuwise.replaying.window import known_at, open_window, terms_known
from tests.contract.planning_shop import dataset, row_of


def sale(sku: str, day: str, units: int = 1, **more: object) -> dict[str, object]:
    return {"date": day, "sku_id": sku, "units": units, **more}


def receipt(sku: str, received: str, **more: object) -> dict[str, object]:
    return {"sku_id": sku, "received_on": received, "units": 10, **more}


SALES = [sale("A", "2026-02-10"), sale("A", "2026-02-24"), sale("B", "2026-02-25", 3)]


def day(text: str) -> int:
    return int(np.datetime64(text).astype(np.int64))


def test_deliveries_stand_in_the_order_in_which_they_came() -> None:
    receipts = [
        receipt("B", "2026-02-20", ordered_on="2026-02-01", promised_on="2026-02-18", ordered_units=12),
        receipt("A", "2026-02-05", supplier_id="EAST", order_id="PO-1"),
        receipt("A", "2026-02-12", supplier_id="EAST", order_id="PO-1"),
        receipt("B", "2026-02-12", supplier_id="EAST", order_id="PO-1"),
    ]
    for rows in (receipts, receipts[::-1]):
        inputs = plan_inputs(dataset(sales=SALES, receipts=rows, skus=[{"sku_id": "B", "supplier_id": "WEST"}]))
        seen = inputs.deliveries
        assert seen is not None
        a, b = row_of(inputs, "A"), row_of(inputs, "B")
        assert seen.item.tolist() == [a, a, b, b]
        assert [seen.suppliers[code] for code in seen.supplier] == ["EAST", "EAST", "EAST", "WEST"]
        # Two lines of one item in one order belong together; the other item's line is another one.
        assert seen.order[0] == seen.order[1] != seen.order[2]
        assert seen.order[3] == -1
        assert seen.received_day[-1] - seen.ordered_day[-1] == seen.lead_time_days[-1] == 19
        assert seen.promised_day.tolist() == [NO_DAY, NO_DAY, NO_DAY, day("2026-02-18")]
        assert seen.lead_time_days[:3].tolist() == [-1, -1, -1]
        assert seen.ordered_units.tolist() == [-1, -1, -1, 12]


def test_a_delivery_of_tomorrow_is_not_known_today() -> None:
    receipts = [receipt("A", "2026-02-05"), receipt("A", "2026-02-12")]
    inputs = plan_inputs(dataset(sales=SALES, receipts=receipts), as_of=date(2026, 2, 12))
    assert inputs.deliveries is not None
    assert inputs.deliveries.received_day.tolist() == [day("2026-02-05")]


def test_the_price_of_a_period_is_the_mean_of_what_was_paid_for_a_unit_without_promotions() -> None:
    sales = [
        sale("A", "2026-02-23", 1, unit_price_minor=1000),
        sale("A", "2026-02-24", 3, unit_price_minor=800),
        sale("A", "2026-02-25", 5, unit_price_minor=100, kind="promotion"),
        sale("A", "2026-02-26", -1, unit_price_minor=500, kind="return"),
        sale("A", "2026-02-17", 2),
        sale("B", "2026-02-17", 2, unit_price_minor=300),
    ]
    inputs = plan_inputs(dataset(sales=sales))
    paid = inputs.history.paid_price_minor
    assert paid is not None
    np.testing.assert_array_equal(paid[row_of(inputs, "A")], [np.nan, 850.0])
    np.testing.assert_array_equal(paid[row_of(inputs, "B")], [300.0, np.nan])


def test_where_sales_name_no_price_the_regular_one_of_the_price_list_holds_on() -> None:
    prices = [
        {"sku_id": "A", "valid_from": "2026-01-01", "unit_price_minor": 900},
        {"sku_id": "A", "valid_from": "2026-02-18", "unit_price_minor": 700, "kind": "promotion"},
        {"sku_id": "A", "valid_from": "2026-02-20", "unit_price_minor": 1100},
        {"sku_id": "A", "valid_from": "2026-02-20", "unit_price_minor": 5000, "channel_id": "web"},
    ]
    inputs = plan_inputs(dataset(sales=SALES, prices=prices))
    paid = inputs.history.paid_price_minor
    assert paid is not None
    np.testing.assert_array_equal(paid[row_of(inputs, "A")], [900.0, 1100.0, 1100.0])
    assert np.isnan(paid[row_of(inputs, "B")]).all()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.integers(1, 27), st.integers(1, 40), st.integers(1, 10_000)),
        min_size=1,
        max_size=30,
    )
)
def test_value_by_period_is_price_times_units_whatever_the_order_of_the_lines(
    lines: list[tuple[str, int, int, int]],
) -> None:
    sales = [sale(sku, f"2026-02-{on:02d}", units, unit_price_minor=price) for sku, on, units, price in lines]
    inputs, turned = plan_inputs(dataset(sales=sales)), plan_inputs(dataset(sales=sales[::-1]))
    paid = inputs.history.paid_price_minor
    assert paid is not None
    np.testing.assert_array_equal(paid, turned.history.paid_price_minor)
    value = np.nan_to_num(paid.astype(np.float64)) * inputs.history.sales_units
    total = sum(units * price for _, _, units, price in lines)
    np.testing.assert_allclose(value.sum(), total, rtol=1e-6)
    assert inputs.feeds is not None
    assert inputs.feeds.sales_rows.sum() == len(lines)
    assert inputs.feeds.sales_units.sum() == inputs.history.sales_units.sum()
    assert inputs.feeds.sales_value_minor.sum() == total


def test_feeds_are_counted_day_by_day_up_to_the_as_of_day() -> None:
    sales = [sale("A", "2026-02-23", 2), sale("B", "2026-02-23", 3), sale("A", "2026-03-01", -1, kind="return")]
    stock = [{"sku_id": "A", "on_hand_units": 3, "date": "2026-02-28"}, {"sku_id": "B", "on_hand_units": 1}]
    inputs = plan_inputs(dataset(sales=sales, stock=stock, receipts=[receipt("A", "2026-02-24")]))
    feeds = inputs.feeds
    assert feeds is not None
    assert feeds.sales_rows.tolist() == [2, 0, 0, 0, 0, 0, 1]
    assert feeds.sales_units.tolist() == [5, 0, 0, 0, 0, 0, 0]
    assert feeds.stock_rows.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert feeds.receipt_rows.tolist() == [0, 1, 0, 0, 0, 0, 0]
    a, b = row_of(inputs, "A"), row_of(inputs, "B")
    assert inputs.stock.counted_days_ago is not None
    assert inputs.stock.counted_days_ago[[a, b]].tolist() == [2, 1]


def test_what_is_not_given_takes_no_memory() -> None:
    inputs = plan_inputs(dataset(sales=SALES))
    columns = columns_of(inputs)
    assert columns["paid_price_minor"].strides == (0, 0)
    assert np.isnan(columns["paid_price_minor"]).all()
    assert columns["counted_days_ago"].tolist() == [-1, -1]
    assert len(columns["deliveries"]) == 0
    assert len(columns["feeds"].stock_rows) == 0


def test_a_delivery_and_a_price_are_part_of_what_a_plan_is_made_from() -> None:
    priced = [{**row, "unit_price_minor": 500} for row in SALES]
    dearer = [*priced[:-1], {**priced[-1], "unit_price_minor": 501}]
    hashes = {
        inputs_hash(plan_inputs(dataset(sales=sales, receipts=[receipt("A", "2026-02-05", promised_on=promised)])))
        for sales, promised in ((priced, "2026-02-01"), (dearer, "2026-02-01"), (priced, "2026-02-02"))
    }
    assert len(hashes) == 3


def test_a_replay_knows_only_the_feeds_prices_and_deliveries_before_its_day() -> None:
    sales = [
        sale("A", str(np.datetime64("2025-11-03") + 7 * week), week + 1, unit_price_minor=100 + week)
        for week in range(16)
    ]
    receipts = [receipt("A", "2025-12-01"), receipt("A", "2026-02-16")]
    shop = dataset(sales=sales, receipts=receipts, as_of=date(2026, 2, 23))
    window = open_window(shop, built_in_rulebook(), date(2025, 12, 29), None)
    for period in range(window.first, window.inputs.grid.period_count):
        known = known_at(window, period, terms_known(window, period))
        then = plan_inputs(shop, as_of=window.day_of(period).astype(date))
        assert known.feeds is not None and then.feeds is not None
        assert known.deliveries is not None and then.deliveries is not None
        np.testing.assert_array_equal(known.feeds.sales_rows, then.feeds.sales_rows)
        np.testing.assert_array_equal(known.feeds.receipt_rows, then.feeds.receipt_rows)
        np.testing.assert_array_equal(known.deliveries.received_day, then.deliveries.received_day)
        np.testing.assert_array_equal(known.history.paid_price_minor, then.history.paid_price_minor)
