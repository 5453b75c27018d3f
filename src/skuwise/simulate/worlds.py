"""Generated worlds: demand whose true mean and whose turning points are known, and suppliers that keep no promise.

Every number of an item comes from ``(seed, item_key)``: another item added to a world changes none of them, and two
worlds of one seed share the luck, so that a shifted world differs from the steady one by the shift alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, KeyArray, kernel
from skuwise.simulate.draws import keyed_uniform
from skuwise.simulate.supply import NEVER, draw_lead_times

#: A world's largest mean: above it the search for a quantile would start from a probability too small to hold.
MOST_MEAN_UNITS = 500.0
#: Periods in a year of the seasonal world.
SEASON_PERIODS = 52

#: Mean units a period [(n, T)] and the periods from which it changes [(n, C), the run's length where it never does].
MeansAndTurns = tuple[FloatArray, IntArray]


@dataclass(frozen=True, slots=True)
class WorldKind:
    """How a world's demand comes about.

    ``mean_units`` is the span from which each item's base mean is drawn, evenly in the logarithm. The variance of a
    period that has demand is mean + ``overdispersion`` × mean². ``demand_share`` of the periods have demand; where that
    is below 1 the quantity is 1 + a draw, so that it is never zero, and the base mean is that of all periods together.
    ``path`` bends the base mean over time. ``overdispersion_after`` and ``demand_share_after`` hold from the item's
    turn on, where they are named.
    """

    description: str
    path: Callable[[FloatArray, FloatArray, int], MeansAndTurns]
    mean_units: tuple[float, float] = (4.0, 40.0)
    overdispersion: float = 0.1
    demand_share: float = 1.0
    overdispersion_after: float | None = None
    demand_share_after: float | None = None


@dataclass(frozen=True, slots=True)
class World:
    """One generated world. ``demand_units`` (n, T); ``mean_units`` (n, T), the truth that no policy may read.

    ``change_periods`` (n, C) are the first periods of something new, T where it lies outside the run.
    ``lead_time_periods`` (n, T) is that of the order placed in each period; ``promised_lead_time_periods`` is what the
    supplier says.
    """

    name: str
    item_key: KeyArray
    demand_units: IntArray
    mean_units: FloatArray
    change_periods: IntArray
    lead_time_periods: IntArray
    promised_lead_time_periods: int


def make_world(
    name: str,
    item_key: KeyArray,
    periods: int,
    seed: int,
    *,
    lead_times: Sequence[int] | None = None,
    promised_lead_time: int | None = None,
    change_period: int | None = None,
) -> World:
    """The world of that name (``WORLDS`` lists them) for these items.

    Args:
        name: a key of ``WORLDS``.
        item_key: who the items are [(n,) uint64].
        periods: T.
        seed: another seed is another world of the same kind.
        lead_times: each order's lead time is drawn from these with equal weight; by default 2 in every period, and
            1, 2, 3 or never in the world ``unreliable_supply``.
        promised_lead_time: what the supplier says; by default 2, or the only one there is.
        change_period: where the mean starts to change, for all items; by default each item's own period, evenly
            spread over the middle of the run (30% to 70%).

    Raises:
        ValueError: an unknown name, or a mean above ``MOST_MEAN_UNITS``.

    >>> world = make_world("shift_up_100", np.arange(2, dtype=np.uint64), 60, seed=1, change_period=30)
    >>> bool(np.allclose(world.mean_units[:, 30] / world.mean_units[:, 29], 2.0)), world.change_periods.tolist()
    (True, [[30], [30]])
    """
    if name not in WORLDS:
        raise ValueError(f"unknown world {name!r}: one of {', '.join(WORLDS)}")
    kind, keys = WORLDS[name], np.asarray(item_key, dtype=np.uint64)
    low, high = np.log(kind.mean_units)
    base = np.exp(low + (high - low) * keyed_uniform(seed, "base mean", keys, 1)[:, 0])
    turn = np.floor(periods * (0.3 + 0.4 * keyed_uniform(seed, "change", keys, 1)[:, 0]))
    if change_period is not None:
        turn = np.full(len(keys), float(change_period))
    mean, changes = kind.path(base, turn, periods)
    after = _time(turn, periods)[1] >= 0
    if mean.max(initial=0.0) > MOST_MEAN_UNITS:
        raise ValueError(f"a mean of {mean.max():.0f} units a period is above {MOST_MEAN_UNITS:.0f}")
    choices = np.array(lead_times or ((1, 2, 3, NEVER) if name == "unreliable_supply" else (2,)), dtype=np.int64)
    seen, count = np.tile(choices, (len(keys), 1)), np.full(len(keys), len(choices))
    return World(
        name=name,
        item_key=keys,
        demand_units=_demand(kind, mean, after, keys, seed),
        mean_units=mean,
        change_periods=changes,
        lead_time_periods=draw_lead_times(seen, count, keys, periods, seed),
        promised_lead_time_periods=_promise(choices) if promised_lead_time is None else promised_lead_time,
    )


def _promise(choices: IntArray) -> int:
    return int(choices[0]) if len(choices) == 1 else 2


def _demand(kind: WorldKind, mean: FloatArray, after: BoolArray, keys: KeyArray, seed: int) -> IntArray:
    """Units of each period; ``after`` (n, T) says from which on the second spread or share holds."""
    luck = keyed_uniform(seed, "demand", keys, mean.shape[1])
    share = np.where(after, _or_same(kind.demand_share_after, kind.demand_share), kind.demand_share)
    size = mean if (share == 1.0).all() else np.maximum(mean / share, 1.0) - 1.0
    counts = counts_at(size, kind.overdispersion, luck)
    if kind.overdispersion_after is not None:
        counts = np.where(after, counts_at(size, kind.overdispersion_after, luck), counts)
    if (share == 1.0).all():
        return counts
    happens = keyed_uniform(seed, "occurrence", keys, mean.shape[1]) < share
    return np.where(happens & (mean > 0), 1 + counts, 0)


def _or_same(after: float | None, before: float) -> float:
    return before if after is None else after


def counts_at(mean_units: FloatArray, overdispersion: float, share: FloatArray) -> IntArray:
    """The quantile at ``share`` of counts with this mean and variance mean + overdispersion × mean² [(n, T) units].

    Overdispersion 0 is Poisson, above it negative binomial (a Poisson whose rate is gamma distributed).

    >>> counts_at(np.array([[4.0, 4.0, 0.0]]), 0.0, np.array([[0.5, 0.99, 0.5]])).tolist()
    [[4, 9, 0]]
    """
    found = np.zeros(mean_units.shape, dtype=np.int64)
    _quantiles(mean_units.ravel(), overdispersion, share.ravel(), found.ravel())
    return found


@kernel
def _quantiles(mean: FloatArray, overdispersion: float, share: FloatArray, found: IntArray) -> None:
    """Search upwards from zero, each probability from the one before: p(x+1) = p(x) × (x + r) × q ÷ (x + 1)."""
    for j in range(len(mean)):
        m = mean[j]
        if m <= 0.0:
            continue
        if overdispersion > 0.0:
            r = 1.0 / overdispersion
            q = m / (m + r)
            probability = math.exp(r * math.log1p(-q))
        else:
            r, q = 0.0, m
            probability = math.exp(-m)
        most = int(m + 60.0 * math.sqrt(m + overdispersion * m * m)) + 60
        total = probability
        x = 0
        while total < share[j] and x < most:
            grow = (x + r) * q if overdispersion > 0.0 else q
            x += 1
            probability *= grow / x
            total += probability
        found[j] = x


def _time(turn: FloatArray, periods: int) -> tuple[FloatArray, FloatArray]:
    """Period numbers [(1, T)] and periods since the turn [(n, T), negative before]."""
    t = np.arange(periods, dtype=np.float64)[None, :]
    return t, t - turn[:, None]


def _changes(*turns: FloatArray, periods: int) -> IntArray:
    return np.clip(np.stack(turns, axis=1), 0, periods).astype(np.int64)


def _never_changes(base: FloatArray) -> IntArray:
    return np.zeros((len(base), 0), dtype=np.int64)


def _steady(base: FloatArray, turn: FloatArray, periods: int) -> MeansAndTurns:
    return np.repeat(base[:, None], periods, axis=1), _never_changes(turn)


def _trend(base: FloatArray, turn: FloatArray, periods: int, growth: float) -> MeansAndTurns:
    t, _ = _time(turn, periods)
    return base[:, None] * np.maximum(1.0 + growth * t / SEASON_PERIODS, 0.0), _never_changes(turn)


def _season(base: FloatArray, turn: FloatArray, periods: int, amplitude: float) -> MeansAndTurns:
    t, _ = _time(turn, periods)
    phase = turn[:, None] / max(periods, 1) * 2.5
    return base[:, None] * (1.0 + amplitude * np.sin(2 * np.pi * (t / SEASON_PERIODS + phase))), _never_changes(turn)


def _other_season(
    base: FloatArray, turn: FloatArray, periods: int, amplitude: float, later: int, amplitude_after: float
) -> MeansAndTurns:
    """From its turn on an item's wave comes ``later`` periods later and has another amplitude."""
    t, since = _time(turn, periods)
    phase = turn[:, None] / max(periods, 1) * 2.5
    before = amplitude * np.sin(2 * np.pi * (t / SEASON_PERIODS + phase))
    after = amplitude_after * np.sin(2 * np.pi * ((t - later) / SEASON_PERIODS + phase))
    return base[:, None] * (1.0 + np.where(since >= 0, after, before)), _changes(turn, periods=periods)


