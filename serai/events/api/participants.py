"""Those who register for an event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, one_of, page_of, refuse_unknown
from serai.core.errors import NotFound
from serai.core.viewer import viewer_of
from serai.directory.policies import visible_organisations
from serai.events import actions, policies, queries
from serai.events.api.common import Tag, looked_up, named, subject_id
from serai.events.models import Participant, Slot
from serai.exchange.policies import visible_listings

participants_router = Router(tags=["participants"])


# --- shapes -----------------------------------------------------------------------------------------------
class ParticipantOut(Strict):
    id: UUID
    event: UUID
    name: str
    organisation: UUID
    organisation_name: str
    languages: list[str]
    listing: UUID | None
    is_online: bool
    status: str


class ParticipantQuery(PageQuery):
    event: UUID | None = None
    status: str = ""


class ParticipantIn(Strict):
    event: UUID
    organisation: UUID
    languages: list[Tag] = Field(min_length=1, max_length=20)
    listing: UUID | None = None
    is_online: bool = False
    absent_slots: list[UUID] = Field(default=[], max_length=400)
    max_meetings: int | None = Field(default=None, ge=1, le=200)
    consent_listed: bool = False


# --- helpers ----------------------------------------------------------------------------------------------
def participant_of(participant: Participant) -> dict[str, Any]:
    return {
        "id": participant.pk,
        "event": participant.event_id,
        "name": participant.user.name,
        "organisation": participant.organisation_id,
        "organisation_name": participant.organisation.name,
        "languages": participant.languages,
        "listing": subject_id(participant.listing),
        "is_online": participant.is_online,
        "status": participant.status,
    }


# --- operations -------------------------------------------------------------------------------------------
@participants_router.get("", response=Page[ParticipantOut])
@policy.operation("events.participant.see")
def list_participants(request: HttpRequest, query: Query[ParticipantQuery]) -> dict[str, Any]:
    """Those who agreed to be listed at the caller's events, and all of events the caller organises."""
    refuse_unknown(request, query)
    rows = policies.visible_participants(viewer_of(request))
    if query.event is not None:
        rows = rows.filter(event=query.event)
    if one_of(query.status, list(Participant.Status.values), "status"):
        rows = rows.filter(status=query.status)
    return page_of(queries.with_people(rows).order_by("created_at", "pk"), query, participant_of)


@participants_router.post("", response={201: ParticipantOut})
@policy.operation("core.signed_in")
def register_participant(request: HttpRequest, body: ParticipantIn) -> Status[dict[str, Any]]:
    """Register the caller for an event."""
    person = caller(request)
    values = body.model_dump()
    values["event"] = named(policies.visible_events(person), body.event, "event")
    values["organisation"] = named(visible_organisations(person), body.organisation, "organisation")
    values["listing"] = named(visible_listings(person), body.listing, "listing")
    slots = Slot.objects.filter(event=body.event)
    values["absent_slots"] = [named(slots, pk, "absent_slots") for pk in dict.fromkeys(body.absent_slots)]
    made = actions.register_participant(by=person, **values)
    return Status(201, _shown_participant(request, made.pk))


def _shown_participant(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return participant_of(
        looked_up(queries.with_people(policies.visible_participants(viewer_of(request))), pk)
    )


@participants_router.get("/{uuid:pk}", response=ParticipantOut)
@policy.operation("events.participant.see")
def get_participant(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown_participant(request, pk)


DECISIONS: dict[str, Callable[..., Participant]] = {
    "confirm": actions.confirm_participant,
    "refuse": actions.refuse_participant,
    "wait": actions.set_waiting,
    "check_in": actions.check_in,
    "undo_check_in": actions.undo_check_in,
    "withdraw": actions.withdraw_participant,
}


@participants_router.post("/{uuid:pk}/do/{step}", response=ParticipantOut)
@policy.operation("events.participant.see")
def step_participant(request: HttpRequest, pk: UUID, step: str) -> dict[str, Any]:
    """One step: confirm, refuse, wait, check_in, undo_check_in (organisers) or withdraw (also the person)."""
    if step not in DECISIONS:
        raise NotFound(_("Not found."))
    person = caller(request)
    participant = looked_up(policies.visible_participants(person), pk)
    DECISIONS[step](participant=participant, by=person)
    return _shown_participant(request, pk)
