from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from serai.accounts.models import Membership
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import AuditEntry
from serai.events import actions, languages, zones
from serai.events.models import Event, Interpreter, Meeting
from tests.events.conftest import World
from tests.factories import make_event, make_member, make_organisation, make_request

WARSAW = ZoneInfo("Europe/Warsaw")


def _create(by: object, hosts: object, **more: object) -> Event:
    start = datetime(2027, 3, 27, 7, 0, tzinfo=UTC)
    values = {
        "kind": "forum",
        "title": "Silk days",
        "language": "en",
        "time_zone": "Europe/Warsaw",
        "starts_at": start,
        "ends_at": start + timedelta(days=3),
        **more,
    }
    return actions.create_event(by=by, hosts=hosts, **values)  # type: ignore[arg-type]


def test_an_organiser_plans_an_event_of_their_organisation(world: World) -> None:
    event = _create(world.organiser, list(world.event.hosts.all()), series="Silk", edition=2)

    assert (event.status, event.owner, event.texts.get().title) == ("planned", world.organiser, "Silk days")
    assert AuditEntry.objects.get().action == "events.event_created"
    with pytest.raises(Invalid) as refused:
        _create(world.organiser, list(world.event.hosts.all()), series="Silk", edition=2)
    assert list(refused.value.fields) == ["edition"]


def test_nobody_plans_for_an_organisation_unasked(world: World) -> None:
    hosts = list(world.event.hosts.all())
    with pytest.raises(NotAllowed):
        _create(world.stranger, hosts)
    with pytest.raises(NotAllowed):
        _create(world.organiser, [*hosts, make_organisation()])
    with pytest.raises(NotAllowed):
        _create(world.organiser, hosts, parent=make_event())


def test_both_of_two_hosts_organise(world: World) -> None:
    second = make_organisation()
    both = make_member(second, role=Membership.Role.EVENT_ORGANISER)
    Membership.objects.create(
        user=both, organisation=world.event.hosts.get(), role="event_organiser", status="active"
    )
    event = _create(both, [world.event.hosts.get(), second])

    assert actions.announce_event(event=event, by=world.organiser).status == "announced"


def test_an_event_takes_its_steps_and_no_others(world: World) -> None:
    event = _create(world.organiser, list(world.event.hosts.all()))
    with pytest.raises(NotAllowed):
        actions.announce_event(event=event, by=world.stranger)
    with pytest.raises(Conflict):
        actions.open_registration(event=event, by=world.organiser)

    for step in (actions.announce_event, actions.open_registration, actions.close_registration):
        event = step(event=event, by=world.organiser)
    for step in (actions.start_event, actions.end_event, actions.report_event):
        event = step(event=event, by=world.organiser)

    assert event.status == "reported"
    assert list(AuditEntry.objects.order_by("at").values_list("action", flat=True))[1:] == [
        f"events.event_{s}" for s in ("announced", "registration", "closed", "running", "ended", "reported")
    ]


def test_events_start_and_end_by_the_clock(world: World) -> None:
    event = make_event(status="closed")

    assert actions.advance_due_events(now=event.starts_at - timedelta(minutes=1)) == 0
    assert actions.advance_due_events(now=event.ends_at) == 2
    event.refresh_from_db()
    assert event.status == "ended"


def test_an_event_called_off_before_it_was_announced_stays_unknown(world: World) -> None:
    event = _create(world.organiser, list(world.event.hosts.all()))

    assert not actions.cancel_event(event=event, by=world.organiser).is_public


# --- slots ------------------------------------------------------------------------------------------------
def test_slots_are_wall_clock_hours_on_both_sides_of_a_clock_change(world: World) -> None:
    event = _create(world.organiser, list(world.event.hosts.all()))
    days = [date(2027, 3, 27), date(2027, 3, 28)]

    slots = actions.make_slots(
        event=event,
        days=days,
        begin=time(10),
        end=time(12),
        minutes=30,
        gap_min=10,
        pauses=[(time(11), time(11, 15))],
        by=world.organiser,
    )

    local = [s.during[0].astimezone(WARSAW).strftime("%d %H:%M") for s in slots]  # type: ignore[index]
    assert local == ["27 10:00", "27 11:15", "28 10:00", "28 11:15"]
    assert [s.during[0].hour for s in slots] == [9, 10, 8, 9]  # type: ignore[index]


