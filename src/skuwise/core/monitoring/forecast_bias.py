"""Forecast bias: the plan has foretold too much, or too little, three times in a row, and by more than chance allows.

What is judged are the plan's own sums over the protection interval, as they would have been made at the time: an
order rests on nothing else. A change of level that is told already explains such a miss and is not told twice.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import Float32Array, FloatArray
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.stakes import quarter_stake_minor
from skuwise.core.steps import step

#: Deviations of the sum of the three from which a bias is taken for true.
SURE_Z = 4.0
#: A bias of less moves no order.
BIAS_SHARE_MIN = 0.15

FORECAST_BIAS = register(
    Kind(
        "forecast_bias",
        "item",
        "The forecast is off to one side",
        "The last three forecasts said {0:.0f} units, and {1:.0f} were asked for ({2:+.0%})",
        "Let the expected demand be multiplied by what was missed, or find out what the history does not tell.",
        "at most one in 40 years of a steady SKU",
        4,
    )
)
#: The remedy is a factor on the demand.
LEARN_FROM_KINDS: tuple[str, ...] = ()


def forecast_bias(seen: Seen) -> Alarms:
    """An alarm for each item whose forecasts missed to the same side three times in a row.

    ``facts``: foretold and asked for [units], bias [share]. Money: a quarter of what is missed.
    """
    columns = seen.columns
    z, bias = np.asarray(columns["bias_z"]), np.asarray(columns["bias_share"])
    told = np.asarray(columns["change_kind"]) != 0
    rows = np.flatnonzero((np.abs(z) >= SURE_Z) & (np.abs(bias) >= BIAS_SHARE_MIN) & ~told)
    if not len(rows):
        return Alarms.none()
    foretold = np.asarray(columns["past_sum_mean_units"], np.float64)[rows].sum(axis=1)
    asked = np.asarray(columns["past_sum_units"], np.float64)[rows].sum(axis=1)
    interval = np.asarray(columns["protection_interval_days"], np.float64)
    weekly = np.asarray(columns["past_sum_mean_units"], np.float64).sum(axis=1) * bias / np.maximum(interval * 3 / 7, 1)
    money = quarter_stake_minor(seen, np.nan_to_num(weekly))
    since = seen.as_of - np.round(3 * interval[rows]).astype("timedelta64[D]")
    return Alarms.of_items(FORECAST_BIAS.name, rows, since, np.abs(z[rows]), money[rows], foretold, asked, bias[rows])


@step(
    out=("bias_z", "bias_share"),
    formula="Σ (sum − foretold) of the last three protection intervals ÷ root of Σ deviation²; share = Σ sum ÷ "
    "Σ foretold − 1; 0 unless all three missed to the same side",
    source="Brown (1963), tracking signal, on the sums that an order rests on",
)
def bias_of_forecasts(
    past_sum_units: Float32Array, past_sum_mean_units: Float32Array, past_sum_sd_units: Float32Array
) -> tuple[FloatArray, FloatArray]:
    """How sure the bias is [(n,) deviations] and how large [(n,) share]; both 0 where there is none.

    >>> z, share = bias_of_forecasts(*(np.array([row], np.float32) for row in ([14, 15, 16], [10] * 3, [2] * 3)))
    >>> round(float(z[0]), 2), round(float(share[0]), 2)
    (4.33, 0.5)
    """
    asked, foretold, sd = (
        column.astype(np.float64) for column in (past_sum_units, past_sum_mean_units, past_sum_sd_units)
    )
    missed = asked - foretold
    known = (sd > 0).all(axis=1) & (foretold.sum(axis=1) > 0)
    one_sided = known & ((missed > 0).all(axis=1) | (missed < 0).all(axis=1))
    spread = np.sqrt((sd**2).sum(axis=1))
    z = np.where(one_sided, missed.sum(axis=1) / np.where(known, spread, 1.0), 0.0)
    share = np.where(one_sided, missed.sum(axis=1) / np.where(known, foretold.sum(axis=1), 1.0), 0.0)
    return z, share
