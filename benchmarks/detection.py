"""Changes of demand: how soon the monitors find them, and how often they cry wolf.

Every week of each item is judged with what was known then: the plan is made anew on the history so far, season and all,
and the monitors look at it. An alarm is new where none of its kind was seen for the item in the weeks after which an
alarm is resolved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.detection_shop import inputs_of_weeks, real_weeks
from skuwise.core.monitoring import forecast_bias, intermittency, level_shift, season_drift, volatility
from skuwise.core.monitoring.alarm import KINDS, Alarms, Seen
from skuwise.core.plan import plan
from skuwise.core.steps import run
from skuwise.simulate.worlds import make_world

STEPS = (
    level_shift.change_of_demand,
    volatility.change_of_spread,
    intermittency.change_of_interval,
    season_drift.change_of_season,
    forecast_bias.bias_of_forecasts,
)
MONITORS = (
    level_shift.level_shift,
    volatility.volatility,
    intermittency.intermittency,
    season_drift.season_drift,
    forecast_bias.forecast_bias,
)
UP, DOWN = ("level_shift_up", "ramp_up"), ("level_shift_down", "ramp_down")
#: Kinds in the columns of the tables.
FAMILIES = {
    "shift up": ("level_shift_up",),
    "shift down": ("level_shift_down",),
    "ramp": ("ramp_up", "ramp_down"),
    "volatility": ("volatility_up", "volatility_down"),
    "interval": ("sold_less_often", "sold_more_often"),
    "season": ("season_drift",),
    "bias": ("forecast_bias",),
}
STATIONARY = (
    *("smooth_stationary", "fast_stationary", "stationary_poisson", "stationary", "stationary_erratic"),
    *("intermittent", "lumpy", "slow_poisson", "seasonal"),
)
#: World → what should be told there.
CHANGES = {
    **{f"{pace}shift_up_{share}": UP for share in (20, 50) for pace in ("smooth_", "")},
    "fast_shift_up_50": UP,
    "shift_up_100": UP,
    **{f"{pace}shift_down_{share}": DOWN for share in (20, 50) for pace in ("smooth_", "")},
    "fast_shift_down_50": DOWN,
    "shift_down_100": DOWN,
    "ramp_up": UP,
    "decline": DOWN,
    "intermittent_shift_up_100": UP,
    "intermittent_shift_down_50": (*DOWN, "sold_less_often"),
    "intermittent_end": (*DOWN, "sold_less_often"),
    "season_moves": ("season_drift", *UP, *DOWN),
    "season_flattens": ("season_drift", *UP, *DOWN),
    "volatility_up": ("volatility_up",),
    "volatility_down": ("volatility_down",),
    "sold_less_often": ("sold_less_often",),
    "sold_more_often": ("sold_more_often",),
}
#: Worlds in which nothing changes for long: what is told within a quarter is a false alarm.
PASSING = ("spike", "smooth_spike", "hole", "smooth_hole")
SLOW = ("launch", "trend_up", "trend_down")
ITEMS, PERIODS, FIRST_JUDGED = 240, 208, 52
SEED = 20261
WEEKS_PER_YEAR = 365.2425 / 7


@dataclass(frozen=True)
class Told:
    """New alarms of a run, k rows: the item, the kind, the week at whose end it was told, the first week told of."""

    item: np.ndarray
    kind: np.ndarray
    week: np.ndarray
    since: np.ndarray
    item_years: float

    def of(self, kinds: Sequence[str]) -> Told:
        rows = np.isin(self.kind, kinds)
        return replace(self, item=self.item[rows], kind=self.kind[rows], week=self.week[rows], since=self.since[rows])

    def per_year(self) -> float:
        return len(self.item) / self.item_years


def alarms_at(weeks: np.ndarray, end: int, keys: np.ndarray) -> tuple[Alarms, np.datetime64]:
    """The alarms of the plan made after ``end`` weeks."""
    made = plan(inputs_of_weeks(weeks[:, :end], keys))
    columns = dict(made.columns)
    for statistic in STEPS:
        run(statistic, columns)
    seen = Seen(columns, made.labels, made.as_of)
    return Alarms.joined([look(seen) for look in MONITORS]), made.grid.start


def live(weeks: np.ndarray, first_judged: int = FIRST_JUDGED) -> Told:
    """Judge every week from ``first_judged`` on; ``weeks`` (n, T) units.

    What stands already at the first look, a week before, belongs to the time before and is not counted.
    """
    keys = np.arange(len(weeks), dtype=np.uint64)
    last_seen: dict[tuple[int, str], int] = {}
    rows: list[tuple[int, str, int, int]] = []
    for end in range(first_judged - 1, weeks.shape[1] + 1):
        alarms, start = alarms_at(weeks, end, keys)
        since = ((alarms.since - start) // np.timedelta64(7, "D")).astype(np.int64)
        for item, kind, day in zip(alarms.item.tolist(), alarms.kind.tolist(), since.tolist(), strict=True):
            before = last_seen.get((item, kind))
            new = before is None or end - before > max(1.0, KINDS[kind].quiet_weeks_to_resolve)
            if new and end >= first_judged:
                rows.append((item, kind, end, day))
            last_seen[item, kind] = end
    judged = weeks.shape[1] + 1 - first_judged
    told = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.empty(0, np.int64)] * 4
    return Told(told[0], told[1].astype(np.str_), told[2], told[3], len(weeks) * judged / WEEKS_PER_YEAR)


def world_told(name: str, items: int = ITEMS, seed: int = SEED) -> tuple[Told, np.ndarray]:
    """A world lived through, and the week in which each item changes (the run's length where it never does)."""
    world = make_world(name, np.arange(items, dtype=np.uint64), PERIODS, seed)
    turns = world.change_periods[:, 0] if world.change_periods.shape[1] else np.full(items, PERIODS)
    return live(world.demand_units), turns


def delays(told: Told, turns: np.ndarray) -> np.ndarray:
    """Weeks from each item's change to the first alarm after it [(n,), infinite where there is none]."""
    found = np.full(len(turns), np.inf)
    for item, week in zip(told.item[::-1].tolist(), told.week[::-1].tolist(), strict=True):
        if week > turns[item]:
            found[item] = week - turns[item]
    return found


def section() -> str:
    """The Markdown section of the report."""
    families = "| " + " | ".join(FAMILIES) + " | all |\n|---|" + "--:|" * (len(FAMILIES) + 1)
    real = dict(real_weeks())
    with ProcessPoolExecutor() as pool:
        steady = pool.map(_steady, STATIONARY)
        passing = pool.map(_passing, PASSING)
        changes = pool.map(_change, CHANGES)
        slow = pool.map(_steady, SLOW)
        shops = pool.map(_real, real, real.values())
        parts = [
            "## Changes of demand found",
            f"{ITEMS} SKUs a world, {PERIODS} weeks, judged each week from week {FIRST_JUDGED} on by the plan and the "
            f"monitors of that day; seed {SEED}, the lines of the tests were set on others. An alarm is new where none "
            "of its kind stood for the SKU in the four weeks before (eight for a season).",
            "### Nothing changes: false alarms per SKU-year",
            "\n".join([f"| world {families}", *steady]),
            "### Passing: one week of five times the demand, or none",
            "Items for which a shift was told within 8 weeks of it, and what chance alone tells in 8 weeks.",
            "\n".join(["| world | taken for a shift | by chance |", "|---|--:|--:|", *passing]),
            "### Something changes",
            "Delay: weeks from the change to the first alarm of a kind that fits. False alarms: of all kinds, per "
            "SKU-year before the change.",
            "\n".join(
                [
                    "| world | told as | median delay | 80% within | found in 13 weeks | in 26 weeks "
                    "| day of change: median error, weeks | false alarms before |",
                    "|---|---|--:|--:|--:|--:|--:|--:|",
                    *changes,
                ]
            ),
            "### New alarms per SKU-year of a launch and of steady growth or decline",
            "\n".join([f"| world {families}", *slow]),
            "### New alarms per SKU-year in real shops",
            "No truth is known of them. *Shuffled* has the same weeks of each item in random order: nothing changes.",
            "\n".join([f"| shop {families}", *(line for lines in shops for line in lines)]),
        ]
    return "\n\n".join([*parts, _speed()])


def _steady(name: str) -> str:
    return _rates(name, world_told(name)[0])


def _rates(name: str, told: Told) -> str:
    cells = [told.of(kinds).per_year() for kinds in FAMILIES.values()]
    return f"| {name} | " + " | ".join(f"{rate:.3f}" for rate in cells) + f" | **{told.per_year():.3f}** |"


def _passing(name: str) -> str:
    told, turns = world_told(name)
    shifts = told.of((*UP, *DOWN))
    near = (shifts.week > turns[shifts.item]) & (shifts.week <= turns[shifts.item] + 8)
    far = (shifts.week <= turns[shifts.item]) | (shifts.week > turns[shifts.item] + 34)
    weeks = len(turns) * (PERIODS + 1 - FIRST_JUDGED - 34)
    return f"| {name} | {len(np.unique(shifts.item[near])) / len(turns):.1%} | {8 * far.sum() / weeks:.1%} |"


def _change(name: str) -> str:
    told, turns = world_told(name)
    wanted = told.of(CHANGES[name])
    delay = delays(wanted, turns)
    median, most = np.quantile(delay, [0.5, 0.8], method="higher")
    after = wanted.week > turns[wanted.item]
    first = after & (wanted.week - turns[wanted.item] == delay[wanted.item])
    error = np.abs(wanted.since - turns[wanted.item])[first]
    before = (told.week <= turns[told.item]).sum() / ((turns + 1 - FIRST_JUDGED).clip(1).sum() / WEEKS_PER_YEAR)
    shares = [f"{np.mean(delay <= weeks):.0%}" for weeks in (13, 26)]
    return (
        f"| {name} | {', '.join(CHANGES[name])} | {_weeks(median)} | {_weeks(most)} | {shares[0]} | {shares[1]} "
        f"| {np.median(error) if len(error) else np.nan:.0f} | {before:.3f} |"
    )


def _weeks(weeks: float) -> str:
    return "not found" if np.isinf(weeks) else f"{weeks:.0f}"


def _real(name: str, weeks: np.ndarray) -> list[str]:
    rng = np.random.Generator(np.random.Philox(SEED))
    shuffled = rng.permuted(weeks, axis=1)
    return [_rates(name, live(weeks)), _rates(f"{name}, shuffled", live(shuffled))]


def _speed() -> str:
    world = make_world("stationary", np.arange(20_000, dtype=np.uint64), 156, SEED)
    made = plan(inputs_of_weeks(world.demand_units, world.item_key))
    columns = dict(made.columns)
    best = np.inf
    for _ in range(4):
        start = time.process_time()
        for statistic in STEPS:
            run(statistic, columns)
        seen = Seen(columns, made.labels, made.as_of)
        Alarms.joined([look(seen) for look in MONITORS])
        best = min(best, time.process_time() - start)
    rate = f"{20_000 / best:,.0f} SKUs a second"
    return f"All of it takes {best / 20_000 * 1e6:.0f} µs a SKU of 156 weeks on one core: {rate}."


if __name__ == "__main__":
    print(section())
