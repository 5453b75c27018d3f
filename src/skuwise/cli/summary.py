"""A plan on one page: what was read, how the items are, what to order today and where the money sits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from skuwise.cli.screen import heading, show_table
from skuwise.core.findings import Severity
from skuwise.core.metrics import portfolio_metrics
from skuwise.core.plan import Plan
from skuwise.core.trace.words import money, number
from skuwise.dataset import Dataset

_SUPPLIERS = 8
_AT_RISK = 8
_EXCESS = 5
_FINDINGS = 6


def show_summary(console: Console, plan: Plan, dataset: Dataset, folder: Path, out: Path) -> None:
    columns = plan.columns
    lines_in = sum(count.lines_in for count in dataset.counts)
    refused = sum(count.lines_quarantined for count in dataset.counts)
    heading(console, f"Plan {plan.plan_id}  as of {plan.as_of}")
    skus = len(np.unique(columns["sku_id"]))
    places = len(np.unique(columns["location_id"]))
    console.print(
        f"{skus:,} SKUs at {places} {'location' if places == 1 else 'locations'}: {len(plan):,} items. "
        f"{lines_in:,} lines read = {lines_in - refused:,} used + {refused:,} quarantined."
    )
    _show_classes(console, plan)
    _show_orders(console, plan)
    _show_risk(console, plan)
    _show_capital(console, plan)
    _show_metrics(console, plan)
    _show_findings(console, plan, dataset, folder)
    console.print()
    console.print(f"The plan is in {out}: order_proposals.csv, behaviour.csv, rules.csv, metrics.csv …")
    first = int(columns["order_cost_total_minor"].argmax()) if len(plan) else 0
    sku = str(columns["sku_id"][first]) if len(plan) else "SKU"
    console.print(f"Next: skuwise explain {out} {sku}    or    skuwise rules explain {sku} service_target --plan {out}")


def _show_classes(console: Console, plan: Plan) -> None:
    heading(console, "How the items behave")
    stage, pattern = plan.columns["stage"], plan.columns["pattern"]
    stages, patterns = plan.labels["stage"], plan.labels["pattern"]
    rows = []
    for code, name in enumerate(stages):
        mine = stage == code
        counts = [f"{int((mine & (pattern == kind)).sum()):,}" for kind in range(len(patterns))]
        rows.append((name, f"{int(mine.sum()):,}", *counts))
    show_table(console, ("stage", "items", *patterns), rows)


def _show_orders(console: Console, plan: Plan) -> None:
    columns = plan.columns
    ordered = columns["order_quantity_units"] > 0
    cost = np.maximum(columns["order_cost_total_minor"], 0)
    lines, units = int(ordered.sum()), int(columns["order_quantity_units"].sum())
    heading(console, f"To order today: {lines:,} lines, {units:,} units, {money(int(cost.sum()), plan.currency)}")
    supplier = columns["supplier_id"]
    names = plan.labels["supplier_id"]
    rows = []
    totals = np.array([cost[supplier == code].sum() for code in range(len(names))], dtype=np.int64)
    for code in np.argsort(-totals, kind="stable").tolist():
        mine = ordered & (supplier == code)
        if mine.any():
            quantity = int(columns["order_quantity_units"][mine].sum())
            rows.append(
                (
                    names[code] or "(none)",
                    f"{int(mine.sum()):,}",
                    f"{quantity:,}",
                    money(int(totals[code]), plan.currency),
                )
            )
    show_table(console, ("supplier", "lines", "units", "cost"), rows[:_SUPPLIERS])
    if len(rows) > _SUPPLIERS:
        console.print(f"… and {len(rows) - _SUPPLIERS} more suppliers")


def _show_risk(console: Console, plan: Plan) -> None:
    columns = plan.columns
    price = np.maximum(columns["unit_price_minor"], 0)
    short = np.where(
        columns["reorder_allowed"] & ~columns["is_bundle"], np.nan_to_num(columns["expected_short_units"]), 0
    )
    at_stake = short * price
    concerned = np.nan_to_num(columns["stockout_risk_share"]) > 0.5
    concerned &= short > 0
    heading(console, f"Likely to run out before an order placed today arrives: {int(concerned.sum()):,} items")
    available = columns["on_hand_units"] - columns["reserved_units"] - columns["backlog_units"]
    rows = []
    for row in np.argsort(-np.where(concerned, at_stake, 0), kind="stable")[
        : min(_AT_RISK, int(concerned.sum()))
    ].tolist():
        daily = columns["daily_mean_units"][row]
        rows.append(
            (
                f"{columns['sku_id'][row]} @ {columns['location_id'][row]}",
                f"{columns['on_hand_units'][row]:,}",
                number(max(0.0, available[row] / daily) if daily > 0 else 0.0),
                number(columns["lead_time_days_mean"][row]),
                f"{100 * columns['stockout_risk_share'][row]:.0f}%",
                money(round(float(at_stake[row])), plan.currency),
            )
        )
    if rows:
        titles = ("dearest first", "on hand", "days left", "lead days", "risk", "sales at stake")
        show_table(console, titles, rows)


def _show_capital(console: Console, plan: Plan) -> None:
    columns = plan.columns
    excess = np.maximum(columns["excess_value_minor"], 0)
    total, value = int(excess.sum()), int(np.maximum(columns["stock_value_minor"], 0).sum())
    dead = int(np.maximum(columns["dead_stock_value_minor"], 0).sum())
    heading(
        console,
        f"Capital in stock {money(value, plan.currency)}; beyond 90 days of demand {money(total, plan.currency)}; "
        f"no sale in 26 weeks {money(dead, plan.currency)}",
    )
    rows = []
    for row in np.argsort(-excess, kind="stable")[: min(_EXCESS, int((excess > 0).sum()))].tolist():
        weeks = columns["weeks_of_supply_forward"][row]
        rows.append(
            (
                f"{columns['sku_id'][row]} @ {columns['location_id'][row]}",
                plan.labels["stage"][columns["stage"][row]],
                f"{columns['on_hand_units'][row]:,}",
                "no demand" if np.isnan(weeks) else number(weeks),
                money(int(excess[row]), plan.currency),
            )
        )
    if rows:
        show_table(console, ("most excess first", "stage", "on hand", "weeks of supply", "excess value"), rows, left=2)


def _show_metrics(console: Console, plan: Plan) -> None:
    table = portfolio_metrics(plan.columns, plan.labels)
    wanted = (
        ("inventory turnover, at cost, a year", "inventory_turnover_cost_per_year", False),
        ("sell-through, of available, 13 weeks", "sell_through_available_share", True),
        ("sell-through, of receipts, within 90 days", "sell_through_receipt_share", True),
        ("weeks of supply, forward", "weeks_of_supply_forward", False),
        ("unit fill rate, demand-based, 52 weeks", "unit_fill_rate_demand_based", True),
        ("unit fill rate, order-based", "unit_fill_rate_order_based", True),
        ("GMROI, a year", "gmroi_per_year", False),
    )
    rows = []
    for title, name, is_share in wanted:
        value = float(table[name][0])
        said = "not known" if np.isnan(value) else f"{100 * value:.1f}%" if is_share else number(value, 2)
        rows.append((title, said))
    heading(console, "The shop as a whole")
    show_table(console, ("metric", "value"), rows)


def _show_findings(console: Console, plan: Plan, dataset: Dataset, folder: Path) -> None:
    told = [f for f in (*dataset.findings, *plan.findings) if f.severity is not Severity.INFO]
    told = list(dict.fromkeys(told))
    if not told:
        return
    heading(console, f"Findings that need a person: {len(told)} (skuwise check {folder} tells all, with the mend)")
    for finding in sorted(told, key=lambda f: (f.severity is not Severity.ERROR, -f.count))[:_FINDINGS]:
        place = f"{finding.where}: " if finding.where else ""
        console.print(f"  {place}{finding.message}", overflow="ellipsis", no_wrap=True)
