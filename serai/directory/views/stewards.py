"""Pages of the stewards: the queue, the check by the published criteria, suspending and ending."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from serai.core import keyset, policy, ui
from serai.core.viewer import viewer_of
from serai.directory import actions, forms, policies, queries, shapes
from serai.directory.models import Organisation
from serai.directory.queries import Search
from serai.directory.views.edit import person_of
from serai.directory.views.public import PLACE, tabs


@policy.route("directory.waiting")
def verification_list(request: HttpRequest) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    viewer = viewer_of(request)
    asked = request.GET.get("q", "").replace("\x00", "")[:200]
    waiting = queries.waiting(viewer, asked).select_related("country", "owner").exclude(due_on=None)
    page = keyset.page_of(waiting, request.GET.get("page", ""), by="due_on")
    rows = [
        ui.Row(
            o.name,
            reverse("verification", args=[o.pk]),
            lang=o.name_language,
            kind=shapes.kind_labels(o),
            icon="building",
            place=shapes.place_line(o),
            status=o.get_status_display(),
            status_tone="waiting",
            due=o.due_on,
            due_label=_("Answer by"),
            why=_("Taken up by %(name)s") % {"name": o.owner.name} if o.owner else "",
        )
        for o in page.object_list
    ]
    context = {
        "rows": rows,
        "page": page,
        "asked": asked,
        "show_all": ui.Action(_("Show all"), reverse("verification_list"), "x-lg"),
        "tabs": tabs(viewer, Search(), "verification"),
    }
    return render(request, "directory/verification_list.html", context)


@policy.route("directory.waiting")
def verification(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One case: the entry, what the comparison showed, and the form with the criteria."""
    request.serai_place = PLACE  # type: ignore[attr-defined]
    person = person_of(request)
    organisation = get_object_or_404(
        policies.waiting_organisations(person)
        .select_related("country", "owner")
        .prefetch_related("names", "identifiers", "labels", "texts"),
        pk=pk,
    )
    form = forms.VerificationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _decide(request, organisation, form):
        return redirect("verification_list")
    check = queries.check_of(organisation)
    context = {
        "organisation": organisation,
        "form": form,
        "names": shapes.sorted_names(organisation),
        "text": shapes.shown_text(organisation, person),
        "facts": shapes.facts(organisation),
        "identifiers": shapes.identifier_facts(organisation),
        "managers": policies.managers_of(organisation),
        "check": check,
        "suspicions": [
            (shapes.SUSPICION_WORDS[s.reason], shapes.chip(s.organisation), s.detail)
            for s in check.suspicions
        ],
        "may_verify": policies.may_verify(person, organisation),
        "take_up": ui.Action(
            _("Take it up"),
            reverse("verification_take_up", args=[organisation.pk]),
            "hand-index-thumb",
            "post",
        ),
        "is_taken_up": organisation.status == Organisation.Status.UNDER_VERIFICATION,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "directory/verification.html", context, status=status)


def _decide(request: HttpRequest, organisation: Organisation, form: forms.VerificationForm) -> bool:
    """Carry out what the steward chose; False, with reasons in the form, when it cannot be."""
    person = person_of(request)
    if request.POST.get("decision") == "return":
        done = form.perform(
            lambda: actions.return_to_managers(
                organisation=organisation,
                by=person,
                reason=form.cleaned_data["reason"],
                findings=form.findings(),
            )
        )
        said = _("Returned with your reason; the managers have been told.")
    else:
        if not form.require_all():
            return False
        done = form.perform(
            lambda: actions.verify_organisation(
                organisation=organisation, by=person, findings=form.findings()
            )
        )
        said = _("Verified; the managers have been told.")
    if done is None:
        return False
    messages.success(request, said)
    return True


@policy.route("directory.waiting")
@require_POST
def verification_take_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = person_of(request)
    organisation = get_object_or_404(policies.waiting_organisations(person), pk=pk)
    actions.take_up_verification(organisation=organisation, by=person)
    return redirect("verification", organisation.pk)


def _any_organisation(request: HttpRequest, pk: UUID) -> Organisation:
    organisation: Organisation = get_object_or_404(policies.visible_organisations(viewer_of(request)), pk=pk)
    return organisation


@policy.route("accounts.steward")
def organisation_suspend(request: HttpRequest, pk: UUID) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    organisation = _any_organisation(request, pk)
    form = forms.SuspendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = form.perform(
            lambda: actions.suspend_organisation(
                organisation=organisation, by=person_of(request), reason=form.cleaned_data["reason"]
            )
        )
        if done is not None:
            messages.success(request, _("Suspended; strangers no longer see it."))
            return redirect("organisation_detail", organisation.pk)
    return _steward_form(request, organisation, form, _("Suspend"))


@policy.route("accounts.steward")
def organisation_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    organisation = _any_organisation(request, pk)
    person = person_of(request)
    form = forms.EndForm(request.POST or None, viewer=person)
    if request.method == "POST" and form.is_valid():
        done = form.perform(
            lambda: actions.end_organisation(organisation=organisation, by=person, **form.cleaned_data)
        )
        if done is not None:
            messages.success(request, _("Recorded."))
            return redirect("organisation_detail", organisation.pk)
    return _steward_form(request, organisation, form, _("Record its end"))


def _steward_form(
    request: HttpRequest, organisation: Organisation, form: forms.ActionForm, title: str
) -> HttpResponse:
    context = {
        "organisation": organisation,
        "form": form,
        "title": title,
        "cancel_url": shapes.url_of(organisation),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "directory/steward_form.html", context, status=status)


@policy.route("accounts.steward")
@require_POST
def organisation_reinstate(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.reinstate_organisation(organisation=_any_organisation(request, pk), by=person_of(request))
    messages.success(request, _("Verified again."))
    return redirect("organisation_detail", pk)


@policy.route("accounts.steward")
@require_POST
def organisation_relist(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.relist_organisation(organisation=_any_organisation(request, pk), by=person_of(request))
    messages.success(request, _("Listed again."))
    return redirect("organisation_detail", pk)
