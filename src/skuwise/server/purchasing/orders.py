"""Purchase orders: read, change lines, approve, send, close, cancel. A change says from which version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.catalog.models import Sku, SupplyTerms
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.purchasing.models import OrderState, PurchaseOrder, PurchaseOrderBrand, PurchaseOrderLine
from skuwise.server.stock import ledger
from skuwise.server.stock.ledger import Movement
from skuwise.server.stock.models import MovementKind, StockMovement, StockState

UNITS_MAX = 2**40


def visible(actor: Actor, permission: str = "look") -> QuerySet[PurchaseOrder]:
    """The orders whose brands are all among the actor's."""
    rows = PurchaseOrder.objects.all()
    if not actor.may(permission):
        return rows.none()
    brands = actor.brands(permission)
    if brands is None:
        return rows
    foreign = PurchaseOrderBrand.objects.filter(order=OuterRef("pk")).exclude(brand__in=brands)
    return rows.filter(~Exists(foreign))


def get(actor: Actor, number: str, permission: str = "look") -> PurchaseOrder:
    """One order by its number. Raises ``NotFoundError`` where there is none, or none that the actor may see."""
    order = visible(actor, permission).filter(number=number).first()
    if order is None:
        if permission != "look":
            get(actor, number)
            actor.require(permission)
        raise NotFoundError("PO-UNKNOWN", f"there is no order {number}", "look at the list of orders")
    return order


def locked(actor: Actor, number: str, version: int | None, permission: str, states: Iterable[str]) -> PurchaseOrder:
    """The order under lock, as it was read. Raises ``ConflictError`` where it is no longer so."""
    get(actor, number, permission)
    order = PurchaseOrder.objects.select_for_update().get(number=number)
    if version is not None and order.version != version:
        raise ConflictError(
            "PO-CHANGED",
            f"{number} was changed by somebody else: it is at version {order.version}, this was made from {version}",
            "look at it again and decide anew",
            version=order.version,
            state=order.state,
        )
    if order.state not in set(states):
        raise ConflictError(
            "PO-STATE",
            f"{number} is {order.state.replace('_', ' ')}",
            f"this can be done while it is {' or '.join(state.replace('_', ' ') for state in states)}",
            version=order.version,
            state=order.state,
        )
    return order


def change_lines(
    actor: Actor,
    number: str,
    version: int,
    units: Mapping[str, int],
    reason: str = "",
    *,
    expected_on: date | None = None,
) -> PurchaseOrder:
    """Set the units of SKUs of a draft; zero takes a line out, a SKU that is not there is added."""
    with transaction.atomic():
        order = locked(actor, number, version, "buy", [OrderState.DRAFT])
        before = {line.sku_id: line.units for line in order.lines.all() if line.sku_id in units}
        _check_units(units)
        _set_lines(actor, order, units)
        if expected_on is not None:
            order.expected_on = expected_on
        totals(order)
        saved(order)
        after = {sku: count for sku, count in units.items() if count}
        record(actor, "order.changed", "order", number, before=before, after=after, reason=reason)
        move_planned(actor, order, f"version-{order.version}")
    return order


def approve(actor: Actor, number: str, version: int | None = None) -> PurchaseOrder:
    """Approve a draft. Above the shop's limit it takes a second approver, who is another person than the first."""
    with transaction.atomic():
        order = locked(actor, number, version, "approve", [OrderState.DRAFT])
        if not order.line_count:
            raise RefusedError("PO-EMPTY", f"{number} has no lines", "add lines or cancel it")
        limit = shop_settings().order_value_minor_second_approval
        above = limit is not None and order.value_minor > limit
        now = timezone.now()
        if above and not order.approved_by:
            order.approved_by, order.approved_at = actor.name, now
            action, after = "order.approved_first", {"waits_for": "a second approval"}
        else:
            if above and order.approved_by == actor.name:
                raise RefusedError(
                    "PO-SECOND-APPROVER", f"{number} needs a second approval by another person", "ask another approver"
                )
            if above:
                order.second_approved_by, order.second_approved_at = actor.name, now
            else:
                order.approved_by, order.approved_at = actor.name, now
            order.state = OrderState.APPROVED
            action, after = "order.approved", {"state": OrderState.APPROVED, "value_minor": order.value_minor}
        saved(order)
        record(actor, action, "order", number, before={"state": OrderState.DRAFT}, after=after)
    return order


