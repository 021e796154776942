"""My day: the next meeting fills the screen. Meetings, their calendar files, what came of them."""

from datetime import date, datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_POST

from serai.accounts.models import User
from serai.core import chain, policy, ui
from serai.core.calendar import CONTENT_TYPE
from serai.core.forms import with_errors
from serai.core.text import listed
from serai.events import actions, calendars, forms, policies, queries, shapes
from serai.events.actions.participants import hash_of
from serai.events.models import Meeting, Outcome, Participant
from serai.events.texts import event_name, event_time, short_day, time_here
from serai.events.views.common import form_page, page, user_of
from serai.events.views.events import meet_tabs
from serai.events.zones import zone_of

PAGE = 30


@policy.route("events.meeting.attend")
def my_day(request: HttpRequest) -> HttpResponse:
    """The meetings of one day (`?day=`), else of today or the next day with meetings (at one `?event=`)."""
    user = user_of(request)
    mine = policies.attended_meetings(user).exclude(status=Meeting.Status.CANCELLED)
    meetings = list(queries.with_meeting_parts(mine).order_by("slot__during", "pk")[:500])
    days = sorted({_day(m) for m in meetings})
    now = timezone.now()
    day = _asked_day(request) or _day_to_open(meetings, request.GET.get("event", ""), now)
    shown = [m for m in meetings if _day(m) == day]
    return page(
        request,
        "events/my_day.html",
        {
            "day": day,
            "meetings": [shapes.day_meeting(m, user) for m in shown],
            "now": now,
            "days": [
                ui.Tab(short_day(d), f"{reverse('my_day')}?day={d.isoformat()}", d == day) for d in days
            ],
            "tabs": meet_tabs(user, "my_day"),
            "events": _subscriptions(user, shown),
            "to_events": ui.Action(_("Look at the events"), reverse("event_list"), "calendar-event"),
        },
    )


def my_day_url(meeting: Meeting) -> str:
    return f"{reverse('my_day')}?day={_day(meeting).isoformat()}"


