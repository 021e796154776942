"""What a seed file holds. Unknown fields, wrong values and keys that lead nowhere are refused, with their place."""

import json
import re
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from django.conf import settings
from django.db.models import Choices
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from serai.accounts.models import Membership, NodeRole
from serai.agreements.models import Agreement as AgreementRow
from serai.core.tiers import Tier
from serai.directory.models import Organisation as OrganisationRow
from serai.events.models import Event as EventRow
from serai.events.models import MeetingRequest
from serai.exchange.models import Listing as ListingRow

_KEPT_BY_NOBODY = re.compile("[\0\ud800-\udfff]")


class SeedError(Exception):
    """The file cannot be taken; one line for each reason, each with its place (`$.listings[2].kind`)."""


def _one_of(choices: type[Choices]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices.values:
            raise ValueError(f"{value!r} is none of {', '.join(choices.values)}")
        return value

    return AfterValidator(check)


def _page_language(value: str) -> str:
    if value not in dict(settings.LANGUAGES):
        raise ValueError(f"{value!r} is none of {', '.join(dict(settings.LANGUAGES))}")
    return value


Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is no time zone, as Europe/Warsaw is")
    return value


Zone = Annotated[str, AfterValidator(_zone)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        """No text of the database holds these."""
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and _KEPT_BY_NOBODY.search(text):
                raise ValueError("NUL, or half a character (a lone surrogate)")
        return value


class User(Entry):
    key: Key
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    name: str
    native_name: str = ""
    language: Annotated[str, AfterValidator(_page_language)] = "en"
    reads: list[str] = []
    time_zone: Zone = "UTC"
    password: Annotated[str, Field(min_length=12)] | None = None
    roles: list[Annotated[str, _one_of(NodeRole.Role)]] = []
    token: Literal["read", "write", "none"] = "write"  # noqa: S105  a scope


class Name(Entry):
    text: str
    language: str = ""


class Member(Entry):
    user: Key
    role: Annotated[str, _one_of(Membership.Role)] = Membership.Role.MEMBER


class Organisation(Entry):
    key: Key
    kinds: Annotated[list[Annotated[str, _one_of(OrganisationRow.Kind)]], Field(min_length=1)]
    country: str
    city: str = ""
    website: str = ""
    names: Annotated[list[Name], Field(min_length=1)]
    members: Annotated[list[Member], Field(min_length=1)]
    status: Literal["draft", "submitted", "verified"] = "verified"


class Teaser(Entry):
    language: str
    title: str
    summary: str
    keywords: list[str] = []


class Detail(Entry):
    language: str
    description: str = ""
    advantages: str = ""
    requirements: str = ""


class Contact(Entry):
    name: str = ""
    email: str = ""
    phone: str = ""
    note: str = ""


class Facts(Entry):
    """What is not text: of a listing, as the interface calls it."""

    trl: Annotated[int, Field(ge=1, le=9)] | None = None
    trl_min: Annotated[int, Field(ge=1, le=9)] | None = None
    trl_max: Annotated[int, Field(ge=1, le=9)] | None = None
    ip_status: Annotated[str, _one_of(ListingRow.IpStatus)] = ListingRow.IpStatus.UNKNOWN
    partnerships: list[Annotated[str, _one_of(ListingRow.Partnership)]] = []
    partner_kinds: list[Annotated[str, _one_of(OrganisationRow.Kind)]] = []
    sectors: list[str] = []
    fields_of_science: list[str] = []
    sdgs: list[Annotated[int, Field(ge=1, le=17)]] = []
    work_languages: list[str] = []
    deadline: date | None = None


class Listing(Entry):
    key: Key
    organisation: Key
    direction: Annotated[str, _one_of(ListingRow.Direction)]
    kind: Annotated[str, _one_of(ListingRow.Kind)] = ListingRow.Kind.TECHNOLOGY
    language: str
    disclosure: Annotated[str, _one_of(ListingRow.Disclosure)] = ListingRow.Disclosure.NAMED
    status: Literal["draft", "in_review", "published"] = "published"
    facts: Facts = Facts()
    teasers: Annotated[list[Teaser], Field(min_length=1)]
    details: list[Detail] = []
    contact: Contact | None = None


class Interest(Entry):
    key: Key
    listing: Key
    organisation: Key
    own_listing: Key | None = None
    language: str = "en"
    cooperation_sought: str
    about_us: str
    answer: Literal["accept", "decline", "none"] = "none"


class Participant(Entry):
    user: Key
    organisation: Key
    languages: Annotated[list[str], Field(min_length=1)] = ["en"]
    listing: Key | None = None
    consent_listed: bool = True


class Request(Entry):
    requester: Key
    invitee: Key
    strength: Annotated[str, _one_of(MeetingRequest.Strength)] = MeetingRequest.Strength.WANT
    message: str = ""
    answer: Literal["accept", "decline", "none"] = "none"


class Event(Entry):
    key: Key
    host: Key
    kind: Annotated[str, _one_of(EventRow.Kind)] = EventRow.Kind.MATCHMAKING
    title: str
    language: str = "en"
    time_zone: Zone = "UTC"
    starts_in_days: Annotated[int, Field(ge=1, le=720)] = 30
    days: Annotated[int, Field(ge=1, le=14)] = 1
    begin: time = time(9)
    end: time = time(16)
    slot_minutes: Annotated[int, Field(ge=5, le=240)] = 25
    tables: Annotated[int, Field(ge=1, le=500)] = 5
    participants: list[Participant] = []
    requests: list[Request] = []


class Title(Entry):
    language: str
    title: str
    summary: str = ""


class Agreement(Entry):
    key: Key
    kind: Annotated[str, _one_of(AgreementRow.Kind)] = AgreementRow.Kind.COOPERATION
    tier: Annotated[str, _one_of(Tier)] = Tier.MUTUAL
    parties: Annotated[list[Key], Field(min_length=2)]
    texts: Annotated[list[Title], Field(min_length=1)]
    wording: str = ""
    status: Literal["draft", "signed", "in_force"] = "draft"
    signed_on: date | None = None


class Seed(Entry):
    users: list[User] = []
    organisations: list[Organisation] = []
    listings: list[Listing] = []
    interests: list[Interest] = []
    events: list[Event] = []
    agreements: list[Agreement] = []


def read(path: Path) -> Seed:
    """Read and check a file. Raises SeedError with everything that is wrong with it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{path} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SeedError(f"{path} is not JSON: {error}") from error
    return checked(found)


def checked(found: Any) -> Seed:
    try:
        seed = Seed.model_validate(found)
    except ValidationError as error:
        raise SeedError("\n".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors())) from None
    if wrong := [*_twice(seed), *_nowhere(seed)]:
        raise SeedError("\n".join(wrong))
    return seed


def _place(steps: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _twice(seed: Seed) -> Iterator[str]:
    for section in Seed.model_fields:
        seen: set[str] = set()
        for number, entry in enumerate(getattr(seed, section)):
            if entry.key in seen:
                yield f"$.{section}[{number}].key: {entry.key!r} is used twice"
            seen.add(entry.key)


_LEADS_TO = {
    "user": "users", "requester": "users", "invitee": "users", "organisation": "organisations", "host": "organisations",
    "parties": "organisations", "listing": "listings", "own_listing": "listings",
}  # fmt: skip


def _nowhere(seed: Seed) -> Iterator[str]:
    keys = {section: {entry.key for entry in getattr(seed, section)} for section in Seed.model_fields}
    for place, name, key in _references(seed, "$"):
        if key not in keys[_LEADS_TO[name]]:
            yield f"{place}: there is no {key!r} in $.{_LEADS_TO[name]}"


def _references(entry: BaseModel, place: str) -> Iterator[tuple[str, str, str]]:
    """(place, field, key) of every key that names another entry."""
    for name, value in entry:
        here = f"{place}.{name}"
        if name in _LEADS_TO and value is not None:
            named = enumerate(value) if isinstance(value, list) else [(None, value)]
            yield from ((here if n is None else f"{here}[{n}]", name, key) for n, key in named)
        elif isinstance(value, BaseModel):
            yield from _references(value, here)
        elif isinstance(value, list):
            for number, part in enumerate(value):
                if isinstance(part, BaseModel):
                    yield from _references(part, f"{here}[{number}]")
