"""Import pages: bring a file, see how it is read, try it, take it in, look at what came of it, take it back."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from serai.core import exports, files, keyset, lifecycle, policies, policy, ui
from serai.core.errors import SeraiError
from serai.core.forms import with_errors
from serai.core.imports import actions, forms, framework, queries, shapes
from serai.core.imports.exports import REFUSALS, refused_rows, rows_to_mend
from serai.core.imports.lifecycle import UNDER_WAY
from serai.core.imports.tables import is_table_name
from serai.core.models import ImportRun
from serai.core.viewer import viewer_of

S = ImportRun.Status


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], *, place: str, status: int = 200
) -> HttpResponse:
    request.serai_place = place  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _run(request: HttpRequest, pk: UUID) -> ImportRun:
    rows = policies.visible_imports(viewer_of(request)).select_related("started_by")
    found: ImportRun = get_object_or_404(rows, pk=pk)
    return found


def _home(request: HttpRequest) -> str:
    """The place of the rail the pages without a file belong to: that of the first format the person may use."""
    named = request.GET.get("format") or request.POST.get("format") or ""
    usable = {importer.name: importer for importer in framework.importers_for(viewer_of(request))}
    if named in usable:
        return usable[named].place
    return "exchange" if all(importer.place == "exchange" for importer in usable.values()) else "network"


# --- list and upload --------------------------------------------------------------------------------------------


@policy.route("core.imports")
def import_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    status, format = request.GET.get("status", ""), request.GET.get("format", "")
    usable = framework.importers_for(viewer)
    status = status if status in S.values else ""
    format = format if format in {importer.name for importer in usable} else ""
    page = keyset.page_of(
        queries.runs(viewer, status=status, format=format), request.GET.get("page", ""), by="-created_at"
    )
    new = reverse("import_new") + (f"?format={format}" if format else "")
    context = {
        "filters": [
            ui.Filter(
                "format",
                _("Format"),
                [ui.Option(i.name, i.summary) for i in usable],
                value=format,
                any_label=_("every format"),
            ),
            ui.Filter(
                "status",
                _("State"),
                [ui.Option(str(value), label) for value, label in S.choices],
                value=status,
                any_label=_("every state"),
            ),
        ],
        "rows": [shapes.run_row(run) for run in page.object_list],
        "page": page,
        "is_narrowed": bool(status or format),
        "new": ui.Action(_("Import a file"), new, "upload"),
        "oversees": framework.may_oversee(viewer),
    }
    return _page(request, "core/imports/list.html", context, place=_home(request))


@policy.route("core.imports")
def import_new(request: HttpRequest) -> HttpResponse:
    """Choose the format and the file. A refused file leaves what was chosen."""
    viewer = viewer_of(request)
    usable = framework.importers_for(viewer)
    initial = {"format": request.GET.get("format") or (usable[0].name if usable else "")}
    form = forms.UploadForm(request.POST or None, request.FILES or None, importers=usable, initial=initial)
    if request.method == "POST":
        if form.is_valid():
            values = form.cleaned_data
            run = with_errors(
                form,
                lambda: actions.start_import(
                    format=values["format"], upload=cast(UploadedFile, values["file"]), by=viewer
                ),
            )
            if run is not None:
                return redirect("import_detail", run.pk)
        elif "format" in form.errors and not request.POST:
            form.add_error(None, _("The file was too large to be read."))
    context = {
        "form": form,
        "steps": shapes.steps(None),
        "cancel_url": reverse("import_list"),
        "formats_url": "help",
    }
    status = 422 if form.is_bound and form.errors else 200
    return _page(request, "core/imports/new.html", context, place=_home(request), status=status)


# --- one import -------------------------------------------------------------------------------------------------


@policy.route("core.imports")
def import_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    if run.status == S.PROPOSED:
        return _settings_page(request, run)
    context = _common(request, run)
    if run.status in UNDER_WAY:
        return _page(
            request,
            "core/imports/under_way.html",
            {**context, "job": shapes.job(run)},
            place=shapes.place_of(run),
        )
    column, text = request.GET.get("column", "")[:120], request.GET.get("q", "")[:200].replace("\0", "")
    column = column.replace("\0", "")
    remarks = queries.count_remarks(run)
    shows_remarks = bool(remarks) and (request.GET.get("show") == "remarks" or not run.refused)
    columns = queries.refused_columns(run, remarks=shows_remarks)
    lines = queries.refusals(run, column=column, text=text, remarks=shows_remarks)
    page = queries.page_of(lines, request.GET.get("page", ""))
    context |= {
        "figures": shapes.figures(run) if run.status != S.REFUSED or run.read > run.refused else [],
        "table": shapes.refusal_table(run, list(page.object_list), page.paginator.count),
        "page": page,
        "total": page.paginator.count,
        "columns": columns,
        "filters": [
            *([shapes.remark_filter(run, remarks, shows_remarks)] if remarks and run.refused else []),
            shapes.column_filter(columns, column),
        ],
        "shows_remarks": shows_remarks,
        "remarks": shapes.remarks_line(remarks) if remarks else "",
        "query": text,
        "is_narrowed": bool(column or text),
        "downloads": shapes.downloads(
            run, request.GET.urlencode(), has_rows=bool(context["file"]) and is_table_name(run.file_name)
        ),
        "earlier": queries.earlier(viewer_of(request), run) if run.status == S.CHECKED else None,
        "records_url": reverse("import_records", args=[run.pk]),
        "is_whole_refused": run.status == S.REFUSED,
    }
    return _page(request, "core/imports/report.html", context, place=shapes.place_of(run))


def _common(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    file = actions.file_of(run)
    may_lead = actions.may_lead(viewer_of(request), run)
    return {
        "run": run,
        "kind": framework.importer_named(run.format).label,
        "tone": lifecycle.tone_of(run),
        "file": file,
        "may_lead": may_lead,
        "facts": shapes.facts(run, file),
        "steps": shapes.steps(run),
        "actions": shapes.further_actions(run, file) if may_lead else [],
        "next_step": _next_step(run) if may_lead else None,
    }


def _next_step(run: ImportRun) -> ui.Action | None:
    if run.status == S.CHECKED and run.created + run.updated:
        return ui.Action(
            _("Take it in"), reverse("import_carry_out", args=[run.pk]), "box-arrow-in-right", "post"
        )
    return _another(run) if run.status in (S.DONE, S.UNDONE, S.REFUSED) else None


def _another(run: ImportRun) -> ui.Action:
    return ui.Action(_("Import another file"), f"{reverse('import_new')}?format={run.format}", "upload")


@policy.route("core.imports")
def import_settings(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _settings_page(request, _run(request, pk))


def _settings_page(request: HttpRequest, run: ImportRun) -> HttpResponse:
    """How the file is read, with its first rows. Every answer is kept at once; `go` also starts the trial."""
    file = actions.file_of(run)
    if run.status not in (S.PROPOSED, S.CHECKED, S.REFUSED) or file is None:
        return redirect("import_detail", run.pk)
    viewer = viewer_of(request)
    importer = framework.importer_named(run.format)
    look = queries.look(run, file)
    made = {
        "source": look.source,
        "settings": queries.settings_for(importer, run),
        "proposal": look.proposal,
        "options": run.options,
    }
    form = forms.SettingsForm(request.POST or None, **made)
    status = 200
    if request.method == "POST":
        changed = None
        if form.is_valid():
            changed = with_errors(
                form, lambda: actions.change_settings(run=run, options=form.chosen(), by=viewer)
            )
        if changed is not None:
            if "go" not in request.POST:
                return redirect(reverse("import_detail", args=[run.pk]) + "#preview")
            actions.check_import(run=changed, by=viewer)
            return redirect("import_detail", run.pk)
        status = 422
    context = _common(request, run) | {
        "form": form,
        "look": look,
        "error": _said(look.error) if look.error else None,
        "next_step": _another(run) if look.error and not form.fields else None,
        "table": shapes.preview(look.proposal) if look.proposal and look.proposal.rows else None,
        "proposal": look.proposal,
        "earlier": queries.earlier(viewer, run),
        "settings_url": reverse("import_settings", args=[run.pk]),
    }
    return _page(request, "core/imports/settings.html", context, place=shapes.place_of(run), status=status)


def _said(error: SeraiError) -> dict[str, Any]:
    refusal = getattr(error, "refusal", None)
    if refusal is None:
        return {"reason": error.message}
    return {"reason": refusal.reason, "line": refusal.line, "column": refusal.column}


@policy.route("core.imports")
def import_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress of a step, asked for every two seconds; when it has ended the page is loaded anew."""
    run = _run(request, pk)
    response = render(request, "core/imports/_progress.html", {"job": shapes.job(run)})
    if run.status not in UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@policy.route("core.imports")
