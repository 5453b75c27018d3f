"""The server with a large shop: how long loading takes, how large it gets, how fast lists, sums and approvals are.

    python -m benchmarks.server_scale [--items 1000000] [--lines 10000000] [--database sqlite|postgresql|both]

Rows are generated; they are written by the code that imports and plans use. Lists are asked as the API asks them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.kill_nine import use_database

ASKED_TIMES = 60
LINES_PER_PIECE = 500_000
APPROVED_ROWS = 12_000
TEXT = (
    "Generated rows, written and asked by the code that imports, plans, the API and the pages use, in one "
    "process without HTTP. p95 over 60 asks, each with other values."
)
SUPPLIERS, BRANDS, CATEGORIES, LOCATIONS = 400, 60, 200, 4
STAGES = ("new", "growing", "mature", "declining", "retiring", "retired")
WORDS = ("hoodie", "tee", "lantern", "basket", "towel", "robe", "kit", "rail", "shelf", "mug", "cap", "bowl", "lamp")


def section() -> str:
    """The section of the report: both databases."""
    command = [sys.executable, "-m", "benchmarks.server_scale"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return f"## The server with a million items and ten million order lines\n\n{TEXT}\n\n```\n{told.strip()}\n```"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--items", type=int, default=1_000_000)
    asked.add_argument("--lines", type=int, default=10_000_000)
    asked.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    told = asked.parse_args()
    if told.database == "both":
        for database in ("sqlite", "postgresql"):
            sizes = ["--items", str(told.items), "--lines", str(told.lines)]
            subprocess.run(
                [sys.executable, "-m", "benchmarks.server_scale", *sizes, "--database", database], check=True
            )
        return 0
    with use_database(told.database):
        measure(told.database, told.items, told.lines)
    return 0


def measure(database: str, items: int, lines: int) -> None:
    """Load, then ask."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    say = Teller(database)
    chance = np.random.Generator(np.random.Philox(7))
    say.timed(f"{lines:,} order lines loaded", lambda: _load_lines(chance, items, lines), per=lines)
    run_id = _load_items(say, chance, items)
    say(f"database {_size_mb(database):,.0f} MB")
    _ask_lists(say, chance)
    _ask_sums(say)
    _approve(say, run_id)


class Teller:
    """Prints figures, each with the database it is of."""

    def __init__(self, database: str) -> None:
        self.database = database

    def __call__(self, text: str) -> None:
        print(f"{self.database:10} {text}", flush=True)

    def timed(self, text: str, work: Callable[[], Any], per: int = 0) -> Any:
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
        self(f"{text}: {seconds:,.1f} s" + (f" ({per / seconds:,.0f} rows/s)" if per else ""))
        return result

    def p95(self, text: str, ask: Callable[[int], Any]) -> None:
        """The 95th percentile of many asks, each with another parameter; the first is not counted."""
        ask(0)
        taken = []
        for number in range(1, ASKED_TIMES + 1):
            started = time.perf_counter()
            ask(number)
            taken.append(1000 * (time.perf_counter() - started))
        high, middle = np.percentile(taken, 95), np.median(taken)
        self(f"{text}: p95 {high:,.1f} ms, median {middle:,.1f} ms, worst {max(taken):,.1f} ms")


