"""What is on order: open purchase order lines, and when each is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import OpenOrders
from skuwise.core.dictionary import fields_of
from skuwise.core.findings import Finding, found
from skuwise.planning.columns import NO_DAY, day_numbers, text_array, text_of, whole_numbers
from skuwise.planning.names import Items

#: Orders of these kinds will arrive; drafts, received and cancelled ones will not.
COUNTING_STATUSES = ("open", "in_transit")


@dataclass(frozen=True, slots=True, eq=False)
class _Due:
    day: IntArray
    estimated: BoolArray
    assumed: BoolArray


def open_order_lines(
    open_orders: pl.DataFrame | None,
    rows: np.ndarray,
    later_receipts: pl.DataFrame | None,
    later_rows: np.ndarray,
    items: Items,
    lead_time_days_mean: FloatArray,
    as_of: np.datetime64,
) -> tuple[OpenOrders, list[Finding]]:
    """Lines that still have units to come, sorted by item, then due day.

    An order without a promised day is expected its mean lead time after it was placed, or after the as-of day where
    that is unknown too. In a plan of a past day, goods received since then were on order: their lines are rebuilt
    from the receipts, due on the day the supplier had promised, not on the day they came.
    """
    today = int(as_of.astype(np.int64))
    frames, places = [], []
    if open_orders is not None:
        status = text_of(open_orders, "status").fill_null("open")
        counts = (status.is_in(COUNTING_STATUSES) & (open_orders["units"] > 0)).to_numpy()
        frames.append(_lines(open_orders, "expected_on").filter(pl.Series(counts)))
        places.append(rows[counts])
    if later_receipts is not None:
        frames.append(_lines(later_receipts, "promised_on"))
        places.append(later_rows)
    if not sum(len(place) for place in places):
        nothing = np.empty(0, dtype=np.int64)
        return OpenOrders(nothing, nothing, nothing, nothing, np.empty(0, dtype=np.str_), nothing), []
    frame = pl.concat(frames)
    item = np.concatenate(places).astype(np.int64)
    # A receipt of later may be of an item that was not known on the day of the plan.
    frame, item = frame.filter(pl.Series(item >= 0)), item[item >= 0]
    ordered = frame["ordered"].to_numpy()
    due = _due_days(frame["due"].to_numpy(), ordered, lead_time_days_mean[item], today)
    order_id = text_array(frame["order_id"])
    source_row, units = frame["row"].to_numpy(), frame["units"].to_numpy()
    order = np.lexsort((source_row, units, order_id, due.day, item))
    since = np.where(ordered == NO_DAY, -1, today - ordered)
    lines = OpenOrders(
        item[order], units[order], (due.day - today)[order], since[order], order_id[order], source_row[order]
    )
    overdue = (due.day < today) & ~due.estimated
    rebuilt = np.arange(len(frame)) >= len(frame) - (len(frames[-1]) if later_receipts is not None else 0)
    return lines, [
        *_told("PLN-050", "order lines should have arrived before the as-of day", overdue, item, due.day, items),
        *_told("PLN-051", "order lines name no day of arrival: estimated", due.estimated, item, due.day, items),
        *_told("PLN-052", "of these have an assumed lead time", due.assumed, item, due.day, items),
        *_told("PLN-053", "order lines of that day were rebuilt from receipts", rebuilt, item, due.day, items),
    ]


def _lines(frame: pl.DataFrame, due: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "order_id": text_of(frame, "order_id"),
            "units": whole_numbers(frame, "units", 0),
            "due": day_numbers(frame, due),
            "ordered": day_numbers(frame, "ordered_on"),
            "row": whole_numbers(frame, "_row", 0),
        }
    )


def _due_days(given: IntArray, ordered: IntArray, lead_time_days: FloatArray, today: int) -> _Due:
    estimated = given == NO_DAY
    unknown = np.isnan(lead_time_days)
    assumed_days = float(fields_of("rules")["lead_time_days_assumed"].default)
    days = np.rint(np.where(unknown, assumed_days, lead_time_days)).astype(np.int64)
    placed = np.where(ordered == NO_DAY, today, ordered)
    return _Due(np.where(estimated, placed + days, given), estimated, estimated & unknown)


def _told(code: str, text: str, which: BoolArray, item: IntArray, due_day: IntArray, items: Items) -> list[Finding]:
    """One finding for all lines of ``which``; the example is the line due first."""
    chosen = np.flatnonzero(which)
    if not len(chosen):
        return []
    first = chosen[np.lexsort((item[chosen], due_day[chosen]))[0]]
    sku = items.sku_name(int(item[first]))
    day = np.datetime64(int(due_day[first]), "D")
    message = f"{len(chosen)} {text} ({sku} due {day} first)"
    return [found(code, message, table="open_orders", count=len(chosen), sku_id=sku)]
