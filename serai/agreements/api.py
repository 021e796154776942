"""Agreements in the programming interface: the same rules and actions as the pages."""

from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.agreements import actions, policies, queries
from serai.agreements.actions import NewParty, NewText, Terms
from serai.agreements.models import Agreement, Commitment, Party
from serai.core import policy
from serai.core.api import CLEAN, KNOWN_LANGUAGE, Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid
from serai.core.viewer import Viewer, viewer_of
from serai.directory.models import Organisation, Place
from serai.directory.policies import visible_organisations

router = Router(tags=["agreements"])
Code = Annotated[str, StringConstraints(max_length=40, pattern=CLEAN)]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$", max_length=35),
    KNOWN_LANGUAGE,
]
Short = Annotated[str, StringConstraints(max_length=150, pattern=CLEAN)]
Words = Annotated[str, StringConstraints(max_length=3000, pattern=CLEAN)]
Body = Annotated[str, StringConstraints(max_length=200_000, pattern=CLEAN)]


# --- shapes -----------------------------------------------------------------------------------------------
class PartyOut(Strict):
    id: UUID
    organisation: UUID | None
    place: str | None
    signatory: str
    signatory_office: str
    signed_on: date | None


class ConsentingPartyOut(PartyOut):
    """To which version of the wording the party has consented, and on which day: told to the parties only."""

    consented_version: int | None
    consented_on: date | None


class AgreementTextOut(Strict):
    language: str
    title: str
    summary: str
    is_authentic: bool
    origin: str


class CommitmentOut(Strict):
    id: UUID
    party: UUID
    text: str
    language: str
    due_on: date
    status: str
    done_on: date | None
    drop_reason: str


class AgreementHead(Strict):
    """`fields` are the codes of the fields of cooperation."""

    id: UUID
    kind: str
    level: str
    status: str
    tier: str
    title: str
    title_language: str
    fields: list[str]
    signed_on: date | None
    in_force_on: date | None
    ends_on: date | None
    ended_on: date | None


class AgreementLine(AgreementHead):
    """One agreement of the register."""

    parties: list[PartyOut]


class AgreementOut(AgreementHead):
    """`wording_version` is counted anew by each change of wording, authentic title or terms; 0 before there is a
    wording, null for whoever is of no party. An agreement is approved once every party has consented to it.
    """

    parties: list[ConsentingPartyOut]
    wording_version: int | None
    is_binding: bool
    renewal: str
    notice_days: int
    term_months: int | None
    due_on: date | None
    end_reason: str
    texts: list[AgreementTextOut]
    commitments: list[CommitmentOut]
    is_invented: bool


class BodyOut(Strict):
    language: str
    body: str
    origin: str


class AgreementQuery(PageQuery):
    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=10_000)
    kind: Code = ""
    status: Code = ""
    country: Code = ""
    field: Code = ""
    year: Code = ""
    ends: Code = ""
    whose: Code = ""


class PartyIn(Strict):
    organisation: UUID | None = None
    place: Code | None = None
    signatory: Short = ""
    signatory_office: Short = ""


class TextIn(Strict):
    language: Language
    title: Line
    summary: Words = ""
    is_authentic: bool = False


class TermsIn(Strict):
    kind: Code
    level: Code = Agreement.Level.INSTITUTIONAL
    is_binding: bool = True
    tier: Code = "mutual"
    fields: list[Code] = Field(default_factory=list, max_length=20)
    ends_on: date | None = None
    renewal: Code = Agreement.Renewal.EXPLICIT
    notice_days: int = Field(90, ge=0, le=3650)
    term_months: int | None = Field(None, ge=1, le=600)
    due_on: date | None = None


class AgreementIn(TermsIn):
    """`follows` is the concluded agreement that this one renews or carries out; one of its parties signed it."""

    follows: UUID | None = None
    parties: list[PartyIn] = Field(max_length=50)
    texts: list[TextIn] = Field(max_length=50)


class AgreementMoveIn(Strict):
    to: Code
    due_on: date | None = None


