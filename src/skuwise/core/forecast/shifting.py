"""The level of an item whose history is short or whose level jumps: every possible last change is kept in mind.

After each period the level may have changed, with a small chance, or not. A *run* is the hypothesis that it last
changed before a certain period: it knows the mean of the demand since then, for how many periods' worth it knows it,
and how likely it is, judged by how well it foretold each period. The level is the mean of all runs by their likelihood.
In a steady history the longest run wins and the level is the running mean; after a jump a young run takes over within
two or three periods. One odd period is held for a spike, and is hardly learned from, until a second one confirms it.

Counts vary by more than chance: variance = mean + dispersion × mean². A period in which the item sold out is a lower
bound of its demand: it can raise the level, and tells nothing where it lies far below.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skuwise.core.arrays import FloatArray, kernel

#: Chance that the level changes before a period: three times in two years of weeks. Twice or half of it differ little.
CHANGE_CHANCE = 0.03
#: Chance that a period is a spike or a hole that says nothing of the level, and how wide it is beside the level.
ODD_CHANCE = 0.02
ODD_REACH = 3.0
#: A new level is drawn around the item's long mean with this deviation, as a share of it, and at least this variance.
NEW_LEVEL_SPREAD = 0.8
NEW_LEVEL_VARIANCE_MIN = 0.05
#: Smallest long mean from which a new level starts: the first demand after long silence must be believable.
NEW_LEVEL_MIN = 0.3
#: Dispersion before anything is seen, and the periods of evidence that it is worth.
DISPERSION_FIRST = 0.1
DISPERSION_PERIODS = 3.0
#: Where an old level is remembered: chance that it still holds (whoever tells a change has chosen the day afterwards),
#: and the periods' worth that is known of it.
CARRIED_CHANCE = 0.8
CARRIED_WORTH = 20.0
#: Chance of a change and deviation of a new level there: the item is no longer young, its level changes once in two
#: years, and less than that of a launch.
CARRIED_CHANGE_CHANCE = 0.01
CARRIED_SPREAD = 0.5
#: Runs less likely than this are dropped; so many are kept at most.
RUN_SHARE_MIN = 1e-3
RUNS_MAX = 24
#: A bound so many deviations above the mean is as unlikely as one can be.
BOUND_DEVIATIONS_MAX = 8.0
_TINY = 1e-290


class Runs(NamedTuple):
    """Each run's mean [units a period], how many periods' worth is known of it, and its likelihood [share]."""

    mean: FloatArray
    known: FloatArray
    share: FloatArray


@kernel
def shifting_level(
    flat: FloatArray,
    weight: FloatArray,
    bound: FloatArray,
    first_level: float,
    levels: FloatArray,
    carried: bool = False,
    dispersion_first: float = DISPERSION_FIRST,
) -> tuple[float, float, float]:
    """Level, its variance, and the variance of one period around it, after all periods of one item.

    ``flat`` is demand without season [(T,) units], ``weight`` how much each period counts [(T,) 0 to 1]. Where
    ``bound`` [(T,) units] is not NaN the item sold out, and demand was at least that; 0 tells nothing.
    ``first_level`` is expected before anything is seen; where it is ``carried`` it is an old level that may still hold.
    ``levels[k]`` is filled with the level after k periods [(T + 1,)].

    The level of a run is a credibility mean (Bühlmann): (k × first guess + sum) ÷ (k + periods), with k = variance of a
    period ÷ variance of the guess. Source: Adams & MacKay (2007), Bayesian online changepoint detection, with the mean
    and variance of a negative binomial in place of an exact family.
    """
    runs = Runs(np.empty(RUNS_MAX + 1), np.empty(RUNS_MAX + 1), np.empty(RUNS_MAX + 1))
    dispersion = dispersion_of(flat, weight, bound, dispersion_first)
    count = _with_old_run(runs, first_level, dispersion) if carried else 0
    chance, spread = (CARRIED_CHANGE_CHANCE, CARRIED_SPREAD) if carried else (CHANGE_CHANCE, NEW_LEVEL_SPREAD)
    total, seen = 0.0, 0.0
    levels[0] = max(first_level, NEW_LEVEL_MIN)
    for t in range(len(flat)):
        if not carried or t > 0:
            count = _with_new_run(runs, count, (first_level + total) / (1.0 + seen), dispersion, chance, spread)
        if not np.isnan(bound[t]):
            likely = _learn_bound(runs, count, bound[t], dispersion)
        elif weight[t] > 0.0:
            likely = _learn_demand(runs, count, flat[t], weight[t], dispersion, levels[t])
            total += weight[t] * flat[t]
            seen += weight[t]
        else:
            likely = 1.0
        count = _drop_unlikely(runs, count, max(likely, _TINY))
        levels[t + 1] = 0.0
        for j in range(count):
            levels[t + 1] += runs.share[j] * runs.mean[j]
    if not carried or len(flat) > 0:
        count = _with_new_run(runs, count, (first_level + total) / (1.0 + seen), dispersion, chance, spread)
    level, squares, variance = 0.0, 0.0, 0.0
    for j in range(count):
        of_period = _variance(runs.mean[j], dispersion)
        level += runs.share[j] * runs.mean[j]
        squares += runs.share[j] * (runs.mean[j] ** 2 + of_period / runs.known[j])
        variance += runs.share[j] * of_period
    return level, max(squares - level * level, 0.0), variance


@kernel
def dispersion_of(flat: FloatArray, weight: FloatArray, bound: FloatArray, first: float = DISPERSION_FIRST) -> float:
    """Dispersion from the differences of successive periods, which a change of level enters only once.

    Half the mean squared difference estimates the variance (von Neumann, 1941); (variance − mean) ÷ mean² of it is
    averaged with a first guess worth ``DISPERSION_PERIODS``.
    """
    total, count, squares, last = 0.0, 0, 0.0, -1
    for t in range(len(flat)):
        if np.isnan(bound[t]) and weight[t] > 0.0:
            if last >= 0:
                squares += (flat[t] - flat[last]) ** 2
            total += flat[t]
            count += 1
            last = t
    if count < 2 or total <= 0.0:
        return first
    mean = total / count
    own = max((0.5 * squares / (count - 1) - mean) / (mean * mean), 0.0)
    return (DISPERSION_PERIODS * first + count * own) / (DISPERSION_PERIODS + count)


@kernel
def _variance(mean: float, dispersion: float) -> float:
    return mean + dispersion * mean * mean


@kernel
def _with_new_run(runs: Runs, count: int, long_mean: float, dispersion: float, chance: float, spread: float) -> int:
    """The level may have changed: add a run that knows only the item's long mean. Returns how many there are."""
    mean = max(long_mean, NEW_LEVEL_MIN)
    for j in range(count):
        runs.share[j] *= 1.0 - chance
    runs.share[count] = chance if count > 0 else 1.0
    runs.mean[count] = mean
    runs.known[count] = _variance(mean, dispersion) / ((spread * mean) ** 2 + NEW_LEVEL_VARIANCE_MIN)
    return count + 1


