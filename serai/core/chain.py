"""The one chain: typed links between objects known by (kind, id), walked both ways as far as the viewer sees."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models

from serai.core.kinds import Card, cards, kind_named, kind_of
from serai.core.models import Link
from serai.core.viewer import Viewer

Node = tuple[str, UUID]

MAX_LINKS = 400
"""A walk reads no more links than this; a record with more shows the nearest."""

MAX_DEPTH = 12


@dataclass(frozen=True)
class Step:
    """One object of the chain as the viewer sees it; `is_here` marks the record the walk began at."""

    card: Card
    stage: int
    distance: int
    is_here: bool


def link(
    *, source: models.Model, relation: Link.Relation, target: models.Model, by: Viewer | None = None
) -> Link:
    """Say that `source` led to `target`. Saying it twice changes nothing."""
    author = by.pk if by is not None and by.is_authenticated else None
    made, _ = Link.objects.get_or_create(
        source_kind=kind_of(source).name,
        source_id=source.pk,
        relation=relation,
        target_kind=kind_of(target).name,
        target_id=target.pk,
        defaults={"created_by_id": author},
    )
    return made


def walk(viewer: Viewer, obj: models.Model, within: Sequence[models.Model] = ()) -> list[Step]:
    """All objects of the chain through `obj` that the viewer can reach over objects they see.

    One recursive query for the links and one query a kind, however long the chain. An object the viewer may
    not see ends the walk there: what lies behind it is not shown, since its place would tell of it.

    `within`: records of one kind that belong to `obj` without a link (the meetings of an event); what came of
    them came of it.
    """
    start: Node = (kind_of(obj).name, obj.pk)
    held: list[Node] = [(kind_of(one).name, one.pk) for one in within]
    edges = _edges(start, held)
    seen = _visible_nodes(viewer, {start, *(node for edge in edges for node in edge)})
    return _steps(start, edges, seen)


def _edges(start: Node, held: Sequence[Node] = ()) -> list[tuple[Node, Node]]:
    """Links reachable from `start`: down to what it and what it holds led to, up to where it came from.

    Never up and down again: that would bring in every sister of every ancestor (all listings of the
    organisation); the chain of a record is its ancestors and its descendants.
    """
    sql = """
        WITH RECURSIVE
        down(sk, si, tk, ti, depth) AS (
            SELECT source_kind, source_id, target_kind, target_id, 1 FROM core_link
            WHERE source_kind = %(kind)s AND source_id = %(id)s
               OR source_kind = %(held_kind)s AND source_id = ANY(%(held)s)
            UNION
            SELECT l.source_kind, l.source_id, l.target_kind, l.target_id, d.depth + 1
            FROM core_link l JOIN down d ON l.source_kind = d.tk AND l.source_id = d.ti
            WHERE d.depth < %(depth)s
        ),
        up(sk, si, tk, ti, depth) AS (
            SELECT source_kind, source_id, target_kind, target_id, 1 FROM core_link
            WHERE target_kind = %(kind)s AND target_id = %(id)s
            UNION
            SELECT l.source_kind, l.source_id, l.target_kind, l.target_id, u.depth + 1
            FROM core_link l JOIN up u ON l.target_kind = u.sk AND l.target_id = u.si
            WHERE u.depth < %(depth)s
        )
        SELECT sk, si, tk, ti FROM (
            SELECT * FROM down UNION ALL SELECT * FROM up
        ) AS found ORDER BY depth LIMIT %(limit)s
    """
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"kind": start[0], "id": start[1], "depth": MAX_DEPTH, "limit": MAX_LINKS}
        values |= {"held_kind": held[0][0] if held else "", "held": [pk for _kind, pk in held]}
        cursor.execute(sql, values)
        found = [((sk, si), (tk, ti)) for sk, si, tk, ti in cursor.fetchall()]
    return [*((start, one) for one in held), *found]


def _visible_nodes(viewer: Viewer, nodes: Iterable[Node]) -> dict[Node, Card]:
    ids: dict[str, list[UUID]] = defaultdict(list)
    for kind, pk in nodes:
        ids[kind].append(pk)
    return {(kind, pk): card for kind, pks in ids.items() for pk, card in cards(viewer, kind, pks).items()}


def _steps(start: Node, edges: list[tuple[Node, Node]], seen: dict[Node, Card]) -> list[Step]:
    up: dict[Node, set[Node]] = defaultdict(set)
    down: dict[Node, set[Node]] = defaultdict(set)
    for source, target in edges:
        down[source].add(target)
        up[target].add(source)
    # Each way by itself: up to an organisation and down again would lead to all it ever did, hidden owners too.
    distance = _reached(start, up, seen) | _reached(start, down, seen)
    steps = [
        Step(seen[node], kind_named(node[0]).stage or 0, hops, node == start)
        for node, hops in distance.items()
        if node in seen
    ]
    return sorted(steps, key=lambda s: (s.stage, s.distance, s.card.title))


def _reached(start: Node, after: Mapping[Node, set[Node]], seen: Collection[Node]) -> dict[Node, int]:
    """How many visible steps each node is away, one way."""
    distance = {start: 0}
    frontier = [start]
    while frontier:
        found = {n for node in frontier for n in after.get(node, ()) if n in seen and n not in distance}
        distance |= dict.fromkeys(found, distance[frontier[0]] + 1)
        frontier = list(found)
    return distance
