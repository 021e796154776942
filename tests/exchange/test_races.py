"""Two at the same instant: one number each, one interest, one answer, and nobody waits in a circle."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from serai.core.errors import Conflict
from serai.core.imports.rows import Row
from serai.engines import matching as m
from serai.exchange import actions, references
from serai.exchange.actions import indexing, matching
from serai.exchange.importers import bulk
from serai.exchange.index import build
from serai.exchange.models import Interest, Listing, Match
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


# --- an import and the worker -----------------------------------------------------------------------------
MATCHING = Listing.Matching
WORDS = "membrane against drug residues in waste water"


def imported(direction: str) -> Listing:
    """A listing as an import wrote it."""
    return make_listing(direction=direction, title=WORDS, source="a file", source_ref=direction)


def write_again(listing: Listing) -> None:
    """What an import does with a batch in which this listing has changed."""
    item = bulk.Imported(
        ref=listing.source_ref,
        row=Row("file", 1, None),
        organisation=listing.organisation,
        direction=listing.direction,
        kind=listing.kind,
        language="en",
        title=WORDS,
        summary="Now with a pilot plant.",
    )
    assert bulk.write("a file", [item]).updated == 1


def wait_for_us(job: Future[None]) -> None:
    """Until somebody waits for what this transaction holds, or the job is done without."""
    us = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    for _try in range(200):
        with connection.cursor() as cursor:
            cursor.execute(us)
            if job.done() or cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("The job neither ended nor waited for the import.")


def beside_an_import(work: Callable[[], None], *batches: Listing) -> None:
    """Do the worker's `work` while an import changes these listings in one transaction, each in a batch of its own.

    The work begins after the first batch, and the second one is written when the work waits for the first.
    """

    def job() -> None:
        try:
            work()
        finally:
            connection.close()

    first, *others = batches
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            write_again(first)
            working = pool.submit(job)
            wait_for_us(working)
            for listing in others:
                write_again(listing)
        working.result(timeout=30)


def matched_pair() -> tuple[Listing, Listing]:
    sought, offered = imported("request"), imported("offer")
    indexing.encode_pending()
    build.refresh()
    while matching.match_pending():
        continue
    return sought, offered


@pytest.mark.parametrize("state", [MATCHING.CHANGED, MATCHING.AGAIN])
def test_matches_are_stored_beside_an_import_of_both_sides(matcher: m.Matcher, state: int) -> None:
    sought, offered = matched_pair()
    Listing.objects.filter(pk=sought.pk).update(matching=state)

    beside_an_import(lambda: matching.match_listing(sought.pk, matcher=matcher), offered, sought)

    assert list(Match.objects.filter(listing=sought, tier="public").values_list("other", flat=True)) == [
        offered.pk
    ]
    assert set(Listing.objects.values_list("matching", "needs_encoding")) == {(MATCHING.CHANGED, True)}


@pytest.mark.parametrize("low_first", [True, False])
def test_vectors_are_stored_beside_an_import_in_any_order(matcher: m.Matcher, low_first: bool) -> None:
    low, high = sorted([imported("request"), imported("offer")], key=lambda listing: listing.pk)
    other = make_listing()
    ids = [listing.pk for listing in (low, high, other)]
    batches = (low, high) if low_first else (high, low)

    beside_an_import(lambda: indexing.encode_batch(ids, matcher), *batches)

    assert list(Listing.objects.filter(needs_encoding=False)) == [other]
    assert set(indexing.to_encode()) == {low, high}
