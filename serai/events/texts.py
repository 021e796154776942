"""How events and meetings are named in a reader's language."""

from datetime import datetime

from babel.dates import format_skeleton
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from serai.core.text import best_text, listed
from serai.core.words import on_weekday, reader
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


def event_time(event: Event, at: datetime) -> str:
    """A moment as the clocks at the event show it, in the language of the page."""
    there = localtime(at, zone_of(event.time_zone))
    return f"{on_weekday(there.date())}, {date_format(there, CLOCK)}"
