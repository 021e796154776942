"""Who sees what: filters and checks agree, tiers stay apart, strangers learn nothing."""

import pytest

from serai.accounts.models import User
from serai.core import chain
from serai.core.viewer import ANYONE, Viewer
from serai.exchange import actions, exports, policies, queries
from serai.exchange.models import Interest, Listing, ListingContact, ListingDetail
from tests.factories import make_listing, make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_member(make_organisation(name="Hidden Works", city="Gdynia"))


def everybody(owner: User) -> dict[str, Viewer]:
    return {
        "stranger": ANYONE,
        "user": make_user(),
        "member": make_member(make_organisation()),
        "unverified": make_member(make_organisation(status="submitted")),
        "owner": owner,
        "steward": make_steward(),
    }


def those(people: dict[str, Viewer], sees: object) -> set[str]:
    return {name for name, viewer in people.items() if sees(viewer)}  # type: ignore[operator]


@pytest.mark.parametrize("status", Listing.Status.values)
def test_a_listing_is_public_from_its_publication_on(owner: User, status: str) -> None:
    listing = make_listing(
        organisation=owner.memberships.get().organisation, status=status, closed_as="found_here"
    )
    people = everybody(owner)

    seen = those(people, lambda viewer: policies.may_see_listing(viewer, listing))

    is_shown = status in {"published", "expired", "closed"}
    assert seen == (set(people) if is_shown else {"owner", "steward"})
    for viewer in people.values():
        listed = policies.visible_listings(viewer).filter(pk=listing.pk).exists()
        assert listed == policies.may_see_listing(viewer, listing)
        assert policies.visible_teasers(viewer).exists() == listed


def test_details_are_for_verified_members(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation)
    ListingDetail.objects.create(listing=listing, language="en", description="How it works.")
    people = everybody(owner)

    assert those(people, lambda v: policies.visible_details(v).exists()) == {"member", "owner", "steward"}


def test_details_of_a_draft_are_for_its_own_side(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation, status="draft")
    ListingDetail.objects.create(listing=listing, language="en", description="How it works.")

    assert those(everybody(owner), lambda v: policies.visible_details(v).exists()) == {"owner", "steward"}


def test_an_anonymous_owner_is_known_to_few(owner: User) -> None:
    listing = make_listing(
        organisation=owner.memberships.get().organisation, disclosure=Listing.Disclosure.ANONYMOUS
    )
    people = everybody(owner)

    assert those(people, lambda v: policies.may_see_owner(v, listing)) == {"owner", "steward"}
    assert those(people, lambda v: bool(queries.known_owners(v, [listing]))) == {"owner", "steward"}


@pytest.mark.parametrize(
    ("status", "is_known"),
    [
        ("sent", False),
        ("declined", False),
        ("expired", False),
        ("withdrawn", False),
        ("stopped", False),
        ("accepted", True),
        ("in_contact", True),
        ("led_on", True),
    ],
)
def test_a_yes_discloses_name_and_contact_and_nothing_else_does(
    owner: User, status: str, is_known: bool
) -> None:
    listing = make_listing(
        organisation=owner.memberships.get().organisation, disclosure=Listing.Disclosure.ANONYMOUS
    )
    ListingContact.objects.create(listing=listing, email="ana@example.org")
    organisation = make_organisation()
    sender = make_member(organisation)
    interest = actions.send_interest(
        listing=listing,
        organisation=organisation,
        language="en",
        cooperation_sought="A pilot.",
        about_us="We.",
        by=sender,
    )

    Interest.objects.filter(pk=interest.pk).update(status=status, decline_reason="timing")

    assert policies.may_see_owner(sender, listing) == is_known
    assert policies.visible_contacts(sender).exists() == is_known
    assert those(everybody(owner), lambda v: policies.visible_contacts(v).exists()) == {"owner"}


def test_reviews_are_for_the_owner_and_stewards(owner: User) -> None:
    listing = make_listing(organisation=owner.memberships.get().organisation)
    listing.reviews.create(
        advantages=3,
        clarity=3,
        expectations=3,
        language_quality=3,
        decision="publish",
        reviewer=make_steward(),
    )

    assert those(everybody(owner), lambda v: policies.visible_reviews(v).exists()) == {"owner", "steward"}


def test_the_chain_of_an_anonymous_listing_hides_its_owner(owner: User) -> None:
    listing = make_listing(
        organisation=owner.memberships.get().organisation, disclosure=Listing.Disclosure.ANONYMOUS
    )

    assert [step.card.kind for step in chain.walk(ANYONE, listing)] == ["listing"]


def test_an_export_names_only_known_owners(owner: User) -> None:
    organisation = owner.memberships.get().organisation
    make_listing(organisation=organisation, disclosure=Listing.Disclosure.ANONYMOUS, reference="A1")
    make_listing(organisation=organisation, disclosure=Listing.Disclosure.NAMED, reference="B1")
    rows = queries.open_listings(ANYONE)

    assert {line.listing.reference: line.owner for line in exports.lines(ANYONE, rows)} == {
        "A1": "",
        "B1": "Hidden Works",
    }
