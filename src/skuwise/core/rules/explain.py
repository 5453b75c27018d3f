"""Why a field has its value: every rule that speaks of it, layer by layer, and the one that holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.conditions import Items
from skuwise.core.rules.problems import suggestion
from skuwise.core.rules.resolve import as_day, resolve
from skuwise.core.rules.rule import LAYERS, Rule
from skuwise.core.rules.rulebook import Rulebook
from skuwise.core.rules.values import Value, told

_UNMATCHED_SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that speaks of the field. ``why_not`` says which condition or day keeps it away; "" where it matches.

    ``holds`` marks the one rule that decides.
    """

    layer: str
    rule: Rule
    value: Value
    why_not: str
    holds: bool

    @property
    def matched(self) -> bool:
        return not self.why_not


def explain_field(
    rulebook: Rulebook,
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    as_of: date | np.datetime64,
    row: int,
    field: str,
) -> list[Tried]:
    """Every rule that speaks of ``field`` in ascending precedence, tried on the item in ``row``.

    Rules of the SKU layers, automatic rules and overrides are listed only where they name the item's SKU. The rule that
    holds is the one ``resolve`` finds. Raises KeyError with the nearest name where there is no such rule field.
    """
    if field not in fields_of("rules"):
        raise KeyError(f'there is no rule field "{field}". {suggestion(field, fields_of("rules"))}')
    row = range(len(columns["sku_id"]))[row]
    day = as_day(as_of)
    speaking = [(number, rule) for number, rule in enumerate(rulebook.rules) if field in rule.values]
    speaking += _sku_rules_of(rulebook, str(columns["sku_id"][row]), field)
    asked = {"sku_id", "location_id"}.union(*(rule.when for rule in rulebook.rules))
    items = Items({name: columns[name][row : row + 1] for name in asked}, labels)
    deciding = int(resolve(rulebook, items.columns, labels, day).given_by[field][0])
    return [
        Tried(rule.layer, rule, rule.values[field], _why_not(rule, items, day.astype(date)), number == deciding)
        for number, rule in speaking
        if "sku_id" not in rule.when or items.has_sku(rule.when["sku_id"])
    ]


def explanation(tried: Iterable[Tried], field: str, sku_id: str, location_id: str) -> list[str]:
    """The explanation as lines of text: the value, then every layer that speaks of it, then those that do not.

    Of a layer with very many rules that do not match only the first are written out.
    """
    every = list(tried)
    held = next(one for one in every if one.holds)
    unit = fields_of("rules")[field].unit
    lines = [f"{field} = {told(held.value)}{f' {unit}' if unit else ''}   for {sku_id} @ {location_id}"]
    layer_width = max(len(one.layer) for one in every)
    value_width = max(len(told(one.value)) for one in every if one.matched)
    text_width = max(len(_said(one)) for one in every if one.matched)
    for (layer, _), group in groupby(every, key=lambda one: (one.layer, one.rule.builtin)):
        unmatched = 0
        for one in group:
            unmatched += not one.matched
            if one.matched:
                mark = "← holds" if one.holds else "— replaced"
                text = f"{told(one.value):<{value_width}}   {_said(one):<{text_width}}   {mark}"
            else:
                text = f"{'—':<{value_width}}   {_said(one)}"
            if one.matched or unmatched <= _UNMATCHED_SHOWN_MAX:
                lines.append(f"  {layer:<{layer_width}}   {text}")
        if unmatched > _UNMATCHED_SHOWN_MAX:
            more = f"{unmatched - _UNMATCHED_SHOWN_MAX} more rules of this layer do not match"
            lines.append(f"  {layer:<{layer_width}}   {'—':<{value_width}}   {more}")
    silent = [layer for layer in LAYERS if layer not in {one.layer for one in every}]
    return [*lines, f"  nothing is said of it in: {', '.join(silent)}"] if silent else lines


def _sku_rules_of(rulebook: Rulebook, sku_id: str, field: str) -> list[tuple[int, Rule]]:
    """Automatic rules and overrides about the field of one SKU, with their numbers."""
    return [
        (first + number, rules[number])
        for first, rules, table in rulebook.tables
        for number in np.flatnonzero((table.sku_id == sku_id) & (table.field_name == field)).tolist()
    ]


def _why_not(rule: Rule, items: Items, day: date) -> str:
    reasons = items.unmet(rule.when, 0)
    if rule.valid_from is not None and day < rule.valid_from:
        reasons.append(f"it begins on {rule.valid_from}")
    if rule.valid_until is not None and rule.valid_until <= day:
        reasons.append(f"it ended on {rule.valid_until}")
    return "; ".join(reasons)


def _said(one: Tried) -> str:
    rule = one.rule
    if rule.layer == "override":
        text = f"{rule.where} by {rule.author} {rule.end}: {rule.reason}"
    elif rule.layer in ("automatic", "built-in"):
        text = rule.description
    elif rule.layer == "default":
        text = f"[defaults] ({rule.where})"
    else:
        text = f"{rule}" + (f": {rule.reason}" if rule.reason and one.matched else "")
    return text if one.matched else f"{text} does not match: {one.why_not}"
