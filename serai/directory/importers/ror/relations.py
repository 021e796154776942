"""Relations between records: those that wait for their other end, and the relationship CSV of a release."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from serai.core.imports.rows import Change, FileRefused, Outcome, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import propose_shape, table_rows
from serai.directory.importers.ror.records import RELATIONS, SOURCE, Key, directed, ref_in
from serai.directory.models import Organisation, PendingRelation, Relation

COLUMNS = ("Record ID", "Related ID", "Relationship of Related ID to Record ID")


@dataclass(frozen=True, slots=True)
class Stated:
    """A row of the relationship CSV. `final` is what stands between the two at the end of the file."""

    ref: str
    other: str
    relation: str
    final: frozenset[Key] = frozenset()


def forget_relations(organisation: Organisation) -> None:
    Relation.objects.filter(source=organisation, stated_by=SOURCE).delete()
    Relation.objects.filter(target=organisation, stated_by=SOURCE).delete()
    PendingRelation.objects.filter(source_name=SOURCE, organisation_ref=organisation.source_ref).delete()


def write_pending(keys: Iterable[Key]) -> None:
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


def relation_shape(source: Source) -> Any:
    shape = propose_shape(source)
    missing = [column for column in COLUMNS if column not in shape.headers]
    if missing:
        reason = _("these columns are missing: {columns}").format(columns=", ".join(missing))
        raise FileRefused(reason, file=source.name, line=1)
    return shape


def relation_rows(source: Source) -> Iterator[Row | Refusal]:
    """The rows, each with what stands between its two records at the end of the file.

    A release may delete a relation and state another one between the same two further down; only the end
    counts, so that reading the file again changes nothing.
    """
    rows = [_checked_relation(row) for row in table_rows(source, relation_shape(source))]
    final: dict[frozenset[str], set[Key]] = {}
    for row in rows:
        if isinstance(row, Row):
            said: Stated = row.data
            between = final.setdefault(frozenset((said.ref, said.other)), set())
            if said.relation == "delete":
                between.clear()
            else:
                between.add(directed(said.ref, said.relation, said.other))
    for row in rows:
        if isinstance(row, Row):
            said = row.data
            end = frozenset(final[frozenset((said.ref, said.other))])
            yield Row(row.file, row.line, Stated(said.ref, said.other, said.relation, end))
        else:
            yield row


def _checked_relation(row: Row) -> Row | Refusal:
    refs = []
    for column in COLUMNS[:2]:
        ref = ref_in(str(row.data.get(column) or "").strip())
        if not ref:
            reason = _("it is not a ROR identifier with valid check digits")
            return Refusal(row.file, row.line, column, reason)
        refs.append(ref)
    kind = str(row.data.get(COLUMNS[2]) or "").strip().lower()
    if kind not in RELATIONS and kind != "delete":
        reason = _("the relation {kind} is not known").format(kind=kind[:40] or "''")
        return Refusal(row.file, row.line, COLUMNS[2], reason)
    if refs[0] == refs[1]:
        return Refusal(row.file, row.line, COLUMNS[1], _("a record cannot stand in a relation to itself"))
    return Row(row.file, row.line, Stated(refs[0], refs[1], kind))


def apply_relations(rows: list[Row]) -> Outcome:
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
        key = directed(said.ref, said.relation, said.other)
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


# --- undo -------------------------------------------------------------------------------------------------


def restore_relations(befores: Sequence[dict[str, Any]]) -> None:
    """What was added goes, what was removed waits again (and is made by `resolve_pending`); no run does both to one."""
    added = [tuple(before["added"]) for before in befores if "added" in before]
    removed = [tuple(key) for before in befores for key in before.get("removed", ())]
    _remove_keys(added)
    write_pending(removed)


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
