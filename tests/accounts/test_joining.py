import re

import pytest
from django.test import Client
from django.utils import timezone

from serai.accounts import actions
from serai.accounts.actions.joining import open_invitation
from serai.accounts.models import AccessRequest, Invitation, Membership, User
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound
from serai.core.models import AuditEntry, OutboxMessage
from tests.factories import make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db


def _secret_in_letter() -> str:
    body = OutboxMessage.objects.get(channel="mail").payload["body"]
    return str(re.findall(r"/join/([^/\s]+)/", body)[0])


def test_a_manager_invites_and_the_invited_person_joins_with_a_new_account() -> None:
    organisation = make_organisation()
    manager = make_member(organisation)

    invitation = actions.invite(
        by=manager, organisation_id=organisation.pk, email="New@Example.org", role="member"
    )
    user = actions.accept_invitation(
        secret=_secret_in_letter(), by=None, name="Ana", password="correct horse battery staple"
    )

    assert (user.email, user.name) == ("new@example.org", "Ana")
    assert Membership.objects.get(user=user).status == Membership.Status.ACTIVE
    invitation.refresh_from_db()
    assert invitation.status == Invitation.Status.ACCEPTED
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("at")) == [
        "accounts.invited",
        "accounts.invitation_accepted",
    ]


def _same(page: bytes) -> bytes:
    """A page without its CSRF token, which differs each time."""
    return re.sub(rb"[A-Za-z0-9]{64}", b"", page)


def test_the_secret_is_not_kept() -> None:
    organisation = make_organisation()
    actions.invite(
        by=make_member(organisation), organisation_id=organisation.pk, email="a@example.org", role="member"
    )

    assert _secret_in_letter() not in str(list(Invitation.objects.values()))


def test_a_stranger_may_not_invite() -> None:
    organisation = make_organisation()

    with pytest.raises(NotAllowed):
        actions.invite(by=make_user(), organisation_id=organisation.pk, email="a@example.org", role="member")
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("change", ["revoked", "expired", "used"])
def test_an_invitation_that_ended_is_not_there(change: str) -> None:
    organisation = make_organisation()
    manager = make_member(organisation)
    invitation = actions.invite(
        by=manager, organisation_id=organisation.pk, email="a@example.org", role="member"
    )
    secret = _secret_in_letter()
    if change == "revoked":
        actions.revoke_invitation(invitation=invitation, by=manager)
    elif change == "expired":
        Invitation.objects.update(expires_at=timezone.now())
    else:
        actions.accept_invitation(secret=secret, by=None, name="A", password="correct horse battery")

    with pytest.raises(NotFound):
        open_invitation(secret)


def test_an_invitation_is_for_its_address_only() -> None:
    organisation = make_organisation()
    actions.invite(
        by=make_member(organisation), organisation_id=organisation.pk, email="a@example.org", role="member"
    )

    with pytest.raises(NotAllowed):
        actions.accept_invitation(secret=_secret_in_letter(), by=make_user())


def test_a_weak_password_is_refused_and_nothing_is_kept() -> None:
    organisation = make_organisation()
    actions.invite(
        by=make_member(organisation), organisation_id=organisation.pk, email="a@example.org", role="member"
    )

    with pytest.raises(Invalid) as refused:
        actions.accept_invitation(secret=_secret_in_letter(), by=None, name="A", password="short")

    assert set(refused.value.fields) == {"password"}
    assert not User.objects.filter(email="a@example.org").exists()


def test_the_answer_to_a_request_to_join_tells_nothing_about_accounts(client: Client) -> None:
    known = make_user()
    form = {"name": "A", "organisation_name": "O", "country_code": "PL", "message": ""}

    new = client.post("/join/", {**form, "email": "new@example.org"})
    old = client.post("/join/", {**form, "email": known.email})

    assert (new.status_code, _same(new.content)) == (old.status_code, _same(old.content))
    assert [r.email for r in AccessRequest.objects.all()] == ["new@example.org"]


def test_a_steward_accepts_a_request_into_an_organisation() -> None:
    organisation = make_organisation()
    actions.request_access(
        email="n@example.org", name="N", organisation_name="O", country_code="PL", message="", language="en"
    )
    request = AccessRequest.objects.get()

    actions.decide_access_request(
        request=request, by=make_steward(), accept=True, organisation_id=organisation.pk
    )

    assert Invitation.objects.get().email == "n@example.org"
    with pytest.raises(Conflict):
        actions.decide_access_request(request=request, by=make_steward(), accept=False)


def test_an_invited_person_need_not_write_their_name_again(client: Client) -> None:
    actions.request_access(
        email="n@example.org",
        name="Nadia Farouk",
        organisation_name="O",
        country_code="EG",
        message="",
        language="fr",
    )
    actions.decide_access_request(
        request=AccessRequest.objects.get(),
        by=make_steward(),
        accept=True,
        organisation_id=make_organisation().pk,
    )

    page = client.get(f"/join/{_secret_in_letter()}/").content.decode()

    assert 'value="Nadia Farouk"' in page
    assert '<html lang="fr"' in page


def test_a_manager_names_whom_they_invite(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_member(organisation))
    values = {"email": "bo@example.org", "name": " Bo Li ", "role": "member", "language": "en"}

    assert client.post(f"/colleagues/{organisation.pk}/", values).status_code == 302

    assert Invitation.objects.get().name == "Bo Li"
    assert "Bo Li" in client.get(f"/colleagues/{organisation.pk}/").content.decode()


def test_only_stewards_decide_about_requests_to_join() -> None:
    actions.request_access(
        email="n@example.org", name="N", organisation_name="O", country_code="PL", message="", language="en"
    )

    with pytest.raises(NotAllowed):
        actions.decide_access_request(request=AccessRequest.objects.get(), by=make_user(), accept=False)


def test_the_last_manager_stays() -> None:
    manager = make_member(make_organisation())

    with pytest.raises(Conflict):
        actions.leave(membership=manager.memberships.get(), by=manager)


def test_a_membership_is_asked_for_and_decided_by_a_manager() -> None:
    organisation = make_organisation()
    manager, person = make_member(organisation), make_user()

    membership = actions.request_membership(by=person, organisation_id=organisation.pk)
    with pytest.raises(NotAllowed):
        actions.decide_membership(membership=membership, by=person, accept=True)
    actions.decide_membership(membership=membership, by=manager, accept=True)

    assert person.memberships.get().status == Membership.Status.ACTIVE
    assert [n.kind for n in person.notices.all()] == ["accounts.membership_accepted"]
