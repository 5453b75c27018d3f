"""Declared steps: what each step of the loop makes, from what, by which formula and on whose authority.

A step is a function of arrays whose parameter names are the columns it reads. ``run`` picks these from the
column store and puts the results back; nothing else writes a column. Because the graph is static and the columns
are kept, any number can be explained by walking back from its name, and checked by calling its step once more.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

#: Column name → array (n,), (n, T), (n, S) or (n, H), or a scalar setting.
Columns = Mapping[str, Any]
StepFunction = TypeVar("StepFunction", bound=Callable[..., Any])
Scope = Literal["item", "shop"]


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph. ``scope`` "shop" means that every item is needed to compute it, not only one row."""

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    formula: str
    source: str
    scope: Scope
    function: Callable[..., Any]


#: Column of codes → the names that the codes index.
CODE_NAMES: dict[str, tuple[str, ...]] = {}
#: Output column → the step that makes it.
STEPS: dict[str, Step] = {}


def step(
    *,
    out: str | tuple[str, ...],
    formula: str,
    source: str,
    scope: Scope = "item",
    codes: Mapping[str, tuple[str, ...]] | None = None,
) -> Callable[[StepFunction], StepFunction]:
    """Register a function as the one maker of its output columns; the function itself stays as it is.

    ``codes`` names what the numbers of its code columns mean.
    """
    outputs = (out,) if isinstance(out, str) else out

    def register(function: StepFunction) -> StepFunction:
        declared = Step(outputs, tuple(inspect.signature(function).parameters), formula, source, scope, function)
        for name in outputs:
            maker = STEPS.get(name)
            if maker is not None and maker.function.__qualname__ != function.__qualname__:
                raise ValueError(f"column {name} has two makers: {maker.function} and {function}")
            STEPS[name] = declared
        CODE_NAMES.update(codes or {})
        return function

    return register


def evaluate(declared: Step, columns: Columns) -> dict[str, Any]:
    """Call a step on the columns it names and return its outputs by name."""
    result = declared.function(*(columns[name] for name in declared.inputs))
    if len(declared.outputs) == 1:
        return {declared.outputs[0]: result}
    return dict(zip(declared.outputs, result, strict=True))


def run(function: Callable[..., Any], columns: MutableMapping[str, Any]) -> None:
    """Run one declared step and keep what it makes."""
    declared = next(made for made in STEPS.values() if made.function is function)
    columns.update(evaluate(declared, columns))


def take_rows(columns: Columns, rows: slice | np.ndarray) -> dict[str, Any]:
    """The same columns for some rows; scalar settings stay as they are."""
    return {
        name: column[rows] if isinstance(column, np.ndarray) and column.ndim else column
        for name, column in columns.items()
    }
