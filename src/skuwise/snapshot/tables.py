"""The tables that people read: proposals, behaviour, rules, metrics, findings, quarantine. Words instead of codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from skuwise.core.dictionary import fields_of
from skuwise.core.findings import Finding
from skuwise.core.plan import Plan
from skuwise.core.policy.proposals import UNCHANGED
from skuwise.snapshot.columns import GIVEN_BY, column_frame, series_of

if TYPE_CHECKING:
    from skuwise.dataset.contract import Dataset

_IDENTITY = ("sku_id", "name", "location_id", "supplier_id")
#: What a buyer wants to see first.
_PROPOSAL = (
    *_IDENTITY,
    "order_quantity_units",
    "order_cost_total_minor",
    "expected_on",
    "need_units",
    "inventory_position_units",
    "on_hand_units",
    "on_order_units",
    "reorder_point_units",
    "order_up_to_level_units",
    "safety_stock_units",
    "days_until_order",
    "stockout_risk_share",
    "stage",
    "abc_class",
    "pattern",
    "moq_units",
    "order_multiple_units",
    "unit_cost_minor",
    "lead_time_days_mean",
)
_REASONS = ("need_reason", "cap_reason", "moq_reason", "multiple_reason")
_BEHAVIOUR = (
    *_IDENTITY,
    "category",
    "brand",
    "stage",
    "stage_evidence",
    "stage_since",
    "pattern",
    "abc_class",
    "xyz_class",
    "demand_rate_units_per_period",
    "recent_rate_units_per_period",
    "demand_sd_units_per_period",
    "adi_periods",
    "cv2",
    "cv",
    "trend_share_per_year",
    "season_strength",
    "season_source",
    "annual_units",
    "annual_value_minor",
    "periods_on_sale",
    "observed_periods",
    "censored_periods",
    "weeks_since_sale",
    "forecast_model",
    "level_units_per_period",
    "daily_mean_units",
)
#: What a person who clears the shelves wants to see.
_END_OF_LIFE = (
    *_IDENTITY,
    "stage",
    "stage_since",
    "end_of_life_date",
    "successor_sku_id",
    "on_hand_units",
    "on_order_units",
    "order_quantity_units",
    "daily_mean_units",
    "decay_share_per_week",
    "remaining_demand_units",
    "remaining_sd_units",
    "last_buy",
    "last_buy_units",
    "last_order_on",
    "sell_off_on",
    "leftover_units",
    "leftover_cost_minor",
    "speed_up_ratio",
    "markdown_share",
    "lot_at_risk_minor",
    "stage_evidence",
)


def tables(plan: Plan) -> dict[str, pl.DataFrame]:
    """The plan as frames in memory, by name: ``items`` with every (n,) column, and the tables for people."""
    return {"items": column_frame(plan, "items"), **people_tables(plan, None)}


def people_tables(plan: Plan, dataset: Dataset | None) -> dict[str, pl.DataFrame]:
    """Order proposals, end of life, behaviour, rules, metrics, findings and, with the dataset, the refused lines."""
    made = {
        "order_proposals": order_proposals(plan),
        "end_of_life": end_of_life(plan),
        "behaviour": _columns(plan, _BEHAVIOUR),
        "rules": rules_frame(plan),
        "metrics": _columns(plan, (*_IDENTITY, *fields_of("metrics"))),
        "findings": findings_frame(plan.findings),
    }
    if dataset is not None:
        made["quarantine"] = dataset.quarantine
    return made


def _columns(plan: Plan, names: Iterable[str]) -> pl.DataFrame:
    present = [name for name in names if name in plan.columns]
    return pl.DataFrame([series_of(name, plan.columns[name], plan.labels.get(name)) for name in present])


def order_proposals(plan: Plan) -> pl.DataFrame:
    """Every item that is bought (bundles are not), with its quantity and the reasons in words.

    What is to be ordered today comes first, supplier by supplier; then what will be due soonest.
    """
    frame = _columns(plan, _PROPOSAL)
    reasons = [series_of(name, plan.columns[name], plan.labels.get(name)) for name in _REASONS if name in plan.columns]
    if reasons:
        frame = frame.with_columns(_joined(reasons).alias("reasons"))
    if "is_bundle" in plan.columns:
        frame = frame.filter(~series_of("is_bundle", plan.columns["is_bundle"]))
    nothing = pl.col("order_quantity_units") == 0
    due = pl.col("days_until_order") if "days_until_order" in frame.columns else pl.lit(0)
    later = pl.when(due < 0).then(np.iinfo(np.int64).max).otherwise(due)
    supplier = pl.col("supplier_id") if "supplier_id" in frame.columns else pl.lit("")
    keys = [nothing, pl.when(nothing).then(later).otherwise(0), supplier, pl.col("sku_id"), pl.col("location_id")]
    return frame.sort(keys)


def end_of_life(plan: Plan) -> pl.DataFrame:
    """Items whose end is in sight and retired ones with stock, and why; the dearest leftovers first."""
    frame = _columns(plan, _END_OF_LIFE)
    reasons = [series_of(name, plan.columns[name], plan.labels.get(name)) for name in _REASONS if name in plan.columns]
    if reasons and "stage_evidence" in frame.columns:
        frame = frame.with_columns(pl.concat_str("stage_evidence", _joined(reasons), separator="; ").alias("why"))
    if "remaining_demand_units" not in frame.columns:
        return frame.clear()
    going = ~np.isnan(plan.columns["remaining_demand_units"])
    over = plan.text("stage") == "retired"
    wanted = (going & ~over) | (over & ((plan.columns["on_hand_units"] > 0) | (plan.columns["on_order_units"] > 0)))
    keys = [pl.col("leftover_cost_minor"), pl.col("leftover_units"), pl.col("sku_id"), pl.col("location_id")]
    return frame.drop("stage_evidence").filter(wanted).sort(keys, descending=[True, True, False, False])


def _joined(reasons: list[pl.Series]) -> pl.Expr:
    """The reasons of one item in one cell; steps that changed nothing are left out."""
    said = [pl.when(~reason.cast(pl.String).is_in(list(UNCHANGED))).then(reason) for reason in reasons]
    return pl.concat_str(said, separator="; ", ignore_nulls=True)


def rules_frame(plan: Plan) -> pl.DataFrame:
    """One row an item: for each rule field its value and the rule that gave it."""
    names = list(fields_of("rules"))
    keys = _columns(plan, ("sku_id", "location_id"))
    described = pl.Series(plan.rule_descriptions, dtype=pl.String)
    wide = []
    for name in names:
        if name in plan.columns:
            wide.append(series_of(name, plan.columns[name], plan.labels.get(name)))
            if name in plan.given_by:
                wide.append(described.gather(plan.given_by[name].astype(np.int64)).alias(name + GIVEN_BY))
    return keys.with_columns(wide)


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings with every field, one row each."""
    names = [field.name for field in fields(Finding)]
    types = {name: pl.Int64 if name in ("row", "count") else pl.String for name in names}
    rows = [{name: getattr(finding, name) for name in names} for finding in findings]
    return pl.DataFrame(rows, schema=types)
