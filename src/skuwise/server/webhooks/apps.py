from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "skuwise.server.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        import skuwise.server.webhooks.service  # noqa: F401 (names its duty)
