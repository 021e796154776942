"""What this app registers with `core`: kinds, the place in the navigation, what waits for people."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from serai.core import duties, kinds, lifecycle, policy
from serai.core.api import capped_count
from serai.core.context import Place, register_place
from serai.core.viewer import Viewer
from serai.core.words import on_day
from serai.events import exports as _exports  # noqa: F401
from serai.events import followers as _followers  # noqa: F401
from serai.events import lifecycle as _tables  # noqa: F401
from serai.events import messages as _messages  # noqa: F401
from serai.events import policies, queries
from serai.events.models import Event, Meeting, MeetingRequest, Participant
from serai.events.texts import event_name, event_text, event_time, participant_name
from serai.events.zones import zone_of

MOST = 50
AHEAD = timedelta(days=7)


def _event_card(event: Event) -> kinds.Card:
    text = event_text(event)
    return kinds.Card(
        kind="event",
        id=event.pk,
        title=event_name(event),
        url=reverse("event_detail", args=[event.pk]),
        language=text.language if text else "",
        status=event.get_status_display(),
        tone=lifecycle.tone_of(event),
        detail=event_time(event, event.starts_at),
    )


def _participant_card(participant: Participant) -> kinds.Card:
    return kinds.Card(
        kind="participant",
        id=participant.pk,
        title=participant_name(participant),
        url=reverse("participant_detail", args=[participant.pk]),
        status=participant.get_status_display(),
        tone=lifecycle.tone_of(participant),
        detail=event_name(participant.event),
    )


def _pair(request: MeetingRequest) -> str:
    return f"{request.requester.user.name} – {request.invitee.user.name}"


def _request_card(request: MeetingRequest) -> kinds.Card:
    return kinds.Card(
        kind="meeting_request",
        id=request.pk,
        title=_pair(request),
        url=reverse("request_list"),
        status=request.get_status_display(),
        tone=lifecycle.tone_of(request),
        detail=event_name(request.event),
    )


def _meeting_card(meeting: Meeting) -> kinds.Card:
    return kinds.Card(
        kind="meeting",
        id=meeting.pk,
        title=_pair(meeting.request),
        url=reverse("meeting_detail", args=[meeting.pk]),
        status=meeting.get_status_display(),
        tone=lifecycle.tone_of(meeting),
        detail=event_time(meeting.event, meeting.slot.during.lower),
    )


kinds.register(
    kinds.Kind(
        "event",
        pgettext_lazy("kind", "Event"),
        pgettext_lazy("kind", "Events"),
        Event,
        policies.visible_events,
        _event_card,
        queries.with_event_texts,
        icon="calendar-event",
    )
)
kinds.register(
    kinds.Kind(
        "participant",
        pgettext_lazy("kind", "Participant"),
        pgettext_lazy("kind", "Participants"),
        Participant,
        policies.visible_participants,
        _participant_card,
        lambda rows: queries.with_people(rows).prefetch_related("event__texts"),
        icon="person-badge",
    )
)
kinds.register(
    kinds.Kind(
        "meeting_request",
        pgettext_lazy("kind", "Meeting request"),
        pgettext_lazy("kind", "Meeting requests"),
        MeetingRequest,
        policies.visible_requests,
        _request_card,
        queries.with_sides,
        icon="calendar-plus",
    )
)
kinds.register(
    kinds.Kind(
        "meeting",
        pgettext_lazy("kind", "Meeting"),
        pgettext_lazy("kind", "Meetings"),
        Meeting,
        policies.visible_meetings,
        _meeting_card,
        queries.with_meeting_parts,
        stage=3,
        icon="people",
    )
)


def _waiting(viewer: Viewer) -> int:
    if not viewer.is_authenticated:
        return 0
    return capped_count(policies.requests_waiting_for(viewer))[0]


register_place(Place("meet", _("Meet"), "event_list", "calendar-event", 40, policy.anyone, _waiting))


@duties.source
def requests_to_answer(viewer: Viewer) -> Iterator[duties.Duty]:
    rows = queries.with_sides(policies.requests_waiting_for(viewer)).order_by("answer_due", "pk")
    for request in rows[:MOST]:
        yield duties.Duty(
            what=gettext("Answer a request for a meeting"),
            title=participant_name(request.requester),
            url=reverse("request_list"),
            due_on=request.answer_due,
            kind="meeting_request",
            about=[event_name(request.event)],
            many=duties.Many(gettext("Answer the requests for meetings"), reverse("request_list")),
        )


@duties.source
def meetings_to_attend(viewer: Viewer) -> Iterator[duties.Duty]:
    """The days of the coming week with meetings, by the clocks of their events."""
    now = timezone.now()
    rows = policies.attended_meetings(viewer).filter(
        status=Meeting.Status.CONFIRMED, slot__during__overlap=(now, now + AHEAD)
    )
    days: dict[tuple[date, Event], list[Meeting]] = {}
    for meeting in (
        rows.select_related("event__place", "slot").prefetch_related("event__texts").order_by("slot__during")
    ):
        day = meeting.slot.during.lower.astimezone(zone_of(meeting.event.time_zone)).date()
        days.setdefault((day, meeting.event), []).append(meeting)
    for (day, event), meetings in list(days.items())[:MOST]:
        what = ngettext("Go to your meeting", "Go to your %(n)d meetings", len(meetings))
        yield duties.Duty(
            what=what % {"n": len(meetings)},
            title=f"{event_name(event)} · {event_time(event, meetings[0].slot.during.lower)}",
            url=f"{reverse('my_day')}?day={day.isoformat()}",
            due_on=day,
            kind="meeting",
        )


@duties.source
def outcomes_to_tell(viewer: Viewer) -> Iterator[duties.Duty]:
    if not viewer.is_authenticated:
        return
    rows = policies.own_outcomes(viewer).filter(answered_at__isnull=True).order_by("due_on", "pk")
    for outcome in queries.with_outcome_parts(rows)[:MOST]:
        yield duties.Duty(
            what=gettext("Say what came of a meeting"),
            title=participant_name(queries.other_side(outcome)),
            url=reverse("outcome_answer", args=[outcome.pk]),
            due_on=outcome.due_on,
            kind="meeting",
            about=[event_name(outcome.meeting.event), on_day(outcome.meeting.slot.during.lower)],
            many=duties.Many(gettext("Say what came of your meetings"), reverse("outcome_list")),
        )


@duties.source
def registrations_to_decide(viewer: Viewer) -> Iterator[duties.Duty]:
    if not viewer.is_authenticated:
        return
    waiting = Count("participants", filter=Q(participants__status=Participant.Status.SUBMITTED))
    events = (
        policies.organised_events(viewer)
        .annotate(undecided=waiting)
        .filter(undecided__gt=0)
        .exclude(status__in=policies.OVER)
    )
    for event in queries.with_event_texts(events).order_by("starts_at", "pk")[:MOST]:
        text = event_text(event)
        yield duties.Duty(
            what=gettext("Decide on registrations"),
            title=event_name(event),
            url=reverse("event_registrations", args=[event.pk]),
            due_on=event.registration_until.date() if event.registration_until else event.starts_at.date(),
            kind="event",
            title_language=text.language if text else "",
        )


@duties.source
def registrations_out_of_sight(viewer: Viewer) -> Iterator[duties.Duty]:
    """Whoever did not agree to be listed is asked by nobody: recalled while requests for meetings can still be made."""
    if not viewer.is_authenticated:
        return
    now, alive = timezone.now(), [*policies.TAKING_PART, Participant.Status.SUBMITTED]
    mine = policies.own_registrations(viewer).filter(status__in=alive, consent_listed=False)
    still = mine.filter(event__ends_at__gt=now).exclude(event__status__in=policies.OVER)
    asking = still.exclude(event__requests_until__lte=now)
    rows = asking.select_related("event__place").prefetch_related("event__texts")
    for mine_here in rows.order_by("event__starts_at", "pk")[:MOST]:
        event = mine_here.event
        until = event.requests_until or event.starts_at
        yield duties.Duty(
            what=gettext("Let others find you: you are not shown in the list of participants"),
            title=event_name(event),
            url=f"{reverse('registration', args=[event.pk])}#id_consent_listed",
            due_on=None,
            kind="participant",
            about=[
                gettext("Others cannot ask you for a meeting."),
                gettext("Possible until %(day)s")
                % {"day": on_day(until.astimezone(zone_of(event.time_zone)))},
            ],
        )
