"""How items are bought, what lies there, what is on order, and what a plan of a past day may know."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from skuwise.planning.assemble import plan_inputs
from tests.contract.planning_shop import codes_of, dataset, finding_of, items_of, row_of

SALES = [
    {"date": "2026-02-24", "sku_id": "A", "units": 1, "location_id": "W1"},
    {"date": "2026-02-24", "sku_id": "A", "units": 1, "location_id": "W2"},
    {"date": "2026-02-24", "sku_id": "B", "units": 1, "location_id": "W1"},
]


def receipt(sku: str, ordered: str | None, received: str, **more: object) -> dict[str, object]:
    return {"sku_id": sku, "ordered_on": ordered, "received_on": received, "units": 10, "location_id": "W1", **more}


def test_terms_without_a_location_hold_everywhere_and_those_with_one_go_first() -> None:
    supply = [
        {"sku_id": "A", "lead_time_days_mean": 30.0, "lead_time_days_sd": 5.0, "moq_units": 50, "unit_cost_minor": 400},
        {"sku_id": "A", "location_id": "W2", "lead_time_days_mean": 4.0, "order_multiple_units": 6},
        {"sku_id": "B", "undelivered_share": 0.1},
    ]
    inputs = plan_inputs(dataset(sales=SALES, supply=supply))
    terms = inputs.supply
    w1, w2, b = row_of(inputs, "A", "W1"), row_of(inputs, "A", "W2"), row_of(inputs, "B", "W1")
    assert terms.lead_time_days_mean[[w1, w2]].tolist() == [30.0, 4.0]
    assert terms.moq_units[[w1, w2, b]].tolist() == [50, 50, 0]
    assert terms.order_multiple_units[[w1, w2, b]].tolist() == [1, 6, 1]
    assert terms.unit_cost_minor[[w1, w2, b]].tolist() == [400, 400, -1]
    assert terms.order_cost_minor.tolist() == [0, 0, 0]
    assert terms.source_row[[w1, w2, b]].tolist() == [2, 3, 4]
    assert np.isnan(terms.undelivered_share[[w1, w2]]).all()
    assert terms.undelivered_share[b] == 0.1
    assert np.isnan(terms.lead_time_days_mean[b])
    assert finding_of(inputs, "PLN-022").sku_id == "B"


def test_of_several_suppliers_the_cheapest_is_planned_with_whatever_the_order_of_the_rows() -> None:
    supply = [
        {"sku_id": "B", "supplier_id": "dear", "unit_cost_minor": 500, "lead_time_days_mean": 1.0},
        {"sku_id": "B", "supplier_id": "cheap", "unit_cost_minor": 400, "lead_time_days_mean": 20.0},
        {"sku_id": "B", "supplier_id": "silent", "lead_time_days_mean": 2.0},
    ]
    for rows in (supply, supply[::-1]):
        inputs = plan_inputs(dataset(sales=SALES, supply=rows))
        b = row_of(inputs, "B", "W1")
        assert inputs.attributes.supplier.of(b) == "cheap"
        assert (inputs.supply.unit_cost_minor[b], inputs.supply.lead_time_days_mean[b]) == (400, 20.0)
        assert finding_of(inputs, "PLN-024").sku_id == "B"


def test_three_receipts_tell_the_lead_time_with_its_sample_standard_deviation() -> None:
    receipts = [
        receipt("A", "2026-01-01", "2026-01-11"),
        receipt("A", "2026-01-01", "2026-01-15"),
        receipt("A", "2026-02-01", "2026-02-19"),
        receipt("A", None, "2026-02-20"),
    ]
    inputs = plan_inputs(dataset(sales=SALES, receipts=receipts))
    a, b = row_of(inputs, "A", "W1"), row_of(inputs, "B", "W1")
    assert inputs.supply.lead_time_days_mean[a] == 14.0
    assert inputs.supply.lead_time_days_sd[a] == 4.0
    assert inputs.supply.lead_time_observations.tolist()[a] == 3
    assert finding_of(inputs, "PLN-020").sku_id == "A"
    assert np.isnan(inputs.supply.lead_time_days_mean[b])
    assert inputs.supply.lead_time_observations[b] == 0


def test_with_fewer_than_three_receipts_the_suppliers_tell_the_lead_time() -> None:
    receipts = [
        receipt("A", "2026-01-01", "2026-01-11", supplier_id="S"),
        receipt("A", "2026-01-01", "2026-01-13", supplier_id="S"),
        receipt("A", "2026-01-01", "2026-01-15", supplier_id="S"),
        receipt("B", "2026-01-01", "2026-01-21"),
    ]
    skus = [{"sku_id": "B", "supplier_id": "S"}, {"sku_id": "C", "supplier_id": "S"}, {"sku_id": "D"}]
    inputs = plan_inputs(dataset(skus=skus, sales=SALES, receipts=receipts))
    for sku, place in (("B", "W1"), ("C", "MAIN")):
        row = row_of(inputs, sku, place)
        assert inputs.supply.lead_time_days_mean[row] == (10 + 12 + 14 + 20) / 4
        assert inputs.supply.lead_time_observations[row] == 4
    assert finding_of(inputs, "PLN-021").count == 2
    assert np.isnan(inputs.supply.lead_time_days_mean[row_of(inputs, "D")])


def test_one_receipt_tells_a_mean_and_no_spread() -> None:
    inputs = plan_inputs(dataset(sales=SALES, receipts=[receipt("B", "2026-01-01", "2026-01-21")]))
    b = row_of(inputs, "B", "W1")
    assert inputs.supply.lead_time_days_mean[b] == 20.0
    assert np.isnan(inputs.supply.lead_time_days_sd[b])
    assert inputs.supply.lead_time_observations[b] == 1
    assert finding_of(inputs, "PLN-023").sku_id == "B"


def test_a_given_lead_time_goes_before_receipts_and_counts_no_observations() -> None:
    receipts = [receipt("B", "2026-01-01", day) for day in ("2026-01-09", "2026-01-11", "2026-01-13")]
    supply = [{"sku_id": "B", "lead_time_days_mean": 30.0}]
    terms = plan_inputs(dataset(sales=SALES[2:], supply=supply, receipts=receipts)).supply
    assert terms.lead_time_days_mean.tolist() == [30.0]
    assert terms.lead_time_days_sd.tolist() == [2.0]  # the spread that the supply table leaves open
    assert terms.lead_time_observations.tolist() == [0]


def test_unit_cost_is_that_of_the_terms_then_the_newest_receipt_then_the_catalogue() -> None:
    receipts = [
        receipt("B", None, "2026-01-01", unit_cost_minor=100),
        receipt("B", None, "2026-02-01", unit_cost_minor=120),
        receipt("B", None, "2026-02-01", unit_cost_minor=110),
        receipt("B", None, "2026-02-02"),
        receipt("A", None, "2026-02-02", unit_cost_minor=70),
    ]
    skus = [{"sku_id": sku, "unit_cost_minor": 999} for sku in "ABC"] + [{"sku_id": "D"}]
    supply = [{"sku_id": "A", "location_id": "W1", "unit_cost_minor": 60}]
    inputs = plan_inputs(dataset(skus=skus, sales=SALES, supply=supply, receipts=receipts))
    assert items_of(inputs) == [("A", "W1"), ("A", "W2"), ("B", "W1"), ("C", "MAIN"), ("D", "MAIN")]
    assert inputs.supply.unit_cost_minor.tolist() == [60, 70, 120, 999, -1]
    assert finding_of(inputs, "PLN-025").count == 2
    assert finding_of(inputs, "PLN-026").sku_id == "C"
    assert finding_of(inputs, "PLN-027").sku_id == "D"


def test_a_bundle_is_not_bought_so_its_missing_terms_are_no_finding() -> None:
    sales = [{"date": "2026-02-24", "sku_id": "KIT", "units": 1, "unit_price_minor": 5}]
    bundles = [{"bundle_sku_id": "KIT", "component_sku_id": "A", "component_units": 1}]
    inputs = plan_inputs(dataset(sales=sales, bundles=bundles))
    assert {finding.sku_id for finding in inputs.findings if finding.code in ("PLN-022", "PLN-027", "PLN-040")} == {"A"}
    assert all(finding.count == 1 for finding in inputs.findings)


def test_stock_is_the_latest_count_before_the_as_of_day() -> None:
    stock = [
        {"sku_id": "A", "location_id": "W1", "date": "2026-02-20", "on_hand_units": 9, "reserved_units": 5},
        {"sku_id": "A", "location_id": "W1", "date": "2026-03-01", "on_hand_units": 7, "backlog_units": 2},
        {"sku_id": "A", "location_id": "W1", "date": "2026-03-02", "on_hand_units": 99},
        {"sku_id": "A", "location_id": "W2", "on_hand_units": 4},
        {"sku_id": "C", "location_id": "W1", "date": "2025-12-01", "on_hand_units": 3},
    ]
    inputs = plan_inputs(dataset(sales=SALES, stock=stock))
    state = inputs.stock
    assert items_of(inputs) == [("A", "W1"), ("A", "W2"), ("B", "W1"), ("C", "W1")]
    assert state.on_hand_units.tolist() == [7, 4, 0, 3]
    assert state.reserved_units.tolist() == [0, 0, 0, 0]
    assert state.backlog_units.tolist() == [2, 0, 0, 0]
    assert state.known.tolist() == [True, True, False, True]
    assert state.source_row.tolist() == [3, 5, 0, 6]
    assert finding_of(inputs, "PLN-040").sku_id == "B"
    assert finding_of(inputs, "PLN-041").sku_id == "C"
    assert (finding_of(inputs, "PLN-001").table, finding_of(inputs, "PLN-001").count) == ("stock", 1)


def test_without_a_stock_table_all_stock_is_unknown() -> None:
    inputs = plan_inputs(dataset(sales=SALES))
    assert not inputs.stock.known.any()
    assert finding_of(inputs, "PLN-040").count == 3


def order(number: str, sku: str, units: int, **more: object) -> dict[str, object]:
    return {"order_id": number, "sku_id": sku, "units": units, "location_id": "W1", **more}


def test_open_orders_count_once_sorted_by_item_and_due_day() -> None:
    orders = [
        order("P1", "B", 5, expected_on="2026-03-10", ordered_on="2026-02-20", status="open"),
        order("P2", "A", 7, expected_on="2026-04-01", ordered_on="2026-02-10", status="in_transit"),
        order("P3", "A", 8, expected_on="2026-02-27", ordered_on="2026-01-10"),
        order("P4", "A", 9, expected_on="2026-03-05", status="draft"),
        order("P5", "A", 9, expected_on="2026-03-05", status="received"),
        order("P6", "A", 9, expected_on="2026-03-05", status="cancelled"),
    ]
    inputs = plan_inputs(dataset(sales=SALES, open_orders=orders))
    lines = inputs.open_orders
    assert lines.item.tolist() == [0, 0, 2]
    assert lines.units.tolist() == [8, 7, 5]
    assert lines.due_days.tolist() == [-3, 30, 8]
    assert lines.ordered_days_ago.tolist() == [51, 20, 10]
    assert lines.order_id.tolist() == ["P3", "P2", "P1"]
    assert lines.source_row.tolist() == [4, 3, 2]
    told = finding_of(inputs, "PLN-050")
    assert (told.sku_id, told.count) == ("A", 1)


def test_orders_without_a_day_of_arrival_are_expected_after_the_mean_lead_time() -> None:
    orders = [
        order("P1", "A", 5, ordered_on="2026-02-20"),
        order("P2", "A", 6),
        order("P3", "B", 7, ordered_on="2026-02-20"),
    ]
    inputs = plan_inputs(
        dataset(sales=SALES, open_orders=orders, supply=[{"sku_id": "A", "lead_time_days_mean": 20.0}])
    )
    assert inputs.open_orders.order_id.tolist() == ["P1", "P2", "P3"]
    assert inputs.open_orders.due_days.tolist() == [10, 20, 4]  # B: 14 days are the rulebook's assumption
    assert inputs.open_orders.ordered_days_ago.tolist() == [10, -1, 10]
    assert finding_of(inputs, "PLN-051").count == 3
    assert finding_of(inputs, "PLN-052").sku_id == "B"


@pytest.fixture
def rich() -> dict[str, list[dict[str, object]]]:
    return {
        "sales": [
            {"date": "2026-02-03", "sku_id": "A", "units": 3, "unit_price_minor": 10},
            {"date": "2026-02-16", "sku_id": "A", "units": 5, "unit_price_minor": 30},
            {"date": "2026-02-16", "sku_id": "Z", "units": 5},
        ],
        "stock": [
            {"sku_id": "A", "date": "2026-02-15", "on_hand_units": 8},
            {"sku_id": "A", "date": "2026-02-16", "on_hand_units": 2},
            {"sku_id": "Z", "on_hand_units": 6},
        ],
        "receipts": [
            {"sku_id": "A", "ordered_on": "2026-01-01", "received_on": "2026-01-31", "units": 9, "order_id": "P0"},
            {
                "sku_id": "A",
                "ordered_on": "2026-02-10",
                "received_on": "2026-02-26",
                "promised_on": "2026-02-20",
                "units": 4,
                "order_id": "P1",
            },
            {"sku_id": "A", "ordered_on": "2026-02-16", "received_on": "2026-02-26", "units": 40},
        ],
        "open_orders": [
            {"order_id": "P2", "sku_id": "A", "units": 6, "ordered_on": "2026-02-15", "expected_on": "2026-03-20"},
            {"order_id": "P3", "sku_id": "A", "units": 7, "ordered_on": "2026-02-16", "expected_on": "2026-03-20"},
            {"order_id": "P4", "sku_id": "A", "units": 8},
        ],
        "availability": [
            {"sku_id": "A", "date": "2026-02-15", "in_stock_share": 0.0},
            {"sku_id": "A", "date": "2026-02-16", "in_stock_share": 0.0},
        ],
    }


def test_a_plan_of_a_past_day_sees_nothing_later(rich: dict[str, list[dict[str, object]]]) -> None:
    inputs = plan_inputs(dataset(**rich), as_of=date(2026, 2, 16))
    assert items_of(inputs) == [("A", "MAIN")]
    assert inputs.history.sales_units.tolist() == [[3, 0]]
    assert inputs.attributes.unit_price_minor.tolist() == [10]
    assert inputs.stock.on_hand_units.tolist() == [8]
    assert inputs.supply.lead_time_days_mean.tolist() == [30.0]
    np.testing.assert_allclose(inputs.history.in_stock_share, [[1.0, 6 / 7]], rtol=1e-6)
    unseen = {finding.table: finding.count for finding in inputs.findings if finding.code == "PLN-001"}
    assert unseen == {"sales": 2, "stock": 2, "receipts": 2, "open_orders": 2, "availability": 1}


def test_a_plan_of_a_past_day_still_expects_what_has_arrived_since(rich: dict[str, list[dict[str, object]]]) -> None:
    inputs = plan_inputs(dataset(**rich), as_of=date(2026, 2, 16))
    assert inputs.open_orders.order_id.tolist() == ["P1", "P2"]
    assert inputs.open_orders.units.tolist() == [4, 6]
    assert inputs.open_orders.due_days.tolist() == [4, 32]  # as promised, not as it came
    assert finding_of(inputs, "PLN-053").count == 1


def test_the_same_plan_results_where_the_later_rows_never_existed(rich: dict[str, list[dict[str, object]]]) -> None:
    past = date(2026, 2, 16)
    known_then = {
        "sales": rich["sales"][:1],
        "stock": rich["stock"][:1],
        "receipts": rich["receipts"][:1],
        "open_orders": [
            rich["open_orders"][0],
            {"order_id": "P1", "sku_id": "A", "units": 4, "ordered_on": "2026-02-10", "expected_on": "2026-02-20"},
        ],
        "availability": rich["availability"][:1],
    }
    then, replayed = plan_inputs(dataset(as_of=past, **known_then)), plan_inputs(dataset(**rich), as_of=past)
    assert items_of(then) == items_of(replayed)
    np.testing.assert_array_equal(then.history.sales_units, replayed.history.sales_units)
    np.testing.assert_array_equal(then.history.in_stock_share, replayed.history.in_stock_share)
    np.testing.assert_array_equal(then.stock.on_hand_units, replayed.stock.on_hand_units)
    np.testing.assert_array_equal(then.open_orders.due_days, replayed.open_orders.due_days)
    np.testing.assert_array_equal(then.open_orders.units, replayed.open_orders.units)


def test_nothing_is_unseen_on_the_datasets_own_day(rich: dict[str, list[dict[str, object]]]) -> None:
    inputs = plan_inputs(dataset(**rich))
    assert "PLN-001" not in codes_of(inputs)
    assert inputs.open_orders.order_id.tolist() == ["P2", "P3", "P4"]
    assert inputs.open_orders.due_days.tolist() == [18, 18, 19]  # P4: the mean of 30, 16 and 10 days
    assert inputs.stock.on_hand_units.tolist() == [2, 6]
