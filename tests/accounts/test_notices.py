"""The notices of a person, and the page Today, for somebody with many."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.cooperation.models import Case
from serai.core import duties, today
from serai.directory.models import Organisation
from serai.exchange.models import Listing
from tests.factories import (
    in_days,
    make_case,
    make_listing,
    make_member,
    make_organisation,
    make_steward,
    make_user,
)

pytestmark = pytest.mark.django_db


class Inbox:
    def __init__(self) -> None:
        self.house = make_organisation()
        self.person: User = make_member(self.house)
        self.client = Client()
        self.client.force_login(self.person)

    def case(self, title: str = "A case") -> Case:
        return make_case(self.house, make_organisation(), title=title)

    def notice(self, case: Case, words: str, days_ago: int = 0, minute: int = 0) -> Notice:
        number = Notice.objects.count()
        made = Notice.objects.create(
            user=self.person,
            kind="exchange.interest_expired",
            object_kind="case",
            object_id=case.pk,
            values={"listing": words, "url": f"/build/cases/{case.pk}/"},
            key=f"notice {number}",
        )
        at = timezone.localtime().replace(hour=12, minute=minute, second=0) - timedelta(days=days_ago)
        Notice.objects.filter(pk=made.pk).update(created_at=at)
        return made

    def text(self, address: str) -> str:
        page = self.client.get(address).content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main")[1]).split())


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def news(day: int, about: str, text: str) -> today.News:
    at = datetime(2026, 3, day, 9, tzinfo=UTC)
    return today.News(at, text, "/", is_new=text == "new", about=about)


def test_news_of_one_day_about_one_record_are_one_story() -> None:
    found = [
        news(3, "case:1", "c"),
        news(3, "case:2", "d"),
        news(3, "case:1", "new"),
        news(2, "case:1", "a"),
        news(2, "", "x"),
        news(2, "", "y"),
    ]

    days = today.by_day(found)

    assert [(d.label, [(s.latest.text, [n.text for n in s.earlier]) for s in d.stories]) for d in days] == [
        ("Tue, 3 Mar 2026", [("c", ["new"]), ("d", [])]),
        ("Mon, 2 Mar 2026", [("a", []), ("x", []), ("y", [])]),
    ]
    assert [story.is_new for story in days[0].stories] == [True, False]


@pytest.mark.parametrize("address", ["/notices/", "/today/"])
def test_the_pages_say_the_day_once_and_fold_what_is_about_one_record(inbox: Inbox, address: str) -> None:
    first, second = inbox.case(), inbox.case()
    inbox.notice(first, "Pumps", 1)
    inbox.notice(first, "Pipes", minute=1)
    inbox.notice(second, "Valves", minute=2)
    inbox.notice(first, "Meters", minute=3)

    text = inbox.text(address)

    order = [text.index(word) for word in ("Meters", "1 earlier notice", "Pipes", "Valves", "Pumps")]
    assert order == sorted(order)
    assert text.count("Yesterday") == 1


def test_sixty_notices_take_few_lines_on_the_page_today(inbox: Inbox) -> None:
    for number in range(20):
        case = inbox.case()
        for _turn in range(3):
            inbox.notice(case, f"Matter {number}", number // 5)

    page = inbox.client.get("/today/").content.decode()

    assert page.split("What changed")[1].count('<li class="row-item">') == today.STORIES
    assert page.count("2 earlier notices") == today.STORIES
    assert inbox.client.get("/notices/").content.decode().count('<li class="row-item">') == 20


def test_a_notice_is_opened_by_a_link_and_puts_away_those_that_lead_to_the_same_page(inbox: Inbox) -> None:
    case, other = inbox.case(), inbox.case()
    inbox.notice(case, "Pumps")
    opened = inbox.notice(case, "Pipes")
    left = inbox.notice(other, "Valves")
    page = inbox.client.get("/today/").content.decode()
    assert f'href="/notices/{opened.pk}/open"' in page

    answer = inbox.client.get(f"/notices/{opened.pk}/open")

    assert (answer.status_code, answer["Location"]) == (302, f"/build/cases/{case.pk}/")
    assert list(Notice.objects.filter(read_at__isnull=True)) == [left]
    assert "Valves" in inbox.text("/notices/?new=1")
    assert "Pumps" not in inbox.text("/notices/?new=1")


def test_the_notices_of_others_are_not_opened(inbox: Inbox) -> None:
    notice = inbox.notice(inbox.case(), "Pumps")
    stranger = Client()
    stranger.force_login(make_steward())

    assert stranger.get(f"/notices/{notice.pk}/open").status_code == 404
    assert Notice.objects.filter(read_at__isnull=True).count() == 1


def case_due(inbox: Inbox, days: int, title: str, *partners: Organisation) -> None:
    case = make_case(inbox.house, *partners, title=title, owner=inbox.person, due_on=in_days(days))
    Case.objects.filter(pk=case.pk).update(next_step="Write to them")


def test_many_duties_are_folded_behind_those_in_sight(inbox: Inbox) -> None:
    for number in range(today.IN_SIGHT + 4):
        case_due(inbox, 3, f"Case {number:02}")

    text = inbox.text("/today/")

    assert text.index("First of all") < text.index("Case 00") < text.index("This week")
    assert text.index("3 more") < text.index("Case 08")


def test_the_most_urgent_duty_stands_first_with_whom_it_is_about_and_by_when(inbox: Inbox) -> None:
    case_due(inbox, 20, "Pumps", make_organisation(name="Wisła Park"))
    case_due(inbox, -2, "Pumps", make_organisation(name="Chao Phraya Labs"))
    case_due(inbox, 2, "Pumps", make_organisation(name="Delta Firm"))

    text = inbox.text("/today/")

    words = ("First of all", "Chao Phraya Labs", "This week", "Delta Firm", "Later", "Wisła Park")
    assert [text.count(word) for word in words] == [1] * len(words)
    assert [text.index(word) for word in words] == sorted(text.index(word) for word in words)


def test_so_many_duties_of_one_kind_are_one_row_that_leads_to_their_list(inbox: Inbox) -> None:
    for number in range(today.GATHERED_FROM):
        make_listing(organisation=inbox.house, title=f"Offer {number}", expires_on=in_days(30 - number))
    few = inbox.text("/today/")
    Listing.objects.update(expires_on=in_days(9))
    Listing.objects.filter(teasers__title="Offer 2").update(expires_on=in_days(3))

    page, text = inbox.client.get("/today/").content.decode(), inbox.text("/today/")

    assert "Renew or close" not in few
    assert f"Renew or close your listings ({today.GATHERED_FROM}) The first one: Offer 2" in text
    assert 'href="/exchange/mine/"' in page.split("First of all")[2].split("</section>")[0]
    assert "Offer 1" not in text


@pytest.mark.parametrize("number", [duties.MOST - 1, duties.MOST])
def test_a_count_that_is_cut_says_so(inbox: Inbox, number: int) -> None:
    many = duties.Many("All", "/all/")
    found = [duties.Duty("One", str(i), "/one/", None, "case", many=many) for i in range(number)]

    lines = list(today._lines(found, inbox.person))

    assert [(line.what, line.url, line.count) for line in lines] == [
        ("All", "/all/", "50+" if number == duties.MOST else str(number))
    ]


def test_a_title_the_reader_may_not_read_names_its_language(inbox: Inbox) -> None:
    case = make_case(inbox.house, title="Akustyczne", language="pl", owner=inbox.person, due_on=in_days(3))

    stranger_to_it = inbox.client.get("/today/").content.decode()
    User.objects.filter(pk=inbox.person.pk).update(reads=["pl"])
    reads_it = inbox.client.get("/today/").content.decode()

    assert case.title in stranger_to_it
    assert [page.split("What changed")[0].count("Polish") for page in (stranger_to_it, reads_it)] == [1, 0]
    assert all('<bdi lang="pl">Akustyczne</bdi>' in page for page in (stranger_to_it, reads_it))


def test_the_first_duty_of_somebody_new_is_to_join_their_organisation(inbox: Inbox) -> None:
    newcomer = Client()
    newcomer.force_login(make_user())

    new, member = (c.get("/today/").content.decode() for c in (newcomer, inbox.client))

    assert ("Join your organisation" in new, "Join your organisation" in member) == (True, False)
    assert 'href="/network/"' in newcomer.get("/settings/").content.decode().split("Your organisations")[1]
