"""Purchasing: what to order by supplier, the orders, and one order through its life."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from skuwise.server.errors import RefusedError
from skuwise.server.operations.previews import commit, preview
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing import orders as service
from skuwise.server.purchasing.drafting import grouped, open_proposals
from skuwise.server.purchasing.models import OrderState
from skuwise.server.web.pages import actor, page

SHOWN = 100


@page("look")
def orders(request: HttpRequest) -> HttpResponse:
    """Proposals by supplier, shown before they become drafts; and the orders."""
    who = actor(request)
    if request.method == "POST":
        if "token" in request.POST:
            made = commit(who, request.POST["token"])["orders"]
            messages.success(request, f"{len(made)} orders are drafted.")
            return redirect("web:orders")
        shown, effect = preview(who, "orders.draft", {"suppliers": request.POST.getlist("supplier")})
        return render(request, "web/draft_preview.html", {"shown": shown, "effect": effect, "run": in_force()})
    run = PlanRun.objects.filter(in_force=True).first()
    groups = grouped(open_proposals(who, run)) if run and who.may("buy") else []
    told = {"groups": groups, "orders": service.visible(who).order_by("-id")[:SHOWN], "run": run}
    return render(request, "web/orders.html", told)


@page("look")
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order, and what can be done with it now."""
    who = actor(request)
    if request.method == "POST":
        try:
            _do(request, number)
        except RefusedError as refused:
            messages.error(request, f"{refused.message}. {refused.mend}")
        return redirect("web:order", number)
    found = service.get(who, number)
    can = {
        "approve": found.state == OrderState.DRAFT and who.may("approve"),
        "send": found.state == OrderState.APPROVED and who.may("buy"),
        "cancel": found.state in (OrderState.DRAFT, OrderState.APPROVED, OrderState.SENT) and who.may("buy"),
    }
    told = {"order": found, "lines": found.lines.order_by("sku_id"), "can": can}
    return render(request, "web/order.html", told)


def _do(request: HttpRequest, number: str) -> None:
    who, version = actor(request), int(request.POST.get("version", "0"))
    what = request.POST.get("do", "")
    if what == "approve":
        service.approve(who, number, version)
    elif what == "send":
        service.send(who, number, version, "page")
    elif what == "cancel":
        service.cancel(who, number, version, request.POST.get("reason", ""))
