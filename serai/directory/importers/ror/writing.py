"""Writing records: new ones at once, changed ones one by one; and putting back what stood there before."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from serai.core.imports.copying import copy_values, put_back
from serai.core.imports.rows import Change, Outcome, Row
from serai.directory.identifiers import UNIQUE
from serai.directory.importers import entries
from serai.directory.importers.ror.records import SCHEMES, SOURCE, STATUS, Record
from serai.directory.importers.ror.relations import forget_relations, write_pending
from serai.directory.models import (
    Identifier,
    Organisation,
    OrganisationName,
    PendingRelation,
    Place,
    Relation,
)

# What a record decides about an organisation; a person's additions elsewhere stay.
_FIELDS = (
    "name", "name_language", "kinds", "status", "country_id", "city", "latitude", "longitude", "established",
    "website", "domains", "content_hash", "source_modified",
)  # fmt: skip


def apply_records(rows: list[Row]) -> Outcome:
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
    write_pending(key for row in written for key in row.data.relations)
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
        "status": str(STATUS[record.status]),
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
    organisation.identifiers.filter(scheme__in=[*SCHEMES.values(), "ror"]).delete()
    _contest(record.identifiers)
    Identifier.objects.bulk_create(
        Identifier(organisation=organisation, scheme=scheme, value=value, is_preferred=preferred)
        for scheme, value, preferred in record.identifiers
    )
    forget_relations(organisation)


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


# --- undo -------------------------------------------------------------------------------------------------


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


def restore_records(befores: Mapping[uuid.UUID, Any]) -> None:
    refs = dict(Organisation.objects.filter(pk__in=befores).values_list("pk", "source_ref"))
    put_back(Organisation, {pk: before["fields"] for pk, before in befores.items()})
    entries.put_back_parts(befores)
    Relation.objects.filter(source_id__in=befores, stated_by=SOURCE).delete()
    Relation.objects.filter(target_id__in=befores, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref__in=refs.values()).delete()
    write_pending(
        (refs[pk], waiting["kind"], waiting["target_ref"])
        for pk, before in befores.items()
        for waiting in before["pending"]
    )
