"""One plan: the whole loop, top to bottom.

Read the tuples of steps below and you have seen the system. Each step is a pure function that makes named
columns from named columns; what needs only its own item runs in blocks of items, what needs the whole shop runs
between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from skuwise._version import __version__
from skuwise.core import metrics
from skuwise.core.arrays import TextArray
from skuwise.core.behaviour import (
    movement,
    predictability,
    season_profile,
    seasonality,
    statistics,
    value_class,
    weekday,
)
from skuwise.core.catalog.columns import columns_of, labels_of
from skuwise.core.catalog.fingerprint import inputs_hash
from skuwise.core.catalog.inputs import OpenOrders, PlanInputs
from skuwise.core.demand import history, inheritance
from skuwise.core.dictionary import fields_of
from skuwise.core.findings import Finding
from skuwise.core.forecast import analogues, calibration, interval, launch, learned, level, memory, young
from skuwise.core.lifecycle import confidence, evidence, pinned, season_state, stage, succession
from skuwise.core.periods import PeriodGrid
from skuwise.core.policy import end_of_life, levels, losses, outlook, proposals, reliability, remaining
from skuwise.core.policy.notices import plan_findings
from skuwise.core.rules import Resolved, Rulebook, built_in_rulebook, pinned_stages, resolve
from skuwise.core.rules.record import from_record, to_record
from skuwise.core.steps import CODE_NAMES, STEPS, run, take_rows

Steps = tuple[Callable[..., Any], ...]

UNDERSTAND: Steps = (
    history.sale_periods,
    history.periods_on_sale,
    history.censored_periods,
    history.demand_from_sales,
    inheritance.inherited_demand,
    statistics.demand_statistics,
    statistics.demand_pattern,
    seasonality.own_season,
    value_class.annual_value,
)
COMPARE_IN_SHOP: Steps = (
    value_class.value_cutoffs,
    season_profile.borrowed_season,
    succession.successor_on_sale,
)
CLASSIFY: Steps = (
    value_class.value_class,
    seasonality.season_in_use,
    predictability.deseasonalised_statistics,
    predictability.predictability_class,
    evidence.age_and_silence,
    evidence.change_of_level,
    stage.life_stage,
    stage.stage_since,
    confidence.stage_confidence,
    season_state.season_state,
)
COMPARE_DAYS: Steps = (
    analogues.analogue_level,
    launch.launch_ramp,
    weekday.weekday_profile,
    movement.shared_movement,
)
# Here the rulebook pins stages, from what the catalogue tells of an item; conditions of its other rules ask the result.
PIN: Steps = (pinned.stage_in_force,)
# Here the rulebook is resolved: every item gets its own review period, target, caps and permissions.
FORECAST: Steps = (
    levels.lead_time,
    memory.memory,
    launch.periods_to_launch,
    young.young_level,
    level.level_and_error,
    calibration.spread_factor,
    calibration.calibrated_error,
    learned.learned_factor,
    interval.expected_demand,
    interval.interval_demand,
    interval.interval_spread,
    launch.first_buy,
    remaining.decay,
    remaining.remaining_demand,
    end_of_life.last_buy_ratio,
)
# From here on stock and orders on their way are asked for: a replay runs this part for each policy it lives.
ORDER: Steps = (
    levels.economic_lot,
    levels.cycle_quantity,
    levels.demand_to_cover,
    levels.critical_ratio,
    levels.safety_stock,
    levels.stock_levels,
    reliability.expected_arrivals,
    proposals.units_on_order,
    proposals.inventory_position,
    losses.position_relief,
    end_of_life.last_buy,
    proposals.need,
    proposals.capped_need,
    proposals.after_moq,
    proposals.order_quantity,
)
TELL: Steps = (
    proposals.order_terms,
    outlook.stockout_risk,
    outlook.days_until_order,
    end_of_life.run_out,
    end_of_life.markdown,
    *metrics.STEPS_IN_ORDER,
)
DECIDE: Steps = (*FORECAST, *ORDER, *TELL)

#: Items a block holds: its arrays stay in the processor's cache, and memory is bounded by it.
BLOCK_ITEMS = 4096

#: Called with the phase, the items done and all items.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided and everything it rests on. Rows are items sorted by SKU, then location.

    ``columns`` holds every column by its name in the data dictionary, settings as scalars among them; ``labels``
    names the codes of the code and label columns. ``given_by`` tells for each rule field the number of the rule that
    set it, ``rule_descriptions`` names the rules by that number.
    """

    plan_id: str
    seed: int
    code_version: str
    inputs_hash: str
    rulebook_hash: str
    rulebook_text: str
    grid: PeriodGrid
    currency: str
    columns: Mapping[str, Any]
    labels: Mapping[str, tuple[str, ...]]
    given_by: Mapping[str, np.ndarray]
    rule_descriptions: tuple[str, ...]
    open_orders: OpenOrders
    findings: tuple[Finding, ...]

    @property
    def as_of(self) -> np.datetime64:
        return self.grid.as_of

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook as it was, built-in rules among it."""
        return from_record(self.rulebook_text)

    def __len__(self) -> int:
        return len(self.columns["sku_id"])

    def text(self, column: str) -> TextArray:
        """A code or label column in words [(n,) text]."""
        names = np.array(self.labels[column])
        words: TextArray = names[self.columns[column]]
        return words


def plan(
    inputs: PlanInputs, rulebook: Rulebook | None = None, *, seed: int = 0, progress: Progress | None = None
) -> Plan:
    """Plan every item: behaviour, stage, rules, forecast, levels, orders and metrics.

    ``seed`` is part of the plan's identity. The same inputs, rulebook, code version and seed give the same plan.
    Raises RulebookError where two rules of one layer contradict each other for an item.
    """
    rules = rulebook or built_in_rulebook()
    report = progress or _say_nothing
    columns, labels = understand(inputs, rules.settings, report)
    columns, resolved = under_rules(rules, columns, labels, inputs.grid.as_of)
    run_in_blocks(DECIDE, columns, report, "forecast and decide")
    return _plan_of(inputs, rules, seed, columns, labels, resolved.given_by, resolved.findings)


def understand(
    inputs: PlanInputs, settings: Mapping[str, int | float], progress: Progress | None = None
) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The part of a plan that no rule bears on: demand, behaviour, class and stage seen as columns, and labels."""
    report = progress or _say_nothing
    columns = dict(settings) | columns_of(inputs)
    labels = CODE_NAMES | labels_of(inputs) | _choice_names()
    run_in_blocks(UNDERSTAND, columns, report, "understand demand")
    for made in COMPARE_IN_SHOP:
        run(made, columns)
    run_in_blocks(CLASSIFY, columns, report, "classify and stage")
    for made in COMPARE_DAYS:
        run(made, columns)
    return columns, labels