def withdraw_approval(actor: Actor, number: str, version: int | None, reason: str) -> PurchaseOrder:
    """Back to a draft, while the order has not been sent."""
    with transaction.atomic():
        order = locked(actor, number, version, "approve", [OrderState.APPROVED])
        order.state = OrderState.DRAFT
        order.approved_by = order.second_approved_by = ""
        order.approved_at = order.second_approved_at = None
        order.created_at = timezone.now()  # a draft counts as on order from when it became one
        saved(order)
        record(
            actor, "order.approval_withdrawn", "order", number,
            before={"state": OrderState.APPROVED}, after={"state": OrderState.DRAFT}, reason=reason,
        )  # fmt: skip
    return order


def send(actor: Actor, number: str, version: int | None = None, how: str = "") -> PurchaseOrder:
    """Mark an approved order as sent; ``how`` says by which way (mail, portal, file)."""
    with transaction.atomic():
        order = locked(actor, number, version, "buy", [OrderState.APPROVED])
        order.state, order.sent_by, order.sent_at = OrderState.SENT, actor.name, timezone.now()
        saved(order)
        record(
            actor, "order.sent", "order", number,
            before={"state": OrderState.APPROVED}, after={"state": OrderState.SENT, "how": how},
        )  # fmt: skip
    return order


def mark_shipped(
    actor: Actor, number: str, version: int | None = None, expected_on: date | None = None
) -> PurchaseOrder:
    """The supplier has sent the goods: what was planned inbound is on its way."""
    with transaction.atomic():
        order = locked(actor, number, version, "buy", [OrderState.SENT, OrderState.PARTLY_RECEIVED])
        if order.shipped_at is not None:
            return order
        order.shipped_at = timezone.now()
        order.expected_on = expected_on or order.expected_on
        saved(order)
        moves = []
        for line in order.lines.all():
            moves += _inbound(order, line.sku_id, StockState.INBOUND_PLANNED, -line.due_units, "shipped-from")
            moves += _inbound(order, line.sku_id, StockState.INBOUND_SHIPPED, line.due_units, "shipped-to")
        ledger.post(actor, moves)
        record(actor, "order.shipped", "order", number, after={"expected_on": order.expected_on})
    return order


def cancel(actor: Actor, number: str, version: int | None, reason: str) -> PurchaseOrder:
    """Cancel an order of which nothing has arrived; its proposals are open again."""
    states = [OrderState.DRAFT, OrderState.APPROVED, OrderState.SENT]
    return _ended(actor, number, version, states, OrderState.CANCELLED, "order.cancelled", reason)


def close(actor: Actor, number: str, version: int | None, reason: str) -> PurchaseOrder:
    """Close an order short: what has not arrived is no longer expected."""
    states = [OrderState.SENT, OrderState.PARTLY_RECEIVED]
    return _ended(actor, number, version, states, OrderState.CLOSED, "order.closed", reason)


def move_planned(actor: Actor, order: PurchaseOrder, step: str) -> None:
    """Bring what the ledger holds as planned inbound of a draft to what its lines say."""
    prefix = f"po:{order.number}:"
    booked: dict[str, int] = {}
    rows = StockMovement.objects.filter(reference=order.number, state=StockState.INBOUND_PLANNED)
    for sku, units in rows.values_list("sku_id", "units"):
        booked[sku] = booked.get(sku, 0) + units
    wanted = {line.sku_id: line.units for line in order.lines.all()}
    moves = []
    for sku in sorted(booked.keys() | wanted.keys()):
        difference = wanted.get(sku, 0) - booked.get(sku, 0)
        key = f"{prefix}{step}:{sku}"
        moves.append(_movement(order, sku, StockState.INBOUND_PLANNED, difference, key))
    ledger.post(actor, moves)


def saved(order: PurchaseOrder) -> None:
    """Write the order as a new version."""
    order.version += 1
    order.save()


