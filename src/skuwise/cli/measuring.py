"""The metrics of a plan on screen: of the shop, of groups of it, of one item; each with what it measures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from rich.console import Console

from skuwise.cli.screen import heading, refused, say, screen, show_table, user_errors
from skuwise.core.dictionary import plan_fields
from skuwise.core.metrics import portfolio_metrics
from skuwise.core.plan import Plan
from skuwise.core.trace import find_item
from skuwise.core.trace.words import in_words, label, money, nearest, number, text_at
from skuwise.snapshot import read_plan

#: Names and metrics in the order in which a person asks for them. A metric without a section is under "Other".
_SECTIONS = {
    "Capital": ("stock_value", "excess", "dead_stock", "on_hand_units", "available_units", "weeks_in_stock"),
    "Turnover and margin": ("inventory_turnover", "gmroi", "cogs", "net_revenue", "inventory_"),
    "Sell-through": ("sell_through", "receipt_cohort", "units_for_sale"),
    "Supply": ("weeks_of_supply", "days_of_supply"),
    "Service": (
        "unit_fill_rate",
        "line_fill_rate",
        "order_fill_rate",
        "in_stock_rate",
        "stockout",
        "lost_",
    ),
    "What the figures rest on": ("",),
}
_OF_THE_SHOP = {
    "items": "SKUs at locations",
    "items_stock_known": "Of these with a stock count",
    "items_stock_counted": "Of these with stock counts of several days",
    "items_cost_known": "Of these with a unit cost",
    "items_stockouts_known": "Of these whose stockouts are known",
}
#: The columns of a comparison: metric, header. The last ones are left out where the window is narrow.
_GROUP_COLUMNS = (
    ("items", "items"),
    ("stock_value_minor", "stock value"),
    ("inventory_turnover_cost_per_year", "turnover"),
    ("weeks_of_supply_forward", "weeks"),
    ("unit_fill_rate_demand_based", "fill rate"),
    ("sell_through_available_share", "sold"),
    ("gmroi_per_year", "GMROI"),
    ("excess_value_minor", "excess"),
    ("lost_sales_minor_52w", "lost sales"),
)
_BESIDE_MIN = 48


def show_metrics(folder: Path, by: str, sku: str, location: str | None) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        if by and sku:
            raise refused("--by compares groups and --sku tells of one item: give one of them")
        if location and not sku:
            raise refused("--location goes with --sku; to compare locations use --by location_id")
        if sku:
            _show_item(console, plan, sku, location)
        elif by:
            _show_groups(console, plan, by)
        else:
            _show_shop(console, plan)


def _show_item(console: Console, plan: Plan, sku: str, location: str | None) -> None:
    row, elsewhere = find_item(plan, sku, location, "stock_value_minor")
    place = f"{text_at(plan, 'sku_id', row)} @ {text_at(plan, 'location_id', row)}"
    heading(console, f"Metrics of {place}, as of {plan.as_of}")
    if elsewhere:
        say(console, f"also at {', '.join(elsewhere)} (choose with --location)", style="dim")
    names = [name for name, field in plan_fields().items() if field.table == "metrics" and name in plan.columns]
    _show_sections(console, {name: _of_item(plan, name, row) for name in names})


def _of_item(plan: Plan, name: str, row: int) -> str:
    value = plan.columns[name][row]
    whole_unknown = name not in plan.labels and value.dtype.kind == "i" and value == -1
    return "unknown" if whole_unknown else in_words(plan, name, value).replace("_", " ")


def _show_shop(console: Console, plan: Plan) -> None:
    table = portfolio_metrics(plan.columns, plan.labels, None)
    heading(console, f"Metrics of the whole shop, as of {plan.as_of}")
    told = {name: _figure(plan, name, float(values[0])) for name, values in table.items() if name != "group"}
    _show_sections(console, told)


def _show_sections(console: Console, told: dict[str, str]) -> None:
    names, values = max(map(len, told)), max(map(len, told.values()))
    start = names + values + 6
    left = list(told)
    for title, beginnings in _SECTIONS.items():
        mine = [name for beginning in beginnings for name in left if name.startswith(beginning)]
        mine = list(dict.fromkeys(mine))
        left = [name for name in left if name not in mine]
        if not mine:
            continue
        heading(console, title)
        for name in mine:
            field = plan_fields().get(name)
            meaning = _OF_THE_SHOP.get(name) or (_meaning(field.description) if field else "")
            line = f"  {name:<{names}}  {told[name]:>{values}}"
            if console.width - start >= _BESIDE_MIN:
                say(console, meaning, f"{line}  ", " " * start)
            else:
                console.print(line, soft_wrap=True)
                say(console, meaning, "      ", "      ", style="dim")


def _meaning(description: str) -> str:
    """A description without what a file holds where nothing is known: the screen says "unknown".

    >>> _meaning("On hand at unit cost; -1 where stock or cost is unknown")
    'On hand at unit cost'
    """
    return re.sub(r"; (-1|NaN) .*$", "", description)


def _show_groups(console: Console, plan: Plan, by: str) -> None:
    groups = [*(name for name in plan.labels if name in plan.columns), "location_id"]
    if by not in groups:
        close = nearest(by, groups)
        names = "category, brand, supplier_id, abc_class, stage, location_id"
        raise refused(f"cannot group by {by!r}; did you mean {' or '.join(close) or f'one of {names}'}?")
    table = portfolio_metrics(plan.columns, plan.labels, by)
    heading(console, f"Metrics by {label(by)}, as of {plan.as_of}; the largest stock value first")
    order = np.argsort(-table["stock_value_minor"], kind="stable")
    rows = []
    for group in order.tolist():
        figures = (_figure(plan, name, float(table[name][group])) for name, _ in _GROUP_COLUMNS)
        rows.append((str(table["group"][group]), *figures))
    left_out = show_table(console, (label(by), *(title for _, title in _GROUP_COLUMNS)), rows)
    console.print()
    for name, title in _GROUP_COLUMNS:
        field = plan_fields().get(name)
        if field is not None and title not in left_out:
            say(console, f"{title}: {name}. {_meaning(field.description)}.", "", "  ", style="dim")
    if left_out:
        say(console, f"A wider window also shows: {', '.join(left_out)}.", style="dim")


def _figure(plan: Plan, name: str, value: float) -> str:
    """A figure of the portfolio; a null is a word, not a nought."""
    if np.isnan(value) or (not name.startswith("items") and value == -1):
        return "unknown"
    if name.endswith("_minor") or "_minor_" in name:
        return money(value, plan.currency)
    if name.endswith(("_share", "_rate")) or any(part in name for part in ("fill_rate", "in_stock_rate", "_share_")):
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 10_000 else number(value, 2)
