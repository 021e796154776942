from typing import Any

from django.core.management.base import BaseCommand

from serai.directory import comparison


class Command(BaseCommand):
    help = (
        "Work out what imported names look like, for the look-alike check; the worker does it every hour. "
        "Example: serai compare_names"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{comparison.compare_names(limit=10_000_000)} names prepared.")
