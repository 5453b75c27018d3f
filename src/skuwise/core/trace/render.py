"""An explanation as text: what the number is, made of what, down to where each figure comes from."""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.trace.explain import Explanation, Node
from skuwise.core.trace.story import STORY, is_telling, short_words, told_below
from skuwise.core.trace.words import ALIASES, CHOICES, counted, label, wrapped

_SHORT_DEPTH = 2
_LONG_FORMULA = 160
_LEFT_MAX = 52
#: With less room than this at the right of the values, how a figure came about goes onto lines of its own.
_ROOM_MIN = 46


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
        lines += ["", f"{counted(hidden, 'more figures')} behind these; --full shows them all."]
    if explanation.differing:
        names = ", ".join(node.column for node in explanation.differing)
        text = f"Made anew, these differ from the plan: {names}. Another version of Skuwise made it."
        lines += ["", *wrapped(text, width)]
    elif full:
        made_anew = sum(node.agrees is True for node in every)
        lines += ["", f"All {made_anew} computed figures were made anew and equal the plan's."]
    return "\n".join(lines)


def _heading(explanation: Explanation, width: int) -> list[str]:
    name = f"  {explanation.name}" if explanation.name else ""
    lines = [f"{explanation.sku_id} @ {explanation.location_id}{name}"]
    lines.append(f"plan {explanation.plan_id[:12]}, as of {explanation.as_of}")
    if explanation.elsewhere:
        lines += wrapped(f"also at {', '.join(explanation.elsewhere)} (choose with --location)", width)
    if explanation.told:
        lines += wrapped(explanation.told, width)
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
        self.story = root.column in STORY
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
            return [one for one in node.inputs if depth < _SHORT_DEPTH and is_telling(one)]
        return told_below(node)

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
            meaning = CHOICES.get(node.words, "")
            return "; ".join(part for part in (meaning, node.where) if part)
        if self.full:
            source = f"[{node.source}]" if node.source else ""
            return "; ".join(part for part in (node.formula, node.reason, node.where, source) if part)
        told = short_words(node)
        if told or (node.reason and (not node.value or node.column != "need_units")):
            return told or node.reason
        formula = own_clause(node.formula, node.column)
        return formula if len(formula) <= _LONG_FORMULA else node.where


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
    """Names at the left, values in a column at the right of them, and how they came about behind.

    In a narrow window what does not fit behind a value stands below it, indented.
    """
    names = max(len(entry.left) for entry in entries)
    values = max((len(entry.value) for entry in entries), default=0)
    left = min(names + 2 + values, _LEFT_MAX)
    lines = []
    for entry in entries:
        gap = " " * max(2, left - len(entry.left) - len(entry.value)) if entry.value else ""
        start = f"{entry.left}{gap}{entry.value}"
        # Where the value is missing or the name is long the right-hand side begins as early as it can.
        beside = f"{start.ljust(left)}  "
        if not entry.how:
            lines.append(start)
        elif len(beside) + len(entry.how) <= width:
            lines.append(beside + entry.how)
        elif width - left - 2 >= _ROOM_MIN:
            lines += wrapped(entry.how, width, beside, " " * (left + 2))
        else:
            indent = " " * (len(entry.left) - len(entry.left.lstrip()) + 4)
            lines += [start, *wrapped(entry.how, width, indent, indent)]
    return lines
