import random
import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from serai.accounts.models import Notice
from serai.core.errors import Conflict, NotAllowed
from serai.core.models import AuditEntry
from serai.engines.scheduling import check
from serai.events import actions, planning
from serai.events.models import Event, Interpreter, Meeting, MeetingRequest, MeetingSeat, ScheduleRun
from tests.events.conftest import World
from tests.factories import make_event, make_participant, make_request, make_slot, make_table


def _run(event: Event, by: object, **options: object) -> ScheduleRun:
    run = actions.start_schedule(
        event=event,
        by=by,
        in_background=False,
        time_limit_s=2,
        **options,  # type: ignore[arg-type]
    )
    return actions.run_schedule(run=run)


def test_a_run_is_queued_with_the_change(world: World) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo)

    run = actions.start_schedule(event=world.event, by=world.organiser, seed=7)

    assert (run.status, run.seed, run.asked) == ("queued", 7, 1)
    job = ProcrastinateJob.objects.get(task_name="serai.events.tasks.run_schedule")
    assert job.args == {"run": str(run.pk)}
    with pytest.raises(Conflict):
        actions.start_schedule(event=world.event, by=world.organiser)


def test_only_organisers_schedule_and_publish(world: World) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo)

    with pytest.raises(NotAllowed):
        actions.start_schedule(event=world.event, by=world.ana.user)
    run = _run(world.event, world.organiser)
    with pytest.raises(NotAllowed):
        actions.publish_schedule(run=run, by=world.ana.user)


def test_without_tables_there_is_nothing_to_schedule(world: World) -> None:
    world.event.tables.all().delete()

    with pytest.raises(Conflict):
        actions.start_schedule(event=world.event, by=world.organiser)


def test_the_run_keeps_what_it_granted_and_the_proved_bounds(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo, strength="must")
    cy = make_participant(world.event, absent_slots=world.slots)
    apart = make_request(world.event, requester=world.ana, invitee=cy)

    run = _run(world.event, world.organiser, seed=3)

    assert (run.status, run.granted, run.asked, run.seed) == ("proposed", 1, 2, 3)
    assert (run.weight, run.weight_bound, run.breaks, run.breaks_bound) == (8, 8, 0, 0)
    assert [m["request"] for m in run.plan["meetings"]] == [str(request.pk)]
    assert list(planning.unmet(run)) == [str(apart.pk)]
    assert run.progress
    assert not Meeting.objects.exists()


def test_publishing_makes_the_meetings_and_tells_everybody_once(world: World) -> None:
    cy = make_participant(world.event)
    requests = [
        make_request(world.event, requester=world.ana, invitee=world.bo),
        make_request(world.event, requester=world.ana, invitee=cy),
        make_request(world.event, requester=world.bo, invitee=cy),
    ]
    run = _run(world.event, world.organiser)

    published = actions.publish_schedule(run=run, by=world.organiser)

    assert published.status == "published"
    assert Meeting.objects.filter(status="confirmed").count() == 3
    assert MeetingSeat.objects.filter(is_active=True).count() == 9
    assert {r.status for r in MeetingRequest.objects.filter(pk__in=[r.pk for r in requests])} == {"scheduled"}
    notices = Notice.objects.filter(kind="events.schedule_published")
    assert sorted(n.values["count"] for n in notices) == ["2", "2", "2"]
    entry = AuditEntry.objects.order_by("-at")[0]
    assert entry.action == "events.schedule_published"
    with pytest.raises(Conflict):
        actions.publish_schedule(run=run, by=world.organiser)


def test_an_unmet_request_says_why(world: World) -> None:
    cy = make_participant(world.event, absent_slots=world.slots)
    request = make_request(world.event, requester=world.ana, invitee=cy)
    stranger_tongue = make_participant(world.event, languages=["ko"])
    untold = make_request(world.event, requester=world.ana, invitee=stranger_tongue)

    actions.publish_schedule(run=_run(world.event, world.organiser), by=world.organiser)

    request.refresh_from_db()
    untold.refresh_from_db()
    assert (request.status, untold.status) == ("accepted", "accepted")
    assert request.unmet_reason in {"absent", "no_common_slot"}
    assert untold.unmet_reason == "no_interpreter"


def test_the_schedule_gives_an_interpreter_one_meeting_at_a_time(world: World) -> None:
    helper = Interpreter.objects.create(event=world.event, name="Ines", languages=["zh-Hans", "en"])
    for side in (world.ana, world.bo):
        make_request(world.event, requester=side, invitee=make_participant(world.event, languages=["zh"]))

    actions.publish_schedule(run=_run(world.event, world.organiser), by=world.organiser)

    meetings = list(Meeting.objects.all())
    assert {m.interpreter for m in meetings} == {helper}
    assert len({m.slot_id for m in meetings}) == 2


