"""Reads of the events app: lists with what their rows need, and what is free when."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.core import chain
from serai.core.kinds import Card, cards
from serai.core.models import Link
from serai.core.viewer import Viewer
from serai.events import languages, policies
from serai.events.models import (
    Event,
    Interpreter,
    Meeting,
    MeetingRequest,
    MeetingSeat,
    Outcome,
    Participant,
    Slot,
    Table,
)
from serai.events.texts import event_time
from serai.exchange import policies as exchange_policies
from serai.exchange.models import Interest, Listing, Match
from serai.exchange.queries import shown_title

ALTERNATIVES = 6
"""How many free slots are offered to somebody whose choice was taken."""


class FreeSlot(dict[str, str]):
    """A slot offered instead: data for programs, a readable time for people."""

    def __init__(self, event: Event, slot: Slot) -> None:
        super().__init__(
            slot=str(slot.pk), starts_at=slot.during.lower.isoformat(), ends_at=slot.during.upper.isoformat()
        )
        self.text = event_time(event, slot.during.lower)

    def __str__(self) -> str:
        return self.text


# --- lists ------------------------------------------------------------------------------------------------
def with_event_texts(events: QuerySet[Event]) -> QuerySet[Event]:
    return events.select_related("place").prefetch_related("texts", "hosts")


def with_people(participants: QuerySet[Participant]) -> QuerySet[Participant]:
    return participants.select_related(
        "user", "organisation__country", "event__place", "listing__organisation"
    ).prefetch_related("listing__teasers")


def with_sides(requests: QuerySet[MeetingRequest]) -> QuerySet[MeetingRequest]:
    """Requests with both sides, the event's texts and the listing's teasers."""
    return requests.select_related(
        "event__place",
        "requester__user",
        "requester__organisation",
        "invitee__user",
        "invitee__organisation",
        "listing__organisation",
    ).prefetch_related("event__texts", "listing__teasers", "meetings__slot", "meetings__table")


def with_meeting_parts(meetings: QuerySet[Meeting]) -> QuerySet[Meeting]:
    return meetings.select_related(
        "event__place",
        "slot",
        "table",
        "interpreter",
        "request__listing__organisation",
        "request__requester__user",
        "request__requester__organisation",
        "request__invitee__user",
        "request__invitee__organisation",
    ).prefetch_related("event__texts", "request__listing__teasers")


def both_sides(path: str = "") -> list[Prefetch]:
    """Both sides of requests (of meetings: `path` "request__"), each person read once, however often they meet."""
    people = Participant.objects.select_related("user", "organisation")
    return [Prefetch(f"{path}{side}", people) for side in ("requester", "invitee")]


def on_desk(event: Event) -> list[Meeting]:
    """The meetings of an event that stand, with what the desk shows of them. Seven queries, however many."""
    shown = event.meetings.exclude(status=Meeting.Status.CANCELLED).select_related("request")
    return list(shown.prefetch_related("slot", "table", "interpreter", *both_sides("request__")))


def registration_of(viewer_id: Any, event: Event) -> Participant | None:
    """The live registration of a person for an event."""
    ended = [Participant.Status.WITHDRAWN, Participant.Status.REFUSED]
    rows = Participant.objects.filter(event=event, user_id=viewer_id).exclude(status__in=ended)
    return rows.select_related("user", "organisation", "listing").first()


def interpreter_seat(interpreter: Interpreter) -> UUID:
    """Whose time an interpreter's seat takes: the person's, if known, so that no two events share an hour."""
    return interpreter.user_id or interpreter.pk


# --- what is free -----------------------------------------------------------------------------------------
@dataclass
class Occupation:
    """Who (people, tables, interpreters) is taken when: periods by id, as far as the event's slots reach."""

    taken: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))

    def is_free(self, who: UUID, slot: Slot) -> bool:
        start, end = slot.during.lower, slot.during.upper
        return not any(a < end and b > start for a, b in self.taken.get(who, ()))


def occupation(who: Collection[UUID], slots: Sequence[Slot], *, but: Collection[UUID] = ()) -> Occupation:
    """Active seats of these ids that touch these slots, those of the meetings `but` left out. One query."""
    found = Occupation()
    if not slots or not who:
        return found
    window = (min(s.during.lower for s in slots), max(s.during.upper for s in slots))
    seats = MeetingSeat.objects.filter(who__in=list(who), is_active=True, during__overlap=window)
    for seat_who, during in seats.exclude(meeting_id__in=list(but)).values_list("who", "during"):
        found.taken[seat_who].append((during.lower, during.upper))
    return found


def is_online_meeting(request: MeetingRequest) -> bool:
    """One side that is elsewhere makes it an online meeting."""
    return request.requester.is_online or request.invitee.is_online or request.event.mode == Event.Mode.ONLINE