def _load_lines(chance: np.random.Generator, items: int, lines: int) -> None:
    from django.db import transaction

    from skuwise.server import bulk
    from skuwise.server.imports.registry import KEPT
    from skuwise.server.sales.models import OrderLine

    skus = max(items // LOCATIONS, 1)
    with transaction.atomic():
        for start in range(0, lines, LINES_PER_PIECE):
            count = min(LINES_PER_PIECE, lines - start)
            days = np.datetime64("2024-01-01") + chance.integers(0, 730, count)
            frame = pl.DataFrame(
                {
                    "date": days,
                    "sku_id": pl.Series(chance.integers(0, skus, count)).cast(pl.String).str.zfill(7),
                    "units": chance.integers(1, 6, count),
                    "order_id": pl.Series(np.arange(start, start + count) // 3).cast(pl.String),
                    "line_id": pl.Series(np.arange(start, start + count) % 3).cast(pl.String),
                }
            ).with_columns(
                pl.col("date").cast(pl.Date), location_id=pl.lit("L1"), channel_id=pl.lit("web"), kind=pl.lit("sale"),
                unit_price_minor=pl.lit(1999), requested_units=pl.lit(None, dtype=pl.Int64),
            )  # fmt: skip
            bulk.insert(OrderLine, KEPT["sales"].rows(frame, date(2026, 1, 1)).with_columns(batch_id=pl.lit(1)))


def _load_items(say: Teller, chance: np.random.Generator, items: int) -> int:
    from skuwise.server import bulk
    from skuwise.server.planning.models import PlanItem, PlanRun, PlanSummary
    from skuwise.server.planning.search import index_items

    run = PlanRun.objects.create(requested_by="scale", plan_id="scale", currency="USD", state="done", has_items=True)
    frame = _items(chance, items, run.pk)

    def write() -> None:
        from django.db import transaction

        for chunk in frame.iter_slices(bulk.CHUNK_ROWS):
            with transaction.atomic():
                bulk.insert(PlanItem, chunk)

    say.timed(f"{items:,} items of a plan written", write, per=items)
    say.timed("words indexed", lambda: index_items(run.pk, lambda *_: None))
    bulk.insert(PlanSummary, _sums(frame, run.pk))
    PlanRun.objects.filter(pk=run.pk).update(in_force=True, item_count=items)
    if say.database == "postgresql":
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return run.pk


def _items(chance: np.random.Generator, items: int, run_id: int) -> pl.DataFrame:
    from skuwise.server.planning.models import PlanItem

    place = np.arange(items)
    sku = pl.Series(place // LOCATIONS).cast(pl.String).str.zfill(7)
    money = lambda scale: (chance.pareto(1.2, items) * scale).clip(0, 1e12).astype(np.int64)  # noqa: E731
    word = [WORDS[one] for one in chance.integers(0, len(WORDS), items)]
    made: dict[str, Any] = {
        "sku_id": sku,
        "location_id": pl.Series(place % LOCATIONS).cast(pl.String),
        "name": pl.Series(word) + " " + pl.Series(chance.integers(0, 5000, items)).cast(pl.String),
        "brand": pl.Series(chance.integers(0, BRANDS, items)).cast(pl.String),
        "category": pl.Series(chance.integers(0, CATEGORIES, items)).cast(pl.String),
        "supplier_id": pl.Series(chance.integers(0, SUPPLIERS, items)).cast(pl.String),
        "stage": [STAGES[one] for one in chance.integers(0, len(STAGES), items)],
        "order_quantity_units": np.where(chance.random(items) < 0.1, chance.integers(1, 500, items), 0),
        "margin_at_risk_minor": np.where(chance.random(items) < 0.2, money(5000), 0),
        "stock_value_minor": money(20_000),
        "excess_value_minor": money(3000),
        "annual_value_minor": money(90_000),
        "unit_cost_minor": chance.integers(100, 9000, items),
        "expected_on": pl.Series([date(2026, 3, 1)] * 1).new_from_index(0, items),
    }
    frame = pl.DataFrame(made)
    frame = frame.with_columns(order_cost_total_minor=pl.col("order_quantity_units") * pl.col("unit_cost_minor"))
    for field in PlanItem._meta.fields:
        if field.name not in frame.columns and field.name != "id":
            text = field.get_internal_type() in ("CharField", "TextField")
            frame = frame.with_columns(
                pl.lit("" if text else 0.5 if "Float" in field.get_internal_type() else 1).alias(field.name)
            )
    words = pl.concat_str("sku_id", "name", "brand", "supplier_id", separator=" ")
    return frame.with_columns(run_id=pl.lit(run_id), search=words)


def _sums(frame: pl.DataFrame, run_id: int) -> pl.DataFrame:
    from skuwise.server.planning.models import PlanSummary

    names = [field.name for field in PlanSummary._meta.fields][6:]
    parts = []
    for dimension, value in (
        ("total", pl.lit("")),
        ("brand", pl.col("brand")),
        ("category", pl.col("category")),
        ("supplier", pl.col("supplier_id")),
    ):
        parts.append(
            frame.group_by(value=value, brand="brand").agg(
                items=pl.len(), **{name: pl.col(name).sum() if name in frame.columns else pl.lit(1) for name in names}
            ).with_columns(run_id=pl.lit(run_id), dimension=pl.lit(dimension))
        )  # fmt: skip
    return pl.concat(parts, how="vertical_relaxed")


def _ask_lists(say: Teller, chance: np.random.Generator) -> None:
    from skuwise.server.accounts.actor import SYSTEM, Actor, HeldGrant
    from skuwise.server.listing.page import Asked, page
    from skuwise.server.planning import reading
    from skuwise.server.planning.lists import ITEMS

    def ask(actor: Actor = SYSTEM, **asked: Any) -> Any:
        return page(ITEMS, reading.items(actor), Asked(**asked))

    sorts = (
        "-margin_at_risk_minor",
        "-order_cost_total_minor",
        "-excess_value_minor",
        "-stock_value_minor",
        "-annual_value_minor",
        "sku_id",
    )
    say.p95("list, default sort", lambda _: ask())
    say.p95("list, any sort", lambda n: ask(sort=sorts[n % len(sorts)]))
    say.p95("list, brand", lambda n: ask(filters=(f"brand:is:{n % BRANDS}",)))
    say.p95(
        "list, supplier and to order",
        lambda n: ask(filters=(f"supplier_id:is:{n}", "order_quantity_units:min:1"), sort="-order_cost_total_minor"),
    )
    say.p95("list, stage and category", lambda n: ask(filters=(f"stage:is:{STAGES[n % 6]}", f"category:is:{n}")))
    say.p95("list, one brand's planner", lambda n: ask(Actor("p", (HeldGrant("planner", brand=str(n % BRANDS)),))))
    say.p95("search, a SKU", lambda n: ask(search=f"{n * 997:07d}"))
    say.p95("search, a rare pair of words", lambda n: ask(search=f"{WORDS[n % len(WORDS)]} {1000 + n}"))
    say.p95("search, a frequent word", lambda n: ask(search=WORDS[n % len(WORDS)]))
    deep = [
        ask(sort="sku_id", limit=1, filters=(f"sku_id:min:{int(one):07d}",)).next_cursor
        for one in chance.integers(0, 240_000, ASKED_TIMES + 1)
    ]
    say.p95("next page, anywhere in the list", lambda n: ask(sort="sku_id", cursor=deep[n]))


def _ask_sums(say: Teller) -> None:
    from skuwise.server.accounts.actor import SYSTEM
    from skuwise.server.planning import reading

    dimensions = ("total", "brand", "category", "supplier")
    say.p95("sums by dimension", lambda n: reading.summaries(SYSTEM, dimensions[n % len(dimensions)]))


def _approve(say: Teller, run_id: int) -> None:
    from skuwise.server.accounts.actor import SYSTEM
    from skuwise.server.operations.previews import commit, preview
    from skuwise.server.planning.models import PlanItem
    from skuwise.server.stock import ledger

    due = PlanItem.objects.filter(run_id=run_id, order_quantity_units__gt=0).order_by("id")
    items = list(due.values_list("sku_id", "location_id")[:APPROVED_ROWS])
    shown = say.timed(
        f"{len(items):,} rows shown before approval",
        lambda: preview(SYSTEM, "orders.draft", {"items": items, "approve": True}),
    )
    say.timed(f"{len(items):,} rows ordered and approved in one action", lambda: commit(SYSTEM, shown[0].token))
    say(f"ledger differs from stock at {ledger.differences().height} places")


def _size_mb(database: str) -> float:
    from django.conf import settings
    from django.db import connection

    if database == "sqlite":
        return sum(path.stat().st_size for path in Path(settings.CONFIG.data_folder).glob("skuwise.sqlite3*")) / 1024**2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return float(cursor.fetchone()[0]) / 1024**2


if __name__ == "__main__":
    sys.exit(main())
