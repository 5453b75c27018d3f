"""The client in the package is that of the API as it is, and works against it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from skuwise.client import ProblemError, Skuwise, pages
from skuwise.client.connection import Connection
from skuwise.server.api.client_source import TARGET, modules
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing.drafting import draft, open_proposals
from skuwise.server.rules.models import Override
from skuwise.server.wsgi import application
from tests.server.api.callers import Caller
from tests.server.shops import BUYER, imported, planned


@pytest.fixture
def client(db: None) -> Iterator[Skuwise]:
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    imported()
    planned()
    http = httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://localhost/api/v1")
    with Skuwise("http://localhost", Caller("approver").secret, http=http) as made:
        yield made
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def test_the_client_is_written_from_the_api_as_it_is() -> None:
    for name, source in modules().items():
        assert (TARGET / f"{name}.py").read_text(encoding="utf-8") == source, (
            f"{name}: run python -m skuwise.server.api.client_source"
        )


def test_lists_go_page_by_page_and_records_carry_their_fields(client: Skuwise) -> None:
    skus = [row["sku_id"] for row in pages(client.plans.list_items, sort="sku_id", limit=3)]
    assert skus == ["CAP-1", "MUG-1", "TEE-BLUE", "TEE-RED"]
    assert client.people_and_audit.get_me()["permissions"] == ["look", "plan", "edit_rules", "import", "buy", "approve"]
    assert "order quantity" in client.plans.explain_item("CAP-1", "MAIN", full=True)["text"]


def test_an_order_goes_its_way_and_a_stale_change_is_a_problem(client: Skuwise) -> None:
    draft(BUYER, open_proposals(BUYER, in_force()))
    number = client.purchasing.list_orders(limit=1)["rows"][0]["number"]
    with pytest.raises(ProblemError) as refused:
        client.purchasing.approve_order(number, etag='"v9"')
    assert (refused.value.status, refused.value.code, refused.value.details["version"]) == (412, "PO-CHANGED", 1)
    assert client.purchasing.approve_order(number, etag='"v1"')["state"] == "approved"
    assert client.purchasing.get_order_document(number, "pdf").startswith(b"%PDF")


def test_files_are_sent(client: Skuwise) -> None:
    batch = client.imports.stage_import([("skus.csv", b"sku_id,name\nHAT,Hat\n")], source="client")
    assert client.imports.commit_import(batch["id"])["state"] == "committed"


def test_a_write_whose_answer_was_lost_is_asked_again_and_happens_once(client: Skuwise) -> None:
    inner, lost = client._http._transport, []

    class Lossy(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = inner.handle_request(request)
            if request.method == "POST" and not lost:
                lost.append(request.headers["Idempotency-Key"])
                raise httpx.ReadError("the line broke")
            return answer

    http = httpx.Client(transport=Lossy(), base_url="http://localhost/api/v1")
    asking = Connection(http, Caller("planner").secret, waits_seconds=(0,))
    row = {"sku_id": "CAP-1", "location_id": "MAIN", "field": "order_units", "value": 3, "reason": "three"}
    assert len(asking.ask("POST", "/overrides", body={"rows": [row]})["ids"]) == 1
    assert lost
    assert Override.objects.count() == 1
