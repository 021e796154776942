"""Reading a record of a release, and checking that every value fits its column."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from serai.core.imports.readers import parse_json, zip_members
from serai.core.imports.rows import Fault, FileRefused, Reason, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.text import clean_line
from serai.directory.models import Organisation, OrganisationName, Relation

SOURCE = "ror"
NAME_LENGTH = 500
_ID = re.compile(r"https://ror\.org/(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})\Z")
STATUS = {
    "active": Organisation.Status.LISTED,
    "inactive": Organisation.Status.DISSOLVED,
    "withdrawn": Organisation.Status.WITHDRAWN,
}
_KINDS = {
    "education": Organisation.Kind.UNIVERSITY,
    "healthcare": Organisation.Kind.HEALTHCARE,
    "company": Organisation.Kind.FIRM,
    "archive": Organisation.Kind.ARCHIVE,
    "nonprofit": Organisation.Kind.NONPROFIT,
    "government": Organisation.Kind.MINISTRY,
    "facility": Organisation.Kind.FACILITY,
    "funder": Organisation.Kind.FUNDER,
    "other": Organisation.Kind.OTHER,
}
_NAME_KINDS = {
    "acronym": OrganisationName.Kind.ACRONYM,
    "label": OrganisationName.Kind.LABEL,
    "alias": OrganisationName.Kind.ALIAS,
}
# (our kind, whether the record is the target): "parent" says the record is part of the other.
RELATIONS = {
    "parent": (Relation.Kind.PARENT, False),
    "child": (Relation.Kind.PARENT, True),
    "related": (Relation.Kind.RELATED, False),
    "successor": (Relation.Kind.SUCCESSOR, True),
    "predecessor": (Relation.Kind.SUCCESSOR, False),
}
_RANK: dict[str, int] = {
    Organisation.Kind.UNIVERSITY: 0,
    Organisation.Kind.FACILITY: 1,
    Organisation.Kind.HEALTHCARE: 2,
    Organisation.Kind.FUNDER: 9,
}
SCHEMES = {"wikidata": "wikidata", "isni": "isni", "grid": "grid", "fundref": "fundref"}

Key = tuple[str, str, str]
"""A relation by what it joins: (source, kind, target), both as identifiers of the register."""


class Located(NamedTuple):
    """Where a record says its organisation is: ISO country, city, degrees."""

    country: str
    city: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was checked: every value fits its column.

    `names` are (text, language, kind), `identifiers` (scheme, value, is preferred). `digest` is that of all
    the register says, so that a change in a part we do not keep is seen too.
    """

    ref: str
    digest: str
    modified: str
    status: str
    name: str
    name_language: str
    kinds: list[str]
    country: str
    city: str
    latitude: float | None
    longitude: float | None
    established: int | None
    website: str
    domains: list[str]
    names: tuple[Key, ...]
    identifiers: tuple[tuple[str, str, bool], ...]
    relations: tuple[Key, ...]


def zip_rows(source: Source) -> Iterator[Row | Refusal]:
    found = False
    for member, raw in zip_members(source, suffix=".json"):
        found = True
        data = parse_json(raw, file=member)
        if isinstance(data, list):
            yield from (checked(Row(member, number, item)) for number, item in enumerate(data, start=1))
        else:
            yield checked(Row(member, 1, data))
    if not found:
        raise FileRefused(_("the archive holds no JSON record"), file=source.name)


def each_once(rows: Iterable[Row | Refusal]) -> Iterator[Row | Refusal]:
    """Refuse a record that stood in the file before: which of them is meant cannot be known."""
    seen: set[str] = set()
    for row in rows:
        if isinstance(row, Row) and row.data.ref in seen:
            yield Refusal(row.file, row.line, "id", _("the same record stands twice in this file"))
            continue
        if isinstance(row, Row):
            seen.add(row.data.ref)
        yield row


class _Wrong(Exception):  # noqa: N818  it never leaves this module
    def __init__(self, column: str, reason: Reason) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def checked(row: Row) -> Row | Refusal:
    """The row with its `Record`, or why it is not a ROR record."""
    if not isinstance(row.data, dict):
        return Refusal(row.file, row.line, "", _("a record must be an object"))
    try:
        return Row(row.file, row.line, _record(row.data))
    except _Wrong:
        return Refusal.of(row, _faults(row.data))


def _faults(data: dict[str, Any]) -> list[Fault]:
    """All that is wrong with a record: its parts are read once more, each for itself."""
    faults = []
    for read in (_own_ref, _status, _names, _located, _year, _kinds, _website, _domains, _modified):
        try:
            read(data)
        except _Wrong as wrong:
            faults.append(Fault(wrong.column, wrong.reason))
    for read_related in (_identifiers, _relations):
        try:
            read_related("", data)
        except _Wrong as wrong:
            faults.append(Fault(wrong.column, wrong.reason))
    return faults


def _record(data: dict[str, Any]) -> Record:
    ref, status = _own_ref(data), _status(data)
    names, display = _names(data)
    place = _located(data)
    return Record(
        ref=ref,
        digest=_digest(data),
        modified=_modified(data),
        status=status,
        name=display[0],
        name_language=display[1],
        kinds=_kinds(data),
        country=place.country,
        city=place.city,
        latitude=place.latitude,
        longitude=place.longitude,
        established=_year(data),
        website=_website(data),
        domains=_domains(data),
        names=names,
        identifiers=_identifiers(ref, data),
        relations=_relations(ref, data),
    )


