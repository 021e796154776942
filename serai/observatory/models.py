"""Figures frozen on a date. Definitions and computation live in `indicators.py`; nothing computed is typed in."""

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.models import Record


class Release(Record):
    """A dated set of indicator values that never changes; a correction is a new row that names the old one."""

    class Status(models.TextChoices):
        PROVISIONAL = "provisional", pgettext_lazy("release", "Provisional")
        FINAL = "final", pgettext_lazy("release", "Final")

    year = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    as_of = models.DateField()
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PROVISIONAL)
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    note = models.TextField(max_length=2000, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["year", "version"], name="one_release_version")]

    def __str__(self) -> str:
        return f"{self.year}.{self.version}"


class ReleasedValue(models.Model):
    """One value of a release with the ids of the records behind it."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="values")
    indicator = models.CharField(max_length=40)
    dimension = models.CharField(max_length=20, blank=True)
    member = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    is_suppressed = models.BooleanField(default=False)
    records = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["release", "indicator", "dimension", "member"], name="one_released_value"
            )
        ]

    def __str__(self) -> str:
        return self.indicator
