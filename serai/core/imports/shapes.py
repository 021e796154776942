"""What the import pages show, as the shapes of `core.ui`."""

from typing import Any

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from serai.core import exports, kinds, lifecycle, ui, words
from serai.core.imports import framework
from serai.core.imports.framework import Proposal
from serai.core.models import ImportChange, ImportRefusal, ImportRun, StoredFile
from serai.core.text import as_line, isolated

S = ImportRun.Status


def place_of(run: ImportRun) -> str:
    return framework.importer_named(run.format).place


def run_row(run: ImportRun) -> ui.Row:
    importer = framework.importer_named(run.format)
    return ui.Row(
        run.file_name,
        reverse("import_detail", args=[run.pk]),
        kind=importer.label,
        icon="upload",
        who=ui.Chip(str(run.started_by), kind="person") if run.started_by else None,
        when=run.created_at,
        status=run.get_status_display(),
        status_tone=lifecycle.tone_of(run),  # type: ignore[arg-type]
        snippet=outcome_line(run),
    )


def outcome_line(run: ImportRun) -> str:
    """The figures in one line; empty before anything was read."""
    if not run.read:
        return ""
    parts = [
        ngettext("%(n)s row read", "%(n)s rows read", run.read),
        ngettext("%(n)s new", "%(n)s new", run.created),
        ngettext("%(n)s changed", "%(n)s changed", run.updated),
        ngettext("%(n)s as before", "%(n)s as before", run.unchanged),
        ngettext("%(n)s not taken", "%(n)s not taken", run.refused),
    ]
    counts = (run.read, run.created, run.updated, run.unchanged, run.refused)
    return " · ".join(part % {"n": words.number(n)} for part, n in zip(parts, counts, strict=True) if n)


def steps(run: ImportRun | None) -> list[ui.Stop]:
    """The road of an import: file, reading, trial, taking in."""
    at = {None: 0, S.PROPOSED: 1, S.CHECKING: 2, S.CHECKED: 2, S.RUNNING: 3, S.REFUSED: 1}.get(
        S(run.status) if run else None, 4
    )
    if run is not None and run.status in (S.CHECKED, S.REFUSED):
        at = 2
    links = {}
    if run is not None and run.status in (S.CHECKED, S.REFUSED):
        links = {1: reverse("import_settings", args=[run.pk])}
    names = (
        pgettext("step of an import", "File"),
        pgettext("step of an import", "How it is read"),
        pgettext("step of an import", "Trial"),
        pgettext("step of an import", "Taken in"),
    )
    return [
        ui.Stop(name, "done" if n < at else "here" if n == at else "ahead", url=links.get(n, ""))
        for n, name in enumerate(names)
    ]


def facts(run: ImportRun, file: StoredFile | None) -> list[ui.Fact]:
    found = [
        ui.Fact(_("Format"), framework.importer_named(run.format).label),
        ui.Fact(_("Begun"), words.on_day_at(run.created_at)),
    ]
    if run.started_by:
        found.append(ui.Fact(_("By"), chip=ui.Chip(str(run.started_by), kind="person")))
    if run.finished_at:
        found.append(ui.Fact(_("Last step"), words.on_day_at(run.finished_at)))
    if file is not None:
        found.append(ui.Fact(pgettext("file", "Size"), size(file.size_bytes)))
        found.append(ui.Fact(_("File"), _("Download"), url=reverse("import_file", args=[run.pk])))
    else:
        found.append(ui.Fact(_("File"), _("no longer kept")))
    found.append(ui.Fact(_("Fingerprint (SHA-256)"), isolated(f"{run.sha256[:16]}…")))
    return found


def size(count: int) -> str:
    if count >= 1 << 20:
        return _("%(n)s MB") % {"n": words.number(round(count / (1 << 20), 1))}
    return _("%(n)s kB") % {"n": words.number(max(1, round(count / 1024)))}


def figures(run: ImportRun) -> list[ui.Figure]:
    is_trial = run.status == S.CHECKED
    return [
        ui.Figure(_("Would be new") if is_trial else _("New"), words.number(run.created)),
        ui.Figure(_("Would change") if is_trial else _("Changed"), words.number(run.updated)),
        ui.Figure(_("As before"), words.number(run.unchanged)),
        ui.Figure(_("Not taken"), words.number(run.refused)),
    ]


def job(run: ImportRun) -> ui.Progress:
    labels = {S.CHECKING: _("Trying it"), S.RUNNING: _("Taking it in"), S.UNDOING: _("Taking it back")}
    total = run.read if run.status == S.RUNNING else 0
    message = ""
    if run.progress:
        message = ngettext("%(n)s row read", "%(n)s rows read", run.progress) % {
            "n": words.number(run.progress)
        }
    return ui.Progress(
        labels.get(S(run.status), run.get_status_display()),
        done=min(run.progress, total),
        total=total,
        state="waiting" if not run.attempts else "running",
        message=message,
        poll_url=reverse("import_progress", args=[run.pk]),
        key=f"import-{run.pk}",
    )


