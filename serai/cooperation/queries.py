"""Reads: lists, the records behind a record in the chain, what waits for whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.db.models import Exists, F, Model, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.agreements import policies as agreement_policies
from serai.agreements.models import Agreement, Party
from serai.agreements.queries import is_year, own_agreements
from serai.agreements.queries import title_of as title_of_agreement
from serai.cooperation import policies
from serai.cooperation.models import Case, Facility, Opening, OpeningParty, Project, ProjectParty, Result
from serai.core import chain, kinds
from serai.core.errors import Invalid, NotFound
from serai.core.models import Link
from serai.core.text import best_text
from serai.core.viewer import ANYONE, Viewer
from serai.directory.models import Organisation
from serai.events.models import Meeting, Outcome
from serai.exchange.models import Interest, Listing
from serai.exchange.policies import is_shown

OPENS_A_CASE = [Outcome.Kind.NEGOTIATE, Outcome.Kind.AGREED]
"""Outcomes of a meeting after which a case should be opened."""

CARRIES = [Agreement.Status.SIGNED, Agreement.Status.IN_FORCE, Agreement.Status.RENEWAL_DUE]
"""Agreements under which something can begin."""

OFFER_DAYS = 14
OFFER_KEPT_DAYS = 180
ANSWER_DAYS = 21
"""A party that is asked whether everybody may know of something should answer within three weeks."""

VALIDATION_DAYS = 21
"""A reported result should be looked at within three weeks."""


# --- names ------------------------------------------------------------------------------------------------
def title_of_listing(listing: Listing) -> tuple[str, str]:
    """(title, language): of the version in the listing's own language, as the case outlives translations.

    Both sides read it, so a listing that its owner has taken back gives its reference only.
    """
    text = best_text(listing.teasers.all(), [listing.language]) if is_shown(listing) else None
    return (text.title, text.language) if text else (listing.reference, "")


def title_of_meeting(meeting: Meeting) -> tuple[str, str]:
    request = meeting.request
    if request.listing is not None:
        return title_of_listing(request.listing)
    names = (request.requester.organisation.name, request.invitee.organisation.name)
    return " – ".join(names), ""


def title_of_project(project: Project) -> tuple[str, str]:
    text = best_text(project.texts.all())
    return (text.title, text.language) if text else (_("Project"), "")


def name_of_facility(facility: Facility) -> tuple[str, str]:
    text = best_text(facility.texts.all())
    return (text.name, text.language) if text else (str(facility.get_kind_display()), "")


# --- lists ------------------------------------------------------------------------------------------------
def cases(viewer: Viewer, *, status: str = "", whose: str = "") -> QuerySet[Case]:
    """The viewer's cases, the most urgent first. `whose="mine"` keeps those they own."""
    found = policies.visible_cases(viewer)
    if status:
        found = found.filter(status=status)
    if whose == "mine" and viewer.is_authenticated:
        found = found.filter(owner_id=viewer.pk)
    with_names = found.select_related("owner").prefetch_related(
        Prefetch("parties", Organisation.objects.select_related("country").order_by("name"))
    )
    return with_names.order_by(F("due_on").asc(nulls_last=True), "-created_at", "id")


def projects(
    viewer: Viewer, *, status: str = "", field: str = "", country: str = "", year: str = ""
) -> QuerySet[Project]:
    found = policies.visible_projects(viewer)
    if status:
        found = found.filter(status=status)
    if field:
        found = found.filter(field=field)
    if country:
        party = ProjectParty.objects.filter(project=OuterRef("pk"), organisation__country__code=country)
        found = found.filter(Q(landing_place__code=country) | Exists(party))
    if is_year(year):
        found = found.filter(landed_on__year=int(year))
    return with_project_names(found).order_by(F("landed_on").desc(nulls_last=True), "-created_at", "id")


