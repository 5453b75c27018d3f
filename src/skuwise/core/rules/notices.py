"""Findings of a rulebook that can be used but may not do what its author meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.findings import Finding, found
from skuwise.core.rules.conditions import Items
from skuwise.core.rules.problems import nearest
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.rulebook import Rulebook
from skuwise.core.rules.table import FOREVER

#: An override that ends within so many days is told, in time to renew it.
EXPIRES_SOON_DAYS = 14
_EXAMPLES_MAX = 3


def rule_findings(rules: tuple[Rule, ...], matched: IntArray, items: Items, day: date) -> Iterator[Finding]:
    """Of the shop's own rules: those that match nothing, name what no item has, or are over."""
    for rule, count in zip(rules, matched.tolist(), strict=False):
        if rule.builtin or not rule.when:
            continue
        if not rule.holds_on(day):
            if rule.valid_until is not None and rule.valid_until <= day:
                message = f"Rule {rule} ended on {rule.valid_until} and no longer holds"
                yield found("RUL-005", message, table="rules", file=rule.file, row=rule.line)
            continue
        absent = [text for column in rule.when for text in _absent(rule, column, items)]
        if count == 0:
            message = f"Rule {rule} matches no item" + (f": {'; '.join(absent)}" if absent else "")
            yield found("RUL-001", message, table="rules", file=rule.file, row=rule.line)
        elif absent:
            message = f"Rule {rule} names what no item has: {'; '.join(absent)}"
            yield found("RUL-002", message, table="rules", file=rule.file, row=rule.line, count=len(absent))


def _absent(rule: Rule, column: str, items: Items) -> list[str]:
    missing = items.absent(column, rule.when[column])
    texts = []
    for name in missing[:_EXAMPLES_MAX]:
        near = nearest(name, items.names_near(column, name))
        texts.append(f'{column} "{name}"' + (f' (did you mean "{near}"?)' if near else ""))
    if len(missing) > _EXAMPLES_MAX:
        texts.append(f"{len(missing) - _EXAMPLES_MAX} more of {column}")
    return texts


def sku_rule_findings(rulebook: Rulebook, matched: IntArray, day: np.datetime64) -> Iterator[Finding]:
    """Overrides of unknown items, over, soon to be, or without an end, and automatic changes of unknown items.

    One finding for each kind and file. That an automatic change is over, or holds until it is undone, is as it should
    be. ``matched`` (rules,) counts the items of every rule of the rulebook.
    """
    for first, rules, table in rulebook.tables:
        holding, known = table.holding(day), matched[first : first + len(rules)] > 0
        if rules is rulebook.automatic:
            yield from _told(rules, "RUL-008", holding & ~known, "concern an item that is not in the data")
            continue
        soon = holding & (table.valid_until <= day + np.timedelta64(EXPIRES_SOON_DAYS, "D"))
        yield from _told(rules, "RUL-003", holding & ~known, "name an item that is not in the data")
        yield from _told(rules, "RUL-004", table.valid_until <= day, "are over and no longer hold")
        yield from _told(rules, "RUL-007", holding & (table.valid_until == FOREVER), "have no end date")
        yield from _told(rules, "RUL-006", soon & known, f"end within {EXPIRES_SOON_DAYS} days")


def _told(rules: tuple[Rule, ...], code: str, concerned: BoolArray, what: str) -> Iterator[Finding]:
    by_file: dict[str, list[Rule]] = {}
    for number in np.flatnonzero(concerned).tolist():
        by_file.setdefault(rules[number].file, []).append(rules[number])
    for file, about in sorted(by_file.items()):
        about.sort(key=lambda rule: rule.line)
        examples = "; ".join(_example(rule) for rule in about[:_EXAMPLES_MAX])
        more = ", …" if len(about) > _EXAMPLES_MAX else ""
        kind, table = ("automatic change", "rules") if about[0].change_id else ("override", "overrides")
        message = f"{len(about)} {kind}(s) {what}: {examples}{more}"
        yield found(code, message, table=table, file=file, row=about[0].line, count=len(about))


def _example(rule: Rule) -> str:
    place = f" @ {rule.when['location_id']}" if "location_id" in rule.when else ""
    if rule.change_id:
        return f"{rule.name}{place} (change {rule.change_id})"
    return f"{rule.name}{place} by {rule.author} {rule.end} (line {rule.line})"
