"""A small shop against which rules are tried: four SKUs, the first at two locations."""

from __future__ import annotations

from typing import Any

import numpy as np

from skuwise.core.behaviour.predictability import XYZ_CLASSES
from skuwise.core.behaviour.seasonality import SEASON_SOURCES
from skuwise.core.behaviour.statistics import PATTERNS
from skuwise.core.behaviour.value_class import ABC_CLASSES
from skuwise.core.lifecycle.stage import STAGES

LABELS = {
    "category": ("Shoes", "T-shirts"),
    "brand": ("Acme", "Bolt"),
    "supplier_id": ("S1", "S2"),
    "product_id": ("BOOT", "HAT", "SOCK", "TEE"),
    "criticality": ("critical", "standard"),
    "abc_class": ABC_CLASSES,
    "xyz_class": XYZ_CLASSES,
    "pattern": PATTERNS,
    "stage": STAGES,
    "season_source": SEASON_SOURCES,
}
AS_OF = np.datetime64("2026-03-02")


def _codes(column: str, *names: str) -> np.ndarray:
    return np.array([LABELS[column].index(name) for name in names])


def columns() -> dict[str, Any]:
    """Rows: BOOT @ MAIN, HAT @ MAIN, SOCK @ MAIN, TEE @ EAST, TEE @ MAIN."""
    return {
        "sku_id": np.array(["BOOT", "HAT", "SOCK", "TEE", "TEE"]),
        "location_id": np.array(["MAIN", "MAIN", "MAIN", "EAST", "MAIN"]),
        "category": _codes("category", "Shoes", "T-shirts", "Shoes", "T-shirts", "T-shirts"),
        "brand": _codes("brand", "Acme", "Bolt", "Bolt", "Acme", "Acme"),
        "supplier_id": _codes("supplier_id", "S1", "S1", "S2", "S2", "S2"),
        "product_id": _codes("product_id", "BOOT", "HAT", "SOCK", "TEE", "TEE"),
        "criticality": _codes("criticality", "critical", "standard", "standard", "standard", "standard"),
        "abc_class": _codes("abc_class", "A", "B", "C", "A", "A"),
        "xyz_class": _codes("xyz_class", "X", "Y", "Z", "X", "Z"),
        "pattern": _codes("pattern", "smooth", "erratic", "lumpy", "smooth", "erratic"),
        "stage": _codes("stage", "mature", "new", "declining", "growing", "mature"),
        "season_source": _codes("season_source", "none", "category", "none", "own history", "own history"),
        "demand_rate_units_per_period": np.array([2.0, 4.0, 0.5, 20.0, 7.0]),
        "annual_units": np.array([100, 40, 20, 1000, 364]),
        "annual_value_minor": np.array([500000, 40000, 8000, 2000000, 700000]),
        "unit_cost_minor": np.array([2500, 900, -1, 700, 700]),
        "unit_price_minor": np.array([5000, 1800, 400, 2000, 2000]),
        "weeks_on_sale": np.array([150.0, 5.0, 80.0, 40.0, 120.0]),
        "days_to_end_of_life": np.array([999999, 999999, 30, 999999, 999999]),
        "lead_time_days_given": np.array([30.0, np.nan, 10.0, 14.0, 14.0]),
        "cv": np.array([0.2, 0.7, 1.4, 0.3, 1.2]),
        "adi_periods": np.array([1.0, 1.1, np.nan, 1.0, 1.0]),
        "season_strength": np.array([0.0, 0.2, 0.0, 0.6, 0.6]),
    }
