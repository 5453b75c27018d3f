"""What a change of demand puts at stake if nobody acts: margin of units missed, or cost of units left over."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.monitoring.alarm import Seen
from skuwise.core.monitoring.money import in_whole_minor, unit_margin_minor

#: A person who looks seldom acts within a quarter.
QUARTER_WEEKS = 13
#: Units missed in a period that is short by chance: the mean of a standard normal deviate's positive part.
SHORT_DEVIATIONS = 0.4


def quarter_index(seen: Seen) -> FloatArray:
    """Mean season index of the next quarter [(n,)]."""
    index = np.asarray(seen.columns["season_index"])
    ahead = parts_of_periods(int(seen.as_of.astype("datetime64[D]").astype(np.int64)), QUARTER_WEEKS, 7, index.shape[1])
    mean: FloatArray = index[:, ahead].mean(axis=1)
    return mean


def quarter_stake_minor(seen: Seen, units_per_week: FloatArray) -> IntArray:
    """A quarter of so much more or less demand [(n,) units a week, without season], in minor currency; -1 if unknown.

    More demand than planned for is missed: its margin. Less is left over: its cost.
    """
    units = np.abs(units_per_week) * QUARTER_WEEKS * quarter_index(seen)
    cost = np.asarray(seen.columns["unit_cost_minor"]).astype(np.float64)
    each = np.where(units_per_week > 0, unit_margin_minor(seen), np.where(cost >= 0, cost, np.nan))
    return in_whole_minor(units * each)


def spread_stake_minor(seen: Seen, sd_units_per_week: FloatArray) -> IntArray:
    """A quarter of so much more or less spread [(n,) units a week]: margin of what chance lets be missed, or the cost.

    Over a protection interval of w weeks the deviation grows by its root; a quarter has 13 ÷ w of them.
    """
    weeks = np.maximum(np.asarray(seen.columns["protection_interval_days"], np.float64) / 7, 1.0)
    units = SHORT_DEVIATIONS * np.abs(sd_units_per_week) * QUARTER_WEEKS / np.sqrt(weeks)
    cost = np.asarray(seen.columns["unit_cost_minor"]).astype(np.float64)
    each = np.where(sd_units_per_week > 0, unit_margin_minor(seen), np.where(cost >= 0, cost, np.nan))
    return in_whole_minor(units * each)
