"""Today: what needs a decision, in words and money."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from skuwise.server.imports.models import ImportBatch
from skuwise.server.planning import answers, reading
from skuwise.server.planning.models import PlanRun
from skuwise.server.purchasing.orders import visible
from skuwise.server.sales.models import OrderLine
from skuwise.server.web.pages import actor, page

SHOWN = 8


@page("look")
def today(request: HttpRequest) -> HttpResponse:
    """What is at risk, what to order, what the watch found, what waits."""
    who = actor(request)
    run = PlanRun.objects.filter(in_force=True).first()
    if run is None:
        told = {"newest": PlanRun.objects.order_by("-id").first(), "has_sales": OrderLine.objects.exists()}
        return render(request, "web/welcome.html", told)
    items = reading.items(who)
    totals = reading.summaries(who, "total")
    due = items.filter(order_quantity_units__gt=0)
    suppliers = (
        due.values("supplier_id")
        .annotate(lines=Count("id"), units=Sum("order_quantity_units"), value=Sum("order_cost_total_minor"))
        .order_by("-value")[:SHOWN]
    )
    return render(
        request,
        "web/today.html",
        {
            "run": run,
            "total": totals[0] if totals else None,
            "risks": items.filter(margin_at_risk_minor__gt=0).order_by("-margin_at_risk_minor", "id")[:SHOWN],
            "suppliers": suppliers,
            "alarms": answers.alarms(who).filter(state="open").order_by("-at_stake_minor")[:SHOWN],
            "waiting": answers.changes(who).filter(state="waiting").count(),
            "held": ImportBatch.objects.filter(state="held").count() if who.may("import") else 0,
            "drafts": visible(who).filter(state="draft").count(),
            "can_plan": who.may("plan") and who.brands("plan") is None,
        },
    )
