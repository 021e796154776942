"""Errors of the interface have one shape, whatever went wrong; people get a page in their language."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from serai.accounts.models import ApiToken
from serai.accounts.secrets import hash_of
from serai.core import problems, tasks
from serai.core.imports import uploads
from serai.core.models import IdempotentAnswer, ImportRun, StoredFile
from serai.core.models.imports import ImportRun as Run
from tests import factories

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LARGE = 6 << 20


def _steward() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(factories.make_steward(), backend=BACKEND)
    return client


def _problem(response: Any) -> tuple[int, str, set[str]]:
    """Status, code and the names of what else is said, of an answer in the interface's one shape."""
    assert response["Content-Type"].startswith("application/json")
    body = response.json()
    return response.status_code, body["code"], set(body) - {"code"}


@pytest.mark.parametrize(
    ("method", "path", "content", "expected"),
    [
        ("post", "/api/v1/interests", b'{"a": "%s"}' % (b"x" * LARGE), (413, "too_large")),
        ("post", "/api/v1/interests", b"{", (400, "error")),
        ("get", "/api/v1/nothing", b"", (404, "not_found")),
        ("get", "/api/v1/listings/7d444840-9dc0-11d1-b245-5ffdce74fad2", b"", (404, "not_found")),
        ("delete", "/api/v1/imports", b"", (405, "no_such_method")),
    ],
)
def test_every_error_of_the_interface_has_one_shape(
    method: str, path: str, content: bytes, expected: tuple[int, str]
) -> None:
    response = _steward().generic(method.upper(), path, content, content_type="application/json")

    assert _problem(response) == (*expected, {"detail"})


def test_a_key_that_is_too_long_or_used_twice_is_a_problem_too() -> None:
    client = _steward()

    def post(path: str, key: str) -> Any:
        return client.post(path, b"{}", content_type="application/json", headers={"Idempotency-Key": key})

    assert _problem(post("/api/v1/interests", "k" * 201)) == (422, "invalid", {"detail"})
    post("/api/v1/interests", "one")
    assert _problem(post("/api/v1/cases", "one")) == (409, "conflict", {"detail"})


def test_the_description_names_the_shape_at_every_operation() -> None:
    described = json.loads(Client().get("/api/v1/openapi.json").content)

    shape = described["components"]["schemas"]["Problem"]
    assert set(shape["properties"]) == {"code", "detail", "fields", "alternatives"}
    answers = [o["responses"]["default"] for path in described["paths"].values() for o in path.values()]
    refs = {a["content"]["application/json"]["schema"]["$ref"] for a in answers}
    assert refs == {"#/components/schemas/Problem"}


# --- bodies that are too large ----------------------------------------------------------------------------------


def test_a_form_that_is_too_large_is_refused_with_a_page_before_it_is_read() -> None:
    response = Client().generic(
        "POST", "/accounts/login/", b"a=" + b"x" * LARGE, content_type="application/x-www-form-urlencoded"
    )

    assert (response.status_code, "5 MB at most" in response.content.decode()) == (413, True)


