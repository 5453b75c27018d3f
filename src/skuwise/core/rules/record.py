"""A rulebook as text that travels with a plan, so that its rules can be explained when the files have changed."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.conditions import AnyOf, Between, Condition
from skuwise.core.rules.guard_rails import GuardRail
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.rulebook import Rulebook
from skuwise.core.rules.values import NO_DAY, Value


def to_record(rulebook: Rulebook) -> str:
    """The whole rulebook, built-in rules among it, as one line of JSON; ``from_record`` gives it back."""
    record = {
        "rules": [_rule_record(rule) for rule in rulebook.rules],
        "automatic": [_rule_record(rule) for rule in rulebook.automatic],
        "overrides": [_rule_record(rule) for rule in rulebook.overrides],
        "guard_rails": [_guard_rail_record(rail) for rail in rulebook.guard_rails],
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
        guard_rails=tuple(_guard_rail_of(one) for one in record.get("guard_rails", ())),
        automatic=tuple(_rule_of(one) for one in record.get("automatic", ())),
    )


def _rule_record(rule: Rule) -> dict[str, Any]:
    record: dict[str, Any] = {column.name: getattr(rule, column.name) for column in fields(Rule)}
    record["when"] = {column: _condition_record(condition) for column, condition in rule.when.items()}
    # A day is written as text; the field's type says that it is one.
    record["values"] = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in rule.values.items()
    }
    record["valid_from"] = rule.valid_from.isoformat() if rule.valid_from else None
    record["valid_until"] = rule.valid_until.isoformat() if rule.valid_until else None
    return record


def _guard_rail_record(rail: GuardRail) -> dict[str, Any]:
    record: dict[str, Any] = {column.name: getattr(rail, column.name) for column in fields(GuardRail)}
    record["when"] = {column: _condition_record(condition) for column, condition in rail.when.items()}
    return record


def _guard_rail_of(record: dict[str, Any]) -> GuardRail:
    when = {column: _condition_of(condition) for column, condition in record["when"].items()}
    return GuardRail(**(record | {"when": when}))


def _rule_of(record: dict[str, Any]) -> Rule:
    days = {name: date.fromisoformat(record[name]) if record[name] else None for name in ("valid_from", "valid_until")}
    when = {column: _condition_of(condition) for column, condition in record["when"].items()}
    values = {name: _value_of(name, value) for name, value in record["values"].items()}
    return Rule(**(record | days | {"when": when, "values": values}))


def _value_of(name: str, value: Any) -> Value:
    is_day = fields_of("rules")[name].dtype == "date" and value != NO_DAY
    return date.fromisoformat(value) if is_day else value


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
