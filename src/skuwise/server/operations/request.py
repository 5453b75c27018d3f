"""The id of the request in hand: in logs, in answers and in the audit trail alike."""

from __future__ import annotations

import logging
from contextvars import ContextVar

_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request in hand; blank outside one."""
    return _REQUEST_ID.get()


def begin_request(request_id: str) -> None:
    _REQUEST_ID.set(request_id)


class WithRequestId(logging.Filter):
    """Puts the id of the request in hand on every line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
