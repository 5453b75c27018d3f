"""The REST API: every subject's router under ``/api/v1``, described by an OpenAPI 3.1 document."""

from __future__ import annotations

from ninja import NinjaAPI

from skuwise import __version__
from skuwise.server.api import catalog, imports, jobs, operations, people, plans, problems, purchasing, rules
from skuwise.server.api.foundation import KeyAuth, SignedInAuth

DESCRIPTION = """Stock decided SKU by SKU, for programs.

- **Who asks**: `Authorization: Bearer skw_…`, or the session of a person signed in (with its CSRF token on writes).
- **Lists** take `filter=column:operator:value` (repeated), `search`, `sort`, `limit`, `cursor`; `format=csv` gives all.
- **Writes** take an `Idempotency-Key`; changes of what has a version take `If-Match` with its `ETag`.
- **Errors** are `application/problem+json` with a stable `code` and, in `mend`, how to go on.
- **Money** is whole minor units of the shop's currency (`_minor`), shares lie between 0 and 1 (`_share`).
"""

api = NinjaAPI(
    title="Skuwise",
    version=__version__,
    description=DESCRIPTION,
    auth=[KeyAuth(), SignedInAuth()],
    urls_namespace="api",
    docs_url=None,
    openapi_url="/openapi.json",
)
problems.add_to(api)
for subject in (catalog, imports, plans, purchasing, rules, jobs, people, operations):
    api.add_router("", subject.router)
