"""Expressions of interest: sending, answering, what came of it."""

from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from serai.core import chain, kinds, policy, ui
from serai.core.viewer import Viewer, viewer_of
from serai.exchange import actions, policies, queries, shapes, steps
from serai.exchange.forms import AcceptForm, DeclineForm, InterestForm, ReasonForm, page_number
from serai.exchange.models import Interest, ListingContact
from serai.exchange.views.common import form_page, page, seen, tabs, user_of


@policy.route("exchange.member")
def interest_list(request: HttpRequest) -> HttpResponse:
    """The inbox; `?box=sent` shows what one's own organisations sent."""
    viewer, received = viewer_of(request), request.GET.get("box") != "sent"
    found = queries.interests_received(viewer) if received else queries.interests_sent(viewer)
    window = queries.window(found, page_number(request.GET))
    listings = [interest.listing for interest in window.object_list]
    seen_ids, known = queries.seen_listings(viewer, listings), queries.known_owners(viewer, listings)
    waiting = policies.interests_to_answer(viewer)[:100].count()
    url = reverse("interest_list")
    context = {
        "rows": [
            shapes.interest_row(viewer, interest, seen_ids, known, received=received)
            for interest in window.object_list
        ],
        "page": window,
        "received": received,
        "to_find": ui.Action(_("Find a listing that fits"), reverse("search"), "search"),
        "to_listings": ui.Action(_("My listings"), reverse("listing_mine"), "megaphone"),
        "tabs": tabs(viewer, "interest_list", waiting),
        "boxes": [
            ui.Tab(_("Received"), url, received, waiting or None),
            ui.Tab(_("Sent"), f"{url}?box=sent", not received),
        ],
    }
    return page(request, "exchange/interest_list.html", context)


