"""`serai seed --scale`: fill an empty node with as much as a large network has, to measure it."""

import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core.errors import Conflict
from serai.demo import scale
from serai.directory.models import Organisation
from serai.exchange import encoding
from serai.exchange.actions import matching
from serai.exchange.index import build
from serai.exchange.models import Listing

MATCHED = 20


class Command(BaseCommand):
    help = (
        "Fill an empty node with invented organisations and listings, as many as a large network has, to measure it: "
        "the demonstration first, whose people the pages are asked as. Example: serai seed --scale"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scale", action="store_true", required=True, help="100,000 of each, or as said below"
        )
        parser.add_argument("--organisations", type=int, default=100_000)
        parser.add_argument("--listings", type=int, default=100_000)
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same rows")

    def handle(self, *args: Any, **options: Any) -> None:
        self._began = time.monotonic()
        if Organisation.objects.filter(source=scale.SOURCE).exists():
            self.stdout.write("This node has been filled before; nothing is added.")
            return
        if not Organisation.objects.exists():
            call_command("demo", stdout=self.stdout)
        try:
            scale.fill(
                seed=options["seed"],
                organisations=options["organisations"],
                listings=options["listings"],
                tell=self._tell,
            )
        except Conflict as error:
            raise CommandError(str(error)) from error
        build.refresh(rebuild=True)
        self._tell("search index built")
        newest = Listing.objects.filter(status="published", source=scale.SOURCE).order_by("-published_at")
        for pk in newest.values_list("pk", flat=True)[:MATCHED]:
            matching.match_listing(pk, matcher=encoding.patient())
        self._tell(f"matches of the newest {MATCHED} listings")

    def _tell(self, text: str) -> None:
        self.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}")
        self.stdout.flush()
