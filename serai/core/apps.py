from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "serai.core"

    def ready(self) -> None:
        from serai.core import checks, declared, fence  # noqa: F401  (registers the start-up checks and rules)
