"""Every list asks the database as often for fifty rows as for one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.cooperation.models import Result
from serai.directory.models import Organisation
from serai.exchange.models import Interest, Listing
from tests.factories import (
    in_days,
    make_agreement,
    make_case,
    make_facility,
    make_listing,
    make_member,
    make_organisation,
    make_project,
    make_result,
    make_steward,
)

pytestmark = pytest.mark.django_db
MANY = 50


def listing(person: User, home: Organisation) -> None:
    """Named and anonymous ones in turn, of one's own organisation and of others."""
    number = Listing.objects.count()
    disclosure = Listing.Disclosure.ANONYMOUS if number % 2 else Listing.Disclosure.NAMED
    make_listing(organisation=make_organisation() if number % 3 else home, disclosure=disclosure)


def listing_in_review(person: User, home: Organisation) -> None:
    make_listing(status="in_review", due_on=in_days(3), submitted_at=timezone.now())


def organisation(person: User, home: Organisation) -> None:
    make_organisation()


def waiting(person: User, home: Organisation) -> None:
    make_organisation(status="submitted", due_on=in_days(3))


def interest(person: User, home: Organisation) -> None:
    Interest.objects.create(
        listing=make_listing(organisation=home),
        organisation=make_organisation(),
        language="en",
        cooperation_sought="A pilot.",
        about_us="We build pilots.",
        answer_due=in_days(9),
    )


def notice(person: User, home: Organisation) -> None:
    opened = make_case(home, make_organisation())
    Notice.objects.create(
        user=person,
        kind="cooperation.case_opened",
        object_kind="case",
        object_id=opened.pk,
        values={"title": "A case"},
        key=f"case {opened.pk}",
    )


def agreement(person: User, home: Organisation) -> None:
    make_agreement(home, make_organisation())


def case(person: User, home: Organisation) -> None:
    make_case(home, make_organisation(), due_on=timezone.localdate() + timedelta(days=2))


def project(person: User, home: Organisation) -> None:
    make_project(home, make_organisation())


def facility(person: User, home: Organisation) -> None:
    make_facility(home, make_organisation())


def result(person: User, home: Organisation) -> None:
    """Results of projects and of facilities in turn."""
    if Result.objects.count() % 2:
        make_result(facility=make_facility(home, make_organisation()))
    else:
        make_result(project=make_project(home, make_organisation()))


LISTS: dict[str, Callable[[User, Organisation], None]] = {
    "/network/": organisation,
    "/network/?q=organisation": organisation,
    "/network/map/": organisation,
    "/network/verification/": waiting,
    "/exchange/": listing,
    "/exchange/mine/": listing,
    "/exchange/reviews/": listing_in_review,
    "/exchange/interests/": interest,
    "/notices/": notice,
    "/today/": case,
    "/build/cases/": case,
    "/build/agreements/": agreement,
    "/build/projects/": project,
    "/build/facilities/": facility,
    "/observe/": project,
    "/observe/ties/": project,
    "/observe/agreements/records/": agreement,
    "/api/v1/organisations?limit=50": organisation,
    "/api/v1/listings?limit=50": listing,
    "/api/v1/interests?limit=50": interest,
    "/api/v1/agreements?limit=50": agreement,
    "/api/v1/cases?limit=50": case,
    "/api/v1/projects?limit=50": project,
    "/api/v1/facilities?limit=50": facility,
    "/api/v1/results?limit=50": result,
}
FOR_MEMBERS = re.compile("/notices|/today|mine|reviews|interests|cases|verification")
PUBLIC = [address for address in LISTS if not FOR_MEMBERS.search(address)]
"""What a stranger reads too."""


@pytest.fixture
def person() -> tuple[User, Organisation]:
    """A steward who also manages an organisation: whoever sees the most."""
    home = make_organisation()
    steward = make_steward()
    steward.memberships.create(organisation=home, role="manager", status="active")
    return steward, home


@pytest.mark.parametrize("address", LISTS)
def test_fifty_rows_cost_as_many_queries_as_one(
    address: str, person: tuple[User, Organisation], client: Client
) -> None:
    client.force_login(person[0])

    _compare(client, address, person)


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("is_member", [False, True])
def test_they_do_for_strangers_and_for_members_of_another_organisation(
    address: str, is_member: bool, person: tuple[User, Organisation], client: Client
) -> None:
    if is_member:
        client.force_login(make_member(make_organisation()))

    _compare(client, address, person)


def _compare(client: Client, address: str, person: tuple[User, Organisation]) -> None:
    LISTS[address](*person)
    client.get(address)  # what is remembered for all pages is now
    one = _queries(client, address)
    for _ in range(MANY - 1):
        LISTS[address](*person)

    many = _queries(client, address)

    assert len(many) == len(one), "\n".join(query for query in many if query not in one)


def _queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200
    return [query["sql"] for query in captured.captured_queries]
