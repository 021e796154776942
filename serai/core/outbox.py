"""Messages to the outside: written with the change, sent after it, each once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from serai.core.models import OutboxMessage

Sender = Callable[[dict[str, Any]], None]
_senders: dict[str, Sender] = {}
_patient: set[str] = set()

TRIES = 5
"""After this many failures a message is parked and shown to the operator; the others go on."""


def sender(channel: str, *, can_wait: bool = False) -> Callable[[Sender], Sender]:
    """Register the decorated function as the way messages of `channel` leave the node.

    What `can_wait` leaves after everything else: nobody stands at the door for a notice as for an invitation.
    """

    def register(function: Sender) -> Sender:
        _senders[channel] = function
        if can_wait:
            _patient.add(channel)
        return function

    return register


def put(*, channel: str, key: str, payload: dict[str, Any]) -> None:
    """Add a message in the caller's transaction. The same `key` twice is one message."""
    OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                channel=channel,
                key=key,
                payload=payload,
                can_wait=channel in _patient,
                due_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def due_messages() -> QuerySet[OutboxMessage]:
    """What is to leave now, in the order it leaves, which is that of an index."""
    waiting = OutboxMessage.objects.filter(sent_at__isnull=True, parked_at__isnull=True)
    return waiting.filter(due_at__lte=timezone.now()).order_by("can_wait", "due_at")


def deliver_due(*, limit: int = 200) -> int:
    """Send what is due, one transaction a message. Returns how many left.

    A message is marked in the transaction that holds its lock, after the sender returned: a worker killed
    in between sends it again, so senders are idempotent by key where the other side allows it.
    """
    sent = 0
    for _turn in range(limit):
        with transaction.atomic():
            message = due_messages().select_for_update(skip_locked=True).first()
            if message is None:
                return sent
            sent += _deliver(message)
    return sent


def _deliver(message: OutboxMessage) -> int:
    message.attempts += 1
    try:
        with transaction.atomic():
            _senders[message.channel]({"key": message.key, **message.payload})
    except Exception as error:  # noqa: BLE001  a poison message must not stop the others
        message.error = f"{type(error).__name__}: {error}"[:2000]
        message.due_at = timezone.now() + timedelta(minutes=2**message.attempts)
        if message.attempts >= TRIES:
            message.parked_at = timezone.now()
        message.save()
        return 0
    message.sent_at = timezone.now()
    message.error = ""
    message.save()
    return 1
