"""The registrations of an event as a table to download."""

from serai.core import exports
from serai.core.exports import Column, Export
from serai.directory.places import place_name
from serai.events import queries
from serai.events.models import Participant

RULE = "events.event.organise"


def _country(participant: Participant) -> str:
    country = participant.organisation.country
    return place_name(country) if country else ""


def _listing(participant: Participant) -> str:
    listing = queries.subject(participant.listing)
    return listing.reference if listing else ""


REGISTRATIONS = exports.register(
    Export(
        "registrations",
        (
            Column("id", lambda p: str(p.pk), RULE),
            Column("name", lambda p: p.user.name, RULE),
            Column("organisation", lambda p: p.organisation.name, RULE),
            Column("country", _country, RULE),
            Column("languages", lambda p: list(p.languages), RULE),
            Column("online", lambda p: p.is_online, RULE),
            Column("listing", _listing, RULE),
            Column("status", lambda p: p.status, RULE),
            Column("registered_at", lambda p: p.created_at, RULE),
            Column("checked_in_at", lambda p: p.checked_in_at, RULE),
        ),
    )
)
