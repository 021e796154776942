"""Where a participant's pages lead: to the case, to a time or the reason why not, to the right day and subject."""

import html
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from serai.accounts.models import Membership, User
from serai.cooperation.actions import open_case_from_meeting
from serai.core.words import on_weekday
from serai.events import actions, queries
from serai.events.models import Event, Interpreter, Meeting, Outcome, Participant, Slot
from serai.events.texts import event_time, short_day
from serai.exchange.models import Interest, Listing
from tests.events.conftest import World
from tests.factories import (
    make_event,
    make_listing,
    make_participant,
    make_request,
    make_slot,
    make_table,
)


def _client(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def _meeting(world: World) -> Meeting:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    return actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)


def _outcome(meeting: Meeting, side: Participant) -> Outcome:
    return Outcome.objects.create(meeting=meeting, participant=side, due_on=timezone.localdate())


# --- what leads on ----------------------------------------------------------------------------------------
def _held(world: World) -> Meeting:
    meeting = _meeting(world)
    Meeting.objects.filter(pk=meeting.pk).update(status="held")
    return meeting


@pytest.mark.parametrize(
    ("kind", "goes_on"), [("negotiate", True), ("agreed", True), ("stay_in_touch", False)]
)
def test_who_wants_to_go_on_is_led_to_a_case(world: World, kind: str, goes_on: bool) -> None:
    meeting = _held(world)
    outcome = _outcome(meeting, world.ana)
    client, way = _client(world.ana.user), f'href="/build/cases/new/meeting/{meeting.pk}/"'
    question = f"/meet/outcomes/{outcome.pk}/"
    assert way not in client.get(question).content.decode()  # nothing is said yet

    answer = client.post(question, {"kind": kind})

    assert answer["Location"] == (f"/meet/meetings/{meeting.pk}/" if goes_on else "/meet/outcomes/")
    for page in (f"/meet/meetings/{meeting.pk}/", question):
        assert (way in client.get(page).content.decode()) is goes_on
    assert way not in _client(world.bo.user).get(f"/meet/meetings/{meeting.pk}/").content.decode()


def test_the_case_that_exists_is_led_to_and_no_second_one(world: World) -> None:
    meeting = _held(world)
    outcome = _outcome(meeting, world.ana)
    actions.record_outcome(outcome=outcome, kind="negotiate", by=world.ana.user)
    case = open_case_from_meeting(meeting=meeting, by=world.ana.user)

    for page in (f"/meet/meetings/{meeting.pk}/", f"/meet/outcomes/{outcome.pk}/"):
        said = _client(world.ana.user).get(page).content.decode()
        assert f'href="/build/cases/{case.pk}/"' in said
        assert "/cases/new/" not in said


def test_somebody_who_may_not_bind_the_organisation_is_not_offered_a_case(world: World) -> None:
    meeting = _held(world)
    actions.record_outcome(outcome=_outcome(meeting, world.ana), kind="negotiate", by=world.ana.user)
    Membership.objects.filter(user=world.ana.user).update(role=Membership.Role.MEMBER)

    assert "/cases/new/" not in _client(world.ana.user).get(f"/meet/meetings/{meeting.pk}/").content.decode()


# --- no time to choose ------------------------------------------------------------------------------------
def _book_page(world: World) -> tuple[str, str]:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    client = _client(world.ana.user)
    row = client.get("/meet/requests/?tab=sent").content.decode()
    return row, html.unescape(client.get(f"/meet/requests/{request.pk}/book/").content.decode())


def test_where_a_time_is_free_it_can_be_chosen(world: World) -> None:
    row, page = _book_page(world)

    assert "Choose a free time" in row
    assert page.count('name="slot"') == len(world.slots)


def test_where_no_time_suits_one_sentence_says_why_and_what_can_be_done(world: World) -> None:
    world.ana.absent_slots.set(world.slots[:2])
    world.bo.absent_slots.set(world.slots[1:])

    row, page = _book_page(world)

    assert "Choose a free time" not in row
    assert "Why, and what can be done" in row
    name = world.bo.user.name
    assert (
        "None of the 4 times still to come suits: at 2 you are away or have a meeting, "
        f"at 2 {name} is not free." in page
    )
    assert f'/meet/{world.event.pk}/registration/#id_absent_slots"' in page
    assert 'name="slot"' not in page


