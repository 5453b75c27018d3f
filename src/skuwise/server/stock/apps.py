from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "skuwise.server.stock"
    label = "stock"
