from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "skuwise.server.sales"
    label = "sales"