class ConsentIn(Strict):
    """`version` is the `wording_version` that was read; if it has changed since, the consent is refused."""

    version: int = Field(ge=1, le=2_147_483_647)


class SignatureIn(Strict):
    signed_on: date
    signatory: Short = ""
    signatory_office: Short = ""
    place: Short = ""


class ForceIn(Strict):
    on: date
    ends_on: date | None = None


class RenewIn(Strict):
    ends_on: date


class EndIn(Strict):
    on: date
    reason: Line


class BodyIn(Strict):
    body: Body


class CommitmentIn(Strict):
    party: UUID
    text: Line
    language: Language
    due_on: date


class DoneIn(Strict):
    done_on: date


class DropIn(Strict):
    reason: Line


# --- helpers ----------------------------------------------------------------------------------------------
def organisation_named(viewer: Viewer, pk: UUID, field: str) -> Organisation:
    found: Organisation | None = visible_organisations(viewer).filter(pk=pk).first()
    if found is None:
        raise Invalid(
            _("There is no such organisation."), fields={field: _("There is no such organisation.")}
        )
    return found


def place_named(code: str, field: str) -> Place:
    found = Place.objects.filter(code=code).first()
    if found is None:
        raise Invalid(_("There is no such place."), fields={field: _("There is no such place.")})
    return found


def earlier_agreement(viewer: Viewer, pk: UUID | None) -> Agreement | None:
    """What a new agreement follows, if anything. Whether it may be followed, the action says."""
    return get_object_or_404(policies.visible_agreements(viewer), pk=pk) if pk else None


def _seen(request: HttpRequest, pk: UUID) -> Agreement:
    return get_object_or_404(queries.with_names(policies.visible_agreements(viewer_of(request))), pk=pk)


def _party(party: Party) -> dict[str, Any]:
    return {
        "id": party.pk,
        "organisation": party.organisation_id,
        "place": party.place.code if party.place else None,
        "signatory": party.signatory,
        "signatory_office": party.signatory_office,
        "signed_on": party.signed_on,
    }


def _consenting_party(party: Party, reads: bool) -> dict[str, Any]:
    return {
        **_party(party),
        "consented_version": party.consented_version if reads else None,
        "consented_on": party.consented_on if reads else None,
    }


def _head(agreement: Agreement) -> dict[str, Any]:
    title, language = queries.title_of(agreement)
    names = ("kind", "level", "status", "tier", "signed_on", "in_force_on", "ends_on", "ended_on")
    return {
        "id": agreement.pk,
        "title": title,
        "title_language": language,
        "fields": agreement.fields_of_science,
        **{name: getattr(agreement, name) for name in names},
    }


def _line(agreement: Agreement) -> dict[str, Any]:
    return {**_head(agreement), "parties": [_party(party) for party in agreement.parties.all()]}


def _commitment(commitment: Commitment) -> dict[str, Any]:
    names = ("text", "language", "due_on", "status", "done_on", "drop_reason")
    return {
        "id": commitment.pk,
        "party": commitment.party_id,
        **{name: getattr(commitment, name) for name in names},
    }


def _shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer, agreement = viewer_of(request), _seen(request, pk)
    found = policies.visible_commitments(viewer).filter(agreement=agreement)
    reads = policies.may_read_wording(viewer, agreement)
    names = ("is_binding", "renewal", "notice_days", "term_months", "due_on", "end_reason", "is_invented")
    texts = ("language", "title", "summary", "is_authentic", "origin")
    return {
        **_head(agreement),
        "parties": [_consenting_party(party, reads) for party in agreement.parties.all()],
        "wording_version": agreement.wording_version if reads else None,
        "texts": [{name: getattr(text, name) for name in texts} for text in agreement.texts.all()],
        "commitments": [_commitment(commitment) for commitment in found.order_by("due_on", "id")[:200]],
        **{name: getattr(agreement, name) for name in names},
    }


