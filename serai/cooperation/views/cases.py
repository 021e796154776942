"""Cases: the list, one case with its one next step, and the forms that move it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from serai.agreements.forms import CaseAgreementForm
from serai.agreements.models import Agreement
from serai.agreements.pages import chosen, page, tabs, window
from serai.agreements.shapes import history, organisation_chip
from serai.cooperation import actions, forms, lifecycle, policies, queries, shapes
from serai.cooperation.actions.common import own_people_of
from serai.cooperation.models import Case, Facility, Project, Result
from serai.cooperation.views.common import do, must, options, user_of
from serai.core import chain, kinds, policy, ui
from serai.core.api import capped_count
from serai.core.viewer import viewer_of
from serai.directory.models import Organisation
from serai.events.policies import visible_meetings
from serai.exchange.policies import visible_interests

S = Case.Status
HISTORY: dict[str, object] = {
    "cooperation.case_opened": gettext_lazy("opened the case"),
    "cooperation.meeting_joined": gettext_lazy("met again"),
    "cooperation.meeting_joined*": gettext_lazy("A meeting was tied to the case"),
    "cooperation.next_step_set": gettext_lazy("set the next step"),
    "cooperation.case_handed_over": gettext_lazy("handed the case over"),
    "cooperation.case_moved": gettext_lazy("moved the case on"),
    "cooperation.case_moved*": gettext_lazy("The case moved on with its agreement"),
    "cooperation.case_stalled": gettext_lazy("put the case to rest"),
    "cooperation.case_ended": gettext_lazy("ended the case"),
    "cooperation.agreement_drafted": gettext_lazy("drafted an agreement"),
    "cooperation.agreement_named": gettext_lazy("named the agreement"),
}


@require_GET
@policy.route("core.public")
def build(request: HttpRequest) -> HttpResponse:
    """The place Build begins with what one does first.

    For those who act for an organisation these are its cases, for stewards and the secretariat results that wait for
    a check, for all others the register.
    """
    viewer = viewer_of(request)
    if policies.may_begin(viewer):
        return redirect("case_list")
    if viewer.is_authenticated and queries.results_to_validate(viewer).exists():
        return redirect(f"{reverse('result_list')}?status={Result.Status.REPORTED}")
    return redirect("agreement_list")


@require_GET
@policy.route("cooperation.case.see")
def case_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    status, whose = chosen(request, "status", "whose").values()
    found = queries.cases(viewer, status=status, whose=whose)
    shown = window(found, request.GET.get("page", ""))
    count, is_capped = capped_count(found)
    may_begin = policies.may_begin(viewer)
    context = {
        "tabs": tabs(viewer, "case_list"),
        "filters": [
            ui.Filter(
                "whose", _("Whose"), [ui.Option("mine", _("My cases"))], whose, any_label=_("All our cases")
            ),
            ui.Filter("status", _("Status"), options(S.choices), status, any_label=_("any status")),
        ],
        "rows": [shapes.case_row(case) for case in shown.object_list],
        "page": shown,
        "total": count + is_capped,
        "is_filtered": bool(status or whose),
        "next_step": ui.Action(_("Open a case"), reverse("case_create"), "plus-lg") if may_begin else None,
        "offers": _offers(request) if shown.number == 1 else [],
    }
    return page(request, "cooperation/case_list.html", context)


def _offers(request: HttpRequest) -> list[ui.Row]:
    """Accepted interests from which a case can be opened with one tap."""
    interests = queries.interests_to_carry_on(viewer_of(request)).select_related(
        "organisation", "listing__organisation"
    )
    rows = []
    for interest in interests.prefetch_related("listing__teasers")[:5]:
        title, language = queries.title_of_listing(interest.listing)
        url = reverse("case_from_interest", args=[interest.pk])
        rows.append(
            ui.Row(
                title,
                url,
                lang=language,
                icon="briefcase",
                place=interest.organisation.name,
                why=_("The interest was accepted."),
            )
        )
    return rows


def seen(request: HttpRequest, pk: UUID) -> Case:
    return get_object_or_404(queries.cases(viewer_of(request)), pk=pk)


@require_GET
@policy.route("cooperation.case.see")
def case_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, case = viewer_of(request), seen(request, pk)
    may_act = policies.may_act_on_case(viewer, case)
    next_step = _next_step(case) if may_act else None
    context = {
        "case": case,
        "kind": _("Case"),
        "tone": lifecycle.CASE.tones[case.status],
        "parties": [organisation_chip(o) for o in case.parties.select_related("country").order_by("name")],
        "owner": ui.Chip(case.owner.name, kind="person") if case.owner else None,
        "next_step": next_step,
        "actions": _more(case, next_step) if may_act else [],
        "history": history(viewer, "case", case.pk, HISTORY),
        "chain": chain.walk(viewer, case),
        "may_act": may_act,
        "is_over": not lifecycle.CASE.transitions[case.status],
        "tabs": tabs(viewer, "case_list"),
    }
    return page(request, "cooperation/case_detail.html", context)


def _next_step(case: Case) -> ui.Action | None:
    """The one thing that brings this case on, the same for both sides.

    What came of it has a step of its own: then the way there is what is next.
    """
    agreement, begun = queries.latest_agreement_of(case), queries.begun_from(case)
    match S(case.status):
        case S.LEAD:
            return _move(case, S.MATCHED)
        case S.MATCHED:
            return _move(case, S.NEGOTIATING)
        case S.NEGOTIATING:
            if agreement is None:
                return _draft(case)
            is_signed = agreement.status in queries.CARRIES
            return _move(case, S.SIGNED) if is_signed else _to(agreement, _("Go on with the agreement"))
        case S.SIGNED if begun is None:
            return _begin(case)
        case S.SIGNED if isinstance(begun, Project) and begun.landed_on is None:
            return _to(begun, _("Go on with the project"))
        case S.SIGNED:
            return _move(case, S.LANDED)
        case S.LANDED if begun is not None and not queries.has_results(begun):
            return _to(begun, _("Report the first result"))
        case S.LANDED:
            return _move(case, S.COMPLETED)
        case S.STALLED:
            return _move(case, _taken_up_as(agreement, begun))
        case _:
            return None


def _taken_up_as(agreement: Agreement | None, begun: Project | Facility | None) -> S:
    """How far a case had come that rests, by what came of it."""
    if isinstance(begun, Project) and begun.landed_on:
        return S.LANDED
    if agreement is None:
        return S.MATCHED
    return S.SIGNED if agreement.status in queries.CARRIES else S.NEGOTIATING


def _to(record: Model, label: str) -> ui.Action:
    return ui.Action(label, kinds.kind_of(record).card(record).url, "arrow-right")


def _move(case: Case, to: str) -> ui.Action:
    url = reverse("case_move", args=[case.pk])
    label = _("Take it up again") if case.status == S.STALLED else forms.CASE_STEPS[S(to)]
    return ui.Action(label, url, "arrow-right", "post", fields={"to": str(to)})


def _draft(case: Case) -> ui.Action:
    return ui.Action(_("Draft the agreement"), reverse("case_agree", args=[case.pk]), "file-earmark-check")


def _begin(case: Case) -> ui.Action:
    return ui.Action(_("Begin the project"), reverse("case_project", args=[case.pk]), "columns-gap")


def _more(case: Case, next_step: ui.Action | None) -> list[ui.Action]:
    """Everything else that can be done with an open case."""
    follows = lifecycle.CASE.transitions[case.status]
    if not follows:
        return []
    moves = [_move(case, to) for to in forms.CASE_STEPS if to in follows and case.status != S.STALLED]
    found = [
        *moves,
        *([_draft(case)] if case.status in [S.LEAD, S.MATCHED, S.NEGOTIATING] else []),
        ui.Action(
            _("Name an agreement that exists"), reverse("case_name_agreement", args=[case.pk]), "link-45deg"
        ),
        *([] if next_step == _begin(case) else [replace(_begin(case), label=_("Begin a project"))]),
        ui.Action(_("Propose a joint facility"), reverse("case_facility", args=[case.pk]), "buildings"),
        ui.Action(_("Hand it over"), reverse("case_owner", args=[case.pk]), "person-check"),
    ]
    if S.STALLED in follows:
        found.append(ui.Action(_("Let it rest"), reverse("case_stall", args=[case.pk]), "pause-circle"))
    if S.FAILED in follows:
        end = reverse("case_end", args=[case.pk])
        found.append(ui.Action(_("End without a result"), end, "x-circle", danger=True))
    return [action for action in found if action != next_step]


# --- opening ----------------------------------------------------------------------------------------------
@policy.route("cooperation.begin")
def case_create(request: HttpRequest) -> HttpResponse:
    form = forms.CaseForm(request.POST or None, viewer=viewer_of(request))

    def open_one(data: dict[str, object]) -> str:
        names = ("title", "language", "next_step", "due_on")
        values = {name: form.cleaned_data[name] for name in names}
        case = actions.open_case(by=user_of(request), parties=form.organisations(), **values)
        return reverse("case_detail", args=[case.pk])

    return do(
        request, form, open_one, back=reverse("case_list"), title=_("Open a case"), submit=_("Open the case")
    )


@policy.route("cooperation.begin")
def case_from_interest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One question, one tap: the accepted interest becomes a case."""
    interest = get_object_or_404(
        visible_interests(viewer_of(request)).select_related("organisation", "listing__organisation"), pk=pk
    )
    return _open(
        request,
        queries.case_opened_from(interest),
        lambda said: actions.open_case_from_interest(interest=interest, by=user_of(request), **said),
        queries.title_of_listing(interest.listing),
        [interest.organisation, interest.listing.organisation],
    )