def with_project_names(found: QuerySet[Project]) -> QuerySet[Project]:
    parties = ProjectParty.objects.select_related("organisation__country").order_by("created_at", "id")
    return found.select_related("landing_place", "owner").prefetch_related(
        "texts", Prefetch("parties", parties)
    )


def facilities(
    viewer: Viewer, *, kind: str = "", field: str = "", country: str = "", region: str = ""
) -> QuerySet[Facility]:
    found = policies.visible_facilities(viewer)
    if kind:
        found = found.filter(kind=kind)
    if field:
        found = found.filter(field=field)
    if country:
        hosts = Facility.hosts.through.objects.filter(
            facility_id=OuterRef("pk"), organisation__country__code=country
        )
        found = found.filter(Q(place__code=country) | Exists(hosts))
    if region:
        served = Facility.region_served.through.objects.filter(facility_id=OuterRef("pk"), place__code=region)
        found = found.filter(Exists(served))
    return with_facility_names(found).order_by(F("founded_on").desc(nulls_last=True), "-created_at", "id")


def with_facility_names(found: QuerySet[Facility]) -> QuerySet[Facility]:
    hosts = Organisation.objects.select_related("country").order_by("name")
    return found.select_related("place", "owner").prefetch_related(
        "texts", "region_served", Prefetch("hosts", hosts)
    )


def results(viewer: Viewer, *, kind: str = "", status: str = "", year: str = "") -> QuerySet[Result]:
    found = policies.visible_results(viewer)
    if kind:
        found = found.filter(kind=kind)
    if status:
        found = found.filter(status=status)
    if is_year(year):
        found = found.filter(achieved_on__year=int(year))
    return with_result_origins(found).order_by("-achieved_on", "id")


def partners_of(viewer: Viewer, found: Iterable[Result]) -> dict[UUID, list[Organisation]]:
    """The parties of the project or the hosts of the facility behind each result, where the viewer sees that too."""
    results = list(found)
    projects = policies.visible_projects(viewer).filter(pk__in=[r.project_id for r in results])
    facilities = policies.visible_facilities(viewer).filter(pk__in=[r.facility_id for r in results])
    behind: dict[UUID | None, list[Organisation]] = {
        **{p.pk: [party.organisation for party in p.parties.all()] for p in with_project_names(projects)},
        **{f.pk: list(f.hosts.all()) for f in with_facility_names(facilities)},
    }
    return {r.pk: behind.get(r.project_id or r.facility_id, []) for r in results}


def with_result_origins(found: QuerySet[Result]) -> QuerySet[Result]:
    return found.select_related("project", "facility", "reported_by", "evidence_file").prefetch_related(
        "project__texts", "facility__texts"
    )


# --- what stands behind a record ----------------------------------------------------------------------------
GOING_ON = [Interest.Status.ACCEPTED, Interest.Status.IN_CONTACT, Interest.Status.LED_ON]
"""Interests from which a case can be opened."""


def interests_of(meeting: Meeting) -> QuerySet[Interest]:
    """The accepted interests that the meeting is about: in its listing, from one of its two sides."""
    request = meeting.request
    sides = [request.requester.organisation_id, request.invitee.organisation_id]
    found = Interest.objects.filter(listing=request.listing_id, organisation__in=sides, status__in=GOING_ON)
    return found.order_by("created_at", "pk")


def meetings_about(interest: Interest) -> QuerySet[Meeting]:
    """The meetings about the listing of the interest between its two sides."""
    sides = {interest.organisation_id, interest.listing.organisation_id}
    return Meeting.objects.filter(
        request__listing=interest.listing_id,
        request__requester__organisation__in=sides,
        request__invitee__organisation__in=sides,
    ).order_by("created_at", "pk")


