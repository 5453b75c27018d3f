"""Whatever is asked, the answer is an answer: no request breaks the server, and a write happens once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.generation import GenerationMode

from skuwise.server.api.main import api
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing.drafting import draft, open_proposals
from skuwise.server.purchasing.models import PurchaseOrder
from skuwise.server.rules.models import Override
from skuwise.server.wsgi import application
from tests.server.api.callers import Caller
from tests.server.shops import BUYER, imported, planned

SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())
SCHEMA.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.fixture
def shop(db: None) -> None:
    imported()
    planned()
    draft(BUYER, open_proposals(BUYER, in_force()))


@pytest.fixture
def callers(shop: None) -> Iterator[list[Caller]]:
    # As the test client does: a request must not close the connection that holds the test's transaction.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield [Caller("admin"), Caller("viewer", brand="Alder")]
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@SCHEMA.parametrize()
@examples(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_request_breaks_the_server(case: Any, callers: list[Caller]) -> None:
    for caller in callers:
        answer = case.call(
            app=application, base_url="http://localhost", headers={"Authorization": f"Bearer {caller.secret}"}
        )
        assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0].startswith("application/problem+json"), answer.text


ORDER = {"sku_id": "TEE-RED", "field": "order_units", "location_id": "MAIN", "value": 5, "reason": "a gift"}


def test_a_write_that_names_itself_happens_once(shop: None) -> None:
    caller = Caller("planner")
    first = caller.post("/overrides", {"rows": [ORDER]}, Idempotency_Key="a")
    again = caller.post("/overrides", {"rows": [ORDER]}, Idempotency_Key="a")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = caller.post("/overrides", {"rows": [ORDER | {"value": 6}]}, Idempotency_Key="a")
    assert (other.status_code, other.json()["code"]) == (422, "API-KEY")
    assert Override.objects.count() == 1
    refused = caller.post("/overrides", {"rows": [ORDER | {"sku_id": "?"}]}, Idempotency_Key="b")
    assert refused.status_code == 404
    assert caller.post("/overrides", {"rows": [ORDER | {"value": 7}]}, Idempotency_Key="b").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_twins_sent_at_once_are_one_write() -> None:
    imported()
    planned()
    caller, start, answers = Caller("planner"), Barrier(8), []

    def send() -> None:
        start.wait()
        answers.append(caller.post("/overrides", {"rows": [ORDER]}, Idempotency_Key="a"))
        connection.close()

    threads = [Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Override.objects.count() == 1


def test_a_change_from_an_old_version_is_refused_with_the_current_one(shop: None) -> None:
    caller = Caller("approver")
    number = PurchaseOrder.objects.first().number
    read = caller.get(f"/orders/{number}")
    tag, sku = read.headers["ETag"], read.json()["lines"][0]["sku_id"]
    without = caller.ask("PATCH", f"/orders/{number}", {"units": {sku: 50}})
    assert (without.status_code, without.json()["code"]) == (422, "API-ETAG")
    changed = caller.ask("PATCH", f"/orders/{number}", {"units": {sku: 50}}, If_Match=tag)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')
    late = caller.post(f"/orders/{number}/approve", If_Match=tag)
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (412, "PO-CHANGED", 2)
    assert caller.post(f"/orders/{number}/approve", If_Match='"v2"').json()["state"] == "approved"
    assert caller.get(f"/orders/{number}/document.pdf").content.startswith(b"%PDF")


def test_a_problem_says_what_is_wrong_and_how_to_go_on(shop: None) -> None:
    answer = Caller("viewer").ask("GET", "/items?filter=stage:like:new", X_Request_ID="abc-1")
    told = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert told["code"] == "API-FILTER"
    assert told["mend"].startswith("write column:operator:value")
    assert told["request_id"] == answer.headers["X-Request-ID"] == "abc-1"


def _upload(caller: Caller, name: str, content: bytes) -> Any:
    return caller.client.post(
        "/api/v1/imports",
        {"files": [SimpleUploadedFile(name, content)], "source": "upload"},
        headers={"Authorization": f"Bearer {caller.secret}"},
    )


def test_files_are_sent_looked_at_and_committed(shop: None) -> None:
    caller = Caller("planner")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../etc/skus.csv", "sku_id,name\nHAT,Hat\n")
        archive.writestr("notes.exe", "no")
    staged = _upload(caller, "shop.zip", packed.getvalue())
    assert (staged.status_code, staged.json()["tables"]["skus"]["new"]) == (201, 1)
    done = caller.post(f"/imports/{staged.json()['id']}/commit")
    assert done.json()["state"] == "committed"
    assert [row["sku_id"] for row in caller.get("/catalogue/skus?search=HAT").json()["rows"]] == ["HAT"]
    for name, content, code in (
        ("skus.zip", b"PK\x03\x04 no archive", "IMP-ZIP"),
        ("photo.png", b"\x89PNG", "IMP-NOTHING-READ"),
        (".hidden", b"a", "IMP-FILE-NAME"),
    ):
        assert _upload(caller, name, content).json()["code"] == code


def test_a_list_goes_page_by_page_through_every_row_in_order(shop: None) -> None:
    caller = Caller("viewer")
    for sort in ("", "sku_id", "-sku_id", "-stock_value_minor", "margin_at_risk_minor"):
        seen, cursor = [], ""
        while True:
            told = caller.get(f"/items?limit=1&sort={sort}&cursor={cursor}").json()
            seen += told["rows"]
            cursor = told["next_cursor"]
            if not cursor:
                break
        whole = caller.get(f"/items?sort={sort}&counted=1").json()
        assert seen == whole["rows"]
        assert len({row["sku_id"] for row in seen}) == whole["count"] == 4
    lines = b"".join(caller.get("/items?format=csv&sort=sku_id&filter=brand:is:Birch").streaming_content).decode(
        "utf-8-sig"
    )
    assert [line.split(",")[0] for line in lines.splitlines()] == ["sku_id", "CAP-1", "MUG-1"]
