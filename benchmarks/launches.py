"""Launches: what earlier ones tell of the next on real shops, and how new and growing items fare in generated worlds.

Each figure is beside the same plan without what launches tell: without analogues and without the ramp, so that an item
is known by its own demand alone. On real shops every fourth week is an origin, and only what was seen by then is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri
from tests.realdata import adapters

import skuwise
from benchmarks.young import PERIODS, Known, Shop, inputs_of, labels_of, money_rules, run_of, shop_of
from skuwise.core import plan as core
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.forecast.analogues import FIRST_PERIODS, LAUNCHES_MIN, LEADING_PERIODS, root_moments
from skuwise.core.periods import PeriodGrid
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.planning.assemble import plan_inputs
from skuwise.planning.attributes import attribute_codes

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WEEK = 7
ORIGIN_EVERY = 4
HORIZONS = (6, 13)
#: Weeks since the launch that are told apart, and what is looked at before it.
AGES = ((1, 2), (3, 5), (6, 9), (10, 13))
LOSS_SHARES = np.array([0.5, 0.7, 0.8, 0.9])
WITH, WITHOUT = "with launches", "own demand alone"
WORLDS = ("launch", "ramp_up", "trend_up", "stationary", "stationary_poisson", "stationary_erratic")
#: Periods in which an item of the announced launches is new.
NEW_PERIODS = 13


@dataclass
class Errors:
    """Sums foretold and what came, one entry a launch and origin."""

    foretold: list[np.ndarray] = field(default_factory=list)
    came: list[np.ndarray] = field(default_factory=list)

    def add(self, foretold: np.ndarray, came: np.ndarray) -> None:
        self.foretold.append(foretold)
        self.came.append(came)

    def row(self) -> str:
        """Count, error as a share of what came, and the same without its sign."""
        foretold, came = np.concatenate(self.foretold), np.concatenate(self.came)
        return (
            f"{len(came):,} | {np.abs(foretold - came).sum() / came.sum():.3f} | {foretold.sum() / came.sum() - 1:+.2f}"
        )


def columns_of(inputs: PlanInputs, rules: Rulebook, *, launches: bool = True) -> dict[str, Any]:
    """The columns of a plan; without launches nothing is known but the item's own demand."""
    columns, labels = core.understand(inputs, rules.settings)
    if not launches:
        unknown = np.full(len(inputs.index), np.nan)
        flat = np.ones(columns["launch_ramp"].shape, dtype=np.float32)
        columns |= {
            "launch_ramp": flat,
            "analogue_level_units_per_period": unknown,
            "analogue_sd_units_per_period": unknown,
        }
    ruled, _ = core.under_rules(rules, columns, labels, inputs.grid.as_of)
    core.run_in_blocks(core.DECIDE, ruled, lambda *_: None, "")
    return ruled


# --- real shops


def real_shops() -> Iterator[tuple[str, PlanInputs]]:
    """Each shop that is there, seen whole."""
    path = DATA / "online_retail" / "order_lines_2009-12-01_2011-09-04.parquet"
    if path.exists():
        tables = adapters.online_retail_two_years(path)
        dataset = skuwise.load_dataset(tables, as_of=adapters.AS_OF["online_retail_two_years"])
        yield "online_retail", _with_names(plan_inputs(dataset), path)
    if (DATA / "vn2").exists():
        dataset = skuwise.load_dataset(adapters.vn2(DATA / "vn2"), as_of=adapters.AS_OF["vn2"])
        yield "vn2", plan_inputs(dataset)


def _with_names(inputs: PlanInputs, path: Path) -> PlanInputs:
    """The gift shop has no catalogue: digits of the code name the product, the first and the last word of its usual
    description stand for brand and category where 15 codes share them, all its words for attributes."""
    lines = pl.read_parquet(path, columns=["StockCode", "Description"]).drop_nulls()
    usual = lines.group_by("StockCode").agg(pl.col("Description").mode().sort().first())
    described = dict(usual.iter_rows())
    sku = inputs.index.sku_id.tolist()
    words = [str(described.get(code, "")).upper().split() or [""] for code in sku]
    named = {
        "product": np.array([(re.match(r"\d*", code) or [code])[0] or code for code in sku]),
        "brand": _shared(np.array([of[0] for of in words])),
        "category": _shared(np.array([of[-1] for of in words])),
    }
    labels: Any = {name: labels_of(column) for name, column in named.items()}
    labels["attribute_codes"] = attribute_codes(pl.Series([";".join(of) for of in words]))
    return replace(inputs, attributes=replace(inputs.attributes, **labels))


def _shared(words: np.ndarray, least: int = 15) -> np.ndarray:
    names, code, count = np.unique(words, return_inverse=True, return_counts=True)
    return np.where(count[code] >= least, names[code], "(none)")


