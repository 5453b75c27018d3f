"""A shop that tunes by hand: rules or levels that stay as they were set, until somebody sets them anew.

This is what the plan made anew each period, and the loop that changes rules by itself, are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skuwise.core import plan as core
from skuwise.core.arrays import BoolArray
from skuwise.core.dictionary import fields_of
from skuwise.core.steps import STEPS
from skuwise.replaying.policies import PolicySpec

DAYS_PER_WEEK = 7
#: Held beside the values of all rule fields: what rules and policies ask of an item's class and stage.
CLASS_AND_STAGE = ("abc_class", "xyz_class", "stage", "stage_is_pinned")


@dataclass(slots=True)
class Tuning:
    """What one policy holds on to. ``period`` counts from the first one that is lived.

    An item is set up on the first period in which it is on sale, with everything else every ``weeks`` weeks (0: never
    again).
    """

    weeks: float
    levels_too: bool
    period: int = -1
    _held: dict[str, np.ndarray] = field(default_factory=dict)
    _set_up: BoolArray | None = None
    _setting: BoolArray | None = None

    @classmethod
    def of(cls, spec: PolicySpec) -> Tuning | None:
        """The tuning of a policy; None where it decides anew each period."""
        if not spec.tuned_by_hand:
            return None
        return cls(spec.parameter("retune_weeks"), spec.parameter("frozen_levels") > 0)

    def rules(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Begin the next period: the columns under the rules with class, stage and rule values as they are held."""
        self.period += 1
        on_sale: BoolArray = columns["first_period"] >= 0
        if self._set_up is None or self._is_due(int(columns["period_days"])):
            self._set_up = np.zeros(len(on_sale), dtype=np.bool_)
        self._setting = ~self._set_up
        self._set_up = self._set_up | on_sale
        return self._hold(columns, (*fields_of("rules"), *CLASS_AND_STAGE))

    def levels(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """What decides reorder point, level and lot as it is held, where levels are; stock and orders are not in it."""
        if not self.levels_too:
            return dict(columns)
        return self._hold(columns, LEVELS_REST_ON)

    def _is_due(self, period_days: int) -> bool:
        days = self.weeks * DAYS_PER_WEEK
        return days > 0 and self.period * period_days // days > (self.period - 1) * period_days // days

    def _hold(self, columns: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        assert self._setting is not None
        kept = dict(columns)
        for name in names:
            now = np.asarray(columns[name])
            before = self._held.get(name)
            if before is None:
                self._held[name] = now
            elif self._setting.any():
                anew = self._setting.reshape(-1, *(1,) * (now.ndim - 1))
                self._held[name] = np.where(anew, now, before)
            kept[name] = self._held[name]
        return kept


def _levels_rest_on() -> tuple[str, ...]:
    """Forecasts and terms that the steps of ``core.ORDER`` read: what is made before stock is asked for."""
    order = {name for made in STEPS.values() if made.function in core.ORDER for name in made.inputs}
    forecast = {name for name, made in STEPS.items() if made.function in core.FORECAST}
    terms = {"moq_units", "order_multiple_units", "order_cost_minor", "unit_cost_minor", "unit_price_minor"}
    return tuple(sorted(order & (forecast | terms)))


LEVELS_REST_ON = _levels_rest_on()
