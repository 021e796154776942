from django.apps import AppConfig


class CooperationConfig(AppConfig):
    name = "serai.cooperation"

    def ready(self) -> None:
        from serai.cooperation import openings, registry  # noqa: F401  (kinds, places, followers, notices)
