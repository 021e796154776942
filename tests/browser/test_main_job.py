"""The main job in Chromium: from a need written in Thai to a counted result and back along the chain.

People write through the programming interface with the session and the CSRF token of their own browser window,
and read on the pages. What the worker does in the background is called here by its actions.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from serai.accounts.models import Membership
from serai.core import audit
from serai.engines import matching as m
from serai.events import actions as events
from serai.events.models import Event, Meeting, Slot
from serai.exchange import encoding, finding
from serai.exchange.actions import indexing, matching
from serai.exchange.index import build, reader
from tests import factories as f
from tests.browser.conftest import Visitor
from tests.exchange.conftest import WordEncoder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

THAI = "ต้องการระบบกรองน้ำเสียด้วยเมมเบรน ISO 9001"
POLISH = "Membranowe oczyszczanie ścieków ISO 9001"


class Person(Visitor):
    """A visitor who also writes; raises when the answer is not the one expected."""

    def write(self, path: str, body: dict[str, Any], *, method: str = "POST") -> Any:
        token = next((c["value"] for c in self.window.cookies() if c["name"] == "csrftoken"), "")
        answer = self.window.request.fetch(
            f"{self.address}/api/v1{path}", method=method, data=body, headers={"X-CSRFToken": token}
        )
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json()

    def reads(self, path: str) -> str:
        answer = self.go(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return str(self.page.inner_text("body"))


@pytest.fixture
def _words_as_meaning(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """Encoders that know words only: what is tested is the way, not the quality of the models."""
    fake = m.Matcher({"e5": WordEncoder("e5", m.e5_info()), "use": WordEncoder("use", m.use_info())})
    monkeypatch.setattr(encoding, "matcher", lambda: fake)
    monkeypatch.setattr(encoding, "patient", lambda: fake)
    settings.CONFIG = replace(settings.CONFIG, home=tmp_path)
    reader._open.clear()
    finding.encoded.cache_clear()


def worker() -> None:
    """What the worker does between two clicks: words, vectors, index, matches, followers."""
    indexing.encode_pending()
    build.refresh(rebuild=True)
    matching.match_pending()
    audit.process_followers()


@pytest.mark.usefixtures("_words_as_meaning")
def test_from_a_need_to_a_counted_result_and_back(chromium: Any, live_server: LiveServer) -> None:
    thailand, poland = f.make_place("TH"), f.make_place("PL")
    bangkok = f.make_organisation(name="Bangkok Water Works", country=thailand)
    gdansk = f.make_organisation(name="Gdansk Membranes", country=poland)
    host = f.make_organisation(name="Host of Meetings")

    def person(user: Any) -> Person:
        visitor = Person(chromium, live_server.url, user, width=1280)
        visitor.go("/today/" if user else "/")
        return visitor

    asks = person(f.make_member(bangkok, time_zone="Asia/Bangkok"))
    offers = person(f.make_member(gdansk, time_zone="Europe/Warsaw"))
    steward, anyone = person(f.make_steward()), person(None)
    organiser = person(f.make_member(host, role=Membership.Role.EVENT_ORGANISER))

    request = publish(asks, steward, bangkok.pk, "request", "th", THAI)
    offer = publish(offers, steward, gdansk.pk, "offer", "pl", POLISH)
    worker()

    assert THAI in anyone.reads("/find/?q=oczyszczanie ISO 9001")
    matches = asks.reads(f"/exchange/{request}/matches/")
    assert POLISH in matches
    assert "9001" in asks.reads(f"/exchange/{request}/matches/{offer}/")

    interest = offers.write(
        "/interests",
        {
            "listing": request,
            "organisation": str(gdansk.pk),
            "language": "en",
            "cooperation_sought": "A pilot plant of forty cubic metres a day.",
            "about_us": "We build membranes for harbours and food makers.",
            "own_listing": offer,
        },
    )["id"]
    assert "pilot plant" in asks.reads(f"/exchange/interests/{interest}/")
    assert anyone.window.request.get(f"{live_server.url}/api/v1/interests/{interest}").status == 401
    asks.write(f"/interests/{interest}/accept", {"answer": "Welcome."})

    meeting = meet(asks, offers, organiser, (bangkok.pk, gdansk.pk, host.pk), request)
    look_at_the_day(asks, meeting)
    finished(meeting, asks)
    cooperate(asks, offers, steward, interest, (bangkok.pk, gdansk.pk))
    worker()

    records = anyone.reads("/observe/results/records/")
    assert "A filter in service" in records
    anyone.page.get_by_role("link", name="A filter in service").first.click()
    assert THAI in anyone.page.inner_text("body")
    for visitor in (asks, offers, steward, anyone, organiser):
        assert [text for text in visitor.complaints if "/favicon.ico" not in text] == []
        visitor.leave()


def publish(
    author: Person, steward: Person, organisation: Any, direction: str, language: str, title: str
) -> str:
    body = {
        "organisation": str(organisation),
        "direction": direction,
        "kind": "technology",
        "language": language,
    }
    pk = str(author.write("/listings", body)["id"])
    texts = {"title": title, "summary": f"{title}. " * 6}
    author.write(f"/listings/{pk}/texts/{language}", texts, method="PUT")
    author.write(f"/listings/{pk}", {"partnerships": ["pilot"], "sectors": ["E"]}, method="PATCH")
    author.write(f"/listings/{pk}/details/{language}", {"description": f"{title}. " * 12}, method="PUT")
    contact = {"name": "Desk", "email": "desk@example.org"}
    author.write(f"/listings/{pk}/contact", contact, method="PUT")
    author.write(f"/listings/{pk}/submit", {})
    assert title in steward.reads("/exchange/reviews/")
    scores = dict.fromkeys(("advantages", "clarity", "expectations", "language_quality"), 4)
    assert steward.write(f"/listings/{pk}/review", scores)["status"] == "published"
    return pk


def meet(
    asks: Person, offers: Person, organiser: Person, houses: tuple[Any, Any, Any], request: str
) -> Meeting:
    bangkok, gdansk, host = map(str, houses)
    start = timezone.now().replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=9)
    event = organiser.write(
        "/events",
        {
            "kind": "matchmaking",
            "title": "Days of Water",
            "language": "en",
            "hosts": [host],
            "time_zone": "Europe/Warsaw",
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(hours=9)).isoformat(),
            "languages": ["en"],
        },
    )["id"]
    day = start.date().isoformat()
    organiser.write(
        f"/events/{event}/slots", {"days": [day], "begin": "10:00", "end": "12:00", "minutes": 20}
    )
    organiser.write(f"/events/{event}/tables", {"count": 2})
    organiser.write(f"/events/{event}/interpreters", {"name": "Ines Thai-Polish", "languages": ["th", "pl"]})
    organiser.write(f"/events/{event}/do/announce", {})
    organiser.write(f"/events/{event}/do/open_registration", {})
    people = []
    for visitor, house, language in ((asks, bangkok, "th"), (offers, gdansk, "pl")):
        entry = {"event": event, "organisation": house, "languages": [language], "consent_listed": True}
        people.append(visitor.write("/participants", entry)["id"])
        organiser.write(f"/participants/{people[-1]}/do/confirm", {})
    wish = {"requester": people[0], "invitee": people[1], "strength": "must", "listing": request}
    wanted = asks.write("/meeting-requests", wish)["id"]
    offers.write(f"/meeting-requests/{wanted}/accept", {"strength": "want"})
    organiser.write(f"/events/{event}/do/close_registration", {})
    run = events.start_schedule(
        event=Event.objects.get(pk=event), by=Event.objects.get(pk=event).owner, seed=1, in_background=False
    )
    events.run_schedule(run=run)
    assert organiser.go(f"/meet/runs/{run.pk}/").status == 200
    organiser.write(f"/events/runs/{run.pk}/publish", {})
    return Meeting.objects.get(event_id=event)


def look_at_the_day(visitor: Person, meeting: Meeting) -> None:
    starts: datetime = meeting.slot.during.lower
    day = visitor.reads("/meet/day/")
    assert "Gdansk Membranes" in day
    assert "Ines Thai-Polish" in day
    assert meeting.table.name in day
    calendar = visitor.window.request.get(f"{visitor.address}/meet/meetings/{meeting.pk}/calendar.ics")
    parsed = icalendar.Calendar.from_ical(calendar.body())
    (entry,) = parsed.walk("VEVENT")
    assert entry.decoded("dtstart").astimezone(UTC) == starts


def finished(meeting: Meeting, visitor: Person) -> None:
    """The day of the meeting passes: the clock of the tests' data is set back by twenty days."""
    back = timedelta(days=20)
    event = meeting.event
    Event.objects.filter(pk=event.pk).update(starts_at=event.starts_at - back, ends_at=event.ends_at - back)
    for slot in Slot.objects.filter(event=event).order_by("during"):
        Slot.objects.filter(pk=slot.pk).update(during=(slot.during.lower - back, slot.during.upper - back))
    events.ask_for_outcomes(now=timezone.now())
    asked = visitor.window.request.get(f"{visitor.address}/api/v1/meetings/outcomes").json()["items"]
    visitor.write(f"/meetings/outcomes/{asked[0]['id']}", {"kind": "negotiate", "rating": 5})


