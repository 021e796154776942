"""The schedule desk: run, judge, publish, move and cancel by hand, always with the reason why not."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from serai.core import policy, ui
from serai.core.text import listed
from serai.events import actions, forms, planning, policies, queries, shapes
from serai.events.models import Event, Meeting, MeetingRequest, Outcome, ScheduleRun, Slot, Table
from serai.events.planning import Change
from serai.events.texts import clock_time, event_time, slot_time, table_name
from serai.events.views.common import chosen_id, event_context, organised_event, page, user_of

R = ScheduleRun.Status
MOST_UNMET = 200
KINDS = ("added", "moved", "seated", "cancelled")


@policy.route("events.event.organise")
def event_desk(request: HttpRequest, pk: UUID) -> HttpResponse:
    event = organised_event(request, pk)
    run = ScheduleRun.objects.filter(event=event).exclude(status=R.SUPERSEDED).order_by("-created_at").first()
    if run is not None:
        run.event = event
    proposed = run if run is not None and run.status == R.PROPOSED else None
    changes = planning.changes_of(proposed) if proposed else []
    slots, tables = list(event.slots.order_by("during")), list(event.tables.all())
    standing = queries.on_desk(event)
    placed = _planned(changes) if proposed else _placed(standing)
    kinds = {c.request.pk: c.kind for c in changes}
    unmet = _unmet(event, run)
    context = {
        **event_context(request, event, "event_desk"),
        "run": run,
        "proposed": proposed,
        "may_compute": event.status in policies.SETS_MEETINGS,
        "is_under_way": run is not None and run.status in {R.QUEUED, R.RUNNING},
        "job": shapes.run_progress(run) if run is not None else None,
        "figures": [*shapes.run_figures(run), _left_out(placed, unmet)]
        if run is not None and run.granted is not None
        else [],
        "run_form": forms.RunForm(initial={"seed": run.seed if run else 0}),
        "days": shapes.desk_days(event, slots, tables, placed, kinds) if slots and tables else [],
        "counts": _counts(changes),
        "changes": [_change_line(c) for c in changes if c.kind != "kept"],
        "unmet": _by_reason(unmet),
        "meetings": len(standing),
        "setup": ui.Action(_("Set up slots and tables"), reverse("event_setup", args=[event.pk]), "table"),
    }
    return page(request, "events/desk.html", context)


def _placed(meetings: list[Meeting]) -> list[shapes.Placed]:
    return [(m.table, m.slot, m.request, m) for m in meetings]


def _planned(changes: list[Change]) -> list[shapes.Placed]:
    return [
        (c.table, c.slot, c.request, c.meeting) for c in changes if c.table is not None and c.slot is not None
    ]


def _counts(changes: list[Change]) -> list[tuple[str, int]]:
    labels = {
        "added": _("new"),
        "moved": _("at another time"),
        "seated": _("at another table or with another interpreter"),
        "cancelled": _("cancelled"),
        "kept": _("unchanged"),
    }
    count = Counter(c.kind for c in changes)
    return [(label, count[kind]) for kind, label in labels.items() if count[kind]]


@dataclass(frozen=True)
class ChangeLine:
    what: str
    tone: str
    who: str
    before: str
    after: str


def _change_line(change: Change) -> ChangeLine:
    labels = {
        "added": (_("New"), "active"),
        "moved": (_("Moved"), "waiting"),
        "seated": (_("Other table"), "waiting"),
        "cancelled": (_("Cancelled"), "stopped"),
    }
    what, tone = labels[change.kind]
    a, b = change.request.requester.user.name, change.request.invitee.user.name
    before = after = ""
    event = change.request.event
    if change.meeting is not None and change.kind != "added":
        before = _at(event, change.meeting.slot, change.meeting.table)
    if change.slot is not None and change.table is not None:
        after = _at(event, change.slot, change.table)
    return ChangeLine(what, tone, shapes.pair(a, b), before, after)


def _at(event: Event, slot: Slot, table: Table) -> str:
    return listed([clock_time(event, slot.during.lower), table_name(table)])


def _unmet(event: Event, run: ScheduleRun | None) -> list[tuple[MeetingRequest, str]]:
    """Agreed requests without a place, the weightiest first, with the reason the last run gave."""
    rows = event.requests.filter(status=MeetingRequest.Status.ACCEPTED)
    granted = (
        {m["request"] for m in run.plan.get("meetings", [])} if run and run.status == R.PROPOSED else set()
    )
    reasons = planning.unmet(run) if run is not None else {}
    found = [
        r for r in rows.prefetch_related(*queries.both_sides())[: MOST_UNMET * 5] if str(r.pk) not in granted
    ]
    found.sort(key=lambda r: (-planning.weight_of(r), str(r.pk)))
    return [(r, _reason(r, reasons)) for r in found[:MOST_UNMET]]


def _by_reason(unmet: list[tuple[MeetingRequest, str]]) -> list[tuple[str, list[MeetingRequest]]]:
    """The same under one heading a reason, the most frequent reason first."""
    found: dict[str, list[MeetingRequest]] = {}
    for request, reason in unmet:
        found.setdefault(reason, []).append(request)
    return sorted(found.items(), key=lambda one: -len(one[1]))


def _left_out(placed: list[shapes.Placed], unmet: list[tuple[MeetingRequest, str]]) -> ui.Figure:
    """Fairness in one number: who agreed to a meeting and has none at all."""
    with_one = {p for _t, _s, r, _m in placed for p in (r.requester_id, r.invitee_id)}
    without = {p for r, _reason in unmet for p in (r.requester_id, r.invitee_id)} - with_one
    return ui.Figure(
        _("People without any meeting"),
        len(without),
        unit=_("of %(all)s") % {"all": len(with_one | without)},
        definition=_("People with at least one request that both sides agreed to, and no place for any."),
    )


def _reason(request: MeetingRequest, reasons: dict[str, str]) -> str:
    kind = reasons.get(str(request.pk)) or request.unmet_reason
    return planning.reason_text(kind) if kind else _("Not looked at by a schedule yet.")


# --- running ----------------------------------------------------------------------------------------------
@policy.route("events.event.organise")
@require_POST
def schedule_start(request: HttpRequest, pk: UUID) -> HttpResponse:
    event = organised_event(request, pk)
    form = forms.RunForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The seed is a whole number."))
        return redirect("event_desk", pk=event.pk)
    values = form.cleaned_data
    actions.start_schedule(event=event, by=user_of(request), seed=values["seed"], keep=values["keep"])
    return redirect("event_desk", pk=event.pk)


@policy.route("events.schedule.see")
def schedule_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress of a run, asked for every two seconds; when it has ended the desk is loaded anew."""
    run = get_object_or_404(policies.visible_runs(request.user), pk=pk)
    response = render(request, "events/_progress.html", {"job": shapes.run_progress(run)})
    if run.status not in {R.QUEUED, R.RUNNING}:
        response["HX-Refresh"] = "true"
    return response


