"""What a golden plan says, as readable CSVs: how each SKU behaves, what is ordered and why, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from skuwise.core.plan import Plan
from skuwise.dataset import load_dataset
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan
from tests.golden.small_shop import AS_OF

CASES = Path(__file__).with_name("cases")
BEHAVIOUR = (
    "stage",
    "stage_evidence",
    "pattern",
    "abc_class",
    "xyz_class",
    "censored_periods",
    "one_off_units",
    "season_source",
    "forecast_model",
)
ORDERS = (
    "lead_time_days_mean",
    "review_period_days",
    "service_target",
    "safety_stock_units",
    "reorder_point_units",
    "order_up_to_level_units",
    "on_hand_units",
    "on_order_units",
    "on_order_in_time_units",
    "inventory_position_units",
    "need_units",
    "need_reason",
    "capped_need_units",
    "cap_reason",
    "after_moq_units",
    "moq_reason",
    "order_quantity_units",
    "multiple_reason",
    "days_until_order",
)
#: Rule fields whose origin is told.
RULES = ("service_target", "review_period_days", "reorder_allowed", "lot_may_exceed_cap")


def planned(case: Path) -> Plan:
    return plan(load_dataset(case, as_of=AS_OF), load_rulebook(case / "rules.toml"))


def golden(made: Plan) -> Mapping[str, pl.DataFrame]:
    """File name → its table; figures that are not whole are rounded to what a reader can check."""
    behaviour = {**_columns(made, BEHAVIOUR), "weekly_demand_units": np.round(made.columns["daily_mean_units"] * 7, 2)}
    described = np.array(made.rule_descriptions)
    rules = {"sku_id": made.columns["sku_id"]}
    rules |= {name: described[made.given_by[name]] for name in RULES}
    findings = sorted((found.code, found.severity, found.count, found.where, found.message) for found in made.findings)
    return {
        "expect_behaviour.csv": _frame(behaviour),
        "expect_orders.csv": _frame(_columns(made, ORDERS)),
        # The path of the checkout is nobody's business.
        "expect_rules.csv": _frame(rules).with_columns(pl.exclude("sku_id").str.replace_all(f"{CASES}/[^/]*/", "")),
        "expect_findings.csv": pl.DataFrame(
            findings, schema=["code", "severity", "count", "where", "message"], orient="row"
        ).with_columns(pl.col("severity").cast(pl.String)),
    }


def _columns(made: Plan, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    values = {
        name: made.text(name)
        if name in made.labels
        else np.round(made.columns[name], 2 if name.endswith("target") else 1)
        for name in names
    }
    return {"sku_id": made.columns["sku_id"], **values}


def _frame(columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(column.tolist()) for name, column in columns.items()})