def _own_ref(data: dict[str, Any]) -> str:
    ref = ref_in(data.get("id"))
    if not ref:
        raise _Wrong("id", _("it is not a ROR identifier with valid check digits"))
    return ref


def _status(data: dict[str, Any]) -> str:
    status = data.get("status")
    if not isinstance(status, str) or status not in STATUS:
        raise _Wrong("status", _("it must be active, inactive or withdrawn"))
    return status


def _domains(data: dict[str, Any]) -> list[str]:
    return [clean_line(domain)[:253] for domain in _list(data, "domains", str)]


def ref_in(value: Any) -> str:
    match = _ID.match(value) if isinstance(value, str) else None
    return match[1] if match and is_ror_id(match[1]) else ""


def is_ror_id(value: str) -> bool:
    """Check digits of a ROR identifier: 98 minus (Crockford base-32 number x 100) mod 97."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    number = 0
    for character in value[1:7]:
        number = number * 32 + digits.index(character)
    return int(value[7:]) == 98 - (number * 100) % 97


def _list(data: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise _Wrong(name, _("it is not what a ROR record has there"))
    return value


def _text(data: Mapping[str, Any], name: str, column: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(column, _("it is not what a ROR record has there"))
    return clean_line(value)


def _names(data: dict[str, Any]) -> tuple[tuple[Key, ...], tuple[str, str]]:
    """All names, each once, and the one to show."""
    found: dict[Key, None] = {}
    display = None
    for name in _list(data, "names", dict):
        text = _text(name, "value", "names")
        if len(text) > NAME_LENGTH:
            raise _Wrong("names", _("it is longer than {limit} characters").format(limit=NAME_LENGTH))
        language = _text(name, "lang", "names")[:35]
        types = _list(name, "types", str)
        if not text:
            continue
        kind = next((k for t, k in _NAME_KINDS.items() if t in types), OrganisationName.Kind.LABEL)
        found.setdefault((text, language, kind))
        if display is None and "ror_display" in types:
            display = (text, language)
    if display is None:
        raise _Wrong("names", _("there is no display name"))
    return tuple(found), display


def _place(data: dict[str, Any]) -> Mapping[str, Any]:
    places = _list(data, "locations", dict)
    details = places[0].get("geonames_details") if places else None
    return details if isinstance(details, dict) else {}


def _located(data: dict[str, Any]) -> Located:
    place = _place(data)
    return Located(
        _country(place),
        _text(place, "name", "locations")[:150],
        _degrees(place, "lat", 90),
        _degrees(place, "lng", 180),
    )


def _country(place: Mapping[str, Any]) -> str:
    code = _text(place, "country_code", "locations").upper()
    if code and not re.fullmatch("[A-Z]{2}", code):
        raise _Wrong("locations", _("{value} is not a country or region").format(value=code[:20]))
    return code


def _degrees(place: Mapping[str, Any], name: str, limit: int) -> float | None:
    value = place.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise _Wrong("locations", _("{name} is not a number of degrees").format(name=name))
    return float(value)


def _year(data: dict[str, Any]) -> int | None:
    value = data.get("established")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9999:
        raise _Wrong("established", _("it is not a year"))
    return value


def _kinds(data: dict[str, Any]) -> list[str]:
    kinds = dict.fromkeys(str(_KINDS[t]) for t in _list(data, "types", str) if t in _KINDS)
    return sorted(kinds, key=lambda k: _RANK.get(k, 5)) or [str(Organisation.Kind.OTHER)]


def _website(data: dict[str, Any]) -> str:
    links = {
        _text(link, "type", "links"): _text(link, "value", "links") for link in _list(data, "links", dict)
    }
    address = links.get("website", "")
    return address[:500] if address.startswith(("http://", "https://")) else ""


def _identifiers(ref: str, data: dict[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    found = {("ror", ref): True}
    for external in _list(data, "external_ids", dict):
        scheme = SCHEMES.get(_text(external, "type", "external_ids").lower())
        if scheme is None:
            continue
        preferred = external.get("preferred")
        for value in _list(external, "all", str):
            text = clean_line(value)
            text = text.replace(" ", "")[:100] if scheme == "isni" else text[:100]
            if text:
                found.setdefault((scheme, text), value == preferred)
    return tuple((scheme, value, preferred) for (scheme, value), preferred in found.items())


def _relations(ref: str, data: dict[str, Any]) -> tuple[Key, ...]:
    found: dict[Key, None] = {}
    for relation in _list(data, "relationships", dict):
        other, kind = ref_in(relation.get("id")), _text(relation, "type", "relationships")
        if other and kind in RELATIONS and other != ref:
            found.setdefault(directed(ref, kind, other))
    return tuple(found)


def directed(ref: str, stated: str, other: str) -> Key:
    """(source, kind, target) of a stated relation; what is mutual is kept once, in one order."""
    kind, is_target = RELATIONS[stated]
    if kind == Relation.Kind.RELATED:
        ref, other = sorted((ref, other))
    return (other, str(kind), ref) if is_target else (ref, str(kind), other)


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _digest(record: Any) -> str:
    return hashlib.sha256(_canonical(record).encode("utf-8", "surrogatepass")).hexdigest()


def _modified(record: dict[str, Any]) -> str:
    """The day of the record's last change, as an ISO date that sorts."""
    admin = record.get("admin")
    last = admin.get("last_modified") if isinstance(admin, dict) else None
    return _text(last, "date", "admin")[:40] if isinstance(last, dict) else ""
