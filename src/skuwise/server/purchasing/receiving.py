"""Goods at the door: what arrived of an order becomes stock, history of lead times, and the supplier's record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.purchasing.models import OrderState, PurchaseOrder, PurchaseOrderLine, ReceiptPosting
from skuwise.server.purchasing.orders import UNITS_MAX, get, locked, saved
from skuwise.server.stock import ledger
from skuwise.server.stock.ledger import Movement
from skuwise.server.stock.models import MovementKind, Receipt, StockMovement, StockState

RECEIVABLE = (OrderState.SENT, OrderState.PARTLY_RECEIVED)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Units of a SKU at the door: good ones, and damaged ones, which go to the unsellable."""

    units: int
    damaged_units: int = 0


def receive(
    actor: Actor,
    number: str,
    key: str,
    arrived: Mapping[str, Arrived],
    *,
    version: int | None = None,
    received_on: date | None = None,
    note: str = "",
) -> PurchaseOrder:
    """Post a delivery. ``key`` names it: posted again it changes nothing.

    More than was due needs a note that says so. Raises ``ConflictError`` where the order is not as it was read.
    """
    day = received_on or timezone.localdate()
    with transaction.atomic():
        known = ReceiptPosting.objects.filter(order__number=number, key=key).first()
        if known is not None:
            get(actor, number, "buy")
            _refuse_other_content(known, arrived)
            return known.order
        order = locked(actor, number, version, "buy", RECEIVABLE)
        lines = _checked(order, arrived, day, note)
        moves: list[Movement] = []
        for line, some in lines:
            moves += _movements(order, line, some, key, day)
            line.received_units += some.units
            line.damaged_units += some.damaged_units
            line.save(update_fields=["received_units", "damaged_units"])
        ledger.post(actor, moves)
        _write_receipts(order, lines, key, day)
        told = {line.sku_id: [some.units, some.damaged_units] for line, some in lines}
        ReceiptPosting.objects.create(
            order=order, key=key, received_on=day, lines=told, posted_by=actor.name, posted_at=timezone.now(), note=note
        )
        before = order.state
        everything = all(line.due_units == 0 for line in order.lines.all())
        order.state = OrderState.CLOSED if everything else OrderState.PARTLY_RECEIVED
        order.ended_at = timezone.now() if everything else None
        order.received_units += sum(some.units for _, some in lines)
        saved(order)
        record(
            actor, "order.received", "order", number,
            before={"state": before}, after={"state": order.state, "lines": told, "received_on": day}, reason=note,
        )  # fmt: skip
    return order


def take_back(actor: Actor, number: str, key: str, reason: str) -> PurchaseOrder:
    """Take back a delivery that was posted wrongly: stock, history and order are as before it."""
    with transaction.atomic():
        order = locked(actor, number, None, "buy", (*RECEIVABLE, OrderState.CLOSED))
        posting = ReceiptPosting.objects.filter(order=order, key=key).first()
        if posting is None:
            raise NotFoundError("PO-NO-RECEIPT", f"{number} has no delivery {key!r}", "look at its deliveries")
        if not reason.strip():
            raise RefusedError("PO-REASON", "this needs a reason", "say why in a sentence")
        rows = list(StockMovement.objects.filter(reference=order.number, key__in=_keys(order, posting)))
        ledger.post(
            actor,
            [
                Movement(
                    row.sku_id, row.location_id, row.state, -row.units, MovementKind.REVERSAL,
                    f"back:{row.pk}", row.day, order.number, reason,
                )
                for row in rows
            ],
        )  # fmt: skip
        for line in order.lines.filter(sku_id__in=posting.lines):
            units, damaged = posting.lines[line.sku_id]
            line.received_units -= units
            line.damaged_units -= damaged
            line.save(update_fields=["received_units", "damaged_units"])
        Receipt.objects.filter(line_key__in=[_line_key(order, sku, key) for sku in posting.lines]).delete()
        order.received_units -= sum(units for units, _ in posting.lines.values())
        order.state, order.ended_at = (OrderState.PARTLY_RECEIVED if order.received_units else OrderState.SENT), None
        posting.key = f"{key[:150]} taken back {posting.pk}"
        posting.save(update_fields=["key"])
        saved(order)
        record(actor, "order.receipt_taken_back", "order", number, before={"lines": posting.lines}, reason=reason)
    return order


