"""The adapters lose nothing: every count and total is that of the raw file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from skuwise.core.dictionary import fields_of
from tests.realdata import adapters

Shared = Callable[[str], Path]
pytestmark = pytest.mark.shared


def assert_follows_the_contract(tables: adapters.Tables) -> None:
    for name, frame in tables.items():
        fields = fields_of(name)
        in_major_currency = {field.removesuffix("_minor") for field in fields if field.endswith("_minor")}
        assert set(frame.columns) <= set(fields) | in_major_currency, name
        assert {field.name for field in fields.values() if field.required} <= set(frame.columns), name


def test_every_raw_line_of_the_gift_shop_is_handed_on(shared_data: Shared) -> None:
    path = shared_data("online_retail/raw_year1_with_cancellations.parquet")
    tables = adapters.online_retail_raw(path)
    assert_follows_the_contract(tables)
    raw, sales = pl.read_parquet(path), tables["sales"]
    assert sales.height == raw.height == 525_461
    assert sales["units"].sum() == raw["Quantity"].sum() == 5_432_041
    assert sales["order_id"].str.starts_with("C").sum() == 10_206
    assert "skus" not in tables
    assert sales["date"].max() < str(adapters.AS_OF["online_retail_raw"])


def test_the_two_years_of_the_gift_shop_are_whole(shared_data: Shared) -> None:
    tables = adapters.online_retail_two_years(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    assert_follows_the_contract(tables)
    assert tables["sales"].height == 803_737
    assert tables["sales"]["units"].sum() == 9_023_766
    assert tables["sales"]["date"].dt.date().max() == adapters.AS_OF["online_retail_two_years"] - timedelta(days=1)


def test_generated_terms_are_within_their_bounds_and_always_the_same(shared_data: Shared) -> None:
    path = shared_data("online_retail/raw_year1_with_cancellations.parquet")
    tables, again = adapters.online_retail_raw(path), adapters.online_retail_raw(path)
    supply, sales = tables["supply"], tables["sales"]
    products = sales.filter(pl.col("sku_id").str.contains(adapters.PRODUCT_CODE))["sku_id"].unique()
    assert set(supply["sku_id"]) == set(products) == set(tables["stock"]["sku_id"])
    assert {"POST", "M", "DOT", "D", "ADJUST"}.isdisjoint(supply["sku_id"])
    assert supply["lead_time_days_mean"].is_between(7, 60).all()
    assert (supply["moq_units"] % supply["order_multiple_units"] == 0).all()
    prices = sales.filter(pl.col("unit_price") > 0).group_by("sku_id").agg(pl.col("unit_price").median())
    share = supply.join(prices, on="sku_id").filter(pl.col("unit_price") > 1)
    assert (share["unit_cost"] / share["unit_price"]).is_between(0.34, 0.61).all()
    orders = tables["open_orders"]
    assert 0.4 < orders.height / supply.height < 0.6
    assert (orders["expected_on"] >= adapters.AS_OF["online_retail_raw"]).all()
    for name, frame in tables.items():
        assert frame.equals(again[name]), name


def test_vn2_is_the_competition_at_week_zero(shared_data: Shared) -> None:
    folder = shared_data("vn2")
    tables = adapters.vn2(folder, keep_zeros=True)
    assert_follows_the_contract(tables)
    raw = pl.read_csv(folder / "Week 0 - 2024-04-08 - Sales.csv").drop("Store", "Product")
    assert tables["sales"].height == 599 * 157
    assert tables["sales"]["units"].sum() == raw.sum().sum_horizontal().item() == 276_648
    assert tables["availability"].height == 599 * 157
    out_share = 1 - tables["availability"]["in_stock_share"].mean()
    assert out_share == pytest.approx(0.112, abs=0.0005)
    assert tables["stock"]["on_hand_units"].sum() == 2225
    assert tables["open_orders"]["units"].sum() == 1699
    assert tables["open_orders"]["expected_on"].unique().to_list() == [date(2024, 4, 22)]
    assert tables["sales"]["date"].dt.weekday().unique().to_list() == [1]
    assert tables["sales"]["date"].max() + timedelta(days=7) == adapters.AS_OF["vn2"]
    assert adapters.vn2(folder)["sales"]["units"].sum() == 276_648
    assert adapters.vn2(folder)["sales"].height == 53_429


def test_vn2_prices_say_what_the_competition_charges() -> None:
    margin = adapters.VN2_UNIT_PRICE - adapters.VN2_UNIT_COST
    holding_share = float(fields_of("rules")["holding_cost_share_per_year"].default)
    assert margin == pytest.approx(1.0)
    assert adapters.VN2_UNIT_COST * holding_share * 7 / 365.25 == pytest.approx(0.2, abs=1e-4)


def test_fresh_goods_keep_every_series_every_day_and_every_hour_out_of_stock(shared_data: Shared) -> None:
    path = shared_data("freshretailnet/daily_40k_series_to_2024-06-18.parquet")
    tables = adapters.freshretailnet(path, keep_zeros=True)
    assert_follows_the_contract(tables)
    raw = pl.read_parquet(path, columns=["sale", "stockout_h6_22"])
    sales, availability = tables["sales"], tables["availability"]
    assert sales.height == availability.height == raw.height == 40_000 * 83
    tenths = np.round(raw["sale"].to_numpy().astype(np.float64) * 10)
    assert sales["units"].sum() == int(tenths.sum())
    hours_out = (1 - availability["in_stock_share"].to_numpy()) * 16
    assert np.array_equal(np.round(hours_out), raw["stockout_h6_22"].to_numpy())
    assert tables["stock"].height == 40_000
    assert tables["supply"]["lead_time_days_mean"].is_between(1, 3).all()
    assert availability["date"].max() == adapters.AS_OF["freshretailnet"] - timedelta(days=1)


def test_a_part_of_the_fresh_goods_can_be_taken(shared_data: Shared) -> None:
    tables = adapters.freshretailnet(shared_data("freshretailnet/daily_40k_series_to_2024-06-18.parquet"), series=50)
    assert tables["availability"].height == 50 * 83
    assert tables["availability"].select("sku_id", "location_id").n_unique() == 50
    assert tables["sales"].filter(pl.col("units") == 0).height == 0


@pytest.mark.parametrize(
    ("name", "parts", "months", "cells", "units"),
    [("carparts", 2674, 39, 2674 * 39 - 4142, 53_638), ("auto", 3000, 18, 3000 * 18, 245_786)],
)
def test_spare_parts_fall_into_one_period_a_month(
    shared_data: Shared, name: str, parts: int, months: int, cells: int, units: int
) -> None:
    tables = adapters.spare_parts(shared_data(f"intermittent/{name}_train.csv"), name, keep_zeros=True)
    assert_follows_the_contract(tables)
    sales = tables["sales"]
    assert sales.height == cells
    assert sales["units"].sum() == units
    assert tables["skus"].height == sales["sku_id"].n_unique() == parts
    age_days = (pl.Series([adapters.AS_OF[name]]) - sales["date"].unique()).dt.total_days()
    period = (age_days - 1) // adapters.PERIOD_DAYS[name]
    assert sorted(period.to_list()) == list(range(months))


def test_vn1_keeps_sales_and_the_prices_paid(shared_data: Shared) -> None:
    folder = shared_data("vn1")
    tables = adapters.vn1(folder, keep_zeros=True)
    assert_follows_the_contract(tables)
    assert tables["sales"].height == 15_053 * 13
    assert tables["sales"]["units"].sum() == 3_905_806
    raw = pl.read_csv(folder / "Phase 1 - Price.csv").drop("Client", "Warehouse", "Product")
    priced = raw.width * raw.height - raw.null_count().sum_horizontal().item()
    assert tables["sales"]["unit_price"].is_not_null().sum() == priced
    assert tables["skus"].height == 11_171


def test_deliveries_keep_their_dates_as_they_were_written(shared_data: Shared) -> None:
    tables = adapters.scms(shared_data("scms/delivered_before_2013.csv"))
    assert_follows_the_contract(tables)
    receipts = tables["receipts"]
    assert receipts.height == 6514
    assert set(receipts.dtypes) == {pl.String}
    assert receipts["ordered_on"].str.contains(r"^\d+/\d+/\d{4}$").sum() == 1511 + 504 + 344 + 138
    assert (receipts["ordered_on"] == "N/A - From RDC").sum() == 3746
    assert receipts["received_on"].str.contains(r"^\d+-[A-Z][a-z]{2}-\d{2}$").all()


def test_a_folder_can_be_written_from_any_of_them(shared_data: Shared, tmp_path: Path) -> None:
    tables = adapters.vn2(shared_data("vn2"))
    folder = adapters.write_folder(tables, tmp_path / "vn2", currency=adapters.CURRENCY["vn2"])
    assert {path.stem for path in folder.glob("*.parquet")} == set(tables)
    assert pl.read_parquet(folder / "sales.parquet").equals(tables["sales"])
    assert 'currency = "EUR"' in (folder / "dataset.toml").read_text(encoding="utf-8")
