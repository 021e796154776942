"""Reads: the value of an indicator on a day, its parts, the records behind it, who works with whom."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    """Two countries, how many agreements, projects and facilities join them (by kind), and the latest day of one."""

    start: str
    end: str
    kinds: Counter[str]
    latest: date

    @property
    def count(self) -> int:
        return sum(self.kinds.values())


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


def records(
    indicator: Indicator, as_of: date, chosen: Mapping[str, str], *, oldest_first: bool = False
) -> QuerySet[Any]:
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
    return found.order_by("began_on" if oldest_first else "-began_on", "pk")


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
TIE_KINDS = ("agreement", "project", "facility")
Node = tuple[str, UUID]


@dataclass
class Tie:
    """What joins countries: which, and since when."""

    since: date
    countries: set[str] = field(default_factory=set)


def ties() -> dict[Node, Tie]:
    """Each public agreement in force, landed project and facility in operation with its countries."""
    joined: dict[Node, Tie] = {}
    for kind, rows in (
        ("agreement", _agreement_countries()),
        ("project", _project_countries()),
        ("facility", _facility_countries()),
    ):
        for pk, code, since in rows:
            if code and len(code) == 2:  # unions and groupings stand on no map
                joined.setdefault((kind, pk), Tie(since)).countries.add(code)
    return joined


def pairs() -> list[Pair]:
    """Pairs of countries that are joined, most ties first."""
    joined: dict[tuple[str, str], list[tuple[str, date]]] = defaultdict(list)
    for (kind, _pk), tie in ties().items():
        for pair in combinations(sorted(tie.countries), 2):
            joined[pair].append((kind, tie.since))
    found = [
        Pair(start, end, Counter(kind for kind, _since in parts), max(since for _kind, since in parts))
        for (start, end), parts in joined.items()
    ]
    return sorted(found, key=lambda pair: (-pair.count, pair.start, pair.end))


def _agreement_countries() -> Iterable[tuple[Any, ...]]:
    """(id, code of a country, since when), a row for each country; so for projects and facilities."""
    known = visible_agreements(ANYONE).filter(
        status__in=[Agreement.Status.IN_FORCE, Agreement.Status.RENEWAL_DUE]
    )
    code = Coalesce("place__code", "organisation__country__code")
    parties = Party.objects.filter(agreement__in=known).annotate(code=code)
    return parties.values_list("agreement_id", "code", "agreement__in_force_on")


def _project_countries() -> Iterable[tuple[Any, ...]]:
    known = visible_projects(ANYONE).filter(landed_on__isnull=False)
    parties = ProjectParty.objects.filter(project__in=known)
    return parties.values_list("project_id", "organisation__country__code", "project__landed_on")


def _facility_countries() -> Iterable[tuple[Any, ...]]:
    known = visible_facilities(ANYONE).filter(
        status__in=[Facility.Status.OPERATING, Facility.Status.IN_EVALUATION]
    )
    yield from known.values_list("pk", "hosts__country__code", "founded_on")
    yield from known.values_list("pk", "place__code", "founded_on")


def ties_between(*codes: str) -> list[Node]:
    """(kind, id) of the records that join all the countries named, each with at least one other country."""
    wanted = set(codes)
    return sorted(node for node, tie in ties().items() if wanted <= tie.countries and len(tie.countries) > 1)
