"""Demand as it is estimated from sales: the type that the rest of the loop reads."""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.arrays import BoolArray, FloatArray, IntArray
from skuwise.core.periods import PeriodGrid


@dataclass(frozen=True, slots=True)
class DemandHistory:
    """What customers wanted, as far as sales tell it.

    ``demand_units`` (n, T) is the estimate; ``censored`` (n, T) marks periods whose sales are only a lower
    bound because the shelf was empty for too long; ``on_sale`` (n, T) is true from the first period in which
    the item could be bought. ``first_period`` (n,) is that period, ``last_sale_period`` (n,) the newest one
    with a sale; both are -1 where there is none.
    """

    grid: PeriodGrid
    demand_units: FloatArray
    censored: BoolArray
    on_sale: BoolArray
    first_period: IntArray
    last_sale_period: IntArray
