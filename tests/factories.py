"""Plain factory functions: each makes the smallest valid object, and a test states every value it relies on."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from serai.accounts.models import Membership, NodeRole, User
from serai.agreements.models import Agreement, AgreementText, Party
from serai.directory.models import Organisation, Place
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
