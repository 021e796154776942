"""The fields of cooperation by which agreements, projects and facilities are counted.

Broad on purpose: the words in which governments report joint laboratories and projects (health, transport,
materials, energy …), not a classification of science. Codes are stored and never change.
"""

from django.db import models
from django.utils.translation import pgettext_lazy


class Field(models.TextChoices):
    HEALTH = "health", pgettext_lazy("field of cooperation", "Health and medicine")
    TRANSPORT = "transport", pgettext_lazy("field of cooperation", "Transport")
    MATERIALS = "materials", pgettext_lazy("field of cooperation", "Materials")
    ENERGY = "energy", pgettext_lazy("field of cooperation", "Energy")
    AGRICULTURE = "agri", pgettext_lazy("field of cooperation", "Agriculture and food")
    INFORMATION = "ict", pgettext_lazy("field of cooperation", "Information and communication")
    ENVIRONMENT = "environ", pgettext_lazy("field of cooperation", "Environment and water")
    MANUFACTURING = "manufact", pgettext_lazy("field of cooperation", "Manufacturing")
    SPACE = "space", pgettext_lazy("field of cooperation", "Space and earth observation")
    OCEAN = "ocean", pgettext_lazy("field of cooperation", "Ocean and polar research")
    BASIC = "basic", pgettext_lazy("field of cooperation", "Basic science")
    SOCIETY = "society", pgettext_lazy("field of cooperation", "Society and education")


def field_label(code: str) -> str:
    """The name of a field; an unknown code (from another node) is shown as it is."""
    return str(Field(code).label) if code in Field.values else code
