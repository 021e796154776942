"""Rows to the scheduling engine's types and back."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.engines import scheduling as engine
from serai.events import languages, policies, queries
from serai.events.models import (
    Event,
    Interpreter,
    Meeting,
    MeetingRequest,
    Participant,
    ScheduleRun,
    Slot,
    Table,
)
from serai.events.zones import zone_of

WEIGHTS = {
    MeetingRequest.Strength.MUST: 5,
    MeetingRequest.Strength.WANT: 3,
    MeetingRequest.Strength.MAYBE: 1,
}
"""A granted request weighs what both sides gave it, added: 2 (if there is time, twice) to 10 (must, twice)."""

LONG_PAUSE_S = 25 * 60
"""Slots further apart than this belong to two sessions."""

REASONS: Mapping[str, Any] = {
    "no_thanks": gettext_lazy("The two are kept apart."),
    "absent": gettext_lazy("One of the two is away during all slots."),
    "no_common_slot": gettext_lazy("The two have no free slot in common."),
    "person_full": gettext_lazy("One of the two has no time or no meetings left."),
    "organisation_full": gettext_lazy("One of the organisations has no meetings left."),
    "tables_full": gettext_lazy("All tables were taken when both had time."),
    "interpreters_full": gettext_lazy("All interpreters for their languages were taken when both had time."),
    "rooms_full": gettext_lazy("All online rooms were taken when both had time."),
    "rules": gettext_lazy("A rule of the event forbids every slot they have in common."),
    "outweighed": gettext_lazy("Other requests that weigh more took the slots."),
    "search": gettext_lazy("It might fit: the search ended before it found a place."),
    "no_interpreter": gettext_lazy("The two share no language, and nobody interprets between theirs."),
}


def reason_text(kind: str) -> str:
    """Why a wish was not granted, in words that tell neither side anything of the other's day."""
    return str(REASONS[kind]) if kind in REASONS else _("It did not fit.")


@dataclass(frozen=True)
class Problem:
    """The engine's event beside the rows it was made of. Ids are those of requests and registrations."""

    event: engine.Event
    requests: Mapping[str, MeetingRequest]
    slots: Sequence[Slot]
    tables: Sequence[Table]
    rooms: Sequence[Table]
    interpreters: Mapping[str, Interpreter]
    unservable: Sequence[str]
    """Requests whose two sides share no language and whom nobody here can interpret."""


def problem_of(event: Event, *, keep: Collection[str] = (), now: datetime | None = None) -> Problem:
    """Everything the engine needs to know of an event. A constant number of queries.

    Requests in `keep` may stay where they are, also in slots that are over; all others begin after `now`.
    """
    now = now or timezone.now()
    slots = list(Slot.objects.filter(event=event).order_by("during"))
    tables = [t for t in event.tables.all() if not t.is_online]
    rooms = [t for t in event.tables.all() if t.is_online]
    people = _people(event)
    requests = [r for r in _requests(event) if r.requester_id in people and r.invitee_id in people]
    interpreters = {str(i.pk): i for i in event.interpreters.order_by("name", "pk")}
    pools = {str(r.pk): pool_of(r, interpreters.values()) for r in requests}
    served = [r for r in requests if pools[str(r.pk)] is not False]
    ahead = frozenset(i for i, s in enumerate(slots) if s.during.lower > now)
    wishes = tuple(_wish(r, pools[str(r.pk)] or None, None if str(r.pk) in keep else ahead) for r in served)
    used = {w.pool for w in wishes if w.pool}
    described = engine.Event(
        name=str(event.pk),
        slots=tuple(_slots(event, slots)),
        tables_per_slot=(len(tables),) * len(slots),
        people=tuple(_persons(event, people, slots)),
        wishes=wishes,
        interpreters=tuple(_interpreters(event, interpreters, used, slots)),
        rules=engine.Rules(online_rooms=(len(rooms),) * len(slots)),
    )
    unservable = [str(r.pk) for r in requests if pools[str(r.pk)] is False]
    return Problem(
        described, {str(r.pk): r for r in requests}, slots, tables, rooms, interpreters, unservable
    )


def _people(event: Event) -> dict[UUID, Participant]:
    rows = Participant.objects.filter(event=event, status__in=policies.TAKING_PART)
    rows = rows.select_related("user", "organisation").prefetch_related("absent_slots").order_by("pk")
    return {p.pk: p for p in rows}


