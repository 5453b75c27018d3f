"""How the client talks to the server: keys, retries, errors as exceptions."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote

import httpx

WRITES = ("POST", "PUT", "PATCH", "DELETE")
#: Waits before asking again where the server could not be reached or was busy.
WAITS_SECONDS = (0.5, 2.0, 5.0)
BUSY = (502, 503, 504)


class ListQuery(TypedDict, total=False):
    """What of a list is asked for. A filter is ``column:operator:value``; a sort is ``column`` or ``-column``."""

    filter: Sequence[str]
    search: str
    sort: str
    cursor: str
    limit: int
    counted: bool
    format: str


class ProblemError(Exception):
    """What the server refused. ``code`` is stable, ``mend`` says how to go on, ``details`` holds the rest."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.status = status
        self.code, self.mend = str(told.get("code", "")), str(told.get("mend", ""))
        self.detail, self.request_id = str(told.get("detail", "")), str(told.get("request_id", ""))
        self.details = dict(told)
        super().__init__(f"{self.detail} ({self.code}); {self.mend}" if self.mend else f"{self.detail} ({self.code})")


class Connection:
    """Asks the server with a key. A write that is sent again after a broken connection happens once."""

    def __init__(self, http: httpx.Client, key: str, waits_seconds: Sequence[float] = WAITS_SECONDS) -> None:
        self._http, self._waits = http, tuple(waits_seconds)
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Any:
        """The answer: a record, or bytes where it is a file. Raises ``ProblemError`` and httpx's errors."""
        sent = {**self._headers, **{name: value for name, value in (headers or {}).items() if value}}
        if method in WRITES:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        asked: dict[str, Any] = {"params": _given(query or {}), "headers": sent}
        if files is not None:
            asked |= {"files": files, "data": body}
        elif method in WRITES:
            asked["json"] = {} if body is None else body
        answer = self._answered(method, path, asked)
        if answer.status_code >= 400:
            raise ProblemError(answer.status_code, _told(answer))
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content

    def _answered(self, method: str, path: str, asked: dict[str, Any]) -> httpx.Response:
        for wait in (*self._waits, None):
            try:
                answer = self._http.request(method, path, **asked)
            except httpx.TransportError:
                if wait is None:
                    raise
            else:
                if answer.status_code not in BUSY or wait is None:
                    return answer
            time.sleep(wait)
        raise AssertionError("the last wait is None")


def part(value: object) -> str:
    """A value as one part of a path."""
    return quote(str(value), safe="")


def pages(call: Callable[..., Any], **query: Any) -> Iterator[dict[str, Any]]:
    """Every row of a list, page after page: ``pages(client.plans.list_items, sort="sku_id")``."""
    cursor = ""
    while True:
        told = call(cursor=cursor, **query)
        yield from told["rows"]
        cursor = told["next_cursor"]
        if not cursor:
            return


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open; yes and no as the server writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in query.items()
        if value not in (None, "", [], ())
    }


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": answer.text[:500], "code": f"HTTP-{answer.status_code}"}
