"""How an item behaves: the type, its classes and their names."""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray

#: Syntetos, Boylan & Croston (2005): by interval between demands and variation of their size.
PATTERNS = ("no demand", "smooth", "erratic", "intermittent", "lumpy")
#: Share of annual value, largest first (Silver, Pyke & Thomas).
ABC_CLASSES = ("A", "B", "C", "none")
#: Coefficient of variation of deseasonalised demand, steadiest first.
XYZ_CLASSES = ("X", "Y", "Z", "none")
#: Where the seasonal indices come from.
SEASON_SOURCES = ("none", "own history", "category", "shop")


@dataclass(frozen=True, slots=True)
class BehaviourProfile:
    """One row an item, units per period unless the name says otherwise.

    ``season_index`` (n, S) multiplies the level in each of the S parts of the year (S = periods a year; its mean
    is 1; all ones where there is no season); ``season_strength`` is the share 0-1 of variance it explains.
    ``trend_share_per_year`` is the yearly change of the deseasonalised level as a share of the level.
    """

    periods_on_sale: IntArray
    demand_rate_units_per_period: FloatArray
    demand_sd_units_per_period: FloatArray
    recent_rate_units_per_period: FloatArray
    adi_periods: FloatArray
    cv2: FloatArray
    cv: FloatArray
    pattern: CodeArray
    abc_class: CodeArray
    xyz_class: CodeArray
    annual_value_minor: IntArray
    season_index: FloatArray
    season_strength: FloatArray
    season_source: CodeArray
    trend_share_per_year: FloatArray
    censored_periods: IntArray
    seasonal: BoolArray
