"""What a run was worth: money against perfect foresight, service, stock, and whether a difference is real.

Money is in minor currency. A run's profit is margin × units sold − holding × stock counted at the ends of its periods;
its cost is shortage × units missed + holding × the same stock. With lost sales and shortage = margin the two say the
same: profit = margin × demand − cost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, kernel
from skuwise.simulate.engine import fulfil
from skuwise.simulate.shop import Opening, ShopTerms, SimulationResult, UnitCounts, as_units, result_of_counts
from skuwise.simulate.supply import NEVER

#: Below this many items a band over items says nothing.
FEWEST_ITEMS = 8
_BLOCK_DRAWS = 2_000_000


def profit_minor(
    result: SimulationResult, margin_minor: IntArray | int, holding_minor: IntArray | int, order_cost_minor: int = 0
) -> IntArray:
    """Margin × sold − holding × stock − order cost × orders [(K, n) minor currency]; holding is per unit and period."""
    held = as_units(holding_minor) * result.stock_unit_periods
    earned: IntArray = as_units(margin_minor) * result.sold_units
    return earned - held - order_cost_minor * result.orders_placed


def cost_minor(
    result: SimulationResult, shortage_minor: IntArray | int, holding_minor: IntArray | int, order_cost_minor: int = 0
) -> IntArray:
    """Shortage × missed + holding × stock + order cost × orders [(K, n) minor currency].

    A unit counts as missed once, in the period in which it was asked for, whether it is lost or waits.
    """
    missed = result.lost_units + result.backordered_units
    cost: IntArray = as_units(shortage_minor) * missed + as_units(holding_minor) * result.stock_unit_periods
    return cost + order_cost_minor * result.orders_placed


def perfect_foresight(
    demand_units: IntArray,
    terms: ShopTerms,
    opening: Opening,
    shortage_minor: IntArray | int,
    holding_minor: IntArray | int,
) -> SimulationResult:
    """The run of one who knows all demand and the lead time of every order that could be placed [(1, n) totals].

    It can place an order in any ordering period at a review, and so have units in the periods in which such orders
    arrive; orders that never would are not placed. Units come in the last such period that is in time. Where that is
    early they are held, if that is worth it: holding × periods ≤ shortage; otherwise the demand is missed (and waits,
    with backorders, for the next arrival). Stock and pipeline of the opening are used first, as early as they can be.
    It cannot serve what is asked for before anything can arrive, sell its opening faster, or send units back.

    It is not bound by MOQ and order multiple, and pays no order cost: with lot rules it is a bound that even the best
    plan stays below, so a share of it understates a policy; without them, and without order cost, it is the best that
    can be done. One case apart: with backorders it never lets a customer wait for a unit of the opening pipeline that
    nobody else would take, which can be cheaper than buying another. Cycles are those of its receipts.
    """
    demand = as_units(demand_units)
    items, periods = demand.shape
    lead = np.broadcast_to(terms.lead_time_periods, demand.shape)
    order_period = np.full(demand.shape, -1, dtype=np.int64)
    for t in range(periods):
        row = np.flatnonzero(terms.may_order_in(t) & (lead[:, t] != NEVER) & (t + lead[:, t] < periods))
        order_period[row, t + lead[row, t]] = t
    counts = np.zeros((len(fields(UnitCounts)), 1, items, periods), dtype=np.int64)
    _foresee(
        np.ascontiguousarray(demand),
        order_period,
        opening.on_hand_units,
        opening.due_units,
        opening.backlog_units,
        terms.backorders,
        np.broadcast_to(as_units(shortage_minor), (items,)).copy(),
        np.broadcast_to(as_units(holding_minor), (items,)).copy(),
        counts,
    )
    return result_of_counts(UnitCounts(*counts), demand, terms, opening)


@kernel
def _foresee(
    demand: IntArray,
    order_period: IntArray,
    opening_on_hand: IntArray,
    opening_due: IntArray,
    opening_backlog: IntArray,
    backorders: BoolArray,
    shortage: IntArray,
    holding: IntArray,
    counts: IntArray,
) -> None:
    """``order_period`` (n, T): when to order what shall arrive in a period, −1 where nothing can."""
    received, ordered, filled, missed = counts[0, 0], counts[1, 0], counts[2, 0], counts[3, 0]
    sold, on_hand, waiting = counts[4, 0], counts[5, 0], counts[6, 0]
    items, periods = demand.shape
    for i in range(items):
        stock, backlog, latest = opening_on_hand[i], opening_backlog[i], -1
        for t in range(periods):
            if t < opening_due.shape[1]:
                stock += opening_due[i, t]
                received[i, t] += opening_due[i, t]
            if order_period[i, t] >= 0:
                latest = t
                _buy(received[i], ordered[i], t, order_period[i, t], max(backlog - stock, 0))
                stock += max(backlog - stock, 0)
            stock, backlog, met, short, left = fulfil(stock, backlog, demand[i, t], backorders[i])
            if short > 0 and latest >= 0 and holding[i] * (t - latest) <= shortage[i]:
                _buy(received[i], ordered[i], latest, order_period[i, latest], short)
                on_hand[i, latest:t] += short
                met, left = met + short, left + short
                backlog -= short if backorders[i] else 0
                short = 0
            filled[i, t], missed[i, t], sold[i, t] = met, short, left
            on_hand[i, t], waiting[i, t] = stock, backlog


@kernel
def _buy(received: IntArray, ordered: IntArray, arrival: int, order_period: int, units: int) -> None:
    received[arrival] += units
    ordered[order_period] += units


def profit_share(
    result: SimulationResult, foresight: SimulationResult, margin_minor: IntArray | int, holding_minor: IntArray | int
) -> FloatArray:
    """Profit as a share of perfect foresight's [(K, n)]; null where foresight itself makes none."""
    best = profit_minor(foresight, margin_minor, holding_minor)
    return _share(profit_minor(result, margin_minor, holding_minor), np.where(best > 0, best, 0))


