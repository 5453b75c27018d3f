"""Evidence for the life stage: age, silence and change of the deseasonalised level."""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, Float32Array, FloatArray, IntArray, kernel
from skuwise.core.behaviour.seasonality import parts_of_periods
from skuwise.core.behaviour.statistics import periods_in_weeks
from skuwise.core.lifecycle import machine
from skuwise.core.steps import step

#: What the machine says of the level, by its codes.
LEVEL_STATES = ("holds", "rises", "falls", "unknown")
#: The usual interval is that of so many of the newest sales.
GAPS_KEPT = 12
#: Periods with a sale after a silence that was long enough, from which an item is alive again.
SALES_OF_A_RETURN = 2


@step(
    out=(
        "weeks_on_sale",
        "weeks_since_sale",
        "silent_weeks",
        "usual_gap_weeks",
        "silent_gaps",
        "is_silent",
        "silent_since_period",
    ),
    formula="weeks since own_first_period; weeks in stock (Σ in-stock share) since the newest sale; the same with each "
    "week counted by its season index, at most 1, and from the newest receipt on where availability is unknown; usual "
    "gap = weeks so counted that the newest 12 periods with a sale took ÷ their number; silent gaps = number × ln(1 + "
    "silent weeks ÷ (number × usual gap)); silent from stage_silent_gaps_min and stage_silent_weeks_min on, or "
    "stage_unseen_silent_weeks_min where neither stock nor availability is known, until 2 periods with a sale",
    source="−ln of the chance of such a silence while demand goes on, by Poisson events whose rate is known from as "
    "many (gamma prior without weight); weeks without stock or out of season say nothing about silence",
)
def age_and_silence(
    own_first_period: IntArray,
    last_sale_period: IntArray,
    sales_units: IntArray,
    received_units: IntArray,
    availability_known: BoolArray,
    on_hand_units: IntArray,
    in_stock_share: Float32Array,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
    stage_silent_weeks_min: float,
    stage_unseen_silent_weeks_min: float,
    stage_silent_gaps_min: float,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, BoolArray, IntArray]:
    """Age, time since the newest sale, silence and usual interval in weeks, the silence's worth in gaps, whether it is
    longer than usual and the period in which it began [(n,) each].

    The times count from own_first_period where nothing was sold; the usual gap is NaN there. Without stock and with
    nothing known of availability a silence may be a stockout that nobody saw: then it must be longer.

    >>> sales, share = np.array([[3, 0, 2, 0, 0, 0]]), np.array([[1, 1, 1, 1, 0.5, 0]], np.float32)
    >>> told = age_and_silence(
    ...     np.array([0]), np.array([2]), sales, np.zeros((1, 6), int), np.array([True]), np.array([5]), share,
    ...     np.full((1, 52), 0.5), 20000, 7, 8.0, 26.0, 6.0)
    >>> [round(float(one[0]), 3) for one in told]
    [6.0, 1.5, 0.75, 0.75, 0.811, 0.0, 3.0]
    """
    periods = sales_units.shape[1]
    weeks = period_days / 7
    age = np.where(own_first_period >= 0, (periods - own_first_period) * weeks, -1.0)
    seen = availability_known | (on_hand_units > 0)
    return age, *_silence(
        own_first_period,
        last_sale_period,
        sales_units,
        received_units,
        availability_known,
        in_stock_share,
        season_index,
        parts_of_periods(grid_start_day, periods, period_days, season_index.shape[1]),
        weeks,
        np.where(seen, stage_silent_weeks_min, stage_unseen_silent_weeks_min),
        stage_silent_gaps_min,
    )


@kernel
def silence_worth(count: int, exposure_weeks: float, silent_weeks: float) -> float:
    """Usual gaps that a silence is worth: −ln of its chance, (E ÷ (E + silence)) to the power of the sales kept.

    With many sales it is silence ÷ gap; few tell too little of the gap to make a long silence strange.

    >>> round(silence_worth(12, 12.0, 6.0), 2), round(silence_worth(2, 2.0, 6.0), 2)
    (4.87, 2.77)
    """
    if count == 0 or exposure_weeks <= 1e-9:
        return 0.0
    return min(count, GAPS_KEPT) * math.log1p(silent_weeks / exposure_weeks)


