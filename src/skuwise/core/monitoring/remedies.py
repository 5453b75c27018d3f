"""Remedies: which rule field an alarm of each kind would change, and to what.

Kinds without a remedy tell a person what to do; their advice says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import FloatArray
from skuwise.core.monitoring import level_shift, volatility
from skuwise.core.monitoring.alarm import Alarms, Seen

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Remedy:
    """``value`` gives what the field should be [(k,) numbers of the rulebook] for k alarms about items; NaN for none.

    A change holds for ``valid_days`` and is looked at anew then; 0 means that it does not grow old. ``in_force`` is the
    column of the value that holds before the change, where that is not the column of the field.
    """

    field: str
    value: Callable[[Seen, Alarms], FloatArray]
    valid_days: int = 0
    in_force: str = ""


def from_the_change_on(_seen: Seen, alarms: Alarms) -> FloatArray:
    """Demand before the change is not learned from: the day on which it began, counted from 1970."""
    days: FloatArray = alarms.since.astype("datetime64[D]").astype(np.float64)
    return days


def lead_time_seen(_seen: Seen, alarms: Alarms) -> FloatArray:
    """The lead time of the newest deliveries, in days."""
    days: FloatArray = np.round(alarms.facts[:, 1], 1)
    return days


def factor_against_bias(seen: Seen, alarms: Alarms) -> FloatArray:
    """The factor in force times what was sold over what was expected."""
    factor = np.asarray(seen.columns["demand_factor"])[alarms.item]
    expected, asked_for = alarms.facts[:, 0], alarms.facts[:, 1]
    ratio = np.divide(asked_for, expected, out=np.full(len(alarms), np.nan), where=expected > 0)
    against: FloatArray = np.round(factor * ratio, 2)
    return against


def buy_no_more(_seen: Seen, alarms: Alarms) -> FloatArray:
    """``reorder_allowed`` = false."""
    return np.zeros(len(alarms))


def half_the_cap(seen: Seen, alarms: Alarms) -> FloatArray:
    """Half of the supply that is allowed today, at least four weeks of it, where more than enough is still on order.

    Where nothing is on order the cap has bought nothing lately: the stock is to be sold, and no rule helps with that.
    """
    cap = np.asarray(seen.columns["max_supply_days"])[alarms.item].astype(np.float64)
    less = np.minimum(cap, np.maximum(28, np.rint(cap / 2)))
    return np.where(alarms.facts[:, 3] > 0, less, np.nan)


#: Kind of alarm → its remedy.
REMEDIES: Mapping[str, Remedy] = {
    **dict.fromkeys(
        (*level_shift.LEARN_FROM_KINDS, *volatility.LEARN_FROM_KINDS), Remedy("learn_from", from_the_change_on)
    ),
    "lead_time_drift": Remedy("lead_time_days_ruled", lead_time_seen, DAYS_PER_YEAR, "lead_time_days_mean"),
    "forecast_bias": Remedy("demand_factor", factor_against_bias, DAYS_PER_YEAR // 2),
    "dead_stock": Remedy("reorder_allowed", buy_no_more),
    "excess": Remedy("max_supply_days", half_the_cap, DAYS_PER_YEAR // 2),
}
