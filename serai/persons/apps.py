from django.apps import AppConfig


class PersonsConfig(AppConfig):
    name = "serai.persons"

    def ready(self) -> None:
        from serai.persons import registry  # noqa: F401  (kinds, jobs)
