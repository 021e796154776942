from django.conf import settings
from django.db import models

from serai.core.models.base import Record
from serai.core.tiers import Tier


class StoredFile(Record):
    """A file that belongs to an object. Its bytes lie under their hash; it is served as a download only."""

    owner_kind = models.CharField(max_length=40)
    owner_id = models.UUIDField()
    tier = models.CharField(max_length=8, choices=Tier.choices)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["owner_kind", "owner_id"])]

    def __str__(self) -> str:
        return self.name
