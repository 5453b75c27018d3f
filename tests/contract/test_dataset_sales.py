"""What a line of sales means, and which lines are no demand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from skuwise.dataset import Dataset, load_dataset
from skuwise.dataset.catalogue import non_products

DAY = "2026-01-05"


def load(lines: list[dict[str, Any]], **tables: Any) -> Dataset:
    data = load_dataset({"sales": [{"date": DAY, "sku": "A1", **line} for line in lines], **tables}, as_of="2026-06-01")
    for counts in data.counts:
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
    return data


def kinds(data: Dataset) -> list[tuple[str, int]]:
    return data.tables["sales"].select("kind", "units").rows()


def refused(data: Dataset) -> list[tuple[int, str]]:
    return data.quarantine.select("row", "code").rows()


def count_of(data: Dataset, code: str) -> int:
    return sum(finding.count for finding in data.findings if finding.code == code)


def test_the_kind_column_wins_over_sign_and_invoice_number() -> None:
    data = load([{"qty": -2, "order_id": "C1", "kind": "return"}, {"qty": 3, "order_id": "C2", "kind": "sale"}])
    assert kinds(data) == [("return", -2), ("sale", 3)]


def test_an_invoice_of_c_and_digits_is_a_cancellation() -> None:
    data = load([{"qty": -2, "order_id": "C536379"}, {"qty": -1, "order_id": "CAB12"}, {"qty": 1, "order_id": "7"}])
    assert kinds(data) == [("cancellation", -2), ("return", -1), ("sale", 1)]


def test_negative_units_without_an_order_are_a_return() -> None:
    assert kinds(load([{"qty": -2}, {"qty": 5}])) == [("return", -2), ("sale", 5)]


def test_contradictions_of_sign_and_kind_are_settled_and_told() -> None:
    data = load([{"qty": 2, "kind": "refund"}, {"qty": -3, "kind": "sale"}, {"qty": 4, "order_id": "C99"}])
    assert kinds(data) == [("return", -2), ("return", -3), ("cancellation", -4)]
    assert count_of(data, "SAL-SIGN") == 3


def test_an_unknown_kind_is_left_out_and_the_sign_decides() -> None:
    data = load([{"qty": -2, "kind": "odd"}])
    assert kinds(data) == [("return", -2)]
    assert count_of(data, "DAT-CELL-DROPPED") == 1


def test_zero_units_are_used() -> None:
    assert kinds(load([{"qty": 0}, {"qty": 0, "order_id": "7", "price": 0}])) == [("sale", 0), ("sale", 0)]


def test_the_same_line_of_the_same_order_is_read_once() -> None:
    line = {"qty": 2, "order_id": "7", "line_id": "1"}
    data = load([line, line, {**line, "line_id": "2"}])
    assert refused(data) == [(3, "SAL-DUPLICATE")]


def test_a_return_of_a_line_is_no_duplicate_of_it() -> None:
    line = {"qty": 2, "order_id": "7", "line_id": "1"}
    back = {**line, "qty": -1}
    data = load([line, back, {**back, "date": "2026-01-09"}, back])
    assert refused(data) == [(5, "SAL-DUPLICATE")]


def test_identical_lines_without_line_numbers_are_told_and_used() -> None:
    line = {"qty": 2, "order_id": "7", "price": 5}
    data = load([line, line, {**line, "qty": 3}])
    assert kinds(data) == [("sale", 2), ("sale", 2), ("sale", 3)]
    assert count_of(data, "SAL-SAME-LINE") == 1


def test_overlapping_exports_of_order_lines_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "sales_a.csv").write_text("date,sku,qty,order_id\n2026-01-05,A1,2,7\n2026-01-05,A1,2,7\n")
    (tmp_path / "sales_b.csv").write_text("date,sku,qty,order_id\n2026-01-05,A1,2,7\n2026-01-06,A1,2,8\n")
    data = load_dataset(tmp_path, as_of="2026-06-01")
    assert data.quarantine.select("file", "row", "code").rows() == [("sales_b.csv", 2, "SAL-DUPLICATE")]
    assert len(data.tables["sales"]) == 3


def test_day_totals_are_added_up_and_told_where_two_files_hold_them(tmp_path: Path) -> None:
    assert len(load([{"qty": 2}, {"qty": 2}]).tables["sales"]) == 2
    for name in ("sales_a.csv", "sales_b.csv"):
        (tmp_path / name).write_text("date,sku,qty\n2026-01-05,A1,2\n")
    data = load_dataset(tmp_path, as_of="2026-06-01")
    assert data.tables["sales"]["units"].sum() == 4
    assert count_of(data, "SAL-OVERLAP") == 1


def test_a_gift_in_a_paid_order_is_demand_and_told() -> None:
    data = load([{"qty": 2, "order_id": "7", "price": 5}, {"qty": 1, "order_id": "7", "price": 0}])
    assert kinds(data) == [("sale", 2), ("sale", 1)]
    assert count_of(data, "SAL-FREE") == 1


def test_units_at_no_price_in_an_unpaid_order_are_a_correction_unless_the_kind_says_otherwise() -> None:
    lines = [
        {"qty": 900, "order_id": "7", "price": 0},
        {"qty": -40, "order_id": "8", "price": 0},
        {"qty": 3, "order_id": "9", "price": 0, "kind": "promotion"},
        {"qty": -2, "order_id": "C9", "price": 0},
    ]
    data = load(lines)
    assert refused(data) == [(2, "SAL-CORRECTION"), (3, "SAL-CORRECTION")]
    assert kinds(data) == [("promotion", 3), ("cancellation", -2)]


def test_a_price_below_zero_is_bookkeeping() -> None:
    assert refused(load([{"qty": 1, "order_id": "A506401", "price": -53594.36}])) == [(2, "SAL-NEGATIVE-PRICE")]


def test_fewer_units_asked_for_than_sold_are_left_out() -> None:
    data = load([{"qty": 5, "requested_units": 3}, {"qty": 5, "requested_units": 8}])
    assert data.tables["sales"]["requested_units"].to_list() == [None, 8]
    assert count_of(data, "SAL-REQUESTED") == 1


def test_sales_from_the_as_of_day_on_are_the_future() -> None:
    data = load([{"qty": 1, "date": "2026-05-31"}, {"qty": 1, "date": "2026-06-01"}, {"qty": 1, "date": "2027-01-01"}])
    assert refused(data) == [(3, "SAL-FUTURE"), (4, "SAL-FUTURE")]


def test_a_sku_that_the_catalogue_lacks_is_refused_with_the_nearest_name() -> None:
    data = load(
        [{"qty": 1}, {"qty": 1, "sku": "tee-red-m"}, {"qty": 1, "sku": "ZZZ-999"}], skus={"sku": ["A1", "TEE-RED-M"]}
    )
    assert refused(data) == [(3, "SAL-UNKNOWN-SKU"), (4, "SAL-UNKNOWN-SKU")]
    assert "did you mean TEE-RED-M?" in data.quarantine["reason"][0]


def test_without_a_catalogue_it_is_taken_from_all_tables_and_that_is_told() -> None:
    data = load([{"qty": 1}], stock={"sku": ["B2"], "on_hand": [4]})
    assert data.tables["skus"]["sku_id"].to_list() == ["A1", "B2"]
    assert data.tables["skus"]["_row"].to_list() == [0, 0]
    assert count_of(data, "DAT-CATALOGUE-DERIVED") == 2
    assert [counts.table for counts in data.counts] == ["sales", "stock"]


def test_codes_that_differ_in_capitals_are_told() -> None:
    assert count_of(load([{"qty": 1, "sku": "85123A"}, {"qty": 1, "sku": "85123a"}]), "DAT-SKU-CASE") == 1


@pytest.mark.parametrize(
    "code",
    ["POST", "DOT", "M", "D", "S", "C2", "CRUK", "PADS", "B", "m", "BANK CHARGES", "AMAZONFEE", "ADJUST", "ADJUST2",
     "GIFT CARD", "gift-card", "gift_0001_30", "SHIPPING", "Postage", "DISCOUNT", "Shipping Fee", "TEST001", "FEE"],
)  # fmt: skip
def test_codes_of_money_and_corrections_are_no_products(code: str) -> None:
    data = load([{"qty": 1, "sku": code}, {"qty": 1, "sku": "85123A"}, {"qty": 1, "sku": "22423"}])
    assert refused(data) == [(2, "SAL-NOT-A-PRODUCT")]


def test_a_listed_sku_is_always_a_product() -> None:
    data = load(
        [{"qty": 1, "sku": "POST"}, {"qty": 1, "sku": "TEE-RED-M"}, {"qty": 1, "sku": "DOT"}],
        skus={"sku": ["POST", "TEE-RED-M"]},
    )
    assert refused(data) == [(4, "SAL-UNKNOWN-SKU")]
    data = load(
        [{"qty": 1, "sku": "SHIPPING"}, {"qty": 1, "sku": "PALLET"}], skus={"sku": [f"A{k}" for k in range(30)]}
    )
    assert refused(data) == [(2, "SAL-NOT-A-PRODUCT"), (3, "SAL-UNKNOWN-SKU")]


def test_names_of_letters_are_products_where_the_shop_writes_its_skus_so() -> None:
    assert non_products(pl.Series(["S", "M", "L", "TEE-RED-M", "MUG", "POST"])).to_list() == []


def test_short_capitals_are_set_aside_only_among_codes_with_digits() -> None:
    shop = [f"8{k:04d}" for k in range(30)]
    assert non_products(pl.Series([*shop, "CARR", "DCGSSGIRL", "Mug"])).to_list() == ["CARR"]
    assert non_products(pl.Series([*shop[:5], "CARR"])).to_list() == []


def test_non_products_of_other_tables_are_refused_too() -> None:
    data = load([{"qty": 1}], stock={"sku": ["A1", "POSTAGE"], "on_hand": [4, 0]})
    assert refused(data) == [(3, "DAT-NOT-A-PRODUCT")]


def test_the_as_of_day_is_the_day_after_the_newest_sale_or_count_that_is_not_after_today() -> None:
    sales = [{"date": day, "sku": "A1", "qty": 1} for day in ("2024-02-28", "2024-02-29", "2090-01-01")]
    data = load_dataset({"sales": sales})
    assert data.as_of == date(2024, 3, 1)
    assert refused(data) == [(4, "SAL-FUTURE")]
    stock = {"sku": ["A1"], "on_hand": [3], "date": ["2024-03-10"]}
    assert load_dataset({"sales": sales, "stock": stock}).as_of == date(2024, 3, 11)
