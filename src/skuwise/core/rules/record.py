"""A rulebook as text that travels with a plan, so that its rules can be explained when the files have changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from skuwise.core.rules.conditions import AnyOf, Between, Condition
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.rulebook import Rulebook


def to_record(rulebook: Rulebook) -> str:
    """The whole rulebook, built-in rules among it, as one line of JSON; ``from_record`` gives it back."""
    record = {
        "rules": [_rule_record(rule) for rule in rulebook.rules],
        "overrides": [_rule_record(rule) for rule in rulebook.overrides],
        "settings": dict(rulebook.settings),
        "sources": list(rulebook.sources),
        "settings_where": dict(rulebook.settings_where),
        "overrides_file": rulebook.overrides_file,
    }
    return json.dumps(record, ensure_ascii=False)


def from_record(text: str) -> Rulebook:
    """The rulebook that ``to_record`` wrote.

    >>> from skuwise.core.rules import built_in_rulebook
    >>> from_record(to_record(built_in_rulebook())) == built_in_rulebook()
    True
    """
    record = json.loads(text)
    return Rulebook(
        rules=tuple(_rule_of(one) for one in record["rules"]),
        overrides=tuple(_rule_of(one) for one in record["overrides"]),
        settings=record["settings"],
        sources=tuple(record["sources"]),
        settings_where=record["settings_where"],
        overrides_file=record["overrides_file"],
    )


def _rule_record(rule: Rule) -> dict[str, Any]:
    record = asdict(rule)
    record["when"] = {column: _condition_record(condition) for column, condition in rule.when.items()}
    record["values"] = dict(rule.values)
    record["valid_from"] = rule.valid_from.isoformat() if rule.valid_from else None
    record["valid_until"] = rule.valid_until.isoformat() if rule.valid_until else None
    return record


def _rule_of(record: dict[str, Any]) -> Rule:
    days = {name: date.fromisoformat(record[name]) if record[name] else None for name in ("valid_from", "valid_until")}
    when = {column: _condition_of(condition) for column, condition in record["when"].items()}
    return Rule(**(record | days | {"when": when}))


def _condition_record(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, AnyOf):
        return {"any_of": list(condition.options)}
    # JSON knows no infinity: an open side is left out.
    sides = {"min": condition.low, "max": condition.high}
    return {name: value for name, value in sides.items() if np.isfinite(value)}


def _condition_of(record: dict[str, Any]) -> Condition:
    if "any_of" in record:
        return AnyOf(tuple(record["any_of"]))
    return Between(record.get("min", -np.inf), record.get("max", np.inf))