@policy.route("cooperation.begin")
def case_from_meeting(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One question, one tap: the meeting becomes a case."""
    meeting = get_object_or_404(
        visible_meetings(viewer_of(request)).select_related(
            "request__listing", "request__requester__organisation", "request__invitee__organisation"
        ),
        pk=pk,
    )
    return _open(
        request,
        queries.case_opened_from(meeting),
        lambda said: actions.open_case_from_meeting(meeting=meeting, by=user_of(request), **said),
        queries.title_of_meeting(meeting),
        [meeting.request.requester.organisation, meeting.request.invitee.organisation],
    )


def _open(
    request: HttpRequest,
    known: Case | None,
    action: Callable[[dict[str, Any]], Case],
    called: tuple[str, str],
    sides: list[Organisation],
) -> HttpResponse:
    """Ask once, with the title at hand; what is sent empty is called by what it was about.

    There is one case of a contact: where it is open already, it is shown instead.
    """
    if known is not None and policies.may_act_on_case(viewer_of(request), known):
        messages.info(request, _("There is a case of this contact already. It goes on here."))
        return redirect("case_detail", known.pk)
    title, language = called
    initial = {"title": title, "language": language.split("-")[0] or None}
    sent = request.POST if request.method == "POST" else None
    form = forms.OpenForm(sent, initial={k: v for k, v in initial.items() if v})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data if form.cleaned_data["title"] not in {"", title} else {}
        case = form.run(lambda: action(said))
        if case is not None:
            return redirect("case_detail", case.pk)
    context = {
        "form": form,
        "parties": [organisation_chip(side) for side in sides],
        "cancel_url": reverse("case_list"),
    }
    return page(request, "cooperation/case_open.html", context, status=422 if form.errors else 200)


# --- moving -----------------------------------------------------------------------------------------------
def _acted_on(request: HttpRequest, pk: UUID) -> Case:
    case = seen(request, pk)
    must(policies.may_act_on_case(viewer_of(request), case))
    return case


def _back(case: Case) -> str:
    return reverse("case_detail", args=[case.pk])


@policy.route("cooperation.case.see")
def case_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    form = forms.StepForm(request.POST or None, initial={"next_step": case.next_step, "due_on": case.due_on})
    return do(
        request,
        form,
        lambda data: actions.set_next_step(case=case, by=user_of(request), **data),
        back=_back(case),
        title=_("The next step"),
        submit=_("Save"),
        kind=case.title,
    )


@require_POST
@policy.route("cooperation.case.see")
def case_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    case = actions.move_case(case=case, to=request.POST.get("to", ""), by=user_of(request))
    return redirect("case_step" if lifecycle.CASE.transitions[case.status] else "case_detail", pk)


@policy.route("cooperation.case.see")
def case_stall(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    return do(
        request,
        forms.StallForm(request.POST or None),
        lambda data: actions.stall_case(case=case, by=user_of(request), **data),
        back=_back(case),
        title=_("Let the case rest"),
        submit=_("Let it rest"),
        kind=case.title,
    )


@policy.route("cooperation.case.see")
def case_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    return do(
        request,
        forms.ReasonForm(request.POST or None),
        lambda data: actions.end_case(case=case, by=user_of(request), **data),
        back=_back(case),
        title=_("End without a result"),
        submit=_("End the case"),
        kind=case.title,
        note=_("Both sides read the reason; nobody else does."),
    )


@policy.route("cooperation.case.see")
def case_owner(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    people = own_people_of(case, viewer_of(request)).order_by("name")
    return do(
        request,
        forms.OwnerForm(request.POST or None, people=people),
        lambda data: actions.hand_over_case(case=case, by=user_of(request), **data),
        back=_back(case),
        title=_("Hand the case over"),
        submit=_("Hand over"),
        kind=case.title,
    )


@policy.route("cooperation.case.see")
def case_agree(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    initial = {"title": case.title, "language": case.language}
    form = CaseAgreementForm(request.POST or None, viewer=viewer_of(request), initial=initial)

    def agree(data: dict[str, object]) -> str:
        agreement = actions.conclude_agreement(
            case=case,
            terms=form.terms(),
            texts=[form.text()],
            follows=form.cleaned_data["follows"],
            by=user_of(request),
        )
        return reverse("agreement_detail", args=[agreement.pk])

    return do(
        request,
        form,
        agree,
        back=_back(case),
        title=_("Draft the agreement"),
        submit=_("Save the draft"),
        kind=case.title,
        note=_("Its parties are those of the case: %(names)s.")
        % {"names": shapes.names(case.parties.all(), 20)},
    )


@policy.route("cooperation.case.see")
def case_name_agreement(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An agreement that was concluded beside the case becomes its agreement."""
    case = _acted_on(request, pk)
    agreements = queries.agreements_for_case(viewer_of(request), case)
    return do(
        request,
        forms.AgreementForm(request.POST or None, agreements=agreements),
        lambda data: actions.name_agreement_of_case(case=case, by=user_of(request), **data),
        back=_back(case),
        title=_("Name an agreement that exists"),
        submit=_("Save"),
        kind=case.title,
        note=_("Agreements between both sides of the case. If there is none yet, draft it from the case."),
    )


@policy.route("cooperation.case.see")
def case_project(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    parties = list(case.parties.order_by("name", "pk"))
    form = forms.ProjectForm(
        request.POST or None, parties=parties, initial={"title": case.title, "language": case.language}
    )

    def begin(data: dict[str, object]) -> str:
        project = actions.create_project(
            by=user_of(request), case=case, agreement=queries.agreement_of(case), **form.values()
        )
        return reverse("project_detail", args=[project.pk])

    return do(
        request,
        form,
        begin,
        back=_back(case),
        title=_("Begin the project"),
        submit=_("Begin"),
        kind=case.title,
    )


@policy.route("cooperation.case.see")
def case_facility(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = _acted_on(request, pk)
    viewer = viewer_of(request)
    form = forms.FacilityForm(
        request.POST or None,
        viewer=viewer,
        initial={
            "agreement": queries.agreement_of(case),
            "name": case.title,
            "language": case.language,
            "others": "\n".join(str(o.pk) for o in queries.others_in(case, viewer)),
        },
    )

    def propose(data: dict[str, object]) -> str:
        values = form.values()
        values["agreement"] = values["agreement"] or queries.agreement_of(case)
        facility = actions.propose_facility(by=user_of(request), case=case, **values)
        return reverse("facility_detail", args=[facility.pk])

    return do(
        request,
        form,
        propose,
        back=_back(case),
        title=_("Propose a joint facility"),
        submit=_("Propose"),
        kind=case.title,
    )
