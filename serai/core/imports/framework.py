"""One way to import: the same promises for every format.

* A file is all or nothing unless `batches` is asked for; then each batch of 1,000 rows is, and a run that
  was killed goes on after the last one.
* `dry_run` does everything and keeps nothing but the report.
* Running a file twice changes nothing; undoing a run puts back what was there.
* Every row read is created, updated, unchanged or refused with file, line, column and reason.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.core import audit, kinds
from serai.core.errors import Conflict, Invalid
from serai.core.imports.copying import copy_in
from serai.core.imports.rows import FileRefused, Outcome, Refusal, Row
from serai.core.models import AuditEntry, ImportChange, ImportRefusal, ImportRun
from serai.core.viewer import Viewer

BATCH = 1000
Progress = Callable[[int], None]
Options = Mapping[str, Any]


class Importer(Protocol):
    """What a format brings: how to read its files, how to apply rows, how to take changes back."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> Any: ...

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        """Stream the rows. Raise FileRefused where the file as a whole is broken."""

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        """Write one batch in the caller's transaction; `Outcome.read` equals `len(rows)`."""

    def finish(self, run: ImportRun, options: Options) -> None:
        """After the last batch, in its transaction: links between records, jobs to enqueue."""

    def restore(self, kind: str, object_id: UUID, before: Any) -> None:
        """Put one object back to `before` (None: it was new, remove it)."""


_importers: dict[str, Importer] = {}


def register(importer: Importer) -> Importer:
    _importers[importer.name] = importer
    return importer


def importer_named(name: str) -> Importer:
    try:
        return _importers[name]
    except KeyError:
        known = ", ".join(sorted(_importers))
        raise Invalid(
            _("There is no format {name}. Known are: {known}.").format(name=name, known=known)
        ) from None


def all_importers() -> list[Importer]:
    return [_importers[name] for name in sorted(_importers)]


@dataclass(frozen=True)
class Request:
    """What is to be imported and how. `file_name` is the name people know; `path` is where the bytes lie."""

    format: str
    path: Path
    file_name: str
    options: Options
    dry_run: bool = False
    batches: bool = False


def run_import(*, request: Request, by: Viewer | None, progress: Progress | None = None) -> ImportRun:
    """Import a file. Returns the finished run; its `status` is REFUSED if the file as a whole was."""
    importer = importer_named(request.format)
    run = _begin(request, by)
    tell = progress or (lambda read: None)
    try:
        if request.batches and not request.dry_run:
            _in_batches(run, importer, request, by, tell)
        else:
            _all_or_nothing(run, importer, request, by, tell)
    except FileRefused as error:
        return _refuse(run, error, kept=request.batches)
    return run


def _begin(request: Request, by: Viewer | None) -> ImportRun:
    if not request.path.is_file():
        raise FileRefused(_("there is no such file"), file=request.file_name)
    digest = digest_of(request.path)
    if request.batches:
        unfinished = ImportRun.objects.filter(
            format=request.format, sha256=digest, status=ImportRun.Status.RUNNING, dry_run=False
        ).order_by("created_at")
        found = unfinished.filter(checkpoint__isnull=False).first()
        if found:
            return found
    return ImportRun.objects.create(
        format=request.format,
        file_name=request.file_name,
        sha256=digest,
        options=dict(request.options),
        dry_run=request.dry_run,
        status=ImportRun.Status.RUNNING,
        started_by_id=by.pk if by is not None and by.is_authenticated else None,
    )


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _all_or_nothing(
    run: ImportRun, importer: Importer, request: Request, by: Viewer | None, tell: Progress
) -> None:
    total = Outcome()
    with transaction.atomic():
        _one_at_a_time(request.format)
        for outcome in _outcomes(importer, request, by, skip=0):
            _add(total, outcome)
            _keep_changes(run, outcome)
            tell(total.read)
        importer.finish(run, request.options)
        if request.dry_run:
            transaction.set_rollback(True)
        else:
            _record(run, total, by)
    if request.dry_run:
        with transaction.atomic():
            _record(run, total, by)


def _in_batches(
    run: ImportRun, importer: Importer, request: Request, by: Viewer | None, tell: Progress
) -> None:
    done = int((run.checkpoint or {}).get("rows", 0))
    source = _outcomes(importer, request, by, skip=done)
    while True:
        with transaction.atomic():
            _one_at_a_time(request.format)
            outcome = next(source, None)
            if outcome is None:
                importer.finish(run, request.options)
                _close(run, by)
                return
            _keep_changes(run, outcome)
            _count(run, outcome)
            run.checkpoint = {"rows": run.read}
            run.save()
        tell(run.read)


