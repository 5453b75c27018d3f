"""Season drift: the year has another wave than the years before it, earlier, later, stronger or weaker.

The season in use is a mean of all years. Where the last year no longer follows it, the next one is bought for weeks
in which nobody comes.
"""

from __future__ import annotations

import math

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, kernel
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.residuals import read_weeks, student
from skuwise.core.monitoring.stakes import quarter_index, quarter_stake_minor
from skuwise.core.steps import step

#: Evidence [nats] from which another wave is taken for true; the two years before must agree to within the second.
SURE_NATS, AGREE_NATS = 7.0, 3.0
#: A wave must explain the year better than one jump of the level does by this much [nats].
BETTER_THAN_JUMP_NATS = 2.0
#: A wave that moved by less, as a share of the level, moves no order.
MOVED_SHARE_MIN = 0.2
#: Years compared, and the share of a year's periods that must have been seen.
YEARS = 3
SEEN_SHARE_MIN = 0.7
DAYS_PER_YEAR = 365.2425
#: A jump lies at least so far from both ends of the year [share].
JUMP_MARGIN_SHARE = 0.1

SEASON_DRIFT = register(
    Kind(
        "season_drift",
        "item",
        "The season has changed",
        "The year's wave was ±{0:.0%} with its top in week {1:.0f}; over the last year it was ±{2:.0%} with its top in "
        "week {3:.0f}",
        "Look whether the season really moved. If so, set the season by hand or wait until next year tells it.",
        "at most one in 50 years of a steady SKU",
        8,
    )
)
#: A season cannot be learned anew from one year.
LEARN_FROM_KINDS: tuple[str, ...] = ()


def season_drift(seen: Seen) -> Alarms:
    """An alarm for each item whose last year has another wave than the two before.

    ``facts``: size and top of the wave before and now [share, week of the year]. Money: a quarter of the demand that
    the wave moved by.
    """
    columns = seen.columns
    moved = np.asarray(columns["season_moved_share"])
    rows = np.flatnonzero((np.asarray(columns["season_drift_nats"]) >= SURE_NATS) & (moved >= MOVED_SHARE_MIN))
    if not len(rows):
        return Alarms.none()
    level = np.asarray(columns["level_now_units_per_week"])
    # The wave's mean deviation is 2 ÷ π of its size; what the coming season index says is beside the point here.
    money = quarter_stake_minor(seen, level * moved * (2 / math.pi) / np.maximum(quarter_index(seen), 0.1))
    since = np.full(len(rows), seen.as_of - np.timedelta64(364, "D"))
    facts = [
        np.asarray(columns[name])[rows]
        for name in ("wave_before_share", "wave_top_before_week", "wave_now_share", "wave_top_now_week")
    ]
    return Alarms.of_items(
        SEASON_DRIFT.name, rows, since, np.asarray(columns["season_drift_nats"])[rows], money[rows], *facts
    )


