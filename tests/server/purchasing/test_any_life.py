"""Whatever is done with orders in whatever order, units are neither lost nor invented."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from skuwise.server.audit.record import broken_link
from skuwise.server.errors import RefusedError
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing import orders
from skuwise.server.purchasing.drafting import draft, open_proposals
from skuwise.server.purchasing.models import OPEN_STATES, PurchaseOrder, PurchaseOrderLine
from skuwise.server.purchasing.open_orders import open_orders_frame
from skuwise.server.purchasing.receiving import Arrived, receive, take_back
from skuwise.server.stock import ledger
from skuwise.server.stock.models import Receipt, StockLevel
from tests.server.shops import APPROVER, BUYER, imported, planned

STEPS = ("draft", "change", "approve", "withdraw", "send", "ship", "receive", "take back", "cancel", "close")


class AnyLifeOfOrders(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported()
        planned()

    @examples(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(0, 40)), max_size=14))
    def test_keeps_the_books_right(self, steps: list[tuple[str, int, int]]) -> None:
        before = self._on_hand()
        for place, (what, which, units) in enumerate(steps):
            try:
                self._do(what, which, units, place)
            except RefusedError:
                continue
        self._check(before)

    def _do(self, what: str, which: int, units: int, place: int) -> None:
        if what == "draft":
            draft(BUYER, open_proposals(BUYER, in_force()))
            return
        order = PurchaseOrder.objects.order_by("id")[which : which + 1].first()
        if order is None:
            return
        number, sku = order.number, order.lines.order_by("sku_id").first()
        name = sku.sku_id if sku else "TEE-RED"
        doing: dict[str, Any] = {
            "change": lambda: orders.change_lines(BUYER, number, order.version, {name: units}),
            "approve": lambda: orders.approve(APPROVER, number),
            "withdraw": lambda: orders.withdraw_approval(APPROVER, number, None, "wait"),
            "send": lambda: orders.send(BUYER, number),
            "ship": lambda: orders.mark_shipped(BUYER, number),
            "receive": lambda: receive(BUYER, number, f"k{place}", {name: Arrived(units, which)}, note="as it came"),
            "take back": lambda: take_back(BUYER, number, f"k{place - 1}", "wrong"),
            "cancel": lambda: orders.cancel(BUYER, number, None, "no more"),
            "close": lambda: orders.close(BUYER, number, None, "no more"),
        }
        doing[what]()

    def _check(self, before: int) -> None:
        assert ledger.differences().is_empty()
        assert broken_link() is None
        lines = PurchaseOrderLine.objects.all()
        received = sum(line.received_units for line in lines)
        assert self._on_hand() == before + received
        arrived = sum(line.received_units + line.damaged_units for line in lines)
        assert (Receipt.objects.aggregate(units=Sum("units"))["units"] or 0) == arrived
        inbound = sum(
            StockLevel.objects.filter(state__in=("inbound_planned", "inbound_shipped")).values_list("units", flat=True)
        )
        due = sum(line.due_units for line in lines.filter(order__state__in=OPEN_STATES))
        assert inbound == due == open_orders_frame()["units"].sum()

    def _on_hand(self) -> int:
        return sum(StockLevel.objects.filter(state="on_hand").values_list("units", flat=True))