def case_opened_from(origin: Interest | Meeting) -> Case | None:
    """The case that this record opened already, or another record of the same contact: there is one case of both."""
    tied = interests_of(origin) if isinstance(origin, Meeting) else meetings_about(origin)
    opened = Link.objects.filter(
        source_id__in=[origin.pk, *tied.values_list("pk", flat=True)],
        source_kind__in=["interest", "meeting"],
        relation=Link.Relation.OPENED,
        target_kind="case",
    )
    return Case.objects.filter(pk__in=opened.values("target_id")).order_by("created_at").first()


def is_linked(origin: Interest | Meeting, case: Case) -> bool:
    return Link.objects.filter(source_id=origin.pk, target_kind="case", target_id=case.pk).exists()


def cases_behind(obj: Project | Facility | Agreement) -> QuerySet[Case]:
    """The cases that led to this record, directly or through an agreement."""
    parents = Link.objects.filter(target_id=obj.pk, source_kind="case").values("source_id")
    agreements = Link.objects.filter(target_id=obj.pk, source_kind="agreement").values("source_id")
    through = Link.objects.filter(target_id__in=agreements, source_kind="case").values("source_id")
    return Case.objects.filter(Q(pk__in=parents) | Q(pk__in=through))


def named_listings_behind(case: Case) -> QuerySet[Listing]:
    """The listings that a case began with, of owners who show their name.

    An anonymous listing stays unlinked: the public record of what came of it would name its owner.
    """
    opened = Link.objects.filter(target_kind="case", target_id=case.pk, relation=Link.Relation.OPENED)
    interests = Interest.objects.filter(pk__in=opened.filter(source_kind="interest").values("source_id"))
    meetings = Meeting.objects.filter(pk__in=opened.filter(source_kind="meeting").values("source_id"))
    began = (
        Q(pk__in=interests.values("listing_id"))
        | Q(pk__in=interests.values("own_listing_id"))
        | Q(pk__in=meetings.values("request__listing_id"))
    )
    return Listing.objects.filter(began, disclosure=Listing.Disclosure.NAMED)


def must_see_origins(viewer: Viewer, case: Case | None, agreement: Agreement | None) -> None:
    """NotFound unless the viewer acts for a party of each record that something is said to come of."""
    if case is not None and not policies.may_act_on_case(viewer, case):
        raise NotFound(_("Not found."))
    if agreement is not None and not agreement_policies.may_act(viewer, agreement):
        raise NotFound(_("Not found."))


def must_carry(agreement: Agreement | None, organisations: Collection[Organisation]) -> None:
    """Invalid unless the agreement is signed and stands, and one of `organisations` is a party of it."""
    if agreement is None:
        return
    parties = Party.objects.filter(
        agreement=agreement.pk, agreement__status__in=CARRIES, organisation__in=organisations
    )
    if not parties.exists():
        message = _("A signed agreement of your organisation, under which this is done.")
        raise Invalid(message, fields={"agreement": message})


# --- what waits for a person --------------------------------------------------------------------------------
def meetings_to_carry_on(viewer: Viewer) -> QuerySet[Outcome]:
    """The viewer's answers that ask for a case which nobody has opened yet; the last half year's only."""
    opened = Link.objects.filter(
        source_kind="meeting",
        source_id=OuterRef("meeting_id"),
        relation=Link.Relation.OPENED,
        target_kind="case",
    )
    since = timezone.now() - timedelta(days=OFFER_KEPT_DAYS)
    mine = Outcome.objects.filter(
        participant__user__in=[viewer.pk], kind__in=OPENS_A_CASE, answered_at__gte=since
    )
    return mine.filter(~Exists(opened)).order_by("answered_at", "pk")


def interests_to_carry_on(viewer: Viewer) -> QuerySet[Interest]:
    """Accepted interests of the organisations the viewer acts for, from which no case was opened yet."""
    opened = Link.objects.filter(
        source_kind="interest", source_id=OuterRef("pk"), relation=Link.Relation.OPENED, target_kind="case"
    )
    mine = agreement_policies.organisations_acted_for(viewer).values("pk")
    sides = Q(organisation_id__in=mine) | Q(listing__organisation_id__in=mine)
    waiting = [Interest.Status.ACCEPTED, Interest.Status.IN_CONTACT]
    return Interest.objects.filter(sides, ~Exists(opened), status__in=waiting).order_by("answered_at", "pk")


