"""axe-core on the pages people reach from the menus, as four roles, on a phone and on a desk."""

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

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
        visitor = Visitor(chromium, live_server.url, world.users[role], width=width)
        visitor.go("/")
        paths = visitor.page.eval_on_selector_all(
            "nav a[href^='/']", "links => links.map(link => new URL(link.href).pathname)"
        )
        assert len(set(paths)) >= 5
        for path in sorted({"/", *paths}):
            faults += _faults(visitor, path, f"{role} {width} {path}")
        visitor.leave()

    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", FOUR)
def test_every_page_in_every_language_has_no_fault(
    chromium: Any, live_server: LiveServer, world: World, role: str, language: str
) -> None:
    faults = []
    client = walk.clients(world)[role]
    shown: dict[str, str] = {}
    for call in walk.calls(world, unsafe=False):
        is_page = not call.door.startswith(("/api/", "/healthz", "/readyz"))
        if is_page and call.door not in shown and (call.thing is None or role in call.thing.seen_by):
            response: Any = client.get(call.at())
            if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
                shown[call.door] = call.at()
            walk.done(response)
    user = world.users[role]
    if user is not None:
        user.language = language
        user.save()
    for turn, width in enumerate(WIDTHS):
        visitor = Visitor(chromium, live_server.url, user, width=width, language=language)
        for door, path in shown.items():
            if (_draw(door, role, language) + turn) % len(WIDTHS):
                continue
            faults += _faults(visitor, path, f"{language} {role} {width} {path}")
        visitor.leave()

    assert faults == []


def _draw(door: str, role: str, language: str) -> int:
    """Which width a page gets for a role in a language: over the languages and roles each gets both about equally.

    All four roles x seven languages x two widths would take twice the ten minutes that a long set may.
    """
    return zlib.crc32(f"{door} {role} {language}".encode())


def _faults(visitor: Visitor, path: str, where: str) -> list[str]:
    visitor.complaints.clear()
    answer = visitor.go(path)
    faults = [] if answer.status == 200 else [f"{where}: {answer.status}"]
    visitor.page.evaluate(AXE)
    for violation in visitor.page.evaluate(RUN)["violations"]:
        nodes = [node["html"][:120] for node in violation["nodes"][:3]]
        faults.append(f"{where}: {violation['id']}: {nodes}")
    faults += [f"{where}: console: {text}" for text in visitor.complaints]
    wide = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        faults.append(f"{where}: {wide} px wider than the window")
    return faults
