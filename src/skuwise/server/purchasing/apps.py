from django.apps import AppConfig


class PurchasingConfig(AppConfig):
    name = "skuwise.server.purchasing"
    label = "purchasing"
