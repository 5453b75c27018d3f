"""The ledger of stock: every unit that comes, goes or is promised is a movement; levels are their sum.

Nothing is ever changed or deleted. A movement has a key and happens once, however often it is asked for. What a person
or a program moves may not take a level below nothing; what a count says holds whatever it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from skuwise.server import bulk
from skuwise.server.accounts.actor import Actor
from skuwise.server.errors import ConflictError
from skuwise.server.stock.models import MovementKind, StockLevel, StockMovement, StockState

#: Names that fit into one statement on either database.
NAMES_PER_QUERY = 400
ITEM = ["sku_id", "location_id"]
#: Columns of the contract's ``stock`` table and the state that each counts.
COUNTED = {
    "on_hand_units": StockState.ON_HAND,
    "reserved_units": StockState.COMMITTED,
    "backlog_units": StockState.BACKLOG,
    "unsellable_units": StockState.UNSELLABLE,
}
#: Movements that follow another: these may not invent units that are not there.
NEVER_BELOW_NOTHING = frozenset(
    {MovementKind.RECEIPT, MovementKind.ORDER, MovementKind.TRANSFER, MovementKind.ADJUSTMENT}
)

Place = tuple[str, str, str]
PLACE_TYPES = {"sku_id": pl.String, "location_id": pl.String, "state": pl.String}


@dataclass(frozen=True, slots=True)
class Movement:
    """So many units more (or fewer) of a SKU at a location in a state. ``key`` names the movement for ever."""

    sku_id: str
    location_id: str
    state: str
    units: int
    kind: str
    key: str
    day: date | None = None
    reference: str = ""
    reason: str = ""
    batch_id: int | None = None

    @property
    def place(self) -> Place:
        return self.sku_id, self.location_id, self.state


def post(actor: Actor, movements: Iterable[Movement]) -> int:
    """Write the movements that are new and move the levels; returns how many were new. All of them or none.

    The caller has asked what the actor may. Levels are locked in one order, so that two at once wait and never lock
    each other out. Raises ``ConflictError`` ``LED-BELOW-NOTHING`` where a level would fall below zero.
    """
    asked = _by_key(movements)
    if not asked:
        return 0
    with transaction.atomic():
        levels = _locked({movement.place for movement in asked.values()})
        new = [asked[key] for key in sorted(asked.keys() - _known(asked))]
        moved: dict[Place, int] = defaultdict(int)
        careful: set[Place] = set()
        for movement in new:
            moved[movement.place] += movement.units
            if movement.kind in NEVER_BELOW_NOTHING:
                careful.add(movement.place)
        _refuse_below_nothing(levels, moved, careful)
        now = timezone.now()
        StockMovement.objects.bulk_create([_row(actor, movement, now) for movement in new], batch_size=NAMES_PER_QUERY)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {bulk.table_of(StockLevel)} SET units = units + %s, updated_at = %s WHERE id = %s",
                [(moved[place], now, levels[place].pk) for place in sorted(moved)],
            )
    return len(new)


def count(actor: Actor, batch_id: int | None, counts: pl.DataFrame, reference: str = "") -> int:
    """Bring the ledger to what was counted: one movement per item and state that differs; returns how many.

    ``counts`` holds ``sku_id``, ``location_id``, ``date`` and some of the columns of ``COUNTED``, one row an item: what
    lay there at the end of the day. Movements of later days stand beside it: they were not yet in the count.
    """
    columns = {name: state for name, state in COUNTED.items() if name in counts.columns}
    told = counts.select(*ITEM, "date", *columns).unpivot(list(columns), index=[*ITEM, "date"], value_name="counted")
    told = told.with_columns(state=pl.col("variable").replace_strict({k: str(v) for k, v in columns.items()})).drop(
        "variable"
    )
    with transaction.atomic():
        _lock_all()
        differing = (
            told.join(levels_frame(), on=[*ITEM, "state"], how="left")
            .join(_after(told["date"].min()), on=[*ITEM, "state"], how="left")
            .pipe(_less_what_came_later)
            .filter(pl.col("units") != 0)
        )
        if differing.is_empty():
            return 0
        tag = f"count:{batch_id}" if batch_id is not None else f"count:{reference or timezone.now().isoformat()}"
        rows = differing.select(
            *ITEM, "state", "units", day="date", kind=pl.lit(str(MovementKind.COUNT)), reference=pl.lit(reference),
            actor=pl.lit(actor.name), reason=pl.lit(""), at=pl.lit(timezone.now()),
            batch_id=pl.lit(batch_id, dtype=pl.Int64),
            key=pl.concat_str(pl.lit(tag), *ITEM, "state", separator=":").map_elements(
                fitted_key, return_dtype=pl.String
            ),
        )  # fmt: skip
        bulk.insert(StockMovement, rows)
        _add_to_levels(rows)
    return rows.height


def reverse(actor: Actor, batch_id: int, reason: str) -> int:
    """Take back every movement of an import; returns how many. Twice is once."""
    with transaction.atomic():
        _lock_all()
        back = bulk.read(
            "SELECT id, sku_id, location_id, state, -units AS units FROM stock_stockmovement WHERE batch_id = %s "
            "AND kind <> 'reversal' AND NOT EXISTS (SELECT 1 FROM stock_stockmovement AS back "
            "WHERE back.batch_id = %s AND back.kind = 'reversal')",
            [batch_id, batch_id],
            schema={
                "id": pl.Int64,
                "sku_id": pl.String,
                "location_id": pl.String,
                "state": pl.String,
                "units": pl.Int64,
            },
        )
        rows = back.select(
            *ITEM, "state", "units", day=pl.lit(timezone.localdate()), kind=pl.lit(str(MovementKind.REVERSAL)),
            reference=pl.lit(f"import {batch_id}"), actor=pl.lit(actor.name), reason=pl.lit(reason),
            at=pl.lit(timezone.now()), batch_id=pl.lit(batch_id, dtype=pl.Int64),
            key=pl.concat_str(pl.lit("reversal:"), pl.col("id").cast(pl.String)),
        )  # fmt: skip
        bulk.insert(StockMovement, rows)
        _add_to_levels(rows)
    return rows.height


def differences() -> pl.DataFrame:
    """Where a level is not the sum of its movements: the place, ``level_units``, ``ledger_units``. Empty is right."""
    return bulk.read(
        "SELECT sku_id, location_id, state, SUM(level_units) AS level_units, SUM(ledger_units) AS ledger_units FROM ("
        "SELECT sku_id, location_id, state, units AS level_units, 0 AS ledger_units FROM stock_stocklevel UNION ALL "
        "SELECT sku_id, location_id, state, 0, units FROM stock_stockmovement) AS both_sides "
        "GROUP BY sku_id, location_id, state HAVING SUM(level_units) <> SUM(ledger_units) ORDER BY 1, 2, 3",
        schema={**PLACE_TYPES, "level_units": pl.Int64, "ledger_units": pl.Int64},
    )


def levels_frame() -> pl.DataFrame:
    """Every level: ``sku_id, location_id, state, units``."""
    return bulk.read(
        "SELECT sku_id, location_id, state, units FROM stock_stocklevel",
        schema={**PLACE_TYPES, "units": pl.Int64},
    )


def _by_key(movements: Iterable[Movement]) -> dict[str, Movement]:
    asked: dict[str, Movement] = {}
    for movement in movements:
        if asked.setdefault(movement.key, movement) != movement:
            raise ValueError(f"two different movements share the key {movement.key!r}")
    return {key: movement for key, movement in asked.items() if movement.units}


def _locked(places: set[Place]) -> dict[Place, StockLevel]:
    ordered = sorted(places)
    StockLevel.objects.bulk_create(
        [StockLevel(sku_id=sku, location_id=location, state=state) for sku, location, state in ordered],
        ignore_conflicts=True,
        batch_size=NAMES_PER_QUERY,
    )
    found: dict[Place, StockLevel] = {}
    for part in _parts(ordered):
        wanted = set(part)
        skus = {sku for sku, _, _ in part}
        rows = StockLevel.objects.filter(Q(sku_id__in=skus)).order_by("sku_id", "location_id", "state")
        for level in rows.select_for_update():
            place = level.sku_id, level.location_id, level.state
            if place in wanted:
                found[place] = level
    return found


def _lock_all() -> None:
    """Counts touch everything: others who post wait, those who read do not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE stock_stocklevel IN SHARE ROW EXCLUSIVE MODE")


