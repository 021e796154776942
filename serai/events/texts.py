"""How events and meetings are named in a reader's language."""

from datetime import date, datetime

from babel.dates import format_skeleton
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, localtime
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from serai.core.text import best_text, listed
from serai.core.words import on_weekday, reader, zone_name
from serai.directory.places import place_name
from serai.events.models import Event, EventText, Participant, Table
from serai.events.zones import zone_of

CLOCK = "H:i"
"""Times as on a timetable, the same in every language."""


def event_text(event: Event) -> EventText | None:
    """The text to show first; reads `event.texts`, which lists prefetch."""
    return best_text(list(event.texts.all()))


def event_name(event: Event, language: str = "") -> str:
    """What an event is called wherever more than one can be meant, in the language of the page (or `language`).

    Editions of a series bear one title, so the name says which: "Water Days (edition 3, Dec 2026)", without a
    numbered edition where and when: "Forum of parks (China, May 2026)". Reads `event.texts` and `event.place`.
    """
    language = language or get_language() or "en"
    with override(language):
        text = best_text(list(event.texts.all()), [language])
        title = text.title if text else event.series
        return _("%(title)s (%(which)s)") % {"title": title, "which": _which(event)}


def _which(event: Event) -> str:
    """What tells an event from others of the same title: its edition, else its place, and its month."""
    month = localtime(event.starts_at, zone_of(event.time_zone)).date()
    if event.edition is not None:
        where = _("edition %(number)s") % {"number": event.edition}
    else:
        where = place_name(event.place) if event.place else ""
    return listed([where, format_skeleton("yMMM", month, locale=reader())])


def participant_name(participant: Participant) -> str:
    """A person with their organisation, in one line."""
    return f"{participant.user.name} ({participant.organisation.name})"


def table_name(table: Table) -> str:
    """ "Table 7", "Online room 2", or the name an organiser gave."""
    if table.is_online and table.name[:1] == "O" and table.name[1:].isdigit():
        return _("Online room %(number)s") % {"number": table.name[1:]}
    if table.name.isdigit():
        return _("Table %(number)s") % {"number": table.name}
    return table.name


def short_day(day: date) -> str:
    """A day for a tab, without its year: "Mon, 7 Dec"."""
    return str(format_skeleton("MMMEd", day, locale=reader()))


# Every time that people read names whose clock it is.
def clock_time(event: Event, at: datetime) -> str:
    """A moment as the clocks at the event show it: "Mon, 7 Dec 2026, 09:00". What stands around it names the zone."""
    there = localtime(at, zone_of(event.time_zone))
    return f"{on_weekday(there.date())}, {date_format(there, CLOCK)}"


def event_time(event: Event, at: datetime) -> str:
    """The same with the time zone, for notices, files and others' eyes: "Mon, 7 Dec 2026, 09:00 (Shanghai)"."""
    return _in_zone(clock_time(event, at), zone_name(event.time_zone))


def time_here(event: Event, at: datetime) -> str:
    """The same on a page: "Mon, 7 Dec 2026, 09:00 (Shanghai · 02:00 on your clock)", where that differs."""
    return _in_zone(clock_time(event, at), zone_line(event, at))


def _in_zone(time: str, zone: str) -> str:
    return _("%(time)s (%(zone)s)") % {"time": time, "zone": zone}


def zone_line(event: Event, at: datetime) -> str:
    """Whose clock the times are, and what it is on the reader's own if that is known and differs."""
    return _with_own_clock(zone_name(event.time_zone), event, at)


def slot_time(event: Event, at: datetime) -> str:
    """A time in a list whose heading names the event's zone, with the reader's own where that differs."""
    return _with_own_clock(clock_time(event, at), event, at)


def slot_hour(event: Event, at: datetime) -> str:
    """The same under the heading of its day."""
    return _with_own_clock(date_format(localtime(at, zone_of(event.time_zone)), CLOCK), event, at)


def event_day(event: Event, at: datetime) -> str:
    """The day a moment falls on at the event: "Mon, 7 Dec 2026"."""
    return on_weekday(localtime(at, zone_of(event.time_zone)).date())


def _with_own_clock(said: str, event: Event, at: datetime) -> str:
    here, zone = get_current_timezone(), zone_of(event.time_zone)
    own, there = at.astimezone(here), at.astimezone(zone)
    is_chosen = str(here) != "UTC"  # what an account has until somebody says where they are
    if not is_chosen or own.utcoffset() == there.utcoffset():
        return said
    time = date_format(own, CLOCK)
    if own.date() != there.date():
        time = f"{on_weekday(own.date())}, {time}"
    return _("%(zone)s · %(time)s on your clock") % {"zone": said, "time": time}
