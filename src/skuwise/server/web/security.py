"""What a browser may load for a page: the server's own files and nothing else; no script or style inside a page."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: state the policy on every answer, unless a page stated a stricter one itself."""
    # Signing in with another provider starts with a form that leads there.
    forms = "'self' https:" if settings.CONFIG.oidc else "'self'"
    stated = "; ".join(f"{name} {value}" for name, value in {**POLICY, "form-action": forms}.items())

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", stated)
        return response

    return respond
