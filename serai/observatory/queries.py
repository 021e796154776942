"""Reads: the value of an indicator on a day, its parts, the records behind it, who works with whom."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce, ExtractYear
from django.utils.translation import get_language

from serai.agreements.fields import field_label
from serai.agreements.models import Agreement, Party
from serai.agreements.policies import visible_agreements
from serai.agreements.queries import is_year
from serai.cooperation.models import Facility, ProjectParty, Result
from serai.cooperation.policies import visible_facilities, visible_projects
from serai.core.viewer import ANYONE
from serai.directory.models import Place
from serai.directory.places import country_name, place_name
from serai.events.models import Event
from serai.observatory.indicators import COUNTRY, FIELD, KIND, REGION, YEAR, Indicator
from serai.observatory.suppression import published_total, suppress


@dataclass(frozen=True)
class Cell:
    """One part of a figure. `value` None means: not shown, since it would tell of somebody."""

    member: str
    value: int | None


@dataclass(frozen=True)
class Pair:
    """Two countries and how many agreements, projects and facilities join them."""

    start: str
    end: str
    count: int


# --- values -----------------------------------------------------------------------------------------------
def counting(indicator: Indicator, as_of: date) -> QuerySet[Any]:
    """The records that count on the day: begun, and for a stock not yet ended."""
    begun = indicator.records().filter(began_on__lte=as_of)
    return begun.filter(Q(until__isnull=True) | Q(until__gt=as_of)) if indicator.is_stock else begun


def value(indicator: Indicator, as_of: date) -> int | None:
    total = int(counting(indicator, as_of).aggregate(n=Count(indicator.counted, distinct=True))["n"])
    return total if indicator.is_open else published_total(total)


def parts(indicator: Indicator, dimension: str, as_of: date) -> list[Cell]:
    """The figure broken down, the largest part first; years in order."""
    if dimension == YEAR:
        return by_year(indicator, as_of)
    grouped = counting(indicator, as_of).annotate(member=indicator.member_of(dimension)).values("member")
    counted = grouped.annotate(n=Count(indicator.counted, distinct=True)).values_list("member", "n")
    cells = {str(member): n for member, n in counted if member}
    shown = _shown(indicator, cells)
    return sorted(shown, key=lambda cell: (-(cell.value or 0), cell.member))


def by_year(indicator: Indicator, as_of: date) -> list[Cell]:
    """Stock: what existed at the end of each year (of this year: today). Flow: what happened in each year."""
    begun = indicator.records().filter(began_on__lte=as_of)
    spans = begun.annotate(first=ExtractYear("began_on"), last=ExtractYear("until"))
    if indicator.counted == "pk" or not indicator.is_stock:
        counted = spans.values("first", "last").annotate(n=Count(indicator.counted, distinct=True))
        years = _years(indicator, counted.values_list("first", "last", "n"), as_of)
    else:
        years = _years_of_things(spans.values_list("first", "last", indicator.counted).distinct(), as_of)
    return _shown(indicator, years)


def _years(indicator: Indicator, spans: Iterable[tuple[int, int | None, int]], as_of: date) -> dict[str, int]:
    counts: Counter[int] = Counter()
    for first, last, n in spans:
        if indicator.is_stock:
            counts.update(dict.fromkeys(range(first, _end(last, as_of)), n))
        else:
            counts[first] += n
    return _without_gaps(counts, as_of)


def _years_of_things(spans: Iterable[tuple[int, int | None, Any]], as_of: date) -> dict[str, int]:
    """A thing (a country) exists in a year if one of its records does."""
    there: dict[int, set[Any]] = defaultdict(set)
    for first, last, thing in spans:
        for year in range(first, _end(last, as_of)):
            there[year].add(thing)
    return _without_gaps(Counter({year: len(things) for year, things in there.items()}), as_of)


def _end(last: int | None, as_of: date) -> int:
    """The first year at whose end it no longer counts."""
    return as_of.year + 1 if last is None else min(last, as_of.year + 1)


def _without_gaps(counts: Counter[int], as_of: date) -> dict[str, int]:
    first = max(min(counts), as_of.year - 40) if counts else as_of.year + 1
    return {str(year): counts[year] for year in range(first, as_of.year + 1)}


def _shown(indicator: Indicator, cells: Mapping[str, int]) -> list[Cell]:
    shown: Mapping[str, int | None] = cells if indicator.is_open else suppress(cells)
    return [Cell(member, n) for member, n in shown.items()]


def records(indicator: Indicator, as_of: date, chosen: Mapping[str, str]) -> QuerySet[Any]:
    """The records behind a figure, narrowed to members of its dimensions; newest first.

    Only for open indicators: the others have no list, whoever asks.
    """
    if not indicator.is_open:
        return indicator.records().none()
    found = _of_year(indicator, as_of, chosen[YEAR]) if chosen.get(YEAR) else counting(indicator, as_of)
    for dimension, member in chosen.items():
        if dimension == FIELD and indicator.kind == "agreement":
            found = found.filter(fields_of_science__contains=[member])
        elif dimension in indicator.dimensions:
            with_member = indicator.records().annotate(member=indicator.member_of(dimension))
            found = found.filter(pk__in=with_member.filter(member=member).values("pk"))
    return found.order_by("-began_on", "pk")


def _of_year(indicator: Indicator, as_of: date, year: str) -> QuerySet[Any]:
    """A stock as it stood at the end of the year, or what happened in the year."""
    if not is_year(year):
        return indicator.records().none()
    if not indicator.is_stock:
        return counting(indicator, as_of).filter(began_on__year=int(year))
    return counting(indicator, min(date(int(year), 12, 31), as_of))


def record_ids(indicator: Indicator, as_of: date, chosen: Mapping[str, str], limit: int) -> list[UUID]:
    return list(records(indicator, as_of, chosen).values_list("pk", flat=True)[:limit])


# --- names of members -------------------------------------------------------------------------------------
_KINDS = {
    "agreement": dict(Agreement.Kind.choices),
    "event": dict(Event.Kind.choices),
    "result": dict(Result.Kind.choices),
    "facility": dict(Facility.Kind.choices),
}


def labels(indicator: Indicator, dimension: str, members: Iterable[str]) -> dict[str, str]:
    """The members of a dimension by name, in the language of the page."""
    wanted = list(members)
    if dimension in {COUNTRY, REGION}:
        return place_labels(wanted)
    if dimension == FIELD:
        return {member: field_label(member) for member in wanted}
    if dimension == KIND:
        return {member: str(_KINDS[indicator.kind].get(member, member)) for member in wanted}
    return {member: member for member in wanted}


def place_labels(codes: Iterable[str]) -> dict[str, str]:
    wanted = set(codes)
    language = get_language() or "en"
    names = {code: country_name(code, language) for code in wanted if len(code) == 2}
    others = Place.objects.filter(code__in=wanted - set(names))
    return names | {place.code: place_name(place) for place in others}


# --- who works with whom ----------------------------------------------------------------------------------
def ties() -> dict[tuple[str, UUID], set[str]]:
    """The countries of each public agreement in force, landed project and facility in operation."""
    joined: dict[tuple[str, UUID], set[str]] = defaultdict(set)
    for kind, rows in (
        ("agreement", _agreement_countries()),
        ("project", _project_countries()),
        ("facility", _facility_countries()),
    ):
        for pk, code in rows:
            joined[kind, pk].add(code)
    return joined


def pairs() -> list[Pair]:
    """Pairs of countries that are joined, most ties first."""
    counts = Counter(pair for codes in ties().values() for pair in combinations(sorted(codes), 2))
    return [
        Pair(start, end, n)
        for (start, end), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _agreement_countries() -> Iterable[tuple[UUID, str]]:
    known = visible_agreements(ANYONE).filter(
        status__in=[Agreement.Status.IN_FORCE, Agreement.Status.RENEWAL_DUE]
    )
    code = Coalesce("place__code", "organisation__country__code")
    parties = Party.objects.filter(agreement__in=known).annotate(code=code)
    return _countries_only(parties.values_list("agreement_id", "code"))


def _project_countries() -> Iterable[tuple[UUID, str]]:
    known = visible_projects(ANYONE).filter(landed_on__isnull=False)
    parties = ProjectParty.objects.filter(project__in=known)
    return _countries_only(parties.values_list("project_id", "organisation__country__code"))


def _facility_countries() -> Iterable[tuple[UUID, str]]:
    known = visible_facilities(ANYONE).filter(
        status__in=[Facility.Status.OPERATING, Facility.Status.IN_EVALUATION]
    )
    yield from _countries_only(known.values_list("pk", "hosts__country__code"))
    yield from _countries_only(known.values_list("pk", "place__code"))


def _countries_only(rows: Iterable[tuple[UUID, str | None]]) -> Iterable[tuple[UUID, str]]:
    """Unions and groupings stand on no map."""
    return [(pk, code) for pk, code in rows if code and len(code) == 2]


def ties_between(*codes: str) -> list[tuple[str, UUID]]:
    """(kind, id) of the records that join all the countries named, each with at least one other country."""
    wanted = set(codes)
    return sorted(node for node, places in ties().items() if wanted <= places and len(places) > 1)
