"""Projects: who brings what, who gets what, and where it lands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.fields import Field
from serai.agreements.models import Agreement
from serai.cooperation import lifecycle, policies, queries
from serai.cooperation.actions.common import (
    has_begun,
    link_beginnings,
    link_parties,
    locked_for,
    must_act_for_one,
    must_say,
)
from serai.cooperation.actions.openings import ask_to_open, first_tier
from serai.cooperation.models import Case, Project, ProjectParty, ProjectText
from serai.core import audit, chain
from serai.core.errors import Conflict, Invalid
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.core.text import Origin
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place

S = Project.Status


@dataclass(frozen=True)
class NewProjectParty:
    """An organisation, what it brings, and its share of the benefit in per cent (None: not agreed yet)."""

    organisation: Organisation
    sector: str
    brings: str = ""
    benefit_percent: Decimal | None = None


@dataclass(frozen=True)
class NewProjectText:
    language: str
    title: str
    summary: str = ""
    origin: str = Origin.WRITTEN


@transaction.atomic
def create_project(
    *,
    by: User,
    texts: Sequence[NewProjectText],
    parties: Sequence[NewProjectParty],
    case: Case | None = None,
    agreement: Agreement | None = None,
    field: str = "",
    sdgs: Sequence[int] = (),
    trl_start: int | None = None,
    trl_end: int | None = None,
    tier: str = Tier.MUTUAL,
    starts_on: date | None = None,
    ends_on: date | None = None,
    landing_place: Place | None = None,
    due_on: date | None = None,
    is_invented: bool = False,
) -> Project:
    """Begin a project that came of a case or an agreement (or of neither: then its chain begins here).

    One that everybody shall know of begins among its parties until each of them has agreed (`openings.first_tier`).
    Under a signed agreement it is signed, and runs from the agreement's first day to its last unless said otherwise;
    else it is still negotiated.

    Raises Invalid for fewer than two parties, shares above 100 per cent, dates or levels the wrong way round, or
    an agreement that does not carry it (`queries.must_carry`);
    NotAllowed unless `by` acts for a party; NotFound for a case or agreement that `by` may not see.
    """
    if agreement is not None:
        starts_on = starts_on or agreement.in_force_on or agreement.signed_on
        ends_on = ends_on or (agreement.ends_on if starts_on else None)
    _check(texts, parties, field, sdgs, trl_start, trl_end, tier, starts_on, ends_on)
    must_act_for_one(by, [party.organisation for party in parties])
    queries.must_see_origins(by, case, agreement)
    queries.must_carry(agreement, [party.organisation for party in parties])
    organisations = [party.organisation for party in parties]
    project = Project.objects.create(
        owner=by,
        status=S.SIGNED if agreement else S.NEGOTIATING,
        field=field,
        sdgs=sorted(set(sdgs)),
        trl_start=trl_start,
        trl_end=trl_end,
        tier=first_tier(tier, organisations, agreement, by),
        starts_on=starts_on,
        ends_on=ends_on,
        landing_place=landing_place,
        due_on=due_on,
        is_invented=is_invented,
    )
    ProjectText.objects.bulk_create(ProjectText(project=project, **asdict(text)) for text in texts)
    ProjectParty.objects.bulk_create(ProjectParty(project=project, **vars(party)) for party in parties)
    for origin in (agreement, case):
        if origin is not None:
            chain.link(source=origin, relation=Link.Relation.CREATED, target=project, by=by)
    link_parties(organisations, project, by)
    link_beginnings(case, project, by)
    has_begun(case)
    audit.record(
        actor=by,
        action="cooperation.project_created",
        obj=project,
        data={"tier": project.tier, "parties": [str(organisation.pk) for organisation in organisations]},
    )
    if tier != project.tier:
        ask_to_open(record=project, by=by)
    return project


@transaction.atomic
def share_benefits(*, project: Project, parties: Sequence[NewProjectParty], by: User) -> Project:
    """Replace what each party brings and gets. Raises Invalid above 100 per cent or for another set of parties."""
    project = _locked(project, by)
    stored = {party.organisation_id: party for party in project.parties.select_for_update()}
    if {party.organisation.pk for party in parties} != set(stored):
        raise Invalid(
            _("The statement names every party once."), fields={"parties": _("Not the same parties.")}
        )
    _check_shares(parties)
    for party in parties:
        row = stored[party.organisation.pk]
        row.sector, row.brings, row.benefit_percent = party.sector, party.brings, party.benefit_percent
        row.save()
    audit.record(
        actor=by,
        action="cooperation.benefits_shared",
        obj=project,
        data={str(party.organisation.pk): party.benefit_percent for party in parties},
    )
    return project


@transaction.atomic
def move_project(*, project: Project, to: str, by: User, due_on: date | None = None) -> Project:
    """Take the project a step on. Landing needs a day and a place, stopping a reason: they have actions."""
    project = _locked(project, by)
    goes_on = to == S.LANDED and project.status == S.STALLED and project.landed_on is not None
    if to in [S.LANDED, S.STALLED, S.FAILED] and not goes_on:
        raise Conflict(_("This step needs a day or a reason."))
    advance(lifecycle.PROJECT, project, to)
    project.due_on = due_on
    project.end_reason = ""
    if to == S.COMPLETED:
        project.ended_on = timezone.localdate()
    project.save()
    audit.record(actor=by, action="cooperation.project_moved", obj=project, data={"status": to})
    return project


@transaction.atomic
def land_project(*, project: Project, on: date, place: Place, by: User) -> Project:
    """Record that the project has landed: work goes on at a place. Its cases land with it.

    Raises Conflict unless it is signed, Invalid for a day in the future.
    """
    project = _locked(project, by)
    advance(lifecycle.PROJECT, project, S.LANDED)
    if on > timezone.localdate():
        raise Invalid(_("Record it when it has happened."), fields={"on": _("This day is yet to come.")})
    project.landed_on = on
    project.landing_place = place
    project.due_on = None
    project.save()
    audit.record(
        actor=by, action="cooperation.project_landed", obj=project, data={"on": on, "place": place.code}
    )
    for case in queries.cases_behind(project).select_for_update():
        if lifecycle.CASE.may_follow(case.status, Case.Status.LANDED):
            advance(lifecycle.CASE, case, Case.Status.LANDED)
            case.plan(Case.Step.REPORT)
            case.due_on = None
            case.save()
            audit.record(actor=by, action="cooperation.case_moved", obj=case, data={"status": case.status})
    return project


@transaction.atomic
def end_project(*, project: Project, to: str, reason: str, by: User, due_on: date | None = None) -> Project:
    """Let the project rest (`stalled`, until `due_on`) or end it without success (`failed`), saying why."""
    project = _locked(project, by)
    if to not in [S.STALLED, S.FAILED]:
        raise Conflict(_("A project stops by resting or by failing."))
    advance(lifecycle.PROJECT, project, to)
    project.end_reason = must_say(reason, name="reason", message=_("Say why the project stops."))
    project.due_on = due_on if to == S.STALLED else None
    project.ended_on = timezone.localdate() if to == S.FAILED else None
    project.save()
    audit.record(actor=by, action="cooperation.project_stopped", obj=project, data={"status": to})
    return project


def _locked(project: Project, by: User) -> Project:
    return locked_for(project, by, visible=policies.visible_projects, may=policies.may_act_on_project)


def _check(
    texts: Sequence[NewProjectText],
    parties: Sequence[NewProjectParty],
    field: str,
    sdgs: Sequence[int],
    trl_start: int | None,
    trl_end: int | None,
    tier: str,
    starts_on: date | None,
    ends_on: date | None,
) -> None:
    wrong: dict[str, object] = {}
    if not texts or any(not text.title.strip() for text in texts):
        wrong["title"] = _("Give the project a title.")
    if len({text.language for text in texts}) < len(texts):
        wrong["language"] = _("There is one text for each language.")
    if len({party.organisation.pk for party in parties}) < max(2, len(parties)):
        wrong["parties"] = _("A project has at least two different parties.")
    if field and field not in Field.values:
        wrong["field"] = _("This field of cooperation is not known.")
    if any(not 1 <= goal <= 17 for goal in sdgs):
        wrong["sdgs"] = _("The goals are numbered 1 to 17.")
    if any(level is not None and not 1 <= level <= 9 for level in (trl_start, trl_end)):
        wrong["trl_start"] = _("The readiness level is between 1 and 9.")
    if trl_start and trl_end and trl_end < trl_start:
        wrong["trl_end"] = _("The readiness level does not fall.")
    if tier not in [Tier.PUBLIC, Tier.NETWORK, Tier.MUTUAL]:
        wrong["tier"] = _("A project is public, for the network, or for its parties.")
    if starts_on and ends_on and ends_on < starts_on:
        wrong["ends_on"] = _("A project ends after it begins.")
    if wrong:
        raise Invalid(_("The project cannot be saved like this."), fields=wrong)
    _check_shares(parties)


def _check_shares(parties: Sequence[NewProjectParty]) -> None:
    """The database guards the same sum (migration 0002); here it becomes a sentence."""
    if any(party.sector not in ProjectParty.Sector.values for party in parties):
        raise Invalid(_("The sector is not known."), fields={"sector": _("Choose one of the sectors.")})
    shares = [party.benefit_percent for party in parties if party.benefit_percent is not None]
    if any(not 0 <= share <= 100 for share in shares):
        raise Invalid(_("A share is between 0 and 100 per cent."), fields={"benefit_percent": _("0 to 100.")})
    total = sum(shares, Decimal(0))
    if total > 100:
        message = _("The shares add up to %(total)s per cent; 100 is the whole.") % {
            "total": f"{total.normalize():f}"
        }
        raise Invalid(message, fields={"benefit_percent": message})
