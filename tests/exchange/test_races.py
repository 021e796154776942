"""Two at the same instant: one number each, one interest, one answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from serai.core.errors import Conflict
from serai.exchange import actions, references
from serai.exchange.models import Interest, Listing
from tests.factories import make_listing, make_member, make_organisation

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; a Conflict is a result."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=10)
            return call()
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_listings_never_get_one_reference() -> None:
    organisation = make_organisation()
    owner = make_member(organisation)

    def create() -> Listing:
        return actions.create_listing(
            organisation=organisation, direction="offer", kind="technology", language="en", by=owner
        )

    made = at_once(create, create, create, create)

    numbers = sorted(listing.reference[-3:] for listing in made)
    assert numbers == ["001", "002", "003", "004"]


def test_blocks_of_references_do_not_overlap() -> None:
    taken = at_once(
        lambda: references.allocate("PLTO20260105", 5), lambda: references.allocate("PLTO20260105", 5)
    )

    assert len({reference for block in taken for reference in block}) == 10


def test_of_two_interests_of_one_organisation_one_is_sent() -> None:
    listing, organisation = make_listing(), make_organisation()
    sender = make_member(organisation)

    def send() -> Interest:
        return actions.send_interest(
            listing=listing,
            organisation=organisation,
            language="en",
            cooperation_sought="A pilot.",
            about_us="We.",
            by=sender,
        )

    answers = at_once(send, send)

    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Interest"]
    assert Interest.objects.count() == 1


def test_of_a_yes_and_a_no_one_counts() -> None:
    organisation = make_organisation()
    owner = make_member(organisation)
    other = make_organisation()
    interest = actions.send_interest(
        listing=make_listing(organisation=organisation),
        organisation=other,
        language="en",
        cooperation_sought="A pilot.",
        about_us="We.",
        by=make_member(other),
    )

    answers = at_once(
        lambda: actions.accept_interest(interest=interest, by=owner),
        lambda: actions.decline_interest(interest=interest, reason="timing", by=owner),
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Interest"]
