"""Days that a feed left out, and feeds that have stopped: silence is read as no demand, no stock or no delivery."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, IntArray
from skuwise.core.metrics.windows import DAYS_PER_WEEK, YEAR_DAYS
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.feed import of_feed

FEED_DAYS_MISSING = register(
    Kind(
        name="feed_days_missing",
        subject="feed",
        title="Days are missing in the sales",
        text="{0:.0f} days of the newest week have no sales row; on such days {1:,.0f} rows are usual",
        advice="Load the missing days, or tell the shop's closed days to whoever reads this.",
        false_alarms="at most one in two years, first closed days of a shop's history aside",
        quiet_weeks_to_resolve=2,
    )
)
FEED_STALE = register(
    Kind(
        name="feed_stale",
        subject="feed",
        title="Feed has stopped",
        text="The newest row is {0:.0f} days old; {1:.0f} days between rows are long for this feed",
        advice="Look whether the export still runs. Until it does, orders rest on old figures.",
        quiet_weeks_to_resolve=0,
    )
)

#: A weekday has sales where each of so many weeks before had some.
USUAL_WEEKS = 8
#: A feed that has been silent for this times its long gap has stopped.
STALE_RATIO = 1.5
#: Days with rows that a feed must have had before its gaps say anything.
DAYS_MIN = 4
#: Receipts come when something was ordered: only a long silence with overdue orders is one of the feed.
RECEIPT_SILENCE_DAYS_MIN = 28


def feed_days(seen: Seen) -> Alarms:
    """Days missing in the newest week of sales, and feeds that are silent for longer than they ever were."""
    feeds = seen.columns.get("feeds")
    if feeds is None:
        return Alarms.none()
    overdue = bool((np.asarray(seen.columns["overdue_units"])[:, 1:] > 0).any())
    found = [
        _missing(seen, feeds.sales_rows),
        _stale(seen, "sales", feeds.sales_rows, 2),
        _stale(seen, "stock", feeds.stock_rows, DAYS_PER_WEEK),
        _stale(seen, "receipts", feeds.receipt_rows, RECEIPT_SILENCE_DAYS_MIN) if overdue else Alarms.none(),
    ]
    return Alarms.joined([alarms for alarms in found if len(alarms)])


def _missing(seen: Seen, rows: IntArray) -> Alarms:
    holes = unusual_holes(rows)
    if len(holes) < YEAR_DAYS // 4:
        return Alarms.none()
    newest = holes[-DAYS_PER_WEEK:]
    # Days at the very end are a feed that is late, which is told as such.
    last = int(np.flatnonzero(rows)[-1]) - (len(rows) - DAYS_PER_WEEK)
    count = int(newest[: max(last, 0)].sum())
    if not count or count <= _usual_holes(holes):
        return Alarms.none()
    place = np.flatnonzero(newest[: max(last, 0)]) + len(rows) - DAYS_PER_WEEK
    usual = float(np.mean([np.median(rows[day - USUAL_WEEKS * DAYS_PER_WEEK : day : DAYS_PER_WEEK]) for day in place]))
    first = seen.as_of - np.timedelta64(int(len(rows) - place[0]), "D")
    return of_feed(FEED_DAYS_MISSING, "sales", first, float(count), float(count), usual)


def unusual_holes(rows: IntArray) -> BoolArray:
    """Days without rows whose weekday had rows in each of the weeks before [(D,) bool]."""
    had = rows > 0
    holes = np.zeros(len(rows), np.bool_)
    span = USUAL_WEEKS * DAYS_PER_WEEK
    if len(rows) > span:
        usual = np.ones(len(rows) - span, np.bool_)
        for back in range(1, USUAL_WEEKS + 1):
            usual &= had[span - back * DAYS_PER_WEEK : len(rows) - back * DAYS_PER_WEEK]
        holes[span:] = ~had[span:] & usual
    return holes


def _usual_holes(holes: BoolArray) -> int:
    """Most holes that a week like the newest may have: what many weeks had, or the same weeks of a year ago."""
    whole = len(holes) // DAYS_PER_WEEK
    weekly = holes[len(holes) - whole * DAYS_PER_WEEK :].reshape(whole, DAYS_PER_WEEK).sum(axis=1)[:-1]
    year = YEAR_DAYS // DAYS_PER_WEEK
    last_year = np.sort(weekly[-year:])
    often = int(last_year[-3]) if len(last_year) >= 3 else 0
    same = weekly[max(len(weekly) - year - 1, 0) : max(len(weekly) - year + 2, 0)]
    return max(often, int(same.max(initial=0)))


def _stale(seen: Seen, subject: str, rows: IntArray, least_days: int) -> Alarms:
    """Silence since the newest row, against the second longest gap of the last year."""
    days = np.flatnonzero(rows)
    if len(days) < DAYS_MIN:
        return Alarms.none()
    gaps = np.sort(np.diff(days[days >= len(rows) - YEAR_DAYS - 1]))
    silent = len(rows) - int(days[-1])
    long = float(gaps[-2]) if len(gaps) > 1 else float(np.median(np.diff(days)))
    limit = max(STALE_RATIO * long, float(least_days))
    if silent <= limit:
        return Alarms.none()
    since = seen.as_of - np.timedelta64(silent, "D")
    return of_feed(FEED_STALE, subject, since, silent / limit, float(silent), limit)
