"""Commitments: what a party promised to do, by when, and whether it did."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.actions.common import locked_for
from serai.agreements.models import Agreement, Commitment, Party
from serai.core import audit
from serai.core.errors import Conflict, Invalid

OVER = [Agreement.Status.EXPIRED, Agreement.Status.TERMINATED]


@transaction.atomic
def add_commitment(*, party: Party, text: str, language: str, due_on: date, by: User) -> Commitment:
    """Write down what a party will do. Raises Conflict when the agreement is over, Invalid without words."""
    agreement = locked_for(party.agreement, by)
    if agreement.status in OVER:
        raise Conflict(_("This agreement is over."))
    if not text.strip():
        raise Invalid(_("Say what will be done."), fields={"text": _("Say what will be done.")})
    commitment = Commitment.objects.create(
        agreement=agreement, party=party, text=text, language=language, due_on=due_on
    )
    audit.record(
        actor=by,
        action="agreements.commitment_added",
        obj=agreement,
        data={"commitment": commitment.pk, "party": party.pk, "due_on": due_on},
    )
    return commitment


@transaction.atomic
def complete_commitment(*, commitment: Commitment, done_on: date, by: User) -> Commitment:
    """Record that it was done. Raises Conflict if it is closed already, Invalid for a day to come."""
    commitment = _open(commitment, by)
    if done_on > timezone.localdate():
        raise Invalid(_("Record it when it has happened."), fields={"done_on": _("This day is yet to come.")})
    commitment.status = Commitment.Status.DONE
    commitment.done_on = done_on
    return _close(commitment, by, "agreements.commitment_done")


@transaction.atomic
def drop_commitment(*, commitment: Commitment, reason: str, by: User) -> Commitment:
    """Record that it will not be done, and why. Raises Conflict if it is closed already."""
    commitment = _open(commitment, by)
    if not reason.strip():
        raise Invalid(_("Say why it is dropped."), fields={"reason": _("Say why.")})
    commitment.status = Commitment.Status.DROPPED
    commitment.drop_reason = reason
    return _close(commitment, by, "agreements.commitment_dropped")


def _open(commitment: Commitment, by: User) -> Commitment:
    locked_for(commitment.agreement, by)
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    if commitment.status != Commitment.Status.OPEN:
        raise Conflict(_("This commitment is closed already."))
    return commitment


def _close(commitment: Commitment, by: User, action: str) -> Commitment:
    commitment.save()
    audit.record(actor=by, action=action, obj=commitment.agreement, data={"commitment": commitment.pk})
    return commitment
