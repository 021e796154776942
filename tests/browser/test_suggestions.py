"""Suggestions at a field: by keyboard, read out, and without getting in the way of what is typed."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests import factories as f
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = (Path(__file__).resolve().parents[1] / "vendor/axe-core/axe.min.js").read_text("utf-8")


@pytest.fixture
def visitor(chromium: Any, live_server: LiveServer) -> Any:
    f.make_place("PL")
    f.make_place("KR")
    house = f.make_organisation(name="Vistula Works", status="draft")
    for name in ("Baltic Optics", "Baltic Waves", "Gdynia Port"):
        f.make_organisation(name=name)
    person = f.make_member(house)
    window = Visitor(chromium, live_server.url, person, width=1280)
    window.house = house  # type: ignore[attr-defined]
    yield window
    window.leave()


def faults(visitor: Visitor) -> list[str]:
    visitor.page.evaluate(AXE)
    found = visitor.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {[n['html'][:90] for n in one['nodes']]}" for one in found] + visitor.complaints


def test_an_organisation_is_chosen_by_keyboard_from_what_is_suggested(visitor: Any) -> None:
    visitor.go(f"/network/{visitor.house.pk}/relations/")
    field = visitor.page.get_by_role("combobox", name="Other organisation")
    field.fill("balt")
    visitor.page.get_by_role("option", name="Baltic Waves").wait_for()
    assert visitor.page.get_by_role("status").filter(has_text="Suggestions: 2").count() == 1
    assert field.get_attribute("aria-expanded") == "true"
    assert faults(visitor) == []

    field.press("ArrowDown")
    field.press("ArrowDown")
    active = field.get_attribute("aria-activedescendant")
    assert "Baltic Waves" in visitor.page.locator(f"#{active}").inner_text()
    field.press("Enter")

    assert field.input_value() == "Baltic Waves"
    assert field.get_attribute("aria-expanded") == "false"


def test_escape_and_typing_on_leave_what_was_typed(visitor: Any) -> None:
    visitor.go(f"/network/{visitor.house.pk}/relations/")
    field = visitor.page.get_by_role("combobox", name="Other organisation")
    field.fill("balt")
    visitor.page.get_by_role("option", name="Baltic Waves").wait_for()

    field.press("Escape")

    assert field.input_value() == "balt"
    assert not visitor.page.locator(".suggest").first.is_visible()


def test_a_country_is_found_by_any_part_of_its_name(visitor: Any) -> None:
    visitor.go("/join/")
    field = visitor.page.get_by_role("combobox", name="Country or region")
    field.fill("korea")
    visitor.page.get_by_role("option", name="South Korea").click()

    assert field.input_value() == "South Korea"
    assert visitor.page.locator("select[name=country_code]").input_value() == "KR"
    field.fill("nowhere at all")
    field.blur()
    assert field.input_value() == "South Korea"
    field.fill("poland")
    field.blur()
    assert visitor.page.locator("select[name=country_code]").input_value() == "PL"
    assert faults(visitor) == []


def test_a_touch_screen_keeps_its_own_list(chromium: Any, live_server: LiveServer) -> None:
    window = chromium.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page = window.new_page()
    page.goto(f"{live_server.url}/join/")

    assert page.locator("select[name=country_code]").is_visible()
    assert page.locator("input[role=combobox][id$=country_code]").count() == 0
    window.close()


def test_enter_takes_what_was_typed_and_not_what_stood_there(visitor: Any) -> None:
    visitor.go("/exchange/new/")
    field = visitor.page.get_by_role("combobox", name="Language you write in")
    field.fill("Thai")
    field.press("Enter")

    assert field.input_value() == "Thai"
    assert visitor.page.locator("select[name=language]").input_value() == "th"
    assert visitor.page.url.endswith("/exchange/new/")
