"""Who a viewer is to the node is asked once a page, and anew for the next."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from serai.accounts.models import ApiToken, Membership, NodeRole, User
from serai.accounts.policies import is_steward, is_verified_member
from serai.accounts.secrets import hash_of
from serai.core.asked import AskedOnceMiddleware
from tests import factories as f
from tests.trust.test_doors import new_organisation, post

pytestmark = pytest.mark.django_db
PAGES = [
    ("member", "/today/", 11),
    ("steward", "/today/", 19),
    ("member", "/find/?q=water", 2),
    ("member", "/exchange/", 3),
    ("member", "/network/", 3),
    ("steward", "/network/", 4),
    ("member", "/build/agreements/", 6),
    ("steward", "/build/agreements/", 14),
    ("member", "/build/results/", 5),
    ("steward", "/build/results/", 10),
]
"""Who opens which page, and how many queries fewer it makes."""


def questions(user: User, address: str) -> tuple[int, int]:
    """(how often a page asks for the roles of its viewer, all its queries)."""
    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return sum('FROM "accounts_noderole"' in q["sql"] for q in queries), len(queries)


@pytest.mark.parametrize(("who", "address", "saved"), PAGES)
def test_a_page_asks_once_who_its_viewer_is(who: str, address: str, saved: int, settings: Settings) -> None:
    user = f.make_steward() if who == "steward" else f.make_member(f.make_organisation(status="verified"))
    questions(user, address)

    roles, queries = questions(user, address)
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if not m.endswith("AskedOnceMiddleware")]
    before = questions(user, address)  # the control

    assert roles == 1 < before[0]
    assert queries <= before[1] - saved


def answering(
    question: Callable[[User], bool], user: User, then: Callable[[], object]
) -> Callable[..., tuple[bool, bool]]:
    """What is answered inside one request before and after something happened."""
    answers: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        answers.append(question(user))
        then()
        answers.append(question(user))
        return HttpResponse()

    def ask(method: str) -> tuple[bool, bool]:
        answers.clear()
        AskedOnceMiddleware(view)(RequestFactory().generic(method, "/"))
        return answers[0], answers[1]

    return ask


def test_what_writes_asks_at_every_use_and_the_next_request_asks_anew() -> None:
    steward = f.make_steward()
    ask = answering(is_steward, steward, NodeRole.objects.all().delete)

    assert ask("GET") == (True, True)
    assert ask("GET") == (False, False)
    NodeRole.objects.create(user=steward, role=NodeRole.Role.STEWARD)
    assert ask("POST") == (True, False)


def test_outside_a_request_nothing_is_kept() -> None:
    member = f.make_member(f.make_organisation(status="verified"))
    assert is_verified_member(member)

    Membership.objects.update(status=Membership.Status.LEFT)

    assert not is_verified_member(member)


def test_one_viewer_is_not_answered_for_another() -> None:
    steward, other = f.make_steward(), f.make_user()
    found = []

    def view(request: HttpRequest) -> HttpResponse:
        found.extend([is_steward(steward), is_steward(other), is_steward(steward), is_verified_member(other)])
        return HttpResponse()

    AskedOnceMiddleware(view)(RequestFactory().get("/"))

    assert found == [True, False, True, False]


def test_a_token_is_looked_up_once_also_with_a_key() -> None:
    person = f.make_user()
    ApiToken.objects.create(
        user=person, name="t", scope=ApiToken.Scope.WRITE, secret_hash=hash_of("secret write")
    )

    def looked_up(**headers: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = post(
                Client(), "/api/v1/organisations", new_organisation(name=f"House {headers}"), **headers
            )
        assert answer.status_code == 201, answer.content
        return sum('FROM "accounts_apitoken"' in q["sql"] for q in queries)

    assert looked_up(authorization="Bearer secret write") == 1
    assert looked_up(authorization="Bearer secret write", idempotency_key="k") == 1
