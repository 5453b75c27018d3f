"""How each policy decides in one period, on what was known then and on its own shop's stock and orders.

What only the past decides is worked out once a period and shared: the understanding of every item once, the rules and
the forecast once for each rulebook, and the forecast not even that where two rulebooks give it the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtri

from skuwise.core import plan as core
from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import LearnedForecast, PlanInputs
from skuwise.core.quantities import ceil_units, raise_to_moq, round_up_to_multiple
from skuwise.core.rules import Rulebook
from skuwise.core.steps import STEPS
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.tuning import Tuning
from skuwise.simulate.stepwise import ShopState

DAYS_PER_WEEK = 7


@dataclass(slots=True)
class Knowledge:
    """What was known at the start of one period; columns are made when they are first asked for."""

    inputs: PlanInputs
    learned: LearnedForecast | None = None
    _understood: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, tuple[str, ...]]]] = field(default_factory=dict)
    _ruled: dict[tuple[str, bool], dict[str, Any]] = field(default_factory=dict)
    _resolved: dict[str, dict[str, Any]] = field(default_factory=dict)
    _forecasts: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def understood(self, rulebook: Rulebook) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
        """Columns and labels before any rule: the same for rulebooks of the same settings."""
        key = tuple(sorted(rulebook.settings.items()))
        if key not in self._understood:
            self._understood[key] = core.understand(self.inputs, rulebook.settings)
        return self._understood[key]

    def resolved(self, rulebook: Rulebook) -> dict[str, Any]:
        """Columns with the stage in force and the rules resolved."""
        if rulebook.rulebook_hash not in self._resolved:
            columns, labels = self.understood(rulebook)
            found, _ = core.under_rules(rulebook, columns, labels, self.inputs.grid.as_of)
            self._resolved[rulebook.rulebook_hash] = found
        return self._resolved[rulebook.rulebook_hash]

    def ruled(self, rulebook: Rulebook, learn: bool = False) -> dict[str, Any]:
        """Columns with the rules resolved and the forecast made; ``learn``: with what a model over all items tells."""
        key = rulebook.rulebook_hash, learn and self.learned is not None
        if key not in self._ruled:
            columns = self._told(rulebook, learn)
            self._ruled[key] = columns | self._forecast(columns)
        return self._ruled[key]

    def tuned(self, rulebook: Rulebook, learn: bool, tuning: Tuning) -> dict[str, Any]:
        """The same for a shop that tunes by hand: what it holds on to stays."""
        columns = tuning.rules(self._told(rulebook, learn))
        return tuning.levels(columns | self._forecast(columns))

    def _told(self, rulebook: Rulebook, learn: bool) -> dict[str, Any]:
        columns = self.resolved(rulebook)
        if learn and self.learned is not None:
            columns = columns | {"learned_units": self.learned.units}
        return columns

    def _forecast(self, columns: dict[str, Any]) -> dict[str, Any]:
        for asked, made in self._forecasts:
            if all(_same(asked[name], columns[name]) for name in asked):
                return made
        with_forecast = dict(columns)
        core.run_in_blocks(core.FORECAST, with_forecast, _silent, "forecast")
        made = {name: with_forecast[name] for name in _outputs(core.FORECAST)}
        needed = _inputs(core.FORECAST) - made.keys()
        self._forecasts.append(({name: columns[name] for name in needed}, made))
        return made


def review_periods(columns: Mapping[str, Any]) -> IntArray:
    """Whole periods between two looks at an item [(n,)], at least one."""
    periods: IntArray = np.rint(columns["review_period_days"] / columns["period_days"]).astype(np.int64)
    return np.maximum(periods, 1)


def promised_days(columns: Mapping[str, Any]) -> IntArray:
    """Days until an order placed now is expected [(n,)], as the plan tells it."""
    days: IntArray = np.ceil(columns["lead_time_days_mean"] - 1e-9).astype(np.int64)
    return days


def orders_of(
    spec: PolicySpec,
    columns: Mapping[str, Any],
    state: ShopState,
    policy: int,
    due_units: IntArray,
    overdue_units: IntArray,
    period: int,
) -> IntArray:
    """What one policy orders in a period [(n,) units].

    ``columns`` are ``Knowledge.ruled`` of its rulebook, ``policy`` its place in ``state``, ``due_units`` (n, P) and
    ``overdue_units`` (n, D) its books, ``period`` counts from the first one that is lived: reviews are due in periods
    0, R, 2R, ...

    What a rule forbids to buy (``reorder_allowed``), nobody buys; bundles are not bought, and an item that is not on
    sale yet is not bought either: what to buy for a launch is not judged.
    """
    may = (period % review_periods(columns) == 0) & columns["reorder_allowed"] & ~columns["is_bundle"]
    may &= columns["first_period"] >= 0
    if spec.kind == "skuwise":
        wanted = _planned(columns, state, policy, due_units, overdue_units)
    else:
        position = state.position_units[policy]
        reorder_point, level = _levels(spec, columns)
        missing = np.where(position <= reorder_point, np.maximum(level - position, 0), 0)
        wanted = round_up_to_multiple(raise_to_moq(missing, columns["moq_units"]), columns["order_multiple_units"])
    return np.where(may, wanted, 0)


def _planned(
    columns: Mapping[str, Any], state: ShopState, policy: int, due_units: IntArray, overdue_units: IntArray
) -> IntArray:
    """The order of the plan that is made with this stock and these open orders; a loop may have made it already."""
    if "order_quantity_units" in columns:
        made: IntArray = columns["order_quantity_units"]
        return made
    lived = with_stock(columns, state, policy, due_units, overdue_units)
    core.run_in_blocks(core.ORDER, lived, _silent, "order")
    order: IntArray = lived["order_quantity_units"]
    return order


def with_stock(
    columns: Mapping[str, Any], state: ShopState, policy: int, due_units: IntArray, overdue_units: IntArray
) -> dict[str, Any]:
    """The columns with the stock and the open orders of a policy's own shop."""
    n = len(columns["sku_id"])
    return dict(columns) | {
        "on_hand_units": state.on_hand_units[policy],
        "backlog_units": state.backlog_units[policy],
        "reserved_units": np.zeros(n, dtype=np.int64),
        "stock_known": np.ones(n, dtype=np.bool_),
        "due_units": due_units,
        "overdue_units": overdue_units,
    }


