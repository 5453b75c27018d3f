"""What happened is told once, signed, again where it was not heard, and never inside the own network by default."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.errors import NotAllowedError, RefusedError
from skuwise.server.imports.committing import commit
from skuwise.server.imports.staging import stage
from skuwise.server.webhooks import service
from skuwise.server.webhooks.models import Delivery
from tests.server.shops import PLANNER

pytestmark = pytest.mark.django_db


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server on loopback that hears, and answers with ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.heard.append((dict(self.headers), body))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server: Any = HTTPServer(("127.0.0.1", 0), Handler)
    server.heard, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(service.ALLOW_PRIVATE, "1")
    yield server
    server.shutdown()
    server.server_close()


def _happens() -> None:
    commit(SYSTEM, stage(SYSTEM, {"skus": [{"sku_id": "A"}]}, "shop").pk)


def test_an_event_is_told_once_and_its_signature_can_be_checked(ear: Any) -> None:
    _happens()
    _, secret = service.subscribe(SYSTEM, ear.url, ["import.committed"])
    service.deliver_due(timezone.now())
    assert ear.heard == [], "what was before is not told"
    commit(SYSTEM, stage(SYSTEM, {"skus": [{"sku_id": "B"}]}, "shop").pk)
    for _ in range(2):
        service.deliver_due(timezone.now())
    [(headers, body)] = ear.heard
    told = json.loads(body)
    assert (told["type"], told["data"]["after"]["tables"]["skus"]["new"]) == ("import.committed", 1)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{b64encode(digest).decode()}"
    assert Delivery.objects.get().state == "delivered"


def test_who_does_not_hear_is_told_again_later_and_given_up_at_last(ear: Any) -> None:
    service.subscribe(SYSTEM, ear.url, ["import.committed"])
    _happens()
    ear.status, now = 500, timezone.now()
    service.deliver_due(now)
    service.deliver_due(now + timedelta(seconds=1))
    assert (len(ear.heard), Delivery.objects.get().status) == (1, 500)
    for day in range(1, 10):
        service.deliver_due(now + timedelta(days=2 * day))
    assert (len(ear.heard), Delivery.objects.get().state) == (len(service.WAITS), "given_up")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://[::1]/",
        "http://10.0.0.8:80/",
        "http://169.254.169.254/latest",
        "ftp://example.org",
        "http://user@example.org/",
        "http://",
    ],
)
def test_addresses_inside_and_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(RefusedError) as refused:
        service.subscribe(SYSTEM, url, ["import.committed"])
    assert refused.value.code == "WHK-ADDRESS"


def test_only_an_administrator_subscribes_and_only_to_known_events(ear: Any) -> None:
    with pytest.raises(NotAllowedError):
        service.subscribe(PLANNER, ear.url, ["import.committed"])
    with pytest.raises(RefusedError, match="no event"):
        service.subscribe(SYSTEM, ear.url, ["everything"])
    made, _ = service.subscribe(SYSTEM, ear.url, ["import.committed"])
    service.unsubscribe(SYSTEM, made.pk)
    _happens()
    service.deliver_due(timezone.now())
    assert ear.heard == []
