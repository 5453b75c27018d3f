"""The life stage of each item, from its evidence."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.lifecycle import machine
from skuwise.core.steps import step

#: A life, in its order.
STAGES = ("new", "growing", "mature", "declining", "retiring", "retired")
NEW, GROWING, MATURE, DECLINING, RETIRING, RETIRED = range(len(STAGES))

#: What a stage may rest on, in words; the strongest evidence comes first.
EVIDENCE = (
    "end-of-life date has passed",
    "end-of-life date is near",
    "successor is on sale",
    "silent for longer than usual, stock left",
    "silent for longer than usual, no stock left",
    "no sale yet",
    "launched not long ago",
    "level rises",
    "level falls",
    "level holds",
    "on sale since before the history begins, level unknown",
)
(
    PAST_END,
    NEAR_END,
    SUCCESSOR,
    SILENT_WITH_STOCK,
    SILENT_WITHOUT_STOCK,
    NO_SALE_YET,
    YOUNG,
    RISES,
    FALLS,
    HOLDS,
    UNKNOWN_AGE,
) = range(len(EVIDENCE))

_STAGE_OF_EVIDENCE = np.array(
    [RETIRED, RETIRING, RETIRING, RETIRING, RETIRED, NEW, NEW, GROWING, DECLINING, MATURE, MATURE], np.int16
)


@step(
    out=("stage_seen", "stage_evidence"),
    formula="the first that holds: end-of-life date passed (retired) or near (retiring); successor on sale (retiring); "
    "silent for longer than usual (retiring with stock, else retired); no sale yet or launched within "
    "stage_new_weeks_max (new); level rises (growing) or falls (declining); else mature",
    source="our choice",
    codes={"stage_seen": STAGES, "stage_evidence": EVIDENCE},
)
def life_stage(
    own_first_period: IntArray,
    launch_known: BoolArray,
    last_sale_period: IntArray,
    days_to_end_of_life: IntArray,
    successor_on_sale: BoolArray,
    on_hand_units: IntArray,
    weeks_on_sale: FloatArray,
    is_silent: BoolArray,
    adi_periods: FloatArray,
    level_state: CodeArray,
    period_days: int,
    stage_new_weeks_max: float,
    stage_retiring_weeks: float,
) -> tuple[CodeArray, CodeArray]:
    """Stage [(n,) code of ``STAGES``] and what it rests on [(n,) code of ``EVIDENCE``].

    An item that sold from the first weeks of the history on, with no launch date, is of unknown age: calling it new
    would make a short history look like a shop full of launches.
    """
    never_sold = last_sale_period < 0
    # An item whose first sale comes within its own usual gap (and a month) may well be older than the data.
    month_or_gap = np.maximum(4 * 7 / period_days, np.nan_to_num(adi_periods))
    age_unknown = ~launch_known & (own_first_period >= 0) & (own_first_period <= month_or_gap)
    evidence = np.select(
        [
            days_to_end_of_life < 0,
            days_to_end_of_life <= stage_retiring_weeks * 7,
            successor_on_sale,
            is_silent & (on_hand_units > 0),
            is_silent,
            never_sold,
            ~age_unknown & (weeks_on_sale <= stage_new_weeks_max),
            level_state == machine.RISES,
            level_state == machine.FALLS,
            age_unknown & (level_state == machine.UNKNOWN) & (weeks_on_sale <= stage_new_weeks_max),
        ],
        [
            PAST_END,
            NEAR_END,
            SUCCESSOR,
            SILENT_WITH_STOCK,
            SILENT_WITHOUT_STOCK,
            NO_SALE_YET,
            YOUNG,
            RISES,
            FALLS,
            UNKNOWN_AGE,
        ],
        HOLDS,
    ).astype(np.int16)
    return _STAGE_OF_EVIDENCE[evidence], evidence


@step(
    out="stage_since",
    formula="new: first day on sale; growing, declining: day on which the change of level began; retiring, retired: "
    "end-of-life date, day from which it is near, as-of day of a successor's sale, or first day of silence; mature: "
    "day on which the level was found to hold, at the earliest stage_new_weeks_max after the first day on sale",
    source="our choice",
)
def stage_since(
    stage_evidence: CodeArray,
    weeks_on_sale: FloatArray,
    silent_since_period: IntArray,
    level_state_period: IntArray,
    change_weeks: FloatArray,
    days_to_end_of_life: IntArray,
    as_of_day: int,
    grid_start_day: int,
    period_days: int,
    stage_new_weeks_max: float,
    stage_retiring_weeks: float,
) -> DateArray:
    """Day from which the evidence holds [(n,) date]; NaT where an item was never on sale."""
    age = np.maximum(weeks_on_sale, 0) * 7
    days_seen = as_of_day - grid_start_day
    holding = days_seen - np.maximum(level_state_period, 0) * period_days
    days_ago = np.select(
        [
            stage_evidence == PAST_END,
            stage_evidence == NEAR_END,
            (stage_evidence == SILENT_WITH_STOCK) | (stage_evidence == SILENT_WITHOUT_STOCK),
            (stage_evidence == NO_SALE_YET) | (stage_evidence == YOUNG) | (stage_evidence == UNKNOWN_AGE),
            (stage_evidence == RISES) | (stage_evidence == FALLS),
            stage_evidence == SUCCESSOR,
        ],
        [
            -days_to_end_of_life.astype(np.float64),
            stage_retiring_weeks * 7 - days_to_end_of_life,
            days_seen - silent_since_period * period_days,
            age,
            change_weeks * 7,
            0.0,
        ],
        np.minimum(holding, np.maximum(age - stage_new_weeks_max * 7, 0)),
    )
    since = (as_of_day - np.round(days_ago).astype(np.int64)).astype("datetime64[D]")
    return np.where(weeks_on_sale < 0, np.datetime64("NaT"), since)
