"""Resolution: the value of every rule field for every item at once, and which rule gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.dictionary import Field, fields_of
from skuwise.core.findings import Finding
from skuwise.core.rules.conditions import Items
from skuwise.core.rules.notices import rule_findings, sku_rule_findings
from skuwise.core.rules.problems import Problem, RulebookError
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.rulebook import Rulebook
from skuwise.core.rules.table import Clash, RuleTable, differ_in_value
from skuwise.core.rules.values import EARLY_FIELDS, as_column, as_number, default_of, number_type, told_in

RuleValueArray = FloatArray | IntArray | BoolArray | CodeArray | DateArray
RuleNumbers = npt.NDArray[np.int16] | npt.NDArray[np.int32]

#: More rules than this, and their numbers take four bytes an item and field instead of two.
_INT16_RULES_MAX = int(np.iinfo(np.int16).max)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the rulebook says of n items.

    ``values[field]`` (n,) is float64, int64, bool, datetime64[D] (NaT is none), or int16 as position among the
    dictionary's choices.
    ``given_by[field]`` (n,) is the number of the deciding rule in ``rules``: int16, or int32 where a rulebook has
    more than 32,767 rules and overrides. ``counts`` (rules,) is the number of items for which a rule decides at least
    one field, ``matched`` (rules,) of those that meet its conditions on the day.
    """

    rules: tuple[Rule, ...]
    values: dict[str, RuleValueArray]
    given_by: Mapping[str, RuleNumbers]
    counts: IntArray
    matched: IntArray
    findings: tuple[Finding, ...]

    def rule_of(self, name: str, row: int) -> Rule:
        """The rule that decides a field of one item."""
        return self.rules[int(self.given_by[name][row])]


def resolve(
    rulebook: Rulebook,
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    as_of: date | np.datetime64,
) -> Resolved:
    """Resolve every field of dictionary table ``rules`` for n items on the day ``as_of``.

    ``columns`` maps a name to its array (n,): ``sku_id`` and ``location_id`` are texts, rows sorted by both; columns
    named in ``labels`` are codes of those names (-1 unknown); others are numbers. Only columns that a rule asks are
    read. Where two rules of one layer give a field different values for an item, RulebookError names every case.
    """
    day = as_day(as_of)
    resolution = _Resolution(rulebook, Items(columns, labels), fields_of("rules"))
    resolution.apply(day)
    findings = (
        *rule_findings(rulebook.rules, resolution.matched, resolution.items, day.astype(date)),
        *sku_rule_findings(rulebook, resolution.matched, day),
    )
    return Resolved(
        rules=rulebook.in_order,
        values={name: as_column(described, resolution.values[name]) for name, described in fields_of("rules").items()},
        given_by=resolution.given_by,
        counts=deciding_counts(resolution.given_by, len(rulebook.in_order)),
        matched=resolution.matched,
        findings=findings,
    )


def pinned_stages(
    rulebook: Rulebook,
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    as_of: date | np.datetime64,
) -> CodeArray:
    """``stage_pinned`` [(n,) position among its choices, 0 where no rule pins the stage], before the stage is known.

    Rules that set it ask only what the catalogue tells, so that ``resolve`` finds the same later. Raises RulebookError
    where two rules of one layer pin different stages.
    """
    early = {name: fields_of("rules")[name] for name in EARLY_FIELDS}
    resolution = _Resolution(rulebook, Items(columns, labels), early)
    resolution.apply(as_day(as_of))
    pinned: CodeArray = resolution.values["stage_pinned"]
    return pinned


def as_day(as_of: date | np.datetime64) -> np.datetime64:
    return np.datetime64(as_of.isoformat()[:10] if isinstance(as_of, date) else as_of.astype("datetime64[D]"))


