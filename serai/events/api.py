"""Events, participants, meeting requests and meetings in the programming interface: the pages' rules and actions."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.accounts.models import User
from serai.core import policy
from serai.core.api import (
    CLEAN,
    KNOWN_LANGUAGE,
    Line,
    Page,
    PageQuery,
    Strict,
    one_of,
    page_of,
    refuse_unknown,
)
from serai.core.errors import Invalid, NotFound
from serai.core.viewer import viewer_of
from serai.directory.models import Place
from serai.directory.policies import visible_organisations
from serai.events import actions, policies, queries
from serai.events.actions import schedule
from serai.events.models import (
    Event,
    Interpreter,
    Meeting,
    MeetingRequest,
    Outcome,
    Participant,
    ScheduleRun,
    Slot,
    Table,
)
from serai.exchange.models import Listing
from serai.exchange.policies import visible_listings

router = Router(tags=["events"])
participants_router = Router(tags=["participants"])
requests_router = Router(tags=["meeting requests"])
meetings_router = Router(tags=["meetings"])

Text = Annotated[str, StringConstraints(max_length=8000, pattern=CLEAN)]
Tag = Annotated[
    str, StringConstraints(min_length=2, max_length=35, pattern=r"^[A-Za-z0-9-]+$"), KNOWN_LANGUAGE
]
Code = Annotated[str, StringConstraints(max_length=10, pattern=r"^[A-Za-z0-9.]*$")]


# --- shapes -----------------------------------------------------------------------------------------------
class EventTextOut(Strict):
    language: str
    title: str
    theme: str
    description: str
    origin: str


class EventOut(Strict):
    """One event. `place` is an ISO 3166-1 alpha-2 code or empty; times are UTC, `time_zone` that of the venue."""

    id: UUID
    kind: str
    status: str
    series: str
    edition: int | None
    parent: UUID | None
    hosts: list[UUID]
    place: str
    venue: str
    mode: str
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    registration_until: datetime | None
    requests_until: datetime | None
    answer_days: int
    self_booking: bool
    is_public: bool
    languages: list[str]
    sectors: list[str]
    texts: list[EventTextOut]


class EventQuery(PageQuery):
    kind: str = ""
    status: str = ""


class EventIn(Strict):
    kind: Line
    title: Annotated[Line, StringConstraints(min_length=1)]
    language: Tag
    hosts: list[UUID] = Field(min_length=1, max_length=20)
    time_zone: Line
    starts_at: datetime
    ends_at: datetime
    theme: Line = ""
    description: Text = ""
    series: Annotated[Line, StringConstraints(max_length=200)] = ""
    edition: int | None = Field(default=None, ge=1, le=999)
    parent: UUID | None = None
    place: Code = ""
    venue: Annotated[Line, StringConstraints(max_length=200)] = ""
    mode: Line = Event.Mode.ON_SITE
    languages: list[Tag] = Field(default=[], max_length=30)
    sectors: list[Code] = Field(default=[], max_length=30)
    registration_until: datetime | None = None
    requests_until: datetime | None = None
    answer_days: int = Field(default=5, ge=1, le=60)
    self_booking: bool = True
    is_public: bool = True


class EventTextIn(Strict):
    language: Tag
    title: Annotated[Line, StringConstraints(min_length=1)]
    theme: Line = ""
    description: Text = ""


class SlotOut(Strict):
    id: UUID
    starts_at: datetime
    ends_at: datetime


class PauseIn(Strict):
    begin: time
    end: time


class SlotsIn(Strict):
    """Hours on the clocks of the event's zone, cut into slots."""

    days: list[date] = Field(min_length=1, max_length=60)
    begin: time
    end: time
    minutes: int = Field(ge=5, le=240)
    gap_min: int = Field(default=0, ge=0, le=120)
    pauses: list[PauseIn] = Field(default=[], max_length=10)


class TableOut(Strict):
    id: UUID
    name: str
    is_online: bool


class TablesIn(Strict):
    count: int = Field(ge=1, le=500)
    is_online: bool = False


class InterpreterOut(Strict):
    id: UUID
    name: str
    languages: list[str]


class InterpreterIn(Strict):
    name: Annotated[Line, StringConstraints(min_length=1, max_length=150)]
    languages: list[Tag] = Field(min_length=2, max_length=20)


class RunIn(Strict):
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    keep: bool = True


class RunOut(Strict):
    """A run of the scheduler; `weight` ≤ `weight_bound` and `breaks` ≥ `breaks_bound`, both bounds proved."""

    id: UUID
    event: UUID
    status: str
    seed: int
    granted: int | None
    asked: int | None
    weight: float | None
    weight_bound: float | None
    breaks: int | None
    breaks_bound: int | None
    message: str