def _turns_only(base: FloatArray, turn: FloatArray, periods: int) -> MeansAndTurns:
    """A steady mean; something else changes at the turn."""
    return np.repeat(base[:, None], periods, axis=1), _changes(turn, periods=periods)


def _between(base: FloatArray, inside: BoolArray, factor: float) -> FloatArray:
    return base[:, None] * np.where(inside, factor, 1.0)


def _shift(base: FloatArray, turn: FloatArray, periods: int, factor: float) -> MeansAndTurns:
    _, since = _time(turn, periods)
    return _between(base, since >= 0, factor), _changes(turn, periods=periods)


def _shifts(base: FloatArray, turn: FloatArray, periods: int, factors: tuple[float, ...]) -> MeansAndTurns:
    """Each factor from a quarter of the run after the one before; the second at the item's turn."""
    turns = [np.round(turn + (k - 1) * periods / 4) for k in range(len(factors))]
    factor = np.ones((len(base), periods))
    for at, reached in zip(turns, factors, strict=True):
        factor = np.where(_time(at, periods)[1] >= 0, reached, factor)
    return base[:, None] * factor, _changes(*turns, periods=periods)


def _spike(base: FloatArray, turn: FloatArray, periods: int, factor: float) -> MeansAndTurns:
    _, since = _time(turn, periods)
    return _between(base, since == 0, factor), _changes(turn, turn + 1, periods=periods)


