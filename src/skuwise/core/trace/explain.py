"""Why a number is what it is: the steps behind it, walked back to the rows of the files and to the rules.

Every step met on the way is called once more on the one row, so that an explanation is also a proof: it says where
the value made now differs from the one the plan holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skuwise.core.dictionary import CONTRACT_TABLES, fields_of, plan_fields
from skuwise.core.lifecycle.words import STAGE_COLUMNS, stage_in_words
from skuwise.core.plan import Plan
from skuwise.core.steps import STEPS, Step, evaluate
from skuwise.core.trace.graph import Steps, can_run, equal_values, rows_of
from skuwise.core.trace.words import (
    counted,
    figure,
    formula_in_words,
    in_words,
    label,
    nearest,
    text_at,
    texts,
    without_names,
)

Kind = Literal["step", "shop", "rule", "setting", "given", "order"]

#: Given columns whose name is not that of the contract field they come from → the contract table.
_TABLE_OF = {
    "lead_time_days_given": "supply",
    "lead_time_sd_days_given": "supply",
    "lead_time_observations": "supply",
    "launch_known": "skus",
    "launch_period": "skus",
    "days_to_end_of_life": "skus",
    "successor_on_sale": "skus",
    "stock_known": "stock",
    "sales_units": "sales",
    "in_stock_share": "availability",
    "availability_known": "availability",
    "promotion_share": "sales",
    "returned_units": "sales",
    "received_units": "receipts",
    "on_hand_units_mean": "stock",
    "due_units": "open_orders",
    "overdue_units": "open_orders",
    "unit_cost_minor": "supply",
    "unit_price_minor": "skus",
}
_REASON_ENDINGS = ("_reason", "_evidence", "_model")
_ROW_OF_TABLE = {"supply": "supply_source_row", "stock": "stock_source_row"}


class UnknownNameError(LookupError):
    """A SKU, location or field that the plan does not hold; the message names the nearest ones."""


@dataclass(frozen=True, slots=True)
class Node:
    """One column at one item: its value, how it came about, and the nodes it was made from.

    ``agrees`` is None where the value was not made anew: it is given, or every item of the shop is needed.
    """

    column: str
    kind: Kind
    label: str
    value: Any
    words: str
    formula: str
    reason: str
    source: str
    where: str
    agrees: bool | None
    inputs: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """This node and all below it, each column once."""
        seen: set[str] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop(0)
            if node.column not in seen:
                seen.add(node.column)
                yield node
                waiting.extend(node.inputs)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one field of one item has its value. ``elsewhere`` names the other locations of the SKU.

    ``told`` sums it up in a sentence where the field is about the life stage.
    """

    plan_id: str
    as_of: str
    sku_id: str
    location_id: str
    name: str
    elsewhere: tuple[str, ...]
    root: Node
    told: str = ""

    @property
    def differing(self) -> tuple[Node, ...]:
        """Nodes whose value made anew is not the stored one; empty for a plan made by this very version."""
        return tuple(node for node in self.root.walk() if node.agrees is False)


def explain(
    plan: Plan,
    sku_id: str,
    location_id: str | None = None,
    field: str = "order_quantity_units",
    depth: int | None = None,
    *,
    steps: Steps = STEPS,
) -> Explanation:
    """Explain one field of one item down to ``depth`` levels, or to the rows of the files.

    Without a location the one with the largest value is explained. Raises ``UnknownNameError`` with the nearest names
    for a SKU, location or field that is not in the plan.
    """
    if field not in plan.columns:
        raise UnknownNameError(_unknown("field", field, [str(name) for name in plan.columns]))
    row, elsewhere = find_item(plan, sku_id, location_id, field)
    root = _Walk(plan, row, steps).node(field, depth)
    return Explanation(
        plan_id=plan.plan_id,
        as_of=str(plan.as_of),
        sku_id=text_at(plan, "sku_id", row),
        location_id=text_at(plan, "location_id", row),
        name=text_at(plan, "name", row) if "name" in plan.columns else "",
        elsewhere=elsewhere,
        root=root,
        told=_sentence(plan, field, row),
    )


def _sentence(plan: Plan, field: str, row: int) -> str:
    """The life stage in words where the field is about it; a plan of an older version may lack the figures."""
    known = field in STAGE_COLUMNS and "stage_confidence_share" in plan.columns
    return stage_in_words(plan.columns, row) if known else ""


def find_item(plan: Plan, sku_id: str, location_id: str | None, field: str = "") -> tuple[int, tuple[str, ...]]:
    """Row of the item, and the other locations of its SKU."""
    skus = texts(plan, "sku_id")
    rows = np.flatnonzero(skus == sku_id)
    if not len(rows):
        raise UnknownNameError(_unknown("SKU", sku_id, dict.fromkeys(skus.tolist())))
    locations = texts(plan, "location_id")[rows].tolist()
    if location_id is None:
        values = np.asarray(plan.columns[field])[rows] if field and np.ndim(plan.columns[field]) == 1 else None
        best = int(np.argmax(values)) if values is not None and values.dtype.kind in "iufb" else 0
    elif location_id in locations:
        best = locations.index(location_id)
    else:
        raise UnknownNameError(f"{sku_id} is not stocked at {location_id!r}; it is at: {', '.join(locations)}")
    return int(rows[best]), tuple(name for place, name in enumerate(locations) if place != best)


