"""What persons may ask of the node: a copy of what it holds about them, and to be forgotten."""

from django.conf import settings
from django.db import models

from serai.core.models import Record


class DataCopy(Record):
    """A copy that a person asked for: a ZIP file once the worker has written it (`expires_at` is set), for a day.

    It lies in the database, not among the files: it goes with the account, and workers need share no disk.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.BinaryField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["user"], name="one_copy_a_person"),
            models.CheckConstraint(
                condition=models.Q(content__isnull=True, expires_at__isnull=True)
                | models.Q(content__isnull=False, expires_at__isnull=False),
                name="a_written_copy_ends",
            ),
        ]

    def __str__(self) -> str:
        return str(self.created_at)


class Erasure(models.Model):
    """That a person was erased: the id of the account that was theirs, and when. Nothing else is known of them.

    The same lines are in `erasures.jsonl` of the node's home, for backups that are restored later.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)
