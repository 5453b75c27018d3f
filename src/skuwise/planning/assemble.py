"""From a checked dataset to what a plan is made from. Read ``plan_inputs`` from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from skuwise.core.catalog.inputs import History, PlanInputs
from skuwise.core.findings import Finding, found
from skuwise.dataset.contract import Dataset
from skuwise.planning.attributes import bundle_flags, item_attributes, line_up, selling_prices
from skuwise.planning.availability import Spans, in_stock_shares, spans_of_counts, spans_of_table
from skuwise.planning.bundles import component_units, read_recipes
from skuwise.planning.columns import column
from skuwise.planning.deliveries import deliveries
from skuwise.planning.feeds import feeds
from skuwise.planning.fill_counts import fill_counts
from skuwise.planning.lead_times import observed_lead_times
from skuwise.planning.lines import SalesLines, read_lines
from skuwise.planning.names import ITEM_TABLES, Items, Names, index_items, learn_names
from skuwise.planning.orders import open_order_lines
from skuwise.planning.paid_prices import paid_prices
from skuwise.planning.panel import received_panel, sales_panel
from skuwise.planning.promotions import promotion_lines
from skuwise.planning.seen import see
from skuwise.planning.stock import on_hand_means, stock_state
from skuwise.planning.terms import find_supply, suppliers_of, supply_terms
from skuwise.planning.told import told


def plan_inputs(
    dataset: Dataset, *, as_of: date | None = None, period_days: int = 7, history_periods_max: int = 208
) -> PlanInputs:
    """Turn contract tables into arrays over items and periods.

    ``as_of`` is the first day that is not seen, by default the dataset's own; an earlier one gives what could have
    been known then. An item is a SKU at a location that occurs in sales, stock, supply, open orders, receipts or as
    component of a bundle sold there; a SKU of catalogue or supply that occurs nowhere lies at the default location.
    Every stand-in for a missing figure is a finding, after the dataset's own. Raises ValueError where
    ``period_days`` or ``history_periods_max`` is below 1.
    """
    if period_days < 1 or history_periods_max < 1:
        raise ValueError(f"periods must be positive: {period_days} days, {history_periods_max} periods")
    seen = see(dataset, as_of or dataset.as_of)
    tables = seen.tables
    findings = [*dataset.findings, *seen.findings]

    # Names become whole numbers; the history spans from the first sales line to the as-of day.
    names, sku, location = learn_names({name: frame for name, frame in dataset.tables.items() if frame.height})
    findings += _rows_without_location(tables, names)
    lines, told_of_lines = read_lines(
        tables.get("sales"),
        names,
        sku,
        location,
        as_of=seen.as_of,
        period_days=period_days,
        history_periods_max=history_periods_max,
    )
    del sku, location
    recipes = read_recipes(tables.get("bundles"), names)
    promoted = promotion_lines(lines, tables.get("prices"), names)
    from_bundles, told_of_bundles = component_units(lines, promoted, recipes, names)
    findings += told_of_lines + told_of_bundles

    # Everything that occurs is an item.
    pairs = {name: names.pairs_of(tables[name]) for name in (*ITEM_TABLES, "availability") if name in tables}
    items, told_of_items = _find_items(names, tables, pairs, lines, None if from_bundles is None else from_bundles.pair)
    findings += told_of_items
    rows = {name: items.rows_of(of_table) for name, of_table in pairs.items() if name != "supply"}
    nothing = np.empty(0, dtype=np.int64)
    stock, receipts = tables.get("stock"), tables.get("receipts")
    stock_rows, receipt_rows = rows.get("stock", nothing), rows.get("receipts", nothing)
    is_bundle = bundle_flags(None if recipes is None else recipes.is_bundle, items)

    # What was sold, and when it could be.
    item_of_line = items.rows_of(lines.pair)
    panel, told_of_panel = sales_panel(lines, item_of_line, promoted, from_bundles, items)
    spans, told_of_availability = _availability(tables, rows, items, lines)
    in_stock_share, availability_known = in_stock_shares(spans, len(items), lines.grid)
    history = History(
        grid=lines.grid,
        sales_units=panel.sales_units,
        in_stock_share=in_stock_share,
        availability_known=availability_known,
        promotion_share=panel.promotion_share,
        returned_units=panel.returned_units,
        received_units=received_panel(receipts, receipt_rows, items, lines),
        on_hand_units_mean=on_hand_means(stock, stock_rows, len(items), lines.grid),
        paid_price_minor=paid_prices(lines, item_of_line, promoted, tables.get("prices"), items),
    )

    # How it is bought, what lies there and what is on its way.
    catalogue = line_up(tables.get("skus"), items)
    supply_rows = find_supply(tables.get("supply"), items)
    supplier = suppliers_of(supply_rows, catalogue.text("supplier_id"))
    observed = observed_lead_times(receipts, receipt_rows, supplier)
    terms, told_of_terms = supply_terms(
        supply_rows, observed, receipts, receipt_rows, catalogue.money("unit_cost_minor"), items, is_bundle
    )
    price, told_of_prices = selling_prices(catalogue, tables.get("prices"), lines, seen.as_of)
    on_hand, told_of_stock = stock_state(stock, stock_rows, items, is_bundle, lines.grid)
    later = seen.later_receipts
    orders, told_of_orders = open_order_lines(
        tables.get("open_orders"),
        rows.get("open_orders", nothing),
        later,
        nothing if later is None else items.rows_of(names.pairs_of(later)),
        items,
        terms.lead_time_days_mean,
        lines.grid.as_of,
    )
    findings += told_of_panel + told_of_availability + told_of_terms + told_of_prices + told_of_stock + told_of_orders
    return PlanInputs(
        index=items.index(),
        attributes=item_attributes(catalogue, supplier, price, is_bundle),
        history=history,
        supply=terms,
        stock=on_hand,
        open_orders=orders,
        fill=fill_counts(lines, item_of_line, len(items)),
        currency=dataset.settings.currency,
        findings=tuple(findings),
        deliveries=deliveries(receipts, receipt_rows, supplier),
        feeds=feeds(lines, stock, receipts),
    )


def _find_items(
    names: Names,
    tables: Mapping[str, pl.DataFrame],
    pairs: Mapping[str, np.ndarray],
    lines: SalesLines,
    component_pairs: np.ndarray | None,
) -> tuple[Items, list[Finding]]:
    """All items; SKUs that only catalogue or general supply terms name are put at the default location."""
    occurring = [
        lines.pair,
        lines.older_pairs,
        *(pairs[name] for name in ("stock", "open_orders", "receipts") if name in pairs),
    ]
    if component_pairs is not None:
        occurring.append(component_pairs)
    if "supply" in tables:
        located = names.locations.codes(column(tables["supply"], "location_id")) >= 0
        occurring.append(pairs["supply"][located])
    placed = np.zeros(len(names.skus), dtype=bool)
    for some in occurring:
        placed[some // len(names.locations)] = True
    listed = np.zeros(len(names.skus), dtype=bool)
    for name in ("skus", "supply"):
        if name in tables:
            listed[names.skus.codes(tables[name]["sku_id"])] = True
    alone = np.flatnonzero(listed & ~placed)
    items = index_items(names, [*occurring, alone * len(names.locations) + names.default_location])
    default = names.locations.names[names.default_location]
    text = f"in the catalogue or supply terms only; planned at location {default}"
    return items, told("PLN-005", items, (listed & ~placed)[items.sku], text, table="skus")


def _availability(
    tables: Mapping[str, pl.DataFrame], rows: Mapping[str, np.ndarray], items: Items, lines: SalesLines
) -> tuple[Spans | None, list[Finding]]:
    """Spans of the availability table, or of dense stock counts where there is none."""
    if "availability" in tables:
        return spans_of_table(tables["availability"], rows["availability"], items)
    if "stock" not in tables:
        return None, []
    receipt_rows = rows.get("receipts", np.empty(0, dtype=np.int64))
    spans = spans_of_counts(tables["stock"], rows["stock"], tables.get("receipts"), receipt_rows, lines.grid)
    if not len(spans.item):
        return None, []
    which = np.zeros(len(items), dtype=bool)
    which[spans.item] = True
    return spans, told("PLN-060", items, which, "stockouts are read from frequent stock counts", table="stock")


def _rows_without_location(tables: Mapping[str, pl.DataFrame], names: Names) -> list[Finding]:
    """Rows that name no location in a dataset that has some: they are put at the default one."""
    if not names.locations_named:
        return []
    default = names.locations.names[names.default_location]
    findings = []
    for name in ("sales", "stock", "open_orders", "receipts", "availability"):
        count = column(tables[name], "location_id").null_count() if name in tables else 0
        if count:
            text = f"{count} rows of {name} name no location and count for {default}"
            findings.append(found("PLN-004", text, table=name, count=count))
    return findings