def totals(order: PurchaseOrder) -> None:
    """Bring the order's sums and brands to those of its lines."""
    lines = list(order.lines.all())
    order.line_count = len(lines)
    order.ordered_units = sum(line.units for line in lines)
    order.value_minor = sum(line.units * (line.unit_cost_minor or 0) for line in lines)
    sizes = {
        sku: (volume, weight)
        for sku, volume, weight in Sku.objects.filter(sku_id__in=[line.sku_id for line in lines]).values_list(
            "sku_id", "volume_litres", "weight_kg"
        )
    }
    order.volume_litres = _sum_known(
        line.units * size for line in lines if (size := sizes.get(line.sku_id, (None, None))[0])
    )
    order.weight_kg = _sum_known(
        line.units * size for line in lines if (size := sizes.get(line.sku_id, (None, None))[1])
    )
    PurchaseOrderBrand.objects.filter(order=order).delete()
    PurchaseOrderBrand.objects.bulk_create(
        [PurchaseOrderBrand(order=order, brand=brand) for brand in sorted({line.brand for line in lines})]
    )


def _sum_known(sizes: Iterable[float]) -> float | None:
    every = list(sizes)
    return sum(every) if every else None


def _check_units(units: Mapping[str, int]) -> None:
    for sku, count in units.items():
        if not 0 <= count <= UNITS_MAX:
            raise RefusedError("PO-UNITS", f"{count} units of {sku}", "give a whole number, zero to take the line out")


def _set_lines(actor: Actor, order: PurchaseOrder, units: Mapping[str, int]) -> None:
    there = {line.sku_id: line for line in order.lines.all()}
    known = {sku.sku_id: sku for sku in Sku.objects.filter(sku_id__in=[sku for sku in units if sku not in there])}
    for sku, count in units.items():
        line = there.get(sku)
        if line is None and count:
            if sku not in known or not actor.may("buy", brand=known[sku].brand or ""):
                raise NotFoundError("PO-SKU", f"there is no SKU {sku!r}", "look it up in the catalogue")
            PurchaseOrderLine.objects.create(
                order=order,
                sku_id=sku,
                brand=known[sku].brand or "",
                units=count,
                unit_cost_minor=_cost(order, known[sku]),
            )
        elif line is not None and count:
            line.units = count
            line.save(update_fields=["units"])
        elif line is not None:
            line.delete()


def _cost(order: PurchaseOrder, sku: Sku) -> int | None:
    terms = SupplyTerms.objects.filter(sku_id=sku.sku_id, supplier_id=order.supplier_id).exclude(unit_cost_minor=None)
    first = terms.filter(location_id__in=[order.location_id, ""]).order_by("-location_id").first()
    return first.unit_cost_minor if first else sku.unit_cost_minor


def _ended(
    actor: Actor, number: str, version: int | None, states: list[str], to: str, action: str, reason: str
) -> PurchaseOrder:
    with transaction.atomic():
        order = locked(actor, number, version, "buy", states)
        if not reason.strip():
            raise RefusedError("PO-REASON", "this needs a reason", "say why in a sentence")
        before = order.state
        state = StockState.INBOUND_SHIPPED if order.shipped_at else StockState.INBOUND_PLANNED
        moves = []
        for line in order.lines.all():
            due = line.due_units
            moves += _inbound(order, line.sku_id, state, -due, "ended")
            line.cancelled_units += due
            line.proposal = None if to == OrderState.CANCELLED else line.proposal
            line.save(update_fields=["cancelled_units", "proposal"])
        ledger.post(actor, moves)
        order.state, order.ended_at = to, timezone.now()
        saved(order)
        record(actor, action, "order", number, before={"state": before}, after={"state": to}, reason=reason)
    return order


def _inbound(order: PurchaseOrder, sku: str, state: str, units: int, step: str) -> list[Movement]:
    return [_movement(order, sku, state, units, f"po:{order.number}:{step}:{sku}")]


def _movement(order: PurchaseOrder, sku: str, state: str, units: int, key: str) -> Movement:
    return Movement(
        sku_id=sku,
        location_id=order.location_id,
        state=state,
        units=units,
        kind=MovementKind.ORDER,
        key=ledger.fitted_key(key),
        reference=order.number,
    )


def as_told(order: PurchaseOrder) -> dict[str, Any]:
    """The order with its lines, as a record."""
    lines = [
        {
            "sku_id": line.sku_id,
            "brand": line.brand,
            "units": line.units,
            "received_units": line.received_units,
            "damaged_units": line.damaged_units,
            "cancelled_units": line.cancelled_units,
            "due_units": line.due_units,
            "unit_cost_minor": line.unit_cost_minor,
        }
        for line in order.lines.order_by("sku_id")
    ]
    shown = {
        field.name: getattr(order, field.name) for field in PurchaseOrder._meta.fields if field.name not in ("id",)
    }
    return {**shown, "lines": lines}