def profit_share_of_all(
    result: SimulationResult, foresight: SimulationResult, margin_minor: IntArray | int, holding_minor: IntArray | int
) -> FloatArray:
    """Profit of all items together as a share of perfect foresight's [(K,)]."""
    best = profit_minor(foresight, margin_minor, holding_minor).sum(axis=1)
    return _share(profit_minor(result, margin_minor, holding_minor).sum(axis=1), np.where(best > 0, best, 0))


def fill_rate(result: SimulationResult) -> FloatArray:
    """Share of the units asked for that were met from stock at once [(K, n)]; null without demand."""
    return _share(result.filled_units, result.demanded_units)


def fill_rate_of_all(result: SimulationResult) -> FloatArray:
    """The same of all items together, units ÷ units [(K,)]."""
    return _share(result.filled_units.sum(axis=1), result.demanded_units.sum(axis=1))


def cycle_service_level(result: SimulationResult) -> FloatArray:
    """Share of the replenishment cycles without a stockout [(K, n)]."""
    return _share(result.cycles - result.cycles_with_stockout, result.cycles)


def average_stock_units(result: SimulationResult) -> FloatArray:
    """Mean of the stock counted at the ends of the periods [(K, n) units]."""
    return _share(result.stock_unit_periods, np.full_like(result.cycles, result.periods))


def turnover_per_year(result: SimulationResult, periods_per_year: float) -> FloatArray:
    """Units sold a year ÷ average stock [(K, n) per year]; null where no stock was ever left."""
    return _share(result.sold_units, result.stock_unit_periods) * periods_per_year


def _share(part: IntArray, whole: IntArray) -> FloatArray:
    known = whole > 0
    return np.where(known, part / np.where(known, whole, 1), np.nan)


@dataclass(frozen=True, slots=True)
class Difference:
    """a − b: ``mean`` with the band ``low`` to ``high`` that holds ``confidence`` of the resampled differences."""

    mean: float
    low: float
    high: float
    items: int
    confidence: float = 0.95

    @property
    def real(self) -> bool:
        """The band leaves zero out, over enough items to say so."""
        return self.items >= FEWEST_ITEMS and (self.low > 0 or self.high < 0)