def _requests(event: Event) -> Iterable[MeetingRequest]:
    agreed = [MeetingRequest.Status.ACCEPTED, MeetingRequest.Status.SCHEDULED]
    rows = MeetingRequest.objects.filter(event=event, status__in=agreed)
    return queries.with_sides(rows).order_by("pk")


def pool_of(request: MeetingRequest, interpreters: Iterable[Interpreter]) -> str | bool | None:
    """The language pair to be interpreted: None if they share a language, False if nobody can.

    Of several possible pairs the one that most interpreters work in, then the one the two would rather speak.
    """
    a, b = request.requester.languages, request.invitee.languages
    if languages.shared(a, b):
        return None
    working = [languages.pairs_of(i) for i in interpreters]
    wanted = languages.pairs_between(a, b)
    best = max(wanted, key=lambda pair: (sum(pair in w for w in working), -wanted.index(pair)))
    return best if any(best in w for w in working) else False


def weight_of(request: MeetingRequest) -> int:
    own = WEIGHTS[MeetingRequest.Strength(request.strength)]
    theirs = request.answer_strength or MeetingRequest.Strength.WANT
    return own + WEIGHTS[MeetingRequest.Strength(theirs)]


def _wish(request: MeetingRequest, pool: str | bool | None, slots: frozenset[int] | None) -> engine.Wish:
    return engine.Wish(
        id=str(request.pk),
        a=str(request.requester_id),
        b=str(request.invitee_id),
        weight=weight_of(request),
        pool=str(pool) if pool else None,
        online=queries.is_online_meeting(request),
        slots=slots,
    )


def _slots(event: Event, slots: Sequence[Slot]) -> Iterator[engine.Slot]:
    """Days are those of the event's zone; a long pause begins another session."""
    zone = zone_of(event.time_zone)
    days: dict[Any, int] = {}
    session = 0
    previous: Slot | None = None
    for slot in slots:
        day = slot.during.lower.astimezone(zone).date()
        if day not in days:
            days[day], session = len(days), 0
        elif previous and (slot.during.lower - previous.during.upper).total_seconds() > LONG_PAUSE_S:
            session += 1
        previous = slot
        yield engine.Slot(day=days[day], session=str(session))


def _persons(
    event: Event, people: Mapping[UUID, Participant], slots: Sequence[Slot]
) -> Iterator[engine.Person]:
    """Open slots leave out absences and the hours taken by meetings at other events."""
    own = set(Meeting.objects.filter(event=event).values_list("pk", flat=True))
    busy = queries.occupation({p.user_id for p in people.values()}, slots, but=own)
    for participant in people.values():
        away = {slot.pk for slot in participant.absent_slots.all()}
        free = frozenset(
            i for i, s in enumerate(slots) if s.pk not in away and busy.is_free(participant.user_id, s)
        )
        yield engine.Person(
            id=str(participant.pk),
            open_slots=free,
            max_meetings=participant.max_meetings,
            online=participant.is_online,
        )


def _interpreters(
    event: Event, interpreters: Mapping[str, Interpreter], used: set[str], slots: Sequence[Slot]
) -> Iterator[engine.Interpreter]:
    own = set(Meeting.objects.filter(event=event).values_list("pk", flat=True))
    seats = {queries.interpreter_seat(i) for i in interpreters.values()}
    busy = queries.occupation(seats, slots, but=own)
    for key, interpreter in interpreters.items():
        pools = languages.pairs_of(interpreter) & used
        if pools:
            seat = queries.interpreter_seat(interpreter)
            free = frozenset(i for i, s in enumerate(slots) if busy.is_free(seat, s))
            yield engine.Interpreter(id=key, pools=pools, open_slots=free)


