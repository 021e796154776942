"""Who sees which event, participant, request, schedule and meeting, and who may act on them."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from serai.accounts.models import Membership
from serai.accounts.policies import memberships, organisation_ids
from serai.agreements.policies import organisations_acted_for
from serai.core import policy
from serai.core.viewer import Viewer
from serai.events.models import Event, Meeting, MeetingRequest, Outcome, Participant, ScheduleRun

ORGANISER_ROLES = (Membership.Role.EVENT_ORGANISER, Membership.Role.MANAGER)
TAKING_PART = (Participant.Status.CONFIRMED, Participant.Status.CHECKED_IN)
"""Registrations that count: these people are at the event."""

LIVE = (MeetingRequest.Status.PENDING, MeetingRequest.Status.ACCEPTED, MeetingRequest.Status.SCHEDULED)


def _id(viewer: Viewer) -> Any:
    """The person's key; None, which owns no row, for the public visitor."""
    return viewer.pk


# --- events -----------------------------------------------------------------------------------------------
def organised(viewer: Viewer) -> Q:
    """Events the viewer organises: as owner, or in one of the two roles at a hosting organisation."""
    if not viewer.is_authenticated:
        return Q(pk__in=[])
    hosts = Event.hosts.through.objects.filter(
        event_id=OuterRef("pk"), organisation_id__in=organisation_ids(viewer, *ORGANISER_ROLES)
    )
    return Q(owner_id=_id(viewer)) | Q(Exists(hosts))


@policy.visible("events.event.see", "Announced public events for everybody; others for those who belong.")
def visible_events(viewer: Viewer) -> QuerySet[Event]:
    """Announced public events; members of the hosts also see closed ones, organisers also those planned."""
    announced = ~Q(status=Event.Status.PLANNED)
    if not viewer.is_authenticated:
        return Event.objects.filter(announced, is_public=True)
    registered = Participant.objects.filter(event_id=OuterRef("pk"), user_id=_id(viewer))
    host_member = Event.hosts.through.objects.filter(
        event_id=OuterRef("pk"), organisation_id__in=organisation_ids(viewer)
    )
    belongs = Q(is_public=True) | Q(Exists(registered)) | Q(Exists(host_member))
    return Event.objects.filter((announced & belongs) | organised(viewer))


@policy.visible(
    "events.event.organise",
    "The event's owner, and event organisers and managers of a hosting organisation.",
    gate=policy.signed_in,
)
def organised_events(viewer: Viewer) -> QuerySet[Event]:
    return Event.objects.filter(organised(viewer))


def may_see_event(viewer: Viewer, event: Event) -> bool:
    return visible_events(viewer).filter(pk=event.pk).exists()


def may_organise(viewer: Viewer, event: Event) -> bool:
    return organised_events(viewer).filter(pk=event.pk).exists()


def hosting_organisation_ids(viewer: Viewer) -> QuerySet[Membership, object]:
    """Ids of verified organisations in whose name the viewer may host an event."""
    mine = memberships(viewer).filter(role__in=ORGANISER_ROLES, organisation__status="verified")
    return mine.values_list("organisation_id", flat=True)


def may_host(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated) and hosting_organisation_ids(viewer).exists()


policy.declare(
    "events.event.create", "Event organisers and managers of verified organisations.", gate=may_host
)


# --- what is possible now: asked by the actions before they refuse, and by the pages before they offer -------
OVER = (Event.Status.ENDED, Event.Status.REPORTED, Event.Status.CANCELLED)
SETS_MEETINGS = (Event.Status.REGISTRATION, Event.Status.CLOSED, Event.Status.RUNNING)
"""While an event is in one of these, meetings are agreed, scheduled, booked and moved."""


def is_over(event: Event) -> bool:
    return event.status in OVER


def takes_registrations(event: Event) -> bool:
    return event.status == Event.Status.REGISTRATION and not _is_past(event.registration_until)


def takes_requests(event: Event) -> bool:
    return event.status in SETS_MEETINGS and not _is_past(event.requests_until)


