"""What the forecast step hands on: a distribution of demand, not only a mean."""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray

#: Quantile levels that a plan stores for the protection interval.
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """Demand to come.

    ``mean_units`` (n, H) is the expected demand of each future period. ``lead_mean_units``/``lead_sd_units`` (n,)
    speak of the demand from today until an order placed today arrives, ``protection_*`` (n,) until an order
    placed at the next review would arrive: both count the variation of demand, of the level estimate and of the
    lead time. ``model_code`` (n,) indexes ``MODELS``; ``borrowed`` tells that the level leans on other items.
    """

    mean_units: FloatArray
    model_code: CodeArray
    borrowed: BoolArray
    lead_periods_mean: FloatArray
    protection_periods_mean: FloatArray
    lead_mean_units: FloatArray
    lead_sd_units: FloatArray
    protection_mean_units: FloatArray
    protection_sd_units: FloatArray
