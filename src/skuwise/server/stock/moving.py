"""Stock moved by hand: adjustments and transfers; what lies where; and the count that is kept of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import Happened, record_all
from skuwise.server.catalog.models import Sku
from skuwise.server.errors import NotFoundError, RefusedError
from skuwise.server.jobs.handlers import duty
from skuwise.server.operations.previews import ROWS_SHOWN, Action, Effect, Parameters, register
from skuwise.server.stock import ledger
from skuwise.server.stock.ledger import Movement
from skuwise.server.stock.models import MovementKind, StockLevel, StockMovement, StockState

ROWS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Moved:
    """Units of a SKU found or lost in a state at a location, or carried to another (``to_location_id``)."""

    key: str
    sku_id: str
    location_id: str
    units: int
    reason: str
    state: str = StockState.ON_HAND
    to_location_id: str = ""


def move(actor: Actor, moves: Sequence[Moved]) -> int:
    """Post adjustments and transfers, all of them or none, each once by its key; returns how many were new."""
    if not 1 <= len(moves) <= ROWS_MAX:
        raise RefusedError("LED-COUNT-OF-ROWS", f"{len(moves)} movements at once", f"give between 1 and {ROWS_MAX:,}")
    brands = _brands({one.sku_id for one in moves})
    for one in moves:
        if one.sku_id not in brands or not actor.may("look", brand=brands[one.sku_id]):
            raise NotFoundError("LED-SKU", f"there is no SKU {one.sku_id!r}", "look it up in the catalogue")
        actor.require("buy", brand=brands[one.sku_id])
        _check(one)
    with transaction.atomic():
        new = ledger.post(actor, [movement for one in moves for movement in _movements(one)])
        if new:
            record_all(
                actor, "stock.moved", "stock",
                (
                    Happened(
                        f"{one.sku_id} / {one.location_id}", None,
                        {"state": one.state, "units": one.units, "to": one.to_location_id, "key": one.key},
                        one.reason, brands[one.sku_id],
                    )
                    for one in moves
                ),
            )  # fmt: skip
    return new


def levels(actor: Actor) -> QuerySet[StockLevel]:
    """Levels of the actor's brands."""
    return _of_brands(actor, StockLevel.objects.all())


def movements(actor: Actor) -> QuerySet[StockMovement]:
    """Movements of the actor's brands."""
    return _of_brands(actor, StockMovement.objects.all())


def view(actor: Actor, sku_id: str) -> list[dict[str, Any]]:
    """What lies where of a SKU, by location: each state, and what is available (on hand less committed)."""
    by_place: dict[str, dict[str, Any]] = {}
    for level in levels(actor).filter(sku_id=sku_id).order_by("location_id"):
        place = by_place.setdefault(
            level.location_id, {"location_id": level.location_id, **dict.fromkeys(StockState.values, 0)}
        )
        place[level.state] = level.units
    for place in by_place.values():
        place["available"] = place[StockState.ON_HAND] - place[StockState.COMMITTED]
    return list(by_place.values())


@duty("daily stock", timedelta(hours=1))
def keep_daily_stock(now: datetime) -> None:
    """Keep what lay there at the end of yesterday, for whatever moved since its last count."""
    take_daily_snapshot(timezone.localdate(now) - timedelta(days=1))


def take_daily_snapshot(day: date) -> int:
    """Write the levels as of the end of a day where something moved on it and no count says otherwise."""
    text: Any = day if connection.vendor == "postgresql" else str(day)
    columns = {
        "on_hand_units": "on_hand",
        "reserved_units": "committed",
        "backlog_units": "backlog",
        "unsellable_units": "unsellable",
    }
    sums = ", ".join(f"SUM(CASE WHEN m.state = '{state}' THEN m.units ELSE 0 END)" for state in columns.values())
    # Everything that happened up to the day, of the items that moved on it.
    statement = (
        f"INSERT INTO stock_stocksnapshot (sku_id, location_id, date, {', '.join(columns)}) "
        f"SELECT m.sku_id, m.location_id, {_as_date()}, {sums} FROM stock_stockmovement AS m "
        "JOIN (SELECT DISTINCT sku_id, location_id FROM stock_stockmovement "
        "WHERE day = %s) AS t "
        "ON t.sku_id = m.sku_id AND t.location_id = m.location_id "
        "WHERE m.day <= %s GROUP BY m.sku_id, m.location_id ON CONFLICT (sku_id, location_id, date) DO NOTHING"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [text] * 3)
        return int(cursor.rowcount)


