"""People and organisations of the demo network. All invented, all marked as such."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction

from serai.accounts import actions as accounts
from serai.accounts.models import Membership, NodeRole, User
from serai.directory import actions as directory
from serai.directory import criteria
from serai.directory.actions.entries import Facts
from serai.directory.actions.verification import Finding
from serai.directory.models import Organisation, OrganisationName, Place, Relation

DATA = Path(__file__).resolve().parent / "data"
PASSWORD = "serai-demo-2026"  # noqa: S105  printed on the first screen of the demo; never a real account's

_GIVEN = (
    "Amina", "Bo", "Chidi", "Dilnoza", "Elif", "Farid", "Giulia", "Hana", "Ivo", "Jun", "Kamala", "Lucía", "Mateus", "Nadia", "Omar",
    "Paula", "Quang", "Rania", "Somchai", "Tomasz", "Ulla", "Vikram", "Wanjiru", "Xin", "Yuki", "Zofia", "Aigerim", "Bruno", "Clara", "Deniz",
)  # fmt: skip
_FAMILY = (
    "Adeyemi", "Bergström", "Chen", "Dubois", "Eriksen", "Fontana", "Garcia", "Haddad", "Ito", "Jansen", "Kowalska", "Lindqvist", "Moreau",
    "Nguyen", "Okafor", "Petrov", "Quispe", "Rahman", "Sato", "Tanaka", "Umarova", "Volkov", "Wang", "Yilmaz", "Zhang", "Kim", "Silva", "Mbeki",
)  # fmt: skip
PAGE_LANGUAGES = {"zh": "zh-hans", "fr": "fr", "es": "es", "ru": "ru", "ar": "ar", "de": "de"}
ZONES = {
    "PL": "Europe/Warsaw", "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "FR": "Europe/Paris", "ES": "Europe/Madrid", "IT": "Europe/Rome",
    "PT": "Europe/Lisbon", "BR": "America/Sao_Paulo", "MX": "America/Mexico_City", "CL": "America/Santiago", "RU": "Europe/Moscow",
    "KZ": "Asia/Almaty", "UZ": "Asia/Tashkent", "TH": "Asia/Bangkok", "VN": "Asia/Ho_Chi_Minh", "ID": "Asia/Jakarta",
    "MY": "Asia/Kuala_Lumpur", "SG": "Asia/Singapore", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "TR": "Europe/Istanbul",
    "EG": "Africa/Cairo", "MA": "Africa/Casablanca", "AE": "Asia/Dubai", "KE": "Africa/Nairobi", "ZA": "Africa/Johannesburg",
    "IN": "Asia/Kolkata", "LK": "Asia/Colombo", "PK": "Asia/Karachi", "IL": "Asia/Jerusalem", "CA": "America/Toronto",
    "US": "America/Los_Angeles", "GB": "Europe/London", "SE": "Europe/Stockholm", "NL": "Europe/Amsterdam", "CH": "Europe/Zurich",
}  # fmt: skip


@dataclass
class Network:
    """What the later steps of the demo need to find again."""

    rng: random.Random
    steward: User
    secretary: User
    organisations: dict[str, Organisation] = field(default_factory=dict)
    managers: dict[str, User] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def members_of(self, key: str) -> list[User]:
        """The manager, whom visitors sign in as, then the others."""
        manager = self.managers[key]
        members = User.objects.filter(memberships__organisation=self.organisations[key])
        return [manager, *members.exclude(pk=manager.pk).distinct().order_by("email")]


def rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as source:
        yield from csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE)


@cache
def _hashed() -> str:
    """One hash for all: they share the password anyway, and Argon2 is slow on purpose."""
    return make_password(PASSWORD)


def person(email: str, name: str, **values: Any) -> User:
    """An invented person with the demo password and a confirmed address."""
    user = User(email=email, name=name, is_invented=True, mail_notices=True, password=_hashed(), **values)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _name(rng: random.Random, used: set[str]) -> str:
    while True:
        name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"
        if name not in used:
            used.add(name)
            return name


def build_network(seed: int) -> Network:
    """The node's people and all organisations, registered by their managers and verified by a steward."""
    rng = random.Random(seed)  # noqa: S311  a demo is reproducible, not secret
    used: set[str] = set()
    with transaction.atomic():
        secretary = person("secretariat@demo.example", _name(rng, used))
        steward = person("steward@demo.example", _name(rng, used))
        accounts.grant_node_role(user=secretary, role=NodeRole.Role.SECRETARIAT, by=None)
        accounts.grant_node_role(user=steward, role=NodeRole.Role.STEWARD, by=secretary)
    network = Network(rng, steward, secretary, places={p.code: p for p in Place.objects.all()})
    for row in rows("organisations.tsv"):
        with transaction.atomic():
            _organisation(network, row, used)
    with transaction.atomic():
        _relations(network)
        _labels(network)
    return network


