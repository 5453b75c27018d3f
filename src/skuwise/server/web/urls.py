"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from skuwise.server.web import imports, orders, portfolio, today, watch, worklist

app_name = "web"
urlpatterns = [
    path("", today.today, name="today"),
    path("items", worklist.worklist, name="worklist"),
    path("items/<path:sku_id>/at/<path:location_id>", worklist.item, name="item"),
    path("watch", watch.watch, name="watch"),
    path("portfolio", portfolio.portfolio, name="portfolio"),
    path("imports", imports.imports, name="imports"),
    path("imports/<int:batch_id>", imports.batch, name="import"),
    path("plan", imports.plan_now, name="plan-now"),
    path("plan/<int:run_id>", imports.plan_run, name="plan-run"),
    path("orders", orders.orders, name="orders"),
    path("orders/<str:number>", orders.order, name="order"),
]
