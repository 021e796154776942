import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from serai.engines import matching as m
from serai.exchange import tasks
from serai.exchange.actions import indexing
from serai.exchange.index import build


class Command(BaseCommand):
    help = "encode listings that wait, bring the search index and the matches up to date"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="build the whole index anew")
        parser.add_argument("--json", action="store_true", help="one line of JSON at the end, no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        """Example: `serai encode` after a large import. Stopping it loses nothing: it goes on where it was."""
        report = None if options["json"] else self._show
        try:
            progress = tasks.run_all(report)
        except m.EncoderUnavailable as error:
            self.stderr.write(str(error))
            sys.exit(3)
        if options["rebuild"]:
            build.refresh(rebuild=True)
        self._tell(progress, as_json=options["json"])

    def _show(self, progress: indexing.Progress) -> None:
        left = progress.remaining / progress.rate if progress.rate else 0
        line = (
            f"\r{progress.done} encoded, {progress.rate:.1f} a second, "
            f"{progress.remaining} remaining, about {left / 60:.0f} min "
        )
        self.stdout.write(line, ending="")
        self.stdout.flush()

    def _tell(self, progress: indexing.Progress, *, as_json: bool) -> None:
        if as_json:
            found = {
                "encoded": progress.done,
                "seconds": round(progress.seconds, 1),
                "remaining": progress.remaining,
            }
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(
                f"\n{progress.done} listings encoded in {progress.seconds:.0f} s; index and matches are up to date."
            )
