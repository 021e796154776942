import hashlib

import pytest
from django.db import DatabaseError, connection, transaction

from serai.core.models import AuditEntry, AuditHead
from serai.core.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def _entry(payload: str) -> AuditEntry:
    from uuid import uuid4

    from django.utils import timezone

    return AuditEntry.objects.create(
        at=timezone.now(), action="t", object_kind="t", object_id=uuid4(), payload=payload
    )


class Undone(Exception):  # noqa: N818
    """Something goes wrong after the entry was written."""


@transaction.atomic
def _written_and_undone() -> None:
    _entry("lost")
    raise Undone


def test_entries_are_chained_in_commit_order() -> None:
    _entry("one")
    _entry("two")

    first, second = AuditEntry.objects.order_by("seq")

    zero = "0" * 64
    one = hashlib.sha256(f"1\n{zero}\none".encode()).hexdigest()
    two = hashlib.sha256(f"2\n{one}\ntwo".encode()).hexdigest()
    assert [(e.seq, e.prev_hash, e.hash) for e in (first, second)] == [(1, zero, one), (2, one, two)]
    assert AuditHead.objects.get().hash == two


def test_a_rolled_back_change_leaves_no_gap() -> None:
    _entry("one")
    with pytest.raises(Undone):
        _written_and_undone()
    _entry("two")

    assert list(AuditEntry.objects.order_by("seq").values_list("seq", "payload")) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("sql", ["UPDATE core_auditentry SET payload = 'x'", "DELETE FROM core_auditentry"])
def test_the_log_cannot_be_changed(sql: str) -> None:
    """The application has no right to it, and where the owner is at work a trigger refuses it."""
    _entry("one")

    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(sql)
    with as_owner(), pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(sql)

    assert AuditEntry.objects.get().payload == "one"
