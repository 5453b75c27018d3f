"""Lead times read from receipts, for items whose supply terms do not name one.

A receipt that knows when it was ordered is one observation: the days from order to sellable stock. An item with
OBSERVATIONS_MIN of its own is described by them. With fewer, all receipts of its supplier describe it better, where
these are more; that loan is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import Labels
from skuwise.planning.columns import NO_DAY, constant, day_numbers, sum_by, text_of
from skuwise.planning.names import Vocabulary

OBSERVATIONS_MIN = 3
#: Name of the supplier where none is known; it is nobody's record.
NO_SUPPLIER = "(none)"


@dataclass(frozen=True, slots=True, eq=False)
class ObservedLeadTimes:
    """What receipts tell of each item [(n,) each]: mean and sample standard deviation in days, NaN where unknown."""

    days_mean: FloatArray
    days_sd: FloatArray
    observations: IntArray
    from_supplier: BoolArray


def observed_lead_times(receipts: pl.DataFrame | None, rows: np.ndarray, supplier: Labels) -> ObservedLeadTimes:
    """Lead times of items from their receipts, or from their supplier's; ``rows`` are the items of the receipts."""
    n = len(supplier.codes)
    if receipts is None:
        unknown = constant(np.nan, (n,), np.float64)
        return ObservedLeadTimes(unknown, unknown, constant(0, (n,), np.int64), constant(False, (n,), np.bool_))
    ordered = day_numbers(receipts, "ordered_on")
    days = day_numbers(receipts, "received_on") - ordered
    seen = (ordered != NO_DAY) & (days >= 0)
    item, days = rows[seen], days[seen]
    own_mean, own_sd, own_count = mean_and_sd(item, days, n)

    names = pl.Series(supplier.names, dtype=pl.String)
    named = Vocabulary(names, pl.Enum(names)).codes(text_of(receipts, "supplier_id"))[seen]
    of_receipt = np.where(named < 0, supplier.codes[item], named)
    mean, sd, count = mean_and_sd(of_receipt, days, len(names))
    borrowed_count = np.where((names == NO_SUPPLIER).to_numpy(), 0, count)[supplier.codes]
    from_supplier = (own_count < OBSERVATIONS_MIN) & (borrowed_count > own_count)
    return ObservedLeadTimes(
        np.where(from_supplier, mean[supplier.codes], own_mean),
        np.where(from_supplier, sd[supplier.codes], own_sd),
        np.where(from_supplier, borrowed_count, own_count),
        from_supplier,
    )


def mean_and_sd(group: np.ndarray, days: IntArray, size: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """Mean, sample standard deviation and count of whole days by group [(size,) each].

    Sums are whole numbers, so that the order of the rows does not show: s² = (n Σx² − (Σx)²) / (n (n − 1)).

    >>> mean, sd, count = mean_and_sd(np.array([0, 0, 0, 1]), np.array([2, 4, 6, 5]), 3)
    >>> mean.tolist(), sd.tolist(), count.tolist()
    ([4.0, 5.0, nan], [2.0, nan, nan], [3, 1, 0])
    """
    count = sum_by(group, np.ones(len(days), dtype=np.int64), size)
    total = sum_by(group, days, size)
    squares = sum_by(group, days * days, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        variance = (count * squares - total * total) / (count * (count - 1))
    return mean, np.sqrt(np.where(count > 1, variance, np.nan)), count
