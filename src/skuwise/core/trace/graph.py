"""The graph of the declared steps: what a column is made from, and making it once more.

The graph is static, so only columns are stored. A column without a maker, or whose maker needs the whole shop, is
where walking back for one item ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from skuwise.core.arrays import BoolArray
from skuwise.core.plan import Plan
from skuwise.core.steps import Columns, Step, evaluate

Steps = Mapping[str, Step]


def can_run(declared: Step, columns: Columns) -> bool:
    """Whether the step can be evaluated on some rows alone: its inputs are kept and one row is enough."""
    return declared.scope == "item" and all(name in columns for name in declared.inputs)


def upstream(fields: Iterable[str], steps: Steps, columns: Columns) -> list[Step]:
    """The steps behind the fields that can be evaluated on some rows alone, each once, makers before users."""
    ordered: list[Step] = []
    visited: set[str] = set()

    def visit(name: str) -> None:
        maker = steps.get(name)
        if name in visited or maker is None or not can_run(maker, columns):
            return
        visited.update(maker.outputs)
        for needed in maker.inputs:
            visit(needed)
        ordered.append(maker)

    for field in fields:
        visit(field)
    return ordered


def leaves(ordered: Sequence[Step]) -> tuple[str, ...]:
    """The columns that the steps read and none of them makes, in the order of first use."""
    made = {name for declared in ordered for name in declared.outputs}
    return tuple(dict.fromkeys(name for declared in ordered for name in declared.inputs if name not in made))


def rows_of(columns: Columns, names: Iterable[str], rows: slice | np.ndarray) -> dict[str, Any]:
    """The named columns for some rows; scalar settings stay as they are.

    Arrays are made contiguous and writable, as they were when the plan was made: columns read from disk are neither
    always, and a compiled loop would be compiled once more for them.
    """
    taken = {}
    for name in names:
        column = columns[name]
        is_array = isinstance(column, np.ndarray) and column.ndim > 0
        taken[name] = np.require(column[rows], requirements=["C", "W"]) if is_array else column
    return taken


def equal_values(left: Any, right: Any) -> BoolArray:
    """Where two columns hold the same value exactly, missing being equal to missing [(n,) bool]."""
    a, b = np.atleast_1d(np.asarray(left)), np.atleast_1d(np.asarray(right))
    if a.shape != b.shape:
        return np.zeros(len(a), dtype=bool)
    same: BoolArray = a == b
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        same |= np.isnan(a) & np.isnan(b)
    elif a.dtype.kind == "M" and b.dtype.kind == "M":
        same |= np.isnat(a) & np.isnat(b)
    return np.asarray(same.reshape(len(a), -1).all(axis=1)) if same.ndim > 1 else same


def remake(ordered: Sequence[Step], base: Columns, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate only the steps that depend on the changed columns; returns these and all that came of them.

    ``base`` and ``changed`` hold the same rows. ``ordered`` has makers before users, as ``upstream`` gives it.
    """
    new = dict(changed)
    for declared in ordered:
        if any(name in new for name in declared.inputs):
            needed = {name: new[name] if name in new else base[name] for name in declared.inputs}
            made = evaluate(declared, needed)
            new.update({name: value for name, value in made.items() if name not in changed})
    return new


def reevaluate_rows(plan: Plan, rows: slice | np.ndarray, steps: Steps) -> dict[str, int]:
    """Call every step once more on some rows; returns for each column how many rows differ from the stored ones."""
    differing: dict[str, int] = {}
    for declared in dict.fromkeys(steps[name] for name in steps if name in plan.columns):
        if can_run(declared, plan.columns):
            made = evaluate(declared, rows_of(plan.columns, declared.inputs, rows))
            stored = rows_of(plan.columns, [name for name in made if name in plan.columns], rows)
            for name, value in stored.items():
                differing[name] = int(np.count_nonzero(~equal_values(made[name], value)))
    return differing


def reevaluate_all(plan: Plan, steps: Steps) -> dict[str, int]:
    """``reevaluate_rows`` over the whole plan."""
    return reevaluate_rows(plan, slice(None), steps)
