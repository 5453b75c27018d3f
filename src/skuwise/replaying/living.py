"""Living the window: every policy in its own copy of the shop, period by period, all from one opening.

``SEQUENCE_OF_EVENTS`` of the simulation holds: receipts arrive, each policy decides on what was known at the start of
the period, demand occurs, stock is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.findings import Finding
from skuwise.core.rules import Rulebook
from skuwise.learning import LearnedModel, train
from skuwise.planning.assemble import plan_inputs
from skuwise.replaying.books import Books
from skuwise.replaying.deciding import Knowledge, orders_of, promised_days
from skuwise.replaying.looping import Loop
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.shop import rows_of_table
from skuwise.replaying.tuning import Tuning
from skuwise.replaying.window import REFRESH_PERIODS, Terms, Window, known_at, terms_known
from skuwise.simulate.shop import Opening, ShopTerms, UnitCounts, opening_stock
from skuwise.simulate.stepwise import ShopState, open_shop, step
from skuwise.simulate.supply import NEVER

#: Lives the warm-up of items whose stock at the start is not known.
NEUTRAL = PolicySpec("warm-up", "weeks_of_cover", {"cover_weeks": 4.0})
WARM_UP_PERIODS_MAX = 26
#: Stage of an item that is not on sale yet.
UNSEEN = -1
#: A stock count tells the opening where it is not older than this.
COUNT_PERIODS_MAX = 4

#: Called with the phase, what is done and all there is to do.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned from all items on one day, or why nothing was."""

    model: LearnedModel | None
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Past:
    """What was known at each period's start.

    Every ``REFRESH_PERIODS`` from ``origin`` on terms are read anew, and where a policy asks for it a model over all
    items is trained anew on what was known then. ``lessons`` holds what came of each training, by its number.
    """

    window: Window
    origin: int
    seed: int = 0
    lessons: dict[int, Lesson] = field(default_factory=dict)
    _terms: dict[int, Terms] = field(default_factory=dict)

    @classmethod
    def of(cls, window: Window, seed: int = 0) -> Past:
        return cls(window, window.first, seed)

    def at(self, period: int, learn: bool = False) -> Knowledge:
        since = (period - self.origin) // REFRESH_PERIODS
        if since not in self._terms:
            self._terms = {since: terms_known(self.window, self._began(since))}
        known = known_at(self.window, period, self._terms[since])
        if not learn:
            return Knowledge(known)
        if since not in self.lessons:
            then = known_at(self.window, self._began(since), self._terms[since])
            self.lessons[since] = Lesson(*train(then, seed=self.seed))
        model = self.lessons[since].model
        return Knowledge(known, None if model is None else model.forecast(known))

    def _began(self, since: int) -> int:
        return max(self.origin + since * REFRESH_PERIODS, 1)


@dataclass(frozen=True, slots=True)
class Lived:
    """Counts of K policies (K, n, T), int32 to save memory, and the state after the last period.

    ``stage_moves`` (K, n): how often the stage in force changed from one period to the next. ``loops`` (K,): the loop
    of each policy after the last period; None where it has none.
    """

    counts: UnitCounts
    after: ShopState
    stage_moves: IntArray
    loops: tuple[Loop | None, ...]


