"""Lists of listings, one listing, and the steps of its life."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from serai.core import chain, policy, ui
from serai.core import exports as core_exports
from serai.core.api import capped_count
from serai.core.imports.queries import origin_facts
from serai.core.viewer import Viewer, viewer_of
from serai.directory.models import Organisation
from serai.directory.policies import visible_organisations
from serai.exchange import actions, checks, exports, policies, queries, shapes
from serai.exchange.forms import CloseForm, ReasonForm, page_number, read_filters
from serai.exchange.history import history_of
from serai.exchange.models import Listing
from serai.exchange.views.common import form_page, interest_step, own, page, seen, tabs, user_of

FITTING = 3


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
        "history": history_of(viewer, record),
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
    own = [text.title for text in listing.teasers.all()]
    return [shapes.match_row(viewer, match, known, own) for match in found]


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
    return interest_step(viewer, listing, interest), others


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