def _unknown(what: str, name: str, names: Any) -> str:
    close = nearest(name, names)
    return f"there is no {what} {name!r} in this plan" + (f"; nearest: {', '.join(close)}" if close else "")


class _Walk:
    """The nodes of one row, each built once: a column used twice is the same node."""

    def __init__(self, plan: Plan, row: int, steps: Steps) -> None:
        self.plan = plan
        self.row = row
        self.steps = steps
        self.made: dict[str, Any] = {}
        self.nodes: dict[tuple[str, int | None], Node] = {}

    def node(self, column: str, depth: int | None) -> Node:
        known = self.nodes.get((column, depth))
        if known is None:
            known = self.nodes[column, depth] = self._build(column, depth)
        return known

    def _build(self, column: str, depth: int | None) -> Node:
        maker = self.steps.get(column)
        runs = maker is not None and can_run(maker, self.plan.columns)
        inputs: tuple[Node, ...] = ()
        if maker is not None and (depth is None or depth > 0):
            below = None if depth is None else depth - 1
            # A step for the whole shop is not walked further: its inputs are every item's.
            inputs = tuple(self.node(name, below) for name in maker.inputs) if runs else ()
        value = self._stored(column)
        field = plan_fields().get(column)
        formula = ""
        if maker is not None:
            said = {name: (label(name), figure(self.plan, name, self._stored(name))) for name in self._spoken(maker)}
            formula = formula_in_words(maker.formula, said)
        return Node(
            column=column,
            kind=self._kind(column, maker, runs),
            label=label(column),
            value=value,
            words=in_words(self.plan, column, value),
            formula=formula,
            reason=self._reason(column, maker) if maker is not None else "",
            source=maker.source if maker is not None else (field.source if field else ""),
            where=where_from(self.plan, column, self.row) if maker is None or not runs else "",
            agrees=self._agrees(column, maker) if maker is not None and runs else None,
            inputs=inputs,
        )

    def _spoken(self, maker: Step) -> list[str]:
        """Columns whose value may stand inside the formula: figures and words, not series and not yes or no."""
        present = [name for name in maker.inputs if name in self.plan.columns]
        values = {name: self._stored(name) for name in present}
        return [n for n, value in values.items() if np.ndim(value) == 0 and not isinstance(value, bool | np.bool_)]

    def _reason(self, column: str, maker: Step) -> str:
        """The step's own word on its choice, beside the figure that it chose."""
        told = [name for name in maker.outputs if name.endswith(_REASON_ENDINGS) and name in self.plan.columns]
        figures = [name for name in maker.outputs if name not in told]
        # The reason is about the last of several figures; the model is that of all of them.
        if not told or column in told or (column != figures[-1] and not told[0].endswith("_model")):
            return ""
        return without_names(text_at(self.plan, told[0], self.row))

    def _kind(self, column: str, maker: Step | None, runs: bool) -> Kind:
        if maker is not None:
            return "step" if runs else "shop"
        if column in self.plan.given_by:
            return "rule"
        if np.ndim(self.plan.columns[column]) == 0:
            return "setting"
        return "order" if _TABLE_OF.get(column) == "open_orders" else "given"

    def _stored(self, column: str) -> Any:
        values = self.plan.columns[column]
        return values[self.row] if isinstance(values, np.ndarray) and values.ndim else values

    def _agrees(self, column: str, maker: Step) -> bool:
        if column not in self.made:
            one_row = slice(self.row, self.row + 1)
            self.made.update(evaluate(maker, rows_of(self.plan.columns, maker.inputs, one_row)))
        return bool(equal_values(self.made[column], self.plan.columns[column][self.row : self.row + 1]).all())


def where_from(plan: Plan, column: str, row: int) -> str:
    """Where a value that no step makes comes from: a row of a file, a rule, a setting."""
    if column in plan.given_by:
        return plan.rule_descriptions[int(plan.given_by[column][row])]
    if np.ndim(plan.columns[column]) == 0:
        return "setting"
    maker = STEPS.get(column)
    if maker is not None and maker.scope == "shop":
        return "made from every item of the shop"
    table = _TABLE_OF.get(column) or next((name for name in CONTRACT_TABLES if column in fields_of(name)), "")
    if table == "open_orders":
        return open_orders_in_words(plan, row)
    if column.startswith("lead_time") and int(plan.columns.get("lead_time_observations", np.zeros(row + 1))[row]) > 0:
        return f"from {counted(int(plan.columns['lead_time_observations'][row]), 'receipts')}"
    row_column = _ROW_OF_TABLE.get(table, "")
    number = int(plan.columns[row_column][row]) if row_column in plan.columns else 0
    if number:
        return f"{table} row {number}"
    if table in _ROW_OF_TABLE:
        return f"no row in {table}"
    return f"{table} table" if table else "given"


def open_orders_in_words(plan: Plan, row: int) -> str:
    """The open order lines of an item."""
    orders = plan.open_orders
    lines = []
    for place in np.flatnonzero(orders.item == row)[:5]:
        due = int(orders.due_days[place])
        when = f"due in {counted(due, 'days')}" if due > 0 else ("due today" if due == 0 else f"{-due} days overdue")
        units = counted(int(orders.units[place]), "units")
        lines.append(f"{orders.order_id[place]}: {units} {when} (open_orders row {int(orders.source_row[place])})")
    return "; ".join(lines) or "no open orders"
