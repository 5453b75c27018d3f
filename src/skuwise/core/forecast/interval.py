"""Demand over an interval of days: its mean and its spread when demand, level and lead time all vary."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import Float32Array, FloatArray, kernel
from skuwise.core.behaviour.seasonality import part_of_year
from skuwise.core.behaviour.weekday import weekday_of
from skuwise.core.forecast.judging import DAMPING, within_reach
from skuwise.core.forecast.launch import launch_index
from skuwise.core.steps import step


@kernel
def _period_mean(level: float, trend_sum: float, season_index: FloatArray, middle_day: float) -> float:
    return float(within_reach(level, trend_sum) * season_index[part_of_year(middle_day, len(season_index))])


@kernel
def own_demand(
    level: FloatArray,
    trend: FloatArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    to_launch: FloatArray,
    ramp: Float32Array,
    as_of_day: int,
    period_days: int,
    horizon: int,
) -> FloatArray:
    n = len(level)
    mean = np.zeros((n, horizon))
    for i in range(n):
        power = 1.0
        trend_sum = 0.0
        for h in range(horizon):
            power *= DAMPING
            trend_sum += power * trend[i]
            mean[i, h] = _period_mean(level[i], trend_sum, season_index[i], as_of_day + (h + 0.5) * period_days)
            mean[i, h] *= weekday_index[i, weekday_of(as_of_day + h * period_days)]
            if to_launch[i] > -len(ramp[i]):
                mean[i, h] *= launch_index(h, 1.0, to_launch[i], ramp[i])
    return mean


@kernel
def _interval_mean(
    level: FloatArray,
    trend: FloatArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    learned_factor: FloatArray,
    to_launch: FloatArray,
    ramp: Float32Array,
    as_of_day: int,
    period_days: int,
    days: FloatArray,
) -> FloatArray:
    n = len(level)
    total = np.zeros(n)
    for i in range(n):
        power = 1.0
        trend_sum = 0.0
        left = days[i] / period_days
        h = 0
        while left > 0:
            power *= DAMPING
            trend_sum += power * trend[i]
            part = min(1.0, left)
            if to_launch[i] > -len(ramp[i]):
                part = launch_index(h, part, to_launch[i], ramp[i])
            part *= weekday_index[i, weekday_of(as_of_day + h * period_days)]
            if h < learned_factor.shape[1]:
                part *= learned_factor[i, h]
            total[i] += part * _period_mean(level[i], trend_sum, season_index[i], as_of_day + (h + 0.5) * period_days)
            left -= 1.0
            h += 1
    return total


@step(
    out="mean_units",
    formula="(level + damped trend, between half and twice the level) × season index of the period's part of the year "
    "× weekday index where a period is a day × learned factor × demand factor × launch ramp of the periods since "
    "the launch; nothing before it",
    source="Gardner & McKenzie (1985); multiplicative season",
)
def expected_demand(
    level_units_per_period: FloatArray,
    trend_units_per_period: FloatArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    learned_factor: FloatArray,
    demand_factor: FloatArray,
    periods_to_launch: FloatArray,
    launch_ramp: Float32Array,
    as_of_day: int,
    period_days: int,
    forecast_horizon_periods: int,
) -> FloatArray:
    """Expected demand of each future period [(n, H) units]."""
    mean = own_demand(
        level_units_per_period,
        trend_units_per_period,
        season_index,
        weekday_index,
        periods_to_launch,
        np.ascontiguousarray(launch_ramp),
        as_of_day,
        period_days,
        forecast_horizon_periods,
    )
    learned = min(learned_factor.shape[1], forecast_horizon_periods)
    mean[:, :learned] *= learned_factor[:, :learned]
    mean *= demand_factor[:, None]
    return mean


@step(
    out=("lead_mean_units", "protection_mean_units", "review_mean_units", "daily_mean_units"),
    formula="expected demand summed over the lead time, and over lead time + review period; review = their difference; "
    "daily = protection ÷ its days",
    source="Silver, Pyke & Thomas: (R, S) systems protect lead time + review period",
)
def interval_demand(
    level_units_per_period: FloatArray,
    trend_units_per_period: FloatArray,
    season_index: FloatArray,
    weekday_index: FloatArray,
    learned_factor: FloatArray,
    demand_factor: FloatArray,
    periods_to_launch: FloatArray,
    launch_ramp: Float32Array,
    lead_time_days_mean: FloatArray,
    protection_interval_days: FloatArray,
    as_of_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Expected demand until today's order arrives, until the next one would, between the two, and a day [(n,) units].

    >>> season, week, lead, protection = np.ones((1, 52)), np.ones((1, 7)), np.array([28.0]), np.array([35.0])
    >>> one, old, days = np.ones(1), np.array([-99.0]), (lead, protection, 20000, 7)
    >>> shape = (np.zeros(1), season, week, np.ones((1, 1)), one, old, np.ones((1, 13), np.float32))
    >>> flat = interval_demand(np.array([10.0]), *shape, *days)
    >>> [round(float(v[0]), 4) for v in flat]
    [40.0, 50.0, 10.0, 1.4286]
    """
    ramp = np.ascontiguousarray(launch_ramp)
    launch = (learned_factor, periods_to_launch, ramp)
    shape = (level_units_per_period, trend_units_per_period, season_index, weekday_index, *launch)
    lead = demand_factor * _interval_mean(*shape, as_of_day, period_days, lead_time_days_mean)
    protection = demand_factor * _interval_mean(*shape, as_of_day, period_days, protection_interval_days)
    return lead, protection, protection - lead, protection / protection_interval_days


@step(
    out=("lead_sd_units", "protection_sd_units"),
    formula="√(periods × error variance × (expected ÷ unseasonal demand)² + (daily demand × lead time sd)²), "
    "never below √mean",
    source="Silver, Pyke & Thomas: variance of demand over a random lead time",
)
def interval_spread(
    level_units_per_period: FloatArray,
    error_sd_units_per_period: FloatArray,
    lead_mean_units: FloatArray,
    protection_mean_units: FloatArray,
    daily_mean_units: FloatArray,
    lead_time_days_mean: FloatArray,
    lead_time_days_sd: FloatArray,
    protection_interval_days: FloatArray,
    period_days: int,
) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of demand over lead time and protection interval [(n,) units each].

    Textbook case: demand 100 a period with sd 20, lead time 4 periods with sd 1: √(4 × 20² + 100² × 1²) = 107.7.

    >>> level, sd, lead_mean, protection_mean, daily = (np.array([v]) for v in (100.0, 20.0, 400.0, 500.0, 100 / 7))
    >>> days, days_sd, protection_days = (np.array([v]) for v in (28.0, 7.0, 35.0))
    >>> lead, _ = interval_spread(level, sd, lead_mean, protection_mean, daily, days, days_sd, protection_days, 7)
    >>> round(float(lead[0]), 1)
    107.7
    """
    late = (daily_mean_units * lead_time_days_sd) ** 2

    def spread(mean: FloatArray, days: FloatArray) -> FloatArray:
        periods = days / period_days
        unseasonal = level_units_per_period * periods
        scale = np.where(unseasonal > 0, mean / np.where(unseasonal > 0, unseasonal, 1), 1.0)
        variance = periods * (error_sd_units_per_period * scale) ** 2 + late
        return np.sqrt(np.maximum(variance, mean))

    return spread(lead_mean_units, lead_time_days_mean), spread(protection_mean_units, protection_interval_days)
