"""What changed from one plan to the next, item by item, and how many units each cause is worth.

A cause is a group of inputs, rules or settings. It is weighed by putting its new values alone into the old plan's
rows and making the order again: the rest is what the causes do only together, rounding to cases among it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.plan import Plan
from skuwise.core.steps import STEPS, Step
from skuwise.core.trace.explain import where_from
from skuwise.core.trace.graph import Steps, equal_values, leaves, remake, rows_of, upstream
from skuwise.core.trace.words import in_words, label, text_at, texts

QUANTITY = "order_quantity_units"
HISTORY = "demand history"
#: Causes that are more than one column. Every other leaf of the graph is a cause by itself.
_CAUSE_OF = {
    "lead_time_days_given": "lead time",
    "lead_time_sd_days_given": "lead time",
    "lead_time_observations": "lead time",
    "on_hand_units": "stock",
    "reserved_units": "stock",
    "backlog_units": "stock",
    "stock_known": "stock",
    "due_units": "open orders",
    "overdue_units": "open orders",
    "unit_cost_minor": "cost and price",
    "unit_price_minor": "cost and price",
    "order_cost_minor": "cost and price",
    "days_to_end_of_life": "end of life",
    "successor_on_sale": "end of life",
    "abc_a_value_minor_min": "value class cut-offs",
    "abc_b_value_minor_min": "value class cut-offs",
    "launch_known": HISTORY,
    "launch_period": HISTORY,
    "availability_known": HISTORY,
    "period_days": HISTORY,
    "as_of_day": HISTORY,
    "grid_start_day": HISTORY,
}
#: Columns that say in words what a cause did; the others are said by their own columns.
_SAID_BY = {
    "lead time": ("lead_time_days_mean", "lead_time_days_sd"),
    HISTORY: ("daily_mean_units", "error_sd_units_per_period"),
    "stock": ("on_hand_units", "reserved_units", "backlog_units", "stock_known"),
    "open orders": ("on_order_in_time_units", "on_order_units"),
}
_STATES = ("stage", "abc_class", "pattern")


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a change: what it did in words, from where, and how many units it is worth by itself."""

    name: str
    words: str
    where: str
    units: int


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item whose order changed. ``states`` says which classes changed; ``together_units`` is left by the causes."""

    sku_id: str
    location_id: str
    quantity_before_units: int
    quantity_after_units: int
    cost_change_minor: int
    causes: tuple[Cause, ...]
    states: tuple[str, ...]
    together_units: int


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Two plans compared: totals over all items, causes over all changed items, details of the dearest changes."""

    before_id: str
    after_id: str
    before_as_of: str
    after_as_of: str
    currency: str
    differs_in: tuple[str, ...]
    items_compared: int
    added: tuple[tuple[str, str, int], ...]
    removed: tuple[tuple[str, str, int], ...]
    changed_count: int
    units_before: int
    units_after: int
    cost_before_minor: int
    cost_after_minor: int
    causes: tuple[tuple[str, int, int], ...]
    state_changes: tuple[tuple[str, str, int], ...]
    changes: tuple[ItemChange, ...]


def diff(before: Plan, after: Plan, top: int = 20, *, steps: Steps = STEPS) -> PlanDiff:
    """Compare two plans. ``causes`` are (name, items, units) and weigh every changed item; ``top`` are told in full."""
    rows_a, rows_b, added, removed = _aligned(before, after)
    quantity_a = before.columns[QUANTITY][rows_a]
    quantity_b = after.columns[QUANTITY][rows_b]
    changed = np.flatnonzero(quantity_a != quantity_b)
    cost_a, cost_b = _order_cost(before), _order_cost(after)
    cost_change = cost_b[rows_b] - cost_a[rows_a]
    comparison = _Comparison(before, after, rows_a[changed], rows_b[changed], steps)
    # The dearest first; units and then the place in the plan decide between equals.
    order = np.lexsort((-np.abs(quantity_b - quantity_a)[changed], -np.abs(cost_change[changed])))[:top]
    return PlanDiff(
        before_id=before.plan_id,
        after_id=after.plan_id,
        before_as_of=str(before.as_of),
        after_as_of=str(after.as_of),
        currency=after.currency,
        differs_in=_differs_in(before, after),
        items_compared=len(rows_a),
        added=_named(after, added),
        removed=_named(before, removed),
        changed_count=len(changed),
        units_before=int(before.columns[QUANTITY].sum()),
        units_after=int(after.columns[QUANTITY].sum()),
        cost_before_minor=int(cost_a.sum()),
        cost_after_minor=int(cost_b.sum()),
        causes=comparison.causes_overall(),
        state_changes=_state_changes(before, after, rows_a, rows_b),
        changes=tuple(comparison.item_change(int(place), int(cost_change[changed[place]])) for place in order),
    )