# --- from rows to a plan, and from a plan to rows -----------------------------------------------------------
def current_plan(problem: Problem, meetings: Iterable[Meeting]) -> engine.Plan:
    """The meetings that stand now, as the engine's plan, with their true weight and breaks."""
    number = {slot.pk: i for i, slot in enumerate(problem.slots)}
    table = {t.pk: i for i, t in enumerate(problem.tables)}
    wishes = {w.id: w for w in problem.event.wishes}
    planned = []
    for meeting in meetings:
        wish = wishes.get(str(meeting.request_id))
        if wish is None or meeting.slot_id not in number:
            continue
        planned.append(
            engine.PlannedMeeting(
                wish=wish.id,
                slot=number[meeting.slot_id],
                table=table.get(meeting.table_id, -1),
                a=wish.a,
                b=wish.b,
                pool=wish.pool,
                interpreter=str(meeting.interpreter_id) if meeting.interpreter_id else None,
            )
        )
    return plan_of(problem.event, planned)


def plan_of(event: engine.Event, planned: Iterable[engine.PlannedMeeting]) -> engine.Plan:
    """A plan made by hand: its figures are counted, its bounds claim nothing."""
    meetings = tuple(planned)
    wishes = {w.id: w for w in event.wishes}
    weight = sum(wishes[m.wish].weight for m in meetings)
    return engine.Plan(
        meetings=meetings,
        weight=weight,
        weight_bound=sum(w.weight for w in event.wishes),
        breaks=total_breaks(event, meetings),
        breaks_bound=0,
        status="feasible",
    )


def total_breaks(event: engine.Event, meetings: Iterable[engine.PlannedMeeting]) -> int:
    """Idle stretches between two meetings of one person on one day, over everybody."""
    busy: dict[str, set[int]] = {}
    for m in meetings:
        for person in (m.a, m.b):
            busy.setdefault(person, set()).add(m.slot)
    return sum(
        y - x > 1 and event.slots[x].day == event.slots[y].day
        for slots in busy.values()
        for x, y in pairwise(sorted(slots))
    )


def objections(
    problem: Problem, meetings: Sequence[Meeting], moved: Meeting, place: queries.Place
) -> list[str]:
    """What the engine's checker says against giving `moved` this place, with names for ids.

    The first free table and interpreter of the place are taken. What was wrong before does not count.
    """
    number = {s.pk: i for i, s in enumerate(problem.slots)}
    table = {t.pk: i for i, t in enumerate(problem.tables)}
    plan = current_plan(problem, meetings)
    before = set(engine.check(problem.event, plan))
    there: dict[str, Any] = {
        "slot": number[place.slot.pk],
        "table": table.get(place.tables[0].pk, -1),
        "interpreter": str(place.interpreters[0].pk) if place.interpreters else None,
    }
    changed = [replace(m, **there) if m.wish == str(moved.request_id) else m for m in plan.meetings]
    found = engine.check(problem.event, plan_of(problem.event, changed))
    return [readable(text, problem) for text in found if text not in before]


def readable(text: str, problem: Problem) -> str:
    """A sentence of the engine with names in place of ids."""
    names = {str(i.pk): i.name for i in problem.interpreters.values()}
    for request in problem.requests.values():
        a, b = request.requester, request.invitee
        names |= {str(a.pk): a.user.name, str(b.pk): b.user.name}
        names[str(request.pk)] = f"{a.user.name} – {b.user.name}"
    for key, name in names.items():
        text = text.replace(key, name)
    return text


def plan_data(problem: Problem, plan: engine.Plan, current: Iterable[Meeting] = ()) -> dict[str, Any]:
    """What a run keeps of a plan: ids of rows, so that it can be published later."""
    standing = {str(m.request_id): m for m in current}
    by_slot: dict[int, list[engine.PlannedMeeting]] = {}
    for m in plan.meetings:
        by_slot.setdefault(m.slot, []).append(m)
    meetings = []
    for number, planned in sorted(by_slot.items()):
        slot = problem.slots[number]
        for m, table in _seated(problem, sorted(planned, key=lambda m: (m.table, m.wish)), slot, standing):
            meetings.append(
                {"request": m.wish, "slot": str(slot.pk), "table": str(table), "interpreter": m.interpreter}
            )
    reasons = [{"request": r.wish, "kind": r.kind} for r in plan.reasons]
    reasons += [{"request": pk, "kind": "no_interpreter"} for pk in problem.unservable]
    return {
        "meetings": meetings,
        "reasons": reasons,
        "status": plan.status,
        "proof": plan.proof,
        "conflict": [readable(text, problem) for text in plan.conflict],
        "seconds": round(plan.seconds, 2),
        "engine": {str(k): _plain(v) for k, v in plan.engine.items()},
    }


