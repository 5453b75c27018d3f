"""A buyer's books: what is on order, and for when it was promised. A late order stays on them as overdue.

The engine knows when each order will arrive; a buyer knows what the supplier said. Policies are shown this view, in the
form in which a plan is given open orders: units by the period in which they are due, overdue ones in the first, and
these once more by how long they are overdue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import IntArray, kernel


@dataclass(slots=True)
class Books:
    """Orders of the newest ``slots`` periods, by the period in which they were placed: a ring, slot = period % slots.

    ``ordered_units`` (K, n, slots); ``wait_periods`` (n, slots) until an order leaves the books, arrived or written
    off; ``promised_days`` (K, n, slots) what was expected when it was placed. ``opening_due_units`` (n, P): column p
    arrives in period p of the run.
    """

    ordered_units: IntArray
    wait_periods: IntArray
    promised_days: IntArray
    opening_due_units: IntArray
    period_days: int

    @classmethod
    def open(cls, policies: int, opening_due_units: IntArray, longest_wait: int, period_days: int) -> Books:
        items, slots = len(opening_due_units), longest_wait + 1
        return cls(
            np.zeros((policies, items, slots), dtype=np.int64),
            np.zeros((items, slots), dtype=np.int64),
            np.zeros((policies, items, slots), dtype=np.int64),
            opening_due_units,
            period_days,
        )

    def place(self, period: int, order_units: IntArray, wait_periods: IntArray, promised_days: IntArray) -> None:
        """Enter the orders of a period (K, n); ``wait_periods`` (n,), ``promised_days`` (K, n)."""
        slot = period % self.ordered_units.shape[2]
        self.ordered_units[:, :, slot] = order_units
        self.wait_periods[:, slot] = wait_periods
        self.promised_days[:, :, slot] = promised_days

    def due(self, period: int) -> tuple[IntArray, IntArray]:
        """Units due in this period, the next one, ... as far as was promised [(K, n, P)]; receipts of now are in.

        Then those of the first that are overdue by no, one, two ... whole periods [(K, n, D)]. Orders of the opening
        never are: they are known to come when they come.

        Ten units placed in period 0 and promised in 10 days come in period 5: in period 3 they are overdue by 11 days.

        >>> books = Books.open(1, np.zeros((1, 1), np.int64), longest_wait=5, period_days=7)
        >>> books.place(0, np.array([[10]]), np.array([5]), np.array([[10]]))
        >>> [part.tolist() for part in books.due(1)], [part.tolist() for part in books.due(3)]
        ([[[[10, 0]]], [[[0]]]], [[[[10, 0]]], [[[0, 10]]]])
        """
        policies, items, slots = self.ordered_units.shape
        pipeline = self.opening_due_units.shape[1]
        ahead = max(int(self.promised_days.max(initial=0)) // self.period_days + 1, pipeline - period, 1)
        due = np.zeros((policies, items, ahead), dtype=np.int64)
        if pipeline > period + 1:
            due[:, :, 1 : pipeline - period] += self.opening_due_units[None, :, period + 1 :]
        overdue = np.zeros((policies, items, slots), dtype=np.int64)
        _outstanding(self.ordered_units, self.wait_periods, self.promised_days, period, self.period_days, due, overdue)
        longest = np.flatnonzero(overdue.any(axis=(0, 1))).max(initial=0)
        return due, np.ascontiguousarray(overdue[:, :, : longest + 1])


@kernel
def _outstanding(
    ordered: IntArray,
    wait: IntArray,
    promised_days: IntArray,
    period: int,
    period_days: int,
    due: IntArray,
    overdue: IntArray,
) -> None:
    policies, items, slots = ordered.shape
    for k in range(policies):
        for i in range(items):
            for age in range(1, min(slots, period + 1)):
                slot = (period - age) % slots
                units = ordered[k, i, slot]
                if units > 0 and age < wait[i, slot]:
                    left_days = promised_days[k, i, slot] - age * period_days
                    due[k, i, max(left_days // period_days, 0)] += units
                    if left_days <= 0:
                        overdue[k, i, -left_days // period_days] += units
