"""Which policies a replay lives: their names, kinds and settings. How each decides is in ``deciding``.

``textbook``, ``min_max`` and ``weeks_of_cover`` are what planners do by hand or in a spreadsheet; ``skuwise`` is the
plan of this package under a rulebook. Any number of variants of a kind can be lived side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from skuwise.core.rules import Rulebook

Kind = Literal["textbook", "min_max", "weeks_of_cover", "skuwise"]

#: Settings of each kind with their defaults. Weeks are calendar weeks, whatever the planning period is.
DEFAULTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        # Base stock: mean × (L + R) + z σ √(L + R), with mean and σ of the last ``mean_weeks``.
        "textbook": {"mean_weeks": 13.0},
        # min = demand of the lead time + ``safety_weeks``; max = min + ``order_weeks``.
        "min_max": {"mean_weeks": 13.0, "safety_weeks": 2.0, "order_weeks": 4.0},
        # Order up to the demand of the lead time + ``cover_weeks``.
        "weeks_of_cover": {"mean_weeks": 13.0, "cover_weeks": 4.0},
        # learn 1: a model over all items, trained every quarter on what was known then, forecasts beside each item's
        # own. frozen_rules 1: class, stage and rule values stay as on the first day; frozen_levels 1: reorder point,
        # level and lot too. They are set anew every ``retune_weeks``, never where that is 0. loop 1: monitors watch
        # each period's plan, and what they may change by themselves they change.
        "skuwise": {"learn": 0.0, "frozen_rules": 0.0, "frozen_levels": 0.0, "retune_weeks": 0.0, "loop": 0.0},
    }
)


#: Parameters of kind skuwise that are on (1) or off (0).
SWITCHES = ("learn", "frozen_rules", "frozen_levels", "loop")


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """One policy of a replay.

    ``name`` is how results call it. ``parameters`` replace defaults of its kind (see ``DEFAULTS``). ``rulebook``
    (kind skuwise; for the others it gives service target and review period) replaces the replay's own.
    """

    name: str
    kind: Kind
    parameters: Mapping[str, float] = field(default_factory=dict)
    rulebook: Rulebook | None = None

    def parameter(self, name: str) -> float:
        return float(self.parameters.get(name, DEFAULTS[self.kind][name]))

    @property
    def learns(self) -> bool:
        """Whether it decides with what a model over all items tells."""
        return self.kind == "skuwise" and self.parameter("learn") > 0

    @property
    def loops(self) -> bool:
        """Whether monitors watch its plans and change rules by themselves."""
        return self.kind == "skuwise" and self.parameter("loop") > 0

    @property
    def tuned_by_hand(self) -> bool:
        """Whether its rules or levels stay as they were set."""
        return self.kind == "skuwise" and self.parameter("frozen_rules") + self.parameter("frozen_levels") > 0

    @property
    def description(self) -> str:
        """The policy in one line, for tables and reports."""
        told = {name: f"{self.parameter(name):g}" for name in DEFAULTS[self.kind]}
        if self.kind == "textbook":
            return "order up to mean × (L + R) + z × σ × √(L + R); mean and σ of the last {mean_weeks} weeks".format(
                **told
            )
        if self.kind == "min_max":
            text = "min = lead time demand + {safety_weeks} weeks, max = min + {order_weeks} weeks"
            return (text + "; mean of {mean_weeks} weeks").format(**told)
        if self.kind == "weeks_of_cover":
            return "order up to lead time demand + {cover_weeks} weeks of the mean of {mean_weeks} weeks".format(**told)
        text = "the plan of Skuwise, made anew each period" + (" under its own rulebook" if self.rulebook else "")
        text += ", with a forecast learned from all items" if self.learns else ""
        text += ", watched by monitors that change rules within the guard-rails" if self.loops else ""
        return text + (f"; {self._held_in_words}" if self.tuned_by_hand else "")

    @property
    def _held_in_words(self) -> str:
        levels, weeks = self.parameter("frozen_levels") > 0, self.parameter("retune_weeks")
        what = "reorder point, level and lot" if levels else "class, stage and rule values"
        return what + (f" are set anew every {weeks:g} weeks only" if weeks else " stay as on the first day")


#: Lived where the caller names no policies.
STANDARD = (
    PolicySpec("textbook", "textbook"),
    PolicySpec("min/max", "min_max"),
    PolicySpec("weeks of cover", "weeks_of_cover"),
    PolicySpec("skuwise", "skuwise"),
)
