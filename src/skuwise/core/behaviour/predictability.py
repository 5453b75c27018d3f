"""What is left when the season is taken out: predictability and trend."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import DAYS_PER_YEAR, parts_of_periods
from skuwise.core.behaviour.statistics import YEAR_WEEKS, periods_in_weeks
from skuwise.core.steps import step

XYZ_CLASSES = ("X", "Y", "Z", "none")


@step(
    out=("cv", "trend_share_per_year"),
    formula="level = Σ demand ÷ Σ season index; over the last 52 weeks cv = sd of (demand − level × index) ÷ mean "
    "demand; over the last 104 weeks trend = slope of demand ÷ index, weighted by the index, × periods a year ÷ level, "
    "between −1 and 2; nil below 26 weeks; censored periods left out",
    source="our choice",
)
def deseasonalised_statistics(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray]:
    """Coefficient of variation (NaN without demand) and yearly trend of the deseasonalised demand [(n,) each]."""
    return _statistics(
        demand_units,
        censored,
        first_period,
        season_index,
        grid_start_day,
        period_days,
        periods_in_weeks(YEAR_WEEKS, period_days),
        DAYS_PER_YEAR / period_days,
    )


@kernel
def deseasonalised(demand: FloatArray, season_index: FloatArray, parts_of: IntArray, start: int) -> FloatArray:
    """One item's demand over its index from period ``start`` on; a part with no season to speak of counts as 0.05."""
    result = np.empty(len(demand) - start)
    for t in range(start, len(demand)):
        result[t - start] = demand[t] / max(0.05, season_index[parts_of[t]])
    return result


@kernel
def level_of(
    demand: FloatArray, censored: BoolArray, season_index: FloatArray, parts_of: IntArray, start: int, end: int
) -> tuple[float, float, int, float]:
    """One item's level over the uncensored periods of ``[start, end)``: Σ demand ÷ Σ index.

    A sum over a sum stays sound where single quotients do not: a period out of season adds next to nothing to either.
    Returns the level, Σ index, the number of periods and the sum of squares that the level leaves in units.
    """
    total = 0.0
    index = 0.0
    count = 0
    for t in range(start, end):
        if not censored[t]:
            total += demand[t]
            index += season_index[parts_of[t]]
            count += 1
    level = total / index if index > 0 else 0.0
    squares = 0.0
    for t in range(start, end):
        if not censored[t]:
            squares += (demand[t] - level * season_index[parts_of[t]]) ** 2
    return level, index, count, squares


@kernel
def _statistics(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
    year: int,
    periods_per_year: float,
) -> tuple[FloatArray, FloatArray]:
    n, periods = demand.shape
    cv = np.full(n, np.nan)
    trend = np.zeros(n)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
    for i in range(n):
        if first_period[i] < 0:
            continue
        recent = max(first_period[i], periods - year)
        level, index, count, squares = level_of(demand[i], censored[i], season_index[i], parts_of, recent, periods)
        if level > 0 and count > 1:
            cv[i] = np.sqrt(squares / (count - 1)) / (level * index / count)
        start = max(first_period[i], periods - 2 * year)
        if 2 * (periods - start) >= year:
            slope, level = _slope_and_level(demand[i], censored[i], season_index[i], parts_of, start)
            if level > 0:
                trend[i] = min(2.0, max(-1.0, slope * periods_per_year / level))
    return cv, trend


@kernel
def _slope_and_level(
    demand: FloatArray, censored: BoolArray, season_index: FloatArray, parts_of: IntArray, start: int
) -> tuple[float, float]:
    """Regression of demand ÷ index on time, each period weighted by its index; units per period."""
    weight = 0.0
    moment = 0.0
    total = 0.0
    for t in range(start, len(demand)):
        if not censored[t]:
            weight += season_index[parts_of[t]]
            moment += season_index[parts_of[t]] * t
            total += demand[t]
    if weight <= 0:
        return 0.0, 0.0
    middle = moment / weight
    top = 0.0
    bottom = 0.0
    for t in range(start, len(demand)):
        # index × (demand ÷ index) is demand: a part without season divides nothing.
        if not censored[t]:
            top += (t - middle) * demand[t]
            bottom += season_index[parts_of[t]] * (t - middle) * (t - middle)
    return (top / bottom if bottom > 0 else 0.0), total / weight


@step(
    out="xyz_class",
    formula="X up to xyz_x_cv_max, Y up to xyz_y_cv_max, Z above, none without demand",
    source="our choice: no standard exists",
    codes={"xyz_class": XYZ_CLASSES},
)
def predictability_class(cv: FloatArray, xyz_x_cv_max: float, xyz_y_cv_max: float) -> CodeArray:
    """Predictability class [(n,) code of ``XYZ_CLASSES``].

    >>> [XYZ_CLASSES[c] for c in predictability_class(np.array([0.5, 0.51, 1.2, np.nan]), 0.5, 1.0)]
    ['X', 'Y', 'Z', 'none']
    """
    code = np.where(cv <= xyz_x_cv_max, 0, np.where(cv <= xyz_y_cv_max, 1, 2))
    return np.where(np.isnan(cv), 3, code).astype(np.int16)
