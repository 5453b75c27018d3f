from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "skuwise.server.rules"
    label = "rules"

    def ready(self) -> None:
        import skuwise.server.rules.looking
        import skuwise.server.rules.overrides  # noqa: F401 (names its actions and jobs)
