"""No title or name turns the words around it, whatever wrote it."""

import io
import zipfile

import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client

from serai.cooperation.models import Case
from serai.core.models import LineField
from serai.core.models.lines import unturned
from serai.events.models import EventText
from serai.exchange.models import ListingTeaser
from tests.factories import make_case, make_event, make_listing

pytestmark = pytest.mark.django_db
TURNED = "Pump \u202etxt.exe\u202c \u2067x\u2069 \u200fy"
PLAIN = "Pump txt.exe x \u200fy"
CALLED = {"title", "name", "native_name", "organisation_name", "theme", "series", "venue", "office"}

# Refused or cleaned where they come in: `names.clean_name`, the importers, `core.files`.
KEPT_OTHERWISE = {"Organisation.name", "StoredFile.name"}


def test_marks_that_turn_nothing_stay() -> None:
    assert unturned(TURNED) == PLAIN


def test_every_title_and_name_of_ours_is_such_a_line() -> None:
    named = {
        f"{model.__name__}.{field.name}": isinstance(field, LineField)
        for model in apps.get_models()
        if model.__module__.startswith("serai.")
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField) and field.name in CALLED and not field.choices
    }

    assert {name for name, is_line in named.items() if not is_line} == KEPT_OTHERWISE
    assert len(named) > 15


def test_it_is_taken_out_by_every_way_of_writing() -> None:
    by_create = make_case(title=TURNED)
    by_update = make_case()
    Case.objects.filter(pk=by_update.pk).update(title=TURNED)
    by_bulk = Case.objects.bulk_create([Case(title=TURNED, language="en")])[0]

    assert by_create.title == PLAIN
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT title FROM cooperation_case")
        assert cursor.fetchall() == [(PLAIN,)]
    assert by_bulk.title == PLAIN


def test_what_was_written_before_the_rule_is_read_under_it() -> None:
    case = make_case()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cooperation_case SET title = %s", [TURNED])

    case.refresh_from_db()

    assert case.title == PLAIN
    assert list(Case.objects.values_list("title", flat=True)) == [PLAIN]


def test_no_window_title_download_or_answer_holds_one(client: Client) -> None:
    listing, event = make_listing(title=TURNED), make_event(title=TURNED)
    assert ListingTeaser.objects.get().title == EventText.objects.get().title == PLAIN

    found = "".join(
        client.get(path).content.decode()
        for path in (
            f"/exchange/{listing.pk}/",
            f"/meet/{event.pk}/",
            f"/api/v1/listings/{listing.pk}",
            f"/api/v1/events/{event.pk}",
        )
    )
    table = b"".join(client.get("/exchange/export.csv").streaming_content)
    with zipfile.ZipFile(
        io.BytesIO(b"".join(client.get("/exchange/export.xlsx").streaming_content))
    ) as packed:
        sheets = b"".join(packed.read(name) for name in packed.namelist())

    for text in (found, table.decode(), sheets.decode("utf-8", "replace")):
        assert "txt.exe" in text
        assert "\u202e" not in text
