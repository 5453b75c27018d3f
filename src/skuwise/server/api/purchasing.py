"""Purchase orders over the API."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, params
from pydantic import Field

from skuwise.server.api.foundation import IF_MATCH, MaybeName, Name, Text, Units, endpoint, if_match, with_etag
from skuwise.server.api.lists import list_endpoint
from skuwise.server.errors import RefusedError
from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing import orders
from skuwise.server.purchasing.documents import FORMATS, document
from skuwise.server.purchasing.drafting import open_proposals
from skuwise.server.purchasing.receiving import Arrived, receive, take_back
from skuwise.server.purchasing.scores import supplier_scores

router = Router(tags=["purchasing"])
PROPOSALS_SHOWN = 12_000
SUPPLIERS: Any = params.functions.Query([])  # by default those of all

ORDERS = ListSpec(
    "orders",
    (
        Column("number", "Order"),
        Column("supplier_id", "Supplier"),
        Column("location_id", "Location"),
        Column("state", "State", "choice"),
        Column("version", "Version", "count"),
        Column("line_count", "Lines", "count"),
        Column("ordered_units", "Units", "units"),
        Column("received_units", "Received", "units"),
        Column("value_minor", "Value", "money"),
        Column("currency", "Currency", "choice"),
        Column("expected_on", "Expected", "day", nullable=True),
        Column("created_by", "By"),
        Column("created_at", "Made", "time"),
        Column("updated_at", "Changed", "time"),
    ),
    "-created_at",
    search=lambda rows, text: rows.filter(number__istartswith=text) | rows.filter(supplier_id__istartswith=text),
)


class Line(Schema):
    sku_id: str
    brand: str
    units: int
    received_units: int
    damaged_units: int
    cancelled_units: int
    due_units: int
    unit_cost_minor: int | None


class Order(Schema):
    """A purchase order with its lines."""

    number: str
    supplier_id: str
    location_id: str
    currency: str
    state: str
    version: int
    plan_id: str
    expected_on: date | None
    note: str
    line_count: int
    ordered_units: int
    received_units: int
    value_minor: int
    created_by: str
    approved_by: str
    second_approved_by: str
    lines: list[Line]


class Proposal(Schema):
    sku_id: str
    location_id: str
    supplier_id: str
    brand: str
    name: str
    units: int
    proposed_units: int
    unit_cost_minor: int | None
    value_minor: int
    expected_on: date | None
    reasons: str


class Proposals(Schema):
    plan_id: str
    rows: list[Proposal]


class Changes(Schema):
    """Units by SKU: zero takes a line out."""

    units: Annotated[dict[Name, Units], Field(max_length=5000)]
    reason: Text = ""
    expected_on: date | None = None


class Why(Schema):
    reason: Text = ""


class How(Schema):
    how: MaybeName = ""


class Shipped(Schema):
    expected_on: date | None = None


class ArrivedLine(Schema):
    sku_id: Name
    units: Units = 0
    damaged_units: Units = 0


class Delivery(Schema):
    """What arrived; ``key`` names the delivery, so that it counts once."""

    key: Name
    lines: Annotated[list[ArrivedLine], Field(max_length=5000)]
    received_on: date | None = None
    note: Text = ""


class Score(Schema):
    supplier_id: str
    deliveries: int
    on_time_share: float | None
    in_full_share: float | None
    lead_time_days_mean: float | None
    lead_time_days_sd: float | None
    late_days_mean: float | None
    units: int


list_endpoint(router, "/orders", "look", ORDERS, orders.visible, "list_orders", "Purchase orders, the newest first.")


@endpoint(router, "GET", "/proposals", "buy", Proposals)
def list_proposals(request: HttpRequest, supplier_id: list[Name] = SUPPLIERS) -> Any:
    """What the plan in force would order and is in no order yet."""
    run = in_force()
    found = open_proposals(request.actor, run, suppliers=supplier_id)
    if len(found) > PROPOSALS_SHOWN:
        raise RefusedError("PO-COUNT", f"{len(found):,} proposals", "name the suppliers")
    fields = ("sku_id", "location_id", "supplier_id", "brand", "name", "units", "proposed_units", "unit_cost_minor")
    more = ("value_minor", "expected_on", "reasons")
    return {"plan_id": run.plan_id, "rows": [{name: getattr(one, name) for name in (*fields, *more)} for one in found]}


@endpoint(router, "GET", "/orders/{number}", "look", Order)
def get_order(request: HttpRequest, number: Name) -> Any:
    """One order; its ETag names the version."""
    return _told(orders.get(request.actor, number))


@endpoint(router, "PATCH", "/orders/{number}", "buy", Order, parameters=IF_MATCH)
def change_order(request: HttpRequest, number: Name, changes: Changes) -> Any:
    """Change the lines of a draft; If-Match with the ETag that was read is needed."""
    version = if_match(request)
    if version is None:
        raise RefusedError("API-ETAG", "a change of lines needs If-Match", "send the ETag of the order as you read it")
    return _told(
        orders.change_lines(
            request.actor, number, version, changes.units, changes.reason, expected_on=changes.expected_on
        )
    )


@endpoint(router, "POST", "/orders/{number}/approve", "approve", Order, parameters=IF_MATCH)
def approve_order(request: HttpRequest, number: Name) -> Any:
    """Approve a draft; above the shop's limit it takes two people."""
    return _told(orders.approve(request.actor, number, if_match(request)))


