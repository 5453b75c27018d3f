"""From a proposal to the last receipt: nothing is ordered twice, nothing is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from skuwise.server.accounts.actor import Actor, HeldGrant
from skuwise.server.audit.models import AuditEntry
from skuwise.server.catalog.models import ShopSettings, Supplier
from skuwise.server.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from skuwise.server.operations.previews import commit, preview, undo
from skuwise.server.planning.models import PlanItem
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing import orders as service
from skuwise.server.purchasing.documents import document, mail_text
from skuwise.server.purchasing.drafting import draft, grouped, open_proposals
from skuwise.server.purchasing.models import PurchaseOrder
from skuwise.server.purchasing.receiving import Arrived, receive, take_back
from skuwise.server.purchasing.scores import supplier_scores
from skuwise.server.rules.overrides import add
from skuwise.server.stock import ledger
from skuwise.server.stock.models import Receipt, StockLevel
from tests.server.shops import APPROVER, BUYER, OF_ALDER, PLANNER, VIEWER, imported, planned

ANOTHER = Actor("eve", (HeldGrant("approver"),))


@pytest.fixture
def shop(db: None) -> None:
    imported()
    planned()


def _drafts() -> list[PurchaseOrder]:
    return draft(BUYER, open_proposals(BUYER, in_force()))


def _sent() -> PurchaseOrder:
    first = _drafts()[0]
    service.approve(APPROVER, first.number)
    return service.send(BUYER, first.number)


def _levels(state: str) -> dict[str, int]:
    return dict(StockLevel.objects.filter(state=state).exclude(units=0).values_list("sku_id", "units"))


def _all_of(order: PurchaseOrder) -> dict[str, Arrived]:
    return {line.sku_id: Arrived(line.due_units) for line in order.lines.all()}


def test_proposals_become_one_draft_a_supplier_and_count_as_inbound(shop: None) -> None:
    proposals = open_proposals(BUYER, in_force())
    orders = draft(BUYER, proposals)
    assert {order.supplier_id for order in orders} == {"SUP-ALDER", "SUP-BIRCH"}
    assert sum(order.value_minor for order in orders) == sum(one.value_minor for one in proposals)
    assert _levels("inbound_planned") == {one.sku_id: one.units for one in proposals}
    assert ledger.differences().is_empty()
    assert open_proposals(BUYER, in_force()) == []
    with pytest.raises(RefusedError, match="ordered already"):
        draft(BUYER, proposals)


def test_what_is_in_a_draft_counts_unit_for_unit_in_the_next_plan_and_no_more_when_it_is_cancelled(shop: None) -> None:
    def told() -> dict[str, tuple[int, int]]:
        rows = PlanItem.objects.filter(run_id=in_force().pk)
        return {row.sku_id: (row.inventory_position_units, row.order_quantity_units) for row in rows}

    first = told()
    for order in _drafts():
        service.approve(APPROVER, order.number) if order.supplier_id == "SUP-ALDER" else None
    planned()
    for sku, (position, quantity) in told().items():
        assert position == first[sku][0] + first[sku][1]
        assert quantity < first[sku][1]
    for order in PurchaseOrder.objects.all():
        service.cancel(BUYER, order.number, None, "the supplier has closed")
    planned()
    assert told() == first
    assert {one.sku_id for one in open_proposals(BUYER, in_force())} == {
        sku for sku, (_, units) in first.items() if units
    }


def test_a_quantity_that_a_person_set_is_ordered_instead_of_the_proposed_one(shop: None) -> None:
    first = open_proposals(BUYER, in_force())[0]
    about = {"sku_id": first.sku_id, "location_id": first.location_id, "field": "order_units"}
    add(PLANNER, [about | {"value": 7, "reason": "the last colour"}])
    found = {one.sku_id: (one.units, one.proposed_units) for one in open_proposals(BUYER, in_force())}
    assert found[first.sku_id] == (7, first.units)
    add(PLANNER, [about | {"value": 0, "reason": "none after all"}])
    assert first.sku_id not in {one.sku_id for one in open_proposals(BUYER, in_force())}


def test_an_order_goes_from_draft_to_closed_and_every_step_is_in_the_audit(shop: None) -> None:
    before = _levels("on_hand")
    order = _sent()
    service.mark_shipped(BUYER, order.number)
    assert _levels("inbound_shipped") == {line.sku_id: line.units for line in order.lines.all()}
    first, *rest = sorted(_all_of(order))
    part = {first: Arrived(_all_of(order)[first].units - 2, 1)}
    assert receive(BUYER, order.number, "dock-1", part).state == "partly_received"
    left = {sku: Arrived(some.units) for sku, some in _all_of(order).items() if some.units}
    assert receive(BUYER, order.number, "dock-2", left).state == "closed"
    for line in order.lines.all():
        assert line.received_units + line.damaged_units == line.units
        assert _levels("on_hand")[line.sku_id] == before[line.sku_id] + line.received_units
    assert _levels("unsellable") == {first: 1}
    assert not set(_levels("inbound_shipped")) & {first, *rest}
    assert ledger.differences().is_empty()
    told = AuditEntry.objects.filter(subject_id=order.number).order_by("id").values_list("action", flat=True)
    assert list(told) == [
        "order.drafted", "order.approved", "order.sent", "order.shipped", "order.received", "order.received",
    ]  # fmt: skip
    assert supplier_scores(VIEWER)[0]["deliveries"] == order.line_count


def test_a_delivery_posted_twice_counts_once_and_can_be_taken_back(shop: None) -> None:
    order = _sent()
    before = (_levels("on_hand"), _levels("inbound_planned"))
    whole = _all_of(order)
    receive(BUYER, order.number, "dock-1", whole)
    after = _levels("on_hand")
    receive(BUYER, order.number, "dock-1", whole)
    assert _levels("on_hand") == after
    with pytest.raises(ConflictError, match="another delivery"):
        receive(BUYER, order.number, "dock-1", {next(iter(whole)): Arrived(1)})
    back = take_back(BUYER, order.number, "dock-1", "counted wrongly")
    assert back.state == "sent"
    assert (_levels("on_hand"), _levels("inbound_planned")) == before
    assert not Receipt.objects.exists()
    assert receive(BUYER, order.number, "dock-1", whole).state == "closed"
    assert ledger.differences().is_empty()


def test_a_delivery_is_shown_posted_and_taken_back(shop: None) -> None:
    order = _sent()
    line = order.lines.first()
    lines = [{"sku_id": line.sku_id, "units": line.units - 1}]
    shown, effect = preview(BUYER, "orders.receive", {"order": order.number, "key": "dock-1", "lines": lines})
    assert effect.rows == [{"sku_id": line.sku_id, "units": line.units - 1, "damaged_units": 0, "left_due": 1}]
    assert commit(BUYER, shown.token)["state"] == "partly_received"
    undo(BUYER, shown.token, "counted wrongly")
    assert service.get(BUYER, order.number).state == "sent"
    assert ledger.differences().is_empty()
    with pytest.raises(RefusedError, match="cannot be read"):
        preview(BUYER, "orders.receive", {"order": order.number, "lines": [{"sku": 1}]})


def test_more_than_was_ordered_needs_a_note(shop: None) -> None:
    order = _sent()
    sku = order.lines.first().sku_id
    more = {sku: Arrived(order.lines.first().units + 3)}
    with pytest.raises(RefusedError, match="are due"):
        receive(BUYER, order.number, "dock-1", more)
    receive(BUYER, order.number, "dock-1", more, note="three came as a gift")
    assert sku not in _levels("inbound_planned")
    assert ledger.differences().is_empty()


def test_above_the_limit_two_people_approve(shop: None) -> None:
    ShopSettings.objects.update(order_value_minor_second_approval=0)
    number = _drafts()[0].number
    assert service.approve(APPROVER, number).state == "draft"
    with pytest.raises(RefusedError, match="another person"):
        service.approve(APPROVER, number)
    order = service.approve(ANOTHER, number)
    assert (order.state, order.approved_by, order.second_approved_by) == ("approved", "ann", "eve")
    with pytest.raises(RefusedError, match="above the limit"):
        planned()
        Supplier.objects.create(supplier_id="SUP-NEW")
        service.cancel(BUYER, PurchaseOrder.objects.filter(state="draft").first().number, None, "again")
        draft(APPROVER, open_proposals(APPROVER, in_force()), state="approved")


def test_who_may_what_is_kept_to_and_other_brands_orders_do_not_exist(shop: None) -> None:
    alder, birch = sorted(_drafts(), key=lambda order: order.supplier_id)
    with pytest.raises(NotAllowedError):
        service.approve(BUYER, alder.number)
    with pytest.raises(NotFoundError):
        service.get(OF_ALDER, birch.number)
    assert list(service.visible(OF_ALDER)) == [alder]
    assert service.approve(OF_ALDER, alder.number).state == "approved"
    with pytest.raises(NotAllowedError):
        service.send(VIEWER, alder.number)
    with pytest.raises(NotFoundError, match="no SKU"):
        service.withdraw_approval(APPROVER, alder.number, None, "wait")
        service.change_lines(OF_ALDER, alder.number, PurchaseOrder.objects.get(pk=alder.pk).version, {"CAP-1": 5})


def test_lines_of_a_draft_can_be_changed_and_the_ledger_follows(shop: None) -> None:
    order = _drafts()[0]
    first, second = [line.sku_id for line in order.lines.order_by("sku_id")]
    changed = service.change_lines(BUYER, order.number, order.version, {first: 100, second: 0}, "one colour only")
    assert (changed.line_count, changed.ordered_units, changed.version) == (1, 100, order.version + 1)
    assert (_levels("inbound_planned")[first], _levels("inbound_planned").get(second)) == (100, None)
    with pytest.raises(ConflictError) as conflict:
        service.change_lines(BUYER, order.number, order.version, {first: 1})
    assert conflict.value.details["version"] == changed.version
    assert ledger.differences().is_empty()


def test_drafting_and_approving_are_shown_first_done_as_shown_and_undone(shop: None) -> None:
    shown, effect = preview(BUYER, "orders.draft", {})
    assert effect.summary == "2 orders with 4 lines"
    assert not PurchaseOrder.objects.exists()
    made = commit(BUYER, shown.token)["orders"]
    assert commit(BUYER, shown.token)["orders"] == made, "a second commit gives the first answer"
    approval, _ = preview(APPROVER, "orders.approve", {"orders": made})
    with pytest.raises(NotFoundError):
        commit(BUYER, approval.token)
    assert commit(APPROVER, approval.token)["approved"] == 2
    undo(APPROVER, approval.token, "too early")
    assert set(PurchaseOrder.objects.values_list("state", flat=True)) == {"draft"}
    stale, _ = preview(APPROVER, "orders.approve", {"orders": made})
    service.change_lines(BUYER, made[0], PurchaseOrder.objects.get(number=made[0]).version, {"TEE-RED": 99})
    with pytest.raises(ConflictError, match="something has changed"):
        commit(APPROVER, stale.token)
    undo(BUYER, shown.token, "not today")
    assert set(PurchaseOrder.objects.values_list("state", flat=True)) == {"cancelled"}
    assert ledger.differences().is_empty()


def test_documents_hold_what_is_wanted_and_cells_stay_cells(shop: None) -> None:
    Supplier.objects.create(supplier_id="SUP-ALDER", name="=cmd|' /C calc'!A0", order_value_minor_min=10**9)
    assert grouped(open_proposals(BUYER, in_force()))[0].missing_minor > 0
    order = next(one for one in _drafts() if one.supplier_id == "SUP-ALDER")
    order.lines.all().update(sku_id="=1+1") if order.lines.count() == 1 else order.lines.first().delete()
    rows = list(csv.DictReader(io.StringIO(document(order, "csv").decode("utf-8-sig"))))
    assert [int(row["units"]) for row in rows] == [line.units for line in order.lines.order_by("sku_id")]
    assert document(order, "pdf").startswith(b"%PDF")
    assert document(order, "xlsx").startswith(b"PK")
    assert f"Purchase order {order.number}" in mail_text(order)


def _race(attempt: Callable[[int], Any], count: int = 50) -> tuple[list[Any], list[ConflictError]]:
    """So many at once; who won with what, and who was told of a conflict."""
    start, won, lost = Barrier(count), [], []

    def run(number: int) -> None:
        start.wait()
        try:
            won.append(attempt(number))
        except ConflictError as conflict:
            lost.append(conflict)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return won, lost


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_approve_edit_and_receive_at_once_one_wins_and_the_others_are_told() -> None:
    imported()
    planned()
    order = _drafts()[0]
    sku = order.lines.first().sku_id

    def edit(number: int) -> Any:
        return service.change_lines(BUYER, order.number, 1, {sku: 200 + number})

    def approve(number: int) -> Any:
        return service.approve(APPROVER if number % 2 else ANOTHER, order.number, 2)

    won, lost = _race(edit)
    assert (len(won), len(lost)) == (1, 49)
    assert {conflict.details["version"] for conflict in lost} == {2}
    won, lost = _race(
        lambda number: approve(number) if number % 3 else service.change_lines(BUYER, order.number, 2, {sku: 1})
    )
    assert (len(won), len(lost)) == (1, 49)
    order.refresh_from_db()
    if order.state == "draft":
        service.approve(APPROVER, order.number)
    sent = service.send(BUYER, order.number)
    whole = _all_of(order)
    won, lost = _race(lambda number: receive(BUYER, order.number, f"dock-{number}", whole, version=sent.version))
    assert (len(won), len(lost)) == (1, 49)
    assert all(conflict.code in ("PO-CHANGED", "PO-STATE") for conflict in lost)
    received = {row.sku_id: row.units for row in Receipt.objects.all()}
    assert received == {name: some.units for name, some in whole.items()}
    assert ledger.differences().is_empty()
