"""Catalogue and stock over the API."""

from __future__ import annotations

from typing import Annotated, Any

from django.db import models
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import MaybeName, Name, Text, Whole, endpoint
from skuwise.server.api.lists import list_endpoint
from skuwise.server.catalog.changing import KINDS, put, remove, rows_of
from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.stock.moving import Moved, levels, move, movements, view

router = Router(tags=["catalogue and stock"])

_KIND_OF_FIELD = {
    "CharField": "text", "TextField": "text", "EmailField": "text", "DateField": "day", "DateTimeField": "time",
    "BigIntegerField": "count", "IntegerField": "count", "PositiveIntegerField": "count", "FloatField": "number",
    "BooleanField": "flag",
}  # fmt: skip


def _spec(name: str) -> ListSpec:
    """The list of a kind of the catalogue: every column of its table."""
    kind = KINDS[name]
    columns = tuple(
        Column(
            field.name,
            field.name.replace("_minor", "").replace("_", " ").capitalize(),
            "money" if field.name.endswith("_minor") else _KIND_OF_FIELD[field.get_internal_type()],
            sortable=field.name in kind.key,
            nullable=field.null,
        )
        for field in kind.model._meta.fields
        if field.name in kind.columns
    )
    key = kind.model._meta.pk.name
    return ListSpec(name.replace("-", "_"), columns, kind.key[0], key=key, search=_by_beginning(kind.key[0]))


def _by_beginning(column: str) -> Any:
    def search(rows: models.QuerySet[Any], text: str) -> models.QuerySet[Any]:
        return rows.filter(**{f"{column}__startswith": text})

    return search


def _rows(name: str) -> Any:
    def rows(actor: Actor) -> Any:
        return rows_of(actor, name)

    return rows


for _name in KINDS:
    list_endpoint(
        router, f"/catalogue/{_name}", "look", _spec(_name), _rows(_name),
        f"list_{_name.replace('-', '_')}", f"The {_name.replace('-', ' ')} of the catalogue.",
    )  # fmt: skip

LEVELS = ListSpec(
    "stock_levels",
    (
        Column("id", "Number", "count"),
        Column("sku_id", "SKU", sortable=False),
        Column("location_id", "Location", "choice", sortable=False),
        Column("state", "State", "choice", sortable=False),
        Column("units", "Units", "units", sortable=False),
        Column("updated_at", "Changed", "time", sortable=False),
    ),
    "id",
    search=_by_beginning("sku_id"),
)
MOVEMENTS = ListSpec(
    "stock_movements",
    (
        Column("id", "Number", "count"),
        Column("day", "Day", "day", sortable=False),
        Column("sku_id", "SKU", sortable=False),
        Column("location_id", "Location", "choice", sortable=False),
        Column("state", "State", "choice", sortable=False),
        Column("units", "Units", "units", sortable=False),
        Column("kind", "Kind", "choice", sortable=False),
        Column("reference", "Reference", sortable=False),
        Column("actor", "By", sortable=False),
        Column("reason", "Reason", sortable=False),
    ),
    "-id",
    search=_by_beginning("sku_id"),
)
list_endpoint(router, "/stock/levels", "look", LEVELS, levels, "list_stock_levels", "What lies where, by state.")
list_endpoint(
    router, "/stock/movements", "look", MOVEMENTS, movements, "list_stock_movements", "The ledger, the newest first."
)


class PutRows(Schema):
    """Rows to add or change; each names the key of its kind, and columns that it does not name stay."""

    rows: Annotated[list[dict[Name, Any]], Field(min_length=1, max_length=5000)]
    reason: Text = ""


class Changed(Schema):
    changed: int


class RemoveRow(Schema):
    key: dict[Name, Any]
    reason: Text = ""


class MoveRow(Schema):
    """``key`` names the movement, so that it happens once; with ``to_location_id`` it is a transfer."""

    key: Name
    sku_id: Name
    location_id: Name
    units: Whole
    reason: Text
    state: MaybeName = "on_hand"
    to_location_id: MaybeName = ""


class Moves(Schema):
    rows: Annotated[list[MoveRow], Field(min_length=1, max_length=5000)]


class Place(Schema):
    location_id: str
    on_hand: int
    available: int
    committed: int
    backlog: int
    unsellable: int
    inbound_planned: int
    inbound_shipped: int
    inbound_receiving: int


@endpoint(router, "PUT", "/catalogue/{kind}", "import", Changed)
def put_catalogue_rows(request: HttpRequest, kind: Name, given: PutRows) -> Any:
    """Add or change rows of the catalogue, all of them or none."""
    return {"changed": put(request.actor, kind, given.rows, given.reason)}


@endpoint(router, "POST", "/catalogue/{kind}/remove", "import", Changed)
def remove_catalogue_row(request: HttpRequest, kind: Name, given: RemoveRow) -> Any:
    """Take a row out of the catalogue."""
    remove(request.actor, kind, given.key, given.reason)
    return {"changed": 1}


@endpoint(router, "GET", "/stock/places", "look", list[Place])
def get_stock_of_sku(request: HttpRequest, sku_id: Name) -> Any:
    """What lies where of one SKU."""
    return view(request.actor, sku_id)


@endpoint(router, "POST", "/stock/movements", "buy", Changed)
def post_stock_movements(request: HttpRequest, moves: Moves) -> Any:
    """Adjust stock or carry it to another location."""
    return {"changed": move(request.actor, [Moved(**row.dict()) for row in moves.rows])}
