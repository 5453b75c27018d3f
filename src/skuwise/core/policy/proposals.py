"""Orders: need → cap → MOQ → order multiple, with a reason at each step."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.quantities import raise_to_moq, round_down_to_multiple, round_up_to_multiple
from skuwise.core.steps import step

NEED_REASONS = (
    "position is at or below the reorder point",
    "position is above the reorder point",
    "position is at the order-up-to level",
    "the rules allow no reorder",
    "a bundle is not bought, its components are",
    "no stock count is known",
    "no demand is expected",
)
(BELOW, ABOVE, AT_LEVEL, NOT_ALLOWED, BUNDLE, NO_COUNT, NO_DEMAND) = range(len(NEED_REASONS))
CAP_REASONS = ("within max_supply_days", "cut to max_supply_days")
MOQ_REASONS = (
    "no order",
    "at least the MOQ already",
    "raised to the MOQ",
    "refused: the MOQ would break max_supply_days",
    "raised to the MOQ, which breaks max_supply_days",
)
MULTIPLE_REASONS = (
    "no order",
    "whole multiples already",
    "rounded up to the order multiple",
    "rounded down to the order multiple: one more would break max_supply_days",
    "refused: one multiple would break max_supply_days",
    "rounded up to the order multiple, which breaks max_supply_days",
)
#: Reasons of steps that left the quantity as it was.
UNCHANGED = frozenset({CAP_REASONS[0], *MOQ_REASONS[:2], *MULTIPLE_REASONS[:2]})


@step(
    out=("on_order_units", "on_order_in_time_units"),
    formula="units of open orders; in time = awaited within the protection interval, overdue ones as far as they still "
    "count",
    source="our choice: an order due later does not cover this interval, and one long overdue is likely lost",
)
def units_on_order(
    due_units: IntArray, awaited_units: IntArray, protection_interval_days: FloatArray, period_days: int
) -> tuple[IntArray, IntArray]:
    """Units on order, and those of them that arrive in time [(n,) units each]."""
    starts = np.arange(awaited_units.shape[1]) * period_days
    in_time = starts[None, :] < protection_interval_days[:, None]
    return due_units.sum(axis=1), np.where(in_time, awaited_units, 0).sum(axis=1)


@step(
    out="inventory_position_units",
    formula="on hand + on order in time − reserved − backlog",
    source="Silver, Pyke & Thomas; Snyder & Shen",
)
def inventory_position(
    on_hand_units: IntArray, on_order_in_time_units: IntArray, reserved_units: IntArray, backlog_units: IntArray
) -> IntArray:
    """Inventory position [(n,) units].

    >>> inventory_position(np.array([40]), np.array([24]), np.array([6]), np.array([3])).tolist()
    [55]
    """
    return on_hand_units + on_order_in_time_units - reserved_units - backlog_units


@step(
    out=("need_units", "need_reason"),
    formula="order-up-to level − (position + relief) where these two are within the reorder point",
    source="Silver, Pyke & Thomas: (R, s, S) system",
    codes={"need_reason": NEED_REASONS},
)
def need(
    inventory_position_units: IntArray,
    position_relief_units: IntArray,
    reorder_point_units: IntArray,
    order_up_to_level_units: IntArray,
    reorder_allowed: BoolArray,
    is_bundle: BoolArray,
    stock_known: BoolArray,
) -> tuple[IntArray, CodeArray]:
    """Units missing up to the level [(n,) units] and why there is a need or none [(n,) code of ``NEED_REASONS``].

    >>> yes = np.array([True]); no = ~yes
    >>> units, reason = need(np.array([55]), np.array([4]), np.array([96]), np.array([96]), yes, no, yes)
    >>> int(units[0]), NEED_REASONS[reason[0]]
    (37, 'position is at or below the reorder point')
    """
    counted = inventory_position_units + position_relief_units
    missing = order_up_to_level_units - counted
    reason = np.select(
        [
            is_bundle,
            ~reorder_allowed,
            ~stock_known,
            (order_up_to_level_units <= 0) & (missing <= 0),
            counted > reorder_point_units,
            missing <= 0,
        ],
        [BUNDLE, NOT_ALLOWED, NO_COUNT, NO_DEMAND, ABOVE, AT_LEVEL],
        BELOW,
    ).astype(np.int16)
    return np.where(reason == BELOW, missing, 0), reason


@step(
    out=("cap_units", "capped_need_units", "cap_reason"),
    formula="cap = lead time demand + max_supply_days × daily demand − (position + relief), which a backlog lowers",
    source="our choice: a cap in days of supply holds back what would tie up capital",
    codes={"cap_reason": CAP_REASONS},
)
def capped_need(
    need_units: IntArray,
    inventory_position_units: IntArray,
    position_relief_units: IntArray,
    lead_mean_units: FloatArray,
    daily_mean_units: FloatArray,
    max_supply_days: FloatArray,
) -> tuple[IntArray, IntArray, CodeArray]:
    """Largest order the cap allows, the need within it [(n,) units], and what it did [(n,) code of ``CAP_REASONS``]."""
    most = np.floor(lead_mean_units + max_supply_days * daily_mean_units + 1e-9).astype(np.int64)
    cap = np.maximum(most - inventory_position_units - position_relief_units, 0)
    return cap, np.minimum(need_units, cap), (need_units > cap).astype(np.int16)


@step(
    out=("after_moq_units", "moq_reason"),
    formula="a positive need is raised to the MOQ, unless that breaks the cap and lot_may_exceed_cap is off",
    source="APICS: the minimum is applied before the multiple",
    codes={"moq_reason": MOQ_REASONS},
)
def after_moq(
    capped_need_units: IntArray, moq_units: IntArray, cap_units: IntArray, lot_may_exceed_cap: BoolArray
) -> tuple[IntArray, CodeArray]:
    """Quantity after the MOQ [(n,) units] and what it did [(n,) code of ``MOQ_REASONS``]."""
    raised = raise_to_moq(capped_need_units, moq_units)
    breaks = (raised > capped_need_units) & (raised > cap_units)
    refused = breaks & ~lot_may_exceed_cap
    reason = np.select([capped_need_units <= 0, refused, breaks, raised > capped_need_units], [0, 3, 4, 2], 1).astype(
        np.int16
    )
    return np.where(refused, 0, raised), reason


@step(
    out=("order_quantity_units", "multiple_reason"),
    formula="rounded up to whole multiples; down where one more breaks the cap, lot_may_exceed_cap is off and the MOQ "
    "is still met",
    source="APICS: rounded up to the order multiple after the minimum",
    codes={"multiple_reason": MULTIPLE_REASONS},
)
def order_quantity(
    after_moq_units: IntArray,
    moq_units: IntArray,
    order_multiple_units: IntArray,
    cap_units: IntArray,
    lot_may_exceed_cap: BoolArray,
) -> tuple[IntArray, CodeArray]:
    """What to order today [(n,) units] and what the multiple did [(n,) code of ``MULTIPLE_REASONS``].

    >>> yes = np.array([True])
    >>> units, reason = order_quantity(np.array([41]), np.array([0]), np.array([24]), np.array([500]), yes)
    >>> int(units[0]), MULTIPLE_REASONS[reason[0]]
    (48, 'rounded up to the order multiple')
    """
    up = round_up_to_multiple(after_moq_units, order_multiple_units)
    down = round_down_to_multiple(after_moq_units, order_multiple_units)
    breaks = (up > after_moq_units) & (up > cap_units)
    forbidden = breaks & ~lot_may_exceed_cap
    down_fits = (down > 0) & (down >= moq_units)
    reason = np.select(
        [after_moq_units <= 0, up == after_moq_units, ~breaks, ~forbidden, down_fits], [0, 1, 2, 5, 3], 4
    ).astype(np.int16)
    return np.where(forbidden, np.where(down_fits, down, 0), up), reason


@step(
    out=("order_cost_total_minor", "expected_on"),
    formula="order quantity × unit cost; as-of day + lead time",
    source="our choice",
)
def order_terms(
    order_quantity_units: IntArray, unit_cost_minor: IntArray, lead_time_days_mean: FloatArray, as_of_day: int
) -> tuple[IntArray, DateArray]:
    """Cost of the order [(n,) minor currency; −1 where unknown] and the day it becomes sellable [(n,) date]."""
    cost = np.where(unit_cost_minor >= 0, order_quantity_units * unit_cost_minor, -1)
    arrival = as_of_day + np.ceil(lead_time_days_mean - 1e-9).astype(np.int64)
    return cost, arrival.astype("datetime64[D]")
