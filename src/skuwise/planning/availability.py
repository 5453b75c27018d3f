"""When an item could be bought: told by the availability table, or read from frequent stock counts.

A row speaks of ``days`` days from its date on; days that no row speaks of count as in stock. Where rows overlap, the
day follows the row that starts last (of two with the same start, the shorter and then the lower share): a later
statement corrects an earlier one.

Where no availability table was given, dense stock counts stand in for it: a day whose latest count is zero counts as
out of stock, until the next count or, if receipts tell it, until the next arrival. Counts are dense where an item has
at least COUNTS_MIN of them, on average at most COUNT_INTERVAL_DAYS_MAX apart and never more than COUNT_GAP_DAYS_MAX.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, Float32Array, IntArray
from skuwise.core.findings import Finding, found
from skuwise.core.periods import PeriodGrid
from skuwise.planning.columns import DAY_SPAN, constant, day_numbers, real_numbers, sum_by, whole_numbers
from skuwise.planning.names import Items
from skuwise.planning.told import told

COUNTS_MIN = 8
COUNT_INTERVAL_DAYS_MAX = 7
COUNT_GAP_DAYS_MAX = 31
#: Shares are summed as whole multiples of 2^-40: exact in any order of the rows.
SHARE_ONE = 2**40


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Half-open spans of days [start, until) of an item with the share of them that was lost (in 2^-40)."""

    item: IntArray
    start: IntArray
    until: IntArray
    lost: IntArray

    def take(self, rows: np.ndarray) -> Spans:
        return Spans(self.item[rows], self.start[rows], self.until[rows], self.lost[rows])


def spans_of_table(availability: pl.DataFrame, rows: np.ndarray, items: Items) -> tuple[Spans, list[Finding]]:
    """The spans that the availability table speaks of; rows of no item are told."""
    share = np.clip(np.nan_to_num(real_numbers(availability, "in_stock_share"), nan=1.0), 0.0, 1.0)
    start = day_numbers(availability, "date")
    lost = SHARE_ONE - np.rint(share * SHARE_ONE).astype(np.int64)
    spans = Spans(rows.astype(np.int64), start, start + whole_numbers(availability, "days", 1), lost)
    stray = int((rows < 0).sum())
    findings = []
    if stray:
        text = f"{stray} rows speak of SKUs at locations that have neither sales nor stock nor supply"
        findings.append(found("PLN-061", text, table="availability", count=stray))
        spans = spans.take(rows >= 0)
    spans, overlapping = _without_overlaps(spans)
    which = np.zeros(len(items), dtype=bool)
    which[overlapping] = True
    text = "availability rows overlap; each day follows the row that starts last"
    return spans, findings + told("PLN-062", items, which, text, table="availability")


