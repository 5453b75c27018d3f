"""Bundles: what sold as one SKU is demand for the SKUs inside it.

A bundle is not bought, its components are. So the bundle keeps its own sales for its own figures, and each of its
units also counts as demand for the components of the recipe that held on the day of the sale, at the same location.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.findings import Finding, found
from skuwise.planning.columns import DAY_SPAN, day_numbers, sum_by, whole_numbers
from skuwise.planning.lines import SalesLines, net_of_cancellations, periods_of
from skuwise.planning.names import Names

#: Bundles within bundles deeper than this are a circle, which the reader of the dataset refuses.
DEPTH_MAX = 64


@dataclass(frozen=True, slots=True, eq=False)
class Recipes:
    """What is in each bundle: ``edges`` has bundle, component, component_units, start and until (day numbers)."""

    edges: pl.DataFrame
    is_bundle: BoolArray  # by SKU code


@dataclass(frozen=True, slots=True, eq=False)
class ComponentUnits:
    """Units that bundles used of their components, a row for each pair and day [(k,) each]."""

    pair: IntArray
    day: IntArray
    units: IntArray
    promotion_units: IntArray
    returned_units: IntArray


def read_recipes(bundles: pl.DataFrame | None, names: Names) -> Recipes | None:
    """The recipes by SKU code; None where there are no bundles."""
    if bundles is None:
        return None
    bundle = names.skus.codes(bundles["bundle_sku_id"])
    edges = pl.DataFrame(
        {
            "bundle": bundle.astype(np.int64),
            "component": names.skus.codes(bundles["component_sku_id"]).astype(np.int64),
            "component_units": whole_numbers(bundles, "component_units", 1),
            "start": day_numbers(bundles, "valid_from", 0),
            "until": day_numbers(bundles, "valid_until", DAY_SPAN),
        }
    )
    is_bundle = np.zeros(len(names.skus), dtype=bool)
    is_bundle[bundle] = True
    return Recipes(edges, is_bundle)


def component_units(
    lines: SalesLines, promoted: BoolArray | None, recipes: Recipes | None, names: Names
) -> tuple[ComponentUnits | None, list[Finding]]:
    """Explode the bundle sales net of cancellations, and the bundle returns; None where no bundle was sold.

    Conservation: the units of a component from bundles are the sum over bundles of net units sold × units of the
    component in one bundle. Sales on a day without a recipe stay with the bundle and are told.
    """
    if recipes is None:
        return None, []
    of_bundles = np.flatnonzero(recipes.is_bundle[lines.sku])
    if not len(of_bundles):
        return None, []
    sold, returned = _sold_days(lines, promoted, of_bundles), _returned_days(lines, of_bundles)
    exploded, without_recipe = _explode(pl.concat([sold, returned]), recipes.edges, len(names.locations))
    findings = _told(without_recipe, names)
    if not exploded.height:
        return None, findings
    parts = (exploded[name].to_numpy() for name in ("pair", "day", "units", "promotion_units", "returned_units"))
    return ComponentUnits(*parts), findings


def _sold_days(lines: SalesLines, promoted: BoolArray | None, of_bundles: IntArray) -> pl.DataFrame:
    """Net units by pair and day: where a period had cancellations, its newest days give up their units first."""
    grid = lines.grid
    pairs, row_of = np.unique(lines.pair[of_bundles], return_inverse=True)
    row = np.full(len(lines), -1, dtype=np.int64)
    row[of_bundles] = row_of
    sold = of_bundles if lines.sold is None else of_bundles[lines.sold[of_bundles]]
    undone = lines.cancelled[row[lines.cancelled] >= 0]
    gross = periods_of(row[sold], lines.day[sold], lines.units[sold], len(pairs), grid)
    cancelled = periods_of(row[undone], lines.day[undone], np.abs(lines.units[undone]), len(pairs), grid)
    net, _ = net_of_cancellations(gross, cancelled)

    keys, place = np.unique(row[sold] * DAY_SPAN + lines.day[sold], return_inverse=True)
    units = sum_by(place, lines.units[sold], len(keys))
    on_promotion = np.zeros(len(sold), dtype=np.int64) if promoted is None else lines.units[sold] * promoted[sold]
    promotion = sum_by(place, on_promotion, len(keys))
    day = keys % DAY_SPAN
    cell = keys // DAY_SPAN * grid.period_count + (day - int(grid.start.astype(np.int64))) // grid.period_days
    before = np.cumsum(units) - units
    first_of_cell = np.searchsorted(cell, cell, side="left")
    left = np.clip(net.reshape(-1)[cell] - (before - before[first_of_cell]), 0, units)
    return _days(pairs[keys // DAY_SPAN], day, left, np.minimum(promotion, left), np.zeros(len(keys), dtype=np.int64))


def _returned_days(lines: SalesLines, of_bundles: IntArray) -> pl.DataFrame:
    back = lines.returned[np.isin(lines.returned, of_bundles)]
    nothing = np.zeros(len(back), dtype=np.int64)
    return _days(lines.pair[back], lines.day[back], nothing, nothing, np.abs(lines.units[back]))


def _days(pair: np.ndarray, day: np.ndarray, units: IntArray, promotion: IntArray, returned: IntArray) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "pair": pair.astype(np.int64),
            "day": day.astype(np.int64),
            "units": units,
            "promotion_units": promotion,
            "returned_units": returned,
        }
    )
    return frame.filter((pl.col("units") > 0) | (pl.col("returned_units") > 0))


def _explode(rows: pl.DataFrame, edges: pl.DataFrame, location_count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace bundles by their components until none is left; also the rows that no recipe covers."""
    holds = pl.col("day").is_between(pl.col("start"), pl.col("until"), closed="left")
    counts = ("units", "promotion_units", "returned_units")
    rows = rows.with_columns(sku=pl.col("pair") // location_count, location=pl.col("pair") % location_count)
    leaves: list[pl.DataFrame] = []
    without_recipe = rows.clear()
    for depth in range(DEPTH_MAX):
        rows = rows.with_row_index("row")
        opened = rows.join(edges, left_on="sku", right_on="bundle", how="inner").filter(holds)
        closed = rows.join(opened.select("row").unique(), on="row", how="anti").drop("row")
        if depth == 0:
            without_recipe = closed
        else:
            leaves.append(closed)
        if not opened.height:
            break
        rows = opened.select(
            pair=pl.col("component") * location_count + pl.col("location"),
            day=pl.col("day"),
            **{name: pl.col(name) * pl.col("component_units") for name in counts},
            sku=pl.col("component"),
            location=pl.col("location"),
        )
    else:
        raise ValueError(f"bundles are nested more than {DEPTH_MAX} deep: a bundle holds itself")
    return (pl.concat(leaves) if leaves else rows.clear()), without_recipe


def _told(without_recipe: pl.DataFrame, names: Names) -> list[Finding]:
    units = int(without_recipe["units"].sum())
    if not units:
        return []
    skus = without_recipe["sku"].unique().sort()
    sku = str(names.skus.names[int(skus[0])])
    text = f"{units} units of {len(skus)} bundles, {sku} first, were sold on days for which no recipe holds"
    return [found("PLN-011", text, table="bundles", count=len(skus), sku_id=sku)]
