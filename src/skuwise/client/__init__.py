"""A typed client of a Skuwise server, with nothing of the server in it.

    from skuwise.client import Skuwise, pages

    client = Skuwise("http://localhost:8765", key="skw_…")
    for row in pages(client.plans.list_items, sort="-margin_at_risk_minor"):
        print(row["sku_id"], row["order_quantity_units"])

The calls are written by ``skuwise.server.api.client_source`` from the description of the API.
"""

from __future__ import annotations

from types import TracebackType

import httpx

from skuwise.client.calls.catalogue_and_stock import CatalogueAndStockCalls
from skuwise.client.calls.imports import ImportsCalls
from skuwise.client.calls.jobs import JobsCalls
from skuwise.client.calls.people_and_audit import PeopleAndAuditCalls
from skuwise.client.calls.plans import PlansCalls
from skuwise.client.calls.purchasing import PurchasingCalls
from skuwise.client.calls.rules import RulesCalls
from skuwise.client.calls.settings import SettingsCalls
from skuwise.client.connection import Connection, ProblemError, pages

__all__ = ["ProblemError", "Skuwise", "pages"]
TIMEOUT_SECONDS = 60.0


class Skuwise:
    """A server, asked with a key; its subjects are attributes. Use it as a context, or ``close`` it."""

    def __init__(self, address: str, key: str, *, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=f"{address.rstrip('/')}/api/v1", timeout=TIMEOUT_SECONDS)
        connection = Connection(self._http, key)
        self.catalogue_and_stock = CatalogueAndStockCalls(connection)
        self.imports = ImportsCalls(connection)
        self.jobs = JobsCalls(connection)
        self.people_and_audit = PeopleAndAuditCalls(connection)
        self.plans = PlansCalls(connection)
        self.purchasing = PurchasingCalls(connection)
        self.rules = RulesCalls(connection)
        self.settings = SettingsCalls(connection)

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def __enter__(self) -> Skuwise:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
