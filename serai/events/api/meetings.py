"""Meetings, and what came of them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.accounts.models import User
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, one_of, page_of, refuse_unknown
from serai.core.errors import NotFound
from serai.core.viewer import viewer_of
from serai.events import actions, policies, queries
from serai.events.api.common import Text, looked_up, named
from serai.events.models import Meeting, Outcome, Slot, Table

meetings_router = Router(tags=["meetings"])


# --- shapes -----------------------------------------------------------------------------------------------
class MeetingOut(Strict):
    id: UUID
    event: UUID
    request: UUID
    status: str
    slot: UUID
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    table: UUID
    table_name: str
    link: str
    language: str
    interpreter: str
    people: list[str]
    sequence: int


class MeetingQuery(PageQuery):
    event: UUID | None = None
    status: str = ""


class MeetingIn(Strict):
    request: UUID
    slot: UUID
    table: UUID | None = None


class MeetingMoveIn(Strict):
    slot: UUID
    table: UUID | None = None


class OutcomeIn(Strict):
    kind: str
    rating: int | None = Field(default=None, ge=1, le=5)
    note: Annotated[Text, StringConstraints(max_length=2000)] = ""


class OutcomeOut(Strict):
    id: UUID
    meeting: UUID
    asked_after_months: int
    due_on: date
    kind: str
    rating: int | None
    note: str


# --- helpers ----------------------------------------------------------------------------------------------
def meeting_of(meeting: Meeting) -> dict[str, Any]:
    return {
        "id": meeting.pk,
        "event": meeting.event_id,
        "request": meeting.request_id,
        "status": meeting.status,
        "slot": meeting.slot_id,
        "starts_at": meeting.slot.during.lower,
        "ends_at": meeting.slot.during.upper,
        "time_zone": meeting.event.time_zone,
        "table": meeting.table_id,
        "table_name": meeting.table.name,
        "link": meeting.table.link,
        "language": meeting.language,
        "interpreter": meeting.interpreter.name if meeting.interpreter else "",
        "people": [meeting.request.requester.user.name, meeting.request.invitee.user.name],
        "sequence": meeting.sequence,
    }


def _shown_meeting(viewer: User, pk: UUID) -> dict[str, Any]:
    return meeting_of(looked_up(queries.with_meeting_parts(policies.visible_meetings(viewer)), pk))


# --- operations -------------------------------------------------------------------------------------------
@meetings_router.get("", response=Page[MeetingOut])
@policy.operation("events.meeting.see")
def list_meetings(request: HttpRequest, query: Query[MeetingQuery]) -> dict[str, Any]:
    refuse_unknown(request, query)
    rows = policies.visible_meetings(viewer_of(request))
    if query.event is not None:
        rows = rows.filter(event=query.event)
    if one_of(query.status, list(Meeting.Status.values), "status"):
        rows = rows.filter(status=query.status)
    return page_of(queries.with_meeting_parts(rows).order_by("slot__during", "pk"), query, meeting_of)


@meetings_router.post("", response={201: MeetingOut})
@policy.operation("events.meeting.see")
def book_meeting(request: HttpRequest, body: MeetingIn) -> Status[dict[str, Any]]:
    """Place an accepted request: 201, or 409 with free alternatives if somebody was quicker."""
    person = caller(request)
    found = named(policies.visible_requests(person), body.request, "request")
    slot = named(Slot.objects.filter(event=found.event_id), body.slot, "slot")
    table = named(Table.objects.filter(event=found.event_id), body.table, "table")
    meeting = actions.book_meeting(request=found, slot=slot, table=table, by=person)
    return Status(201, _shown_meeting(person, meeting.pk))


@meetings_router.get("/{uuid:pk}", response=MeetingOut)
@policy.operation("events.meeting.see")
def get_meeting(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_meeting(caller(request), pk)


@meetings_router.post("/{uuid:pk}/move", response=MeetingOut)
@policy.operation("events.meeting.see")
def move_meeting(request: HttpRequest, pk: UUID, body: MeetingMoveIn) -> dict[str, Any]:
    """Give it another time or table. For organisers."""
    person = caller(request)
    meeting = looked_up(policies.visible_meetings(person).select_related("event", "request"), pk)
    slot = named(Slot.objects.filter(event=meeting.event_id), body.slot, "slot")
    table = named(Table.objects.filter(event=meeting.event_id), body.table, "table")
    actions.move_meeting(meeting=meeting, slot=slot, table=table, by=person)
    return _shown_meeting(person, pk)


CLOSINGS: dict[str, Callable[..., Meeting]] = {
    "cancel": actions.cancel_meeting,
    "held": actions.mark_held,
    "no_show": actions.mark_no_show,
}


@meetings_router.post("/{uuid:pk}/do/{step}", response=MeetingOut)
@policy.operation("events.meeting.see")
def step_meeting(request: HttpRequest, pk: UUID, step: str) -> dict[str, Any]:
    """One step: cancel, held or no_show."""
    if step not in CLOSINGS:
        raise NotFound(_("Not found."))
    person = caller(request)
    CLOSINGS[step](meeting=looked_up(policies.visible_meetings(person), pk), by=person)
    return _shown_meeting(person, pk)


def outcome_of(outcome: Outcome) -> dict[str, Any]:
    names = ("asked_after_months", "due_on", "kind", "rating", "note")
    return {**{n: getattr(outcome, n) for n in names}, "id": outcome.pk, "meeting": outcome.meeting_id}


@meetings_router.get("/outcomes", response=Page[OutcomeOut])
@policy.operation("events.outcome.own")
def list_outcomes(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    """The questions put to the caller about meetings, answered or not."""
    refuse_unknown(request, query)
    return page_of(policies.own_outcomes(viewer_of(request)).order_by("due_on", "pk"), query, outcome_of)


@meetings_router.post("/outcomes/{uuid:pk}", response=OutcomeOut)
@policy.operation("events.outcome.own")
def record_outcome(request: HttpRequest, pk: UUID, body: OutcomeIn) -> dict[str, Any]:
    """Say what came of a meeting."""
    person = caller(request)
    found = looked_up(policies.own_outcomes(person), pk)
    return outcome_of(actions.record_outcome(outcome=found, by=person, **body.model_dump()))
