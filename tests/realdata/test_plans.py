"""Whole plans of real shops: nothing lost, every active SKU decided on, stockouts read as censoring.

``pytest --durations=0`` shows what each takes; the seconds of reading and planning are properties of the test report.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import skuwise
from skuwise.cli import app
from skuwise.core.plan import Plan
from skuwise.dataset import Dataset
from tests.realdata import adapters

pytestmark = pytest.mark.shared
SharedData = Callable[[str], Path]
RecordProperty = Callable[[str, object], None]

#: Units, and figures that may not fall below nought.
NOT_NEGATIVE = (
    "on_hand_units",
    "on_order_units",
    "safety_stock_units",
    "reorder_point_units",
    "order_up_to_level_units",
    "need_units",
    "capped_need_units",
    "after_moq_units",
    "order_quantity_units",
    "protection_mean_units",
    "protection_sd_units",
    "daily_mean_units",
    "level_units_per_period",
    "demand_units",
    "demand_rate_units_per_period",
)
#: What the gift shop books under its own codes: postage, carriage, fees, discounts, vouchers, samples, tests.
NOT_PRODUCTS = ("POST", "DOT", "C2", "C3", "M", "m", "D", "S", "B", "PADS", "ADJUST", "ADJUST2", "AMAZONFEE")
NOT_PRODUCTS += ("BANK CHARGES", "TEST001", "TEST002", "GIFT")


@dataclass(frozen=True)
class Planned:
    given: adapters.Tables
    dataset: Dataset
    plan: Plan
    proposals: pl.DataFrame


def planned(tables: adapters.Tables, name: str, record_property: RecordProperty) -> Planned:
    started = time.perf_counter()
    dataset = skuwise.load_dataset(tables, as_of=adapters.AS_OF[name])
    read = time.perf_counter()
    made = skuwise.plan(dataset)
    record_property("read_seconds", round(read - started, 2))
    record_property("plan_seconds", round(time.perf_counter() - read, 2))
    return Planned(tables, dataset, made, skuwise.tables(made)["order_proposals"])


def check_nothing_is_lost(shop: Planned) -> None:
    """Lines in = lines used + lines quarantined, table by table, and each refused line has its reason."""
    dataset = shop.dataset
    assert {counts.table for counts in dataset.counts} == set(shop.given)
    for counts in dataset.counts:
        refused = dataset.quarantine.filter(pl.col("table") == counts.table)
        assert counts.lines_in == len(shop.given[counts.table])
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
        assert counts.lines_used == len(dataset.tables[counts.table])
        assert counts.lines_quarantined == len(refused)
        assert refused.filter((pl.col("reason") == "") | (pl.col("line") == "")).is_empty()


def check_every_active_sku_is_decided_on(shop: Planned) -> None:
    """Each SKU that sold in the last 13 weeks or lies in stock has a row: a quantity, or why there is none."""
    sales, columns = shop.dataset.tables["sales"], shop.plan.columns
    recent = sales.filter(pl.col("date") >= shop.dataset.as_of - timedelta(weeks=13))["sku_id"]
    in_stock = shop.dataset.tables["stock"].filter(pl.col("on_hand_units") > 0)["sku_id"]
    proposals = shop.proposals
    assert recent.len() > 0
    assert set(recent) | set(in_stock) <= set(proposals["sku_id"])
    assert proposals.filter(pl.col("reasons").is_null() | (pl.col("reasons") == "")).is_empty()
    ordered = proposals.filter(pl.col("order_quantity_units") > 0)
    assert ordered["reasons"].str.starts_with("position is at or below the reorder point").all()
    assert (ordered["order_quantity_units"] >= ordered["moq_units"]).all()
    assert (ordered["order_quantity_units"] % ordered["order_multiple_units"] == 0).all()
    for name in NOT_NEGATIVE:
        assert np.isfinite(columns[name]).all(), name
        assert (columns[name] >= 0).all(), name
    assert (columns["order_up_to_level_units"] >= columns["reorder_point_units"]).all()
    # What sold has a pattern: "no demand" is said of nothing that had any.
    assert (columns["demand_rate_units_per_period"][shop.plan.text("pattern") == "no demand"] == 0).all()


def test_the_raw_year_of_the_gift_shop(shared_data: SharedData, record_property: RecordProperty) -> None:
    raw = adapters.online_retail_raw(shared_data("online_retail/raw_year1_with_cancellations.parquet"))
    shop = planned(raw, "online_retail_raw", record_property)
    check_nothing_is_lost(shop)
    check_every_active_sku_is_decided_on(shop)
    assert len(raw["sales"]) == 525_461
    # The table of reasons: 2,981 lines of money, and stock corrections at no price in orders where nothing was paid.
    refused = shop.dataset.quarantine.with_columns(sku_id=pl.col("line").str.json_path_match("$.sku_id"))
    counted = {row[:2]: row[2] for row in refused.group_by("table", "code").len().iter_rows()}
    assert counted == {("sales", "SAL-NOT-A-PRODUCT"): 2_981, ("sales", "SAL-CORRECTION"): 3_579}
    of_money = refused.filter(pl.col("code") == "SAL-NOT-A-PRODUCT")["sku_id"]
    assert set(of_money.filter(~of_money.str.starts_with("gift_0001_"))) == set(NOT_PRODUCTS)
    # Every cancelled line of a product undoes a sale; what is used is what was sold less what was cancelled.
    product = pl.col("StockCode").str.contains(adapters.PRODUCT_CODE)
    cancelled = pl.read_parquet(shared_data("online_retail/raw_year1_with_cancellations.parquet")).filter(
        product & pl.col("Invoice").str.starts_with("C")
    )
    sales = shop.dataset.tables["sales"]
    undone = sales.filter(pl.col("kind") == "cancellation")
    assert (
        (undone.height, undone["units"].sum()) == (cancelled.height, cancelled["Quantity"].sum()) == (9_581, -209_860)
    )
    sold = sales.filter(pl.col("kind") != "cancellation")["units"].sum()
    assert sold + undone["units"].sum() <= shop.plan.columns["sales_units"].sum() <= sold
    codes = {finding.code for finding in shop.plan.findings}
    assert {"DAT-CATALOGUE-DERIVED", "DAT-NO-AVAILABILITY", "SAL-SAME-LINE", "PLN-010", "POL-005", "POL-006"} <= codes


def test_two_years_of_the_gift_shop_in_memory(shared_data: SharedData, record_property: RecordProperty) -> None:
    tables = adapters.online_retail_two_years(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    shop = planned(tables, "online_retail_two_years", record_property)
    check_nothing_is_lost(shop)
    check_every_active_sku_is_decided_on(shop)
    assert len(tables["sales"]) == 803_737
    assert shop.dataset.quarantine.is_empty()
    in_grid = tables["sales"].filter(pl.col("date") >= shop.plan.grid.start.item())
    assert shop.plan.columns["sales_units"].sum() == in_grid["units"].sum()


def test_two_years_of_the_gift_shop_from_folder_to_plan_by_command(shared_data: SharedData, tmp_path: Path) -> None:
    tables = adapters.online_retail_two_years(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    folder = adapters.write_folder(tables, tmp_path / "shop", currency="GBP")
    day = adapters.AS_OF["online_retail_two_years"]
    result = CliRunner().invoke(app, ["plan", str(folder), "--as-of", str(day), "--out", str(tmp_path / "plan")])
    assert result.exit_code == 0, result.output
    proposals = pl.read_parquet(tmp_path / "plan" / "order_proposals.parquet")
    readable = pl.read_csv(tmp_path / "plan" / "order_proposals.csv", infer_schema=False)
    assert readable["sku_id"].to_list() == proposals["sku_id"].to_list()
    stored = skuwise.read_plan(tmp_path / "plan")
    in_memory = skuwise.plan(skuwise.load_dataset(folder, as_of=day))
    assert stored.plan_id == in_memory.plan_id
    assert proposals.equals(skuwise.tables(in_memory)["order_proposals"])
    assert (proposals["order_quantity_units"] > 0).sum() > 1_000


def test_week_nought_of_vn2(shared_data: SharedData, record_property: RecordProperty) -> None:
    tables = adapters.vn2(shared_data("vn2"))
    shop = planned(tables, "vn2", record_property)
    check_nothing_is_lost(shop)
    check_every_active_sku_is_decided_on(shop)
    columns = shop.plan.columns
    assert len(shop.plan) == 599
    assert columns["sales_units"].sum() == tables["sales"]["units"].sum()
    assert columns["on_order_units"].sum() == 1_699
    assert (columns["lead_time_days_mean"] == 14).all()
    # The flags are the censoring: a week out of stock, from the item's first week on sale.
    assert columns["availability_known"].all()
    out = tables["availability"].filter(pl.col("in_stock_share") == 0).height
    assert 0 < columns["censored"].sum() <= out
    assert (columns["in_stock_share"][columns["censored"]] == 0).all()


def test_forty_thousand_fresh_series_with_stockouts_as_censoring(
    shared_data: SharedData, record_property: RecordProperty
) -> None:
    tables = adapters.freshretailnet(shared_data("freshretailnet/daily_40k_series_to_2024-06-18.parquet"))
    shop = planned(tables, "freshretailnet", record_property)
    check_nothing_is_lost(shop)
    check_every_active_sku_is_decided_on(shop)
    assert len(shop.plan) == 40_000
    columns = shop.plan.columns
    assert columns["censored"].mean() > 0.2
    # Cutting bulk sales lowers demand and recovery raises it: they are looked at apart.
    regular = (columns["one_off_units"] == 0)[:, None]
    demand, sales = columns["demand_units"], columns["sales_units"]
    short, whole = columns["censored"] & regular, ~columns["censored"] & regular
    assert (demand[short] >= sales[short] - 1e-9).all()
    assert demand[short].sum() > 1.05 * sales[short].sum()
    np.testing.assert_array_equal(demand[whole], sales[whole])
    # The shorter a week was in stock, the more of its demand was not seen.
    share = columns["in_stock_share"]
    lift = [
        demand[band].sum() / sales[band].sum()
        for band in (short & (share >= low) & (share < low + 0.2) for low in (0.75, 0.55, 0.35))
    ]
    assert lift == sorted(lift)
