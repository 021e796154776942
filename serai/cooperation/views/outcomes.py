"""Projects, joint facilities and results: lists, records, and the forms that move them."""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from serai.agreements.models import Agreement
from serai.agreements.pages import chosen as narrowed
from serai.agreements.pages import page, tabs, window
from serai.agreements.policies import organisations_acted_for
from serai.agreements.queries import title_of as title_of_agreement
from serai.agreements.shapes import history, organisation_chip
from serai.cooperation import actions, forms, lifecycle, policies, queries, shapes
from serai.cooperation.models import Facility, Project, Result
from serai.cooperation.views.common import do, field_filter, must, options, user_of
from serai.core import chain, files, policy, ui
from serai.core.api import capped_count
from serai.core.errors import NotFound
from serai.core.text import best_text
from serai.core.tiers import Tier
from serai.core.viewer import Viewer, viewer_of

PROJECT_HISTORY: dict[str, object] = {
    "cooperation.project_created": gettext_lazy("began the project"),
    "cooperation.benefits_shared": gettext_lazy("stated who brings and gets what"),
    "cooperation.agreement_named": gettext_lazy("named the agreement"),
    "cooperation.project_moved": gettext_lazy("moved the project on"),
    "cooperation.project_landed": gettext_lazy("recorded the landing"),
    "cooperation.project_stopped": gettext_lazy("stopped the project"),
}
FACILITY_HISTORY: dict[str, object] = {
    "cooperation.facility_proposed": gettext_lazy("proposed the facility"),
    "cooperation.agreement_named": gettext_lazy("named the agreement"),
    "cooperation.facility_moved": gettext_lazy("moved the facility on"),
    "cooperation.facility_closed": gettext_lazy("closed the facility"),
}
RESULT_HISTORY: dict[str, object] = {
    "cooperation.result_reported": gettext_lazy("reported the result"),
    "cooperation.result_validated": gettext_lazy("validated the result"),
    "cooperation.result_refused": gettext_lazy("asked for better evidence"),
    "cooperation.result_resubmitted": gettext_lazy("reported the result again"),
}
S = Project.Status


# --- projects ---------------------------------------------------------------------------------------------
@require_GET
@policy.route("cooperation.project.see")
def project_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    chosen = narrowed(request, "status", "field", "country", "year")
    found = queries.projects(viewer, **chosen)
    shown = window(found, request.GET.get("page", ""))
    count, is_capped = capped_count(found)
    context = {
        "tabs": tabs(viewer, "project_list"),
        "filters": [
            field_filter(chosen["field"]),
            ui.Filter(
                "status",
                _("Status"),
                options(Project.Status.choices),
                chosen["status"],
                any_label=_("any status"),
            ),
        ],
        "rows": [shapes.project_row(project) for project in shown.object_list],
        "page": shown,
        "total": count + is_capped,
        "is_filtered": any(chosen.values()),
        "title": _("Projects"),
        "lead": _("Who brings what, who gets what, and where it landed."),
        "empty_text": _("A project begins from a signed case or agreement: open it and begin its project."),
        "icon": "columns-gap",
    }
    return page(request, "cooperation/outcome_list.html", context)