def cooperate(asks: Person, offers: Person, steward: Person, interest: str, houses: tuple[Any, Any]) -> None:
    today = timezone.localdate().isoformat()
    case = asks.write("/cases", {"interest": interest, "title": "Water for Bangkok", "next_step": "Draft"})[
        "id"
    ]
    texts = [{"language": "en", "title": "Agreement on a pilot plant", "is_authentic": True}]
    agreement = asks.write(
        f"/cases/{case}/agreement", {"kind": "cooperation", "tier": "public", "texts": texts}
    )
    for to in ("under_review", "negotiation", "approved"):
        agreement = asks.write(f"/agreements/{agreement['id']}/move", {"to": to})
    for party in agreement["parties"]:
        signer = asks if str(party["organisation"]).find(str(houses[0])) >= 0 else offers
        signer.write(f"/agreements/{agreement['id']}/parties/{party['id']}/signature", {"signed_on": today})
    asks.write(f"/agreements/{agreement['id']}/in-force", {"on": today})
    project = asks.write(
        "/projects",
        {
            "case": case,
            "agreement": agreement["id"],
            "tier": "public",
            "texts": [{"language": "en", "title": "Pilot plant"}],
            "parties": [{"organisation": str(house), "sector": "industry"} for house in houses],
        },
    )["id"]
    asks.write(f"/projects/{project}/move", {"to": "signed"})
    asks.write(f"/projects/{project}/land", {"on": today, "place": "TH"})
    result = asks.write(
        "/results",
        {
            "project": project,
            "kind": "pilot",
            "title": "A filter in service",
            "language": "en",
            "achieved_on": today,
            "evidence_url": "https://example.org/evidence",
        },
    )["id"]
    steward.write(f"/results/{result}/validate", {})