def bootstrap_difference(
    a: FloatArray, b: FloatArray, seed: int, draws: int = 2000, confidence: float = 0.95
) -> Difference:
    """The mean over items of a − b [(n,) each, the same items in the same order], and its percentile band.

    Whole items are drawn again with replacement, so the periods of one item stay together; that items move together,
    for a season or a crisis, is not in the band. Items where either is null are left out. Source: Efron and Tibshirani,
    An Introduction to the Bootstrap, 1993: paired percentile interval.

    >>> steady = bootstrap_difference(np.arange(50) + 1.0, np.arange(50.0), seed=1)
    >>> (steady.mean, steady.low, steady.high, steady.real)
    (1.0, 1.0, 1.0, True)
    """
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    ones = np.where(np.isnan(difference), 0.0, 1.0)
    return _banded([(np.nan_to_num(difference), ones)], int(ones.sum()), seed, draws, confidence)


def bootstrap_ratio_difference(
    a: tuple[FloatArray, FloatArray],
    b: tuple[FloatArray, FloatArray],
    seed: int,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Difference:
    """The same for ratios of totals, each (part, whole) [(n,) each]: Σ part ÷ Σ whole of a, less that of b.

    For a fill rate of all items together: part = filled units, whole = demanded units.
    """
    pairs = [(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)) for part, whole in (a, b)]
    return _banded(pairs, len(pairs[0][0]), seed, draws, confidence)


def _banded(
    pairs: list[tuple[FloatArray, FloatArray]], items: int, seed: int, draws: int, confidence: float
) -> Difference:
    """Ratio of the first pair, less that of the second if there is one, on the whole and on resampled items."""
    values = np.stack([column for pair in pairs for column in pair])
    n = values.shape[1]
    if values.ndim != 2 or n == 0 or items == 0:
        return Difference(float("nan"), float("nan"), float("nan"), items, confidence)
    rng = np.random.Generator(np.random.Philox(seed))
    sums = np.empty((draws, len(values)))
    block = max(_BLOCK_DRAWS // n, 1)
    for start in range(0, draws, block):
        chosen = rng.integers(0, n, (min(block, draws - start), n))
        for column, of_items in enumerate(values):
            sums[start : start + block, column] = of_items[chosen].sum(axis=1)
    found = _ratio_gap(sums)
    low, high = np.nanquantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(_ratio_gap(values.sum(axis=1)[None])[0]), float(low), float(high), items, confidence)


def _ratio_gap(sums: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = sums[:, 0::2] / sums[:, 1::2]
    gap: FloatArray = ratios[:, 0] - ratios[:, 1] if ratios.shape[1] > 1 else ratios[:, 0]
    return gap


def in_words(
    difference: Difference, a: str, b: str, what: str, *, higher_is_better: bool = True, decimals: int = 2
) -> str:
    """One sentence that says whether a differs from b.

    >>> in_words(Difference(-3.0, -5.0, -1.0, 120), "Skuwise", "the textbook", "cost", higher_is_better=False)
    'Skuwise is better than the textbook: cost −3.00 (95% band −5.00 to −1.00, 120 items). The difference is real.'
    """
    if difference.items < FEWEST_ITEMS:
        return f"{a} and {b} cannot be told apart in {what}: {difference.items} items are too few for a band."

    def signed(value: float) -> str:
        return f"{value:+.{decimals}f}".replace("-", "−")

    band = (
        f"{what} {signed(difference.mean)} ({100 * difference.confidence:g}% band {signed(difference.low)} to "
        f"{signed(difference.high)}, {difference.items} items)"
    )
    if not difference.real:
        return f"{a} and {b} cannot be told apart: {band}. The band holds zero."
    better = (difference.mean > 0) == higher_is_better
    return f"{a} is {'better' if better else 'worse'} than {b}: {band}. The difference is real."