class ParticipantOut(Strict):
    id: UUID
    event: UUID
    name: str
    organisation: UUID
    organisation_name: str
    languages: list[str]
    listing: UUID | None
    is_online: bool
    status: str


class ParticipantQuery(PageQuery):
    event: UUID | None = None
    status: str = ""


class ParticipantIn(Strict):
    event: UUID
    organisation: UUID
    languages: list[Tag] = Field(min_length=1, max_length=20)
    listing: UUID | None = None
    is_online: bool = False
    absent_slots: list[UUID] = Field(default=[], max_length=400)
    max_meetings: int | None = Field(default=None, ge=1, le=200)
    consent_listed: bool = False


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


# --- looking up -------------------------------------------------------------------------------------------
def _one(rows: QuerySet[Any], pk: UUID) -> Any:
    """The row among those the viewer sees; unknown and hidden answer alike."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("Not found."))
    return found


def _of(rows: QuerySet[Any], pk: UUID | None, field: str) -> Any:
    """A row named in a body; None stays None, an unknown one is an invalid field."""
    if pk is None:
        return None
    found = rows.filter(pk=pk).first()
    if found is None:
        message = _("There is no such thing, or it is not yours to use.")
        raise Invalid(message, fields={field: message})
    return found


# --- presenting -------------------------------------------------------------------------------------------
def event_of(event: Event) -> dict[str, Any]:
    names = (
        "kind",
        "status",
        "series",
        "edition",
        "venue",
        "mode",
        "time_zone",
        "starts_at",
        "ends_at",
        "registration_until",
        "requests_until",
        "answer_days",
        "self_booking",
        "is_public",
        "languages",
        "sectors",
    )
    return {
        **{name: getattr(event, name) for name in names},
        "id": event.pk,
        "parent": event.parent_id,
        "hosts": sorted(host.pk for host in event.hosts.all()),
        "place": event.place.code if event.place else "",
        "texts": [
            {name: getattr(text, name) for name in ("language", "title", "theme", "description", "origin")}
            for text in sorted(event.texts.all(), key=lambda text: text.language)
        ],
    }


def slot_of(slot: Slot) -> dict[str, Any]:
    return {"id": slot.pk, "starts_at": slot.during.lower, "ends_at": slot.during.upper}


def _subject_id(listing: Listing | None) -> UUID | None:
    """A listing that was taken back is no longer named to the other side."""
    found = queries.subject(listing)
    return found.pk if found else None


def participant_of(participant: Participant) -> dict[str, Any]:
    return {
        "id": participant.pk,
        "event": participant.event_id,
        "name": participant.user.name,
        "organisation": participant.organisation_id,
        "organisation_name": participant.organisation.name,
        "languages": participant.languages,
        "listing": _subject_id(participant.listing),
        "is_online": participant.is_online,
        "status": participant.status,
    }


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
            "listing": _subject_id(r.listing),
            "message": r.message,
            "answer_due": r.answer_due,
            "decline_reason": r.decline_reason,
            "answer": r.answer,
            "unmet_reason": r.unmet_reason,
        }

    return show


def _shown_request(viewer: User, pk: UUID) -> dict[str, Any]:
    request = _one(queries.with_sides(policies.visible_requests(viewer)), pk)
    organised = {request.event_id} if policies.may_organise(viewer, request.event) else set()
    return request_of(viewer, organised)(request)


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
    return meeting_of(_one(queries.with_meeting_parts(policies.visible_meetings(viewer)), pk))


def run_of(run: ScheduleRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in RunOut.model_fields if name not in {"id", "event"}} | {
        "id": run.pk,
        "event": run.event_id,
    }


# --- events -----------------------------------------------------------------------------------------------
@router.get("", response=Page[EventOut])
@policy.operation("events.event.see")
def list_events(request: HttpRequest, query: Query[EventQuery]) -> dict[str, Any]:
    """Events the caller sees, the latest start first."""
    refuse_unknown(request, query)
    rows = policies.visible_events(viewer_of(request))
    if one_of(query.kind, list(Event.Kind.values), "kind"):
        rows = rows.filter(kind=query.kind)
    if one_of(query.status, list(Event.Status.values), "status"):
        rows = rows.filter(status=query.status)
    return page_of(queries.with_event_texts(rows).order_by("-starts_at", "pk"), query, event_of)


@router.post("", response={201: EventOut})
@policy.operation("events.event.create")
def create_event(request: HttpRequest, body: EventIn) -> Status[dict[str, Any]]:
    """Plan an event; the caller becomes its owner and must organise events for every host."""
    person = caller(request)
    values = body.model_dump()
    one_of(body.kind, list(Event.Kind.values), "kind")
    one_of(body.mode, list(Event.Mode.values), "mode")
    for name in ("starts_at", "ends_at", "registration_until", "requests_until"):
        if values[name] is not None and values[name].tzinfo is None:
            message = _("Give the time with its offset, such as 2027-05-04T09:00:00+02:00.")
            raise Invalid(message, fields={name: message})
    known = visible_organisations(person)
    values["hosts"] = [_of(known, pk, "hosts") for pk in dict.fromkeys(values["hosts"])]
    values["parent"] = _of(policies.visible_events(person), body.parent, "parent")
    values["place"] = Place.objects.filter(code=body.place.upper()).first() if body.place else None
    event = actions.create_event(by=person, **values)
    return Status(201, _shown_event(request, event.pk))


def _shown_event(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return event_of(_one(queries.with_event_texts(policies.visible_events(viewer_of(request))), pk))


def _event(request: HttpRequest, pk: UUID) -> Event:
    found: Event = _one(policies.visible_events(viewer_of(request)), pk)
    return found


@router.get("/{uuid:pk}", response=EventOut)
@policy.operation("events.event.see")
def get_event(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_event(request, pk)


@router.post("/{uuid:pk}/texts", response=EventOut)
@policy.operation("core.signed_in")
def set_event_text(request: HttpRequest, pk: UUID, body: EventTextIn) -> dict[str, Any]:
    """Write or replace the text in one language. For organisers."""
    actions.set_event_text(event=_event(request, pk), by=caller(request), **body.model_dump())
    return _shown_event(request, pk)


STEPS: dict[str, Callable[..., Event]] = {
    "announce": actions.announce_event,
    "open_registration": actions.open_registration,
    "close_registration": actions.close_registration,
    "start": actions.start_event,
    "end": actions.end_event,
    "report": actions.report_event,
    "cancel": actions.cancel_event,
}


@router.post("/{uuid:pk}/do/{step}", response=EventOut)
@policy.operation("core.signed_in")
def step_event(request: HttpRequest, pk: UUID, step: str) -> dict[str, Any]:
    """One step: announce, open_registration, close_registration, start, end, report or cancel."""
    if step not in STEPS:
        raise NotFound(_("Not found."))
    STEPS[step](event=_event(request, pk), by=caller(request))
    return _shown_event(request, pk)


@router.get("/{uuid:pk}/slots", response=Page[SlotOut])
@policy.operation("events.event.see")
def list_slots(request: HttpRequest, pk: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    refuse_unknown(request, query)
    return page_of(_event(request, pk).slots.order_by("during"), query, slot_of)


@router.post("/{uuid:pk}/slots", response={201: list[SlotOut]})
@policy.operation("core.signed_in")
def make_slots(request: HttpRequest, pk: UUID, body: SlotsIn) -> Status[list[dict[str, Any]]]:
    """Cut hours into slots. For organisers."""
    values = body.model_dump()
    values["pauses"] = [(p.begin, p.end) for p in body.pauses]
    actions.make_slots(event=_event(request, pk), by=caller(request), **values)
    return Status(201, [slot_of(slot) for slot in _event(request, pk).slots.order_by("during")])


@router.post("/{uuid:pk}/tables", response={201: list[TableOut]})
@policy.operation("core.signed_in")
def make_tables(request: HttpRequest, pk: UUID, body: TablesIn) -> Status[list[Table]]:
    """Add tables or online rooms. For organisers."""
    return Status(
        201, actions.make_tables(event=_event(request, pk), by=caller(request), **body.model_dump())
    )


@router.post("/{uuid:pk}/interpreters", response={201: InterpreterOut})
@policy.operation("core.signed_in")
def add_interpreter(request: HttpRequest, pk: UUID, body: InterpreterIn) -> Status[Interpreter]:
    """Add an interpreter. For organisers."""
    return Status(
        201, actions.add_interpreter(event=_event(request, pk), by=caller(request), **body.model_dump())
    )


@router.post("/{uuid:pk}/schedule", response={202: RunOut})
@policy.operation("core.signed_in")
def start_schedule(request: HttpRequest, pk: UUID, body: RunIn) -> Status[dict[str, Any]]:
    """Compute a schedule in the background; ask for the run to see how far it is. For organisers."""
    run = schedule.start_schedule(
        event=_event(request, pk), by=caller(request), seed=body.seed, keep=body.keep
    )
    return Status(202, run_of(run))


@router.get("/runs/{uuid:pk}", response=RunOut)
@policy.operation("events.schedule.see")
def get_run(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return run_of(_one(policies.visible_runs(viewer_of(request)), pk))


@router.post("/runs/{uuid:pk}/publish", response=RunOut)
@policy.operation("events.schedule.see")
def publish_schedule(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Make the meetings of a proposed run."""
    run = _one(policies.visible_runs(viewer_of(request)).select_related("event"), pk)
    return run_of(actions.publish_schedule(run=run, by=caller(request)))