def test_running_again_keeps_what_stands(world: World) -> None:
    first = make_request(world.event, requester=world.ana, invitee=world.bo)
    meeting = actions.book_meeting(
        request=first, slot=world.slots[2], table=world.tables[1], by=world.organiser
    )
    make_request(world.event, requester=world.ana)

    run = _run(world.event, world.organiser)
    kinds = sorted(c.kind for c in planning.changes_of(run))
    actions.publish_schedule(run=run, by=world.organiser)

    meeting.refresh_from_db()
    assert kinds == ["added", "kept"]
    assert (meeting.slot, meeting.table, meeting.sequence) == (world.slots[2], world.tables[1], 0)


def test_bookings_made_since_are_not_overrun(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    run = _run(world.event, world.organiser)
    planned = next(s for s in world.slots if str(s.pk) == run.plan["meetings"][0]["slot"])
    other = make_request(world.event, requester=world.ana)
    meeting = actions.book_meeting(request=other, slot=planned, by=world.ana.user)

    with pytest.raises(Conflict):
        actions.publish_schedule(run=run, by=world.organiser)

    run.refresh_from_db()
    request.refresh_from_db()
    assert (run.status, request.status) == ("proposed", "accepted")
    assert list(Meeting.objects.all()) == [meeting]


def test_who_withdrew_since_is_left_out(world: World) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo)
    make_request(world.event, requester=world.ana)
    run = _run(world.event, world.organiser)
    actions.withdraw_participant(participant=world.bo, by=world.bo.user)

    actions.publish_schedule(run=run, by=world.organiser)

    assert Meeting.objects.count() == 1


def test_repeating_a_finished_run_changes_nothing(world: World) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo)
    run = _run(world.event, world.organiser)

    again = actions.run_schedule(run=run)

    assert (again.status, again.finished_at) == ("proposed", run.finished_at)


def test_an_interrupted_run_makes_way_for_another(world: World) -> None:
    stuck = ScheduleRun.objects.create(event=world.event, status="running")
    ScheduleRun.objects.filter(pk=stuck.pk).update(updated_at=timezone.now() - timedelta(hours=1))

    assert actions.start_schedule(event=world.event, by=world.organiser).status == "queued"
    stuck.refresh_from_db()
    assert stuck.status == "failed"


@pytest.mark.django_db(transaction=True)
def test_a_run_does_not_wait_for_an_organiser_who_asks_again(world: World) -> None:
    """Who asks for a schedule holds the event and looks at its runs: a run that wanted the event would deadlock."""
    make_request(world.event, requester=world.ana, invitee=world.bo)
    run = actions.start_schedule(event=world.event, by=world.organiser, in_background=False, time_limit_s=2)

    def compute() -> None:
        actions.run_schedule(run=run)
        connections.close_all()

    worker = threading.Thread(target=compute)
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=world.event.pk)
        worker.start()
        worker.join(timeout=30)
        waited = worker.is_alive()
    worker.join()

    run.refresh_from_db()
    assert (waited, run.status) == (False, "proposed")


def test_eighty_participants_with_three_hundred_requests_get_a_valid_schedule(world: World) -> None:
    draw = random.Random(1)
    event = make_event(hosts=list(world.event.hosts.all()))
    for number in range(16):
        make_slot(event, number)
    for _ in range(20):
        make_table(event)
    people = [make_participant(event) for _ in range(80)]
    pairs = draw.sample([(a, b) for i, a in enumerate(people) for b in people[i + 1 :]], 300)
    for a, b in pairs:
        make_request(event, requester=a, invitee=b, strength=draw.choice(["must", "want", "maybe"]))

    run = _run(event, world.organiser)
    actions.publish_schedule(run=run, by=world.organiser)

    problem = planning.problem_of(event)
    meetings = Meeting.objects.filter(event=event).select_related("slot")
    assert run.weight is not None
    assert run.weight_bound is not None
    assert 0.98 * run.weight_bound <= run.weight <= run.weight_bound
    assert meetings.count() == run.granted
    assert list(check(problem.event, planning.current_plan(problem, meetings))) == []


def test_a_run_that_breaks_says_so_and_lets_the_next_begin(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo)

    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(planning, "problem_of", broken)
        run = _run(world.event, world.organiser)

    assert (run.status, "our side" in run.message) == ("failed", True)
    assert _run(world.event, world.organiser).status == "proposed"
