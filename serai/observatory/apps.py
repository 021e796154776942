from django.apps import AppConfig


class ObservatoryConfig(AppConfig):
    name = "serai.observatory"

    def ready(self) -> None:
        from serai.observatory import registry  # noqa: F401  (kinds, places in the navigation, followers)
