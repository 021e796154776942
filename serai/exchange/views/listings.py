"""Lists of listings, one listing, and the steps of writing one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from serai.core import chain, policy, ui
from serai.core import exports as core_exports
from serai.core.api import capped_count
from serai.core.imports.queries import origin_facts
from serai.core.text import Origin
from serai.core.viewer import Viewer, viewer_of
from serai.directory.models import Organisation
from serai.directory.policies import visible_organisations
from serai.exchange import actions, checks, exports, policies, queries, shapes
from serai.exchange.forms import (
    AboutForm,
    CloseForm,
    ContactForm,
    DetailForm,
    FactsForm,
    PartnerForm,
    ReasonForm,
    TeaserForm,
    TranslationForm,
    page_number,
    read_filters,
)
from serai.exchange.models import Listing, ListingContact
from serai.exchange.views.common import form_page, page, tabs, user_of

FITTING = 3
STEPS = ("about", "teaser", "details", "facts", "partner", "contact", "send")


# --- lists ------------------------------------------------------------------------------------------------
@policy.route("exchange.public")
def listing_list(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    owner = _owner_asked_for(request)
    filters = replace(read_filters(request.GET), organisation=owner.pk if owner else None)
    order = "ending" if request.GET.get("order") == "ending" else "new"
    found = queries.open_listings(viewer, filters, order)
    window = queries.window(found, page_number(request.GET))
    total, is_capped = capped_count(found)
    context = {
        "filters": shapes.filter_words(filters, order=order, owner=owner),
        "rows": shapes.listing_rows(viewer, window.object_list),
        "page": window,
        "total": total + 1 if is_capped else total,
        "is_narrowed": bool(filters),
        "downloads": [
            (f"{reverse('listing_export', args=[form])}?{request.GET.urlencode()}", form.upper())
            for form in core_exports.FORMATS
        ],
        "tabs": tabs(viewer, "listing_list"),
        "new_listing": _new_listing(viewer),
    }
    return page(request, "exchange/listing_list.html", context)


def _owner_asked_for(request: HttpRequest) -> Organisation | None:
    """The organisation of `?organisation=`; one the viewer does not see narrows nothing, like one that is not there."""
    try:
        asked = UUID(request.GET.get("organisation", ""))
    except ValueError:
        return None
    return visible_organisations(viewer_of(request)).filter(pk=asked).first()


@policy.route("exchange.public")
def listing_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file, under the filters of its address."""
    if form not in core_exports.FORMATS:
        raise Http404
    viewer, owner = viewer_of(request), _owner_asked_for(request)
    filters = replace(read_filters(request.GET), organisation=owner.pk if owner else None)
    rows = queries.open_listings(viewer, filters)[: core_exports.ROW_CAP]
    found = exports.lines(viewer, rows.iterator(chunk_size=exports.CHUNK))
    return core_exports.respond(exports.LISTINGS, found, form=form, viewer=viewer)


def _new_listing(viewer: Viewer) -> ui.Action | None:
    if not policies.is_member(viewer):
        return None
    return ui.Action(_("New listing"), reverse("listing_create"), "plus-lg")


