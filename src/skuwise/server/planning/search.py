"""Find items by the beginnings of words in SKU, name, brand and supplier, on either database's own index of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from skuwise.server.planning.models import PlanItem
from skuwise.server.planning.rows import search_words

ROWS_PER_STEP = 100_000
WORDS_MAX = 8
FEW_MAX = 2000


def matching(rows: QuerySet[PlanItem], text: str) -> QuerySet[PlanItem]:
    """The rows in which each word of the text begins some word."""
    words = search_words(text)[:WORDS_MAX]
    if not words:
        return rows.none() if text.strip() else rows
    if connection.vendor == "postgresql":
        asked = " & ".join(f"'{word}':*" for word in words)
        found = "SELECT id FROM planning_planitem WHERE to_tsvector('simple', search) @@ to_tsquery('simple', %s)"
    else:
        asked = " ".join(f'"{word}"*' for word in words)
        found = "SELECT rowid FROM planning_search WHERE planning_search MATCH %s"
    few = _few(found, asked)
    # Few are looked up one by one; of many, the first in the list's order are soon met.
    return rows.filter(id__in=RawSQL(found, [asked]) if few is None else few)


def _few(found: str, asked: str) -> list[int] | None:
    """The ids that a search finds, None where they are many."""
    with connection.cursor() as cursor:
        cursor.execute(f"{found} LIMIT {FEW_MAX + 1}", [asked])
        ids = [row[0] for row in cursor.fetchall()]
    return ids if len(ids) <= FEW_MAX else None


def index_items(run_id: int, tell: Callable[[str, int, int], None]) -> None:
    """Put the words of a run's items into the index (PostgreSQL keeps its own)."""
    _each_part(
        run_id,
        "INSERT INTO planning_search (rowid, search) SELECT id, search FROM planning_planitem "
        "WHERE run_id = %s AND id BETWEEN %s AND %s",
        lambda done, total: tell("indexing the words", done, total),
    )


def unindex_items(run_id: int) -> None:
    """Take the words of a run's items out of the index again."""
    _each_part(
        run_id,
        "INSERT INTO planning_search (planning_search, rowid, search) SELECT 'delete', id, search "
        "FROM planning_planitem WHERE run_id = %s AND id BETWEEN %s AND %s "
        "AND id IN (SELECT id FROM planning_search_docsize)",
        lambda _done, _total: None,
    )


def _each_part(run_id: int, statement: str, tell: Callable[[int, int], Any]) -> None:
    if connection.vendor == "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT MIN(id), MAX(id) FROM planning_planitem WHERE run_id = %s", [run_id])
        first, last = cursor.fetchone()
    if first is None:
        return
    for start in range(first, last + 1, ROWS_PER_STEP):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [run_id, start, start + ROWS_PER_STEP - 1])
        tell(min(start + ROWS_PER_STEP, last) - first, last - first)
