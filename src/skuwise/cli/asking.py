"""Commands that ask a plan: explain, diff, metrics and rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skuwise.cli.screen import heading, refused, screen, show_table, user_errors
from skuwise.core.dictionary import fields_of
from skuwise.core.metrics import portfolio_metrics
from skuwise.core.plan import Plan
from skuwise.core.rules import explain_field, explanation
from skuwise.core.trace import diff, explain, find_item, render, render_diff
from skuwise.core.trace.words import in_words, label, money, nearest, number
from skuwise.snapshot import read_plan

#: What the seed of the product calls its key metrics comes first; all of them are in metrics.csv.
_GROUP_COLUMNS = (
    ("items", "items"),
    ("stock_value_minor", "stock value"),
    ("inventory_turnover_cost_per_year", "turnover cost/yr"),
    ("sell_through_available_share", "sell-thr. available 13w"),
    ("weeks_of_supply_forward", "weeks fwd"),
    ("unit_fill_rate_demand_based", "fill demand-based"),
    ("gmroi_per_year", "GMROI"),
    ("excess_value_minor", "excess > 90 d"),
    ("lost_sales_minor_52w", "lost sales 52w"),
)


def explain_item(folder: Path, sku: str, field: str, location: str | None, *, full: bool) -> None:
    console = screen()
    with user_errors():
        console.print(render(explain(read_plan(folder), sku, location, field), full=full, width=console.width))


def compare_plans(before: Path, after: Path, top: int) -> None:
    console = screen()
    with user_errors():
        console.print(render_diff(diff(read_plan(before), read_plan(after), top=top), width=console.width))


def explain_rule(folder: Path, sku: str, field: str, location: str | None) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        if field not in fields_of("rules"):
            close = ", ".join(nearest(field, fields_of("rules"))) or ", ".join(fields_of("rules"))
            raise refused(f"there is no rule field {field}; did you mean {close}?")
        row, elsewhere = find_item(plan, sku, location, field)
        tried = explain_field(plan.rulebook, plan.columns, plan.labels, plan.as_of, row, field)
        names = (str(plan.columns[name][row]) for name in ("sku_id", "location_id"))
        for line in explanation(tried, field, *names):
            console.print(line)
        if elsewhere:
            console.print(f"also at {', '.join(elsewhere)} (choose with --location)")


def list_rules(folder: Path) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        rules = plan.rulebook.in_order
        decides = np.zeros((len(rules), len(plan)), np.bool_)
        for given in plan.given_by.values():
            decides[given, np.arange(len(plan))] = True
        rows = []
        for rule, count in zip(rules, decides.sum(axis=1).tolist(), strict=True):
            sets = ", ".join(f"{name} = {value}" for name, value in rule.values.items())
            shown = "the dictionary's defaults" if rule.layer == "built-in" else sets
            rows.append((rule.layer, rule.name, shown, f"{count:,}"))
        heading(console, f"Rules of plan {plan.plan_id}: a later layer wins; items each decides at least one field of")
        show_table(console, ("layer", "rule", "sets", "items"), rows, left=3, shrink=2)


def show_metrics(folder: Path, by: str, sku: str, location: str | None) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        if sku:
            row, _ = find_item(plan, sku, location, "stock_value_minor")
            place = f"{plan.columns['sku_id'][row]} @ {plan.columns['location_id'][row]}"
            heading(console, f"Metrics of {place}, as of {plan.as_of}")
            told = [
                (name, in_words(plan, name, plan.columns[name][row]))
                for name in fields_of("metrics")
                if name in plan.columns
            ]
            show_table(console, ("metric", "value"), told)
            return
        if by and (by not in plan.columns or (by not in plan.labels and by != "location_id")):
            groups = [*plan.labels, "location_id"]
            raise refused(f"cannot group by {by}; did you mean {', '.join(nearest(by, groups)) or ', '.join(groups)}?")
        _show_portfolio(plan, by)


def _show_portfolio(plan: Plan, by: str) -> None:
    console = screen()
    table = portfolio_metrics(plan.columns, plan.labels, by or None)
    if not by:
        heading(console, f"Metrics of the whole shop, as of {plan.as_of}")
        rows = [(name, _figure(plan, name, values[0])) for name, values in table.items() if name != "group"]
        show_table(console, ("metric", "value"), rows)
        return
    heading(console, f"Metrics by {label(by)}, as of {plan.as_of}; the largest stock value first")
    order = np.argsort(-table["stock_value_minor"], kind="stable")
    grouped = []
    for group in order.tolist():
        figures = (_figure(plan, name, table[name][group]) for name, _ in _GROUP_COLUMNS)
        grouped.append((str(table["group"][group]), *figures))
    show_table(console, (label(by), *(title for _, title in _GROUP_COLUMNS)), grouped)


def _figure(plan: Plan, name: str, value: float) -> str:
    """A figure of the portfolio; a null is a dash, not a nought."""
    if np.isnan(value) or (name not in ("items",) and value == -1):
        return "–"
    if name.endswith("_minor") or "_minor_" in name:
        return money(value, plan.currency)
    if name.endswith(("_share", "_rate")) or "fill_rate" in name or "in_stock_rate" in name or "_share_" in name:
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 100 else number(value, 2)
