"""Short lists of codes an organisation is described with, and their labels.

Sectors are the sections of ISIC Rev. 4 (United Nations), fields of science the six broad classes of the OECD's
Fields of Research and Development (Frascati Manual 2015, table 2.2).
"""

from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.errors import Invalid


class SizeClass(models.TextChoices):
    """By staff: the bounds of Recommendation 2003/361/EC."""

    MICRO = "micro", pgettext_lazy("size", "Fewer than 10 people")
    SMALL = "small", pgettext_lazy("size", "10 to 49 people")
    MEDIUM = "medium", pgettext_lazy("size", "50 to 249 people")
    LARGE = "large", pgettext_lazy("size", "250 people or more")


class Sector(models.TextChoices):
    A = "A", pgettext_lazy("sector", "Agriculture, forestry, fishing")
    B = "B", pgettext_lazy("sector", "Mining and quarrying")
    C = "C", pgettext_lazy("sector", "Manufacturing")
    D = "D", pgettext_lazy("sector", "Electricity, gas, steam, air conditioning")
    E = "E", pgettext_lazy("sector", "Water, waste, remediation")
    F = "F", pgettext_lazy("sector", "Construction")
    G = "G", pgettext_lazy("sector", "Wholesale and retail trade")
    H = "H", pgettext_lazy("sector", "Transport and storage")
    I = "I", pgettext_lazy("sector", "Accommodation and food")  # noqa: E741
    J = "J", pgettext_lazy("sector", "Information and communication")
    K = "K", pgettext_lazy("sector", "Finance and insurance")
    L = "L", pgettext_lazy("sector", "Real estate")
    M = "M", pgettext_lazy("sector", "Professional, scientific and technical services")
    N = "N", pgettext_lazy("sector", "Administrative and support services")
    O = "O", pgettext_lazy("sector", "Public administration and defence")  # noqa: E741
    P = "P", pgettext_lazy("sector", "Education")
    Q = "Q", pgettext_lazy("sector", "Health and social work")
    R = "R", pgettext_lazy("sector", "Arts, entertainment, recreation")
    S = "S", pgettext_lazy("sector", "Other services")


class FieldOfScience(models.TextChoices):
    NATURAL = "1", pgettext_lazy("field of science", "Natural sciences")
    ENGINEERING = "2", pgettext_lazy("field of science", "Engineering and technology")
    MEDICAL = "3", pgettext_lazy("field of science", "Medical and health sciences")
    AGRICULTURAL = "4", pgettext_lazy("field of science", "Agricultural and veterinary sciences")
    SOCIAL = "5", pgettext_lazy("field of science", "Social sciences")
    HUMANITIES = "6", pgettext_lazy("field of science", "Humanities and the arts")


def checked(values: object, choices: type[models.TextChoices], *, field: str, message: object) -> list[str]:
    """The given codes without repeats, in the order of the list; Invalid if one is not in it."""
    given = {str(value) for value in values} if isinstance(values, list | tuple | set) else set()
    if not given <= set(choices.values):
        raise Invalid(message, fields={field: message})
    return [str(code) for code in choices.values if code in given]
