from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.models.base import Record


class Link(Record):
    """One typed step of the chain: *source* led to *target*. Objects are known by (kind, id) only."""

    class Relation(models.TextChoices):
        PUBLISHED = "published", pgettext_lazy("chain", "published")
        ANSWERED_BY = "answered_by", pgettext_lazy("chain", "was answered by")
        LED_TO = "led_to", pgettext_lazy("chain", "led to")
        MET_AS = "met_as", pgettext_lazy("chain", "was met as")
        OPENED = "opened", pgettext_lazy("chain", "opened")
        AGREED_IN = "agreed_in", pgettext_lazy("chain", "was agreed in")
        CREATED = "created", pgettext_lazy("chain", "created")
        PRODUCED = "produced", pgettext_lazy("chain", "produced")

    source_kind = models.CharField(max_length=40)
    source_id = models.UUIDField()
    relation = models.CharField(max_length=20, choices=Relation.choices)
    target_kind = models.CharField(max_length=40)
    target_id = models.UUIDField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "relation", "target_kind", "target_id"], name="one_link"
            ),
            models.CheckConstraint(
                condition=~models.Q(source_id=models.F("target_id")), name="no_link_to_itself"
            ),
        ]
        indexes = [models.Index(fields=["target_kind", "target_id"])]

    def __str__(self) -> str:
        return f"{self.source_kind} {self.relation} {self.target_kind}"
