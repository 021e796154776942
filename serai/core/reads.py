"""The read budget: how many different full records a person opens in a day.

Who signs in sees more of a record than a stranger. Somebody who copies the directory opens one record after
the other; nobody who works does. Each first opening of a record on a day is counted, for the person and for
the address they come from, in one statement however many there were. Beyond the limit a person meets a page
that says so, and the stewards are told; what was opened before stays open. The records of one's own
organisations are not counted: nobody is shut out of their own drafts. An address is only told of: a house, or
a proxy, may stand behind it. Those who watch over the node's records are counted and told of, never stopped.
"""

import ipaddress
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from serai.core import audit
from serai.core.imports import framework
from serai.core.models import ReadMark, ReadTally
from serai.core.viewer import Viewer

LEAST = 200
"""What everybody may open in a day, however small the node is."""
SHARE = 0.01
"""Beyond that, this part of all records (trust goal: less than a hundredth of the directory a day)."""
ADDRESS_FACTOR = 5
KEEP_DAYS = 30
"""Tallies are kept so long; who opened which record, only while the day may still be counted."""

LOOK_AGAIN_S = 600

IsOwn = Callable[[Viewer, UUID], bool]

_doors: dict[str, tuple[type[models.Model], IsOwn]] = {}
_known: dict[str, tuple[float, int]] = {}

_COUNT = """
    WITH who (principal) AS (SELECT unnest(%(who)s::text[])),
    fresh AS (
        INSERT INTO core_readmark (principal, day, object_id) SELECT principal, %(day)s, %(object)s FROM who
        ON CONFLICT DO NOTHING RETURNING principal
    )
    INSERT INTO core_readtally (principal, day, number, is_told) SELECT principal, %(day)s, 1, false FROM fresh
    ON CONFLICT (principal, day) DO UPDATE SET number = core_readtally.number + 1
    RETURNING principal, number
"""


def counted(model: type[models.Model], *doors: str, is_own: IsOwn) -> None:
    """Declare the doors (names of views) that show a full record of `model`; its key is their argument `pk`.

    `is_own` tells whether the record of this key is one of the reader's own organisations.
    """
    _doors.update(dict.fromkeys(doors, (model, is_own)))


def is_counted(door: str) -> bool:
    return door in _doors


def limit() -> int:
    """How many different records a person may open in a day. The size of the node is looked up now and then."""
    looked_at, found = _known.get("limit", (0.0, 0))
    if not found or time.monotonic() - looked_at > LOOK_AGAIN_S:
        tables = sorted({model._meta.db_table for model, _is_own in _doors.values()})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(greatest(reltuples, 0)), 0) FROM pg_class WHERE relname = ANY(%s)",
                [tables],
            )
            found = max(LEAST, int(cursor.fetchone()[0] * SHARE))
        _known["limit"] = (time.monotonic(), found)
    return found


def may_read(*, door: str, reader: Viewer, address: str, object_id: UUID) -> bool:
    """Count the opening of a record that is not the reader's own. False, and nothing is counted, where it is one
    too many."""
    _model, is_own = _doors[door]
    if is_own(reader, object_id):
        return True
    most, day = limit(), timezone.localdate()
    person = f"user:{reader.pk}"
    who = [person, *([f"address:{address}"] if _tells_apart(address) else [])]
    with transaction.atomic():
        counts = _count(who, day, object_id)
        is_over = counts.get(person, 0) > most
        if is_over and not framework.may_oversee(reader):
            transaction.set_rollback(True)
    over = [person] if is_over else []
    over += [p for p, number in counts.items() if p != person and number > most * ADDRESS_FACTOR]
    for principal in over:
        _tell(principal, day, reader, most)
    return not is_over or framework.may_oversee(reader)


def _count(who: Sequence[str], day: date, object_id: UUID) -> dict[str, int]:
    """Principal → how many records it has opened today, of those that had not opened this one yet."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # a mark lost in a crash is no harm
        cursor.execute(_COUNT, {"who": list(who), "day": day, "object": object_id})
        return dict(cursor.fetchall())


def _tells_apart(address: str) -> bool:
    """Whether the address is somebody's; behind a proxy on this machine everybody has the same."""
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@transaction.atomic
def _tell(principal: str, day: date, reader: Viewer, most: int) -> None:
    """Once a day and principal: into the log, where `accounts` reads it and tells the stewards."""
    if ReadTally.objects.filter(principal=principal, day=day, is_told=False).update(is_told=True):
        audit.record_batch(
            actor=reader,
            action="core.read_budget_used",
            kind="person",
            object_id=UUID(str(reader.pk)),
            data={"principal": principal.partition(":")[0], "limit": most, "day": day.isoformat()},
        )


def over_limit() -> QuerySet[ReadTally]:
    """Whoever opened more in a day than one may, as far back as tallies are kept; the latest first."""
    return ReadTally.objects.filter(is_told=True).order_by("-day", "-number", "principal")


def forget_old() -> int:
    """What is no longer needed goes: marks of days before yesterday, old tallies. Returns how many marks."""
    today = timezone.localdate()
    ReadTally.objects.filter(day__lt=today - timedelta(days=KEEP_DAYS)).delete()
    return ReadMark.objects.filter(day__lt=today - timedelta(days=1)).delete()[0]