class _Unread:
    """A body of which nobody may read a byte."""

    def read(self, *_size: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize("path", ["/imports/new/", "/api/v1/imports"])
def test_an_upload_beyond_the_limit_is_refused_by_the_length_it_announces(path: str) -> None:
    response = _steward().post(
        path,
        **{
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "CONTENT_LENGTH": str(uploads.MAX_UPLOAD_BYTES + (2 << 20)),
            "wsgi.input": _Unread(),
        },
    )

    assert (response.status_code, "200 MB at most" in response.content.decode()) == (413, True)


def _csv(size: int) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.csv", b"name\n" + b"A house\n" * (size // 8))


def test_an_upload_over_five_megabytes_takes_an_idempotency_key() -> None:
    client = _steward()

    def post(size: int) -> Any:
        data = {"format": "members", "file": _csv(size)}
        return client.post("/api/v1/imports", data, headers={"Idempotency-Key": "k"})

    first, again, other = post(LARGE), post(LARGE), post(LARGE + 8)

    assert (first.status_code, again.status_code, again["Idempotent-Replay"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert _problem(other) == (409, "conflict", {"detail"})
    assert (ImportRun.objects.count(), StoredFile.objects.count()) == (1, 1)


# --- the database is away ---------------------------------------------------------------------------------------


@pytest.fixture
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The views' queries meet a server that is shutting down."""

    def gone(*_args: Any, **_values: Any) -> Any:
        raise OperationalError("terminating connection due to administrator command")

    monkeypatch.setattr(Run.objects.all().__class__, "_fetch_all", gone)
    monkeypatch.setattr(Run.objects.all().__class__, "count", gone)


@pytest.mark.usefixtures("_away")
def test_a_database_that_restarts_is_503_with_retry_after_for_programs() -> None:
    response = Client(raise_request_exception=False).get("/api/v1/listings")

    assert _problem(response) == (503, "unavailable", {"detail"})
    assert response["Retry-After"] == "5"


@pytest.mark.usefixtures("_away")
@pytest.mark.parametrize(
    ("language", "words"), [("en", "back in a moment"), ("de", 'lang="de"'), ("ar", 'dir="rtl"')]
)
def test_a_database_that_restarts_is_a_page_in_the_readers_language(language: str, words: str) -> None:
    response = Client(raise_request_exception=False).get("/exchange/", headers={"Accept-Language": language})

    assert (response.status_code, response["Retry-After"], words in response.content.decode()) == (
        503,
        "5",
        True,
    )


def test_a_fault_of_ours_is_500_in_the_same_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_values: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr("serai.core.imports.queries.runs", broken)
    client = _steward()
    client.cookies["serai_theme"] = "dark"
    page = client.get("/imports/")

    assert (page.status_code, 'data-bs-theme="dark"' in page.content.decode()) == (500, True)
    assert _problem(_steward().get("/api/v1/imports")) == (500, "broken", {"detail"})


def test_what_came_of_the_database_is_told_from_a_fault_of_ours() -> None:
    try:
        try:
            raise OperationalError("gone")
        except OperationalError as error:
            raise RuntimeError("the queue has no connection") from error
    except RuntimeError as error:
        found = problems.is_database_gone(error)

    assert (found, problems.is_database_gone(KeyError("x"))) == (True, False)


@pytest.mark.parametrize("path", ["/api/v1/organisations?place=%00", "/api/v1/places/%00x", "/network/%00/"])
def test_a_nul_is_refused_wherever_it_stands(path: str) -> None:
    assert Client(raise_request_exception=False).get(path).status_code in {404, 422}


def test_a_nul_in_a_body_is_refused_by_its_field() -> None:
    country = {"name": "A", "name_language": "en", "kinds": ["sme"], "country": "\x00\x00"}
    response = _steward().post("/api/v1/organisations", json.dumps(country), content_type="application/json")

    status, code, _ = _problem(response)
    assert (status, code) == (422, "invalid")


def test_a_stranger_leaves_no_answer_behind() -> None:
    Client().post(
        "/api/v1/interests", b"{}", content_type="application/json", headers={"Idempotency-Key": "k"}
    )

    assert not IdempotentAnswer.objects.exists()


def test_a_withdrawn_token_gets_no_stored_answer() -> None:
    person = factories.make_steward()
    token = ApiToken.objects.create(
        user=person, name="t", scope=ApiToken.Scope.WRITE, secret_hash=hash_of("secret")
    )

    def ask() -> Any:
        headers = {"Authorization": "Bearer secret", "Idempotency-Key": "k"}
        return Client().post("/api/v1/interests", b"{}", content_type="application/json", headers=headers)

    assert ask().status_code == 422
    assert IdempotentAnswer.objects.count() == 1
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    assert ask().status_code == 401


def test_answers_of_a_week_ago_are_forgotten() -> None:
    old, new = (IdempotentAnswer.objects.create(principal="user:1", key=k, request_hash="x") for k in "ab")
    IdempotentAnswer.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))

    tasks.forget_answers(timestamp=0)

    assert list(IdempotentAnswer.objects.values_list("pk", flat=True)) == [new.pk]