def seen_until(inputs: PlanInputs, periods: int, launch_date: np.ndarray) -> PlanInputs:
    """The first periods of the history; launches of the weeks that follow may be announced."""
    past, whole = inputs.history, inputs.grid
    as_of = whole.start + np.timedelta64(WEEK * periods, "D")
    cut: Any = {
        name: getattr(past, name)[:, :periods]
        for name in ("sales_units", "in_stock_share", "promotion_share", "returned_units", "received_units",
                     "on_hand_units_mean")
    }  # fmt: skip
    history = replace(past, grid=PeriodGrid(as_of, WEEK, periods), paid_price_minor=None, **cut)
    return replace(
        inputs,
        history=history,
        attributes=replace(inputs.attributes, launch_date=launch_date),
        deliveries=None,
        feeds=None,
    )


def foretold_first(columns: Mapping[str, Any], rows: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is said of the weekly demand of items about to be launched, and its quantiles at ``LOSS_SHARES``
    [(k,), (k, 4)]: by the analogues, and by the launches of the category as they are, of the shop where it has few."""
    first, demand = columns["first_period"], columns["demand_units"]
    known = np.flatnonzero((first > LEADING_PERIODS) & (first <= demand.shape[1] - FIRST_PERIODS))
    sold = demand[known[:, None], first[known, None] + np.arange(FIRST_PERIODS)].mean(axis=1)
    lots = [sold[columns["category"][known] == columns["category"][row]] for row in rows]
    lots = [alike if len(alike) >= LAUNCHES_MIN else sold for alike in lots]
    plain = np.array([np.quantile(alike, LOSS_SHARES) for alike in lots])
    level = columns["analogue_level_units_per_period"][rows]
    root, variance = root_moments(level, columns["analogue_sd_units_per_period"][rows])
    spread = np.maximum(root[:, None] + ndtri(LOSS_SHARES) * np.sqrt(variance)[:, None], 0.0) ** 2
    return {
        "analogues": (level, spread),
        "median of the category": (np.array([np.median(alike) for alike in lots]), plain),
        "mean of the category": (np.array([alike.mean() for alike in lots]), plain),
    }


def first_weeks(inputs: PlanInputs) -> list[str]:
    """Rows of the table: the sum of the first weeks, foretold before the launch."""
    sales = inputs.history.sales_units
    first = np.where((sales > 0).any(axis=1), (sales > 0).argmax(axis=1), -1)
    rules, unknown = parse_rulebook(""), np.full(len(first), np.datetime64("NaT"), "datetime64[D]")
    errors: dict[tuple[int, str], Errors] = {}
    loss: dict[tuple[int, str], float] = {}
    came_in_all = dict.fromkeys(HORIZONS, 0.0)
    for at in range(26, sales.shape[1] - min(HORIZONS), ORIGIN_EVERY):
        next_ones = np.flatnonzero((first >= at) & (first < at + ORIGIN_EVERY))
        columns, _ = core.understand(seen_until(inputs, at, unknown), rules.settings)
        next_ones = next_ones[~np.isnan(columns["analogue_level_units_per_period"][next_ones])]
        if not len(next_ones):
            continue
        said = foretold_first(columns, next_ones)
        for horizon in HORIZONS:
            whole = first[next_ones] + horizon <= sales.shape[1]
            came = np.array([sales[row, first[row] : first[row] + horizon].sum() for row in next_ones[whole]])
            came_in_all[horizon] += came.sum()
            for name, (weekly, spread) in said.items():
                errors.setdefault((horizon, name), Errors()).add(horizon * weekly[whole], came.astype(float))
                missed = came[:, None] - horizon * spread[whole]
                pinball = np.maximum(LOSS_SHARES * missed, (LOSS_SHARES - 1) * missed)
                loss[horizon, name] = loss.get((horizon, name), 0.0) + float(pinball.mean(axis=1).sum())
    return [
        f"before the launch | {horizon} | {name} | {found.row()} | {loss[horizon, name] / came_in_all[horizon]:.3f}"
        for (horizon, name), found in sorted(errors.items(), key=lambda entry: entry[0][0])
    ]


def weeks_after(inputs: PlanInputs) -> list[str]:
    """Rows of the table: the sum of the next weeks, foretold in the first weeks after a launch."""
    sales = inputs.history.sales_units
    first = np.where((sales > 0).any(axis=1), (sales > 0).argmax(axis=1), -1)
    rules = parse_rulebook("")
    unknown = np.full(len(first), np.datetime64("NaT"), "datetime64[D]")
    errors: dict[tuple[tuple[int, int], int, str], Errors] = {}
    for at in range(30, sales.shape[1] - min(HORIZONS) + 1, ORIGIN_EVERY):
        age = np.where(first > LEADING_PERIODS, at - first, -1)
        seen = seen_until(inputs, at, unknown)
        for name in (WITH, WITHOUT):
            mean = columns_of(seen, rules, launches=name == WITH)["mean_units"]
            for ages in AGES:
                rows = np.flatnonzero((age >= ages[0]) & (age <= ages[1]))
                for horizon in HORIZONS:
                    if at + horizon <= sales.shape[1] and len(rows):
                        came = sales[rows, at : at + horizon].sum(axis=1)
                        entry = errors.setdefault((ages, horizon, name), Errors())
                        entry.add(mean[rows, :horizon].sum(axis=1), came.astype(float))
    return [
        f"weeks {ages[0]}–{ages[1]} after it | {horizon} | {name} | {errors[ages, horizon, name].row()} | "
        for ages in AGES
        for horizon in HORIZONS
        for name in (WITH, WITHOUT)
    ]


# --- generated worlds


def policy(shop: Shop, known: Known, *, launches: bool, announced: np.ndarray | None = None) -> np.ndarray:
    """Orders of the plan with the money measure; launches may be announced, as periods from the first one on."""
    inputs = inputs_of(shop, known)
    if announced is not None:
        day = inputs.grid.as_of + WEEK * (announced - known.ordered_units.shape[1]) * np.timedelta64(1, "D")
        inputs = replace(inputs, attributes=replace(inputs.attributes, launch_date=day))
    orders: np.ndarray = columns_of(inputs, money_rules(), launches=launches)["order_quantity_units"]
    return orders


def lived(world: str, items: int, periods: int, *, launches: bool, first: bool, announce: bool) -> dict[str, float]:
    """How the items of a world fared: share of demand missed, stock a unit of demand, left at the end, cost a unit.

    ``first``: only the first periods after the first demand count. ``announce``: the catalogue knows that day.
    """
    shop = shop_of(world, items, periods)
    history = shop.demand_units.shape[1] - periods
    demand = shop.demand_units[:, history:]
    start = (shop.demand_units > 0).argmax(axis=1) - history
    _, counts = run_of(
        shop, lambda at, known: policy(at, known, launches=launches, announced=start if announce else None)
    )
    missed, stock = counts.missed_units[0], counts.on_hand_units[0]
    since = np.arange(periods)[None, :] - (start[:, None] if first else np.zeros((len(start), 1), dtype=np.int64))
    counted = (since >= 0) & (since < (NEW_PERIODS if first else periods))
    last = np.where(counted, np.arange(periods), -1).max(axis=1)
    left = np.where(last >= 0, stock[np.arange(len(stock)), last], 0)
    wanted = (demand * counted).sum()
    return {
        "missed": (missed * counted).sum() / wanted,
        "stock": (stock * counted).sum() / wanted,
        "leftover": left.sum() / (wanted / counted.sum() * len(demand)),
        "cost": ((missed * shop.ratio[:, None] + stock) * counted).sum() / wanted,
    }


def world_rows(items: int, periods: int) -> list[str]:
    lines = []
    cases = [(world, world, False, False) for world in WORLDS]
    cases += [("launch", f"launch, its first {NEW_PERIODS} periods", True, False)]
    cases += [("launch", f"launch, its first {NEW_PERIODS} periods, announced", True, True)]
    for world, told, first, announce in cases:
        for name in (WITH, WITHOUT):
            found = lived(world, items, periods, launches=name == WITH, first=first, announce=announce)
            lines.append(
                f"| {told} | {name} | {found['missed']:.3f} | {found['stock']:.2f} | {found['leftover']:.2f} | "
                f"{found['cost']:.3f} |"
            )
    return lines


def section(items: int = 40, periods: int = PERIODS) -> str:
    """The whole benchmark as a section of the results."""
    parts = [
        "## Launches: what earlier ones tell",
        "",
        "### Real shops",
        "",
        "The sum of the demand of the next weeks: its absolute error as a share of it, and how far all forecasts "
        "together lie above it. Origins every four weeks; a launch is a first sale after the fourth week. The quantile "
        "loss is the mean of those at .5, .7, .8 and .9 as a share of demand, of the analogues' spread and of the "
        "category's launches as they are.",
        "",
        "| shop | foretold | weeks | by | cases | error | bias | quantile loss |",
        "|---|---|--:|---|--:|--:|--:|--:|",
    ]
    for name, inputs in real_shops():
        parts += [f"| {name} | {line} |" for line in first_weeks(inputs) + weeks_after(inputs)]
    parts += [
        "",
        "### Generated worlds",
        "",
        f"{periods} periods after five of history, as in the part `young`: {items} items with each of three lead times "
        "and three cost ratios, empty shelves at first. Missed: share of the demand. Stock: units at the end of all "
        "periods for each unit of demand. Left over: periods of mean demand that lie there at the end. Cost: shortage "
        "and holding for each unit of demand, in units of the holding cost of a unit and period. Announced: the "
        "catalogue knows the day of the launch, and the first buy is planned for it.",
        "",
        "| world | plan | missed | stock | left over | cost |",
        "|---|---|--:|--:|--:|--:|",
        *world_rows(items, periods),
    ]
    return "\n".join(parts)


def main() -> None:
    print(section())


if __name__ == "__main__":
    main()
