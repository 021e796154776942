"""`serai erase_person ID|EMAIL`: forget a person; `--replay`: those whom a restored backup brought back."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core.errors import SeraiError
from serai.node import erasures
from serai.persons import actions, queries


class Command(BaseCommand):
    help = (
        "Erase a person: account, sessions, tokens, registrations, letters, names. What they concluded for their "
        "organisations stays, without the name. Cannot be undone. Example: serai erase_person ana@example.org"
    )
    group = "People"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", nargs="?", metavar="ID|EMAIL")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--force",
            action="store_true",
            help="also the last manager of an organisation or the last secretariat: the longest-serving colleague follows",
        )
        parser.add_argument(
            "--replay",
            action="store_true",
            help="erase those again whom a restored backup brought back (serai restore does it by itself)",
        )
        parser.add_argument("--json", action="store_true", help="print one object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["replay"] == bool(options["person"]):
            raise CommandError("Name one person, or --replay.", returncode=2)
        try:
            if options["replay"]:
                self._replay()
            else:
                self._erase(options)
        except (SeraiError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _replay(self) -> None:
        returned = actions.erase_again(ledger=erasures.read(settings.CONFIG.home / erasures.NAME))
        if returned:
            self.stdout.write(f"{returned} people whom the backup brought back are erased again.")

    def _erase(self, options: dict[str, Any]) -> None:
        user = queries.user_named(options["person"])
        if not options["yes"] and not self._confirmed(user.email):
            raise CommandError("Nothing was erased.")
        done = actions.erase_person(user=user, force=options["force"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done), default=str))
            return
        self._tell(done)

    def _confirmed(self, address: str) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Erasing cannot be undone: repeat with --yes.")
        return input(f"Erase {address}? It cannot be undone. Type the address again: ").strip() == address

    def _tell(self, done: actions.Erased) -> None:
        self.stdout.write(f"Erased. The account {done.id} tells nothing any more.")
        self.stdout.write(
            f"{done.handed_over} records were handed over, {done.letters} letters removed or changed."
        )
        for place, heir in done.managers.items():
            self.stdout.write(
                f"{place}: {'now led by ' + heir if heir else 'nobody could follow; name somebody'}"
            )
        for found in done.left:
            self.stdout.write(
                f"The name still stands in {found.rows} rows of {found.table}.{found.column}: read them."
            )
        self.stdout.write("Backups made before still hold the person; serai restore erases them again.")
