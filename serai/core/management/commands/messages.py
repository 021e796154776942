"""`serai messages`: collect the texts of the interface into the catalogues; `--check` fails where one is missing."""

import re
import sys
from pathlib import Path
from typing import Any

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import to_locale

_FIELD = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]+\}", re.IGNORECASE)


class Command(BaseCommand):
    help = (
        "Collect translatable texts (needs gettext), compile the catalogues, or check that they are complete."
    )
    needs_database = False
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail if a translation is missing"
        )
        parser.add_argument("--compile", action="store_true", help="only compile the catalogues")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"] and not options["compile"]:
            self._collect()
        problems = [problem for tag in tags() for problem in check(tag)]
        if options["check"]:
            for problem in problems[:100]:
                self.stderr.write(problem)
            if problems:
                self.stderr.write(f"{len(problems)} problems in the catalogues.")
                sys.exit(1)
            self.stdout.write("The catalogues are complete.")
            return
        for tag in tags():
            compile_catalogue(tag)
        self.stdout.write(f"Compiled. {len(problems)} problems (serai messages --check names them).")

    def _collect(self) -> None:
        call_command(
            "makemessages",
            locale=[to_locale(tag) for tag in tags()],
            no_location=True,
            no_obsolete=True,
            no_wrap=True,
            ignore_patterns=["tests/*", ".venv/*", "docs/*", "serai/core/style_samples.py"],
            verbosity=0,
        )


def tags() -> list[str]:
    return [tag for tag, _name in settings.LANGUAGES if tag != settings.LANGUAGE_CODE]


def path_of(tag: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(tag) / "LC_MESSAGES" / "django.po"


def read(tag: str) -> Catalog:
    with path_of(tag).open("rb") as source:
        return pofile.read_po(source, locale=to_locale(tag))


def compile_catalogue(tag: str) -> None:
    with path_of(tag).with_suffix(".mo").open("wb") as out:
        write_mo(out, read(tag))


def check(tag: str) -> list[str]:
    """What is wrong with a catalogue, in words: missing, unsure, or with other fields than the original."""
    return [f"{tag}: {problem}" for message in read(tag) if message.id for problem in _problems(message)]


def _problems(message: Message) -> list[str]:
    originals = [str(i) for i in message.id] if isinstance(message.id, list | tuple) else [str(message.id)]
    given = message.string
    texts = [str(t or "") for t in given] if isinstance(given, list | tuple) else [str(given or "")]
    name = repr(originals[0][:70])
    if not all(texts):
        return [f"no translation of {name}"]
    if "fuzzy" in message.flags:
        return [f"unsure translation of {name}"]
    wanted = (
        set(_FIELD.findall(originals[-1]))
        if _is_format(message)
        else set(re.findall(r"\{[a-z_]+\}", originals[-1]))
    )
    for text in texts:
        found = set(_FIELD.findall(text)) if _is_format(message) else set(re.findall(r"\{[a-z_]+\}", text))
        if found - wanted or (len(texts) == 1 and wanted - found):
            return [f"other fields in the translation of {name}"]
    return []


def _is_format(message: Message) -> bool:
    return "python-format" in message.flags