def needs_interpreter(request: MeetingRequest) -> bool:
    return not languages.shared(request.requester.languages, request.invitee.languages)


@dataclass(frozen=True)
class Place:
    """A slot with the tables and interpreters that are free in it, in the order to try them."""

    slot: Slot
    tables: list[Table]
    interpreters: list[Interpreter]


class Fit:
    """Whether and where two people can meet, slot by slot: see `fits`, which loads what it reads."""

    def __init__(self, request: MeetingRequest, floor: "Floor") -> None:
        event = request.event_id
        self.request = request
        self.is_online = is_online_meeting(request)
        self.slots = floor.slots.get(event, [])
        self.tables = [t for t in floor.tables.get(event, []) if t.is_online == self.is_online]
        self.helpers = interpreters_for(request, floor.interpreters.get(event, []))
        self.needs_helper = needs_interpreter(request)
        self.people = {p.user_id: p for p in (request.requester, request.invitee)}
        self.busy, self.absent = floor.busy, floor.absent

    def place(self, slot: Slot) -> Place:
        return Place(
            slot,
            [t for t in self.tables if self.busy.is_free(t.pk, slot)],
            [i for i in self.helpers if self.busy.is_free(interpreter_seat(i), slot)],
        )

    def to_come(self, now: datetime) -> list[Slot]:
        return [s for s in self.slots if s.during.lower > now]

    def free(self, now: datetime) -> list[Place]:
        return [self.place(s) for s in self.to_come(now) if not self.obstacles(s)]

    def is_there(self, person: UUID, slot: Slot) -> bool:
        """Neither away nor taken in this slot."""
        is_away = slot.pk in self.absent.get(self.people[person].pk, ())
        return not is_away and self.busy.is_free(person, slot)

    def hindered_by(self, me: UUID, now: datetime) -> Counter[str]:
        """What stands in the way first, by slots to come: "me", "other", "tables" or "interpreter"."""
        other = next(person for person in self.people if person != me)
        found: Counter[str] = Counter()
        for slot in self.to_come(now):
            place = self.place(slot)
            if not self.is_there(me, slot):
                found["me"] += 1
            elif not self.is_there(other, slot):
                found["other"] += 1
            elif not place.tables:
                found["tables"] += 1
            elif self.needs_helper and not place.interpreters:
                found["interpreter"] += 1
        return found

    def obstacles(self, slot: Slot) -> list[str]:
        """Why the two cannot meet in this slot, in words for organisers; empty when they can."""
        found = []
        for person, participant in self.people.items():
            name = {"name": participant.user.name}
            if slot.pk in self.absent.get(participant.pk, ()):
                found.append(_("%(name)s is away at that time.") % name)
            if not self.busy.is_free(person, slot):
                found.append(_("%(name)s has another meeting at that time.") % name)
        place = self.place(slot)
        if not place.tables:
            found.append(_("No table or room is free at that time."))
        if self.needs_helper and not self.helpers:
            found.append(_("The two share no language, and nobody interprets between theirs."))
        elif self.needs_helper and not place.interpreters:
            found.append(_("No interpreter for their languages is free at that time."))
        return found


@dataclass(frozen=True)
class Floor:
    """Slots, tables and interpreters by event, and who is taken or away when."""

    slots: dict[UUID, list[Slot]]
    tables: dict[UUID, list[Table]]
    interpreters: dict[UUID, list[Interpreter]]
    busy: Occupation
    absent: dict[UUID, set[UUID]]


def fits(requests: Collection[MeetingRequest], *, but: Collection[UUID] = ()) -> dict[UUID, Fit]:
    """How each of these requests fits into its event, by request. Five queries, however many.

    `but` names meetings to leave out of account (the one to be moved).
    """
    events = {r.event_id for r in requests}
    slots = list(Slot.objects.filter(event__in=events).order_by("during"))
    tables = list(Table.objects.filter(event__in=events).order_by("position", "name"))
    interpreters = list(Interpreter.objects.filter(event__in=events).order_by("name", "pk"))
    sides = [p for r in requests for p in (r.requester, r.invitee)]
    who = {p.user_id for p in sides} | {t.pk for t in tables} | {interpreter_seat(i) for i in interpreters}
    floor = Floor(
        _by_event(slots),
        _by_event(tables),
        _by_event(interpreters),
        occupation(who, slots, but=but),
        absent_slot_ids(p.pk for p in sides),
    )
    return {r.pk: Fit(r, floor) for r in requests}


def fit(request: MeetingRequest, *, but: Collection[UUID] = ()) -> Fit:
    return fits([request], but=but)[request.pk]


T = TypeVar("T", Slot, Table, Interpreter)


