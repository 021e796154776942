"""The steps of an import that a person takes: bring a file, say how it is read, try it, take it in, take it back.

The long steps only put a job into the queue; `work` is what the worker does. A step that was killed is begun
again by the worker's minute (`resume`): each is one transaction, so nothing of it is there.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.errors import DeadlockDetected

from serai.core import audit, files, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed, SeraiError
from serai.core.imports import framework
from serai.core.imports.lifecycle import IMPORT, UNDER_WAY
from serai.core.imports.progress import Teller
from serai.core.imports.rows import Reason, Refusal, Source
from serai.core.imports.said import Said
from serai.core.imports.uploads import MAX_UPLOAD_BYTES, TYPES
from serai.core.models import ImportRun, StoredFile
from serai.core.tiers import Tier
from serai.core.viewer import Viewer

S = ImportRun.Status
KIND = "import"
KEEP_DAYS = 30
"""A file is kept this long after the last step, so that its rows can be looked up; name, hash and report stay."""

MOST_ATTEMPTS = 3
"""A step whose worker died this often is not begun again."""

MOST_OPTIONS = 100
log = logging.getLogger(__name__)


# --- what people do ---------------------------------------------------------------------------------------------


@transaction.atomic
def start_import(
    *, format: str, upload: UploadedFile, by: Viewer, options: Mapping[str, Any] | None = None
) -> ImportRun:
    """Keep an uploaded file and begin an import with it; nothing is read into the records yet.

    Raises NotAllowed for a format that is not the person's to use, Invalid (naming `file`) for a file that is
    empty, too large, or something else than its name says.
    """
    importer = framework.importer_named(format)
    chosen = framework.checked_settings(importer, _storable(options or {}), by)
    endings = {suffix: TYPES[suffix] for suffix in importer.suffixes if suffix in TYPES}
    number = uuid4()
    file = files.store(
        upload=upload,
        owner_kind=KIND,
        owner_id=number,
        tier=Tier.SEALED,
        by=by,
        field="file",
        types=endings,
        max_bytes=MAX_UPLOAD_BYTES,
    )
    run = ImportRun.objects.create(
        pk=number,
        format=format,
        file_name=file.name,
        sha256=file.sha256,
        options=chosen,
        language=get_language() or "",
        started_by_id=by.pk,
    )
    audit.record(
        actor=by, action="core.import_started", obj=run, data={"format": format, "sha256": file.sha256}
    )
    return run


@transaction.atomic
def change_settings(*, run: ImportRun, options: Mapping[str, Any], by: Viewer) -> ImportRun:
    """Say how the file is to be read. What was tried before no longer counts."""
    run = _locked(run, by)
    importer = framework.importer_named(run.format)
    chosen = framework.checked_settings(importer, _storable(options), by)
    if run.status in (S.CHECKED, S.REFUSED):
        lifecycle.advance(IMPORT, run, S.PROPOSED)
        framework.forget_report(run)
    elif run.status != S.PROPOSED:
        raise Conflict(_("This import has gone on in the meantime; its settings can no longer be changed."))
    if chosen != run.options:
        run.options = chosen
        audit.record(actor=by, action="core.import_settings_changed", obj=run, data={"options": chosen})
    run.save()
    return run


@transaction.atomic
def check_import(*, run: ImportRun, by: Viewer) -> ImportRun:
    """Try it: everything is done and nothing kept but the report."""
    return _queue(run, S.CHECKING, by, "core.import_tried")


@transaction.atomic
def carry_out_import(*, run: ImportRun, by: Viewer) -> ImportRun:
    """Take the file in as it was tried. Asking twice is asking once."""
    return _queue(run, S.RUNNING, by, "core.import_carried_out")


@transaction.atomic
def take_back_import(*, run: ImportRun, by: Viewer) -> ImportRun:
    """Undo the import as one. What stands in the way is said in `note`."""
    return _queue(run, S.UNDOING, by, "core.import_undo_asked")


@transaction.atomic
def discard_import(*, run: ImportRun, by: Viewer) -> None:
    """Throw away an import of which nothing was taken in, with its file."""
    run = _locked(run, by)
    if run.status not in (S.PROPOSED, S.CHECKED, S.REFUSED):
        raise Conflict(_("Only an import of which nothing was taken in can be thrown away."))
    audit.record(actor=by, action="core.import_discarded", obj=run, data={"sha256": run.sha256})
    for file in StoredFile.objects.filter(owner_kind=KIND, owner_id=run.pk):
        files.forget(file)
    run.delete()


def _locked(run: ImportRun, by: Viewer) -> ImportRun:
    """The run, locked, if it is this person's to lead. Raises NotAllowed."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if not may_lead(by, run):
        raise NotAllowed(_("Only the person who began an import, or a steward, can do this."))
    return run


