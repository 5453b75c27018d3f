"""Feeds: does the newest file look like the shop, or like a file that is cut off, doubled or in other units?

A wrong feed looks like a change of demand in every item at once. While one is open nothing changes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.catalog.inputs import UNKNOWN, Feeds
from skuwise.core.metrics.windows import YEAR_DAYS, newest, periods_in
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register

_RATE = "at most one in two years once two years are known; up to one a year before"

FEED_JUMP = register(
    Kind(
        name="feed_jump",
        subject="feed",
        title="Feed has jumped",
        text="{0:,.0f} rows in the newest period, {1:,.0f} were to be expected ({2:+.0%})",
        advice="Look for missing days or channels, or for a file that was read twice, and load the period anew.",
        false_alarms=_RATE,
        quiet_weeks_to_resolve=2,
    )
)
FEED_UNITS = register(
    Kind(
        name="feed_units",
        subject="feed",
        title="Units of a sales row have jumped",
        text="{0:.2f} units a row in the newest period, {1:.2f} were to be expected ({2:+.0%})",
        advice="Look for cartons counted as pieces, or pieces as cartons, and for mistyped quantities.",
        false_alarms=_RATE,
        quiet_weeks_to_resolve=2,
    )
)
FEED_PRICES = register(
    Kind(
        name="feed_prices",
        subject="feed",
        title="Value of a sold unit has jumped",
        text="A sold unit costs {2:+.0%} against what was to be expected",
        advice="Look for another currency, for prices with tax, and for a column that has moved.",
        false_alarms=_RATE,
        quiet_weeks_to_resolve=2,
    )
)
FEED_ONE_ITEM = register(
    Kind(
        name="feed_one_item",
        subject="feed",
        title="One item fills the feed",
        text="One item makes up {0:.0%} of the newest period's units; the largest one used to make up {1:.0%}",
        advice="Look at its rows: a mistyped quantity would move its forecast and its orders.",
        quiet_weeks_to_resolve=2,
    )
)

#: What was usual is the median of so many periods.
USUAL_PERIODS = 8
#: Fewer periods tell no usual variation.
PERIODS_MIN = 16
MEMORY_PERIODS = 104
#: A jump is so many times as far outside of what could be expected as the usual worst period of the feed was.
JUMP_RATIO = 1.5
#: The usual worst is the worst of this many periods; no feed is steadier than this.
WORST_OF_PERIODS = 40
LOG_OFF_MIN = 0.1
#: A total of r rows is off by as much as this over √r by chance.
COUNT_OFF = 3.0
#: One item of that share is told, where the largest one used to have less than half of it.
ONE_ITEM_SHARE_MIN = 0.25
ONE_ITEM_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class Jump:
    """The newest total beside what could be expected: how far off it is, in usual worst ones, signed."""

    worst_ones: float
    seen: float
    expected: float

    @property
    def change(self) -> float:
        return self.seen / self.expected - 1.0 if self.expected > 0 else np.inf


def feed_jumps(seen: Seen) -> Alarms:
    """Jumps of the sales feed's newest period: its rows, the units of a row, the value of a unit, its largest item."""
    feeds = seen.columns.get("feeds")
    if feeds is None or not len(feeds.sales_rows):
        return Alarms.none()
    days, least = seen.period_days, float(seen.columns["feed_change_share_min"])
    rows, units, value = (
        by_period(total, days) for total in (feeds.sales_rows, feeds.sales_units, feeds.sales_value_minor)
    )
    year = periods_in(YEAR_DAYS, days)
    found = []
    for kind, above, below in ((FEED_JUMP, rows, None), (FEED_UNITS, units, rows), (FEED_PRICES, value, units)):
        jump = jump_of(above, below, rows, year)
        if jump is not None and is_told(jump, least):
            found.append(_alarm(kind, seen, "sales", jump))
    found.append(_one_item(seen))
    found.append(_jump_of_counts(seen, feeds, least))
    return Alarms.joined([alarms for alarms in found if len(alarms)])


def by_period(daily: IntArray, period_days: int) -> FloatArray:
    """Day totals as period totals [(T,)]."""
    total: FloatArray = daily.reshape(-1, period_days).sum(axis=1).astype(np.float64)
    return total


def is_told(jump: Jump, share_min: float) -> bool:
    """Whether a jump is beyond chance and large enough."""
    large = jump.seen > jump.expected * (1.0 + share_min) or jump.seen * (1.0 + share_min) < jump.expected
    return abs(jump.worst_ones) >= JUMP_RATIO and large


