from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "serai.accounts"

    def ready(self) -> None:
        from serai.accounts import registry  # noqa: F401  (kinds, places in the navigation, followers)
