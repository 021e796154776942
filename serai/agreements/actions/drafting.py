"""Drafting: parties, terms, texts, and the road to approval."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import lifecycle, policies, queries
from serai.agreements.actions.common import OPEN, ask_consent_again, locked_for, tell_parties
from serai.agreements.fields import Field
from serai.agreements.models import Agreement, AgreementBody, AgreementText, Party
from serai.core import audit, chain
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.core.text import Origin
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place

S = Agreement.Status


@dataclass(frozen=True)
class NewParty:
    """An organisation, a place (where governments agree), or an organisation that acts for a place."""

    organisation: Organisation | None = None
    place: Place | None = None
    signatory: str = ""
    signatory_office: str = ""


@dataclass(frozen=True)
class NewText:
    """Title and summary in one language; `is_authentic` when this version is valid in law."""

    language: str
    title: str
    summary: str = ""
    is_authentic: bool = False
    origin: str = Origin.WRITTEN


@dataclass(frozen=True)
class Terms:
    """What can be negotiated beside the wording. `ends_on` None is an agreement without a term."""

    kind: str
    level: str = Agreement.Level.INSTITUTIONAL
    is_binding: bool = True
    tier: str = Tier.MUTUAL
    fields: Sequence[str] = ()
    ends_on: date | None = None
    renewal: str = Agreement.Renewal.EXPLICIT
    notice_days: int = 90
    term_months: int | None = None
    due_on: date | None = None


@transaction.atomic
def draft_agreement(
    *,
    by: User,
    terms: Terms,
    parties: Sequence[NewParty],
    texts: Sequence[NewText],
    follows: Agreement | None = None,
    is_invented: bool = False,
) -> Agreement:
    """Begin an agreement. `by` owns it and acts for one of the parties.

    `follows` is the concluded agreement that it renews or carries out.

    Raises Invalid for fewer than two parties, a party twice, no text or two in one language, terms that
    contradict each other, and a `follows` that none of the parties concluded; NotAllowed unless `by` may act for one
    of the parties, NotFound unless also for one of `follows`.
    """
    _check_parties(parties)
    _check_texts(texts)
    _check_terms(terms)
    if not _acts_for_one(by, parties):
        raise NotAllowed(_("You can draft an agreement only for an organisation you act for."))
    if follows is not None:
        _must_follow(follows, parties, by)
    agreement = Agreement(owner=by, is_invented=is_invented)
    _set_terms(agreement, terms)
    agreement.save()
    for party in parties:
        Party.objects.create(agreement=agreement, **_shallow(party))
    AgreementText.objects.bulk_create(AgreementText(agreement=agreement, **asdict(text)) for text in texts)
    for party in parties:
        if party.organisation is not None:
            chain.link(source=party.organisation, relation=Link.Relation.AGREED_IN, target=agreement, by=by)
    if follows is not None:
        chain.link(source=follows, relation=Link.Relation.LED_TO, target=agreement, by=by)
    audit.record(actor=by, action="agreements.drafted", obj=agreement, data=_data(agreement))
    tell_parties(agreement, kind="agreements.drafted", key="agreements.drafted", but=by)
    return agreement


@transaction.atomic
def change_terms(*, agreement: Agreement, terms: Terms, by: User) -> Agreement:
    """Replace the terms while the agreement is open.

    Raises NotAllowed for readers, Conflict once it is approved, Invalid for contradicting terms.
    """
    agreement = locked_for(agreement, by)
    _must_be_open(agreement)
    _check_terms(terms)
    _set_terms(agreement, terms)
    agreement.save()
    audit.record(actor=by, action="agreements.terms_changed", obj=agreement, data=_data(agreement))
    ask_consent_again(agreement, by)
    return agreement


@transaction.atomic
def write_text(*, agreement: Agreement, text: NewText, by: User) -> AgreementText:
    """Write title and summary in one language.

    Once approved only translations can be added or improved: an authentic text stays as it was agreed
    (Conflict).
    """
    agreement = locked_for(agreement, by)
    _check_texts([text])
    stored = agreement.texts.filter(language=text.language).first()
    if agreement.status not in OPEN and (text.is_authentic or (stored and stored.is_authentic)):
        raise Conflict(_("The authentic text of an approved agreement does not change."))
    written, _is_new = AgreementText.objects.update_or_create(
        agreement=agreement, language=text.language, defaults=asdict(text)
    )
    audit.record(actor=by, action="agreements.text_written", obj=agreement, data={"language": text.language})
    ask_consent_again(agreement, by)
    return written


@transaction.atomic
def write_body(*, agreement: Agreement, language: str, body: str, by: User) -> AgreementBody:
    """Write the full wording in one language, while the agreement is open. Only the parties read it."""
    agreement = locked_for(agreement, by)
    _must_be_open(agreement)
    if not body.strip():
        raise Invalid(_("Write the wording."), fields={"body": _("Write the wording.")})
    written, _is_new = AgreementBody.objects.update_or_create(
        agreement=agreement, language=language, defaults={"body": body}
    )
    audit.record(actor=by, action="agreements.body_written", obj=agreement, data={"language": language})
    ask_consent_again(agreement, by)
    return written


@transaction.atomic
def move_agreement(*, agreement: Agreement, to: str, by: User, due_on: date | None = None) -> Agreement:
    """Take a step before the signature: legal review, negotiation, approval, or back.

    `due_on` is when the next step is expected. Raises Conflict when the step does not follow, or when approval finds
    no authentic text (nobody could sign), no wording, or a party that has not consented to it as it stands.
    """
    agreement = locked_for(agreement, by)
    if to not in [*OPEN, S.APPROVED]:
        raise Conflict(_("An agreement gets this status by its signatures and dates."))
    if to == S.APPROVED:
        _must_be_agreed(agreement)
    if agreement.status == S.APPROVED and agreement.parties.filter(signed_on__isnull=False).exists():
        raise Conflict(_("A party has signed; the agreement cannot be changed any more."))
    advance(lifecycle.AGREEMENT, agreement, to)
    agreement.due_on = due_on
    agreement.save()
    audit.record(actor=by, action="agreements.moved", obj=agreement, data=_data(agreement))
    if to == S.APPROVED:
        tell_parties(agreement, kind="agreements.approved", key="agreements.approved", but=by)
    return agreement


def _must_be_agreed(agreement: Agreement) -> None:
    """The database guards the consents too (migration 0004); here they become a sentence."""
    if not agreement.texts.filter(is_authentic=True).exists():
        raise Conflict(_("Say which language version is authentic before the agreement is approved."))
    if agreement.wording_version == 0:
        raise Conflict(_("Write the wording before the agreement is approved."))
    if queries.awaiting_consent(agreement).exists():
        raise Conflict(_("Every party consents to the wording before the agreement is approved."))


def _check_parties(parties: Sequence[NewParty]) -> None:
    if len(parties) < 2:
        raise Invalid(
            _("An agreement has at least two parties."), fields={"parties": _("Name another party.")}
        )
    names = [
        (p.organisation.pk if p.organisation else None, p.place.pk if p.place else None) for p in parties
    ]
    organisations = [organisation for organisation, _place in names if organisation]
    if any(name == (None, None) for name in names):
        raise Invalid(_("A party is an organisation or a country."), fields={"parties": _("Name the party.")})
    if len(set(names)) < len(names) or len(set(organisations)) < len(organisations):
        raise Invalid(_("A party is named twice."), fields={"parties": _("A party is named twice.")})


def _must_follow(earlier: Agreement, parties: Sequence[NewParty], by: User) -> None:
    """A chain names no agreement of others: only one that a party of the new one concluded."""
    if not policies.may_act(by, earlier):
        raise NotFound(_("Not found."))
    organisations = [party.organisation for party in parties if party.organisation]
    shared = earlier.parties.filter(organisation__in=organisations)
    if earlier.status not in policies.CONCLUDED or not shared.exists():
        message = _("An agreement follows one that at least one of its parties has signed before.")
        raise Invalid(message, fields={"follows": message})


def _check_texts(texts: Sequence[NewText]) -> None:
    if not texts:
        raise Invalid(_("Give the agreement a title."), fields={"title": _("Give the agreement a title.")})
    if any(not text.title.strip() for text in texts):
        raise Invalid(_("A title is missing."), fields={"title": _("A title is missing.")})
    if len({text.language for text in texts}) < len(texts):
        raise Invalid(_("There is one text for each language."), fields={"language": _("Named twice.")})


def _check_terms(terms: Terms) -> None:
    wrong: dict[str, object] = {}
    if set(terms.fields) - set(Field.values):
        wrong["fields"] = _("This field of cooperation is not known.")
    if terms.tier == Tier.SEALED or terms.tier not in Tier.values:
        wrong["tier"] = _("An agreement is public, for the network, or for its parties.")
    if terms.renewal == Agreement.Renewal.TACIT and terms.ends_on and not terms.term_months:
        wrong["term_months"] = _("Say for how many months it is prolonged.")
    if not 0 <= terms.notice_days <= 3650:
        wrong["notice_days"] = _("Between 0 and 3650 days.")
    for name, choices in (
        ("kind", Agreement.Kind.values),
        ("level", Agreement.Level.values),
        ("renewal", Agreement.Renewal.values),
    ):
        if getattr(terms, name) not in choices:
            wrong[name] = _("This is not one of the choices.")
    if wrong:
        raise Invalid(_("These terms do not fit together."), fields=wrong)


def _acts_for_one(by: User, parties: Sequence[NewParty]) -> bool:
    organisations = [party.organisation.pk for party in parties if party.organisation]
    return policies.organisations_acted_for(by).filter(pk__in=organisations).exists()


def _set_terms(agreement: Agreement, terms: Terms) -> None:
    values = {**_shallow(terms), "fields_of_science": sorted(terms.fields)}
    values.pop("fields")
    for name, value in values.items():
        setattr(agreement, name, value)


def _must_be_open(agreement: Agreement) -> None:
    if agreement.status not in OPEN:
        raise Conflict(_("This agreement is approved; take it back into negotiation to change it."))


def _shallow(values: object) -> dict[str, object]:
    """The fields of a dataclass without copying the records inside them."""
    return dict(vars(values))


def _data(agreement: Agreement) -> dict[str, object]:
    return {"kind": agreement.kind, "status": agreement.status, "tier": agreement.tier}