def _aligned(before: Plan, after: Plan) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Rows of the items in both plans, side by side, then rows only in the second and only in the first."""
    keys = [
        np.char.add(np.char.add(texts(plan, "sku_id").astype(str), "\x1f"), texts(plan, "location_id").astype(str))
        for plan in (before, after)
    ]
    _, rows_a, rows_b = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    only_a = np.setdiff1d(np.arange(len(before)), rows_a)
    only_b = np.setdiff1d(np.arange(len(after)), rows_b)
    return rows_a, rows_b, only_b, only_a


def _named(plan: Plan, rows: IntArray) -> tuple[tuple[str, str, int], ...]:
    skus, locations = texts(plan, "sku_id"), texts(plan, "location_id")
    return tuple((str(skus[row]), str(locations[row]), int(plan.columns[QUANTITY][row])) for row in rows)


def _order_cost(plan: Plan) -> IntArray:
    cost = plan.columns.get("order_cost_total_minor")
    return np.zeros(len(plan), np.int64) if cost is None else np.maximum(np.asarray(cost), 0)


def _differs_in(before: Plan, after: Plan) -> tuple[str, ...]:
    named = {
        "as-of day": before.as_of != after.as_of,
        "data": before.inputs_hash != after.inputs_hash,
        "rulebook": before.rulebook_hash != after.rulebook_hash,
        "seed": before.seed != after.seed,
        "version of Skuwise": before.code_version != after.code_version,
    }
    return tuple(name for name, differs in named.items() if differs)


def _state_changes(before: Plan, after: Plan, rows_a: IntArray, rows_b: IntArray) -> tuple[tuple[str, str, int], ...]:
    """Changes of stage, value class and pattern over all items: (column, "old → new", items), most frequent first."""
    told = []
    for column in _STATES:
        if column in before.columns and column in after.columns:
            old, new = texts(before, column)[rows_a], texts(after, column)[rows_b]
            moved = Counter(zip(old[old != new].tolist(), new[old != new].tolist(), strict=True))
            told += [(column, f"{a} → {b}", count) for (a, b), count in sorted(moved.items())]
    return tuple(sorted(told, key=lambda change: -change[2]))


class _Comparison:
    """The changed items of two plans side by side, with what every cause is worth to each."""

    def __init__(self, before: Plan, after: Plan, rows_a: IntArray, rows_b: IntArray, steps: Steps) -> None:
        self.before, self.after = before, after
        self.rows_a, self.rows_b = rows_a, rows_b
        self.ordered: list[Step] = upstream([QUANTITY], steps, before.columns)
        self.leaf_names = [name for name in leaves(self.ordered) if name in after.columns]
        made = [name for declared in self.ordered for name in declared.outputs]
        names = dict.fromkeys([*self.leaf_names, *made, *leaves(self.ordered)])
        self.base = rows_of(before.columns, [name for name in names if name in before.columns], rows_a)
        self.touched: dict[str, BoolArray] = {}
        self.worth: dict[str, IntArray] = {}
        self.alone: dict[str, Mapping[str, Any]] = {}
        if len(rows_a):
            for cause, columns in self._grouped().items():
                self._weigh(cause, columns)

    def _grouped(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for name in self.leaf_names:
            groups.setdefault(self._cause_of(name), []).append(name)
        return groups

    def _cause_of(self, name: str) -> str:
        """The cause that a leaf belongs to: what is seen over time is history, unless it is known better."""
        series = np.ndim(self.before.columns[name]) == 2
        return _CAUSE_OF.get(name, HISTORY if series else label(name))

    def _weigh(self, cause: str, columns: Sequence[str]) -> None:
        new = {name: self._translated(name) for name in columns}
        n = len(self.rows_a)
        touched = np.zeros(n, dtype=bool)
        for name in columns:
            same = equal_values(new[name], self.base[name])
            touched |= np.broadcast_to(~same, n) if len(same) == n or len(same) == 1 else np.ones(n, dtype=bool)
        if not touched.any():
            return
        some = np.flatnonzero(touched)
        made = remake(self.ordered, rows_of(self.base, self.base, some), rows_of(new, new, some))
        worth = np.zeros(n, dtype=np.int64)
        worth[some] = np.asarray(made.get(QUANTITY, self.base[QUANTITY][some])) - self.base[QUANTITY][some]
        self.touched[cause], self.worth[cause] = touched, worth
        said = [name for name in _SAID_BY.get(cause, ()) if name in made and np.ndim(made[name]) == 1]
        self.alone[cause] = {name: self._spread(np.asarray(made[name]), some) for name in said}

    def _translated(self, name: str) -> Any:
        """The new plan's values of a column; codes follow the words of the old plan."""
        column = rows_of(self.after.columns, [name], self.rows_b)[name]
        old_words, new_words = self.before.labels.get(name), self.after.labels.get(name)
        if (
            old_words == new_words
            or old_words is None
            or new_words is None
            or np.asarray(column).dtype.kind not in "iu"
        ):
            return column
        place = {word: code for code, word in enumerate(old_words)}
        codes = np.array([place.get(word, len(old_words)) for word in new_words], dtype=column.dtype)
        return codes[column]

    def _spread(self, values: np.ndarray, some: IntArray) -> np.ndarray:
        whole = np.zeros(len(self.rows_a), dtype=values.dtype)
        whole[some] = values
        return whole

    def causes_overall(self) -> tuple[tuple[str, int, int], ...]:
        """(name, items it moves by itself, units over these), the largest first."""
        told = [(name, int(np.count_nonzero(worth)), int(worth.sum())) for name, worth in self.worth.items()]
        told = [cause for cause in told if cause[1]]
        return tuple(sorted(told, key=lambda cause: (-int(np.abs(self.worth[cause[0]]).sum()), cause[0])))

    def item_change(self, place: int, cost_change_minor: int) -> ItemChange:
        row_a, row_b = int(self.rows_a[place]), int(self.rows_b[place])
        old = int(self.before.columns[QUANTITY][row_a])
        new = int(self.after.columns[QUANTITY][row_b])
        causes = [self._cause(name, place) for name, touched in self.touched.items() if touched[place]]
        causes.sort(key=lambda cause: (-abs(cause.units), cause.name))
        moving = [cause for cause in causes if cause.units]
        return ItemChange(
            sku_id=text_at(self.after, "sku_id", row_b),
            location_id=text_at(self.after, "location_id", row_b),
            quantity_before_units=old,
            quantity_after_units=new,
            cost_change_minor=cost_change_minor,
            causes=tuple(moving or causes),
            states=tuple(self._state(column, row_a, row_b) for column in _STATES if self._moved(column, row_a, row_b)),
            together_units=new - old - sum(cause.units for cause in causes),
        )

    def _cause(self, name: str, place: int) -> Cause:
        row_a, row_b = int(self.rows_a[place]), int(self.rows_b[place])
        told, where = [], ""
        alone = self.alone[name]
        columns = list(alone) or [n for n in self.leaf_names if self._cause_of(n) == name]
        columns = [n for n in _SAID_BY.get(name, ()) if n in self.leaf_names] + columns
        for column in dict.fromkeys(columns):
            old = self._value(self.before, column, row_a)
            new = alone[column][place] if column in alone else self._value(self.after, column, row_b)
            old_words, new_words = in_words(self.before, column, old), in_words(self.after, column, new)
            if old_words != new_words:
                told.append(f"{label(column)} {shortened(old_words, new_words)}")
        for column in (n for n in self.leaf_names if self._cause_of(n) == name):
            where = where or where_from(self.after, column, row_b)
        where = "" if name == HISTORY or where == "setting" else where
        return Cause(name, "; ".join(told[:2]) or f"{name} changed", where, int(self.worth[name][place]))

    @staticmethod
    def _value(plan: Plan, column: str, row: int) -> Any:
        values = plan.columns[column]
        return values[row] if isinstance(values, np.ndarray) and values.ndim else values

    def _moved(self, column: str, row_a: int, row_b: int) -> bool:
        both = column in self.before.columns and column in self.after.columns
        return both and text_at(self.before, column, row_a) != text_at(self.after, column, row_b)

    def _state(self, column: str, row_a: int, row_b: int) -> str:
        return f"{label(column)} {text_at(self.before, column, row_a)} → {text_at(self.after, column, row_b)}"


def shortened(old: str, new: str) -> str:
    """Old and new value with the unit once.

    >>> shortened("31 days", "45 days"), shortened("no", "yes")
    ('31 → 45 days', 'no → yes')
    """
    head, _, unit = old.partition(" ")
    new_head, _, new_unit = new.partition(" ")
    same_unit = unit.rstrip("s") == new_unit.rstrip("s") and unit
    return f"{head} → {new_head} {new_unit}" if same_unit else f"{old} → {new}"
