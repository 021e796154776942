import pytest
from django.contrib.auth.models import AnonymousUser

from serai.accounts.models import Membership
from serai.agreements import policies
from serai.agreements.models import Agreement, AgreementBody
from serai.core.tiers import Tier
from tests.factories import in_days, make_agreement, make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db

S = Agreement.Status


def _seen(viewer: object, agreement: Agreement) -> bool:
    return policies.visible_agreements(viewer).filter(pk=agreement.pk).exists()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tier", "status", "stranger", "member", "party"),
    [
        (Tier.PUBLIC, S.IN_FORCE, True, True, True),
        (Tier.PUBLIC, S.TERMINATED, True, True, True),
        (Tier.PUBLIC, S.DRAFT, False, False, True),
        (Tier.PUBLIC, S.NEGOTIATION, False, False, True),
        (Tier.PUBLIC, S.APPROVED, False, False, True),
        (Tier.NETWORK, S.IN_FORCE, False, True, True),
        (Tier.NETWORK, S.UNDER_REVIEW, False, False, True),
        (Tier.MUTUAL, S.IN_FORCE, False, False, True),
    ],
)
def test_the_tier_says_who_may_know_of_a_concluded_agreement(
    tier: str, status: str, stranger: bool, member: bool, party: bool
) -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation(), tier=tier, status=status, ended_on=in_days(0))

    seen = [
        _seen(AnonymousUser(), agreement),
        _seen(make_user(), agreement),
        _seen(make_member(make_organisation()), agreement),
        _seen(make_steward(), agreement),
        _seen(make_member(ours, role=Membership.Role.MEMBER), agreement),
    ]

    assert seen == [stranger, stranger, member, member, party]


def test_only_the_parties_read_the_wording_even_of_a_public_agreement() -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation(), tier=Tier.PUBLIC)
    AgreementBody.objects.create(agreement=agreement, language="en", body="Article 1")

    counts = [
        policies.visible_bodies(viewer).count()
        for viewer in (AnonymousUser(), make_steward(), make_member(make_organisation()), make_member(ours))
    ]

    assert counts == [0, 0, 0, 1]


def test_filter_and_check_of_the_wording_agree() -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation())
    body = AgreementBody.objects.create(agreement=agreement, language="en", body="Article 1")

    for viewer in (AnonymousUser(), make_user(), make_member(ours), make_member(make_organisation())):
        listed = policies.visible_bodies(viewer).filter(pk=body.pk).exists()
        assert policies.may_read_wording(viewer, agreement) == listed


def test_a_former_member_sees_a_draft_no_longer() -> None:
    ours = make_organisation()
    person = make_member(ours)
    agreement = make_agreement(ours, make_organisation(), tier=Tier.MUTUAL, owner=person)
    assert _seen(person, agreement)

    person.memberships.update(status=Membership.Status.LEFT)

    assert not _seen(person, agreement)


def test_members_read_and_managers_act() -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation())

    may = [
        policies.may_act(make_member(ours, role=role), agreement)
        for role in (Membership.Role.MEMBER, Membership.Role.INVESTOR, Membership.Role.MANAGER)
    ]

    assert may == [False, False, True]