def jump_of(above: FloatArray, below: FloatArray | None, rows: FloatArray, year: int) -> Jump | None:
    """The newest of some totals (T,), or of their ratio to others, against what the earlier ones let expect.

    ``rows`` (T,) tell how much chance alone moves a total. None where too few periods are known.
    """
    known = np.flatnonzero(rows > 0)
    # The period in which the history begins is seldom whole.
    first = int(known[0]) + 1 if len(known) else len(rows)
    if len(rows) - first < PERIODS_MIN:
        return None
    if below is None:
        level = np.log1p(above[first:])
    else:
        if not (above[first:] > 0).any():
            return None
        ratio = np.where((below > 0) & (above > 0), above / np.where(below > 0, below, 1.0), np.nan)[first:]
        if np.isnan(ratio[-1]):
            return None
        level = np.log(_filled(ratio))
    low, high = expected_ranges(level, year)
    off = np.maximum(level - high, 0.0) - np.maximum(low - level, 0.0)
    chance = max(LOG_OFF_MIN, COUNT_OFF / float(np.sqrt(max(np.median(rows[-USUAL_PERIODS:]), 1.0))))
    past = np.abs(off[max(len(off) - 1 - MEMORY_PERIODS, USUAL_PERIODS) : -1])
    worst = max(float(np.sort(past)[-1 - len(past) // WORST_OF_PERIODS]), chance)
    nearest = high[-1] if off[-1] > 0 else low[-1] if off[-1] < 0 else (low[-1] + high[-1]) / 2.0
    back = np.expm1 if below is None else np.exp
    return Jump(float(off[-1]) / worst, float(back(level[-1])), float(back(nearest)))


def expected_ranges(level: FloatArray, year: int) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest logarithm that each period was to be expected to have [(T,) each].

    From the periods just before it, and where a year is known from how the same weeks of earlier years, or their
    neighbours, stood to the periods just before them: so neither Christmas nor the hole after it is a jump. The first
    periods, before which too little is known, are as expected.
    """
    usual, stood = level.copy(), np.full(len(level), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(level, USUAL_PERIODS)[:-1]
    usual[USUAL_PERIODS:] = np.median(windows, axis=1)
    stood[USUAL_PERIODS:] = level[USUAL_PERIODS:] - usual[USUAL_PERIODS:]
    before = np.concatenate([level[:1], level[:-1]])
    low, high = np.minimum(usual, before), np.maximum(usual, before)
    for years in (1, 2):
        for beside in (-1, 0, 1):
            ago = years * year - beside
            if 0 < ago < len(level):
                could = usual[ago:] + np.where(np.isnan(stood[:-ago]), 0.0, stood[:-ago])
                low[ago:], high[ago:] = np.minimum(low[ago:], could), np.maximum(high[ago:], could)
    low[:USUAL_PERIODS], high[:USUAL_PERIODS] = level[:USUAL_PERIODS], level[:USUAL_PERIODS]
    return low, high


def _filled(values: FloatArray) -> FloatArray:
    """Unknown values are those before them; the first known one stands for what lies before it."""
    known = ~np.isnan(values)
    place = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    filled: FloatArray = values[np.where(place < 0, int(np.argmax(known)), place)]
    return filled


def _one_item(seen: Seen) -> Alarms:
    """The largest item's share of the newest period's units, against the largest shares of the year before."""
    sales = newest(np.asarray(seen.columns["sales_units"]), YEAR_DAYS, seen.period_days)
    total = sales.sum(axis=0).astype(np.float64)
    if len(sales) < 2 or sales.shape[1] < PERIODS_MIN or total[-1] <= 0:
        return Alarms.none()
    share = sales.max(axis=0) / np.maximum(total, 1.0)
    usual = float(np.sort(share[:-1])[-2])
    if share[-1] < max(ONE_ITEM_SHARE_MIN, ONE_ITEM_RATIO * usual):
        return Alarms.none()
    jump = Jump(float(share[-1] / max(usual, 1e-9)), float(share[-1]), usual)
    return _alarm(FEED_ONE_ITEM, seen, "sales", jump)


def _jump_of_counts(seen: Seen, feeds: Feeds, least: float) -> Alarms:
    """Rows of the newest day with stock counts against those of the count days before it."""
    counts = feeds.stock_rows[feeds.stock_rows > 0].astype(np.float64)
    if len(counts) < PERIODS_MIN:
        return Alarms.none()
    jump = jump_of(counts, None, counts, len(counts))
    return _alarm(FEED_JUMP, seen, "stock", jump) if jump and is_told(jump, least) else Alarms.none()


def _alarm(kind: Kind, seen: Seen, subject: str, jump: Jump) -> Alarms:
    since = seen.as_of - np.timedelta64(seen.period_days, "D")
    return of_feed(kind, subject, since, abs(jump.worst_ones), jump.seen, jump.expected, jump.change)


def of_feed(kind: Kind, subject: str, since: np.datetime64, strength: float, *facts: float) -> Alarms:
    """One alarm about a feed."""
    one = (np.array([value]) for value in facts)
    nobody, unknown = np.array([UNKNOWN]), np.array([UNKNOWN])
    days = np.array([since], "datetime64[D]")
    return Alarms.of_items(kind.name, nobody, days, np.array([strength]), unknown, *one, subject=np.array([subject]))
