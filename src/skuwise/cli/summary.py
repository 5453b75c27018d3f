"""A plan on one page: what was read, how the items are, what to order today and where the money sits."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
from rich.console import Console

from skuwise.cli.screen import heading, say, say_command, short_path, show_table
from skuwise.core.findings import Severity
from skuwise.core.metrics import portfolio_metrics
from skuwise.core.plan import Plan
from skuwise.core.trace.words import counted, money, number
from skuwise.dataset import Dataset

_SUPPLIERS = 8
_AT_RISK = 8
_EXCESS = 5
_FINDINGS = 6
_UNKNOWN = "not known"


def show_summary(console: Console, plan: Plan, dataset: Dataset, folder: Path, out: Path) -> None:
    show_head(console, plan, dataset)
    _show_classes(console, plan)
    show_orders(console, plan)
    show_risk(console, plan)
    _show_ends(console, plan)
    _show_capital(console, plan)
    _show_metrics(console, plan)
    _show_findings(console, plan, dataset, folder)
    _show_next(console, plan, out)


def show_head(console: Console, plan: Plan, dataset: Dataset) -> None:
    """Which plan this is, and that no line of the dataset was lost."""
    columns = plan.columns
    lines_in = sum(count.lines_in for count in dataset.counts)
    refused = sum(count.lines_quarantined for count in dataset.counts)
    heading(console, f"Plan {plan.plan_id[:12]}, as of {plan.as_of}")
    skus = len(np.unique(columns["sku_id"]))
    places = len(np.unique(columns["location_id"]))
    say(console, f"{counted(skus, 'SKUs')} at {counted(places, 'locations')}: {counted(len(plan), 'items')}.")
    say(console, f"{lines_in:,} lines read = {lines_in - refused:,} used + {refused:,} quarantined.")


def _show_next(console: Console, plan: Plan, out: Path) -> None:
    place = short_path(out)
    heading(console, "Where to look next")
    say(console, f"The plan is in {place}: order_proposals.csv, behaviour.csv, rules.csv, metrics.csv and more.")
    if not len(plan):
        return
    dearest = dearest_order(plan)
    sku, told = shlex.quote(str(plan.columns["sku_id"][dearest])), shlex.quote(place)
    say_command(console, f"skuwise explain {told} {sku}")
    say_command(console, f"skuwise rules explain {sku} service_target --plan {told}")
    say_command(console, f"skuwise metrics {told} --by category")


def dearest_order(plan: Plan) -> int:
    """Row of the dearest order; of the largest one where costs are not known."""
    cost, quantity = plan.columns["order_cost_total_minor"], plan.columns["order_quantity_units"]
    return int(np.lexsort((-quantity, -cost))[0])


def _total(values: np.ndarray, currency: str) -> str:
    """The sum of what is known of a money column; a whole of unknowns is no nought."""
    known = values[values >= 0]
    return money(int(known.sum()), currency) if len(known) else _UNKNOWN


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
    say(
        console,
        "Smooth and erratic sell in most weeks, intermittent and lumpy with gaps; erratic and lumpy vary much in size.",
        style="dim",
    )


def show_orders(console: Console, plan: Plan) -> None:
    """What to order today, supplier by supplier."""
    columns = plan.columns
    ordered = columns["order_quantity_units"] > 0
    cost = columns["order_cost_total_minor"]
    lines, units = int(ordered.sum()), int(columns["order_quantity_units"].sum())
    if not lines:
        heading(console, "To order today: nothing")
        _say_why_nothing(console, plan)
        return
    total = _total(cost[ordered], plan.currency)
    total = "cost not known" if total == _UNKNOWN else total
    heading(console, f"To order today: {counted(lines, 'lines')}, {counted(units, 'units')}, {total}")
    supplier = columns["supplier_id"]
    names = plan.labels["supplier_id"]
    rows = []
    totals = np.array([np.maximum(cost[supplier == code], 0).sum() for code in range(len(names))], dtype=np.int64)
    for code in np.argsort(-totals, kind="stable").tolist():
        mine = ordered & (supplier == code)
        if mine.any():
            quantity = int(columns["order_quantity_units"][mine].sum())
            rows.append(
                (
                    names[code] or "(none)",
                    f"{int(mine.sum()):,}",
                    f"{quantity:,}",
                    _total(cost[mine], plan.currency),
                )
            )
    show_table(console, ("supplier", "lines", "units", "cost"), rows[:_SUPPLIERS])
    if len(rows) > _SUPPLIERS:
        say(console, f"… and {counted(len(rows) - _SUPPLIERS, 'more suppliers')}", style="dim")


def _say_why_nothing(console: Console, plan: Plan) -> None:
    unknown = int((~plan.columns["stock_known"]).sum())
    if unknown:
        say(console, f"The stock of {counted(unknown, 'items')} is not known, and on unknown stock nothing is ordered.")


def show_risk(console: Console, plan: Plan) -> None:
    """What is likely to run out before an order placed today arrives."""
    columns = plan.columns
    price = np.maximum(columns["unit_price_minor"], 0)
    short = np.where(
        columns["reorder_allowed"] & ~columns["is_bundle"], np.nan_to_num(columns["expected_short_units"]), 0
    )
    at_stake = short * price
    concerned = np.nan_to_num(columns["stockout_risk_share"]) > 0.5
    concerned &= short > 0
    heading(
        console, f"Likely to run out before an order placed today arrives: {counted(int(concerned.sum()), 'items')}"
    )
    available = columns["on_hand_units"] - columns["reserved_units"] - columns["backlog_units"]
    rows = []
    at_risk = np.flatnonzero(concerned)
    for row in at_risk[np.lexsort((-short[at_risk], -at_stake[at_risk]))][:_AT_RISK].tolist():
        daily = columns["daily_mean_units"][row]
        rows.append(
            (
                f"{columns['sku_id'][row]} @ {columns['location_id'][row]}",
                f"{columns['on_hand_units'][row]:,}",
                number(max(0.0, available[row] / daily) if daily > 0 else 0.0),
                number(columns["lead_time_days_mean"][row]),
                f"{100 * columns['stockout_risk_share'][row]:.0f}%",
                money(round(float(at_stake[row])), plan.currency) if price[row] else _UNKNOWN,
            )
        )
    if rows:
        titles = ("dearest first", "on hand", "days left", "lead time, days", "risk", "sales at stake")
        show_table(console, titles, rows)


def _show_ends(console: Console, plan: Plan) -> None:
    """How many items are running out, and what of them is expected to be left over."""
    columns = plan.columns
    going = ~np.isnan(columns["remaining_demand_units"]) & ~columns["is_bundle"]
    if not going.any():
        return
    cost, units = columns["leftover_cost_minor"][going], columns["leftover_units"][going]
    left = int(np.maximum(units, 0).sum())
    at_risk = _total(cost, plan.currency) if left else money(0, plan.currency)
    items = int(going.sum())
    verb = "is" if items == 1 else "are"
    heading(console, f"{counted(items, 'items')} {verb} running out: {at_risk} at risk of being left over")
    due = int((going & (plan.text("last_buy") == "due today") & (columns["order_quantity_units"] > 0)).sum())
    cut = int((columns["markdown_share"] > 0).sum())
    say(
        console,
        f"{counted(left, 'units')} expected to be left; {counted(due, 'last buys')} due today; a price cut is "
        f"suggested for {counted(cut, 'items')}. end_of_life.csv lists them.",
    )


def _show_capital(console: Console, plan: Plan) -> None:
    columns = plan.columns
    excess = np.maximum(columns["excess_value_minor"], 0)
    heading(console, "Capital in stock")
    amounts = (
        ("at cost", "stock_value_minor"),
        ("beyond 90 days of demand", "excess_value_minor"),
        ("no sale in 26 weeks in stock", "dead_stock_value_minor"),
    )
    show_table(console, ("stock", "value"), [(title, _total(columns[name], plan.currency)) for title, name in amounts])
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
        console.print()
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
    heading(console, f"Findings that need a person: {len(told)}")
    for finding in sorted(told, key=lambda f: (f.severity is not Severity.ERROR, -f.count))[:_FINDINGS]:
        place = f"{finding.where}: " if finding.where else ""
        say(console, f"{place}{finding.message}", "  ", "    ")
    say(console, "All of them, with why each matters and how to mend it:" if len(told) > _FINDINGS else "The mend:")
    say_command(console, f"skuwise check {shlex.quote(short_path(folder))} --as-of {dataset.as_of}")
