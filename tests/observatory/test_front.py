"""The front page of a node on which nothing has happened yet."""

import re

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_an_empty_node_says_what_belongs_there_and_how_to_begin(client: Client) -> None:
    page = client.get(reverse("front")).content.decode()

    empty = re.search(r'<div class="empty">.*?</div>', page, re.DOTALL)
    assert empty is not None
    assert "Join, and publish the first." in empty[0]
    assert f'href="{reverse("join")}"' in page
    assert re.findall(r"<h1>(.*?)</h1>", page) == ["Find who you need, in any language"]