@kernel
def _with_old_run(runs: Runs, old_level: float, dispersion: float) -> int:
    """Start from an old level: either it still holds, or it has just changed. Returns how many runs there are."""
    _with_new_run(runs, 0, old_level, dispersion, CARRIED_CHANGE_CHANCE, CARRIED_SPREAD)
    _copy(runs, 0, 1)
    runs.known[0] = CARRIED_WORTH
    runs.share[0], runs.share[1] = CARRIED_CHANCE, 1.0 - CARRIED_CHANCE
    return 2


@kernel
def _learn_demand(runs: Runs, count: int, units: float, weight: float, dispersion: float, level: float) -> float:
    """Each run judges a period's demand by its foresight, then learns from it; returns how likely it was in all."""
    reach = ODD_REACH * max(level, 1.0)
    odd = ODD_CHANCE * math.exp(-units / reach) / (1.0 + reach) + _TINY
    likely = 0.0
    for j in range(count):
        foreseen = _variance(runs.mean[j], dispersion) * (1.0 / weight + 1.0 / runs.known[j])
        plain = (1.0 - ODD_CHANCE) * _density(units, runs.mean[j], foreseen)
        trust = weight * plain / (plain + odd)
        runs.share[j] *= plain + odd
        runs.known[j] += trust
        runs.mean[j] += trust * (units - runs.mean[j]) / runs.known[j]
        likely += runs.share[j]
    return likely


@kernel
def _learn_bound(runs: Runs, count: int, least_units: float, dispersion: float) -> float:
    """The same for demand of which only a lower bound is known.

    The mean moves by the score of a censored observation and its worth is that observation's information, both
    relative to those of an exact one (Tobin, 1958; normal demand).
    """
    if least_units <= 0.0:
        return 1.0
    likely = 0.0
    for j in range(count):
        sd = math.sqrt(_variance(runs.mean[j], dispersion) * (1.0 + 1.0 / runs.known[j]))
        z = min((least_units - 0.5 - runs.mean[j]) / sd, BOUND_DEVIATIONS_MAX)
        chance = 0.5 * math.erfc(z / math.sqrt(2.0))
        hazard = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / chance
        worth = min(1.0, max(0.0, hazard * (hazard - z)))
        runs.share[j] *= chance
        runs.known[j] += worth
        runs.mean[j] += hazard * sd / runs.known[j] if worth > 1e-6 else 0.0
        likely += runs.share[j]
    return likely


@kernel
def _density(units: float, mean: float, variance: float) -> float:
    """Normal density on the root scale, where the deviation of counts hardly hangs on their mean (Anscombe, 1948)."""
    root = math.sqrt(units + 0.375)
    sd = 0.5 * math.sqrt(variance / (mean + 0.375))
    z = (root - math.sqrt(mean + 0.375)) / sd
    return math.exp(-0.5 * z * z) / (sd * 2.0 * root * math.sqrt(2.0 * math.pi))


@kernel
def _drop_unlikely(runs: Runs, count: int, likely: float) -> int:
    """Drop runs that nothing speaks for, in place; the shares of the others add up to 1. Returns how many there are."""
    kept, total = 0, 0.0
    for j in range(count):
        if runs.share[j] > RUN_SHARE_MIN * likely:
            _copy(runs, j, kept)
            total += runs.share[j]
            kept += 1
    if kept == 0:
        # Nothing foresaw this at all: what was believed is believed still.
        for j in range(count):
            runs.share[j] = 1.0
        kept, total = count, float(count)
    if kept > RUNS_MAX:
        least = np.argmin(runs.share[:kept])
        total -= runs.share[least]
        for j in range(least, kept - 1):
            _copy(runs, j + 1, j)
        kept -= 1
    for j in range(kept):
        runs.share[j] /= total
    return kept


@kernel
def _copy(runs: Runs, source: int, target: int) -> None:
    runs.mean[target], runs.known[target], runs.share[target] = (
        runs.mean[source],
        runs.known[source],
        runs.share[source],
    )
