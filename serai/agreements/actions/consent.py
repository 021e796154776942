"""Consent to the wording: each party's own, to the version it has read; a later version asks again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import policies
from serai.agreements.actions.common import OPEN, locked_for, tell_parties
from serai.agreements.models import Agreement, Party
from serai.core import audit
from serai.core.errors import Conflict, NotAllowed


@transaction.atomic
def consent_to_wording(*, party: Party, version: int, by: User) -> Agreement:
    """Consent, for a party, to the version of wording and terms that `by` has read. Doing it twice changes nothing.

    Raises NotAllowed unless `by` may sign for the party, Conflict when the agreement is not open any more, has no
    wording, or has changed since that version.
    """
    agreement, party = _open_for(party, by)
    if agreement.wording_version == 0:
        raise Conflict(_("Write the wording first: parties consent to a text."))
    if version != agreement.wording_version:
        raise Conflict(_("The wording or the terms have changed in the meantime. Read them again."))
    if party.consented_version == version:
        return agreement
    party.consented_version, party.consented_on, party.consented_by = version, timezone.localdate(), by
    party.save()
    _record("agreements.consented", agreement, party, by)
    key = f"agreements.consented:{party.pk}:{version}"
    tell_parties(agreement, kind="agreements.consented", key=key, but=by)
    return agreement


@transaction.atomic
def withdraw_consent(*, party: Party, by: User) -> Agreement:
    """Take a consent back before the agreement is approved. Errors as for giving it."""
    agreement, party = _open_for(party, by)
    if party.consented_version is not None:
        party.consented_version = party.consented_on = party.consented_by = None
        party.save()
        _record("agreements.consent_withdrawn", agreement, party, by)
    return agreement


def _open_for(party: Party, by: User) -> tuple[Agreement, Party]:
    agreement = locked_for(party.agreement, by)
    party = agreement.parties.select_for_update().get(pk=party.pk)
    if not policies.may_sign_for(by, party):
        raise NotAllowed(_("Only the party itself consents to the wording."))
    if agreement.status not in OPEN:
        raise Conflict(_("The wording is settled."))
    return agreement, party


def _record(action: str, agreement: Agreement, party: Party, by: User) -> None:
    data = {"party": party.pk, "version": agreement.wording_version}
    audit.record(actor=by, action=action, obj=agreement, data=data)
