from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "skuwise.server.planning"
    label = "planning"
