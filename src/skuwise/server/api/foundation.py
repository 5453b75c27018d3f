"""What every endpoint has in common: who asks, what it takes, how errors look, and that a named write happens once.

An endpoint translates and does nothing else: values in, one call of a service, a record out.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router, Schema
from ninja.security import HttpBearer, SessionAuth
from pydantic import Field

from skuwise.server.accounts.actor import actor_of
from skuwise.server.accounts.keys import actor_of_key
from skuwise.server.errors import ConflictError, RefusedError
from skuwise.server.operations.models import AnsweredRequest

JSON = "application/json"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
KEY_MAX = 200
NAME_MAX, TEXT_MAX = 200, 20_000

Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
MaybeName = Annotated[str, Field(max_length=NAME_MAX)]
Text = Annotated[str, Field(max_length=TEXT_MAX)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Units = Annotated[int, Field(ge=0, le=2**40)]
Id = Annotated[int, Field(ge=1, le=2**53)]


class Problem(Schema):
    """An error by RFC 9457: what is wrong (``detail``), how to go on (``mend``), and a stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    mend: str
    request_id: str


PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 412, 413, 422), Problem)
_RUN = Callable[..., Any]


class KeyAuth(HttpBearer):
    """``Authorization: Bearer skw_…``."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        request.actor = actor_of_key(token)
        return request.actor


class SignedInAuth(SessionAuth):
    """The session of a person signed in, with the token against forgery on writes."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002
        if not request.user.is_authenticated:
            return None
        request.actor = actor_of(request.user)
        return request.actor


def endpoint(
    router: Router,
    method: str,
    path: str,
    permission: str,
    response: Any,
    *,
    status: int = 200,
    parameters: list[dict[str, Any]] | None = None,
) -> Callable[[_RUN], _RUN]:
    """Register a function as an operation that takes a permission. Its docstring's first line is the summary.

    The permission stands in the OpenAPI document as ``x-permission``; brands are the service's to check. A write with
    an ``Idempotency-Key`` happens once: asked again it gives the first answer.
    """

    def decorate(view: _RUN) -> _RUN:
        @wraps(view)
        def run(request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
            _refuse_zero_bytes(request)
            request.actor.require(permission)
            key = request.headers.get("Idempotency-Key", "")
            if method in WRITES and key:
                return _once(request, key, lambda: _answer(view(request, *args, **words), status))
            return _answer(view(request, *args, **words), status)

        run.__signature__ = _typed(view)  # type: ignore[attr-defined]
        summary, _, rest = (view.__doc__ or "").partition("\n")
        named = [*(parameters or [])]
        if method in WRITES:
            named.append(_header("Idempotency-Key", "Names this write: sent again it gives the first answer."))
        extra: dict[str, Any] = {"x-permission": permission}
        if named:
            extra["parameters"] = named
        router.api_operation(
            [method],
            path,
            response={status: response, **PROBLEMS},
            summary=summary.rstrip("."),
            description=rest.strip() or None,
            operation_id=view.__name__,
            openapi_extra=extra,
            by_alias=True,
        )(run)
        return view

    return decorate


IF_MATCH = [{
    "in": "header", "name": "If-Match", "required": False, "schema": {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
    "description": "The ETag that was read: the write is refused with 412 where somebody was faster.",
}]  # fmt: skip


def if_match(request: HttpRequest) -> int | None:
    """The version that the write was made from, None where it does not say."""
    given = request.headers.get("If-Match", "").strip()
    if not given or given == "*":
        return None
    found = re.fullmatch(r'"v(\d{1,9})"', given)
    if found is None:
        raise RefusedError("API-ETAG", f"{given[:50]!r} is no ETag of this server", "send the ETag of the last answer")
    return int(found[1])


def with_etag(record: dict[str, Any]) -> HttpResponse:
    """A record with its version as ETag."""
    answer = _answer(record, 200)
    answer.headers["ETag"] = f'"v{record["version"]}"'
    return answer


def _typed(view: _RUN) -> inspect.Signature:
    """The signature with types instead of their names: the wrapper lives in another module than they."""
    hints = get_type_hints(view, include_extras=True)
    signature = inspect.signature(view)
    typed = [one.replace(annotation=hints.get(one.name, Any)) for one in signature.parameters.values()]
    return signature.replace(parameters=typed)


def _answer(result: Any, status: int) -> Any:
    if isinstance(result, HttpResponseBase):
        return result
    return HttpResponse(json.dumps(result, cls=DjangoJSONEncoder, allow_nan=False), content_type=JSON, status=status)


def _once(request: HttpRequest, key: str, do: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it and keep the answer in the same transaction; a twin waits for it and gets that answer."""
    if len(key) > KEY_MAX:
        raise RefusedError("API-KEY", "the Idempotency-Key is too long", f"give at most {KEY_MAX} characters")
    actor = f"{request.actor.kind}:{request.actor.user_id}:{request.actor.name}"[:KEY_MAX]
    said = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + _body(request)).hexdigest()
    with transaction.atomic():
        try:
            with transaction.atomic():
                kept = AnsweredRequest.objects.create(actor=actor, key=key, request_hash=said)
        except IntegrityError:
            return _answered(AnsweredRequest.objects.get(actor=actor, key=key), said)
        answer = do()
        kept.status, kept.body = answer.status_code, answer.content.decode()
        kept.save(update_fields=["status", "body"])
    return answer


def _answered(kept: AnsweredRequest, said: str) -> HttpResponse:
    if kept.request_hash != said:
        raise RefusedError(
            "API-KEY", "another request was sent under this Idempotency-Key", "give each write its own key"
        )
    if kept.status is None:
        raise ConflictError("API-KEY", "the same request is being done just now", "ask again in a moment")
    answer = HttpResponse(kept.body, content_type=JSON, status=kept.status)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _body(request: HttpRequest) -> bytes:
    if not (request.content_type or "").startswith("multipart/"):
        return bytes(request.body)
    told = json.dumps([[name, request.POST.getlist(name)] for name in sorted(request.POST)]).encode()
    for name, part in sorted(request.FILES.items()):
        told += name.encode() + hashlib.file_digest(part, "sha256").digest()
        part.seek(0)
    return told


def _refuse_zero_bytes(request: HttpRequest) -> None:
    """No database keeps a zero byte in a text."""
    in_body = request.content_type == JSON and b"\\u0000" in request.body
    if in_body or "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise RefusedError("API-INPUT", "a text holds a zero byte", "leave it out")


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "schema": {"type": "string", "maxLength": KEY_MAX},
        "description": description,
    }
