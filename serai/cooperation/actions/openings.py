"""Showing to everybody what the parties kept to themselves: with the consent of each of them (ADR 41)."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import actions as agreement_actions
from serai.agreements import policies as agreement_policies
from serai.agreements.models import Agreement
from serai.agreements.policies import organisations_acted_for
from serai.cooperation import lifecycle, policies, queries
from serai.cooperation.actions.common import people_of, tell
from serai.cooperation.models import Facility, Opening, OpeningParty, Project
from serai.core import audit
from serai.core.errors import Conflict, NotAllowed, NotFound
from serai.core.lifecycle import advance
from serai.core.tiers import Tier
from serai.directory.models import Organisation

S = Opening.Status


@transaction.atomic
def ask_to_open(*, record: Agreement | Project | Facility, by: User) -> Opening:
    """Ask the parties of a record whether everybody may know of it. Whoever asks has consented for their side.

    Asking again while others think it over changes nothing. Raises NotAllowed unless `by` acts for a party, Conflict
    when everybody may know of it already or it is an agreement that has not been concluded.
    """
    if not queries.may_act_on(by, record):
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    record = type(record)._default_manager.select_for_update().get(pk=record.pk)
    kind = queries.KIND_OF[type(record)]
    known = Opening.objects.filter(kind=kind, record_id=record.pk, status=S.ASKED).first()
    if known is not None:
        return known
    if record.tier == Tier.PUBLIC:
        raise Conflict(_("Everybody may know of it already."))
    if isinstance(record, Agreement) and record.status not in agreement_policies.CONCLUDED:
        raise Conflict(_("Who may know of a draft is one of its terms; change them there."))
    opening = Opening.objects.create(kind=kind, record_id=record.pk, asked_by=by)
    parties = queries.organisations_in(record)
    OpeningParty.objects.bulk_create(OpeningParty(opening=opening, organisation=o) for o in parties)
    audit.record(actor=by, action="cooperation.opening_asked", obj=record)
    _tell(opening, parties, "cooperation.opening_asked", but=by)
    return _consent(opening, record, by)


def first_tier(wanted: str, parties: Collection[Organisation], agreement: Agreement | None, by: User) -> str:
    """With whom a new record of these parties begins. For everybody at once only if no other party has to be asked:
    everybody knows of the agreement of all of them already, or `by` acts for all. Else it begins among the parties,
    and whoever begins it asks them (`ask_to_open`).
    """
    if wanted != Tier.PUBLIC:
        return wanted
    ids = {party.pk for party in parties}
    if agreement is not None and agreement.tier == Tier.PUBLIC:
        ids -= set(agreement.parties.filter(organisation__in=ids).values_list("organisation_id", flat=True))
    ids -= set(organisations_acted_for(by).filter(pk__in=ids).values_list("pk", flat=True))
    return Tier.MUTUAL if ids else wanted


@transaction.atomic
def agree_to_opening(*, opening: Opening, by: User) -> Opening:
    """Consent for the parties that `by` acts for. With the last consent everybody may know of the record.

    Raises NotFound for strangers, NotAllowed for those who only read, Conflict once it is decided.
    """
    opening = _locked(opening, by)
    return _consent(opening, queries.record_of(opening), by)


@transaction.atomic
def decline_opening(*, opening: Opening, by: User) -> Opening:
    """Say no for a party: the record stays as it is. Errors as for consenting."""
    opening = _locked(opening, by)
    advance(lifecycle.OPENING, opening, S.DECLINED)
    opening.save()
    audit.record(actor=by, action="cooperation.opening_declined", obj=queries.record_of(opening))
    _tell(opening, opening.parties.all(), "cooperation.opening_declined", but=by)
    return opening


def _locked(opening: Opening, by: User) -> Opening:
    if not policies.visible_openings(by).filter(pk=opening.pk).exists():
        raise NotFound(_("Not found."))
    opening = Opening.objects.select_for_update().get(pk=opening.pk)
    if not policies.parties_asked(by, opening).exists():
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    if opening.status != S.ASKED:
        raise Conflict(_("This has been decided already."))
    return opening


def _consent(opening: Opening, record: Agreement | Project | Facility, by: User) -> Opening:
    mine = policies.parties_asked(by, opening).filter(consented_on__isnull=True)
    mine.update(consented_on=timezone.localdate(), consented_by=by)
    if opening.asked.filter(consented_on__isnull=True).exists():
        return opening
    if isinstance(record, Agreement):
        agreement_actions.make_public(agreement=record, by=by)
    else:
        record.tier = Tier.PUBLIC
        record.save(update_fields=["tier", "updated_at"])  # the rest may have changed since it was read
    advance(lifecycle.OPENING, opening, S.AGREED)
    opening.save()
    audit.record(actor=by, action="cooperation.opening_agreed", obj=record)
    _tell(opening, opening.parties.all(), "cooperation.opening_agreed", but=by)
    return opening


def _tell(opening: Opening, parties: Iterable[Organisation], kind: str, but: User) -> None:
    record = queries.record_of(opening)
    tell(
        people_of(parties),
        kind=kind,
        obj=record,
        title=queries.title_of_record(record)[0],
        url=f"/build/openings/{opening.pk}/",
        key=f"{kind}:{opening.pk}",
        but=but,
    )
