"""How long a replay takes: 10,000 SKUs, the last 104 of 208 weeks, six policies, every unit audited.

The shop is generated: rates from a gamma distribution with a shape of 0.7, a yearly wave, launches all along, lead
times learned from receipts, MOQs and order multiples. The stock is not known, so each policy opens with a warm-up.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

import skuwise
from skuwise import Dataset, PolicySpec
from skuwise.core.rules import parse_rulebook

AS_OF = date(2026, 3, 2)
ITEMS, WEEKS, WEEKS_JUDGED = 10_000, 208, 104
TARGETS = (0.9, 0.95, 0.98)
#: Items of the small replay that compiles the kernels before the clock runs.
WARM_ITEMS = 200


def shop(items: int, seed: int = 1) -> Dataset:
    """The generated shop as tables in memory, checked like those of any folder."""
    rng = np.random.Generator(np.random.Philox(seed))
    first = np.datetime64(AS_OF) - 7 * WEEKS
    rate = rng.gamma(0.7, 8.0, items) + 0.05
    launch = np.where(rng.random(items) < 0.3, rng.integers(0, WEEKS - 10, items), 0)
    wave = 1 + 0.3 * np.sin(2 * np.pi * np.arange(WEEKS) / 52)
    sales = rng.poisson(rate[:, None] * wave) * (np.arange(WEEKS) >= launch[:, None])
    item, week = np.nonzero(sales)
    sku = np.array([f"S{number:06d}" for number in range(items)])
    lead = rng.integers(7, 60, items)
    bought = rng.integers(0, items, 6 * items)
    ordered_on = first + rng.integers(0, 7 * WEEKS - 80, 6 * items)
    tables = {
        "skus": pl.DataFrame(
            {
                "sku_id": sku,
                "category": [f"C{number % 20}" for number in range(items)],
                "unit_price": np.round(rng.uniform(5, 90, items), 2),
            }
        ),
        "sales": pl.DataFrame({"date": first + 7 * week, "sku_id": sku[item], "units": sales[item, week]}),
        "supply": pl.DataFrame(
            {
                "sku_id": sku,
                "supplier_id": [f"SUP{number % 40}" for number in range(items)],
                "unit_cost": np.round(rng.uniform(1, 5, items), 2),
                "moq_units": rng.choice([0, 6, 12], items),
                "order_multiple_units": rng.choice([1, 1, 6], items),
                "order_cost": np.full(items, 5.0),
            }
        ),
        "receipts": pl.DataFrame(
            {
                "sku_id": sku[bought],
                "ordered_on": ordered_on,
                "received_on": ordered_on + lead[bought] + rng.integers(0, 14, 6 * items),
                "units": rng.integers(1, 50, 6 * items),
            }
        ),
    }
    return skuwise.load_dataset(tables, as_of=AS_OF)


def policies() -> list[PolicySpec | str]:
    """What a planner does by hand, and Skuwise with three service targets."""
    variants = [
        PolicySpec(f"Skuwise, fill rate {target}", "skuwise", rulebook=parse_rulebook(_rules(target)))
        for target in TARGETS
    ]
    return ["textbook", "min_max", "weeks_of_cover", *variants]


def _rules(target: float) -> str:
    return f"[defaults]\nservice_target = {target}\n"


def measured(items: int = ITEMS) -> dict[str, object]:
    """Seconds by phase, memory and what each policy came to."""
    start = AS_OF - timedelta(days=7 * WEEKS_JUDGED)
    skuwise.replay(shop(WARM_ITEMS), policies(), start=start)
    dataset = shop(items)
    clock = time.perf_counter()
    made = skuwise.replay(dataset, policies(), start=start)
    seconds = time.perf_counter() - clock
    total = made.total
    return {
        "seconds": seconds,
        "phases": dict(made.seconds),
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "sales_lines": dataset.tables["sales"].height,
        "items": len(made.judged),
        "weeks": made.grid.period_count,
        "audited": made.audited_periods,
        "policies": [
            (
                name,
                float(total.fill_rate[row, 0]),
                float(total.stock_units_mean[row, 0]),
                int(total.orders_placed[row, 0]),
            )
            for row, name in enumerate(made.names)
        ],
    }


def section() -> str:
    """Measured in a process of its own, so that the memory is the replay's."""
    command = [sys.executable, "-m", "benchmarks.replaying"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["phases"].items())
    lines = [
        f"## Replay: {found['items']:,} SKUs × {found['weeks']} weeks × {len(found['policies'])} policies",
        "",
        f"**{found['seconds']:.1f} s**, kernels compiled before and the shop ({found['sales_lines']:,} lines of sales) "
        f"read already; peak memory {found['peak_kib'] / 2**20:.2f} GiB. The auditor re-counted {found['audited']:,} "
        f"SKU-weeks. By phase [s], of which some run side by side on a second core: {phases}.",
        "",
        "| policy | fill rate | mean stock, units | orders |",
        "|---|--:|--:|--:|",
        *(f"| {name} | {fill:.3f} | {stock:,.0f} | {orders:,} |" for name, fill, stock, orders in found["policies"]),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(measured()))
