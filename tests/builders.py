"""Plan inputs from a few readable items: what a test does not name is an ordinary item of an ordinary shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skuwise.core.catalog.inputs import (
    FillCounts,
    History,
    ItemAttributes,
    ItemIndex,
    Labels,
    OpenOrders,
    PlanInputs,
    StockState,
    SupplyTerms,
)
from skuwise.core.dictionary import fields_of
from skuwise.core.periods import PeriodGrid
from skuwise.core.plan import Plan
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.core.rules.values import default_of

AS_OF = "2026-03-02"


@dataclass(frozen=True)
class Item:
    """One SKU at a location. ``sales`` are its newest periods, oldest first; before them it sold nothing.

    ``in_stock`` (aligned with ``sales``) says in which share of each period it could be bought; None is always.
    ``due`` are open orders as (units, days until due).
    """

    sku: str
    sales: Sequence[int]
    in_stock: Sequence[float] | None = None
    location: str = "MAIN"
    category: str = "(none)"
    criticality: str = "standard"
    launch: str | None = None
    end_of_life: str | None = None
    successor: str = ""
    successor_share: float = 1.0
    is_bundle: bool = False
    price_minor: int = 2_000
    cost_minor: int = 1_000
    order_cost_minor: int = 0
    lead_days: float = 14.0
    lead_sd_days: float = 0.0
    undelivered: float = float("nan")
    moq: int = 0
    multiple: int = 1
    on_hand: int = 0
    reserved: int = 0
    backlog: int = 0
    stock_known: bool = True
    due: Sequence[tuple[int, int]] = field(default_factory=tuple)


def inputs_of(
    items: Sequence[Item], as_of: str = AS_OF, period_days: int = 7, periods: int | None = None
) -> PlanInputs:
    """Plan inputs of the items in the order given; the history is as long as the longest of them, or ``periods``."""
    length = periods or max(len(item.sales) for item in items)
    orders = [(row, units, days) for row, item in enumerate(items) for units, days in item.due]

    def each(name: str, dtype: Any) -> np.ndarray:
        return np.array([getattr(item, name) for item in items], dtype)

    lines = len(orders)
    n, nothing = len(items), np.zeros(len(items), np.int64)
    blank = np.zeros((n, length), np.int64)
    key = np.array([hash_of(item.sku, item.location) for item in items], np.uint64)
    share = np.array([_aligned(item.in_stock or (), length, 1.0) for item in items], np.float32)
    return PlanInputs(
        index=ItemIndex(each("sku", np.str_), each("location", np.str_), key),
        attributes=ItemAttributes(
            product=labels(each("sku", np.str_)),
            name=each("sku", np.str_),
            category=labels(each("category", np.str_)),
            brand=labels(np.full(n, "(none)")),
            supplier=labels(np.full(n, "(none)")),
            criticality=labels(each("criticality", np.str_)),
            unit_price_minor=each("price_minor", np.int64),
            launch_date=each("launch", "datetime64[D]"),
            end_of_life_date=each("end_of_life", "datetime64[D]"),
            successor_sku_id=each("successor", np.str_),
            is_bundle=each("is_bundle", np.bool_),
            successor_share=each("successor_share", np.float64),
        ),
        history=History(
            grid=PeriodGrid(np.datetime64(as_of), period_days, length),
            sales_units=np.array([_aligned(item.sales, length, 0) for item in items], np.int64),
            in_stock_share=share,
            availability_known=np.array([item.in_stock is not None for item in items]),
            promotion_share=np.zeros((n, length), np.float32),
            returned_units=blank,
            received_units=blank,
            on_hand_units_mean=np.full((n, length), np.nan, np.float32),
        ),
        supply=SupplyTerms(
            lead_time_days_mean=each("lead_days", np.float64),
            lead_time_days_sd=each("lead_sd_days", np.float64),
            lead_time_observations=nothing,
            moq_units=each("moq", np.int64),
            order_multiple_units=each("multiple", np.int64),
            unit_cost_minor=each("cost_minor", np.int64),
            order_cost_minor=each("order_cost_minor", np.int64),
            undelivered_share=each("undelivered", np.float64),
            source_row=nothing,
        ),
        stock=StockState(
            on_hand_units=each("on_hand", np.int64),
            reserved_units=each("reserved", np.int64),
            backlog_units=each("backlog", np.int64),
            known=each("stock_known", np.bool_),
            source_row=nothing,
        ),
        open_orders=OpenOrders(
            item=np.array([row for row, _, _ in orders], np.int64),
            units=np.array([units for _, units, _ in orders], np.int64),
            due_days=np.array([days for _, _, days in orders], np.int64),
            ordered_days_ago=np.ones(lines, np.int64),
            order_id=np.array([f"PO-{number}" for number in range(lines)], np.str_),
            source_row=np.zeros(lines, np.int64),
        ),
        fill=FillCounts(*[nothing] * 6, orders=0, orders_filled=0),
        currency="USD",
    )


def labels(words: np.ndarray) -> Labels:
    """A text column as codes of its sorted names."""
    names, codes = np.unique(words, return_inverse=True)
    return Labels(codes.astype(np.int64), tuple(names.tolist()))


def hash_of(sku: str, location: str) -> int:
    """A key that depends on the two names alone."""
    return int.from_bytes(f"{sku}\x1f{location}".encode()[-8:].rjust(8, b"\0"), "big")


def plain_rules(settings: Mapping[str, Any] | None = None, **defaults: Any) -> Rulebook:
    """A rulebook in which one rule holds for every item: the dictionary's defaults, but for those named."""
    values = {name: default_of(described) for name, described in fields_of("rules").items()} | defaults
    return parse_rulebook(
        "\n".join(
            ["[defaults]", *map(_toml_line, values.items()), "[settings]", *map(_toml_line, (settings or {}).items())]
        )
    )


def row(plan: Plan, sku: str) -> dict[str, Any]:
    """Every column of one SKU's row by name, codes in words, and the settings."""
    (at,) = np.flatnonzero(plan.columns["sku_id"] == sku)
    found = {}
    for name, column in plan.columns.items():
        value = column[at] if isinstance(column, np.ndarray) else column
        found[name] = plan.labels[name][value] if name in plan.labels else value
    return found


def integers(plan: Plan) -> dict[str, np.ndarray]:
    """The columns that decide and must repeat exactly: units, money, days, codes and flags, one row an item."""
    return {
        name: column
        for name, column in plan.columns.items()
        if isinstance(column, np.ndarray)
        and column.dtype.kind in "ib"
        and name not in plan.labels.keys() & LABEL_COLUMNS
    }


#: Codes of these depend on which other names the shop has.
LABEL_COLUMNS = frozenset({"product_id", "category", "brand", "supplier_id", "criticality"})


def _aligned(values: Sequence[float], length: int, before: float) -> list[float]:
    return [before] * (length - len(values)) + list(values)


def _toml_line(pair: tuple[str, Any]) -> str:
    name, value = pair
    told = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else repr(value)
    return f"{name} = {told}"
