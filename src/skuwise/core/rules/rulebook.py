"""The rulebook: built-in rules, the shop's own rules, dated overrides and settings, in the order of precedence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.guard_rails import GuardRail
from skuwise.core.rules.problems import Problem
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.table import RuleTable
from skuwise.core.rules.values import default_of


@dataclass(frozen=True)
class Rulebook:
    """Rules, automatic rules and overrides, each by ascending precedence, and the value of every setting.

    Make one with ``parse_rulebook`` or ``built_in_rulebook``. ``rules[0]`` holds the dictionary's defaults.
    ``settings_where`` names file and line of each setting that the file sets. ``overrides_file`` is the table the
    file asks for; reading it is the shell's part. ``guard_rails`` say what may change by itself, those of the shop
    first; they change no plan, so they are no part of the hash.
    """

    rules: tuple[Rule, ...]
    overrides: tuple[Rule, ...]
    settings: Mapping[str, int | float]
    sources: tuple[str, ...] = ()
    settings_where: Mapping[str, str] = field(default_factory=dict)
    overrides_file: str = ""
    automatic: tuple[Rule, ...] = ()
    guard_rails: tuple[GuardRail, ...] = ()

    @cached_property
    def in_order(self) -> tuple[Rule, ...]:
        """Every rule, overrides last: a later one wins where both match."""
        return self.rules + self.automatic + self.overrides

    @cached_property
    def tables(self) -> tuple[tuple[int, tuple[Rule, ...], RuleTable], ...]:
        """The rules about one SKU each: the number of the first in ``in_order``, the rules, and their table."""
        first = len(self.rules)
        parts = ((first, self.automatic), (first + len(self.automatic), self.overrides))
        return tuple((start, rules, RuleTable.of(rules)) for start, rules in parts if rules)

    @property
    def canonical_text(self) -> str:
        """All that is said, one rule a line, whatever the file, its comments, layout and order."""
        lines = sorted(_canonical(rule) for rule in self.in_order)
        return "\n".join([*lines, json.dumps(dict(self.settings), sort_keys=True), ""])

    @cached_property
    def rulebook_hash(self) -> str:
        """SHA-256 of ``canonical_text`` (64 hexadecimal digits)."""
        return hashlib.sha256(self.canonical_text.encode()).hexdigest()

    def with_overrides(self, overrides: Iterable[Rule], source: str = "") -> Rulebook:
        """The same rulebook with these dated overrides besides those it has."""
        every = in_precedence((*self.overrides, *overrides))
        return replace(self, overrides=every, sources=(*self.sources, source) if source else self.sources)

    def with_automatic(self, rules: Iterable[Rule]) -> Rulebook:
        """The same rulebook with these rules of layer "automatic" instead of those it has; see ``automatic_rule``."""
        every = in_precedence(rules)
        if any(rule.layer != "automatic" for rule in every):
            raise ValueError("only rules of layer automatic can stand here: make them with automatic_rule")
        return replace(self, automatic=every)


def in_precedence(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules by precedence and, within a layer, in an order that does not depend on where they stand in a file."""
    ordered: list[Rule] = []
    for _, same in groupby(sorted(rules, key=_place), key=_place):
        # What a rule says in full is dear to write down for many thousands, and decides only between namesakes.
        ordered += sorted(first, key=_canonical) if len(first := list(same)) > 1 else first
    return tuple(ordered)


def _place(rule: Rule) -> tuple[object, ...]:
    return (rule.precedence, rule.name)


def dictionary_defaults() -> Rule:
    """The lowest rule: what the dictionary says where nobody else says anything."""
    values = {name: default_of(described) for name, described in fields_of("rules").items()}
    reason = "what holds where no rule says otherwise"
    return Rule("dictionary default", "built-in", {}, values, reason=reason, file="dictionary", builtin=True)


def default_settings() -> dict[str, int | float]:
    settings: dict[str, int | float] = {}
    for name, described in fields_of("settings").items():
        value = default_of(described)
        assert not isinstance(value, str | date)  # the dictionary has only numbers among the settings
        settings[name] = value
    return settings


_ENCODER = json.JSONEncoder(sort_keys=True, default=str)


def _canonical(rule: Rule) -> str:
    """One line that two rules share exactly when they say the same, wherever they stand."""
    when = {column: condition.key for column, condition in rule.when.items()}
    days = (str(rule.valid_from or ""), str(rule.valid_until or ""))
    said = (
        rule.builtin,
        rule.layer,
        rule.name,
        when,
        dict(rule.values),
        days,
        rule.author,
        rule.reason,
        rule.change_id,
    )
    return _ENCODER.encode(said)


def settings_problems(settings: Mapping[str, int | float], where: Mapping[str, int], file: str) -> list[Problem]:
    """Settings that contradict each other: a cut-off that must not lie above another does."""
    return [
        Problem(
            file, max(where.get(low, 0), where.get(high, 0)), f"{low} lies above {high}", f"Let {low} be at most {high}"
        )
        for low, high in (("xyz_x_cv_max", "xyz_y_cv_max"), ("abc_a_share", "abc_b_share"))
        if settings[low] > settings[high]
    ]
