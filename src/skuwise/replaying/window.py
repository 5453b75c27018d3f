"""The judged window, and what could be known at the start of each of its periods.

The inputs of the plan are assembled once, as of the end; the knowledge of an earlier period is that history cut off
there. What the cut cannot take back is assembled anew as of that day, every ``REFRESH_PERIODS``: lead times and costs
read from receipts, prices read from sales, and whether anything is known of stockouts.

Known from the start, because a shop plans with them ahead: the catalogue (category, supplier, launch and end-of-life
day, successor), MOQ, order multiple and order cost, recipes of bundles, and the rulebook with its dated rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.catalog.inputs import History, ItemIndex, OpenOrders, PlanInputs, StockState, SupplyTerms
from skuwise.core.periods import PeriodGrid
from skuwise.core.rules import Rulebook
from skuwise.dataset.contract import Dataset
from skuwise.planning.assemble import plan_inputs

#: Lead times, costs and prices are read anew from what was seen so far after so many periods.
REFRESH_PERIODS = 13
#: The judged window where none is asked for: a year, but at most half of the history.
WINDOW_DAYS = 364
#: Fewer periods before the window, and no policy could know anything.
HISTORY_PERIODS_MIN = 2


class ReplayError(ValueError):
    """A replay that cannot be lived: what is wrong, why it matters, and how to mend it."""

    def __init__(self, what: str, why: str, mend: str) -> None:
        self.what, self.why, self.mend = what, why, mend
        super().__init__(f"{what}. {why}. {mend}.")


@dataclass(frozen=True, slots=True)
class Window:
    """The whole history as of the end; periods ``first`` to ``first + periods`` of it are judged.

    ``history_periods_max`` is how much history a plan may look back on. ``later_start`` says by how many days the
    window starts later than asked for, so that it holds whole periods.
    """

    dataset: Dataset
    inputs: PlanInputs
    first: int
    periods: int
    history_periods_max: int
    later_start: int = 0

    @property
    def grid(self) -> PeriodGrid:
        """The grid of the judged periods alone."""
        return PeriodGrid(self.inputs.grid.as_of, self.inputs.grid.period_days, self.periods)

    def day_of(self, period: int) -> np.datetime64:
        """First day of a period, counted from the oldest one of the history."""
        grid = self.inputs.grid
        return grid.start + np.timedelta64(grid.period_days * period, "D")

    @property
    def absolute_first(self) -> int:
        """Number of the first judged period counted from 1970: draws named by it do not move with the window."""
        return int(self.grid.start.astype("datetime64[D]").astype(np.int64)) // self.grid.period_days


def open_window(dataset: Dataset, rulebook: Rulebook, start: date | None, end: date | None) -> Window:
    """The window from ``start`` to ``end`` (the first day after it), in whole periods counted back from the end.

    Raises:
        ReplayError: no whole period to judge, or nothing known before it.
    """
    end = end or dataset.as_of
    if end > dataset.as_of:
        raise ReplayError(
            f"The window ends on {end}, and the data end before {dataset.as_of}",
            "Days without data would count as days without demand",
            f"Let it end on {dataset.as_of} or earlier",
        )
    period_days = int(rulebook.settings["period_days"])
    if start is not None and (end - start).days < period_days:
        raise ReplayError(
            f"From {start} to {end} there is no whole period of {period_days} days",
            "A policy is judged on whole periods",
            f"Let it start on {end - timedelta(days=period_days)} or earlier",
        )
    longest = int(rulebook.settings["history_periods_max"])
    asked = None if start is None else (end - start).days // period_days
    inputs = plan_inputs(
        dataset,
        as_of=end,
        period_days=period_days,
        history_periods_max=longest + (asked or WINDOW_DAYS // period_days),
    )
    known = _periods_with_history(inputs)
    periods = asked or min(WINDOW_DAYS // period_days, known // 2)
    before = known - periods
    if before < HISTORY_PERIODS_MIN or periods < 1:
        first_sale = inputs.grid.as_of - np.timedelta64(known * period_days, "D")
        earliest = first_sale + np.timedelta64(HISTORY_PERIODS_MIN * period_days, "D")
        raise ReplayError(
            f"Periods with sales before the window: {max(before, 0)}; at least {HISTORY_PERIODS_MIN} are needed",
            "A policy decides on what it has seen, and there it has seen nothing",
            f"Let it start on {earliest} or later"
            if earliest < inputs.grid.as_of
            else "Give sales of more periods before the end",
        )
    late = 0 if start is None else (end - start).days - periods * period_days
    return Window(dataset, inputs, inputs.grid.period_count - periods, periods, longest, late)


def _periods_with_history(inputs: PlanInputs) -> int:
    """Periods from the first one in which anything sold to the end."""
    sold = np.flatnonzero((inputs.history.sales_units > 0).any(axis=0))
    return inputs.grid.period_count - int(sold[0]) if len(sold) else 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What was known of supply, prices and stockouts as of one day, for the items of the whole history."""

    supply: SupplyTerms
    unit_price_minor: IntArray
    availability_known: BoolArray


