"""Plain factory functions: each makes the smallest valid object, and a test states every value it relies on."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from serai.accounts.models import Membership, NodeRole, User
from serai.agreements.models import Agreement, AgreementBody, AgreementText, Party
from serai.cooperation.models import (
    Case,
    Facility,
    FacilityText,
    Project,
    ProjectParty,
    ProjectText,
    Result,
)
from serai.directory.models import Organisation, Place
from serai.events.models import Event, EventText, MeetingRequest, Participant, Slot, Table
from serai.exchange.models import Listing, ListingTeaser

_number = count(1)


def make_user(**what_matters: Any) -> User:
    n = next(_number)
    values = {"email": f"person{n}@example.org", "name": f"Person {n}", **what_matters}
    return User.objects.create_user(**values)


def make_steward(**what_matters: Any) -> User:
    user = make_user(**what_matters)
    NodeRole.objects.create(user=user, role=NodeRole.Role.STEWARD)
    return user


def make_place(code: str = "PL", **what_matters: Any) -> Place:
    place, _ = Place.objects.get_or_create(code=code, defaults={"kind": Place.Kind.COUNTRY, **what_matters})
    return place


def make_organisation(**what_matters: Any) -> Organisation:
    n = next(_number)
    values = {
        "name": f"Organisation {n}",
        "kinds": [Organisation.Kind.UNIVERSITY],
        "status": Organisation.Status.VERIFIED,
        "country": what_matters.get("country") or make_place(),
        **what_matters,
    }
    return Organisation.objects.create(**values)


def make_member(organisation: Organisation, **what_matters: Any) -> User:
    role = what_matters.pop("role", Membership.Role.MANAGER)
    user = make_user(**what_matters)
    Membership.objects.create(
        user=user, organisation=organisation, role=role, status=Membership.Status.ACTIVE
    )
    return user


def make_listing(**what_matters: Any) -> Listing:
    """A published listing with one public text in its language."""
    n = next(_number)
    title = what_matters.pop("title", f"Listing {n}")
    summary = what_matters.pop("summary", "A summary.")
    values = {
        "organisation": what_matters.get("organisation") or make_organisation(),
        "reference": f"T{n:06d}",
        "direction": Listing.Direction.OFFER,
        "kind": Listing.Kind.TECHNOLOGY,
        "language": "en",
        "status": Listing.Status.PUBLISHED,
        "published_at": datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
        "expires_on": timezone.localdate() + timedelta(days=200),
        **what_matters,
    }
    listing = Listing.objects.create(**values)
    ListingTeaser.objects.create(listing=listing, language=listing.language, title=title, summary=summary)
    return listing


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def make_agreement(*parties: Organisation | Place, **what_matters: Any) -> Agreement:
    """An agreement in force between the given parties (two new organisations if none), with one text."""
    title = what_matters.pop("title", "An agreement")
    values = {
        "kind": Agreement.Kind.COOPERATION,
        "tier": "public",
        "status": Agreement.Status.IN_FORCE,
        "signed_on": date(2026, 1, 10),
        "in_force_on": date(2026, 2, 1),
        **what_matters,
    }
    agreement = Agreement.objects.create(**values)
    AgreementText.objects.create(agreement=agreement, language="en", title=title, is_authentic=True)
    for party in parties or (make_organisation(), make_organisation()):
        name = "organisation" if isinstance(party, Organisation) else "place"
        Party.objects.create(agreement=agreement, signed_on=values["signed_on"], **{name: party})
    return agreement


def agree_on_wording(agreement: Agreement) -> None:
    """A wording in English, to which every party consents."""
    AgreementBody.objects.get_or_create(agreement=agreement, language="en", defaults={"body": "Article 1"})
    agreement.refresh_from_db(fields=["wording_version"])
    agreement.parties.update(consented_version=agreement.wording_version, consented_on=in_days(0))


def make_case(*parties: Organisation, **what_matters: Any) -> Case:
    values = {"title": "A case", "language": "en", **what_matters}
    case = Case.objects.create(**values)
    case.parties.set(parties or (make_organisation(), make_organisation()))
    return case


def make_project(*parties: Organisation, **what_matters: Any) -> Project:
    """A public project that has landed, between the given parties (two new ones if none)."""
    title = what_matters.pop("title", "A project")
    values = {
        "tier": "public",
        "status": Project.Status.LANDED,
        "landed_on": date(2026, 3, 1),
        **what_matters,
    }
    project = Project.objects.create(**values)
    ProjectText.objects.create(project=project, language="en", title=title)
    for party in parties or (make_organisation(), make_organisation()):
        ProjectParty.objects.create(
            project=project, organisation=party, sector=ProjectParty.Sector.UNIVERSITY
        )
    return project


def make_facility(*hosts: Organisation, **what_matters: Any) -> Facility:
    """A public joint laboratory that operates, hosted by the given organisations (two new ones if none)."""
    name = what_matters.pop("name", "A laboratory")
    values = {
        "kind": Facility.Kind.JOINT_LABORATORY,
        "field": "energy",
        "tier": "public",
        "status": Facility.Status.OPERATING,
        "founded_on": date(2026, 4, 1),
        **what_matters,
    }
    facility = Facility.objects.create(**values)
    FacilityText.objects.create(facility=facility, language="en", name=name)
    facility.hosts.set(hosts or (make_organisation(), make_organisation()))
    return facility


def make_result(**what_matters: Any) -> Result:
    """A validated public result of a project, with an address as evidence."""
    values = {
        "kind": Result.Kind.PATENT,
        "title": "A result",
        "language": "en",
        "status": Result.Status.VALIDATED,
        "achieved_on": date(2026, 5, 1),
        "decided_on": date(2026, 5, 9),
        "evidence_url": "https://example.org/evidence",
        **what_matters,
    }
    if not (values.get("project") or values.get("facility")):
        values["project"] = make_project()
    return Result.objects.create(**values)


# --- events -------------------------------------------------------------------------------------------------
def make_event(**what_matters: Any) -> Event:
    """An event with registration open, in ten days' time in Warsaw, hosted and owned by `owner`."""
    n = next(_number)
    hosts = what_matters.pop("hosts", None) or [make_organisation()]
    title = what_matters.pop("title", f"Event {n}")
    start = what_matters.get("starts_at") or timezone.now().replace(
        hour=6, minute=0, second=0, microsecond=0
    ) + timedelta(days=10)
    values = {
        "kind": Event.Kind.MATCHMAKING,
        "time_zone": "Europe/Warsaw",
        "starts_at": start,
        "ends_at": start + timedelta(hours=12),
        "languages": ["en"],
        "status": Event.Status.REGISTRATION,
        **what_matters,
    }
    event = Event.objects.create(**values)
    event.hosts.set(hosts)
    EventText.objects.create(event=event, language="en", title=title)
    return event


