"""Calling an event off, with everything that hangs on it."""

from django.db import transaction

from serai.accounts.models import User
from serai.events.actions.events import advance, locked
from serai.events.actions.meetings import drop_meeting, lock_requests, locked_meetings
from serai.events.models import Event, Meeting, MeetingRequest


@transaction.atomic
def cancel_event(*, event: Event, by: User) -> Event:
    """Call the event off: its meetings are cancelled, its open requests end, those who would meet are told.

    Raises Conflict if it has begun or is over.
    """
    event = locked(event, by)
    if event.status == Event.Status.PLANNED:
        event.is_public = False  # never announced: nobody outside learns of it by its being called off
    event = advance(event, Event.Status.CANCELLED, by)
    lock_requests(event=event)
    for meeting in locked_meetings(event=event, status=Meeting.Status.CONFIRMED):
        drop_meeting(meeting, by=by, request_to=MeetingRequest.Status.WITHDRAWN)
    open_requests = MeetingRequest.objects.filter(
        event=event, status__in=[MeetingRequest.Status.PENDING, MeetingRequest.Status.ACCEPTED]
    )
    open_requests.update(status=MeetingRequest.Status.WITHDRAWN)
    return event