def terms_known(window: Window, period: int) -> Terms:
    """Supply terms, prices and availability as a plan of the period's first day has them.

    An item that the plan of that day does not know yet has the terms that were given for it, and no lead time where
    that was measured on receipts.
    """
    whole = window.inputs
    day = window.day_of(period).astype("datetime64[D]").astype(date)
    then = plan_inputs(
        window.dataset,
        as_of=day,
        period_days=whole.grid.period_days,
        history_periods_max=window.history_periods_max,
    )
    here, there = _shared_rows(whole.index, then.index)
    measured = whole.supply.lead_time_observations > 0
    supply = {
        "lead_time_days_mean": np.where(measured, np.nan, whole.supply.lead_time_days_mean),
        "lead_time_days_sd": np.where(measured, np.nan, whole.supply.lead_time_days_sd),
    }
    supply = {
        name: _placed(supply.get(name, getattr(whole.supply, name)), getattr(then.supply, name), here, there)
        for name in SupplyTerms.__slots__
    }
    return Terms(
        SupplyTerms(**supply),
        _placed(whole.attributes.unit_price_minor, then.attributes.unit_price_minor, here, there),
        _placed(np.zeros(len(whole.index), dtype=np.bool_), then.history.availability_known, here, there),
    )


def known_at(window: Window, period: int, terms: Terms) -> PlanInputs:
    """The inputs of a plan made on the first day of a period: nothing of it or later is in them.

    Stock and orders are left unknown: they are those of the shop that is lived.
    """
    whole, n = window.inputs, len(window.inputs.index)
    past, oldest = whole.history, max(0, period - window.history_periods_max)
    cut, days = slice(oldest, period), whole.grid.period_days
    nothing = np.zeros(n, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    return replace(
        whole,
        attributes=replace(whole.attributes, unit_price_minor=terms.unit_price_minor),
        history=History(
            grid=PeriodGrid(window.day_of(period), whole.grid.period_days, period - oldest),
            sales_units=_cut(past.sales_units, cut),
            in_stock_share=_cut(past.in_stock_share, cut),
            availability_known=terms.availability_known,
            promotion_share=_cut(past.promotion_share, cut),
            returned_units=past.returned_units[:, cut],
            received_units=past.received_units[:, cut],
            on_hand_units_mean=past.on_hand_units_mean[:, cut],
            paid_price_minor=None if past.paid_price_minor is None else past.paid_price_minor[:, cut],
        ),
        supply=terms.supply,
        stock=StockState(nothing, nothing, nothing, np.zeros(n, dtype=np.bool_), nothing),
        open_orders=OpenOrders(none, none, none, none, np.empty(0, dtype=np.str_), none),
        findings=(),
        deliveries=None if whole.deliveries is None else whole.deliveries.before(_day_number(window.day_of(period))),
        feeds=None if whole.feeds is None else whole.feeds.days(slice(oldest * days, period * days)),
    )


def _day_number(day: np.datetime64) -> int:
    return int(day.astype("datetime64[D]").astype(np.int64))


def _cut(values: np.ndarray, periods: slice) -> np.ndarray:
    """Columns of an array in one piece of memory; a table that was not given stays a view that takes none."""
    part = values[:, periods]
    return part if 0 in values.strides else np.ascontiguousarray(part)


def _shared_rows(whole: ItemIndex, then: ItemIndex) -> tuple[IntArray, IntArray]:
    """Rows of the same items in two indexes, both sorted by SKU and location."""
    _, here, there = np.intersect1d(whole.item_key, then.item_key, assume_unique=True, return_indices=True)
    return here, there


def _placed(base: np.ndarray, values: np.ndarray, here: IntArray, there: IntArray) -> np.ndarray:
    placed = np.array(base)
    placed[here] = values[there]
    return placed
