"""How each item is bought: supply terms, and what stands in for the ones that are not given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import Labels, SupplyTerms
from skuwise.core.findings import Finding
from skuwise.planning.columns import day_numbers, real_numbers, text_of, whole_numbers
from skuwise.planning.lead_times import NO_SUPPLIER, ObservedLeadTimes
from skuwise.planning.names import Items, labels_of
from skuwise.planning.told import told

#: Of several suppliers of an item the cheapest is planned with, then the fastest; never the order of the rows.
PREFERENCE = (
    "unit_cost_minor",
    "lead_time_days_mean",
    "supplier_id",
    "moq_units",
    "order_multiple_units",
    "order_cost_minor",
    "lead_time_days_sd",
    "_row",
)
UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class SupplyRows:
    """Which rows of the supply table speak of each item [(n,) each, -1 none].

    ``exact`` names SKU and location, ``general`` the SKU alone. A field that the exact row leaves blank is read from
    the general one.
    """

    supply: pl.DataFrame | None
    exact: IntArray
    general: IntArray
    several: BoolArray

    def __iter__(self) -> Iterator[IntArray]:
        yield self.exact
        yield self.general

    def whole(self, name: str, missing: int = UNKNOWN) -> IntArray:
        """A column of whole numbers by item."""
        if self.supply is None:
            return np.full(len(self.exact), missing, dtype=np.int64)
        values = np.append(whole_numbers(self.supply, name, missing), missing)  # row -1 reads the last place
        return np.where(values[self.exact] != missing, values[self.exact], values[self.general])

    def real(self, name: str) -> FloatArray:
        """A column of real numbers by item; NaN where nothing is given."""
        if self.supply is None:
            return np.full(len(self.exact), np.nan)
        values = np.append(real_numbers(self.supply, name), np.nan)
        return np.where(np.isnan(values[self.exact]), values[self.general], values[self.exact])


def find_supply(supply: pl.DataFrame | None, items: Items) -> SupplyRows:
    """The supply rows of each item; a row that names the location goes before one for every location."""
    if supply is None:
        nowhere = np.full(len(items), -1, dtype=np.int64)
        return SupplyRows(None, nowhere, nowhere, np.zeros(len(items), dtype=bool))
    present = [name for name in PREFERENCE if name in supply.columns]
    by = [pl.col(name).cast(pl.String) if name == "supplier_id" else pl.col(name) for name in present]
    supply = supply.sort(by, nulls_last=True) if by else supply
    width = len(items.names.locations) + 1
    location = items.names.locations.codes(text_of(supply, "location_id")).astype(np.int64) + 1  # 0 is everywhere
    key = items.names.skus.codes(supply["sku_id"]).astype(np.int64) * width + location
    distinct, first, count = np.unique(key, return_index=True, return_counts=True)

    def place_of(wanted: IntArray) -> IntArray:
        place = np.searchsorted(distinct, wanted).clip(max=len(distinct) - 1)
        return np.where(distinct[place] == wanted, place, -1)

    exact, general = place_of(items.sku * width + items.location + 1), place_of(items.sku * width)
    rows, counts = np.append(first, -1), np.append(count, 0)
    return SupplyRows(supply, rows[exact], rows[general], (counts[exact] > 1) | (counts[general] > 1))


def suppliers_of(rows: SupplyRows, catalogue_supplier: pl.Series) -> Labels:
    """Supplier of each item: of its supply terms, else of the catalogue."""
    supplier = pl.repeat(None, len(rows.exact), dtype=pl.String, eager=True)
    if rows.supply is not None:
        named = text_of(rows.supply, "supplier_id")
        for row in rows:
            supplier = supplier.fill_null(named.gather(pl.Series(row).replace(-1, None)))
    return labels_of(supplier.fill_null(catalogue_supplier).fill_null(NO_SUPPLIER))


def supply_terms(
    rows: SupplyRows,
    observed: ObservedLeadTimes,
    receipts: pl.DataFrame | None,
    receipt_rows: np.ndarray,
    catalogue_cost: IntArray,
    items: Items,
    is_bundle: BoolArray,
) -> tuple[SupplyTerms, list[Finding]]:
    """Supply terms of each item, and what was put in place of missing ones.

    Lead time: supply table, else receipts. Unit cost: supply table, else the item's newest receipt, else the SKU's
    newest receipt anywhere, else the catalogue. Order cost is 0, MOQ 0 and the multiple 1 where not given.
    """
    given_mean, given_sd = rows.real("lead_time_days_mean"), rows.real("lead_time_days_sd")
    no_mean, no_sd = np.isnan(given_mean), np.isnan(given_sd)
    mean = np.where(no_mean, observed.days_mean, given_mean)
    sd = np.where(no_sd & ~np.isnan(mean), observed.days_sd, given_sd)
    sd = np.where(np.isnan(mean), np.nan, sd)
    given_cost = rows.whole("unit_cost_minor")
    paid = _newest_cost(receipts, receipt_rows, items)
    cost = np.where(given_cost >= 0, given_cost, np.where(paid >= 0, paid, catalogue_cost))
    terms = SupplyTerms(
        lead_time_days_mean=mean,
        lead_time_days_sd=sd,
        lead_time_observations=np.where(no_mean, observed.observations, 0),
        moq_units=np.maximum(rows.whole("moq_units"), 0),
        order_multiple_units=np.maximum(rows.whole("order_multiple_units"), 1),
        unit_cost_minor=cost,
        order_cost_minor=np.maximum(rows.whole("order_cost_minor"), 0),
        undelivered_share=rows.real("undelivered_share"),
        source_row=_source_row(rows),
    )
    bought = ~is_bundle
    from_own = bought & no_mean & ~np.isnan(mean) & ~observed.from_supplier
    from_supplier = bought & no_mean & ~np.isnan(mean) & observed.from_supplier
    cost_missing = bought & (given_cost < 0)
    return terms, [
        *told("PLN-020", items, from_own, "lead time measured on the item's receipts", table="receipts"),
        *told("PLN-021", items, from_supplier, "lead time measured on the supplier's receipts", table="receipts"),
        *told(
            "PLN-022", items, bought & np.isnan(mean), "neither terms nor receipts tell the lead time", table="supply"
        ),
        *told("PLN-023", items, bought & ~np.isnan(mean) & np.isnan(sd), "no spread of the lead time", table="supply"),
        *told("PLN-024", items, bought & rows.several, "several supply rows; the cheapest is used", table="supply"),
        *told("PLN-025", items, cost_missing & (paid >= 0), "unit cost of the newest receipt", table="receipts"),
        *told("PLN-026", items, cost_missing & (paid < 0) & (cost >= 0), "unit cost of the catalogue", table="skus"),
        *told("PLN-027", items, bought & (cost < 0), "unit cost unknown", table="supply"),
    ]


def _source_row(rows: SupplyRows) -> IntArray:
    if rows.supply is None:
        return np.zeros(len(rows.exact), dtype=np.int64)
    row = np.append(whole_numbers(rows.supply, "_row", 0), 0)
    return np.where(rows.exact >= 0, row[rows.exact], row[rows.general])


def _newest_cost(receipts: pl.DataFrame | None, receipt_rows: np.ndarray, items: Items) -> IntArray:
    """Cost of the item's newest receipt, else of the SKU's; of one day the dearest; -1 unknown [(n,) minor]."""
    newest = np.full(len(items), UNKNOWN, dtype=np.int64)
    if receipts is None:
        return newest
    cost, day = whole_numbers(receipts, "unit_cost_minor", UNKNOWN), day_numbers(receipts, "received_on")
    priced = np.flatnonzero(cost >= 0)
    order = priced[np.lexsort((cost[priced], day[priced]))]
    anywhere = np.full(len(items.names.skus), UNKNOWN, dtype=np.int64)
    anywhere[items.sku[receipt_rows[order]]] = cost[order]  # the last of equal places stays: the newest
    newest[receipt_rows[order]] = cost[order]
    return np.where(newest >= 0, newest, anywhere[items.sku])