def _as_date() -> str:
    return "CAST(%s AS date)" if connection.vendor == "postgresql" else "%s"


def _check(one: Moved) -> None:
    if not one.units or abs(one.units) > 2**40:
        raise RefusedError("LED-UNITS", f"{one.units} units of {one.sku_id}", "give a whole number that is not zero")
    if not one.reason.strip():
        raise RefusedError("LED-REASON", "a movement by hand needs a reason", "say why in a sentence")
    if one.state not in (StockState.ON_HAND, StockState.UNSELLABLE, StockState.COMMITTED):
        raise RefusedError("LED-STATE", f"{one.state!r} is not moved by hand", "change the order instead")
    if one.to_location_id and (one.units < 0 or one.to_location_id == one.location_id):
        raise RefusedError(
            "LED-TRANSFER", "a transfer carries units to another location", "name it and give units above zero"
        )


def _movements(one: Moved) -> list[Movement]:
    if not one.to_location_id:
        key = ledger.fitted_key(f"hand:{one.key}")
        return [
            Movement(
                one.sku_id,
                one.location_id,
                one.state,
                one.units,
                MovementKind.ADJUSTMENT,
                key,
                None,
                one.key[:200],
                one.reason,
            )
        ]
    return [
        Movement(
            one.sku_id, location, one.state, units, MovementKind.TRANSFER,
            ledger.fitted_key(f"hand:{one.key}:{part}"), None, one.key[:200], one.reason,
        )
        for location, units, part in ((one.location_id, -one.units, "from"), (one.to_location_id, one.units, "to"))
    ]  # fmt: skip


def _brands(skus: set[str]) -> dict[str, str]:
    return {
        sku: brand or "" for sku, brand in Sku.objects.filter(sku_id__in=sorted(skus)).values_list("sku_id", "brand")
    }


def _of_brands(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    brands = actor.brands()
    if not actor.may("look"):
        return rows.none()
    return rows if brands is None else rows.filter(sku_id__in=Sku.objects.filter(brand__in=brands).values("sku_id"))


def _asked(parameters: Parameters) -> list[Moved]:
    try:
        return [Moved(**{**row, "units": int(row["units"])}) for row in parameters.get("rows", [])]
    except (TypeError, KeyError, ValueError) as error:
        raise RefusedError(
            "LED-ROW", f"a movement cannot be read: {error}", "name key, SKU, location, units, reason"
        ) from error


def _look(actor: Actor, parameters: Parameters) -> Effect:
    """What would lie there afterwards."""
    moves = _asked(parameters)
    before = {(one.sku_id, place["location_id"]): place for one in moves for place in view(actor, one.sku_id)}
    rows = [
        {
            "sku_id": one.sku_id,
            "location_id": one.location_id,
            "state": one.state,
            "units": one.units,
            "to_location_id": one.to_location_id,
            "there_now": before.get((one.sku_id, one.location_id), {}).get(one.state, 0),
        }
        for one in moves
    ]
    told = f"{len(moves):,} movement{'' if len(moves) == 1 else 's'} of {len({one.sku_id for one in moves}):,} SKUs"
    return Effect(told, {"movements": len(moves)}, rows=rows[:ROWS_SHOWN], fingerprint_of=rows)


register(
    Action(
        "stock.move", "moving stock", "buy", _look, lambda actor, parameters: {"moved": move(actor, _asked(parameters))}
    )
)
