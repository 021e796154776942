"""Bodies in pieces, HEAD, and pages beyond their bounds: what programs send that is no plain request."""

from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client

from serai.core import bodies, routes
from serai.core.bodies import MOST_IN_PIECES
from tests import factories

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _in_pieces(body: bytes) -> dict[str, Any]:
    """The environment as gunicorn gives it for a chunked body: decoded, without a length."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/interests",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
    }


def test_a_body_in_pieces_is_read_whole() -> None:
    environ = _in_pieces(b'{"a": 1}')

    bodies.measure(environ)

    assert WSGIRequest(environ).body == b'{"a": 1}'


def test_a_long_body_in_pieces_is_marked_and_read_no_further() -> None:
    environ = _in_pieces(b"x" * (MOST_IN_PIECES + 100))
    source = environ["wsgi.input"]

    bodies.measure(environ)

    assert (environ[bodies.IS_UNMEASURED], WSGIRequest(environ).body) == (True, b"")
    assert source.tell() == MOST_IN_PIECES + 1


def test_a_body_with_a_length_is_left_alone() -> None:
    environ = {"CONTENT_LENGTH": "3", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b"abc")}
    before = dict(environ)

    bodies.measure(environ)

    assert environ == before


@pytest.mark.django_db
def test_what_cannot_be_measured_is_refused_in_the_one_shape() -> None:
    response = Client().post("/api/v1/interests", **{bodies.IS_UNMEASURED: True})

    assert (response.status_code, response.json()["code"]) == (411, "length_required")
    assert "5 MB" in response.json()["detail"]


# --- HEAD -------------------------------------------------------------------------------------------------------
def _readable() -> list[str]:
    """Every list the interface has, which nobody has to name a record for."""
    return sorted(path for path, method, _view in routes.operations() if method == "GET" and "{" not in path)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/exchange/", "/directory/", "/indicators/", *_readable()])
def test_head_is_answered_as_get_is_without_the_body(path: str) -> None:
    client = Client()
    got, headed = client.get(path), client.head(path)

    assert headed.status_code == got.status_code != 405
    assert headed.content == b""
    kept = ("Content-Type", "Content-Length", "Cache-Control")
    assert [headed.get(name) for name in kept] == [got.get(name) for name in kept]


@pytest.mark.django_db
def test_the_description_names_no_head() -> None:
    described = Client().get("/api/v1/openapi.json").json()

    assert not [path for path, operations in described["paths"].items() if "head" in operations]


# --- pages of a list --------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked", ["limit=101", "limit=0", "limit=-1", "limit=many", "offset=10001", "offset=-1"]
)
def test_a_page_beyond_its_bounds_is_refused_and_not_cut(asked: str) -> None:
    response = Client().get(f"/api/v1/listings?{asked}")

    name = asked.partition("=")[0]
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert [field.rpartition(".")[2] for field in response.json()["fields"]] == [name]


@pytest.mark.django_db
def test_the_description_states_the_bounds_of_every_list() -> None:
    described = Client().get("/api/v1/openapi.json").json()

    asked = [
        parameter["schema"]
        for operations in described["paths"].values()
        for parameter in operations.get("get", {}).get("parameters", [])
        if parameter["name"] == "limit"
    ]
    assert asked
    assert {(schema.get("minimum"), schema.get("maximum")) for schema in asked} == {(1, 100)}


# --- texts that do not fit --------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "keyword", "field"),
    [
        ("xx-yy-zz", "pump", "path.language"),
        ("english", "pump", "path.language"),
        ("en", "p" * 81, "keywords.0"),
    ],
)
def test_what_does_not_fit_is_refused_and_named_and_not_cut(language: str, keyword: str, field: str) -> None:
    organisation = factories.make_organisation()
    listing = factories.make_listing(organisation=organisation)
    client = Client()
    client.force_login(factories.make_member(organisation), backend=BACKEND)

    response = client.put(
        f"/api/v1/listings/{listing.pk}/texts/{language}",
        {"title": "A pump", "summary": "It pumps.", "keywords": [keyword]},
        content_type="application/json",
    )

    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert [name.removeprefix("body.body.") for name in response.json()["fields"]] == [field]
