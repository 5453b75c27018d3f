"""The short story of an order: which figures are told, in which order, and how where a formula is too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skuwise.core.trace.explain import Node
from skuwise.core.trace.words import figure_of

#: Of what each figure is made, most telling first. Inputs not named here are told by the full explanation.
STORY = {
    "order_quantity_units": ("after_moq_units", "order_multiple_units"),
    "after_moq_units": ("capped_need_units", "moq_units"),
    "capped_need_units": ("need_units", "max_supply_days"),
    "cap_units": (
        "inventory_position_units",
        "position_relief_units",
        "lead_mean_units",
        "daily_mean_units",
        "max_supply_days",
        "falling_demand_units",
        "remaining_demand_units",
    ),
    "remaining_demand_units": ("run_down_level_units_per_period", "decay_share_per_week", "days_to_end_of_life"),
    "last_buy_units": ("remaining_demand_units", "last_buy_ratio_share", "on_hand_units"),
    "first_buy_units": (
        "analogue_level_units_per_period",
        "analogue_sd_units_per_period",
        "lead_time_days_mean",
        "first_buy_supply_days_max",
    ),
    "analogue_level_units_per_period": (),
    "need_units": (
        "first_buy_units",
        "inventory_position_units",
        "position_relief_units",
        "reorder_point_units",
        "order_up_to_level_units",
        "reorder_allowed",
        "stock_known",
        "is_bundle",
        "last_buy_units",
    ),
    "order_up_to_level_units": ("cover_mean_units", "safety_stock_units", "lot_units", "undershoot_mean_units"),
    "reorder_point_units": ("cover_mean_units", "safety_stock_units"),
    "cover_mean_units": ("lead_mean_units", "protection_mean_units"),
    "lead_mean_units": (
        "level_units_per_period",
        "trend_units_per_period",
        "season_index",
        "weekday_index",
        "lead_time_days_mean",
    ),
    "protection_mean_units": (
        "level_units_per_period",
        "trend_units_per_period",
        "season_index",
        "weekday_index",
        "lead_time_days_mean",
        "protection_interval_days",
    ),
    "protection_interval_days": ("review_period_days",),
    "lead_time_days_mean": (),
    "position_relief_units": (),
    "safety_stock_units": (
        "service_measure",
        "service_target",
        "critical_ratio_share",
        "cover_sd_units",
        "cycle_quantity_units",
        "safety_stock_units_min",
        "safety_stock_days_max",
    ),
    "cover_sd_units": ("error_sd_units_per_period",),
    "level_units_per_period": ("demand_units",),
    "demand_units": (),
    "inventory_position_units": ("on_hand_units", "on_order_in_time_units", "reserved_units", "backlog_units"),
    "on_order_in_time_units": ("due_units",),
    "days_until_order": ("inventory_position_units", "position_relief_units", "reorder_point_units", "mean_units"),
}
#: Values that say only that nothing is out of the ordinary.
_QUIET = {
    "is_bundle": False,
    "reorder_allowed": True,
    "stock_known": True,
    "position_relief_units": 0,
    "reserved_units": 0,
    "backlog_units": 0,
    "safety_stock_units_min": 0,
    "trend_units_per_period": 0,
    "undershoot_mean_units": 0,
    "lot_units": 0,
    "first_buy_units": 0,
}
#: Unknown means here that demand goes on.
_NONE_IS_NAN = (
    "falling_demand_units",
    "remaining_demand_units",
    "run_down_level_units_per_period",
    "decay_share_per_week",
)


def told_below(node: Node) -> list[Node]:
    """The inputs of a figure that the story tells, in its order."""
    inputs = {one.column: one for one in node.inputs}
    unused = _unused_inputs(node, inputs)
    named = [inputs[name] for name in STORY.get(node.column, ()) if name in inputs and name not in unused]
    return [one for one in named if one.kind != "setting" and is_telling(one)]


def is_telling(node: Node) -> bool:
    """Whether the value says more than that nothing is out of the ordinary."""
    if node.column in _NONE_IS_NAN and bool(np.isnan(float(node.value))):
        return False
    if node.column in ("season_index", "weekday_index") and node.words == "flat":
        return False
    return not (node.column in _QUIET and bool(node.value == _QUIET[node.column]))


def _unused_inputs(node: Node, inputs: dict[str, Node]) -> set[str]:
    """Inputs that the step read and that made no difference to this item."""
    unused = set()
    if node.column == "need_units" and not node.reason.startswith("the last buy"):
        unused.add("last_buy_units")
    if node.column == "capped_need_units" and node.reason.startswith("within"):
        unused.add("max_supply_days")
    if node.column == "need_units" and _for_launch(inputs):
        unused |= {"reorder_point_units", "order_up_to_level_units"}
    if node.column == "safety_stock_units":
        by_money = inputs["service_measure"].words == "cost" and not np.isnan(
            float(inputs["critical_ratio_share"].value)
        )
        unused.add("service_target" if by_money else "critical_ratio_share")
    if node.column == "cover_mean_units":
        unused.add("protection_mean_units" if _lots_are_rare(inputs) else "lead_mean_units")
    return unused


def _lots_are_rare(inputs: dict[str, Node]) -> bool:
    """Whether a lot lasts longer than a review period, so that orders are rare."""
    if "lot_units" not in inputs or "review_mean_units" not in inputs:
        return False
    return bool(inputs["lot_units"].value > inputs["review_mean_units"].value > 0)


def _cover(inputs: dict[str, Node]) -> str:
    lost = "; with what waits for orders that never arrive" if inputs["undelivered_share_given"].value > 0 else ""
    if not _lots_are_rare(inputs):
        return "demand of lead time + review period: every review may order" + lost
    return (
        f"lead time demand {figure_of(inputs['lead_mean_units'].words)} + undershoot: a lot lasts longer than a review "
        "period, so orders are rare" + lost
    )


def _lead_demand(inputs: dict[str, Node]) -> str:
    return f"expected demand of the next {inputs['lead_time_days_mean'].words}"


def _protection_demand(inputs: dict[str, Node]) -> str:
    return f"expected demand of the next {inputs['protection_interval_days'].words}: lead time + review period"


def _spread(inputs: dict[str, Node]) -> str:
    return "of forecast error and lead time together" + (" and undershoot" if _lots_are_rare(inputs) else "")


def _safety_stock(inputs: dict[str, Node]) -> str:
    target, cycle, ratio = (inputs[name] for name in ("service_target", "cycle_quantity_units", "critical_ratio_share"))
    measure = inputs["service_measure"].words
    by_money = measure == "cost" and not np.isnan(float(ratio.value))
    if by_money:
        told = (
            f"so much that {ratio.words} of the cycles that begin with stock end with some: there holding and shortage "
            "cost balance"
        )
    elif measure in ("fill_rate", "cost"):
        short = f"{100 * (1 - float(target.value)):.3g}%"
        told = f"so much that a cycle is short of at most {short} of its {figure_of(cycle.words)} units"
    else:
        told = f"so much that {target.words} of the cycles see no stockout"
    return told


def _lot(inputs: dict[str, Node]) -> str:
    order, unit, share, longest = (
        inputs[name].words
        for name in ("order_cost_minor", "unit_cost_minor", "holding_cost_share_per_year", "lot_days_max")
    )
    return f"economic lot: {order} an order against {share} of {unit} for holding a unit; at most {longest} of demand"


def _for_launch(inputs: dict[str, Node]) -> bool:
    """Whether it is the first buy of a launch that is needed."""
    return "first_buy_units" in inputs and inputs["first_buy_units"].value > 0


def _first_buy(inputs: dict[str, Node]) -> str:
    if inputs["first_buy_units_ruled"].value >= 0:
        return inputs["first_buy_units_ruled"].where
    return (
        f"what launches like it sold, {inputs['analogue_level_units_per_period'].words} ± "
        f"{figure_of(inputs['analogue_sd_units_per_period'].words)}, for lead time + review period from the launch on, "
        f"at most {inputs['first_buy_supply_days_max'].words}, and so much that shortage and leftover balance"
    )


def _need(inputs: dict[str, Node]) -> str:
    wanted = "first_buy_units" if _for_launch(inputs) else "order_up_to_level_units"
    level, position, relief = (
        figure_of(inputs[name].words) for name in (wanted, "inventory_position_units", "position_relief_units")
    )
    if _for_launch(inputs):
        return f"first buy for the launch {level} − (position {position} + relief {relief})"
    return f"order-up-to level {level} − (position {position} + relief {relief})"


def _relief(_inputs: dict[str, Node]) -> str:
    return "for what an empty shelf loses before the receipt"


def _lead_time(inputs: dict[str, Node]) -> str:
    given, assumed = inputs["lead_time_days_given"], inputs["lead_time_days_assumed"]
    ruled = inputs.get("lead_time_days_ruled")
    if ruled is not None and float(ruled.value) >= 0:
        return ruled.where
    return given.where if given.words != "unknown" else f"assumed: {assumed.where}"


def _error(_inputs: dict[str, Node]) -> str:
    return "from the errors the forecast made over this item's past"


def _undershoot(_inputs: dict[str, Node]) -> str:
    return "how far below the reorder point a review finds it"


_TOLD: dict[str, Callable[[dict[str, Node]], str]] = {
    "cover_mean_units": _cover,
    "cover_sd_units": _spread,
    "lead_mean_units": _lead_demand,
    "protection_mean_units": _protection_demand,
    "safety_stock_units": _safety_stock,
    "lot_units": _lot,
    "need_units": _need,
    "first_buy_units": _first_buy,
    "position_relief_units": _relief,
    "lead_time_days_mean": _lead_time,
    "error_sd_units_per_period": _error,
    "undershoot_mean_units": _undershoot,
}


def short_words(node: Node) -> str:
    """What is said of a figure whose formula is too long for a line; empty where the formula does."""
    teller = _TOLD.get(node.column)
    inputs = {one.column: one for one in node.inputs}
    nothing_needed = node.column == "need_units" and not node.value
    if teller is None or not inputs or nothing_needed or (isinstance(node.value, float) and np.isnan(node.value)):
        return ""
    return teller(inputs)
