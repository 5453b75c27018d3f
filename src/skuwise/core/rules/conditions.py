"""Conditions of rules: which columns each layer may ask, and how a condition is matched against items.

There is no expression language: a column equals a value, is any of a list, or lies in a range ``min ≤ x < max``.
Only columns that are known before the rules are resolved may be asked, so that no rule depends on itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.behaviour.predictability import XYZ_CLASSES
from skuwise.core.behaviour.seasonality import SEASON_SOURCES
from skuwise.core.behaviour.statistics import PATTERNS
from skuwise.core.behaviour.value_class import ABC_CLASSES
from skuwise.core.dictionary import fields_of, plan_fields
from skuwise.core.lifecycle.season_state import SEASON_STATES
from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.rules.problems import UnfitError, suggestion
from skuwise.core.rules.values import told

CLASS_COLUMNS = ("abc_class", "xyz_class", "pattern", "criticality", "season_source", "season_state")
NUMBER_COLUMNS = (
    "demand_rate_units_per_period",
    "annual_units",
    "annual_value_minor",
    "unit_cost_minor",
    "unit_price_minor",
    "weeks_on_sale",
    "days_to_end_of_life",
    "lead_time_days_given",
    "cv",
    "adi_periods",
    "season_strength",
    "weeks_to_season",
)
#: Layer → the columns its rules may ask.
ASKABLE: dict[str, tuple[str, ...]] = {
    "supplier": ("supplier_id",),
    "category": ("category", "brand"),
    "class": CLASS_COLUMNS,
    "stage": ("stage",),
    "segment": (
        *("supplier_id", "category", "brand", *CLASS_COLUMNS, "stage", "location_id", "product_id"),
        *NUMBER_COLUMNS,
    ),
    "sku": ("sku_id",),
    "sku_location": ("sku_id", "location_id"),
}
#: Columns that the user's own tables tell. Rules of fields that are resolved early may ask no others.
CATALOGUE_COLUMNS = (
    *("supplier_id", "category", "brand", "criticality", "product_id", "sku_id", "location_id"),
    *("unit_cost_minor", "unit_price_minor", "days_to_end_of_life"),
)
#: Columns whose values are a closed list: another name is a mistake, not a value that no item happens to have.
_CLOSED = {
    "abc_class": ABC_CLASSES,
    "xyz_class": XYZ_CLASSES,
    "pattern": PATTERNS,
    "season_source": SEASON_SOURCES,
    "season_state": SEASON_STATES,
    "stage": STAGES,
    "criticality": fields_of("skus")["criticality"].choices,
}
#: Columns in which a negative number means that nothing is known; an unknown value matches no condition.
_NEGATIVE_IS_UNKNOWN = ("unit_cost_minor", "unit_price_minor")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The column equals one of these; sorted and without repetition, all texts or all numbers."""

    options: tuple[str, ...] | tuple[float, ...]

    @property
    def key(self) -> tuple[str | float, ...]:
        return ("any of", *self.options)

    def __str__(self) -> str:
        *others, last = (told(option) for option in self.options)
        return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True, slots=True)
class Between:
    """``low ≤ x < high``; an open side is infinite. NaN and unknown values never match."""

    low: float
    high: float

    @property
    def key(self) -> tuple[str | float, ...]:
        return ("between", self.low, self.high)

    def __str__(self) -> str:
        if self.high == np.inf:
            return f"at least {told(self.low)}"
        return (
            f"below {told(self.high)}" if self.low == -np.inf else f"from {told(self.low)} to below {told(self.high)}"
        )


Condition = AnyOf | Between


def fit_condition(layer: str, column: str, raw: object) -> Condition:
    """A condition as the rulebook writes it, or UnfitError where layer, column or value do not allow it."""
    if column not in ASKABLE[layer]:
        raise _not_askable(layer, column)
    return fit_asked(column, raw)


def fit_asked(column: str, raw: object) -> Condition:
    """The same for a column that may be asked."""
    if column in NUMBER_COLUMNS:
        return _fit_numbers(column, raw)
    given = raw if isinstance(raw, list) else [raw]
    options = sorted({option for option in given if isinstance(option, str)})
    if not given or not all(isinstance(option, str) for option in given):
        raise UnfitError(f"the condition {column} = {raw!r} is not a text or a list of texts", f'Write {column} = "…"')
    for option in options:
        if option not in _CLOSED.get(column, options):
            raise UnfitError(f'{column} is never "{option}"', suggestion(option, _CLOSED[column]))
    return AnyOf(tuple(options))


def _fit_numbers(column: str, raw: object) -> Condition:
    mend = f"Write {column} = 5, [5, 6] or {{ min = 5, max = 6 }}, which means 5 ≤ x < 6"
    if isinstance(raw, dict):
        return _fit_range(column, raw, mend)
    given = raw if isinstance(raw, list) else [raw]
    numbers = [float(option) for option in given if _is_number(option)]
    if not numbers or len(numbers) < len(given):
        raise UnfitError(f"the condition {column} = {raw!r} is not a number, a list of numbers or a range", mend)
    return AnyOf(tuple(sorted(set(numbers))))


def _fit_range(column: str, raw: Mapping[str, Any], mend: str) -> Between:
    wrong = [name for name in raw if name not in ("min", "max")]
    if wrong or not raw:
        raise UnfitError(f"a range of {column} has {', '.join(wrong) or 'neither min nor max'}", mend)
    if not all(_is_number(bound) for bound in raw.values()):
        raise UnfitError(f"the range of {column} is not made of numbers", mend)
    low, high = float(raw.get("min", -np.inf)), float(raw.get("max", np.inf))
    if not low < high:
        raise UnfitError(
            f"the range of {column} from {told(low)} to below {told(high)} is empty", "Let min be below max"
        )
    return Between(low, high)


