from django.db import models

from serai.core.models.base import Record


class OutboxMessage(Record):
    """A message to the outside, written in the transaction of the change that caused it and sent after it.

    `key` makes it idempotent: the same cause never sends twice. What `can_wait` leaves after everything else.
    """

    channel = models.CharField(max_length=20)
    key = models.CharField(max_length=200, unique=True)
    payload = models.JSONField()
    can_wait = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta(Record.Meta):
        indexes = [
            models.Index(
                fields=["can_wait", "due_at"],  # the order they leave in
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True),
                name="outbox_next",
            )
        ]

    def __str__(self) -> str:
        return self.key