def test_a_night_with_a_clock_change_has_an_hour_less() -> None:
    night = zones.periods([date(2027, 3, 28)], begin=time(1), end=time(5), minutes=60, zone=WARSAW)
    usual = zones.periods([date(2027, 3, 27)], begin=time(1), end=time(5), minutes=60, zone=WARSAW)

    assert (len(night), len(usual)) == (3, 4)
    assert all(b - a == timedelta(hours=1) for a, b in night)


def test_hours_past_midnight_belong_to_the_next_day() -> None:
    found = zones.periods([date(2027, 6, 1)], begin=time(22), end=time(1), minutes=60, zone=WARSAW)

    assert [a.astimezone(WARSAW).day for a, _b in found] == [1, 1, 2]


def test_a_time_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Invalid):
        zones.moment(date(2027, 3, 28), time(2, 30), WARSAW)


def test_slots_do_not_overlap_or_leave_the_event(world: World) -> None:
    event = _create(world.organiser, list(world.event.hosts.all()))
    hours = {"begin": time(10), "end": time(12), "minutes": 30}

    def make(day: date, **more: object) -> object:
        return actions.make_slots(event=event, days=[day], by=world.organiser, **{**hours, **more})  # type: ignore[arg-type]

    make(date(2027, 3, 28))
    with pytest.raises(Conflict):
        make(date(2027, 3, 28), begin=time(11, 45), end=time(13))
    with pytest.raises(Invalid):
        make(date(2027, 5, 1))
    with pytest.raises(Invalid):
        make(date(2027, 3, 29), minutes=200)
    with pytest.raises(NotAllowed):
        actions.make_slots(event=event, days=[date(2027, 3, 29)], by=world.stranger, **hours)  # type: ignore[arg-type]
    assert actions.clear_slots(event=event, by=world.organiser) == 4


def test_tables_are_numbered_on_and_rooms_apart(world: World) -> None:
    actions.make_tables(event=world.event, count=2, by=world.organiser)
    actions.make_tables(
        event=world.event, count=1, is_online=True, links=["https://a.example"], by=world.organiser
    )

    names = world.event.tables.values_list("name", "is_online", "link")
    assert list(names) == [
        ("1", False, ""),
        ("2", False, ""),
        ("3", False, ""),
        ("4", False, ""),
        ("O1", True, "https://a.example"),
    ]


def test_an_interpreter_works_between_two_languages_at_least(world: World) -> None:
    with pytest.raises(Invalid):
        actions.add_interpreter(event=world.event, name="I", languages=["zh-Hans", "zh"], by=world.organiser)
    made = actions.add_interpreter(event=world.event, name="I", languages=["zh", "en"], by=world.organiser)

    actions.remove_interpreter(interpreter=made, by=world.organiser)
    assert not Interpreter.objects.exists()


def test_languages_that_let_two_people_talk() -> None:
    helper = Interpreter(languages=["zh-Hans", "pl"])

    assert languages.shared(["zh-Hant", "en"], ["EN-gb", "zh"]) == ["zh", "en"]
    assert languages.pairs_between(["zh"], ["pl", "en"]) == ["pl-zh", "en-zh"]
    assert languages.interprets(helper, ["zh"], ["en", "pl"])
    assert not languages.interprets(helper, ["zh"], ["en"])


# --- commands ---------------------------------------------------------------------------------------------
def test_scheduling_and_publishing_by_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    Event.objects.filter(pk=world.event.pk).update(owner=world.organiser)
    make_request(world.event, requester=world.ana, invitee=world.bo)

    with pytest.raises(CommandError):
        call_command("publish_schedule", str(world.event.pk))
    call_command("schedule", str(world.event.pk), "--seed", "7", "--time-limit", "1", "--json")
    call_command("publish_schedule", str(world.event.pk))

    said = capsys.readouterr().out
    assert '"granted": 1' in said
    assert '"seed": 7' in said
    assert "1 meetings stand." in said
    assert Meeting.objects.count() == 1
    with pytest.raises(CommandError):
        call_command("schedule", "00000000-0000-4000-8000-000000000000")
