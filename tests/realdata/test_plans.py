"""Whole plans of real shops: nothing lost, every active SKU decided on, stockouts read as censoring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from skuwise.cli import app
from skuwise.core.plan import Plan
from skuwise.dataset import Dataset, load_dataset
from skuwise.planning.run import plan
from tests.realdata import adapters

pytestmark = pytest.mark.shared
SharedData = Callable[[str], Path]


def planned(tables: adapters.Tables, name: str) -> tuple[Dataset, Plan]:
    dataset = load_dataset(tables, as_of=adapters.AS_OF[name])
    return dataset, plan(dataset)


def check_nothing_is_lost(dataset: Dataset, tables: adapters.Tables) -> None:
    for counts in dataset.counts:
        assert counts.lines_in == len(tables[counts.table])
        assert counts.lines_in == counts.lines_used + counts.lines_quarantined
    assert len(dataset.quarantine) == sum(counts.lines_quarantined for counts in dataset.counts)
    assert dataset.quarantine["reason"].str.len_chars().min() or dataset.quarantine.is_empty()


def check_every_active_item_is_decided_on(made: Plan) -> None:
    columns = made.columns
    assert (columns["order_quantity_units"] >= 0).all()
    assert (columns["order_up_to_level_units"] >= columns["reorder_point_units"]).all()
    said = made.text("need_reason")
    ordered = columns["order_quantity_units"] > 0
    assert (said[ordered] == "position is at or below the reorder point").all()
    assert ordered.any()
    for name in ("safety_stock_units", "protection_mean_units", "protection_sd_units", "daily_mean_units"):
        assert np.isfinite(columns[name]).all(), name


def test_the_raw_year_of_the_gift_shop(shared_data: SharedData) -> None:
    tables = adapters.online_retail_raw(shared_data("online_retail/raw_year1_with_cancellations.parquet"))
    dataset, made = planned(tables, "online_retail_raw")
    check_nothing_is_lost(dataset, tables)
    check_every_active_item_is_decided_on(made)
    reasons = dict(dataset.quarantine.group_by("code").len().iter_rows())
    assert sum(counts.lines_in for counts in dataset.counts if counts.table == "sales") == 525_461
    sales = dataset.tables["sales"]
    assert sales.filter(pl.col("kind") == "cancellation").height > 9_000
    assert not sales["sku_id"].is_in(["POST", "DOT", "M", "BANK CHARGES", "AMAZONFEE"]).any()
    assert set(reasons) <= {"SAL-CORRECTION", "SAL-NOT-A-PRODUCT"}, reasons


def test_two_years_of_the_gift_shop_from_folder_to_plan_by_command(shared_data: SharedData, tmp_path: Path) -> None:
    tables = adapters.online_retail_two_years(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    folder = adapters.write_folder(tables, tmp_path / "shop", currency="GBP")
    day = adapters.AS_OF["online_retail_two_years"]
    result = CliRunner().invoke(app, ["plan", str(folder), "--as-of", str(day), "--out", str(tmp_path / "plan")])
    assert result.exit_code == 0, result.output
    proposals = pl.read_parquet(tmp_path / "plan" / "order_proposals.parquet")
    recent = tables["sales"].filter(pl.col("date") >= day - timedelta(days=90))
    active = set(recent["sku_id"].unique()) & set(tables["supply"]["sku_id"])
    assert active <= set(proposals["sku_id"])
    assert proposals["reasons"].null_count() == 0
    assert (proposals["order_quantity_units"] > 0).sum() > 100


def test_week_nought_of_vn2(shared_data: SharedData) -> None:
    tables = adapters.vn2(shared_data("vn2"))
    dataset, made = planned(tables, "vn2")
    check_nothing_is_lost(dataset, tables)
    check_every_active_item_is_decided_on(made)
    assert len(made) == 599
    assert made.columns["availability_known"].all()
    assert made.columns["censored"].any()
    assert (made.columns["lead_time_days_mean"] == 14).all()
    assert made.columns["on_order_units"].sum() == 1_699


def test_forty_thousand_fresh_series_with_stockouts_as_censoring(shared_data: SharedData) -> None:
    tables = adapters.freshretailnet(shared_data("freshretailnet/daily_40k_series_to_2024-06-18.parquet"))
    dataset, made = planned(tables, "freshretailnet")
    check_nothing_is_lost(dataset, tables)
    assert len(made) == 40_000
    columns = made.columns
    assert columns["censored"].mean() > 0.2
    regular = columns["one_off_units"] == 0
    censored = columns["censored"] & regular[:, None]
    demand, sales = columns["demand_units"], columns["sales_units"]
    assert (demand[censored] >= sales[censored] - 1e-9).all()
    assert demand[censored].sum() > 1.05 * sales[censored].sum()
    seen = ~columns["censored"] & regular[:, None]
    np.testing.assert_array_equal(demand[seen], sales[seen])
