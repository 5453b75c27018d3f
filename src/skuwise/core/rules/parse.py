"""Rulebooks from TOML text. Every problem is collected, then all are raised at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.conditions import ASKABLE, CATALOGUE_COLUMNS, Condition, fit_condition
from skuwise.core.rules.guard_rails import GuardRail
from skuwise.core.rules.guard_rails_parsing import guard_rails_of
from skuwise.core.rules.problems import UnfitError, suggestion
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.rulebook import (
    Rulebook,
    default_settings,
    dictionary_defaults,
    in_precedence,
    settings_problems,
)
from skuwise.core.rules.toml_document import Document, read_toml
from skuwise.core.rules.toml_lines import Path
from skuwise.core.rules.values import EARLY_FIELDS, Value, fit_value

TABLES = ("settings", "defaults", "rule", "guard_rail", "overrides")
RULE_KEYS = ("name", "layer", "when", "set", "from", "until", "reason", "author")
BUILT_IN_FILE = "builtin.toml"
GUARD_RAILS_FILE = "guard_rails.toml"


def parse_rulebook(text: str, file: str = "rules.toml") -> Rulebook:
    """The rulebook that a TOML text describes, above the built-in rules.

    Raises RulebookError with every problem: file:line, what is wrong, the nearest valid name, how to mend it. Keys::

        overrides = "overrides.csv"   # table of dated overrides, beside this file
        [settings]                    # how the whole shop is analysed: dictionary table ``settings``
        adi_cutoff_periods = 1.32
        [defaults]                    # holds for every item, above every built-in rule
        service_target = 0.95
        [[rule]]
        name = "A items, smooth demand"
        layer = "class"               # supplier|category|class|stage|segment|sku|sku_location, later wins
        when = { abc_class = "A", pattern = ["smooth", "erratic"] }   # a value, any of a list, or
        # when = { annual_units = { min = 10, max = 50 } }            # a range min ≤ x < max (layer "segment")
        set = { service_target = 0.985 }
        from = 2026-01-01             # optional; the first day
        until = 2026-12-31            # optional; the first day on which it no longer holds
        reason = "margin review"
        [[guard_rail]]                # what the system may change by itself
        name = "Lead times, a little at a time"
        field = "lead_time_days_ruled"   # a rule field, or "stage" for moves of the stage
        automatic = true              # false: every change waits for a person
        when = { supplier_id = "S1" } # optional; the columns of layer segment, sku_id and location_id
        change_share_max = 0.5        # optional, as value_min, value_max, changes_per_run_max and
        days_between_changes_min = 28

    >>> parse_rulebook("[defaults]\\nservice_target = 0.9").rules[-1].values
    {'service_target': 0.9}
    """
    document = read_toml(text, file)
    for name in document.content:
        if name not in TABLES:
            document.refuse((name,), f'unknown key "{name}"', _top_level_mend(name))
    settings = default_settings()
    given = _values(document, "settings", ("settings",), document.table("settings"))
    settings |= {name: value for name, value in given.items() if not isinstance(value, str | date)}
    places = {name: document.line("settings", name) for name in given}
    document.problems.found += settings_problems(settings, places, file)
    overrides_file = document.content.get("overrides", "")
    if not isinstance(overrides_file, str):
        document.refuse(("overrides",), "overrides is not the name of a file", 'Write overrides = "overrides.csv"')
    defaults = [
        Rule(f"default {name}", "default", {}, {name: value}, file=file, line=document.line("defaults", name))
        for name, value in _values(document, "rules", ("defaults",), document.table("defaults")).items()
    ]
    rules = _rules(document, builtin=False)
    guard_rails = guard_rails_of(document, builtin=False)
    document.problems.raise_any()
    return Rulebook(
        rules=in_precedence((*built_in_rules(), *defaults, *rules)),
        overrides=(),
        settings=settings,
        sources=("built-in", file),
        settings_where={name: f"{file}:{line}" for name, line in places.items()},
        overrides_file=overrides_file,
        guard_rails=(*guard_rails, *built_in_guard_rails()),
    )


@cache
def built_in_rulebook() -> Rulebook:
    """The rulebook of a shop that has written none."""
    return Rulebook(built_in_rules(), (), default_settings(), ("built-in",), {}, guard_rails=built_in_guard_rails())


@cache
def built_in_guard_rails() -> tuple[GuardRail, ...]:
    """The guard-rails of ``guard_rails.toml``, which hold where the shop has none of its own."""
    text = (files(__package__) / GUARD_RAILS_FILE).read_text(encoding="utf-8")
    document = read_toml(text, GUARD_RAILS_FILE)
    guard_rails = guard_rails_of(document, builtin=True)
    document.problems.raise_any()
    return tuple(guard_rails)


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """The dictionary's defaults and the rules of ``builtin.toml``, by ascending precedence."""
    text = (files(__package__) / BUILT_IN_FILE).read_text(encoding="utf-8")
    document = read_toml(text, BUILT_IN_FILE)
    rules = _rules(document, builtin=True)
    document.problems.raise_any()
    return in_precedence((dictionary_defaults(), *rules))


def _top_level_mend(name: str) -> str:
    if name in fields_of("settings"):
        return "It is a setting: write it below [settings]"
    if name in fields_of("rules"):
        return "It is a rule field: write it below [defaults] or in the set of a [[rule]]"
    return suggestion(name, TABLES)


