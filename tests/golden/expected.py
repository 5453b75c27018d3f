"""What a golden plan says, as one readable CSV: decisions, the steps to them, and the rules they follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from skuwise.core.plan import Plan
from skuwise.dataset import load_dataset
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan
from tests.golden.small_shop import AS_OF

CASES = Path(__file__).with_name("cases")
EXPECTED = "expect.csv"
WORDS = ("stage", "stage_evidence", "pattern", "abc_class", "xyz_class", "season_source", "forecast_model")
UNITS = (
    "safety_stock_units",
    "reorder_point_units",
    "order_up_to_level_units",
    "inventory_position_units",
    "need_units",
    "capped_need_units",
    "after_moq_units",
    "order_quantity_units",
    "days_until_order",
)
REASONS = ("need_reason", "cap_reason", "moq_reason", "multiple_reason")


def planned(case: Path) -> Plan:
    return plan(load_dataset(case, as_of=AS_OF), load_rulebook(case / "rules.toml"))


def golden(made: Plan) -> pl.DataFrame:
    """One row an item; figures that are not whole are rounded to what a reader can check."""
    columns = {"sku_id": made.columns["sku_id"]}
    columns |= {name: made.text(name) for name in WORDS}
    columns["weekly_demand_units"] = np.round(made.columns["daily_mean_units"] * 7, 2)
    columns |= {name: np.round(made.columns[name], 1) for name in UNITS}
    columns |= {name: made.text(name) for name in REASONS}
    given = np.array(made.rule_descriptions)
    columns["service_target"] = made.columns["service_target"]
    columns["service_target_given_by"] = given[made.given_by["service_target"]]
    # The path of the checkout is nobody's business.
    frame = pl.DataFrame({name: pl.Series(column.tolist()) for name, column in columns.items()})
    return frame.with_columns(pl.col("service_target_given_by").str.replace_all(r"\(.*/", "("))
