"""`serai release YEAR`: freeze the figures of a year."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core.errors import SeraiError
from serai.observatory import actions


class Command(BaseCommand):
    help = "freeze the indicators of a year; a second time it is a correction. Example: serai release 2025"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument("--note", default="", help="what a correction changes")
        parser.add_argument("--json", action="store_true", help="print one object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            release = actions.release_year(year=options["year"], note=options["note"])
        except SeraiError as error:
            raise CommandError(str(error)) from error
        totals = release.values.filter(dimension="").order_by("indicator")
        figures = {v.indicator: None if v.value is None else int(v.value) for v in totals}
        if options["json"]:
            answer = {
                "id": str(release.pk),
                "year": release.year,
                "version": release.version,
                "as_of": release.as_of.isoformat(),
                "status": release.status,
                "values": figures,
            }
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(f"Release {release} as of {release.as_of}, {release.get_status_display()}")
        for code, value in figures.items():
            self.stdout.write(f"  {code:<24}{'suppressed' if value is None else value:>12}")
