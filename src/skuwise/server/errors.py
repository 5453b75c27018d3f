"""Refusals: what a person or a program asked for and may not have, said with the reason and the way out.

A service raises one of these; the API turns it into problem+json, a page into words. Each has a stable code.
"""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """What was asked is not done; nothing was changed.

    ``code`` is stable (``PO-STATE``), ``message`` says what is wrong, ``mend`` how to go on, ``details`` holds what
    a program needs (the rows, the current version).
    """

    status = 422

    def __init__(self, code: str, message: str, mend: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.mend, self.details = code, message, mend, details


class NotAllowedError(RefusedError):
    """Who asks has not the right to."""

    status = 403


class NotFoundError(RefusedError):
    """It does not exist, or not for who asks."""

    status = 404


class ConflictError(RefusedError):
    """Somebody else was first: the thing is no longer as it was when it was read."""

    status = 409
