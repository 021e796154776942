from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import storages
from django.http import HttpResponse
from django.templatetags.static import static
from django.test import RequestFactory
from pytest_django import Settings
from whitenoise.middleware import WhiteNoiseMiddleware

from serai.node import statics

pytestmark = pytest.mark.django_db  # a response that ends looks after the connections of tests before it

SHEET = "look/sheet.css"
FONT = "look/font.woff2"


@pytest.fixture
def source(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A directory with a style sheet and the font it names, the only files there are to send."""
    source = tmp_path / "source"
    (source / "look").mkdir(parents=True)
    (source / SHEET).write_text('@font-face { src: url("font.woff2") }\n' + "p { margin: 0 }\n" * 99, "ascii")
    (source / FONT).write_bytes(b"a font")
    settings.STATIC_ROOT = tmp_path / "sent"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    _forget()
    yield source
    _forget()


def _forget() -> None:
    """Let finders and storage be made anew, of the settings as they are now."""
    finders.get_finder.cache_clear()
    storages._storages.pop("staticfiles", None)
    staticfiles_storage._wrapped = storages["staticfiles"]


def _sent(address: str) -> HttpResponse:
    door = WhiteNoiseMiddleware(lambda _request: HttpResponse(status=404))
    response: HttpResponse = door(RequestFactory().get(address, headers={"accept-encoding": "gzip, br"}))
    response.close()
    return response


def test_before_they_are_collected_files_have_their_plain_names(source: Path) -> None:
    assert static(SHEET) == f"/static/{SHEET}"


def test_collected_files_are_small_and_kept_for_good(source: Path) -> None:
    assert statics.collect()
    _forget()

    response = _sent(static(SHEET))

    assert static(SHEET) != f"/static/{SHEET}"
    assert response.status_code == 200
    assert response["Content-Encoding"] == "br"
    assert int(response["Content-Length"]) < (source / SHEET).stat().st_size / 4
    assert "immutable" in response["Cache-Control"]


def test_a_sheet_names_its_font_as_it_is_sent(source: Path) -> None:
    statics.collect()
    _forget()
    sheet = Path(statics.settings.STATIC_ROOT, static(SHEET).removeprefix("/static/"))
    assert static(FONT).rpartition("/")[2] in sheet.read_text("ascii")


def test_files_are_collected_again_only_when_one_has_changed(source: Path) -> None:
    statics.collect()
    first = {path.name for path in Path(statics.settings.STATIC_ROOT, "look").iterdir()}

    again = statics.collect()
    (source / SHEET).write_text("p { margin: 1px }\n", "ascii")
    changed = statics.collect()

    assert (again, changed) == (False, True)
    now = {path.name for path in Path(statics.settings.STATIC_ROOT, "look").iterdir()}
    assert {name for name in now & first if name.startswith("sheet")} == set()


def test_a_file_that_came_after_the_collection_is_still_found(source: Path) -> None:
    statics.collect()
    _forget()
    assert static("look/later.css") == "/static/look/later.css"