def _values(document: Document, table: str, path: Path, given: Mapping[str, object]) -> dict[str, Value]:
    """The values of one table that stand; a problem for each that does not."""
    fields = fields_of(table)
    values: dict[str, Value] = {}
    for name, raw in given.items():
        try:
            if name not in fields:
                raise _unknown_field(table, name)
            values[name] = fit_value(fields[name], raw)
        except UnfitError as unfit:
            document.refuse((*path, name), unfit.what, unfit.mend)
    return values


def _unknown_field(table: str, name: str) -> UnfitError:
    if table == "rules" and name in fields_of("settings"):
        return UnfitError(f"{name} is a setting of the whole shop, not of an item", "Write it below [settings]")
    if table == "settings" and name in fields_of("rules"):
        return UnfitError(
            f"{name} is a rule field, not a setting", "Write it below [defaults] or in the set of a [[rule]]"
        )
    word = "setting" if table == "settings" else "field"
    return UnfitError(f'unknown {word} "{name}"', suggestion(name, fields_of(table)))


def _rules(document: Document, *, builtin: bool) -> list[Rule]:
    rules = []
    lines: dict[str, int] = {}
    for number, raw in enumerate(document.tables("rule", "rule")):
        rule = _rule(document, number, raw, builtin=builtin)
        if rule is None:
            continue
        if rule.name in lines:
            what = f'two rules have the name "{rule.name}"; the other stands in line {lines[rule.name]}'
            document.refuse(("rule", number), what, "Give each rule a name of its own")
        lines.setdefault(rule.name, rule.line)
        rules.append(rule)
    return rules


def _rule(document: Document, number: int, raw: Mapping[str, Any], *, builtin: bool) -> Rule | None:
    """The n-th rule, or None where it has problems (which are noted)."""
    found_before = len(document.problems.found)
    path: Path = ("rule", number)
    for key in raw:
        if key not in RULE_KEYS:
            document.refuse((*path, key), f'unknown key "{key}" of a rule', _rule_key_mend(key))
    texts = {key: document.text((*path, key), raw.get(key, "")) for key in ("name", "layer", "reason", "author")}
    if "name" not in raw or not texts["name"]:
        document.refuse((*path, "name"), "the rule has no name", "Write name = and a few words in quotes")
    values = _values(document, "rules", (*path, "set"), _part(document, path, raw, "set"))
    begin, end = (document.day((*path, key), raw.get(key)) for key in ("from", "until"))
    if begin and end and begin >= end:
        what = f"from {begin} is not before until {end}"
        document.refuse((*path, "until"), what, "until is the first day on which the rule no longer holds")
    when = _conditions(document, path, texts["layer"], raw)
    _refuse_late_conditions(document, path, when, values)
    rule = Rule(
        name=texts["name"],
        layer=texts["layer"],
        when=when,
        values=values,
        valid_from=begin,
        valid_until=end,
        reason=texts["reason"],
        file=document.problems.file,
        line=document.line(*path),
        author=texts["author"],
        builtin=builtin,
    )
    return rule if len(document.problems.found) == found_before else None


def _rule_key_mend(key: str) -> str:
    if key in fields_of("rules"):
        return f"Write it inside set = {{ {key} = … }}"
    if key in ASKABLE["segment"] or key in ("sku_id", "location_id"):
        return f"Write it inside when = {{ {key} = … }}"
    return suggestion(key, RULE_KEYS)


def _part(document: Document, path: Path, raw: Mapping[str, Any], key: str) -> Mapping[str, object]:
    """``when`` or ``set`` of a rule; both must say something."""
    part = raw.get(key)
    if isinstance(part, dict) and part:
        return part
    mends = {
        "set": "Write set = { service_target = 0.97 } with the fields it gives",
        "when": 'Write when = { stage = "new" }; what holds for every item goes below [defaults]',
    }
    document.refuse((*path, key), f"the rule has no {key}" if not part else f"{key} is not a table", mends[key])
    return {}


def _conditions(document: Document, path: Path, layer: str, raw: Mapping[str, Any]) -> dict[str, Condition]:
    given = _part(document, path, raw, "when")
    if layer not in ASKABLE:
        what = f'unknown layer "{layer}"' if layer else "the rule has no layer"
        mend = suggestion(layer, ASKABLE)
        if layer in ("default", "defaults"):
            mend = "What holds for every item goes below [defaults]"
        elif layer in ("override", "overrides"):
            mend = 'Dated overrides stand in a table of their own: overrides = "overrides.csv"'
        elif layer == "automatic":
            what = 'layer "automatic" is what the system changes by itself; a rulebook cannot write it'
            mend = "Say what it may change in a [[guard_rail]]; a rule that holds above it is a dated override"
        document.refuse((*path, "layer"), what, mend)
        return {}
    conditions: dict[str, Condition] = {}
    for column, wanted in given.items():
        try:
            conditions[column] = fit_condition(layer, column, wanted)
        except UnfitError as unfit:
            document.refuse((*path, "when", column), unfit.what, unfit.mend)
    if layer == "sku_location":
        for column in ASKABLE[layer]:
            if given and column not in given:
                document.refuse((*path, "when"), f"the rule names no {column}", 'Layer "sku_location" needs both')
    return conditions


def _refuse_late_conditions(
    document: Document, path: Path, when: Mapping[str, Condition], values: Mapping[str, Value]
) -> None:
    """A field that stages and classes rest on must not rest on them."""
    for name in sorted(values.keys() & set(EARLY_FIELDS)):
        for column in sorted(when.keys() - set(CATALOGUE_COLUMNS)):
            document.refuse(
                (*path, "when", column),
                f"a rule that sets {name} asks {column}, which is computed after {name} must be known",
                f"Ask only {', '.join(CATALOGUE_COLUMNS)}; name the SKUs, or write the values for {column} directly",
            )
