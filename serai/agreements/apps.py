from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "serai.agreements"

    def ready(self) -> None:
        from serai.agreements import registry  # noqa: F401  (kinds, places in the navigation, followers)