def _is_past(moment: datetime | None) -> bool:
    return moment is not None and moment < timezone.now()


def has_begun(meeting: Meeting) -> bool:
    begins: datetime = meeting.slot.during.lower
    return begins <= timezone.now()


def is_cancellable(meeting: Meeting) -> bool:
    """A meeting that has begun took place or was missed; it is no longer cancelled."""
    return meeting.status == Meeting.Status.CONFIRMED and not has_begun(meeting)


def is_acceptable(request: MeetingRequest) -> bool:
    return request.status == MeetingRequest.Status.PENDING and request.event.status in SETS_MEETINGS


def is_bookable(request: MeetingRequest) -> bool:
    sides = {request.requester.status, request.invitee.status}
    is_agreed = request.status == MeetingRequest.Status.ACCEPTED
    return is_agreed and request.event.status in SETS_MEETINGS and sides <= set(TAKING_PART)


def is_withdrawable(request: MeetingRequest, meeting: Meeting | None) -> bool:
    """`meeting` is the one that was placed for the request and not cancelled, if any."""
    if request.status not in LIVE or is_over(request.event):
        return False
    return meeting is None or is_cancellable(meeting)


# --- participants -----------------------------------------------------------------------------------------
@policy.visible("events.registration.own", "A person's own registrations.", gate=policy.signed_in)
def own_registrations(viewer: Viewer) -> QuerySet[Participant]:
    return Participant.objects.filter(user_id=_id(viewer))


def taking_part(viewer: Viewer) -> QuerySet[Participant]:
    """The viewer's registrations that are confirmed."""
    return own_registrations(viewer).filter(status__in=TAKING_PART)


@policy.visible(
    "events.participant.see",
    "Confirmed participants see those who agreed to be listed, and whoever asked to meet them; organisers see all.",
    gate=policy.signed_in,
)
def visible_participants(viewer: Viewer) -> QuerySet[Participant]:
    if not viewer.is_authenticated:
        return Participant.objects.none()
    listed = Q(
        consent_listed=True,
        status__in=TAKING_PART,
        event_id__in=taking_part(viewer).values("event_id"),
    )
    asked_me = MeetingRequest.objects.filter(requester_id=OuterRef("pk"), invitee__user_id=_id(viewer))
    asked_by_me = MeetingRequest.objects.filter(invitee_id=OuterRef("pk"), requester__user_id=_id(viewer))
    organised_here = Q(event_id__in=organised_events(viewer).values("pk"))
    return Participant.objects.filter(
        Q(user_id=_id(viewer)) | listed | organised_here | Q(Exists(asked_me)) | Q(Exists(asked_by_me))
    )


def may_see_participant(viewer: Viewer, participant: Participant) -> bool:
    return visible_participants(viewer).filter(pk=participant.pk).exists()


# --- requests and meetings --------------------------------------------------------------------------------
def _mine(viewer: Viewer, prefix: str = "") -> Q:
    return Q(**{f"{prefix}requester__user_id": _id(viewer)}) | Q(**{f"{prefix}invitee__user_id": _id(viewer)})


def sides(participant: Participant, prefix: str = "") -> Q:
    """Requests (or, with a prefix, meetings) in which the participant is one of the two."""
    return Q(**{f"{prefix}requester_id": participant.pk}) | Q(**{f"{prefix}invitee_id": participant.pk})


@policy.visible("events.request.see", "The two participants and the organisers.", gate=policy.signed_in)
def visible_requests(viewer: Viewer) -> QuerySet[MeetingRequest]:
    if not viewer.is_authenticated:
        return MeetingRequest.objects.none()
    return MeetingRequest.objects.filter(
        _mine(viewer) | Q(event_id__in=organised_events(viewer).values("pk"))
    )


@policy.visible("events.request.own", "A participant's own requests, both ways.", gate=policy.signed_in)
def own_requests(viewer: Viewer) -> QuerySet[MeetingRequest]:
    return MeetingRequest.objects.filter(_mine(viewer))


