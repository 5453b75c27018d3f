"""Signing in and out, the first account, and choosing a password by a one-time link."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from skuwise.server.accounts.people import choose_password, sign_up_first
from skuwise.server.errors import RefusedError

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    """By name and password; axes counts the failures."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """With the company's own sign-in, where there is one."""
        company = settings.SKUWISE_OIDC
        provider = (
            {"name": company["name"], "url": reverse("openid_connect_login", args=[company["id"]])} if company else None
        )
        return {**super().get_context_data(**context), "oidc_providers": [provider] if provider else []}


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign-in")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest, token: str) -> HttpResponse:
    """The first account."""
    return _by_link(request, token, "accounts/first_run.html")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def set_password(request: HttpRequest, token: str) -> HttpResponse:
    """A new password by a one-time link."""
    return _by_link(request, token, "accounts/set_password.html")


def locked_out(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Too many wrong passwords: the same words whether or not the name exists."""
    return render(request, "accounts/locked_out.html", status=429)


def _by_link(request: HttpRequest, token: str, template: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, template)
    told, password = request.POST, request.POST.get("password", "")
    try:
        if password != told.get("password_again", ""):
            raise RefusedError("ACC-PASSWORD", "the two passwords differ", "type the same one twice")
        if template == "accounts/first_run.html":
            user = sign_up_first(token, told.get("username", ""), password, told.get("email", ""))
        else:
            user = choose_password(token, password)
    except RefusedError as refused:
        return render(request, template, {"refused": refused, "username": told.get("username", "")}, status=422)
    login(request, user, backend=BACKEND)
    return redirect("/")