def live(
    past: Past,
    specs: Sequence[PolicySpec],
    rulebook: Rulebook,
    demand_units: IntArray,
    bought: BoolArray,
    terms: ShopTerms,
    opening: Opening,
    first: int,
    progress: Progress | None = None,
) -> Lived:
    """Live the periods of ``demand_units`` (n, T) under every policy.

    ``first`` is the number of the first of them in the history, ``rulebook`` that of policies without one, ``bought``
    (n,) the items that are bought at all.
    """
    items, periods = demand_units.shape
    state = open_shop(terms, opening, len(specs))
    books = Books.open(len(specs), opening.due_units, terms.longest_wait_periods, past.window.grid.period_days)
    counts = np.zeros((len(fields(UnitCounts)), len(specs), items, periods), dtype=np.int32)
    stages, moves = np.full((len(specs), items), UNSEEN), np.zeros((len(specs), items), dtype=np.int64)
    loops = tuple(Loop(spec.rulebook or rulebook) if spec.loops else None for spec in specs)
    for t, (knowledge, known) in enumerate(_read_ahead(past, specs, rulebook, first, periods)):
        due, overdue = books.due(t)
        orders = np.zeros((len(specs), items), dtype=np.int64)
        promised = np.zeros_like(orders)
        for k, spec in enumerate(specs):
            columns, loop = known[k], loops[k]
            if loop is not None:
                columns = loop.ruled(knowledge, spec.learns, state, k, due[k], overdue[k])
            orders[k] = np.where(bought, orders_of(spec, columns, state, k, due[k], overdue[k], t), 0)
            promised[k] = promised_days(columns)
            stage = np.where(columns["first_period"] >= 0, columns["stage"], UNSEEN)
            moves[k] += (stage != stages[k]) & (stages[k] != UNSEEN)
            stages[k] = stage
        lead = terms.lead_time_in(t)
        books.place(t, orders, np.where(lead == NEVER, terms.written_off_after_periods, lead), promised)
        state, lived = step(state, orders, demand_units[:, t], terms)
        for number, count in enumerate(fields(UnitCounts)):
            counts[number, :, :, t] = getattr(lived, count.name)
        if progress is not None:
            progress("live the weeks", t + 1, periods)
    return Lived(UnitCounts(*counts), state, moves, loops)


def _read_ahead(
    past: Past, specs: Sequence[PolicySpec], rulebook: Rulebook, first: int, periods: int
) -> Iterator[tuple[Knowledge, list[Mapping[str, Any]]]]:
    """What was known in each period, and this ruled and forecast for each policy, before any loop.

    No stock bears on it, so the next period is made ready on a second core while this one is lived.
    """

    by_hand = [Tuning.of(spec) for spec in specs]

    def known(period: int) -> tuple[Knowledge, list[Mapping[str, Any]]]:
        knowledge = past.at(period, learn=any(spec.learns for spec in specs))
        found: list[Mapping[str, Any]] = []
        for spec, tuning in zip(specs, by_hand, strict=True):
            asked = spec.rulebook or rulebook, spec.learns
            found.append(knowledge.ruled(*asked) if tuning is None else knowledge.tuned(*asked, tuning))
        return knowledge, found

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as ahead:
        following = ahead.submit(known, first)
        for t in range(periods):
            current = following.result()
            if t + 1 < periods:
                following = ahead.submit(known, first + t + 1)
            yield current


@dataclass(frozen=True, slots=True)
class Start:
    """The opening of the window and where each item's comes from: true is a stock count [(n,)]."""

    opening: Opening
    counted: BoolArray
    warm_up_periods: int


def start_of(
    past: Past,
    rulebook: Rulebook,
    demand_units: IntArray,
    bought: BoolArray,
    terms: ShopTerms,
    warm_up: int,
) -> Start:
    """The stock and the open orders of the window's first day.

    Items with a recent stock count open with it and with the orders that were open then, each arriving on the day on
    which it did arrive. The others live ``warm_up`` periods before the window under a neutral policy, uncounted.
    ``demand_units`` (n, warm_up + T) and ``terms`` begin with the warm-up.
    """
    window = past.window
    lived = _warmed_up(past, rulebook, demand_units[:, :warm_up], bought, terms, warm_up)
    counted, stock, due = _counted(window)
    counted &= bought
    longest = max(lived.due_units.shape[1], due.shape[1])
    pipeline = np.where(counted[:, None], _wider(due, longest), _wider(lived.due_units, longest))
    on_hand = np.where(counted, stock, lived.on_hand_units)
    backlog = np.where(counted, 0, lived.backlog_units)
    zero = ~bought
    opening = opening_stock(
        len(bought),
        np.where(zero, 0, on_hand),
        np.where(zero[:, None], 0, pipeline),
        np.where(zero, 0, backlog),
    )
    return Start(opening, counted, warm_up)


