"""`serai import FORMAT FILE`: bring a file in, with a report for every row."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from serai.core.errors import SeraiError
from serai.core.imports import framework
from serai.core.imports.rows import Source
from serai.core.models import ImportRefusal, ImportRun


class Command(BaseCommand):
    help = (
        "Import a file. Example: serai import ror v2.9.zip --json. Exit code 0: taken (rows may be refused, "
        "see the report), 3: the file was refused as a whole."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [importer.name for importer in framework.all_importers()]
        parser.add_argument("format", choices=names, metavar="FORMAT", help=", ".join(names))
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
        parser.add_argument(
            "--dry-run", action="store_true", help="do everything, keep nothing but the report"
        )
        parser.add_argument(
            "--batches", action="store_true", help="commit every 1,000 rows; resume if killed"
        )
        parser.add_argument("--propose", action="store_true", help="only show how the file would be read")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="option of the format"
        )
        parser.add_argument("--undo", action="store_true", help="take the last import of this file back")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(language_of(os.environ)):
            self._handle(options)

    def _handle(self, options: dict[str, Any]) -> None:
        chosen = dict(_pair(text) for text in options["set"])
        try:
            if options["propose"]:
                self._propose(options["format"], options["file"], chosen)
                return
            run = self._undo(options) if options["undo"] else self._import(options, chosen)
        except SeraiError as error:
            raise CommandError(str(error), returncode=3) from error
        self._print(run, options)
        if run.status == ImportRun.Status.REFUSED:
            sys.exit(3)

    def _import(self, options: dict[str, Any], chosen: dict[str, str]) -> ImportRun:
        request = framework.Request(
            format=options["format"],
            path=options["file"],
            file_name=options["file"].name,
            options=chosen,
            dry_run=options["dry_run"],
            batches=options["batches"],
        )
        show = sys.stderr.isatty()

        def progress(read: int) -> None:
            if show:
                self.stderr.write(f"\r{read:,} rows", ending="")

        return framework.run_import(request=request, by=None, progress=progress)

    def _undo(self, options: dict[str, Any]) -> ImportRun:
        """The last import of this file that did something; a repetition that changed nothing is passed over."""
        digest = framework.digest_of(options["file"])
        done = ImportRun.objects.filter(
            format=options["format"], sha256=digest, status=ImportRun.Status.DONE, changes__isnull=False
        )
        run = done.order_by("-finished_at").first()
        if run is None:
            raise CommandError("This file was not imported, or its import changed nothing.")
        return framework.undo_import(run=run, by=None)

    def _propose(self, format_name: str, path: Path, chosen: dict[str, str]) -> None:
        importer = framework.importer_named(format_name)
        options = framework.checked_settings(importer, chosen, None)
        proposal = importer.propose(Source.of(path), options)
        shown = asdict(replace(proposal, fields=(), unknown=(), vocabularies={}))
        found = {
            "options": options,
            **shown,
            "fields": [field.name for field in proposal.fields],
            "unknown": [{"setting": u.setting, "word": u.word, "rows": u.rows} for u in proposal.unknown],
        }
        del found["vocabularies"]
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2, default=str))

    def _print(self, run: ImportRun, options: dict[str, Any]) -> None:
        report = framework.report(run)
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
            return
        self.stdout.write(
            f"{run.get_status_display()}: {run.read:,} read, {run.created:,} created, {run.updated:,} updated, "
            f"{run.unchanged:,} unchanged, {run.refused:,} refused"
        )
        for row in report["refused"][:50]:
            self.stdout.write(f"  {row['file']}:{row['line'] or ''} {row['column']} {row['reason']}")
        if run.refused > 50:
            self.stdout.write(f"  and {run.refused - 50:,} more (--json prints all)")
        remarks = run.refusals.filter(kind=ImportRefusal.Kind.REMARK).order_by("pk")
        if count := remarks.count():
            self.stdout.write(f"{count:,} remarks on rows that were taken:")
        for remark in remarks[:50]:
            self.stdout.write(f"  {remark.file}:{remark.line or ''} {remark.column} {remark.said}")
        if count > 50:
            self.stdout.write(f"  and {count - 50:,} more")


def language_of(environ: Mapping[str, str]) -> str:
    """The language of the interface that the locale asks for; English where there is none."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    try:
        return translation.get_supported_language_variant(locale.partition(".")[0].replace("_", "-").lower())
    except LookupError:
        return "en"


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"--set takes NAME=VALUE, not {text}")
    return name, value
