"""Nobody changes or deletes what was written, not even past the program."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.audit.append_only import statements, undone
from skuwise.server.audit.models import AuditEntry
from skuwise.server.audit.record import record
from skuwise.server.stock import ledger
from skuwise.server.stock.models import StockMovement

pytestmark = pytest.mark.django_db


def test_the_database_refuses_to_change_or_delete_entries_and_movements() -> None:
    with transaction.atomic():
        record(SYSTEM, "thing.done", "thing", 1)
    ledger.post(SYSTEM, [ledger.Movement("A", "M", "on_hand", 3, "receipt", "k")])
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor):
            cursor.execute(statement)
    try:
        for model, change in ((AuditEntry, {"actor": "eve"}), (StockMovement, {"units": 9})):
            with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
                model.objects.update(**change)
            with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
                model.objects.all().delete()
            assert model.objects.count() == 1
        ledger.post(SYSTEM, [ledger.Movement("A", "M", "on_hand", 3, "receipt", "k2")])
    finally:
        with connection.cursor() as cursor:
            for statement in undone(connection.vendor):
                cursor.execute(statement)