@policy.route("exchange.member")
def listing_mine(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    window = queries.window(queries.own_listings(viewer), page_number(request.GET))
    context = {
        "rows": shapes.listing_rows(viewer, window.object_list, status=True),
        "page": window,
        "tabs": tabs(viewer, "listing_mine"),
        "suspended": policies.own_organisations(viewer).filter(status=Organisation.Status.SUSPENDED),
        "new_listing": _new_listing(viewer),
        "bring": ui.Action(_("Import a table"), f"{reverse('import_new')}?format=listings", "upload"),
    }
    return page(request, "exchange/listing_mine.html", context)


# --- one listing ------------------------------------------------------------------------------------------
def seen(request: HttpRequest, pk: UUID) -> Listing:
    rows = policies.visible_listings(viewer_of(request)).select_related("organisation__country")
    listing: Listing = get_object_or_404(rows.prefetch_related("teasers"), pk=pk)
    return listing


@policy.route("exchange.listing.see")
def listing_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, listing = viewer_of(request), seen(request, pk)
    record = queries.record(viewer, listing, request.GET.get("lang", "")[:35])
    interest = None if record.is_own else queries.open_interest_of(viewer, listing)
    next_step, others = _steps(viewer, record, interest)
    context = {
        "record": record,
        "listing": listing,
        "title": record.text.title if record.text else listing.reference,
        "kind": shapes.kind_line(listing),
        "owner": shapes.organisation_chip(listing.organisation) if record.owner_known else None,
        "place": "" if record.owner_known else shapes.unnamed(listing.organisation),
        "facts": [*shapes.listing_facts(record), *origin_facts(viewer, "listing", listing.pk)],
        "languages": shapes.text_tabs(record),
        "is_barred": policies.is_barred(listing),
        "status": shapes.status_label(listing),
        "tone": shapes.status_tone(listing),
        "is_unreviewed": shapes.is_unreviewed(record.text, listing),
        "interest": interest,
        "received": _received(viewer, record),
        "fitting": _fitting(viewer, listing),
        "fitting_title": _("Requests this may answer")
        if listing.direction == Listing.Direction.OFFER
        else _("Offers that may answer this"),
        "chain": chain.walk(viewer, listing),
        "next_step": next_step,
        "actions": others,
    }
    return page(request, "exchange/listing_detail.html", context)


def _fitting(viewer: Viewer, listing: Listing) -> list[ui.Row]:
    """The best counterparts of a published listing, each with its reason."""
    if not policies.is_open(listing):
        return []
    found = list(queries.matches_of(viewer, listing)[:FITTING])
    known = queries.known_owners(viewer, [match.other for match in found])
    return [shapes.match_row(viewer, match, known) for match in found]


def _received(viewer: Viewer, record: queries.Record) -> list[ui.Row]:
    """Interests in one's own listing."""
    if not record.is_own:
        return []
    rows = queries.interests_received(viewer).filter(listing=record.listing)[:20]
    return [
        shapes.interest_row(viewer, interest, {record.listing.pk}, set(), received=True) for interest in rows
    ]


def _steps(viewer: Viewer, record: queries.Record, interest: Any) -> tuple[ui.Action | None, list[ui.Action]]:
    """The one next step of this viewer, and what else they can do."""
    if record.is_own:
        return _owner_steps(record.listing)
    listing = record.listing
    if listing.status == Listing.Status.IN_REVIEW and policies.may_review_listing(viewer, listing):
        return ui.Action(_("Review"), reverse("review_page", args=[listing.pk]), "clipboard-check"), []
    others = []
    if policies.is_open(listing):
        others.append(ui.Action(_("Matches"), reverse("match_list", args=[listing.pk]), "diagram-2"))
        if policies.may_review_listing(viewer, listing):
            others.append(
                ui.Action(_("Put on hold"), reverse("listing_hold", args=[listing.pk]), "pause-circle")
            )
    if interest is not None:
        label = _("Your interest: %s") % interest.get_status_display()
        return ui.Action(label, reverse("interest_detail", args=[interest.pk]), "envelope-check"), others
    if policies.is_open(listing) and viewer.is_authenticated and not policies.is_member(viewer):
        return ui.Action(_("Join an organisation to answer"), reverse("organisation_list"), "people"), others
    if policies.is_open(listing):
        return ui.Action(_("Express interest"), reverse("interest_new", args=[listing.pk]), "send"), others
    return None, others


def _owner_steps(listing: Listing) -> tuple[ui.Action | None, list[ui.Action]]:
    edit = _edit(listing, _("Edit"), "teaser")
    matches = ui.Action(_("Matches"), reverse("match_list", args=[listing.pk]), "diagram-2")
    close = ui.Action(_("Close with a result"), reverse("listing_close", args=[listing.pk]), "flag")
    translate = ui.Action(_("Add a language"), reverse("listing_translate", args=[listing.pk]), "translate")
    withdraw = _do(
        listing,
        "withdraw",
        _("Withdraw"),
        "x-circle",
        confirm=_("Withdraw this listing? Nobody else will see it any more."),
    )
    by_status: dict[str, tuple[ui.Action | None, list[ui.Action]]] = {
        Listing.Status.DRAFT: (_writing(listing), [edit, translate, withdraw]),
        Listing.Status.ON_HOLD: (
            _edit(listing, _("Change the text"), "teaser"),
            [_edit(listing, _("Check and send"), "send", "send"), translate, withdraw],
        ),
        Listing.Status.IN_REVIEW: (None, [_do(listing, "take-back", _("Take back"), "arrow-90deg-left")]),
        Listing.Status.REJECTED: (_do(listing, "take-back", _("Take up again"), "pencil"), []),
        Listing.Status.WITHDRAWN: (_do(listing, "take-back", _("Take up again"), "pencil"), []),
        Listing.Status.EXPIRED: (_do(listing, "renew", _("Renew"), "arrow-clockwise"), [withdraw]),
        Listing.Status.CLOSED: (None, []),
        Listing.Status.PUBLISHED: (
            matches if policies.is_open(listing) else None,
            [
                _edit(listing, _("Facts and partner"), "facts", "sliders"),
                translate,
                _do(
                    listing,
                    "revise",
                    _("Change the text"),
                    "pencil",
                    confirm=_("It leaves the lists until it has been reviewed again."),
                ),
                _do(listing, "renew", _("Renew for a year"), "arrow-clockwise"),
                close,
                withdraw,
            ],
        ),
    }
    return by_status[listing.status]


def _edit(listing: Listing, label: str, step: str, icon: str = "pencil") -> ui.Action:
    return ui.Action(label, reverse("listing_edit", args=[listing.pk, step]), icon)


def _writing(listing: Listing) -> ui.Action | None:
    """What a draft needs next: the text, what else keeps it from a review, or the review itself."""
    if listing.status != Listing.Status.DRAFT:
        return None
    missing = next((finding for finding in checks.findings(listing) if finding.stops), None)
    if missing is None:
        return _edit(listing, _("Check and send"), "send", "send")
    label = _("Write the text") if missing.step == "teaser" else _("Complete the listing")
    return _edit(listing, label, missing.step)


def _do(listing: Listing, verb: str, label: str, icon: str, *, confirm: str = "") -> ui.Action:
    url = reverse("listing_do", args=[listing.pk, verb])
    return ui.Action(label, url, icon, "post", danger=verb == "withdraw", confirm=confirm)


VERBS: dict[str, tuple[Callable[..., Listing], Any]] = {
    "submit": (actions.submit_for_review, gettext_lazy("Sent to review.")),
    "take-back": (actions.take_back, gettext_lazy("It is a draft again.")),
    "revise": (actions.revise_listing, gettext_lazy("It is off the lists; change it and send it again.")),
    "renew": (actions.renew_listing, gettext_lazy("Renewed.")),
    "withdraw": (actions.withdraw_listing, gettext_lazy("Withdrawn.")),
}


@policy.route("exchange.listing.see")
@require_POST
def listing_do(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """One step of a listing's life that needs no more than a click."""
    if verb not in VERBS or not request.user.is_authenticated:
        raise Http404
    action, done = VERBS[verb]
    listing = action(listing=seen(request, pk), by=user_of(request))
    messages.success(request, done)
    if verb == "revise":
        return redirect("listing_edit", listing.pk, "teaser")
    return redirect("listing_detail", listing.pk)


@policy.route("exchange.member")
def listing_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    listing = own(request, pk)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.close_listing(listing=listing, closed_as=form.cleaned_data["closed_as"], by=user_of(request))
        messages.success(request, _("Closed. Thank you for saying how it ended."))
        return redirect("listing_detail", listing.pk)
    context = {"listing": listing, "cancel_url": reverse("listing_detail", args=[listing.pk])}
    return form_page(request, "exchange/listing_close.html", form, context)


@policy.route("exchange.steward")
def listing_hold(request: HttpRequest, pk: UUID) -> HttpResponse:
    listing = seen(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.hold_listing(listing=listing, reason=form.cleaned_data["reason"], by=user_of(request))
        messages.success(request, _("It is off the lists; its owner was told why."))
        return redirect("listing_detail", listing.pk)
    context = {"listing": listing, "cancel_url": reverse("listing_detail", args=[listing.pk])}
    return form_page(request, "exchange/listing_hold.html", form, context)


# --- writing one ------------------------------------------------------------------------------------------
def own(request: HttpRequest, pk: UUID) -> Listing:
    """A listing the person may edit; to everybody else it is not there."""
    listing = seen(request, pk)
    if not policies.may_edit_listing(viewer_of(request), listing):
        raise Http404
    return listing


@policy.route("exchange.member")
def listing_create(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    language = str(queries.reading_languages(viewer)[0]).split("-")[0]
    form = AboutForm(request.POST or None, viewer=viewer, initial={"language": language})
    if request.method == "POST" and form.is_valid():
        listing = actions.create_listing(**form.cleaned_data, by=user_of(request))
        return redirect("listing_edit", listing.pk, "teaser")
    context = {"stops": _route(None, "about"), "step": "about", "step_label": checks.STEP_LABELS["about"]}
    return form_page(request, "exchange/listing_form.html", form, context)


@policy.route("exchange.member")
def listing_edit(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """One step of the form; what is valid is saved as one goes on."""
    if step not in STEPS:
        raise Http404
    listing = own(request, pk)
    if step == "send":
        return _send_page(request, listing)
    language = request.GET.get("lang", "")[:35] or listing.language
    form = FORMS[step](request, listing, language)
    if request.method == "POST" and form.is_valid():
        SAVES[step](request, listing, language, form.cleaned_data)
        return redirect(_after(request, listing, step, language))
    context = {
        "listing": listing,
        "step": step,
        "step_label": checks.STEP_LABELS[step],
        "stops": _route(listing, step),
        "language": language,
        "is_translation": language != listing.language,
        "check_url": reverse("listing_check", args=[listing.pk]),
        "cancel_url": reverse("listing_detail", args=[listing.pk]),
    }
    return form_page(request, "exchange/listing_form.html", form, context)


def _after(request: HttpRequest, listing: Listing, step: str, language: str) -> str:
    """The next step; a translation has two, the texts, and then is looked at."""
    if language == listing.language:
        return reverse("listing_edit", args=[listing.pk, STEPS[STEPS.index(step) + 1]])
    if step == "teaser":
        return f"{reverse('listing_edit', args=[listing.pk, 'details'])}?{request.GET.urlencode()}"
    return f"{reverse('listing_detail', args=[listing.pk])}?{urlencode({'lang': language})}"


def _send_page(request: HttpRequest, listing: Listing) -> HttpResponse:
    found = checks.findings(listing)
    stopping = [finding for finding in found if finding.stops]
    context = {
        "listing": listing,
        "stops": _route(listing, "send"),
        "stopping": [(f, reverse("listing_edit", args=[listing.pk, f.step])) for f in stopping],
        "advice": [(f, reverse("listing_edit", args=[listing.pk, f.step])) for f in found if not f.stops],
        "may_send": not stopping and listing.status in policies.EDITABLE,
        "send": ui.Action(
            _("Send to review"), reverse("listing_do", args=[listing.pk, "submit"]), "send", "post"
        ),
        "text": queries.text_for(viewer_of(request), listing.teasers.all()),
    }
    return page(request, "exchange/listing_send.html", context)


def _route(listing: Listing | None, here: str) -> list[ui.Stop]:
    """The steps of the form; "done" are those that hold something, wherever one stands."""
    if listing is None:
        return [ui.Stop(checks.STEP_LABELS[step], "here" if step == here else "ahead") for step in STEPS]
    written = checks.written_steps(listing)
    return [
        ui.Stop(
            checks.STEP_LABELS[step],
            "here" if step == here else "done" if step in written else "open",
            url=reverse("listing_edit", args=[listing.pk, step]),
        )
        for step in STEPS
    ]


def _about_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    initial = {
        "organisation": listing.organisation_id,
        "direction": listing.direction,
        "kind": listing.kind,
        "language": listing.language,
        "disclosure": listing.disclosure,
    }
    form = AboutForm(request.POST or None, viewer=viewer_of(request), initial=initial)
    for name in ("organisation", "language"):
        form.fields[name].disabled = True
    return form


def _teaser_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    text = next((t for t in listing.teasers.all() if t.language == language), None)
    initial = (
        {"title": text.title, "summary": text.summary, "keywords": ", ".join(text.keywords)} if text else {}
    )
    return TeaserForm(request.POST or None, listing=listing, initial=initial)


def _detail_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    names = ("description", "advantages", "requirements", "ip_comment")
    text = listing.details.filter(language=language).first()
    initial = {name: getattr(text, name) for name in names} if text else {}
    return DetailForm(request.POST or None, initial=initial)


def _facts_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    names = ("trl", "ip_status", "sectors", "sdgs")
    return FactsForm(request.POST or None, initial={name: getattr(listing, name) for name in names})


def _partner_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    names = ("partnerships", "partner_kinds", "work_languages", "trl_min", "trl_max", "deadline")
    initial = {name: getattr(listing, name) for name in names}
    initial["target_places"] = [place.pk for place in listing.target_places.all()]
    return PartnerForm(request.POST or None, initial=initial)


def _contact_form(request: HttpRequest, listing: Listing, language: str) -> forms.Form:
    user = user_of(request)
    contact = ListingContact.objects.filter(listing=listing).first()
    names = ("name", "email", "phone", "note")
    initial = (
        {name: getattr(contact, name) for name in names}
        if contact
        else {"name": user.name, "email": user.email}
    )
    return ContactForm(request.POST or None, initial=initial)


Build = Callable[[HttpRequest, Listing, str], forms.Form]
FORMS: dict[str, Build] = {
    "about": _about_form,
    "teaser": _teaser_form,
    "details": _detail_form,
    "facts": _facts_form,
    "partner": _partner_form,
    "contact": _contact_form,
}


def _save_about(request: HttpRequest, listing: Listing, language: str, data: dict[str, Any]) -> None:
    facts = {name: data[name] for name in ("direction", "kind", "disclosure")}
    actions.save_facts(listing=listing, by=user_of(request), **facts)


def _origin(listing: Listing, language: str, request: HttpRequest) -> dict[str, str]:
    """A version in another language than the listing's own is a translation of it."""
    if language == listing.language:
        return {}
    machine = request.GET.get("origin") == Origin.MACHINE
    origin = Origin.MACHINE if machine else Origin.TRANSLATED
    return {"origin": origin, "source_language": listing.language}


def _save_teaser(request: HttpRequest, listing: Listing, language: str, data: dict[str, Any]) -> None:
    given = _origin(listing, language, request)
    actions.save_teaser(listing=listing, language=language, by=user_of(request), **data, **given)


def _save_detail(request: HttpRequest, listing: Listing, language: str, data: dict[str, Any]) -> None:
    given = _origin(listing, language, request)
    actions.save_detail(listing=listing, language=language, by=user_of(request), **data, **given)


def _save_facts(request: HttpRequest, listing: Listing, language: str, data: dict[str, Any]) -> None:
    actions.save_facts(listing=listing, by=user_of(request), **data)


def _save_contact(request: HttpRequest, listing: Listing, language: str, data: dict[str, Any]) -> None:
    actions.save_contact(listing=listing, by=user_of(request), **data)


Save = Callable[[HttpRequest, Listing, str, dict[str, Any]], None]
SAVES: dict[str, Save] = {
    "about": _save_about,
    "teaser": _save_teaser,
    "details": _save_detail,
    "facts": _save_facts,
    "partner": _save_facts,
    "contact": _save_contact,
}


@policy.route("exchange.member")
def listing_translate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose the language to add; the text itself is written in the usual steps."""
    listing = own(request, pk)
    form = TranslationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        url = reverse("listing_edit", args=[listing.pk, "teaser"])
        chosen = form.cleaned_data
        return redirect(f"{url}?lang={chosen['language']}&origin={chosen['origin']}")
    context = {"listing": listing, "cancel_url": reverse("listing_detail", args=[listing.pk])}
    return form_page(request, "exchange/listing_translate.html", form, context)


@policy.route("exchange.member")
@require_POST
def listing_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the public text must not hold, said while it is written (HTMX)."""
    listing = own(request, pk)
    form = TeaserForm(request.POST, listing=listing)
    form.is_valid()
    wrong = [
        (form.fields[name].label, list(found))
        for name, found in form.errors.items()
        if name in form.fields and request.POST.get(name)
    ]
    return render(request, "exchange/_check.html", {"wrong": wrong})
