"""Results: reported with evidence by one person, validated by another. Only then they count."""

from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.cooperation import lifecycle, policies
from serai.cooperation.actions.common import must_say, tell
from serai.cooperation.models import Facility, Project, Result
from serai.core import audit, chain, files
from serai.core.errors import Invalid, NotAllowed, NotFound
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.core.tiers import Tier

S = Result.Status


@transaction.atomic
def report_result(
    *,
    by: User,
    kind: str,
    title: str,
    language: str,
    achieved_on: date,
    project: Project | None = None,
    facility: Facility | None = None,
    amount: Decimal | None = None,
    unit: str = "",
    tier: str = Tier.PUBLIC,
    evidence_url: str = "",
    evidence_file: UploadedFile | None = None,
    is_invented: bool = False,
) -> Result:
    """Report what came of a project or a facility, with a file or an address as evidence.

    `unit` is a code of `units` ("jobs", "EUR") or, in the language of the result, any other unit.

    Raises Invalid without evidence, origin or title, or for a day in the future; NotFound or NotAllowed
    unless `by` acts for a party of the project or a host of the facility.
    """
    _must_act(by, project, facility)
    _check(kind, achieved_on, tier, evidence_url, evidence_file)
    result = Result(
        kind=kind,
        title=must_say(title, name="title", message=_("Give the result a title."))[:300],
        language=language,
        project=project,
        facility=facility if project is None else None,
        amount=amount,
        unit=unit,
        achieved_on=achieved_on,
        tier=tier,
        evidence_url=evidence_url,
        reported_by=by,
        is_invented=is_invented,
    )
    if evidence_file is not None:
        result.evidence_file = files.store(
            upload=evidence_file, owner_kind="result", owner_id=result.pk, tier=tier, by=by
        )
    result.save()
    origin = project or facility
    if origin is not None:
        chain.link(source=origin, relation=Link.Relation.PRODUCED, target=result, by=by)
    audit.record(
        actor=by,
        action="cooperation.result_reported",
        obj=result,
        data={"kind": kind, "tier": tier, "achieved_on": achieved_on},
    )
    return result


@transaction.atomic
def validate_result(*, result: Result, by: User) -> Result:
    """Confirm that the evidence bears the result out. Raises NotAllowed for the reporter and for outsiders."""
    result = _locked_for_decision(result, by)
    advance(lifecycle.RESULT, result, S.VALIDATED)
    result.validated_by = by
    result.decided_on = timezone.localdate()
    result.refusal_reason = ""
    result.save()
    audit.record(
        actor=by,
        action="cooperation.result_validated",
        obj=result,
        data={"kind": result.kind, "tier": result.tier},
    )
    _tell_reporter(result, kind="cooperation.result_validated")
    return result


@transaction.atomic
def refuse_result(*, result: Result, reason: str, by: User) -> Result:
    """Send it back with a reason. The reporter may report it again with better evidence."""
    result = _locked_for_decision(result, by)
    advance(lifecycle.RESULT, result, S.REFUSED)
    result.refusal_reason = must_say(reason, name="reason", message=_("Say what is missing."))
    result.decided_on = timezone.localdate()
    result.save()
    audit.record(actor=by, action="cooperation.result_refused", obj=result, data={"kind": result.kind})
    _tell_reporter(result, kind="cooperation.result_refused")
    return result


@transaction.atomic
def resubmit_result(
    *, result: Result, by: User, evidence_url: str = "", evidence_file: UploadedFile | None = None
) -> Result:
    """Report a refused result again; evidence given here replaces the old."""
    result = _locked(result, by)
    if not policies.may_report_for(by, result):
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    advance(lifecycle.RESULT, result, S.REPORTED)
    if evidence_url or evidence_file is not None:
        _check(result.kind, result.achieved_on, result.tier, evidence_url, evidence_file)
        result.evidence_url = evidence_url
        result.evidence_file = (
            files.store(
                upload=evidence_file, owner_kind="result", owner_id=result.pk, tier=result.tier, by=by
            )
            if evidence_file is not None
            else None
        )
    result.reported_by = by
    result.decided_on = None
    result.save()
    audit.record(actor=by, action="cooperation.result_resubmitted", obj=result, data={"kind": result.kind})
    return result


def _must_act(by: User, project: Project | None, facility: Facility | None) -> None:
    if project is not None:
        seen = policies.visible_projects(by).filter(pk=project.pk).exists()
        may = seen and policies.may_act_on_project(by, project)
    elif facility is not None:
        seen = policies.visible_facilities(by).filter(pk=facility.pk).exists()
        may = seen and policies.may_act_on_facility(by, facility)
    else:
        message = _("A result comes of a project or a facility.")
        raise Invalid(message, fields={"project": message})
    if not seen:
        raise NotFound(_("Not found."))
    if not may:
        raise NotAllowed(_("Only those who act for one of the parties can do this."))


def _locked(result: Result, by: User) -> Result:
    if not policies.visible_results(by).filter(pk=result.pk).exists():
        raise NotFound(_("Not found."))
    return Result.objects.select_for_update().get(pk=result.pk)


def _locked_for_decision(result: Result, by: User) -> Result:
    result = _locked(result, by)
    if not policies.may_validate(by, result):
        raise NotAllowed(_("A result is validated by somebody other than the person who reported it."))
    return result


def _check(
    kind: str, achieved_on: date, tier: str, evidence_url: str, evidence_file: UploadedFile | None
) -> None:
    wrong: dict[str, object] = {}
    if kind not in Result.Kind.values:
        wrong["kind"] = _("This is not one of the choices.")
    if achieved_on > timezone.localdate():
        wrong["achieved_on"] = _("This day is yet to come.")
    if tier not in [Tier.PUBLIC, Tier.NETWORK, Tier.MUTUAL]:
        wrong["tier"] = _("A result is public, for the network, or for its parties.")
    if not evidence_url and evidence_file is None:
        wrong["evidence_url"] = _("Add a file or an address that shows the result.")
    if evidence_url and (urlsplit(evidence_url).scheme not in {"http", "https"} or len(evidence_url) > 500):
        wrong["evidence_url"] = _("Give a web address that begins with https:// or http://.")
    if wrong:
        raise Invalid(_("The result cannot be reported like this."), fields=wrong)


def _tell_reporter(result: Result, *, kind: str) -> None:
    if result.reported_by is not None:
        url = f"/build/results/{result.pk}/"
        key = f"{kind}:{result.pk}:{result.decided_on}"
        tell([result.reported_by], kind=kind, obj=result, title=result.title, url=url, key=key)
