"""What this app registers with `core`: kinds, its place in the rail, notices, duties, followers."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts import notices
from serai.agreements import pages
from serai.agreements.models import Agreement
from serai.agreements.shapes import with_country
from serai.cooperation import (  # noqa: F401  (followers register here)
    followers,
    lifecycle,
    policies,
    queries,
    shapes,
)
from serai.cooperation.models import Case, Facility, Project, Result
from serai.core import context, duties, kinds, policy, ui
from serai.core.duties import Duty
from serai.core.viewer import Viewer
from serai.core.words import on_day
from serai.directory import sections
from serai.directory.models import Organisation
from serai.events import queries as meetings
from serai.events.texts import event_name, event_time, participant_name


# --- kinds ------------------------------------------------------------------------------------------------
def _case_card(case: Case) -> kinds.Card:
    return kinds.Card(
        kind="case",
        id=case.pk,
        title=case.title,
        url=reverse("case_detail", args=[case.pk]),
        language=case.language,
        status=str(case.get_status_display()),
        tone=lifecycle.CASE.tones[case.status],
    )


def _project_card(project: Project) -> kinds.Card:
    title, language = queries.title_of_project(project)
    return kinds.Card(
        kind="project",
        id=project.pk,
        title=title,
        url=reverse("project_detail", args=[project.pk]),
        language=language,
        status=str(project.get_status_display()),
        tone=lifecycle.PROJECT.tones[project.status],
    )


def _facility_card(facility: Facility) -> kinds.Card:
    name, language = queries.name_of_facility(facility)
    return kinds.Card(
        kind="facility",
        id=facility.pk,
        title=name,
        url=reverse("facility_detail", args=[facility.pk]),
        language=language,
        status=str(facility.get_status_display()),
        tone=lifecycle.FACILITY.tones[facility.status],
        detail=str(facility.get_kind_display()),
    )


def _result_card(result: Result) -> kinds.Card:
    return kinds.Card(
        kind="result",
        id=result.pk,
        title=result.title,
        url=reverse("result_detail", args=[result.pk]),
        language=result.language,
        status=str(result.get_status_display()),
        tone=lifecycle.RESULT.tones[result.status],
        detail=str(result.get_kind_display()),
    )


kinds.register(
    kinds.Kind(
        name="case",
        label=pgettext_lazy("kind", "Case"),
        plural=pgettext_lazy("kind", "Cases"),
        model=Case,
        visible=policies.visible_cases,
        card=_case_card,
        stage=4,
        icon="briefcase",
    )
)
kinds.register(
    kinds.Kind(
        name="project",
        label=pgettext_lazy("kind", "Project"),
        plural=pgettext_lazy("kind", "Projects"),
        model=Project,
        visible=policies.visible_projects,
        card=_project_card,
        prefetch=lambda projects: projects.prefetch_related("texts"),
        stage=6,
        icon="columns-gap",
    )
)
FACILITY = kinds.register(
    kinds.Kind(
        name="facility",
        label=pgettext_lazy("kind", "Joint facility"),
        plural=pgettext_lazy("kind", "Joint facilities"),
        model=Facility,
        visible=policies.visible_facilities,
        card=_facility_card,
        prefetch=lambda facilities: facilities.prefetch_related("texts"),
        stage=6,
        icon="buildings",
    )
)
kinds.register(
    kinds.Kind(
        name="result",
        label=pgettext_lazy("kind", "Result"),
        plural=pgettext_lazy("kind", "Results"),
        model=Result,
        visible=policies.visible_results,
        card=_result_card,
        stage=7,
        icon="award",
    )
)


# --- on the page of an organisation -----------------------------------------------------------------------
@sections.source
def _facilities_of(viewer: Viewer, organisation: Organisation) -> sections.Section | None:
    """The joint facilities it hosts, as far as the viewer sees them, the latest founded first."""
    return sections.of_kind(
        FACILITY, queries.facilities(viewer).filter(hosts=organisation), shapes.facility_row
    )


# --- the rail ---------------------------------------------------------------------------------------------
context.register_place(
    context.Place(
        name="build",
        label=pgettext_lazy("place", "Build"),
        url_name="build",
        icon="boxes",
        order=50,
        gate=policy.anyone,
    )
)


def _of_an_agreement(viewer: Viewer, agreement: Agreement) -> list[ui.Action]:
    """What a signed agreement leads on to; nothing for whoever may not begin anything."""
    if agreement.status not in queries.CARRIES or not policies.may_begin(viewer):
        return []
    project = ui.Action(_("Begin a project"), reverse("project_create", args=[agreement.pk]), "columns-gap")
    facility = ui.Action(
        _("Propose a joint facility"), f"{reverse('facility_create')}?agreement={agreement.pk}", "buildings"
    )
    is_laboratory = agreement.kind == Agreement.Kind.JOINT_LABORATORY
    return [facility, project] if is_laboratory else [project, facility]


pages.register_leads_on(_of_an_agreement)

# --- notices ----------------------------------------------------------------------------------------------
_OF_A_PARTY = _("You get this letter because you act for one of the parties.")
_REPORTED = _("You get this letter because you reported this result.")
notices.declare(
    "cooperation.case_offered",
    _("You can open a case: {title}"),
    icon="briefcase",
    step=_("Open a case"),
    otherwise=_(
        "In a case both sides keep the next step, its date and who takes it. Without one nothing is lost."
    ),
    because=_("You get this letter because you or your organisation said yes to going on."),
)
notices.declare(
    "cooperation.case_opened",
    _("A case was opened with you: {title}"),
    icon="briefcase",
    step=_("Open the case"),
    because=_OF_A_PARTY,
)
notices.declare(
    "cooperation.case_ended",
    _("A case was ended without a result: {title}"),
    icon="x-circle",
    step=_("Read the reason"),
    because=_OF_A_PARTY,
)
notices.declare(
    "cooperation.result_validated",
    _("Your result was validated: {title}"),
    icon="award",
    otherwise=_("From now on it is counted."),
    because=_REPORTED,
)
notices.declare(
    "cooperation.result_refused",
    _("Your result needs better evidence: {title}"),
    icon="arrow-counterclockwise",
    step=_("Read the reason"),
    otherwise=_("Until its evidence is better and it is validated, it is not counted."),
    because=_REPORTED,
)


# --- duties -----------------------------------------------------------------------------------------------
@duties.source
def _of_cases(viewer: Viewer) -> Iterator[Duty]:
    if not viewer.is_authenticated:
        return
    mine = queries.cases(viewer, whose="mine").filter(due_on__isnull=False)
    for case in mine[:20]:
        what = case.step or _("Say what happens next")
        url = reverse("case_detail", args=[case.pk])
        yield Duty(what, case.title, url, case.due_on, "case", case.language, _names(case.parties.all()))
    outcomes = meetings.with_outcome_parts(queries.meetings_to_carry_on(viewer))
    outcomes = outcomes.select_related("meeting__request__listing__organisation")
    for outcome in outcomes.prefetch_related("meeting__request__listing__teasers")[:10]:
        title, language = queries.title_of_meeting(outcome.meeting)
        url = reverse("case_from_meeting", args=[outcome.meeting_id])
        answered = outcome.answered_at or timezone.now()
        due = timezone.localtime(answered).date() + timedelta(days=queries.OFFER_DAYS)
        met = outcome.meeting.slot.during.lower
        about = [
            participant_name(meetings.other_side(outcome)),
            event_name(outcome.meeting.event),
            event_time(outcome.meeting.event, met),
        ]
        yield Duty(_("Open a case after your meeting"), title, url, due, "meeting", language, about)


@duties.source
def _of_projects_and_results(viewer: Viewer) -> Iterator[Duty]:
    if not viewer.is_authenticated:
        return
    yield from _results_to_check(viewer)
    projects = policies.visible_projects(viewer).filter(owner_id=viewer.pk, due_on__isnull=False)
    for project in queries.with_project_names(projects).order_by("due_on", "pk")[:10]:
        title, language = queries.title_of_project(project)
        url = reverse("project_detail", args=[project.pk])
        partners = _names(party.organisation for party in project.parties.all())
        yield Duty(_("Look after the project"), title, url, project.due_on, "project", language, partners)
    facilities = policies.visible_facilities(viewer).filter(owner_id=viewer.pk, due_on__isnull=False)
    for facility in queries.with_facility_names(facilities).order_by("due_on", "pk")[:10]:
        name, language = queries.name_of_facility(facility)
        url = reverse("facility_detail", args=[facility.pk])
        hosts = _names(facility.hosts.all())
        yield Duty(_("Look after the facility"), name, url, facility.due_on, "facility", language, hosts)


def _results_to_check(viewer: Viewer) -> Iterator[Duty]:
    """Named by what they came of and who reported them: many results bear the same title."""
    found = queries.with_result_origins(queries.results_to_validate(viewer)).order_by("created_at", "pk")
    results = list(found[: duties.MOST])
    partners = queries.partners_of(viewer, results)
    for result in results:
        reported_on = timezone.localtime(result.created_at).date()
        about = [str(result.get_kind_display()), *_names(partners[result.pk]), on_day(result.achieved_on)]
        yield Duty(
            what=_("Check a reported result"),
            title=result.title,
            url=reverse("result_detail", args=[result.pk]),
            due_on=reported_on + timedelta(days=queries.VALIDATION_DAYS),
            kind="result",
            title_language=result.language,
            about=about,
            many=duties.Many(_("Check the reported results"), f"{reverse('result_list')}?status=reported"),
        )


def _names(organisations: Iterable[Organisation]) -> list[str]:
    return [with_country(organisation) for organisation in organisations]


# --- tabs of Build ----------------------------------------------------------------------------------------
for _label, _url_name, _order, _gate in (
    (pgettext_lazy("tab", "Cases"), "case_list", 10, policy.signed_in),
    (pgettext_lazy("tab", "Projects"), "project_list", 30, policy.anyone),
    (pgettext_lazy("tab", "Joint facilities"), "facility_list", 40, policy.anyone),
    (pgettext_lazy("tab", "Results"), "result_list", 50, policy.anyone),
):
    pages.register_room(pages.Room(_label, _url_name, _order, _gate))
