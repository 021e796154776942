"""axe-core on the pages people reach from the menus, as four roles, on a phone and on a desk."""

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from serai.accounts.models import User
from tests.browser.conftest import Visitor
from tests.trust import walk
from tests.trust.world import ORGANISER, OWNER, STEWARD, STRANGER, World
from tests.trust.world import build as build_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).resolve().parents[1] / "vendor/axe-core/axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = f"axe.run(document, {{resultTypes: ['violations'], runOnly: {TAGS}}})"
FOUR = (STRANGER, OWNER, ORGANISER, STEWARD)
WIDTHS = (390, 1280)
LANGUAGES = [code for code, _name in django_settings.LANGUAGES]


@pytest.fixture
def world(live_server: LiveServer, settings: Settings, tmp_path: Path) -> World:
    settings.CONFIG = replace(settings.CONFIG, home=tmp_path)  # without an index the search goes by words
    return build_world()


@pytest.mark.parametrize("role", FOUR)
def test_pages_of_the_menus_have_no_fault(
    chromium: Any, live_server: LiveServer, world: World, role: str
) -> None:
    faults = []
    for width in WIDTHS:
        visitor = _visitor(chromium, live_server, world.users[role], width)
        visitor.go("/")
        paths = visitor.page.eval_on_selector_all(
            "nav a[href^='/']", "links => links.map(link => new URL(link.href).pathname)"
        )
        assert len(set(paths)) >= 5
        for path in sorted({"/", *paths}):
            faults += _faults(visitor, path, f"{role} {width} {path}")
        visitor.leave()

    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", FOUR)
def test_every_page_in_every_language_has_no_fault(
    chromium: Any, live_server: LiveServer, world: World, role: str, language: str
) -> None:
    faults = []
    pages = _pages(world, role)
    assert len(pages) > 20
    user = world.users[role]
    if user is not None:
        user.language = language
        user.save()
    for turn, width in enumerate(WIDTHS):
        visitor = _visitor(chromium, live_server, user, width, language)
        for door, path in pages.items():
            if (_draw(door, role, language) + turn) % len(WIDTHS):
                continue
            faults += _faults(visitor, path, f"{language} {role} {width} {path}")
        visitor.leave()

    assert not faults, "\n".join(faults)


_numbers: dict[str, list[int]] = {}


def _pages(world: World, role: str) -> dict[str, str]:
    """The address of the first whole page that each door shows the role, by door.

    Every world has its calls in the same order, so they are tried once a role and known by their number then.
    """
    calls = list(walk.calls(world, unsafe=False))
    if role not in _numbers:
        client, shown = walk.clients(world)[role], set()
        _numbers[role] = []
        for number, call in enumerate(calls):
            if call.door not in shown and _is_page(client, call, role):
                shown.add(call.door)
                _numbers[role].append(number)
    return {calls[number].door: calls[number].at() for number in _numbers[role]}


def _is_page(client: Client, call: walk.Call, role: str) -> bool:
    """Not a file, not a fragment that a page puts into itself, not a page of an error."""
    if call.door.startswith(("/api/", "/healthz", "/readyz")):
        return False
    if call.thing is not None and role not in call.thing.seen_by:
        return False
    response: Any = walk.send(client, call)
    text = walk.text_of(response)
    walk.done(response)
    return response.status_code == 200 and "<!doctype html>" in text


def _visitor(
    chromium: Any, live_server: LiveServer, user: User | None, width: int, language: str = "en"
) -> Visitor:
    """A visitor whose every page has axe in it."""
    visitor = Visitor(chromium, live_server.url, user, width=width, language=language)
    visitor.window.add_init_script(AXE)
    return visitor


def _draw(door: str, role: str, language: str) -> int:
    """Which width a page gets for a role in a language: over the languages and roles each gets both about equally.

    All four roles x seven languages x two widths would take twice the ten minutes that a long set may.
    """
    return zlib.crc32(f"{door} {role} {language}".encode())


def _faults(visitor: Visitor, path: str, where: str) -> list[str]:
    visitor.complaints.clear()
    answer = visitor.go(path)
    faults = [] if answer.status == 200 else [f"{where}: {answer.status}"]
    for violation in visitor.page.evaluate(RUN)["violations"]:
        nodes = [node["html"][:120] for node in violation["nodes"][:3]]
        faults.append(f"{where}: {violation['id']}: {nodes}")
    faults += [f"{where}: console: {text}" for text in visitor.complaints]
    wide = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        faults.append(f"{where}: {wide} px wider than the window")
    return faults
