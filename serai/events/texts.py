"""How events and meetings are named in a reader's language."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from serai.core.text import best_text
from serai.core.words import on_weekday
from serai.events.models import Event, EventText, Participant, Table
from serai.events.zones import zone_of

CLOCK = "H:i"
"""Times as on a timetable, the same in every language."""


def event_text(event: Event) -> EventText | None:
    """The text to show first; reads `event.texts`, which lists prefetch."""
    return best_text(list(event.texts.all()))


def event_title(event: Event, language: str = "") -> str:
    """The title in the language of the page (or `language`), the series if there is no text yet."""
    text = best_text(list(event.texts.all()), [language or get_language() or "en"])
    return text.title if text else event.series


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


def event_time(event: Event, at: datetime) -> str:
    """A moment as the clocks at the event show it, in the language of the page."""
    there = localtime(at, zone_of(event.time_zone))
    return f"{on_weekday(there.date())}, {date_format(there, CLOCK)}"
