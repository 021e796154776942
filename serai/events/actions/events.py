"""Creating an event and preparing it: texts, slots, tables, interpreters, and the steps of its life."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.text import Origin
from serai.directory.models import Organisation, Place
from serai.events import policies, zones
from serai.events.lifecycle import EVENT
from serai.events.models import Event, EventText, Interpreter, Meeting, Slot, Table

S = Event.Status
MAX_SLOTS = 400
MAX_TABLES = 1000
EDITABLE = frozenset(
    {
        "kind",
        "series",
        "edition",
        "place",
        "venue",
        "mode",
        "time_zone",
        "starts_at",
        "ends_at",
        "languages",
        "sectors",
        "registration_until",
        "requests_until",
        "answer_days",
        "self_booking",
        "is_public",
        "due_on",
    }
)


def locked(event: Event, by: User) -> Event:
    """The event, locked; raises NotAllowed unless `by` organises it."""
    event = Event.objects.select_for_update().get(pk=event.pk)
    if not policies.may_organise(by, event):
        raise NotAllowed(_("Only the organisers of the event can do this."))
    return event


@transaction.atomic
def create_event(
    *,
    kind: str,
    title: str,
    language: str,
    hosts: Sequence[Organisation],
    time_zone: str,
    starts_at: datetime,
    ends_at: datetime,
    by: User,
    theme: str = "",
    description: str = "",
    series: str = "",
    edition: int | None = None,
    parent: Event | None = None,
    place: Place | None = None,
    venue: str = "",
    mode: str = Event.Mode.ON_SITE,
    languages: Sequence[str] = (),
    sectors: Sequence[str] = (),
    registration_until: datetime | None = None,
    requests_until: datetime | None = None,
    answer_days: int = 5,
    self_booking: bool = True,
    is_public: bool = True,
    is_invented: bool = False,
) -> Event:
    """Plan an event with its first text; `by` becomes its owner.

    Raises NotAllowed unless `by` may host in the name of all `hosts` (nobody hosts unasked) and organises
    `parent`, if given; Invalid for a wrong time zone, times out of order or an edition that exists.
    """
    allowed = set(policies.hosting_organisation_ids(by))
    if not hosts or not all(host.pk in allowed for host in hosts):
        raise NotAllowed(_("You can only plan events of an organisation you organise events for."))
    if parent is not None and not policies.may_organise(by, parent):
        raise NotAllowed(_("You do not organise the event this one should be part of."))
    event = Event(
        kind=kind,
        series=series,
        edition=edition,
        parent=parent,
        place=place,
        venue=venue,
        mode=mode,
        time_zone=time_zone,
        starts_at=starts_at,
        ends_at=ends_at,
        languages=list(languages),
        sectors=list(sectors),
        registration_until=registration_until,
        requests_until=requests_until,
        answer_days=answer_days,
        self_booking=self_booking,
        is_public=is_public,
        is_invented=is_invented,
        owner=by,
    )
    _check_event(event)
    event.save()
    event.hosts.set(hosts)
    EventText.objects.create(
        event=event, language=language, title=title, theme=theme, description=description
    )
    data = {"kind": kind, "hosts": [str(host.pk) for host in hosts], "series": series, "edition": edition}
    audit.record(actor=by, action="events.event_created", obj=event, data=data)
    return event


@transaction.atomic
def update_event(*, event: Event, changes: dict[str, Any], by: User) -> Event:
    """Change the facts of an event. Raises NotAllowed for strangers, Invalid for what cannot be."""
    event = locked(event, by)
    unknown = set(changes) - EDITABLE
    if unknown:
        raise Invalid(_("These cannot be changed."), fields=dict.fromkeys(sorted(unknown), _("Fixed.")))
    for name, value in changes.items():
        setattr(event, name, value)
    _check_event(event)
    event.save()
    audit.record(actor=by, action="events.event_updated", obj=event, data={"fields": sorted(changes)})
    return event


def _check_event(event: Event) -> None:
    moments = {n: getattr(event, n) for n in ("starts_at", "ends_at", "registration_until", "requests_until")}
    strange = [n for n, at in moments.items() if at is not None and not 1990 <= at.year <= 2200]
    wrong: dict[str, str] = dict.fromkeys(strange, _("Choose a year from 1990 to 2200."))
    if not zones.is_zone(event.time_zone):
        wrong["time_zone"] = _("This is not a time zone, such as Europe/Warsaw.")
    if event.ends_at <= event.starts_at:
        wrong["ends_at"] = _("The end must be after the start.")
    if event.registration_until and event.registration_until > event.ends_at:
        wrong["registration_until"] = _("Registration cannot end after the event.")
    if event.requests_until and event.requests_until > event.ends_at:
        wrong["requests_until"] = _("Requests cannot end after the event.")
    if event.edition is not None and not event.series:
        wrong["series"] = _("A numbered edition needs the name of its series.")
    if event.parent_id is not None and event.parent_id == event.pk:
        wrong["parent"] = _("An event cannot be part of itself.")
    twin = Event.objects.filter(series=event.series, edition=event.edition).exclude(pk=event.pk)
    if event.edition is not None and twin.exists():
        wrong["edition"] = _("This edition of the series exists already.")
    if wrong:
        raise Invalid(_("The event cannot be saved like this."), fields=wrong)


@transaction.atomic
def set_event_text(
    *,
    event: Event,
    language: str,
    title: str,
    by: User,
    theme: str = "",
    description: str = "",
    origin: str = Origin.WRITTEN,
) -> EventText:
    """Write or replace the text of an event in one language."""
    event = locked(event, by)
    text, _new = EventText.objects.update_or_create(
        event=event,
        language=language,
        defaults={"title": title, "theme": theme, "description": description, "origin": origin},
    )
    audit.record(actor=by, action="events.text_set", obj=event, data={"language": language})
    return text


# --- slots, tables, interpreters --------------------------------------------------------------------------
@transaction.atomic
def make_slots(
    *,
    event: Event,
    days: Sequence[date],
    begin: time,
    end: time,
    minutes: int,
    by: User,
    gap_min: int = 0,
    pauses: Sequence[tuple[time, time]] = (),
) -> list[Slot]:
    """Cut the hours of each day into slots: wall-clock times of the event's zone, right over clock changes.

    Raises Invalid for hours outside the event or a length that does not fit, Conflict if a slot would overlap
    with one that is there.
    """
    event = locked(event, by)
    if not 5 <= minutes <= 240 or not 0 <= gap_min <= 120:
        raise Invalid(
            _("A slot takes 5 to 240 minutes, the time between two at most 120."),
            fields={"minutes": _("5 to 240 minutes.")},
        )
    zone = zones.zone_of(event.time_zone)
    first, last = event.starts_at.astimezone(zone).date(), event.ends_at.astimezone(zone).date()
    if any(not first <= day <= last for day in days):
        raise Invalid(
            _("These slots lie outside the time of the event."),
            fields={"days": _("Choose days and hours within the event.")},
        )
    found = zones.periods(
        list(days), begin=begin, end=end, minutes=minutes, gap_min=gap_min, pauses=list(pauses), zone=zone
    )
    _check_periods(event, found)
    slots = Slot.objects.bulk_create(Slot(event=event, during=period) for period in found)
    audit.record(actor=by, action="events.slots_made", obj=event, data={"slots": len(slots)})
    return slots


def _check_periods(event: Event, found: list[tuple[datetime, datetime]]) -> None:
    if not found:
        raise Invalid(_("No slot fits into these hours."), fields={"end": _("Choose longer hours.")})
    if found[0][0] < event.starts_at or found[-1][1] > event.ends_at:
        raise Invalid(
            _("These slots lie outside the time of the event."),
            fields={"days": _("Choose days and hours within the event.")},
        )
    if event.slots.count() + len(found) > MAX_SLOTS:
        raise Invalid(_("An event has at most %(number)s slots.") % {"number": MAX_SLOTS})
    there = [(slot.during.lower, slot.during.upper) for slot in event.slots.all()]
    if any(a < end and b > start for a, b in there for start, end in found):
        raise Conflict(_("Some of these slots overlap with slots that are there. Remove those first."))


@transaction.atomic
def clear_slots(*, event: Event, by: User) -> int:
    """Remove all slots in which no meeting was ever placed. Returns how many."""
    event = locked(event, by)
    unused = Slot.objects.filter(event=event, meetings__isnull=True)
    count, _by_model = Slot.objects.filter(pk__in=list(unused.values_list("pk", flat=True))).delete()
    audit.record(actor=by, action="events.slots_cleared", obj=event, data={"slots": count})
    return count


@transaction.atomic
def make_tables(
    *,
    event: Event,
    count: int,
    by: User,
    is_online: bool = False,
    names: Sequence[str] = (),
    links: Sequence[str] = (),
) -> list[Table]:
    """Add tables, or online rooms, numbered on from those there are; `names` and `links` go in order."""
    event = locked(event, by)
    there = list(event.tables.all())
    if count < 1 or len(there) + count > MAX_TABLES:
        raise Invalid(
            _("An event has at most %(number)s tables.") % {"number": MAX_TABLES},
            fields={"count": _("Choose a smaller number.")},
        )
    taken = {table.name for table in there}
    fresh = _fresh_names(taken, count, prefix="O" if is_online else "")
    tables = [
        Table(
            event=event,
            name=names[i] if i < len(names) and names[i] not in taken else fresh[i],
            is_online=is_online,
            link=links[i] if i < len(links) else "",
            position=len(there) + i + 1,
        )
        for i in range(count)
    ]
    Table.objects.bulk_create(tables)
    audit.record(
        actor=by, action="events.tables_made", obj=event, data={"tables": count, "online": is_online}
    )
    return tables


def _fresh_names(taken: set[str], count: int, prefix: str) -> list[str]:
    numbers = (f"{prefix}{n}" for n in range(1, MAX_TABLES * 2))
    return [name for name in numbers if name not in taken][:count]


@transaction.atomic
def add_interpreter(
    *, event: Event, name: str, languages: Sequence[str], by: User, user: User | None = None
) -> Interpreter:
    """Add an interpreter who works between any two of `languages`. Raises Invalid for fewer than two."""
    event = locked(event, by)
    if len({language.split("-")[0].lower() for language in languages}) < 2:
        raise Invalid(
            _("An interpreter works between at least two languages."),
            fields={"languages": _("Choose at least two languages.")},
        )
    interpreter = Interpreter.objects.create(event=event, name=name, languages=list(languages), user=user)
    audit.record(
        actor=by,
        action="events.interpreter_added",
        obj=event,
        data={"interpreter": str(interpreter.pk), "languages": list(languages)},
    )
    return interpreter


@transaction.atomic
def remove_interpreter(*, interpreter: Interpreter, by: User) -> None:
    """Take an interpreter off the event. Raises Conflict while meetings name them."""
    event = locked(interpreter.event, by)
    if Meeting.objects.filter(interpreter=interpreter).exists():
        raise Conflict(_("This interpreter is booked for meetings."))
    data = {"interpreter": str(interpreter.pk)}
    interpreter.delete()
    audit.record(actor=by, action="events.interpreter_removed", obj=event, data=data)


# --- the steps of an event's life -------------------------------------------------------------------------
def announce_event(*, event: Event, by: User) -> Event:
    """Show a planned event. Raises Conflict if it is not planned."""
    return _step(event, S.ANNOUNCED, by)


def open_registration(*, event: Event, by: User) -> Event:
    """Take registrations. Raises Conflict if the day until which they were taken is past."""
    if event.registration_until is not None and event.registration_until < timezone.now():
        raise Conflict(_("The day until which people could register is past. Change it first."))
    return _step(event, S.REGISTRATION, by)


def close_registration(*, event: Event, by: User) -> Event:
    return _step(event, S.CLOSED, by)


def start_event(*, event: Event, by: User) -> Event:
    return _step(event, S.RUNNING, by)


def end_event(*, event: Event, by: User) -> Event:
    return _step(event, S.ENDED, by)


def report_event(*, event: Event, by: User) -> Event:
    return _step(event, S.REPORTED, by)


@transaction.atomic
def _step(event: Event, to: str, by: User) -> Event:
    event = locked(event, by)
    return advance(event, to, by)


def advance(event: Event, to: str, by: User | None) -> Event:
    """Take the next step of a locked event, with its audit entry."""
    lifecycle.advance(EVENT, event, to)
    event.save(update_fields=["status", "is_public", "updated_at"])
    audit.record(actor=by, action=f"events.event_{to}", obj=event)
    return event


@transaction.atomic
def advance_due_events(*, now: datetime | None = None) -> int:
    """What time brings about: events start and end by the clock. Returns how many changed."""
    now = now or timezone.now()
    due: Iterable[tuple[str, str, dict[str, Any]]] = (
        (S.CLOSED, S.RUNNING, {"starts_at__lte": now}),
        (S.RUNNING, S.ENDED, {"ends_at__lte": now}),
    )
    changed = 0
    for status, to, when in due:
        for event in Event.objects.select_for_update().filter(status=status, **when).order_by("pk"):
            advance(event, to, None)
            changed += 1
    return changed
