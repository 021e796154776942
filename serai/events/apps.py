from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "serai.events"

    def ready(self) -> None:
        from serai.events import registry, steps  # noqa: F401  (kinds, places in the navigation, followers, steps)
