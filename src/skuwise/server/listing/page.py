"""A page of a list: filtered, searched, sorted, and found by where the page before ended, at any depth equally fast."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from skuwise.server.errors import RefusedError
from skuwise.server.listing.spec import INT_MAX, OPERATORS, Column, ListSpec

LIMIT_MAX, LIMIT = 500, 50
COUNT_MAX = 10_000
FILTERS_MAX, VALUES_MAX, SEARCH_MAX = 20, 200, 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a list is asked for. A filter is ``column:operator:value``; a sort is ``column`` or ``-column``."""

    filters: tuple[str, ...] = ()
    search: str = ""
    sort: str = ""
    cursor: str = ""
    limit: int = LIMIT


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in order, and where the next page begins, blank on the last."""

    rows: list[dict[str, Any]]
    next_cursor: str


def page(spec: ListSpec, rows: QuerySet[Any], asked: Asked) -> Page:
    """The page that was asked for of the rows that the actor may see."""
    if not 1 <= asked.limit <= LIMIT_MAX:
        raise RefusedError("API-LIMIT", f"{asked.limit} rows a page", f"ask for 1 to {LIMIT_MAX}")
    column, descending = sort_of(spec, asked.sort)
    wanted = _sought(spec, narrowed(spec, rows, asked), column, descending, asked.cursor)
    names = dict.fromkeys([*spec.by_name, spec.key])
    found = list(wanted.values(*names)[: asked.limit + 1])
    if len(found) <= asked.limit:
        return Page(found, "")
    last = found[asked.limit - 1]
    return Page(found[: asked.limit], _cursor(asked.sort or spec.default_sort, last[column.name], last[spec.key]))


def narrowed(spec: ListSpec, rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    """The rows that meet every filter and the search."""
    if len(asked.filters) > FILTERS_MAX or len(asked.search) > SEARCH_MAX:
        raise RefusedError("API-FILTER", "too many filters or too long a search", f"give at most {FILTERS_MAX} filters")
    for text in asked.filters:
        rows = rows.filter(_condition(spec, text))
    if asked.search and spec.search is not None:
        rows = spec.search(rows, asked.search.replace("\0", " "))
    return rows


def count(spec: ListSpec, rows: QuerySet[Any], asked: Asked) -> int:
    """How many rows meet it, counted up to one more than ``COUNT_MAX``."""
    return narrowed(spec, rows, asked).order_by().values(spec.key)[: COUNT_MAX + 1].count()


def every(spec: ListSpec, rows: QuerySet[Any], asked: Asked) -> Iterator[dict[str, Any]]:
    """All rows of the list in order, one after another."""
    column, descending = sort_of(spec, asked.sort)
    ordered = narrowed(spec, rows, asked).order_by(*_order(spec, column, descending))
    yield from ordered.values(*spec.by_name).iterator(chunk_size=5000)


def sort_of(spec: ListSpec, sort: str) -> tuple[Column, bool]:
    """The column that a list is sorted by, and whether from the greatest down."""
    wanted = sort or spec.default_sort
    column = spec.column(wanted.removeprefix("-"))
    if not column.sortable:
        raise RefusedError("API-SORT", f"{spec.name} cannot be sorted by {column.name}", "sort by another column")
    return column, wanted.startswith("-")


def _condition(spec: ListSpec, text: str) -> Q:
    parts = text.split(":", 2)
    if len(parts) != 3 or parts[1] not in OPERATORS:
        raise RefusedError(
            "API-FILTER", f"{text[:100]!r} is no filter", f"write column:operator:value with {', '.join(OPERATORS)}"
        )
    name, operator, value = parts
    column = spec.column(name)
    if operator == "empty":
        blank = Q(**{f"{name}__isnull": True}) if column.nullable else Q(**{name: ""})
        return blank if Column(name, "", "flag").read(value) else ~blank
    if operator == "in":
        values = value.split(",")
        if len(values) > VALUES_MAX:
            raise RefusedError("API-FILTER", f"{len(values)} values of {name}", f"give at most {VALUES_MAX}")
        return Q(**{f"{name}__in": [column.read(one) for one in values]})
    read = column.read(value)
    if operator in ("min", "max"):
        return Q(**{f"{name}__{'gte' if operator == 'min' else 'lte'}": read})
    return Q(**{name: read}) if operator == "is" else ~Q(**{name: read})


def _order(spec: ListSpec, column: Column, descending: bool) -> Sequence[Any]:
    """Unknown values come last either way, on both databases."""
    if not column.nullable:
        first: Any = f"{'-' if descending else ''}{column.name}"
    elif descending:
        first = F(column.name).desc(nulls_last=True)
    else:
        first = F(column.name).asc(nulls_last=True)
    return (first,) if column.name == spec.key else (first, spec.key)


def _sought(spec: ListSpec, rows: QuerySet[Any], column: Column, descending: bool, cursor: str) -> QuerySet[Any]:
    ordered = rows.order_by(*_order(spec, column, descending))
    if not cursor:
        return ordered
    value, key = _opened(spec, column, descending, cursor)
    after = {f"{spec.key}__gt": key}
    if column.name == spec.key:
        return ordered.filter(**{f"{spec.key}__{'lt' if descending else 'gt'}": key})
    if value is None:
        return ordered.filter(**{f"{column.name}__isnull": True}, **after)
    beyond = Q(**{f"{column.name}__{'lt' if descending else 'gt'}": value})
    if column.nullable:
        beyond |= Q(**{f"{column.name}__isnull": True})
        return ordered.filter(beyond | Q(**{column.name: value}, **after))
    # The first bound lets the index be entered where the page begins.
    bound = Q(**{f"{column.name}__{'lte' if descending else 'gte'}": value})
    return ordered.filter(bound & (beyond | Q(**after)))


def _cursor(sort: str, value: Any, key: Any) -> str:
    plain = json.dumps(
        [sort, value if value is None or isinstance(value, int | float | str) else value.isoformat(), key]
    )
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _opened(spec: ListSpec, column: Column, descending: bool, cursor: str) -> tuple[Any, Any]:
    wrong = RefusedError("API-CURSOR", "this cursor does not belong to this list", "begin again without a cursor")
    try:
        sort, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise wrong from error
    if sort != f"{'-' if descending else ''}{column.name}":
        raise wrong
    if not _is_key(spec, key):
        raise wrong
    if value is None:
        if not column.nullable:
            raise wrong
        return None, key
    if isinstance(value, bool) and column.kind != "flag":
        raise wrong
    return column.read(str(value)), key


def _is_key(spec: ListSpec, key: Any) -> bool:
    if spec.key in spec.by_name and spec.by_name[spec.key].kind == "text":
        return isinstance(key, str)
    return isinstance(key, int) and not isinstance(key, bool) and abs(key) <= INT_MAX
