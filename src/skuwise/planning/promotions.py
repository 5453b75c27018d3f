"""Which sales were made on promotion: lines marked as such, and lines on a day with a promotion price."""

from __future__ import annotations

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.planning.columns import DAY_SPAN, NO_DAY, column, day_numbers, has_values, text_of
from skuwise.planning.lines import SalesLines
from skuwise.planning.names import Names, Vocabulary


def promotion_lines(lines: SalesLines, prices: pl.DataFrame | None, names: Names) -> BoolArray | None:
    """Sales lines that were on promotion [(lines,) bool]; None where nothing tells of any.

    A promotion price without an end holds until the next price of the SKU and channel, of whichever kind. A price
    without a channel holds on every channel.
    """
    marked = lines.promotions
    if prices is None or not len(lines):
        return marked
    is_promotion = (text_of(prices, "kind") == "promotion").fill_null(False).to_numpy()
    if not is_promotion.any():
        return marked
    sku = names.skus.codes(prices["sku_id"]).astype(np.int64)
    named = column(prices, "channel_id").cast(pl.String).unique().drop_nulls().sort()
    channels = Vocabulary(named, pl.Enum(named))
    channel = channels.codes(text_of(prices, "channel_id")).astype(np.int64) + 1
    group = sku * (len(channels) + 1) + channel
    start = day_numbers(prices, "valid_from", 0)
    until = _until_next(group, start, day_numbers(prices, "valid_until"))
    known = is_promotion & (sku >= 0)
    touched = _lines_of(lines, np.unique(sku[known]), len(names.skus))
    line_sku, line_day = lines.sku[touched].astype(np.int64), lines.day[touched].astype(np.int64)
    everywhere = known & (channel == 0)
    on = _covered(line_sku, line_day, sku[everywhere], start[everywhere], until[everywhere])
    if len(channels) and has_values(lines.frame, "channel_id"):
        line_channel = channels.codes(lines.values("channel_id").gather(touched)).astype(np.int64) + 1
        some = known & (channel > 0)
        line_group = line_sku * (len(channels) + 1) + line_channel
        on |= (line_channel > 0) & _covered(line_group, line_day, group[some], start[some], until[some])
    if not on.any():
        return marked
    result = np.zeros(len(lines), dtype=bool) if marked is None else marked.copy()
    result[touched[on]] = True
    return result


def _until_next(group: IntArray, start: IntArray, until: IntArray) -> IntArray:
    """The given end, or the start of the next price of the group, or never."""
    position = group * DAY_SPAN + start
    distinct = np.unique(position)
    after = np.searchsorted(distinct, position, side="right")
    following = distinct[np.minimum(after, len(distinct) - 1)]
    same_group = (after < len(distinct)) & (following // DAY_SPAN == group)
    return np.where(until != NO_DAY, until, np.where(same_group, following % DAY_SPAN, DAY_SPAN - 1))


def _lines_of(lines: SalesLines, skus: IntArray, sku_count: int) -> IntArray:
    wanted = np.zeros(sku_count, dtype=bool)
    wanted[skus] = True
    chosen = wanted[lines.sku] & (lines.units > 0)
    if lines.sold is not None:
        chosen &= lines.sold
    return np.flatnonzero(chosen)


def _covered(group: IntArray, day: IntArray, of: IntArray, start: IntArray, until: IntArray) -> BoolArray:
    """Whether a day of a group lies in one of the group's half-open spans.

    Spans are sorted by group and start; the running maximum of their ends tells whether any span that has begun
    is still open. Groups lie DAY_SPAN apart, so a maximum never reaches into the next group.
    """
    order = np.argsort(of * DAY_SPAN + start, kind="stable")
    starts = (of * DAY_SPAN + start)[order]
    open_until = np.maximum.accumulate((of * DAY_SPAN + np.minimum(until, DAY_SPAN - 1))[order])
    position = group * DAY_SPAN + day
    before = np.searchsorted(starts, position, side="right") - 1
    if not len(starts):
        return np.zeros(len(group), dtype=bool)
    covered: BoolArray = (before >= 0) & (open_until[np.maximum(before, 0)] > position)
    return covered
