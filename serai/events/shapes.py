"""Events, people, requests and meetings as the shapes the components print."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal, cast
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import lifecycle, ui
from serai.core.text import listed
from serai.core.viewer import Viewer
from serai.core.words import between, language_name, on_weekday, percent, zone_name
from serai.directory.places import place_name
from serai.events import languages, planning, policies, queries
from serai.events.models import Event, Meeting, MeetingRequest, Participant, ScheduleRun, Slot, Table
from serai.events.texts import CLOCK, event_name, event_text, table_name, time_here, zone_line
from serai.events.zones import zone_of
from serai.exchange.shapes import organisation_chip
from serai.exchange.vocabularies import sector_name

S = Event.Status


def tone(obj: object) -> ui.Tone:
    return cast(ui.Tone, lifecycle.tone_of(obj))  # type: ignore[arg-type]


def spoken(tags: Sequence[str]) -> str:
    """Languages by name, in one line."""
    return listed(language_name(tag) for tag in tags)


def pair(a: str, b: str) -> str:
    """Two names in one line, each kept apart from the other's direction (Unicode isolates)."""
    return f"\u2068{a}\u2069 – \u2068{b}\u2069"


def person_chip(participant: Participant, *, with_organisation: bool = True) -> ui.Chip:
    """A participant by name, with the organisation beside it."""
    return ui.Chip(
        participant.user.name,
        reverse("participant_detail", args=[participant.pk]),
        kind="person",
        place=participant.organisation.name if with_organisation else "",
    )


# --- events -----------------------------------------------------------------------------------------------
def event_place(event: Event) -> str:
    if event.mode == Event.Mode.ONLINE:
        return str(event.get_mode_display())
    return listed([event.venue, place_name(event.place) if event.place else ""])


def event_row(event: Event, registration: Participant | None = None) -> ui.Row:
    text = event_text(event)
    hosts = list(event.hosts.all())
    why = ""
    if registration is not None:
        why = _("You: %(status)s") % {"status": registration.get_status_display()}
    return ui.Row(
        title=event_name(event),
        url=reverse("event_detail", args=[event.pk]),
        lang=text.language if text else "",
        kind=event.get_kind_display(),
        icon="calendar-event",
        who=organisation_chip(hosts[0]) if hosts else None,
        place=event_place(event),
        snippet=" · ".join(filter(None, [event_dates(event), text.theme if text else ""])),
        why=why,
        status=event.get_status_display(),
        status_tone=tone(event),
    )


def event_dates(event: Event) -> str:
    """The days of an event by its own clocks: one date, or from and to."""
    zone = zone_of(event.time_zone)
    first, last = event.starts_at.astimezone(zone).date(), event.ends_at.astimezone(zone).date()
    return between(first, last)


def event_facts(event: Event) -> list[ui.Fact]:
    facts = [
        ui.Fact(_("When"), event_dates(event)),
        ui.Fact(_("Time zone"), zone_name(event.time_zone)),
        ui.Fact(_("Where"), event_place(event)),
        ui.Fact(_("Form"), event.get_mode_display()),
        ui.Fact(_("Languages"), spoken(event.languages)),
    ]
    if event.sectors:
        facts.append(ui.Fact(_("Sectors"), listed(sector_name(code) for code in event.sectors)))
    if event.series:
        edition = _("%(series)s, edition %(number)s") % {"series": event.series, "number": event.edition}
        facts.append(ui.Fact(_("Series"), edition if event.edition else event.series))
    if event.registration_until:
        facts.append(ui.Fact(_("Registration until"), time_here(event, event.registration_until)))
    if event.requests_until:
        facts.append(ui.Fact(_("Requests until"), time_here(event, event.requests_until)))
    return [fact for fact in facts if fact.value]


def event_tabs(event: Event, here: str, *, registered: bool, organises: bool) -> list[ui.Tab]:
    """The rooms of an event this viewer may enter."""
    rooms: list[tuple[str, str]] = [("event_detail", _("Event"))]
    if registered or organises:
        rooms.append(("participant_list", _("Participants")))
    if organises:
        rooms += [
            ("event_desk", _("Schedule desk")),
            ("event_registrations", _("Registrations")),
            ("event_check_in", _("Check-in")),
            ("event_outcomes", _("Outcomes")),
            ("event_setup", _("Set up")),
        ]
    if len(rooms) == 1:
        return []
    return [ui.Tab(label, reverse(name, args=[event.pk]), name == here) for name, label in rooms]


