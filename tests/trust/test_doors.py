"""What holds at every door, whoever knocks: start-up, CSRF, tokens, repeats, odd input, headers, redirects."""

import base64
import importlib
import json
import re
import threading
import uuid
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import Client
from pytest_django import Settings

from serai import wsgi
from serai.accounts.models import ApiToken, Membership, NodeRole, User
from serai.accounts.secrets import hash_of
from serai.directory.models import Organisation
from tests import factories as f
from tests.trust import walk

pytestmark = pytest.mark.django_db

ELSEWHERE = (
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "javascript:alert(1)",
)


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def new_organisation(**values: Any) -> dict[str, Any]:
    body = json.loads(walk.sample_body("POST", "/api/v1/organisations"))
    return {**body, "country": f.make_place("PL").code, "kinds": ["university"], **values}


def post(client: Client, address: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers)


# --- start-up -----------------------------------------------------------------------------------------------
def test_a_route_without_a_rule_stops_the_start_and_answers_404(settings: Settings, client: Client) -> None:
    settings.ROOT_URLCONF = "tests.trust.unguarded_urls"

    with pytest.raises(SystemCheckError, match="No policy guards page /forgotten/"):
        call_command("check")
    with pytest.raises(ImproperlyConfigured, match="/forgotten/"):
        importlib.reload(wsgi)
    assert client.get("/forgotten/").status_code == 404


def test_the_node_as_it_is_starts() -> None:
    call_command("check")
    importlib.reload(wsgi)


# --- sessions and tokens ------------------------------------------------------------------------------------
def test_a_session_cannot_write_by_the_interface_without_its_csrf_token() -> None:
    client = signed_in(f.make_user(), enforce_csrf_checks=True)

    answer = post(client, "/api/v1/organisations", new_organisation(name="Forged House"))

    assert answer.status_code == 403
    assert not Organisation.objects.filter(name="Forged House").exists()


def test_no_page_takes_a_form_without_its_csrf_token() -> None:
    secretary = f.make_user()
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)
    client = signed_in(secretary, enforce_csrf_checks=True)
    taken = [
        path
        for method, path in walk.doors()
        if method == "PAGE" and "<" not in path and client.post(path).status_code not in (403, 404, 405)
    ]

    assert taken == []


def test_a_token_that_may_read_cannot_write() -> None:
    person = f.make_user()
    for scope in ApiToken.Scope:
        ApiToken.objects.create(user=person, name=scope, scope=scope, secret_hash=hash_of(f"secret {scope}"))
    body = new_organisation(name="House by token")

    refused = post(Client(), "/api/v1/organisations", body, authorization="Bearer secret read")
    taken = post(Client(), "/api/v1/organisations", body, authorization="Bearer secret write")
    unknown = post(Client(), "/api/v1/organisations", body, authorization="Bearer guess")

    assert (refused.status_code, taken.status_code, unknown.status_code) == (403, 201, 401), taken.content


def test_a_role_taken_away_ends_what_it_opened_at_once() -> None:
    steward = f.make_steward()
    client = signed_in(steward)
    assert client.get("/exchange/reviews/").status_code == 200

    NodeRole.objects.all().delete()

    assert client.get("/exchange/reviews/").status_code == 404


def test_a_person_who_left_an_organisation_sees_its_drafts_no_more() -> None:
    house = f.make_organisation()
    client = signed_in(f.make_member(house))
    draft = f.make_listing(organisation=house, status="draft")
    assert client.get(f"/exchange/{draft.pk}/").status_code == 200

    Membership.objects.update(status=Membership.Status.LEFT)

    assert client.get(f"/exchange/{draft.pk}/").status_code == 404


# --- repeats ------------------------------------------------------------------------------------------------
def test_the_same_post_with_one_key_has_one_effect() -> None:
    client = signed_in(f.make_user())
    body = new_organisation(name="House founded once")

    first = post(client, "/api/v1/organisations", body, idempotency_key="k")
    again = post(client, "/api/v1/organisations", body, idempotency_key="k")
    other = post(client, "/api/v1/organisations", {**body, "name": "Else"}, idempotency_key="k")

    assert first.status_code == again.status_code == 201, first.content
    assert first.json() == again.json()
    assert again["Idempotent-Replay"] == "true"
    assert other.status_code == 409
    assert Organisation.objects.filter(name="House founded once").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_equal_posts_at_once_have_one_effect() -> None:
    person, body = f.make_user(), new_organisation(name="House of twins")
    clients = [signed_in(person), signed_in(person)]
    together, answers = threading.Barrier(2), []

    def send(client: Client) -> None:
        together.wait()
        answers.append(post(client, "/api/v1/organisations", body, idempotency_key="twin"))
        connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Organisation.objects.filter(name="House of twins").count() == 1


# --- odd input ----------------------------------------------------------------------------------------------
def test_every_body_of_the_interface_refuses_unknown_fields() -> None:
    schemas = walk.description()["components"]["schemas"]
    bodies = {
        content["schema"]["$ref"].rsplit("/", 1)[1]
        for operations in walk.description()["paths"].values()
        for operation in operations.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind != "multipart/form-data"  # uploads, whose fields are named in the operation
    }

    lenient = [name for name in bodies if schemas[name].get("additionalProperties") is not False]
    assert lenient == []
    body = new_organisation(name="House", status="verified")
    assert post(signed_in(f.make_user()), "/api/v1/organisations", body).status_code == 422


