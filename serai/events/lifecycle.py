"""Which status of an event, a registration, a meeting request, a schedule and a meeting follows which."""

from serai.core import lifecycle
from serai.events.models import Event, Meeting, MeetingRequest, Participant, ScheduleRun

_EVENT = Event.Status
EVENT = lifecycle.register(
    lifecycle.Lifecycle(
        name="event",
        model=Event,
        initial=_EVENT.PLANNED,
        transitions={
            _EVENT.PLANNED: {_EVENT.ANNOUNCED, _EVENT.CANCELLED},
            _EVENT.ANNOUNCED: {_EVENT.REGISTRATION, _EVENT.CANCELLED},
            _EVENT.REGISTRATION: {_EVENT.CLOSED, _EVENT.CANCELLED},
            _EVENT.CLOSED: {_EVENT.REGISTRATION, _EVENT.RUNNING, _EVENT.CANCELLED},
            _EVENT.RUNNING: {_EVENT.ENDED},
            _EVENT.ENDED: {_EVENT.REPORTED},
            _EVENT.REPORTED: set(),
            _EVENT.CANCELLED: set(),
        },
        tones={
            _EVENT.PLANNED: "quiet",
            _EVENT.ANNOUNCED: "active",
            _EVENT.REGISTRATION: "active",
            _EVENT.CLOSED: "waiting",
            _EVENT.RUNNING: "active",
            _EVENT.ENDED: "done",
            _EVENT.REPORTED: "done",
            _EVENT.CANCELLED: "stopped",
        },
    )
)

_PARTICIPANT = Participant.Status
PARTICIPANT = lifecycle.register(
    lifecycle.Lifecycle(
        name="registration",
        model=Participant,
        initial=_PARTICIPANT.SUBMITTED,
        transitions={
            _PARTICIPANT.SUBMITTED: {
                _PARTICIPANT.CONFIRMED,
                _PARTICIPANT.REFUSED,
                _PARTICIPANT.WAITING,
                _PARTICIPANT.WITHDRAWN,
            },
            _PARTICIPANT.WAITING: {_PARTICIPANT.CONFIRMED, _PARTICIPANT.REFUSED, _PARTICIPANT.WITHDRAWN},
            _PARTICIPANT.CONFIRMED: {_PARTICIPANT.CHECKED_IN, _PARTICIPANT.WITHDRAWN},
            _PARTICIPANT.REFUSED: set(),
            _PARTICIPANT.CHECKED_IN: {_PARTICIPANT.CONFIRMED},
            _PARTICIPANT.WITHDRAWN: set(),
        },
        tones={
            _PARTICIPANT.SUBMITTED: "waiting",
            _PARTICIPANT.WAITING: "waiting",
            _PARTICIPANT.CONFIRMED: "active",
            _PARTICIPANT.REFUSED: "stopped",
            _PARTICIPANT.CHECKED_IN: "done",
            _PARTICIPANT.WITHDRAWN: "quiet",
        },
    )
)

_REQUEST = MeetingRequest.Status
REQUEST = lifecycle.register(
    lifecycle.Lifecycle(
        name="meeting_request",
        model=MeetingRequest,
        initial=_REQUEST.PENDING,
        transitions={
            _REQUEST.PENDING: {_REQUEST.ACCEPTED, _REQUEST.DECLINED, _REQUEST.EXPIRED, _REQUEST.WITHDRAWN},
            _REQUEST.ACCEPTED: {_REQUEST.SCHEDULED, _REQUEST.WITHDRAWN},
            _REQUEST.DECLINED: set(),
            _REQUEST.EXPIRED: set(),
            _REQUEST.WITHDRAWN: set(),
            _REQUEST.SCHEDULED: {_REQUEST.ACCEPTED, _REQUEST.WITHDRAWN},
        },
        tones={
            _REQUEST.PENDING: "waiting",
            _REQUEST.ACCEPTED: "active",
            _REQUEST.DECLINED: "stopped",
            _REQUEST.EXPIRED: "quiet",
            _REQUEST.WITHDRAWN: "quiet",
            _REQUEST.SCHEDULED: "done",
        },
    )
)

_SCHEDULE = ScheduleRun.Status
SCHEDULE = lifecycle.register(
    lifecycle.Lifecycle(
        name="schedule",
        model=ScheduleRun,
        initial=_SCHEDULE.QUEUED,
        transitions={
            _SCHEDULE.QUEUED: {_SCHEDULE.RUNNING, _SCHEDULE.FAILED},
            _SCHEDULE.RUNNING: {_SCHEDULE.PROPOSED, _SCHEDULE.FAILED},
            _SCHEDULE.PROPOSED: {_SCHEDULE.PUBLISHED, _SCHEDULE.SUPERSEDED},
            _SCHEDULE.PUBLISHED: {_SCHEDULE.SUPERSEDED},
            _SCHEDULE.FAILED: set(),
            _SCHEDULE.SUPERSEDED: set(),
        },
        tones={
            _SCHEDULE.QUEUED: "waiting",
            _SCHEDULE.RUNNING: "active",
            _SCHEDULE.PROPOSED: "waiting",
            _SCHEDULE.PUBLISHED: "done",
            _SCHEDULE.FAILED: "stopped",
            _SCHEDULE.SUPERSEDED: "quiet",
        },
    )
)

_MEETING = Meeting.Status
MEETING = lifecycle.register(
    lifecycle.Lifecycle(
        name="meeting",
        model=Meeting,
        initial=_MEETING.CONFIRMED,
        transitions={
            _MEETING.CONFIRMED: {_MEETING.HELD, _MEETING.NO_SHOW, _MEETING.CANCELLED},
            _MEETING.HELD: set(),
            _MEETING.NO_SHOW: set(),
            _MEETING.CANCELLED: set(),
        },
        tones={
            _MEETING.CONFIRMED: "active",
            _MEETING.HELD: "done",
            _MEETING.NO_SHOW: "stopped",
            _MEETING.CANCELLED: "stopped",
        },
    )
)
