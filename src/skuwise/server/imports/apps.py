from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "skuwise.server.imports"
    label = "imports"
