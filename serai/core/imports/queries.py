"""Reads of the import pages: the list, one import with its file, its lines and its records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Func, Q, QuerySet, TextField
from django.utils.translation import gettext as _

from serai.core import kinds, policies, ui
from serai.core.errors import SeraiError
from serai.core.imports import actions, framework
from serai.core.imports.framework import Importer, Proposal
from serai.core.imports.rows import Source
from serai.core.imports.said import Said
from serai.core.models import ImportChange, ImportRefusal, ImportRun, StoredFile
from serai.core.viewer import Viewer

PAGE = 50
WORDS = Func(
    F("message"),
    template="jsonb_path_query_array(%(expressions)s, '$.words.*')::text",
    output_field=TextField(),
)
"""The words in the braces of a message, as one text."""

MOST_WORDS = 10
MOST_COLUMNS = 30
"""Columns offered as a filter of the lines that were not taken."""


@dataclass(frozen=True)
class Look:
    """A file as it would be read now: the proposal, or why there is none."""

    source: Source
    proposal: Proposal | None
    error: SeraiError | None


def runs(viewer: Viewer, *, status: str = "", format: str = "") -> QuerySet[ImportRun]:
    found = policies.visible_imports(viewer).select_related("started_by")
    if status:
        found = found.filter(status=status)
    return found.filter(format=format) if format else found


def look(run: ImportRun, file: StoredFile) -> Look:
    importer, source = framework.importer_named(run.format), actions.source_of(run, file)
    try:
        return Look(source, importer.propose(source, run.options), None)
    except SeraiError as error:
        return Look(source, None, error)


def settings_for(importer: Importer, run: ImportRun) -> Any:
    """What can be said about the file, by the person who began the import: it runs with their rights."""
    return importer.settings(run.started_by)


def earlier(viewer: Viewer, run: ImportRun) -> ImportRun | None:
    """Another import of the very same file that was taken in."""
    same = policies.visible_imports(viewer).filter(
        sha256=run.sha256, format=run.format, status=ImportRun.Status.DONE
    )
    return same.exclude(pk=run.pk).order_by("-finished_at").first()


def refusals(
    run: ImportRun, *, column: str = "", text: str = "", remarks: bool = False
) -> QuerySet[ImportRefusal]:
    """What stands in the way of rows that were not taken; or the remarks on rows that were."""
    found = _lines(run, remarks).alias(words=WORDS).order_by("pk")
    if column:
        found = found.filter(column=column if column != "-" else "")
    for word in text.split()[:MOST_WORDS]:
        found = found.filter(
            Q(file__icontains=word)
            | Q(reason__icontains=word)
            | Q(words__icontains=word)
            | _said_with(run, word)
        )
    return found


def _said_with(run: ImportRun, word: str) -> Q:
    """Lines whose message, in the language of the reader, holds `word`; there are few messages in a report."""
    messages = run.refusals.filter(message__isnull=False).values_list("message__context", "message__text")
    meant = [Said(text, context=context or "") for context, text in messages.distinct()]
    return Q(message__text__in=[said.text for said in meant if word.casefold() in str(said).casefold()])


def _lines(run: ImportRun, remarks: bool) -> QuerySet[ImportRefusal]:
    kind = ImportRefusal.Kind.REMARK
    return run.refusals.filter(kind=kind) if remarks else run.refusals.exclude(kind=kind)


def reasons_by_line(run: ImportRun) -> dict[int, list[str]]:
    """Line → everything that stands in the way of its row."""
    found: dict[int, list[str]] = {}
    for line in refusals(run).filter(line__isnull=False).iterator(chunk_size=1000):
        said = f"{line.column}: {line.said}" if line.column else line.said
        found.setdefault(line.line or 0, []).append(said)
    return found


def count_remarks(run: ImportRun) -> int:
    return _lines(run, remarks=True).count()


def refused_columns(run: ImportRun, *, remarks: bool = False) -> list[tuple[str, int]]:
    """(column, how many lines of the report are about it), the most first."""
    counted = _lines(run, remarks).values("column").annotate(n=Count("pk")).order_by("-n", "column")
    return [(row["column"], row["n"]) for row in counted[:MOST_COLUMNS]]


def page_of(rows: QuerySet[Any], number: str) -> Page[Any]:
    return Paginator(rows, PAGE).get_page(number)


def cards_of(viewer: Viewer, changes: Sequence[ImportChange]) -> list[tuple[ImportChange, kinds.Card | None]]:
    """What a run did, with the cards of the objects the viewer sees."""
    known = {kind.name for kind in kinds.all_kinds()}
    by_kind: dict[str, list[UUID]] = {}
    for change in changes:
        if change.object_kind in known:
            by_kind.setdefault(change.object_kind, []).append(change.object_id)
    cards = {
        (kind, pk): card
        for kind, ids in by_kind.items()
        for pk, card in kinds.cards(viewer, kind, ids).items()
    }
    return [(change, cards.get((change.object_kind, change.object_id))) for change in changes]


def origin_facts(viewer: Viewer, kind: str, object_id: UUID) -> list[ui.Fact]:
    """Where a record comes from: file and line of the imports that wrote it, for those who see the imports."""
    if not viewer.is_authenticated:
        return []
    found = (
        ImportChange.objects.filter(
            object_kind=kind,
            object_id=object_id,
            run__status=ImportRun.Status.DONE,
            run__in=policies.visible_imports(viewer),
        )
        .select_related("run")
        .order_by("-run__finished_at")[:3]
    )
    return [_origin(change) for change in found]


def _origin(change: ImportChange) -> ui.Fact:
    words = {"file": change.run.file_name, "line": change.source_line}
    text = _("%(file)s, line %(line)s") % words if change.source_line else change.run.file_name
    return ui.Fact(_("Imported from"), text, url=kinds.kind_of(change.run).card(change.run).url)
