import uuid

from django.db import models


class AuditEntry(models.Model):
    """One line of the hash-chained log. Written by `core.audit.record`, numbered and chained at commit.

    A deferred trigger gives `seq` and `hash` in commit order (migration 0002), so followers that read
    "everything after n" never miss a transaction that was slow to commit. Rows cannot be changed or removed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seq = models.BigIntegerField(null=True, unique=True, editable=False)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=40)
    object_id = models.UUIDField()
    payload = models.TextField()
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_kind", "object_id", "-at"]),
            models.Index(fields=["action", "seq"]),
            models.Index(fields=["actor_id", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditHead(models.Model):
    """The single row that holds the end of the chain; its lock orders the commits."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return str(self.seq)


class AuditCursor(models.Model):
    """How far a follower of the log has read."""

    follower = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.follower} {self.seq}"