def _asked_day(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _day_to_open(meetings: list[Meeting], event: str, now: datetime) -> date:
    """The day, by its event's clocks, of the meeting that is on or comes next (at `event`); else of the last one."""
    found = [m for m in meetings if str(m.event_id) == event] or meetings
    ahead = next((m for m in found if m.slot.during.upper > now), None)
    chosen = ahead or (found[-1] if found else None)
    return _day(chosen) if chosen else timezone.localdate()


def _subscriptions(user: User, meetings: list[Meeting]) -> list[ui.Action]:
    """Where each event of the day puts all one's meetings into a calendar program. Interpreters have no such place."""
    events = {m.event_id: m.event for m in meetings if policies.is_party(user, m)}
    return [
        ui.Action(
            " · ".join([_("Your calendar"), event_name(event)]),
            f"{reverse('registration', args=[pk])}#calendar",
            "calendar-week",
        )
        for pk, event in events.items()
    ]


def _day(meeting: Meeting) -> date:
    """The day of a meeting by the clocks of its event."""
    day: date = meeting.slot.during.lower.astimezone(zone_of(meeting.event.time_zone)).date()
    return day


@policy.route("events.meeting.see")
def meeting_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = user_of(request)
    meeting = get_object_or_404(queries.with_meeting_parts(policies.visible_meetings(user)), pk=pk)
    is_party = policies.is_party(user, meeting)
    a, b = meeting.request.requester, meeting.request.invitee
    others = [side for side in (a, b) if side.user_id != user.pk]
    organises = policies.may_organise(user, meeting.event)
    subject = queries.subject(meeting.request.listing)
    outcomes = list(policies.own_outcomes(user).filter(meeting=meeting).order_by("asked_after_months"))
    return page(
        request,
        "events/meeting_detail.html",
        {
            "meeting": meeting,
            "title": _("Meeting with %(names)s") % {"names": listed(side.user.name for side in others)}
            if is_party
            else shapes.pair(a.user.name, b.user.name),
            "people": [shapes.person_chip(a), shapes.person_chip(b)],
            "facts": shapes.meeting_facts(meeting, user),
            "subject": subject,
            "subject_title": queries.listing_title(subject) if subject else "",
            "next_step": _meeting_step(user, meeting, outcomes) if is_party else None,
            "day_url": my_day_url(meeting) if is_party else "",
            "actions": _meeting_actions(meeting, organises),
            "outcomes": outcomes,
            "chain": chain.walk(user, meeting),
        },
    )


def _meeting_step(user: User, meeting: Meeting, outcomes: list[Outcome]) -> ui.Action | None:
    """Before it: into the calendar; after it: say what came of it, then what shall come of it."""
    asked = next((o for o in outcomes if o.answered_at is None), None)
    if asked is not None:
        return ui.Action(
            _("Say what came of it"), reverse("outcome_answer", args=[asked.pk]), "clipboard-check"
        )
    if meeting.status == Meeting.Status.CONFIRMED and meeting.slot.during.upper > timezone.now():
        return ui.Action(
            _("Add to calendar"), reverse("meeting_calendar", args=[meeting.pk]), "calendar-plus"
        )
    return _case_step(user, meeting, outcomes)


def _case_step(user: User, meeting: Meeting, outcomes: list[Outcome]) -> ui.Action | None:
    """Where the two wanted to go on: the case there is, or the way to open one."""
    case = queries.case_opened_from(user, meeting)
    if case is not None:
        return ui.Action(_("Look at the case"), case.url, "briefcase")
    wanted = any(o.kind in Outcome.GOES_ON for o in outcomes)
    if not wanted or not policies.may_open_case(user, meeting):
        return None
    return ui.Action(_("Open a case"), reverse("case_from_meeting", args=[meeting.pk]), "briefcase")


def _meeting_actions(meeting: Meeting, organises: bool) -> list[ui.Action]:
    """What can be done with it now, as the actions would let it be done."""
    if meeting.status != Meeting.Status.CONFIRMED:
        return []
    found = []
    if organises and meeting.event.status in policies.SETS_MEETINGS:
        found.append(ui.Action(_("Move"), reverse("desk_meeting", args=[meeting.pk]), "arrows-move"))
    if policies.has_begun(meeting):
        held, missed = (reverse("meeting_do", args=[meeting.pk, verb]) for verb in ("held", "no_show"))
        found.append(ui.Action(_("It took place"), held, "check-lg", "post"))
        found.append(ui.Action(_("Somebody did not come"), missed, "x-lg", "post"))
    if policies.is_cancellable(meeting):
        cancel = reverse("meeting_do", args=[meeting.pk, "cancel"])
        question = _("Cancel this meeting? The other side is told.")
        found.append(
            ui.Action(_("Cancel the meeting"), cancel, "calendar-x", "post", danger=True, confirm=question)
        )
    return found


MEETING_VERBS = {
    "cancel": actions.cancel_meeting,
    "held": actions.mark_held,
    "no_show": actions.mark_no_show,
}


@policy.route("events.meeting.see")
@require_POST
def meeting_do(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    if verb not in MEETING_VERBS:
        raise Http404
    meeting = get_object_or_404(policies.visible_meetings(request.user), pk=pk)
    meeting = MEETING_VERBS[verb](meeting=meeting, by=user_of(request))
    messages.success(request, meeting.get_status_display())
    return redirect("meeting_detail", pk=meeting.pk)


# --- calendars --------------------------------------------------------------------------------------------
@policy.route("events.meeting.attend")
def meeting_calendar(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One meeting as an iCalendar file, in the language of the page."""
    user = user_of(request)
    meeting = get_object_or_404(queries.with_meeting_parts(policies.attended_meetings(user)), pk=pk)
    return _file(calendars.meeting_calendar(meeting, reader_id=user.pk), "meeting.ics")


@policy.route("events.feed")
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The personal feed behind a secret address; an ended address answers like one that never was."""
    found = Participant.objects.filter(feed_hash=hash_of(token), user__is_active=True)
    live = found.exclude(status__in=[Participant.Status.WITHDRAWN, Participant.Status.REFUSED])
    participant = get_object_or_404(
        live.select_related("user", "event__place").prefetch_related("event__texts")
    )
    rows = Meeting.objects.filter(policies.sides(participant, "request__")).order_by("slot__during", "pk")
    with override(participant.user.language):
        data = calendars.personal_calendar(queries.with_meeting_parts(rows), participant)
    return _file(data, "meetings.ics")


def _file(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# --- outcomes ---------------------------------------------------------------------------------------------
@policy.route("events.outcome.own")
def outcome_list(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    rows = queries.with_outcome_parts(policies.own_outcomes(user))
    rows = rows.order_by(F("answered_at").asc(nulls_first=True), "due_on", "pk")
    paged = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return page(
        request,
        "events/outcome_list.html",
        {
            "rows": [_outcome_row(o) for o in paged.object_list],
            "page": paged,
            "tabs": meet_tabs(user, "outcome_list"),
            "to_events": ui.Action(_("Look at the events"), reverse("event_list"), "calendar-event"),
        },
    )


def _outcome_row(outcome: Outcome) -> ui.Row:
    other = queries.other_side(outcome)
    waiting = outcome.answered_at is None
    meeting = outcome.meeting
    return ui.Row(
        title=other.user.name,
        url=reverse("outcome_answer", args=[outcome.pk]),
        icon="chat-left-text",
        who=ui.Chip(other.organisation.name),
        kind=outcome_when(outcome.asked_after_months),
        snippet=f"{event_name(meeting.event)} · {event_time(meeting.event, meeting.slot.during.lower)}",
        status=_("Waiting for you") if waiting else outcome.get_kind_display(),
        status_tone="waiting" if waiting else "done",
        due=outcome.due_on if waiting else None,
        due_label=_("Answer by"),
    )


def outcome_when(months: int) -> str:
    if months == 0:
        return _("Right after the meeting")
    return ngettext("After %(months)s month", "After %(months)s months", months) % {"months": months}


@policy.route("events.outcome.own")
def outcome_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = user_of(request)
    outcome = get_object_or_404(queries.with_outcome_parts(policies.own_outcomes(user)), pk=pk)
    initial = {"kind": outcome.kind, "rating": outcome.rating or "", "note": outcome.note}
    form = forms.OutcomeForm(request.POST or None, initial=initial)
    back = reverse("outcome_list")
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if with_errors(form, lambda: actions.record_outcome(outcome=outcome, by=user, **values)):
            messages.success(request, _("Thank you. This is what shows whether events are worth it."))
            goes_on = values["kind"] in Outcome.GOES_ON
            return redirect("meeting_detail", outcome.meeting_id) if goes_on else redirect(back)
    name = {"name": queries.other_side(outcome).user.name}
    meeting = queries.with_meeting_parts(Meeting.objects.filter(pk=outcome.meeting_id)).get()
    said = [outcome] if outcome.answered_at is not None else []
    return form_page(
        request,
        form,
        {
            "title": _("Your meeting with %(name)s") % name,
            "kind": outcome_when(outcome.asked_after_months),
            "lead": _("%(event)s, %(time)s")
            % {
                "event": event_name(outcome.meeting.event),
                "time": time_here(outcome.meeting.event, outcome.meeting.slot.during.lower),
            },
            "cancel_url": back,
            "case_step": _case_step(user, meeting, said),
        },
        template="events/outcome_answer.html",
    )