def _one_at_a_time(format_name: str) -> None:
    """Two imports of one format wait for each other: both would create the same new record."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import:{format_name}"])


def _outcomes(importer: Importer, request: Request, by: Viewer | None, *, skip: int) -> Iterator[Outcome]:
    source = islice(importer.read(request.path, request.options), skip, None)
    while batch := list(islice(source, BATCH)):
        rows = [item for item in batch if isinstance(item, Row)]
        outcome = importer.apply(rows, request.options, by)
        outcome.refusals += [item for item in batch if isinstance(item, Refusal)]
        if outcome.read != len(batch):
            raise AssertionError(f"{importer.name}: {len(batch)} rows read, {outcome.read} accounted for")
        yield outcome


def _add(total: Outcome, outcome: Outcome) -> None:
    total.created += outcome.created
    total.updated += outcome.updated
    total.unchanged += outcome.unchanged
    total.refusals += outcome.refusals


def _count(run: ImportRun, outcome: Outcome) -> None:
    run.read += outcome.read
    run.created += outcome.created
    run.updated += outcome.updated
    run.unchanged += outcome.unchanged
    run.refused += len(outcome.refusals)
    _keep_refusals(run, outcome.refusals)


def _keep_changes(run: ImportRun, outcome: Outcome) -> None:
    changes = [
        ImportChange(run=run, object_kind=c.kind, object_id=c.id, source_line=c.line, before=c.before)
        for c in outcome.changes
    ]
    copy_in(ImportChange, changes)


def _keep_refusals(run: ImportRun, refusals: list[Refusal]) -> None:
    ImportRefusal.objects.bulk_create(
        ImportRefusal(run=run, file=r.file[:255], line=r.line, column=r.column[:80], reason=r.reason)
        for r in refusals
    )


def _record(run: ImportRun, total: Outcome, by: Viewer | None) -> None:
    _count(run, total)
    _close(run, by)


def _close(run: ImportRun, by: Viewer | None) -> None:
    run.status = ImportRun.Status.DONE
    run.finished_at = timezone.now()
    run.save()
    if not run.dry_run:
        figures = {k: getattr(run, k) for k in ("read", "created", "updated", "unchanged", "refused")}
        audit.record(
            actor=by,
            action="core.file_imported",
            obj=run,
            data={"format": run.format, "file": run.file_name, "sha256": run.sha256, **figures},
        )


def _refuse(run: ImportRun, error: FileRefused, *, kept: bool) -> ImportRun:
    """Nothing was written (in batches: nothing after the last whole batch); say where and why."""
    with transaction.atomic():
        run.status = ImportRun.Status.REFUSED
        run.finished_at = timezone.now()
        run.read += 1
        run.refused += 1
        _keep_refusals(run, [error.refusal])
        run.save()
    return run


@transaction.atomic
def undo_import(*, run: ImportRun, by: Viewer | None) -> ImportRun:
    """Take back what a run did. Raises Conflict if something it wrote was changed by somebody since."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.status != ImportRun.Status.DONE or run.dry_run:
        raise Conflict(_("Only an import that was carried out can be undone."))
    changes = list(run.changes.order_by("-pk"))
    touched = AuditEntry.objects.filter(
        object_id__in={c.object_id for c in changes}, at__gt=run.finished_at
    ).count()
    if touched:
        raise Conflict(
            _("{count} of its records were changed since; undo those changes first.").format(count=touched)
        )
    importer = importer_named(run.format)
    for change in changes:
        importer.restore(change.object_kind, change.object_id, change.before)
    run.status = ImportRun.Status.UNDONE
    run.save()
    audit.record(actor=by, action="core.import_undone", obj=run, data={"records": len(changes)})
    return run


def report(run: ImportRun) -> dict[str, Any]:
    """The report of `serai import --json`: what was read is the sum of the rest."""
    refused = [
        {"file": r.file, "line": r.line, "column": r.column, "reason": r.reason}
        for r in run.refusals.order_by("pk")
    ]
    return {
        "read": run.read,
        "created": run.created,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "refused": refused,
    }


def import_card(run: ImportRun) -> kinds.Card:
    return kinds.Card("import", run.pk, run.file_name, f"/imports/{run.pk}/", status=run.get_status_display())
