"""Evidence for the life stage: age, silence and change of the deseasonalised level."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.predictability import level_of
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.behaviour.statistics import periods_in_weeks
from skuwise.core.steps import step

#: How far back a change of level is followed to find since when it holds.
FOLLOWED_WEEKS = 26


@step(
    out=("weeks_on_sale", "weeks_since_sale", "silent_weeks", "usual_gap_weeks"),
    formula="weeks since own_first_period; weeks in stock (Σ in-stock share) since the newest sale; the same with each "
    "week counted by its season index, at most 1; ADI in weeks",
    source="our choice: weeks without stock or out of season say nothing about silence",
)
def age_and_silence(
    own_first_period: IntArray,
    last_sale_period: IntArray,
    in_stock_share: Float32Array,
    adi_periods: FloatArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Age, time since the newest sale, silence and usual interval in weeks [(n,) each].

    Both times count from own_first_period where nothing was sold.

    >>> share, half_season = np.array([[1, 1, 1, 1, 0.5, 0]]), np.full((1, 52), 0.5)
    >>> age, since, silence, gap = age_and_silence(
    ...     np.array([0]), np.array([2]), share, np.array([1.5]), half_season, 20000, 7)
    >>> float(age[0]), float(since[0]), float(silence[0]), float(gap[0])
    (6.0, 1.5, 0.75, 1.5)
    """
    periods = in_stock_share.shape[1]
    weeks = period_days / 7
    age = np.where(own_first_period >= 0, (periods - own_first_period) * weeks, -1.0)
    since = np.maximum(last_sale_period, own_first_period - 1)
    after = np.arange(periods)[None, :] > since[:, None]
    in_stock = np.where(after, in_stock_share, 0).astype(np.float64)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
    in_season = in_stock * np.minimum(season_index, 1.0)[:, parts_of]
    since_sale, silence = in_stock.sum(axis=1) * weeks, in_season.sum(axis=1) * weeks
    ever = own_first_period >= 0
    return age, np.where(ever, since_sale, -1.0), np.where(ever, silence, -1.0), adi_periods * weeks


@step(
    out=("level_ratio", "level_z", "change_weeks"),
    formula="level = Σ demand ÷ Σ season index of uncensored periods; ratio = level of the recent window ÷ that of the "
    "window before; z = difference ÷ √(sum of their variances), each no smaller than a Poisson count's; change_weeks = "
    "for how long both have been beyond their thresholds",
    source="two-sample comparison of ratio estimates",
)
def change_of_level(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
    stage_window_weeks: float,
    stage_growth_ratio_min: float,
    stage_decline_ratio_max: float,
    stage_evidence_z_min: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ratio, z and weeks of the newest change [(n,) each]; ratio is NaN below two windows of half the
    length and where nothing was wanted before.

    The windows are shortened to half the time on sale where that is less than two full ones.
    """
    return _change(
        demand_units,
        censored,
        first_period,
        season_index,
        grid_start_day,
        period_days,
        periods_in_weeks(stage_window_weeks, period_days),
        periods_in_weeks(FOLLOWED_WEEKS, period_days),
        stage_growth_ratio_min,
        stage_decline_ratio_max,
        stage_evidence_z_min,
    )


@kernel
def _compare(
    demand: FloatArray, censored: BoolArray, season_index: FloatArray, parts_of: IntArray, end: int, window: int
) -> tuple[float, float]:
    """Ratio and z of the window that ends before ``end`` against the window before it; NaN where one tells nothing.

    A window out of season has a small Σ index, hence a large variance: its silence proves nothing.
    """
    middle = end - window
    recent, index_recent, count_recent, squares = level_of(demand, censored, season_index, parts_of, middle, end)
    before, index_before, count_before, squares_before = level_of(
        demand, censored, season_index, parts_of, middle - window, middle
    )
    if index_recent <= 0 or before <= 0:
        return np.nan, 0.0
    per_period = (squares + squares_before) / max(1, count_recent + count_before - 2)
    # Counts vary at least like Poisson: two flat windows of few units must not look certain.
    count_like = (recent + before) / 2
    variance = max(count_recent * per_period / index_recent**2, count_like / index_recent)
    variance += max(count_before * per_period / index_before**2, count_like / index_before)
    return recent / before, (recent - before) / np.sqrt(variance)


@kernel
def _change(
    demand: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
    window: int,
    followed: int,
    growth_min: float,
    decline_max: float,
    z_min: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, periods = demand.shape
    ratio = np.full(n, np.nan)
    z = np.zeros(n)
    weeks = np.zeros(n)
    parts_of = parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1])
    for i in range(n):
        if first_period[i] < 0:
            continue
        known = min(periods - first_period[i], 2 * window + followed)
        length = min(window, known // 2)
        if 2 * length < window:
            continue
        ratio[i], z[i] = _compare(demand[i], censored[i], season_index[i], parts_of, periods, length)
        sign = 1 if ratio[i] >= growth_min and z[i] >= z_min else 0
        if ratio[i] <= decline_max and z[i] <= -z_min:
            sign = -1
        held = 0
        for back in range(min(followed, known - 2 * length + 1)):
            if sign == 0:
                break
            past_ratio, past_z = _compare(demand[i], censored[i], season_index[i], parts_of, periods - back, length)
            grows = past_ratio >= growth_min and past_z >= z_min
            declines = past_ratio <= decline_max and past_z <= -z_min
            if (sign > 0 and not grows) or (sign < 0 and not declines):
                break
            held += 1
        weeks[i] = held * period_days / 7.0
    return ratio, z, weeks
