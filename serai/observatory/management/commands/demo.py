"""`serai demo`: fill an empty node with the demonstration network, through the actions."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from serai.accounts.models import User
from serai.demo.exchange import build_interests, build_listings
from serai.demo.meetings import Size, finish_event, open_event, past_activities, publish_schedule
from serai.demo.network import PASSWORD, build_network
from serai.demo.outcomes import build_outcomes
from serai.directory.models import Organisation, Place
from serai.exchange.actions import indexing

STAGES = ("open", "matching", "scheduled", "over")


class Command(BaseCommand):
    help = (
        "Fill an empty node with the demonstration network: invented organisations, listings in many languages, "
        "a matchmaking event with its schedule, agreements and results. Example: serai demo --seed 1 --stage over"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same network")
        parser.add_argument(
            "--stage", choices=STAGES, default="over", help="where to stop: " + ", ".join(STAGES)
        )
        parser.add_argument(
            "--no-encode", action="store_true", help="leave vectors and matches to the worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if Organisation.objects.exists() or User.objects.exists():
            self.stdout.write(
                "The node has data already; the demonstration network is added to empty nodes only."
            )
            self._log_ins()
            return
        self._began = time.monotonic()
        settings.CONFIG.demonstration_note.touch()
        stage = STAGES.index(options["stage"])
        if not Place.objects.exists():
            call_command("load_places", stdout=self.stdout)
        network = build_network(options["seed"])
        self._tell(f"{len(network.organisations)} organisations")
        market = build_listings(network)
        self._tell(f"{len(market.listings)} listings")
        indexing.write_words()
        if not options["no_encode"]:
            indexing.encode_pending()
            self._tell("texts encoded")
        if stage >= STAGES.index("matching"):
            build_interests(network, market)
            self._tell(f"{len(market.interests)} expressions of interest")
        if stage >= STAGES.index("scheduled"):
            self._events(network, market, is_over=stage >= STAGES.index("over"))
        settings.CONFIG.demonstration_note.unlink()
        self._log_ins()

    def _events(self, network: Any, market: Any, *, is_over: bool) -> None:
        today, tell = timezone.localdate(), self._tell
        if is_over:
            size = Size(participants=40, requests=110, tables=14, days=1)
            first_day = today + timedelta(days=25)
            past = open_event(network, market, edition=4, first_day=first_day, size=size, tell=tell)
            held = finish_event(network, publish_schedule(network, past, tell))
            tell(f"{len(held)} meetings held, {past_activities(network)} earlier activities")
            made = build_outcomes(network, market, held)
            tell(", ".join(f"{count} {name}" for name, count in made.items()))
        size = Size(participants=80, requests=300, tables=24, days=2)
        first_day = today + timedelta(days=9)
        coming = open_event(network, market, edition=5, first_day=first_day, size=size, tell=tell)
        publish_schedule(network, coming, tell)
        # The two whom the first screen names register for the next one themselves.
        size = Size(participants=24, requests=40, tables=12, days=1)
        first_day = today + timedelta(days=120)
        open_event(
            network,
            market,
            edition=6,
            first_day=first_day,
            size=size,
            tell=tell,
            without=("th-chao", "pl-wisla"),
        )

    def _tell(self, text: str) -> None:
        self.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def _log_ins(self) -> None:
        if not User.objects.filter(email="steward@demo.example").exists():
            raise CommandError("This node was not filled by the demonstration.", returncode=0)
        self.stdout.write(f"\nSign in with the password {PASSWORD} as")
        for email, role in (
            ("th-chao@demo.example", "manager of a university in Bangkok (Thai request)"),
            ("pl-wisla@demo.example", "manager of a university in Kraków (Polish offer)"),
            ("cn-yuhe@demo.example", "organiser of the matchmaking event"),
            ("steward@demo.example", "steward"),
            ("secretariat@demo.example", "secretariat"),
        ):
            self.stdout.write(f"  {email:28} {role}")
