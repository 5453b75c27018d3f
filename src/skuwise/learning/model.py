"""One model over all items, trained on the shop's own past: how demand went on from what was seen.

The model is gradient-boosted trees (LightGBM) on the Tweedie loss, which suits counts with many zeros. It is trained
afresh from what is known on the as-of day, so a plan of a past day learns nothing of the days after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from skuwise.core.arrays import FloatArray
from skuwise.core.catalog.inputs import LearnedForecast, PlanInputs
from skuwise.core.findings import Finding, found
from skuwise.learning.features import NAMES, Past, ahead_of, past_of, scale_at, seen_at

#: Below this there is nothing to learn from: periods of history, and cases (an item, a day, a period ahead).
PERIODS_MIN = 40
CASES_MIN = 5_000
#: Oldest periods that are never the day of a case: what would be seen then says too little.
WARM_UP_PERIODS = 16
#: Days that cases are taken from, counted back, and about how many cases are taken at most.
DAYS_MAX = 110
CASES_MAX = 60_000
#: Furthest period ahead that is learned; a plan that looks further goes on with its own forecast.
HORIZON_MAX = 13
HORIZON_MIN = 3

TREES = 140
PARAMETERS = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.3,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}
#: A case counts by its item's scale to this power: errors are units, but one big item must not be the whole lesson.
SCALE_POWER = 0.6

DRIVERS_TOLD = 6
PHASE = "learn from all items"
#: Called with a phase, what is done and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """A trained model: asked for a forecast on the day it was trained, or on later ones."""

    booster: Any
    model_id: str
    horizon_periods: int
    cases: int
    drivers: tuple[str, ...]

    def forecast(self, inputs: PlanInputs) -> LearnedForecast:
        """Expected demand of the periods after the as-of day of the inputs, from what is known there."""
        past = past_of(inputs, self.horizon_periods)
        now = inputs.grid.period_count
        seen, scale = seen_at(past, now), scale_at(past, now)
        ratios = [
            self.booster.predict(np.column_stack([seen, ahead_of(past, now, ahead)]), num_threads=1)
            for ahead in range(self.horizon_periods)
        ]
        units = np.maximum(np.stack(ratios, axis=1) * scale[:, None], 0.0)
        sold_before = (past.first_period < now)[:, None]
        return LearnedForecast(np.where(sold_before, units, np.nan), self.model_id, self.cases, self.drivers)


def train(
    inputs: PlanInputs, *, horizon_periods: int | None = None, seed: int = 0, progress: Progress | None = None
) -> tuple[LearnedModel | None, tuple[Finding, ...]]:
    """Learn from the whole past of the shop, or say why not.

    Args:
        inputs: what the plan of the same day is made from.
        horizon_periods: how many periods ahead, at most ``HORIZON_MAX``; by default what the lead times ask for.
        seed: of the random choice of cases, rows and features; one seed, one model.
        progress: told while cases are gathered and trees are grown.
    """
    library = booster_library()
    if library is None:
        return None, (found("LRN-001", "LightGBM could not be loaded: no learned forecast"),)
    periods = inputs.grid.period_count
    if periods < PERIODS_MIN:
        return None, (found("LRN-002", f"{periods} periods of history, {PERIODS_MIN} are needed: no learned forecast"),)
    horizon = min(horizon_periods or _periods_protected(inputs), HORIZON_MAX)
    features, ratios, weights = _cases(past_of(inputs, horizon), periods, horizon, seed, progress)
    if len(ratios) < CASES_MIN:
        return None, (found("LRN-002", f"{len(ratios)} cases, {CASES_MIN} are needed: no learned forecast"),)
    data = library.Dataset(features, ratios, weight=weights, feature_name=[_plain(name) for name in NAMES])
    booster = library.train({**PARAMETERS, "seed": seed + 1}, data, TREES)
    if progress:
        progress(PHASE, 1, 1)
    order = np.argsort(-booster.feature_importance("gain"), kind="stable")
    text = booster.model_to_string().encode()
    drivers = tuple(NAMES[k] for k in order[:DRIVERS_TOLD])
    return LearnedModel(booster, hashlib.sha256(text).hexdigest()[:16], horizon, len(ratios), drivers), ()


def _periods_protected(inputs: PlanInputs) -> int:
    """Periods from today to the receipt after the next, for the longest lead time that is known."""
    days = inputs.supply.lead_time_days_mean
    longest = float(np.nanmax(days)) if len(days) and not np.isnan(days).all() else 0.0
    return max(int(np.ceil(longest / inputs.grid.period_days)) + 1, HORIZON_MIN)


def booster_library() -> ModuleType | None:
    """LightGBM, or None where it or a system library that it needs is missing."""
    try:
        import lightgbm
    except (ImportError, OSError):
        return None
    library: ModuleType = lightgbm
    return library


def _cases(
    past: Past, periods: int, horizon: int, seed: int, progress: Progress | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features, demand ÷ scale and weight of the cases, spread evenly over items, days and periods ahead."""
    days = range(max(WARM_UP_PERIODS, periods - DAYS_MAX), periods)
    n = len(past.first_period)
    all_cases = sum(min(horizon, periods - day) for day in days) * n
    keep = min(1.0, CASES_MAX / max(all_cases, 1))
    parts: list[FloatArray] = []
    ratios: list[FloatArray] = []
    weights: list[FloatArray] = []
    rng = np.random.Generator(np.random.Philox(seed))
    for done, day in enumerate(days):
        seen, scale = seen_at(past, day), scale_at(past, day)
        for ahead in range(min(horizon, periods - day)):
            target = day + ahead
            rows = np.flatnonzero((past.known[:, target] > 0) & (past.first_period < day) & (rng.random(n) < keep))
            parts.append(np.column_stack([seen[rows], ahead_of(past, day, ahead)[rows]]))
            ratios.append(past.units[rows, target] / scale[rows])
            weights.append(scale[rows] ** SCALE_POWER)
        if progress:
            progress(PHASE, done, len(days) + 1)
    return np.concatenate(parts), np.concatenate(ratios), np.concatenate(weights)


def _plain(name: str) -> str:
    """A name without the signs that LightGBM keeps for itself."""
    return name.replace(":", "").replace(",", "").replace(" ", "_")