def _is_number(raw: object) -> TypeGuard[float]:
    return isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)


def _not_askable(layer: str, column: str) -> UnfitError:
    layers = [other for other, columns in ASKABLE.items() if column in columns]
    if layers:
        return UnfitError(f'layer "{layer}" may not ask {column}', f"Use layer {' or '.join(layers)}")
    if column in plan_fields():
        return UnfitError(
            f"{column} cannot be a condition: it is not among the columns known before rules are resolved",
            f"Ask one of: {', '.join(ASKABLE[layer])}",
        )
    return UnfitError(f'unknown column "{column}" in when', suggestion(column, ASKABLE[layer]))


@dataclass(frozen=True, slots=True)
class Items:
    """The items that rules are matched against: the column store and the names behind its code columns.

    Rows are sorted by ``sku_id``, then ``location_id``, so that rows of a SKU are found by bisection.
    """

    columns: Mapping[str, Any]
    labels: Mapping[str, tuple[str, ...]]
    _positions: dict[str, dict[str, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["sku_id"])

    def rows_where(self, when: Mapping[str, Condition]) -> IntArray | slice:
        """Rows that meet every condition, ascending; the whole slice where there is none."""
        rows: IntArray | slice = slice(None)
        if "sku_id" in when:
            rows = rows_in_ranges(*self._sku_ranges(when["sku_id"]))[1]
        masks = [self._matches(column, condition, rows) for column, condition in when.items() if column != "sku_id"]
        if not masks:
            return rows
        met = np.flatnonzero(np.logical_and.reduce(masks))
        return met if isinstance(rows, slice) else rows[met]

    def has_sku(self, condition: Condition) -> bool:
        """Whether any item is of a SKU that the condition names."""
        start, end = self._sku_ranges(condition)
        return bool(np.any(start < end))

    def unmet(self, when: Mapping[str, Condition], row: int) -> list[str]:
        """The conditions that this row does not meet, with its value: ``stage is mature, not new``."""
        at = np.array([row])
        return [
            f"{column} is {self.text_at(column, row)}, not {condition}"
            for column, condition in when.items()
            if not self._matches(column, condition, at)[0]
        ]

    def text_at(self, column: str, row: int) -> str:
        """The value of a column in one row, as people read it."""
        value = self.columns[column][row]
        if column in self.labels:
            return self.labels[column][int(value)] if value >= 0 else "unknown"
        if isinstance(value, np.str_):
            return str(value)
        unknown = np.isnan(value) or (column in _NEGATIVE_IS_UNKNOWN and value < 0)
        return "unknown" if unknown else told(float(f"{value:.6g}"))

    def absent(self, column: str, condition: Condition) -> list[str]:
        """Names in the condition that no item has; numbers are never absent."""
        if column in NUMBER_COLUMNS or isinstance(condition, Between):
            return []
        if column in self.labels:
            positions = self._codes(column)
            return [str(option) for option in condition.options if option not in positions]
        if column == "sku_id":
            start, end = self._sku_ranges(condition)
            return [str(option) for option, empty in zip(condition.options, start == end, strict=True) if empty]
        return [str(option) for option in condition.options if not np.any(self.columns[column] == option)]

    def names_near(self, column: str, name: str) -> list[str]:
        """Names of the column among which the one that was meant may be sought."""
        if column in self.labels:
            return list(self.labels[column])
        values = self.columns[column]
        if column == "sku_id":
            at = int(np.searchsorted(values, name))
            values = values[max(at - 200, 0) : at + 200]
        return [str(value) for value in np.unique(values)]

    def _codes(self, column: str) -> dict[str, int]:
        if column not in self._positions:
            self._positions[column] = {name: code for code, name in enumerate(self.labels[column])}
        return self._positions[column]

    def _sku_ranges(self, condition: Condition) -> tuple[IntArray, IntArray]:
        assert isinstance(condition, AnyOf)  # fit_condition makes nothing else of a text column
        wanted = np.array(condition.options, dtype=np.str_)
        skus = self.columns["sku_id"]
        return np.searchsorted(skus, wanted, side="left"), np.searchsorted(skus, wanted, side="right")

    def _matches(self, column: str, condition: Condition, rows: IntArray | slice) -> BoolArray:
        values = self.columns[column][rows]
        if isinstance(condition, Between):
            met = (values >= condition.low) & (values < condition.high)
        elif column in self.labels:
            # One slot more than there are names: code -1, "unknown", finds it and matches nothing.
            wanted = np.zeros(len(self.labels[column]) + 1, dtype=np.bool_)
            positions = self._codes(column)
            wanted[[positions[str(option)] for option in condition.options if option in positions]] = True
            return np.asarray(wanted[values])
        else:
            met = np.logical_or.reduce([values == option for option in condition.options])
        return np.asarray(met & (values >= 0) if column in _NEGATIVE_IS_UNKNOWN else met)


def rows_in_ranges(start: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Every row of the half-open ranges, and the number of the range each belongs to.

    >>> which, rows = rows_in_ranges(np.array([4, 0, 7]), np.array([6, 1, 7]))
    >>> which.tolist(), rows.tolist()
    ([0, 0, 1], [4, 5, 0])
    """
    size = end - start
    which = np.repeat(np.arange(len(size)), size)
    before = np.cumsum(size) - size
    return which, np.arange(len(which)) - before[which] + start[which]
