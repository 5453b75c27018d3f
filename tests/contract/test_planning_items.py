"""Which items a plan has, who they are and where their attributes come from."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest

from skuwise.core.findings import Finding, finding_kinds, found
from skuwise.planning.assemble import plan_inputs
from skuwise.planning.names import item_keys
from tests.contract.planning_shop import AS_OF, codes_of, dataset, finding_of, items_of, row_of

SALE = {"date": "2026-03-01", "sku_id": "A", "units": 1}


def test_every_sku_at_a_location_that_occurs_anywhere_is_an_item_sorted_by_sku_then_location() -> None:
    inputs = plan_inputs(
        dataset(
            sales=[{**SALE, "sku_id": "B", "location_id": "W2"}, {**SALE, "sku_id": "B", "location_id": "W1"}],
            stock=[{"sku_id": "C", "on_hand_units": 1, "location_id": "W1"}],
            supply=[{"sku_id": "D", "location_id": "W2"}, {"sku_id": "B"}],
            open_orders=[
                {"order_id": "P1", "sku_id": "E", "units": 3, "location_id": "W1", "ordered_on": "2026-02-01"}
            ],
            receipts=[{"sku_id": "A", "received_on": "2026-02-01", "units": 3, "location_id": "W2"}],
        )
    )
    assert items_of(inputs) == [("A", "W2"), ("B", "W1"), ("B", "W2"), ("C", "W1"), ("D", "W2"), ("E", "W1")]


def test_a_catalogue_sku_that_occurs_nowhere_lies_at_main_or_at_the_only_location() -> None:
    alone = plan_inputs(dataset(skus=[{"sku_id": "N"}], sales=[SALE]))
    assert ("N", "MAIN") in items_of(alone)
    assert finding_of(alone, "PLN-005").sku_id == "N"
    one = plan_inputs(dataset(skus=[{"sku_id": "N"}], sales=[{**SALE, "location_id": "W1"}]))
    assert items_of(one) == [("A", "W1"), ("N", "W1")]
    two = [{**SALE, "location_id": "W1"}, {**SALE, "location_id": "W2"}]
    assert ("N", "MAIN") in items_of(plan_inputs(dataset(skus=[{"sku_id": "N"}], sales=two)))


def test_rows_without_a_location_count_for_the_default_one_and_are_told() -> None:
    inputs = plan_inputs(
        dataset(sales=[SALE, {**SALE, "units": 4}], stock=[{"sku_id": "A", "on_hand_units": 9, "location_id": "W1"}])
    )
    assert items_of(inputs) == [("A", "W1")]
    assert inputs.history.sales_units[0, -1] == 5
    told = finding_of(inputs, "PLN-004")
    assert (told.table, told.count) == ("sales", 2)
    assert "PLN-004" not in codes_of(plan_inputs(dataset(sales=[SALE])))


def test_an_item_key_is_a_fixed_hash_of_the_two_names() -> None:
    inputs = plan_inputs(dataset(sales=[SALE]))
    expected = int.from_bytes(blake2b(b"A\x1fMAIN", digest_size=8).digest(), "little")
    assert inputs.index.item_key.tolist() == [expected]
    assert inputs.index.item_key.dtype == np.uint64
    # Pinned: a new version of the product or of a library must not change what is random for an item.
    assert item_keys(np.array(["SKU-1"]), np.array(["MAIN"])).tolist() == [11367054933633742548]


def test_attributes_come_from_the_catalogue_with_the_defaults_of_the_dictionary() -> None:
    inputs = plan_inputs(
        dataset(
            skus=[
                {
                    "sku_id": "A",
                    "product_id": "P",
                    "name": "Tea",
                    "category": "drinks",
                    "brand": "Leaf",
                    "supplier_id": "S1",
                    "criticality": "high",
                    "launch_date": "2025-01-02",
                    "end_of_life_date": "2026-12-31",
                    "successor_sku_id": "B",
                    "successor_share": 0.6,
                },
                {"sku_id": "B"},
            ],
            sales=[SALE, {**SALE, "sku_id": "B"}],
        )
    )
    a, b, known = row_of(inputs, "A"), row_of(inputs, "B"), inputs.attributes
    assert (known.product.of(a), known.category.of(a), known.brand.of(a)) == ("P", "drinks", "Leaf")
    assert (known.supplier.of(a), known.criticality.of(a), known.name[a]) == ("S1", "high", "Tea")
    assert (str(known.launch_date[a]), str(known.end_of_life_date[a])) == ("2025-01-02", "2026-12-31")
    assert known.successor_sku_id.tolist() == ["B", ""]
    assert known.successor_share is not None and known.successor_share.tolist() == [0.6, 1.0]
    assert (known.product.of(b), known.category.of(b), known.brand.of(b)) == ("B", "(none)", "(none)")
    assert (known.supplier.of(b), known.criticality.of(b), known.name[b]) == ("(none)", "standard", "")
    assert np.isnat(known.launch_date[b])
    assert np.isnat(known.end_of_life_date[b])
    assert known.category.names == ("(none)", "drinks")


def test_the_supplier_of_the_supply_terms_goes_before_that_of_the_catalogue() -> None:
    inputs = plan_inputs(
        dataset(
            skus=[{"sku_id": "A", "supplier_id": "catalogue"}],
            sales=[{**SALE, "location_id": "W1"}, {**SALE, "location_id": "W2"}, {**SALE, "sku_id": "B"}],
            supply=[{"sku_id": "A", "location_id": "W1", "supplier_id": "near"}, {"sku_id": "A", "supplier_id": "far"}],
        )
    )
    assert inputs.attributes.supplier.of(row_of(inputs, "A", "W1")) == "near"
    assert inputs.attributes.supplier.of(row_of(inputs, "A", "W2")) == "far"
    assert inputs.attributes.supplier.of(row_of(inputs, "B")) == "(none)"


def test_the_selling_price_is_that_of_the_catalogue_then_the_price_list_then_what_was_paid() -> None:
    sales = [
        {"date": day, "sku_id": sku, "units": 1, "unit_price_minor": price, "kind": kind}
        for sku in "ABCD"
        for day, price, kind in [
            ("2025-06-01", 900, "sale"),  # outside the window of 91 days
            ("2026-02-01", 500, "sale"),
            ("2026-02-02", 510, "sale"),
            ("2026-02-03", 10, "promotion"),
        ]
    ] + [{"date": "2026-02-02", "sku_id": "E", "units": 1}]
    prices = [
        {"sku_id": "B", "valid_from": "2025-01-01", "unit_price_minor": 700},
        {"sku_id": "B", "valid_from": "2026-01-01", "unit_price_minor": 720},
        {"sku_id": "B", "valid_from": "2026-03-03", "unit_price_minor": 730},
        {"sku_id": "B", "valid_from": "2026-02-01", "unit_price_minor": 100, "kind": "promotion"},
        {"sku_id": "B", "valid_from": "2026-02-01", "unit_price_minor": 790, "channel_id": "shop"},
        {"sku_id": "C", "valid_from": "2025-01-01", "unit_price_minor": 650, "valid_until": "2026-03-02"},
    ]
    inputs = plan_inputs(dataset(skus=[{"sku_id": "A", "unit_price_minor": 800}], sales=sales, prices=prices))
    assert inputs.attributes.unit_price_minor.tolist() == [800, 720, 500, 500, -1]
    assert (finding_of(inputs, "PLN-030").sku_id, finding_of(inputs, "PLN-031").sku_id) == ("B", "C")
    assert finding_of(inputs, "PLN-031").count == 2
    assert finding_of(inputs, "PLN-032").sku_id == "E"


def test_a_shop_without_any_table_has_no_items_and_says_that_no_demand_is_known() -> None:
    inputs = plan_inputs(dataset())
    assert len(inputs.index) == 0
    assert inputs.history.sales_units.shape == (0, 1)
    assert codes_of(inputs) == {"PLN-070"}


def test_a_catalogue_alone_is_planned_without_history() -> None:
    inputs = plan_inputs(dataset(skus=[{"sku_id": "A"}, {"sku_id": "B"}]))
    assert items_of(inputs) == [("A", "MAIN"), ("B", "MAIN")]
    assert inputs.history.sales_units.tolist() == [[0], [0]]
    assert {"PLN-005", "PLN-022", "PLN-027", "PLN-032", "PLN-040", "PLN-070"} <= codes_of(inputs)


def test_text_kept_as_categories_gives_the_same_items() -> None:
    plain = dataset(sales=[{**SALE, "location_id": "W1"}, {**SALE, "sku_id": "B", "location_id": "W2"}])
    sales = plain.tables["sales"].with_columns(pl.col("sku_id", "location_id", "kind").cast(pl.Categorical))
    coded = type(plain)({"sales": sales}, plain.files, plain.quarantine, (), (), plain.as_of)
    assert items_of(plan_inputs(coded)) == items_of(plan_inputs(plain))


def test_names_that_only_late_sales_lines_use_are_found_too() -> None:
    lines = [{**SALE, "sku_id": "A", "location_id": "W1"}] * 300 + [{**SALE, "sku_id": "Ω", "location_id": "W9"}]
    catalogue = [{"sku_id": "A"}]
    data = dataset(skus=catalogue, sales=lines)
    from skuwise.planning import names

    original = names.SAMPLE_ROWS
    names.SAMPLE_ROWS = 2
    try:
        assert items_of(plan_inputs(data)) == [("A", "W1"), ("Ω", "W9")]
    finally:
        names.SAMPLE_ROWS = original


def test_many_locations_do_not_need_a_dense_table(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(
        sales=[{**SALE, "sku_id": sku, "location_id": place} for sku, place in [("B", "W2"), ("A", "W3"), ("B", "W1")]],
        availability=[{"sku_id": "A", "date": "2026-02-25", "in_stock_share": 0.0, "location_id": "W1"}],
    )
    dense = plan_inputs(data)
    monkeypatch.setattr("skuwise.planning.names.DENSE_PAIRS_MAX", 0)
    sparse = plan_inputs(data)
    assert items_of(sparse) == items_of(dense) == [("A", "W3"), ("B", "W1"), ("B", "W2")]
    assert sparse.history.sales_units.tolist() == dense.history.sales_units.tolist()
    assert finding_of(sparse, "PLN-061").count == 1


def test_findings_of_the_dataset_stay_before_those_of_planning_and_all_codes_are_registered() -> None:
    before = found("PLN-002", "said by the reader")
    inputs = plan_inputs(dataset(skus=[{"sku_id": "A"}], findings=(before,)))
    assert inputs.findings[0] is before
    assert all(isinstance(finding, Finding) for finding in inputs.findings)
    assert codes_of(inputs) <= set(finding_kinds())


def test_the_currency_of_the_dataset_is_kept_and_bad_period_lengths_are_refused() -> None:
    assert plan_inputs(dataset(sales=[SALE])).currency == "USD"
    with pytest.raises(ValueError, match="positive"):
        plan_inputs(dataset(sales=[SALE]), period_days=0)
    with pytest.raises(ValueError, match="positive"):
        plan_inputs(dataset(sales=[SALE]), history_periods_max=0)


def test_the_as_of_day_is_the_datasets_unless_another_is_named() -> None:
    assert plan_inputs(dataset(sales=[SALE])).grid.as_of == np.datetime64(AS_OF)
    later = plan_inputs(dataset(sales=[SALE]), as_of=date(2026, 3, 16))
    assert later.history.sales_units.tolist() == [[1, 0, 0]]
    assert finding_of(later, "PLN-003").count == 14
