from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "skuwise.server.rules"
    label = "rules"