def spans_of_counts(
    stock: pl.DataFrame, rows: np.ndarray, receipts: pl.DataFrame | None, receipt_rows: np.ndarray, grid: PeriodGrid
) -> Spans:
    """The spans of items with dense stock counts: from each count to the next, lost where it was zero."""
    as_of = int(grid.as_of.astype(np.int64))
    on_hand = whole_numbers(stock, "on_hand_units", 0)
    position = rows.astype(np.int64) * DAY_SPAN + day_numbers(stock, "date")
    order = np.lexsort((on_hand, position))  # of two counts of one day the lower one holds
    keys, first = np.unique(position[order], return_index=True)
    item, day, empty = keys // DAY_SPAN, keys % DAY_SPAN, on_hand[order][first] <= 0
    last_of_item = np.append(item[1:] != item[:-1], True)
    until = np.where(last_of_item, as_of, np.append(day[1:], as_of))
    dense = _is_dense(item, until - day, last_of_item)
    if receipts is not None:
        arrivals = np.sort(receipt_rows.astype(np.int64) * DAY_SPAN + day_numbers(receipts, "received_on"))
        after = np.searchsorted(arrivals, keys, side="right")
        arrival = np.append(arrivals, np.int64(2**62))[after]
        in_time = (arrival // DAY_SPAN == item) & (arrival % DAY_SPAN < until)
        until = np.where(empty & in_time, arrival % DAY_SPAN, until)
    return Spans(item, day, until, np.where(empty, SHARE_ONE, 0)).take(dense)


def in_stock_shares(spans: Spans | None, item_count: int, grid: PeriodGrid) -> tuple[Float32Array, BoolArray]:
    """Share of each period in stock [(n, T)], and the items of which anything is known [(n,)]."""
    shape = (item_count, grid.period_count)
    if spans is None:
        return constant(1.0, shape, np.float32), constant(False, (item_count,), np.bool_)
    known = np.zeros(item_count, dtype=bool)
    known[spans.item] = True
    first, last = int(grid.start.astype(np.int64)), int(grid.as_of.astype(np.int64))
    start, until = np.maximum(spans.start, first), np.minimum(spans.until, last)
    felt = (start < until) & (spans.lost > 0)
    if not felt.any():
        return constant(1.0, shape, np.float32), known
    item, start, until, lost = spans.item[felt], start[felt], until[felt], spans.lost[felt]
    period_from = (start - first) // grid.period_days
    touched = (until - 1 - first) // grid.period_days - period_from + 1
    part = np.arange(touched.sum()) - np.repeat(np.cumsum(touched) - touched, touched)
    row = np.repeat(np.arange(len(item)), touched)
    period = period_from[row] + part
    opens = first + period * grid.period_days
    overlap = np.minimum(until[row], opens + grid.period_days) - np.maximum(start[row], opens)
    total = sum_by(item[row] * grid.period_count + period, overlap * lost[row], shape[0] * shape[1])
    share = 1.0 - total / float(SHARE_ONE * grid.period_days)
    return np.clip(share, 0.0, 1.0).astype(np.float32).reshape(shape), known


def _is_dense(item: IntArray, days_covered: IntArray, last_of_item: BoolArray) -> BoolArray:
    """Rows of items whose counts are frequent enough to read availability from."""
    size = int(item.max()) + 1 if len(item) else 0
    counts = np.bincount(item, minlength=size)
    between = sum_by(item, np.where(last_of_item, 0, days_covered), size)
    widest = np.zeros(size, dtype=np.int64)
    np.maximum.at(widest, item, days_covered)
    often = (counts >= COUNTS_MIN) & (between <= COUNT_INTERVAL_DAYS_MAX * (counts - 1))
    dense: BoolArray = (often & (widest <= COUNT_GAP_DAYS_MAX))[item]
    return dense


def _without_overlaps(spans: Spans) -> tuple[Spans, IntArray]:
    """Spans of which no two speak of the same day, and the items that had such."""
    position = spans.item * DAY_SPAN + spans.start
    if len(position) > 1 and not (position[1:] > position[:-1]).all():
        spans = spans.take(np.lexsort((spans.lost, -spans.until, position)))
        position = spans.item * DAY_SPAN + spans.start
    reach = np.maximum.accumulate(spans.item * DAY_SPAN + spans.until)
    overlapping = np.unique(spans.item[1:][position[1:] < reach[:-1]])
    if not len(overlapping):
        return spans, overlapping
    mixed = np.isin(spans.item, overlapping)
    single = _day_by_day(spans.take(mixed))
    kept = spans.take(~mixed)
    joined = (np.concatenate(pair) for pair in zip(_arrays(kept), _arrays(single), strict=True))
    return Spans(*joined), overlapping


def _day_by_day(spans: Spans) -> Spans:
    """Spans of one day each; of several rows on a day the last in the given order stays."""
    days = spans.until - spans.start
    row = np.repeat(np.arange(len(days)), days)
    day = spans.start[row] + np.arange(len(row)) - np.repeat(np.cumsum(days) - days, days)
    position = spans.item[row] * DAY_SPAN + day
    order = np.argsort(position, kind="stable")
    last = order[np.append(np.diff(position[order]) > 0, True)]
    row, day = row[last], day[last]
    return Spans(spans.item[row], day, day + 1, spans.lost[row])


def _arrays(spans: Spans) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    return spans.item, spans.start, spans.until, spans.lost
