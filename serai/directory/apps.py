from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "serai.directory"

    def ready(self) -> None:
        from serai.directory import registry  # noqa: F401  (kinds, places in the navigation, followers)
