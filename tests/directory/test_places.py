import pytest
from django.core.management import call_command

from serai.directory import places
from serai.directory.models import Place
from tests import factories

pytestmark = pytest.mark.django_db


def test_loading_twice_changes_nothing() -> None:
    first = places.load()
    stamps = dict(Place.objects.values_list("code", "updated_at"))

    assert places.load() == first
    assert dict(Place.objects.values_list("code", "updated_at")) == stamps
    assert places.countries().count() == 249


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_places")

    assert "places" in capsys.readouterr().out


def test_loading_completes_a_place_that_was_there() -> None:
    poland = factories.make_place("PL")

    places.load()

    poland.refresh_from_db()
    assert (round(poland.latitude or 0), round(poland.longitude or 0)) == (52, 19)


def test_every_country_has_a_name_in_every_language_of_the_interface(settings: object) -> None:
    places.load()

    for code, _label in getattr(settings, "LANGUAGES"):  # noqa: B009
        unnamed = [p.code for p in Place.objects.all() if places.place_name(p, code) == p.code]
        assert unnamed == []


def test_places_are_named_in_the_readers_language() -> None:
    places.load()
    by_code = {p.code: p for p in Place.objects.all()}

    assert places.place_name(by_code["PL"], "fr") == "Pologne"
    assert places.place_name(by_code["PL"], "zh-hans") == "波兰"
    assert places.place_name(by_code["x-eu"], "de") == "Europäische Union"
    assert places.place_name(by_code["x-asean"], "sw") == "Association of Southeast Asian Nations"


def test_a_subdivision_and_a_city_have_names() -> None:
    region = Place(code="PL-14", kind=Place.Kind.SUBDIVISION)
    city = Place(code="x-lodz", kind=Place.Kind.CITY, names={"pl": "Łódź"})

    assert places.place_name(region) == "Mazowieckie"
    assert places.place_name(city, "fr") == "Łódź"


def test_a_grouping_holds_the_countries_of_the_groupings_in_it() -> None:
    places.load()

    members = Place.objects.filter(pk__in=places.member_ids(Place.objects.get(code="x-g20")))

    codes = set(members.values_list("code", flat=True))
    assert {"BR", "EE", "KE"} <= codes
    assert not any(code.startswith("x-") for code in codes)


def test_a_country_is_found_as_registers_write_it() -> None:
    places.load()

    assert str(places.in_country("pl")) == "PL"
    assert str(places.in_country("Viet Nam")) == "VN"
    assert places.in_country("Atlantis") is None
    assert places.in_country("zz") is None


def test_places_are_sorted_in_the_readers_alphabet() -> None:
    places.load()
    found = list(Place.objects.filter(code__in=["AT", "EG", "DE"]))

    assert [p.code for p in places.by_name(found, "de")] == ["EG", "DE", "AT"]
    assert [p.code for p in places.by_name(found, "en")] == ["AT", "EG", "DE"]
