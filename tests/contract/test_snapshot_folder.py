"""A plan on disk: written whole or not at all, and read back as the plan it was."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from skuwise.core.catalog.inputs import OpenOrders
from skuwise.core.findings import found
from skuwise.core.plan import Plan
from skuwise.dataset.contract import QUARANTINE_SCHEMA, Dataset, LineCounts
from skuwise.snapshot import SnapshotError, folder, read_plan, tables, write_plan
from tests.small_shop import small_plan

PEOPLE_TABLES = ("order_proposals", "end_of_life", "behaviour", "rules", "metrics", "findings")


@pytest.fixture(scope="module")
def made() -> Plan:
    return small_plan()


@pytest.fixture
def written(made: Plan, tmp_path: Path) -> Path:
    return write_plan(made, tmp_path / "plan")


def dataset() -> Dataset:
    line = {"table": "sales", "file": "sales.csv", "row": 7, "code": "DAT-BLANK", "reason": "=no date", "line": "{}"}
    return Dataset(
        tables={},
        files=("sales.csv",),
        quarantine=pl.DataFrame([line], schema=QUARANTINE_SCHEMA),
        counts=(LineCounts("sales", 10, 9, 1),),
        findings=(),
        as_of=date(2026, 3, 2),
        source="shop",
    )


def kept_of(made: Plan) -> dict[str, Any]:
    """Columns of items and settings: what monitoring alone reads is neither, and is not kept."""
    return {name: column for name, column in made.columns.items() if name not in ("deliveries", "feeds")}


def test_a_plan_read_back_is_equal_in_every_column(made: Plan, written: Path) -> None:
    back = read_plan(written)
    kept = kept_of(made)
    assert list(back.columns) == list(kept)
    for name, column in kept.items():
        np.testing.assert_array_equal(back.columns[name], column, err_msg=name)
        if isinstance(column, np.ndarray):
            assert (back.columns[name].dtype, back.columns[name].shape) == (column.dtype, column.shape), name
        else:
            assert type(back.columns[name]) is type(column), name


def test_all_that_a_plan_knows_besides_its_columns_comes_back(made: Plan, written: Path) -> None:
    back = read_plan(written)
    for field in fields(Plan):
        if field.name not in ("columns", "given_by", "open_orders", "labels"):
            assert getattr(back, field.name) == getattr(made, field.name), field.name
    assert dict(back.labels) == dict(made.labels)
    assert back.rulebook == made.rulebook
    for name, column in made.given_by.items():
        np.testing.assert_array_equal(back.given_by[name], column)
        assert back.given_by[name].dtype == column.dtype
    for field in fields(OpenOrders):
        np.testing.assert_array_equal(getattr(back.open_orders, field.name), getattr(made.open_orders, field.name))


def test_findings_keep_every_field(made: Plan, tmp_path: Path) -> None:
    one = found("MET-001", "a message, with a comma", file="stock.csv", row=3, count=2, sku_id="é")
    told = replace(made, findings=(*made.findings, one))
    assert read_plan(write_plan(told, tmp_path / "plan")).findings == told.findings


def test_a_plan_of_no_items_comes_back(made: Plan, tmp_path: Path) -> None:
    def none_of(column: object) -> object:
        return column[:0] if isinstance(column, np.ndarray) and column.ndim else column

    orders = OpenOrders(**{field.name: none_of(getattr(made.open_orders, field.name)) for field in fields(OpenOrders)})
    empty = replace(
        made,
        columns={name: none_of(column) for name, column in made.columns.items()},
        given_by={name: column[:0] for name, column in made.given_by.items()},
        open_orders=orders,
    )
    back = read_plan(write_plan(empty, tmp_path / "plan"))
    assert len(back) == 0
    assert {name: np.shape(back.columns[name]) for name in back.columns} == {
        name: np.shape(column) for name, column in kept_of(empty).items()
    }


def test_a_table_that_was_not_given_takes_no_room(made: Plan, written: Path) -> None:
    assert "promotion_share" not in pl.read_parquet_schema(written / "history.parquet")
    assert read_plan(written).columns["promotion_share"].strides == (0, 0)
    assert made.columns["promotion_share"].strides == (0, 0)


def test_reading_one_column_does_not_read_the_others(written: Path) -> None:
    back = read_plan(written)
    (written / "history.parquet").unlink()
    assert back.columns["order_quantity_units"].sum() > 0


def test_every_table_for_people_is_there_as_parquet_and_csv(made: Plan, tmp_path: Path) -> None:
    folder_of_plan = write_plan(made, tmp_path / "plan", dataset=dataset())
    for name in (*PEOPLE_TABLES, "quarantine"):
        parquet = pl.read_parquet(folder_of_plan / f"{name}.parquet")
        assert pl.read_csv(folder_of_plan / f"{name}.csv", infer_schema_length=None).shape == parquet.shape, name
    assert set(tables(made)) == {"items", *PEOPLE_TABLES}


def test_the_count_of_lines_is_kept(made: Plan, tmp_path: Path) -> None:
    head = json.loads((write_plan(made, tmp_path / "plan", dataset=dataset()) / "plan.json").read_text("utf-8"))
    (count,) = head["lines"]
    assert (count["lines_in"], count["lines_used"] + count["lines_quarantined"]) == (10, 10)
    assert head["source"] == "shop"


def test_csv_runs_nothing_and_opens_in_a_spreadsheet(made: Plan, tmp_path: Path) -> None:
    folder_of_plan = write_plan(made, tmp_path / "plan", dataset=dataset())
    quarantine = (folder_of_plan / "quarantine.csv").read_bytes()
    assert quarantine.startswith(b"\xef\xbb\xbf")
    assert ",'=no date," in quarantine.decode("utf-8")
    assert "'=Acme" in (folder_of_plan / "behaviour.csv").read_text("utf-8")
    # The frame for programs stays as it was.
    assert set(pl.read_parquet(folder_of_plan / "behaviour.parquet")["brand"]) == {"=Acme"}


def test_negative_figures_stay_figures_in_csv(written: Path) -> None:
    dues = pl.read_csv(written / "order_proposals.csv")["days_until_order"]
    assert dues.dtype == pl.Int64
    assert dues.min() == -1


def test_the_buyers_table_holds_all_that_is_bought_with_its_reason_and_orders_first(made: Plan, written: Path) -> None:
    proposals = pl.read_parquet(written / "order_proposals.parquet")
    assert len(proposals) == int((~made.columns["is_bundle"]).sum())
    assert proposals["order_quantity_units"].sum() == made.columns["order_quantity_units"].sum()
    ordering = (proposals["order_quantity_units"] > 0).to_list()
    assert ordering == sorted(ordering, reverse=True)
    assert (proposals["reasons"].str.len_chars() > 0).all()
    assert set(proposals["stage"]) <= set(made.labels["stage"])


def test_the_rules_table_names_who_gave_each_value(made: Plan, written: Path) -> None:
    rules = pl.read_parquet(written / "rules.parquet")
    given = made.given_by["service_target"]
    assert rules["service_target_given_by"].to_list() == [made.rule_descriptions[number] for number in given]


def test_a_plan_is_replaced_only_when_asked(made: Plan, written: Path) -> None:
    with pytest.raises(SnapshotError, match="--overwrite"):
        write_plan(made, written)
    other = small_plan(items=9)
    write_plan(other, written, overwrite=True)
    assert len(read_plan(written)) == 9
    assert [path.name for path in written.parent.iterdir()] == ["plan"]


def test_a_folder_that_holds_something_else_is_never_touched(made: Plan, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SnapshotError, match="is no plan"):
        write_plan(made, tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_failed_write_leaves_no_trace(made: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_plan(made, tmp_path / "plan")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_replacement_leaves_the_old_plan(made: Plan, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_plan(small_plan(items=9), written, overwrite=True)
    assert read_plan(written).plan_id == made.plan_id
    assert [path.name for path in written.parent.iterdir()] == ["plan"]


def test_a_folder_that_is_no_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="is no plan"):
        read_plan(tmp_path)
    with pytest.raises(SnapshotError, match="there is no folder"):
        read_plan(tmp_path / "nowhere")


def test_a_plan_of_a_newer_format_is_refused(written: Path) -> None:
    file = written / "plan.json"
    head = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**head, "format": 99, "code_version": "9.0.0"}), "utf-8")
    with pytest.raises(SnapshotError, match=r"Skuwise 9\.0\.0 in format 99.*upgrade"):
        read_plan(written)


@pytest.mark.parametrize("name", ["items.parquet", "history.parquet", "findings.parquet"])
def test_a_file_cut_short_or_missing_is_named(written: Path, name: str) -> None:
    whole = (written / name).read_bytes()
    (written / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SnapshotError, match=rf"{name} has .* bytes instead of"):
        read_plan(written)
    (written / name).unlink()
    with pytest.raises(SnapshotError, match=f"{name} is missing"):
        read_plan(written)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "one"}', '{"format": 1}'])
def test_a_damaged_head_is_refused(written: Path, text: str) -> None:
    (written / "plan.json").write_text(text, "utf-8")
    with pytest.raises(SnapshotError, match="make the plan anew"):
        read_plan(written)


def test_a_csv_edited_in_a_spreadsheet_does_not_spoil_the_plan(made: Plan, written: Path) -> None:
    (written / "order_proposals.csv").write_text("edited")
    assert read_plan(written).plan_id == made.plan_id
