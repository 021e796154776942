from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "serai.accounts"

    def ready(self) -> None:
        from serai.accounts import followers, registry  # noqa: F401  (kinds, places in the navigation)