def project_or_facility(
    viewer: Viewer, *, project: UUID | None, facility: UUID | None
) -> Project | Facility | None:
    """The record a result is reported for, if the viewer sees it."""
    if project is not None:
        return policies.visible_projects(viewer).filter(pk=project).first()
    return policies.visible_facilities(viewer).filter(pk=facility).first() if facility else None


def results_to_validate(viewer: Viewer) -> QuerySet[Result]:
    return policies.results_to_validate(viewer)


def agreement_of(case: Case) -> Agreement | None:
    """The latest agreement the case led to under which something can begin."""
    return _agreements_of(case).filter(status__in=CARRIES).first()


def latest_agreement_of(case: Case) -> Agreement | None:
    """The latest agreement the case led to that has not ended; one that carries something comes first."""
    over = [Agreement.Status.EXPIRED, Agreement.Status.TERMINATED]
    return agreement_of(case) or _agreements_of(case).exclude(status__in=over).first()


def _agreements_of(case: Case) -> QuerySet[Agreement]:
    agreed = Link.objects.filter(
        source_kind="case", source_id=case.pk, relation=Link.Relation.AGREED_IN, target_kind="agreement"
    )
    return Agreement.objects.filter(pk__in=agreed.values("target_id")).order_by("-created_at")


def begun_from(case: Case) -> Project | Facility | None:
    """The latest project, else the latest facility, that the case led to."""
    created = Link.objects.filter(source_kind="case", source_id=case.pk, relation=Link.Relation.CREATED)
    ids = created.values("target_id")
    project = Project.objects.filter(pk__in=ids).order_by("-created_at").first()
    return project or Facility.objects.filter(pk__in=ids).order_by("-created_at").first()


def step_once_signed(case: Case) -> Case.Step:
    """What follows the signature: something begins, or has begun already and is to report."""
    return Case.Step.REPORT if begun_from(case) else Case.Step.BEGIN


def has_results(origin: Project | Facility) -> bool:
    return origin.results.exists()


def agreements_to_build_on(viewer: Viewer) -> QuerySet[Agreement]:
    """Signed agreements of the viewer's organisations, newest first, with what a choice shows of them."""
    return own_agreements(viewer).filter(status__in=CARRIES)


def agreements_for_case(viewer: Viewer, case: Case) -> QuerySet[Agreement]:
    """Agreements between all parties of the case that still stand."""
    found = own_agreements(viewer).exclude(status__in=[Agreement.Status.EXPIRED, Agreement.Status.TERMINATED])
    for party in case.parties.all():
        found = found.filter(Exists(Party.objects.filter(agreement=OuterRef("pk"), organisation=party)))
    return found


def rests_on_an_agreement(record: Project | Facility) -> bool:
    return Link.objects.filter(source_kind="agreement", target_id=record.pk).exists()


def organisations_of(agreement: Agreement) -> list[Organisation]:
    """The organisations that are party to the agreement; countries that act without one are left out."""
    return list(Organisation.objects.filter(agreement_parties__agreement=agreement).order_by("name", "pk"))


def others_in(case: Case, viewer: Viewer) -> QuerySet[Organisation]:
    """The parties of the case that the viewer does not act for."""
    mine = agreement_policies.organisations_acted_for(viewer).values("pk")
    return case.parties.exclude(pk__in=mine).order_by("name")


def results_of(viewer: Viewer, origin: Project | Facility) -> QuerySet[Result]:
    """What came of a project or facility, as far as the viewer sees it; the newest fifty."""
    name = "project" if isinstance(origin, Project) else "facility"
    return policies.visible_results(viewer).filter(**{name: origin}).order_by("-achieved_on", "id")[:50]


