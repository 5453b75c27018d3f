"""Commands that ask a plan: explain, diff and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from skuwise.cli.screen import heading, refused, say, screen, user_errors
from skuwise.core.dictionary import fields_of
from skuwise.core.rules import LAYERS, GuardRail, Rule, Tried, explain_field
from skuwise.core.rules.resolve import deciding_counts
from skuwise.core.rules.values import told
from skuwise.core.trace import diff, explain, find_item, render, render_diff
from skuwise.core.trace.words import counted, in_words, label, nearest
from skuwise.snapshot import read_plan

_QUANTITY = "order_quantity_units"
_OTHERS_SHOWN = 20
_AUTOMATIC_SHOWN = 20


def explain_item(folder: Path, sku: str, field: str, location: str | None, *, full: bool) -> None:
    console = screen()
    with user_errors():
        told_text = render(explain(read_plan(folder), sku, location, field), full=full, width=console.width)
        console.print(told_text, soft_wrap=True)


def compare_plans(before: Path, after: Path, top: int) -> None:
    console = screen()
    with user_errors():
        compared = diff(read_plan(before), read_plan(after), top=top)
        console.print(render_diff(compared, width=console.width), soft_wrap=True)


def explain_rule(folder: Path, sku: str, field: str, location: str | None) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        if field not in fields_of("rules"):
            close = nearest(field, fields_of("rules"))
            raise refused(f"there is no rule field {field!r}; {_suggested(close, fields_of('rules'))}")
        row, elsewhere = find_item(plan, sku, location, _QUANTITY)
        tried = explain_field(plan.rulebook, plan.columns, plan.labels, plan.as_of, row, field)
        names = [str(plan.columns[name][row]) for name in ("sku_id", "location_id")]
        value = in_words(plan, field, plan.columns[field][row])
        heading(console, f"{field} = {value} for {' @ '.join(names)}")
        say(console, f"{fields_of('rules')[field].description}.", style="dim")
        if elsewhere:
            say(console, f"also at {', '.join(elsewhere)} (choose with --location)", style="dim")
        _show_matching(console, [one for one in tried if one.matched], field)
        _show_others(console, [one for one in tried if not one.matched])
        silent = [layer for layer in LAYERS if layer not in {one.layer for one in tried}]
        if silent:
            heading(console, "Layers that say nothing of it")
            say(console, ", ".join(silent), "  ", "  ")


def _suggested(close: Sequence[str], every: Iterable[str]) -> str:
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(every)}"


def _show_matching(console: Console, matching: list[Tried], field: str) -> None:
    heading(console, "Rules that match, a later layer wins")
    layers = max(len(one.layer) for one in matching)
    unit = fields_of("rules")[field].unit
    values = [f"{told(one.value)} {unit}".rstrip() for one in matching]
    width = max(map(len, values))
    for one, value in zip(matching, values, strict=True):
        state = "holds" if one.holds else "replaced"
        start = f"  {one.layer:<{layers}}  {value:>{width}}  {state:<8}  "
        if console.width - len(start) >= 40:
            say(console, _named(one.rule), start, " " * len(start))
        else:
            say(console, start.rstrip())
            say(console, _named(one.rule), "      ", "      ")


def _show_others(console: Console, others: list[Tried]) -> None:
    if not others:
        return
    heading(console, "Rules that do not match")
    layers = max(len(one.layer) for one in others)
    for one in others[:_OTHERS_SHOWN]:
        start = f"  {one.layer:<{layers}}  "
        say(console, f"{_title(one.rule)}: {one.why_not}", start, " " * len(start))
    if len(others) > _OTHERS_SHOWN:
        say(console, f"  … and {counted(len(others) - _OTHERS_SHOWN, 'more rules')}")


def _title(rule: Rule) -> str:
    if rule.layer == "override":
        return f"override by {rule.author} ({rule.where})"
    if rule.layer == "automatic":
        return f"changed by itself on {rule.valid_from} (change {rule.change_id})"
    if rule.layer == "default":
        return f"[defaults] ({rule.where})"
    return rule.name if rule.layer == "built-in" else f'"{rule.name}" ({"built-in" if rule.builtin else rule.where})'


def _named(rule: Rule) -> str:
    until = f" {rule.end}" if rule.layer == "override" or rule.valid_until else ""
    return f"{_title(rule)}{until}" + (f": {rule.reason}" if rule.reason else "")


def list_rules(folder: Path) -> None:
    console = screen()
    with user_errors():
        plan = read_plan(folder)
        rules = plan.rulebook.in_order
        counts = deciding_counts(plan.given_by, len(rules)).tolist()
        heading(console, f"Rules of plan {plan.plan_id[:12]}, as of {plan.as_of}")
        say(console, "A later layer wins. The count is of items for which the rule decides at least one field.")
        console.print()
        layers = max(len(rule.layer) for rule in rules)
        numbers = max(len(f"{count:,}") for count in counts)
        say(console, f"{'layer':<{layers}}  {'items':>{max(5, numbers)}}  rule", style="dim")
        for rule, count in _shown(rules, counts):
            start = f"{rule.layer:<{layers}}  {count:>{max(5, numbers)},}  "
            say(console, _title(rule), start, " " * len(start))
            sets = ", ".join(f"{name}\u00a0=\u00a0{told(value)}" for name, value in rule.values.items())
            indent = " " * (len(start) + 2)
            say(console, "every field" if rule.layer == "built-in" else sets, indent, indent, style="dim")
        more = sum(rule.layer == "automatic" for rule in rules) - _AUTOMATIC_SHOWN
        if more > 0:
            console.print()
            say(console, f"{more:,} more changes by itself are not listed; rules explain shows those of a SKU.")
        _show_guard_rails(console, plan.rulebook.guard_rails)


def _shown(rules: Sequence[Rule], counts: Sequence[int]) -> Iterator[tuple[Rule, int]]:
    """Every rule with its count; of changes by itself, of which there may be many thousands, the first."""
    automatic = 0
    for rule, count in zip(rules, counts, strict=True):
        automatic += rule.layer == "automatic"
        if rule.layer != "automatic" or automatic <= _AUTOMATIC_SHOWN:
            yield rule, count


def _show_guard_rails(console: Console, guard_rails: Sequence[GuardRail]) -> None:
    heading(console, "Guard-rails: what may change by itself")
    say(
        console,
        "One of the shop holds instead of a built-in one of the same field. What none names waits for a person.",
    )
    for rail in guard_rails:
        console.print()
        say(console, f'{rail.field}: "{rail.name}" ({rail.where})', "  ", "    ")
        say(console, guard_rail_in_words(rail), "    ", "    ", style="dim")


def guard_rail_in_words(rail: GuardRail) -> str:
    """Where it holds, what it lets through, and why."""
    where = "; ".join(f"{label(column)} is {condition}" for column, condition in rail.when.items())
    lets = "changes by itself" if rail.automatic else "waits for a person"
    bounded = ", ".join((lets, *rail.bounds))
    return f"{f'where {where}: ' if where else ''}{bounded}" + (f": {rail.reason}" if rail.reason else "")
