from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "skuwise.server.stock"
    label = "stock"

    def ready(self) -> None:
        import skuwise.server.stock.moving  # noqa: F401 (names its duty)
