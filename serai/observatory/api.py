"""Indicators with the records behind them, and releases, in the programming interface."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.agreements.api import Code, Words
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import NotFound
from serai.core.viewer import viewer_of
from serai.observatory import actions, indicators, policies, queries
from serai.observatory.indicators import Indicator
from serai.observatory.models import Release

indicators_router = Router(tags=["indicators"])
releases_router = Router(tags=["releases"])
MOST_RECORDS = 1000


class IndicatorOut(Strict):
    """`value` null: not shown, since it is below five and its records are not public."""

    code: str
    name: str
    definition: str
    counting_rule: str
    unit: str
    source: str
    responsible: str
    dimensions: list[str]
    record_kind: str
    records_are_public: bool
    as_of: date
    value: int | None


class CellOut(Strict):
    dimension: str
    member: str
    label: str
    value: int | None


class IndicatorWhole(IndicatorOut):
    """`records` are the ids behind the total, at most a thousand; none where they are not public."""

    parts: list[CellOut]
    records: list[UUID]


class RecordsQuery(Strict):
    """A member for each dimension to narrow to."""

    country: Code = ""
    field: Code = ""
    region: Code = ""
    kind: Code = ""
    year: Code = ""


class RecordsOut(Strict):
    record_kind: str
    records: list[UUID]


class ReleaseLine(Strict):
    id: UUID
    year: int
    version: int
    as_of: date
    status: str
    corrects: UUID | None
    note: str


class ReleasedOut(Strict):
    indicator: str
    dimension: str
    member: str
    value: int | None
    is_suppressed: bool
    records: list[UUID]


class ReleaseOut(ReleaseLine):
    values: list[ReleasedOut]


class ReleaseIn(Strict):
    year: int = Field(ge=1900, le=9999)
    note: Words = ""


class ReleaseQuery(PageQuery):
    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=10_000)


def _line(indicator: Indicator, as_of: date) -> dict[str, Any]:
    return {
        "code": indicator.code,
        "name": str(indicator.name),
        "definition": str(indicator.definition),
        "counting_rule": str(indicator.rule),
        "unit": str(indicator.unit),
        "source": str(indicator.source),
        "responsible": str(indicator.responsible),
        "dimensions": list(indicator.breakdowns()),
        "record_kind": indicator.kind,
        "records_are_public": indicator.is_open,
        "as_of": as_of,
        "value": queries.value(indicator, as_of),
    }


def _named(code: str) -> Indicator:
    known = indicators.named(code)
    if known is None:
        raise NotFound(_("Not found."))
    return known


@indicators_router.get("", response=list[IndicatorOut])
@policy.operation("observatory.figures")
def list_indicators(request: HttpRequest) -> list[dict[str, Any]]:
    """Every indicator with its definition and its value today."""
    refuse_unknown(request, Strict())
    today = timezone.localdate()
    return [_line(indicator, today) for indicator in indicators.ALL]


@indicators_router.get("/{slug:code}", response=IndicatorWhole)
@policy.operation("observatory.figures")
def get_indicator(request: HttpRequest, code: str) -> dict[str, Any]:
    """One indicator with all its parts and the ids of its records."""
    indicator, today = _named(code), timezone.localdate()
    parts = []
    for dimension in indicator.breakdowns():
        cells = queries.parts(indicator, dimension, today)
        names = queries.labels(indicator, dimension, [cell.member for cell in cells])
        parts += [
            {
                "dimension": dimension,
                "member": cell.member,
                "label": names.get(cell.member, cell.member),
                "value": cell.value,
            }
            for cell in cells
        ]
    return {
        **_line(indicator, today),
        "parts": parts,
        "records": queries.record_ids(indicator, today, {}, MOST_RECORDS),
    }


@indicators_router.get("/{slug:code}/records", response=RecordsOut)
@policy.operation("observatory.figures")
def list_records(request: HttpRequest, code: str, query: Query[RecordsQuery]) -> dict[str, Any]:
    """The ids of the records behind one part of the figure."""
    refuse_unknown(request, query)
    indicator = _named(code)
    chosen = {name: member for name, member in query.model_dump().items() if member}
    unknown = set(chosen) - set(indicator.breakdowns())
    found = [] if unknown else queries.record_ids(indicator, timezone.localdate(), chosen, MOST_RECORDS)
    return {"record_kind": indicator.kind, "records": found}


def _release(release: Release) -> dict[str, Any]:
    names = ("year", "version", "as_of", "status", "note")
    return {
        "id": release.pk,
        "corrects": release.corrects_id,
        **{name: getattr(release, name) for name in names},
    }


def _whole(release: Release) -> dict[str, Any]:
    rows = release.values.order_by("indicator", "dimension", "member")
    return {
        **_release(release),
        "values": [
            {
                "indicator": v.indicator,
                "dimension": v.dimension,
                "member": v.member,
                "value": None if v.value is None else int(v.value),
                "is_suppressed": v.is_suppressed,
                "records": v.records,
            }
            for v in rows
        ],
    }


@releases_router.get("", response=Page[ReleaseLine])
@policy.operation("observatory.releases")
def list_releases(request: HttpRequest, query: Query[ReleaseQuery]) -> dict[str, Any]:
    """The frozen releases, newest year and version first."""
    refuse_unknown(request, query)
    found = policies.visible_releases(viewer_of(request)).order_by("-year", "-version")
    return page_of(found, query, _release)


@releases_router.post("", response={201: ReleaseOut})
@policy.operation("observatory.release")
def freeze_release(request: HttpRequest, body: ReleaseIn) -> Status[dict[str, Any]]:
    """Freeze the figures of a year; a second time it is a correction and needs a note."""
    release = actions.release_year(year=body.year, note=body.note, by=caller(request))
    return Status(201, _whole(release))


@releases_router.get("/{uuid:pk}", response=ReleaseOut)
@policy.operation("observatory.releases")
def get_release(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _whole(get_object_or_404(policies.visible_releases(viewer_of(request)), pk=pk))