def test_tables_that_are_all_taken_are_named_and_a_room_online_is_offered(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(mode="hybrid")
    world.event.refresh_from_db()
    for number in range(4):
        for _table in world.tables:
            other = make_request(world.event)
            actions.book_meeting(request=other, slot=world.slots[number], by=world.organiser)

    _row, page = _book_page(world)

    assert "at 4 every table is taken" in page
    assert "you are away" not in page
    assert "Take part online" in page


def test_two_without_a_language_hear_that_and_nothing_of_times(world: World) -> None:
    Participant.objects.filter(pk=world.bo.pk).update(languages=["zh"])

    _row, page = _book_page(world)

    assert "share no language" in page
    assert "still to come" not in page


def test_where_the_event_is_over_that_is_the_reason(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(status="ended")
    world.event.refresh_from_db()

    row, page = _book_page(world)

    assert "Meetings cannot be booked at this event now." in page
    assert "the event ended before they met" in row
    assert "What can be done" not in page


# --- before one is confirmed ------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["submitted", "waiting"])
def test_before_one_is_confirmed_the_participants_page_says_what_comes(world: World, status: str) -> None:
    until = timezone.now() + timedelta(days=3)
    Event.objects.filter(pk=world.event.pk).update(registration_until=until)
    world.event.refresh_from_db()
    Participant.objects.filter(pk=world.ana.pk).update(status=status)
    client = _client(world.ana.user)

    said = client.get(f"/meet/{world.event.pk}/participants/")

    assert said.status_code == 200
    text = said.content.decode()
    assert world.bo.user.name not in text
    assert (event_time(world.event, until) in text) is (status == "submitted")
    assert ("waiting list" in text) is (status == "waiting")
    assert client.get(f"/meet/participants/{world.bo.pk}/").status_code == 404


def test_whoever_is_not_registered_or_was_refused_finds_no_participants(world: World) -> None:
    url = f"/meet/{world.event.pk}/participants/"
    Participant.objects.filter(pk=world.ana.pk).update(status="refused")

    assert _client(world.ana.user).get(url).status_code == 404
    assert _client(world.stranger).get(url).status_code == 404


# --- which day --------------------------------------------------------------------------------------------
def _day_page(world: World, query: str = "") -> str:
    return _client(world.ana.user).get(f"/meet/day/{query}").content.decode()


def _opened(world: World, query: str = "") -> str:
    return re.findall(r"<h1><bdi>([^<]*)", _day_page(world, query))[0]


def test_my_day_opens_on_the_next_meeting_and_a_meeting_leads_to_its_own_day(world: World) -> None:
    days = {}
    for ahead in (-3, 2, 5):
        start = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=ahead)
        slot = Slot.objects.create(event=world.event, during=(start, start + timedelta(minutes=20)))
        slot.refresh_from_db()
        request = make_request(world.event, requester=world.ana, invitee=make_participant(world.event))
        days[ahead] = Meeting.objects.create(
            event=world.event, request=request, slot=slot, table=world.tables[0]
        )

    assert _opened(world) == on_weekday(_local(days[2]))
    tabs = re.findall(r'href="/meet/day/\?day=[^"]*"[^>]*>([^<]*)</a>', _day_page(world))
    assert tabs == [short_day(_local(m)) for m in days.values()]  # without the year three fit a phone
    page = _client(world.ana.user).get(f"/meet/meetings/{days[5].pk}/").content.decode()
    [link] = re.findall(r'href="/meet/day/(\?day=[^"]+)"', page)
    assert _opened(world, link) == on_weekday(_local(days[5]))


def test_an_event_opens_one_s_day_there(world: World) -> None:
    _meeting(world)
    later = make_event(starts_at=world.event.starts_at + timedelta(days=20))
    make_table(later)
    request = make_request(later, requester=make_participant(later, user=world.ana.user))
    meeting = actions.book_meeting(request=request, slot=make_slot(later), by=world.ana.user)

    assert _opened(world, f"?event={later.pk}") == on_weekday(_local(meeting))
    assert _opened(world, f"?event={world.event.pk}") != on_weekday(_local(meeting))


def _local(meeting: Meeting) -> date:
    day: date = meeting.slot.during.lower.astimezone(ZoneInfo(meeting.event.time_zone)).date()
    return day


# --- whose clock ------------------------------------------------------------------------------------------
def test_every_time_names_its_zone_and_one_s_own_clock_where_it_differs(world: World) -> None:
    meeting = _meeting(world)
    for zone in ("Europe/Warsaw", "Asia/Bangkok"):
        User.objects.filter(pk=world.ana.user_id).update(time_zone=zone)
        client = _client(world.ana.user)
        pages = ("/meet/requests/?tab=sent", f"/meet/meetings/{meeting.pk}/", "/meet/day/")
        for page in (*pages, f"/meet/{world.event.pk}/registration/"):
            said = client.get(page).content.decode()
            assert "Warsaw" in said, page
            assert ("on your clock" in said) is (zone == "Asia/Bangkok"), page


# --- what it is about -------------------------------------------------------------------------------------
def test_what_a_meeting_is_about_is_preset(world: World) -> None:
    listings = [make_listing(organisation=world.bo.organisation) for _n in range(3)]
    for listing in listings:
        Listing.objects.filter(pk=listing.pk).update(disclosure="named")
    shown, asked, other = listings
    url, client = f"/meet/participants/{world.bo.pk}/", _client(world.ana.user)

    def preset(query: str = "") -> list[str]:
        return re.findall(r'<option value="([^"]*)" selected', client.get(url + query).content.decode())

    assert preset() == [""]
    Participant.objects.filter(pk=world.bo.pk).update(listing=shown)
    assert preset() == [str(shown.pk)]
    Interest.objects.create(
        listing=asked,
        organisation=world.ana.organisation,
        language="en",
        cooperation_sought="Test it",
        about_us="We",
        answer_due=timezone.localdate(),
        status=Interest.Status.ACCEPTED,
    )
    assert preset() == [str(asked.pk)]
    assert preset(f"?about={other.pk}") == [str(other.pk)]
    assert preset(f"?about={make_listing().pk}") == [str(asked.pk)]  # a stranger's is not offered


# --- whom to meet -----------------------------------------------------------------------------------------
def test_only_people_one_can_talk_with_are_worth_meeting(world: World) -> None:
    Participant.objects.filter(pk=world.ana.pk).update(languages=["pl"])
    far = make_participant(world.event, languages=["zh"])
    for person in (world.ana, world.bo, far):
        person.organisation.sectors = ["C"]
        person.organisation.save()
    world.ana.refresh_from_db()

    def suggested() -> set[object]:
        return {s.participant.pk for s in queries.suggestions(world.ana.user, world.ana)}

    assert suggested() == set()
    Interpreter.objects.create(event=world.event, name="I", languages=["pl", "zh"])
    assert suggested() == {far.pk}
    Participant.objects.filter(pk=world.bo.pk).update(languages=["pl", "en"])
    assert suggested() == {far.pk, world.bo.pk}