def may_see_request(viewer: Viewer, request: MeetingRequest) -> bool:
    return visible_requests(viewer).filter(pk=request.pk).exists()


def requests_waiting_for(viewer: Viewer) -> QuerySet[MeetingRequest]:
    return MeetingRequest.objects.filter(
        invitee__user_id=_id(viewer), status=MeetingRequest.Status.PENDING, invitee__status__in=TAKING_PART
    )


def may_answer_request(viewer: Viewer, request: MeetingRequest) -> bool:
    return bool(viewer.is_authenticated) and request.invitee.user_id == viewer.pk


def may_withdraw_request(viewer: Viewer, request: MeetingRequest) -> bool:
    """The one who asked; once it is accepted, either side."""
    if request.requester.user_id == viewer.pk:
        return True
    return request.status != MeetingRequest.Status.PENDING and request.invitee.user_id == viewer.pk


def may_book(viewer: Viewer, request: MeetingRequest) -> bool:
    """Organisers always; the two participants where the event lets them book free slots."""
    is_party = viewer.pk in {request.requester.user_id, request.invitee.user_id}
    return (is_party and request.event.self_booking) or may_organise(viewer, request.event)


@policy.visible("events.meeting.see", "The two participants and the organisers.", gate=policy.signed_in)
def visible_meetings(viewer: Viewer) -> QuerySet[Meeting]:
    if not viewer.is_authenticated:
        return Meeting.objects.none()
    return Meeting.objects.filter(
        _mine(viewer, "request__") | Q(event_id__in=organised_events(viewer).values("pk"))
    )


@policy.visible(
    "events.meeting.attend",
    "The two participants and the interpreter: time, place, names and languages.",
    gate=policy.signed_in,
)
def attended_meetings(viewer: Viewer) -> QuerySet[Meeting]:
    """Meetings on the viewer's own day. To the interpreter nothing but time, place, names, languages is shown."""
    if not viewer.is_authenticated:
        return Meeting.objects.none()
    return Meeting.objects.filter(_mine(viewer, "request__") | Q(interpreter__user_id=_id(viewer)))


def may_see_meeting(viewer: Viewer, meeting: Meeting) -> bool:
    return visible_meetings(viewer).filter(pk=meeting.pk).exists()


def is_party(viewer: Viewer, meeting: Meeting) -> bool:
    return viewer.pk in {meeting.request.requester.user_id, meeting.request.invitee.user_id}


def may_open_case(viewer: Viewer, meeting: Meeting) -> bool:
    """Somebody acting for one of the two sides carries a meeting on as a cooperation case."""
    request = meeting.request
    sides = [request.requester.organisation_id, request.invitee.organisation_id]
    return organisations_acted_for(viewer).filter(pk__in=sides).exists()


@policy.visible("events.schedule.see", "The organisers of the event.", gate=policy.signed_in)
def visible_runs(viewer: Viewer) -> QuerySet[ScheduleRun]:
    return ScheduleRun.objects.filter(event_id__in=organised_events(viewer).values("pk"))


@policy.visible(
    "events.outcome.own", "A participant's own questions about their meetings.", gate=policy.signed_in
)
def own_outcomes(viewer: Viewer) -> QuerySet[Outcome]:
    return Outcome.objects.filter(participant__user_id=_id(viewer))


@policy.visible(
    "events.outcome.see",
    "What a side said of a meeting: that side and the organisers.",
    gate=policy.signed_in,
)
def visible_outcomes(viewer: Viewer) -> QuerySet[Outcome]:
    organised_here = Q(meeting__event_id__in=organised_events(viewer).values("pk"))
    return Outcome.objects.filter(Q(participant__user_id=_id(viewer)) | organised_here)


policy.declare(
    "events.feed",
    "Whoever holds the secret address of a personal calendar; it shows that person's meetings, and can be revoked.",
)
policy.door("feed", "events.personal_calendar", "events.feed")
