"""The replay of a shop's own history: the proof before a policy is switched on. Read ``replay`` from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from skuwise.core import plan as core
from skuwise.core.arrays import IntArray
from skuwise.core.findings import Finding
from skuwise.core.policy import levels
from skuwise.core.rules import Rulebook
from skuwise.core.rules.problems import suggestion
from skuwise.dataset.contract import Dataset
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.replaying import measuring, telling
from skuwise.replaying.as_it_was import as_it_was
from skuwise.replaying.checking import checked_policies
from skuwise.replaying.deciding import review_periods
from skuwise.replaying.living import Lived, Past, Progress, Start, cut_terms, live, start_of, warm_up_periods
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.result import Judged, Replay
from skuwise.replaying.shop import Demand, LeadTimes, judged_demand, lead_times, terms_of_supply
from skuwise.replaying.window import ReplayError, Window, open_window
from skuwise.simulate.auditor import audit_counts, audit_totals
from skuwise.simulate.shop import SEQUENCE_OF_EVENTS, Opening, ShopTerms, UnitCounts, result_of_counts


def replay(
    dataset: Dataset,
    policies: Sequence[PolicySpec | str] | None = None,
    *,
    rulebook: Rulebook | str | Path | None = None,
    start: date | None = None,
    end: date | None = None,
    seed: int = 0,
    reference: str | None = None,
    unit_cost_share_assumed: float | None = None,
    audit: bool = True,
    keep_periods: bool = False,
    progress: Progress | None = None,
) -> Replay:
    """Live the shop's history again under each policy, deciding each period with what was known then.

    Args:
        dataset: as read by ``load_dataset``.
        policies: specs, or names of kinds (textbook, min_max, weeks_of_cover, skuwise); by default one of each.
        rulebook: a rulebook or its file; it gives targets, review periods and costs, and the settings of ``skuwise``
            where a spec has no rulebook of its own. None means the built-in rules alone.
        start: first day judged; by default a year before the end, or half of the history.
        end: first day not judged; by default the day after the data.
        seed: of the lead times and the bands.
        reference: name of the policy that the others are compared with; by default the first of kind textbook.
        unit_cost_share_assumed: unit cost as a share of the price where the cost is unknown.
        audit: recount every unit by another road, and raise where it differs.
        keep_periods: keep the counts of every policy, item and period in the result.
        progress: is told the phase, what is done and all there is to do.

    Raises:
        ReplayError: a window or a policy that cannot be lived.
        RulebookError: a rulebook that cannot be used.
        AuditError: the recount found another number.
    """
    clock, rules = _Clock(), rulebook if isinstance(rulebook, Rulebook) else load_rulebook(rulebook)
    specs = checked_policies(policies, rules)
    base = _reference(specs, reference)

    with clock.of("read the history"):
        window = open_window(dataset, rules, start, end)
        hindsight, labels = _hindsight(window, rules)
    with clock.of("warm up"):
        shop = _open(window, rules, hindsight, seed)
    with clock.of("live the weeks"):
        demand, terms, opening = shop.demand, shop.terms, shop.start.opening
        lived = live(shop.past, specs, rules, demand.units, demand.judged, terms, opening, window.first, progress)
    with clock.of("audit"):
        audited = _audit(lived, shop) if audit else 0
    with clock.of("measure"):
        found = _told(window, shop, lived, specs, base, hindsight, labels, rules, seed, unit_cost_share_assumed)
    kept = found.counts if keep_periods else None
    return replace(found, audited_periods=audited, seconds=clock.seconds, counts=kept)


def _reference(specs: Sequence[PolicySpec], name: str | None) -> int:
    names = [spec.name for spec in specs]
    if name is not None and name not in names:
        raise ReplayError(f'No policy is named "{name}"', "It cannot be compared with", suggestion(name, names))
    if name is not None:
        return names.index(name)
    return next((k for k, spec in enumerate(specs) if spec.kind == "textbook"), 0)


@dataclass(frozen=True, slots=True)
class _Shop:
    """What every policy lives in."""

    past: Past
    demand: Demand
    times: LeadTimes
    terms: ShopTerms
    start: Start


def _hindsight(window: Window, rules: Rulebook) -> tuple[dict[str, Any], Mapping[str, tuple[str, ...]]]:
    """Columns of a plan at the end, as far as the shop is built from them; no policy sees them."""
    columns, labels = core.understand(window.inputs, rules.settings)
    columns, _ = core.under_rules(rules, columns, labels, window.inputs.grid.as_of)
    core.run_in_blocks((levels.lead_time,), columns, lambda *_: None, "lead times")
    return columns, labels


def _open(window: Window, rules: Rulebook, hindsight: Mapping[str, Any], seed: int) -> _Shop:
    times = lead_times(window, hindsight)
    warm_up = warm_up_periods(window, int(times.periods.max(initial=1)))
    usual = np.rint(times.periods.mean(axis=1)).astype(np.int64)
    demand = judged_demand(window, hindsight, usual + review_periods(hindsight), warm_up)
    terms = terms_of_supply(window, hindsight, times, seed, warm_up)
    past = Past.of(window, seed)
    whole = np.concatenate([demand.before_units, demand.units], axis=1)
    start = start_of(past, rules, whole, demand.judged, terms, warm_up)
    return _Shop(past, demand, times, cut_terms(terms, warm_up), start)


def _audit(lived: Lived, shop: _Shop) -> int:
    """Recount every policy; returns the SKU-periods that were counted again."""
    policies = len(lived.counts.on_hand_units)
    for k in range(policies):
        counts = measuring.one_policy(lived.counts, k)
        audit_counts(counts, shop.demand.units, shop.terms, shop.start.opening)
        result = result_of_counts(counts, shop.demand.units, shop.terms, shop.start.opening)
        audit_totals(result, counts, shop.demand.units, shop.terms, shop.start.opening)
    return policies * shop.demand.units.size


def _told(
    window: Window,
    shop: _Shop,
    lived: Lived,
    specs: tuple[PolicySpec, ...],
    reference: int,
    hindsight: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]],
    rules: Rulebook,
    seed: int,
    unit_cost_share_assumed: float | None,
) -> Replay:
    """Everything of the result, for the judged items alone."""
    rows, grid, names = np.flatnonzero(shop.demand.judged), window.grid, [spec.name for spec in specs]
    money = measuring.money_of(hindsight, unit_cost_share_assumed).of(rows)
    demand, estimated = shop.demand.units[rows], shop.demand.estimated_units[rows]
    counts = UnitCounts(*(getattr(lived.counts, name)[:, rows] for name in UnitCounts.__slots__))
    items = measuring.item_counts(counts, demand, estimated, _terms_of(shop.terms, rows), _opening_of(shop, rows))
    resolved = shop.past.at(window.first).resolved(rules)
    at_start = {name: resolved[name][rows] for name in measuring.SEGMENTED_BY}
    done, absent = as_it_was(window, shop.demand, items, rows, money, names, seed)
    each = measuring.measures(items, money, np.arange(len(rows)), len(rows), grid)
    waits = int(shop.terms.backorders[rows].sum())
    source = shop.times.source
    return Replay(
        grid=grid,
        currency=window.inputs.currency,
        seed=seed,
        policies=specs,
        reference=names[reference],
        judged=_judged(window, shop, rows, money),
        total=measuring.measures(items, money, np.zeros(len(rows), dtype=np.int64), 1, grid),
        segments=measuring.segments(items, money, at_start, labels, grid),
        items=each,
        run_of_time=measuring.run_of_time(counts, demand, estimated, money, grid),
        comparisons=measuring.comparisons(each, names, reference, window.inputs.currency, seed),
        as_it_was=done,
        as_it_was_absent=absent,
        sequence_of_events=SEQUENCE_OF_EVENTS,
        assumptions=(
            *telling.assumptions(window, shop.start, source, hindsight, rows, waits, unit_cost_share_assumed),
            *telling.learning(specs, shop.past),
            *telling.changing(specs, lived.loops),
        ),
        cannot_judge=tuple(telling.cannot_judge(window, shop.demand, money, source, rows)),
        findings=(*window.inputs.findings, *_unlearned(shop.past)),
        audited_periods=0,
        seconds={},
        demand_units=demand,
        stage_moves=lived.stage_moves[:, rows],
        automatic_changes=_changes(lived, window)[:, rows],
        counts=counts,
    )


def _changes(lived: Lived, window: Window) -> IntArray:
    index = window.inputs.index
    none = np.zeros(len(index), dtype=np.int64)
    return np.stack([loop.changes_of(index.sku_id, index.location_id) if loop else none for loop in lived.loops])


def _unlearned(past: Past) -> tuple[Finding, ...]:
    """Why nothing was learned, each reason once."""
    by_code = {finding.code: finding for lesson in past.lessons.values() for finding in lesson.findings}
    return tuple(by_code.values())


def _judged(window: Window, shop: _Shop, rows: IntArray, money: measuring.Money) -> Judged:
    index = window.inputs.index
    return Judged(
        sku_id=index.sku_id[rows],
        location_id=index.location_id[rows],
        unit_price_minor=money.unit_price_minor,
        unit_cost_minor=money.unit_cost_minor,
        money_known=money.known,
        holding_minor_per_period=money.holding_minor_per_period,
        opening_source=np.where(shop.start.counted[rows], 0, 1),
        lead_time_source=shop.times.source[rows],
    )


def _terms_of(terms: ShopTerms, rows: IntArray) -> ShopTerms:
    parts = {name: getattr(terms, name) for name in ShopTerms.__slots__}
    return ShopTerms(**{name: part if name == "order_periods" else part[rows] for name, part in parts.items()})


def _opening_of(shop: _Shop, rows: IntArray) -> Opening:
    return Opening(*(getattr(shop.start.opening, name)[rows] for name in Opening.__slots__))


@dataclass(slots=True)
class _Clock:
    """Seconds by phase; the only clock of the replay, and no decision reads it."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, phase: str) -> Any:
        began = time.perf_counter()
        yield
        self.seconds[phase] = time.perf_counter() - began
