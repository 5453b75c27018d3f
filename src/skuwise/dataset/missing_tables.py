"""What cannot be told because a table, or a column of it, was not given; said, never guessed silently."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from skuwise.core.findings import Finding, found


def missing_tables(tables: Mapping[str, pl.DataFrame]) -> list[Finding]:
    """A finding for each result that has nothing to rest on."""
    findings = []

    def lacks(*columns: tuple[str, str]) -> bool:
        """Whether none of the (table, column) pairs holds a value."""
        return not any(
            table in tables and len(tables[table]) > tables[table][column].null_count() for table, column in columns
        )

    if lacks(("sales", "units")):
        findings.append(found("DAT-NO-SALES", "there are no sales: no demand can be estimated", table="sales"))
    if lacks(("stock", "on_hand_units")):
        told = "there is no stock table: order quantities cannot be computed"
        findings.append(found("DAT-NO-STOCK", told, table="stock"))
    if lacks(("supply", "sku_id")):
        told = "there is no supply table: lead times, minimum quantities and case sizes are assumed"
        findings.append(found("DAT-NO-SUPPLY", told, table="supply"))
    if lacks(("skus", "unit_price_minor"), ("prices", "unit_price_minor"), ("sales", "unit_price_minor")):
        told = "no table names a selling price: value classes rest on units and margins cannot be told"
        findings.append(found("DAT-NO-PRICES", told, table="prices"))
    if lacks(("supply", "unit_cost_minor"), ("skus", "unit_cost_minor"), ("receipts", "unit_cost_minor")):
        told = "no table names a unit cost: order value, capital and margins cannot be told"
        findings.append(found("DAT-NO-COSTS", told, table="supply"))
    if lacks(("availability", "sku_id")):
        counted = "stock" in tables and tables["stock"]["date"].n_unique() > 1
        told = "there is no availability table: stockouts are known from the stock counts alone"
        if not counted:
            told = "there is no availability table: stockouts are not known, so sales are read as demand"
        findings.append(found("DAT-NO-AVAILABILITY", told, table="availability"))
    if lacks(("receipts", "sku_id")):
        told = "there is no receipts table: lead times and sell-through cannot be measured on what arrived"
        findings.append(found("DAT-NO-RECEIPTS", told, table="receipts"))
    if lacks(("open_orders", "sku_id")):
        told = "there is no open_orders table: nothing is taken to be on order"
        findings.append(found("DAT-NO-OPEN-ORDERS", told, table="open_orders"))
    return findings
