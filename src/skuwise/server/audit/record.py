"""Add an entry to the audit trail, in the transaction of the change itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.models import AuditEntry, AuditHead
from skuwise.server.operations.request import current_request_id


@dataclass(frozen=True, slots=True)
class Happened:
    """One change: to what, from what to what, and why. ``before`` and ``after`` hold what changed alone, as JSON."""

    subject_id: str | int
    before: Any = None
    after: Any = None
    reason: str = ""
    brand: str = ""


def record(
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: str | int,
    *,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    brand: str = "",
) -> AuditEntry:
    """Write who changed what from what to what and why; undone together with the change if that fails.

    ``action`` is a noun and a past verb (``order.approved``). Raises ``RuntimeError`` outside a transaction: an entry
    without its change would be a lie.
    """
    return record_all(actor, action, subject_kind, [Happened(subject_id, before, after, reason, brand)])[0]


def record_all(actor: Actor, action: str, subject_kind: str, happened: Iterable[Happened]) -> list[AuditEntry]:
    """The same for many changes of one kind, in few statements."""
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs inside transaction.atomic(), together with the change it tells of")
    head, _ = AuditHead.objects.select_for_update().get_or_create(id=1)
    now, request_id = timezone.now(), current_request_id()
    entries = []
    for one in happened:
        entry = AuditEntry(
            id=head.last_id + 1,
            at=now,
            actor=actor.name,
            actor_kind=actor.kind,
            user_id=actor.user_id,
            action=action,
            subject_kind=subject_kind,
            subject_id=str(one.subject_id),
            brand=one.brand,
            before=_plain(one.before),
            after=_plain(one.after),
            reason=one.reason,
            request_id=request_id,
            previous_hash=head.last_hash,
        )
        entry.entry_hash = hash_of(entry)
        head.last_id, head.last_hash = entry.id, entry.entry_hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries, batch_size=400)
    head.save(update_fields=["last_id", "last_hash"])
    return entries


def hash_of(entry: AuditEntry) -> str:
    """SHA-256 over everything the entry says and the hash of the entry before."""
    said = [
        entry.id,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor,
        entry.actor_kind,
        entry.user_id,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.brand,
        entry.before,
        entry.after,
        entry.reason,
        entry.request_id,
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def broken_link() -> int | None:
    """The first entry whose content or place in the chain is not what was written; None where the chain is whole."""
    previous, expected = "", 1
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=2000):
        if entry.id != expected or entry.previous_hash != previous or entry.entry_hash != hash_of(entry):
            return expected
        previous, expected = entry.entry_hash, expected + 1
    head = AuditHead.objects.filter(id=1).first()
    return None if head is None or (head.last_id, head.last_hash) == (expected - 1, previous) else expected


def _plain(value: Any) -> Any:
    """As it will be read back from the database, so that the hash is that of what is kept."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
