"""From a draft to a verified organisation, and what may end it. Stewards decide by the published criteria."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts import notices
from serai.accounts import policies as accounts
from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Invalid, NotAllowed
from serai.directory import criteria, policies
from serai.directory.lifecycle import ORGANISATION
from serai.directory.models import Organisation, Relation, Verification

S = Organisation.Status
ENDINGS = (S.MERGED, S.DISSOLVED, S.WITHDRAWN)


@dataclass(frozen=True)
class Finding:
    """What a steward found on one criterion, and what it rests on."""

    is_met: bool
    evidence: str = ""


@transaction.atomic
def submit_for_verification(*, organisation: Organisation, by: User) -> Organisation:
    """Ask the stewards to verify; they have `criteria.VERIFICATION_DAYS` days.

    Raises NotAllowed unless `by` manages it, Invalid when what the criteria need is missing, Conflict when it
    waits already.
    """
    organisation = _locked(organisation)
    if not policies.may_edit_organisation(by, organisation):
        raise NotAllowed(_("Only the managers of the organisation can do this."))
    if organisation.country_id is None:
        message = _("State the country or region first.")
        raise Invalid(message, fields={"country": message})
    lifecycle.advance(ORGANISATION, organisation, S.SUBMITTED)
    organisation.due_on = timezone.localdate() + timedelta(days=criteria.VERIFICATION_DAYS)
    organisation.status_note, organisation.owner = "", None
    _save_status(organisation)
    audit.record(
        actor=by,
        action="directory.organisation_submitted",
        obj=organisation,
        data={"due_on": organisation.due_on},
    )
    return organisation


@transaction.atomic
def take_up_verification(*, organisation: Organisation, by: User) -> Organisation:
    """A steward takes the case; the others see who has it."""
    organisation = _locked(organisation)
    _refuse_unless_verifier(by, organisation)
    lifecycle.advance(ORGANISATION, organisation, S.UNDER_VERIFICATION)
    organisation.owner = by
    _save_status(organisation)
    audit.record(actor=by, action="directory.verification_taken_up", obj=organisation)
    return organisation


@transaction.atomic
def verify_organisation(
    *, organisation: Organisation, by: User, findings: Mapping[str, Finding]
) -> Organisation:
    """Verify by the published criteria: every one of them met, each with its evidence.

    Raises NotAllowed unless `by` is a steward who is no member, Invalid naming the criteria that are not met.
    """
    organisation = _locked(organisation)
    _refuse_unless_verifier(by, organisation)
    missing = {
        name: _("Every criterion must be met, with what shows it.")
        for name in criteria.NAMES
        if name not in findings or not findings[name].is_met or not findings[name].evidence.strip()
    }
    if missing:
        raise Invalid(_("Every criterion must be met, with what shows it."), fields=missing)
    lifecycle.advance(ORGANISATION, organisation, S.VERIFIED)
    _keep_findings(organisation, by, findings)
    organisation.due_on, organisation.status_note, organisation.owner = None, "", None
    _save_status(organisation)
    audit.record(
        actor=by,
        action="directory.organisation_verified",
        obj=organisation,
        data={"criteria": list(criteria.NAMES)},
    )
    _tell_managers(organisation, "directory.organisation_verified")
    return organisation


@transaction.atomic
def return_to_managers(
    *, organisation: Organisation, by: User, reason: str, findings: Mapping[str, Finding] | None = None
) -> Organisation:
    """Send it back with a reason the managers can act upon; one from a register stays listed meanwhile."""
    organisation = _locked(organisation)
    _refuse_unless_verifier(by, organisation)
    reason = _reason(reason)
    lifecycle.advance(ORGANISATION, organisation, S.LISTED if organisation.source_ref else S.DRAFT)
    _keep_findings(organisation, by, findings or {})
    organisation.due_on, organisation.status_note, organisation.owner = None, reason, None
    _save_status(organisation)
    entry = audit.record(actor=by, action="directory.organisation_returned", obj=organisation)
    _tell_managers(
        organisation, "directory.organisation_returned", reason=reason, key=f"directory.returned:{entry.pk}"
    )
    return organisation


@transaction.atomic
def suspend_organisation(*, organisation: Organisation, by: User, reason: str) -> Organisation:
    """Take a verified organisation off the public directory until a doubt is settled."""
    organisation = _locked(organisation)
    _refuse_unless_steward(by)
    reason = _reason(reason)
    lifecycle.advance(ORGANISATION, organisation, S.SUSPENDED)
    organisation.status_note = reason
    _save_status(organisation)
    entry = audit.record(actor=by, action="directory.organisation_suspended", obj=organisation)
    _tell_managers(
        organisation, "directory.organisation_suspended", reason=reason, key=f"directory.suspended:{entry.pk}"
    )
    return organisation


@transaction.atomic
def reinstate_organisation(*, organisation: Organisation, by: User) -> Organisation:
    """End a suspension: the organisation is verified again."""
    organisation = _locked(organisation)
    _refuse_unless_verifier(by, organisation)
    if organisation.status != S.SUSPENDED:
        lifecycle.advance(ORGANISATION, organisation, S.SUSPENDED)
    lifecycle.advance(ORGANISATION, organisation, S.VERIFIED)
    organisation.status_note = ""
    _save_status(organisation)
    entry = audit.record(actor=by, action="directory.organisation_reinstated", obj=organisation)
    _tell_managers(organisation, "directory.organisation_verified", key=f"directory.reinstated:{entry.pk}")
    return organisation


@transaction.atomic
def end_organisation(
    *,
    organisation: Organisation,
    by: User,
    ending: str,
    reason: str = "",
    successor: Organisation | None = None,
) -> Organisation:
    """Record that an organisation merged, was dissolved or withdrawn, and who succeeds it.

    The entry stays readable and points at the successor, to whom the listings of a merged one pass, with all that is
    sealed in them. Raises NotAllowed unless `by` is a steward who is no member of the successor, Invalid for a merger
    without successor and for a succession that would lead back to the organisation.
    """
    organisation = _locked(organisation)
    _refuse_unless_steward(by)
    if successor is not None and not policies.may_verify(by, successor):
        raise NotAllowed(_("You belong to the successor; another steward has to decide."))
    if ending not in ENDINGS:
        raise Invalid(_("Choose from the list."), fields={"ending": _("Choose from the list.")})
    if ending == S.MERGED and successor is None:
        message = _("State which organisation it became part of.")
        raise Invalid(message, fields={"successor": message})
    if successor is not None:
        _refuse_circle(organisation, successor)
        organisation.successor = successor
        Relation.objects.get_or_create(
            source=successor,
            kind=Relation.Kind.SUCCESSOR,
            target=organisation,
            defaults={"stated_by": successor.name[:100]},
        )
    lifecycle.advance(ORGANISATION, organisation, ending)
    organisation.status_note = reason.strip()[:500]
    _save_status(organisation, "successor")
    audit.record(
        actor=by,
        action="directory.organisation_ended",
        obj=organisation,
        data={"ending": ending, "successor": successor.pk if successor else None},
    )
    return organisation


@transaction.atomic
def relist_organisation(*, organisation: Organisation, by: User) -> Organisation:
    """Undo an ending recorded by mistake: the entry is listed again."""
    organisation = _locked(organisation)
    _refuse_unless_steward(by)
    lifecycle.advance(ORGANISATION, organisation, S.LISTED)
    successor = organisation.successor
    if successor is not None:
        Relation.objects.filter(source=successor, kind=Relation.Kind.SUCCESSOR, target=organisation).delete()
    organisation.successor, organisation.status_note = None, ""
    _save_status(organisation, "successor")
    audit.record(
        actor=by,
        action="directory.organisation_relisted",
        obj=organisation,
        data={"successor": successor.pk if successor else None},
    )
    return organisation


# --- shared -----------------------------------------------------------------------------------------------
def _locked(organisation: Organisation) -> Organisation:
    return (
        Organisation.objects.select_for_update(of=("self",))
        .select_related("successor")
        .get(pk=organisation.pk)
    )


def _save_status(organisation: Organisation, *also: str) -> None:
    organisation.save(update_fields=["status", "status_note", "due_on", "owner", "updated_at", *also])


def _refuse_unless_steward(by: User) -> None:
    if not accounts.is_steward(by):
        raise NotAllowed(_("Only stewards can do this."))


def _refuse_unless_verifier(by: User, organisation: Organisation) -> None:
    _refuse_unless_steward(by)
    if not policies.may_verify(by, organisation):
        raise NotAllowed(_("You belong to this organisation; another steward has to decide."))


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > 500:
        message = _("Write a reason of at most 500 characters; the managers read it.")
        raise Invalid(message, fields={"reason": message})
    return text


def _keep_findings(organisation: Organisation, by: User, findings: Mapping[str, Finding]) -> None:
    now = timezone.now()
    Verification.objects.bulk_create(
        Verification(
            organisation=organisation,
            criterion=name,
            is_met=finding.is_met,
            evidence=finding.evidence.strip()[:500],
            checked_by=by,
            checked_at=now,
        )
        for name, finding in findings.items()
        if name in criteria.NAMES
    )


def _refuse_circle(organisation: Organisation, successor: Organisation) -> None:
    seen = {organisation.pk}
    following: Organisation | None = Organisation.objects.select_related("successor").get(pk=successor.pk)
    while following is not None:
        if following.pk in seen:
            message = _("The succession would lead back to this organisation.")
            raise Invalid(message, fields={"successor": message})
        seen.add(following.pk)
        following = following.successor


def _tell_managers(organisation: Organisation, kind: str, *, reason: str = "", key: str = "") -> None:
    for manager in policies.managers_of(organisation):
        notices.notify(
            user=manager,
            kind=kind,
            obj=organisation,
            values={"organisation": organisation.name, "reason": reason},
            url=reverse("organisation_detail", args=[organisation.pk]),
            key=key or f"{kind}:{organisation.pk}:{organisation.updated_at.isoformat()}",
        )
