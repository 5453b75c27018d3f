"""The rulebook: built-in rules, the shop's own rules, dated overrides and settings, in the order of precedence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.overrides import OverrideTable
from skuwise.core.rules.problems import Problem
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.values import default_of


@dataclass(frozen=True)
class Rulebook:
    """Rules and overrides by ascending precedence, and the value of every setting.

    Make one with ``parse_rulebook`` or ``built_in_rulebook``. ``rules[0]`` holds the dictionary's defaults.
    ``settings_where`` names file and line of each setting that the file sets. ``overrides_file`` is the table the
    file asks for; reading it is the shell's part.
    """

    rules: tuple[Rule, ...]
    overrides: tuple[Rule, ...]
    settings: Mapping[str, int | float]
    sources: tuple[str, ...] = ()
    settings_where: Mapping[str, str] = field(default_factory=dict)
    overrides_file: str = ""

    @cached_property
    def in_order(self) -> tuple[Rule, ...]:
        """Every rule, overrides last: a later one wins where both match."""
        return self.rules + self.overrides

    @cached_property
    def override_table(self) -> OverrideTable:
        return OverrideTable.of(self.overrides)

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


def in_precedence(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules by precedence and, within a layer, in an order that does not depend on where they stand in a file."""
    return tuple(sorted(rules, key=lambda rule: (rule.precedence, rule.name, _canonical(rule))))


def dictionary_defaults() -> Rule:
    """The lowest rule: what the dictionary says where nobody else says anything."""
    values = {name: default_of(described) for name, described in fields_of("rules").items()}
    reason = "what holds where no rule says otherwise"
    return Rule("dictionary default", "built-in", {}, values, reason=reason, file="dictionary", builtin=True)


def default_settings() -> dict[str, int | float]:
    settings: dict[str, int | float] = {}
    for name, described in fields_of("settings").items():
        value = default_of(described)
        assert not isinstance(value, str)  # the dictionary has only numbers among the settings
        settings[name] = value
    return settings


def _canonical(rule: Rule) -> str:
    """One line that two rules share exactly when they say the same, wherever they stand."""
    when = {column: condition.key for column, condition in rule.when.items()}
    days = (str(rule.valid_from or ""), str(rule.valid_until or ""))
    said = (rule.builtin, rule.layer, rule.name, when, dict(rule.values), days, rule.author, rule.reason)
    return json.dumps(said, sort_keys=True)


def settings_problems(settings: Mapping[str, int | float], where: Mapping[str, int], file: str) -> list[Problem]:
    """Settings that contradict each other: a cut-off that must not lie above another does."""
    return [
        Problem(
            file, max(where.get(low, 0), where.get(high, 0)), f"{low} lies above {high}", f"Let {low} be at most {high}"
        )
        for low, high in (("xyz_x_cv_max", "xyz_y_cv_max"), ("abc_a_share", "abc_b_share"))
        if settings[low] > settings[high]
    ]
