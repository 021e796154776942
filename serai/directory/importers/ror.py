"""ROR releases (schema 2.x): a ZIP of JSON records, one JSON file, or the relationship CSV of a release.

Source: ror.readme.io, "ROR data structure"; data CC0. Withdrawn records stay as tombstones that point to
their successor; names keep their language, none included; a relation to a record that is not here waits.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.copying import copy_values, put_back
from serai.core.imports.framework import SAMPLE_ROWS, Proposal
from serai.core.imports.readers import json_rows, parse_json, zip_members
from serai.core.imports.rows import Change, Fault, FileRefused, Options, Outcome, Reason, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import propose_shape, table_rows
from serai.core.imports.text import clean_line
from serai.core.viewer import Viewer
from serai.directory.identifiers import UNIQUE
from serai.directory.importers import entries
from serai.directory.importers.entries import EntryImporter
from serai.directory.models import (
    Identifier,
    Organisation,
    OrganisationName,
    PendingRelation,
    Place,
    Relation,
)

SOURCE = "ror"
NAME_LENGTH = 500
_ID = re.compile(r"https://ror\.org/(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})\Z")
_STATUS = {
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
_RELATIONS = {
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
_SCHEMES = {"wikidata": "wikidata", "isni": "isni", "grid": "grid", "fundref": "fundref"}
# What a record decides about an organisation; a person's additions elsewhere stay.
_FIELDS = (
    "name", "name_language", "kinds", "status", "country_id", "city", "latitude", "longitude", "established",
    "website", "domains", "content_hash", "source_modified",
)  # fmt: skip
_COLUMNS = ("Record ID", "Related ID", "Relationship of Related ID to Record ID")

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


@dataclass(frozen=True, slots=True)
class Stated:
    """A row of the relationship CSV. `final` is what stands between the two at the end of the file."""

    ref: str
    other: str
    relation: str
    final: frozenset[Key] = frozenset()


class RorImporter(EntryImporter):
    name = "ror"
    label = gettext_lazy("ROR release")
    source_name = "Research Organization Registry (ROR)"
    summary = gettext_lazy("ROR release: ZIP of records, JSON, or relationship CSV")
    suffixes = (".zip", ".json", ".csv")

    def propose(self, source: Source, options: Options) -> Proposal:
        if source.suffix == ".csv":
            shape = _relation_shape(source)
            found = islice(table_rows(source, shape), SAMPLE_ROWS)
            rows = tuple((r.line, tuple(clean_line(r.data.get(c)) for c in _COLUMNS)) for r in found)
            return Proposal(headers=_COLUMNS, rows=rows)
        records = [row for row in islice(self.read(source, options), 200) if isinstance(row, Row)]
        shown = tuple((r.line, _shown(r.data)) for r in records[:SAMPLE_ROWS])
        headers = (_("Name"), _("Country or region"), _("City"), _("Status"))
        return Proposal(headers=("ROR", *(str(header) for header in headers)), rows=shown)

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        if source.suffix == ".zip":
            yield from _each_once(_zip_rows(source))
        elif source.suffix == ".csv":
            yield from _relation_rows(source)
        else:
            yield from _each_once(_checked(row) for row in json_rows(source))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        if isinstance(rows[0].data, Stated):
            return _apply_relations(rows)
        return _apply_records(rows)

    def finish(self, options: Options) -> None:
        resolve_pending()

    def restore(self, kind: str, befores: Mapping[uuid.UUID, Any]) -> None:
        if kind == "relation":
            _restore_relations(list(befores.values()))
        else:
            _restore_records(befores)
        resolve_pending()


framework.register(RorImporter())


def _shown(record: Record) -> tuple[str, ...]:
    return (
        record.ref,
        record.name,
        record.country,
        record.city,
        str(_STATUS[record.status].label),
    )


# --- reading ----------------------------------------------------------------------------------------------------


def _zip_rows(source: Source) -> Iterator[Row | Refusal]:
    found = False
    for member, raw in zip_members(source, suffix=".json"):
        found = True
        data = parse_json(raw, file=member)
        if isinstance(data, list):
            yield from (_checked(Row(member, number, item)) for number, item in enumerate(data, start=1))
        else:
            yield _checked(Row(member, 1, data))
    if not found:
        raise FileRefused(_("the archive holds no JSON record"), file=source.name)


def _each_once(rows: Iterable[Row | Refusal]) -> Iterator[Row | Refusal]:
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


def _checked(row: Row) -> Row | Refusal:
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
    ref = _ref(data.get("id"))
    if not ref:
        raise _Wrong("id", _("it is not a ROR identifier with valid check digits"))
    return ref


def _status(data: dict[str, Any]) -> str:
    status = data.get("status")
    if not isinstance(status, str) or status not in _STATUS:
        raise _Wrong("status", _("it must be active, inactive or withdrawn"))
    return status


def _domains(data: dict[str, Any]) -> list[str]:
    return [clean_line(domain)[:253] for domain in _list(data, "domains", str)]


def _ref(value: Any) -> str:
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
        scheme = _SCHEMES.get(_text(external, "type", "external_ids").lower())
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
        other, kind = _ref(relation.get("id")), _text(relation, "type", "relationships")
        if other and kind in _RELATIONS and other != ref:
            found.setdefault(_directed(ref, kind, other))
    return tuple(found)


def _directed(ref: str, stated: str, other: str) -> Key:
    """(source, kind, target) of a stated relation; what is mutual is kept once, in one order."""
    kind, is_target = _RELATIONS[stated]
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


# --- writing records --------------------------------------------------------------------------------------------


def _apply_records(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    here = Organisation.objects.filter(source=SOURCE, source_ref__in=[row.data.ref for row in rows])
    known = {
        ref: (digest, modified)
        for ref, digest, modified in here.values_list("source_ref", "content_hash", "source_modified")
    }
    new: dict[str, tuple[uuid.UUID, Row]] = {}
    changed: list[Row] = []
    for row in rows:
        record: Record = row.data
        digest, modified = known.get(record.ref, ("", ""))
        if record.ref not in known:
            new[record.ref] = (uuid.uuid4(), row)
        elif digest == record.digest or modified > record.modified:
            outcome.unchanged += 1  # the same, or an older release read after a newer one
        else:
            changed.append(row)
    countries = _countries([*(row for _key, row in new.values()), *changed])
    _write_new(list(new.values()), countries)
    outcome.created = len(new)
    outcome.changes += [Change("organisation", key, row.line) for key, row in new.values()]
    outcome.changes += _write_changed(changed, countries)
    outcome.updated = len(changed)
    written = [*(row for _key, row in new.values()), *changed]
    _write_pending(key for row in written for key in row.data.relations)
    return outcome


def _countries(rows: Iterable[Row]) -> dict[str, uuid.UUID]:
    codes = {row.data.country for row in rows} - {""}
    known = dict(Place.objects.filter(code__in=codes).values_list("code", "pk"))
    for code in sorted(codes - set(known)):
        known[code] = Place.objects.create(code=code, kind=Place.Kind.COUNTRY).pk
    return known


def _values(record: Record, countries: Mapping[str, uuid.UUID]) -> dict[str, Any]:
    return {
        "name": record.name,
        "name_language": record.name_language,
        "kinds": record.kinds,
        "status": str(_STATUS[record.status]),
        "country_id": countries.get(record.country),
        "city": record.city,
        "latitude": record.latitude,
        "longitude": record.longitude,
        "established": record.established,
        "website": record.website,
        "domains": record.domains,
        "content_hash": record.digest,
        "source_modified": record.modified,
    }


def _write_new(items: Sequence[tuple[uuid.UUID, Row]], countries: Mapping[str, uuid.UUID]) -> None:
    if not items:
        return
    copy_values(
        Organisation,
        ("id", "source", "source_ref", *_FIELDS),
        ((key, SOURCE, row.data.ref, *_values(row.data, countries).values()) for key, row in items),
    )
    copy_values(
        OrganisationName,
        ("organisation_id", "text", "language", "kind"),
        ((key, *name) for key, row in items for name in row.data.names),
    )
    _contest(identifier for _key, row in items for identifier in row.data.identifiers)
    copy_values(
        Identifier,
        ("organisation_id", "scheme", "value", "is_preferred"),
        ((key, *identifier) for key, row in items for identifier in row.data.identifiers),
    )


def _write_changed(rows: list[Row], countries: Mapping[str, uuid.UUID]) -> list[Change]:
    found = Organisation.objects.filter(source=SOURCE, source_ref__in=[row.data.ref for row in rows])
    here = {o.source_ref: o for o in found.prefetch_related("names", "identifiers")}
    changes = []
    for row in rows:
        organisation = here[row.data.ref]
        changes.append(Change("organisation", organisation.pk, row.line, _snapshot(organisation)))
        _change(organisation, row.data, countries)
    return changes


def _change(organisation: Organisation, record: Record, countries: Mapping[str, uuid.UUID]) -> None:
    """The register decides about what only it vouches for; a member verified here stays so while active."""
    values = _values(record, countries)
    ours = {Organisation.Status.VERIFIED, Organisation.Status.SUSPENDED, Organisation.Status.MERGED}
    if organisation.status in ours and record.status == "active":
        values["status"] = organisation.status
    for name, value in values.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=[*_FIELDS, "updated_at"])
    if organisation.status != Organisation.Status.VERIFIED:
        organisation.names.all().delete()  # a member's own names are not the register's to remove
    OrganisationName.objects.bulk_create(
        (
            OrganisationName(organisation=organisation, text=text, language=language, kind=kind)
            for text, language, kind in record.names
        ),
        ignore_conflicts=True,
    )
    organisation.identifiers.filter(scheme__in=[*_SCHEMES.values(), "ror"]).delete()
    _contest(record.identifiers)
    Identifier.objects.bulk_create(
        Identifier(organisation=organisation, scheme=scheme, value=value, is_preferred=preferred)
        for scheme, value, preferred in record.identifiers
    )
    _forget_relations(organisation)


def _contest(stated: Iterable[tuple[str, str, bool]]) -> None:
    """Let the register have its identifiers: where another organisation entered one, its claim is contested now,
    so that nobody's entry stops an import, and a steward decides whether the two are one."""
    pairs = [(scheme, value) for scheme, value, _preferred in stated if scheme in UNIQUE]
    if not pairs:
        return
    contest = """
        UPDATE directory_identifier held SET is_contested = true
        FROM unnest(%s::text[], %s::text[]) AS stated (scheme, value)
        WHERE held.scheme = stated.scheme AND held.value = stated.value AND NOT held.is_contested
    """
    schemes, values = (list(column) for column in zip(*pairs, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(contest, [schemes, values])


def _forget_relations(organisation: Organisation) -> None:
    Relation.objects.filter(source=organisation, stated_by=SOURCE).delete()
    Relation.objects.filter(target=organisation, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref=organisation.source_ref).delete()


def _write_pending(keys: Iterable[Key]) -> None:
    """All the relations stated, in one statement; one that waits already, or was made already, is not doubled."""
    distinct = list(dict.fromkeys(keys))
    if not distinct:
        return
    insert = """
        INSERT INTO directory_pendingrelation (source_name, organisation_ref, kind, target_ref)
        SELECT %s, source, kind, target FROM unnest(%s::text[], %s::text[], %s::text[]) AS stated (source, kind, target)
        ON CONFLICT DO NOTHING
    """
    sources, kinds, targets = (list(column) for column in zip(*distinct, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(insert, [SOURCE, sources, kinds, targets])


def resolve_pending() -> int:
    """Turn waiting relations whose both ends are here into relations, and set successors. Idempotent."""
    insert = """
        INSERT INTO directory_relation (id, created_at, updated_at, kind, stated_by, source_id, target_id)
        SELECT gen_random_uuid(), now(), now(), p.kind, p.source_name, s.id, t.id
        FROM directory_pendingrelation p
        JOIN directory_organisation s ON s.source = p.source_name AND s.source_ref = p.organisation_ref
        JOIN directory_organisation t ON t.source = p.source_name AND t.source_ref = p.target_ref
        WHERE s.id <> t.id
        ON CONFLICT DO NOTHING
    """
    succeed = """
        UPDATE directory_organisation o SET successor_id = r.source_id
        FROM directory_relation r
        WHERE r.kind = 'successor' AND r.stated_by = %s AND r.target_id = o.id
          AND o.status IN ('withdrawn', 'dissolved') AND o.successor_id IS DISTINCT FROM r.source_id
    """
    with connection.cursor() as cursor:
        cursor.execute(insert)
        made = cursor.rowcount
        cursor.execute(succeed, [SOURCE])
    return int(made)


# --- the relationship CSV ---------------------------------------------------------------------------------------


def _relation_shape(source: Source) -> Any:
    shape = propose_shape(source)
    missing = [column for column in _COLUMNS if column not in shape.headers]
    if missing:
        reason = _("these columns are missing: {columns}").format(columns=", ".join(missing))
        raise FileRefused(reason, file=source.name, line=1)
    return shape


def _relation_rows(source: Source) -> Iterator[Row | Refusal]:
    """The rows, each with what stands between its two records at the end of the file.

    A release may delete a relation and state another one between the same two further down; only the end
    counts, so that reading the file again changes nothing.
    """
    rows = [_checked_relation(row) for row in table_rows(source, _relation_shape(source))]
    final: dict[frozenset[str], set[Key]] = {}
    for row in rows:
        if isinstance(row, Row):
            said: Stated = row.data
            between = final.setdefault(frozenset((said.ref, said.other)), set())
            if said.relation == "delete":
                between.clear()
            else:
                between.add(_directed(said.ref, said.relation, said.other))
    for row in rows:
        if isinstance(row, Row):
            said = row.data
            end = frozenset(final[frozenset((said.ref, said.other))])
            yield Row(row.file, row.line, Stated(said.ref, said.other, said.relation, end))
        else:
            yield row


def _checked_relation(row: Row) -> Row | Refusal:
    refs = []
    for column in _COLUMNS[:2]:
        ref = _ref(str(row.data.get(column) or "").strip())
        if not ref:
            reason = _("it is not a ROR identifier with valid check digits")
            return Refusal(row.file, row.line, column, reason)
        refs.append(ref)
    kind = str(row.data.get(_COLUMNS[2]) or "").strip().lower()
    if kind not in _RELATIONS and kind != "delete":
        reason = _("the relation {kind} is not known").format(kind=kind[:40] or "''")
        return Refusal(row.file, row.line, _COLUMNS[2], reason)
    if refs[0] == refs[1]:
        return Refusal(row.file, row.line, _COLUMNS[1], _("a record cannot stand in a relation to itself"))
    return Row(row.file, row.line, Stated(refs[0], refs[1], kind))


def _apply_relations(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    for row in rows:
        said: Stated = row.data
        if said.relation == "delete":
            before = _remove_relations(said)
            outcome.updated += bool(before)
            outcome.unchanged += not before
            if before:
                outcome.changes.append(Change("relation", uuid.uuid4(), row.line, {"removed": before}))
            continue
        key = _directed(said.ref, said.relation, said.other)
        source, kind, target = key
        if key not in said.final:  # taken back further down
            outcome.unchanged += 1
            continue
        _pending, is_new = PendingRelation.objects.get_or_create(
            source_name=SOURCE, organisation_ref=source, kind=kind, target_ref=target
        )
        outcome.created += is_new
        outcome.unchanged += not is_new
        if is_new:
            outcome.changes.append(Change("relation", uuid.uuid4(), row.line, {"added": list(key)}))
    return outcome


def _between(ref: str, other: str) -> tuple[Any, Any]:
    """(waiting, made) relations of the register from one record to the other."""
    waiting = PendingRelation.objects.filter(source_name=SOURCE, organisation_ref=ref, target_ref=other)
    made = Relation.objects.filter(
        stated_by=SOURCE,
        source__source=SOURCE,
        source__source_ref=ref,
        target__source=SOURCE,
        target__source_ref=other,
    )
    return waiting, made


def _remove_relations(said: Stated) -> list[list[str]]:
    """The relations between the two that were taken away; what the file states in the end is kept."""
    removed: set[Key] = set()
    for source, target in ((said.ref, said.other), (said.other, said.ref)):
        kept = [kind for kept_source, kind, _target in said.final if kept_source == source]
        for rows in _between(source, target):
            going = rows.exclude(kind__in=kept)
            removed |= {(source, kind, target) for kind in going.values_list("kind", flat=True)}
            going.delete()
    return [list(key) for key in sorted(removed)]


# --- undo -------------------------------------------------------------------------------------------------------


def _restore_relations(befores: Sequence[dict[str, Any]]) -> None:
    """What was added goes, what was removed waits again (and is made by `resolve_pending`); no run does both to one."""
    added = [tuple(before["added"]) for before in befores if "added" in before]
    removed = [tuple(key) for before in befores for key in before.get("removed", ())]
    _remove_keys(added)
    _write_pending(removed)


def _remove_keys(keys: Sequence[Key]) -> None:
    """Relations of the register, waiting or made, by what they join."""
    if not keys:
        return
    waiting = """
        DELETE FROM directory_pendingrelation p
        USING unnest(%s::text[], %s::text[], %s::text[]) AS stated (source, kind, target)
        WHERE p.source_name = %s AND p.organisation_ref = stated.source AND p.kind = stated.kind
          AND p.target_ref = stated.target
    """
    made = """
        DELETE FROM directory_relation r
        USING unnest(%s::text[], %s::text[], %s::text[]) AS stated (source, kind, target),
              directory_organisation s, directory_organisation t
        WHERE r.source_id = s.id AND r.target_id = t.id AND r.kind = stated.kind AND r.stated_by = %s
          AND s.source = %s AND s.source_ref = stated.source AND t.source = %s AND t.source_ref = stated.target
    """
    columns = [list(column) for column in zip(*keys, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(waiting, [*columns, SOURCE])
        cursor.execute(made, [*columns, SOURCE, SOURCE, SOURCE])


def _snapshot(organisation: Organisation) -> dict[str, Any]:
    return {
        "fields": {name: _plain(getattr(organisation, name)) for name in (*_FIELDS, "successor_id")},
        "names": [{"text": n.text, "language": n.language, "kind": n.kind} for n in organisation.names.all()],
        "identifiers": [
            {"scheme": i.scheme, "value": i.value, "is_preferred": i.is_preferred}
            for i in organisation.identifiers.all()
        ],
        "pending": list(
            PendingRelation.objects.filter(
                source_name=SOURCE, organisation_ref=organisation.source_ref
            ).values("kind", "target_ref")
        ),
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _restore_records(befores: Mapping[uuid.UUID, Any]) -> None:
    refs = dict(Organisation.objects.filter(pk__in=befores).values_list("pk", "source_ref"))
    put_back(Organisation, {pk: before["fields"] for pk, before in befores.items()})
    entries.put_back_parts(befores)
    Relation.objects.filter(source_id__in=befores, stated_by=SOURCE).delete()
    Relation.objects.filter(target_id__in=befores, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref__in=refs.values()).delete()
    _write_pending(
        (refs[pk], waiting["kind"], waiting["target_ref"])
        for pk, before in befores.items()
        for waiting in before["pending"]
    )