def under_rules(
    rulebook: Rulebook, columns: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]], as_of: np.datetime64
) -> tuple[dict[str, Any], Resolved]:
    """What was understood, with the stage in force and the value of every rule field; ``columns`` stay as they are."""
    ruled = dict(columns) | {"stage_pinned": pinned_stages(rulebook, columns, labels, as_of)}
    for made in PIN:
        run(made, ruled)
    resolved = resolve(rulebook, ruled, labels, as_of)
    return ruled | resolved.values, resolved


def _plan_of(
    inputs: PlanInputs,
    rulebook: Rulebook,
    seed: int,
    columns: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    given_by: Mapping[str, np.ndarray],
    rule_findings: tuple[Finding, ...],
) -> Plan:
    fingerprint = inputs_hash(inputs)
    identity = "\n".join((fingerprint, rulebook.rulebook_hash, __version__, str(seed), str(inputs.grid.as_of)))
    return Plan(
        plan_id=hashlib.sha256(identity.encode()).hexdigest()[:16],
        seed=seed,
        code_version=__version__,
        inputs_hash=fingerprint,
        rulebook_hash=rulebook.rulebook_hash,
        rulebook_text=to_record(rulebook),
        grid=inputs.grid,
        currency=inputs.currency,
        columns=columns,
        labels=labels,
        given_by=given_by,
        rule_descriptions=tuple(rule.description for rule in rulebook.in_order),
        open_orders=inputs.open_orders,
        findings=(*inputs.findings, *rule_findings, *plan_findings(columns), *metrics.metric_gaps(columns)),
    )


def _say_nothing(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def _choice_names() -> dict[str, tuple[str, ...]]:
    return {field.name: field.choices for field in fields_of("rules").values() if field.choices}


def run_in_blocks(steps: Steps, columns: MutableMapping[str, Any], report: Progress, phase: str) -> None:
    """Run steps block by block and join what they make; one that compares the shop waits for all blocks before it."""
    n = len(columns["sku_id"])
    if n <= BLOCK_ITEMS:
        for made in steps:
            run(made, columns)
        report(phase, n, n)
        return
    scopes = {declared.function: declared.scope for declared in STEPS.values()}
    for scope, stretch in groupby(steps, key=scopes.__getitem__):
        if scope == "item":
            _run_stretch(tuple(stretch), columns, report, phase)
        else:
            for made in stretch:
                run(made, columns)


def _run_stretch(steps: Steps, columns: MutableMapping[str, Any], report: Progress, phase: str) -> None:
    """Steps that need only their own item, over all blocks."""
    n = len(columns["sku_id"])
    outputs = [name for name, declared in STEPS.items() if declared.function in steps]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
    for start in range(0, n, BLOCK_ITEMS):
        block = take_rows(columns, slice(start, start + BLOCK_ITEMS))
        for made in steps:
            run(made, block)
        for name in outputs:
            parts[name].append(block[name])
        report(phase, min(start + BLOCK_ITEMS, n), n)
    for name in outputs:
        # Column by column, and the parts let go at once: the peak is one column above what is kept.
        columns[name] = np.concatenate(parts.pop(name))
