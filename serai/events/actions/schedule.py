"""Computing the schedule of an event and publishing it: one transaction, guarded by the seats."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Conflict
from serai.engines.scheduling import Plan, Progress
from serai.events import languages, messages, planning, policies, queries
from serai.events.actions import seats
from serai.events.actions.events import locked
from serai.events.actions.meetings import drop_meeting, link_meetings, lock_requests, locked_meetings
from serai.events.lifecycle import SCHEDULE
from serai.events.models import Event, Meeting, MeetingRequest, MeetingSeat, ScheduleRun
from serai.events.planning import Change, Problem
from serai.events.solver import SolverError, Task, solve_apart

log = logging.getLogger(__name__)
S = ScheduleRun.Status
LIMIT_S = 5.0
"""Seconds of search for an ordinary event: 80 participants with 300 requests are done well within ten."""

LONG_LIMIT_S = 30.0
LARGE = 600
REPORT_S = 0.5


@transaction.atomic
def start_schedule(
    *,
    event: Event,
    by: User,
    seed: int = 0,
    keep: bool = True,
    time_limit_s: float | None = None,
    in_background: bool = True,
) -> ScheduleRun:
    """Queue a run of the scheduler. With `keep`, meetings that stand keep their time.

    `in_background=False` leaves the run to the caller, who then calls `run_schedule`. Raises NotAllowed for
    others, Conflict without slots or tables or while another run is under way.
    """
    event = locked(event, by)
    _check_schedulable(event)
    agreed = [MeetingRequest.Status.ACCEPTED, MeetingRequest.Status.SCHEDULED]
    asked = MeetingRequest.objects.filter(event=event, status__in=agreed).count()
    limit = time_limit_s or (LONG_LIMIT_S if asked > LARGE else LIMIT_S)
    run = ScheduleRun.objects.create(
        event=event, seed=seed, started_by=by, asked=asked, options={"keep": keep, "time_limit_s": limit}
    )
    audit.record(
        actor=by,
        action="events.schedule_started",
        obj=event,
        data={"run": str(run.pk), "seed": seed, "keep": keep, "asked": asked},
    )
    if in_background:
        app.configure_task("serai.events.tasks.run_schedule").defer(run=str(run.pk))
    return run


def _check_schedulable(event: Event) -> None:
    _check_status(event)
    if not event.slots.exists() or not event.tables.exists():
        raise Conflict(_("Make slots and tables first."))
    under_way = ScheduleRun.objects.select_for_update().filter(event=event, status__in=[S.QUEUED, S.RUNNING])
    stale = timezone.now() - timedelta(minutes=5)
    for run in under_way:
        if run.updated_at > stale:
            raise Conflict(_("A schedule is being computed already."))
        _fail(run, _("The computation was interrupted."))


def _check_status(event: Event) -> None:
    if event.status not in policies.SETS_MEETINGS:
        raise Conflict(_("The meetings of this event cannot be scheduled now."))


def _fail(run: ScheduleRun, message: str) -> None:
    lifecycle.advance(SCHEDULE, run, S.FAILED)
    run.message, run.finished_at = message, timezone.now()
    run.save()
    audit.record(actor=None, action="events.schedule_failed", obj=run.event, data={"run": str(run.pk)})


def run_schedule(*, run: ScheduleRun, report: Callable[[dict[str, Any]], None] | None = None) -> ScheduleRun:
    """Compute a queued run in a process of its own; progress is kept in the run as it goes.

    Safe to repeat: a run that is finished stays as it is, one whose worker died is computed again.
    """
    with transaction.atomic():
        run = ScheduleRun.objects.select_for_update(of=("self",)).select_related("event").get(pk=run.pk)
        if run.status not in {S.QUEUED, S.RUNNING}:
            return run
        if run.status == S.QUEUED:
            lifecycle.advance(SCHEDULE, run, S.RUNNING)
        run.progress = []
        run.save()
    try:
        standing = list(_standing(run.event))
        kept = _kept(run, standing)
        problem = planning.problem_of(run.event, keep={str(m.request_id) for m in kept})
        plan = solve_apart(_task(run, problem, kept), progress=_Reporter(run, report))
        return _propose(run, problem, plan, standing)
    except SolverError as error:
        reason = str(error)
    except Exception:
        # The organiser must get an answer: a run that stays under way would keep the next from starting.
        log.exception("schedule run %s", run.pk)
        reason = _("Something went wrong on our side; nothing was kept. The operator has a record of it.")
    with transaction.atomic():
        _fail(run, reason)
    return run


def _standing(event: Event) -> Iterable[Meeting]:
    return Meeting.objects.filter(event=event, status=Meeting.Status.CONFIRMED).select_related("slot")


def _kept(run: ScheduleRun, standing: list[Meeting]) -> list[Meeting]:
    """Meetings that keep their time: all that stand, or only those that have begun."""
    if run.options.get("keep", True):
        return standing
    return [m for m in standing if m.slot.during.lower <= timezone.now()]


def _task(run: ScheduleRun, problem: Problem, kept: list[Meeting]) -> Task:
    start = planning.current_plan(problem, kept)
    limit = float(run.options.get("time_limit_s", LIMIT_S))
    return Task(problem.event, run.seed, limit, start, frozenset(m.wish for m in start.meetings))


class _Reporter:
    """Writes the progress of a run into its row, at most twice a second."""

    def __init__(self, run: ScheduleRun, report: Callable[[dict[str, Any]], None] | None) -> None:
        self.run, self.report = run, report
        self.written = 0.0

    def __call__(self, point: Progress) -> None:
        data = planning.progress_data(point)
        self.run.progress.append(data)
        if self.report is not None:
            self.report(data)
        if point.seconds - self.written >= REPORT_S or not self.written:
            self.written = point.seconds or REPORT_S
            ScheduleRun.objects.filter(pk=self.run.pk).update(
                progress=self.run.progress, updated_at=timezone.now()
            )


@transaction.atomic
def _propose(run: ScheduleRun, problem: Problem, plan: Plan, standing: list[Meeting]) -> ScheduleRun:
    progress = run.progress
    run = ScheduleRun.objects.select_for_update(of=("self",)).select_related("event").get(pk=run.pk)
    if run.status != S.RUNNING:
        return run
    for older in ScheduleRun.objects.select_for_update().filter(event=run.event, status=S.PROPOSED):
        lifecycle.advance(SCHEDULE, older, S.SUPERSEDED)
        older.save(update_fields=["status", "updated_at"])
    lifecycle.advance(SCHEDULE, run, S.PROPOSED)
    run.progress = progress
    run.weight, run.weight_bound = plan.weight, plan.weight_bound
    run.breaks, run.breaks_bound = plan.breaks, plan.breaks_bound
    run.granted, run.asked = len(plan.meetings), len(problem.requests)
    run.plan = planning.plan_data(problem, plan, standing)
    run.message = " ".join(run.plan["conflict"])
    run.finished_at = timezone.now()
    run.save()
    audit.record(actor=None, action="events.schedule_proposed", obj=run.event, data=_figures(run))
    return run


def _figures(run: ScheduleRun) -> dict[str, Any]:
    return {
        "run": str(run.pk),
        "seed": run.seed,
        "granted": run.granted,
        "asked": run.asked,
        "weight": run.weight,
        "weight_bound": run.weight_bound,
        "breaks": run.breaks,
        "breaks_bound": run.breaks_bound,
    }


# --- publishing -------------------------------------------------------------------------------------------
@transaction.atomic
def publish_schedule(*, run: ScheduleRun, by: User) -> ScheduleRun:
    """Make the meetings of a proposed run, all or none; everybody whose day changes is told once.

    Raises NotAllowed for others, Conflict if the run is not the proposed one, if bookings made since stand in
    its way, or when the event is over.
    """
    event = locked(run.event, by)
    _check_status(event)
    run = ScheduleRun.objects.select_for_update().get(pk=run.pk)
    run.event = event
    for older in ScheduleRun.objects.select_for_update().filter(event=event, status=S.PUBLISHED):
        lifecycle.advance(SCHEDULE, older, S.SUPERSEDED)
        older.save(update_fields=["status", "updated_at"])
    lifecycle.advance(SCHEDULE, run, S.PUBLISHED)
    run.save(update_fields=["status", "updated_at"])
    lock_requests(event=event)
    list(locked_meetings(event=event, status=Meeting.Status.CONFIRMED))
    changes = planning.changes_of(run)
    _apply(event, changes, by)
    _note_unmet(run)
    _tell(run, changes)
    counts = Counter(change.kind for change in changes)
    audit.record(
        actor=by, action="events.schedule_published", obj=event, data={**_figures(run), "changes": counts}
    )
    return run


def _apply(event: Event, changes: list[Change], by: User) -> None:
    for change in changes:
        if change.kind == "cancelled" and change.meeting is not None:
            drop_meeting(change.meeting, by=by, request_to=MeetingRequest.Status.ACCEPTED)
    placed = [change for change in changes if change.kind in {"added", "moved", "seated"}]
    meetings = [_meeting_of(event, change) for change in placed]
    seats.give_back(c.meeting.pk for c in placed if c.meeting is not None)
    if seats.take(_seats_of(meetings)):
        raise Conflict(_("Bookings made since the schedule was computed stand in its way. Compute it again."))
    added = [m for m, c in zip(meetings, placed, strict=True) if c.meeting is None]
    Meeting.objects.bulk_create(added)
    fields = ["slot", "table", "interpreter", "language", "sequence", "updated_at"]
    Meeting.objects.bulk_update([m for m in meetings if m not in added], fields)
    MeetingRequest.objects.filter(pk__in=[m.request_id for m in added]).update(
        status=MeetingRequest.Status.SCHEDULED, unmet_reason="", updated_at=timezone.now()
    )
    link_meetings(added, by=by)


def _meeting_of(event: Event, change: Change) -> Meeting:
    request = change.request
    meeting = change.meeting
    if meeting is None:
        meeting = Meeting(event=event, request=request, is_invented=event.is_invented)
    else:
        meeting.sequence += 1
        meeting.updated_at = timezone.now()
    if change.slot is not None and change.table is not None:
        meeting.slot, meeting.table = change.slot, change.table
    meeting.interpreter = change.interpreter
    common = languages.shared(request.requester.languages, request.invitee.languages)
    meeting.language = common[0] if common else ""
    return meeting


def _seats_of(meetings: list[Meeting]) -> list[seats.Seat]:
    """All seats of the meetings in the order in which everybody takes them: people, interpreters, tables."""
    kind = MeetingSeat.Kind
    people, interpreters, tables = [], [], []
    for m in meetings:
        for side in (m.request.requester, m.request.invitee):
            people.append((m.pk, str(kind.PERSON), side.user_id, m.slot))
        if m.interpreter is not None:
            interpreters.append(
                (m.pk, str(kind.INTERPRETER), queries.interpreter_seat(m.interpreter), m.slot)
            )
        tables.append((m.pk, str(kind.TABLE), m.table.pk, m.slot))

    def order(seat: seats.Seat) -> Any:
        return (seat[2], seat[3].during.lower)

    return [*sorted(people, key=order), *sorted(interpreters, key=order), *sorted(tables, key=order)]


def _note_unmet(run: ScheduleRun) -> None:
    """Keep with each request why it got no meeting, for both sides to read."""
    by_kind: dict[str, list[str]] = {}
    for pk, kind in planning.unmet(run).items():
        by_kind.setdefault(kind, []).append(pk)
    open_requests = MeetingRequest.objects.filter(event=run.event_id, status=MeetingRequest.Status.ACCEPTED)
    for kind, ids in by_kind.items():
        open_requests.filter(pk__in=ids).update(unmet_reason=kind)


def _tell(run: ScheduleRun, changes: list[Change]) -> None:
    touched = {
        side.user.pk: side.user
        for change in changes
        if change.kind in {"added", "moved", "seated"}
        for side in (change.request.requester, change.request.invitee)
    }
    meetings = Meeting.objects.filter(event=run.event_id, status=Meeting.Status.CONFIRMED)
    count: Counter[Any] = Counter()
    for pair in meetings.values_list("request__requester__user_id", "request__invitee__user_id"):
        count.update(pair)
    messages.tell_schedule(
        run.event, run_key=str(run.pk), meetings_of={user: count[pk] for pk, user in touched.items()}
    )