# --- operations -------------------------------------------------------------------------------------------
@router.get("", response=Page[AgreementLine])
@policy.operation("agreements.agreement.see")
def list_agreements(request: HttpRequest, query: Query[AgreementQuery]) -> dict[str, Any]:
    """The register as far as the caller sees it, newest signature first.

    `ends` keeps what is in force and ends within so many months, the next end first; `whose=ours` keeps the
    agreements of the caller's organisations.
    """
    refuse_unknown(request, query)
    found = queries.register(
        viewer_of(request),
        kind=query.kind,
        status=query.status,
        country=query.country,
        field=query.field,
        year=query.year[:4],
        ends=query.ends[:4],
        whose=query.whose,
    )
    return page_of(queries.with_names(found), query, _line)


@router.post("", response={201: AgreementOut})
@policy.operation("agreements.draft")
def draft_agreement(request: HttpRequest, body: AgreementIn) -> Status[dict[str, Any]]:
    """Begin an agreement; the caller acts for one of its parties."""
    viewer = viewer_of(request)
    parties = [
        NewParty(
            organisation_named(viewer, party.organisation, "parties") if party.organisation else None,
            place_named(party.place, "parties") if party.place else None,
            party.signatory,
            party.signatory_office,
        )
        for party in body.parties
    ]
    agreement = actions.draft_agreement(
        by=caller(request),
        terms=Terms(**body.model_dump(exclude={"parties", "texts", "follows"})),
        parties=parties,
        texts=[NewText(**text.model_dump()) for text in body.texts],
        follows=earlier_agreement(viewer, body.follows),
    )
    return Status(201, _shown(request, agreement.pk))


