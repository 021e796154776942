import pytest

from serai.accounts.models import User
from serai.core import audit, chain
from serai.core.models import AuditEntry, Link
from serai.directory import actions as directory
from serai.directory.models import Organisation
from serai.exchange import followers, policies
from serai.exchange.actions import succession
from serai.exchange.models import Interest, Listing
from tests import factories

pytestmark = pytest.mark.django_db
S = Organisation.Status


@pytest.fixture
def steward() -> User:
    return factories.make_steward()


@pytest.fixture
def old() -> Organisation:
    organisation = factories.make_organisation(name="Old park")
    factories.make_member(organisation)
    return organisation


@pytest.fixture
def new() -> Organisation:
    organisation = factories.make_organisation(name="New park")
    factories.make_member(organisation)
    return organisation


def published(organisation: Organisation) -> Listing:
    listing = factories.make_listing(
        organisation=organisation, needs_encoding=False, matching=Listing.Matching.DONE
    )
    chain.link(source=organisation, relation=Link.Relation.PUBLISHED, target=listing, by=None)
    return listing


def merged(old: Organisation, new: Organisation, steward: User, ending: str = S.MERGED) -> None:
    directory.end_organisation(organisation=old, by=steward, ending=ending, successor=new)
    _read_log()


def relisted(old: Organisation, steward: User) -> None:
    directory.relist_organisation(organisation=old, by=steward)
    _read_log()


def _read_log() -> None:
    """What the worker does, with the newest entry about an organisation."""
    entry = AuditEntry.objects.filter(object_kind="organisation").order_by("-at").first()
    assert entry is not None
    followers.follow_successions(entry)


def owner(listing: Listing) -> Organisation:
    return Listing.objects.select_related("organisation").get(pk=listing.pk).organisation


def test_listings_of_a_merged_organisation_pass_to_its_successor(
    old: Organisation, new: Organisation, steward: User
) -> None:
    listing = published(old)

    merged(old, new, steward)

    listing.refresh_from_db()
    assert (listing.organisation, listing.status) == (new, Listing.Status.PUBLISHED)
    assert (listing.needs_encoding, listing.matching) == (True, Listing.Matching.CHANGED)
    entry = AuditEntry.objects.get(action="exchange.listing_passed")
    assert entry.object_id == listing.pk
    assert audit.entry_data(entry) == {"from": str(old.pk), "to": str(new.pk)}


def test_their_people_change_with_them(old: Organisation, new: Organisation, steward: User) -> None:
    listing = published(old)
    before = factories.make_member(old)
    after = factories.make_member(new)

    merged(old, new, steward)

    listing.refresh_from_db()
    assert policies.may_edit_listing(after, listing)
    assert not policies.may_edit_listing(before, listing)


def test_the_chain_leads_to_both_owners(old: Organisation, new: Organisation, steward: User) -> None:
    listing = published(old)

    merged(old, new, steward)

    seen = {step.card.title for step in chain.walk(steward, listing) if step.card.kind == "organisation"}
    assert seen == {"Old park", "New park"}


def test_a_listing_whose_owner_is_not_named_stays_out_of_the_chain_of_its_new_one(
    old: Organisation, new: Organisation, steward: User
) -> None:
    listing = factories.make_listing(organisation=old, disclosure=Listing.Disclosure.ANONYMOUS)

    merged(old, new, steward)

    assert owner(listing) == new
    assert not Link.objects.filter(target_id=listing.pk).exists()


def test_an_interest_goes_on_with_the_successor(old: Organisation, new: Organisation, steward: User) -> None:
    listing = published(old)
    sender = factories.make_organisation()
    interest = interest_in(listing, sender)

    merged(old, new, steward)

    interest.refresh_from_db()
    assert (interest.listing_id, interest.status) == (listing.pk, Interest.Status.SENT)
    assert list(policies.interests_to_answer(factories.make_member(new))) == [interest]


def interest_in(listing: Listing, sender: Organisation) -> Interest:
    return Interest.objects.create(
        listing=listing,
        organisation=sender,
        language="en",
        cooperation_sought="A pilot.",
        about_us="A firm.",
        answer_due=factories.in_days(10),
    )


def test_an_organisation_does_not_get_to_answer_itself(
    old: Organisation, new: Organisation, steward: User
) -> None:
    asked, free = published(old), published(old)
    interest_in(asked, new)

    merged(old, new, steward)

    assert (owner(asked), owner(free)) == (old, new)


def test_nothing_passes_to_where_nobody_could_answer(old: Organisation, steward: User) -> None:
    listing = published(old)

    merged(old, factories.make_organisation(), steward)

    assert owner(listing) == old


def test_only_a_merger_moves_listings(old: Organisation, new: Organisation, steward: User) -> None:
    listing = published(old)

    merged(old, new, steward, ending=S.DISSOLVED)

    assert owner(listing) == old


def test_undoing_a_merger_brings_back_what_passed_and_nothing_else(
    old: Organisation, new: Organisation, steward: User
) -> None:
    passed, of_new = published(old), published(new)
    merged(old, new, steward)

    relisted(old, steward)

    assert (owner(passed), owner(of_new)) == (old, new)
    assert list(Link.objects.filter(target_id=passed.pk).values_list("source_id", flat=True)) == [old.pk]


def test_what_passed_on_since_does_not_come_back(old: Organisation, new: Organisation, steward: User) -> None:
    listing = published(old)
    last = factories.make_organisation()
    factories.make_member(last)
    merged(old, new, steward)
    merged(new, last, steward)

    relisted(old, steward)

    assert owner(listing) == last


def test_undoing_brings_back_what_came_from_there_last(
    old: Organisation, new: Organisation, steward: User
) -> None:
    """It came from `old`, went back, and was given to `new` by another merger: that one alone can be undone."""
    listing = published(old)
    between = factories.make_organisation()
    succession.pass_listings(old=old, new=new)
    factories.make_member(between)
    succession.pass_listings(old=new, new=between)
    succession.pass_listings(old=between, new=new)

    assert succession.pass_back(old=old, new=new) == []
    assert succession.pass_back(old=between, new=new) == [listing]
