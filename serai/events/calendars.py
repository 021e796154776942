"""Meetings as calendar entries, in the reader's language; no message, listing or address goes along."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from serai.core import calendar
from serai.core.words import zone_name
from serai.events.models import Meeting, Participant
from serai.events.texts import clock_time, event_name, participant_name, table_name
from serai.events.zones import zone_of


def meeting_calendar(meeting: Meeting, *, reader_id: object) -> bytes:
    """The file of one meeting for one of the two, the interpreter or an organiser."""
    return calendar.calendar([_entry(meeting, reader_id)], name=event_name(meeting.event))


def personal_calendar(meetings: Iterable[Meeting], participant: Participant) -> bytes:
    """The feed of one registration, cancelled meetings as such."""
    entries = [_entry(meeting, participant.user_id) for meeting in meetings]
    name = event_name(participant.event)
    return calendar.calendar(entries, name=name, refresh=calendar.REFRESH)


def _entry(meeting: Meeting, reader_id: object) -> calendar.Entry:
    base = settings.CONFIG.base_url
    url = f"{base}{reverse('meeting_detail', args=[meeting.pk])}"
    return calendar.Entry(
        uid=f"{meeting.pk}@{urlsplit(base).hostname or 'serai'}",
        sequence=meeting.sequence,
        starts_at=meeting.slot.during.lower,
        ends_at=meeting.slot.during.upper,
        zone=str(zone_of(meeting.event.time_zone)),
        summary=_("Meeting: %(names)s") % {"names": with_whom(meeting, reader_id)},
        changed_at=meeting.updated_at,
        location=", ".join(filter(None, [table_name(meeting.table), meeting.event.venue])),
        description="\n".join(_lines(meeting)),
        url=url,
        language=get_language() or "en",
        is_cancelled=meeting.status == Meeting.Status.CANCELLED,
    )


def _lines(meeting: Meeting) -> Iterable[str]:
    yield event_name(meeting.event)
    at = {
        "time": clock_time(meeting.event, meeting.slot.during.lower),
        "zone": zone_name(meeting.event.time_zone),
    }
    yield _("At the event: %(time)s (%(zone)s)") % at
    if meeting.interpreter is not None:
        yield _("Interpreter: %(name)s") % {"name": meeting.interpreter.name}
    if meeting.table.link:
        yield meeting.table.link


def with_whom(meeting: Meeting, reader_id: object) -> str:
    """The other side, or both for somebody who is neither."""
    a, b = meeting.request.requester, meeting.request.invitee
    others = [side for side in (a, b) if side.user_id != reader_id]
    return " – ".join(participant_name(side) for side in others)