def test_every_list_of_the_interface_refuses_unknown_parameters() -> None:
    secretary = f.make_user()
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)
    client = signed_in(secretary)
    lenient = [
        (path, parameter)
        for method, path in walk.doors()
        if method == "GET" and "<" not in path
        for parameter in ("owner__email__startswith=a", "expand=1", "fields=contact", "ids=1", "group=x")
        if client.get(f"{path}?{parameter}").status_code not in (400, 422)
    ]

    assert lenient == []


@pytest.mark.parametrize("value", ["\x00", "%FF", "1e999", "-1", "9" * 30, "a" * 5000, "'\"><", "\u202e"])
def test_no_list_breaks_on_an_odd_value(value: str) -> None:
    client = signed_in(f.make_steward(), raise_request_exception=False)
    names = (
        "q",
        "page",
        "place",
        "status",
        "kind",
        "trl",
        "day",
        "year",
        "offset",
        "limit",
        "sector",
        "order",
    )
    broken = []
    for method, path in walk.doors():
        if method not in ("PAGE", "GET") or "<" in path or path.startswith("/accounts/"):
            continue
        response: Any = client.get(path, dict.fromkeys(names, value))
        broken += [path] if response.status_code >= 500 else []
        walk.done(response)

    assert broken == []


@pytest.mark.parametrize(
    "mark",
    [[1, False, "no date", str(uuid.UUID(int=1))], [1, True, "", str(uuid.UUID(int=1))], [9**30, 0, 1, 2]],
)
def test_no_list_breaks_on_a_forged_mark_of_a_page(mark: list[Any]) -> None:
    """The mark of a page holds a sort value, so it can be forged into one the database cannot read."""
    forged = base64.urlsafe_b64encode(json.dumps(mark).encode()).decode().rstrip("=")
    client = signed_in(f.make_steward(), raise_request_exception=False)
    broken = []
    for method, path in walk.doors():
        if method in ("PAGE", "GET") and "<" not in path and not path.startswith("/accounts/"):
            response: Any = client.get(path, {"page": forged})
            broken += [path] if response.status_code >= 500 else []
            walk.done(response)

    assert broken == []


# --- redirects, hosts, headers ------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_elsewhere(address: str) -> None:
    person = f.make_user(email="a@example.org")
    person.set_password("a long enough password")
    person.save()
    client = Client()

    login = client.post(
        "/accounts/login/", {"login": person.email, "password": "a long enough password", "next": address}
    )
    language = client.post("/i18n/setlang/", {"language": "fr", "next": address})

    assert "elsewhere" not in login.get("Location", "")
    assert "javascript" not in login.get("Location", "")
    assert language["Location"] in ("/", "/today/")


def test_another_host_is_refused() -> None:
    assert Client().get("/", headers={"host": "elsewhere.example"}).status_code == 400
    forwarded = Client().get("/", headers={"x-forwarded-host": "elsewhere.example"})
    assert b"elsewhere" not in forwarded.content


def test_no_answer_is_kept_by_a_cache_and_every_answer_has_its_policy() -> None:
    secretary = f.make_member(f.make_organisation())
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)
    for client in (Client(), signed_in(secretary)):
        for method, path in walk.doors():
            if method not in ("PAGE", "GET") or "<" in path:
                continue
            answer: Any = client.get(path)
            cached = answer["Cache-Control"]
            assert "no-store" in cached and "private" in cached, f"{path}: {cached}"  # noqa: PT018
            policy = answer["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert not re.search("unsafe-(inline|eval)", policy), path
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["X-Frame-Options"] == "DENY"
            walk.done(answer)


def test_signing_in_is_asked_before_anybody_looks_whether_it_exists() -> None:
    client = Client()
    draft = f.make_listing(status="draft")
    for address in (
        "/exchange/{}/edit/about/",
        "/build/cases/{}/",
        "/meet/meetings/{}/",
        "/exchange/interests/{}/",
    ):
        there, nowhere = client.get(address.format(draft.pk)), client.get(address.format(walk.random_id()))
        assert there.status_code == nowhere.status_code == 302
        assert there["Location"].startswith("/accounts/login/?next=")


def test_a_hidden_listing_answers_byte_for_byte_like_one_that_is_not_there() -> None:
    draft, nowhere = f.make_listing(status="draft"), walk.random_id()
    for client in (Client(), signed_in(f.make_member(f.make_organisation()))):
        for address in ("/exchange/{}/", "/api/v1/listings/{}"):
            answers = [client.get(address.format(pk)) for pk in (draft.pk, nowhere)]
            hidden, missing = (
                walk.comparable(walk.text_of(a), pk)
                for a, pk in zip(answers, (draft.pk, nowhere), strict=True)
            )
            assert [a.status_code for a in answers] == [404, 404]
            assert hidden == missing


# --- hostile text -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_name_that_is_a_formula_leaves_as_text(form: str, client: Client) -> None:
    f.make_organisation(name='=HYPERLINK("https://elsewhere.example")')

    answer: Any = client.get(f"/network/organisations.{form}")
    text = walk.text_of(answer)
    walk.done(answer)

    assert "HYPERLINK" in text
    if form == "csv":
        assert "'=HYPERLINK" in text
    assert "<f>" not in text


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\u200f", "\x07", "\ufeff"])
def test_names_take_no_character_that_hides_or_turns_text(character: str) -> None:
    answer = post(
        signed_in(f.make_user()), "/api/v1/organisations", new_organisation(name=f"Bank{character} of Light")
    )

    assert answer.status_code in (201, 422)
    assert not Organisation.objects.filter(name__contains=character).exists()


def test_markup_in_a_name_is_shown_as_text(client: Client) -> None:
    house = f.make_organisation(name="<script>alert(1)</script>")

    for address in ("/network/", f"/network/{house.pk}/"):
        assert b"<script>alert" not in client.get(address).content