def _levels(spec: PolicySpec, columns: Mapping[str, Any]) -> tuple[IntArray, IntArray]:
    """Reorder point s and order-up-to level S of the policies that planners live by [(n,) units each]."""
    period_days = columns["period_days"]
    in_weeks = DAYS_PER_WEEK / period_days
    mean, sd = running_mean_and_sd(columns, max(round(spec.parameter("mean_weeks") * in_weeks), 1))
    lead = columns["lead_time_days_mean"] / period_days
    if spec.kind == "textbook":
        z = ndtri(columns["service_target"])
        interval = lead + review_periods(columns)
        level = ceil_units(mean * interval + z * sd * np.sqrt(interval))
        return level, level
    if spec.kind == "min_max":
        least = ceil_units(mean * (lead + spec.parameter("safety_weeks") * in_weeks))
        return least, least + ceil_units(mean * spec.parameter("order_weeks") * in_weeks)
    level = ceil_units(mean * (lead + spec.parameter("cover_weeks") * in_weeks))
    return level, level


def running_mean_and_sd(columns: Mapping[str, Any], periods: int) -> tuple[FloatArray, FloatArray]:
    """Mean and sample deviation of the sales of the newest periods since the item was first on sale [(n,) each].

    Sales as they are: a stockout counts as what was sold, as in the spreadsheet that this stands for.

    >>> seen = {"sales_units": np.array([[0, 0, 4, 6]]), "first_period": np.array([2])}
    >>> mean, sd = running_mean_and_sd(seen, 3)
    >>> float(mean[0]), round(float(sd[0]), 3)
    (5.0, 1.414)
    """
    sales = columns["sales_units"]
    newest = sales[:, -periods:].astype(np.float64)
    at = np.arange(sales.shape[1])[-periods:]
    first = columns["first_period"]
    on_sale: BoolArray = (at[None, :] >= first[:, None]) & (first >= 0)[:, None]
    count = on_sale.sum(axis=1)
    mean = np.where(on_sale, newest, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(on_sale, (newest - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return mean, np.sqrt(np.where(count > 1, squares / np.maximum(count - 1, 1), 0.0))


def _inputs(steps: Sequence[Any]) -> set[str]:
    return {name for declared in STEPS.values() if declared.function in steps for name in declared.inputs}


def _outputs(steps: Sequence[Any]) -> list[str]:
    return [name for name, declared in STEPS.items() if declared.function in steps]


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    # An unknown day is the same as an unknown day.
    days = getattr(a, "dtype", np.dtype(object)).kind == "M"
    return bool(np.array_equal(a, b, equal_nan=days))


def _silent(_phase: str, _done: int, _total: int) -> None:
    """The replay tells its own progress."""
