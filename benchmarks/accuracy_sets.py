"""The real shops that accuracy is measured on, the windows on them, and what Skuwise plans at each origin.

Lead times are those of the question, not of the shop: an order is placed each period and arrives ``lead`` periods
later, so it has to cover the demand of lead + 1 periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from tests.realdata import adapters

import skuwise
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.plan import plan
from skuwise.core.rules import parse_rulebook
from skuwise.planning.assemble import plan_inputs

#: What of a plan is looked at.
COLUMNS = ("mean_units", "protection_mean_units", "protection_sd_units", "order_up_to_level_units")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
#: FreshRetailNet series that are looked at: the first of 40,000.
FRESH_SERIES = 4000


@dataclass(frozen=True)
class RealSet:
    """One real shop and the windows on it. ``periods`` are those given; an origin is the number of periods seen."""

    name: str
    path: str
    read: Callable[[Path], adapters.Tables]
    periods: int
    period_days: int
    origins: tuple[int, ...]
    leads: tuple[int, ...]
    in_stock_only: bool = False


SETS = (
    RealSet(
        "online_retail_two_years",
        "online_retail/order_lines_2009-12-01_2011-09-04.parquet",
        adapters.online_retail_two_years,
        92,
        7,
        (53, 59, 66, 72, 79),
        (3, 12),
    ),
    RealSet("vn2", "vn2", adapters.vn2, 157, 7, (105, 118, 131, 144), (2, 12), in_stock_only=True),
    RealSet(
        "carparts",
        "intermittent/carparts_train.csv",
        lambda path: adapters.spare_parts(path, "carparts"),
        39,
        30,
        (23, 26, 29, 32, 35),
        (1, 2, 3),
    ),
    RealSet(
        "auto",
        "intermittent/auto_train.csv",
        lambda path: adapters.spare_parts(path, "auto"),
        18,
        30,
        (10, 12, 14),
        (1, 2, 3),
    ),
    RealSet("vn1", "vn1", adapters.vn1, 13, 7, (8, 9, 10), (2,)),
    RealSet(
        "freshretailnet",
        "freshretailnet/daily_40k_series_to_2024-06-18.parquet",
        lambda path: adapters.freshretailnet(path, FRESH_SERIES),
        83,
        1,
        (55, 62, 69, 76),
        (2,),
        in_stock_only=True,
    ),
)


@dataclass(frozen=True)
class Origin:
    """What was known at an origin and what came after it.

    ``counted`` are the rows of ``inputs`` that had sold by then: before its first sale nothing tells of an item. The
    other arrays have a row for each of these.
    """

    at: int
    inputs: PlanInputs
    counted: np.ndarray
    seen_units: np.ndarray
    coming_units: np.ndarray
    coming_in_stock: np.ndarray


def present() -> list[RealSet]:
    """The sets that lie beside the project."""
    return [real for real in SETS if (DATA / real.path).exists()]


def origins_of(real: RealSet, horizon: int, origins: tuple[int, ...] | None = None) -> Iterator[Origin]:
    """Each origin of a set with the ``horizon`` periods after it, as many of them as were given."""
    dataset = skuwise.load_dataset(real.read(DATA / real.path), as_of=adapters.AS_OF[real.name])
    whole = plan_inputs(dataset, period_days=real.period_days)
    row_of = {key: row for row, key in enumerate(_keys(whole))}
    for at in origins or real.origins:
        as_of = adapters.AS_OF[real.name] - timedelta(days=real.period_days * (real.periods - at))
        inputs = plan_inputs(dataset, as_of=as_of, period_days=real.period_days)
        rows = np.array([row_of.get(key, -1) for key in _keys(inputs)])
        counted = (inputs.history.sales_units.sum(axis=1) > 0) & (rows >= 0)
        coming = slice(at, min(at + horizon, real.periods))
        yield Origin(
            at,
            inputs,
            counted,
            inputs.history.sales_units[counted],
            whole.history.sales_units[rows[counted], coming],
            whole.history.in_stock_share[rows[counted], coming],
        )


def _keys(inputs: PlanInputs) -> list[tuple[str, str]]:
    return list(zip(inputs.index.sku_id.tolist(), inputs.index.location_id.tolist(), strict=True))


def planned(origin: Origin, lead: int, period_days: int, target: float = 0.95) -> dict[str, np.ndarray]:
    """Columns of a plan in which every order takes ``lead`` periods for certain and a review is due each period.

    Rows are the items that count. The cap on safety stock is lifted: by default a year's demand, it is a promise of
    its own, and a part that sells once in three years would be held to it and not to its service.
    """
    days = np.full(len(origin.inputs.index), float(lead * period_days))
    supply = replace(origin.inputs.supply, lead_time_days_mean=days, lead_time_days_sd=np.zeros(len(days)))
    rules = parse_rulebook(
        f"[defaults]\nreview_period_days = {period_days}\nservice_measure = 'fill_rate'\nservice_target = {target}\n"
        "safety_stock_days_max = 3650\n"
    )
    columns = plan(replace(origin.inputs, supply=supply), rules).columns
    return {name: columns[name][origin.counted] for name in COLUMNS}
