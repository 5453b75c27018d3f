"""Tables in memory of any make, read quickly and without losing a cell; no input makes the reader raise."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skuwise.core.dictionary import CONTRACT_TABLES, fields_of
from skuwise.core.findings import finding_kinds
from skuwise.dataset import Dataset, Settings, load_dataset
from skuwise.dataset.contract import QUARANTINE_SCHEMA
from skuwise.dataset.dictionary_page import dictionary_page

COLUMNS: dict[str, list[Any]] = {"date": ["2026-01-05", "2026-01-06"], "sku": ["00A1", "A2"], "qty": [2, 3]}


class CapsuleTable:
    """What pandas and others hand over: an object that speaks the Arrow stream interface."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def everything_adds_up(data: Dataset) -> None:
    assert data.quarantine.schema == QUARANTINE_SCHEMA
    total = 0
    for counts in data.counts:
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
        table = data.tables.get(counts.table)
        # A derived catalogue has lines of no file.
        assert counts.lines_used == (0 if table is None else int((table["_file_no"] >= 0).sum()))
        total += counts.lines_quarantined
    assert len(data.quarantine) == total
    assert data.quarantine["line"].null_count() == 0
    assert data.quarantine["reason"].str.len_chars().min() != 0
    for name, frame in data.tables.items():
        assert frame.columns == [*fields_of(name), "_row", "_file_no"]


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pa.table(COLUMNS),
        CapsuleTable(pa.table(COLUMNS)),
        COLUMNS,
        [{"date": d, "sku": s, "qty": q} for d, s, q in zip(*COLUMNS.values(), strict=True)],
    ],
    ids=["polars", "lazy", "pyarrow", "capsule", "dict of lists", "list of dicts"],
)
def test_anything_tabular_gives_the_same_table(table: Any) -> None:
    data = load_dataset({"sales": table}, as_of="2026-06-01")
    assert data.tables["sales"].select("sku_id", "units", "_row", "_file_no").rows() == [
        ("00A1", 2, 2, 0),
        ("A2", 3, 3, 0),
    ]
    assert (data.files, data.source) == (("sales",), "memory")
    everything_adds_up(data)


def test_columns_of_mixed_types_keep_every_cell() -> None:
    lines = [
        {"date": date(2026, 1, 5), "sku": 12345, "qty": "1,234"},
        {"date": "2026-01-06", "sku": "A2", "qty": Decimal("2")},
        {"date": "2026-01-07", "sku": "A3", "qty": object()},
    ]
    data = load_dataset({"sales": lines}, as_of="2026-06-01")
    assert data.tables["sales"].select("date", "sku_id", "units").rows() == [
        (date(2026, 1, 5), "12345", 1234),
        (date(2026, 1, 6), "A2", 2),
    ]
    assert data.quarantine["code"].to_list() == ["DAT-NUMBER"]


def test_what_is_no_table_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="is not a table"):
        load_dataset({"sales": 5})
    with pytest.raises(ValueError, match="time_zone"):
        load_dataset({}, settings=Settings(time_zone="Mars/Olympus"))
    with pytest.raises(ValueError, match="soon"):
        load_dataset({}, as_of="soon")


def test_a_table_of_an_unknown_name_is_told_with_the_nearest_name() -> None:
    data = load_dataset({"sale": COLUMNS}, as_of="2026-06-01")
    (finding,) = [f for f in data.findings if f.code == "DAT-FILE-UNKNOWN"]
    assert "did you mean sales?" in finding.message


def test_every_column_of_the_dictionary_is_there_with_its_type() -> None:
    data = load_dataset({"sales": COLUMNS, "supply": {"sku": ["A2"]}}, as_of="2026-06-01")
    everything_adds_up(data)
    assert data.tables["supply"].schema["lead_time_days_mean"] == pl.Float64
    assert data.tables["sales"].schema["date"] == pl.Date
    assert data.tables["supply"].row(0, named=True)["order_multiple_units"] == 1


def test_the_same_tables_give_the_same_dataset_whatever_the_clock_says() -> None:
    tables = {"sales": {**COLUMNS, "qty": ["1,234", "x"]}, "stock": {"sku": ["A2", "A2"], "on_hand": [1, 2]}}
    first, second = (load_dataset(tables, as_of="2026-06-01") for _ in range(2))
    assert first.findings == second.findings
    assert first.quarantine.equals(second.quarantine)
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


def test_a_simulated_week_is_read_quickly() -> None:
    weeks = [date(2023, 1, 2) + timedelta(weeks=k) for k in range(160)]
    skus = pl.DataFrame({"sku_id": [f"SKU{k:05d}" for k in range(600)]})
    sales = skus.join(pl.DataFrame({"date": weeks}), how="cross").with_columns(units=pl.lit(3))
    tables = {"skus": skus, "sales": sales, "stock": skus.with_columns(on_hand_units=pl.lit(5))}
    took = []
    for _ in range(3):
        start = time.perf_counter()
        data = load_dataset(tables, as_of="2026-06-01")
        took.append(time.perf_counter() - start)
    assert len(data.tables["sales"]) == 96_000
    assert min(took) < 1.0  # about 0.03 s on an idle machine; the bound leaves room for a busy one


GARBAGE = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(
        ["1,234", "1.234,5", "(5)", "5-", "$", "%", ",", ".", "-", "1e999", "2026-02-30", "03/04/2026", "25/12/2025",
         "12/25/2025", "2026-01-05T23:59:60+99:99", "A1", "C12", "true", "in transit", "\ufeffA1", "99" * 20, "0", "1"]
    ),
)  # fmt: skip
TYPED = st.one_of(GARBAGE, st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.binary(max_size=3))


@st.composite
def garbage_tables(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for name in draw(st.lists(st.sampled_from(CONTRACT_TABLES), min_size=1, max_size=4, unique=True)):
        required = [field.name for field in fields_of(name).values() if field.required]
        optional = [field.name for field in fields_of(name).values() if not field.required]
        chosen = (
            [*required, *draw(st.lists(st.sampled_from(optional), max_size=3, unique=True))] if optional else required
        )
        line = st.fixed_dictionaries(dict.fromkeys(chosen, TYPED))
        tables[name] = draw(st.lists(line, max_size=6))
    return tables


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(garbage_tables())
def test_no_cell_in_memory_makes_the_reader_raise_and_no_line_is_lost(tables: dict[str, list[dict[str, Any]]]) -> None:
    data = load_dataset(tables, as_of="2026-06-01")
    everything_adds_up(data)
    assert {counts.table: counts.lines_in for counts in data.counts} == {
        name: len(lines) for name, lines in tables.items()
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet='AB1,;"\n\t|0-/.éé \u2028', max_size=20), max_size=8))
def test_no_text_makes_the_reader_raise_and_no_line_is_lost(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "sales.csv").write_text("\n".join(["date,sku,qty", *lines]), encoding="utf-8")
    data = load_dataset(tmp_path, as_of="2026-06-01")
    everything_adds_up(data)
    if not any('"' in line for line in lines):
        given_lines = [line for text in lines for line in text.split("\n") if line.strip()]
        assert data.counts[0].lines_in == len(given_lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sales.csv").write_bytes(content)
    everything_adds_up(load_dataset(tmp_path, as_of="2026-06-01"))


def test_the_dictionary_page_has_every_field_and_every_finding() -> None:
    page = dictionary_page()
    assert page == dictionary_page()
    for table in CONTRACT_TABLES:
        assert f"### {table}\n" in page
        assert all(f"`{name}`" in page for name in fields_of(table))
    assert all(f"#### {code}\n" in page for code in finding_kinds())
