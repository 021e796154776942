"""Expressions of interest, as each side reads them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from serai.accounts import policies as people
from serai.accounts.door import caller
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid
from serai.core.viewer import Viewer, viewer_of
from serai.exchange import actions, policies, queries, shapes
from serai.exchange.api.common import Language, ListingReasonIn
from serai.exchange.models import Interest

interests_router = Router(tags=["interests"])


# --- shapes -----------------------------------------------------------------------------------------------
class InterestOut(Strict):
    """What one side of an interest reads of it.

    `listing_organisation` is null for the sender while the owner is not named, until accepted; `listing` while
    its owner has taken it back. `own_listing` is null for the receiver once its owner has taken it back.
    """

    id: UUID
    listing: UUID | None
    listing_reference: str
    listing_organisation: UUID | None
    organisation: UUID
    own_listing: UUID | None
    language: str
    cooperation_sought: str
    open_questions: str
    about_us: str
    status: str
    answer_due: str
    answered_at: str | None
    decline_reason: str
    answer: str
    stop_note: str


class InterestQuery(PageQuery):
    box: Literal["received", "sent"] = "received"


class InterestIn(Strict):
    listing: UUID
    organisation: UUID
    language: Language = Field(min_length=2, max_length=35)
    cooperation_sought: str = Field(min_length=1, max_length=3000)
    open_questions: str = Field("", max_length=3000)
    about_us: str = Field(min_length=1, max_length=3000)
    own_listing: UUID | None = None
    answer_due: date | None = None


class InterestAcceptIn(Strict):
    answer: str = Field("", max_length=3000)


class InterestDeclineIn(Strict):
    reason: str
    answer: str = Field("", max_length=3000)


# --- helpers ----------------------------------------------------------------------------------------------
def interests_of(viewer: Viewer, interests: Sequence[Interest]) -> list[dict[str, Any]]:
    """Interests as one side reads them, with a constant number of queries."""
    listings = [interest.listing for interest in interests]
    own = [interest.own_listing for interest in interests if interest.own_listing is not None]
    seen = queries.seen_listings(viewer, [*listings, *own])
    known = queries.known_owners(viewer, listings)
    mine = set(people.organisation_ids(viewer))
    return [_interest_of(interest, seen, known, mine) for interest in interests]


def _interest_of(interest: Interest, seen: set[UUID], known: set[UUID], mine: set[object]) -> dict[str, Any]:
    owner = interest.listing.organisation_id
    return {
        "id": interest.pk,
        "listing": interest.listing_id if interest.listing_id in seen else None,
        "listing_reference": interest.listing.reference,
        "listing_organisation": owner if owner in mine or shapes.owner_is_known(interest, known) else None,
        "organisation": interest.organisation_id,
        "own_listing": interest.own_listing_id if interest.own_listing_id in seen else None,
        "language": interest.language,
        "cooperation_sought": interest.cooperation_sought,
        "open_questions": interest.open_questions,
        "about_us": interest.about_us,
        "status": interest.status,
        "answer_due": interest.answer_due.isoformat(),
        "answered_at": interest.answered_at.isoformat() if interest.answered_at else None,
        "decline_reason": interest.decline_reason,
        "answer": interest.answer,
        "stop_note": interest.stop_note,
    }


def _interest(request: HttpRequest, pk: UUID) -> Interest:
    rows = queries.with_interest_data(policies.visible_interests(viewer_of(request)))
    return get_object_or_404(rows, pk=pk)


def _interest_shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer, interest = viewer_of(request), _interest(request, pk)
    return interests_of(viewer, [interest])[0]


# --- operations -------------------------------------------------------------------------------------------
@interests_router.get("", response=Page[InterestOut])
@policy.operation("exchange.interest.see")
def list_interests(request: HttpRequest, query: Query[InterestQuery]) -> dict[str, Any]:
    """Received or sent, as `box` says."""
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    rows = queries.interests_sent(viewer) if query.box == "sent" else queries.interests_received(viewer)
    window = list(rows[query.window()])
    page = page_of(rows, PageQuery(limit=1), lambda interest: {})
    return {**page, "items": interests_of(viewer, window)}


@interests_router.post("", response={201: InterestOut})
@policy.operation("exchange.member")
def send_interest(request: HttpRequest, body: InterestIn) -> Status[dict[str, Any]]:
    """Ask the owner of a published listing for cooperation. 409 when one is still open."""
    person = caller(request)
    listing = get_object_or_404(policies.visible_listings(person), pk=body.listing)
    organisation = policies.own_organisations(person).filter(pk=body.organisation).first()
    if organisation is None:
        raise Invalid(_("Choose one of your own."), fields={"organisation": _("Choose one of your own.")})
    own = None
    if body.own_listing is not None:
        own = policies.visible_listings(person).filter(pk=body.own_listing).first()
        if own is None:
            raise Invalid(_("Choose one of your own."), fields={"own_listing": _("Choose one of your own.")})
    interest = actions.send_interest(
        listing=listing,
        organisation=organisation,
        own_listing=own,
        by=person,
        **body.model_dump(exclude={"listing", "organisation", "own_listing"}),
    )
    return Status(201, _interest_shown(request, interest.pk))


@interests_router.get("/{uuid:pk}", response=InterestOut)
@policy.operation("exchange.interest.see")
def get_interest(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_shown(request, pk)


def _interest_step(request: HttpRequest, pk: UUID, action: Any, **more: Any) -> dict[str, Any]:
    action(interest=_interest(request, pk), by=caller(request), **more)
    return _interest_shown(request, pk)


@interests_router.post("/{uuid:pk}/accept", response=InterestOut)
@policy.operation("exchange.interest.see")
def accept_interest(request: HttpRequest, pk: UUID, body: InterestAcceptIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.accept_interest, answer=body.answer)


@interests_router.post("/{uuid:pk}/decline", response=InterestOut)
@policy.operation("exchange.interest.see")
def decline_interest(request: HttpRequest, pk: UUID, body: InterestDeclineIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.decline_interest, reason=body.reason, answer=body.answer)


@interests_router.post("/{uuid:pk}/withdraw", response=InterestOut)
@policy.operation("exchange.interest.see")
def withdraw_interest(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_step(request, pk, actions.withdraw_interest)


@interests_router.post("/{uuid:pk}/contact", response=InterestOut)
@policy.operation("exchange.interest.see")
def mark_in_contact(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_step(request, pk, actions.mark_in_contact)


@interests_router.post("/{uuid:pk}/stop", response=InterestOut)
@policy.operation("exchange.interest.see")
def stop_interest(request: HttpRequest, pk: UUID, body: ListingReasonIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.stop_interest, note=body.reason)
