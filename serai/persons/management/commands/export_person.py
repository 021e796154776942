"""`serai export_person ID|EMAIL DIR`: a copy of everything the node holds about a person."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core import audit
from serai.core.errors import NotFound
from serai.persons import actions, queries


class Command(BaseCommand):
    help = (
        "Write everything the node holds about a person into a new directory: index.html to read, person.json for "
        "programs. Example: serai export_person ana@example.org /tmp/ana"
    )
    group = "People"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="ID|EMAIL")
        parser.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
        parser.add_argument("--json", action="store_true", help="print one object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        if directory.exists() and any(directory.iterdir()):
            raise CommandError(f"{directory} is not empty; name a new directory.")
        try:
            user = queries.user_named(options["person"])
        except NotFound as error:
            raise CommandError(str(error)) from error
        files = actions.files_of_copy(user)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            with os.fdopen(
                os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(content.encode())
        audit.record(actor=None, action="persons.exported", obj=user)
        rows = {name: len(found) for name, found in json.loads(files["person.json"])["holds"].items()}
        if options["json"]:
            self.stdout.write(json.dumps({"id": str(user.pk), "directory": str(directory), "rows": rows}))
            return
        self.stdout.write(f"{sum(rows.values())} rows of {len(rows)} kinds. Open {directory / 'index.html'}")