STEPS: Mapping[str, tuple[str, str]] = {
    S.PLANNED: ("announce", "megaphone"),
    S.ANNOUNCED: ("open_registration", "unlock"),
    S.REGISTRATION: ("close_registration", "lock"),
    S.CLOSED: ("start", "play-circle"),
    S.RUNNING: ("end", "check-lg"),
    S.ENDED: ("report", "clipboard-check"),
}
"""The next step of an event in each status, and its icon."""


def step_label(verb: str) -> str:
    return {
        "announce": _("Announce"),
        "open_registration": _("Open registration"),
        "close_registration": _("Close registration"),
        "start": _("Start"),
        "end": _("End"),
        "report": _("Mark as reported"),
        "cancel": _("Cancel the event"),
    }[verb]


def next_event_step(event: Event) -> ui.Action | None:
    """What the organiser does next: until the day before, that is the schedule and not the start."""
    if event.status not in STEPS:
        return None
    if _is_far(event):
        return ui.Action(_("Schedule desk"), reverse("event_desk", args=[event.pk]), "calendar-week")
    return _step(event)


def _is_far(event: Event) -> bool:
    return event.status == S.CLOSED and event.starts_at > timezone.now() + timedelta(days=1)


def _may_reopen(event: Event) -> bool:
    return event.registration_until is None or event.registration_until > timezone.now()


def _step(event: Event) -> ui.Action:
    verb, icon = STEPS[event.status]
    return ui.Action(step_label(verb), reverse("event_do", args=[event.pk, verb]), icon, "post")


def event_actions(event: Event) -> list[ui.Action]:
    actions = [
        ui.Action(_("Edit"), reverse("event_edit", args=[event.pk]), "pencil"),
        ui.Action(_("Text in another language"), reverse("event_text", args=[event.pk]), "translate"),
    ]
    if event.status == S.CLOSED and _may_reopen(event):
        again = reverse("event_do", args=[event.pk, "open_registration"])
        actions.append(ui.Action(step_label("open_registration"), again, "unlock", "post"))
    if _is_far(event):
        actions.append(_step(event))
    if event.status in {S.PLANNED, S.ANNOUNCED, S.REGISTRATION, S.CLOSED}:
        actions.append(
            ui.Action(
                step_label("cancel"),
                reverse("event_do", args=[event.pk, "cancel"]),
                "x-circle",
                "post",
                danger=True,
                confirm=_("Call the event off? All its meetings are cancelled and those concerned are told."),
            )
        )
    return actions


# --- people -----------------------------------------------------------------------------------------------
def participant_row(participant: Participant) -> ui.Row:
    country = participant.organisation.country
    listing = queries.subject(participant.listing)
    return ui.Row(
        title=participant.user.name,
        url=reverse("participant_detail", args=[participant.pk]),
        icon="person",
        who=organisation_chip(participant.organisation),
        place=place_name(country) if country else "",
        snippet=queries.listing_title(listing) if listing else "",
        tokens=[ui.Token(language_name(tag)) for tag in languages.primaries(participant.languages)],
    )


def suggestion_row(suggestion: queries.Suggestion) -> ui.Row:
    if suggestion.match is not None:
        why = _("Their listing fits yours: %(title)s") % {
            "title": queries.listing_title(suggestion.match.other)
        }
    elif suggestion.sectors:
        why = _("Works in your field: %(sectors)s") % {
            "sectors": listed(sector_name(code) for code in suggestion.sectors)
        }
    else:
        why = _("You both speak %(languages)s") % {"languages": spoken(suggestion.languages)}
    row = participant_row(suggestion.participant)
    if suggestion.match is not None:
        row = replace(row, url=f"{row.url}?about={suggestion.match.other_id}")
    is_said = suggestion.match is not None and suggestion.match.other_id == suggestion.participant.listing_id
    return replace(row, why=why, snippet="" if is_said else row.snippet)


