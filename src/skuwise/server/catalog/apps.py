from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "skuwise.server.catalog"
    label = "catalog"
