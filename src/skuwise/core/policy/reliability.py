"""Which of the units on order still count: an order far beyond its day is more likely lost than late.

An order that never arrives and stays in the books would cover its item for ever, and the shelf would stay empty behind
it. So the longer an order is overdue, the less of it counts; and the more of an item's orders went that way, the less
is expected of those under way and of the one that is placed today.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.steps import step

#: Share of orders that never arrive before anything is known, and the periods of demand that this is worth.
UNDELIVERED_FIRST = 0.02
UNDELIVERED_PERIODS = 4.0
#: However bad the record is, half of an order is believed to come: more would be bought without end.
UNDELIVERED_MAX = 0.5
#: Rounds in which share and doubts settle to within a hundredth.
ROUNDS = 8
#: Older sales say nothing of the supplier of today.
MEMORY_PERIODS = 52


@step(
    out=("undelivered_share", "awaited_units", "doubted_units"),
    formula="an order overdue by d days is lost with probability u ÷ (u + (1 − u) × P(lead time > mean + d)), normal "
    "with the larger of its sd and lead_time_sd_share_assumed × mean; with v = min(u, 2 × (u − 2%)), not below 0, in "
    "place of u where it is overdue by less than a period; with probability v where it is not due yet. u = (2% × 4 "
    "periods of demand + units believed lost) ÷ (4 periods of demand + units sold in 52 periods + units overdue), at "
    "most half; where undelivered_share_given tells it, u = v = that. Awaited = due − doubted, rounded",
    source="Bayes; beta prior on the share that never arrives",
)
def expected_arrivals(
    due_units: IntArray,
    overdue_units: IntArray,
    sales_units: IntArray,
    daily_mean_units: FloatArray,
    lead_time_days_mean: FloatArray,
    lead_time_days_sd: FloatArray,
    lead_time_sd_share_assumed: FloatArray,
    undelivered_share_given: FloatArray,
    period_days: int,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Share of orders that never arrive [(n,)], units on order that count by period [(n, P)], all that do not [(n,)].

    ``overdue_units`` (n, K): units of ``due_units``' first column that are overdue by k whole periods.

    Lead time 14 ± 4.2 days; 10 units due in a week, 10 overdue by two weeks: those are given up, and the others
    are believed a little less.

    >>> one = lambda value: np.array([value])
    >>> share, awaited, _ = expected_arrivals(
    ...     np.array([[10, 10]]), np.array([[0, 0, 10]]), np.array([[40, 40]]),
    ...     one(1.0), one(14.0), one(4.2), one(0.3), one(np.nan), 7)
    >>> round(float(share[0]), 2), awaited.tolist()
    (0.09, [[0, 9]])
    """
    days = np.arange(overdue_units.shape[1]) * float(period_days)
    sd = np.maximum(lead_time_days_sd, lead_time_sd_share_assumed * lead_time_days_mean)[:, None]
    late = np.where(sd > 0, ndtr(-days[None, :] / np.where(sd > 0, sd, 1)), np.where(days > 0, 0.0, 0.5)[None, :])
    prior = UNDELIVERED_PERIODS * period_days * np.maximum(daily_mean_units, 1e-9)
    # What sold in the long run was received: sales are known where receipts are not.
    received = sales_units[:, -MEMORY_PERIODS:].sum(axis=1)
    seen = prior + received + overdue_units.sum(axis=1)
    given = ~np.isnan(undelivered_share_given)
    share = np.where(given, undelivered_share_given, UNDELIVERED_FIRST)
    lost = np.zeros(overdue_units.shape)
    for _ in range(ROUNDS):
        # A first guess is no reason to doubt what is in time: only a record that is worse than it is.
        in_time = np.where(given, share, _worse_than_guessed(share))
        record = np.where(days < period_days, in_time[:, None], share[:, None])
        lost = np.where(record > 0, record / np.where(record > 0, record + (1.0 - record) * late, 1.0), 0.0)
        believed = (overdue_units * lost).sum(axis=1)
        learned = np.minimum((UNDELIVERED_FIRST * prior + believed) / seen, UNDELIVERED_MAX)
        share = np.where(given, undelivered_share_given, learned)
    in_time = np.where(given, share, _worse_than_guessed(share))
    doubted = due_units * in_time[:, None]
    doubted[:, 0] = (overdue_units * lost).sum(axis=1) + (due_units[:, 0] - overdue_units.sum(axis=1)) * in_time
    awaited: IntArray = np.floor(due_units - doubted + 0.5).astype(np.int64)
    return share, awaited, doubted.sum(axis=1)


def _worse_than_guessed(share: FloatArray) -> FloatArray:
    """The share as far as the record bears it out: nought at the first guess, all of it from twice the guess on."""
    return np.clip(2.0 * (share - UNDELIVERED_FIRST), 0.0, share)