# --- requests ---------------------------------------------------------------------------------------------
def request_note(request: MeetingRequest, has_time: bool | None = None) -> str:
    """What came of a request, in a sentence; nothing about the other side's day.

    Where the two may choose a time themselves, whether there is one (`has_time`) says more than the last schedule.
    """
    states = MeetingRequest.Status
    if request.status == states.DECLINED:
        return " ".join(filter(None, [str(request.get_decline_reason_display()), request.answer]))
    if has_time is not None:
        return (
            _("Both agreed. Choose a time, or wait for the schedule.")
            if has_time
            else _("Both agreed, but no time suits just now.")
        )
    if request.status == states.ACCEPTED and policies.is_over(request.event):
        return _("Both agreed, but the event ended before they met.")
    if request.status == states.ACCEPTED and request.unmet_reason:
        return _("No place in the schedule yet: %(reason)s") % {
            "reason": planning.reason_text(request.unmet_reason)
        }
    if request.status == states.ACCEPTED:
        return _("Both agreed. The time follows with the schedule.")
    return ""


def standing_meeting(request: MeetingRequest) -> Meeting | None:
    """The meeting placed for a request; reads the prefetched meetings."""
    return next((m for m in request.meetings.all() if m.status != Meeting.Status.CANCELLED), None)


# --- my day -----------------------------------------------------------------------------------------------
def day_meeting(meeting: Meeting, viewer: User) -> ui.Meeting:
    """A meeting of one's own day. Interpreters are shown both names and languages, and nothing of the matter."""
    a, b = meeting.request.requester, meeting.request.invitee
    is_party = viewer.pk in {a.user_id, b.user_id}
    others = [side for side in (a, b) if side.user_id != viewer.pk]
    zone = zone_of(meeting.event.time_zone)
    start, end = meeting.slot.during.lower.astimezone(zone), meeting.slot.during.upper.astimezone(zone)
    subject = queries.subject(meeting.request.listing)
    why = queries.listing_title(subject) if is_party and subject is not None else ""
    return ui.Meeting(
        start=start,
        end=end,
        who=[
            person_chip(p) if is_party else ui.Chip(p.user.name, kind="person", place=p.organisation.name)
            for p in others
        ],
        where=listed([table_name(meeting.table), meeting.event.venue]),
        where_url=meeting.table.link,
        languages=[meeting.language] if meeting.language else _both(a, b),
        interpreter=meeting.interpreter.name if meeting.interpreter and is_party else "",
        why=why,
        url=reverse("meeting_detail", args=[meeting.pk]) if is_party else "",
        calendar_url=reverse("meeting_calendar", args=[meeting.pk]),
        zone=zone_line(meeting.event, meeting.slot.during.lower),
        status="" if meeting.status == Meeting.Status.CONFIRMED else meeting.get_status_display(),
        status_tone=tone(meeting),
    )


def _both(a: Participant, b: Participant) -> list[str]:
    return languages.primaries([*a.languages[:1], *b.languages[:1]])