def _organisation(network: Network, row: dict[str, str], used: set[str]) -> None:
    key, country = row["key"], row["country"]
    values = {
        "language": PAGE_LANGUAGES.get(row["language"], "en"),
        "reads": sorted({row["language"], "en"}),
        "time_zone": ZONES[country],
    }
    manager = person(f"{key}@demo.example", _name(network.rng, used), **values)
    facts = Facts(
        kinds=[row["kind"]],
        country=network.places[country],
        city=row["city"],
        established=network.rng.randint(1952, 2023),
        size_class=network.rng.choice(["micro", "small", "medium", "large"]),
    )
    organisation = directory.register_organisation(
        by=manager, name=row["name"], name_language=row["language"], facts=facts
    )
    # Coordinates and the mark "invented" have no form: they come with registers and with this demo.
    Organisation.objects.filter(pk=organisation.pk).update(
        latitude=float(row["lat"]), longitude=float(row["lon"]), is_invented=True
    )
    organisation.refresh_from_db()
    if row["english"] != row["name"]:
        directory.add_name(
            organisation=organisation,
            by=manager,
            text=row["english"],
            language="en",
            kind=OrganisationName.Kind.LABEL,
        )
    _verify(network, organisation, manager)
    for number in range(2):
        colleague = person(f"{key}.{number + 1}@demo.example", _name(network.rng, used), **values)
        Membership.objects.create(
            user=colleague,
            organisation=organisation,
            role=Membership.Role.MEMBER,
            status=Membership.Status.ACTIVE,
        )
    organisation.refresh_from_db()
    network.organisations[key] = organisation
    network.managers[key] = manager
    network.languages[key] = row["language"]


def _verify(network: Network, organisation: Organisation, manager: User) -> None:
    directory.submit_for_verification(organisation=organisation, by=manager)
    directory.take_up_verification(organisation=organisation, by=network.steward)
    findings = {
        name: Finding(True, "Invented for the demonstration; nothing was checked.") for name in criteria.NAMES
    }
    directory.verify_organisation(organisation=organisation, by=network.steward, findings=findings)


_RELATIONS = (
    ("cn-weilai", Relation.Kind.TWIN, "gb-tyne"),
    ("cn-haichuan", Relation.Kind.TWIN, "pl-bursztyn"),
    ("fr-mistral", Relation.Kind.TWIN, "ma-atlas"),
    ("de-rheinwerk", Relation.Kind.OFFSHORE_CARRIER, "cn-weilai"),
    ("br-cerrado", Relation.Kind.HOSTED_BY, "br-ipe"),
    ("th-siam", Relation.Kind.HOSTED_BY, "th-chao"),
    ("kr-saebom", Relation.Kind.HOSTED_BY, "kr-hanbit"),
    ("pl-zielona", Relation.Kind.HOSTED_BY, "pl-wisla"),
    ("pl-bursztyn", Relation.Kind.MEMBER, "xx-geo"),
    ("cn-haichuan", Relation.Kind.MEMBER, "xx-geo"),
    ("fr-mistral", Relation.Kind.MEMBER, "xx-geo"),
    ("kz-tengri", Relation.Kind.MEMBER, "xx-geo"),
    ("ma-atlas", Relation.Kind.MEMBER, "xx-geo"),
    ("cn-yuhe", Relation.Kind.PARENT, "cn-keji"),
)


def _relations(network: Network) -> None:
    for source, kind, target in _RELATIONS:
        directory.add_relation(
            source=network.organisations[source],
            kind=kind,
            target=network.organisations[target],
            by=network.managers[source],
        )


_LABELS = (
    ("cn-weilai", "国家级科技企业孵化器(示例)", "zh", "都会科技委员会(示例)"),
    ("gb-tyne", "Accredited incubator (example)", "en", "Regional growth board (example)"),
    ("fr-mistral", "Technopôle labellisé (exemple)", "fr", "Réseau des technopôles (exemple)"),
    ("kr-saebom", "벤처기업 확인(예시)", "ko", "벤처인증원(예시)"),
)


def _labels(network: Network) -> None:
    for key, name, language, issuer in _LABELS:
        directory.add_label(
            organisation=network.organisations[key],
            by=network.managers[key],
            name=name,
            language=language,
            issuer=issuer,
            issued_on=date(2023, 6, 1),
        )
