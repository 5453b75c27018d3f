"""The plan's inputs as columns by their names in the data dictionary: where the steps begin."""

from __future__ import annotations

from typing import Any

import numpy as np

from skuwise.core.arrays import DateArray, FloatArray, IntArray
from skuwise.core.catalog.inputs import UNKNOWN, Deliveries, Feeds, Labels, OpenOrders, PlanInputs
from skuwise.core.periods import PeriodGrid

#: Days until an end of life that nobody has named.
NEVER_DAYS = 1_000_000
#: Open orders due later than this many periods are kept together in the last one.
DUE_PERIODS_MAX = 105


def columns_of(inputs: PlanInputs) -> dict[str, Any]:
    """Every input column [(n,), (n, T) or (n, P)] and the scalars of the clock.

    ``deliveries`` and ``feeds`` are tables of their own: no step reads them, monitoring does.
    """
    index, attributes, past = inputs.index, inputs.attributes, inputs.history
    supply, stock, fill, grid = inputs.supply, inputs.stock, inputs.fill, inputs.grid
    launch_known = ~np.isnat(attributes.launch_date)
    return {
        "period_days": grid.period_days,
        "grid_start_day": _day_number(grid.start),
        "as_of_day": _day_number(grid.as_of),
        "sku_id": index.sku_id,
        "location_id": index.location_id,
        "item_key": index.item_key,
        **{name: labels.codes for name, labels in _label_columns(inputs).items()},
        "name": attributes.name,
        "unit_price_minor": attributes.unit_price_minor,
        "launch_date": attributes.launch_date,
        "launch_known": launch_known,
        "launch_period": _launch_period(attributes.launch_date, launch_known, grid),
        "end_of_life_date": attributes.end_of_life_date,
        "days_to_end_of_life": _days_until(attributes.end_of_life_date, grid.as_of),
        "successor_sku_id": attributes.successor_sku_id,
        "successor_share": _successor_share(inputs),
        "is_bundle": attributes.is_bundle,
        "attribute_codes": _or_unknown(attributes.attribute_codes, np.int64(UNKNOWN), (len(index), 1)),
        "sales_units": past.sales_units,
        "in_stock_share": past.in_stock_share,
        "availability_known": past.availability_known,
        "promotion_share": past.promotion_share,
        "returned_units": past.returned_units,
        "received_units": past.received_units,
        "on_hand_units_mean": past.on_hand_units_mean,
        "paid_price_minor": _or_unknown(past.paid_price_minor, np.float32(np.nan), past.sales_units.shape),
        "lead_time_days_given": supply.lead_time_days_mean,
        "lead_time_sd_days_given": supply.lead_time_days_sd,
        "lead_time_observations": supply.lead_time_observations,
        "moq_units": supply.moq_units,
        "order_multiple_units": supply.order_multiple_units,
        "unit_cost_minor": supply.unit_cost_minor,
        "order_cost_minor": supply.order_cost_minor,
        "undelivered_share_given": supply.undelivered_share,
        "supply_source_row": supply.source_row,
        "on_hand_units": stock.on_hand_units,
        "reserved_units": stock.reserved_units,
        "backlog_units": stock.backlog_units,
        "stock_known": stock.known,
        "stock_source_row": stock.source_row,
        "counted_days_ago": _or_unknown(stock.counted_days_ago, np.int64(UNKNOWN), (len(index),)),
        "due_units": due_by_period(inputs.open_orders, len(index), grid.period_days),
        "overdue_units": overdue_by_period(inputs.open_orders, len(index), grid.period_days),
        "learned_units": _learned_units(inputs),
        "fill_requested_units": fill.requested_units,
        "fill_shipped_units": fill.shipped_units,
        "fill_lines": fill.lines,
        "fill_lines_filled": fill.lines_filled,
        "fill_item_orders": fill.item_orders,
        "fill_item_orders_filled": fill.item_orders_filled,
        "orders": fill.orders,
        "orders_filled": fill.orders_filled,
        "deliveries": inputs.deliveries or Deliveries.none(),
        "feeds": inputs.feeds or Feeds.none(),
    }


def labels_of(inputs: PlanInputs) -> dict[str, tuple[str, ...]]:
    """The names behind the codes of the label columns."""
    return {name: labels.names for name, labels in _label_columns(inputs).items()}


def due_by_period(orders: OpenOrders, items: int, period_days: int) -> IntArray:
    """Units due in each future period [(n, P) units]; overdue ones count in the first, very late ones in the last.

    P is as large as the latest order needs, and at least 1.
    """
    period = np.clip(orders.due_days // period_days, 0, DUE_PERIODS_MAX - 1)
    periods = int(period.max()) + 1 if len(period) else 1
    due = np.zeros((items, periods), np.int64)
    np.add.at(due, (orders.item, period), orders.units)
    return due


def overdue_by_period(orders: OpenOrders, items: int, period_days: int) -> IntArray:
    """Units due on the as-of day or before it, by the whole periods since [(n, K) units]; all in ``due_units`` too.

    >>> one = np.array([0])
    >>> late = OpenOrders(one, np.array([10]), np.array([-15]), np.array([29]), np.array(["PO"]), one)
    >>> overdue_by_period(late, 1, 7).tolist()
    [[0, 0, 10]]
    """
    since = np.minimum(-orders.due_days // period_days, DUE_PERIODS_MAX - 1)
    overdue = np.zeros((items, max(int(since.max(initial=0)), 0) + 1), np.int64)
    rows = np.flatnonzero(since >= 0)
    np.add.at(overdue, (orders.item[rows], since[rows]), orders.units[rows])
    return overdue


def _or_unknown(given: np.ndarray | None, unknown: np.generic, shape: tuple[int, ...]) -> np.ndarray:
    """The column, or a view of one unknown value that takes no memory."""
    return np.broadcast_to(unknown, shape) if given is None else given


def _learned_units(inputs: PlanInputs) -> FloatArray:
    """What the learned model expects [(n, L) units]; one unknown period where nothing was learned."""
    if inputs.learned is None:
        return np.broadcast_to(np.full((1, 1), np.nan), (len(inputs.index), 1))
    return inputs.learned.units


def _successor_share(inputs: PlanInputs) -> FloatArray:
    """Share of the demand that goes over to the successor [(n,) share]."""
    if inputs.attributes.successor_share is None:
        return np.broadcast_to(np.ones(1), (len(inputs.index),))
    return inputs.attributes.successor_share


def _label_columns(inputs: PlanInputs) -> dict[str, Labels]:
    attributes = inputs.attributes
    return {
        "product_id": attributes.product,
        "category": attributes.category,
        "brand": attributes.brand,
        "supplier_id": attributes.supplier,
        "criticality": attributes.criticality,
    }


def _day_number(day: np.datetime64) -> int:
    return int(day.astype("datetime64[D]").astype(np.int64))


def _launch_period(launch: DateArray, known: np.ndarray, grid: PeriodGrid) -> IntArray:
    """Period of the launch, 0 where it is before the history or unknown, the count of periods where it is to come."""
    period = grid.period_of(np.where(known, launch, grid.start))
    return np.clip(period, 0, grid.period_count)


def _days_until(dates: DateArray, as_of: np.datetime64) -> IntArray:
    named = ~np.isnat(dates)
    days = (np.where(named, dates, as_of) - as_of).astype("timedelta64[D]").astype(np.int64)
    return np.where(named, days, NEVER_DAYS)
