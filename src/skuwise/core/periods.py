"""Planning periods: equal half-open buckets of days that end at the as-of day.

The as-of day is the first day that has not been seen: the last past period is ``[as_of - n, as_of)`` and
the first future one ``[as_of, as_of + n)``. Anchoring on the as-of day means that the newest period is
always whole, whatever day of the week the plan is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import DateArray, IntArray

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class PeriodGrid:
    """``period_count`` past buckets of ``period_days`` days before ``as_of``.

    >>> grid = PeriodGrid(np.datetime64("2026-03-02"), period_days=7, period_count=3)
    >>> grid.starts().astype(str).tolist()
    ['2026-02-09', '2026-02-16', '2026-02-23']
    >>> grid.period_of(np.array(["2026-03-01", "2026-02-09", "2026-02-08"], dtype="datetime64[D]")).tolist()
    [2, 0, -1]
    """

    as_of: np.datetime64
    period_days: int
    period_count: int

    @property
    def periods_per_year(self) -> float:
        return DAYS_PER_YEAR / self.period_days

    @property
    def start(self) -> np.datetime64:
        """First day of the oldest period."""
        return self.as_of - np.timedelta64(self.period_days * self.period_count, "D")

    def starts(self) -> DateArray:
        """First day of each past period, oldest first [(T,) date]."""
        offsets = np.arange(self.period_count, dtype=np.int64) * self.period_days
        return (self.start + offsets.astype("timedelta64[D]")).astype("datetime64[D]")

    def future_starts(self, horizon: int) -> DateArray:
        """First day of each future period, the as-of day first [(H,) date]."""
        offsets = np.arange(horizon, dtype=np.int64) * self.period_days
        return (self.as_of + offsets.astype("timedelta64[D]")).astype("datetime64[D]")

    def period_of(self, days: DateArray) -> IntArray:
        """Number of the period each day falls in; below 0 before the grid, period_count or more from as_of on."""
        offset = (days.astype("datetime64[D]") - self.start).astype(np.int64)
        return np.floor_divide(offset, self.period_days)

    def to_periods(self, days: float) -> float:
        """A length in days as a number of periods."""
        return days / self.period_days