def may_lead(viewer: Viewer, run: ImportRun) -> bool:
    """Who began it and may still use the format; those who watch over the node's records may lead every import."""
    if framework.may_oversee(viewer):
        return True
    return run.started_by_id == viewer.pk and framework.importer_named(run.format).may_use(viewer)


def _queue(run: ImportRun, to: ImportRun.Status, by: Viewer, action: str) -> ImportRun:
    run = _locked(run, by)
    if run.status == to:
        return run
    if to != S.UNDOING and file_of(run) is None:
        raise Conflict(_("The file is no longer kept. Upload it again."))
    lifecycle.advance(IMPORT, run, to)
    run.progress, run.attempts, run.note, run.language = 0, 0, "", get_language() or ""
    run.save()
    audit.record(actor=by, action=action, obj=run)
    _defer(run.pk)
    return run


def _storable(options: Mapping[str, Any]) -> dict[str, str]:
    """Options as short texts. Raises Invalid for more than anybody has to say."""
    kept = {str(k).replace("\0", "")[:80]: str(v).replace("\0", "")[:300] for k, v in options.items()}
    if len(kept) > MOST_OPTIONS:
        raise Invalid(_("There are too many settings."))
    return {name: value.encode("utf-8", "replace").decode() for name, value in kept.items()}


def file_of(run: ImportRun) -> StoredFile | None:
    return StoredFile.objects.filter(owner_kind=KIND, owner_id=run.pk).first()


def source_of(run: ImportRun, file: StoredFile) -> Source:
    return Source(Path(file.content.path), run.file_name)


# --- what the worker does ---------------------------------------------------------------------------------------


def _defer(run: UUID) -> None:
    """Put the step into the queue in the caller's transaction, unless it waits there already."""
    try:
        with transaction.atomic():
            app.configure_task("core.work_on_import", queueing_lock=f"import:{run}").defer(run=str(run))
    except AlreadyEnqueued:
        return


def resume() -> None:
    """Begin again what was under way when its worker died. A step that is being worked on is left alone."""
    for run in ImportRun.objects.filter(status__in=UNDER_WAY, checkpoint__isnull=True).values_list(
        "pk", flat=True
    ):
        _defer(run)


def work(*, run_id: UUID) -> None:
    """Do the step a run is in, as one transaction. Repeating it, or doing it twice at once, changes nothing more."""
    if not _begin(run_id):
        return
    try:
        with transaction.atomic(), Teller(run_id) as tell:
            if not _only_here(run_id):
                return
            run = ImportRun.objects.select_related("started_by").get(pk=run_id)
            if run.status in UNDER_WAY:
                asked = _Asked.of(run)
                with translation.override(run.language or None):
                    _step(run, tell)
                _note_end(run, asked)
    except Exception as error:
        if isinstance(error.__cause__, DeadlockDetected):
            # Somebody else wrote the same rows in another order; nothing of the step is there.
            log.warning("import %s begins again: %s", run_id, error)
            _defer(run_id)
            return
        # The person must get an answer, and the queue must not begin a step for ever that always fails.
        log.exception("import %s", run_id)
        _give_up(
            run_id,
            Said(
                gettext_noop(
                    "Something went wrong on our side; nothing was kept. The operator has a record of it."
                )
            ),
        )


