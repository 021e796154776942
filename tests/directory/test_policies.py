import pytest

from serai.accounts.models import Membership
from serai.core.viewer import ANYONE, Viewer
from serai.directory import policies
from serai.directory.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db

S = Organisation.Status
PUBLIC = {S.LISTED, S.VERIFIED, S.MERGED, S.DISSOLVED, S.WITHDRAWN}


@pytest.fixture
def one_of_each() -> dict[str, Organisation]:
    return {status: factories.make_organisation(status=status) for status in S.values}


def seen(viewer: Viewer) -> set[str]:
    return set(policies.visible_organisations(viewer).values_list("status", flat=True))


def test_a_stranger_sees_what_is_public(one_of_each: dict[str, Organisation]) -> None:
    assert seen(ANYONE) == PUBLIC
    assert seen(factories.make_user()) == PUBLIC


def test_members_see_their_own_in_every_state(one_of_each: dict[str, Organisation]) -> None:
    for status, organisation in one_of_each.items():
        assert seen(factories.make_member(organisation)) == PUBLIC | {status}


def test_who_has_left_is_a_stranger(one_of_each: dict[str, Organisation]) -> None:
    member = factories.make_member(one_of_each[S.DRAFT])
    member.memberships.update(status=Membership.Status.LEFT)

    assert seen(member) == PUBLIC


def test_stewards_see_all(one_of_each: dict[str, Organisation]) -> None:
    assert seen(factories.make_steward()) == set(S.values)


def test_one_from_a_register_stays_public_while_it_waits() -> None:
    waiting = factories.make_organisation(status=S.SUBMITTED, source="ror", source_ref="05a28rw58")
    own = factories.make_organisation(status=S.SUBMITTED)

    assert policies.may_see_organisation(ANYONE, waiting)
    assert not policies.may_see_organisation(ANYONE, own)


def test_filter_and_check_agree(one_of_each: dict[str, Organisation]) -> None:
    people: list[Viewer] = [ANYONE, factories.make_user(), factories.make_steward()]
    people += [factories.make_member(o) for o in one_of_each.values()]
    people += [factories.make_member(one_of_each[S.VERIFIED], role=Membership.Role.MEMBER)]

    for person in people:
        visible = set(policies.visible_organisations(person))
        editable = set(policies.editable_organisations(person))
        waiting = set(policies.waiting_organisations(person))
        assert editable <= visible
        for organisation in one_of_each.values():
            assert policies.may_see_organisation(person, organisation) == (organisation in visible)
            assert policies.may_edit_organisation(person, organisation) == (organisation in editable)
            if organisation in waiting:
                assert policies.may_verify(person, organisation)


def test_managers_change_theirs_members_do_not(one_of_each: dict[str, Organisation]) -> None:
    draft = one_of_each[S.DRAFT]

    assert policies.may_edit_organisation(factories.make_member(draft), draft)
    assert not policies.may_edit_organisation(
        factories.make_member(draft, role=Membership.Role.MEMBER), draft
    )
    assert not policies.may_edit_organisation(factories.make_member(one_of_each[S.LISTED]), draft)
    assert not policies.may_edit_organisation(ANYONE, draft)


@pytest.mark.parametrize("status", [S.SUSPENDED, S.MERGED, S.DISSOLVED, S.WITHDRAWN])
def test_what_is_suspended_or_ended_only_a_steward_changes(status: str) -> None:
    organisation = factories.make_organisation(status=status)

    assert not policies.may_edit_organisation(factories.make_member(organisation), organisation)
    assert policies.may_edit_organisation(factories.make_steward(), organisation)


def test_checked_facts_of_a_verified_one_only_a_steward_changes(one_of_each: dict[str, Organisation]) -> None:
    verified, draft = one_of_each[S.VERIFIED], one_of_each[S.DRAFT]

    assert not policies.may_change_checked_facts(factories.make_member(verified), verified)
    assert policies.may_change_checked_facts(factories.make_steward(), verified)
    assert policies.may_change_checked_facts(factories.make_member(draft), draft)


def test_nobody_verifies_their_own() -> None:
    organisation = factories.make_organisation(status=S.SUBMITTED)
    steward = factories.make_steward()
    Membership.objects.create(user=steward, organisation=organisation, status=Membership.Status.ACTIVE)

    assert not policies.may_verify(steward, organisation)
    assert policies.may_verify(factories.make_steward(), organisation)
    assert not policies.may_verify(factories.make_user(), organisation)


def test_active_managers_are_told() -> None:
    organisation = factories.make_organisation()
    manager = factories.make_member(organisation)
    factories.make_member(organisation, role=Membership.Role.MEMBER)
    factories.make_member(organisation, is_active=False)

    assert list(policies.managers_of(organisation)) == [manager]
