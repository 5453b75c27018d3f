"""The raw year of a real gift shop: every line is used or quarantined, and the reasons make sense."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from skuwise.dataset import load_dataset

pytestmark = pytest.mark.shared


def test_every_line_of_the_raw_year_is_used_or_quarantined(shared_data: Callable[[str], Path]) -> None:
    raw = pl.read_parquet(shared_data("online_retail/raw_year1_with_cancellations.parquet"))
    data = load_dataset({"sales": raw})
    (counts,) = data.counts
    assert counts.lines_in == len(raw) == counts.lines_used + counts.lines_quarantined
    reasons = dict(data.quarantine.group_by("code").len().iter_rows())
    assert reasons.keys() == {"SAL-NOT-A-PRODUCT", "SAL-CORRECTION"}
    # No cancelled line of goods is lost: all C… invoices of product codes are there with negative units.
    cancelled = data.tables["sales"].filter(pl.col("kind") == "cancellation")
    goods = raw.filter(pl.col("Invoice").str.starts_with("C") & pl.col("StockCode").str.contains(r"^\d{5}"))
    assert len(cancelled) >= len(goods)
    assert (cancelled["units"] < 0).all()
    # Real products whose codes hold letters only are kept.
    assert {"DCGSSGIRL", "DCGSSBOY"} <= set(data.tables["skus"]["sku_id"])
    assert not {"POST", "M", "m", "DOT", "B", "AMAZONFEE", "ADJUST2", "TEST001"} & set(data.tables["skus"]["sku_id"])


def test_the_cleaned_lines_of_two_years_are_all_used(shared_data: Callable[[str], Path]) -> None:
    raw = pl.read_parquet(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    data = load_dataset({"sales": raw})
    assert data.counts[0].lines_used == len(raw)
    assert data.tables["sales"]["units"].sum() == raw["Quantity"].sum()