def preview(proposal: Proposal) -> ui.Table:
    return ui.Table(
        _("The first rows, as they are read now"),
        [ui.Column(_("Line"), numeric=True), *(ui.Column(h) for h in proposal.headers)],
        [[str(line), *_filled(cells, len(proposal.headers))] for line, cells in proposal.rows],
    )


def _filled(cells: tuple[str, ...], width: int) -> list[str]:
    return [*cells, *([""] * (width - len(cells)))]


def refusal_table(run: ImportRun, rows: list[ImportRefusal], total: int) -> ui.Table:
    """The file is named where there are several, as in an archive."""
    several = any(r.file != run.file_name for r in rows)
    columns = [ui.Column(_("Line")), ui.Column(_("Column")), ui.Column(_("Why"))]
    cells: list[list[ui.Value | ui.Text]] = [
        ["" if r.line is None else str(r.line), r.column, as_line(capfirst(r.said))] for r in rows
    ]
    if several:
        columns.insert(0, ui.Column(_("File")))
        cells = [[r.file, *line] for r, line in zip(rows, cells, strict=True)]
    return ui.Table(ngettext("%(n)s line", "%(n)s lines", total) % {"n": words.number(total)}, columns, cells)


def downloads(run: ImportRun, query: str, *, has_rows: bool) -> list[tuple[str, str]]:
    """(address, label): the rows that were not taken, to be mended, and the lines of the report."""

    def address(form: str) -> str:
        return reverse("import_refusals", args=[run.pk, form])

    rows = [
        (f"{address(form)}?rows", _("The rows, to mend them: %(form)s") % {"form": form.upper()})
        for form in ("csv", "xlsx")
        if has_rows and run.refused
    ]
    lines = [
        (f"{address(form)}?{query}", _("This list: %(form)s") % {"form": form.upper()})
        for form in exports.FORMATS
    ]
    return [*rows, *lines]


def remark_filter(run: ImportRun, remarks: int, chosen: bool) -> ui.Filter:
    options = [ui.Option("remarks", _("taken, with a remark"), remarks)]
    return ui.Filter("show", _("Lines"), options, value="remarks" if chosen else "", any_label=_("not taken"))


def remarks_line(remarks: int) -> str:
    text = ngettext("%(n)s remark on rows that were taken", "%(n)s remarks on rows that were taken", remarks)
    return text % {"n": words.number(remarks)}


def column_filter(columns: list[tuple[str, int]], chosen: str) -> ui.Filter:
    options = [ui.Option(name or "-", name or _("the row as a whole"), n) for name, n in columns]
    return ui.Filter("column", _("Column"), options, value=chosen, any_label=_("in any column"))


def record_table(found: list[tuple[ImportChange, kinds.Card | None]]) -> ui.Table:
    """What the run made and changed; what the viewer may not see, or what is gone, is left out."""
    rows: list[list[ui.Value | ui.Text]] = [
        [
            ui.Value(card.title, url=card.url, lang=card.language),
            kinds.kind_named(card.kind).label,
            "" if change.source_line is None else str(change.source_line),
            ui.Value(_("New"), tone="done")
            if change.before is None
            else ui.Value(_("Changed"), tone="active"),
        ]
        for change, card in found
        if card is not None
    ]
    columns = [
        ui.Column(_("Record")),
        ui.Column(_("Kind")),
        ui.Column(_("Line"), numeric=True),
        ui.Column(_("What was done")),
    ]
    return ui.Table(_("Records of this import"), columns, rows)


def further_actions(run: ImportRun, file: StoredFile | None) -> list[ui.Action]:
    found: list[Any] = []
    if run.status in (S.CHECKED, S.REFUSED) and file is not None:
        found.append(
            ui.Action(_("Change how it is read"), reverse("import_settings", args=[run.pk]), "sliders")
        )
    if run.status == S.DONE and run.created + run.updated:
        found.append(
            ui.Action(
                _("Take it back"),
                reverse("import_undo", args=[run.pk]),
                "arrow-counterclockwise",
                "post",
                danger=True,
                confirm=_("Take back everything this import made and changed, as one?"),
            )
        )
    if run.status in (S.PROPOSED, S.CHECKED, S.REFUSED):
        found.append(
            ui.Action(
                _("Throw it away"),
                reverse("import_discard", args=[run.pk]),
                "trash",
                "post",
                danger=True,
                confirm=_("Throw this import away, with its file?"),
            )
        )
    return found
