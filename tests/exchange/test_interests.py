"""Expressions of interest: sent, answered by a date, known to two organisations only."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import AuditEntry, Link
from serai.directory.models import Organisation
from serai.exchange import actions, policies
from serai.exchange.models import Interest, Listing, ListingContact
from tests.factories import in_days, make_listing, make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db


def send(listing: Listing, sender: User, organisation: Organisation, **what_matters: Any) -> Interest:
    values = {
        "language": "en",
        "cooperation_sought": "A joint pilot.",
        "about_us": "A water utility.",
        **what_matters,
    }
    return actions.send_interest(listing=listing, organisation=organisation, by=sender, **values)


@pytest.fixture
def owner() -> User:
    return make_member(make_organisation(name="Owner"))


@pytest.fixture
def listing(owner: User) -> Listing:
    return make_listing(organisation=owner.memberships.get().organisation, title="A membrane")


@pytest.fixture
def sender() -> User:
    return make_member(make_organisation(name="Sender"))


@pytest.fixture
def ours(sender: User) -> Organisation:
    return sender.memberships.get().organisation


def audited(interest: Interest) -> list[str]:
    return list(
        AuditEntry.objects.filter(object_id=interest.pk).order_by("at").values_list("action", flat=True)
    )


def test_an_interest_waits_two_weeks_and_tells_the_owner(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)

    assert (interest.status, interest.answer_due) == ("sent", in_days(14))
    assert audited(interest) == ["exchange.interest_sent"]
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (owner, "exchange.interest_received")
    link = Link.objects.get()
    assert (link.source_id, link.relation, link.target_id) == (listing.pk, "answered_by", interest.pk)


def test_only_members_send_for_an_organisation(listing: Listing, ours: Organisation) -> None:
    with pytest.raises(NotAllowed):
        send(listing, make_user(), ours)


def test_an_unverified_organisation_sends_nothing(listing: Listing) -> None:
    organisation = make_organisation(status=Organisation.Status.SUBMITTED)

    with pytest.raises(Conflict, match="verified"):
        send(listing, make_member(organisation), organisation)


def test_nobody_is_interested_in_their_own_listing(listing: Listing, owner: User) -> None:
    with pytest.raises(Conflict, match="own organisation"):
        send(listing, owner, listing.organisation)


@pytest.mark.parametrize("status", ["draft", "withdrawn", "on_hold"])
def test_a_listing_that_is_not_published_takes_no_interest(
    status: str, sender: User, ours: Organisation
) -> None:
    with pytest.raises(Conflict, match="no longer"):
        send(make_listing(status=status), sender, ours)


def test_a_second_open_interest_is_refused(listing: Listing, sender: User, ours: Organisation) -> None:
    send(listing, sender, ours)

    with pytest.raises(Conflict, match="already"):
        send(listing, sender, ours)

    assert Interest.objects.count() == 1


def test_after_a_no_one_may_ask_again(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    first = send(listing, sender, ours)
    actions.decline_interest(interest=first, reason="timing", by=owner)

    assert send(listing, sender, ours).status == "sent"


def test_missing_answers_and_past_days_are_named(listing: Listing, sender: User, ours: Organisation) -> None:
    with pytest.raises(Invalid) as error:
        send(listing, sender, ours, cooperation_sought=" ", about_us="", answer_due=in_days(0))

    assert set(error.value.fields) == {"cooperation_sought", "about_us", "answer_due"}


def test_a_listing_shown_along_must_be_ones_own(listing: Listing, sender: User, ours: Organisation) -> None:
    with pytest.raises(Invalid):
        send(listing, sender, ours, own_listing=make_listing())


def test_accepting_opens_the_contact_to_the_sender_only(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    ListingContact.objects.create(listing=listing, name="Ana", email="ana@example.org")
    interest = send(listing, sender, ours)
    assert not policies.visible_contacts(sender).exists()

    actions.accept_interest(interest=interest, by=owner, answer="Welcome.")

    interest.refresh_from_db()
    assert (interest.status, interest.answered_by, interest.answer) == ("accepted", owner, "Welcome.")
    assert audited(interest) == ["exchange.interest_sent", "exchange.interest_accepted"]
    assert [c.email for c in policies.visible_contacts(sender)] == ["ana@example.org"]
    assert not policies.visible_contacts(make_member(make_organisation())).exists()
    assert Notice.objects.filter(user=sender, kind="exchange.interest_accepted").count() == 1


def test_the_sender_may_not_accept(listing: Listing, sender: User, ours: Organisation) -> None:
    interest = send(listing, sender, ours)

    with pytest.raises(NotAllowed):
        actions.accept_interest(interest=interest, by=sender)


def test_an_answer_is_given_once(listing: Listing, owner: User, sender: User, ours: Organisation) -> None:
    interest = send(listing, sender, ours)
    actions.accept_interest(interest=interest, by=owner)

    with pytest.raises(Conflict):
        actions.decline_interest(interest=interest, reason="timing", by=owner)


def test_a_no_carries_its_reason(listing: Listing, owner: User, sender: User, ours: Organisation) -> None:
    interest = send(listing, sender, ours)

    actions.decline_interest(interest=interest, reason="place", answer="Too far.", by=owner)

    interest.refresh_from_db()
    assert (interest.status, interest.decline_reason, interest.answer) == ("declined", "place", "Too far.")
    assert audited(interest)[-1] == "exchange.interest_declined"
    with pytest.raises(Invalid):
        actions.decline_interest(interest=interest, reason="because", by=owner)


def test_the_sender_may_take_it_back_until_it_is_answered(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)

    with pytest.raises(NotAllowed):
        actions.withdraw_interest(interest=interest, by=owner)
    actions.withdraw_interest(interest=interest, by=sender)

    interest.refresh_from_db()
    assert interest.status == "withdrawn"
    assert audited(interest)[-1] == "exchange.interest_withdrawn"


def test_either_side_marks_contact_and_ends_it_with_a_word(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)
    actions.accept_interest(interest=interest, by=owner)

    actions.mark_in_contact(interest=interest, by=sender)
    with pytest.raises(Invalid):
        actions.stop_interest(interest=interest, note=" ", by=owner)
    with pytest.raises(NotAllowed):
        actions.stop_interest(interest=interest, note="No.", by=make_user())
    actions.stop_interest(interest=interest, note="The budget is gone.", by=owner)

    interest.refresh_from_db()
    assert (interest.status, interest.stop_note) == ("stopped", "The budget is gone.")
    assert Notice.objects.filter(user=sender, kind="exchange.interest_stopped").count() == 1
    assert audited(interest)[-2:] == ["exchange.interest_in_contact", "exchange.interest_stopped"]


def test_leading_on_twice_changes_nothing(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)
    actions.accept_interest(interest=interest, by=owner)

    actions.lead_on(interest=interest, by=owner)
    actions.lead_on(interest=interest, by=owner)

    assert audited(interest).count("exchange.interest_led_on") == 1


def test_silence_expires_and_tells_both_sides_once(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)
    last_day = timezone.localdate() + timedelta(days=14)

    assert actions.expire_interests(today=last_day) == 0
    assert actions.expire_interests(today=last_day + timedelta(days=1)) == 1
    assert actions.expire_interests(today=last_day + timedelta(days=1)) == 0

    interest.refresh_from_db()
    assert interest.status == "expired"
    kinds = set(Notice.objects.values_list("user", "kind"))
    assert (sender.pk, "exchange.interest_expired") in kinds
    assert (owner.pk, "exchange.interest_missed") in kinds


def test_two_organisations_see_an_interest_and_nobody_else(
    listing: Listing, owner: User, sender: User, ours: Organisation
) -> None:
    interest = send(listing, sender, ours)
    others = [make_steward(), make_member(make_organisation()), make_user()]

    for viewer in (owner, sender):
        assert list(policies.visible_interests(viewer)) == [interest]
        assert policies.may_see_interest(viewer, interest)
    for viewer in others:
        assert list(policies.visible_interests(viewer)) == []
        assert not policies.may_see_interest(viewer, interest)
