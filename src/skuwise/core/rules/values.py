"""Resolved rules: for every item and field a value and the rule that gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RuleValues:
    """One array (n,) per field; ``given_by`` holds for each field the number of the rule that set it.

    Choices are stored as codes into ``choices[field]``. Numbers are float64, whole numbers int64, flags bool.
    """

    fields: Mapping[str, np.ndarray]
    given_by: Mapping[str, CodeArray]
    choices: Mapping[str, tuple[str, ...]]

    def number(self, field: str) -> FloatArray:
        values = self.fields[field]
        return values if values.dtype == np.float64 else values.astype(np.float64)

    def whole(self, field: str) -> IntArray:
        values: IntArray = self.fields[field]
        assert values.dtype == np.int64, f"{field} is not a whole-number rule"
        return values

    def flag(self, field: str) -> BoolArray:
        values: BoolArray = self.fields[field]
        assert values.dtype == np.bool_, f"{field} is not a yes/no rule"
        return values

    def is_choice(self, field: str, name: str) -> BoolArray:
        """True where the choice ``field`` is ``name`` [(n,) bool]."""
        chosen: BoolArray = self.fields[field] == self.choices[field].index(name)
        return chosen
