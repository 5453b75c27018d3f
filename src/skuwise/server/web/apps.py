from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "skuwise.server.web"
    label = "web"
