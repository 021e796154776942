"""Countries and regions, and the unions and groupings they form: loading, naming, finding."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import icu
import pycountry
from babel import Locale, UnknownLocaleError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from serai.directory.models import Place

DATA = Path(__file__).parent / "data" / "places.json"


def place_name(place: Place, language: str | None = None) -> str:
    """The name of a place in `language` (default: that of the page), else in English, else its code.

    Countries are named by CLDR; `names` wins where it has the language, for every kind of place.
    """
    tag = (language or get_language() or "en").lower()
    own = own_name(place.names, tag)
    if own:
        return own
    if place.kind == Place.Kind.COUNTRY:
        return country_name(place.code, tag)
    if place.kind == Place.Kind.SUBDIVISION:
        subdivisions: Any = pycountry.subdivisions
        known = subdivisions.get(code=place.code)
        return str(known.name) if known else place.code
    return own_name(place.names, "en") or next(iter(place.names.values()), place.code)


def own_name(names: dict[str, str], tag: str) -> str:
    return names.get(tag) or names.get(tag.split("-")[0]) or ""


@cache
def country_name(code: str, language: str) -> str:
    """A country or region by its CLDR name in `language` (a BCP 47 tag); the code if CLDR has none."""
    for locale in (_locale(language), _locale("en")):
        if locale is not None and locale.territories.get(code.upper()):
            return str(locale.territories[code.upper()])
    return code


@cache
def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


def countries() -> QuerySet[Place]:
    return Place.objects.filter(kind=Place.Kind.COUNTRY)


def groupings() -> QuerySet[Place]:
    return Place.objects.filter(kind=Place.Kind.GROUPING)


def by_name(found: Iterable[Place], language: str | None = None) -> list[Place]:
    """Places in the alphabetical order of the reader's language."""
    order = sort_order(language or get_language() or "en")
    return sorted(found, key=lambda place: order.getSortKey(place_name(place, language)))


@cache
def sort_order(language: str) -> Any:
    """The alphabetical order of a language (ICU collation)."""
    return icu.Collator.createInstance(icu.Locale.forLanguageTag(language))


def in_country(country: str) -> Place | None:
    """A country by its code or by its English name, as registers write it; None if there is no such one."""
    code = country.strip().upper()
    found = countries().filter(code=code).first()
    if found or len(code) == 2:
        return found
    try:
        known = pycountry.countries.lookup(country.strip())
    except LookupError:
        return None
    return countries().filter(code=known.alpha_2).first()


def within(place: Place) -> Q:
    """Organisations (or whatever has a `country`) in `place`: a country itself, or the members of a grouping.

    Groupings may hold groupings (the G20 holds two unions), one level deep.
    """
    if place.kind != Place.Kind.GROUPING:
        return Q(country=place)
    return Q(country_id__in=member_ids(place))


def member_ids(grouping: Place) -> list[UUID]:
    """Ids of the countries in a grouping, those of the groupings among its members included."""
    members = Place.objects.filter(groupings=grouping)
    inner = Place.objects.filter(groupings__in=members.filter(kind=Place.Kind.GROUPING))
    return list(
        Place.objects.filter(Q(pk__in=members.values("pk")) | Q(pk__in=inner.values("pk")))
        .filter(kind=Place.Kind.COUNTRY)
        .values_list("pk", flat=True)
    )


@transaction.atomic
def load() -> tuple[int, int]:
    """Write the reference places from `data/places.json`. Returns (places, memberships); twice changes nothing."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    for code, (latitude, longitude) in data["countries"].items():
        _write(code, Place.Kind.COUNTRY, {"latitude": latitude, "longitude": longitude})
    for code, grouping in data["groupings"].items():
        _write(code, Place.Kind.GROUPING, {"names": grouping["names"]})
    known = {place.code: place for place in Place.objects.all()}
    memberships = 0
    for code, grouping in data["groupings"].items():
        wanted = [known[member] for member in grouping["members"]]
        known[code].members.set(wanted)
        memberships += len(wanted)
    return len(data["countries"]) + len(data["groupings"]), memberships


def _write(code: str, kind: str, values: dict[str, Any]) -> None:
    place, is_new = Place.objects.get_or_create(code=code, defaults={"kind": kind, **values})
    if not is_new and any(getattr(place, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(place, name, value)
        place.save(update_fields=[*values, "updated_at"])
