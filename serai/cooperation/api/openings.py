"""The wish to show everybody what the parties kept to themselves, in the programming interface."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from serai.accounts.door import caller
from serai.agreements import policies as agreement_policies
from serai.agreements.api import Code
from serai.cooperation import actions, policies, queries
from serai.cooperation.models import Opening
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.viewer import Viewer, viewer_of

openings_router = Router(tags=["openings"])


class OpeningPartyOut(Strict):
    """A party that is asked, and the day on which it consented."""

    organisation: UUID
    consented_on: date | None


class OpeningOut(Strict):
    """`record` is the id of the agreement, project or facility that everybody may come to know of."""

    id: UUID
    kind: str
    record: UUID
    status: str
    parties: list[OpeningPartyOut]


class OpeningQuery(PageQuery):
    status: Code = ""
    whose: Code = ""


class OpeningIn(Strict):
    kind: Literal["agreement", "project", "facility"]
    record: UUID


def _opening(opening: Opening) -> dict[str, Any]:
    return {
        "id": opening.pk,
        "kind": opening.kind,
        "record": opening.record_id,
        "status": opening.status,
        "parties": [
            {"organisation": party.organisation_id, "consented_on": party.consented_on}
            for party in opening.asked.all()
        ],
    }


def _seen_opening(request: HttpRequest, pk: UUID) -> Opening:
    return get_object_or_404(queries.openings(viewer_of(request)), pk=pk)


def _opening_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _opening(_seen_opening(request, pk))


def _records(viewer: Viewer, kind: str) -> QuerySet[Any]:
    if kind == Opening.Kind.AGREEMENT:
        return agreement_policies.visible_agreements(viewer)
    return (
        policies.visible_projects(viewer)
        if kind == Opening.Kind.PROJECT
        else policies.visible_facilities(viewer)
    )


@openings_router.get("", response=Page[OpeningOut])
@policy.operation("cooperation.opening.see")
def list_openings(request: HttpRequest, query: Query[OpeningQuery]) -> dict[str, Any]:
    """The wishes to show a record of the caller's organisations to everybody, the newest first.

    `whose=mine` keeps those that wait for an answer of the caller.
    """
    refuse_unknown(request, query)
    found = queries.openings(viewer_of(request), status=query.status, whose=query.whose)
    return page_of(found, query, _opening)


@openings_router.post("", response={201: OpeningOut})
@policy.operation("core.signed_in")
def ask_to_open(request: HttpRequest, body: OpeningIn) -> Status[dict[str, Any]]:
    """Ask the parties of a record whether everybody may know of it; the caller's own side has consented thereby.

    While others think it over there is one wish for a record, however often this is sent.
    """
    record = get_object_or_404(_records(viewer_of(request), body.kind), pk=body.record)
    opening = actions.ask_to_open(record=record, by=caller(request))
    return Status(201, _opening_again(request, opening.pk))


@openings_router.get("/{uuid:pk}", response=OpeningOut)
@policy.operation("cooperation.opening.see")
def get_opening(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _opening_again(request, pk)


@openings_router.post("/{uuid:pk}/agree", response=OpeningOut)
@policy.operation("cooperation.opening.see")
def agree_to_opening(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Consent for the parties the caller acts for. With the last consent the record becomes public."""
    actions.agree_to_opening(opening=_seen_opening(request, pk), by=caller(request))
    return _opening_again(request, pk)


@openings_router.post("/{uuid:pk}/decline", response=OpeningOut)
@policy.operation("cooperation.opening.see")
def decline_opening(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Say no for a party: the record stays as it is, and the wish is over."""
    actions.decline_opening(opening=_seen_opening(request, pk), by=caller(request))
    return _opening_again(request, pk)
