"""Meeting requests: asked, accepted, declined, withdrawn."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.accounts.models import User
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, one_of, page_of, refuse_unknown
from serai.events import actions, policies, queries
from serai.events.api.common import Text, looked_up, named, subject_id
from serai.events.api.events import SlotOut, slot_of
from serai.events.models import MeetingRequest
from serai.exchange.policies import visible_listings

requests_router = Router(tags=["meeting requests"])


# --- shapes -----------------------------------------------------------------------------------------------
class RequestOut(Strict):
    """`strength` is told only to the side that gave it and to organisers; to others it is empty."""

    id: UUID
    event: UUID
    requester: UUID
    invitee: UUID
    requester_name: str
    invitee_name: str
    status: str
    strength: str
    answer_strength: str
    listing: UUID | None
    message: str
    answer_due: date
    decline_reason: str
    answer: str
    unmet_reason: str


class RequestQuery(PageQuery):
    event: UUID | None = None
    status: str = ""


class RequestIn(Strict):
    """`requester` and `invitee` are registrations."""

    requester: UUID
    invitee: UUID
    strength: str = MeetingRequest.Strength.WANT
    listing: UUID | None = None
    message: Annotated[Text, StringConstraints(max_length=1000)] = ""


class RequestAcceptIn(Strict):
    strength: str = MeetingRequest.Strength.WANT


class RequestDeclineIn(Strict):
    reason: str
    answer: Annotated[Text, StringConstraints(max_length=500)] = ""


# --- helpers ----------------------------------------------------------------------------------------------
def request_of(viewer: User, organised: set[UUID]) -> Callable[[MeetingRequest], dict[str, Any]]:
    """How the viewer is shown a request: each side's strength stays with that side and the organisers."""

    def show(r: MeetingRequest) -> dict[str, Any]:
        sees_all = r.event_id in organised
        return {
            "id": r.pk,
            "event": r.event_id,
            "requester": r.requester_id,
            "invitee": r.invitee_id,
            "requester_name": r.requester.user.name,
            "invitee_name": r.invitee.user.name,
            "status": r.status,
            "strength": r.strength if sees_all or r.requester.user_id == viewer.pk else "",
            "answer_strength": r.answer_strength if sees_all or r.invitee.user_id == viewer.pk else "",
            "listing": subject_id(r.listing),
            "message": r.message,
            "answer_due": r.answer_due,
            "decline_reason": r.decline_reason,
            "answer": r.answer,
            "unmet_reason": r.unmet_reason,
        }

    return show


def _shown_request(viewer: User, pk: UUID) -> dict[str, Any]:
    request = looked_up(queries.with_sides(policies.visible_requests(viewer)), pk)
    organised = {request.event_id} if policies.may_organise(viewer, request.event) else set()
    return request_of(viewer, organised)(request)


# --- operations -------------------------------------------------------------------------------------------
@requests_router.get("", response=Page[RequestOut])
@policy.operation("events.request.see")
def list_requests(request: HttpRequest, query: Query[RequestQuery]) -> dict[str, Any]:
    """The caller's requests, both ways, and those of events the caller organises."""
    refuse_unknown(request, query)
    person = caller(request)
    rows = policies.visible_requests(person)
    if query.event is not None:
        rows = rows.filter(event=query.event)
    if one_of(query.status, list(MeetingRequest.Status.values), "status"):
        rows = rows.filter(status=query.status)
    organised = set(policies.organised_events(person).values_list("pk", flat=True))
    show = request_of(person, organised)
    return page_of(queries.with_sides(rows).order_by("created_at", "pk"), query, show)


@requests_router.post("", response={201: RequestOut})
@policy.operation("events.request.see")
def ask_for_meeting(request: HttpRequest, body: RequestIn) -> Status[dict[str, Any]]:
    """Ask another participant for a meeting."""
    person = caller(request)
    one_of(body.strength, list(MeetingRequest.Strength.values), "strength")
    seen = policies.visible_participants(person)
    made = actions.ask_for_meeting(
        requester=named(policies.own_registrations(person), body.requester, "requester"),
        invitee=named(seen, body.invitee, "invitee"),
        by=person,
        strength=body.strength,
        listing=named(visible_listings(person), body.listing, "listing"),
        message=body.message,
    )
    return Status(201, _shown_request(person, made.pk))


@requests_router.get("/{uuid:pk}", response=RequestOut)
@policy.operation("events.request.see")
def get_request(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_request(caller(request), pk)


def _request(person: User, pk: UUID) -> MeetingRequest:
    found: MeetingRequest = looked_up(policies.visible_requests(person), pk)
    return found


@requests_router.post("/{uuid:pk}/accept", response=RequestOut)
@policy.operation("events.request.see")
def accept_request(request: HttpRequest, pk: UUID, body: RequestAcceptIn) -> dict[str, Any]:
    person = caller(request)
    one_of(body.strength, list(MeetingRequest.Strength.values), "strength")
    actions.accept_request(request=_request(person, pk), strength=body.strength, by=person)
    return _shown_request(person, pk)


@requests_router.post("/{uuid:pk}/decline", response=RequestOut)
@policy.operation("events.request.see")
def decline_request(request: HttpRequest, pk: UUID, body: RequestDeclineIn) -> dict[str, Any]:
    person = caller(request)
    actions.decline_request(request=_request(person, pk), reason=body.reason, answer=body.answer, by=person)
    return _shown_request(person, pk)


@requests_router.post("/{uuid:pk}/withdraw", response=RequestOut)
@policy.operation("events.request.see")
def withdraw_request(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    person = caller(request)
    actions.withdraw_request(request=_request(person, pk), by=person)
    return _shown_request(person, pk)


@requests_router.get("/{uuid:pk}/free-slots", response=list[SlotOut])
@policy.operation("events.request.see")
def free_slots(request: HttpRequest, pk: UUID) -> list[dict[str, Any]]:
    """Slots in which both sides, a table and, if needed, an interpreter are free."""
    found = looked_up(queries.with_sides(policies.visible_requests(caller(request))), pk)
    return [slot_of(place.slot) for place in queries.free_places(found)]