def _checked(
    order: PurchaseOrder, arrived: Mapping[str, Arrived], day: date, note: str
) -> list[tuple[PurchaseOrderLine, Arrived]]:
    if not any(some.units or some.damaged_units for some in arrived.values()):
        raise RefusedError("PO-NOTHING-RECEIVED", "no units were received", "give the units of at least one SKU")
    if day > timezone.localdate():
        raise RefusedError("PO-FUTURE", f"{day} has not come yet", "give the day on which the goods arrived")
    there = {line.sku_id: line for line in order.lines.select_for_update()}
    checked = []
    for sku in sorted(arrived):
        some = arrived[sku]
        if sku not in there:
            raise RefusedError("PO-NOT-ON-ORDER", f"{sku} is not on {order.number}", "receive it against its own order")
        if not (0 <= some.units <= UNITS_MAX and 0 <= some.damaged_units <= UNITS_MAX):
            raise RefusedError(
                "PO-UNITS", f"{some.units} and {some.damaged_units} units of {sku}", "give whole numbers"
            )
        if some.units + some.damaged_units > there[sku].due_units and not note.strip():
            raise RefusedError(
                "PO-MORE-THAN-DUE",
                f"{some.units + some.damaged_units} units of {sku} where {there[sku].due_units} are due",
                "correct the units, or say in the note that more came",
            )
        if some.units or some.damaged_units:
            checked.append((there[sku], some))
    return checked


def _refuse_other_content(known: ReceiptPosting, arrived: Mapping[str, Arrived]) -> None:
    said = {sku: [some.units, some.damaged_units] for sku, some in arrived.items() if some.units or some.damaged_units}
    if said != known.lines:
        raise ConflictError(
            "PO-KEY-USED", f"another delivery was posted as {known.key!r}", "give this one a key of its own",
            version=known.order.version,
        )  # fmt: skip


def _movements(order: PurchaseOrder, line: PurchaseOrderLine, some: Arrived, key: str, day: date) -> list[Movement]:
    inbound = StockState.INBOUND_SHIPPED if order.shipped_at else StockState.INBOUND_PLANNED
    came = min(some.units + some.damaged_units, line.due_units)
    parts = (
        (inbound, -came, "inbound"),
        (StockState.ON_HAND, some.units, "good"),
        (StockState.UNSELLABLE, some.damaged_units, "damaged"),
    )
    return [
        Movement(
            line.sku_id, order.location_id, state, units, MovementKind.RECEIPT,
            _movement_key(order, line.sku_id, key, part), day, order.number,
        )
        for state, units, part in parts
    ]  # fmt: skip


def _movement_key(order: PurchaseOrder, sku: str, key: str, part: str) -> str:
    return ledger.fitted_key(f"po:{order.number}:receipt:{key}:{part}:{sku}")


def _keys(order: PurchaseOrder, posting: ReceiptPosting) -> list[str]:
    parts = ("inbound", "good", "damaged")
    return [_movement_key(order, sku, posting.key, part) for sku in posting.lines for part in parts]


def _line_key(order: PurchaseOrder, sku: str, key: str) -> str:
    return hashlib.blake2b(f"po:{order.number}:{key}:{sku}".encode(), digest_size=16).hexdigest()


def _write_receipts(order: PurchaseOrder, lines: list[tuple[PurchaseOrderLine, Arrived]], key: str, day: date) -> None:
    ordered_at = order.approved_at or order.created_at
    Receipt.objects.bulk_create(
        [
            Receipt(
                line_key=_line_key(order, line.sku_id, key),
                sku_id=line.sku_id,
                location_id=order.location_id,
                received_on=day,
                units=some.units + some.damaged_units,
                order_id=order.number,
                supplier_id=order.supplier_id or None,
                ordered_on=min(timezone.localdate(ordered_at), day),
                promised_on=order.expected_on,
                ordered_units=line.units,
                unit_cost_minor=line.unit_cost_minor,
            )
            for line, some in lines
        ],
        batch_size=400,
    )
