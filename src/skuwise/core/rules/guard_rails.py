"""Guard-rails: what the system may change by itself, how far, how often and for which items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made_by

import numpy as np
import numpy.typing as npt

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, TextArray
from skuwise.core.rules.conditions import Condition, Items
from skuwise.core.rules.values import told

#: The field of a guard-rail for moves of the life stage; every other is a rule field.
STAGE = "stage"


@dataclass(frozen=True, slots=True)
class GuardRail:
    """What may be changed by itself for the items that meet every condition.

    ``field`` is a rule field or ``STAGE``. Where ``automatic`` is false every change waits for a person. A bound that
    is None is none. ``change_share_max`` is the greatest distance from the value before as a share of it,
    ``days_between_changes_min`` the least number of days after the latest automatic change of the field for the item,
    ``changes_per_run_max`` how many changes one run may apply under this guard-rail.
    """

    name: str
    field: str
    automatic: bool
    when: Mapping[str, Condition] = made_by(default_factory=dict)
    change_share_max: float | None = None
    value_min: float | None = None
    value_max: float | None = None
    days_between_changes_min: float | None = None
    changes_per_run_max: int | None = None
    reason: str = ""
    file: str = ""
    line: int = 0
    builtin: bool = False

    @property
    def where(self) -> str:
        """How messages name its place: "built-in", or file and line."""
        return "built-in" if self.builtin else f"{self.file}:{self.line}"

    @property
    def bounds(self) -> list[str]:
        """What keeps a change from being applied by itself, in words; empty where nothing does."""
        words = {
            "at most {:g} % from the value before": None
            if self.change_share_max is None
            else self.change_share_max * 100,
            "not below {}": self.value_min,
            "not above {}": self.value_max,
            "at least {:g} days after the change before": self.days_between_changes_min,
            "at most {} changes in a run": self.changes_per_run_max,
        }
        return [text.format(bound) for text, bound in words.items() if bound is not None]


def allowed_changes(
    guard_rails: Iterable[GuardRail],
    items: Items,
    field: str,
    rows: IntArray,
    value_before: FloatArray,
    value_proposed: FloatArray,
    days_since_change: FloatArray,
) -> tuple[BoolArray, TextArray]:
    """Which of k proposed changes of one field may be applied by themselves [(k,)], and why the others not [(k,) text].

    ``guard_rails`` are ``Rulebook.guard_rails``; ``items`` the columns and labels of a plan; ``field`` a rule field or
    "stage". ``rows`` (k,) are rows of items in the order in which ``changes_per_run_max`` counts them: what has most at
    stake first. Make one call for each field and run, or the count begins anew. ``value_before`` and ``value_proposed``
    (k,) are in the unit of the field: of lead times the days that supply terms or receipts tell and the days proposed;
    they are read only where a guard-rail bounds them, so codes and days of dates may stand there. ``days_since_change``
    (k,) counts from the latest automatic change of the field for the item, NaN where there was none.

    A guard-rail of the shop holds for the items that it matches, a built-in one for those that none of the shop's of
    the same field matches. Where several hold, all must allow a change; where none does, it waits for a person. The
    reason is "" where a change is allowed. A change from a value that is 0 or unknown is beyond every share.
    """
    allowed, held = np.ones(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    reasons = np.full(len(rows), "", dtype=object)
    of_field = [rail for rail in guard_rails if rail.field == field]
    change = _Change(value_before, value_proposed, days_since_change)
    for builtin in (False, True):
        speaking = [rail for rail in of_field if rail.builtin == builtin]
        matched = [_matched(rail, items, rows) & ~held for rail in speaking]
        for rail, here in zip(speaking, matched, strict=True):
            for refused, why, figures in _refusals(rail, change):
                _refuse(here & refused, why, allowed, reasons, figures)
            held |= here
        # Counted last, and only what nothing else keeps back.
        for rail, here in zip(speaking, matched, strict=True):
            if rail.changes_per_run_max is not None:
                beyond = here & allowed & (np.cumsum(here & allowed) > rail.changes_per_run_max)
                why = f'guard-rail "{rail.name}": this run has made its {rail.changes_per_run_max} changes'
                _refuse(beyond, why, allowed, reasons)
    _refuse(~held, f"no guard-rail lets {field} of this item change by itself", allowed, reasons)
    return allowed, reasons.astype(np.str_)


@dataclass(frozen=True, slots=True)
class _Change:
    """The proposals of one field, k rows."""

    before: FloatArray
    proposed: FloatArray
    days_since: FloatArray

    @property
    def share(self) -> FloatArray:
        """How far each goes as a share of the value before; infinite from 0 or unknown."""
        before = np.abs(self.before)
        known = before > 0
        distance = np.abs(self.proposed - self.before)
        return np.where(known, distance / np.where(known, before, 1.0), np.inf)


def _matched(rail: GuardRail, items: Items, rows: IntArray) -> BoolArray:
    of_all = np.zeros(len(items), dtype=np.bool_)
    of_all[items.rows_where(rail.when)] = True
    return of_all[rows]


def _refusals(rail: GuardRail, change: _Change) -> Iterator[tuple[BoolArray, str, FloatArray | None]]:
    """Each bound of the guard-rail: the changes that break it [(k,)], why, and the figure in the words."""
    name = f'guard-rail "{rail.name}"'
    if not rail.automatic:
        why = f"{name} leaves it to a person" + (f": {rail.reason}" if rail.reason else "")
        yield np.ones(len(change.days_since), dtype=np.bool_), why, None
        return
    # The words that have a figure are filled in like a form: braces of the name are none of its blanks.
    name = name.replace("{", "{{").replace("}", "}}")
    if rail.value_min is not None:
        # Said this way round because an unknown value is within no bound.
        low = np.asarray(~(change.proposed >= rail.value_min))
        yield low, f"{name}: {{}} is below {told(rail.value_min)}", change.proposed
    if rail.value_max is not None:
        high = np.asarray(~(change.proposed <= rail.value_max))
        yield high, f"{name}: {{}} is above {told(rail.value_max)}", change.proposed
    if rail.change_share_max is not None:
        share, most = change.share, rail.change_share_max
        # The share of two decimal numbers may come out a hair's breadth above the bound it lies on.
        far = np.asarray(~(share <= most * (1 + 1e-9)))
        yield far, f"{name}: a change by {{}} % is more than {most * 100:g} %", np.round(share * 100, 1)
    if rail.days_between_changes_min is not None:
        soon = np.asarray(change.days_since < rail.days_between_changes_min)
        why = f"{name}: changed {{}} days ago, {rail.days_between_changes_min:g} must lie between two changes"
        yield soon, why, change.days_since


def _refuse(
    refused: BoolArray,
    why: str,
    allowed: BoolArray,
    reasons: npt.NDArray[np.object_],
    figures: FloatArray | None = None,
) -> None:
    """Refuse these changes; the first reason stands."""
    at = np.flatnonzero(refused & allowed)
    reasons[at] = why if figures is None else [why.format(told(float(figure))) for figure in figures[at].tolist()]
    allowed[at] = False