@policy.route("core.signed_in")
def interest_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The three answers; who came through the sign-in without an organisation is shown the way to one."""
    viewer = viewer_of(request)
    if not policies.is_member(viewer):
        messages.info(request, _("Interests are sent for an organisation: find yours and ask to join it."))
        return redirect("organisation_list")
    listing = seen(request, pk)
    form = InterestForm(request.POST or None, viewer=viewer, listing=listing)
    if request.method == "POST" and form.is_valid():
        interest = actions.send_interest(listing=listing, by=user_of(request), **form.cleaned_data)
        messages.success(request, _("Sent. You will hear by the date you gave."))
        return redirect("interest_detail", interest.pk)
    context = {
        "listing": listing,
        "title": queries.title_for(viewer, listing),
        "is_open": policies.is_open(listing),
        "has_organisation": queries.organisations_for_interest(viewer, listing).exists(),
        "cancel_url": reverse("listing_detail", args=[listing.pk]),
    }
    return form_page(request, "exchange/interest_form.html", form, context)


def _seen(request: HttpRequest, pk: UUID) -> Interest:
    return get_object_or_404(
        queries.with_interest_data(policies.visible_interests(viewer_of(request))), pk=pk
    )


@policy.route("exchange.interest.see")
def interest_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _interest_page(request, _seen(request, pk), AcceptForm(), DeclineForm(), ReasonForm())


def _interest_page(
    request: HttpRequest, interest: Interest, accept: AcceptForm, decline: DeclineForm, stop: ReasonForm
) -> HttpResponse:
    viewer = viewer_of(request)
    listing = interest.listing
    may_answer = policies.may_answer_interest(viewer, interest)
    is_seen = bool(queries.seen_listings(viewer, [listing]))
    known = may_answer or shapes.owner_is_known(interest, queries.known_owners(viewer, [listing]))
    agreed = interest.status in policies.AGREED
    road = chain.walk(viewer, interest)
    came_of = [step.card for step in road if step.card.kind in CAME_OF]
    next_step, more = _next_steps(viewer, interest, came_of) if agreed else (None, [])
    context = {
        "interest": interest,
        "listing": listing,
        "is_seen": is_seen,
        "title": queries.title_for(viewer, listing, is_seen=is_seen),
        "sender": shapes.organisation_chip(interest.organisation, shapes.country_of(interest.organisation)),
        "owner": shapes.organisation_chip(listing.organisation) if known else None,
        "owner_place": shapes.unnamed(listing.organisation) if is_seen else "",
        "own_listing": _own_listing(viewer, interest),
        "may_answer": may_answer and interest.status == Interest.Status.SENT,
        "waits": interest.status == Interest.Status.SENT,
        "withdraw": _withdraw(viewer, interest),
        "came_of": [_card_row(card) for card in came_of],
        "next_step": next_step,
        "more": more,
        "answer_step": ui.Action(_("Answer"), "#answer", "check-lg") if may_answer else None,
        "may_stop": interest.status in policies.CAN_BE_CARRIED_ON,
        "contact": _contact(viewer, interest),
        "person": interest.sender if agreed and may_answer else None,
        "accept_form": accept,
        "decline_form": decline,
        "stop_form": stop,
        "chain": road,
    }
    wrong = accept.errors or decline.errors or stop.errors
    return page(request, "exchange/interest_detail.html", context, status=422 if wrong else 200)


CAME_OF = ("meeting", "case")
"""Kinds of records that carry an interest on."""


def _next_steps(
    viewer: Viewer, interest: Interest, came_of: Sequence[kinds.Card]
) -> tuple[ui.Action | None, list[ui.Action]]:
    """The one step that carries an agreed interest on, alike for both sides, and what else there is.

    A case is where it goes on; until there is one the two meet, if they have not and both are at an event.
    """
    case = next((card for card in came_of if card.kind == "case"), None)
    if case is not None:
        return ui.Action(_("To the case"), case.url, "briefcase"), []
    if interest.status not in policies.CAN_BE_CARRIED_ON:
        return None, []
    open_case = ui.Action(_("Open a case"), reverse("case_from_interest", args=[interest.pk]), "briefcase")
    possible = steps.after(viewer, interest)
    found = [open_case, *possible] if came_of else [*possible, open_case]
    if interest.status == Interest.Status.ACCEPTED:
        url = reverse("interest_do", args=[interest.pk, "contact"])
        found.append(ui.Action(_("We are in contact"), url, "chat-left-text", "post"))
    return found[0], found[1:]


def _card_row(card: kinds.Card) -> ui.Row:
    kind = kinds.kind_named(card.kind)
    return ui.Row(
        card.title,
        card.url,
        lang=card.language,
        kind=" · ".join(filter(None, [str(kind.label), str(card.detail)])),
        icon=kind.icon,
        status=card.status,
        status_tone=cast(ui.Tone, card.tone or "quiet"),
    )


def _own_listing(viewer: Viewer, interest: Interest) -> ui.Row | None:
    own = interest.own_listing
    if own is None or not policies.may_see_listing(viewer, own):
        return None
    return shapes.listing_row(viewer, own, {own.pk})


def _contact(viewer: Viewer, interest: Interest) -> ListingContact | None:
    if interest.status not in policies.AGREED:
        return None
    return policies.visible_contacts(viewer).filter(listing=interest.listing).first()


def _withdraw(viewer: Viewer, interest: Interest) -> ui.Action | None:
    if interest.status != Interest.Status.SENT or not policies.may_withdraw_interest(viewer, interest):
        return None
    url = reverse("interest_do", args=[interest.pk, "withdraw"])
    return ui.Action(
        _("Take back"), url, "x-circle", "post", danger=True, confirm=_("Take this interest back?")
    )


@policy.route("exchange.interest.see")
@require_POST
def interest_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    interest, form = _seen(request, pk), AcceptForm(request.POST)
    if not form.is_valid():
        return _interest_page(request, interest, form, DeclineForm(), ReasonForm())
    actions.accept_interest(interest=interest, answer=form.cleaned_data["answer"], by=user_of(request))
    messages.success(request, _("Accepted. You now see each other's contact."))
    return redirect("interest_detail", interest.pk)


@policy.route("exchange.interest.see")
@require_POST
def interest_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    interest, form = _seen(request, pk), DeclineForm(request.POST)
    if not form.is_valid():
        return _interest_page(request, interest, AcceptForm(), form, ReasonForm())
    actions.decline_interest(interest=interest, by=user_of(request), **form.cleaned_data)
    messages.success(request, _("Declined; the other side reads your reason."))
    return redirect("interest_detail", interest.pk)


@policy.route("exchange.interest.see")
@require_POST
def interest_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    interest, form = _seen(request, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _interest_page(request, interest, AcceptForm(), DeclineForm(), form)
    actions.stop_interest(interest=interest, note=form.cleaned_data["reason"], by=user_of(request))
    messages.success(request, _("Ended; the other side was told."))
    return redirect("interest_detail", interest.pk)


VERBS: dict[str, tuple[Callable[..., Interest], Any]] = {
    "withdraw": (actions.withdraw_interest, gettext_lazy("Taken back.")),
    "contact": (actions.mark_in_contact, gettext_lazy("Noted: you are in contact.")),
}


@policy.route("exchange.interest.see")
@require_POST
def interest_do(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    if verb not in VERBS:
        raise Http404
    action, done = VERBS[verb]
    interest = action(interest=_seen(request, pk), by=user_of(request))
    messages.success(request, done)
    return redirect("interest_detail", interest.pk)
