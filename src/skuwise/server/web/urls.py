"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from skuwise.server.web import orders, today, worklist

app_name = "web"
urlpatterns = [
    path("", today.today, name="today"),
    path("items", worklist.worklist, name="worklist"),
    path("items/<path:sku_id>/at/<path:location_id>", worklist.item, name="item"),
    path("orders", orders.orders, name="orders"),
    path("orders/<str:number>", orders.order, name="order"),
]
