"""Remaining demand: how many units an item will still sell until its end, where an end is in sight.

An end is in sight where a day is named for it, or where demand falls. A named day cuts the forecast off. Falling demand
has no such day: it is taken to decay by the same share each week, as its own newest weeks show it, and its total is
finite. Both come with a spread, because a last order is a bet on that total.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import part_of_year, parts_of_periods
from skuwise.core.behaviour.statistics import periods_in_weeks
from skuwise.core.lifecycle.stage import DECLINING, RETIRED, RETIRING
from skuwise.core.steps import step

#: An end further away than this is not in sight, and what decays is added up for so long.
SIGHT_DAYS = 1095
FALL_DAYS = 728
#: Weeks whose demand tells how fast it falls, and the age at which a week counts for 37% of the newest.
FALL_WEEKS = 13
FALL_MEMORY_WEEKS = 6.0
#: Decay a week before anything is seen, how unsure that is, and its bounds: half-lives of 6, 52 and 1.1 weeks. Of
#: generated declines the total was overrated least with these; all first guesses tried overrated a linear one.
DECAY_FIRST = 0.12
DECAY_FIRST_SD = 0.06
DECAY_MIN, DECAY_MAX = 0.0133, 0.46
#: Weeks that the forecast's level counts for beside those seen.
LEVEL_WEEKS = 0.25
#: Relative error of the total beyond which nobody would believe a figure.
RELATIVE_SD_MAX = 1.0
DISPERSION_MAX = 20.0
NEWTON_STEPS = 25
INDEX_MIN = 0.05


@step(
    out=("falls", "decay_share_per_week", "run_down_level_units_per_period", "run_down_error_share"),
    formula="falls: declining; retiring or retired before any named end, where none is named, a successor sells or the "
    "level has fallen by stage_decline_ratio_max. Demand of its newest 13 weeks ~ level × exp(−decay × weeks ago), "
    "weighed by exp(−weeks ago ÷ 6), most likely value with the forecast's level as a quarter of a week seen and a "
    "rate of 12% ± 6% a week as first guess; within 1.3% and 46%. Error = √(variance of the logarithm of the remaining "
    "demand of a flat year), at most 1",
    source="quasi-Poisson regression with a normal first guess (McCullagh & Nelder, 1989)",
)
def decay(
    demand_units: FloatArray,
    censored: BoolArray,
    in_stock_share: Float32Array,
    first_period: IntArray,
    season_index: FloatArray,
    stage: CodeArray,
    level_ratio: FloatArray,
    successor_on_sale: BoolArray,
    days_to_end_of_life: IntArray,
    level_units_per_period: FloatArray,
    demand_factor: FloatArray,
    stage_decline_ratio_max: float,
    grid_start_day: int,
    period_days: int,
) -> tuple[BoolArray, FloatArray, FloatArray, FloatArray]:
    """Whether demand falls towards an end [(n,) bool], by which share a week, from which deseasonalised level at the
    as-of day and how unsure the total is [(n,) each; NaN where it does not fall].

    Halved in 13 weeks, from 20 to 10 a week, is 5.2% a week; the first guess of 12% is not forgotten.

    >>> weeks = np.arange(13)
    >>> demand = np.round(20 * 0.5 ** (weeks / 13))[None, :]
    >>> one = lambda value: np.array([value])
    >>> falls, share, level, error = decay(
    ...     demand, demand < 0, np.ones((1, 13), np.float32), one(0), np.ones((1, 52)), one(DECLINING), one(0.6),
    ...     one(False), one(1_000_000), one(11.0), one(1.0), 0.75, 20000, 7)
    >>> round(float(share[0]), 3), round(float(level[0]), 1)
    (0.064, 9.7)
    """
    fallen = level_ratio <= stage_decline_ratio_max
    unnamed = days_to_end_of_life > SIGHT_DAYS
    ending = ((stage == RETIRING) | (stage == RETIRED)) & (days_to_end_of_life >= 0)
    falls = (stage == DECLINING) | (ending & (unnamed | successor_on_sale | fallen))
    falls &= first_period >= 0
    share, level, error = (np.full(len(falls), np.nan) for _ in range(3))
    parts_of = parts_of_periods(grid_start_day, demand_units.shape[1], period_days, season_index.shape[1])
    rows = np.flatnonzero(falls)
    if len(rows):
        share[rows], level[rows], error[rows] = _fit_falls(
            rows,
            demand_units,
            censored,
            np.ascontiguousarray(in_stock_share),
            first_period,
            season_index,
            level_units_per_period,
            periods_in_weeks(FALL_WEEKS, period_days),
            period_days / 7.0,
            np.array([FALL_MEMORY_WEEKS, LEVEL_WEEKS, DECAY_FIRST, DECAY_FIRST_SD]),
            parts_of,
        )
    return falls, share, level * demand_factor, error


@step(
    out=("remaining_demand_units", "remaining_sd_units", "falling_demand_units", "falling_daily_units"),
    formula="retired by its named end: 0. Falling: Σ run-down level × (1 − decay)^weeks × season index until the named "
    "end or for two years; else the expected demand until the named end within three years. sd = √(periods × error "
    "variance × (expected ÷ unseasonal demand)², not below expected, + (error share × expected)²). Falling demand = "
    "the same sum over lead time + falling_supply_days_max; falling daily = that of the next period ÷ its days; NaN "
    "where it does not fall",
    source="sum of a decaying demand; our choice",
)
def remaining_demand(
    falls: BoolArray,
    decay_share_per_week: FloatArray,
    run_down_level_units_per_period: FloatArray,
    run_down_error_share: FloatArray,
    stage: CodeArray,
    days_to_end_of_life: IntArray,
    mean_units: FloatArray,
    level_units_per_period: FloatArray,
    demand_factor: FloatArray,
    error_sd_units_per_period: FloatArray,
    season_index: FloatArray,
    lead_time_days_mean: FloatArray,
    falling_supply_days_max: FloatArray,
    as_of_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Units still to be sold, their deviation [NaN where no end is in sight], and the falling demand of the time that
    the cap covers and of a day [NaN where demand does not fall; (n,) each].

    10 a week from now on, 10% less each week: 10 × (0.95 + 0.95 × 0.9 + …) is about 95.

    >>> one = lambda *values: [np.array([value]) for value in values]
    >>> units, sd, cap, day = remaining_demand(
    ...     *one(True, 0.1, 10.0, 0.0, DECLINING, 1_000_000), np.full((1, 26), 10.0), *one(10.0, 1.0, 3.0),
    ...     np.ones((1, 52)), *one(14.0, 56.0), 20000, 7)
    >>> [round(float(value[0]), 1) for value in (units, sd, cap, day)]
    [94.9, 9.7, 61.8, 1.4]
    """
    over = (stage == RETIRED) & (days_to_end_of_life < 0)
    named = (days_to_end_of_life >= 0) & (days_to_end_of_life <= SIGHT_DAYS)
    # The last day is a day of sale.
    days = np.where(named, days_to_end_of_life + 1.0, np.where(falls, float(FALL_DAYS), 0.0))
    rows = np.flatnonzero((named | falls) & ~over)
    units, sd, capped, daily = (np.full(len(falls), np.nan) for _ in range(4))
    curve = curve_of(
        falls,
        decay_share_per_week,
        run_down_level_units_per_period,
        mean_units,
        level_units_per_period * demand_factor,
        season_index,
    )
    endless = np.full(len(falls), np.inf)
    expected, _ = walk(rows, *curve, days, endless, as_of_day, period_days)
    periods = np.minimum(days[rows], FALL_DAYS) / period_days
    unseasonal = level_units_per_period[rows] * periods
    scale = np.where(unseasonal > 0, expected / np.where(unseasonal > 0, unseasonal, 1.0), 1.0)
    noise = np.maximum(periods * (error_sd_units_per_period[rows] * scale) ** 2, expected)
    # Of a fall only the counts vary around its curve: the forecast's error has the fall itself in it.
    noise = np.where(falls[rows], expected, noise)
    unsure = np.where(falls[rows], run_down_error_share[rows], 0.0)
    units[rows] = expected
    sd[rows] = np.sqrt(noise + (unsure * expected) ** 2)
    units[over], sd[over] = 0.0, 0.0
    falling = np.flatnonzero(falls & ~over)
    if len(falling):
        until = np.minimum(lead_time_days_mean + falling_supply_days_max, np.where(named, days, np.inf))
        capped[falling], _ = walk(falling, *curve, until, endless, as_of_day, period_days)
        first, _ = walk(falling, *curve, np.full(len(falls), float(period_days)), endless, as_of_day, period_days)
        daily[falling] = first / period_days
    return units, sd, capped, daily


