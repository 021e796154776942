"""From entry into force to the end: renewal in time, termination, expiry."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import lifecycle, policies, queries
from serai.agreements.actions.common import locked, locked_for, tell_parties
from serai.agreements.models import Agreement
from serai.core import audit
from serai.core.days import months_later
from serai.core.errors import Conflict, Invalid
from serai.core.lifecycle import advance
from serai.core.tiers import Tier

S = Agreement.Status


@transaction.atomic
def enter_into_force(*, agreement: Agreement, on: date, by: User, ends_on: date | None = None) -> Agreement:
    """Record that a signed agreement entered into force; `ends_on` replaces the end that was foreseen.

    Raises Conflict unless it is signed, Invalid for a day before the signature, in the future, or after the end.
    """
    agreement = locked_for(agreement, by)
    advance(lifecycle.AGREEMENT, agreement, S.IN_FORCE)
    agreement.ends_on = ends_on or agreement.ends_on
    _check_day(on, not_before=agreement.signed_on, name="on")
    if agreement.ends_on and agreement.ends_on < on:
        raise Invalid(_("An agreement ends after it begins."), fields={"ends_on": _("Before the beginning.")})
    agreement.in_force_on = on
    agreement.due_on = None
    agreement.save()
    audit.record(
        actor=by,
        action="agreements.entered_into_force",
        obj=agreement,
        data={"in_force_on": on, "ends_on": agreement.ends_on, "status": agreement.status},
    )
    return agreement


@transaction.atomic
def renew_agreement(*, agreement: Agreement, ends_on: date, by: User) -> Agreement:
    """Prolong an agreement in force to a later end.

    Raises Conflict when it is not in force, Invalid unless the new end is later than the old one and today.
    """
    agreement = locked_for(agreement, by)
    if agreement.status not in [S.IN_FORCE, S.RENEWAL_DUE]:
        raise Conflict(_("Only an agreement in force can be renewed."))
    if ends_on <= max(agreement.ends_on or date.min, timezone.localdate()):
        raise Invalid(
            _("The new end is later than the old one."), fields={"ends_on": _("Choose a later day.")}
        )
    return _prolong(agreement, ends_on, by=by)


@transaction.atomic
def terminate_agreement(*, agreement: Agreement, on: date, reason: str, by: User) -> Agreement:
    """End an agreement before its term, saying why.

    Raises Conflict unless it is signed or in force, Invalid without a reason or for a day that does not fit.
    """
    agreement = locked_for(agreement, by)
    advance(lifecycle.AGREEMENT, agreement, S.TERMINATED)
    _check_day(on, not_before=agreement.in_force_on or agreement.signed_on, name="on")
    if not reason.strip():
        raise Invalid(_("Say why the agreement ends."), fields={"reason": _("Say why.")})
    agreement.ended_on = on
    agreement.end_reason = reason
    agreement.due_on = None
    agreement.save()
    audit.record(actor=by, action="agreements.terminated", obj=agreement, data={"ended_on": on})
    tell_parties(agreement, kind="agreements.terminated", key="agreements.terminated", but=by)
    return agreement


@transaction.atomic
def make_public(*, agreement: Agreement, by: User) -> Agreement:
    """Let everybody know of a concluded agreement. The caller has the consent of every party.

    Raises Conflict unless it is concluded: until then its tier is one of the terms.
    """
    agreement = locked_for(agreement, by)
    if agreement.status not in policies.CONCLUDED:
        raise Conflict(_("Who may know of a draft is one of its terms; change them there."))
    agreement.tier = Tier.PUBLIC
    agreement.save()
    audit.record(actor=by, action="agreements.made_public", obj=agreement)
    return agreement


def mark_renewals_due(*, today: date) -> int:
    """Begin the period of notice of every agreement that reached it, and tell the parties. Returns how many.

    The daily job calls it; running it twice changes nothing.
    """
    return sum(_mark_renewal_due(agreement, today) for agreement in queries.due_for_renewal(today))


@transaction.atomic
def _mark_renewal_due(agreement: Agreement, today: date) -> int:
    agreement = locked(agreement)
    if agreement.status != S.IN_FORCE or agreement.ends_on is None:
        return 0
    advance(lifecycle.AGREEMENT, agreement, S.RENEWAL_DUE)
    agreement.due_on = agreement.ends_on
    agreement.save()
    audit.record(
        actor=None, action="agreements.renewal_due", obj=agreement, data={"ends_on": agreement.ends_on}
    )
    tell_parties(agreement, kind="agreements.renewal_due", key=f"agreements.renewal_due:{agreement.ends_on}")
    return 1


def end_past_agreements(*, today: date) -> int:
    """Expire every agreement whose end has passed, or prolong it where it renews itself. Returns how many.

    The daily job calls it; running it twice changes nothing.
    """
    return sum(_end(agreement, today) for agreement in queries.past_their_end(today))


@transaction.atomic
def _end(agreement: Agreement, today: date) -> int:
    agreement = locked(agreement)
    if agreement.ends_on is None or agreement.ends_on >= today:
        return 0
    if agreement.renewal == Agreement.Renewal.TACIT and agreement.term_months:
        ends_on = agreement.ends_on
        while ends_on < today:
            ends_on = months_later(ends_on, agreement.term_months)
        _prolong(agreement, ends_on, by=None)
        return 1
    advance(lifecycle.AGREEMENT, agreement, S.EXPIRED)
    agreement.ended_on = agreement.ends_on
    agreement.due_on = None
    agreement.save()
    audit.record(
        actor=None, action="agreements.expired", obj=agreement, data={"ended_on": agreement.ended_on}
    )
    tell_parties(agreement, kind="agreements.expired", key="agreements.expired")
    return 1


def _prolong(agreement: Agreement, ends_on: date, *, by: User | None) -> Agreement:
    before = agreement.ends_on
    if agreement.status == S.RENEWAL_DUE:
        advance(lifecycle.AGREEMENT, agreement, S.IN_FORCE)
    agreement.ends_on = ends_on
    agreement.due_on = None
    agreement.save()
    audit.record(
        actor=by, action="agreements.renewed", obj=agreement, data={"before": before, "ends_on": ends_on}
    )
    tell_parties(agreement, kind="agreements.renewed", key=f"agreements.renewed:{ends_on}", but=by)
    return agreement


def _check_day(day: date, *, not_before: date | None, name: str) -> None:
    if day > timezone.localdate():
        raise Invalid(_("Record it when it has happened."), fields={name: _("This day is yet to come.")})
    if not_before and day < not_before:
        raise Invalid(
            _("This day is too early."), fields={name: _("Not before the signature or the beginning.")}
        )