@policy.route("events.schedule.see")
@require_POST
def schedule_publish(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = get_object_or_404(policies.visible_runs(request.user).select_related("event"), pk=pk)
    run = actions.publish_schedule(run=run, by=user_of(request))
    messages.success(request, _("Published. Everybody whose day changed is told."))
    return redirect("event_desk", pk=run.event_id)


# --- by hand ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """One slot as it stands for a pair: free tables, or why not."""

    slot: Slot
    time: str
    reasons: list[str]
    tables: list[Table]
    is_here: bool


@policy.route("events.event.organise")
def desk_meeting(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move or cancel a meeting: every slot with what is free in it or why it cannot be."""
    organised = Meeting.objects.filter(event__in=policies.organised_events(request.user))
    meeting = get_object_or_404(queries.with_meeting_parts(organised), pk=pk)
    if request.method == "POST":
        slot, table = _place_of(request, meeting.event)
        actions.move_meeting(meeting=meeting, slot=slot, table=table, by=user_of(request))
        messages.success(request, _("Moved. Both are told."))
        return redirect("event_desk", pk=meeting.event_id)
    fit = queries.fit(meeting.request, but=[meeting.pk])
    choices = _choices(fit, meeting)
    if _asks_for_json(request):
        return _choices_json(choices)
    return page(request, "events/desk_place.html", _place_context(request, meeting.request, choices, meeting))


@policy.route("events.event.organise")
def desk_request(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Place a request by hand."""
    organised = MeetingRequest.objects.filter(event__in=policies.organised_events(request.user))
    found = get_object_or_404(queries.with_sides(organised), pk=pk)
    if request.method == "POST":
        slot, table = _place_of(request, found.event)
        actions.book_meeting(request=found, slot=slot, table=table, by=user_of(request))
        messages.success(request, _("Booked. Both are told."))
        return redirect("event_desk", pk=found.event_id)
    choices = _choices(queries.fit(found), None)
    if _asks_for_json(request):
        return _choices_json(choices)
    return page(request, "events/desk_place.html", _place_context(request, found, choices, None))


def _asks_for_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _choices_json(choices: list[Choice]) -> JsonResponse:
    """For the hand that drags: by slot the free tables, or why not."""
    found = {str(c.slot.pk): {"tables": [str(t.pk) for t in c.tables], "reasons": c.reasons} for c in choices}
    return JsonResponse({"slots": found})


def _place_of(request: HttpRequest, event: Event) -> tuple[Slot, Table | None]:
    slot = get_object_or_404(event.slots, pk=chosen_id(request, "slot"))
    table = chosen_id(request, "table")
    return slot, get_object_or_404(event.tables, pk=table) if table else None


def _choices(fit: queries.Fit, meeting: Meeting | None) -> list[Choice]:
    problem = standing = None
    if meeting is not None:
        problem = planning.problem_of(meeting.event, keep={str(meeting.request_id)})
        standing = queries.on_desk(meeting.event)
    found = []
    for slot in fit.slots:
        reasons = fit.obstacles(slot)
        if not reasons and problem is not None and standing is not None and meeting is not None:
            reasons = planning.objections(problem, standing, meeting, fit.place(slot))
        here = meeting is not None and meeting.slot_id == slot.pk
        time = slot_time(fit.request.event, slot.during.lower)
        found.append(Choice(slot, time, reasons, fit.place(slot).tables, here))
    return found


def _place_context(
    request: HttpRequest, found: MeetingRequest, choices: list[Choice], meeting: Meeting | None
) -> dict[str, Any]:
    event = queries.with_event_texts(Event.objects.filter(pk=found.event_id)).get()
    return {
        **event_context(request, event, "event_desk"),
        "r": found,
        "names": shapes.pair(found.requester.user.name, found.invitee.user.name),
        "nowhere": _settled(found, meeting) or _in_every(choices),
        "choices": [(c, [(t, table_name(t)) for t in c.tables]) for c in choices],
        "meeting": meeting,
        "now_at": listed([event_time(event, meeting.slot.during.lower), table_name(meeting.table)])
        if meeting
        else "",
        "may_cancel": meeting is not None and policies.is_cancellable(meeting),
    }


def _settled(found: MeetingRequest, meeting: Meeting | None) -> list[str]:
    """Why nothing can be placed any more, whatever is free."""
    if found.event.status not in policies.SETS_MEETINGS:
        return [_("The meetings of this event cannot be scheduled now.")]
    if meeting is not None and meeting.status != Meeting.Status.CONFIRMED:
        return [_("This meeting can no longer be moved.")]
    if meeting is None and not policies.is_bookable(found):
        return [_("Only a request that was accepted and has no meeting yet can be booked.")]
    return []


def _in_every(choices: list[Choice]) -> list[str]:
    """The reasons that stand in the way in every slot alike: what has to change is not the time."""
    if not choices:
        return []
    return [text for text in choices[0].reasons if all(text in choice.reasons for choice in choices)]


# --- what came of it --------------------------------------------------------------------------------------
@policy.route("events.outcome.see")
def event_outcomes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the two sides of each meeting said, and how many have said anything."""
    event = organised_event(request, pk)
    rows = queries.with_outcome_parts(Outcome.objects.filter(meeting__event=event))
    answered = Outcome.objects.filter(meeting__event=event, answered_at__isnull=False)
    count = Counter(answered.values_list("kind", flat=True))
    asked = Outcome.objects.filter(meeting__event=event).count()
    paged = Paginator(rows.order_by("asked_after_months", "due_on", "pk"), 50).get_page(
        request.GET.get("page")
    )
    labels = dict(Outcome.Kind.choices)
    figures = [
        ui.Figure(_("Answered"), sum(count.values()), unit=_("of %(asked)s questions") % {"asked": asked}),
        *(ui.Figure(labels[kind], number) for kind, number in count.most_common()),
    ]
    table = ui.Table(
        _("Answers"),
        [
            ui.Column(_("Who")),
            ui.Column(_("Met")),
            ui.Column(_("When asked")),
            ui.Column(_("Outcome")),
            ui.Column(_("Rating"), numeric=True),
        ],
        [_outcome_cells(o) for o in paged.object_list],
    )
    context = {
        **event_context(request, event, "event_outcomes"),
        "figures": figures,
        "table": table,
        "page": paged,
        "asked": asked,
    }
    return page(request, "events/outcomes.html", context)


def _outcome_cells(outcome: Outcome) -> list[ui.Value | ui.Text]:
    waiting = outcome.answered_at is None
    months = outcome.asked_after_months
    return [
        ui.Value(outcome.participant.user.name if outcome.participant_id else ""),
        ui.Value(queries.other_side(outcome).user.name),
        ui.Value(
            _("right after")
            if months == 0
            else ngettext("%(months)s month", "%(months)s months", months) % {"months": months}
        ),
        ui.Value(
            _("No answer yet") if waiting else outcome.get_kind_display(), tone="waiting" if waiting else ""
        ),
        outcome.rating or "",
    ]