@policy.route("cooperation.begin")
def project_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A project under a signed agreement, between its parties."""
    viewer = viewer_of(request)
    agreement = get_object_or_404(queries.agreements_to_build_on(viewer), pk=pk)
    title, language = title_of_agreement(agreement)
    form = forms.ProjectForm(
        request.POST or None,
        parties=queries.organisations_of(agreement),
        initial={
            "title": title,
            "language": language,
            "field": _field_of(agreement),
            "starts_on": agreement.in_force_on or agreement.signed_on,
            "ends_on": agreement.ends_on,
        },
    )

    def begin(data: dict[str, object]) -> str:
        project = actions.create_project(by=user_of(request), agreement=agreement, **form.values())
        return reverse("project_detail", args=[project.pk])

    back = reverse("agreement_detail", args=[pk])
    return do(request, form, begin, back=back, title=_("Begin a project"), submit=_("Begin"), kind=title)


def _field_of(agreement: Agreement) -> str:
    return agreement.fields_of_science[0] if agreement.fields_of_science else ""


def _project(request: HttpRequest, pk: UUID) -> Project:
    visible = queries.with_project_names(policies.visible_projects(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


@require_GET
@policy.route("cooperation.project.see")
def project_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, project = viewer_of(request), _project(request, pk)
    may_act = policies.may_act_on_project(viewer, project)
    results = queries.results_of(viewer, project)
    next_step = _project_step(project) if may_act else None
    context = {
        "project": project,
        "kind": _("Project"),
        "text": best_text(project.texts.all()),
        "tone": lifecycle.PROJECT.tones[project.status],
        "parties": [(party, organisation_chip(party.organisation)) for party in project.parties.all()],
        "facts": shapes.project_facts(project),
        "results": [shapes.result_row(result) for result in results],
        "openings": _openings(viewer, project.pk),
        "next_step": next_step,
        "actions": _project_more(project, next_step) if may_act else [],
        "may_act": may_act,
        "history": history(viewer, "project", project.pk, PROJECT_HISTORY) if may_act else [],
        "chain": chain.walk(viewer, project),
        "tabs": tabs(viewer, "project_list"),
    }
    return page(request, "cooperation/project_detail.html", context)


def _openings(viewer: Viewer, *records: UUID) -> list[ui.Row]:
    return [shapes.opening_row(opening) for opening in queries.openings_of(viewer, records)]


def _project_move(project: Project, to: str) -> ui.Action:
    url = reverse("project_move", args=[project.pk])
    is_resting = project.status == Project.Status.STALLED
    label = _("Take it up again") if is_resting else forms.PROJECT_STEPS[Project.Status(to)]
    return ui.Action(label, url, "arrow-right", "post", fields={"to": str(to)})


def _project_step(project: Project) -> ui.Action | None:
    """The one thing that brings this project on, the same for every party."""
    match S(project.status):
        case S.NEGOTIATING:
            return _project_move(project, S.SIGNED)
        case S.SIGNED:
            return ui.Action(_("Record the landing"), reverse("project_land", args=[project.pk]), "geo-alt")
        case S.LANDED | S.OPERATING | S.COMPLETED:
            return _project_report(project)
        case S.STALLED if project.landed_on:
            return _project_move(project, S.LANDED)
        case S.STALLED:
            return _project_move(
                project, S.SIGNED if queries.rests_on_an_agreement(project) else S.NEGOTIATING
            )
        case _:
            return None


def _project_report(project: Project) -> ui.Action:
    return ui.Action(_("Report a result"), reverse("project_result", args=[project.pk]), "award")


def _project_more(project: Project, next_step: ui.Action | None) -> list[ui.Action]:
    follows = lifecycle.PROJECT.transitions[project.status]
    is_resting = project.status == Project.Status.STALLED
    found = [_project_move(project, to) for to in forms.PROJECT_STEPS if to in follows and not is_resting]
    if project.landed_on:
        found.append(_project_report(project))
    found.append(
        ui.Action(_("Who brings and gets what"), reverse("project_shares", args=[project.pk]), "list-check")
    )
    if not queries.rests_on_an_agreement(project):
        found.append(_name_agreement("project_agreement", project))
    if follows:
        stop = _("End it") if is_resting else _("Let it rest or end it")
        found.append(ui.Action(stop, reverse("project_stop", args=[project.pk]), "pause-circle"))
    return [action for action in found if action != next_step]


def _name_agreement(route: str, record: Project | Facility) -> ui.Action:
    return ui.Action(_("Name its agreement"), reverse(route, args=[record.pk]), "link-45deg")


def _project_acted_on(request: HttpRequest, pk: UUID) -> Project:
    project = _project(request, pk)
    must(policies.may_act_on_project(viewer_of(request), project))
    return project


@require_POST
@policy.route("core.signed_in")
def project_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    actions.move_project(project=project, to=request.POST.get("to", ""), by=user_of(request))
    return redirect("project_detail", pk)


@policy.route("core.signed_in")
def project_land(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    return do(
        request,
        forms.LandForm(request.POST or None),
        lambda data: actions.land_project(project=project, by=user_of(request), **data),
        back=reverse("project_detail", args=[pk]),
        title=_("The project has landed"),
        submit=_("Record the landing"),
        kind=queries.title_of_project(project)[0],
    )


@policy.route("core.signed_in")
def project_shares(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    rows = list(project.parties.all())
    initial: dict[str, object] = {}
    for number, row in enumerate(rows):
        initial |= {
            f"sector_{number}": row.sector,
            f"brings_{number}": row.brings,
            f"benefit_{number}": row.benefit_percent,
        }
    form = forms.SharesForm(request.POST or None, parties=[row.organisation for row in rows], initial=initial)
    return do(
        request,
        form,
        lambda data: actions.share_benefits(
            project=project, parties=forms.shares_of(form, form.parties), by=user_of(request)
        ),
        back=reverse("project_detail", args=[pk]),
        title=_("Who brings and gets what"),
        submit=_("Save"),
        kind=queries.title_of_project(project)[0],
        note=_("The shares add up to 100 per cent at most."),
    )


@policy.route("core.signed_in")
def project_agreement(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    return do(
        request,
        forms.AgreementForm(request.POST or None, agreements=_to_build_on(request)),
        lambda data: actions.name_agreement_of_project(project=project, by=user_of(request), **data),
        back=reverse("project_detail", args=[pk]),
        title=_("Name its agreement"),
        submit=_("Save"),
        kind=queries.title_of_project(project)[0],
        note=_("A signed agreement of your organisation, under which this is done."),
    )


def _to_build_on(request: HttpRequest) -> QuerySet[Agreement]:
    return queries.agreements_to_build_on(viewer_of(request))


@policy.route("core.signed_in")
def project_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    return do(
        request,
        forms.StopForm(request.POST or None),
        lambda data: actions.end_project(project=project, by=user_of(request), **data),
        back=reverse("project_detail", args=[pk]),
        title=_("Let the project rest, or end it"),
        submit=_("Save"),
        kind=queries.title_of_project(project)[0],
    )


# --- facilities -------------------------------------------------------------------------------------------
@require_GET
@policy.route("cooperation.facility.see")
def facility_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    chosen = narrowed(request, "kind", "field", "country", "region")
    found = queries.facilities(viewer, **chosen)
    shown = window(found, request.GET.get("page", ""))
    count, is_capped = capped_count(found)
    may_begin = policies.may_begin(viewer)
    context = {
        "tabs": tabs(viewer, "facility_list"),
        "filters": [
            ui.Filter(
                "kind",
                _("Kind"),
                options(Facility.Kind.choices),
                chosen["kind"],
                any_label=_("Facilities of every kind"),
            ),
            field_filter(chosen["field"]),
        ],
        "rows": [shapes.facility_row(facility) for facility in shown.object_list],
        "page": shown,
        "total": count + is_capped,
        "is_filtered": any(chosen.values()),
        "title": _("Joint facilities"),
        "lead": _("Joint laboratories, demonstration centres, overseas parks and transfer centres."),
        "empty_text": _("What partners found together stands here, from the proposal to its last day."),
        "icon": "buildings",
        "next_step": ui.Action(_("Propose a facility"), reverse("facility_create"), "plus-lg")
        if may_begin
        else None,
    }
    return page(request, "cooperation/outcome_list.html", context)


def _facility(request: HttpRequest, pk: UUID) -> Facility:
    visible = queries.with_facility_names(policies.visible_facilities(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


@require_GET
@policy.route("cooperation.facility.see")
def facility_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, facility = viewer_of(request), _facility(request, pk)
    may_act = policies.may_act_on_facility(viewer, facility)
    next_step = _facility_step(facility) if may_act else None
    context = {
        "facility": facility,
        "kind": facility.get_kind_display(),
        "text": best_text(facility.texts.all()),
        "tone": lifecycle.FACILITY.tones[facility.status],
        "hosts": [organisation_chip(host) for host in facility.hosts.all()],
        "facts": shapes.facility_facts(facility),
        "results": [shapes.result_row(result) for result in queries.results_of(viewer, facility)],
        "openings": _openings(viewer, facility.pk),
        "next_step": next_step,
        "actions": _facility_more(facility, next_step) if may_act else [],
        "may_act": may_act,
        "history": history(viewer, "facility", facility.pk, FACILITY_HISTORY) if may_act else [],
        "chain": chain.walk(viewer, facility),
        "tabs": tabs(viewer, "facility_list"),
    }
    return page(request, "cooperation/facility_detail.html", context)


def _facility_move(facility: Facility, to: str) -> ui.Action:
    url = reverse("facility_move", args=[facility.pk])
    return ui.Action(
        forms.FACILITY_STEPS[Facility.Status(to)], url, "arrow-right", "post", fields={"to": str(to)}
    )


def _facility_step(facility: Facility) -> ui.Action | None:
    follows = lifecycle.FACILITY.transitions[facility.status]
    if facility.status == Facility.Status.PROPOSED:
        return _facility_move(facility, Facility.Status.FEASIBILITY)
    if facility.status == Facility.Status.FEASIBILITY:
        return _facility_move(facility, Facility.Status.APPROVED)
    if Facility.Status.OPERATING in follows:
        return ui.Action(_("It is in operation"), reverse("facility_operate", args=[facility.pk]), "check-lg")
    if facility.status == Facility.Status.OPERATING:
        return ui.Action(_("Report a result"), reverse("facility_result", args=[facility.pk]), "award")
    return None


def _facility_more(facility: Facility, next_step: ui.Action | None) -> list[ui.Action]:
    follows = lifecycle.FACILITY.transitions[facility.status]
    found = [_facility_move(facility, to) for to in forms.FACILITY_STEPS if to in follows]
    if follows and not queries.rests_on_an_agreement(facility):
        found.append(_name_agreement("facility_agreement", facility))
    if Facility.Status.CLOSED in follows:
        found.append(
            ui.Action(_("Close it"), reverse("facility_close", args=[facility.pk]), "x-circle", danger=True)
        )
    return [action for action in found if action != next_step]


@policy.route("cooperation.begin")
def facility_create(request: HttpRequest) -> HttpResponse:
    """Propose a facility; `?agreement=` begins with what its agreement says."""
    viewer = viewer_of(request)
    form = forms.FacilityForm(request.POST or None, viewer=viewer, initial=_from_agreement(request))

    def propose(data: dict[str, object]) -> str:
        facility = actions.propose_facility(by=user_of(request), **form.values())
        return reverse("facility_detail", args=[facility.pk])

    back = reverse("facility_list")
    return do(request, form, propose, back=back, title=_("Propose a facility"), submit=_("Propose"))


def _from_agreement(request: HttpRequest) -> dict[str, object]:
    """What the form of a facility takes from the agreement named in the address, if the viewer may build on it."""
    try:
        pk = UUID(request.GET.get("agreement", ""))
    except ValueError:
        return {}
    viewer = viewer_of(request)
    agreement = queries.agreements_to_build_on(viewer).filter(pk=pk).first()
    if agreement is None:
        return {}
    name, language = title_of_agreement(agreement)
    parties = queries.organisations_of(agreement)
    own = set(organisations_acted_for(viewer).values_list("pk", flat=True))
    return {
        "agreement": agreement.pk,
        "name": name,
        "language": language,
        "field": _field_of(agreement),
        "organisation": next((o.pk for o in parties if o.pk in own), None),
        "others": "\n".join(str(o.pk) for o in parties if o.pk not in own),
    }


def _facility_acted_on(request: HttpRequest, pk: UUID) -> Facility:
    facility = _facility(request, pk)
    must(policies.may_act_on_facility(viewer_of(request), facility))
    return facility


@require_POST
@policy.route("core.signed_in")
def facility_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    facility = _facility_acted_on(request, pk)
    actions.move_facility(facility=facility, to=request.POST.get("to", ""), by=user_of(request))
    return redirect("facility_detail", pk)


@policy.route("core.signed_in")
def facility_operate(request: HttpRequest, pk: UUID) -> HttpResponse:
    facility = _facility_acted_on(request, pk)
    return do(
        request,
        forms.OperateForm(request.POST or None),
        lambda data: actions.move_facility(
            facility=facility, to=Facility.Status.OPERATING, by=user_of(request), **data
        ),
        back=reverse("facility_detail", args=[pk]),
        title=_("The facility is in operation"),
        submit=_("Record"),
        kind=queries.name_of_facility(facility)[0],
    )


@policy.route("core.signed_in")
def facility_agreement(request: HttpRequest, pk: UUID) -> HttpResponse:
    facility = _facility_acted_on(request, pk)
    return do(
        request,
        forms.AgreementForm(request.POST or None, agreements=_to_build_on(request)),
        lambda data: actions.name_agreement_of_facility(facility=facility, by=user_of(request), **data),
        back=reverse("facility_detail", args=[pk]),
        title=_("Name its agreement"),
        submit=_("Save"),
        kind=queries.name_of_facility(facility)[0],
        note=_("A signed agreement of your organisation, under which this is done."),
    )


@policy.route("core.signed_in")
def facility_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    facility = _facility_acted_on(request, pk)
    return do(
        request,
        forms.CloseForm(request.POST or None),
        lambda data: actions.close_facility(facility=facility, by=user_of(request), **data),
        back=reverse("facility_detail", args=[pk]),
        title=_("Close the facility"),
        submit=_("Close it"),
        kind=queries.name_of_facility(facility)[0],
    )


# --- results ----------------------------------------------------------------------------------------------
@require_GET
@policy.route("cooperation.result.see")
def result_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    chosen = narrowed(request, "kind", "status", "year")
    found = queries.results(viewer, **chosen)
    shown = window(found, request.GET.get("page", ""))
    partners = queries.partners_of(viewer, shown.object_list)
    count, is_capped = capped_count(found)
    context = {
        "tabs": tabs(viewer, "result_list"),
        "filters": [
            ui.Filter(
                "kind",
                _("Kind"),
                options(Result.Kind.choices),
                chosen["kind"],
                any_label=_("Results of every kind"),
            ),
            ui.Filter(
                "status",
                _("Status"),
                options(Result.Status.choices),
                chosen["status"],
                any_label=_("any status"),
            ),
        ],
        "rows": [shapes.result_row(result, partners[result.pk]) for result in shown.object_list],
        "page": shown,
        "total": count + is_capped,
        "is_filtered": any(chosen.values()),
        "title": _("Results"),
        "lead": _("What came of it, with the evidence."),
        "empty_text": _(
            "Results are reported on the page of their project or facility, and count once somebody else has validated them."
        ),
        "icon": "award",
        "next_step": _to_check(viewer),
    }
    return page(request, "cooperation/outcome_list.html", context)


def _to_check(viewer: Viewer) -> ui.Action | None:
    """The result that has waited longest for this viewer's check."""
    if not viewer.is_authenticated:
        return None
    first = queries.results_to_validate(viewer).order_by("created_at", "pk").first()
    if first is None:
        return None
    return ui.Action(
        _("Check a reported result"), reverse("result_detail", args=[first.pk]), "clipboard-check"
    )


