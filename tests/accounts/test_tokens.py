from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from serai.accounts import actions
from serai.accounts.models import ApiToken
from serai.core.errors import Conflict, Invalid, NotAllowed
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    token, secret = actions.create_token(by=make_user(), name="script")

    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values())


def test_a_revoked_token_is_refused_at_once() -> None:
    user = make_user()
    token, _secret = actions.create_token(by=user, name="script")

    actions.revoke_token(token=token, by=user)

    token.refresh_from_db()
    assert token.revoked_at is not None


def test_another_person_may_not_revoke_a_token() -> None:
    token, _secret = actions.create_token(by=make_user(), name="script")

    with pytest.raises(NotAllowed):
        actions.revoke_token(token=token, by=make_user())


@pytest.mark.parametrize(("name", "scope", "days"), [("", "read", 1), ("x", "admin", 1), ("x", "read", -1)])
def test_a_token_needs_a_name_a_scope_and_an_end_ahead(name: str, scope: str, days: int) -> None:
    with pytest.raises(Invalid):
        actions.create_token(
            by=make_user(), name=name, scope=scope, expires_at=timezone.now() + timedelta(days=days)
        )
    assert not ApiToken.objects.exists()


def test_tokens_are_limited_in_number() -> None:
    user = make_user()
    for n in range(20):
        actions.create_token(by=user, name=str(n))

    with pytest.raises(Conflict):
        actions.create_token(by=user, name="one too many")


def test_the_page_shows_a_new_token_once(client: Client) -> None:
    client.force_login(make_user())

    answer = client.post("/settings/tokens/", {"name": "script", "scope": "read", "days": 5})

    assert answer.status_code == 200
    assert answer.content.count(b"serai_") >= 1
    assert b"serai_" not in client.get("/settings/tokens/").content.replace(b"serai_language", b"").replace(
        b"serai_theme", b""
    )
