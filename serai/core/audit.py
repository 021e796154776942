"""The audit log: one entry for every change that matters, hash-chained in commit order.

News travels up through this log: an upper app follows what lower apps record, a lower app never calls it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from serai.core.kinds import kind_of
from serai.core.models import AuditCursor, AuditEntry
from serai.core.viewer import Viewer

Handler = Callable[[AuditEntry], None]


@dataclass(frozen=True)
class Follower:
    name: str
    actions: frozenset[str]
    handle: Handler


_followers: dict[str, Follower] = {}


def record(
    *, actor: Viewer | None, action: str, obj: models.Model, data: dict[str, Any] | None = None
) -> AuditEntry:
    """Write one entry in the caller's transaction. `data` holds ids, states and figures, never confidential text."""
    entry = _entry(actor=actor, action=action, kind=kind_of(obj).name, object_id=obj.pk, data=data or {})
    entry.save(force_insert=True)
    return entry


def record_batch(
    *, actor: Viewer | None, action: str, kind: str, object_id: UUID, data: dict[str, Any]
) -> AuditEntry:
    """Write one entry for many rows changed as one, such as an import; `data` says how many and which file."""
    entry = _entry(actor=actor, action=action, kind=kind, object_id=object_id, data=data)
    entry.save(force_insert=True)
    return entry


def _entry(
    *, actor: Viewer | None, action: str, kind: str, object_id: UUID, data: dict[str, Any]
) -> AuditEntry:
    at = timezone.now()
    actor_id = actor.pk if actor is not None and actor.is_authenticated else None
    payload = json.dumps(
        {
            "action": action,
            "actor": str(actor_id) if actor_id else None,
            "at": at.isoformat(),
            "data": data,
            "object": [kind, str(object_id)],
        },
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
        default=str,
    )
    return AuditEntry(
        at=at, actor_id=actor_id, action=action, object_kind=kind, object_id=object_id, payload=payload
    )


def entry_data(entry: AuditEntry) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(entry.payload)["data"]
    return data


def follow(name: str, actions: Iterable[str]) -> Callable[[Handler], Handler]:
    """Register the decorated function to be called once for every entry whose action is named.

    It runs in the worker after the commit, in the transaction that moves the follower's cursor, so its
    effects happen exactly once.
    """

    def register(handler: Handler) -> Handler:
        _followers[name] = Follower(name, frozenset(actions), handler)
        return handler

    return register


def process_followers(*, limit: int = 500) -> int:
    """Let every follower read on. Returns the number of entries handled."""
    return sum(_process(follower, limit) for follower in _followers.values())


@transaction.atomic
def _process(follower: Follower, limit: int) -> int:
    AuditCursor.objects.get_or_create(follower=follower.name)
    cursor = AuditCursor.objects.select_for_update().get(follower=follower.name)
    news = AuditEntry.objects.filter(seq__gt=cursor.seq, action__in=follower.actions).order_by("seq")[:limit]
    handled = 0
    for entry in news:
        follower.handle(entry)
        cursor.seq = entry.seq or cursor.seq
        handled += 1
    if handled:
        cursor.save(update_fields=["seq"])
    return handled
