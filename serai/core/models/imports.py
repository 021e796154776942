from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.imports.said import Said
from serai.core.models.base import Record


class ImportRun(Record):
    """One file read by one importer. `read` is always the sum of the four outcomes.

    `progress` is how many rows of the step under way have been read, `language` that of whoever asked for the
    last step, `note` why an undo could not be done. `attempts` counts how often the worker began the step.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("import", "To be tried")
        CHECKING = "checking", pgettext_lazy("import", "Being tried")
        CHECKED = "checked", pgettext_lazy("import", "Tried, nothing kept")
        RUNNING = "running", pgettext_lazy("import", "Being taken in")
        DONE = "done", pgettext_lazy("import", "Taken in")
        REFUSED = "refused", pgettext_lazy("import", "Refused")
        UNDOING = "undoing", pgettext_lazy("import", "Being taken back")
        UNDONE = "undone", pgettext_lazy("import", "Taken back")

    format = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    language = models.CharField(max_length=35, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    checkpoint = models.JSONField(null=True)
    progress = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    note = models.TextField(blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    read=models.F("created")
                    + models.F("updated")
                    + models.F("unchanged")
                    + models.F("refused")
                ),
                name="every_row_read_is_accounted_for",
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="imports_by_date")]

    def __str__(self) -> str:
        return f"{self.format} {self.file_name}"


class ImportRefusal(models.Model):
    """A line of the report: file, line, column, and the reason in `said`, in the language of whoever reads it.

    It is kept as `message` (`core.imports.said`); `reason` holds what is said as it stands, in no other language.

    A row that was not taken has one that says REFUSED, and one FURTHER for everything else that is wrong with it.
    A row that was taken, though not quite as the file says, has a REMARK.
    """

    class Kind(models.TextChoices):
        REFUSED = "refused", pgettext_lazy("line of an import", "Not taken")
        FURTHER = "further", pgettext_lazy("line of an import", "Not taken, further reason")
        REMARK = "remark", pgettext_lazy("line of an import", "Taken, with a remark")

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="refusals")
    file = models.CharField(max_length=255)
    line = models.PositiveIntegerField(null=True)
    column = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    message = models.JSONField(null=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.REFUSED)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.said}"

    @property
    def said(self) -> str:
        return self.reason if self.message is None else str(Said.of(self.message))


class ImportChange(models.Model):
    """What a run did to one object, kept so that the run can be undone as one."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="changes")
    object_kind = models.CharField(max_length=40)
    object_id = models.UUIDField()
    source_line = models.PositiveIntegerField(null=True)
    before = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["object_kind", "object_id"])]

    def __str__(self) -> str:
        return f"{self.object_kind} {self.object_id}"
