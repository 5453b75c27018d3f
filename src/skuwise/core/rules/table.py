"""Rules about one field of one SKU, of which there may be many thousands, matched against all items at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray, TextArray
from skuwise.core.dictionary import fields_of
from skuwise.core.rules.conditions import AnyOf, Items, rows_in_ranges
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.values import as_number

FOREVER = np.datetime64("9999-12-31", "D")
ALWAYS = np.datetime64("0001-01-01", "D")


@dataclass(frozen=True, slots=True)
class Clash:
    """Two rules of one layer that give one field different values for ``count`` items; ``row`` is the first."""

    field: str
    first: int
    second: int
    count: int
    row: int


@dataclass(frozen=True, slots=True)
class RuleTable:
    """Rules that each give one field of one SKU, as arrays (k,), to be matched against all items at once.

    They stand in the order of their precedence. Rules of the same ``rank`` must not contradict each other.
    """

    sku_id: TextArray
    location_id: TextArray
    located: BoolArray
    field_name: TextArray
    value: FloatArray
    valid_from: DateArray
    valid_until: DateArray
    rank: IntArray

    @classmethod
    def of(cls, rules: tuple[Rule, ...]) -> RuleTable:
        fields = fields_of("rules")
        named = [next(iter(rule.values.items())) for rule in rules]
        return cls(
            sku_id=np.array([_only(rule, "sku_id") for rule in rules], dtype=np.str_),
            location_id=np.array([_only(rule, "location_id") for rule in rules], dtype=np.str_),
            located=np.array(["location_id" in rule.when for rule in rules], dtype=np.bool_),
            field_name=np.array([name for name, _ in named], dtype=np.str_),
            value=np.array([as_number(fields[name], value) for name, value in named], dtype=np.float64),
            valid_from=np.array([rule.valid_from or ALWAYS for rule in rules], dtype="datetime64[D]"),
            valid_until=np.array([rule.valid_until or FOREVER for rule in rules], dtype="datetime64[D]"),
            rank=_ranks(rules),
        )

    def __len__(self) -> int:
        return len(self.sku_id)

    def holding(self, as_of: np.datetime64) -> BoolArray:
        return np.asarray((self.valid_from <= as_of) & (as_of < self.valid_until))

    def matched(self, items: Items, as_of: np.datetime64) -> tuple[IntArray, IntArray]:
        """Pairs of (rule, row) in which the rule holds on the day, rules ascending."""
        skus = items.columns["sku_id"]
        holding = np.flatnonzero(self.holding(as_of))
        wanted, place = np.unique(self.sku_id[holding], return_inverse=True)
        start = np.searchsorted(skus, wanted, side="left")[place]
        end = np.searchsorted(skus, wanted, side="right")[place]
        which, rows = rows_in_ranges(start, end)
        which = holding[which]
        here = ~self.located[which] | (self.location_id[which] == items.columns["location_id"][rows])
        return which[here], rows[here]

    def winners(self, which: IntArray, rows: IntArray) -> tuple[IntArray, IntArray, list[Clash]]:
        """Of the pairs of one field the one that holds in each row, and the pairs that contradict each other.

        The greatest number wins; two of the same rank that differ are a clash.
        """
        order = np.lexsort((which, rows))
        which, rows = which[order], rows[order]
        same = (rows[1:] == rows[:-1]) & (self.rank[which[1:]] == self.rank[which[:-1]])
        differ = np.flatnonzero(same & differ_in_value(self.value[which[1:]], self.value[which[:-1]]))
        clashes: dict[tuple[int, int], list[int]] = {}
        for at in differ.tolist():
            clashes.setdefault((int(which[at]), int(which[at + 1])), []).append(int(rows[at]))
        last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
        told = [
            Clash(str(self.field_name[first]), first, second, len(at), at[0]) for (first, second), at in clashes.items()
        ]
        return which[last], rows[last], told


def differ_in_value(first: FloatArray, second: FloatArray | float) -> BoolArray:
    """Where two values are not the same; NaN, which means that there is none, is the same as NaN."""
    return np.asarray((first != second) & ~(np.isnan(first) & np.isnan(second)))


def _ranks(rules: tuple[Rule, ...]) -> IntArray:
    """A number for each precedence, ascending."""
    precedences = [rule.precedence for rule in rules]
    numbers = {precedence: rank for rank, precedence in enumerate(sorted(set(precedences)))}
    return np.array([numbers[precedence] for precedence in precedences], dtype=np.int64)


def _only(rule: Rule, column: str) -> str:
    condition = rule.when.get(column)
    return str(condition.options[0]) if isinstance(condition, AnyOf) else ""
