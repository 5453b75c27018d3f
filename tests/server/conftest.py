"""For every test of the server."""

from __future__ import annotations

import pytest
from django.db import connection

from skuwise.server.audit.append_only import undone


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """Tests empty tables and forge entries to see whether that is found: the database must let them."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        for statement in undone(connection.vendor):
            cursor.execute(statement)
