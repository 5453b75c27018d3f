"""Cells become numbers, money and days, each for itself; what cannot be read says why."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from skuwise.dataset import Dataset, Settings, load_dataset


def sales(settings: Settings | None = None, **columns: list[Any]) -> Dataset:
    length = len(next(iter(columns.values())))
    table = {"date": ["2026-01-05"] * length, "sku": ["A1"] * length, "qty": ["1"] * length, **columns}
    return load_dataset({"sales": table}, as_of="2026-06-01", settings=settings)


def codes(data: Dataset) -> list[str]:
    return [finding.code for finding in data.findings]


@pytest.mark.parametrize(
    ("cells", "units"),
    [
        (["1,234", "12"], [1234, 12]),
        (["1.234,00", "1.234"], [1234, 1234]),
        (["1 234", "1\u00a0234", "1'234", "1’234"], [1234] * 4),
        (["1,234,567", "12,34,567"], [1234567, 1234567]),
        (["(5)", "5-", "-5", "−5", "+5"], [-5, -5, -5, -5, 5]),
        (["2.0", "2,0", "007", "1E+03"], [2, 2, 7, 1000]),
        (["€ 5", "5 EUR", "$5"], [5, 5, 5]),
        (["1.234"], [1234]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells: list[str], units: list[int]) -> None:
    data = sales(qty=cells)
    assert data.tables["sales"]["units"].to_list() == units
    assert data.quarantine.is_empty()


def test_a_guess_about_thousands_is_told() -> None:
    assert "DAT-NUMBER-STYLE" in codes(sales(qty=["1,234"]))
    assert "DAT-NUMBER-STYLE" not in codes(sales(qty=["1,234", "1,234,567"]))


def test_the_column_decides_what_a_comma_means() -> None:
    assert sales(price=["0,99", "1,234"]).tables["sales"]["unit_price_minor"].to_list() == [99, 123]
    assert sales(price=["0.99", "1,234"]).tables["sales"]["unit_price_minor"].to_list() == [99, 123400]


def test_a_column_that_writes_both_ways_leaves_its_unclear_cells_unread() -> None:
    data = sales(qty=["1,234,567", "1.234.567", "1,234", "12"])
    assert data.quarantine.select("row", "code").rows() == [(4, "DAT-NUMBER-AMBIGUOUS")]
    assert data.tables["sales"]["units"].to_list() == [1234567, 1234567, 12]


def test_units_that_are_not_whole_are_refused_with_a_mend() -> None:
    data = sales(qty=["2.5", "2.0"])
    assert data.quarantine.select("code", "reason").rows() == [("DAT-NOT-WHOLE", "qty '2.5' is not a whole number")]
    assert "smaller unit" in next(f for f in data.findings if f.code == "DAT-NOT-WHOLE").mend
    assert sales(qty=[2.5, 2.0]).quarantine["code"].to_list() == ["DAT-NOT-WHOLE"]


@pytest.mark.parametrize("blank", ["", " ", "-", "n/a", "N/A", "nan", "inf", "NULL", None])
def test_missing_is_never_zero(blank: str | None) -> None:
    data = sales(qty=["0", blank], price=[blank, "0"])
    assert data.tables["sales"].select("units", "unit_price_minor").rows() == [(0, None)]
    assert data.quarantine.select("row", "code").rows() == [(3, "DAT-BLANK")]


def test_nan_and_infinity_of_a_float_column_are_missing() -> None:
    data = sales(qty=[1.0, float("nan"), float("inf")])
    assert data.quarantine["code"].to_list() == ["DAT-BLANK", "DAT-BLANK"]


@pytest.mark.parametrize("cells", [["9" * 25], ["1e300"], [10**17], [2**63], [1e18]])
def test_what_overflows_is_refused(cells: list[Any]) -> None:
    data = sales(qty=cells)
    assert data.quarantine["code"].to_list() == ["DAT-TOO-LARGE"]


def test_words_are_no_numbers() -> None:
    data = sales(qty=["two", "5 pcs", "1 2", "--5", "5%"])
    assert data.quarantine["code"].to_list() == ["DAT-NUMBER"] * 5
    assert next(f for f in data.findings if f.code == "DAT-NUMBER").count == 5


def test_money_is_rounded_half_away_from_zero_from_its_digits() -> None:
    cells = ["1.005", "2.675", "0.285", "1.0049999", "1234.5"]
    assert sales(price=cells).tables["sales"]["unit_price_minor"].to_list() == [101, 268, 29, 100, 123450]
    assert sales(price=[float(c) for c in cells]).tables["sales"]["unit_price_minor"].to_list() == [
        101,
        268,
        29,
        100,
        123450,
    ]


def test_money_follows_the_decimals_of_the_currency() -> None:
    for currency, minor in (("USD", 150), ("JPY", 2), ("KWD", 1500)):
        data = sales(Settings(currency=currency), price=["1.5"])
        assert data.tables["sales"]["unit_price_minor"].to_list() == [minor]


def test_minor_money_is_taken_as_it_is() -> None:
    assert sales(unit_price_minor=["150"]).tables["sales"]["unit_price_minor"].to_list() == [150]


def test_a_bad_optional_cell_is_left_out_and_told_and_the_line_is_used() -> None:
    data = sales(price=["free", "2"])
    assert data.tables["sales"]["unit_price_minor"].to_list() == [None, 200]
    (finding,) = [f for f in data.findings if f.code == "DAT-CELL-DROPPED"]
    assert (finding.row, finding.severity.value) == (2, "warning")
    assert "'free' is not a number" in finding.message


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-05",
        "2026-3-5",
        "2026/03/05",
        "20260305",
        "5.3.2026",
        "05.03.26",
        "5-Mar-26",
        "05 March 2026",
        "Mar 5, 2026",
        "2026-03-05T10:00:00Z",
        "2026-03-05 10:00:00.123 +0000",
        "2026-03-05 10:00",
        "5 Mar 2026 11:59 PM",
    ],
)
def test_days_are_read_as_people_write_them(cell: str) -> None:
    assert sales(date=[cell]).tables["sales"]["date"].to_list() == [date(2026, 3, 5)]


def test_two_formats_in_one_column_are_read_cell_by_cell() -> None:
    data = sales(date=["2026-03-05", "25/12/2025", "03/04/2026", "5-Mar-26"])
    assert data.tables["sales"]["date"].to_list() == [
        date(2026, 3, 5),
        date(2025, 12, 25),
        date(2026, 4, 3),
        date(2026, 3, 5),
    ]
    assert "DAT-DATE-ORDER" in codes(data)


def test_the_month_comes_first_where_the_column_says_so() -> None:
    data = sales(date=["12/25/2025", "03/04/26"])
    assert data.tables["sales"]["date"].to_list() == [date(2025, 12, 25), date(2026, 3, 4)]


def test_a_column_that_leaves_the_order_open_needs_the_setting() -> None:
    data = sales(date=["03/04/2026", "05/05/2026"])
    assert data.quarantine.select("row", "code").rows() == [(2, "DAT-DATE-AMBIGUOUS")]
    assert "date_order" in next(f for f in data.findings if f.code == "DAT-DATE-AMBIGUOUS").mend
    for order, day in (("day_first", date(2026, 4, 3)), ("month_first", date(2026, 3, 4))):
        assert sales(Settings(date_order=order), date=["03/04/2026"]).tables["sales"]["date"].to_list() == [day]


def test_both_orders_in_one_column_leave_the_unclear_cells_unread_unless_set() -> None:
    cells = ["25/12/2025", "12/25/2025", "03/04/2026"]
    data = sales(date=cells)
    assert data.tables["sales"]["date"].to_list() == [date(2025, 12, 25)] * 2
    assert data.quarantine["code"].to_list() == ["DAT-DATE-AMBIGUOUS"]
    assert sales(Settings(date_order="day_first"), date=cells).tables["sales"]["date"].to_list()[2] == date(2026, 4, 3)


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "31/31/2026", "soon", "1767571200", "46054", "2026-01-01 25:00", "0000-00-00"]
)
def test_what_is_no_day_is_refused(cell: str) -> None:
    assert sales(date=[cell]).quarantine["code"].to_list() == ["DAT-DATE"]


@pytest.mark.parametrize("cell", ["1899-12-30", "01-Jan-70", "2999-12-31"])
def test_days_of_another_century_are_refused(cell: str) -> None:
    assert sales(date=[cell]).quarantine["code"].to_list() == ["DAT-DATE-ABSURD"]


@pytest.mark.parametrize(
    ("cell", "zone", "day"),
    [
        ("2026-03-04T23:30:00Z", "Europe/Berlin", date(2026, 3, 5)),
        ("2026-03-05T00:30:00+02:00", "UTC", date(2026, 3, 4)),
        ("2026-03-05 01:30:00 -0500", "America/Los_Angeles", date(2026, 3, 4)),
        ("2026-03-04 23:30:00", "Europe/Berlin", date(2026, 3, 4)),  # no zone: the shop's own clock
        # Berlin turns its clocks on 29 March 2026 at 01:00 UTC: midnight is 23:00 UTC before, 22:00 UTC after it.
        ("2026-03-28T22:30:00Z", "Europe/Berlin", date(2026, 3, 28)),
        ("2026-03-29T22:30:00Z", "Europe/Berlin", date(2026, 3, 30)),
        ("2026-03-29T01:30:00Z", "Europe/Berlin", date(2026, 3, 29)),
        ("2026-03-29 02:30:00", "Europe/Berlin", date(2026, 3, 29)),  # a local time that the clocks skipped
        ("2025-10-26T23:30:00Z", "Europe/Berlin", date(2025, 10, 27)),
    ],
)
def test_instants_become_days_of_the_shops_zone(cell: str, zone: str, day: date) -> None:
    assert sales(Settings(time_zone=zone), date=[cell]).tables["sales"]["date"].to_list() == [day]


def test_instants_in_memory_become_days_of_the_shops_zone() -> None:
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert sales(Settings(time_zone="Asia/Tokyo"), date=[late]).tables["sales"]["date"].to_list() == [date(2026, 3, 5)]
    naive = late.replace(tzinfo=None)
    assert sales(Settings(time_zone="Asia/Tokyo"), date=[naive]).tables["sales"]["date"].to_list() == [date(2026, 3, 4)]


def test_names_are_trimmed_and_floats_of_a_sku_column_lose_their_point() -> None:
    assert sales(sku=["  A1\u00a0"]).tables["sales"]["sku_id"].to_list() == ["A1"]
    assert sales(sku=[12345.0, 12.5]).tables["sales"]["sku_id"].to_list() == ["12345", "12.5"]
    assert sales(sku=["", "nan"]).quarantine["code"].to_list() == ["DAT-BLANK"] * 2
    assert sales(sku=["NA"]).tables["sales"]["sku_id"].to_list() == ["NA"]


def test_a_decimal_column_is_exact() -> None:
    price = pl.Series(["1.234"]).cast(pl.Decimal(10, 3)).to_list()
    assert sales(price=price).tables["sales"]["unit_price_minor"].to_list() == [123]
