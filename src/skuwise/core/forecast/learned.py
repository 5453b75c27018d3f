"""The learned forecast beside the item's own: by how much it moves the expected demand of the periods ahead.

A model over all items sees what one item's past cannot tell: what comes in the week that a whole category sold more a
year ago. The item's own model knows its level better. The mean of two forecasts that err in different ways errs less
than either (Bates & Granger, Operational Research Quarterly 20 (1969) 451).
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import Float32Array, FloatArray
from skuwise.core.forecast.interval import own_demand
from skuwise.core.steps import step

#: However sure the model is, it does not move a forecast further than by this factor, up or down.
FACTOR_MAX = 3.0


@step(
    out="learned_factor",
    formula="1 + learned_weight_share × (learned demand ÷ the item's own forecast − 1) of each period ahead, between a "
    "third and three; 1 where nothing was learned",
    source="Bates & Granger (1969): combination of forecasts",
)
def learned_factor(
    level_units_per_period: FloatArray,
    trend_units_per_period: FloatArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    periods_to_launch: FloatArray,
    launch_ramp: Float32Array,
    learned_units: FloatArray,
    learned_weight_share: FloatArray,
    as_of_day: int,
    period_days: int,
) -> FloatArray:
    """Factor on the expected demand of the periods ahead that were learned [(n, L) ratio].

    Half weight, own forecast 10, learned 14: the mean of both is 12.

    >>> one, ten, year, week = np.ones(1), np.array([10.0]), np.ones((1, 52)), np.ones((1, 7))
    >>> old, ramp = np.array([-99.0]), np.ones((1, 13), np.float32)
    >>> float(learned_factor(ten, 0 * one, year, week, old, ramp, np.array([[14.0]]), 0.5 * one, 20000, 7)[0, 0])
    1.2
    """
    own = own_demand(
        level_units_per_period,
        trend_units_per_period,
        season_index,
        weekday_index,
        periods_to_launch,
        np.ascontiguousarray(launch_ramp),
        as_of_day,
        period_days,
        learned_units.shape[1],
    )
    known = (own > 0) & ~np.isnan(learned_units)
    ratio = np.where(known, learned_units, 1.0) / np.where(known, own, 1.0)
    factor: FloatArray = np.clip(1 + learned_weight_share[:, None] * (ratio - 1), 1 / FACTOR_MAX, FACTOR_MAX)
    return factor
