"""Every page of /meet/ as each who may enter, and the same 404 for all others."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from serai.accounts.models import User
from serai.engines.scheduling import Progress
from serai.events import actions, planning, queries
from serai.events.models import (
    Event,
    Interpreter,
    Meeting,
    MeetingRequest,
    Outcome,
    Participant,
    Table,
)
from serai.events.texts import event_time
from tests.events.conftest import World
from tests.factories import make_event, make_listing, make_participant, make_request, make_slot

S = MeetingRequest.Status


def _client(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def _said(response: HttpResponse, path: str) -> str:
    """The body without what differs between any two answers: the token against forgery and the address."""
    body = re.sub(r'("X-CSRFToken": "|csrfmiddlewaretoken" value=")[^"]+', "", response.content.decode())
    return body.replace(path, "")


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def _meeting(world: World, slot: int = 0) -> Meeting:
    request = make_request(world.event, requester=world.ana, invitee=world.bo, message="About water")
    return actions.book_meeting(request=request, slot=world.slots[slot], by=world.organiser)


def _outcome(meeting: Meeting, side: Participant) -> Outcome:
    return Outcome.objects.create(meeting=meeting, participant=side, due_on=timezone.localdate())


# --- who enters where -------------------------------------------------------------------------------------
EVENT_PAGES = {
    "": {"anyone", "stranger", "ana", "organiser"},
    "registration/": {"stranger", "ana", "organiser"},
    "participants/": {"ana", "organiser"},
    "desk/": {"organiser"},
    "registrations/": {"organiser"},
    "check-in/": {"organiser"},
    "outcomes/": {"organiser"},
    "set-up/": {"organiser"},
    "edit/": {"organiser"},
    "text/": {"organiser"},
}


@pytest.mark.parametrize("path", EVENT_PAGES)
def test_pages_of_an_event_open_to_those_they_are_for(world: World, path: str) -> None:
    _meeting(world)
    make_request(world.event)
    people = {"stranger": world.stranger, "ana": world.ana.user, "organiser": world.organiser}
    url = f"/meet/{world.event.pk}/{path}"

    answers = {name: _client(user).get(url).status_code for name, user in people.items()}
    answers["anyone"] = Client().get(url).status_code

    allowed = EVENT_PAGES[path]
    assert {name for name, status in answers.items() if status == 200} == allowed
    assert {status for name, status in answers.items() if name not in allowed} <= {404, 302}
    assert all(status == 404 for name, status in answers.items() if name not in {*allowed, "anyone"})


@pytest.mark.parametrize("path", ["", "calendar.ics", "move/"])
def test_a_meeting_is_for_the_two_and_the_organisers(world: World, path: str) -> None:
    meeting = _meeting(world)
    url = f"/meet/meetings/{meeting.pk}/{path}"
    cy = make_participant(world.event)

    assert _client(cy.user).get(url).status_code == 404
    assert _client(world.stranger).get(url).status_code == 404
    own = _client(world.ana.user).get(url).status_code
    organiser = _client(world.organiser).get(url).status_code
    assert (own, organiser) == {"": (200, 200), "calendar.ics": (200, 404), "move/": (404, 200)}[path]


def test_hidden_and_missing_events_answer_alike(world: World) -> None:
    hidden = make_event(status="planned")
    client = _client(world.stranger)

    paths = [f"/meet/{hidden.pk}/", "/meet/00000000-0000-4000-8000-000000000000/"]

    a, b = (client.get(path) for path in paths)

    assert (a.status_code, b.status_code) == (404, 404)
    assert _said(a, paths[0]) == _said(b, paths[1])


def test_the_interpreter_sees_time_place_names_and_languages_and_nothing_of_the_matter(world: World) -> None:
    listing = make_listing(title="Secret sauce", organisation=world.bo.organisation)
    helper = Interpreter.objects.create(
        event=world.event, name="Ines", languages=["zh", "en"], user=world.stranger
    )
    wang = make_participant(world.event, languages=["zh"])
    request = make_request(
        world.event, requester=wang, invitee=world.bo, message="About water", listing=listing
    )
    meeting = actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)
    assert meeting.interpreter == helper
    client = _client(world.stranger)

    day = client.get("/meet/day/").content.decode()

    assert wang.user.name in day
    assert world.bo.user.name in day
    assert "About water" not in day
    assert "Secret sauce" not in day
    assert client.get(f"/meet/meetings/{meeting.pk}/").status_code == 404
    calendar = client.get(f"/meet/meetings/{meeting.pk}/calendar.ics")
    assert calendar.status_code == 200
    assert b"water" not in calendar.content


def test_somebody_not_listed_is_not_in_the_directory(world: World) -> None:
    hidden = make_participant(world.event, consent_listed=False)

    page = _client(world.ana.user).get(f"/meet/{world.event.pk}/participants/").content.decode()

    assert world.bo.user.name in page
    assert hidden.user.name not in page
    assert _client(world.ana.user).get(f"/meet/participants/{hidden.pk}/").status_code == 404


# --- constant numbers of queries --------------------------------------------------------------------------
def _more_people(world: World) -> None:
    for _ in range(2):
        make_participant(world.event)


def _more_requests(world: World) -> None:
    for _ in range(2):
        make_request(world.event, invitee=world.ana, status=S.PENDING)


def _more_meetings(world: World) -> None:
    for slot in (1, 2):
        request = make_request(world.event, requester=world.ana)
        actions.book_meeting(request=request, slot=world.slots[slot], by=world.organiser)


def _more_events(world: World) -> None:
    for _ in range(2):
        make_event()


def _more_outcomes(world: World) -> None:
    _more_meetings(world)
    for meeting in Meeting.objects.all():
        Outcome.objects.get_or_create(
            meeting=meeting, participant=world.ana, defaults={"due_on": timezone.localdate()}
        )


@pytest.mark.parametrize(
    ("who", "path", "more"),
    [
        ("ana", "/meet/", _more_events),
        ("ana", "/meet/{event}/participants/?q=Person", _more_people),
        ("ana", "/meet/{event}/participants/", _more_people),
        ("organiser", "/meet/{event}/registrations/", _more_people),
        ("organiser", "/meet/{event}/check-in/", _more_people),
        ("ana", "/meet/requests/", _more_requests),
        ("ana", "/meet/day/", _more_meetings),
        ("organiser", "/meet/{event}/desk/", _more_meetings),
        ("ana", "/meet/outcomes/", _more_outcomes),
        ("organiser", "/meet/{event}/outcomes/", _more_outcomes),
    ],
)
def test_lists_cost_the_same_for_one_row_and_for_three(
    world: World, who: str, path: str, more: Callable[[World], None]
) -> None:
    _outcome(_meeting(world), world.ana)
    make_request(world.event, invitee=world.ana, status=S.PENDING)
    client = _client(world.organiser if who == "organiser" else world.ana.user)
    url = path.format(event=world.event.pk)
    client.get(url)
    before = _queries(client, url)

    more(world)

    assert _queries(client, url) == before


# --- doing things -----------------------------------------------------------------------------------------
def test_registering_through_the_page(world: World) -> None:
    event = make_event(hosts=list(world.event.hosts.all()), mode="hybrid")
    slot = make_slot(event)
    client = _client(world.ana.user)
    url = f"/meet/{event.pk}/registration/"
    data = {
        "organisation": str(world.ana.organisation_id),
        "languages": ["en", "fr"],
        "other_language": "ka",
        "absent_slots": [str(slot.pk)],
        "consent_listed": "on",
        "is_online": "on",
        "max_meetings": "4",
    }

    answer = client.post(url, data)

    assert answer.status_code == 302
    made = Participant.objects.get(event=event)
    assert (made.languages, made.is_online, made.max_meetings, made.status) == (
        ["en", "fr", "ka"],
        True,
        4,
        "submitted",
    )
    assert list(made.absent_slots.all()) == [slot]
    changed = client.post(url, {**data, "languages": [], "other_language": ""})
    assert changed.status_code == 422
    assert "Choose at least one language" in changed.content.decode()


def test_asking_and_answering_with_one_tap(world: World) -> None:
    asked = _client(world.ana.user).post(
        f"/meet/participants/{world.bo.pk}/", {"strength": "must", "message": "Hello"}
    )
    request = MeetingRequest.objects.get()
    answered = _client(world.bo.user).post(
        f"/meet/requests/{request.pk}/accept/", {"strength": "maybe"}, headers={"hx-request": "true"}
    )

    request.refresh_from_db()
    assert (asked.status_code, answered.status_code) == (302, 200)
    assert (request.status, request.strength, request.answer_strength) == ("accepted", "must", "maybe")
    assert f'id="r-{request.pk}"' in answered.content.decode()


def test_declining_needs_a_reason_and_keeps_what_was_typed(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo, status=S.PENDING)
    client = _client(world.bo.user)

    refused = client.post(f"/meet/requests/{request.pk}/decline/", {"answer": "Not this year"})
    done = client.post(f"/meet/requests/{request.pk}/decline/", {"reason": "no_time", "answer": "Sorry"})

    assert (refused.status_code, done.status_code) == (422, 302)
    assert "Not this year" in refused.content.decode()
    assert MeetingRequest.objects.get().status == "declined"


def test_booking_a_free_slot_through_the_page(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    client = _client(world.ana.user)
    url = f"/meet/requests/{request.pk}/book/"

    assert client.get(url).content.decode().count('name="slot"') == 4
    assert client.post(url, {"slot": "nonsense"}).status_code == 404
    assert client.post(url, {"slot": str(world.slots[1].pk)}).status_code == 302
    assert Meeting.objects.get().slot == world.slots[1]
    assert client.post(url, {"slot": str(world.slots[2].pk)}).status_code == 409


def test_moving_by_hand_shows_why_not_and_moves(world: World) -> None:
    meeting = _meeting(world)
    other = make_request(world.event, requester=world.ana)
    actions.book_meeting(request=other, slot=world.slots[1], by=world.organiser)
    client = _client(world.organiser)
    url = f"/meet/meetings/{meeting.pk}/move/"

    page = client.get(url).content.decode()
    taken = client.post(url, {"slot": str(world.slots[1].pk)})
    moved = client.post(url, {"slot": str(world.slots[2].pk), "table": str(world.tables[1].pk)})

    assert f"{world.ana.user.name} has another meeting at that time." in page
    assert (taken.status_code, moved.status_code) == (409, 302)
    meeting.refresh_from_db()
    assert (meeting.slot, meeting.table) == (world.slots[2], world.tables[1])


def test_what_stands_in_the_way_of_every_slot_is_said_once_on_top(world: World) -> None:
    Participant.objects.filter(pk=world.ana.pk).update(languages=["pl"])
    Participant.objects.filter(pk=world.bo.pk).update(languages=["th"])
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    url = f"/meet/requests/{request.pk}/place/"
    client = _client(world.organiser)

    without = client.get(url).content.decode()
    Interpreter.objects.create(event=world.event, name="Ines", languages=["pl", "th"])
    with_one = client.get(url).content.decode()

    assert "No slot fits" in without
    assert f'href="/meet/{world.event.pk}/set-up/"' in without[without.index("No slot fits") :]
    assert "Book here" not in without
    assert "No slot fits" not in with_one
    assert "Book here" in with_one


def test_the_most_meetings_of_a_person_hold_by_hand_too(world: World) -> None:
    Participant.objects.filter(pk=world.ana.pk).update(max_meetings=1)
    _meeting(world)

    page = _client(world.ana.user).get("/meet/day/")

    assert page.status_code == 200


def test_from_planning_to_publishing_on_pages_alone(world: World) -> None:
    client = _client(world.organiser)
    start = timezone.now() + timedelta(days=30)
    day = start.date().isoformat()
    made = client.post(
        "/meet/new/",
        {
            "title": "Silk days",
            "language": "en",
            "host": str(world.event.hosts.get().pk),
            "kind": "matchmaking",
            "mode": "on_site",
            "time_zone": "Asia/Shanghai",
            "starts_at": f"{day}T08:00",
            "ends_at": f"{day}T18:00",
            "answer_days": "5",
            "languages": ["en", "zh"],
            "self_booking": "on",
            "is_public": "on",
        },
    )
    assert made.status_code == 302, made.content.decode()[:3000]
    url = made["Location"].removesuffix("set-up/")
    hours = {"days": [day], "begin": "09:00", "end": "12:00", "minutes": "20", "gap_min": "0"}
    assert client.post(f"{url}set-up/", {"part": "slots", **hours}).status_code == 302
    assert client.post(f"{url}set-up/", {"part": "slots", **hours}).status_code == 409
    assert client.post(f"{url}set-up/", {"part": "tables", "count": "3"}).status_code == 302
    helper = {"part": "interpreter", "name": "Ines", "languages": ["en", "zh"]}
    assert client.post(f"{url}set-up/", helper).status_code == 302
    for verb in ("announce", "open_registration"):
        assert client.post(f"{url}do/{verb}/").status_code == 302
    from serai.events.models import Event, ScheduleRun

    event = Event.objects.get(texts__title="Silk days")
    assert (event.slots.count(), event.tables.count(), event.interpreters.count()) == (9, 3, 1)
    assert event.slots.order_by("during")[0].during.lower.hour == 1
    make_request(event)
    assert client.post(f"{url}schedule/", {"seed": "5", "keep": "on"}).status_code == 302
    run = ScheduleRun.objects.get(event=event)
    assert client.get(f"/meet/runs/{run.pk}/").status_code == 200
    actions.run_schedule(run=run)
    desk = client.get(f"{url}desk/").content.decode()
    assert "Publish and tell everybody" in desk
    assert client.post(f"/meet/runs/{run.pk}/publish/").status_code == 302
    assert Meeting.objects.filter(event=event).count() == 1


def test_a_run_under_way_tells_how_far_it_is(client: Client, world: World) -> None:
    client.force_login(world.organiser)
    make_request(world.event, requester=world.ana, invitee=world.bo)
    run = actions.start_schedule(event=world.event, by=world.organiser)
    run.status = "running"
    run.progress = [planning.progress_data(Progress(1.2, "placing", 5, 8, 2, 0))]
    run.save()

    page = client.get(f"/meet/runs/{run.pk}/")

    assert page.status_code == 200
    assert "5 of at most 8, 2 breaks" in page.content.decode()


def test_the_hand_that_drags_hears_where_it_fits_and_why_not(world: World) -> None:
    meeting = _meeting(world)
    world.ana.absent_slots.set([world.slots[1]])
    url, asked = f"/meet/meetings/{meeting.pk}/move/", {"accept": "application/json"}

    slots = _client(world.organiser).get(url, headers=asked).json()["slots"]

    assert slots[str(meeting.slot_id)]["reasons"] == []
    assert str(meeting.table_id) in slots[str(meeting.slot_id)]["tables"]
    assert "is away" in " ".join(slots[str(world.slots[1].pk)]["reasons"])
    assert _client(world.ana.user).get(url, headers=asked).status_code == 404


def test_decisions_and_check_in_swap_one_row(world: World) -> None:
    new = make_participant(world.event, status="submitted")
    client = _client(world.organiser)
    do = f"/meet/participants/{new.pk}/do/"

    confirmed = client.post(f"{do}confirm/", headers={"hx-request": "true"})
    here = client.post(f"{do}check_in/", headers={"hx-request": "true"})

    new.refresh_from_db()
    assert (confirmed.status_code, here.status_code, new.status) == (200, 200, "checked_in")
    assert _client(world.ana.user).post(f"{do}undo/").status_code == 404
    assert client.post(f"{do}explode/").status_code == 404


def test_a_check_in_brings_the_number_of_those_here_along(world: World) -> None:
    client = _client(world.organiser)
    url = f"/meet/participants/{world.ana.pk}/do/"

    here = client.post(f"{url}check_in/", headers={"hx-request": "true"}).content.decode()
    gone = client.post(f"{url}undo/", headers={"hx-request": "true"}).content.decode()

    for answer, number in ((here, "1"), (gone, "0")):
        assert answer.startswith(f'<tr id="p-{world.ana.pk}">')
        assert 'id="here" hx-swap-oob="true"' in answer
        assert f'class="value">{number} <span class="unit">of 2<' in answer
    assert "hx-swap-oob" not in client.get(f"/meet/{world.event.pk}/check-in/").content.decode()


def test_registrations_are_found_by_name_and_downloaded_as_they_are_shown(world: World) -> None:
    url = f"/meet/{world.event.pk}/registrations/"
    client, name = _client(world.organiser), world.ana.user.name

    page = client.get(f"{url}?q={name}").content.decode()
    table = b"".join(client.get(f"{url}?q={name}&format=csv").streaming_content).decode()  # type: ignore[attr-defined]

    assert (name in page, world.bo.user.name in page) == (True, False)
    head, *rows = table.lstrip("\ufeff").splitlines()
    assert head == "id,name,organisation,country,languages,online,listing,status,registered_at,checked_in_at"
    assert [row.split(",")[:2] for row in rows] == [[str(world.ana.pk), name]]
    assert "@" not in table
    assert _client(world.ana.user).get(f"{url}?format=csv").status_code == 404


def test_the_desk_has_one_way_to_compute(world: World) -> None:
    page = _client(world.organiser).get(f"/meet/{world.event.pk}/desk/").content.decode()

    form = page[page.index('class="compute"') :]
    form = form[: form.index("</form>")]
    assert page.count("Compute") == form.count("Compute") == form.count("<button") == 1


def test_the_desk_opens_on_what_is_asked_often_and_keeps_the_seed_under_more(world: World) -> None:
    page = _client(world.organiser).get(f"/meet/{world.event.pk}/desk/").content.decode()

    more = page[page.index("<summary>More</summary>") :]
    assert page.index('name="keep"') < page.index("<summary>More</summary>")
    assert 'name="seed"' in more[: more.index("</details>")]


def test_the_desk_reads_each_person_once_and_no_text_of_a_listing(world: World) -> None:
    _more_meetings(world)
    url = f"/meet/{world.event.pk}/desk/"

    with CaptureQueriesContext(connection) as caught:
        assert _client(world.organiser).get(url).status_code == 200
    shown = queries.on_desk(world.event)

    assert not any("listingteaser" in query["sql"] for query in caught)
    assert len({id(m.request.requester) for m in shown}) == 1


def test_names_in_the_schedule_are_text(world: World) -> None:
    meeting = _meeting(world)
    User.objects.filter(pk=world.ana.user_id).update(name="<b>Ana</b>")

    page = _client(world.organiser).get(f"/meet/{world.event.pk}/desk/").content.decode()

    assert "<b>Ana</b>" not in page
    assert f'draggable="true" data-move="/meet/meetings/{meeting.pk}/move/"' in page
    assert "&lt;b&gt;Ana&lt;/b&gt;</bdi>" in page


def test_the_day_leads_to_each_meeting_its_room_and_the_calendar(world: World) -> None:
    meeting = _meeting(world)
    other = make_request(world.event, requester=world.ana)
    later = actions.book_meeting(
        request=other, slot=world.slots[1], table=world.tables[1], by=world.organiser
    )
    Table.objects.filter(pk=meeting.table_id).update(link="https://rooms.example/1")

    page = _client(world.ana.user).get("/meet/day/").content.decode()
    bo = _client(world.bo.user).get("/meet/day/").content.decode()

    assert f'<a class="hours" href="/meet/meetings/{later.pk}/">' in page
    assert page.count('href="https://rooms.example/1"') == 3  # where, the button to join, the line of the day
    assert f"/meet/{world.event.pk}/registration/#calendar" in page
    assert f"/meet/meetings/{later.pk}/" not in bo


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "Warsaw"),
        ("Asia/Tokyo", "Warsaw · 15:00 on your clock"),
        ("Europe/Paris", "Warsaw"),
    ],
)
def test_the_day_names_the_clock_and_the_readers_own_where_it_differs(
    world: World, zone: str, shown: str
) -> None:
    _meeting(world)
    User.objects.filter(pk=world.ana.user_id).update(time_zone=zone)

    page = _client(world.ana.user).get("/meet/day/").content.decode()

    assert re.findall(r"<small>(.*?)</small>", page) == [shown]


def test_a_persons_page_says_when_and_where_one_meets_them(world: World) -> None:
    meeting = _meeting(world)

    page = _client(world.ana.user).get(f"/meet/participants/{world.bo.pk}/").content.decode()

    at = event_time(world.event, meeting.slot.during.lower)
    assert f'<a href="/meet/meetings/{meeting.pk}/">{at}, Table {meeting.table.name}</a>' in page


def test_a_meeting_asks_for_what_fits_its_time(world: World) -> None:
    meeting = _meeting(world)
    url = f"/meet/meetings/{meeting.pk}/"

    before = _client(world.ana.user).get(url).content.decode()
    organiser = _client(world.organiser).get(url).content.decode()
    outcome = _outcome(meeting, world.ana)
    after = _client(world.ana.user).get(url).content.decode()

    assert f'href="{url}calendar.ics"' in before
    assert f'href="{url}calendar.ics"' not in organiser  # the file is for those who attend
    assert after.count(f"/meet/outcomes/{outcome.pk}/") == 2


@pytest.mark.parametrize(
    ("days", "step"),
    [(-9, "/meet/outcomes/"), (0, "/meet/day/?event={event}"), (9, "/meet/{event}/participants/")],
)
def test_an_event_leads_its_participants_to_what_fits_the_day(world: World, days: int, step: str) -> None:
    now = timezone.now()
    times = {"starts_at": now + timedelta(days=days), "ends_at": now + timedelta(days=days, hours=8)}
    Event.objects.filter(pk=world.event.pk).update(**times)

    page = _client(world.ana.user).get(f"/meet/{world.event.pk}/").content.decode()

    head = page[page.index('<header class="head">') : page.index("</header>", page.index('class="head"'))]
    assert f'href="{step.format(event=world.event.pk)}"' in head


def test_those_chosen_are_confirmed_together(world: World) -> None:
    new = [make_participant(world.event, status="submitted") for _ in range(3)]
    elsewhere = make_participant(make_event(), status="submitted")
    url = f"/meet/{world.event.pk}/registrations/"
    chosen = {"chosen": [str(new[0].pk), str(new[2].pk), str(elsewhere.pk), "nobody"]}

    answer = _client(world.organiser).post(url, chosen)

    assert answer.status_code == 302
    for person in (*new, elsewhere):
        person.refresh_from_db()
    assert [p.status for p in (*new, elsewhere)] == ["confirmed", "submitted", "confirmed", "submitted"]
    assert _client(world.ana.user).post(url, chosen).status_code == 404


def test_telling_what_came_of_a_meeting(world: World) -> None:
    outcome = _outcome(_meeting(world), world.ana)
    url = f"/meet/outcomes/{outcome.pk}/"

    assert _client(world.bo.user).get(url).status_code == 404
    assert _client(world.ana.user).get(url).status_code == 200
    answer = _client(world.ana.user).post(url, {"kind": "negotiate", "rating": "4", "note": "Good"})

    outcome.refresh_from_db()
    assert (answer.status_code, outcome.kind, outcome.rating) == (302, "negotiate", 4)


# --- the personal calendar --------------------------------------------------------------------------------
def test_the_feed_opens_by_its_secret_alone_and_can_be_ended(world: World) -> None:
    meeting = _meeting(world)
    client = _client(world.ana.user)
    page = client.post(f"/meet/registrations/{world.ana.pk}/calendar/").content.decode()
    path = "/meet/calendar/" + page.split("/meet/calendar/")[1].split(".ics")[0] + ".ics"

    feed = Client().get(path)

    assert feed.status_code == 200
    assert f"UID:{meeting.pk}@".encode() in feed.content.replace(b"\r\n ", b"")
    world.ana.refresh_from_db()
    assert world.ana.feed_hash not in path
    nowhere = "/meet/calendar/wrong.ics"
    wrong = Client().get(nowhere)
    client.post(f"/meet/registrations/{world.ana.pk}/calendar/end/")
    ended = Client().get(path)
    assert (ended.status_code, wrong.status_code) == (404, 404)
    assert _said(ended, path) == _said(wrong, nowhere)


def test_a_cancelled_meeting_is_cancelled_in_the_feed(world: World) -> None:
    meeting = _meeting(world)
    token = actions.create_feed(participant=world.ana, by=world.ana.user)
    actions.cancel_meeting(meeting=meeting, by=world.organiser)

    feed = Client().get(f"/meet/calendar/{token}.ics").content

    assert b"STATUS:CANCELLED" in feed
    assert b"SEQUENCE:1" in feed


@pytest.mark.parametrize("language", ["zh-hans", "ar"])
def test_pages_hold_in_other_languages(world: World, language: str) -> None:
    _meeting(world)
    client = _client(world.organiser)
    client.cookies["serai_language"] = language

    for path in ("/meet/", f"/meet/{world.event.pk}/", f"/meet/{world.event.pk}/desk/", "/meet/day/"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "query", ["q=%00", "place=%00", "language=%00", "page=x", "kind=party", "day=x", "status=x"]
)
@pytest.mark.parametrize(
    "path", ["/meet/", "/meet/{event}/participants/", "/meet/{event}/check-in/", "/meet/day/"]
)
def test_odd_addresses_still_open(world: World, path: str, query: str) -> None:
    answer = _client(world.organiser).get(f"{path.format(event=world.event.pk)}?{query}")

    assert answer.status_code == 200


def test_the_schedule_comes_before_the_start(client: Client, world: World) -> None:
    client.force_login(world.organiser)
    Event.objects.filter(pk=world.event.pk).update(
        status="closed",
        starts_at=timezone.now() + timedelta(days=30),
        ends_at=timezone.now() + timedelta(days=31),
    )

    page = client.get(f"/meet/{world.event.pk}/").content.decode()

    first = page[page.index("btn-primary") :].split("</a>", 1)[0]
    assert "Schedule desk" in first
    assert f"/meet/{world.event.pk}/do/start/" in page