def _warmed_up(
    past: Past, rulebook: Rulebook, demand_units: IntArray, bought: BoolArray, terms: ShopTerms, warm_up: int
) -> Opening:
    """Where the neutral policy has got to: it opens full, with what it would hold and have on order."""
    first = past.window.first - warm_up
    columns = past.at(first).ruled(NEUTRAL.rulebook or rulebook)
    empty = opening_stock(len(bought))
    state = open_shop(terms, empty)
    full = np.where(bought, orders_of(NEUTRAL, columns, state, 0, empty.due_units, empty.due_units, 0), 0)
    lived = live(past, [NEUTRAL], rulebook, demand_units, bought, terms, opening_stock(len(bought), full), first)
    after = lived.after
    due = np.concatenate([after.received_units[0][:, None], after.due_units[0]], axis=1)
    return Opening(after.on_hand_units[0] - after.received_units[0], due, after.backlog_units[0])


def warm_up_periods(window: Window, longest_wait: int) -> int:
    """Twice the longest lead time, within what there is of history before the window."""
    return int(max(min(2 * longest_wait, WARM_UP_PERIODS_MAX, window.first - 1), 0))


def cut_terms(terms: ShopTerms, from_period: int) -> ShopTerms:
    """The terms of the periods from ``from_period`` on."""
    return replace(terms, lead_time_periods=np.ascontiguousarray(terms.lead_time_periods[:, from_period:]))


def _wider(due: IntArray, periods: int) -> IntArray:
    return np.pad(due, ((0, 0), (0, periods - due.shape[1])))


def _counted(window: Window) -> tuple[BoolArray, IntArray, IntArray]:
    """Where a count tells the opening [(n,)], the units free to sell [(n,)], and arrivals by period [(n, P)]."""
    whole, n = window.inputs, len(window.inputs.index)
    first = window.first
    nothing = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64), np.zeros((n, 1), dtype=np.int64)
    recent = ~np.isnan(whole.history.on_hand_units_mean[:, max(first - COUNT_PERIODS_MAX, 0) : first]).all(axis=1)
    if not recent.any():
        return nothing
    day: Any = window.day_of(first).astype("datetime64[D]").astype(object)
    then = plan_inputs(window.dataset, as_of=day, period_days=whole.grid.period_days)
    _, here, there = np.intersect1d(whole.index.item_key, then.index.item_key, assume_unique=True, return_indices=True)
    stock = np.zeros(n, dtype=np.int64)
    held = then.stock.on_hand_units - then.stock.reserved_units - then.stock.backlog_units
    stock[here] = np.maximum(held[there], 0)
    known = np.zeros(n, dtype=np.bool_)
    known[here] = then.stock.known[there]
    return known & recent, stock, _arrivals(window, day)


def _arrivals(window: Window, day: Any) -> IntArray:
    """Units ordered before a day that came on it or later, by the period in which they came [(n, P)].

    Orders still open at the end of the data come when they were last expected.
    """
    lines = []
    for table, arrival in (("receipts", "received_on"), ("open_orders", "expected_on")):
        frame = window.dataset.table(table)
        if frame is None or "ordered_on" not in frame.columns or arrival not in frame.columns:
            continue
        when = pl.col(arrival).cast(pl.Date)
        open_then = frame.filter((pl.col("ordered_on").cast(pl.Date) < day) & (when >= day))
        if table == "open_orders" and "status" in open_then.columns:
            status = pl.col("status").cast(pl.String).fill_null("open")
            open_then = open_then.filter(status.is_in(("open", "in_transit")))
        item = rows_of_table(open_then, window.inputs)
        days = open_then.select((when - pl.lit(day)).dt.total_days().alias("days"))["days"].to_numpy()
        lines.append((item, days, open_then["units"].cast(pl.Int64).fill_null(0).to_numpy()))
    n, period_days, most = len(window.inputs.index), window.grid.period_days, window.periods
    item, days, units = (
        np.concatenate([line[part] for line in lines]).astype(np.int64) if lines else np.empty(0, dtype=np.int64)
        for part in range(3)
    )
    period = days // period_days
    use = (item >= 0) & (period < most)
    due = np.zeros((n, int(period[use].max(initial=0)) + 1), dtype=np.int64)
    np.add.at(due, (item[use], period[use]), units[use])
    return due