def _begin(run_id: UUID) -> bool:
    """Count the attempt. False where there is nothing to do, or where it has been tried too often."""
    with transaction.atomic():
        if not _only_here(run_id):
            return False
        run = ImportRun.objects.select_for_update().filter(pk=run_id, status__in=UNDER_WAY).first()
        if run is None:
            return False
        run.attempts += 1
        run.save(update_fields=["attempts"])
    if run.attempts > MOST_ATTEMPTS:
        _give_up(run_id, Said(gettext_noop("It was interrupted again and again; nothing was kept.")))
        return False
    return True


def _only_here(run_id: UUID) -> bool:
    """Hold the run until the transaction ends; the database lets go when a killed worker's connection breaks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"import:{run_id}"])
        return bool(cursor.fetchone()[0])


def _step(run: ImportRun, tell: Teller) -> None:
    by = run.started_by
    if run.status == S.UNDOING:
        _undo(run)
        return
    file = file_of(run)
    if file is None:
        _refuse(run, Said(gettext_noop("the file is no longer kept; upload it again")))
        return
    if (
        by is None or not by.is_active
    ):  # nobody would vouch for it: an import without a person is the operator's
        _refuse(run, Said(gettext_noop("the account of the person who began it is no longer there")))
        return
    importer = framework.importer_named(run.format)
    try:
        framework.checked_settings(
            importer, run.options, by
        )  # rights may have ended since the step was asked for
        with transaction.atomic():
            framework.take_in(run, importer, source_of(run, file), by, tell)
    except SeraiError as error:
        _refuse(run, error.message if isinstance(error.message, Said) else str(error.message))


def _undo(run: ImportRun) -> None:
    try:
        with transaction.atomic():
            framework.take_back(run)
    except Conflict as error:
        lifecycle.advance(IMPORT, run, S.DONE)
        run.note = str(error.message)
        run.save()
        return
    framework.close_undo(run, run.started_by)


def _refuse(run: ImportRun, reason: Reason) -> None:
    framework.refuse(run, [Refusal(run.file_name, None, "", reason)])


def _give_up(run_id: UUID, reason: Said) -> None:
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, status__in=UNDER_WAY).first()
        if run is None:
            return
        asked = _Asked.of(run)
        if run.status == S.UNDOING:
            lifecycle.advance(IMPORT, run, S.DONE)
            run.note = str(reason)
            run.save()
        else:
            _refuse(run, reason)
        _note_end(run, asked)


@dataclass(frozen=True)
class _Asked:
    """A step, and when it was asked for: nothing saves the run's own time while it waits or is worked on."""

    step: str
    at: datetime

    @classmethod
    def of(cls, run: ImportRun) -> "_Asked":
        return cls(run.status, run.updated_at)


def _note_end(run: ImportRun, asked: _Asked) -> None:
    """Let the log know how a step ended and how long its person waited; `accounts` tells them."""
    seconds = round((timezone.now() - asked.at).total_seconds())
    data = {"step": str(asked.step), "status": str(run.status), "seconds": seconds}
    audit.record(actor=None, action="core.import_ended", obj=run, data=data)


def forget_old_files(*, before: Any = None) -> int:
    """Let go of the files of imports whose last step lies back `KEEP_DAYS`. Returns how many."""
    old = ImportRun.objects.exclude(status__in=UNDER_WAY).filter(
        updated_at__lt=before or timezone.now() - timedelta(days=KEEP_DAYS)
    )
    found = StoredFile.objects.filter(owner_kind=KIND, owner_id__in=old.values("pk"))
    for file in found:
        with transaction.atomic():
            files.forget(file)
    return len(found)
