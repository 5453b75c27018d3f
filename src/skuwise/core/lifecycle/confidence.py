"""Confidence: how sure a life stage is, as odds of what happened against nothing having happened."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray
from skuwise.core.behaviour.statistics import periods_in_weeks
from skuwise.core.lifecycle.stage import (
    FALLS,
    HOLDS,
    NEAR_END,
    NO_SALE_YET,
    PAST_END,
    RISES,
    SILENT_WITH_STOCK,
    SILENT_WITHOUT_STOCK,
    SUCCESSOR,
    UNKNOWN_AGE,
    YOUNG,
)
from skuwise.core.steps import step

#: Odds of a change, or of an end, before anything is seen: three changes in two years of weeks.
CHANGE_ODDS = 0.03
#: Logarithms above this say the same: sure.
LOG_ODDS_MAX = 50.0
#: Stages that a date, a launch or a successor gives are known, not inferred.
_KNOWN = (PAST_END, NEAR_END, SUCCESSOR, NO_SALE_YET)


@step(
    out="stage_confidence_share",
    formula="odds of a change = 0.03 × exp(z² ÷ 2) ÷ √(1 + periods since it began, or stage_window_weeks); odds of an "
    "end = 0.03 × exp(silent gaps); growing, declining: odds of a change ÷ (1 + odds); retiring, retired by silence: "
    "odds of an end ÷ (1 + odds); mature: 1 ÷ (1 + both odds); new: 1 with a launch date, else 1 − exp(−weeks of "
    "history before the first sale ÷ usual gap); ½ where the level is unknown; 1 where a date or a successor decides",
    source="posterior odds; Bayes factor of a change by the information criterion (Schwarz, 1978)",
)
def stage_confidence(
    stage_evidence: CodeArray,
    level_z: FloatArray,
    change_weeks: FloatArray,
    silent_gaps: FloatArray,
    usual_gap_weeks: FloatArray,
    weeks_on_sale: FloatArray,
    launch_known: BoolArray,
    as_of_day: int,
    grid_start_day: int,
    period_days: int,
    stage_window_weeks: float,
) -> FloatArray:
    """Share of confidence in the stage [(n,) 0 to 1].

    A change of 3.1 standard errors that began five weeks ago is twice as likely as none:

    >>> one, nothing = np.array([1.0]), np.array([0.0])
    >>> seen = stage_confidence(
    ...     np.array([FALLS]), -3.1 * one, 5 * one, nothing, one, 100 * one, one < 0, 20700, 20000, 7, 6)
    >>> round(float(seen[0]), 2)
    0.6
    """
    since = np.where(
        change_weeks > 0, change_weeks * 7 / period_days, periods_in_weeks(stage_window_weeks, period_days)
    )
    of_change = CHANGE_ODDS * np.exp(np.minimum(0.5 * level_z**2, LOG_ODDS_MAX)) / np.sqrt(1.0 + since)
    of_end = CHANGE_ODDS * np.exp(np.minimum(silent_gaps, LOG_ODDS_MAX))
    weeks_before = (as_of_day - grid_start_day) / 7 - np.maximum(weeks_on_sale, 0.0)
    gap = np.maximum(np.nan_to_num(usual_gap_weeks), period_days / 7)
    launched = np.where(launch_known, 1.0, 1.0 - np.exp(-np.maximum(weeks_before, 0.0) / gap))
    share: FloatArray = np.select(
        [
            np.isin(stage_evidence, _KNOWN),
            (stage_evidence == SILENT_WITH_STOCK) | (stage_evidence == SILENT_WITHOUT_STOCK),
            (stage_evidence == RISES) | (stage_evidence == FALLS),
            stage_evidence == YOUNG,
            stage_evidence == UNKNOWN_AGE,
            stage_evidence == HOLDS,
        ],
        [
            1.0,
            of_end / (1.0 + of_end),
            of_change / (1.0 + of_change),
            launched,
            0.5,
            1.0 / (1.0 + of_change + of_end),
        ],
    )
    return share
