"""A round of a weekly ordering game: arrays of what is known in, one order an item out.

Everything is decided by the public calls ``load_dataset`` and ``plan`` with the settings that ship: the model over all
items where the history is long enough for one, money as the measure, lost or waiting demand as the game has it. A week
has three moments: receipts are on the shelf, orders are placed, and then the week's demand comes. The round is asked
at the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.arrays import IntArray
from skuwise.core.plan import Plan
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.dataset import load_dataset
from skuwise.planning.run import plan

#: The Monday of a round whose date nobody gives; seasons need the true one.
MONDAY = date(2026, 1, 5)
#: Costs are kept as whole numbers of a thousandth of the game's money.
MINOR_PER_UNIT = 1000
WEEKS_PER_YEAR = 365 / 7

RULES = """
[[rule]]
name = "Weekly game: what decides"
layer = "segment"
when = {{ criticality = "standard" }}
set = {{ service_measure = "cost", shortage_cost_share_of_margin = {shortage_share}, \
holding_cost_share_per_year = 1.0, unmet_demand = "{unmet}", review_period_days = 7 }}
reason = "the game counts shortage and holding, and nothing else"

[[rule]]
name = "Weekly game: no other bound"
layer = "segment"
when = {{ criticality = "standard" }}
set = {{ reorder_allowed = true, lot_may_exceed_cap = true, max_supply_days = 3650, safety_stock_days_max = 3650, \
safety_stock_units_min = 0, lot_days_max = 0 }}
reason = "stages and classes of a real shop do not bear on a game"
"""
#: A unit short counts for this share of its cost. Levels are set for the cycles that begin with stock; on the games of
#: `benchmarks/vn2.py` a share of 1.0 costs 4,723 and this one 4,659.
SHORTAGE_SHARE = 1.3


@dataclass(frozen=True, slots=True)
class Round:
    """The orders of a round [(n,) units, in the order of the arrays given] and the plan that explains them."""

    order_units: IntArray
    plan: Plan


def weekly_round(
    history_units: Any,
    on_hand_units: Any,
    due_units: Any,
    *,
    shortage_cost: Any,
    holding_cost: Any,
    lead_time_weeks: Any,
    in_stock: Any = None,
    open_orders: pl.DataFrame | None = None,
    skus: pl.DataFrame | None = None,
    as_of: date = MONDAY,
    backorders: bool = False,
    moq_units: Any = 0,
    order_multiple_units: Any = 1,
    learn: bool = True,
    seed: int = 0,
) -> Round:
    """Decide one round for all items at once.

    Args:
        history_units: units sold in each past week, the newest last [(n, T)].
        on_hand_units: on the shelf now, today's receipts among it [(n,)].
        due_units: what is on its way [(n, P)]: column p is on the shelf p + 1 weeks from now.
        shortage_cost: of a unit that is asked for and missed, in the game's money [scalar or (n,)].
        holding_cost: of a unit left at the end of a week [scalar or (n,)].
        lead_time_weeks: an order placed now is on the shelf so many weeks from now, before that week's demand
            [scalar or (n,)].
        in_stock: whether the item was to be had in each past week [(n, T) bool]; by default always.
        open_orders: in place of ``due_units`` where it is not known when orders arrive: columns ``item`` (row number),
            ``units`` and ``weeks_ago`` (when it was placed). One that is overdue is doubted more and more.
        skus: what is known of the items, one row each in their order: any of ``sku_id``, ``location_id``,
            ``product_id``, ``category``, ``brand``.
        as_of: the Monday of the round.
        backorders: unmet demand waits instead of being lost.
        moq_units, order_multiple_units: lot rules [scalar or (n,)].
        learn: train a model over all items where the history is long enough.
        seed: of the model.

    Raises:
        ValueError: shapes that do not fit.

    Three items that sell four a week, one week from the supplier, with nothing, four and twenty on the shelf:

    >>> sold = np.full((3, 12), 4)
    >>> game = {"shortage_cost": 1.0, "holding_cost": 0.2, "lead_time_weeks": 1}
    >>> orders = weekly_round(sold, [0, 4, 20], np.zeros((3, 1)), **game).order_units
    >>> bool(orders[0] >= orders[1] > orders[2] == 0)
    True
    """
    history = np.asarray(history_units, dtype=np.int64)
    if history.ndim != 2:
        raise ValueError(f"history_units must be (items, weeks), got {history.shape}")
    n = len(history)
    item = _items(n, skus)
    keys = item.select("sku_id", "location_id")
    lead = _each(n, lead_time_weeks, np.float64)
    orders = _due(np.asarray(due_units, dtype=np.int64), n) if open_orders is None else open_orders
    tables = {
        **_terms(item, lead, shortage_cost, holding_cost, moq_units, order_multiple_units),
        "sales": _weeks(history, history > 0, keys, as_of, "units"),
        "stock": keys.with_columns(
            pl.Series("on_hand_units", _each(n, on_hand_units, np.int64)),
            pl.lit(as_of - timedelta(days=1)).alias("date"),
        ),
        "open_orders": _order_lines(orders, keys, lead, as_of),
    }
    if in_stock is not None:
        there = np.asarray(in_stock, dtype=np.float64)
        if there.shape != history.shape:
            raise ValueError(f"in_stock must be {history.shape} like history_units, got {there.shape}")
        cells = _weeks(there, there < 1, keys, as_of, "in_stock_share")
        tables["availability"] = cells.with_columns(pl.lit(7).alias("days"))
    made = plan(load_dataset(tables, as_of=as_of), _rules(backorders), learn=learn, seed=seed)
    # A plan is sorted by SKU; the orders go back in the order of the arrays.
    row = np.searchsorted(made.columns["sku_id"], keys["sku_id"].to_numpy().astype(np.str_))
    return Round(made.columns["order_quantity_units"][row], made)


def _terms(
    item: pl.DataFrame, lead: np.ndarray, shortage_cost: Any, holding_cost: Any, moq_units: Any, multiple_units: Any
) -> dict[str, pl.DataFrame]:
    """Catalogue and supply: a unit's cost makes a week cost what holding does, its price leaves the shortage cost."""
    n = item.height
    unit_cost = np.rint(_each(n, holding_cost, np.float64) * WEEKS_PER_YEAR * MINOR_PER_UNIT).astype(np.int64)
    shortage = np.rint(_each(n, shortage_cost, np.float64) * MINOR_PER_UNIT).astype(np.int64)
    return {
        "skus": item.drop("location_id").with_columns(pl.Series("unit_price_minor", unit_cost + shortage)),
        "supply": item.select("sku_id", "location_id").with_columns(
            pl.Series("lead_time_days_mean", lead * 7),
            pl.lit(0.0).alias("lead_time_days_sd"),
            pl.Series("unit_cost_minor", unit_cost),
            pl.Series("moq_units", _each(n, moq_units, np.int64)),
            pl.Series("order_multiple_units", np.maximum(_each(n, multiple_units, np.int64), 1)),
        ),
    }


