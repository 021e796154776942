from typing import Any

from django.core.management.base import BaseCommand

from serai.directory import places


class Command(BaseCommand):
    help = (
        "Load countries and regions, unions and groupings from the reference file. "
        "Running it again corrects what changed in the file. Example: serai load_places"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found, memberships = places.load()
        self.stdout.write(f"{found} places, {memberships} memberships of groupings.")