@router.get("/{uuid:pk}", response=AgreementOut)
@policy.operation("agreements.agreement.see")
def get_agreement(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown(request, pk)


@router.put("/{uuid:pk}/terms", response=AgreementOut)
@policy.operation("core.signed_in")
def put_terms(request: HttpRequest, pk: UUID, body: TermsIn) -> dict[str, Any]:
    """Replace the terms while the agreement is open."""
    actions.change_terms(agreement=_seen(request, pk), terms=Terms(**body.model_dump()), by=caller(request))
    return _shown(request, pk)


@router.put("/{uuid:pk}/texts", response=AgreementOut)
@policy.operation("core.signed_in")
def put_text(request: HttpRequest, pk: UUID, body: TextIn) -> dict[str, Any]:
    """Write title and summary in one language."""
    actions.write_text(agreement=_seen(request, pk), text=NewText(**body.model_dump()), by=caller(request))
    return _shown(request, pk)


@router.get("/{uuid:pk}/wording", response=list[BodyOut])
@policy.operation("agreements.body.see")
def get_wording(request: HttpRequest, pk: UUID) -> list[dict[str, Any]]:
    """The wording in its languages: empty for whoever is of no party."""
    agreement = _seen(request, pk)
    found = policies.visible_bodies(viewer_of(request)).filter(agreement=agreement).order_by("language")
    return [{"language": b.language, "body": b.body, "origin": b.origin} for b in found]


@router.put("/{uuid:pk}/wording/{language}", response=list[BodyOut])
@policy.operation("agreements.body.see")
def put_wording(request: HttpRequest, pk: UUID, language: Language, body: BodyIn) -> list[dict[str, Any]]:
    actions.write_body(agreement=_seen(request, pk), language=language, body=body.body, by=caller(request))
    answer: list[dict[str, Any]] = get_wording(request, pk)
    return answer


@router.post("/{uuid:pk}/move", response=AgreementOut)
@policy.operation("core.signed_in")
def move_agreement(request: HttpRequest, pk: UUID, body: AgreementMoveIn) -> dict[str, Any]:
    """Take a step before the signature: under_review, negotiation, approved, or back to draft."""
    actions.move_agreement(agreement=_seen(request, pk), to=body.to, due_on=body.due_on, by=caller(request))
    return _shown(request, pk)


def _seen_party(request: HttpRequest, pk: UUID, party: UUID) -> Party:
    return get_object_or_404(_seen(request, pk).parties.all(), pk=party)


@router.post("/{uuid:pk}/parties/{uuid:party}/consent", response=AgreementOut)
@policy.operation("core.signed_in")
def consent_to_wording(request: HttpRequest, pk: UUID, party: UUID, body: ConsentIn) -> dict[str, Any]:
    """Consent, for one party, to the version of wording and terms that the caller has read."""
    found = _seen_party(request, pk, party)
    actions.consent_to_wording(party=found, version=body.version, by=caller(request))
    return _shown(request, pk)


@router.post("/{uuid:pk}/parties/{uuid:party}/consent/withdraw", response=AgreementOut)
@policy.operation("core.signed_in")
def withdraw_consent(request: HttpRequest, pk: UUID, party: UUID) -> dict[str, Any]:
    """Take the consent of one party back, before the agreement is approved."""
    actions.withdraw_consent(party=_seen_party(request, pk, party), by=caller(request))
    return _shown(request, pk)


@router.post("/{uuid:pk}/parties/{uuid:party}/signature", response=AgreementOut)
@policy.operation("core.signed_in")
def record_signature(request: HttpRequest, pk: UUID, party: UUID, body: SignatureIn) -> dict[str, Any]:
    """Record the signature of one party; with the last one the agreement is signed."""
    actions.record_signature(party=_seen_party(request, pk, party), by=caller(request), **body.model_dump())
    return _shown(request, pk)


@router.post("/{uuid:pk}/in-force", response=AgreementOut)
@policy.operation("core.signed_in")
def enter_into_force(request: HttpRequest, pk: UUID, body: ForceIn) -> dict[str, Any]:
    actions.enter_into_force(agreement=_seen(request, pk), by=caller(request), **body.model_dump())
    return _shown(request, pk)


@router.post("/{uuid:pk}/renew", response=AgreementOut)
@policy.operation("core.signed_in")
def renew_agreement(request: HttpRequest, pk: UUID, body: RenewIn) -> dict[str, Any]:
    actions.renew_agreement(agreement=_seen(request, pk), ends_on=body.ends_on, by=caller(request))
    return _shown(request, pk)


@router.post("/{uuid:pk}/end", response=AgreementOut)
@policy.operation("core.signed_in")
def end_agreement(request: HttpRequest, pk: UUID, body: EndIn) -> dict[str, Any]:
    actions.terminate_agreement(agreement=_seen(request, pk), by=caller(request), **body.model_dump())
    return _shown(request, pk)


@router.post("/{uuid:pk}/commitments", response={201: AgreementOut})
@policy.operation("core.signed_in")
def add_commitment(request: HttpRequest, pk: UUID, body: CommitmentIn) -> Status[dict[str, Any]]:
    party = _seen_party(request, pk, body.party)
    actions.add_commitment(party=party, by=caller(request), **body.model_dump(exclude={"party"}))
    return Status(201, _shown(request, pk))


def _seen_commitment(request: HttpRequest, pk: UUID, commitment: UUID) -> Commitment:
    found = policies.visible_commitments(viewer_of(request)).filter(agreement_id=pk)
    return cast(Commitment, get_object_or_404(found.select_related("agreement"), pk=commitment))


@router.post("/{uuid:pk}/commitments/{uuid:commitment}/done", response=AgreementOut)
@policy.operation("core.signed_in")
def complete_commitment(request: HttpRequest, pk: UUID, commitment: UUID, body: DoneIn) -> dict[str, Any]:
    actions.complete_commitment(
        commitment=_seen_commitment(request, pk, commitment), done_on=body.done_on, by=caller(request)
    )
    return _shown(request, pk)


@router.post("/{uuid:pk}/commitments/{uuid:commitment}/drop", response=AgreementOut)
@policy.operation("core.signed_in")
def drop_commitment(request: HttpRequest, pk: UUID, commitment: UUID, body: DropIn) -> dict[str, Any]:
    actions.drop_commitment(
        commitment=_seen_commitment(request, pk, commitment), reason=body.reason, by=caller(request)
    )
    return _shown(request, pk)
