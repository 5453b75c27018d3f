"""How hard the stock works: inventory turnover and gross margin return on the money in it (GMROI).

Cost and price are those of today. Units are net of returns. The stock held is measured in unit-years: 10 units held
for half a year and 5 held for a year are the same. That makes one formula serve items younger than a year, groups
and the whole shop alike: sold ÷ stock-years held.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.metrics.windows import UNKNOWN, WEEKS_PER_YEAR, ratio
from skuwise.core.steps import step


@step(
    out=("cogs_minor_52w", "net_revenue_minor_52w"),
    formula="net_units_52w × unit_cost_minor; net_units_52w × unit_price_minor; -1 where cost or price is unknown",
    source="retail accounting at today's cost and price",
)
def cost_and_revenue(
    net_units_52w: IntArray, unit_cost_minor: IntArray, unit_price_minor: IntArray
) -> tuple[IntArray, IntArray]:
    """Cost of goods sold and revenue [(n,) minor currency]."""
    return (
        np.where(unit_cost_minor >= 0, net_units_52w * unit_cost_minor, UNKNOWN),
        np.where(unit_price_minor >= 0, net_units_52w * unit_price_minor, UNKNOWN),
    )


@step(
    out=("inventory_unit_years_52w", "inventory_cost_years_52w"),
    formula="average_on_hand_units_52w × metric_window_weeks ÷ 52; the same × unit_cost_minor",
    source="time average of the stock: annualises items younger than a year",
)
def inventory_years(
    average_on_hand_units_52w: FloatArray, metric_window_weeks: FloatArray, unit_cost_minor: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Stock held over the window [(n,) unit × years] and [(n,) minor currency × years]; NaN where not known."""
    unit_years = average_on_hand_units_52w * (metric_window_weeks / WEEKS_PER_YEAR)
    return unit_years, np.where(unit_cost_minor >= 0, unit_years * unit_cost_minor, np.nan)


@step(
    out="inventory_turnover_units_per_year",
    formula="net_units_52w ÷ inventory_unit_years_52w",
    source="Shopify guide to inventory turnover, unit version",
)
def inventory_turnover_units_per_year(net_units_52w: IntArray, inventory_unit_years_52w: FloatArray) -> FloatArray:
    """Units sold in a year ÷ average units [(n,) turns/year]; null where no stock was counted or it was always 0.

    A year's 120 units from an average stock of 30, and the same pace seen for half a year only:

    >>> inventory_turnover_units_per_year(np.array([120, 60]), np.array([30.0, 15.0])).tolist()
    [4.0, 4.0]
    """
    return ratio(net_units_52w, inventory_unit_years_52w)


@step(
    out="inventory_turnover_cost_per_year",
    formula="cogs_minor_52w ÷ inventory_cost_years_52w",
    source="Shopify guide: cost of goods sold ÷ average inventory at cost",
)
def inventory_turnover_cost_per_year(cogs_minor_52w: IntArray, inventory_cost_years_52w: FloatArray) -> FloatArray:
    """Cost of goods sold in a year ÷ average inventory at cost [(n,) turns/year]; null where a part is not known."""
    return np.where(cogs_minor_52w >= 0, ratio(cogs_minor_52w, inventory_cost_years_52w), np.nan)


@step(
    out="gmroi_per_year",
    formula="(net_revenue_minor_52w − cogs_minor_52w) ÷ inventory_cost_years_52w",
    source="Shopify guide and Eclipse: gross margin ÷ average inventory at cost",
)
def gmroi_per_year(
    net_revenue_minor_52w: IntArray, cogs_minor_52w: IntArray, inventory_cost_years_52w: FloatArray
) -> FloatArray:
    """Gross margin of a year for each unit of money in stock [(n,) ratio/year]; below 0 where it sells below cost.

    >>> gmroi_per_year(np.array([300_000]), np.array([180_000]), np.array([60_000.0])).tolist()
    [2.0]
    """
    known = (net_revenue_minor_52w >= 0) & (cogs_minor_52w >= 0)
    return np.where(known, ratio(net_revenue_minor_52w - cogs_minor_52w, inventory_cost_years_52w), np.nan)
