"""What the lines of the other tables mean, and what is said of tables that are not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skuwise.dataset import Dataset, load_dataset

SALES = {"date": ["2026-01-05"], "sku": ["A1"], "qty": [2]}


def load(**tables: Any) -> Dataset:
    data = load_dataset({"sales": SALES, **tables}, as_of="2026-06-01")
    for counts in data.counts:
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
    return data


def refused(data: Dataset) -> list[tuple[str, int, str]]:
    return data.quarantine.select("table", "row", "code").rows()


def codes(data: Dataset) -> set[str]:
    return {finding.code for finding in data.findings}


def test_negative_stock_is_backlog_and_told() -> None:
    data = load(stock={"sku": ["A1", "A2"], "on_hand": [-3, 4]})
    assert data.tables["stock"].select("on_hand_units", "backlog_units", "reserved_units").rows() == [
        (0, 3, 0),
        (4, 0, 0),
    ]
    assert "STK-OVERSOLD" in codes(data)


def test_negative_stock_beside_a_backlog_is_an_error_of_the_count() -> None:
    data = load(stock={"sku": ["A1"], "on_hand": [-3], "backlog_units": [2]})
    assert refused(data) == [("stock", 2, "STK-NEGATIVE")]


def test_counts_of_several_days_are_kept_as_history() -> None:
    data = load(stock={"sku": ["A1"] * 3, "on_hand": [3, 2, 9], "date": ["2026-05-01", "2026-05-02", "2026-06-01"]})
    assert data.tables["stock"]["on_hand_units"].to_list() == [3, 2]
    assert refused(data) == [("stock", 4, "STK-FUTURE")]


def test_a_count_of_an_unreadable_day_is_not_todays() -> None:
    data = load(stock={"sku": ["A1", "A1"], "on_hand": [3, 5], "date": ["last week", ""]})
    assert refused(data) == [("stock", 2, "DAT-DATE")]
    assert data.tables["stock"].select("on_hand_units", "date").rows() == [(5, None)]


@pytest.mark.parametrize(
    ("table", "lines", "code"),
    [
        ("stock", {"sku": ["A1", "A1"], "on_hand": [1, 2]}, "STK-TWICE"),
        ("supply", {"sku": ["A1", "A1"], "moq": [1, 2]}, "SUP-TWICE"),
        ("skus", {"sku": ["A1", "A1"], "name": ["old", "new"]}, "SKU-TWICE"),
        ("channels", {"channel_id": ["web", "web"]}, "CHN-TWICE"),
        ("locations", {"location_id": ["MAIN", "MAIN"]}, "LOC-TWICE"),
        ("prices", {"sku": ["A1"] * 2, "valid_from": ["2026-01-01"] * 2, "price": [1, 2]}, "PRC-TWICE"),
        ("availability", {"sku": ["A1"] * 2, "date": ["2026-01-01"] * 2, "in_stock_share": [1, 0]}, "AVL-TWICE"),
        ("bundles", {"bundle": ["K1"] * 2, "component": ["A1"] * 2, "qty": [1, 2]}, "BUN-TWICE"),
    ],
)
def test_of_two_lines_on_one_thing_the_last_holds(table: str, lines: dict[str, list[Any]], code: str) -> None:
    data = load(**{table: lines})
    assert refused(data) == [(table, 2, code)]
    assert data.tables[table]["_row"].to_list() == [3]


def test_bad_supply_cells_are_left_out_and_the_line_stays() -> None:
    columns = {"lead_time_days": [-5], "moq": [-1], "case_pack": [0], "unit_cost": ["-2.50"], "sku": ["A1"]}
    data = load(supply=columns)
    line = data.tables["supply"].row(0, named=True)
    assert (line["lead_time_days_mean"], line["moq_units"], line["order_multiple_units"], line["unit_cost_minor"]) == (
        None,
        0,
        1,
        None,
    )
    dropped = [finding for finding in data.findings if finding.code == "DAT-CELL-DROPPED"]
    assert len(dropped) == 4
    assert "'-5' is out of range" in " ".join(finding.message for finding in dropped)


def test_every_status_of_an_open_order_stays_and_an_unknown_one_is_refused() -> None:
    words = ["open", "Received", "canceled", "draft", "In Transit", "shipped", "whatever", None]
    data = load(open_orders={"po": [str(k) for k in range(8)], "sku": ["A1"] * 8, "units": [1] * 8, "status": words})
    assert data.tables["open_orders"]["status"].to_list() == [
        "open", "received", "cancelled", "draft", "in_transit", "in_transit", "open",
    ]  # fmt: skip
    assert refused(data) == [("open_orders", 8, "DAT-CHOICE")]


def test_open_orders_of_the_future_and_impossible_days() -> None:
    lines = {
        "po": ["1", "2", "3"],
        "sku": ["A1"] * 3,
        "units": [1, 1, -4],
        "ordered_on": ["2026-06-02", "2026-05-02", "2026-05-02"],
        "due_date": ["2026-07-01", "2026-04-01", "2026-07-01"],
    }
    data = load(open_orders=lines)
    assert refused(data) == [("open_orders", 2, "ORD-FUTURE"), ("open_orders", 4, "DAT-RANGE")]
    assert data.tables["open_orders"]["expected_on"].to_list() == [None]
    assert "ORD-DATES" in codes(data)


def test_identical_order_lines_and_receipts_are_told_and_used() -> None:
    orders = {"po": ["1", "1"], "sku": ["A1"] * 2, "units": [5, 5]}
    receipts = {"po": ["1", "1"], "sku": ["A1"] * 2, "units": [5, 5], "received_on": ["2026-02-02"] * 2}
    data = load(open_orders=orders, receipts=receipts)
    assert {"ORD-SAME-LINE", "RCP-SAME-LINE"} <= codes(data)
    assert refused(data) == []


def test_receipts_of_the_future_and_before_their_order() -> None:
    lines = {
        "sku": ["A1"] * 2,
        "units": [5, 5],
        "received_on": ["2026-06-01", "2026-02-02"],
        "ordered_on": [None, "2026-03-01"],
    }
    data = load(receipts=lines)
    assert refused(data) == [("receipts", 2, "RCP-FUTURE")]
    assert data.tables["receipts"]["ordered_on"].to_list() == [None]
    assert "RCP-DATES" in codes(data)


def test_bundles_inside_themselves_are_refused() -> None:
    pairs = [("K1", "K1"), ("K2", "K3"), ("K3", "K4"), ("K4", "K2"), ("K5", "K6"), ("K6", "A1"), ("K5", "K2")]
    lines = [{"bundle": bundle, "component": component, "qty": 1} for bundle, component in pairs]
    data = load(bundles=lines)
    assert refused(data) == [
        ("bundles", 2, "BUN-SELF"),
        ("bundles", 3, "BUN-CYCLE"),
        ("bundles", 4, "BUN-CYCLE"),
        ("bundles", 5, "BUN-CYCLE"),
    ]
    assert data.tables["bundles"].select("bundle_sku_id", "component_sku_id").rows() == [
        ("K5", "K6"),
        ("K6", "A1"),
        ("K5", "K2"),
    ]


def test_components_must_be_known_and_counted() -> None:
    lines = {"bundle": ["K1", "K1", "K1"], "component": ["A1", "A9", "A1"], "qty": [2, 1, 0]}
    data = load(skus={"sku": ["A1", "K1"]}, bundles=lines)
    assert refused(data) == [("bundles", 3, "BUN-UNKNOWN-SKU"), ("bundles", 4, "DAT-RANGE")]


def test_spans_that_hold_on_no_day_are_refused() -> None:
    prices = {"sku": ["A1"], "price": [1], "valid_from": ["2026-02-02"], "valid_until": ["2026-02-02"]}
    bundles = {
        "bundle": ["K1"],
        "component": ["A1"],
        "qty": [1],
        "valid_from": ["2026-02-02"],
        "valid_until": ["2026-01-02"],
    }
    assert refused(load(prices=prices, bundles=bundles)) == [("bundles", 2, "BUN-DATES"), ("prices", 2, "PRC-DATES")]


def test_availability_is_a_share_a_yes_or_no_or_a_per_cent_sign() -> None:
    cells = ["1", "0.5", "true", "No", "95%", "95", "-1", "200"]
    dates = [f"2026-01-{day:02d}" for day in range(1, 9)]
    data = load(availability={"sku": ["A1"] * 8, "date": dates, "in_stock_share": cells})
    assert data.tables["availability"]["in_stock_share"].to_list() == [1.0, 0.5, 1.0, 0.0, 0.95]
    assert data.tables["availability"]["days"].to_list() == [1] * 5
    assert [code for _, _, code in refused(data)] == ["AVL-PERCENT", "DAT-RANGE", "DAT-RANGE"]
    flags = load(availability={"sku": ["A1"] * 2, "date": dates[:2], "in_stock": [True, False]})
    assert flags.tables["availability"]["in_stock_share"].to_list() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("table", "lines", "code"),
    [
        ("stock", {"on_hand": [1]}, "STK-UNKNOWN-SKU"),
        ("supply", {"moq": [1]}, "SUP-UNKNOWN-SKU"),
        ("open_orders", {"po": ["1"], "units": [1]}, "ORD-UNKNOWN-SKU"),
        ("prices", {"valid_from": ["2026-01-01"], "price": [1]}, "PRC-UNKNOWN-SKU"),
        ("availability", {"date": ["2026-01-01"], "in_stock_share": [1]}, "AVL-UNKNOWN-SKU"),
        ("receipts", {"received_on": ["2026-01-01"], "units": [1]}, "RCP-UNKNOWN-SKU"),
    ],
)
def test_unknown_skus_are_refused_in_every_table(table: str, lines: dict[str, list[Any]], code: str) -> None:
    assert refused(load(skus={"sku": ["A1"]}, **{table: {"sku": ["A2"], **lines}})) == [(table, 2, code)]


def test_successors_and_lives_must_make_sense() -> None:
    skus = {
        "sku": ["A1", "A2", "A3"],
        "successor": ["A1", "A9", "A1"],
        "launch_date": ["2026-05-01", None, "2026-01-01"],
        "end_of_life_date": ["2026-01-01", "9999-12-31", "2026-02-01"],
    }
    data = load(skus=skus)
    assert data.tables["skus"]["successor_sku_id"].to_list() == [None, None, "A1"]
    assert data.tables["skus"]["launch_date"].null_count() == 2
    assert {"SKU-SUCCESSOR", "SKU-DATES", "DAT-CELL-DROPPED"} <= codes(data)
    assert data.tables["skus"]["product_id"].to_list() == ["A1", "A2", "A3"]


def test_successors_in_a_circle_are_left_out_and_those_that_lead_into_it_stay() -> None:
    data = load(skus={"sku": ["A", "B", "C", "D", "E"], "successor": ["B", "C", "A", "A", None]})
    assert data.tables["skus"]["successor_sku_id"].to_list() == [None, None, None, "A", None]
    assert "SKU-SUCCESSOR-CIRCLE" in codes(data)


def test_places_that_are_not_listed_are_used_and_told() -> None:
    data = load(
        locations={"location_id": ["EAST"]}, channels={"channel_id": ["web"]}, stock={"sku": ["A1"], "on_hand": [1]}
    )
    assert "LOC-UNKNOWN" in codes(data)
    assert "CHN-UNKNOWN" not in codes(data)
    sold = load_dataset(
        {"sales": {**SALES, "channel": ["shop"]}, "channels": {"channel_id": ["web"]}}, as_of="2026-06-01"
    )
    assert "CHN-UNKNOWN" in codes(sold)


def test_a_missing_table_that_a_result_needs_is_said() -> None:
    data = load()
    assert {
        "DAT-NO-STOCK", "DAT-NO-SUPPLY", "DAT-NO-PRICES", "DAT-NO-COSTS", "DAT-NO-AVAILABILITY", "DAT-NO-RECEIPTS",
    } <= codes(data)  # fmt: skip
    said = {finding.code: finding.message for finding in data.findings}
    assert "order quantities cannot be computed" in said["DAT-NO-STOCK"]
    assert "sales are read as demand" in said["DAT-NO-AVAILABILITY"]
    assert "DAT-NO-SALES" in {finding.code for finding in load_dataset({}, as_of="2026-06-01").findings}


def test_nothing_is_said_to_be_missing_of_a_whole_dataset() -> None:
    data = load(
        stock={"sku": ["A1"], "on_hand": [1]},
        supply={"sku": ["A1"], "unit_cost": [1]},
        skus={"sku": ["A1"], "price": [2]},
        availability={"sku": ["A1"], "date": ["2026-01-01"], "in_stock_share": [1]},
        receipts={"sku": ["A1"], "received_on": ["2026-01-01"], "units": [1]},
        open_orders={"po": ["1"], "sku": ["A1"], "units": [1]},
    )
    assert data.findings == ()


def test_a_refused_line_can_be_mended_and_replayed() -> None:
    data = load_dataset({"sales": {**SALES, "qty": ["2.5"]}}, as_of="2026-06-01")
    line = json.loads(data.quarantine["line"][0])
    assert line == {"date": "2026-01-05", "sku": "A1", "qty": "2.5"}
    again = load_dataset({"sales": [{**line, "qty": "3"}]}, as_of="2026-06-01")
    assert again.tables["sales"]["units"].to_list() == [3]


def test_findings_are_gathered_by_code_and_file_and_point_to_the_first_row() -> None:
    data = load_dataset(
        {"sales": {"date": ["x", "2026-01-01", "y"], "sku": ["A1"] * 3, "qty": [1] * 3}}, as_of="2026-06-01"
    )
    (finding,) = [f for f in data.findings if f.code == "DAT-DATE"]
    assert (finding.count, finding.where) == (2, "sales:2")
    assert finding.message == "date 'x' is not a date (1 more line like it)"
    assert finding.why
    assert finding.mend
