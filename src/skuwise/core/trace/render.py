"""An explanation as text: what the number is, made of what, down to where each figure comes from."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from skuwise.core.trace.explain import Explanation, Node
from skuwise.core.trace.words import ALIASES, label

#: The short story of an order: of what each figure is made, most telling first. Inputs not named here are told by
#: the full one.
_STORY = {
    "order_quantity_units": ("after_moq_units", "order_multiple_units"),
    "after_moq_units": ("capped_need_units", "moq_units"),
    "capped_need_units": ("need_units", "max_supply_days"),
    "cap_units": ("inventory_position_units", "lead_mean_units", "daily_mean_units", "max_supply_days"),
    "need_units": (
        "order_up_to_level_units",
        "reorder_point_units",
        "inventory_position_units",
        "reorder_allowed",
        "stock_known",
        "is_bundle",
    ),
    "order_up_to_level_units": ("protection_mean_units", "safety_stock_units", "lot_units"),
    "reorder_point_units": ("protection_mean_units", "safety_stock_units"),
    "protection_mean_units": (
        "level_units_per_period",
        "trend_units_per_period",
        "season_index",
        "protection_interval_days",
    ),
    "protection_interval_days": ("lead_time_days_given", "lead_time_days_assumed", "review_period_days"),
    "safety_stock_units": (
        "service_measure",
        "service_target",
        "protection_sd_units",
        "cycle_quantity_units",
        "safety_stock_units_min",
        "safety_stock_days_max",
    ),
    "protection_sd_units": ("error_sd_units_per_period", "lead_time_days_sd"),
    "level_units_per_period": ("demand_units",),
    "demand_units": (),
    "inventory_position_units": ("on_hand_units", "on_order_in_time_units", "reserved_units", "backlog_units"),
    "on_order_in_time_units": ("due_units",),
    "days_until_order": ("inventory_position_units", "reorder_point_units", "mean_units"),
}
#: Values that say only that nothing is out of the ordinary.
_QUIET = {
    "is_bundle": False,
    "reorder_allowed": True,
    "stock_known": True,
    "reserved_units": 0,
    "backlog_units": 0,
    "safety_stock_units_min": 0,
    "trend_units_per_period": 0,
    "lot_units": 0,
}
_SHORT_DEPTH = 2
_LONG_FORMULA = 160
_LEFT_MAX = 52


def render(explanation: Explanation, *, full: bool = False, width: int = 100) -> str:
    """The explanation as indented lines no wider than ``width``.

    By default the short story in at most about 40 lines; ``full`` tells every column down to the files, each once.
    """
    writer = _Writer(full, explanation.root)
    writer.node(explanation.root, 0)
    lines = [*_heading(explanation, width), "", *_laid_out(writer.entries, width)]
    every = list(explanation.root.walk())
    hidden = len({node.column for node in every} - writer.told)
    if hidden:
        lines += ["", f"{hidden} more figures stand behind these; --full shows them all."]
    if explanation.differing:
        names = ", ".join(node.column for node in explanation.differing)
        text = f"Made anew, these differ from the plan: {names}. Another version of Skuwise made it."
        lines += ["", *textwrap.wrap(text, width)]
    elif full:
        made_anew = sum(node.agrees is True for node in every)
        lines += ["", f"All {made_anew} computed figures were made anew and equal the plan's."]
    return "\n".join(lines)


def _heading(explanation: Explanation, width: int) -> list[str]:
    name = f"  {explanation.name}" if explanation.name else ""
    lines = [f"{explanation.sku_id} @ {explanation.location_id}{name}"]
    lines.append(f"plan {explanation.plan_id[:12]}, as of {explanation.as_of}")
    if explanation.elsewhere:
        lines += textwrap.wrap(f"also at {', '.join(explanation.elsewhere)} (choose with --location)", width)
    return lines


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the story: indent, name and value at the left, how it came about at the right."""

    left: str
    value: str
    how: str


