from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "skuwise.server.jobs"
    label = "jobs"