def _seated(
    problem: Problem,
    planned: Sequence[engine.PlannedMeeting],
    slot: Slot,
    standing: Mapping[str, Meeting],
) -> Iterator[tuple[engine.PlannedMeeting, UUID]]:
    """The tables of one slot: who stays in this slot keeps the table, the others get the engine's if it is free."""
    kept = {
        m.wish: standing[m.wish].table_id
        for m in planned
        if m.wish in standing and standing[m.wish].slot_id == slot.pk
    }
    free = {
        online: [t.pk for t in places if t.pk not in kept.values()]
        for online, places in ((False, problem.tables), (True, problem.rooms))
    }
    for m in planned:
        if m.wish in kept:
            yield m, kept[m.wish]
            continue
        places = free[m.table < 0]
        wanted = problem.tables[m.table].pk if m.table >= 0 else None
        table = wanted if wanted in places else places[0]
        places.remove(table)
        yield m, table


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def progress_data(point: engine.Progress) -> dict[str, Any]:
    return {
        "seconds": round(point.seconds, 1),
        "stage": point.stage,
        "weight": point.weight,
        "weight_bound": point.weight_bound,
        "breaks": point.breaks,
        "breaks_bound": point.breaks_bound,
    }


def unmet(run: ScheduleRun) -> dict[str, str]:
    """Request id to the kind of reason, as the run found it."""
    return {r["request"]: r["kind"] for r in run.plan.get("reasons", [])}


# --- what publishing would change ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Change:
    """One difference between the meetings that stand and a run's plan.

    `kind` is added, moved (another time), seated (another table or interpreter), cancelled or kept; `slot`,
    `table` and `interpreter` are the new ones, `meeting` the one that stands.
    """

    kind: str
    request: MeetingRequest
    meeting: Meeting | None
    slot: Slot | None = None
    table: Table | None = None
    interpreter: Interpreter | None = None


def changes_of(run: ScheduleRun, *, now: datetime | None = None) -> list[Change]:
    """What publishing `run` would change, in order of time. What ended since the run is left out.

    Meetings booked after the run was made stay. A constant number of queries.
    """
    now = now or timezone.now()
    event = run.event
    agreed = [MeetingRequest.Status.ACCEPTED, MeetingRequest.Status.SCHEDULED]
    rows = event.requests.filter(status__in=agreed).select_related("listing")
    requests = {str(r.pk): r for r in rows.prefetch_related(*queries.both_sides()) if _takes_part(r)}
    slots = {str(s.pk): s for s in event.slots.all()}
    tables = {str(t.pk): t for t in event.tables.all()}
    interpreters = {str(i.pk): i for i in event.interpreters.all()}
    confirmed = [m for m in queries.on_desk(event) if m.status == Meeting.Status.CONFIRMED]
    standing = {str(m.request_id): m for m in confirmed}
    changes = []
    for planned in run.plan.get("meetings", []):
        request, slot = requests.get(planned["request"]), slots.get(planned["slot"])
        table = tables.get(planned["table"])
        if request is None or slot is None or table is None:
            continue
        meeting = standing.get(planned["request"])
        interpreter = interpreters.get(planned["interpreter"] or "")
        if meeting is None and slot.during.lower <= now:
            continue
        kind = _kind_of_change(meeting, slot, table, interpreter)
        changes.append(Change(kind, request, meeting, slot, table, interpreter))
    for pk in unmet(run):
        meeting = standing.get(pk)
        if meeting is not None and meeting.created_at < run.created_at and meeting.slot.during.lower > now:
            changes.append(Change("cancelled", meeting.request, meeting))
    return sorted(changes, key=_when)


def _takes_part(request: MeetingRequest) -> bool:
    return {request.requester.status, request.invitee.status} <= set(policies.TAKING_PART)


def _kind_of_change(
    meeting: Meeting | None, slot: Slot, table: Table, interpreter: Interpreter | None
) -> str:
    if meeting is None:
        return "added"
    if meeting.slot_id != slot.pk:
        return "moved"
    if meeting.table_id != table.pk or meeting.interpreter != interpreter:
        return "seated"
    return "kept"


def _when(change: Change) -> tuple[Any, str]:
    slot = change.slot or (change.meeting.slot if change.meeting else None)
    return (slot.during.lower if slot else None, str(change.request.pk))
