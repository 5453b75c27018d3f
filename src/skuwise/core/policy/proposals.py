"""Orders: need → cap → MOQ → order multiple, with a reason at each step.

Where an end is in sight no order lifts the position above what will still be sold; the last one that arrives in time is
the last buy (``end_of_life``).
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from skuwise.core.forecast.launch import DUE as LAUNCH_DUE
from skuwise.core.forecast.launch import NOT_YET, NOTHING_KNOWN
from skuwise.core.forecast.launch import TOO_LATE as LAUNCH_TOO_LATE
from skuwise.core.policy.end_of_life import DUE, LASTS, LOSES, TOO_LATE
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
    "the last buy: a later order would arrive too late",
    "no last buy: what is there is expected to last to the end",
    "no last buy: it would lose money",
    "an order would arrive too late to be sold before the end of life",
    "first buy for the launch",
    "what the launch needs is there or on order",
    "the launch is ahead, its day to order has not come",
    "the launch is ahead, and nothing tells how much to buy",
)
(
    BELOW,
    ABOVE,
    AT_LEVEL,
    NOT_ALLOWED,
    BUNDLE,
    NO_COUNT,
    NO_DEMAND,
    LAST_BUY,
    LAST_BUY_LASTS,
    LAST_BUY_LOSES,
    ARRIVES_TOO_LATE,
    FIRST_BUY,
    FIRST_BUY_THERE,
    LAUNCH_NOT_NEAR,
    LAUNCH_UNKNOWN,
) = range(len(NEED_REASONS))
CAP_REASONS = ("within max_supply_days", "cut to max_supply_days", "cut to the remaining demand")
MOQ_REASONS = (
    "no order",
    "at least the MOQ already",
    "raised to the MOQ",
    "refused: the MOQ would break max_supply_days",
    "raised to the MOQ, which breaks max_supply_days",
    "refused: the MOQ is more than will still be sold",
    "raised to the MOQ, which is more than will still be sold",
)
MULTIPLE_REASONS = (
    "no order",
    "whole multiples already",
    "rounded up to the order multiple",
    "rounded down to the order multiple: one more would break max_supply_days",
    "refused: one multiple would break max_supply_days",
    "rounded up to the order multiple, which breaks max_supply_days",
    "rounded down to the order multiple: one more is more than will still be sold",
    "refused: one multiple is more than will still be sold",
    "rounded up to the order multiple, which is more than will still be sold",
)
#: Lots that were refused, and those of them that would outlast the remaining demand.
MOQ_REFUSED, MULTIPLE_REFUSED = (3, 5), (4, 7)
#: No end is in sight: nothing bounds the position.
UNBOUNDED = -1
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
    formula="order-up-to level − (position + relief) where these two are within the reorder point; the last buy where "
    "that is due today; 0 where an order would arrive too late to be sold. Before the launch: first buy − (position + "
    "relief), when its day to order has come",
    source="Silver, Pyke & Thomas: (R, s, S) system; newsvendor for the last buy",
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
    last_buy: CodeArray,
    last_buy_units: IntArray,
    first_buy_case: CodeArray,
    first_buy_units: IntArray,
) -> tuple[IntArray, CodeArray]:
    """Units missing up to the level [(n,) units] and why there is a need or none [(n,) code of ``NEED_REASONS``].

    >>> yes, no, none = np.array([True]), np.array([False]), np.array([0])
    >>> units, reason = need(
    ...     np.array([55]), np.array([4]), np.array([96]), np.array([96]), yes, no, yes, none, none, none, none)
    >>> int(units[0]), NEED_REASONS[reason[0]]
    (37, 'position is at or below the reorder point')
    """
    counted = inventory_position_units + position_relief_units
    missing = order_up_to_level_units - counted
    for_launch = np.maximum(first_buy_units - counted, 0)
    to_launch = (first_buy_case == LAUNCH_DUE) | (first_buy_case == LAUNCH_TOO_LATE)
    reason = np.select(
        [
            is_bundle,
            ~reorder_allowed,
            ~stock_known,
            last_buy == TOO_LATE,
            first_buy_case == NOTHING_KNOWN,
            first_buy_case == NOT_YET,
            to_launch & (for_launch > 0),
            to_launch,
            last_buy == DUE,
            last_buy == LASTS,
            last_buy == LOSES,
            (order_up_to_level_units <= 0) & (missing <= 0),
            counted > reorder_point_units,
            missing <= 0,
        ],
        [
            BUNDLE,
            NOT_ALLOWED,
            NO_COUNT,
            ARRIVES_TOO_LATE,
            LAUNCH_UNKNOWN,
            LAUNCH_NOT_NEAR,
            FIRST_BUY,
            FIRST_BUY_THERE,
            LAST_BUY,
            LAST_BUY_LASTS,
            LAST_BUY_LOSES,
            NO_DEMAND,
            ABOVE,
            AT_LEVEL,
        ],
        BELOW,
    ).astype(np.int16)
    units = np.where(reason == LAST_BUY, last_buy_units, np.where(reason == BELOW, missing, 0))
    return np.where(reason == FIRST_BUY, for_launch, units), reason


@step(
    out=("cap_units", "remaining_cap_units", "capped_need_units", "cap_reason"),
    formula="cap = lead time demand + max_supply_days × daily demand − (position + units lost before the receipt, no "
    "more than the relief), which a backlog lowers; where demand falls no more than the falling demand of lead time + "
    "falling_supply_days_max. Remaining cap, where an end is in sight = remaining_demand_share_max × remaining demand "
    "− what is there (on hand + all awaited − reserved − backlog) − units lost, and the cap is never above it. The "
    "last buy is its own cap; of a first buy first_buy_most_units takes the place of the demand",
    source="our choice: a cap in days of supply holds back what would tie up capital, one of the remaining demand what "
    "would never be sold",
    codes={"cap_reason": CAP_REASONS},
)
def capped_need(
    need_units: IntArray,
    need_reason: CodeArray,
    inventory_position_units: IntArray,
    position_relief_units: IntArray,
    lost_before_receipt_units: FloatArray,
    awaited_units: IntArray,
    on_order_in_time_units: IntArray,
    lead_mean_units: FloatArray,
    daily_mean_units: FloatArray,
    max_supply_days: FloatArray,
    falling_demand_units: FloatArray,
    remaining_demand_units: FloatArray,
    remaining_demand_share_max: FloatArray,
    first_buy_most_units: IntArray,
) -> tuple[IntArray, IntArray, IntArray, CodeArray]:
    """Largest order that the caps allow, the one that the remaining demand allows [−1 where no end is in sight], the
    need within them [(n,) units each], and what the cap did [(n,) code of ``CAP_REASONS``].
    """
    steady = lead_mean_units + max_supply_days * daily_mean_units
    most = np.floor(np.fmin(steady, falling_demand_units) + 1e-9).astype(np.int64)
    most = np.where(need_reason == FIRST_BUY, first_buy_most_units, most)
    # What an empty shelf loses meanwhile is not on it later; the relief may be more, but is no stock.
    lost = np.minimum(np.ceil(lost_before_receipt_units), position_relief_units).astype(np.int64)
    by_days = np.maximum(most - inventory_position_units - lost, 0)
    bounded = ~np.isnan(remaining_demand_units)
    sold = np.floor(remaining_demand_share_max * np.where(bounded, remaining_demand_units, 0.0) + 1e-9).astype(np.int64)
    # Whatever arrives before the end competes for the same customers, however late it comes.
    there = inventory_position_units - on_order_in_time_units + awaited_units.sum(axis=1) + lost
    remaining = np.where(bounded, np.maximum(sold - there, 0), UNBOUNDED)
    is_last = need_reason == LAST_BUY
    cap = np.where(bounded, np.minimum(by_days, remaining), by_days)
    cap = np.where(is_last, need_units, cap)
    remaining = np.where(is_last, need_units, remaining)
    reason = np.where(need_units > cap, np.where(bounded & (remaining <= by_days), 2, 1), 0).astype(np.int16)
    return cap, remaining, np.minimum(need_units, cap), reason


@step(
    out=("after_moq_units", "moq_reason"),
    formula="a positive need is raised to the MOQ, unless that breaks the cap (the remaining cap where an end is in "
    "sight) and lot_may_exceed_cap is off",
    source="APICS: the minimum is applied before the multiple",
    codes={"moq_reason": MOQ_REASONS},
)
def after_moq(
    capped_need_units: IntArray,
    moq_units: IntArray,
    cap_units: IntArray,
    remaining_cap_units: IntArray,
    lot_may_exceed_cap: BoolArray,
) -> tuple[IntArray, CodeArray]:
    """Quantity after the MOQ [(n,) units] and what it did [(n,) code of ``MOQ_REASONS``]."""
    raised = raise_to_moq(capped_need_units, moq_units)
    breaks = (raised > capped_need_units) & (raised > cap_units)
    ends = remaining_cap_units != UNBOUNDED
    outlasts = ends & (raised > remaining_cap_units)
    # Where an end is in sight a lot is no trap as long as all of it will be sold.
    refused = breaks & ~lot_may_exceed_cap & (outlasts | ~ends)
    reason = np.select(
        [capped_need_units <= 0, refused & outlasts, refused, breaks & outlasts, breaks, raised > capped_need_units],
        [0, 5, 3, 6, 4, 2],
        1,
    ).astype(np.int16)
    return np.where(refused, 0, raised), reason


@step(
    out=("order_quantity_units", "multiple_reason"),
    formula="rounded up to whole multiples; down where one more breaks the cap (the remaining cap where an end is in "
    "sight), lot_may_exceed_cap is off and the MOQ is still met",
    source="APICS: rounded up to the order multiple after the minimum",
    codes={"multiple_reason": MULTIPLE_REASONS},
)
def order_quantity(
    after_moq_units: IntArray,
    moq_units: IntArray,
    order_multiple_units: IntArray,
    cap_units: IntArray,
    remaining_cap_units: IntArray,
    lot_may_exceed_cap: BoolArray,
) -> tuple[IntArray, CodeArray]:
    """What to order today [(n,) units] and what the multiple did [(n,) code of ``MULTIPLE_REASONS``].

    >>> one = lambda value: np.array([value])
    >>> units, reason = order_quantity(one(41), one(0), one(24), one(500), one(UNBOUNDED), one(True))
    >>> int(units[0]), MULTIPLE_REASONS[reason[0]]
    (48, 'rounded up to the order multiple')
    """
    up = round_up_to_multiple(after_moq_units, order_multiple_units)
    down = round_down_to_multiple(after_moq_units, order_multiple_units)
    breaks = (up > after_moq_units) & (up > cap_units)
    ends = remaining_cap_units != UNBOUNDED
    outlasts = ends & (up > remaining_cap_units)
    forbidden = breaks & ~lot_may_exceed_cap & (outlasts | ~ends)
    down_fits = (down > 0) & (down >= moq_units)
    reason = np.select(
        [
            after_moq_units <= 0,
            up == after_moq_units,
            ~breaks,
            ~forbidden & outlasts,
            ~forbidden,
            down_fits & outlasts,
            down_fits,
            outlasts,
        ],
        [0, 1, 2, 8, 5, 6, 3, 7],
        4,
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