def _rules(backorders: bool) -> Rulebook:
    return parse_rulebook(RULES.format(shortage_share=SHORTAGE_SHARE, unmet="backordered" if backorders else "lost"))


def _items(n: int, skus: pl.DataFrame | None) -> pl.DataFrame:
    given = pl.DataFrame() if skus is None else skus
    if skus is not None and skus.height != n:
        raise ValueError(f"skus must have a row for each of the {n} items, got {skus.height}")
    numbered = pl.Series("sku_id", [f"{number:07d}" for number in range(n)])
    names = {"sku_id": numbered, "location_id": pl.Series("location_id", ["MAIN"] * n)}
    known = {name: given[name].cast(pl.String) for name in given.columns}
    item = pl.DataFrame(list((names | known).values()))
    if item["sku_id"].n_unique() != n:
        raise ValueError("sku_id must name each item once: put what items share into product_id, category or brand")
    return item


def _each(n: int, value: Any, kind: type[np.generic]) -> np.ndarray:
    """One value or one an item as an array [(n,)]."""
    array = np.asarray(value, dtype=kind)
    if array.shape not in {(), (n,)}:
        raise ValueError(f"expected one value or one for each of the {n} items, got {array.shape}")
    return np.array(np.broadcast_to(array, (n,)))


def _weeks(values: np.ndarray, told: np.ndarray, keys: pl.DataFrame, as_of: date, name: str) -> pl.DataFrame:
    """The cells of (n, T) that are told, one row each, dated the Monday of their week."""
    row, week = np.nonzero(told)
    monday = np.datetime64(as_of, "D") - 7 * (values.shape[1] - week)
    return keys[row].with_columns(pl.Series("date", monday), pl.Series(name, values[row, week]))


def _due(due_units: np.ndarray, n: int) -> pl.DataFrame:
    if due_units.ndim != 2 or len(due_units) != n:
        raise ValueError(f"due_units must be ({n}, P), got {due_units.shape}")
    row, column = np.nonzero(due_units)
    return pl.DataFrame({"item": row, "units": due_units[row, column], "due_in_weeks": column + 1})


def _order_lines(orders: pl.DataFrame, keys: pl.DataFrame, lead: np.ndarray, as_of: date) -> pl.DataFrame:
    """Open orders with the day on which they are due, and the one on which they were placed where that is known."""
    row = orders["item"].to_numpy()
    today = np.datetime64(as_of, "D")
    if "weeks_ago" in orders.columns:
        placed = today - 7 * orders["weeks_ago"].to_numpy().astype(np.int64)
        due = placed + np.rint(lead[row] * 7).astype(np.int64)
    else:
        due = today + 7 * orders["due_in_weeks"].to_numpy().astype(np.int64)
        placed = due - np.rint(lead[row] * 7).astype(np.int64)
    return keys[row].with_columns(
        pl.Series("order_id", [f"{number}" for number in range(len(row))], dtype=pl.String),
        pl.Series("units", orders["units"].to_numpy().astype(np.int64)),
        pl.Series("ordered_on", np.minimum(placed, today - 1)),
        pl.Series("expected_on", due),
    )
