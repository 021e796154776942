"""Pages of the people who keep an organisation's entry: registering, changing, submitting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from serai.accounts.models import User
from serai.core import policy, ui
from serai.core.errors import NotAllowed
from serai.core.viewer import viewer_of
from serai.directory import actions, criteria, forms, identifiers, policies, shapes
from serai.directory.models import Organisation

PLACE = "network"


def person_of(request: HttpRequest) -> User:
    """The person signed in; the route's rule has let nobody else in."""
    user = viewer_of(request)
    if not isinstance(user, User):
        raise NotAllowed(_("Sign in first."))
    return user


def editable(request: HttpRequest, pk: UUID) -> Organisation:
    """The organisation, if the person may change it: 404 for one they do not see, 403 for one of others."""
    viewer = viewer_of(request)
    visible = policies.visible_organisations(viewer).select_related("country")
    organisation: Organisation = get_object_or_404(visible, pk=pk)
    if not policies.may_edit_organisation(viewer, organisation):
        raise NotAllowed(_("Only the managers of the organisation can change it."))
    return organisation


@policy.route("core.signed_in")
def organisation_register(request: HttpRequest) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    person = person_of(request)
    form = forms.RegisterForm(request.POST or None, viewer=person)
    if request.method == "POST" and form.is_valid():
        organisation = form.perform(
            lambda: actions.register_organisation(
                by=person,
                name=form.cleaned_data["name"],
                name_language=form.cleaned_data["name_language"],
                facts=form.facts(),
            )
        )
        if organisation is not None:
            messages.success(request, _("Entered as a draft. Add names and numbers, then submit it."))
            return redirect("organisation_detail", organisation.pk)
    context = {
        "form": form,
        "similar": [shapes.row(organisation) for organisation in form.similar],
        "cancel_url": reverse("organisation_list"),
    }
    return render(request, "directory/organisation_register.html", context, status=_status(form))


def _status(form: forms.ActionForm) -> int:
    return 422 if form.is_bound and form.errors else 200


