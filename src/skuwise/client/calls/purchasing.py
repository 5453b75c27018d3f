"""Purchasing of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class OrdersRow(TypedDict):
    number: str
    supplier_id: str
    location_id: str
    state: str
    version: int
    line_count: int
    ordered_units: int
    received_units: int
    value_minor: int
    currency: str
    expected_on: str | None
    created_by: str
    created_at: str
    updated_at: str


class OrdersPage(TypedDict):
    rows: list[OrdersRow]
    next_cursor: str
    count: NotRequired[int | None]


class Proposal(TypedDict):
    sku_id: str
    location_id: str
    supplier_id: str
    brand: str
    name: str
    units: int
    proposed_units: int
    unit_cost_minor: int | None
    value_minor: int
    expected_on: str | None
    reasons: str


class Proposals(TypedDict):
    plan_id: str
    rows: list[Proposal]


class Line(TypedDict):
    sku_id: str
    brand: str
    units: int
    received_units: int
    damaged_units: int
    cancelled_units: int
    due_units: int
    unit_cost_minor: int | None


class Order(TypedDict):
    """A purchase order with its lines."""

    number: str
    supplier_id: str
    location_id: str
    currency: str
    state: str
    version: int
    plan_id: str
    expected_on: str | None
    note: str
    line_count: int
    ordered_units: int
    received_units: int
    value_minor: int
    created_by: str
    approved_by: str
    second_approved_by: str
    lines: list[Line]


class Changes(TypedDict):
    """Units by SKU: zero takes a line out."""

    units: dict[str, int]
    reason: NotRequired[str]
    expected_on: NotRequired[str | None]


class Why(TypedDict):
    reason: NotRequired[str]


class How(TypedDict):
    how: NotRequired[str]


class Shipped(TypedDict):
    expected_on: NotRequired[str | None]


class ArrivedLine(TypedDict):
    sku_id: str
    units: NotRequired[int]
    damaged_units: NotRequired[int]


class Delivery(TypedDict):
    """What arrived; ``key`` names the delivery, so that it counts once."""

    key: str
    lines: list[ArrivedLine]
    received_on: NotRequired[str | None]
    note: NotRequired[str]


class Score(TypedDict):
    supplier_id: str
    deliveries: int
    on_time_share: float | None
    in_full_share: float | None
    lead_time_days_mean: float | None
    lead_time_days_sd: float | None
    late_days_mean: float | None
    units: int


class PurchasingCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_orders(self, **query: Unpack[ListQuery]) -> OrdersPage:
        """Purchase orders, the newest first."""
        answer: OrdersPage = self._ask("GET", "/orders", query=query)
        return answer

    def list_proposals(self, *, supplier_id: Sequence[str] = ()) -> Proposals:
        """What the plan in force would order and is in no order yet."""
        answer: Proposals = self._ask("GET", "/proposals", query={"supplier_id": supplier_id})
        return answer

    def get_order(self, number: str) -> Order:
        """One order; its ETag names the version."""
        answer: Order = self._ask("GET", f"/orders/{part(number)}")
        return answer

    def change_order(self, number: str, body: Changes, *, etag: str | None = None) -> Order:
        """Change the lines of a draft; If-Match with the ETag that was read is needed."""
        answer: Order = self._ask("PATCH", f"/orders/{part(number)}", body=body, headers={"If-Match": etag})
        return answer

    def approve_order(self, number: str, *, etag: str | None = None) -> Order:
        """Approve a draft; above the shop's limit it takes two people."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/approve", headers={"If-Match": etag})
        return answer

    def withdraw_order_approval(self, number: str, body: Why, *, etag: str | None = None) -> Order:
        """Back to a draft, while it has not been sent."""
        answer: Order = self._ask(
            "POST", f"/orders/{part(number)}/withdraw-approval",
            body=body,
            headers={"If-Match": etag},
        )
        return answer

    def send_order(self, number: str, body: How, *, etag: str | None = None) -> Order:
        """Mark an approved order as sent to the supplier."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/send", body=body, headers={"If-Match": etag})
        return answer

    def ship_order(self, number: str, body: Shipped, *, etag: str | None = None) -> Order:
        """The supplier has sent the goods."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/ship", body=body, headers={"If-Match": etag})
        return answer

    def receive_order(self, number: str, body: Delivery, *, etag: str | None = None) -> Order:
        """Post a delivery."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/receipts", body=body, headers={"If-Match": etag})
        return answer

    def take_back_receipt(self, number: str, key: str, *, reason: str = "") -> Order:
        """Take back a delivery that was posted wrongly."""
        answer: Order = self._ask(
            "DELETE", f"/orders/{part(number)}/receipts/{part(key)}",
            query={"reason": reason},
        )
        return answer

    def cancel_order(self, number: str, body: Why, *, etag: str | None = None) -> Order:
        """Cancel an order of which nothing has arrived."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/cancel", body=body, headers={"If-Match": etag})
        return answer

    def close_order(self, number: str, body: Why, *, etag: str | None = None) -> Order:
        """Close an order short."""
        answer: Order = self._ask("POST", f"/orders/{part(number)}/close", body=body, headers={"If-Match": etag})
        return answer

    def get_order_document(self, number: str, kind: str) -> Any:
        """The order as CSV, XLSX, PDF or mail text (csv, xlsx, pdf, txt)."""
        answer: Any = self._ask("GET", f"/orders/{part(number)}/document.{part(kind)}")
        return answer

    def list_supplier_scores(self) -> list[Score]:
        """How suppliers delivered in the last year, the worst first."""
        answer: list[Score] = self._ask("GET", "/supplier-scores")
        return answer
