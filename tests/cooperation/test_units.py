from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection
from django.utils import translation

from serai.cooperation import forms, shapes, units
from serai.cooperation.models import Result
from tests.factories import make_result


@pytest.mark.parametrize(
    ("amount", "unit", "language", "said"),
    [
        ("26", "jobs", "en", "26 jobs"),
        ("1.00", "jobs", "en", "1 job"),
        ("1200000", "people", "de", "1.200.000"),
        ("1200000.00", "EUR", "de", "1.200.000 €"),
        ("0.5", "EUR", "en", "€0.50"),
        ("0.5", "tonnes", "en", "0.5 tonnes"),
        ("1.5", "hectares", "fr", "1,5 hectare"),
        ("1.5", "hectares", "ru", "1,5 гектара"),
        ("2.5", "firms", "ar", "2.5 "),
        ("3", "Messreihen", "en", "3 Messreihen"),
        ("3", "", "en", "3"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(
    amount: str, unit: str, language: str, said: str
) -> None:
    with translation.override(language):
        written = units.amount_in_words(Decimal(amount), unit)

    assert written.replace("\u00a0", " ").startswith(said)


def test_every_unit_has_a_name_and_agrees_with_its_number() -> None:
    for code, (name, _phrase) in units.COUNTED.items():
        assert str(name)
        assert units.amount_in_words(Decimal(1), code) != units.amount_in_words(Decimal(2), code).replace(
            "2", "1"
        )
        assert units.is_known(code)
        assert len(code) <= 20
    assert [units.is_known(unit) for unit in ("EUR", "Messreihen", "")] == [True, False, False]


@pytest.mark.django_db
def test_a_unit_in_ones_own_words_is_marked_with_its_language() -> None:
    own = make_result(amount=Decimal(3), unit="Messreihen", language="de")
    known = make_result(amount=Decimal(3), unit="jobs", language="de")

    facts = [{f.label: f for f in shapes.result_facts(result)}["How much"] for result in (own, known)]

    assert [(str(fact.value), fact.lang) for fact in facts] == [("3 Messreihen", "de"), ("3 jobs", "")]


@pytest.mark.parametrize(
    ("given", "unit", "wrong"),
    [
        ({"amount": "3", "unit": "jobs"}, "jobs", set()),
        ({"amount": "3", "own_unit": "Messreihen"}, "Messreihen", set()),
        ({"amount": "3", "unit": "jobs", "own_unit": "Messreihen"}, None, {"own_unit"}),
        ({"unit": "jobs"}, None, {"amount"}),
        ({"amount": "3", "unit": "parsecs"}, None, {"unit"}),
    ],
)
def test_a_result_is_counted_in_one_unit(given: dict[str, str], unit: str | None, wrong: set[str]) -> None:
    fixed = {"kind": "jobs", "title": "Work", "language": "en", "achieved_on": "2026-05-01", "tier": "public"}
    form = forms.ResultForm({**fixed, "evidence_url": "https://example.org/", **given})

    assert set(form.errors) == wrong
    if unit is not None:
        assert form.cleaned_data["unit"] == unit
        assert "own_unit" not in form.cleaned_data


@pytest.mark.django_db
def test_units_that_were_typed_become_codes_and_all_others_stay() -> None:
    for unit in (" Jobs", "licences", "€", "Messreihen", ""):
        make_result(unit=unit)

    with connection.cursor() as cursor:
        cursor.execute(import_module("serai.cooperation.migrations.0004_units_of_results").FORWARD)

    assert sorted(Result.objects.values_list("unit", flat=True)) == [
        "",
        "EUR",
        "Messreihen",
        "jobs",
        "licences",
    ]
