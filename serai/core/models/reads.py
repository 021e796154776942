from django.db import models


class ReadMark(models.Model):
    """That somebody opened the full record of an object on a day. `principal` is a person or an address."""

    principal = models.CharField(max_length=80)
    day = models.DateField()
    object_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "day", "object_id"], name="one_mark_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.principal} {self.day}"


class ReadTally(models.Model):
    """How many different records a principal opened on a day; `is_told` once the stewards know that it is too many."""

    principal = models.CharField(max_length=80)
    day = models.DateField()
    number = models.PositiveIntegerField(default=0)
    is_told = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "day"], name="one_tally_a_day")]

    def __str__(self) -> str:
        return f"{self.principal} {self.day} {self.number}"