# --- participants -----------------------------------------------------------------------------------------
@participants_router.get("", response=Page[ParticipantOut])
@policy.operation("events.participant.see")
def list_participants(request: HttpRequest, query: Query[ParticipantQuery]) -> dict[str, Any]:
    """Those who agreed to be listed at the caller's events, and all of events the caller organises."""
    refuse_unknown(request, query)
    rows = policies.visible_participants(viewer_of(request))
    if query.event is not None:
        rows = rows.filter(event=query.event)
    if one_of(query.status, list(Participant.Status.values), "status"):
        rows = rows.filter(status=query.status)
    return page_of(queries.with_people(rows).order_by("created_at", "pk"), query, participant_of)


@participants_router.post("", response={201: ParticipantOut})
@policy.operation("core.signed_in")
def register_participant(request: HttpRequest, body: ParticipantIn) -> Status[dict[str, Any]]:
    """Register the caller for an event."""
    person = caller(request)
    values = body.model_dump()
    values["event"] = _of(policies.visible_events(person), body.event, "event")
    values["organisation"] = _of(visible_organisations(person), body.organisation, "organisation")
    values["listing"] = _of(visible_listings(person), body.listing, "listing")
    slots = Slot.objects.filter(event=body.event)
    values["absent_slots"] = [_of(slots, pk, "absent_slots") for pk in dict.fromkeys(body.absent_slots)]
    made = actions.register_participant(by=person, **values)
    return Status(201, _shown_participant(request, made.pk))


