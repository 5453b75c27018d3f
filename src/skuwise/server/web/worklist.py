"""The worklist: every item of the plan, filtered, searched and sorted, the whole state in the address; and one item."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from skuwise.server.listing.page import Asked, count
from skuwise.server.listing.page import page as page_of
from skuwise.server.planning import reading
from skuwise.server.planning.lists import ITEMS
from skuwise.server.planning.models import PlanRun
from skuwise.server.stock.moving import view
from skuwise.server.web.pages import actor, page

SORTS = {
    "-margin_at_risk_minor": "Margin at risk",
    "-order_cost_total_minor": "Order value",
    "-excess_value_minor": "Excess value",
    "-stock_value_minor": "Stock value",
    "-annual_value_minor": "Yearly sales",
    "sku_id": "SKU",
}
STAGES = ("new", "growing", "mature", "declining", "retiring", "retired")


@page("look")
def worklist(request: HttpRequest) -> HttpResponse:
    """A page of the list."""
    told = request.GET
    filters = [one for one in told.getlist("filter") if one]
    if told.get("stage") in STAGES:
        filters.append(f"stage:is:{told['stage']}")
    if told.get("to_order"):
        filters.append("order_quantity_units:min:1")
    asked = Asked(tuple(filters), told.get("q", ""), told.get("sort", ""), told.get("cursor", ""))
    rows = reading.items(actor(request))
    found = page_of(ITEMS, rows, asked)
    kept = [(name, value) for name, value in told.items() if name != "cursor" and value]
    return render(
        request,
        "web/worklist.html",
        {
            "rows": found.rows,
            "count": count(ITEMS, rows, asked),
            "next": urlencode([*kept, ("cursor", found.next_cursor)]) if found.next_cursor else "",
            "told": told,
            "sort": asked.sort or ITEMS.default_sort,
            "sorts": SORTS,
            "stages": STAGES,
            "run": PlanRun.objects.filter(in_force=True).first(),
        },
    )


@page("look")
def item(request: HttpRequest, sku_id: str, location_id: str) -> HttpResponse:
    """One item: what to do, why, what lies where."""
    who = actor(request)
    found = reading.item(who, sku_id, location_id)
    field = request.GET.get("field", "order_quantity_units")
    told = {
        "item": found,
        "places": view(who, sku_id),
        "story": reading.explained(who, sku_id, location_id, field),
        "field": field,
        "run": PlanRun.objects.filter(in_force=True).first(),
    }
    return render(request, "web/item.html", told)
