"""The signature log: who signed for which party, when and where, and who recorded it."""

from datetime import date

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import lifecycle, policies
from serai.agreements.actions.common import locked_for, tell_parties
from serai.agreements.models import Agreement, Party
from serai.core import audit
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.lifecycle import advance

S = Agreement.Status


@transaction.atomic
def record_signature(
    *,
    party: Party,
    signed_on: date,
    by: User,
    signatory: str = "",
    signatory_office: str = "",
    place: str = "",
) -> Agreement:
    """Record that a party signed an approved agreement. With the last signature the agreement is signed.

    Raises NotAllowed unless `by` may sign for the party, Conflict when the agreement is not approved or the
    party has signed already, Invalid for a date in the future.
    """
    agreement = locked_for(party.agreement, by)
    party = agreement.parties.select_for_update().get(pk=party.pk)
    if not policies.may_sign_for(by, party):
        raise NotAllowed(_("Only the party itself records its signature."))
    if agreement.status != S.APPROVED or party.signed_on:
        raise Conflict(_("This party's signature is not awaited."))
    if signed_on > timezone.localdate():
        raise Invalid(
            _("A signature cannot be in the future."), fields={"signed_on": _("This day is yet to come.")}
        )
    _sign(party, signed_on, by, signatory, signatory_office)
    if place:
        agreement.signed_at_place = place
    if not agreement.parties.filter(signed_on__isnull=True).exists():
        agreement.signed_on = agreement.parties.aggregate(last=Max("signed_on"))["last"]
        advance(lifecycle.AGREEMENT, agreement, S.SIGNED)
        agreement.due_on = None
    agreement.save()
    audit.record(
        actor=by,
        action="agreements.signature_recorded",
        obj=agreement,
        data={"party": party.pk, "signed_on": signed_on, "status": agreement.status},
    )
    if agreement.status == S.SIGNED:
        tell_parties(agreement, kind="agreements.signed", key="agreements.signed", but=by)
    return agreement


def _sign(party: Party, signed_on: date, by: User, signatory: str, signatory_office: str) -> None:
    party.signed_on = signed_on
    party.recorded_by = by
    party.signatory = signatory or party.signatory
    party.signatory_office = signatory_office or party.signatory_office
    party.save()