def _by_event(rows: Iterable[T]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = defaultdict(list)
    for row in rows:
        found[row.event_id].append(row)
    return found


def free_places(
    request: MeetingRequest, *, but: Collection[UUID] = (), now: datetime | None = None
) -> list[Place]:
    """Slots to come in which both people, a table (or room) and an interpreter, if needed, are free."""
    return fit(request, but=but).free(now or timezone.now())


def interpreters_for(request: MeetingRequest, there: Iterable[Interpreter]) -> list[Interpreter]:
    """Those of `there` who could help these two; none if they share a language."""
    if not needs_interpreter(request):
        return []
    a, b = request.requester.languages, request.invitee.languages
    return [i for i in there if languages.interprets(i, a, b)]


def absent_slot_ids(participant_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Slots in which these participants are away, by participant."""
    away = Participant.absent_slots.through.objects.filter(participant_id__in=list(participant_ids))
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for participant, slot in away.values_list("participant_id", "slot_id"):
        found[participant].add(slot)
    return found


def alternatives(request: MeetingRequest, *, but: Collection[UUID] = ()) -> list[object]:
    """Free common slots, offered to somebody whose choice was taken: times only, nothing about anybody."""
    return [FreeSlot(request.event, place.slot) for place in free_places(request, but=but)[:ALTERNATIVES]]


# --- people worth meeting ---------------------------------------------------------------------------------
def unasked(participant: Participant, people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Those of `people` with whom there is no live or declined request yet, oneself and colleagues left out."""
    both = MeetingRequest.objects.filter(policies.sides(participant)).exclude(
        status__in=[MeetingRequest.Status.WITHDRAWN, MeetingRequest.Status.EXPIRED]
    )
    known = {pk for pair in both.values_list("requester_id", "invitee_id") for pk in pair}
    return people.filter(event_id=participant.event_id, status__in=policies.TAKING_PART).exclude(
        Q(pk__in=known) | Q(pk=participant.pk) | Q(organisation_id=participant.organisation_id)
    )


@dataclass(frozen=True)
class Suggestion:
    """Somebody worth meeting: by a match of listings (`match`), by shared sectors, else by a shared language."""

    participant: Participant
    match: Match | None = None
    sectors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def suggestions(viewer: Viewer, participant: Participant, *, limit: int = 6) -> list[Suggestion]:
    """Whom to ask next: only those one can talk with, in a shared language or through an interpreter of the event.

    Matches come from the exchange, in its order and under its policy. Five queries.
    """
    interpreters = list(Interpreter.objects.filter(event=participant.event_id))

    def can_talk(other: Participant) -> bool:
        a, b = participant.languages, other.languages
        return bool(languages.shared(a, b)) or any(languages.interprets(i, a, b) for i in interpreters)

    people = unasked(participant, policies.visible_participants(viewer))
    by_match = [s for s in _by_match(viewer, participant, people) if can_talk(s.participant)]
    taken = {s.participant.pk for s in by_match}
    others = with_people(people.exclude(pk__in=taken)).order_by("pk")[:200]
    own_sectors = _sectors(participant)
    ranked = sorted(
        (_likeness(participant, own_sectors, other) for other in others if can_talk(other)),
        key=lambda s: (-len(s.sectors), -len(s.languages), str(s.participant.pk)),
    )
    return [*by_match, *(s for s in ranked if s.sectors or s.languages)][:limit]


def _by_match(viewer: Viewer, participant: Participant, people: QuerySet[Participant]) -> list[Suggestion]:
    matches = exchange_policies.visible_matches(viewer).filter(
        listing__organisation_id=participant.organisation_id,
        other__in=exchange_policies.listings_with_known_owner(viewer),
        other__organisation_id__in=people.values("organisation_id"),
    )
    if participant.listing_id:
        matches = matches.filter(listing_id=participant.listing_id)
    best: dict[UUID, Match] = {}
    for match in (
        matches.select_related("other").prefetch_related("other__teasers").order_by("rank", "pk")[:50]
    ):
        best.setdefault(match.other.organisation_id, match)
    found = with_people(people.filter(organisation_id__in=best)).order_by("pk")[:50]
    rows = [Suggestion(p, match=best[p.organisation_id]) for p in found]
    return sorted(rows, key=lambda s: (s.match.rank if s.match else 0, str(s.participant.pk)))


def _sectors(participant: Participant) -> set[str]:
    listing = subject(participant.listing)
    own = listing.sectors if listing else []
    return {code[:1] for code in [*own, *participant.organisation.sectors]}


def _likeness(participant: Participant, own: set[str], other: Participant) -> Suggestion:
    return Suggestion(
        other,
        sectors=tuple(sorted(own & _sectors(other))),
        languages=tuple(languages.shared(participant.languages, other.languages)),
    )


# --- the chain --------------------------------------------------------------------------------------------
def carried_on(meetings: Sequence[Meeting]) -> list[tuple[Interest, Meeting]]:
    """Which agreed interests between their two organisations meetings carry on. One query.

    A meeting carries on the interests that name its subject, as the listing asked about or as the one shown with
    it; without a subject, the interest of the two if they have exactly one. Before both said yes an interest is
    nobody's meeting: the tie would tell whose an unnamed listing is.
    """
    pairs = {m.pk: _organisations(m) for m in meetings}
    both = {pk for pair in pairs.values() for pk in pair}
    rows = Interest.objects.filter(
        organisation_id__in=both, listing__organisation_id__in=both, status__in=exchange_policies.AGREED
    )
    between: dict[frozenset[UUID], list[Interest]] = defaultdict(list)
    for interest in rows.select_related("listing").order_by("created_at", "pk"):
        between[frozenset({interest.organisation_id, interest.listing.organisation_id})].append(interest)
    return [(i, m) for m in meetings for i in _of_subject(m.request.listing_id, between[pairs[m.pk]])]


def likely_subjects(requester: Participant, invitee: Participant) -> list[UUID]:
    """Listings that a meeting of the two is probably about: their latest agreed interest's, then what they show."""
    a, b = requester.organisation_id, invitee.organisation_id
    between = Q(organisation_id=a, listing__organisation_id=b) | Q(
        organisation_id=b, listing__organisation_id=a
    )
    agreed = Interest.objects.filter(between, status__in=exchange_policies.AGREED)
    pairs = agreed.order_by("-created_at", "pk").values_list("listing_id", "own_listing_id")[:5]
    found = [pk for pair in pairs for pk in pair]
    return [pk for pk in [*found, invitee.listing_id] if pk is not None]


def _organisations(meeting: Meeting) -> frozenset[UUID]:
    return frozenset({meeting.request.requester.organisation_id, meeting.request.invitee.organisation_id})


def _of_subject(listing_id: UUID | None, interests: list[Interest]) -> list[Interest]:
    if listing_id is not None:
        return [i for i in interests if listing_id in {i.listing_id, i.own_listing_id}]
    return interests if len(interests) == 1 else []


def meetings_between(interest: Interest) -> list[Meeting]:
    """The meetings, not cancelled, of people of the two sides of an interest."""
    sides = [interest.organisation_id, interest.listing.organisation_id]
    rows = Meeting.objects.filter(
        request__requester__organisation_id__in=sides, request__invitee__organisation_id__in=sides
    ).exclude(status=Meeting.Status.CANCELLED)
    return list(rows.select_related("request__requester", "request__invitee").order_by("pk"))


def chain_of_meetings(viewer: Viewer, event: Event) -> list[Meeting]:
    """The meetings that an event's chain goes on through: those that led on first, then the earliest."""
    led_on = Link.objects.filter(source_kind="meeting", source_id=OuterRef("pk"))
    mine = policies.visible_meetings(viewer).filter(event=event).exclude(status=Meeting.Status.CANCELLED)
    return list(mine.order_by(Exists(led_on).desc(), "slot__during", "pk")[: chain.MAX_LINKS])


def case_opened_from(viewer: Viewer, meeting: Meeting) -> Card | None:
    """The case that a meeting opened or joined, if the viewer sees it."""
    opened = Link.objects.filter(
        source_kind="meeting", source_id=meeting.pk, relation=Link.Relation.OPENED, target_kind="case"
    )
    found = cards(viewer, "case", opened.values_list("target_id", flat=True))
    return next(iter(found.values()), None)


# --- outcomes ---------------------------------------------------------------------------------------------
def with_outcome_parts(outcomes: QuerySet[Outcome]) -> QuerySet[Outcome]:
    return outcomes.select_related(
        "participant__user",
        "meeting__slot",
        "meeting__event__place",
        "meeting__request__requester__user",
        "meeting__request__requester__organisation",
        "meeting__request__invitee__user",
        "meeting__request__invitee__organisation",
    ).prefetch_related("meeting__event__texts")


def other_side(outcome: Outcome) -> Participant:
    """Whom the one who answers has met."""
    request = outcome.meeting.request
    return request.invitee if outcome.participant_id == request.requester_id else request.requester


def subject(listing: Listing | None) -> Listing | None:
    """The listing that somebody shows or wants to talk about, unless its owner has taken it back since."""
    return listing if listing is not None and exchange_policies.is_shown(listing) else None


def listing_title(listing: Listing) -> str:
    """Its title in the language of the page, for whoever sees it; reads `teasers`, which lists prefetch."""
    return shown_title(listing)[0]
