"""Errors as problem+json (RFC 9457), whatever raised them; a fault of the server tells its request id and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from skuwise.server.errors import RefusedError
from skuwise.server.operations.request import current_request_id

PROBLEM = "application/problem+json"
PRECONDITION_FAILED = 412
ERRORS_SHOWN = 50


def problem(status: int, code: str, detail: str, mend: str = "", **details: Any) -> HttpResponse:
    """A problem as an answer."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "mend": mend,
        "request_id": current_request_id(),
        **{name: value for name, value in details.items() if name not in ("type", "title", "status", "detail", "code")},
    }
    return HttpResponse(json.dumps(body, cls=DjangoJSONEncoder), content_type=PROBLEM, status=status)


def refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
    """A refusal; 412 where the caller said which version it was made from."""
    stale = error.status == HTTPStatus.CONFLICT and "version" in error.details and request.headers.get("If-Match")
    return problem(
        PRECONDITION_FAILED if stale else error.status, error.code, error.message, error.mend, **error.details
    )


def as_problems(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an error under ``/api/`` that came from elsewhere (no such path or method) is a problem too."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        told = response.headers.get("Content-Type", "")
        if not request.path.startswith("/api/") or response.status_code < HTTPStatus.BAD_REQUEST or told == PROBLEM:
            return response
        code, detail, mend = _PLAIN.get(
            response.status_code, ("API-REQUEST", "this was not done", "ask an administrator")
        )
        changed = problem(response.status_code, code, detail, mend)
        if "Allow" in response.headers:
            changed.headers["Allow"] = response.headers["Allow"]
        return changed

    return answer


_PLAIN = {
    400: ("API-REQUEST", "the request cannot be read", "look at the description of the API"),
    403: ("API-CSRF", "the token against forgery is missing", "send X-CSRFToken, or use a key"),
    404: ("API-NOT-FOUND", "there is nothing here", "look at the description of the API"),
    405: ("API-METHOD", "this method is not allowed here", "look at the description of the API"),
    500: ("API-FAULT", "the server has failed at this; the log tells more by the request id", "tell the administrator"),
}


def add_to(api: NinjaAPI) -> None:
    """Make every error of the API a problem."""
    api.exception_handler(RefusedError)(refused)

    @api.exception_handler(ValidationError)
    def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        wrong = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors[:ERRORS_SHOWN]]
        first = wrong[0] if wrong else {"where": "", "what": "the request cannot be read"}
        return problem(422, "API-INPUT", f"{first['where']}: {first['what']}", "correct the fields named", errors=wrong)

    @api.exception_handler(AuthenticationError)
    def _unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return problem(401, "API-WHO", "it is not known who asks", "sign in, or send Authorization: Bearer with a key")

    @api.exception_handler(AuthorizationError)
    def _forbidden(_request: HttpRequest, _error: AuthorizationError) -> HttpResponse:
        return problem(403, "ACC-NOT-ALLOWED", "this is not allowed", "ask an administrator")

    @api.exception_handler(HttpError)
    def _plain(_request: HttpRequest, error: HttpError) -> HttpResponse:
        if error.status_code == HTTPStatus.FORBIDDEN:
            return problem(error.status_code, *_PLAIN[403])
        return problem(error.status_code, "API-REQUEST", str(error), "look at the description of the API")

    @api.exception_handler(Http404)
    def _missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return problem(404, "API-NOT-FOUND", "there is nothing here", "look at the description of the API")

    @api.exception_handler(DataError)
    @api.exception_handler(OverflowError)
    @api.exception_handler(UnicodeError)
    def _too_large(_request: HttpRequest, _error: Exception) -> HttpResponse:
        return problem(422, "API-INPUT", "a value is too large, too long or not text", "give a smaller one")

    @api.exception_handler(RequestDataTooBig)
    @api.exception_handler(TooManyFilesSent)
    def _too_big(_request: HttpRequest, _error: Exception) -> HttpResponse:
        return problem(413, "API-TOO-BIG", "the request is too big", "send it in parts")
