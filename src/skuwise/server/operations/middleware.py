"""What every request passes through."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from skuwise.server.operations.request import begin_request

log = logging.getLogger("skuwise.requests")
#: Areas that are not logged, and those whose path is a secret.
QUIET = ("static", "healthz", "readyz", "metrics")
SECRET = ("welcome", "password")
_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an id, that of the caller where it is a plain one, and send it back."""

    def answer(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        begin_request(name)
        started = time.perf_counter()
        response = get_response(request)
        response["X-Request-ID"] = name
        _observe(request, response, time.perf_counter() - started)
        return response

    return answer


def _observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count and log a request: who, what, how it ended, how long. Neither its body nor its query is written."""
    from skuwise.server.operations.health import REQUESTS, SECONDS

    area = request.path.split("/")[3 if request.path.startswith("/api/v1/") else 1][:40]
    known = area if response.status_code != 404 else "unknown"
    REQUESTS.labels(request.method, known, response.status_code).inc()
    SECONDS.labels(known).observe(seconds)
    if known not in QUIET:
        user = getattr(getattr(request, "actor", None), "name", "") or (
            request.user.get_username() if getattr(request, "user", None) else ""
        )
        path = "/…" if known in SECRET else request.path
        told = {"method": request.method, "path": path, "status": response.status_code, "ms": round(1000 * seconds, 1)}
        log.info("request", extra={**told, "user": user})
