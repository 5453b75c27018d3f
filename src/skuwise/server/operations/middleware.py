"""What every request passes through."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from skuwise.server.operations.request import begin_request

_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an id, that of the caller where it is a plain one, and send it back."""

    def answer(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        begin_request(name)
        response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return answer