def _known(keys: Iterable[str]) -> set[str]:
    return {
        key
        for part in _parts(sorted(keys))
        for key in StockMovement.objects.filter(key__in=part).values_list("key", flat=True)
    }


def _refuse_below_nothing(levels: dict[Place, StockLevel], moved: dict[Place, int], careful: set[Place]) -> None:
    short = [place for place in sorted(careful) if levels[place].units + moved[place] < 0 and moved[place] < 0]
    if not short:
        return
    sku, location, state = short[0]
    more = f" and {len(short) - 1} more" if len(short) > 1 else ""
    raise ConflictError(
        "LED-BELOW-NOTHING",
        f"{sku} at {location} has {levels[short[0]].units} units {state.replace('_', ' ')}: "
        f"{-moved[short[0]]} cannot be taken{more}",
        "count what lies there first, or take fewer",
        places=[list(place) for place in short[:100]],
    )


def _row(actor: Actor, movement: Movement, now: object) -> StockMovement:
    return StockMovement(
        at=now,
        day=movement.day or timezone.localdate(),
        sku_id=movement.sku_id,
        location_id=movement.location_id,
        state=movement.state,
        units=movement.units,
        kind=movement.kind,
        reference=movement.reference,
        actor=actor.name,
        reason=movement.reason,
        key=movement.key,
        batch_id=movement.batch_id,
    )


