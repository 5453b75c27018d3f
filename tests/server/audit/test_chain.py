"""The audit trail: written with its change, in one chain, and a tampered entry shows."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.audit.models import AuditEntry
from skuwise.server.audit.record import broken_link, record

pytestmark = pytest.mark.django_db(transaction=True)


def entries(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            record(SYSTEM, "supplier.changed", "supplier", f"S{number}", before={"email": ""}, after={"email": "a@b.c"})


def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="together with the change"):
        record(SYSTEM, "supplier.changed", "supplier", "S1")


def test_the_chain_is_whole_after_many_entries() -> None:
    entries(5)
    assert [entry.id for entry in AuditEntry.objects.order_by("id")] == [1, 2, 3, 4, 5]
    assert broken_link() is None


def test_a_change_that_fails_leaves_no_entry() -> None:
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        record(SYSTEM, "supplier.changed", "supplier", "S1")
        raise ValueError("no")
    assert AuditEntry.objects.count() == 0
    assert broken_link() is None


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_auditentry SET actor = 'somebody else' WHERE id = 2",
        "DELETE FROM audit_auditentry WHERE id = 2",
        "UPDATE audit_auditentry SET reason = 'because' WHERE id = 2",
    ],
)
def test_an_entry_that_was_tampered_with_shows(tampering: str) -> None:
    entries(3)
    with connection.cursor() as cursor:
        cursor.execute(tampering)
    assert broken_link() == 2


def test_the_newest_entry_cannot_vanish_unseen() -> None:
    entries(3)
    AuditEntry.objects.filter(id=3).delete()
    assert broken_link() == 3
