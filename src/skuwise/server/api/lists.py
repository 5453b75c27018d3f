"""Lists as endpoints: one declaration gives filters, search, sort, pages by cursor, a count and CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field, create_model

from skuwise.server.api.foundation import endpoint
from skuwise.server.errors import RefusedError
from skuwise.server.listing.export import csv_pieces
from skuwise.server.listing.page import LIMIT, LIMIT_MAX, SEARCH_MAX, Asked, count, every, page
from skuwise.server.listing.spec import KINDS, ListSpec

Rows = Callable[..., QuerySet[Any]]


class ListQuery(Schema):
    """What of a list is asked for."""

    filter: list[str] = Field([], description="column:operator:value; operators: is, not, min, max, in, empty")
    search: str = Field("", max_length=SEARCH_MAX, description="beginnings of words")
    sort: str = Field("", max_length=100, description="a column, or -column from the greatest down")
    cursor: str = Field("", max_length=4000, description="next_cursor of the page before")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX)
    counted: bool = Field(False, description="also tell how many rows there are, up to 10,001")
    format: str = Field("json", pattern="^(json|csv)$", description="csv gives every row of the list as a file")

    @property
    def asked(self) -> Asked:
        return Asked(tuple(self.filter), self.search, self.sort, self.cursor, self.limit)


def list_endpoint(
    router: Router, path: str, permission: str, spec: ListSpec, rows: Rows, name: str, summary: str
) -> None:
    """Register a list. ``rows(actor)`` gives what the actor may see."""

    def view(request: HttpRequest, query: Query[ListQuery]) -> Any:
        return answer(spec, rows(request.actor), query)

    view.__name__, view.__doc__ = name, summary
    endpoint(router, "GET", path, permission, page_schema(spec))(view)


def answer(spec: ListSpec, rows: QuerySet[Any], query: ListQuery) -> Any:
    """A page of the list, or all of it as CSV."""
    if query.format == "csv":
        return _as_csv(spec, rows, query.asked)
    found = page(spec, rows, query.asked)
    told: dict[str, Any] = {
        "rows": [_row(spec, row) for row in found.rows],
        "next_cursor": found.next_cursor,
        "count": None,
    }
    if query.counted:
        told["count"] = count(spec, rows, query.asked)
    return told


def page_schema(spec: ListSpec) -> Any:
    """The shape of a page of the list, for the description of the API."""
    fields: dict[str, Any] = {
        column.name: (KINDS[column.kind] | None if column.nullable else KINDS[column.kind], Field(title=column.label))
        for column in spec.columns
    }
    title = "".join(part.capitalize() for part in spec.name.split("_"))
    row = create_model(f"{title}Row", __base__=Schema, **fields)
    paged: dict[str, Any] = {"rows": (list[row], ...), "next_cursor": (str, ...), "count": (int | None, None)}  # type: ignore[valid-type]
    return create_model(f"{title}Page", __base__=Schema, **paged)


def _row(spec: ListSpec, row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in spec.by_name}


def _as_csv(spec: ListSpec, rows: QuerySet[Any], asked: Asked) -> HttpResponse:
    if asked.cursor:
        raise RefusedError("API-CURSOR", "a file holds the whole list", "leave the cursor out")
    pieces = csv_pieces(spec, every(spec, rows, asked))
    first = next(pieces)  # what is wrong is told before the file begins

    def whole() -> Any:
        yield first
        yield from pieces

    answer = StreamingHttpResponse(whole(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{spec.name}.csv"'
    return answer
