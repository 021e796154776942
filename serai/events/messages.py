"""The notices of events: what people are told, in their own language."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from serai.accounts import notices
from serai.accounts.models import User
from serai.core.words import on_day
from serai.events.models import Event, Meeting, MeetingRequest, Participant
from serai.events.texts import event_name, time_here
from serai.events.zones import zone_of

_ORGANISES = _("You get this letter because you organise this event.")
_REGISTERED = _("You get this letter because you registered for this event.")
_TAKES_PART = _("You get this letter because you take part in this event.")

notices.declare(
    "events.registration_received",
    _("{name} registered for {event}."),
    icon="person-plus",
    step=_("Decide on registrations"),
    otherwise=_("Until you decide, they can neither see the participants nor ask for meetings."),
    because=_ORGANISES,
)
notices.declare(
    "events.registration_confirmed",
    _("Your registration for {event} is confirmed. You can now ask for meetings."),
    icon="check-lg",
    step=_("Open the event"),
    because=_REGISTERED,
)
notices.declare(
    "events.registration_refused",
    _("Your registration for {event} was not accepted."),
    icon="x-lg",
    step=_("Open the event"),
    because=_REGISTERED,
)
notices.declare(
    "events.registration_waiting",
    _("You are on the waiting list of {event}."),
    icon="hourglass-split",
    step=_("Open the event"),
    otherwise=_("You need do nothing: you are told as soon as there is a place."),
    because=_REGISTERED,
)
notices.declare(
    "events.request_received",
    _("{name} would like to meet you at {event}. Answer by {date}."),
    icon="calendar-plus",
    step=_("Answer a request for a meeting"),
    otherwise=_("If you do not answer, the request ends on that day and the other side is told."),
    because=_TAKES_PART,
)
notices.declare(
    "events.request_accepted",
    _("{name} agreed to meet you at {event}."),
    icon="check-lg",
    step=_("See your requests"),
    otherwise=_("You are told the time and the table as soon as they are set."),
    because=_TAKES_PART,
)
notices.declare(
    "events.request_declined",
    _("{name} cannot meet you at {event}."),
    icon="x-lg",
    step=_("See your requests"),
    because=_TAKES_PART,
)
notices.declare(
    "events.request_expired",
    _("Your request to meet {name} at {event} ended without an answer."),
    icon="hourglass-bottom",
    step=_("See your requests"),
    because=_TAKES_PART,
)
notices.declare(
    "events.request_withdrawn",
    _("{name} withdrew the request to meet you at {event}."),
    icon="x-lg",
    step=_("See your requests"),
    because=_TAKES_PART,
)
notices.declare(
    "events.schedule_published",
    _("Your meetings at {event} are set: {count}. See your day."),
    icon="calendar-check",
    step=_("See your day"),
    otherwise=_("If you cannot come to one of them, say so there: the other side can then use the time."),
    because=_TAKES_PART,
)
notices.declare(
    "events.meeting_booked",
    _("Your meeting with {name} at {event} is set: {time}."),
    icon="calendar-check",
    step=_("Open the meeting"),
    because=_TAKES_PART,
)
notices.declare(
    "events.meeting_moved",
    _("Your meeting with {name} at {event} has moved: {time}."),
    icon="calendar-event",
    step=_("Open the meeting"),
    because=_TAKES_PART,
)
notices.declare(
    "events.meeting_cancelled",
    _("Your meeting with {name} at {event} ({time}) is cancelled."),
    icon="calendar-x",
    step=_("Open the meeting"),
    because=_TAKES_PART,
)
notices.declare(
    "events.outcome_asked",
    _("What came of your meeting with {name} at {event}?"),
    icon="chat-square-text",
    step=_("Say what came of a meeting"),
    otherwise=_("It takes a minute, and only you and the organisers read it."),
    because=_TAKES_PART,
)


def _person(participant: Participant) -> notices.Named:
    """Somebody by the name they bear when the notice is read or its letter leaves."""
    return notices.Named("participant", participant.pk, participant.organisation.name)


def _event(event: Event, reader: User) -> notices.Named:
    """An event by the title it has when the notice is read, in the language it is read in."""
    return notices.Named("event", event.pk, event_name(event, reader.language))


def tell_registration(participant: Participant, *, status: str) -> None:
    user = participant.user
    notices.notify(
        user=user,
        kind=f"events.registration_{status}",
        obj=participant,
        values={"event": _event(participant.event, user)},
        url=reverse("event_detail", args=[participant.event_id]),
        key=f"events.registration:{participant.pk}:{status}",
    )


def tell_owner_of_registration(participant: Participant) -> None:
    owner = participant.event.owner
    if owner is None or owner.pk == participant.user_id:
        return
    notices.notify(
        user=owner,
        kind="events.registration_received",
        obj=participant,
        values={"name": _person(participant), "event": _event(participant.event, owner)},
        url=reverse("event_registrations", args=[participant.event_id]),
        key=f"events.registration:{participant.pk}:received",
    )


def tell_request(request: MeetingRequest, *, what: str, to: Participant, about: Participant) -> None:
    """Tell one side of a request what happened to it; `about` is the other side."""
    user = to.user
    with override(user.language):
        values = {
            "name": _person(about),
            "event": _event(request.event, user),
            "date": on_day(request.answer_due),
        }
    notices.notify(
        user=user,
        kind=f"events.request_{what}",
        obj=request,
        values=values,
        url=reverse("request_list"),
        key=f"events.request:{request.pk}:{what}",
    )


def tell_meeting(meeting: Meeting, *, what: str, but: User | None = None) -> None:
    """Tell both sides that a meeting is booked, moved or cancelled; not the one who did it (`but`)."""
    request = meeting.request
    for to, about in ((request.requester, request.invitee), (request.invitee, request.requester)):
        if but is not None and to.user_id == but.pk:
            continue
        with override(to.user.language), timezone.override(zone_of(to.user.time_zone)):
            time = time_here(meeting.event, meeting.slot.during.lower)
        notices.notify(
            user=to.user,
            kind=f"events.meeting_{what}",
            obj=meeting,
            values={
                "name": _person(about),
                "event": _event(meeting.event, to.user),
                "time": time,
            },
            url=reverse("meeting_detail", args=[meeting.pk]),
            key=f"events.meeting:{meeting.pk}:{what}:{meeting.sequence}",
        )


def tell_schedule(event: Event, *, run_key: str, meetings_of: dict[User, int]) -> None:
    """Tell everybody whose day changed, once for the whole schedule."""
    for user, count in meetings_of.items():
        notices.notify(
            user=user,
            kind="events.schedule_published",
            obj=event,
            values={"event": _event(event, user), "count": count},
            url=f"{reverse('my_day')}?event={event.pk}",
            key=f"events.schedule:{run_key}",
        )


def ask_outcome(meeting: Meeting, *, to: Participant, about: Participant, months: int, url: str) -> None:
    notices.notify(
        user=to.user,
        kind="events.outcome_asked",
        obj=meeting,
        values={"name": _person(about), "event": _event(meeting.event, to.user)},
        url=url,
        key=f"events.outcome:{meeting.pk}:{months}",
    )