def curve_of(
    falls: BoolArray,
    decay_share_per_week: FloatArray,
    run_down_level_units_per_period: FloatArray,
    mean_units: FloatArray,
    level_units_per_period: FloatArray,
    season_index: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Level and decay of each item's future, its forecast and its season, as ``walk`` takes them."""
    level = np.where(falls, run_down_level_units_per_period, level_units_per_period)
    return level, np.where(falls, decay_share_per_week, np.nan), np.ascontiguousarray(mean_units), season_index


@kernel
def walk(
    rows: IntArray,
    level: FloatArray,
    decay_share: FloatArray,
    mean_units: FloatArray,
    season_index: FloatArray,
    days: FloatArray,
    stock: FloatArray,
    as_of_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray]:
    """Expected demand of the next ``days`` and the day on which it has used up ``stock`` [(rows,) each].

    The day is infinite where the stock outlasts the time.
    """
    total, gone = np.zeros(len(rows)), np.full(len(rows), np.inf)
    horizon, parts = mean_units.shape[1], season_index.shape[1]
    for k in range(len(rows)):
        i = rows[k]
        left = days[i] / period_days
        h = 0
        if stock[i] <= 0.0:
            gone[k] = 0.0
        while left > 0.0:
            if np.isnan(decay_share[i]) and h < horizon:
                units = mean_units[i, h]
            else:
                units = level[i] * season_index[i, part_of_year(as_of_day + (h + 0.5) * period_days, parts)]
                if not np.isnan(decay_share[i]):
                    units *= (1.0 - decay_share[i]) ** ((h + 0.5) * period_days / 7.0)
            units *= min(1.0, left)
            if gone[k] == np.inf and units > 0.0 and total[k] + units >= stock[i]:
                gone[k] = (h + min(1.0, left) * (stock[i] - total[k]) / units) * period_days
            total[k] += units
            left -= 1.0
            h += 1
    return total, gone


@kernel
def _fit_falls(
    rows: IntArray,
    demand: FloatArray,
    censored: BoolArray,
    share: Float32Array,
    first_period: IntArray,
    season_index: FloatArray,
    forecast_level: FloatArray,
    window: int,
    weeks_per_period: float,
    first_guess: FloatArray,
    parts_of: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Decay a week, level a period and relative error of the total, each row by Newton's method on two parameters."""
    count, periods = len(rows), demand.shape[1]
    decays, levels, errors = np.empty(count), np.empty(count), np.empty(count)
    room = min(window, periods) + 1
    units, exposure, ago = np.empty(room), np.empty(room), np.empty(room)
    for k in range(count):
        i = rows[k]
        seen = 0
        for t in range(max(first_period[i], periods - window, 0), periods):
            index = season_index[i, parts_of[t]]
            if index < INDEX_MIN:
                continue
            ago[seen] = (periods - t - 0.5) * weeks_per_period
            weight = np.exp(-ago[seen] / first_guess[0])
            if censored[i, t]:
                weight *= float(share[i, t])
            units[seen], exposure[seen] = demand[i, t] * weight, index * weight
            seen += 1
        exposure[seen] = first_guess[1] / weeks_per_period
        units[seen], ago[seen] = max(forecast_level[i], 1e-3) * exposure[seen], 0.0
        decays[k], levels[k], errors[k] = _fit_fall(
            units[: seen + 1], exposure[: seen + 1], ago[: seen + 1], first_guess[2], first_guess[3]
        )
    return decays, levels, errors


@kernel
def _fit_fall(
    units: FloatArray, exposure: FloatArray, ago: FloatArray, first: float, first_sd: float
) -> tuple[float, float, float]:
    """The most likely rate of decay and level now; the spread of the counts is learned from the first fit."""
    a = np.log(max(units.sum() / exposure.sum(), 1e-6))
    rate = first
    rate_min, rate_max = -np.log(1.0 - DECAY_MIN), -np.log(1.0 - DECAY_MAX)
    dispersion = 1.0
    seen = len(units) - 1
    h_aa, h_ar, h_rr = 1.0, 0.0, 1.0
    for again in range(2):
        for _ in range(NEWTON_STEPS):
            g_a, g_r, h_aa, h_ar, h_rr = 0.0, 0.0, 0.0, 0.0, 0.0
            for t in range(seen + 1):
                mean = exposure[t] * np.exp(a + rate * ago[t])
                gap = (units[t] - mean) / dispersion
                g_a += gap
                g_r += gap * ago[t]
                h_aa += mean / dispersion
                h_ar += mean * ago[t] / dispersion
                h_rr += mean * ago[t] ** 2 / dispersion
            g_r -= (rate - first) / first_sd**2
            h_rr += 1.0 / first_sd**2
            h_aa += 1e-9
            determinant = h_aa * h_rr - h_ar**2
            step_a = (h_rr * g_a - h_ar * g_r) / determinant
            step_r = (h_aa * g_r - h_ar * g_a) / determinant
            # Far from the answer the curve misleads: no step changes the level more than threefold.
            shrink = min(1.0, 1.0 / max(1e-12, abs(step_a)), 0.1 / max(1e-12, abs(step_r)))
            a += shrink * step_a
            rate = min(max(rate + shrink * step_r, rate_min), rate_max)
            if abs(step_a) + abs(step_r) < 1e-9:
                break
        if again == 0 and seen > 2:
            total = 0.0
            for t in range(seen):
                mean = exposure[t] * np.exp(a + rate * ago[t])
                total += (units[t] - mean) ** 2 / max(mean, 0.05)
            dispersion = min(max(total / (seen - 2), 1.0), DISPERSION_MAX)
    # Total = level ÷ rate where no season bends it: its logarithm is a − log(rate).
    determinant = h_aa * h_rr - h_ar**2
    variance = (h_rr + 2.0 * h_ar / rate + h_aa / rate**2) / determinant
    error = np.sqrt(min(variance, RELATIVE_SD_MAX**2))
    return 1.0 - np.exp(-rate), np.exp(a), error
