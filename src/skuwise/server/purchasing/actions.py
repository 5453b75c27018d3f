"""What of purchasing is shown before it is done: drafting, approving, sending, cancelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from skuwise.server.accounts.actor import Actor
from skuwise.server.errors import RefusedError
from skuwise.server.operations.previews import ROWS_SHOWN, Action, Effect, Parameters, register
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing import orders as service
from skuwise.server.purchasing.drafting import Group, Proposal, draft, grouped, open_proposals
from skuwise.server.purchasing.models import OrderState, PurchaseOrder
from skuwise.server.purchasing.receiving import Arrived, receive, take_back

ORDERS_MAX = 5_000


def _proposals(actor: Actor, parameters: Parameters) -> list[Proposal]:
    items = parameters.get("items")
    chosen = None if items is None else [(str(sku), str(location)) for sku, location in items]
    return open_proposals(actor, in_force(), suppliers=parameters.get("suppliers") or (), items=chosen)


def _look_draft(actor: Actor, parameters: Parameters) -> Effect:
    proposals = _proposals(actor, parameters)
    groups = grouped(proposals)
    value = sum(group.value_minor for group in groups)
    short = [group for group in groups if group.missing_minor]
    told = f"{len(groups):,} order{'' if len(groups) == 1 else 's'} with {len(proposals):,} lines"
    if short:
        told += f"; {len(short)} below the supplier's minimum"
    return Effect(
        told,
        counts={"orders": len(groups), "lines": len(proposals), "units": sum(one.units for one in proposals)},
        money_minor=value,
        rows=[_group_told(group) for group in groups[:ROWS_SHOWN]],
        fingerprint_of=[[one.key, one.units] for one in proposals],
    )


def _group_told(group: Group) -> dict[str, Any]:
    return {
        "supplier_id": group.supplier_id,
        "location_id": group.location_id,
        "lines": len(group.proposals),
        "units": sum(one.units for one in group.proposals),
        "value_minor": group.value_minor,
        "missing_minor": group.missing_minor,
        "container_share": group.container_share,
        "expected_on": str(group.expected_on or ""),
    }


def _do_draft(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    state = OrderState.APPROVED if parameters.get("approve") else OrderState.DRAFT
    made = draft(actor, _proposals(actor, parameters), state=state)
    return {"orders": [order.number for order in made]}


def _undo_draft(actor: Actor, result: dict[str, Any], reason: str) -> None:
    for number in result["orders"]:
        service.cancel(actor, number, None, reason or "taken back")


def _chosen(actor: Actor, parameters: Parameters, permission: str) -> list[PurchaseOrder]:
    numbers: Sequence[str] = parameters.get("orders") or ()
    if not numbers or len(numbers) > ORDERS_MAX:
        raise RefusedError("PO-COUNT", f"{len(numbers)} orders at once", f"name between 1 and {ORDERS_MAX:,}")
    return [service.get(actor, number, permission) for number in dict.fromkeys(numbers)]


def _look_orders(permission: str, word: str, state: str) -> Any:
    def look(actor: Actor, parameters: Parameters) -> Effect:
        chosen = _chosen(actor, parameters, permission)
        ready = [order for order in chosen if not state or order.state == state]
        return Effect(
            f"{word} {len(ready):,} of {len(chosen):,} orders",
            counts={"orders": len(ready), "lines": sum(order.line_count for order in ready)},
            money_minor=sum(order.value_minor for order in ready),
            rows=[
                {
                    "number": one.number,
                    "supplier_id": one.supplier_id,
                    "state": one.state,
                    "value_minor": one.value_minor,
                }
                for one in chosen[:ROWS_SHOWN]
            ],
            fingerprint_of=[[order.number, order.version] for order in chosen],
        )

    return look


def _do_approve(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    with transaction.atomic():
        ready = [one for one in _chosen(actor, parameters, "approve") if one.state == OrderState.DRAFT]
        done = [service.approve(actor, order.number, order.version) for order in ready]
    return {"orders": [one.number for one in done], "approved": sum(one.state == OrderState.APPROVED for one in done)}


def _undo_approve(actor: Actor, result: dict[str, Any], reason: str) -> None:
    for number in result["orders"]:
        service.withdraw_approval(actor, number, None, reason or "taken back")


def _do_send(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    with transaction.atomic():
        ready = [one for one in _chosen(actor, parameters, "buy") if one.state == OrderState.APPROVED]
        for order in ready:
            service.send(actor, order.number, order.version, str(parameters.get("how", "")))
    return {"orders": [order.number for order in ready]}


def _do_cancel(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    reason = str(parameters.get("reason", ""))
    with transaction.atomic():
        chosen = _chosen(actor, parameters, "buy")
        for order in chosen:
            service.cancel(actor, order.number, order.version, reason)
    return {"orders": [order.number for order in chosen]}


def _arrived(parameters: Parameters) -> dict[str, Arrived]:
    try:
        return {
            str(row["sku_id"]): Arrived(int(row.get("units", 0)), int(row.get("damaged_units", 0)))
            for row in parameters["lines"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(
            "PO-RECEIPT", f"the delivery cannot be read: {error}", "name order, key and lines"
        ) from error


def _look_receive(actor: Actor, parameters: Parameters) -> Effect:
    """What the delivery would leave due."""
    order = service.get(actor, str(parameters.get("order", "")), "buy")
    arrived = _arrived(parameters)
    rows = [
        {
            "sku_id": line.sku_id,
            "units": some.units,
            "damaged_units": some.damaged_units,
            "left_due": max(line.due_units - some.units - some.damaged_units, 0),
        }
        for line in order.lines.order_by("sku_id")
        if (some := arrived.get(line.sku_id)) is not None
    ]
    units = sum(some.units for some in arrived.values())
    return Effect(
        f"Receive {units:,} units of {order.number}", {"lines": len(arrived), "units": units}, rows=rows[:ROWS_SHOWN],
        fingerprint_of=[order.version, sorted(arrived)],
    )  # fmt: skip


def _do_receive(actor: Actor, parameters: Parameters) -> dict[str, Any]:
    order = receive(
        actor, str(parameters["order"]), str(parameters.get("key", "")), _arrived(parameters),
        note=str(parameters.get("note", "")),
    )  # fmt: skip
    return {"order": order.number, "key": str(parameters.get("key", "")), "state": order.state}


def _undo_receive(actor: Actor, result: dict[str, Any], reason: str) -> None:
    take_back(actor, result["order"], result["key"], reason or "taken back")


register(Action("orders.receive", "receiving", "buy", _look_receive, _do_receive, _undo_receive))
register(Action("orders.draft", "drafting orders", "buy", _look_draft, _do_draft, _undo_draft))
register(
    Action(
        "orders.approve", "approving orders", "approve",
        _look_orders("approve", "Approve", OrderState.DRAFT), _do_approve, _undo_approve,
    )
)  # fmt: skip
register(Action("orders.send", "sending orders", "buy", _look_orders("buy", "Send", OrderState.APPROVED), _do_send))
register(Action("orders.cancel", "cancelling orders", "buy", _look_orders("buy", "Cancel", ""), _do_cancel))
