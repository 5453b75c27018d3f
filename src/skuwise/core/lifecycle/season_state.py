"""Season state: whether a seasonal item is in season, and when that changes next."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import CodeArray, FloatArray, kernel
from skuwise.core.behaviour.seasonality import part_of_year
from skuwise.core.steps import step

SEASON_STATES = ("no season", "in season", "out of season")
NO_SEASON, IN_SEASON, OUT_OF_SEASON = range(3)
#: A year whose best weeks lie less than this above its mean has no season to speak of.
PEAK_MIN = 1.25
#: The index is judged by its mean over so many weeks, so that a single week opens or closes no season.
MEAN_WEEKS = 9


@step(
    out=("season_state", "weeks_to_season"),
    formula="centred mean of the season index over 9 weeks; no season where its peak is below 1.25; in season where it "
    "is at least 1 in the period from the as-of day on; weeks until that changes, NaN without a season",
    source="our choice",
    codes={"season_state": SEASON_STATES},
)
def season_state(season_index: FloatArray, as_of_day: int, period_days: int) -> tuple[CodeArray, FloatArray]:
    """State [(n,) code of ``SEASON_STATES``] and weeks until it changes [(n,)].

    >>> summer = np.where(np.arange(52) // 13 == 2, 3.0, 1 / 3)[None, :]
    >>> state, weeks = season_state(summer, 20454, 7)
    >>> SEASON_STATES[state[0]], round(float(weeks[0]))
    ('out of season', 24)
    """
    parts = season_index.shape[1]
    reach = round((MEAN_WEEKS - 1) / 2 * parts / 52)
    return _states(season_index, part_of_year(as_of_day + period_days / 2, parts), reach, 52.18 / parts)


@kernel
def _states(index: FloatArray, now: int, reach: int, weeks_of_part: float) -> tuple[CodeArray, FloatArray]:
    n, parts = index.shape
    state, weeks = np.zeros(n, np.int16), np.full(n, np.nan)
    mean = np.empty(parts)
    for i in range(n):
        # A mean is never above the largest value: most items need no means at all.
        if index[i].max() < PEAK_MIN:
            continue
        total = 0.0
        for s in range(-reach, reach + 1):
            total += index[i, s % parts]
        for s in range(parts):
            mean[s] = total / (2 * reach + 1)
            total += index[i, (s + reach + 1) % parts] - index[i, (s - reach) % parts]
        if mean.max() < PEAK_MIN:
            continue
        inside = mean[now] >= 1.0
        state[i] = IN_SEASON if inside else OUT_OF_SEASON
        for ahead in range(1, parts):
            if (mean[(now + ahead) % parts] >= 1.0) != inside:
                weeks[i] = ahead * weeks_of_part
                break
    return state, weeks
