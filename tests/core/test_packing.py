import gzip
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import make_user

pytestmark = pytest.mark.django_db
PACKED = {"accept-encoding": "gzip"}


def test_a_strangers_page_is_sent_compressed(client: Client) -> None:
    plain: Any = client.get("/network/")
    packed: Any = client.get("/network/", headers=PACKED)

    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) * 2 < len(plain.content)
    assert b"<h1" in gzip.decompress(packed.content)
    assert "Accept-Encoding" in packed["Vary"]


def test_the_length_of_a_members_page_tells_nothing_of_what_is_in_it(client: Client) -> None:
    client.force_login(make_user())
    assert settings.SESSION_COOKIE_NAME in client.cookies

    assert "Content-Encoding" not in client.get("/network/", headers=PACKED)


def test_nor_does_the_length_of_an_answer_to_a_token(client: Client) -> None:
    response = client.get("/api/v1/organisations", headers={**PACKED, "authorization": "Bearer none"})
    assert "Content-Encoding" not in response


def test_the_head_of_a_page_is_answered_without_a_body(client: Client) -> None:
    response: Any = client.head("/network/", headers=PACKED)
    assert (response.status_code, response.content) == (200, b"")
