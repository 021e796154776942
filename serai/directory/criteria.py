"""What a steward checks before an organisation is called verified. Published, and the same for everybody.

The words stand on the page `/network/criteria/`; the names are kept with each check (`models.Verification`).
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Criterion:
    """`question` is what must hold, `evidence` what shows it."""

    name: str
    question: Any
    evidence: Any


CRITERIA = (
    Criterion(
        "exists",
        pgettext_lazy("criterion", "The organisation exists."),
        pgettext_lazy(
            "evidence",
            "Its entry in a public register, or the law or decision that founded it: number or link.",
        ),
    ),
    Criterion(
        "name",
        pgettext_lazy("criterion", "The legal name is the one in the register, in its original script."),
        pgettext_lazy("evidence", "The register entry, or a document with the name."),
    ),
    Criterion(
        "place",
        pgettext_lazy("criterion", "It is established in the country or region stated."),
        pgettext_lazy("evidence", "The address in the register entry."),
    ),
    Criterion(
        "website",
        pgettext_lazy("criterion", "The website and mail domain are its own, or it has none and says so."),
        pgettext_lazy("evidence", "A page of the website that names the organisation."),
    ),
    Criterion(
        "authority",
        pgettext_lazy("criterion", "Its manager here may speak for it."),
        pgettext_lazy("evidence", "A message from the organisation's own mail domain, or a signed letter."),
    ),
    Criterion(
        "distinct",
        pgettext_lazy("criterion", "It is not here already, and its name imitates no other."),
        pgettext_lazy("evidence", "What the comparison of names and identifiers showed."),
    ),
)
NAMES = tuple(criterion.name for criterion in CRITERIA)

VERIFICATION_DAYS = 10
"""A steward decides within this many days of the submission."""
