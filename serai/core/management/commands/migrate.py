"""Django's own, as the owner of the tables; afterwards the application's role may work with the new ones."""

from typing import Any

from django.core.management.commands import migrate

from serai.core.owner import as_owner, give_rights


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
            give_rights()