@policy.route("directory.editable")
def organisation_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    person, organisation = person_of(request), editable(request, pk)
    may_change = policies.may_change_checked_facts(person, organisation)
    form = forms.FactsForm(
        request.POST or None,
        initial=forms.FactsForm.initial_of(organisation),
        may_change_checked=may_change,
    )
    if request.method == "POST" and form.is_valid():
        saved = form.perform(
            lambda: actions.update_organisation(organisation=organisation, by=person, facts=form.facts())
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("organisation_detail", organisation.pk)
    context = {
        "form": form,
        "organisation": organisation,
        "is_shut": not may_change,
        "tabs": part_tabs(organisation, "facts"),
        "cancel_url": shapes.url_of(organisation),
    }
    return render(request, "directory/organisation_edit.html", context, status=_status(form))


@policy.route("directory.editable")
@require_POST
def organisation_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    organisation = actions.submit_for_verification(organisation=editable(request, pk), by=person_of(request))
    days = criteria.VERIFICATION_DAYS
    said = ngettext(
        "Submitted. A steward answers within %(n)d day.",
        "Submitted. A steward answers within %(n)d days.",
        days,
    )
    messages.success(request, said % {"n": days})
    return redirect("organisation_detail", organisation.pk)


# --- names, descriptions, identifiers, labels, relations --------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One entry of a part, with how to take it away; `show_url` makes a name the one shown first."""

    text: str
    detail: Any = ""
    lang: str = ""
    remove: ui.Action | None = None
    show: ui.Action | None = None


@dataclass(frozen=True)
class Part:
    """One many-valued part of an entry: its form, what adds and removes one, how the entries read."""

    label: Any
    lead: Any
    form: type[forms.ActionForm]
    related: str
    add: Callable[[Organisation, User, Mapping[str, Any]], object]
    remove: Callable[[Any, User], object]
    line: Callable[[Any], tuple[str, Any, str]]
    needs_viewer: bool = False


PARTS: Mapping[str, Part] = {
    "names": Part(
        gettext_lazy("Names"),
        gettext_lazy(
            "The legal name in its own script, translations, former names, acronyms. People find it by any of them."
        ),
        forms.NameForm,
        "names",
        lambda o, by, d: actions.add_name(organisation=o, by=by, **d),
        lambda name, by: actions.remove_name(name=name, by=by),
        lambda n: (n.text, n.get_kind_display(), n.language),
    ),
    "texts": Part(
        gettext_lazy("Descriptions"),
        gettext_lazy(
            "What the organisation does, in as many languages as you like. Writing a language again replaces it."
        ),
        forms.TextForm,
        "texts",
        lambda o, by, d: actions.write_text(organisation=o, by=by, **d),
        lambda text, by: actions.remove_text(text=text, by=by),
        lambda t: (t.summary, "", t.language),
    ),
    "identifiers": Part(
        gettext_lazy("Identifiers"),
        gettext_lazy("Numbers under which registers know it. Check digits are checked as you save."),
        forms.IdentifierForm,
        "identifiers",
        lambda o, by, d: actions.add_identifier(organisation=o, by=by, **d),
        lambda identifier, by: actions.remove_identifier(identifier=identifier, by=by),
        lambda i: (identifiers.shown(i.scheme, i.value), i.get_scheme_display(), ""),
    ),
    "labels": Part(
        gettext_lazy("Labels"),
        gettext_lazy("Levels, accreditations and distinctions, with who gave them and when."),
        forms.LabelForm,
        "labels",
        lambda o, by, d: actions.add_label(organisation=o, by=by, **d),
        lambda label, by: actions.remove_label(label=label, by=by),
        lambda label: (label.name, label.issuer, label.language),
    ),
    "relations": Part(
        gettext_lazy("Relations"),
        gettext_lazy("Branches, twins, hosts, memberships. They are shown as this organisation's statement."),
        forms.RelationForm,
        "relations_out",
        lambda o, by, d: actions.add_relation(source=o, by=by, **d),
        lambda relation, by: actions.remove_relation(relation=relation, by=by),
        lambda r: (r.target.name, r.get_kind_display(), r.target.name_language),
        needs_viewer=True,
    ),
}


def part_tabs(organisation: Organisation, current: str) -> list[ui.Tab]:
    facts = ui.Tab(_("Facts"), reverse("organisation_edit", args=[organisation.pk]), current == "facts")
    return [
        facts,
        *(
            ui.Tab(part.label, reverse("organisation_part", args=[organisation.pk, name]), current == name)
            for name, part in PARTS.items()
        ),
    ]


@policy.route("directory.editable")
def organisation_part(request: HttpRequest, pk: UUID, part: str) -> HttpResponse:
    """The entries of one part with a form for one more; each can be taken away."""
    request.serai_place = PLACE  # type: ignore[attr-defined]
    if part not in PARTS:
        raise Http404
    person, organisation, known = person_of(request), editable(request, pk), PARTS[part]
    options: dict[str, Any] = {"viewer": person} if known.needs_viewer else {}
    form = known.form(request.POST or None, **options)
    if request.method == "POST" and form.is_valid():
        added = form.perform(lambda: known.add(organisation, person, form.cleaned_data))
        if added is not None:
            messages.success(request, _("Saved."))
            return redirect("organisation_part", organisation.pk, part)
    context = {
        "form": form,
        "organisation": organisation,
        "part": known,
        "lines": _lines(organisation, part),
        "is_shut": part in ("names", "identifiers")
        and not policies.may_change_checked_facts(person, organisation),
        "tabs": part_tabs(organisation, part),
        "cancel_url": shapes.url_of(organisation),
    }
    return render(request, "directory/organisation_part.html", context, status=_status(form))


def _lines(organisation: Organisation, part: str) -> list[Line]:
    known = PARTS[part]
    entries = getattr(organisation, known.related).all()
    if part == "relations":
        entries = entries.select_related("target")
    found = []
    for entry in entries.order_by("created_at"):
        text, detail, lang = known.line(entry)
        address = reverse("organisation_part_remove", args=[organisation.pk, part, entry.pk])
        question = _("Take “%(text)s” away?") % {"text": text[:80]}
        remove = ui.Action(_("Remove"), address, "trash", "post", confirm=question)
        is_first = part == "names" and entry.text == organisation.name
        show = None
        if part == "names" and not is_first:
            show = ui.Action(
                _("Show first"),
                reverse("organisation_show_name", args=[organisation.pk, entry.pk]),
                "star",
                "post",
            )
        found.append(Line(text, detail, lang, None if is_first else remove, show))
    return found


@policy.route("directory.editable")
@require_POST
def organisation_part_remove(request: HttpRequest, pk: UUID, part: str, entry: UUID) -> HttpResponse:
    if part not in PARTS:
        raise Http404
    organisation = editable(request, pk)
    known = PARTS[part]
    known.remove(get_object_or_404(getattr(organisation, known.related), pk=entry), person_of(request))
    messages.success(request, _("Taken away."))
    return redirect("organisation_part", organisation.pk, part)


@policy.route("directory.editable")
@require_POST
def organisation_show_name(request: HttpRequest, pk: UUID, entry: UUID) -> HttpResponse:
    organisation = editable(request, pk)
    actions.show_name(name=get_object_or_404(organisation.names, pk=entry), by=person_of(request))
    messages.success(request, _("Saved."))
    return redirect("organisation_part", organisation.pk, "names")
