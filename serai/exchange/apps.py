from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "serai.exchange"

    def ready(self) -> None:
        from serai.exchange import followers, registry  # noqa: F401  (kinds, places in the navigation, followers)