def _shown_participant(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return participant_of(_one(queries.with_people(policies.visible_participants(viewer_of(request))), pk))


@participants_router.get("/{uuid:pk}", response=ParticipantOut)
@policy.operation("events.participant.see")
def get_participant(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_participant(request, pk)


DECISIONS: dict[str, Callable[..., Participant]] = {
    "confirm": actions.confirm_participant,
    "refuse": actions.refuse_participant,
    "wait": actions.set_waiting,
    "check_in": actions.check_in,
    "undo_check_in": actions.undo_check_in,
    "withdraw": actions.withdraw_participant,
}


@participants_router.post("/{uuid:pk}/do/{step}", response=ParticipantOut)
@policy.operation("events.participant.see")
def step_participant(request: HttpRequest, pk: UUID, step: str) -> dict[str, Any]:
    """One step: confirm, refuse, wait, check_in, undo_check_in (organisers) or withdraw (also the person)."""
    if step not in DECISIONS:
        raise NotFound(_("Not found."))
    person = caller(request)
    participant = _one(policies.visible_participants(person), pk)
    DECISIONS[step](participant=participant, by=person)
    return _shown_participant(request, pk)


# --- meeting requests -------------------------------------------------------------------------------------
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
        requester=_of(policies.own_registrations(person), body.requester, "requester"),
        invitee=_of(seen, body.invitee, "invitee"),
        by=person,
        strength=body.strength,
        listing=_of(visible_listings(person), body.listing, "listing"),
        message=body.message,
    )
    return Status(201, _shown_request(person, made.pk))


@requests_router.get("/{uuid:pk}", response=RequestOut)
@policy.operation("events.request.see")
def get_request(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_request(caller(request), pk)


def _request(person: User, pk: UUID) -> MeetingRequest:
    found: MeetingRequest = _one(policies.visible_requests(person), pk)
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
    found = _one(queries.with_sides(policies.visible_requests(caller(request))), pk)
    return [slot_of(place.slot) for place in queries.free_places(found)]


# --- meetings ---------------------------------------------------------------------------------------------
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
    found = _of(policies.visible_requests(person), body.request, "request")
    slot = _of(Slot.objects.filter(event=found.event_id), body.slot, "slot")
    table = _of(Table.objects.filter(event=found.event_id), body.table, "table")
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
    meeting = _one(policies.visible_meetings(person).select_related("event", "request"), pk)
    slot = _of(Slot.objects.filter(event=meeting.event_id), body.slot, "slot")
    table = _of(Table.objects.filter(event=meeting.event_id), body.table, "table")
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
    CLOSINGS[step](meeting=_one(policies.visible_meetings(person), pk), by=person)
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
    found = _one(policies.own_outcomes(person), pk)
    return outcome_of(actions.record_outcome(outcome=found, by=person, **body.model_dump()))
