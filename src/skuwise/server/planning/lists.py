"""The lists of the plan in force: items, alarms, changes of rules."""

from __future__ import annotations

from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.planning.search import matching

ITEMS = ListSpec(
    "items",
    (
        Column("sku_id", "SKU"),
        Column("location_id", "Location", "choice"),
        Column("name", "Name", sortable=False),
        Column("brand", "Brand", "choice", sortable=False),
        Column("category", "Category", "choice", sortable=False),
        Column("supplier_id", "Supplier", "choice", sortable=False),
        Column("stage", "Stage", "choice", sortable=False),
        Column("season_state", "Season", "choice", sortable=False),
        Column("pattern", "Demand", "choice", sortable=False),
        Column("abc_class", "ABC", "choice", sortable=False),
        Column("xyz_class", "XYZ", "choice", sortable=False),
        Column("order_quantity_units", "Order", "units", sortable=False),
        Column("order_cost_total_minor", "Order value", "money"),
        Column("days_until_order", "Days until order", "count", sortable=False),
        Column("expected_on", "Would arrive", "day", sortable=False, nullable=True),
        Column("reasons", "Why", sortable=False),
        Column("on_hand_units", "On hand", "units", sortable=False),
        Column("available_units", "Available", "units", sortable=False),
        Column("on_order_units", "On order", "units", sortable=False),
        Column("reorder_point_units", "Reorder point", "units", sortable=False),
        Column("order_up_to_level_units", "Order up to", "units", sortable=False),
        Column("daily_mean_units", "Sells a day", "number", sortable=False),
        Column("lead_time_days_mean", "Lead time", "days", sortable=False),
        Column("service_target", "Service target", "share", sortable=False),
        Column("weeks_of_supply_forward", "Weeks of supply", "number", sortable=False, nullable=True),
        Column("stockout_risk_share", "Risk of running out", "share", sortable=False),
        Column("margin_at_risk_minor", "Margin at risk", "money"),
        Column("stock_value_minor", "Stock value", "money"),
        Column("excess_units_90d", "Excess units", "units", sortable=False),
        Column("excess_value_minor", "Excess value", "money"),
        Column("dead_stock_value_minor", "Dead stock", "money", sortable=False),
        Column("annual_value_minor", "Yearly sales", "money"),
        Column("inventory_turnover_cost_per_year", "Turnover a year", "number", sortable=False, nullable=True),
        Column("sell_through_receipt_share", "Sell-through", "share", sortable=False, nullable=True),
        Column("unit_fill_rate_demand_based", "Fill rate", "share", sortable=False, nullable=True),
        Column("lost_margin_minor_52w", "Margin lost in a year", "money", sortable=False),
    ),
    "-margin_at_risk_minor",
    search=matching,
)

ALARMS = ListSpec(
    "alarms",
    (
        Column("alarm_id", "Alarm"),
        Column("state", "State", "choice"),
        Column("kind", "Kind", "choice"),
        Column("what", "What", sortable=False),
        Column("told", "Told", sortable=False),
        Column("sku_id", "SKU"),
        Column("location_id", "Location", "choice"),
        Column("brand", "Brand", "choice"),
        Column("subject", "About", sortable=False),
        Column("at_stake_minor", "At stake", "money", nullable=True),
        Column("since", "Since", "day", nullable=True),
        Column("last_seen", "Last seen", "day", nullable=True),
        Column("snoozed_until", "Snoozed until", "day", nullable=True),
    ),
    "-at_stake_minor",
    search=lambda rows, text: rows.filter(sku_id__istartswith=text),
)

CHANGES = ListSpec(
    "changes",
    (
        Column("change_id", "Change"),
        Column("state", "State", "choice"),
        Column("state_on", "On", "day"),
        Column("kind", "Kind", "choice"),
        Column("sku_id", "SKU"),
        Column("location_id", "Location", "choice"),
        Column("brand", "Brand", "choice"),
        Column("field", "Field", "choice"),
        Column("sentence", "What", sortable=False),
        Column("reason", "Why", sortable=False),
        Column("by", "By", "choice"),
        Column("proposed_on", "Proposed", "day"),
        Column("valid_until", "Until", "day", nullable=True),
    ),
    "-state_on",
    search=lambda rows, text: rows.filter(sku_id__istartswith=text),
)
