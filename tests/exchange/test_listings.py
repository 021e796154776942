"""Listings: written as drafts, read by a steward, published, renewed, closed."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import AuditEntry, Link
from serai.directory.models import Organisation
from serai.exchange import actions, checks
from serai.exchange.actions.reviews import Scores, verdict
from serai.exchange.models import Listing, Review
from tests.factories import (
    in_days,
    make_listing,
    make_member,
    make_organisation,
    make_place,
    make_steward,
    make_user,
)

pytestmark = pytest.mark.django_db
SUMMARY = "A membrane that takes drug residues out of municipal waste water with little energy."


@pytest.fixture
def owner() -> User:
    return make_member(make_organisation(name="Aqua Polonia", city="Gdynia", country=make_place("PL")))


@pytest.fixture
def organisation(owner: User) -> Organisation:
    return owner.memberships.get().organisation


def draft(owner: User, **what_matters: Any) -> Listing:
    """A draft with everything a review asks for."""
    organisation = owner.memberships.get().organisation
    values = {"direction": "offer", "kind": "technology", "language": "en", **what_matters}
    listing = actions.create_listing(organisation=organisation, by=owner, **values)
    actions.save_teaser(
        listing=listing, language="en", title="A membrane", summary=SUMMARY, keywords=["membrane"], by=owner
    )
    actions.save_facts(listing=listing, by=owner, partnerships=["pilot"])
    actions.save_contact(listing=listing, name="Ana", email="ana@example.org", by=owner)
    return listing


def in_review(owner: User, **what_matters: Any) -> Listing:
    return actions.submit_for_review(listing=draft(owner, **what_matters), by=owner)


def actions_of(listing: Listing) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=listing.pk).order_by("at")
    return list(entries.values_list("action", flat=True))


def test_a_reference_names_country_kind_direction_day_and_number(
    owner: User, organisation: Organisation
) -> None:
    made = [
        actions.create_listing(
            organisation=organisation, direction="offer", kind="technology", language="pl", by=owner
        )
        for _turn in range(2)
    ]

    day = f"{timezone.localdate():%Y%m%d}"
    assert [listing.reference for listing in made] == [f"PLTO{day}001", f"PLTO{day}002"]
    assert actions_of(made[0]) == ["exchange.listing_created"]


def test_a_stranger_begins_no_listing(organisation: Organisation) -> None:
    with pytest.raises(NotAllowed):
        actions.create_listing(
            organisation=organisation, direction="offer", kind="technology", language="en", by=make_user()
        )


def test_an_unknown_kind_is_named(owner: User, organisation: Organisation) -> None:
    with pytest.raises(Invalid) as error:
        actions.create_listing(
            organisation=organisation, direction="offer", kind="magic", language="en", by=owner
        )

    assert set(error.value.fields) == {"kind"}


def test_addresses_in_a_public_text_are_refused_by_name(owner: User) -> None:
    listing = draft(owner)

    with pytest.raises(Invalid) as error:
        actions.save_teaser(
            listing=listing,
            language="en",
            title="A membrane",
            summary="Write to jan.kowalski@aqua.example or call +48 58 123 45 67.",
            by=owner,
        )

    message = str(error.value.fields["summary"])
    assert "jan.kowalski@aqua.example" in message
    assert "+48 58 123 45 67" in message
    assert listing.teasers.get().summary == SUMMARY


@pytest.mark.parametrize(
    "text",
    ["Made by Aqua Polonia.", "Tested in Gdynia.", "See https://aqua.example/p", "Patent EP 1234567 B1."],
)
def test_an_anonymous_text_may_not_tell_who_wrote_it(owner: User, text: str) -> None:
    listing = draft(owner, disclosure="anonymous")

    with pytest.raises(Invalid) as error:
        actions.save_teaser(listing=listing, language="en", title="A membrane", summary=text, by=owner)

    assert set(error.value.fields) == {"summary"}


def test_a_named_text_may_name_its_owner(owner: User) -> None:
    listing = draft(owner)

    text = actions.save_teaser(
        listing=listing, language="en", title="A membrane", summary="By Aqua Polonia.", by=owner
    )

    assert text.summary == "By Aqua Polonia."


def test_a_stranger_writes_no_text(owner: User) -> None:
    with pytest.raises(NotAllowed):
        actions.save_teaser(listing=draft(owner), language="en", title="x", summary="y", by=make_user())


def test_a_published_text_is_not_changed_behind_the_review(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation, language="en")

    with pytest.raises(Conflict):
        actions.save_teaser(listing=listing, language="en", title="x", summary="y", by=owner)
    translation = actions.save_teaser(
        listing=listing, language="pl", title="Membrana", summary="Tekst.", origin="translated", by=owner
    )

    assert translation.review == "unreviewed"


def test_facts_out_of_range_are_named(owner: User) -> None:
    with pytest.raises(Invalid) as error:
        actions.save_facts(listing=draft(owner), by=owner, trl=12, sdgs=[18])

    assert set(error.value.fields) == {"trl", "sdgs"}


def test_only_known_facts_are_changed(owner: User) -> None:
    with pytest.raises(Invalid):
        actions.save_facts(listing=draft(owner), by=owner, status="published")


def test_the_kind_is_settled_once_it_was_sent(owner: User) -> None:
    with pytest.raises(Conflict):
        actions.save_facts(
            listing=make_listing(organisation=owner.memberships.get().organisation), by=owner, kind="space"
        )


def test_a_draft_goes_to_review_with_a_date(owner: User) -> None:
    listing = in_review(owner)

    assert (listing.status, listing.due_on) == ("in_review", in_days(7))
    assert actions_of(listing)[-1] == "exchange.listing_submitted"


def test_what_is_missing_is_said_before_the_review(owner: User, organisation: Organisation) -> None:
    listing = actions.create_listing(
        organisation=organisation, direction="request", kind="space", language="en", by=owner
    )

    with pytest.raises(Invalid) as error:
        actions.submit_for_review(listing=listing, by=owner)

    assert set(error.value.fields) == {"title", "partnerships", "email"}
    assert {f.field for f in checks.findings(listing) if f.stops} == {"title", "partnerships", "email"}


def test_an_unverified_owner_waits_with_the_review(owner: User, organisation: Organisation) -> None:
    listing = draft(owner)
    Organisation.objects.filter(pk=organisation.pk).update(status=Organisation.Status.SUBMITTED)

    with pytest.raises(Conflict, match="verified"):
        actions.submit_for_review(listing=listing, by=owner)


@pytest.mark.parametrize(
    ("scores", "decision"),
    [
        ((5, 5, 5, 5), "publish"),
        ((3, 3, 3, 1), "publish"),
        ((5, 5, 5, 0), "hold"),
        ((3, 3, 2, 1), "hold"),
        ((2, 1, 1, 1), "hold"),
        ((2, 1, 1, 0), "reject"),
        ((0, 0, 0, 0), "reject"),
    ],
)
def test_the_scores_decide(scores: tuple[int, int, int, int], decision: str) -> None:
    assert verdict(Scores(*scores)) == decision


def test_a_good_review_publishes_for_a_year_and_tells_the_owner(owner: User) -> None:
    listing, steward = in_review(owner), make_steward()

    actions.review_listing(listing=listing, scores=Scores(4, 4, 3, 5), by=steward)

    listing.refresh_from_db()
    assert (listing.status, listing.expires_on, listing.due_on) == ("published", in_days(365), None)
    assert listing.teasers.get().review == "reviewed"
    assert actions_of(listing)[-1] == "exchange.listing_published"
    assert Link.objects.get().relation == "published"
    assert list(Notice.objects.values_list("user", "kind")) == [(owner.pk, "exchange.listing_published")]


def test_an_anonymous_listing_is_not_linked_to_its_owner(owner: User) -> None:
    actions.review_listing(
        listing=in_review(owner, disclosure="anonymous"), scores=Scores(4, 4, 4, 4), by=make_steward()
    )

    assert not Link.objects.exists()


def test_a_return_needs_a_word_why(owner: User) -> None:
    listing, steward = in_review(owner), make_steward()

    with pytest.raises(Invalid):
        actions.review_listing(listing=listing, scores=Scores(2, 2, 2, 2), by=steward)
    actions.review_listing(listing=listing, scores=Scores(2, 2, 2, 2), comment="Too vague.", by=steward)

    listing.refresh_from_db()
    assert listing.status == "on_hold"
    assert Review.objects.get().comment == "Too vague."


def test_nobody_but_a_steward_of_another_house_reviews(owner: User) -> None:
    listing = in_review(owner)
    own_steward = make_steward()
    own_steward.memberships.create(organisation=listing.organisation, role="member", status="active")

    for person in (owner, own_steward, make_user()):
        with pytest.raises(NotAllowed):
            actions.review_listing(listing=listing, scores=Scores(5, 5, 5, 5), by=person)


def test_a_review_is_given_once(owner: User) -> None:
    listing, steward = in_review(owner), make_steward()
    actions.review_listing(listing=listing, scores=Scores(5, 5, 5, 5), by=steward)

    with pytest.raises(Conflict):
        actions.review_listing(listing=listing, scores=Scores(5, 5, 5, 5), by=steward)


def test_a_zero_never_publishes_in_the_database_either(owner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(
            listing=draft(owner),
            advantages=5,
            clarity=5,
            expectations=5,
            language_quality=0,
            decision="publish",
        )


def test_a_steward_takes_a_listing_off_the_lists_with_a_reason(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation)

    with pytest.raises(NotAllowed):
        actions.hold_listing(listing=listing, reason="Complaint.", by=owner)
    with pytest.raises(Invalid):
        actions.hold_listing(listing=listing, reason=" ", by=make_steward())
    actions.hold_listing(listing=listing, reason="Complaint.", by=make_steward())

    listing.refresh_from_db()
    assert (listing.status, listing.hold_reason) == ("on_hold", "Complaint.")
    assert actions_of(listing) == ["exchange.listing_on_hold"]


@pytest.mark.parametrize(
    ("status", "action", "then"),
    [
        ("in_review", actions.take_back, "draft"),
        ("rejected", actions.take_back, "draft"),
        ("withdrawn", actions.take_back, "draft"),
        ("published", actions.revise_listing, "on_hold"),
        ("published", actions.withdraw_listing, "withdrawn"),
        ("expired", actions.renew_listing, "published"),
        ("published", actions.renew_listing, "published"),
    ],
)
def test_the_owner_takes_the_steps_of_the_lifecycle(owner: User, status: str, action: Any, then: str) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation, status=status)

    with pytest.raises(NotAllowed):
        action(listing=listing, by=make_user())
    action(listing=listing, by=owner)

    listing.refresh_from_db()
    assert listing.status == then
    assert len(actions_of(listing)) == 1


def test_a_closed_listing_says_how_it_ended(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation)

    with pytest.raises(Invalid):
        actions.close_listing(listing=listing, closed_as="somehow", by=owner)
    with pytest.raises(NotAllowed):
        actions.close_listing(listing=listing, closed_as="found_here", by=make_user())
    actions.close_listing(listing=listing, closed_as="found_here", by=owner)

    listing.refresh_from_db()
    assert (listing.status, listing.closed_as) == ("closed", "found_here")
    with pytest.raises(Conflict):
        actions.renew_listing(listing=listing, by=owner)


def test_what_has_run_out_expires_once(owner: User) -> None:
    organisation = owner.memberships.get().organisation
    past = make_listing(organisation=organisation, expires_on=in_days(-1))
    today = make_listing(organisation=organisation, expires_on=in_days(0))

    assert actions.expire_due() == 1
    assert actions.expire_due() == 0

    past.refresh_from_db()
    today.refresh_from_db()
    assert (past.status, today.status) == ("expired", "published")
    assert actions_of(past) == ["exchange.listing_expired"]
    assert Notice.objects.get().kind == "exchange.listing_expired"


def test_owners_are_asked_once_whether_it_still_holds(owner: User) -> None:
    make_listing(organisation=owner.memberships.get().organisation, expires_on=in_days(10))

    actions.remind_of_expiry()
    actions.remind_of_expiry()

    assert list(Notice.objects.values_list("kind", flat=True)) == ["exchange.listing_expiring"]


def test_references_look_the_same_for_every_kind() -> None:
    pattern = re.compile(r"[A-Z]{2}[A-Z][OR]\d{8}\d{3,}")
    owner = make_member(make_organisation())
    organisation = owner.memberships.get().organisation

    for kind in Listing.Kind.values:
        for direction in Listing.Direction.values:
            listing = actions.create_listing(
                organisation=organisation, direction=direction, kind=kind, language="en", by=owner
            )
            assert pattern.fullmatch(listing.reference)