@require_POST
def import_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.check_import(run=_run(request, pk), by=viewer_of(request))
    return redirect("import_detail", pk)


@policy.route("core.imports")
@require_POST
def import_carry_out(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.carry_out_import(run=_run(request, pk), by=viewer_of(request))
    return redirect("import_detail", pk)


@policy.route("core.imports")
@require_POST
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.take_back_import(run=_run(request, pk), by=viewer_of(request))
    return redirect("import_detail", pk)


@policy.route("core.imports")
@require_POST
def import_discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    actions.discard_import(run=run, by=viewer_of(request))
    messages.success(request, _("Thrown away, with its file."))
    return redirect("import_list")


# --- what came of it --------------------------------------------------------------------------------------------


@policy.route("core.imports")
def import_records(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The records an import made and changed, each with its line."""
    run, viewer = _run(request, pk), viewer_of(request)
    if run.status != S.DONE:
        return redirect("import_detail", pk)
    page = queries.page_of(run.changes.select_related(None).order_by("pk"), request.GET.get("page", ""))
    context = _common(request, run) | {
        "table": shapes.record_table(queries.cards_of(viewer, list(page.object_list))),
        "page": page,
        "total": page.paginator.count,
    }
    return _page(request, "core/imports/records.html", context, place=shapes.place_of(run))


@policy.route("core.imports")
def import_refusals(request: HttpRequest, pk: UUID, form: str) -> HttpResponseBase:
    if form not in exports.FORMATS:
        raise Http404
    run = _run(request, pk)
    column, text = request.GET.get("column", "").replace("\0", ""), request.GET.get("q", "").replace("\0", "")
    if "rows" in request.GET:
        return _rows_to_mend(request, run, form)
    remarks = request.GET.get("show") == "remarks" or not run.refused
    rows = queries.refusals(run, column=column[:120], text=text[:200], remarks=remarks)
    return exports.respond(REFUSALS, rows.iterator(chunk_size=1000), form=form, viewer=viewer_of(request))


def _rows_to_mend(request: HttpRequest, run: ImportRun, form: exports.Format) -> HttpResponseBase:
    """The refused rows as they stand in the file, each with its reasons; 404 where it is no table or is gone."""
    file = actions.file_of(run)
    proposal = queries.look(run, file).proposal if file else None
    if file is None or proposal is None or proposal.shape is None:
        raise Http404
    rows = refused_rows(actions.source_of(run, file), proposal.shape, queries.reasons_by_line(run))
    return exports.respond(rows_to_mend(proposal.shape.headers), rows, form=form, viewer=viewer_of(request))


@policy.route("core.imports")
def import_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file as it was uploaded, for those who see the import."""
    file = actions.file_of(_run(request, pk))
    if file is None:
        raise Http404
    return files.download(file)
