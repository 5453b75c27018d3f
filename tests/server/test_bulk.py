"""Frames into the database and back, the same on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from django.db import IntegrityError, transaction

from skuwise.server import bulk
from skuwise.server.sales.models import OrderLine
from skuwise.server.stock.models import StockMovement

pytestmark = pytest.mark.django_db

LINES = pl.DataFrame(
    {
        "line_key": [bytes([n]) * 16 for n in (1, 2, 3)],
        "date": [date(2026, 1, 1), date(2026, 1, 2), date(1999, 12, 31)],
        "sku_id": ['quo"te, comma', "new\nline", "\\N"],
        "units": [1, -2, 2**53 + 1],
        "location_id": ["", "Füße 🧦", "MAIN"],
        "channel_id": ["web", None, ""],
        "order_id": [None, "=1+1", "'"],
        "line_id": [None, None, "1"],
        "kind": ["sale", "return", "sale"],
        "unit_price_minor": [None, 0, -5],
        "requested_units": [None, None, 7],
        "batch_id": [1, 1, None],
    }
)
SCHEMA = {"date": pl.Date, "unit_price_minor": pl.Int64, "requested_units": pl.Int64, "batch_id": pl.Int64}


def _stored() -> pl.DataFrame:
    names = ", ".join(LINES.columns)
    return bulk.read(f"SELECT {names} FROM sales_orderline ORDER BY line_key", schema={**dict(LINES.schema), **SCHEMA})


def test_what_goes_in_comes_out_with_every_odd_character_and_every_null() -> None:
    assert bulk.insert(OrderLine, LINES) == 3
    assert _stored().equals(LINES)
    line = OrderLine.objects.get(order_id="=1+1")
    assert (line.date, line.units, line.channel_id, line.location_id) == (date(2026, 1, 2), -2, None, "Füße 🧦")


def test_an_upsert_changes_what_is_there_and_adds_what_is_not() -> None:
    bulk.insert(OrderLine, LINES.head(2))
    changed = LINES.with_columns(units=pl.col("units") + 1)
    bulk.upsert(OrderLine, changed, ["line_key"])
    assert _stored().equals(changed)
    bulk.upsert(OrderLine, LINES, ["line_key"], update=[])
    assert _stored().equals(changed), "with nothing to update, what is there stays"


def test_a_taken_key_is_refused_and_an_empty_frame_does_nothing() -> None:
    bulk.insert(OrderLine, LINES)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(OrderLine, LINES)
    assert bulk.insert(OrderLine, LINES.clear()) == 0
    assert bulk.read("SELECT line_key, units FROM sales_orderline WHERE units = %s", [12345]).columns == [
        "line_key",
        "units",
    ]


def test_times_keep_their_microseconds_and_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_ROWS", 2)
    at = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
    frame = pl.DataFrame({"key": ["a", "b", "c"], "units": [1, 2, 3]}).with_columns(
        at=pl.lit(at), day=pl.lit(at.date()), sku_id=pl.lit("S"), location_id=pl.lit("M"), state=pl.lit("on_hand"),
        kind=pl.lit("count"), reference=pl.lit(""), actor=pl.lit("x"), reason=pl.lit(""),
    )  # fmt: skip
    told: list[tuple[int, int]] = []
    bulk.insert(StockMovement, frame, lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]
    assert {movement.at for movement in StockMovement.objects.all()} == {at}
    read = bulk.read("SELECT at FROM stock_stockmovement", schema={"at": pl.Datetime("us", "UTC")})
    assert read["at"].to_list() == [at] * 3
