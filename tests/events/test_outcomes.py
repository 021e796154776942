from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from serai.accounts.models import Notice
from serai.core.audit import entry_data
from serai.core.duties import duties_of
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import AuditEntry
from serai.events import actions
from serai.events.actions.outcomes import minus_months
from serai.events.models import Meeting, Outcome
from tests.events.conftest import World
from tests.factories import make_request


@pytest.fixture
def meeting(world: World) -> Meeting:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    return actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)


def _later(meeting: Meeting, **delta: int) -> datetime:
    end: datetime = meeting.slot.during.upper
    return end + timedelta(**delta)


def test_both_are_asked_right_after_the_meeting_once(world: World, meeting: Meeting) -> None:
    assert actions.ask_for_outcomes(now=_later(meeting, minutes=-1)) == 0
    assert actions.ask_for_outcomes(now=_later(meeting, minutes=1)) == 2
    assert actions.ask_for_outcomes(now=_later(meeting, minutes=2)) == 0

    asked = Outcome.objects.all()
    day = meeting.slot.during.upper.date()
    assert {(o.participant, o.asked_after_months, o.due_on) for o in asked} == {
        (world.ana, 0, day + timedelta(days=7)),
        (world.bo, 0, day + timedelta(days=7)),
    }
    assert Notice.objects.filter(kind="events.outcome_asked").count() == 2
    assert [duty.title for duty in duties_of(world.ana.user)] == [
        f"{world.bo.user.name} ({world.bo.organisation.name})"
    ]


def test_the_days_with_meetings_stand_on_today_for_a_week_before(world: World, meeting: Meeting) -> None:
    day = meeting.slot.during.lower.date()
    with time_machine.travel(meeting.slot.during.lower - timedelta(days=8), tick=False):
        assert list(duties_of(world.ana.user)) == []
    with time_machine.travel(meeting.slot.during.lower - timedelta(days=2), tick=False):
        (duty,) = duties_of(world.ana.user)
        assert (duty.what, duty.due_on) == ("Go to your meeting", day)
        assert duty.url == f"/meet/day/?day={day}"
        assert [duty.title for duty in duties_of(world.stranger) if duty.kind != "organisation"] == []
    actions.cancel_meeting(meeting=meeting, by=world.organiser)
    with time_machine.travel(meeting.slot.during.lower - timedelta(days=2), tick=False):
        assert duties_of(world.ana.user) == []


def test_they_are_asked_again_after_three_six_and_twelve_months(meeting: Meeting) -> None:
    actions.ask_for_outcomes(now=_later(meeting, days=370))

    months = Outcome.objects.values_list("asked_after_months", flat=True)
    assert sorted(months) == [0, 0, 3, 3, 6, 6, 12, 12]


def test_nobody_is_asked_about_a_cancelled_meeting(world: World, meeting: Meeting) -> None:
    actions.cancel_meeting(meeting=meeting, by=world.organiser)

    assert actions.ask_for_outcomes(now=_later(meeting, days=370)) == 0


def test_an_answer_is_recorded_with_what_upper_apps_need(world: World, meeting: Meeting) -> None:
    actions.ask_for_outcomes(now=_later(meeting, minutes=1))
    outcome = Outcome.objects.get(participant=world.ana)

    with pytest.raises(NotAllowed):
        actions.record_outcome(outcome=outcome, kind="negotiate", by=world.bo.user)
    answered = actions.record_outcome(
        outcome=outcome, kind="negotiate", rating=4, note="Good", by=world.ana.user
    )

    assert (answered.kind, answered.rating, answered.note) == ("negotiate", 4, "Good")
    meeting.refresh_from_db()
    assert meeting.status == "held"
    entry = AuditEntry.objects.get(action="events.outcome_recorded")
    assert entry.object_id == meeting.pk
    assert entry_data(entry) == {
        "outcome": str(outcome.pk),
        "kind": "negotiate",
        "months": 0,
        "meeting": str(meeting.pk),
        "event": str(world.event.pk),
        "request": str(meeting.request_id),
        "listing": None,
        "participant": str(world.ana.pk),
        "organisations": [str(world.ana.organisation_id), str(world.bo.organisation_id)],
    }


def test_a_meeting_that_did_not_happen_is_a_no_show(world: World, meeting: Meeting) -> None:
    actions.ask_for_outcomes(now=_later(meeting, minutes=1))

    actions.record_outcome(
        outcome=Outcome.objects.get(participant=world.bo), kind="did_not_happen", by=world.bo.user
    )

    meeting.refresh_from_db()
    assert meeting.status == "no_show"
    assert actions.ask_for_outcomes(now=_later(meeting, days=370)) == 0


def test_answers_are_from_the_list_and_in_order(world: World, meeting: Meeting) -> None:
    actions.ask_for_outcomes(now=_later(meeting, days=100))
    first, later = Outcome.objects.filter(participant=world.ana).order_by("asked_after_months")

    with pytest.raises(Invalid):
        actions.record_outcome(outcome=first, kind="marriage", by=world.ana.user)
    with pytest.raises(Invalid):
        actions.record_outcome(outcome=first, kind="agreed", rating=9, by=world.ana.user)
    actions.record_outcome(outcome=later, kind="agreed", by=world.ana.user)
    with pytest.raises(Conflict):
        actions.record_outcome(outcome=first, kind="no_next_step", by=world.ana.user)


def test_months_are_counted_by_the_calendar() -> None:
    assert minus_months(datetime(2026, 3, 31, 9, tzinfo=UTC), 1) == datetime(2026, 2, 28, 9, tzinfo=UTC)
