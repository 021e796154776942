"""Events in the programming interface: their texts and steps, slots, tables, interpreters and schedule."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.core import policy
from serai.core.api import Line, Page, PageQuery, Strict, one_of, page_of, refuse_unknown
from serai.core.errors import Invalid, NotFound
from serai.core.viewer import viewer_of
from serai.directory.models import Place
from serai.directory.policies import visible_organisations
from serai.events import actions, policies, queries
from serai.events.actions import schedule
from serai.events.api.common import Tag, Text, looked_up, named
from serai.events.models import Event, Interpreter, ScheduleRun, Slot, Table

router = Router(tags=["events"])
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


# --- helpers ----------------------------------------------------------------------------------------------
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


def run_of(run: ScheduleRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in RunOut.model_fields if name not in {"id", "event"}} | {
        "id": run.pk,
        "event": run.event_id,
    }


# --- operations -------------------------------------------------------------------------------------------
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
    values["hosts"] = [named(known, pk, "hosts") for pk in dict.fromkeys(values["hosts"])]
    values["parent"] = named(policies.visible_events(person), body.parent, "parent")
    values["place"] = Place.objects.filter(code=body.place.upper()).first() if body.place else None
    event = actions.create_event(by=person, **values)
    return Status(201, _shown_event(request, event.pk))


def _shown_event(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return event_of(looked_up(queries.with_event_texts(policies.visible_events(viewer_of(request))), pk))


def _event(request: HttpRequest, pk: UUID) -> Event:
    found: Event = looked_up(policies.visible_events(viewer_of(request)), pk)
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
    return run_of(looked_up(policies.visible_runs(viewer_of(request)), pk))


@router.post("/runs/{uuid:pk}/publish", response=RunOut)
@policy.operation("events.schedule.see")
def publish_schedule(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Make the meetings of a proposed run."""
    run = looked_up(policies.visible_runs(viewer_of(request)).select_related("event"), pk)
    return run_of(actions.publish_schedule(run=run, by=caller(request)))
