"""ROR releases (schema 2.x): a ZIP of JSON records, one JSON file, or the relationship CSV of a release.

Source: ror.readme.io, "ROR data structure"; data CC0. Withdrawn records stay as tombstones that point to
their successor; names keep their language, none included; a relation to a record that is not here waits.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.copying import copy_in
from serai.core.imports.framework import Options
from serai.core.imports.readers import json_rows, parse_json, propose_shape, table_rows, zip_members
from serai.core.imports.rows import Change, FileRefused, Outcome, Refusal, Row
from serai.core.imports.text import clean_line
from serai.core.models import ImportRun
from serai.core.viewer import Viewer
from serai.directory.models import (
    Identifier,
    Organisation,
    OrganisationName,
    PendingRelation,
    Place,
    Relation,
)

SOURCE = "ror"
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
    "alias": OrganisationName.Kind.ALIAS,
    "label": OrganisationName.Kind.LABEL,
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
# What a record decides about an organisation; a person's additions elsewhere stay.
_FIELDS = (
    "name", "name_language", "kinds", "status", "country_id", "city", "latitude", "longitude", "established",
    "website", "domains", "content_hash", "source_modified",
)  # fmt: skip


class RorImporter:
    name = "ror"
    summary = gettext_lazy("ROR release: ZIP of records, JSON, or relationship CSV")
    suffixes = (".zip", ".json", ".csv")

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        suffix = path.suffix.lower()
        if suffix == ".zip":
            yield from _zip_rows(path)
        elif suffix == ".csv":
            yield from _relation_rows(path)
        else:
            yield from (_checked(row) for row in json_rows(path))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        if rows and "Record ID" in rows[0].data:
            return _apply_relations(rows)
        return _apply_records(rows)

    def finish(self, run: ImportRun, options: Options) -> None:
        resolve_pending()

    def restore(self, kind: str, object_id: uuid.UUID, before: Any) -> None:
        if kind == "relation":
            Relation.objects.filter(pk=object_id).delete()
        elif before is None:
            PendingRelation.objects.filter(
                source_name=SOURCE,
                organisation_ref__in=Organisation.objects.filter(pk=object_id).values("source_ref"),
            ).delete()
            Organisation.objects.filter(pk=object_id).delete()
        else:
            _restore_record(object_id, before)


framework.register(RorImporter())


# --- reading ----------------------------------------------------------------------------------------------------


def _zip_rows(path: Path) -> Iterator[Row | Refusal]:
    found = False
    for member, raw in zip_members(path, suffix=".json"):
        found = True
        data = parse_json(raw, file=member)
        if isinstance(data, list):
            yield from (_checked(Row(member, number, item)) for number, item in enumerate(data, start=1))
        else:
            yield _checked(Row(member, 1, data))
    if not found:
        raise FileRefused(_("the archive holds no JSON record"), file=path.name)


def _checked(row: Row) -> Row | Refusal:
    """The row, or why it is not a ROR record."""

    def refuse(column: str, reason: str) -> Refusal:
        return Refusal(row.file, row.line, column, reason)

    record = row.data
    if not isinstance(record, dict):
        return refuse("", _("a record must be an object"))
    match = _ID.match(str(record.get("id", "")))
    if not match or not is_ror_id(match[1]):
        return refuse("id", _("it is not a ROR identifier with valid check digits"))
    if record.get("status") not in _STATUS:
        return refuse("status", _("it must be active, inactive or withdrawn"))
    names = record.get("names")
    if not isinstance(names, list) or not any(_is_display(n) for n in names):
        return refuse("names", _("there is no display name"))
    return row


def _is_display(name: Any) -> bool:
    return (
        isinstance(name, dict)
        and "ror_display" in (name.get("types") or [])
        and bool(clean_line(name.get("value")))
    )


def is_ror_id(value: str) -> bool:
    """Check digits of a ROR identifier: 98 minus (Crockford base-32 number x 100) mod 97."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    number = 0
    for character in value[1:7]:
        number = number * 32 + digits.index(character)
    return int(value[7:]) == 98 - (number * 100) % 97


