"""The four disclosure tiers, the same everywhere. Each tier's text lives in tables of its own."""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy


class Tier(TextChoices):
    PUBLIC = "public", pgettext_lazy("disclosure tier", "Public")
    NETWORK = "network", pgettext_lazy("disclosure tier", "Network")
    MUTUAL = "mutual", pgettext_lazy("disclosure tier", "Mutual")
    SEALED = "sealed", pgettext_lazy("disclosure tier", "Sealed")
