"""One way to import: the same promises for every format.

* A file is all or nothing unless `batches` is asked for; then each batch of 1,000 rows is, and a run that
  was killed goes on after the last one.
* A trial (`dry_run`) does everything and keeps nothing but the report.
* Running a file twice changes nothing; undoing a run puts back what was there.
* Every row read is created, updated, unchanged or refused with file, line, column and reason.

A run by command does all of this at once (`run_import`, `undo_import`); in the browser the steps are actions
(`core.imports.actions`) and the worker carries them out by the same functions.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from serai.core import audit, kinds, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.imports.columns import Field
from serai.core.imports.copying import copy_in
from serai.core.imports.lifecycle import IMPORT
from serai.core.imports.rows import FileRefused, Options, Outcome, Reason, Refusal, Remark, Row, Source
from serai.core.imports.said import Said, storable
from serai.core.imports.tables import TableShape
from serai.core.imports.values import Unknown, Vocabulary
from serai.core.models import AuditEntry, ImportChange, ImportRefusal, ImportRun, Link
from serai.core.viewer import Viewer

BATCH = 1000
SAMPLE_ROWS = 10
CHUNK = 1000
"""Objects put back at a time."""

Ids = models.QuerySet[Any, Any]
"""Keys as a query: what is done with many thousand of them is one statement a table."""

Progress = Callable[[int], None]
Gate = Callable[[Viewer], bool]
S = ImportRun.Status
K = ImportRefusal.Kind


@dataclass(frozen=True)
class Setting:
    """Something a person may say about a file beside how it is written; `choices` are (value, label)."""

    name: str
    label: Any
    help: Any = ""
    choices: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True)
class Proposal:
    """How a file would be read, and its first rows: people change it before anything is written.

    `rows` are (line, cells) under `headers`. `columns` is field → header. `personal` are columns that name
    people: they are kept nowhere.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    shape: TableShape | None = None
    fields: tuple[Field, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that mean nothing here."""
        known = {*self.columns.values(), *self.personal}
        return tuple(h for h in self.headers if h not in known) if self.fields else ()


class Importer:
    """What a format brings: how to read its files, how to apply rows, how to take changes back."""

    name: str
    label: Any
    summary: Any
    source_name: Any = ""
    """What its records come from, as people call it, where that is not the format's own name."""
    suffixes: tuple[str, ...]
    place: Literal["network", "exchange"]
    parts: Mapping[str, tuple[type[models.Model], ...]] = {}
    """Kind → models whose rows are part of an object of it: they go with it when an import is undone."""
    shared: frozenset[str] = frozenset()
    """Kinds of which an import makes what it needs for others: they stay where others have come to use them."""

    @property
    def source_label(self) -> Any:
        return self.source_name or self.label

    def may_use(self, viewer: Viewer) -> bool:
        """Who may import this format: those who watch over the node's records, unless a format says otherwise."""
        return may_oversee(viewer)

    def settings(self, by: Viewer | None) -> tuple[Setting, ...]:
        """What can be said about the file by this person, None being the operator."""
        return ()

    def settle(self, options: Options, by: Viewer | None) -> dict[str, Any]:
        """The options as they will be used. Raises Invalid or NotAllowed for one that cannot be."""
        return dict(options)

    def propose(self, source: Source, options: Options) -> Proposal:
        """How the file would be read. Raises FileRefused where it cannot be."""
        raise NotImplementedError

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        """Stream the rows. Raise FileRefused where the file as a whole is broken."""
        raise NotImplementedError

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        """Write one batch in the caller's transaction; `Outcome.read` equals `len(rows)`."""
        raise NotImplementedError

    def finish(self, options: Options) -> None:
        """After the last batch, in its transaction: links between records, jobs to enqueue."""

    def remove(self, kind: str, ids: Ids) -> None:
        """Take objects away that a run had made; nothing but `parts` hangs on them. `ids` is a query of keys."""
        raise NotImplementedError

    def restore(self, kind: str, befores: Mapping[UUID, Any]) -> None:
        """Put objects back to what they were before a run changed them."""
        raise NotImplementedError


_importers: dict[str, Importer] = {}
_overseers: list[Gate] = []


def register(importer: Importer) -> Importer:
    _importers[importer.name] = importer
    return importer


def overseen_by(gate: Gate) -> None:
    """Say who watches over the node's records; `core` does not know the roles."""
    _overseers.append(gate)


def may_oversee(viewer: Viewer) -> bool:
    return any(gate(viewer) for gate in _overseers)


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


def source_of(source: str) -> str:
    """What people call the source a record was read from; importers name their records' source as themselves."""
    return str(_importers[source].source_label) if source in _importers else source


def importers_for(viewer: Viewer) -> list[Importer]:
    """The formats a person may import, asked with few questions: who oversees the node may use all of them."""
    if may_oversee(viewer):
        return all_importers()
    return [importer for importer in all_importers() if importer.may_use(viewer)]


def checked_settings(importer: Importer, options: Options, by: Viewer | None) -> dict[str, Any]:
    """The options a run may have. Raises NotAllowed for a format that is not the person's to use."""
    if by is not None and not importer.may_use(by):
        raise NotAllowed(_("You cannot import this format."))
    return importer.settle(options, by)


# --- by command -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """What is to be imported and how. `file_name` is the name people know; `path` is where the bytes lie."""

    format: str
    path: Path
    file_name: str
    options: Options
    dry_run: bool = False
    batches: bool = False

    @property
    def source(self) -> Source:
        return Source(self.path, self.file_name)


def run_import(*, request: Request, by: Viewer | None, progress: Progress | None = None) -> ImportRun:
    """Import a file at once. Returns the finished run; its `status` is REFUSED if the file as a whole was."""
    importer = importer_named(request.format)
    options = checked_settings(importer, request.options, by)
    if not request.path.is_file():
        raise FileRefused(_("there is no such file"), file=request.file_name)
    run = ImportRun(
        format=request.format,
        file_name=request.file_name[:255],
        sha256=digest_of(request.path),
        options=options,
        language=get_language() or "",
        status=S.CHECKING if request.dry_run else S.RUNNING,
        started_by_id=by.pk if by is not None and by.is_authenticated else None,
    )
    tell = progress or _silently
    if request.batches and not request.dry_run:
        return _in_batches(_unfinished(run) or run, importer, request.source, by, tell)
    with transaction.atomic():
        run.save(force_insert=True)
        take_in(run, importer, request.source, by, tell)
    return run


def _silently(read: int) -> None:
    return None


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_in(run: ImportRun, importer: Importer, source: Source, by: Viewer | None, tell: Progress) -> None:
    """Read the whole file in the caller's transaction: all or nothing, and nothing if the run is a trial."""
    total = Outcome()
    try:
        with transaction.atomic():
            _one_at_a_time(run.format)
            for outcome in _outcomes(importer, source, run.options, by, skip=0):
                _add(total, outcome)
                _keep_changes(run, outcome)
                tell(total.read)
            importer.finish(run.options)
            if run.status == S.CHECKING:
                transaction.set_rollback(True)
    except FileRefused as error:
        refuse(run, [error.refusal])
        return
    forget_report(run)
    _count(run, total)
    _close(run, by)


def _unfinished(run: ImportRun) -> ImportRun | None:
    """The run in batches of the same file that was killed."""
    found: ImportRun | None = (
        ImportRun.objects.filter(
            format=run.format, sha256=run.sha256, status=S.RUNNING, checkpoint__isnull=False
        )
        .order_by("created_at")
        .first()
    )
    return found


def _in_batches(
    run: ImportRun, importer: Importer, source: Source, by: Viewer | None, tell: Progress
) -> ImportRun:
    done = int((run.checkpoint or {}).get("rows", 0))
    outcomes = _outcomes(importer, source, run.options, by, skip=done)
    try:
        while True:
            with transaction.atomic():
                _one_at_a_time(run.format)
                outcome = next(outcomes, None)
                if outcome is None:
                    importer.finish(run.options)
                    run.save()
                    _close(run, by)
                    return run
                if run.checkpoint is None:
                    run.save()
                _keep_changes(run, outcome)
                _count(run, outcome)
                run.checkpoint = {"rows": run.read}
                run.save()
            tell(run.read)
    except FileRefused as error:
        with transaction.atomic():
            run.save()
            refuse(run, [error.refusal], kept=True)
    return run


def _one_at_a_time(format_name: str) -> None:
    """Two imports of one format wait for each other: both would create the same new record."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import:{format_name}"])


def _outcomes(
    importer: Importer, source: Source, options: Options, by: Viewer | None, *, skip: int
) -> Iterator[Outcome]:
    items = islice(importer.read(source, options), skip, None)
    while batch := list(islice(items, BATCH)):
        rows = [item for item in batch if isinstance(item, Row)]
        outcome = importer.apply(rows, options, by) if rows else Outcome()
        outcome.remarks += _remarks(rows, outcome.refusals)
        outcome.refusals += [item for item in batch if isinstance(item, Refusal)]
        if outcome.read != len(batch):
            raise AssertionError(f"{importer.name}: {len(batch)} rows read, {outcome.read} accounted for")
        yield outcome


def _remarks(rows: Iterable[Row], refusals: Iterable[Refusal]) -> list[Remark]:
    """What is to be said of the rows that were taken."""
    refused = {(r.file, r.line) for r in refusals}
    return [
        Remark(row.file, row.line, fault.column, fault.reason)
        for row in rows
        if (row.file, row.line) not in refused
        for fault in row.remarks
    ]


# --- what is kept of a run --------------------------------------------------------------------------------------


def _add(total: Outcome, outcome: Outcome) -> None:
    total.created += outcome.created
    total.updated += outcome.updated
    total.unchanged += outcome.unchanged
    total.refusals += outcome.refusals
    total.remarks += outcome.remarks


def forget_report(run: ImportRun) -> None:
    """Before a run is tried or carried out again: its last report goes."""
    run.read = run.created = run.updated = run.unchanged = run.refused = 0
    run.refusals.all().delete()


def _count(run: ImportRun, outcome: Outcome) -> None:
    run.read += outcome.read
    run.created += outcome.created
    run.updated += outcome.updated
    run.unchanged += outcome.unchanged
    run.refused += len(outcome.refusals)
    _keep_refusals(run, outcome.refusals)
    _keep_remarks(run, outcome.remarks)


def _keep_changes(run: ImportRun, outcome: Outcome) -> None:
    changes = [
        ImportChange(run=run, object_kind=c.kind, object_id=c.id, source_line=c.line, before=c.before)
        for c in outcome.changes
    ]
    copy_in(ImportChange, changes)


def _keep_refusals(run: ImportRun, refusals: Iterable[Refusal]) -> None:
    kept = []
    for refusal in refusals:
        for kind, fault in zip(chain([K.REFUSED], repeat(K.FURTHER)), refusal.faults, strict=False):
            kept.append(_line(run, kind, refusal.file, refusal.line, fault.column, fault.reason))
    copy_in(ImportRefusal, kept)


def _keep_remarks(run: ImportRun, remarks: Iterable[Remark]) -> None:
    copy_in(ImportRefusal, [_line(run, K.REMARK, r.file, r.line, r.column, r.reason) for r in remarks])


def _line(
    run: ImportRun, kind: str, file: str, line: int | None, column: str, reason: Reason
) -> ImportRefusal:
    return ImportRefusal(
        run=run,
        kind=kind,
        file=storable(file)[:255],
        line=line,
        column=storable(column)[:120],
        message=reason.kept() if isinstance(reason, Said) else None,
        reason="" if isinstance(reason, Said) else storable(reason)[:2000],
    )


def _close(run: ImportRun, by: Viewer | None) -> None:
    is_trial = run.status == S.CHECKING
    lifecycle.advance(IMPORT, run, S.CHECKED if is_trial else S.DONE)
    run.finished_at = timezone.now()
    run.save()
    if not is_trial:
        figures = {k: getattr(run, k) for k in ("read", "created", "updated", "unchanged", "refused")}
        audit.record(
            actor=by,
            action="core.file_imported",
            obj=run,
            data={"format": run.format, "file": run.file_name, "sha256": run.sha256, **figures},
        )


def refuse(run: ImportRun, refusals: Sequence[Refusal], *, kept: bool = False) -> None:
    """Nothing was written (in batches, `kept`: nothing after the last whole batch); say where and why."""
    if not kept:
        forget_report(run)
    lifecycle.advance(IMPORT, run, S.REFUSED)
    run.finished_at = timezone.now()
    run.read += len(refusals)
    run.refused += len(refusals)
    _keep_refusals(run, refusals)
    run.save()


# --- undo -------------------------------------------------------------------------------------------------------


@transaction.atomic
def undo_import(*, run: ImportRun, by: Viewer | None) -> ImportRun:
    """Take back what a run did. Raises Conflict if something it wrote was changed or is used by others since."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.status not in (S.DONE, S.UNDOING):
        raise Conflict(_("Only an import that was carried out can be undone."))
    if run.status == S.DONE:
        lifecycle.advance(IMPORT, run, S.UNDOING)
    take_back(run)
    close_undo(run, by)
    return run


def take_back(run: ImportRun) -> None:
    """Put back what was there before the run, in the caller's transaction. Raises Conflict where others came after."""
    _one_at_a_time(run.format)
    importer = importer_named(run.format)
    touched = AuditEntry.objects.filter(
        object_id__in=run.changes.values("object_id"), at__gt=run.finished_at
    ).exclude(object_kind="import")
    if count := touched.values("object_id").distinct().count():
        raise Conflict(
            _("{count} of its records were changed since; undo those changes first.").format(count=count)
        )
    later = ImportRun.objects.filter(
        status=S.DONE,
        finished_at__gt=run.finished_at,
        changes__object_id__in=run.changes.values("object_id"),
    ).exclude(pk=run.pk)
    if other := later.order_by("-finished_at").first():
        reason = _("The later import of {file} changed some of its records; undo that one first.")
        raise Conflict(reason.format(file=other.file_name))
    made = run.changes.filter(before__isnull=True)
    last_first = made.values("object_kind").annotate(last=Max("pk")).order_by("-last")
    for kind in [row["object_kind"] for row in last_first]:
        ids = made.filter(object_kind=kind).values("object_id")
        used = _used_by_others(importer, kind, ids)
        if used and kind not in importer.shared:
            reason = _("Others have built on {count} of its records since.")
            raise Conflict(reason.format(count=len(used)))
        importer.remove(kind, ids.exclude(object_id__in=used))
    for changed in _chunks(run.changes.filter(before__isnull=False).order_by("-pk")):
        for kind, changes in changed.items():
            importer.restore(kind, {c.object_id: c.before for c in changes})


def close_undo(run: ImportRun, by: Viewer | None) -> None:
    lifecycle.advance(IMPORT, run, S.UNDONE)
    run.note = ""
    run.save()
    audit.record(actor=by, action="core.import_undone", obj=run, data={"records": run.changes.count()})


def _chunks(changes: models.QuerySet[ImportChange]) -> Iterator[dict[str, list[ImportChange]]]:
    """Changes by kind, `CHUNK` at a time."""
    source = changes.iterator(chunk_size=CHUNK)
    while batch := list(islice(source, CHUNK)):
        by_kind: dict[str, list[ImportChange]] = {}
        for change in batch:
            by_kind.setdefault(change.object_kind, []).append(change)
        yield by_kind


def _used_by_others(importer: Importer, kind: str, ids: Ids) -> set[UUID]:
    """Those of the objects somebody has built on: an interest in a listing, a member of an organisation.

    Whatever refers to them counts, save the importer's own `parts` and the link it wrote itself.
    """
    if kind not in {known.name for known in kinds.all_kinds()}:
        return set()
    model = kinds.kind_named(kind).model
    used: set[UUID] = set()
    for other, name in _references(model, but=importer.parts.get(kind, ())):
        if other is not model:
            used |= set(other._base_manager.filter(**{f"{name}__in": ids}).values_list(name, flat=True))
    written = Q(target_kind=kind, relation=Link.Relation.PUBLISHED)
    links = Link.objects.exclude(written)
    used |= set(links.filter(source_kind=kind, source_id__in=ids).values_list("source_id", flat=True))
    used |= set(links.filter(target_kind=kind, target_id__in=ids).values_list("target_id", flat=True))
    return used


def _references(
    model: type[models.Model], *, but: Iterable[type[models.Model]]
) -> Iterator[tuple[type[models.Model], str]]:
    """(model, foreign key) of every row that may refer to one of `model`, hidden ones too, but those that are its
    own: the `parts` and the tables of its many-to-many fields."""
    own = {*but, *(field.remote_field.through for field in model._meta.many_to_many)}
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.related_model not in own:
            yield relation.related_model, relation.field.name


def delete_rows(model: type[models.Model], ids: Ids, parts: Iterable[type[models.Model]] = ()) -> None:
    """Delete rows with what is their own in one statement a table; Django's `delete` reads every one first.

    Nothing else may hang on them (`take_back` has asked): if something does, the database refuses at the commit.
    """
    others = set(_references(model, but=parts))
    for owner, name in _references(model, but=()):
        if owner is model:
            model._base_manager.filter(**{f"{name}__in": ids}).update(**{name: None})
        elif (owner, name) not in others:
            _delete_where(owner, name, ids)
    for many in model._meta.many_to_many:
        _delete_where(many.remote_field.through, many.m2m_field_name(), ids)
    _delete_where(model, "pk", ids)


def _delete_where(model: Any, field: str, ids: Ids) -> None:
    rows = model._base_manager.filter(**{f"{field}__in": ids})
    rows._raw_delete(rows.db)


# --- reports ----------------------------------------------------------------------------------------------------


def report(run: ImportRun) -> dict[str, Any]:
    """The report of `serai import --json`: what was read is the sum of the rest, so a row is refused once."""
    refused: list[dict[str, Any]] = []
    for r in run.refusals.exclude(kind=K.REMARK).order_by("pk"):
        if r.kind == K.FURTHER:
            refused[-1]["reason"] += f"; {r.column}: {r.said}" if r.column else f"; {r.said}"
        else:
            refused.append({"file": r.file, "line": r.line, "column": r.column, "reason": r.said})
    return {
        "read": run.read,
        "created": run.created,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "refused": refused,
    }
