"""Daily demand of FreshRetailNet: rolling windows, accuracy on days without stockout, beside the usual simple methods.

At each origin the shop is planned by the day from what was known then, with shipped defaults but for the length of
the period. What is compared is the expected demand of each coming day with what was sold on the days that were in
stock throughout the opening hours: on the others nobody knows the demand. ``python -m benchmarks.freshretailnet``
prints every window; ``--series 4000`` takes the first so many of the 40,000 store-products.

- MA28 over in-stock days: the mean of the in-stock days among the last 28; of all 28 where none was in stock.
- Seasonal naive: what was sold on the same weekday of the last week before the origin, stockout or not.
- Seasonal naive, in stock: the newest in-stock day of that weekday in the last 28 days; else MA28.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tests.realdata import adapters

import skuwise
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.periods import PeriodGrid
from skuwise.core.plan import plan
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.planning.assemble import plan_inputs

PATH = Path(__file__).resolve().parents[2] / "shared/data/freshretailnet/daily_40k_series_to_2024-06-18.parquet"
WEEK = 7
#: Days that feed the moving average.
MEMORY_DAYS = 28
#: Days forecast; a window whose days are not all in the data is left out.
HORIZONS = (7, 14)
#: Origins, a week apart and the last one a week before the end of the data.
ORIGINS = 6
RULES = "[settings]\nperiod_days = 1\n"
SKUWISE = "Skuwise"

Method = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Row:
    """One window of one method: WAPE and bias as shares of what was sold on the in-stock days of the horizon."""

    as_of: str
    horizon_days: int
    method: str
    wape: float
    bias: float


def load(series: int | None = None) -> PlanInputs:
    """Everything that is given, as one would hand it to a plan on the day after the last one."""
    tables = adapters.freshretailnet(PATH, series)
    dataset = skuwise.load_dataset(tables, as_of=adapters.AS_OF["freshretailnet"])
    return plan_inputs(dataset, period_days=1)


def seen_until(inputs: PlanInputs, days: int) -> PlanInputs:
    """The same inputs when only the first ``days`` days had been seen; stock and supply do not bear on a forecast."""
    past = inputs.history
    names = ("sales_units", "in_stock_share", "promotion_share", "returned_units", "received_units")
    cut = {name: np.ascontiguousarray(getattr(past, name)[:, :days]) for name in (*names, "on_hand_units_mean")}
    as_of = past.grid.start + np.timedelta64(days, "D")
    return replace(inputs, history=replace(past, grid=PeriodGrid(as_of, 1, days), **cut))


def daily_rules() -> Rulebook:
    return parse_rulebook(RULES, "daily.toml")


def moving_average(sold: np.ndarray, in_stock: np.ndarray) -> np.ndarray:
    """MA28 over in-stock days [(n, H)]."""
    sold, in_stock = sold[:, -MEMORY_DAYS:], in_stock[:, -MEMORY_DAYS:]
    days = in_stock.sum(axis=1)
    mean = np.where(days > 0, (sold * in_stock).sum(axis=1) / np.maximum(days, 1), sold.mean(axis=1))
    return np.repeat(mean[:, None], max(HORIZONS), axis=1)


def seasonal_naive(sold: np.ndarray, _in_stock: np.ndarray) -> np.ndarray:
    """The last week, again and again [(n, H)]."""
    return np.tile(sold[:, -WEEK:], (1, -(-max(HORIZONS) // WEEK)))[:, : max(HORIZONS)]


def seasonal_naive_in_stock(sold: np.ndarray, in_stock: np.ndarray) -> np.ndarray:
    """The newest in-stock day of the same weekday among the last 28, else MA28 [(n, H)]."""
    week = moving_average(sold, in_stock)[:, :WEEK].copy()
    for weeks_ago in range(MEMORY_DAYS // WEEK, 0, -1):
        days = slice(sold.shape[1] - WEEK * weeks_ago, sold.shape[1] - WEEK * (weeks_ago - 1))
        week = np.where(in_stock[:, days], sold[:, days], week)
    return np.tile(week, (1, -(-max(HORIZONS) // WEEK)))[:, : max(HORIZONS)]


PEERS: Mapping[str, Method] = {
    "MA28 over in-stock days": moving_average,
    "seasonal naive (last week)": seasonal_naive,
    "seasonal naive, in stock": seasonal_naive_in_stock,
}


def run(inputs: PlanInputs | None = None, *, series: int | None = None, origins: int = ORIGINS) -> list[Row]:
    """Every window of every method, the oldest first; all series unless told otherwise."""
    inputs = inputs or load(series)
    sold = inputs.history.sales_units.astype(np.float64)
    in_stock = inputs.history.in_stock_share >= 1.0
    periods, rules = sold.shape[1], daily_rules()
    rows = []
    for origin in range(periods - WEEK * origins, periods, WEEK):
        cut = seen_until(inputs, origin)
        foretold = {SKUWISE: plan(cut, rules).columns["mean_units"]}
        foretold |= {name: method(sold[:, :origin], in_stock[:, :origin]) for name, method in PEERS.items()}
        for horizon in (days for days in HORIZONS if origin + days <= periods):
            coming, counted = sold[:, origin : origin + horizon], in_stock[:, origin : origin + horizon]
            for name, mean in foretold.items():
                rows.append(Row(str(cut.grid.as_of), horizon, name, *scores(mean[:, :horizon], coming, counted)))
    return rows


def scores(mean: np.ndarray, coming: np.ndarray, counted: np.ndarray) -> tuple[float, float]:
    """WAPE = Σ|f − y| ÷ Σy and bias = Σ(f − y) ÷ Σy over the days that count."""
    errors = (mean - coming)[counted]
    total = coming[counted].sum()
    return float(np.abs(errors).sum() / total), float(errors.sum() / total)


def summary(rows: Sequence[Row], horizon_days: int) -> dict[str, tuple[float, float, float]]:
    """Mean WAPE, mean bias and mean absolute bias over the windows, by method."""
    result = {}
    for name in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == name and row.horizon_days == horizon_days]
        wape, bias = np.array([row.wape for row in own]), np.array([row.bias for row in own])
        result[name] = (float(wape.mean()), float(bias.mean()), float(np.abs(bias).mean()))
    return result


def table(series: int | None = None) -> str:
    """Markdown: every window, and the means below."""
    rows = run(series=series)
    names = list(dict.fromkeys(row.method for row in rows))
    head = ["as of", *(f"{name}: {what}" for name in names for what in ("WAPE", "bias"))]
    lines = ["## FreshRetailNet by the day: accuracy on days without stockout", ""]
    for horizon in HORIZONS:
        windows = [row for row in rows if row.horizon_days == horizon]
        lines += [f"Next {horizon} days, {series or 40_000:,} store-products.", "", f"| {' | '.join(head)} |"]
        lines.append("|---|" + "--:|" * (len(head) - 1))
        for as_of in dict.fromkeys(row.as_of for row in windows):
            cells = [f"{row.wape:.4f} | {row.bias:+.4f}" for row in windows if row.as_of == as_of]
            lines.append(f"| {as_of} | {' | '.join(cells)} |")
        means = summary(rows, horizon).values()
        lines.append(f"| mean | {' | '.join(f'{wape:.4f} | {bias:+.4f}' for wape, bias, _ in means)} |")
        lines.append(f"| mean of the absolute | {' | '.join(f'| {absolute:.4f}' for _, _, absolute in means)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on FreshRetailNet by the day.")
    parser.add_argument("--series", type=int, default=None, help="only the first so many store-products")
    print(table(parser.parse_args().series))


if __name__ == "__main__":
    main()
