"""Saying later under which agreement something goes on, so that a chain can be closed from any of its ends."""

from django.db import transaction
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.models import Agreement
from serai.cooperation import lifecycle, policies, queries
from serai.cooperation.actions.common import link_beginnings, locked_for
from serai.cooperation.models import Case, Facility, Project
from serai.core import audit, chain
from serai.core.errors import Conflict, Invalid
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.directory.models import Organisation


@transaction.atomic
def name_agreement_of_case(*, case: Case, agreement: Agreement, by: User) -> Case:
    """Say that the case led to an agreement that was concluded beside it; the case moves on as far as it stands.

    Raises NotFound unless `by` acts for a party of the agreement, Invalid when a side of the case is no party of it,
    Conflict when the case is over.
    """
    case = locked_for(case, by, visible=policies.visible_cases, may=policies.may_act_on_case)
    queries.must_see_origins(by, None, agreement)
    if not lifecycle.CASE.transitions[case.status]:
        raise Conflict(_("This case is over."))
    parties = set(agreement.parties.values_list("organisation_id", flat=True))
    if not set(case.parties.values_list("pk", flat=True)) <= parties:
        message = _("Both sides of the case are parties of its agreement.")
        raise Invalid(message, fields={"agreement": message})
    chain.link(source=case, relation=Link.Relation.AGREED_IN, target=agreement, by=by)
    link_beginnings(case, agreement, by)
    _move_on(case, is_signed=agreement.status in queries.CARRIES)
    audit.record(
        actor=by,
        action="cooperation.agreement_named",
        obj=case,
        data={"agreement": agreement.pk, "status": case.status},
    )
    return case


def _move_on(case: Case, *, is_signed: bool) -> None:
    before = case.status
    for step in (Case.Status.MATCHED, Case.Status.NEGOTIATING, *([Case.Status.SIGNED] if is_signed else [])):
        if lifecycle.CASE.may_follow(case.status, step):
            advance(lifecycle.CASE, case, step)
    if case.status != before:
        case.plan(queries.step_once_signed(case) if is_signed else Case.Step.SIGN)
        case.save()


@transaction.atomic
def name_agreement_of_project(*, project: Project, agreement: Agreement, by: User) -> Project:
    """Say under which agreement a project is done; one still negotiated is signed with it. Raises NotFound unless `by` acts for a party of both, Invalid
    for an agreement that does not carry it (`queries.must_carry`).
    """
    project = locked_for(project, by, visible=policies.visible_projects, may=policies.may_act_on_project)
    parties = Organisation.objects.filter(pk__in=project.parties.values("organisation_id"))
    _created_under(agreement, project, list(parties), by)
    if project.status == Project.Status.NEGOTIATING:
        advance(lifecycle.PROJECT, project, Project.Status.SIGNED)
        project.save()
        audit.record(
            actor=by, action="cooperation.project_moved", obj=project, data={"status": project.status}
        )
    return project


@transaction.atomic
def name_agreement_of_facility(*, facility: Facility, agreement: Agreement, by: User) -> Facility:
    """Say on which agreement a facility rests. Raises NotFound unless `by` acts for a party of both, Invalid for
    an agreement that does not carry it (`queries.must_carry`).
    """
    facility = locked_for(facility, by, visible=policies.visible_facilities, may=policies.may_act_on_facility)
    _created_under(agreement, facility, list(facility.hosts.all()), by)
    return facility


def _created_under(
    agreement: Agreement, record: Project | Facility, organisations: list[Organisation], by: User
) -> None:
    queries.must_see_origins(by, None, agreement)
    queries.must_carry(agreement, organisations)
    chain.link(source=agreement, relation=Link.Relation.CREATED, target=record, by=by)
    audit.record(actor=by, action="cooperation.agreement_named", obj=record, data={"agreement": agreement.pk})
