from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "skuwise.server.audit"
    label = "audit"
