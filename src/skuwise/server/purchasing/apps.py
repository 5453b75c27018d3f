from django.apps import AppConfig


class PurchasingConfig(AppConfig):
    name = "skuwise.server.purchasing"
    label = "purchasing"

    def ready(self) -> None:
        import skuwise.server.purchasing.actions  # noqa: F401 (names its actions and jobs)
