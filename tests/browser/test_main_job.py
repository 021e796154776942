"""The main job in Chromium: from a need written in Thai to a counted result and back along the chain.

Everybody works as people do: pages, forms, buttons. What the worker does in the background is called here by its
actions; the days that must pass are taken off the clock of the tests' data.
"""

import re
from dataclasses import replace
from datetime import UTC, timedelta
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
from serai.events.models import Event, Meeting, ScheduleRun, Slot
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
    """A visitor who fills in forms; raises when a form comes back with something to mend."""

    def reads(self, path: str) -> str:
        answer = self.go(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.sees()

    def sees(self) -> str:
        return str(self.page.inner_text("body"))

    def fills(self, **values: str | list[str] | bool) -> None:
        """Fields by name; a list ticks exactly these boxes."""
        for name, value in values.items():
            for fold in self.page.locator(f'details.fold:not([open]):has([name="{name}"]) > summary').all():
                fold.click()
            field = self.page.locator(f'main [name="{name}"]:visible')
            kind = field.first.evaluate("field => field.type")
            if isinstance(value, list):
                for box in field.all():
                    box.set_checked(box.get_attribute("value") in value)
            elif kind == "radio":
                self.page.check(f'main [name="{name}"][value="{value}"]')
            elif kind == "checkbox":
                field.first.set_checked(bool(value))
            elif kind.startswith("select"):
                field.first.select_option(value)
            else:
                field.first.fill(value)

    def presses(self, label: str = "") -> str:
        """A button or link by its words, without them the one next step of the page; the id of where it led."""
        main = self.page.locator("main")
        button, link = (main.get_by_role(role, name=label, exact=True) for role in ("button", "link"))
        step = button.or_(link) if label else main.locator(".head .next .btn-primary")
        if not label and step.first.evaluate("step => step.tagName") == "SUMMARY":  # it asks first
            step.first.click()
            step = main.locator(".head .next .confirm .pop-body button[type=submit]")
        with self.page.expect_navigation():
            step.first.click()
        wrong = self.page.locator(".errors")
        assert wrong.count() == 0, f"{label}: {wrong.first.inner_text()}"
        found = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", self.page.url)
        return str(found[0]) if found else ""

    def presses_in_place(self, label: str, then: str) -> None:
        """A button whose answer is swapped into the page."""
        self.page.get_by_role("button", name=label).first.click()
        self.page.get_by_text(then).first.wait_for()


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
    thailand, poland = f.make_place("TH", names={"en": "Thailand"}), f.make_place("PL")
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

    request = publish(asks, steward, "request", "th", THAI)
    offer = publish(offers, steward, "offer", "pl", POLISH)
    worker()

    anyone.go("/")
    anyone.fills(q="oczyszczanie ISO 9001")
    anyone.presses("Search")
    assert THAI in anyone.sees()
    asks.reads(f"/exchange/{request}/")
    asks.presses("Matches")
    asks.presses(POLISH)
    assert "9001" in asks.page.inner_text(".match-under")

    offers.reads(f"/exchange/{request}/")
    offers.presses("Express interest")
    offers.fills(
        cooperation_sought="A pilot plant of forty cubic metres a day.",
        about_us="We build membranes for harbours and food makers.",
        own_listing=offer,
        language="en",
    )
    interest = offers.presses("Send")
    assert "Answer an interest" in asks.reads("/today/")
    assert "pilot plant" in asks.reads(f"/exchange/interests/{interest}/")
    anyone.go(f"/exchange/interests/{interest}/")
    assert "/accounts/login/" in anyone.page.url
    asks.fills(answer="Welcome.")
    asks.presses("Accept")

    meeting = meet(asks, offers, organiser, request)
    look_at_the_day(asks, meeting)
    finished(meeting, asks)
    cooperate(asks, offers, steward, interest)
    worker()

    anyone.reads("/observe/")
    anyone.page.locator(".figure", has_text="Cooperation results").get_by_role("link", name="record").click()
    anyone.presses("A filter in service")
    anyone.page.locator(".chain").get_by_role("link", name=THAI).click()
    assert anyone.page.url.endswith(f"/exchange/{request}/")
    for visitor in (asks, offers, steward, anyone, organiser):
        assert [text for text in visitor.complaints if "/favicon.ico" not in text] == []
        visitor.leave()


def publish(author: Person, steward: Person, direction: str, language: str, title: str) -> str:
    """The seven steps of a listing, and the steward's review."""
    author.go("/exchange/new/")
    author.fills(direction=direction, kind="technology", language=language)
    pk = author.presses("Begin")
    steps: list[dict[str, Any]] = [
        {"title": title, "summary": f"{title}. " * 6},
        {"description": f"{title}. " * 12},
        {"sectors": ["E"]},
        {"partnerships": ["pilot"]},
        {"name": "Desk", "email": "desk@example.org"},
    ]
    for values in steps:
        author.fills(**values)
        author.presses("Save and go on")
    author.presses("Send to review")
    steward.go("/exchange/reviews/")
    steward.presses(title)
    steward.fills(advantages="4", clarity="4", expectations="4", language_quality="4")
    steward.presses("Decide")
    return pk


def meet(asks: Person, offers: Person, organiser: Person, request: str) -> Meeting:
    """An event from its plan to the published schedule."""
    day = f"{timezone.now() + timedelta(days=9):%Y-%m-%d}"
    organiser.go("/meet/new/")
    organiser.fills(
        title="Days of Water",
        language="en",
        kind="matchmaking",
        time_zone="Europe/Warsaw",
        starts_at=f"{day}T09:00",
        ends_at=f"{day}T18:00",
        languages=["en"],
    )
    event = organiser.presses("Plan it")
    organiser.fills(begin="10:00", end="12:00", minutes="20")
    organiser.presses("Add slots")
    organiser.fills(count="2")
    organiser.presses("Add tables")
    organiser.go(f"/meet/{event}/")
    organiser.presses("Announce")
    organiser.presses("Open registration")
    for visitor, language in ((asks, "th"), (offers, "pl")):
        visitor.go("/meet/")
        visitor.page.locator(
            "#results .row-title a", has_text="Days of Water"
        ).click()  # its name says when too
        visitor.presses("Register")
        visitor.fills(languages=[], other_language=language, consent_listed=True)
        visitor.presses("Register")
    organiser.go(f"/meet/{event}/registrations/")
    for number in (1, 2):
        organiser.page.get_by_role("button", name="Confirm ").first.click()
        organiser.page.wait_for_function(CONFIRMED, arg=number)
    organiser.go(f"/meet/{event}/set-up/")
    organiser.page.get_by_text("Add an interpreter").click()
    organiser.fills(name="Ines Thai-Polish", languages=["th", "pl"])
    organiser.presses("Add")

    asks.go(f"/meet/{event}/participants/")
    asks.page.locator("#results .row-item", has_text="Gdansk Membranes").locator(".row-title a").click()
    asks.fills(strength="must", listing=request, message="About the pilot plant.")
    asks.presses("Ask for a meeting")
    offers.go("/meet/requests/")
    offers.presses_in_place("Yes, I want to", then="Both agreed")
    organiser.go(f"/meet/{event}/")
    organiser.presses("Close registration")
    organiser.go(f"/meet/{event}/desk/")
    organiser.presses("Compute the schedule")
    events.run_schedule(run=ScheduleRun.objects.get(event_id=event))
    organiser.go(f"/meet/{event}/desk/")
    organiser.presses("Publish and tell everybody")
    return Meeting.objects.get(event_id=event)


CONFIRMED = "number => document.querySelectorAll('#results .pill.tone-lapis').length >= number"


def look_at_the_day(visitor: Person, meeting: Meeting) -> None:
    """Slot, table, interpreter, both clocks, and a file that a foreign calendar reads."""
    day = visitor.reads("/meet/day/")
    assert "10:00–10:20" in day
    assert "16:00 on your clock" in day or "15:00 on your clock" in day  # winter or summer in Warsaw
    for known in ("Gdansk Membranes", "Ines Thai-Polish", f"Table {meeting.table.name}"):
        assert known in day
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Add to calendar").click()
    parsed = icalendar.Calendar.from_ical(Path(download.value.path()).read_bytes())
    (entry,) = parsed.walk("VEVENT")
    assert entry.decoded("dtstart").astimezone(UTC) == meeting.slot.during.lower


def finished(meeting: Meeting, visitor: Person) -> None:
    """The day of the meeting passes: the clock of the tests' data is set back by twenty days."""
    back = timedelta(days=20)
    event = meeting.event
    Event.objects.filter(pk=event.pk).update(starts_at=event.starts_at - back, ends_at=event.ends_at - back)
    for slot in Slot.objects.filter(event=event).order_by("during"):
        Slot.objects.filter(pk=slot.pk).update(during=(slot.during.lower - back, slot.during.upper - back))
    events.ask_for_outcomes(now=timezone.now())
    visitor.go("/meet/outcomes/")
    visitor.page.locator(".row-title a").first.click()
    visitor.fills(kind="negotiate", rating="5")
    visitor.presses("Save")


def cooperate(asks: Person, offers: Person, steward: Person, interest: str) -> None:
    """Case, agreement, project, result: each page has one next step, and that is taken."""
    asks.go(f"/exchange/interests/{interest}/")
    asks.presses("Open a case")
    case = asks.presses("Open the case")
    asks.presses()  # into negotiation, which asks what happens next
    asks.fills(next_step="Draft the agreement", due_on=f"{timezone.now() + timedelta(days=9):%Y-%m-%d}")
    asks.presses("Save")
    asks.presses()
    asks.fills(kind="cooperation", tier="public", title="Agreement on a pilot plant", language="en")
    agreement = asks.presses("Save the draft")
    asks.presses()
    asks.fills(language="en", body="Article 1. The pilot plant stands in Bangkok.")
    asks.presses("Save the wording")
    asks.presses("Into negotiation")
    for party in (offers, asks):
        party.go(f"/build/agreements/{agreement}/")
        party.presses()
    asks.presses("Approve for signature")
    for signer in (asks, offers):
        signer.go(f"/build/agreements/{agreement}/")
        signer.presses()
        signer.fills(signatory="Head of the house")
        signer.presses("Record the signature")
    asks.go(f"/build/agreements/{agreement}/")
    asks.presses()
    asks.presses("Record")
    worker()
    asks.go(f"/build/cases/{case}/")
    asks.presses("Begin the project")
    asks.fills(title="Pilot plant", language="en", tier="public")
    asks.presses("Begin")
    asks.presses()
    asks.page.locator("main [name=place]").select_option(label="Thailand")
    asks.presses("Record the landing")
    asks.presses("Report a result")
    asks.fills(
        kind="pilot",
        title="A filter in service",
        language="en",
        evidence_url="https://example.org/evidence",
    )
    result = asks.presses("Report")
    steward.go(f"/build/results/{result}/")
    steward.presses()