@kernel
def _silence(
    own_first_period: IntArray,
    last_sale_period: IntArray,
    sales: IntArray,
    received: IntArray,
    availability_known: BoolArray,
    share: Float32Array,
    season_index: FloatArray,
    parts_of: IntArray,
    weeks: float,
    weeks_min: FloatArray,
    gaps_min: float,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, BoolArray, IntArray]:
    n, periods = sales.shape
    since_sale, silence = np.full(n, -1.0), np.full(n, -1.0)
    usual, gaps = np.full(n, np.nan), np.zeros(n)
    is_silent, began = np.zeros(n, np.bool_), np.full(n, -1)
    kept = np.zeros(GAPS_KEPT)
    for i in range(n):
        first = own_first_period[i]
        if first < 0:
            continue
        silent, span, exposure, count, returned = 0.0, 0.0, 0.0, 0, SALES_OF_A_RETURN
        since_sale[i], began[i] = 0.0, min(first, periods)
        for t in range(first, periods):
            in_stock = float(share[i, t]) * weeks
            since_sale[i] += in_stock if t > last_sale_period[i] else 0.0
            in_season = in_stock * min(season_index[i, parts_of[t]], 1.0)
            span += in_season
            if sales[i, t] > 0:
                strange = silent >= weeks_min[i] and silence_worth(count, exposure, silent) >= gaps_min
                returned = 1 if strange else min(returned + 1, SALES_OF_A_RETURN)
                # A return that is not sure yet leaves the silence where it began.
                if returned == SALES_OF_A_RETURN:
                    began[i] = t + 1
                exposure += span - (kept[count % GAPS_KEPT] if count >= GAPS_KEPT else 0.0)
                kept[count % GAPS_KEPT] = span
                count += 1
                silent, span = 0.0, 0.0
            elif received[i, t] > 0 and not availability_known[i]:
                # Until then it may have been out of stock unseen.
                silent = in_season
            else:
                silent += in_season
        silence[i] = silent
        if count > 0:
            usual[i] = max(exposure, 0.0) / min(count, GAPS_KEPT)
            gaps[i] = silence_worth(count, exposure, silent)
        strange = silent >= weeks_min[i] and gaps[i] >= gaps_min
        is_silent[i] = strange or returned < SALES_OF_A_RETURN
    return since_sale, silence, usual, gaps, is_silent, began


@step(
    out=(
        "level_state",
        "level_state_period",
        "change_weeks",
        "level_before_units_per_period",
        "level_now_units_per_period",
        "level_ratio",
        "level_z",
    ),
    formula="level = Σ demand ÷ Σ season index of uncensored periods. A change is entered when it has lasted for "
    "stage_confirm_weeks, its cumulated evidence is at least 6.6, the level of the newest stage_window_weeks is beyond "
    "stage_growth_ratio_min or stage_decline_ratio_max times that before the change, and the two differ by "
    "stage_evidence_z_min; it is left when for stage_left_weeks the level of the newest stage_window_weeks has been "
    "within stage_growth_ratio_left or stage_decline_ratio_left times that of the 13 weeks before, not before "
    "stage_dwell_weeks; below stage_left_z_min it is forgotten. change_weeks = weeks since it began, 0 where the level "
    "holds",
    source="cumulative sums of log-likelihood ratios (Page, 1954); two-sample comparison of ratio estimates",
    codes={"level_state": LEVEL_STATES},
)
def change_of_level(
    demand_units: FloatArray,
    censored: BoolArray,
    first_period: IntArray,
    season_index: FloatArray,
    grid_start_day: int,
    period_days: int,
    stage_window_weeks: float,
    stage_base_weeks: float,
    stage_confirm_weeks: float,
    stage_dwell_weeks: float,
    stage_left_weeks: float,
    stage_growth_ratio_min: float,
    stage_growth_ratio_left: float,
    stage_decline_ratio_max: float,
    stage_decline_ratio_left: float,
    stage_evidence_z_min: float,
    stage_left_z_min: float,
) -> tuple[CodeArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """State of the level [(n,) code of ``LEVEL_STATES``], period since when it is in force, weeks since the change
    began, level before and now [units a period without season], their ratio and z [(n,) each].

    Before and now are NaN, like their ratio, where the history is too short to tell; the ratio is NaN as well where
    nothing was wanted before.
    """
    limits = machine.Limits(
        recent=periods_in_weeks(stage_window_weeks, period_days),
        base=periods_in_weeks(stage_base_weeks, period_days),
        base_min=periods_in_weeks(machine.BASE_WEEKS_MIN, period_days),
        launch=periods_in_weeks(machine.LAUNCH_WEEKS, period_days),
        # One period alone is no change, however long it is.
        confirm=max(2, periods_in_weeks(stage_confirm_weeks, period_days)),
        dwell=periods_in_weeks(stage_dwell_weeks, period_days),
        left=periods_in_weeks(stage_left_weeks, period_days),
        gathered=periods_in_weeks(machine.GATHERED_WEEKS, period_days),
        growth_min=stage_growth_ratio_min,
        growth_left=stage_growth_ratio_left,
        decline_max=stage_decline_ratio_max,
        decline_left=stage_decline_ratio_left,
        z_min=stage_evidence_z_min,
        z_left=stage_left_z_min,
    )
    parts_of = parts_of_periods(grid_start_day, demand_units.shape[1], period_days, season_index.shape[1])
    state, since, began, before, now, z = machine.follow_all(
        demand_units, censored, first_period, season_index, parts_of, limits
    )
    ratio = np.divide(now, before, out=np.full(len(now), np.nan), where=before > 0)
    changed = (state == machine.RISES) | (state == machine.FALLS)
    weeks = np.where(changed, (demand_units.shape[1] - began) * period_days / 7, 0.0)
    return state, since, weeks, before, now, ratio, z
