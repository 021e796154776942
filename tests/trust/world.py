"""One small node with an object of every kind in every state that matters, each field carrying its own token.

Who may see a token is written here from the documents (`docs/trust.md`, the tiers, the tables of states), not
read from the policies: this is the oracle the running code is compared with.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from serai.accounts import secrets
from serai.accounts.models import (
    AccessRequest,
    ApiToken,
    Invitation,
    Membership,
    NodeRole,
    Notice,
    User,
)
from serai.agreements.models import Agreement, AgreementBody, AgreementText, Commitment
from serai.cooperation.models import (
    Case,
    Facility,
    FacilityText,
    Opening,
    OpeningParty,
    Project,
    ProjectText,
    Result,
)
from serai.core import audit, chain
from serai.core.models import ImportRefusal, ImportRun, Link
from serai.directory.models import Organisation, OrganisationName
from serai.events.models import (
    Event,
    Interpreter,
    Meeting,
    MeetingRequest,
    Outcome,
    Participant,
    ScheduleRun,
)
from serai.exchange import news, words
from serai.exchange.models import (
    Interest,
    Listing,
    ListingContact,
    ListingDetail,
    Match,
    Review,
)
from serai.observatory.models import Release
from serai.persons.models import DataCopy
from tests import factories as f

STRANGER, PERSON, UNVERIFIED, OWNER, OTHER, THIRD = (
    "stranger",
    "person without organisation",
    "member of an unverified organisation",
    "owner",
    "other side",
    "third organisation",
)
STEWARD, SECRETARIAT, ORGANISER, PARTICIPANT, INTERPRETER = (
    "steward",
    "secretariat",
    "organiser",
    "participant",
    "interpreter",
)
ROLES = (
    STRANGER,
    PERSON,
    UNVERIFIED,
    OWNER,
    OTHER,
    THIRD,
    STEWARD,
    SECRETARIAT,
    ORGANISER,
    PARTICIPANT,
    INTERPRETER,
)
Roles = frozenset[str]

EVERYBODY: Roles = frozenset(ROLES)
NODE: Roles = frozenset({STEWARD, SECRETARIAT})
VERIFIED: Roles = NODE | {OWNER, OTHER, THIRD, ORGANISER, PARTICIPANT}
BOTH: Roles = frozenset({OWNER, OTHER})
MINE: Roles = frozenset({OWNER})
NOBODY: Roles = frozenset()
TIERS: dict[str, Roles] = {"public": EVERYBODY, "network": VERIFIED, "mutual": BOTH, "sealed": BOTH}


@dataclass(frozen=True)
class Planted:
    """A token in one field of one object, and the roles that may meet it anywhere."""

    token: str
    where: str
    seen_by: Roles


@dataclass(frozen=True)
class Thing:
    """An object in one state: the roles that may open it."""

    kind: str
    state: str
    id: UUID
    seen_by: Roles


@dataclass
class World:
    users: dict[str, User | None] = field(default_factory=dict)
    planted: list[Planted] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def token(self, where: str, seen_by: Iterable[str]) -> str:
        planted = Planted(f"kanari{len(self.planted):04d}x", where, frozenset(seen_by))
        self.planted.append(planted)
        return planted.token

    def thing(self, kind: str, state: str, obj: Any, seen_by: Iterable[str]) -> None:
        self.things.append(Thing(kind, state, obj.pk, frozenset(seen_by)))

    def of(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things if thing.kind == kind]

    def one(self, kind: str, state: str) -> Thing:
        return next(t for t in self.of(kind) if t.state == state)


def build() -> World:
    world = World()
    _people(world)
    _directory(world)
    _listings(world)
    _interests(world)
    _event(world)
    _agreements(world)
    _cooperation(world)
    _account_things(world)
    _histories(world)
    return world


# --- people and organisations -------------------------------------------------------------------------------
def _people(world: World) -> None:
    place = f.make_place("PL")
    organisations = {
        role: f.make_organisation(name=f"House of the {role}", country=place)
        for role in (OWNER, OTHER, THIRD, ORGANISER, PARTICIPANT)
    }
    organisations[UNVERIFIED] = f.make_organisation(
        name=world.token("name of an organisation that waits for verification", NODE | {UNVERIFIED}),
        status=Organisation.Status.SUBMITTED,
        country=place,
    )
    for role in ROLES:
        if role == STRANGER:
            world.users[role] = None
        elif role in organisations:
            kind = Membership.Role.EVENT_ORGANISER if role == ORGANISER else Membership.Role.MANAGER
            world.users[role] = f.make_member(organisations[role], role=kind, name=f"Name of {role}")
        else:
            world.users[role] = f.make_user(name=f"Name of {role}")
    for role, node_role in ((STEWARD, NodeRole.Role.STEWARD), (SECRETARIAT, NodeRole.Role.SECRETARIAT)):
        NodeRole.objects.create(user=world.users[role], role=node_role)
    world.values["organisations"] = organisations


def _directory(world: World) -> None:
    organisations = world.values["organisations"]
    for role in (OWNER, OTHER, THIRD, ORGANISER, PARTICIPANT):
        world.thing("organisation", f"verified, {role}", organisations[role], EVERYBODY)
    world.thing("organisation", "submitted", organisations[UNVERIFIED], NODE | {UNVERIFIED})
    S = Organisation.Status
    hidden = {S.DRAFT: NODE, S.SUSPENDED: NODE, S.UNDER_VERIFICATION: NODE}
    for status in (S.DRAFT, S.SUSPENDED, S.UNDER_VERIFICATION, S.LISTED, S.DISSOLVED):
        may = hidden.get(status, EVERYBODY)
        made = f.make_organisation(
            name=world.token(f"name of a {status} organisation", may),
            status=status,
            status_note=world.token(f"note on a {status} organisation", may),
        )
        world.values["entry"] = OrganisationName.objects.create(
            organisation=made,
            text=world.token(f"other name of a {status} organisation", may),
            kind=OrganisationName.Kind.ALIAS,
        ).pk
        world.thing("organisation", status, made, may)
    colleague = f.make_member(
        organisations[OWNER], name=world.token("name of a colleague", MINE | {SECRETARIAT})
    )
    colleague.email = f"{world.token('address of a colleague', MINE | {SECRETARIAT})}@example.org"
    colleague.save()


# --- exchange -----------------------------------------------------------------------------------------------
def _listings(world: World) -> None:
    S = Listing.Status
    shown = {S.PUBLISHED, S.EXPIRED, S.CLOSED}
    owner = world.values["organisations"][OWNER]
    listings: dict[str, Listing] = {}
    for status in S:
        may = EVERYBODY if status in shown else NODE | MINE
        details = VERIFIED if status in shown else NODE | MINE
        agreed = BOTH if status == S.PUBLISHED else MINE
        listing = f.make_listing(
            organisation=owner,
            owner=world.users[OWNER],
            status=status,
            title=world.token(f"title of a {status} listing", may),
            summary=world.token(f"summary of a {status} listing", may),
            closed_as="found_here" if status == S.CLOSED else "",
            hold_reason=world.token(f"reason of the steward, {status} listing", NODE | MINE),
        )
        _deeper_texts(world, listing, details, agreed)
        world.thing("listing", status, listing, may)
        listings[status] = listing
    other = f.make_listing(
        organisation=world.values["organisations"][OTHER],
        direction=Listing.Direction.REQUEST,
        title=world.token("title of the other side's listing", EVERYBODY),
    )
    _deeper_texts(world, other, VERIFIED, frozenset({OTHER}))
    world.thing("listing", "published, other side", other, EVERYBODY)
    listings["other"] = other
    may = NODE | {OTHER}
    taken_back = f.make_listing(
        organisation=world.values["organisations"][OTHER],
        status=S.DRAFT,
        title=world.token("title of a draft listing of the other side", may),
        summary=world.token("summary of a draft listing of the other side", may),
    )
    world.thing("listing", "draft, other side", taken_back, may)
    listings["other's draft"] = taken_back
    _anonymous(world)
    for tier, may in (("public", EVERYBODY), ("network", VERIFIED)):
        text = world.token(f"passage in a match of the {tier} tier", may)
        passage = {"text": text, "language": "en"}
        Match.objects.create(
            listing=listings[S.PUBLISHED],
            other=other,
            tier=tier,
            rank=1,
            score=0.5,
            reasons={"pairs": [{"mine": passage, "theirs": passage, "score": 0.5}], "shared": [text]},
            index_version="1",
        )
    world.values["listings"] = listings


def _deeper_texts(world: World, listing: Listing, details: Roles, contact: Roles) -> None:
    where = f"{listing.status} listing"
    text = world.token(f"description, {where}", details)
    ListingDetail.objects.create(
        listing=listing,
        language="en",
        description=text,
        advantages=world.token(f"advantages, {where}", details),
        requirements=world.token(f"requirements, {where}", details),
        ip_comment=world.token(f"comment on rights, {where}", details),
    )
    ListingContact.objects.create(
        listing=listing,
        name=world.token(f"name of the contact, {where}", contact),
        email=f"{world.token(f'address of the contact, {where}', contact)}@example.org",
        phone=world.token(f"telephone of the contact, {where}", contact),
        note=world.token(f"note to the contact, {where}", contact),
    )
    Review.objects.create(
        listing=listing,
        reviewer=world.users[STEWARD],
        advantages=3,
        clarity=3,
        expectations=3,
        language_quality=3,
        decision=Review.Decision.HOLD,
        comment=world.token(f"comment of the review, {where}", NODE | _members_of(world, listing)),
    )
    teaser = listing.teasers.get()
    public = f"{teaser.title} {teaser.summary}"
    words.store(
        [
            (listing.pk, "public", [("en", public)]),
            (listing.pk, "network", [("en", f"{public} {text}")]),
        ]
    )


def _members_of(world: World, listing: Listing) -> Roles:
    known = world.values["organisations"]
    return frozenset(role for role, made in known.items() if made.pk == listing.organisation_id)


def _anonymous(world: World) -> None:
    """A published listing whose owner has not said who they are; the owner has no other record."""
    shy = f.make_organisation(name="Shy House of Quiet Work")
    listing = f.make_listing(organisation=shy, disclosure=Listing.Disclosure.ANONYMOUS, title="Quiet offer")
    world.values["shy"] = shy
    world.values["anonymous"] = listing
    world.thing("listing", "anonymous", listing, EVERYBODY)


def _interests(world: World) -> None:
    S = Interest.Status
    listings, other = world.values["listings"], world.values["organisations"][OTHER]
    # On hold, in review and draft: the owner took the listing back after the interest had come.
    where = {
        S.ACCEPTED: "published",
        S.SENT: "expired",
        S.DECLINED: "closed",
        S.STOPPED: "draft",
        S.IN_CONTACT: "on_hold",
        S.EXPIRED: "in_review",
    }
    interests: dict[str, Interest] = {}
    for status, listing in where.items():
        interest = Interest.objects.create(
            listing=listings[listing],
            organisation=other,
            own_listing=listings["other's draft"],
            sender=world.users[OTHER],
            language="en",
            cooperation_sought=world.token(f"cooperation sought, {status} interest", BOTH),
            open_questions=world.token(f"open questions, {status} interest", BOTH),
            about_us=world.token(f"about us, {status} interest", BOTH),
            status=status,
            answer_due=f.in_days(10),
            answered_by=world.users[OWNER] if status != S.SENT else None,
            answered_at=timezone.now() if status != S.SENT else None,
            decline_reason="other" if status == S.DECLINED else "",
            answer=world.token(f"answer, {status} interest", BOTH) if status != S.SENT else "",
            stop_note=world.token("note on a stopped interest", BOTH) if status == S.STOPPED else "",
        )
        world.thing("interest", status, interest, BOTH)
        interests[status] = interest
        news.tell_sender(interest, "exchange.interest_accepted", key=f"told:{interest.pk}")
    chain.link(source=listings["published"], relation=Link.Relation.ANSWERED_BY, target=interests[S.ACCEPTED])
    world.values["interests"] = interests


# --- events -------------------------------------------------------------------------------------------------
def _event(world: World) -> None:
    house = world.values["organisations"]
    hosts = [house[ORGANISER]]
    at_event = frozenset({OWNER, OTHER, PARTICIPANT, ORGANISER})
    event = f.make_event(hosts=hosts, title=world.token("title of a public event", EVERYBODY))
    world.thing("event", "registration", event, EVERYBODY)
    for state, values in {
        "planned": {"status": Event.Status.PLANNED},
        "not public": {"is_public": False},
    }.items():
        title = world.token(f"title of an event that is {state}", {ORGANISER})
        world.thing("event", state, f.make_event(hosts=hosts, title=title, **values), {ORGANISER})
    slot, table = f.make_slot(event), f.make_table(event)
    table.is_online, table.link = (
        True,
        f"https://{world.token('link of a meeting', BOTH | {ORGANISER, INTERPRETER})}.example.org/",
    )
    table.save()
    people = {
        role: f.make_participant(event, organisation=house[role], user=world.users[role])
        for role in (OWNER, OTHER, PARTICIPANT)
    }
    drafts = {OWNER: world.values["listings"]["draft"], OTHER: world.values["listings"]["other's draft"]}
    for role, draft in drafts.items():  # shown when they registered, taken back since
        people[role].listing = draft
        people[role].save()
    for role, person in people.items():
        world.thing("participant", role, person, at_event | {role})
    for state, who, values in (
        ("listed", at_event, {}),
        ("unlisted", {ORGANISER}, {"consent_listed": False}),
        ("submitted", {ORGANISER}, {"status": Participant.Status.SUBMITTED}),
    ):
        user = f.make_user(name=world.token(f"name of a participant, {state}", who))
        guest = f.make_participant(event, user=user, organisation=f.make_organisation(), **values)
        world.thing("participant", state, guest, who)
        world.values[f"participant {state}"] = guest
    parties = BOTH | {ORGANISER}
    interpreter = Interpreter.objects.create(
        event=event,
        user=world.users[INTERPRETER],
        name=world.token("name of an interpreter", parties | {INTERPRETER}),
        languages=["en", "pl"],
    )
    request = f.make_request(
        event,
        requester=people[OTHER],
        invitee=people[OWNER],
        listing=world.values["listings"]["published"],
        message=world.token("message of a request to meet", parties),
        answer=world.token("answer to a request to meet", parties),
        status=MeetingRequest.Status.SCHEDULED,
    )
    world.thing("request", "scheduled", request, parties)
    declined = f.make_request(
        event,
        requester=people[OWNER],
        invitee=world.values["participant listed"],
        message=world.token("message of a declined request", {OWNER, ORGANISER}),
        answer=world.token("answer of a declined request", {OWNER, ORGANISER}),
        status=MeetingRequest.Status.DECLINED,
        decline_reason="other",
    )
    world.thing("request", "declined", declined, {OWNER, ORGANISER})
    asked = f.make_request(
        event,
        requester=people[PARTICIPANT],
        invitee=people[OWNER],
        listing=drafts[OWNER],
        status=MeetingRequest.Status.SCHEDULED,
    )
    both = {OWNER, PARTICIPANT, ORGANISER}
    world.thing("request", "about a draft", asked, both)
    later = Meeting.objects.create(
        event=event, request=asked, slot=f.make_slot(event, 1), table=f.make_table(event), language="en"
    )
    world.thing("meeting", "about a draft", later, both)
    world.thing("attended meeting", "about a draft", later, both)
    opinion = Outcome.objects.create(
        meeting=later,
        participant=people[PARTICIPANT],
        due_on=f.in_days(3),
        kind=Outcome.Kind.NEGOTIATE,
        note=world.token("what a participant said of a meeting", {PARTICIPANT, ORGANISER}),
        answered_at=timezone.now(),
    )
    world.thing("outcome", "answered by a participant", opinion, {PARTICIPANT})
    meeting = Meeting.objects.create(
        event=event, request=request, slot=slot, table=table, language="en", interpreter=interpreter
    )
    world.thing("meeting", "confirmed", meeting, parties)
    world.thing("attended meeting", "confirmed", meeting, parties | {INTERPRETER})
    world.thing("interpreter", "of the event", interpreter, parties | {INTERPRETER})
    outcome = Outcome.objects.create(
        meeting=meeting,
        participant=people[OWNER],
        due_on=f.in_days(3),
        kind=Outcome.Kind.NEGOTIATE,
        note=world.token("what a side said of a meeting", {OWNER, ORGANISER}),
        answered_at=timezone.now(),
    )
    world.thing("outcome", "answered", outcome, {OWNER})
    run = ScheduleRun.objects.create(
        event=event,
        status=ScheduleRun.Status.FAILED,
        message=world.token("message of a schedule run", {ORGANISER}),
    )
    world.thing("run", "failed", run, {ORGANISER})
    world.values |= {
        "event": event,
        "interpreter": interpreter,
        "people": people,
        "slot": slot,
        "table": table,
        "meeting": meeting,
    }
    chain.link(source=world.values["listings"]["published"], relation=Link.Relation.MET_AS, target=meeting)


# --- agreements and cooperation -----------------------------------------------------------------------------
def _agreements(world: World) -> None:
    house = world.values["organisations"]
    S = Agreement.Status
    for tier, concluded_for in TIERS.items():
        for status in (S.DRAFT, S.IN_FORCE, S.TERMINATED):
            may = concluded_for if status != S.DRAFT else BOTH
            where = f"{status} agreement of the {tier} tier"
            agreement = f.make_agreement(
                house[OWNER],
                house[OTHER],
                title=world.token(f"title, {where}", may),
                tier=tier,
                status=status,
                ended_on=date(2026, 6, 1) if status == S.TERMINATED else None,
                end_reason=world.token(f"why it ended, {where}", may) if status == S.TERMINATED else "",
            )
            AgreementText.objects.create(
                agreement=agreement,
                language="fr",
                title=world.token(f"French title, {where}", may),
                summary=world.token(f"summary, {where}", may),
            )
            AgreementBody.objects.create(
                agreement=agreement, language="en", body=world.token(f"wording, {where}", BOTH)
            )
            party = agreement.parties.first()
            assert party is not None
            commitment = Commitment.objects.create(
                agreement=agreement,
                party=party,
                text=world.token(f"commitment, {where}", may),
                language="en",
                due_on=f.in_days(30),
            )
            world.thing("agreement", f"{tier} {status}", agreement, may)
            world.values[agreement.pk] = {"party": party.pk, "commitment": commitment.pk}


def _cooperation(world: World) -> None:
    house = world.values["organisations"]
    sides = house[OWNER], house[OTHER]
    for status in (Case.Status.LEAD, Case.Status.FAILED):
        case = f.make_case(
            *sides,
            status=status,
            owner=world.users[OWNER],
            title=world.token(f"title of a {status} case", BOTH),
            next_step=world.token(f"next step of a {status} case", BOTH),
            end_reason=world.token(f"why a case ended ({status})", BOTH),
        )
        world.thing("case", status, case, BOTH)
    chain.link(source=world.values["meeting"], relation=Link.Relation.OPENED, target=case)
    for tier, known_to in TIERS.items():
        _projects(world, tier, known_to)
        _facilities(world, tier, known_to)


def _projects(world: World, tier: str, known_to: Roles) -> None:
    house = world.values["organisations"]
    for status in (Project.Status.NEGOTIATING, Project.Status.LANDED):
        landed = status == Project.Status.LANDED
        may = known_to if landed else BOTH
        where = f"{status} project of the {tier} tier"
        project = f.make_project(
            house[OWNER],
            house[OTHER],
            title=world.token(f"title, {where}", may),
            tier=tier,
            status=status,
            landed_on=date(2026, 3, 1) if landed else None,
        )
        ProjectText.objects.create(
            project=project,
            language="fr",
            title=world.token(f"French title, {where}", may),
            summary=world.token(f"summary, {where}", may),
        )
        world.thing("project", f"{tier} {status}", project, may)
        if landed:
            _results(world, tier, known_to, project)
    if tier in {"mutual", "sealed"}:
        _judged(world, tier)


def _judged(world: World, tier: str) -> None:
    """A public result that waits for its check, of a project and an agreement that only their parties know of."""
    house, S = world.values["organisations"], Agreement.Status
    may = BOTH | NODE if tier == "mutual" else BOTH
    for status, reads in ((S.IN_FORCE, may), (S.DRAFT, BOTH)):
        where = f"judged {status} agreement of the {tier} tier"
        agreement = f.make_agreement(
            house[OWNER], house[OTHER], title=world.token(f"title, {where}", reads), tier=tier, status=status
        )
        world.thing("agreement", f"judged {tier} {status}", agreement, reads)
        commitment = Commitment.objects.create(
            agreement=agreement,
            party=agreement.parties.first(),
            text=world.token(f"commitment, {where}", reads),
            language="en",
            due_on=f.in_days(30),
        )
        AgreementBody.objects.create(
            agreement=agreement, language="en", body=world.token(f"wording, {where}", BOTH)
        )
        world.values[agreement.pk] = {"party": commitment.party_id, "commitment": commitment.pk}
        project = f.make_project(
            house[OWNER],
            house[OTHER],
            title=world.token(f"title, project of the {where}", may),
            tier=tier,
            status=Project.Status.SIGNED,
            landed_on=None,
        )
        chain.link(source=agreement, relation=Link.Relation.CREATED, target=project)
        world.thing("project", f"judged {tier} {status}", project, may)
        result = f.make_result(
            project=project,
            tier="public",
            status="reported",
            title=world.token(f"result of the {where}", BOTH | NODE),
            reported_by=world.users[OWNER],
        )
        world.thing("result", f"judged {tier} {status}", result, BOTH | NODE)
        opening = Opening.objects.create(
            kind=Opening.Kind.PROJECT, record_id=project.pk, asked_by=world.users[OWNER]
        )
        for side in (OWNER, OTHER):
            OpeningParty.objects.create(opening=opening, organisation=house[side])
        world.thing("opening", f"asked for {tier} {status}", opening, BOTH)


def _facilities(world: World, tier: str, known_to: Roles) -> None:
    house = world.values["organisations"]
    for status in (Facility.Status.PROPOSED, Facility.Status.OPERATING):
        founded = status == Facility.Status.OPERATING
        may = known_to if founded else BOTH
        where = f"{status} facility of the {tier} tier"
        facility = f.make_facility(
            house[OWNER],
            house[OTHER],
            name=world.token(f"name, {where}", may),
            tier=tier,
            status=status,
            founded_on=date(2026, 4, 1) if founded else None,
        )
        FacilityText.objects.create(
            facility=facility,
            language="fr",
            name=world.token(f"French name, {where}", may),
            agenda=world.token(f"agenda, {where}", may),
        )
        world.thing("facility", f"{tier} {status}", facility, may)


def _results(world: World, tier: str, known_to: Roles, project: Project) -> None:
    to_validate = BOTH | NODE if tier in ("public", "network") else BOTH
    for status in Result.Status:
        may = known_to if status == Result.Status.VALIDATED else to_validate
        where = f"{status} result of the {tier} tier"
        result = f.make_result(
            project=project,
            tier=tier,
            status=status,
            title=world.token(f"title, {where}", may),
            evidence_url=f"https://example.org/{world.token(f'evidence, {where}', may)}",
            refusal_reason=world.token(f"refusal, {where}", may) if status == "refused" else "",
            reported_by=world.users[OWNER],
        )
        world.thing("result", f"{tier} {status}", result, may)


# --- accounts -----------------------------------------------------------------------------------------------
def _account_things(world: World) -> None:
    owner = world.users[OWNER]
    assert owner is not None
    house = world.values["organisations"][OWNER]
    notice = Notice.objects.create(
        user=owner,
        kind="exchange.interest_received",
        object_kind="listing",
        object_id=world.values["listings"]["published"].pk,
        values={
            "listing": world.token("text of a notice", MINE),
            "organisation": world.token("name in a notice", MINE),
            "due": "1",
            "url": "/today/",
        },
        key="one",
    )
    world.thing("notice", "unread", notice, MINE)
    token = ApiToken.objects.create(
        user=owner, name=world.token("name of a token", MINE), secret_hash=secrets.hash_of("x")
    )
    world.thing("token", "valid", token, MINE)
    copy = DataCopy.objects.create(
        user=owner,
        content=world.token("copy of the owner's data", MINE).encode(),
        expires_at=timezone.now() + timedelta(hours=3),
    )
    world.thing("data copy", "ready", copy, MINE)
    invitation = Invitation.objects.create(
        email=f"{world.token('address of an invitation', MINE)}@example.org",
        organisation=house,
        role=Membership.Role.MEMBER,
        secret_hash=secrets.hash_of("y"),
        expires_at=timezone.now() + timedelta(days=3),
        invited_by=owner,
    )
    world.thing("invitation", "sent", invitation, MINE)
    asked = Membership.objects.create(
        user=f.make_user(name=world.token("name of somebody who asks to join", MINE | {SECRETARIAT})),
        organisation=house,
    )
    world.thing("membership", "requested", asked, MINE | {SECRETARIAT})
    access = AccessRequest.objects.create(
        email=f"{world.token('address in a request to join', NODE)}@example.org",
        name=world.token("name in a request to join", NODE),
        organisation_name=world.token("organisation in a request to join", NODE),
        country_code="PL",
        message=world.token("message in a request to join", NODE),
    )
    world.thing("access request", "open", access, NODE)
    run = ImportRun.objects.create(
        format="listings",
        file_name=world.token("name of an imported file", MINE | NODE),
        sha256="0" * 64,
        status=ImportRun.Status.DONE,
        started_by=owner,
        read=1,
        refused=1,
        finished_at=timezone.now(),
    )
    ImportRefusal.objects.create(
        run=run, file="a.csv", line=2, reason=world.token("reason of a line not taken", MINE | NODE)
    )
    world.thing("import", "done", run, MINE | NODE)
    release = Release.objects.create(year=2025, as_of=date(2026, 1, 31))
    world.thing("release", "provisional", release, EVERYBODY)


def _histories(world: World) -> None:
    """Who did something is named to those whose record it is, not to everybody who sees it."""
    parties = {"case": BOTH, "agreement": BOTH, "project": BOTH, "facility": BOTH, "result": BOTH | NODE}
    deeds = {
        "case": "cooperation.case_opened",
        "agreement": "agreements.drafted",
        "project": "cooperation.project_created",
        "facility": "cooperation.facility_proposed",
        "result": "cooperation.result_reported",
    }
    for kind, may in parties.items():
        hand = f.make_user(name=world.token(f"name of who acted on a {kind}", may))
        for thing in world.of(kind):
            audit.record_batch(actor=hand, action=deeds[kind], kind=kind, object_id=thing.id, data={})


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
