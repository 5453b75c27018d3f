"""Tell other programs what happened. The audit trail is the outbox: what is in it happened, and nothing else did.

A delivery is signed as the Standard Webhooks do: HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.models import AuditEntry
from skuwise.server.audit.record import record
from skuwise.server.errors import NotFoundError, RefusedError
from skuwise.server.jobs.handlers import duty
from skuwise.server.webhooks.models import Delivery, DeliveryState, Webhook

EVENTS = (
    "plan.in_force", "import.committed", "import.held", "import.reversed", "order.drafted", "order.approved",
    "order.sent", "order.shipped", "order.received", "order.closed", "order.cancelled", "override.added",
    "override.ended", "override.expiring", "rulebook.written", "alarm.acknowledged", "change.approved",
)  # fmt: skip
WAITS = [timedelta(seconds=seconds) for seconds in (0, 30, 300, 1800, 7200, 21_600, 86_400)]
TIMEOUT_SECONDS = 10.0
AT_ONCE = 50
#: Set to 1 where webhooks may go to addresses of the own network.
ALLOW_PRIVATE = "SKUWISE_WEBHOOKS_PRIVATE"


def subscribe(actor: Actor, url: str, events: Sequence[str]) -> tuple[Webhook, str]:
    """Tell an address of events from now on; returns it and the secret, which is not shown again."""
    actor.require_everywhere("administer")
    unknown = set(events) - set(EVENTS)
    if unknown or not events:
        raise RefusedError("WHK-EVENT", f"{sorted(unknown)[:1]} is no event", f"known are {', '.join(EVENTS)}")
    _address_of(url)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with transaction.atomic():
        newest = AuditEntry.objects.aggregate(Max("id"))["id__max"] or 0
        made = Webhook.objects.create(
            url=url, events=sorted(set(events)), secret=secret, after_entry=newest, created_by=actor.name
        )
        record(actor, "webhook.added", "webhook", made.pk, after={"url": url, "events": made.events})
    return made, secret


def unsubscribe(actor: Actor, webhook_id: int) -> None:
    """Tell an address no more."""
    actor.require_everywhere("administer")
    with transaction.atomic():
        if not Webhook.objects.filter(pk=webhook_id, active=True).update(active=False):
            raise NotFoundError("WHK-UNKNOWN", f"there is no webhook {webhook_id}", "look at the list of webhooks")
        record(actor, "webhook.ended", "webhook", webhook_id)


@duty("webhooks", timedelta(seconds=2))
def deliver_due(now: datetime) -> None:
    """Find what happened since the last look, and send what is due."""
    for hook in Webhook.objects.filter(active=True):
        _collect(hook, now)
    for delivery in Delivery.objects.filter(
        state=DeliveryState.WAITING, next_at__lte=now, webhook__active=True
    ).select_related("webhook")[:AT_ONCE]:
        _send(delivery, now)


def signature(secret: str, message_id: str, sent_at: int, body: bytes) -> str:
    """``v1,<base64 of HMAC-SHA256>`` over ``id.time.body`` (Standard Webhooks 1.0)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = f"{message_id}.{sent_at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


def _collect(hook: Webhook, now: datetime) -> None:
    with transaction.atomic():
        entries = list(
            AuditEntry.objects.filter(id__gt=hook.after_entry).order_by("id").values_list("id", "action")[:5000]
        )
        if not entries:
            return
        Delivery.objects.bulk_create(
            [
                Delivery(webhook=hook, entry_id=entry, event=action, next_at=now)
                for entry, action in entries
                if action in hook.events
            ],
            ignore_conflicts=True,
        )
        Webhook.objects.filter(pk=hook.pk).update(after_entry=entries[-1][0])


def _send(delivery: Delivery, now: datetime) -> None:
    entry = AuditEntry.objects.get(pk=delivery.entry_id)
    body = json.dumps(
        {
            "type": delivery.event,
            "timestamp": entry.at,
            "data": {
                "subject_kind": entry.subject_kind,
                "subject_id": entry.subject_id,
                "actor": entry.actor,
                "after": entry.after,
                "reason": entry.reason,
            },
        },
        cls=DjangoJSONEncoder,
    ).encode()
    message_id, sent_at = f"msg_{delivery.webhook_id}_{delivery.entry_id}", int(timezone.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature(delivery.webhook.secret, message_id, sent_at, body),
    }
    status, error = None, ""
    try:
        status = _post(delivery.webhook.url, body, headers)
    except RefusedError as refused:
        error = refused.message
    except (httpx.HTTPError, OSError) as failed:
        error = f"{type(failed).__name__}: {failed}"
    _note(delivery, status, error, now)


def _note(delivery: Delivery, status: int | None, error: str, now: datetime) -> None:
    delivery.attempts += 1
    delivery.status, delivery.error = status, error[:400]
    if status is not None and status < 300:
        delivery.state = DeliveryState.DELIVERED
    elif delivery.attempts >= len(WAITS):
        delivery.state = DeliveryState.GIVEN_UP
    else:
        delivery.next_at = now + WAITS[delivery.attempts]
    delivery.save()


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send to the very address that was checked: a name that is looked up again could lead elsewhere."""
    host, port, address = _address_of(url)
    parts = urlsplit(url)
    target = httpx.URL(url).copy_with(host=address, port=port)
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
        answer = client.post(
            target,
            content=body,
            headers={**headers, "Host": parts.netloc.rpartition("@")[2]},
            extensions={"sni_hostname": host},
        )
    return answer.status_code


def _address_of(url: str) -> tuple[str, int, str]:
    """Host, port and IP address of a URL that may be told. Raises ``RefusedError`` ``WHK-ADDRESS`` for any other."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or not host or parts.username:
            raise ValueError(url)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (ValueError, OSError, UnicodeError) as error:
        raise RefusedError(
            "WHK-ADDRESS", f"{url[:200]!r} cannot be reached", "give an http or https address"
        ) from error
    addresses = [str(one[4][0]) for one in found]
    if os.environ.get(ALLOW_PRIVATE) != "1" and not all(ipaddress.ip_address(one).is_global for one in addresses):
        raise RefusedError(
            "WHK-ADDRESS", f"{host} lies inside a private network", f"set {ALLOW_PRIVATE}=1 on the server to allow it"
        )
    return host, port, addresses[0]
