from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "skuwise.server.operations"
    label = "operations"