def _relation_rows(path: Path) -> Iterator[Row | Refusal]:
    shape = propose_shape(path)
    wanted = ("Record ID", "Related ID", "Relationship of Related ID to Record ID")
    missing = [column for column in wanted if column not in shape.headers]
    if missing:
        reason = _("these columns are missing: {columns}").format(columns=", ".join(missing))
        raise FileRefused(reason, file=path.name, line=1)
    checked = [_checked_relation(row) for row in table_rows(path, shape)]
    yield from _with_final_state(checked)


def _with_final_state(rows: list[Row | Refusal]) -> Iterator[Row | Refusal]:
    """Give each row the relations its pair has at the end of the file (`final`).

    A release may delete a relation and state another one between the same two further down; only the end
    counts, so that reading the file again changes nothing.
    """
    final: dict[frozenset[str], set[tuple[str, str, str]]] = {}
    for row in rows:
        if isinstance(row, Row):
            ref, other, stated = _relation_of(row)
            if stated == "delete":
                final[frozenset((ref, other))] = set()
            else:
                final.setdefault(frozenset((ref, other)), set()).add(_directed(ref, stated, other))
    for row in rows:
        if isinstance(row, Row):
            ref, other, _stated = _relation_of(row)
            row.data["final"] = final[frozenset((ref, other))]
        yield row


def _relation_of(row: Row) -> tuple[str, str, str]:
    """(record, related record, relation) of a row of the relationship CSV that was checked."""
    ref = _ID.match(row.data["Record ID"].strip())[1]  # type: ignore[index]
    other = _ID.match(row.data["Related ID"].strip())[1]  # type: ignore[index]
    return ref, other, row.data["Relationship of Related ID to Record ID"].strip().lower()


def _checked_relation(row: Row) -> Row | Refusal:
    for column in ("Record ID", "Related ID"):
        match = _ID.match(str(row.data.get(column, "")).strip())
        if not match or not is_ror_id(match[1]):
            reason = _("it is not a ROR identifier with valid check digits")
            return Refusal(row.file, row.line, column, reason)
    kind = str(row.data.get("Relationship of Related ID to Record ID", "")).strip().lower()
    if kind not in _RELATIONS and kind != "delete":
        reason = _("the relation {kind} is not known").format(kind=kind or "''")
        return Refusal(row.file, row.line, "Relationship of Related ID to Record ID", reason)
    return row


# --- records ----------------------------------------------------------------------------------------------------


