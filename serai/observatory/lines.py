"""The records behind a figure as lines: what each is, who is in it, from where, since when."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from serai.agreements import queries as agreements
from serai.agreements.shapes import party_name
from serai.cooperation import policies as cooperation_policies
from serai.cooperation import queries as cooperation
from serai.core import kinds
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.events import queries as events
from serai.events.zones import zone_of


@dataclass(frozen=True)
class Line:
    """A record as a list of records shows it: what kind of thing it is, who is in it, the codes of their countries,
    and the day on which it began to count."""

    card: kinds.Card
    kind: object
    partners: Sequence[str]
    countries: Sequence[str]
    on: date | None


def lines(viewer: Viewer, kind: str, ids: Sequence[UUID]) -> list[Line]:
    """The lines of those records that the viewer sees, in the order of `ids`. A constant number of queries."""
    seen = kinds.kind_named(kind).visible(viewer).filter(pk__in=list(ids))
    found = {line.card.id: line for line in _OF_KIND[kind](viewer, seen)}
    return [found[pk] for pk in ids if pk in found]


def _agreements(viewer: Viewer, seen: QuerySet[Any]) -> Iterator[Line]:
    for agreement in agreements.with_names(seen):
        parties = list(agreement.parties.all())
        places = [party.place or party.organisation.country for party in parties]  # type: ignore[union-attr]
        names = [party_name(party) for party in parties]
        yield _line(agreement, agreement.get_kind_display(), names, places, agreement.in_force_on)


def _projects(viewer: Viewer, seen: QuerySet[Any]) -> Iterator[Line]:
    for project in cooperation.with_project_names(seen):
        parties = [party.organisation for party in project.parties.all()]
        label = kinds.kind_named("project").label
        yield _line(project, label, _names(parties), _countries(parties), project.landed_on)


def _facilities(viewer: Viewer, seen: QuerySet[Any]) -> Iterator[Line]:
    for facility in cooperation.with_facility_names(seen):
        hosts = list(facility.hosts.all())
        places = [*_countries(hosts), facility.place]
        yield _line(facility, facility.get_kind_display(), _names(hosts), places, facility.founded_on)


def _events(viewer: Viewer, seen: QuerySet[Any]) -> Iterator[Line]:
    for event in events.with_event_texts(seen):
        ended = event.ends_at.astimezone(zone_of(event.time_zone)).date()
        hosts = list(event.hosts.all())
        yield _line(event, event.get_kind_display(), _names(hosts), [event.place], ended)


def _results(viewer: Viewer, seen: QuerySet[Any]) -> Iterator[Line]:
    """A result is its project's or facility's, as far as the viewer may know of that."""
    results = list(seen)
    projects = cooperation_policies.visible_projects(viewer).filter(pk__in=[r.project_id for r in results])
    facilities = cooperation_policies.visible_facilities(viewer).filter(
        pk__in=[r.facility_id for r in results]
    )
    origins = {
        line.card.id: line for line in (*_projects(viewer, projects), *_facilities(viewer, facilities))
    }
    for result in results:
        line = _line(result, result.get_kind_display(), [], [], result.achieved_on)
        origin = origins.get(result.project_id or result.facility_id)
        yield replace(line, partners=origin.partners, countries=origin.countries) if origin else line


_OF_KIND: Mapping[str, Callable[[Viewer, QuerySet[Any]], Iterator[Line]]] = {
    "agreement": _agreements,
    "project": _projects,
    "facility": _facilities,
    "event": _events,
    "result": _results,
}


def _line(
    record: Model, kind: object, partners: Sequence[str], places: Iterable[Place | None], on: date | None
) -> Line:
    codes = dict.fromkeys(place.code for place in places if place is not None)
    return Line(kinds.kind_of(record).card(record), kind, partners, list(codes), on)


def _names(organisations: Iterable[Organisation]) -> list[str]:
    return [organisation.name for organisation in organisations]


def _countries(organisations: Iterable[Organisation]) -> list[Place | None]:
    return [organisation.country for organisation in organisations]
