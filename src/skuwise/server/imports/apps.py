from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "skuwise.server.imports"
    label = "imports"

    def ready(self) -> None:
        import skuwise.server.imports.actions  # noqa: F401 (names its actions and jobs)
