from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "skuwise.server.planning"
    label = "planning"

    def ready(self) -> None:
        import skuwise.server.planning.nightly
        import skuwise.server.planning.proofs
        import skuwise.server.planning.run  # noqa: F401 (names its actions and jobs)