class _Writer:
    """The entries of a tree in which each column is told once."""

    def __init__(self, full: bool, root: Node) -> None:
        self.full = full
        self.story = root.column in _STORY
        self.told: set[str] = set()
        self.entries: list[_Entry] = []

    def node(self, node: Node, depth: int) -> None:
        self.told.add(node.column)
        self._enter(node, depth)
        below = self._below(node, depth)
        for one in below:
            if one.column not in self.told:
                self.node(one, depth + 1)
        if self.full:
            above = [one.label for one in node.inputs if one not in below]
            if above:
                self.entries.append(_Entry("  " * (depth + 1) + "and from above", "", ", ".join(above)))

    def _below(self, node: Node, depth: int) -> list[Node]:
        if self.full:
            return [one for one in node.inputs if one.column not in self.told]
        if not self.story:
            return [one for one in node.inputs if depth < _SHORT_DEPTH and self._matters(one)]
        inputs = {one.column: one for one in node.inputs}
        named = [inputs[name] for name in _STORY.get(node.column, ()) if name in inputs and self._matters(inputs[name])]
        return [one for one in named if one.column != _unused_input(node)]

    def _matters(self, node: Node) -> bool:
        if node.kind == "setting" and self.story:
            return False
        if node.column == "season_index" and node.words == "flat":
            return False
        return not (node.column in _QUIET and bool(node.value == _QUIET[node.column]))

    def _enter(self, node: Node, depth: int) -> None:
        words = node.words + ("  DIFFERS when made anew" if node.agrees is False else "")
        how = self._how(node)
        # A series is too long to stand in the column of values.
        is_series = getattr(node.value, "ndim", 0) == 1
        value = "" if is_series else words
        how = "; ".join(part for part in (words, how) if part) if is_series else how
        self.entries.append(_Entry("  " * depth + node.label, value, how))

    def _how(self, node: Node) -> str:
        if node.kind not in ("step", "shop"):
            return node.where
        if self.full:
            source = f"[{node.source}]" if node.source else ""
            return "; ".join(part for part in (node.formula, node.reason, node.where, source) if part)
        if node.reason and (not node.value or node.column not in ("need_units",)):
            return node.reason
        formula = own_clause(node.formula, node.column)
        return formula if len(formula) <= _LONG_FORMULA else node.where


def _unused_input(node: Node) -> str:
    """An input that the step read and that made no difference to this item."""
    if node.column == "capped_need_units" and node.reason.startswith("within"):
        return "max_supply_days"
    given = next((one for one in node.inputs if one.column == "lead_time_days_given"), None)
    if given is None:
        return ""
    return "lead_time_days_given" if given.words == "unknown" else "lead_time_days_assumed"


def own_clause(formula: str, column: str) -> str:
    """Of a formula for several columns the part about this one.

    >>> own_clause("reorder point = ⌈m + s⌉; order-up-to = reorder point + lot", "order_up_to_level_units")
    'reorder point + lot'
    """
    names = {label(column), column, *ALIASES.get(column, ())}
    about_others = False
    for clause in formula.split("; "):
        key, equals, rest = clause.partition(" = ")
        if equals and any(name.startswith(key) for name in names):
            return rest
        about_others |= bool(equals)
    return "" if about_others else formula


def _laid_out(entries: list[_Entry], width: int) -> list[str]:
    """Names at the left, values in a column at the right of them, and how they came about behind."""
    names = max(len(entry.left) for entry in entries)
    values = max((len(entry.value) for entry in entries), default=0)
    left = min(names + 2 + values, _LEFT_MAX)
    lines = []
    for entry in entries:
        gap = " " * max(2, left - len(entry.left) - len(entry.value)) if entry.value else ""
        start = f"{entry.left}{gap}{entry.value}"
        if not entry.how:
            lines.append(start)
            continue
        # Where the value is missing or the name is long the right-hand side begins as early as it can.
        start = start.ljust(left)
        lines += textwrap.wrap(
            entry.how,
            width,
            initial_indent=f"{start}  ",
            subsequent_indent=" " * (left + 2),
            break_on_hyphens=False,
        )
    return lines