# --- what everybody is told ---------------------------------------------------------------------------------
Openable = Agreement | Project | Facility
KIND_OF: dict[type[Model], str] = {Agreement: "agreement", Project: "project", Facility: "facility"}
TOLD = ["organisation", "listing", "agreement", "project", "facility"]
"""Kinds of a chain that everybody may come to know; contacts, meetings and cases are always the parties' own."""


def record_of(opening: Opening) -> Openable:
    model = next(model for model, kind in KIND_OF.items() if kind == opening.kind)
    return cast(Openable, model._default_manager.get(pk=opening.record_id))


def title_of_record(record: Openable) -> tuple[str, str]:
    if isinstance(record, Agreement):
        return title_of_agreement(record)
    return title_of_project(record) if isinstance(record, Project) else name_of_facility(record)


def organisations_in(record: Openable) -> list[Organisation]:
    """The organisations whose consent is needed before everybody may know of the record."""
    if isinstance(record, Agreement):
        return organisations_of(record)
    if isinstance(record, Project):
        return list(Organisation.objects.filter(projects__project=record).order_by("name", "pk"))
    return list(record.hosts.order_by("name", "pk"))


def may_act_on(viewer: Viewer, record: Openable) -> bool:
    if isinstance(record, Agreement):
        return agreement_policies.may_act(viewer, record)
    if isinstance(record, Project):
        return policies.may_act_on_project(viewer, record)
    return policies.may_act_on_facility(viewer, record)


@dataclass(frozen=True)
class Told:
    """Of a result's chain, as far as its parties see it: what everybody sees beside it, and what they do not."""

    shown: Sequence[kinds.Card]
    kept: Sequence[kinds.Card]


def told_of(viewer: Viewer, record: Project | Facility | Result) -> Told:
    """What a stranger sees of the chain of a public result, or of one that is reported for this record."""
    origin = (record.project or record.facility) if isinstance(record, Result) else record
    if origin is None:
        return Told([], [])
    cards = [step.card for step in chain.walk(viewer, origin) if step.card.kind in TOLD]
    visible = policies.visible_projects if isinstance(origin, Project) else policies.visible_facilities
    known: set[UUID] = set()
    if visible(ANYONE).filter(pk=origin.pk).exists():
        known = {step.card.id for step in chain.walk(ANYONE, origin)}
    return Told([c for c in cards if c.id in known], [c for c in cards if c.id not in known])


def kept_records(viewer: Viewer, told: Told) -> list[Openable]:
    """The records among what is kept back that the viewer may ask the parties to show."""
    ids = [card.id for card in told.kept]
    found: list[Openable] = []
    for model in KIND_OF:
        kept = model._default_manager.filter(pk__in=ids).exclude(tier="public").order_by("pk")
        found += cast(Iterable[Openable], kept)
    return [
        record
        for record in found
        if may_act_on(viewer, record)
        and (not isinstance(record, Agreement) or record.status in agreement_policies.CONCLUDED)
    ]


def openings(viewer: Viewer, *, status: str = "", whose: str = "") -> QuerySet[Opening]:
    """The wishes the viewer knows of, the newest first. `whose="mine"` keeps those that wait for their answer."""
    found = policies.openings_to_answer(viewer) if whose == "mine" else policies.visible_openings(viewer)
    if status:
        found = found.filter(status=status)
    parties = OpeningParty.objects.order_by("organisation__name", "pk")
    return found.prefetch_related(Prefetch("asked", parties)).order_by("-created_at", "pk")


def openings_of(viewer: Viewer, records: Collection[UUID]) -> QuerySet[Opening]:
    """The wishes to show these records to everybody that wait for an answer."""
    asked = policies.visible_openings(viewer).filter(status=Opening.Status.ASKED)
    return asked.filter(record_id__in=records).order_by("created_at", "pk")