def meeting_facts(meeting: Meeting, viewer: Viewer) -> list[ui.Fact]:
    a, b = meeting.request.requester, meeting.request.invitee
    slot = meeting.slot.during
    facts = [
        ui.Fact(_("When"), time_here(meeting.event, slot.lower)),
        ui.Fact(_("Minutes"), int((slot.upper - slot.lower).total_seconds() // 60)),
        ui.Fact(_("Where"), listed([table_name(meeting.table), meeting.event.venue]), url=meeting.table.link),
        ui.Fact(_("Language"), spoken([meeting.language] if meeting.language else _both(a, b))),
    ]
    if meeting.interpreter is not None:
        facts.append(ui.Fact(_("Interpreter"), meeting.interpreter.name))
    title = event_name(meeting.event)
    facts.append(
        ui.Fact(
            _("Event"), chip=ui.Chip(title, reverse("event_detail", args=[meeting.event_id]), kind="event")
        )
    )
    return facts


# --- the schedule desk ------------------------------------------------------------------------------------
Placed = tuple[Table, Slot, MeetingRequest, Meeting | None]


def desk_days(
    event: Event,
    slots: Sequence[Slot],
    tables: Sequence[Table],
    placed: Iterable[Placed],
    kinds: Mapping[UUID, str],
) -> list[tuple[str, ui.Grid]]:
    """A grid a day by the event's clocks: time across, tables down, people as names.

    `kinds` marks what publishing would change, by request.
    """
    cells: dict[tuple[UUID, UUID], ui.Cell] = {}
    for table, slot, request, meeting in placed:
        cells[(table.pk, slot.pk)] = _cell(request, meeting, kinds.get(request.pk, ""))
    zone = zone_of(event.time_zone)
    days: dict[date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.during.lower.astimezone(zone).date(), []).append(slot)
    found = []
    for day, at in days.items():
        rows = [
            ui.GridRow(table_name(table), [cells.get((table.pk, s.pk)) for s in at], key=str(table.pk))
            for table in tables
        ]
        clocks = [date_format(s.during.lower.astimezone(zone), CLOCK) for s in at]
        caption = _("Meetings by table and time, %(day)s") % {"day": on_weekday(day)}
        grid = ui.Grid(caption, clocks, rows, corner=_("Table"), keys=[str(s.pk) for s in at])
        found.append((on_weekday(day), grid))
    return found


def _cell(request: MeetingRequest, meeting: Meeting | None, kind: str) -> ui.Cell:
    tones: Mapping[str, ui.Tone] = {"added": "active", "moved": "waiting", "seated": "waiting"}
    sides = (request.requester, request.invitee)
    names = pair(*(side.user.name for side in sides))
    detail = pair(*(side.organisation.name for side in sides))
    people = [(side.user.name, str(side.pk)) for side in sides]
    if meeting is None:
        return ui.Cell(names, detail, tone=tones.get(kind, "quiet"), people=people)
    return ui.Cell(
        names,
        detail,
        reverse("desk_meeting", args=[meeting.pk]),
        tone=tones.get(kind) or tone(meeting),
        icon="translate" if meeting.interpreter_id else "",
        people=people,
        is_movable=meeting.status == Meeting.Status.CONFIRMED,
    )


def run_figures(run: ScheduleRun) -> list[ui.Figure]:
    """The three numbers on top of the desk."""
    weight, bound = run.weight or 0.0, run.weight_bound or 0.0
    share = percent(weight / bound) if bound else "–"
    return [
        ui.Figure(
            _("Granted"),
            run.granted or 0,
            unit=_("of %(asked)s agreed requests") % {"asked": run.asked},
            definition=_("Requests that both sides agreed to and that have a place in this schedule."),
        ),
        ui.Figure(
            _("Weight"),
            round(weight),
            unit=_("of at most %(bound)s (%(share)s)") % {"bound": round(bound), "share": share},
            definition=_(
                "Each meeting weighs what both sides want it: 5 must, 3 want, 1 if there is time, added. "
                "No schedule whatever can weigh more than the bound: that is proved."
            ),
        ),
        ui.Figure(
            _("Breaks"),
            run.breaks or 0,
            unit=_("at least %(bound)s") % {"bound": run.breaks_bound},
            definition=_(
                "Times somebody waits between two meetings of a day, over everybody. "
                "With these meetings no schedule has fewer than the bound: that is proved."
            ),
        ),
    ]


def run_progress(run: ScheduleRun) -> ui.Progress:
    """The job as the progress component shows it, while it runs and when it has ended."""
    limit = float(run.options.get("time_limit_s", 10))
    last = run.progress[-1] if run.progress else None
    states: Mapping[str, Literal["waiting", "running", "failed"]] = {
        ScheduleRun.Status.QUEUED: "waiting",
        ScheduleRun.Status.RUNNING: "running",
        ScheduleRun.Status.FAILED: "failed",
    }
    message = run.message
    if last is not None and run.status == ScheduleRun.Status.RUNNING:
        message = _("%(weight)s of at most %(bound)s, %(breaks)s breaks") % {
            "weight": last["weight"],
            "bound": last["weight_bound"],
            "breaks": last["breaks"],
        }
    is_over = run.status in {ScheduleRun.Status.PROPOSED, ScheduleRun.Status.PUBLISHED}
    return ui.Progress(
        _("Computing the schedule"),
        done=min(round(last["seconds"]) if last else 0, round(limit)),
        total=round(limit),
        state=states.get(ScheduleRun.Status(run.status), "done"),
        message=message,
        poll_url="" if is_over else reverse("schedule_progress", args=[run.pk]),
        result_url=reverse("event_desk", args=[run.event_id]) if is_over else "",
        result_label=_("Look at the result"),
        key=f"run-{run.pk}",
    )
