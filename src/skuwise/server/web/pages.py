"""What every page has in common: someone signed in, what they may, refusals told in words, the way to other pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from skuwise.server.accounts.actor import Actor, actor_of
from skuwise.server.catalog.models import ShopSettings
from skuwise.server.errors import RefusedError

View = Callable[..., HttpResponse]

#: Page → its words, its icon, and the permission without which it is not shown.
NAVIGATION = (
    ("today", "Today", "home", "look"),
    ("worklist", "Worklist", "list-check", "look"),
    ("orders", "Purchasing", "shopping-cart", "look"),
    ("watch", "Watch", "bell", "look"),
    ("portfolio", "Portfolio", "layout-grid", "look"),
    ("imports", "Imports", "file-import", "import"),
)


def page(permission: str = "look") -> Callable[[View], View]:
    """A view for people signed in who hold the permission somewhere; ``request.actor`` says who it is.

    A refusal becomes a page of its own, or a short notice inside the part of the page that was asked for.
    """

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
            request.actor = actor_of(request.user)
            try:
                request.actor.require(permission)
                return view(request, *args, **words)
            except RefusedError as refused:
                return refusal(request, refused)

        return answer

    return decorate


def refusal(request: HttpRequest, refused: RefusedError) -> HttpResponse:
    """What was asked is not done: why, and how to go on."""
    part = "web/refusal_part.html" if request.headers.get("HX-Request") else "web/refusal.html"
    return render(request, part, {"refused": refused}, status=refused.status)


def actor(request: HttpRequest) -> Actor:
    """Who asks for the page."""
    return request.actor


def shared(request: HttpRequest) -> dict[str, Any]:
    """For every template: the shop and the pages that this person may open."""
    if not getattr(request.user, "is_authenticated", False):
        return {"shop": ShopSettings.objects.filter(id=1).first() or ShopSettings()}
    someone = getattr(request, "actor", None) or actor_of(request.user)
    return {
        "shop": ShopSettings.objects.filter(id=1).first() or ShopSettings(),
        "actor": someone,
        "navigation": [_entry(request, *entry) for entry in NAVIGATION if someone.may(entry[3])],
    }


def _entry(request: HttpRequest, name: str, label: str, icon: str, _permission: str) -> dict[str, Any]:
    url = reverse(f"web:{name}")
    here = request.path == url if url == "/" else request.path.startswith(url)
    return {"url": url, "label": label, "icon": icon, "here": here}