def make_slot(event: Event, number: int = 0, minutes: int = 20) -> Slot:
    """The slot `number` of an event: one after the other from its start."""
    start = event.starts_at + timedelta(minutes=minutes * number)
    slot = Slot.objects.create(event=event, during=(start, start + timedelta(minutes=minutes)))
    slot.refresh_from_db()
    return slot


def make_table(event: Event, **what_matters: Any) -> Table:
    n = Table.objects.filter(event=event).count() + 1
    return Table.objects.create(event=event, **{"name": str(n), "position": n, **what_matters})


def make_participant(event: Event, **what_matters: Any) -> Participant:
    """A confirmed participant who agreed to be listed and speaks English."""
    organisation = what_matters.pop("organisation", None) or make_organisation()
    user = what_matters.pop("user", None) or make_member(organisation)
    absent = what_matters.pop("absent_slots", [])
    values = {
        "languages": ["en"],
        "status": Participant.Status.CONFIRMED,
        "consent_listed": True,
        **what_matters,
    }
    participant = Participant.objects.create(event=event, user=user, organisation=organisation, **values)
    participant.absent_slots.set(absent)
    return participant


def make_request(event: Event, **what_matters: Any) -> MeetingRequest:
    """An accepted request between two participants."""
    values = {
        "requester": what_matters.get("requester") or make_participant(event),
        "invitee": what_matters.get("invitee") or make_participant(event),
        "status": MeetingRequest.Status.ACCEPTED,
        "answer_strength": MeetingRequest.Strength.WANT,
        "answer_due": in_days(5),
        **what_matters,
    }
    return MeetingRequest.objects.create(event=event, **values)