@dataclass(slots=True)
class _Resolution:
    """The arrays while they are filled, from the lowest layer to the highest."""

    rulebook: Rulebook
    items: Items
    fields: Mapping[str, Field]
    values: dict[str, Any] = field(default_factory=dict)
    given_by: dict[str, Any] = field(default_factory=dict)
    matched: IntArray = field(init=False)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.rulebook.in_order)
        rule_type = np.int16 if count <= _INT16_RULES_MAX else np.int32
        defaults = self.rulebook.rules[0]
        for name, described in self.fields.items():
            # The rulebook of an older plan does not know the fields that have come since.
            default = as_number(described, defaults.values.get(name, default_of(described)))
            self.values[name] = np.full(len(self.items), default, dtype=number_type(described))
            self.given_by[name] = np.zeros(len(self.items), dtype=rule_type)
        self.matched = np.zeros(count, dtype=np.int64)
        self.matched[0] = len(self.items)

    def apply(self, day: np.datetime64) -> None:
        self.apply_rules(day.astype(date))
        for first, _, table in self.rulebook.tables:
            self.apply_table(first, table, day)
        if self.problems:
            raise RulebookError(self.problems)

    def apply_rules(self, day: date) -> None:
        layer_start = 0
        layer_fields: set[str] = set()
        for number, rule in enumerate(self.rulebook.rules[1:], start=1):
            if rule.precedence != self.rulebook.rules[number - 1].precedence:
                layer_start, layer_fields = number, set()
            spoken = rule.values.keys() & self.fields.keys()
            if not spoken or not rule.holds_on(day):
                continue
            rows = self.items.rows_where(rule.when)
            self.matched[number] = len(self.items) if isinstance(rows, slice) else len(rows)
            for name in sorted(spoken):
                stored = as_number(self.fields[name], rule.values[name])
                if name in layer_fields:
                    self._note_clashes(name, rows, number, layer_start, stored)
                self.values[name][rows] = stored
                self.given_by[name][rows] = number
            layer_fields |= spoken

    def _note_clashes(
        self, name: str, rows: IntArray | slice, number: int, layer_start: int, stored: float | int | bool
    ) -> None:
        """Items for which another rule of the same layer has already said something else."""
        earlier = self.given_by[name][rows]
        differ = np.flatnonzero((earlier >= layer_start) & differ_in_value(self.values[name][rows], stored))
        for other in np.unique(earlier[differ]).tolist():
            at = differ[earlier[differ] == other]
            row = int(np.arange(len(self.items))[rows][at[0]])
            self._add_clash(Clash(name, other, number, len(at), row))

    def apply_table(self, first: int, table: RuleTable, day: np.datetime64) -> None:
        """Rules about one SKU each, of which the first has the number ``first``."""
        which, rows = table.matched(self.items, day)
        self.matched[first : first + len(table)] = np.bincount(which, minlength=len(table))
        for name in sorted(self.fields.keys() & set(table.field_name[np.unique(which)].tolist())):
            of_field = table.field_name[which] == name
            holding, at, clashes = table.winners(which[of_field], rows[of_field])
            for clash in clashes:
                self._add_clash(Clash(name, first + clash.first, first + clash.second, clash.count, clash.row))
            self.values[name][at] = table.value[holding]
            self.given_by[name][at] = first + holding

    def _add_clash(self, clash: Clash) -> None:
        rules, described = self.rulebook.in_order, fields_of("rules")[clash.field]
        first, second = rules[clash.first], rules[clash.second]
        said = [told_in(described, as_number(described, rule.values[clash.field])) for rule in (first, second)]
        columns = self.items.columns
        item = f"{columns['sku_id'][clash.row]} @ {columns['location_id'][clash.row]}"
        what = (
            f'two rules of layer "{second.layer}" give {clash.field} different values for {clash.count} '
            f"item{'s' if clash.count > 1 else ''}, such as {item}: {first} says {said[0]}, {second} says {said[1]}"
        )
        mend = "Narrow the conditions of one so that they do not overlap, or move it to a higher layer"
        if second.layer == "override":
            mend = "Keep one of the two, or end one before the other begins"
        if second.layer == "automatic":
            mend = "Undo one of the two changes"
        self.problems.append(Problem(second.file, second.line, what, mend))


def deciding_counts(given_by: Mapping[str, RuleNumbers], rule_count: int) -> IntArray:
    """Items for which each rule decides at least one field; an item counts once, however many fields it decides."""
    counts = np.zeros(rule_count, dtype=np.int64)
    numbers = list(given_by.values())
    for place, deciding in enumerate(numbers):
        seen = np.zeros(len(deciding), dtype=np.bool_)
        for earlier in numbers[:place]:
            seen |= earlier == deciding
        counts += np.bincount(deciding[~seen], minlength=rule_count)
    return counts
