"""`serai measure`: how long the pages of the running node take, as a table."""

import json
import sys
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.accounts.models import User
from serai.demo import timing
from serai.node import processes


class Command(BaseCommand):
    help = (
        "Time every list, detail, search, match, map and observatory page of the running node as the demonstration's "
        "people. Exit code 1: a promise is not kept. Example: serai measure --times 30"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--times", type=int, default=20, help="requests for each page")
        parser.add_argument("--only", default="", help="only pages whose name or role holds this")
        parser.add_argument("--json", action="store_true", help="one line of JSON for each page")

    def handle(self, *args: Any, **options: Any) -> None:
        now = processes.state(settings.CONFIG)
        if not now.ready:
            raise CommandError("The node does not run. Start it: serai up")
        if not User.objects.filter(email=timing.ROLES["steward"]).exists():
            raise CommandError(
                "This node does not hold the demonstration, whose people the pages are asked as."
            )
        if not options["json"]:
            self.stdout.write(f"{timing.machine()}\n{timing.HEAD}")
        missed = 0
        for line in timing.measure(now.port, options["times"], options["only"]):
            missed += not line.is_kept
            self.stdout.write(self._as_json(line) if options["json"] else timing.shown(line))
            self.stdout.flush()
        if not options["json"]:
            promise = (
                f"median {timing.MEDIAN_MS:.0f} ms, p95 {timing.P95_MS:.0f} ms, the same number of queries"
            )
            self.stdout.write(f"\nPromised: {promise}. Not kept: {missed}.")
        sys.exit(1 if missed else 0)

    def _as_json(self, line: timing.Line) -> str:
        found = {
            "page": line.door.name,
            "role": line.door.role,
            "median_ms": round(median(line.wall), 1),
            "p95_ms": round(line.p95, 1),
            "cpu_ms": round(line.cpu, 1),
            "queries": line.queries,
            "queries_one_row": line.queries_short,
            "bytes": line.size,
        }
        return json.dumps(found)