def _ramp(base: FloatArray, turn: FloatArray, periods: int, factor: float, length: int) -> MeansAndTurns:
    _, since = _time(turn, periods)
    way = np.clip((since + 1) / length, 0.0, 1.0)
    return base[:, None] * (1.0 + (factor - 1.0) * way), _changes(turn, turn + length, periods=periods)


def _launch(base: FloatArray, turn: FloatArray, periods: int, length: int) -> MeansAndTurns:
    _, since = _time(turn, periods)
    way = np.clip((since + 1) / length, 0.0, 1.0)
    return base[:, None] * way, _changes(turn, turn + length, periods=periods)


#: Base means are drawn between 4 and 40 units and overdispersion is 0.1 where nothing else is said.
WORLDS: dict[str, WorldKind] = {
    "stationary_poisson": WorldKind("a steady mean, Poisson", _steady, overdispersion=0.0),
    "stationary": WorldKind("a steady mean, negative binomial with overdispersion 0.1", _steady),
    "stationary_erratic": WorldKind("a steady mean, overdispersion 0.6", _steady, overdispersion=0.6),
    "trend_up": WorldKind("grows by 60% of the first mean a year", partial(_trend, growth=0.6)),
    "trend_down": WorldKind("falls by 60% of the first mean a year", partial(_trend, growth=-0.6)),
    "seasonal": WorldKind("a yearly wave of ±60%, each item's own phase", partial(_season, amplitude=0.6)),
    "shift_up_20": WorldKind("the mean rises by 20% at once", partial(_shift, factor=1.2)),
    "shift_down_20": WorldKind("the mean falls by 20% at once", partial(_shift, factor=0.8)),
    "shift_up_50": WorldKind("the mean rises by 50% at once", partial(_shift, factor=1.5)),
    "shift_down_50": WorldKind("the mean falls by 50% at once", partial(_shift, factor=0.5)),
    "shift_up_100": WorldKind("the mean doubles at once", partial(_shift, factor=2.0)),
    "shift_down_100": WorldKind("demand ends at once", partial(_shift, factor=0.0)),
    "several_shifts": WorldKind(
        "the mean doubles, falls to 70% and rises to 140% of the first", partial(_shifts, factors=(2.0, 0.7, 1.4))
    ),
    "spike": WorldKind("one period of five times the mean", partial(_spike, factor=5.0)),
    "hole": WorldKind("one period without demand", partial(_spike, factor=0.0)),
    "ramp_up": WorldKind("the mean doubles over 12 periods", partial(_ramp, factor=2.0, length=12)),
    "decline": WorldKind("the mean falls to zero over 20 periods", partial(_ramp, factor=0.0, length=20)),
    "slow_decline": WorldKind("the mean falls to zero over 52 periods", partial(_ramp, factor=0.0, length=52)),
    "launch": WorldKind("nothing, then a rise to the mean over 8 periods", partial(_launch, length=8)),
    "intermittent": WorldKind(
        "demand in every fourth period on average, of even size", _steady, (0.5, 2.0), 0.0, demand_share=0.25
    ),
    "lumpy": WorldKind(
        "demand in every fourth period on average, of very uneven size", _steady, (2.0, 8.0), 1.0, demand_share=0.25
    ),
    "fast_stationary": WorldKind("a steady mean of 60 to 160, overdispersion 0.06", _steady, (60.0, 160.0), 0.06),
    "fast_shift_up_50": WorldKind("such a mean rises by 50%", partial(_shift, factor=1.5), (60.0, 160.0), 0.06),
    "fast_shift_down_50": WorldKind("such a mean falls by 50%", partial(_shift, factor=0.5), (60.0, 160.0), 0.06),
    "unreliable_supply": WorldKind("a steady mean; orders take 1, 2 or 3 periods or never arrive", _steady),
    "smooth_stationary": WorldKind("a steady mean of 30 to 120, overdispersion 0.02", _steady, (30.0, 120.0), 0.02),
    "smooth_shift_up_20": WorldKind("such a mean rises by 20%", partial(_shift, factor=1.2), (30.0, 120.0), 0.02),
    "smooth_shift_down_20": WorldKind("such a mean falls by 20%", partial(_shift, factor=0.8), (30.0, 120.0), 0.02),
    "smooth_shift_up_50": WorldKind("such a mean rises by 50%", partial(_shift, factor=1.5), (30.0, 120.0), 0.02),
    "smooth_shift_down_50": WorldKind("such a mean falls by 50%", partial(_shift, factor=0.5), (30.0, 120.0), 0.02),
    "smooth_spike": WorldKind("one period of five times such a mean", partial(_spike, factor=5.0), (20.0, 80.0), 0.02),
    "smooth_hole": WorldKind(
        "one period without demand of such a mean", partial(_spike, factor=0.0), (30.0, 120.0), 0.02
    ),
    "intermittent_shift_up_100": WorldKind(
        "intermittent demand doubles in size", partial(_shift, factor=2.0), (0.5, 2.0), 0.0, demand_share=0.25
    ),
    "intermittent_shift_down_50": WorldKind(
        "intermittent demand falls to half its size", partial(_shift, factor=0.5), (1.0, 2.0), 0.0, demand_share=0.25
    ),
    "intermittent_end": WorldKind(
        "intermittent demand ends at once", partial(_shift, factor=0.0), (0.5, 2.0), 0.0, demand_share=0.25
    ),
    "slow_poisson": WorldKind("a steady mean of 0.1 to 1, Poisson", _steady, (0.1, 1.0), 0.0),
    "season_moves": WorldKind(
        "a yearly wave of ±60% comes 13 periods later from the turn on",
        partial(_other_season, amplitude=0.6, later=13, amplitude_after=0.6),
    ),
    "season_flattens": WorldKind(
        "a yearly wave of ±60% ends at the turn", partial(_other_season, amplitude=0.6, later=0, amplitude_after=0.0)
    ),
    "volatility_up": WorldKind(
        "overdispersion rises from 0.05 to 0.5", _turns_only, (10.0, 60.0), 0.05, overdispersion_after=0.5
    ),
    "volatility_down": WorldKind(
        "overdispersion falls from 0.5 to 0.05", _turns_only, (10.0, 60.0), 0.5, overdispersion_after=0.05
    ),
    "sold_less_often": WorldKind(
        "demand in 60% of the periods, then in 20% of them, of the same mean",
        _turns_only,
        (2.0, 6.0),
        0.1,
        demand_share=0.6,
        demand_share_after=0.2,
    ),
    "sold_more_often": WorldKind(
        "demand in 20% of the periods, then in 60% of them, of the same mean",
        _turns_only,
        (2.0, 6.0),
        0.1,
        demand_share=0.2,
        demand_share_after=0.6,
    ),
}
