"""Portfolio: where the capital lies and what it earns, by brand, category, supplier, location, stage and class."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from skuwise.server.planning import reading
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.rows import DIMENSIONS
from skuwise.server.web.pages import actor, page

LABELS = {
    "brand": "Brand",
    "category": "Category",
    "supplier": "Supplier",
    "location": "Location",
    "stage": "Stage",
    "abc_xyz": "Class",
}
#: Dimension → the column of the worklist that shows its items.
COLUMNS = {
    "brand": "brand",
    "category": "category",
    "supplier": "supplier_id",
    "location": "location_id",
    "stage": "stage",
}
ABC, XYZ = "ABC", "XYZ"


@page("look")
def portfolio(request: HttpRequest) -> HttpResponse:
    """Sums and rates by one dimension, and the heat map of classes."""
    run = PlanRun.objects.filter(in_force=True).first()
    by = request.GET.get("by", "category")
    if run is None or by not in DIMENSIONS or by not in LABELS:
        return render(request, "web/portfolio.html", {"run": run, "labels": LABELS, "by": "category", "rows": []})
    who = actor(request)
    rows = sorted(reading.summaries(who, by), key=lambda row: -row["stock_value_minor"])
    whole = max(sum(row["stock_value_minor"] for row in rows), 1)
    sold = max(sum(row["annual_value_minor"] for row in rows), 1)
    for row in rows:
        row["stock_share"], row["sales_share"] = row["stock_value_minor"] / whole, row["annual_value_minor"] / sold
    classes = {row["value"]: row for row in reading.summaries(who, "abc_xyz")}
    heat = [(abc, [classes.get(abc + xyz) for xyz in XYZ]) for abc in ABC]
    told = {
        "run": run,
        "labels": LABELS,
        "by": by,
        "rows": rows,
        "heat": heat,
        "xyz": XYZ,
        "column": COLUMNS.get(by, ""),
    }
    return render(request, "web/portfolio.html", told)
