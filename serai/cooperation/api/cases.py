"""Cases: from an interest, a meeting or nothing to an agreement."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.agreements.actions import NewText, Terms
from serai.agreements.api import Code, Language, TermsIn, TextIn, earlier_agreement, organisation_named
from serai.cooperation import actions, queries
from serai.cooperation.api.common import CaseReasonIn, NamedAgreementIn, agreement_named
from serai.cooperation.models import Case
from serai.core import policy
from serai.core.api import Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid
from serai.core.viewer import viewer_of
from serai.events.policies import visible_meetings
from serai.exchange.policies import visible_interests

cases_router = Router(tags=["cases"])


# --- shapes -----------------------------------------------------------------------------------------------
class CaseOut(Strict):
    id: UUID
    title: str
    language: str
    status: str
    end_reason: str
    parties: list[UUID]
    owner: UUID | None
    next_step: str
    due_on: date | None
    is_invented: bool


class CaseQuery(PageQuery):
    status: Code = ""
    whose: Code = ""


class CaseIn(Strict):
    """Either `interest` or `meeting`, or `title`, `language` and `parties`.

    A case from an interest or meeting is between its two sides and is called by what it was about, unless `title`
    and `language` say otherwise.
    """

    interest: UUID | None = None
    meeting: UUID | None = None
    title: Line = ""
    language: Language | None = None
    parties: list[UUID] = Field(default_factory=list, max_length=50)
    next_step: Line = ""
    due_on: date | None = None


class StepIn(Strict):
    next_step: Line
    due_on: date


class CaseMoveIn(Strict):
    to: Code
    next_step: Line = ""
    due_on: date | None = None


class RestIn(Strict):
    reason: Line
    resume_on: date


class CaseAgreementIn(TermsIn):
    """`follows` is the concluded agreement that this one renews or carries out; one of its parties signed it."""

    follows: UUID | None = None
    texts: list[TextIn] = Field(max_length=50)


class MadeOut(Strict):
    """The id of what was made."""

    id: UUID


# --- helpers ----------------------------------------------------------------------------------------------
def _case(case: Case) -> dict[str, Any]:
    names = ("title", "language", "status", "end_reason", "due_on", "is_invented")
    return {
        "id": case.pk,
        "next_step": case.step,
        "parties": [party.pk for party in case.parties.all()],
        "owner": case.owner_id,
        **{name: getattr(case, name) for name in names},
    }


def _seen_case(request: HttpRequest, pk: UUID) -> Case:
    return get_object_or_404(queries.cases(viewer_of(request)), pk=pk)


def _case_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _case(_seen_case(request, pk))


# --- operations -------------------------------------------------------------------------------------------
@cases_router.get("", response=Page[CaseOut])
@policy.operation("cooperation.case.see")
def list_cases(request: HttpRequest, query: Query[CaseQuery]) -> dict[str, Any]:
    """The caller's cases, the most urgent first; `whose=mine` keeps those they own."""
    refuse_unknown(request, query)
    return page_of(queries.cases(viewer_of(request), status=query.status, whose=query.whose), query, _case)


@cases_router.post("", response={201: CaseOut})
@policy.operation("cooperation.begin")
def open_case(request: HttpRequest, body: CaseIn) -> Status[dict[str, Any]]:
    """Open a case. From the same interest or meeting there is one case, however often this is sent."""
    viewer, by = viewer_of(request), caller(request)
    said = body.model_dump(exclude={"interest", "meeting", "parties"}) | {"language": body.language or ""}
    if body.parties and (body.interest or body.meeting):
        message = _("The case is between the two sides of the interest or meeting; leave this out.")
        raise Invalid(message, fields={"parties": message})
    if body.interest:
        interest = get_object_or_404(visible_interests(viewer), pk=body.interest)
        case = actions.open_case_from_interest(interest=interest, by=by, **said)
    elif body.meeting:
        meeting = get_object_or_404(visible_meetings(viewer), pk=body.meeting)
        case = actions.open_case_from_meeting(meeting=meeting, by=by, **said)
    else:
        parties = [organisation_named(viewer, pk, "parties") for pk in body.parties]
        case = actions.open_case(by=by, parties=parties, **{**said, "language": body.language or "en"})
    return Status(201, _case_again(request, case.pk))


@cases_router.get("/{uuid:pk}", response=CaseOut)
@policy.operation("cooperation.case.see")
def get_case(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/next-step", response=CaseOut)
@policy.operation("cooperation.case.see")
def set_next_step(request: HttpRequest, pk: UUID, body: StepIn) -> dict[str, Any]:
    actions.set_next_step(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/move", response=CaseOut)
@policy.operation("cooperation.case.see")
def move_case(request: HttpRequest, pk: UUID, body: CaseMoveIn) -> dict[str, Any]:
    actions.move_case(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/rest", response=CaseOut)
@policy.operation("cooperation.case.see")
def stall_case(request: HttpRequest, pk: UUID, body: RestIn) -> dict[str, Any]:
    actions.stall_case(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/end", response=CaseOut)
@policy.operation("cooperation.case.see")
def end_case(request: HttpRequest, pk: UUID, body: CaseReasonIn) -> dict[str, Any]:
    actions.end_case(case=_seen_case(request, pk), reason=body.reason, by=caller(request))
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/agreement", response={201: MadeOut})
@policy.operation("cooperation.case.see")
def conclude_agreement(request: HttpRequest, pk: UUID, body: CaseAgreementIn) -> Status[dict[str, Any]]:
    """Draft the agreement the case leads to; its parties are those of the case."""
    agreement = actions.conclude_agreement(
        case=_seen_case(request, pk),
        terms=Terms(**body.model_dump(exclude={"texts", "follows"})),
        texts=[NewText(**text.model_dump()) for text in body.texts],
        follows=earlier_agreement(viewer_of(request), body.follows),
        by=caller(request),
    )
    return Status(201, {"id": agreement.pk})


@cases_router.post("/{uuid:pk}/agreement/named", response=CaseOut)
@policy.operation("cooperation.case.see")
def name_agreement_of_case(request: HttpRequest, pk: UUID, body: NamedAgreementIn) -> dict[str, Any]:
    """Say that the case led to an agreement that was concluded beside it, between all its parties."""
    agreement = agreement_named(viewer_of(request), body.agreement)
    actions.name_agreement_of_case(case=_seen_case(request, pk), agreement=agreement, by=caller(request))
    return _case_again(request, pk)
