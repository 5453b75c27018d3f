"""Metrics of an item, of a group and of the shop; every result says in its name which variant it is.

A metric that is undefined is null: NaN in a float column, -1 in a whole number; never infinite, never a silent 0.
Definitions and sources stand at each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skuwise.core.metrics import sell_through, service, supply, turnover, windows
from skuwise.core.metrics.gaps import metric_gaps
from skuwise.core.metrics.portfolio import MetricTable, portfolio_metrics
from skuwise.core.metrics.service import line_fill_rate_estimate, order_fill_rate_estimate

#: The steps of this room in an order in which each finds its inputs made.
STEPS_IN_ORDER: tuple[Callable[..., Any], ...] = (
    windows.metric_window_weeks,
    windows.units_of_the_year,
    windows.units_of_the_quarter,
    windows.daily_shipped_units,
    windows.average_on_hand_of_the_year,
    windows.average_on_hand_of_month_and_quarter,
    windows.available_units,
    turnover.cost_and_revenue,
    turnover.inventory_years,
    turnover.inventory_turnover_units_per_year,
    turnover.inventory_turnover_cost_per_year,
    turnover.gmroi_per_year,
    sell_through.receipt_cohorts,
    sell_through.sell_through_receipt_share,
    sell_through.units_for_sale_90d,
    sell_through.sell_through_available_share,
    sell_through.sell_through_amazon_90d,
    supply.weeks_of_supply_forward,
    supply.weeks_of_supply_trailing,
    supply.days_of_supply_historical_30d,
    supply.days_of_supply_historical_90d,
    supply.days_of_supply_historical_greater,
    supply.excess_units_90d,
    supply.excess_value_minor,
    supply.stock_value_minor,
    supply.weeks_in_stock_without_sale,
    supply.dead_stock_value_minor,
    service.unit_fill_rate_order_based,
    service.line_fill_rate_order_based,
    service.order_fill_rate_order_based,
    service.stockout_source,
    service.stockout_days_52w,
    service.in_stock_rate_52w,
    service.lost_units_52w,
    service.lost_money,
    service.unit_fill_rate_demand_based,
    service.returns_share_52w,
)

__all__ = [
    "STEPS_IN_ORDER",
    "MetricTable",
    "line_fill_rate_estimate",
    "metric_gaps",
    "order_fill_rate_estimate",
    "portfolio_metrics",
]