@step(
    out=(
        "season_drift_nats",
        "season_moved_share",
        "wave_before_share",
        "wave_now_share",
        "wave_top_before_week",
        "wave_top_now_week",
    ),
    formula="demand of each of the last three years ÷ its mean, fitted by a yearly sine wave; evidence = squared "
    "distance of the last year's wave from that of the two before ÷ (2 × its variance) [nats]; 0 where those two "
    "disagree by 3 nats, or one jump of the level explains the last year as well to within 2 nats",
    source="harmonic regression; χ² with two degrees of freedom; lines set by simulation",
)
def change_of_season(
    demand_units: FloatArray, censored: BoolArray, first_period: IntArray, grid_start_day: int, period_days: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Evidence for another wave [(n,) nats], how far it moved, its sizes [(n,) shares] and tops [(n,) weeks].

    >>> t = np.arange(156)
    >>> sales = np.round(40 + 20 * np.sin(2 * np.pi * (t - 13 * (t >= 104)) / 52.1775))[None, :]
    >>> found = change_of_season(sales, sales < 0, np.array([0]), 0, 7)
    >>> bool(found[0][0] > SURE_NATS), round(float(found[2][0]), 1), round(float(found[5][0] - found[4][0]))
    (True, 0.5, 13)
    """
    weeks = read_weeks(demand_units, censored, first_period, grid_start_day, period_days)
    year = round(DAYS_PER_YEAR / weeks.days)
    n, periods = weeks.demand.shape
    if periods < YEARS * year:
        nothing = np.zeros(n)
        return nothing, nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy()
    start = periods - YEARS * year
    day = weeks.start_day + (np.arange(start, periods) + 0.5) * weeks.days
    angle = 2 * np.pi * day / DAYS_PER_YEAR
    return _drift(
        np.ascontiguousarray(weeks.demand[:, start:]),
        np.ascontiguousarray(weeks.shown[:, start:]),
        weeks.first >= 0,
        weeks.first - start,
        np.cos(angle),
        np.sin(angle),
        year,
    )


@kernel
def _drift(
    demand: FloatArray,
    shown: FloatArray,
    ever: BoolArray,
    first: IntArray,
    cosine: FloatArray,
    sine: FloatArray,
    year: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    n = len(demand)
    nats, moved = np.zeros(n), np.zeros(n)
    size, size_now, top, top_now = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    waves, spread = np.zeros((YEARS, 3)), np.zeros(YEARS)
    ratio = np.empty(year)
    for i in range(n):
        if not ever[i] or first[i] > 0:
            continue
        known = True
        for y in range(YEARS):
            span = slice(y * year, (y + 1) * year)
            known = known and _fit_wave(
                demand[i, span], shown[i, span], cosine[span], sine[span], ratio, waves[y], spread, y
            )
        if not known:
            continue
        variance = max(1e-6, spread.sum() / YEARS) * 2.0 / year
        freedom = 0.5 * YEARS * year
        if _apart(waves[0], waves[1]) / (4.0 * variance) > AGREE_NATS:
            continue
        before = 0.5 * (waves[0] + waves[1])
        evidence = student(_apart(before, waves[2]) / (3.0 * variance), freedom)
        size[i], size_now[i] = math.hypot(before[0], before[1]), math.hypot(waves[2, 0], waves[2, 1])
        top[i], top_now[i] = _week_of_top(before), _week_of_top(waves[2])
        moved[i] = math.sqrt(_apart(before, waves[2]))
        if evidence < SURE_NATS:
            nats[i] = evidence
            continue
        # ``ratio`` still holds the last year.
        jump = _left_by_jump(ratio, shown[i, 2 * year :], cosine[2 * year :], sine[2 * year :], before)
        by_wave = spread[2] * (waves[2, 2] - 3.0)
        better = (jump - by_wave) / (2.0 * max(1e-6, spread.sum() / YEARS))
        nats[i] = evidence if better >= BETTER_THAN_JUMP_NATS else 0.0
    return nats, moved, size, size_now, top, top_now


@kernel
def _fit_wave(
    demand: FloatArray,
    shown: FloatArray,
    cosine: FloatArray,
    sine: FloatArray,
    ratio: FloatArray,
    wave: FloatArray,
    spread: FloatArray,
    year: int,
) -> bool:
    """Fit one year's wave (cosine, sine, periods seen) and the variance around it; false where too little was seen."""
    total, count = 0.0, 0.0
    for t in range(len(demand)):
        if shown[t] > 0.0:
            total += demand[t] / shown[t]
            count += 1.0
    if count < SEEN_SHARE_MIN * len(demand) or total <= 0.0:
        return False
    wave[0], wave[1], wave[2] = 0.0, 0.0, count
    for t in range(len(demand)):
        ratio[t] = demand[t] / shown[t] * count / total - 1.0 if shown[t] > 0.0 else 0.0
        wave[0] += 2.0 * ratio[t] * cosine[t] / count
        wave[1] += 2.0 * ratio[t] * sine[t] / count
    squares = 0.0
    for t in range(len(demand)):
        if shown[t] > 0.0:
            squares += (ratio[t] - wave[0] * cosine[t] - wave[1] * sine[t]) ** 2
    spread[year] = squares / (count - 3.0)
    return True


@kernel
def _apart(one: FloatArray, other: FloatArray) -> float:
    return float((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


@kernel
def _left_by_jump(
    ratio: FloatArray, shown: FloatArray, cosine: FloatArray, sine: FloatArray, wave: FloatArray
) -> float:
    """Squares that the wave of the years before leaves of the last year with the best single jump of the level."""
    periods = len(ratio)
    total, squares, count = 0.0, 0.0, 0.0
    sums, counts = np.zeros(periods + 1), np.zeros(periods + 1)
    for t in range(periods):
        if shown[t] > 0.0:
            off = (1.0 + ratio[t]) / max(0.2, 1.0 + wave[0] * cosine[t] + wave[1] * sine[t])
            weight = max(0.2, 1.0 + wave[0] * cosine[t] + wave[1] * sine[t]) ** 2
            total += weight * off
            count += weight
            squares += weight * off * off
        sums[t + 1], counts[t + 1] = total, count
    least = np.inf
    margin = max(1, int(JUMP_MARGIN_SHARE * periods))
    for t in range(margin, periods - margin):
        if counts[t] > 0.0 and count > counts[t]:
            left = squares - sums[t] ** 2 / counts[t] - (total - sums[t]) ** 2 / (count - counts[t])
            least = min(least, left)
    return least


@kernel
def _week_of_top(wave: FloatArray) -> float:
    """Week of the year in which a wave is highest, 0 to 52."""
    return float((math.atan2(wave[1], wave[0]) / (2.0 * math.pi) % 1.0) * 52.1775)
