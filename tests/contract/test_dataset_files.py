"""A folder of files becomes a dataset: encodings, delimiters, rows, broken lines, several files, workbooks."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from skuwise.core.findings import Finding
from skuwise.dataset import Dataset, load_dataset


def load(folder: Path, files: dict[str, str | bytes], **options: object) -> Dataset:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    data = load_dataset(folder, as_of="2026-06-01", **options)
    for counts in (*data.counts, *data.counts_by_file):
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
    return data


def told(data: Dataset, code: str) -> list[Finding]:
    return [finding for finding in data.findings if finding.code == code]


def refused(data: Dataset) -> list[tuple[int, str]]:
    return data.quarantine.select("row", "code").rows()


def test_leading_zeros_of_a_sku_survive(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "date,sku_id,units\n2026-01-05,00123,2\n"})
    assert data.tables["sales"].select("date", "sku_id", "units", "location_id", "kind").row(0) == (
        date(2026, 1, 5),
        "00123",
        2,
        "MAIN",
        "sale",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(tmp_path: Path, delimiter: str) -> None:
    text = "date,sku,qty\n2026-01-05,A1,2\n".replace(",", delimiter)
    assert load(tmp_path, {"sales.csv": text}).tables["sales"]["units"].to_list() == [2]


def test_a_semicolon_file_may_use_decimal_commas(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "date;sku;qty;unit_price\n2026-01-05;A1;2;3,99\n"})
    assert data.tables["sales"]["unit_price_minor"].to_list() == [399]


def test_a_spreadsheets_hint_of_the_delimiter_is_read_and_rows_still_count_from_the_top(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "sep=;\ndate;sku;qty\n2026-01-05;A1;2\n2026-01-05;A1;x\n"})
    assert data.tables["sales"]["_row"].to_list() == [3]
    assert refused(data) == [(4, "DAT-NUMBER")]


@pytest.mark.parametrize(
    ("encoding", "is_told"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", True), ("cp1252", True)]
)
def test_encodings_are_understood_and_a_guess_is_told(tmp_path: Path, encoding: str, is_told: bool) -> None:
    data = load(tmp_path, {"skus.csv": "sku_id,name\nA1,Größe – 5 €\n".encode(encoding)})
    assert data.tables["skus"]["name"].to_list() == ["Größe – 5 €"]
    assert bool(told(data, "DAT-ENCODING")) is is_told


def test_windows_and_old_mac_line_ends_are_lines(tmp_path: Path) -> None:
    for ends in ("\r\n", "\r"):
        text = ends.join(["date,sku,qty", "2026-01-05,A1,2", "2026-01-06,A1,3", ""])
        assert load(tmp_path, {"sales.csv": text}).tables["sales"]["units"].to_list() == [2, 3]


def test_blank_lines_take_a_row_but_are_no_lines(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "date,sku,qty\n\n2026-01-05,A1,2\n\n\n2026-01-06,A1,3\n"})
    assert data.tables["sales"]["_row"].to_list() == [3, 6]
    assert data.counts[0].lines_in == 2


def test_ragged_lines_are_quarantined_by_row_and_kept_word_for_word(tmp_path: Path) -> None:
    text = "date,sku,qty\n2026-01-05,A1,2\n2026-01-05,A1\n2026-01-05,A1,2,9\n2026-01-05,A2,4\n"
    data = load(tmp_path, {"sales.csv": text})
    assert refused(data) == [(3, "DAT-RAGGED"), (4, "DAT-RAGGED")]
    assert data.tables["sales"]["_row"].to_list() == [2, 5]
    assert json.loads(data.quarantine["line"][0]) == {"line": "2026-01-05,A1"}
    assert told(data, "DAT-RAGGED")[0].where == "sales.csv:3"


def test_a_quote_that_is_never_closed_breaks_its_own_line_only(tmp_path: Path) -> None:
    text = 'sku_id,name,brand\nA1,"Mug,X\nA2,Cup,Y\nA3,"Jug, tall",Z\n'
    data = load(tmp_path, {"skus.csv": text})
    assert refused(data) == [(2, "DAT-QUOTE")]
    assert data.tables["skus"].select("sku_id", "name", "_row").rows() == [("A2", "Cup", 3), ("A3", "Jug, tall", 4)]


def test_a_quote_that_the_file_ends_in_is_quarantined(tmp_path: Path) -> None:
    data = load(tmp_path, {"skus.csv": 'sku_id,name\nA1,Mug\nA2,"Cu'})
    assert refused(data) == [(3, "DAT-QUOTE")]


def test_a_header_with_a_stray_quote_is_still_the_header(tmp_path: Path) -> None:
    data = load(tmp_path, {"skus.csv": 'sku_id,"name\nA1,Mug\n'})
    assert data.tables["skus"].select("sku_id", "name", "_row").rows() == [("A1", "Mug", 2)]
    data = load(tmp_path, {"skus.csv": '"sku_id","the\nname",brand\nA1,Mug,X\n'})
    assert data.tables["skus"].select("sku_id", "brand", "_row").rows() == [("A1", "X", 2)]
    assert told(load(tmp_path, {"skus.csv": '"'}), "DAT-COLUMN-MISSING")
    data = load(tmp_path, {"skus.csv": 'sku_id,"name\nA1,Mug\nA2,Cup"\n'})
    assert data.counts[0].lines_in == 2


def test_quoted_line_breaks_doubled_quotes_and_inch_signs_are_text(tmp_path: Path) -> None:
    text = 'sku_id,name\nA1,"two\nlines"\nA2,"the ""best"" cup"\nA3,5" nail\nA4,last\n'
    data = load(tmp_path, {"skus.csv": text})
    assert data.tables["skus"]["name"].to_list() == ["two\nlines", 'the "best" cup', '5" nail', "last"]
    assert data.tables["skus"]["_row"].to_list() == [2, 3, 4, 5]


def test_headers_are_matched_without_case_spaces_or_dashes_and_by_alias(tmp_path: Path) -> None:
    text = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    text += "536365,85123A,WHITE T-LIGHT,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
    text += "536366,85123A,WHITE T-LIGHT,6,12/13/2010 8:26,2.55,17850,United Kingdom\n"
    data = load(tmp_path, {"sales.csv": text})
    line = data.tables["sales"].row(0, named=True)
    assert (line["order_id"], line["sku_id"], line["units"], line["date"], line["unit_price_minor"]) == (
        "536365",
        "85123A",
        6,
        date(2010, 12, 1),
        255,
    )
    assert line["channel_id"] is None  # a country is no channel
    assert told(data, "DAT-COLUMN-EXTRA")[0].message == "columns not used: Description, Customer ID, Country"


def test_an_exact_header_wins_over_an_alias(tmp_path: Path) -> None:
    data = load(tmp_path, {"supply.csv": "sku,Lead-Time Days,lead_time_days_mean,moq,Case Pack\nA1,99,12.5,10,6\n"})
    supply = data.tables["supply"].row(0, named=True)
    assert (supply["lead_time_days_mean"], supply["moq_units"], supply["order_multiple_units"]) == (12.5, 10, 6)


def test_two_columns_of_one_name_are_told_and_the_first_is_used(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "date,sku,qty,qty\n2026-01-05,A1,2,7\n"})
    assert data.tables["sales"]["units"].to_list() == [2]
    assert len(told(data, "DAT-COLUMN-TWICE")) == 1


def test_a_missing_required_column_quarantines_all_lines_and_names_the_nearest_header(tmp_path: Path) -> None:
    data = load(tmp_path, {"sales.csv": "date,sku,unitz\n2026-01-05,A1,2\n2026-01-06,A1,2\n"})
    assert refused(data) == [(2, "DAT-COLUMN-MISSING"), (3, "DAT-COLUMN-MISSING")]
    (finding,) = told(data, "DAT-COLUMN-MISSING")
    assert "no column units" in finding.message
    assert "'unitz'" in finding.message
    assert json.loads(data.quarantine["line"][0]) == {"date": "2026-01-05", "sku": "A1", "unitz": "2"}


def test_a_file_with_wrong_headers_and_no_lines_is_told(tmp_path: Path) -> None:
    assert told(load(tmp_path, {"sales.csv": "day,thing\n"}), "DAT-COLUMN-MISSING")


def test_several_files_and_folders_make_one_table(tmp_path: Path) -> None:
    head = "date,sku,qty\n"
    pl.DataFrame({"date": [date(2026, 3, 1)], "sku": ["A1"], "qty": [3]}).write_parquet(tmp_path / "sales-2026.parquet")
    (tmp_path / "sales").mkdir()
    pl.DataFrame({"date": [date(2026, 4, 1)], "sku": ["A1"], "qty": [4]}).write_parquet(
        tmp_path / "sales/part-0.parquet"
    )
    data = load(
        tmp_path,
        {"sales_2024.csv": head + "2024-01-05,A1,1\n", "Sales.2025.tsv": "date\tsku\tqty\n2025-01-05\tA1\t2\n"},
    )
    assert set(data.files) == {"Sales.2025.tsv", "sales/part-0.parquet", "sales-2026.parquet", "sales_2024.csv"}
    by_file = data.tables["sales"].select(
        pl.col("_file_no").replace_strict(dict(enumerate(data.files))), "units", "_row"
    )
    assert set(by_file.rows()) == {
        ("Sales.2025.tsv", 2, 2),
        ("sales/part-0.parquet", 4, 2),
        ("sales-2026.parquet", 3, 2),
        ("sales_2024.csv", 1, 2),
    }
    assert data.counts[0].lines_in == 4
    assert {counts.file: counts.lines_in for counts in data.counts_by_file} == dict.fromkeys(data.files, 1)


def test_unknown_files_are_told_and_never_an_error(tmp_path: Path) -> None:
    files = {"notes.txt": "x", "sale.csv": "x\n", ".hidden": "x", "sales.csv": "date,sku,qty\n"}
    data = load(tmp_path, {**files, "rules.toml": "", "overrides.csv": ""})
    messages = [finding.message for finding in told(data, "DAT-FILE-UNKNOWN")]
    assert len(messages) == 2
    assert any("did you mean sales?" in message for message in messages)
    assert {finding.severity.value for finding in told(data, "DAT-FILE-UNKNOWN")} == {"info"}


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    data = load(
        tmp_path,
        {
            "stock.parquet": b"no parquet",
            "supply.xlsx": b"no workbook",
            "prices.csv": "",
            "sales.csv": "date,sku,qty\n2026-01-05,A1,2\n",
        },
    )
    assert {finding.file for finding in told(data, "DAT-FILE-UNREADABLE")} == {"stock.parquet", "supply.xlsx"}
    assert [finding.file for finding in told(data, "DAT-FILE-EMPTY")] == ["prices.csv"]
    assert len(data.tables["sales"]) == 1


def write_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sales = book.add_worksheet("sales")
        sales.write_row(0, 0, ["date", "sku", "qty"])
        sales.write_datetime(1, 0, date(2026, 1, 31), day)
        sales.write_row(1, 1, ["00123", 2])
        sales.write_row(3, 0, [46054, 12345, 3.0])  # a serial number, after a blank row
        sales.write_row(4, 0, ["2026-02-03", "A1", 2.5])
        stock = book.add_worksheet("stock")
        stock.write_row(0, 0, ["SKU", "On Hand"])
        stock.write_row(1, 0, ["00123", 1234])
        book.add_worksheet("notes").write(0, 0, "nothing")


def test_a_workbook_gives_one_table_a_sheet_with_serial_dates_and_numeric_skus(tmp_path: Path) -> None:
    write_workbook(tmp_path / "everything.xlsx")
    data = load(tmp_path, {})
    assert data.tables["sales"].select("date", "sku_id", "units", "_row").rows() == [
        (date(2026, 1, 31), "00123", 2, 2),
        (date(2026, 2, 1), "12345", 3, 4),
    ]
    assert refused(data) == [(5, "DAT-NOT-WHOLE")]
    assert data.tables["stock"]["on_hand_units"].to_list() == [1234]
    assert "notes" in told(data, "DAT-FILE-UNKNOWN")[0].message
    assert data.files == ("everything.xlsx[sales]", "everything.xlsx[stock]")


def test_a_workbook_named_after_a_table_gives_its_first_sheet(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "stock.xlsx") as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, ["SKU", "On Hand"])
        sheet.write_row(1, 0, ["A1", 7])
    data = load(tmp_path, {})
    assert data.files == ("stock.xlsx",)
    assert data.tables["stock"]["on_hand_units"].to_list() == [7]


def test_settings_come_from_the_folder_and_wrong_ones_are_told_with_the_nearest_name(tmp_path: Path) -> None:
    data = load(
        tmp_path,
        {
            "dataset.toml": 'currency = "JPY"\ntime_zon = "Asia/Tokyo"\ndate_order = "dmy"\n',
            "skus.csv": "sku_id,unit_price\nA1,1200\n",
        },
    )
    assert (data.settings.currency, data.settings.time_zone, data.settings.date_order) == ("JPY", "UTC", "")
    messages = [finding.message for finding in told(data, "DAT-SETTING")]
    assert any("did you mean time_zone?" in message for message in messages)
    assert any("dmy" in message for message in messages)
    assert data.tables["skus"]["unit_price_minor"].to_list() == [1200]


def test_a_broken_settings_file_is_told(tmp_path: Path) -> None:
    assert told(load(tmp_path, {"dataset.toml": "currency = "}), "DAT-SETTING")


def test_a_folder_that_does_not_exist_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        load_dataset(tmp_path / "nowhere")


def test_progress_names_each_file(tmp_path: Path) -> None:
    heard: list[str] = []
    load(tmp_path, {"sales.csv": "date,sku,qty\n2026-01-05,A1,2\n"}, progress=heard.append)
    assert "reading sales.csv" in heard
