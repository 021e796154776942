"""`serai seed FILE.json`: a node of one's own choice; `serai seed --scale`: as much as a large network has."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.accounts.models import User
from serai.core.errors import Conflict
from serai.demo import scale
from serai.demo.seeding import shape
from serai.demo.seeding.build import build as build_seed
from serai.directory.models import Organisation, Place
from serai.exchange import encoding
from serai.exchange.actions import matching
from serai.exchange.index import build
from serai.exchange.models import Listing

MATCHED = 20


class Command(BaseCommand):
    help = (
        "Fill an empty node from a JSON file and print its ids and tokens, or with --scale with invented rows, as many "
        "as a large network has. Example: serai seed docs/formats/seed.example.json --seed 7 --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE.json", help="described in docs/formats/seed.md"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same ids")
        parser.add_argument("--add", action="store_true", help="a file: also to a node that is not empty")
        parser.add_argument("--json", action="store_true", help="a file: print one object for machines")
        parser.add_argument(
            "--scale", action="store_true", help="invented rows: 100,000 of each, or as said below"
        )
        parser.add_argument("--organisations", type=int, default=100_000)
        parser.add_argument("--listings", type=int, default=100_000)

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["file"]) == options["scale"]:
            raise CommandError("Name a file, or --scale.", returncode=2)
        if options["scale"]:
            self._scale(options)
        else:
            self._file(options)

    def _file(self, options: dict[str, Any]) -> None:
        if not options["add"] and (Organisation.objects.exists() or User.objects.exists()):
            raise CommandError("The node is not empty; --add adds to what it holds.")
        try:
            seed = shape.read(options["file"])
            if not Place.objects.exists():
                call_command("load_places", stdout=self.stderr)
            built = build_seed(seed, number=options["seed"])
        except shape.SeedError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(built)))
            return
        for section, ids in built.ids.items():
            for key, pk in ids.items():
                self.stdout.write(f"{section:14} {key:30} {pk}")
        for key, secret in built.tokens.items():
            self.stdout.write(f"{'token of':14} {key:30} {secret}")

    def _scale(self, options: dict[str, Any]) -> None:
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
