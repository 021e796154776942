"""While an organisation is suspended, its listings are shown to its own side and to stewards only."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from serai.accounts.models import User
from serai.core import kinds
from serai.core.errors import Conflict
from serai.core.viewer import ANYONE
from serai.directory import actions as directory
from serai.directory.models import Organisation
from serai.engines import matching as m
from serai.exchange import actions, exports, finding, policies, queries
from serai.exchange.actions.indexing import encode_pending
from serai.exchange.actions.matching import match_pending
from serai.exchange.index import build
from serai.exchange.models import Interest, Listing, ListingContact, Match
from serai.exchange.queries import Filters
from tests import factories as f

pytestmark = pytest.mark.django_db
TITLE = "Quorvane membrane for brackish water"


class Case:
    """A verified organisation with a published offer, somebody of it, a steward, and a third side."""

    def __init__(self) -> None:
        self.house = f.make_organisation(name="House of doubt")
        self.owner = f.make_member(self.house)
        self.steward = f.make_steward()
        self.other_house = f.make_organisation()
        self.other = f.make_member(self.other_house)
        self.listing = f.make_listing(organisation=self.house, title=TITLE, summary=TITLE)

    def suspend(self) -> None:
        directory.suspend_organisation(
            organisation=self.house, by=self.steward, reason="Two firms claim the name."
        )

    def reinstate(self) -> None:
        directory.reinstate_organisation(organisation=self.house, by=self.steward)

    def interest(self, **values: Any) -> Interest:
        return Interest.objects.create(
            listing=self.listing,
            organisation=self.other_house,
            sender=self.other,
            language="en",
            cooperation_sought="Tests",
            about_us="We test",
            answer_due=f.in_days(9),
            **values,
        )


@pytest.fixture
def case() -> Case:
    return Case()


def get(user: User | None, address: str) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(address)


@pytest.mark.parametrize("address", ["/exchange/", "/exchange/export.csv", "/api/v1/listings?limit=50"])
def test_lists_downloads_and_the_interface_leave_it_out_and_take_it_back(case: Case, address: str) -> None:
    def shown(user: User | None) -> bool:
        response = get(user, address)
        assert response.status_code == 200
        body = b"".join(response.streaming_content) if response.streaming else response.content
        return TITLE in body.decode()

    before = [shown(who) for who in (None, case.other, case.owner, case.steward)]
    case.suspend()
    during = [shown(who) for who in (None, case.other, case.owner, case.steward)]
    case.reinstate()
    after = [shown(who) for who in (None, case.other, case.owner, case.steward)]

    assert (before, during, after) == ([True] * 4, [False] * 4, [True] * 4)


def test_its_page_is_there_for_its_own_side_and_stewards_and_says_why(case: Case) -> None:
    case.suspend()
    doors = [f"/exchange/{case.listing.pk}/", f"/api/v1/listings/{case.listing.pk}"]

    assert [get(who, door).status_code for who in (None, case.other) for door in doors] == [404] * 4
    assert [get(who, door).status_code for who in (case.owner, case.steward) for door in doors] == [200] * 4
    for who, door in ((case.owner, doors[0]), (case.owner, "/exchange/mine/"), (case.steward, doors[0])):
        page = get(who, door).content.decode()
        assert "Two firms claim the name." in page
        assert "Hidden" in page
        assert "Published" not in page.split("The chain")[0]


def test_the_rows_of_the_filter_are_those_of_the_row_at_hand(case: Case) -> None:
    f.make_listing(status="draft", organisation=case.house)
    f.make_listing()
    case.suspend()
    rows = Listing.objects.select_related("organisation")

    assert {x.pk for x in rows if policies.is_shown(x)} == set(
        policies.visible_listings(ANYONE).values_list("pk", flat=True)
    )
    assert {x.pk for x in rows if policies.is_open(x)} == set(
        policies.open_listings(case.steward).values_list("pk", flat=True)
    )


def test_other_records_name_its_reference_only(case: Case) -> None:
    interest = case.interest()
    case.suspend()
    page = get(case.other, f"/exchange/interests/{interest.pk}/").content.decode()

    assert TITLE not in page
    assert case.listing.reference in page
    assert kinds.cards(case.other, "listing", [case.listing.pk]) == {}


def test_its_contact_goes_with_it(case: Case) -> None:
    ListingContact.objects.create(listing=case.listing, name="Ana", email="ana@example.org")
    case.interest(status=Interest.Status.ACCEPTED, answered_by=case.owner, answered_at=timezone.now())
    assert policies.visible_contacts(case.other).count() == 1

    case.suspend()

    assert policies.visible_contacts(case.other).count() == 0
    assert policies.visible_contacts(case.owner).count() == 1


def test_it_takes_no_interest_and_nobody_is_handed_a_contact(case: Case) -> None:
    waiting = case.interest()
    case.suspend()
    values = {"language": "en", "cooperation_sought": "x", "about_us": "y", "by": case.other}

    with pytest.raises(Conflict, match="no longer takes"):
        actions.send_interest(listing=case.listing, organisation=case.other_house, **values)
    with pytest.raises(Conflict, match="Your organisation is suspended"):
        actions.accept_interest(interest=waiting, by=case.owner)
    case.reinstate()
    directory.suspend_organisation(organisation=case.other_house, by=case.steward, reason="A doubt.")
    with pytest.raises(Conflict, match="cannot be contacted just now"):
        actions.accept_interest(interest=waiting, by=case.owner)
    assert actions.decline_interest(interest=waiting, by=case.owner, reason="timing").status == "declined"


def test_it_is_neither_found_nor_counted_nor_matched_and_comes_back_at_once(
    case: Case, matcher: m.Matcher
) -> None:
    request = f.make_listing(
        organisation=case.other_house, direction="request", title=TITLE, summary=f"Wanted: {TITLE}"
    )
    encode_pending(matcher=matcher)
    build.refresh()
    match_pending(matcher=matcher)

    def found() -> tuple[set[object], int, int]:
        results = finding.search(ANYONE, TITLE, Filters(direction="offer"))
        shown = {hit.listing.pk for hit in [*results.exact, *results.meant]}
        return shown, results.exact_count, queries.matches_of(ANYONE, request).count()

    before = found()
    case.suspend()
    during = found()
    case.reinstate()
    after = found()

    assert before == after == ({case.listing.pk}, 1, 1)
    assert during == (set(), 0, 0)


def test_a_search_by_words_alone_does_not_count_it(case: Case, matcher: m.Matcher) -> None:
    encode_pending(matcher=matcher)  # no index is built
    case.suspend()

    assert finding.search(ANYONE, TITLE, Filters()).exact_count == 0


def test_nothing_new_is_matched_with_it(case: Case, matcher: m.Matcher) -> None:
    case.suspend()
    f.make_listing(organisation=case.other_house, direction="request", title=TITLE, summary=TITLE)
    encode_pending(matcher=matcher)
    build.refresh()
    match_pending(matcher=matcher)

    assert not Match.objects.filter(other=case.listing).exists()


def test_exports_of_the_owner_leave_it_out_too(case: Case) -> None:
    case.suspend()

    assert list(exports.lines(case.owner, queries.open_listings(case.owner))) == []


def test_the_interface_says_no_owner_of_it(case: Case) -> None:
    interest = case.interest()
    case.suspend()
    answer = json.loads(get(case.other, f"/api/v1/interests/{interest.pk}").content)

    assert (answer["listing"], answer["listing_organisation"]) == (None, None)


def test_a_suspended_organisation_is_named_without_a_link(case: Case) -> None:
    interest = case.interest(
        status=Interest.Status.ACCEPTED, answered_by=case.owner, answered_at=timezone.now()
    )
    directory.suspend_organisation(organisation=case.other_house, by=case.steward, reason="A doubt.")
    page = get(case.owner, f"/exchange/interests/{interest.pk}/").content.decode()

    assert case.other_house.name in page
    assert f"/network/{case.other_house.pk}/" not in page
    assert Organisation.objects.get(pk=case.other_house.pk).status == Organisation.Status.SUSPENDED