def _after(first: object) -> pl.DataFrame:
    """Movements of days after the earliest count, but counts: ``…, day, later_units``."""
    return bulk.read(
        "SELECT sku_id, location_id, state, day, units AS later_units FROM stock_stockmovement "
        "WHERE day > %s AND kind <> 'count'",
        [first if connection.vendor == "postgresql" else str(first)],
        schema={**PLACE_TYPES, "day": pl.Date, "later_units": pl.Int64},
    )


def _less_what_came_later(joined: pl.DataFrame) -> pl.DataFrame:
    later = pl.when(pl.col("day") > pl.col("date")).then(pl.col("later_units")).otherwise(0)
    return joined.group_by(*ITEM, "state", "date", maintain_order=True).agg(
        units=pl.col("counted").first() - pl.col("units").first().fill_null(0) + later.sum()
    )


def _add_to_levels(rows: pl.DataFrame) -> None:
    """Levels after a bulk of movements: read, added and written back under the lock of the whole table."""
    moved = rows.group_by(*ITEM, "state", maintain_order=True).agg(pl.col("units").sum())
    then = moved.join(levels_frame(), on=[*ITEM, "state"], how="left", suffix="_before").select(
        *ITEM, "state", units=pl.col("units") + pl.col("units_before").fill_null(0), updated_at=pl.lit(timezone.now())
    )
    bulk.upsert(StockLevel, then, [*ITEM, "state"])


def fitted_key(key: str) -> str:
    """A key that fits its column: long names become their hash."""
    import hashlib

    return (
        key if len(key) <= StockMovement._meta.get_field("key").max_length else hashlib.sha256(key.encode()).hexdigest()
    )


def _parts(names: Sequence[Place] | Sequence[str]) -> list[list]:  # type: ignore[type-arg]
    return [list(names[start : start + NAMES_PER_QUERY]) for start in range(0, len(names), NAMES_PER_QUERY)]