@endpoint(router, "POST", "/orders/{number}/withdraw-approval", "approve", Order, parameters=IF_MATCH)
def withdraw_order_approval(request: HttpRequest, number: Name, why: Why) -> Any:
    """Back to a draft, while it has not been sent."""
    return _told(orders.withdraw_approval(request.actor, number, if_match(request), why.reason))


@endpoint(router, "POST", "/orders/{number}/send", "buy", Order, parameters=IF_MATCH)
def send_order(request: HttpRequest, number: Name, how: How) -> Any:
    """Mark an approved order as sent to the supplier."""
    return _told(orders.send(request.actor, number, if_match(request), how.how))


@endpoint(router, "POST", "/orders/{number}/ship", "buy", Order, parameters=IF_MATCH)
def ship_order(request: HttpRequest, number: Name, shipped: Shipped) -> Any:
    """The supplier has sent the goods."""
    return _told(orders.mark_shipped(request.actor, number, if_match(request), shipped.expected_on))


@endpoint(router, "POST", "/orders/{number}/receipts", "buy", Order, parameters=IF_MATCH)
def receive_order(request: HttpRequest, number: Name, delivery: Delivery) -> Any:
    """Post a delivery."""
    arrived = {line.sku_id: Arrived(line.units, line.damaged_units) for line in delivery.lines}
    if len(arrived) != len(delivery.lines):
        raise RefusedError("PO-TWICE", "a SKU stands twice in the delivery", "add its units up")
    done = receive(
        request.actor, number, delivery.key, arrived,
        version=if_match(request), received_on=delivery.received_on, note=delivery.note,
    )  # fmt: skip
    return _told(done)


@endpoint(router, "DELETE", "/orders/{number}/receipts/{key}", "buy", Order)
def take_back_receipt(request: HttpRequest, number: Name, key: Name, reason: Text = "") -> Any:
    """Take back a delivery that was posted wrongly."""
    return _told(take_back(request.actor, number, key, reason))


@endpoint(router, "POST", "/orders/{number}/cancel", "buy", Order, parameters=IF_MATCH)
def cancel_order(request: HttpRequest, number: Name, why: Why) -> Any:
    """Cancel an order of which nothing has arrived."""
    return _told(orders.cancel(request.actor, number, if_match(request), why.reason))


@endpoint(router, "POST", "/orders/{number}/close", "buy", Order, parameters=IF_MATCH)
def close_order(request: HttpRequest, number: Name, why: Why) -> Any:
    """Close an order short."""
    return _told(orders.close(request.actor, number, if_match(request), why.reason))


@endpoint(router, "GET", "/orders/{number}/document.{kind}", "look", Any)
def get_order_document(request: HttpRequest, number: Name, kind: Name) -> Any:
    """The order as CSV, XLSX, PDF or mail text (csv, xlsx, pdf, txt)."""
    order = orders.get(request.actor, number)
    if kind not in FORMATS:
        raise RefusedError("PO-FORMAT", f"{kind[:20]!r} is no format", f"known are {', '.join(FORMATS)}")
    answer = HttpResponse(document(order, kind), content_type=FORMATS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{order.number}.{kind}"'
    return answer


@endpoint(router, "GET", "/supplier-scores", "look", list[Score])
def list_supplier_scores(request: HttpRequest) -> Any:
    """How suppliers delivered in the last year, the worst first."""
    return supplier_scores(request.actor)


def _told(order: Any) -> HttpResponse:
    return with_etag(orders.as_told(order))
