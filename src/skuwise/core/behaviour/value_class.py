"""Value class: which items earn most of the money.

The cut-offs are shop-wide. They are money values rounded down to preferred numbers, ten a decade, so that they hold
still from week to week and an item hardly ever changes class because another one was added.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray
from skuwise.core.behaviour.statistics import YEAR_WEEKS, periods_in_weeks
from skuwise.core.steps import step

ABC_CLASSES = ("A", "B", "C", "none")

#: Renard series R10 (ISO 3), as two digits.
PREFERRED_NUMBERS = (10, 12, 16, 20, 25, 31, 40, 50, 63, 80)


@step(
    out=("annual_units", "annual_value_minor"),
    formula="units sold in the last 52 weeks, for the value with the demand taken over from predecessors, × price; × "
    "cost where no price is known, else the units themselves",
    source="Silver, Pyke & Thomas: annual usage value",
)
def annual_value(
    sales_units: IntArray,
    demand_units: FloatArray,
    own_demand_units: FloatArray,
    inherited_periods: IntArray,
    unit_price_minor: IntArray,
    unit_cost_minor: IntArray,
    period_days: int,
) -> tuple[IntArray, IntArray]:
    """Units [(n,) units] and value [(n,) minor currency] of the last year.

    A successor is as valuable on its first day as what it replaces.
    """
    year = periods_in_weeks(YEAR_WEEKS, period_days)
    units = sales_units[:, -year:].sum(axis=1)
    valued = units.copy()
    heir = np.flatnonzero(inherited_periods > 0)
    taken = (demand_units[heir, -year:] - own_demand_units[heir, -year:]).sum(axis=1)
    valued[heir] += np.floor(taken + 0.5).astype(np.int64)
    worth = np.where(unit_price_minor >= 0, unit_price_minor, np.where(unit_cost_minor >= 0, unit_cost_minor, 1))
    return units, valued * worth


@step(
    out=("abc_a_value_minor_min", "abc_b_value_minor_min"),
    formula="value of the item at which the cumulated value, largest first, reaches the share; rounded down to a "
    "preferred number",
    source="Silver, Pyke & Thomas: distribution by value",
    scope="shop",
)
def value_cutoffs(
    annual_value_minor: IntArray, is_bundle: BoolArray, abc_a_share: float, abc_b_share: float
) -> tuple[IntArray, IntArray]:
    """The two cut-offs of the shop [(n,) minor currency, the same in every row].

    >>> a, b = value_cutoffs(np.array([800, 150, 30, 20, 0]), np.zeros(5, bool), 0.8, 0.95)
    >>> int(a[0]), int(b[0])
    (800, 120)
    """
    value = np.sort(np.where(is_bundle, 0, annual_value_minor))[::-1]
    cumulated = np.cumsum(value)
    total = int(cumulated[-1]) if len(value) else 0
    cutoffs = []
    for share in (abc_a_share, abc_b_share):
        place = min(int(np.searchsorted(cumulated, share * total)), len(value) - 1)
        cutoffs.append(_preferred(int(value[place])) if total else 0)
    n = len(annual_value_minor)
    return np.full(n, cutoffs[0], np.int64), np.full(n, cutoffs[1], np.int64)


def _preferred(value: int) -> int:
    """Round down to a preferred number, so that the item that set the cut-off stays inside it.

    >>> _preferred(842), _preferred(150), _preferred(7)
    (800, 120, 7)
    """
    if value < PREFERRED_NUMBERS[0]:
        return value
    scale: int = 10 ** (len(str(value)) - 2)
    return max(number for number in PREFERRED_NUMBERS if number <= value // scale) * scale


@step(
    out="abc_class",
    formula="A from the A cut-off, B from the B cut-off, C below, none without sales",
    source="Silver, Pyke & Thomas: distribution by value",
    codes={"abc_class": ABC_CLASSES},
)
def value_class(
    annual_value_minor: IntArray, abc_a_value_minor_min: IntArray, abc_b_value_minor_min: IntArray
) -> CodeArray:
    """Value class [(n,) code of ``ABC_CLASSES``]."""
    code = np.where(
        annual_value_minor >= abc_a_value_minor_min, 0, np.where(annual_value_minor >= abc_b_value_minor_min, 1, 2)
    )
    return np.where(annual_value_minor <= 0, 3, code).astype(np.int16)