def _apply_records(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    refs = [_ID.match(row.data["id"])[1] for row in rows]  # type: ignore[index]
    known = {o.source_ref: o for o in Organisation.objects.filter(source=SOURCE, source_ref__in=refs)}
    countries = _countries(rows)
    new: dict[str, tuple[Organisation, Row]] = {}
    changed: list[tuple[Organisation, Row]] = []
    for ref, row in zip(refs, rows, strict=True):
        digest = _digest(row.data)
        existing = known.get(ref)
        if ref in new:
            outcome.refusals.append(
                Refusal(row.file, row.line, "id", _("the same record stands twice in this file"))
            )
        elif existing is None:
            fresh = Organisation(source=SOURCE, source_ref=ref)
            new[ref] = (_fill(fresh, row.data, digest, countries), row)
            outcome.created += 1
            outcome.changes.append(Change("organisation", fresh.pk, row.line))
        elif existing.content_hash == digest or existing.source_modified > _modified(row.data):
            outcome.unchanged += 1  # the same, or an older release read after a newer one
        else:
            before = _snapshot(existing)
            changed.append((_fill(existing, row.data, digest, countries), row))
            outcome.updated += 1
            outcome.changes.append(Change("organisation", existing.pk, row.line, before))
    _write_new(list(new.values()))
    for organisation, row in changed:
        _write_changed(organisation, row.data)
    _write_pending([*new.values(), *changed])
    return outcome


def _digest(record: Any) -> str:
    raw = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(raw.encode()).hexdigest()


def _countries(rows: list[Row]) -> dict[str, Place]:
    codes = {_location(row.data).get("country_code") or "" for row in rows} - {""}
    known = {p.code: p for p in Place.objects.filter(code__in=codes)}
    for code in sorted(codes - set(known)):
        known[code] = Place.objects.create(code=code, kind=Place.Kind.COUNTRY)
    return known


def _location(record: dict[str, Any]) -> dict[str, Any]:
    places = record.get("locations") or []
    details = places[0].get("geonames_details") if places and isinstance(places[0], dict) else None
    return details if isinstance(details, dict) else {}


def _fill(
    organisation: Organisation, record: dict[str, Any], digest: str, countries: dict[str, Place]
) -> Organisation:
    display = next(n for n in record["names"] if _is_display(n))
    place = _location(record)
    organisation.name = clean_line(display["value"])[:500]
    organisation.name_language = str(display.get("lang") or "")
    kinds = [_KINDS[t] for t in record.get("types") or [] if t in _KINDS]
    organisation.kinds = sorted(dict.fromkeys(kinds), key=lambda k: _RANK.get(str(k), 5)) or [
        Organisation.Kind.OTHER
    ]
    organisation.status = _status(organisation, record["status"])
    country = countries.get(place.get("country_code") or "")
    organisation.country_id = country.pk if country else None
    organisation.city = clean_line(place.get("name"))[:150]
    organisation.latitude = place.get("lat")
    organisation.longitude = place.get("lng")
    organisation.established = record.get("established")
    links = {link.get("type"): link.get("value") for link in record.get("links") or []}
    organisation.website = str(links.get("website") or "")[:500]
    organisation.domains = [str(d)[:253] for d in record.get("domains") or []]
    organisation.content_hash = digest
    organisation.source_modified = _modified(record)
    return organisation


def _modified(record: dict[str, Any]) -> str:
    """The day of the record's last change, as an ISO date that sorts."""
    admin = record.get("admin") or {}
    return str((admin.get("last_modified") or {}).get("date", ""))[:40]


def _status(organisation: Organisation, stated: str) -> str:
    """The register decides about what only it vouches for; a member verified here stays so while active."""
    ours = {Organisation.Status.VERIFIED, Organisation.Status.SUSPENDED, Organisation.Status.MERGED}
    if organisation.status in ours and stated == "active":
        return organisation.status
    return _STATUS[stated]


def _names(organisation: Organisation, record: dict[str, Any]) -> list[OrganisationName]:
    found: dict[tuple[str, str, str], OrganisationName] = {}
    for name in record["names"]:
        text = clean_line(name.get("value"))[:500]
        types = name.get("types") or []
        kind = next(
            (_NAME_KINDS[t] for t in ("acronym", "label", "alias") if t in types), OrganisationName.Kind.LABEL
        )
        language = str(name.get("lang") or "")
        if text:
            found.setdefault(
                (text, language, kind),
                OrganisationName(organisation=organisation, text=text, language=language, kind=kind),
            )
    return list(found.values())


_SCHEMES = {"wikidata": "wikidata", "isni": "isni", "grid": "grid", "fundref": "fundref"}


def _identifiers(organisation: Organisation, record: dict[str, Any]) -> list[Identifier]:
    found = {
        ("ror", organisation.source_ref): Identifier(
            organisation=organisation, scheme="ror", value=organisation.source_ref, is_preferred=True
        )
    }
    for external in record.get("external_ids") or []:
        scheme = _SCHEMES.get(str(external.get("type", "")).lower())
        if scheme is None:
            continue
        for value in external.get("all") or []:
            text = str(value).replace(" ", "")[:100] if scheme == "isni" else str(value).strip()[:100]
            found.setdefault(
                (scheme, text),
                Identifier(
                    organisation=organisation,
                    scheme=scheme,
                    value=text,
                    is_preferred=value == external.get("preferred"),
                ),
            )
    return list(found.values())


def _write_new(items: list[tuple[Organisation, Row]]) -> None:
    copy_in(Organisation, [organisation for organisation, _row in items])
    copy_in(OrganisationName, [n for organisation, row in items for n in _names(organisation, row.data)])
    copy_in(Identifier, [i for organisation, row in items for i in _identifiers(organisation, row.data)])


def _write_changed(organisation: Organisation, record: dict[str, Any]) -> None:
    organisation.save(update_fields=[*_FIELDS, "updated_at"])
    names = _names(organisation, record)
    if (
        organisation.status != Organisation.Status.VERIFIED
    ):  # a member's own names are not the register's to remove
        organisation.names.all().delete()
    OrganisationName.objects.bulk_create(names, ignore_conflicts=True)
    organisation.identifiers.filter(scheme__in=[*_SCHEMES.values(), "ror"]).delete()
    Identifier.objects.bulk_create(_identifiers(organisation, record))
    Relation.objects.filter(source=organisation, stated_by=SOURCE).delete()
    Relation.objects.filter(target=organisation, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref=organisation.source_ref).delete()


def _write_pending(items: list[tuple[Organisation, Row]]) -> None:
    pending = {
        key: PendingRelation(source_name=SOURCE, organisation_ref=key[0], kind=key[1], target_ref=key[2])
        for organisation, row in items
        for key in _stated(organisation.source_ref, row.data)
    }
    PendingRelation.objects.bulk_create(pending.values(), ignore_conflicts=True)


def _stated(ref: str, record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for relation in record.get("relationships") or []:
        match = _ID.match(str(relation.get("id", "")))
        if match and relation.get("type") in _RELATIONS and match[1] != ref:
            yield _directed(ref, str(relation["type"]), match[1])


def _directed(ref: str, stated: str, other: str) -> tuple[str, str, str]:
    """(source, kind, target) of a stated relation; what is mutual is kept once, in one order."""
    kind, is_target = _RELATIONS[stated]
    if kind == Relation.Kind.RELATED:
        ref, other = sorted((ref, other))
    return (other, kind, ref) if is_target else (ref, kind, other)


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


def _apply_relations(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    for row in rows:
        ref, other, stated = _relation_of(row)
        if stated == "delete":
            removed = _remove_relations(ref, other, keep=row.data["final"])
            outcome.updated += removed
            outcome.unchanged += 1 - removed
            continue
        source, kind, target = key = _directed(ref, stated, other)
        if key not in row.data["final"]:  # taken back further down
            outcome.unchanged += 1
            continue
        _pending, is_new = PendingRelation.objects.get_or_create(
            source_name=SOURCE, organisation_ref=source, kind=kind, target_ref=target
        )
        outcome.created += is_new
        outcome.unchanged += not is_new
    return outcome


def _remove_relations(ref: str, other: str, *, keep: set[tuple[str, str, str]]) -> int:
    """1 if something between the two records was taken away, else 0. What the file states in the end is kept."""
    removed = 0
    for source, target in ((ref, other), (other, ref)):
        kept = [kind for kept_source, kind, _target in keep if kept_source == source]
        pending = PendingRelation.objects.filter(
            source_name=SOURCE, organisation_ref=source, target_ref=target
        )
        removed += pending.exclude(kind__in=kept).delete()[0]
        present = Relation.objects.filter(
            stated_by=SOURCE, source__source_ref=source, target__source_ref=target
        )
        removed += present.exclude(kind__in=kept).delete()[0]
    return int(removed > 0)


# --- undo -------------------------------------------------------------------------------------------------------


def _snapshot(organisation: Organisation) -> dict[str, Any]:
    return {
        "fields": {name: _plain(getattr(organisation, name)) for name in _FIELDS},
        "names": list(organisation.names.values("text", "language", "kind")),
        "identifiers": list(organisation.identifiers.values("scheme", "value", "is_preferred")),
        "pending": list(
            PendingRelation.objects.filter(
                source_name=SOURCE, organisation_ref=organisation.source_ref
            ).values("kind", "target_ref")
        ),
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _restore_record(object_id: uuid.UUID, before: dict[str, Any]) -> None:
    organisation = Organisation.objects.get(pk=object_id)
    for name, value in before["fields"].items():
        setattr(organisation, name, value)
    organisation.save()
    organisation.names.all().delete()
    organisation.identifiers.all().delete()
    OrganisationName.objects.bulk_create(
        OrganisationName(organisation=organisation, **n) for n in before["names"]
    )
    Identifier.objects.bulk_create(Identifier(organisation=organisation, **i) for i in before["identifiers"])
    Relation.objects.filter(source=organisation, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref=organisation.source_ref).delete()
    PendingRelation.objects.bulk_create(
        PendingRelation(source_name=SOURCE, organisation_ref=organisation.source_ref, **p)
        for p in before["pending"]
    )
    resolve_pending()