def _result(request: HttpRequest, pk: UUID) -> Result:
    visible = queries.with_result_origins(policies.visible_results(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


@require_GET
@policy.route("cooperation.result.see")
def result_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, result = viewer_of(request), _result(request, pk)
    may_decide = result.status == Result.Status.REPORTED and policies.may_validate(viewer, result)
    reports = policies.may_report_for(viewer, result)
    told = queries.told_of(viewer, result) if reports and result.tier == Tier.PUBLIC else None
    origin = queries.project_or_facility(viewer, project=result.project_id, facility=result.facility_id)
    context = {
        "result": result,
        "partners": [organisation_chip(o) for o in queries.organisations_in(origin)] if origin else [],
        "shown": shapes.told_lines(told.shown) if told else [],
        "kept": shapes.told_lines(told.kept) if told else [],
        "openings": _openings(viewer, *(card.id for card in told.kept)) if told else [],
        "to_open": bool(told and queries.kept_records(viewer, told)),
        "kind": result.get_kind_display(),
        "tone": lifecycle.RESULT.tones[result.status],
        "origin": shapes.origin_of(result) if origin else None,
        "facts": shapes.result_facts(result),
        "next_step": _result_step(viewer, result, may_decide),
        "actions": _result_more(result) if may_decide else [],
        "may_decide": may_decide,
        "waits_for": _waits_for(result) if reports and not may_decide else "",
        "history": history(viewer, "result", result.pk, RESULT_HISTORY)
        if policies.may_follow(viewer, result)
        else [],
        "chain": chain.walk(viewer, result),
        "tabs": tabs(viewer, "result_list"),
    }
    return page(request, "cooperation/result_detail.html", context)


def _waits_for(result: Result) -> str:
    if result.status != Result.Status.REPORTED:
        return ""
    if result.tier == Tier.MUTUAL:
        return _("Another person who acts for one of the parties looks at the evidence next.")
    return _("A steward of this node looks at the evidence next.")


def _result_step(viewer: Viewer, result: Result, may_decide: bool) -> ui.Action | None:
    if may_decide:
        question = _("Does the evidence bear the result out?")
        return ui.Action(
            _("Validate"), reverse("result_validate", args=[result.pk]), "check-lg", "post", confirm=question
        )
    if result.status == Result.Status.REFUSED and policies.may_report_for(viewer, result):
        return ui.Action(
            _("Report it again"), reverse("result_resubmit", args=[result.pk]), "arrow-clockwise"
        )
    return None


def _result_more(result: Result) -> list[ui.Action]:
    return [
        ui.Action(
            _("Ask for better evidence"), reverse("result_refuse", args=[result.pk]), "arrow-counterclockwise"
        )
    ]


@policy.route("core.signed_in")
def project_result(request: HttpRequest, pk: UUID) -> HttpResponse:
    project = _project_acted_on(request, pk)
    return _report(
        request, reverse("project_detail", args=[pk]), queries.title_of_project(project)[0], project=project
    )


@policy.route("core.signed_in")
def facility_result(request: HttpRequest, pk: UUID) -> HttpResponse:
    facility = _facility_acted_on(request, pk)
    return _report(
        request,
        reverse("facility_detail", args=[pk]),
        queries.name_of_facility(facility)[0],
        facility=facility,
    )


def _report(
    request: HttpRequest,
    back: str,
    kind: str,
    *,
    project: Project | None = None,
    facility: Facility | None = None,
) -> HttpResponse:
    origin = project or facility
    assert origin is not None
    form = forms.ResultForm(request.POST or None, request.FILES or None, initial={"tier": origin.tier})

    def report(data: dict[str, object]) -> str:
        result = actions.report_result(
            by=user_of(request), project=project, facility=facility, **form.cleaned_data
        )
        return reverse("result_detail", args=[result.pk])

    return do(
        request,
        form,
        report,
        back=back,
        title=_("Report a result"),
        submit=_("Report"),
        kind=kind,
        note=" ".join(
            [
                _("Somebody else looks at the evidence and validates the result; then it counts."),
                *shapes.told_in_words(queries.told_of(viewer_of(request), origin)),
            ]
        ),
    )


@require_POST
@policy.route("core.signed_in")
def result_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the parties to show everybody what is kept back of the chain of a public result."""
    viewer, result = viewer_of(request), _result(request, pk)
    must(policies.may_report_for(viewer, result))
    for record in queries.kept_records(viewer, queries.told_of(viewer, result)):
        actions.ask_to_open(record=record, by=user_of(request))
    messages.success(
        request, _("The other parties are asked. What all of them agree to show becomes public.")
    )
    return redirect("result_detail", pk)


@require_POST
@policy.route("core.signed_in")
def result_validate(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.validate_result(result=_result(request, pk), by=user_of(request))
    return redirect("result_detail", pk)


@policy.route("core.signed_in")
def result_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    result = _result(request, pk)
    must(policies.may_validate(viewer_of(request), result))
    return do(
        request,
        forms.ReasonForm(request.POST or None),
        lambda data: actions.refuse_result(result=result, by=user_of(request), **data),
        back=reverse("result_detail", args=[pk]),
        title=_("Ask for better evidence"),
        submit=_("Send back"),
        kind=result.title,
    )


@policy.route("core.signed_in")
def result_resubmit(request: HttpRequest, pk: UUID) -> HttpResponse:
    result = _result(request, pk)
    must(policies.may_report_for(viewer_of(request), result))
    return do(
        request,
        forms.EvidenceForm(request.POST or None, request.FILES or None),
        lambda data: actions.resubmit_result(result=result, by=user_of(request), **data),
        back=reverse("result_detail", args=[pk]),
        title=_("Report it again"),
        submit=_("Report"),
        kind=result.title,
        note=result.refusal_reason,
    )


@require_GET
@policy.route("cooperation.result.see")
def result_evidence(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The evidence as a download, for whoever sees the result."""
    result = _result(request, pk)
    if result.evidence_file is None:
        raise NotFound(_("Not found."))
    return files.download(result.evidence_file)
